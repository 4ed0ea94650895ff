// @ts-check
// Six starting states, each with a sentence about what is seen and a question.

/** @typedef {{title: string, sentence: string, question: string, settings: Record<string, any>}} Lesson */

/** @type {Lesson[]} */
const STATES = [
  {
    title: "A straight line",
    sentence: "Two clouds need no hidden layer: one affine map separates them. Train, then set a weight by hand, below \"Why this update?\".",
    question: "Which weights turn the line, and which number moves it without turning?",
    settings: {
      data: { kind: "gaussians", samples: 100, noise: 0.5 },
      network: { hidden: [] },
      training: { lr: 0.1 },
    },
  },
  {
    title: "XOR",
    sentence: "No straight line solves XOR, and the loss stays near 0.69. Add a hidden layer of 4 units and train again.",
    question: "What does each hidden unit answer in the four quadrants?",
    settings: {
      data: { kind: "xor", samples: 200 },
      network: { hidden: [] },
      training: { optimizer: "adam", lr: 0.05 },
    },
  },
  {
    title: "Too few units",
    sentence: "Two units draw two lines only, so the inner circle is never closed in. Train, add a unit with + above the layer, and train again.",
    question: "With how many units does the boundary close around the circle?",
    settings: {
      data: { kind: "circles", samples: 200, noise: 0.1 },
      network: { hidden: [2] },
      training: { optimizer: "adam", lr: 0.05 },
    },
  },
  {
    title: "Vanishing gradients",
    sentence: "Press 2 Backward: six layers of sigmoid shrink the gradient on its way back. The bar below each layer is the length of its gradient.",
    question: "By which factor does the gradient shrink from layer to layer, and what changes with the activation tanh?",
    settings: {
      data: { kind: "moons", samples: 200 },
      network: { hidden: [4, 4, 4, 4, 4, 4], activation: "sigmoid", initializer: "xavier" },
      training: { lr: 0.5 },
      show: { edges: "gradients" },
    },
  },
  {
    title: "Overfitting",
    sentence: "Twenty noisy points and 16 units: the loss on the training points falls, the one on test points rises. The slider Step goes back to where it was lowest.",
    question: "At which step would you stop, and what does L2 change?",
    settings: {
      data: { kind: "moons", samples: 40, noise: 0.4, test_share: 0.5 },
      network: { hidden: [16] },
      training: { optimizer: "adam", lr: 0.05 },
    },
  },
  {
    title: "The learning rate",
    sentence: "With 0.001 hardly anything moves. Try 0.01, 0.1, 1 and 10, each after Reset, and look at the loss along the gradient, further down.",
    question: "From which learning rate on does the step go past the valley?",
    settings: {
      data: { kind: "moons", samples: 200 },
      network: { hidden: [4, 4] },
      training: { optimizer: "sgd", lr: 0.001 },
    },
  },
];

/** The lessons. The settings of each name its place. */
export const LESSONS = STATES.map((lesson, k) => ({ ...lesson, settings: { ...lesson.settings, lesson: k } }));

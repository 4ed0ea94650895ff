// @ts-check
// What a step does to the parameters: the formulas of nn.optimizers.

const EPSILON = 1e-8;

/**
 * @typedef {{name: string, value: number}} Term  a number of an update, with its symbol
 * @typedef {{velocity?: Float64Array, mean?: Float64Array, square?: Float64Array, steps: number}} State
 */

/** An optimizer with what it remembers of each parameter. */
export class Optimizer {
  /** @param {{optimizer: string, lr: number, momentum: number, betas: number[]}} training @param {number} count */
  constructor({ optimizer, lr, momentum, betas }, count) {
    this.kind = optimizer;
    this.lr = lr;
    this.momentum = momentum;
    this.betas = betas;
    this.steps = 0;
    this.velocity = new Float64Array(optimizer === "momentum" ? count : 0);
    this.mean = new Float64Array(optimizer === "adam" ? count : 0);
    this.square = new Float64Array(optimizer === "adam" ? count : 0);
  }

  /** Changes the parameters in place. @param {Float64Array} parameters @param {Float64Array} gradients */
  update(parameters, gradients) {
    this.steps++;
    if (this.kind === "adam") this.#adam(parameters, gradients);
    else if (this.kind === "momentum") {
      for (let i = 0; i < parameters.length; i++) {
        this.velocity[i] = this.momentum * this.velocity[i] + gradients[i];
        parameters[i] -= this.lr * this.velocity[i];
      }
    } else for (let i = 0; i < parameters.length; i++) parameters[i] -= this.lr * gradients[i];
  }

  /** @param {Float64Array} parameters @param {Float64Array} gradients */
  #adam(parameters, gradients) {
    const [b1, b2] = this.betas;
    const size = this.lr / (1 - b1 ** this.steps);
    const correction = Math.sqrt(1 - b2 ** this.steps);
    for (let i = 0; i < parameters.length; i++) {
      const g = gradients[i];
      this.mean[i] += (1 - b1) * (g - this.mean[i]);
      this.square[i] = b2 * this.square[i] + (1 - b2) * g * g;
      parameters[i] -= (size * this.mean[i]) / (Math.sqrt(this.square[i]) / correction + EPSILON);
    }
  }

  /**
   * Returns the numbers of the last update of parameter i, in the order in which they are computed.
   * @param {number} i @param {number} gradient @param {number} step  by which it changed @returns {Term[]}
   */
  explain(i, gradient, step) {
    const first = [{ name: "g", value: gradient }];
    const last = [{ name: "lr", value: this.lr }, { name: "Δw", value: step }];
    if (this.kind === "momentum") return [...first, { name: "velocity", value: this.velocity[i] }, ...last];
    if (this.kind !== "adam" || !this.steps) return [...first, ...last];
    const [b1, b2] = this.betas;
    const [mean, square] = [this.mean[i], this.square[i]];
    return [
      ...first,
      { name: "m", value: mean },
      { name: "v", value: square },
      { name: "1 − β₁ᵗ", value: 1 - b1 ** this.steps },
      { name: "1 − β₂ᵗ", value: 1 - b2 ** this.steps },
      { name: "m̂", value: mean / (1 - b1 ** this.steps) },
      { name: "v̂", value: square / (1 - b2 ** this.steps) },
      ...last,
    ];
  }

  /** Returns what the next steps depend on. */
  state() {
    return { steps: this.steps, velocity: this.velocity.slice(), mean: this.mean.slice(), square: this.square.slice() };
  }

  /** @param {ReturnType<Optimizer["state"]>} state */
  restore({ steps, velocity, mean, square }) {
    this.steps = steps;
    this.velocity.set(velocity);
    this.mean.set(mean);
    this.square.set(square);
  }
}

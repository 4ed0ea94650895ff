// @ts-check
// The mistakes that a run can make on purpose, and what is seen of each, in the run's numbers. What
// a mistake changes is done in run.js, network.js, initializers.js and batched_engine.js.
import { number } from "../../../autograd/pages/numbers.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {{key: keyof import("./settings.js").Mistakes, title: string, sentence: (run: Run) => string}} Mistake
 */

const length = (/** @type {Iterable<number>} */ xs) => Math.hypot(...xs);

/** Returns how often the loss rose, among the steps of the curve. @param {Run} run */
function rises({ losses }) {
  const { train } = losses;
  return train.slice(1).filter((loss, i) => !(loss <= train[i])).length;
}

/** @param {Run} run */
function noZeroGrad(run) {
  if (!run.step) return "Every step will add its gradient to all earlier ones, because no step sets them to 0.";
  const own = length(run.freshGradient());
  const held = length(run.gradients);
  return `After ${run.step} steps the gradient held has length ${number(held)}, this batch's own has ${number(own)}: the sum of all earlier ones is added, so the steps go on in old directions, like a momentum that never fades.`;
}

/** @param {Run} run */
function overwrite(run) {
  const own = run.freshGradient();
  const kept = run.freshGradient(true);
  const n = run.batch.length;
  const share = length(kept) / length(own);
  return `With = for +=, each weight keeps the term of one of ${n} samples, and each unit that of one of its consumers: the gradient has ${number(share, 3)} times its right length, and the angle to the right one is ${angle(own, kept)}.`;
}

/** @param {Float64Array} a @param {Float64Array} b */
function angle(a, b) {
  const cosine = a.reduce((sum, x, i) => sum + x * b[i], 0) / (length(a) * length(b));
  return `${number((Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI, 3)}°`;
}

/** @param {Run} run */
function largeLr(run) {
  const { train } = run.losses;
  const lr = number(run.optimizer.lr);
  if (!run.step) return `The learning rate is ${lr} now: each step may go past the valley to a higher place on its other side.`;
  const rose = `With a learning rate of ${lr} the loss rose in ${rises(run)} of ${train.length - 1} steps, up to ${number(Math.max(...train))}, because a step goes past the valley to its other side`;
  return run.stopped ? `${rose}, until it stopped. ${run.stopped.sentence}` : `${rose}; it is ${number(train[train.length - 1])} now.`;
}

/** @param {Run} run */
function equalWeights(run) {
  const [units] = run.network.layers;
  if (run.network.layers.length < 2 || units.length < 2) return "One unit has no other to be equal to: add units to see what equal weights do.";
  const rows = units.map((unit) => unit.weights.map((i) => run.parameters[i]));
  const spread = Math.max(...rows.flatMap((row) => row.map((w, k) => Math.abs(w - rows[0][k]))));
  const values = rows[0].map((w) => number(w)).join(", ");
  const same = spread < 1e-9;
  const what = same ? `all ${units.length} units of layer 1 still have the weights ${values}` : `the weights of layer 1 differ by ${number(spread)} at most`;
  return `After ${run.step} steps ${what}: equal units get equal gradients, so they stay one unit.`;
}

/** Returns the affine map that layers without activation are together. @param {Run} run */
export function collapsed({ network, parameters, settings }) {
  let rows = network.inputs.map((_, k) => network.inputs.map((__, i) => Number(i === k)));
  let offsets = network.inputs.map(() => 0);
  for (const layer of network.layers) {
    const next = layer.map(({ weights }) => weights.map((i) => parameters[i]));
    const biases = layer.map(({ bias }) => parameters[bias]);
    const before = { rows, offsets };
    rows = next.map((ws) => network.inputs.map((_, i) => ws.reduce((sum, w, k) => sum + w * before.rows[k][i], 0)));
    offsets = next.map((ws, j) => ws.reduce((sum, w, k) => sum + w * before.offsets[k], biases[j]));
  }
  return { weights: rows, biases: offsets, names: settings.data.names };
}

/** @param {Run} run */
function noActivation(run) {
  const { weights, biases, names } = collapsed(run);
  const terms = weights[0].map((w, i) => `${number(w)} · ${names[i]}`).slice(0, 4);
  const sum = [...terms, number(biases[0])].join(" + ").replaceAll("+ -", "− ");
  return `Without activation all ${run.network.layers.length} layers together are one affine map, output = ${sum}: its boundary is a straight line.`;
}

/** @param {Run} run */
function saturated(run) {
  if (run.network.layers.length < 2) return "Without a hidden layer there is no unit that can saturate: add one.";
  const slope = run.meanSlope(0);
  const norms = run.gradientNorms();
  return `The weights started 20 times as large: the mean slope |∂a/∂z| of the units of layer 1 is ${number(slope, 3)}, and the gradient of layer 1 has length ${number(norms[0], 3)}, that of the last layer ${number(norms[norms.length - 1], 3)}.`;
}

/** @type {Mistake[]} */
export const MISTAKES = [
  { key: "no_zero_grad", title: "no zero_grad", sentence: noZeroGrad },
  { key: "overwrite", title: "= for +=", sentence: overwrite },
  { key: "large_lr", title: "learning rate too large", sentence: largeLr },
  { key: "equal_weights", title: "all weights equal", sentence: equalWeights },
  { key: "no_activation", title: "no activation", sentence: noActivation },
  { key: "saturated", title: "saturated start", sentence: saturated },
];

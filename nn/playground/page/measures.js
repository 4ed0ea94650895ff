// @ts-check
// How good the answers of a model are.

/** @typedef {import("./network.js").LossTable} LossTable */

/** Returns the answer of a model with these outputs: a class number, or a number. @param {LossTable} loss @param {number[]} output */
export function decided(loss, output) {
  if (loss.targets === "numbers") return output[0];
  if (output.length === 1) return Number(output[0] > loss.boundary);
  return output.indexOf(Math.max(...output));
}

/** Returns the share of right answers. @param {number[]} answers @param {number[]} targets */
export function accuracy(answers, targets) {
  return answers.filter((answer, i) => answer === targets[i]).length / targets.length;
}

/** Returns how many samples of each class (a row) got each answer (a column). @param {number[]} answers @param {number[]} targets @param {number} classes */
export function confusion(answers, targets, classes) {
  const found = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  answers.forEach((answer, i) => found[targets[i]][answer]++);
  return found;
}

/** Returns 1 minus the squared error over that of the mean; NaN if all targets are equal. @param {number[]} answers @param {number[]} targets */
export function rSquared(answers, targets) {
  const mean = targets.reduce((sum, y) => sum + y, 0) / targets.length;
  const squares = (/** @type {(y: number, i: number) => number} */ error) => targets.reduce((sum, y, i) => sum + error(y, i) ** 2, 0);
  const all = squares((y) => y - mean);
  return all ? 1 - squares((y, i) => y - answers[i]) / all : NaN;
}

/** The unit of the outputs of a regression: what they are times, and added to. @param {import("./settings.js").DataSettings} data */
export function outputUnit({ classes, target_scaling: scaling }) {
  return scaling && !classes.length ? { mean: scaling[0][0], size: scaling[1][0] } : { mean: 0, size: 1 };
}

/** Returns how good the answers of a run are, for a part of its points. @param {import("./run.js").Run} run @param {"train" | "test"} which */
export function measured(run, which) {
  const indices = run[which];
  const { classes, loss: table } = run.network;
  const { mean, size } = outputUnit(run.settings.data);
  const { loss, outputs } = run.inspector.answers(indices);
  const answers = outputs.map((output) => decided(table, output) * size + mean);
  const targets = indices.map((i) => run.points[i].y);
  const found = { loss, count: indices.length };
  if (!classes) return { ...found, r2: rSquared(answers, targets) };
  return { ...found, accuracy: accuracy(answers, targets), confusion: confusion(answers, targets, classes) };
}

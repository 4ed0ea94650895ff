// @ts-check
// The run as Python for this library: the same points, the same start, the same steps.
import { inFull } from "../../../autograd/pages/numbers.js";
import { labels } from "./model_file.js";

/** @typedef {import("./run.js").Run} Run */

const list = (/** @type {Iterable<number>} */ xs) => `[${[...xs].map(inFull).join(", ")}]`;
const INVISIBLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const escaped = (/** @type {string} */ c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
const text = (/** @type {string} */ x) => JSON.stringify(x).replace(INVISIBLE, escaped);

/** Python's imports, each name once. */
class Imports {
  /** @type {Map<string, Set<string>>} */
  #names = new Map();

  /** @param {string} module @param {string} name */
  use(module, name) {
    this.#names.set(module, (this.#names.get(module) ?? new Set()).add(name));
    return name;
  }

  lines() {
    return [...this.#names].sort().map(([module, names]) => `from ${module} import ${[...names].sort().join(", ")}`);
  }
}

/** Returns the lines that make X and y. @param {Run} run @param {Imports} imports */
function dataLines({ settings, points, train, test }, imports) {
  const { data } = settings;
  const lines = [];
  if (data.kind === "own") {
    const of = (/** @type {number[]} */ indices) => indices.map((i) => points[i]);
    const target = (/** @type {number} */ y) => (data.classes.length ? String(y) : inFull(y));
    const rows = (/** @type {number[]} */ indices) => of(indices).map(({ x }) => `    ${list(x)},`);
    const targets = (/** @type {number[]} */ indices) => `[${of(indices).map(({ y }) => target(y)).join(", ")}]`;
    lines.push("X = [", ...rows(train), "]", `y = ${targets(train)}`);
    if (test.length) lines.push("X_test = [", ...rows(test), "]", `y_test = ${targets(test)}`);
  } else {
    const classes = data.kind === "gaussians" && data.classes.length > 2 ? `, classes=${data.classes.length}` : "";
    lines.push(`data = ${imports.use("nn.datasets", data.kind)}(${data.samples}, noise=${inFull(data.noise)}, seed=${data.seed}${classes})`);
    if (test.length) lines.push(`train, test = data.split(${inFull(data.test_share)}, seed=${data.seed})`, "X, y = train.X, train.y");
    else lines.push("X, y = data.X, data.y");
  }
  if (data.scaling) {
    lines.push(`scaling = ${imports.use("nn.datasets", "Scaling")}(${data.scaling.map(list).join(", ")})`, "X = scaling.apply(X)");
  }
  if (data.target_scaling && !data.classes.length) {
    const [[mean], [deviation]] = data.target_scaling;
    lines.push(`y = [(t - ${inFull(mean)}) / ${inFull(deviation)} for t in y]`);
  }
  return lines;
}

/** Returns the lines that make the model. @param {Run} run @param {Imports} imports */
function modelLines({ network, settings, start }, imports) {
  const { sizes, activations } = network;
  const [nin, ...nouts] = sizes;
  const [last] = activations.slice(-1);
  const hidden = activations.slice(0, -1);
  const activation = last === "linear" ? text(hidden[0] ?? "tanh") : `[${activations.map(text).join(", ")}]`;
  const { initializer, seed, weights } = settings.network;
  const { equal_weights, saturated } = settings.mistakes;
  const start_ = `${imports.use("nn", "MLP")}(${nin}, [${nouts.join(", ")}], ${activation}, init=${text(initializer)}, rng=${seed})`;
  const lines = [`model = ${start_}`];
  if (weights || equal_weights || saturated || start.isEdited) {
    lines.push(`weights = ${list(start.weights)}`, "for parameter, x in zip(model.parameters(), weights):", "    parameter.data = x");
  }
  return lines;
}

/** @param {Run} run @param {Imports} imports */
function optimizerOf({ settings, optimizer }, imports) {
  const { momentum, betas } = settings.training;
  const lr = `lr=${inFull(optimizer.lr)}`;
  if (optimizer.kind === "adam") return `${imports.use("nn", "Adam")}(model.parameters(), ${lr}, betas=(${betas.map(inFull).join(", ")}))`;
  const extra = optimizer.kind === "momentum" ? `, momentum=${inFull(momentum)}` : "";
  return `${imports.use("nn", "SGD")}(model.parameters(), ${lr}${extra})`;
}

/** Returns the training by nn.fit. @param {Run} run @param {number} epochs @param {Imports} imports */
function fitLines({ settings, batches }, epochs, imports) {
  const { loss, l2, seed } = settings.training;
  const size = batches.size < batches.order.length ? `, batch_size=${batches.size}, rng=${seed}` : "";
  const penalty = l2 ? `, l2=${inFull(l2)}` : "";
  return [
    `${imports.use("nn", "fit")}(`,
    `    model, X, y, loss=${text(loss)}, optimizer=optimizer,`,
    `    epochs=${epochs}${size}${penalty},`,
    ")",
  ];
}

/** Returns the training step by step. @param {Run} run @param {number} steps @param {Imports} imports */
function loopLines({ settings, batches }, steps, imports) {
  const { loss, l2, seed } = settings.training;
  const lines = ["order = list(range(len(X)))"];
  if (batches.size < batches.order.length) {
    imports.use("random", "Random");
    lines.push(
      `rng, batches = Random(${seed}), []`,
      `while len(batches) < ${steps}:`,
      "    rng.shuffle(order)",
      `    batches += [order[i : i + ${batches.size}] for i in range(0, len(order), ${batches.size})]`,
    );
  } else lines.push(`batches = [order] * ${steps}`);
  lines.push(`for batch in batches[:${steps}]:`, `    loss = ${imports.use("nn", loss)}([model(X[i]) for i in batch], [y[i] for i in batch])`);
  if (l2) lines.push(`    loss = loss + ${inFull(l2)} * ${imports.use("nn", "l2")}(model.parameters())`);
  if (!settings.mistakes.no_zero_grad) lines.push("    model.zero_grad()");
  return [...lines, "    loss.backward()", "    optimizer.step()"];
}

/** Returns what the answers of the model mean. @param {Run} run */
function metadataLine({ settings, network }) {
  const { data, training } = settings;
  const parts = [`"loss": ${text(training.loss)}`, `"features": [${data.names.map(text).join(", ")}]`, `"target": ${text(data.target)}`];
  const named = labels(data.classes).map((label) => (typeof label === "number" ? label : text(label)));
  if (named.length) parts.push(`"classes": [${named.join(", ")}]`);
  if (data.scaling) parts.push(`"scaling": [${data.scaling.map(list).join(", ")}]`);
  const scaling = data.target_scaling ?? (network.outputs.length > 1 ? [[0], [1]] : null);
  if (!named.length && scaling) parts.push(`"target_scaling": [${scaling.map(list).join(", ")}]`);
  return `model.metadata = {${parts.join(", ")}}`;
}

/** Returns code that makes the same run and prints the loss of the training points. @param {Run} run */
export function pythonCode(run) {
  const { settings, batches, start, step, network } = run;
  const imports = new Imports();
  const steps = step - start.step;
  const lines = dataLines(run, imports);
  const { loss } = settings.training;
  const { codes } = network.loss;
  if (codes && codes[0] !== 0 && network.outputs.length === 1) lines.push(`y = ${imports.use("nn", loss)}.encode(y, outputs=1)`);
  lines.push("", ...modelLines(run, imports), `optimizer = ${optimizerOf(run, imports)}`, "");
  const epochs = steps / batches.perEpoch;
  const { no_zero_grad, overwrite } = settings.mistakes;
  if (overwrite) lines.push("# the page wrote = for +=, which this library does not: its gradients are right");
  const isWhole = Number.isInteger(epochs) && !no_zero_grad;
  if (steps) lines.push(...(isWhole ? fitLines(run, epochs, imports) : loopLines(run, steps, imports)));
  imports.use("nn", loss);
  imports.use("autograd", "no_grad");
  lines.push(metadataLine(run), "", "with no_grad():", `    print(float(${loss}([model(x) for x in X], y)))`);
  return `${[...imports.lines(), "", ...lines].join("\n")}\n`;
}

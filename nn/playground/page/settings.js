// @ts-check
// The settings of a run: their defaults, and the check of settings that come from outside.
import { SETS } from "./datasets.js";
import { LESSONS } from "./lessons.js";

/**
 * @typedef {object} DataSettings
 * @property {string} kind  a name of SETS, or "own"
 * @property {number} noise @property {number} samples @property {number} test_share @property {number} seed
 * @property {number[][]} points  of "own": the features, the target, 1 for a test point else 0
 * @property {string[]} names  of the features
 * @property {string[]} classes  none: a regression
 * @property {string} target  its name
 * @property {[number, number]} shown  the features on the two axes; the others stay at their mean
 * @property {[number[], number[]] | null} scaling  means and deviations of the features
 * @property {[number[], number[]] | null} target_scaling
 *
 * @typedef {object} NetworkSettings
 * @property {number[]} hidden  units of each hidden layer
 * @property {string} activation @property {string} initializer @property {number} seed
 * @property {number[] | null} weights  the start; null: drawn
 *
 * @typedef {object} TrainingSettings
 * @property {string} loss @property {number} l2 @property {string} optimizer @property {number} lr
 * @property {number | null} batch_size @property {number} seed
 * @property {number} momentum @property {[number, number]} betas
 *
 * @typedef {object} Mistakes
 * @property {boolean} no_zero_grad @property {boolean} overwrite @property {boolean} large_lr
 * @property {boolean} equal_weights @property {boolean} no_activation @property {boolean} saturated
 *
 * @typedef {object} Settings
 * @property {DataSettings} data @property {NetworkSettings} network @property {TrainingSettings} training
 * @property {Mistakes} mistakes @property {Record<string, any>} show
 * @property {number | null} lesson @property {string[]} hide
 */

export const MAX_POINTS = library.limits.points;
export const MAX_UNITS = library.limits.units;
export const MAX_LAYERS = library.limits.layers;
export const MAX_FEATURES = library.limits.features;
const MAX_SEED = library.limits.seed;
const MAX_NUMBER = library.limits.number;
const MAX_TEXT = 80;
const EDGES = ["weights", "gradients", "updates"];

/** Settings that do not fit. The message is one sentence for the reader. */
export class SettingsError extends Error {}

/** @param {boolean} holds @param {string} sentence */
export function need(holds, sentence) {
  if (!holds) throw new SettingsError(sentence);
}

/** @type {Settings} */
export const DEFAULTS = {
  data: {
    kind: "moons", noise: 0.1, samples: 200, test_share: 0.25, seed: 0, points: [], names: ["x1", "x2"],
    classes: ["0", "1"], target: "class", shown: [0, 1], scaling: null, target_scaling: null,
  },
  network: { hidden: [4, 4], activation: "tanh", initializer: "uniform", seed: 0, weights: null },
  training: {
    loss: "bce_with_logits", l2: 0, optimizer: "sgd", lr: 0.1, batch_size: null, seed: 0,
    momentum: 0.9, betas: [0.9, 0.999],
  },
  mistakes: {
    no_zero_grad: false, overwrite: false, large_lr: false, equal_weights: false, no_activation: false, saturated: false,
  },
  show: { edges: "weights" },
  lesson: null,
  hide: [],
};

/** The learning rate that each optimizer starts with. @type {Record<string, number>} */
export const LEARNING_RATES = library.learningRates;
export const OPTIMIZERS = Object.keys(LEARNING_RATES);

/** Returns the losses that fit so many classes (0: a regression). @param {number} classes */
export function lossesFor(classes) {
  return Object.keys(library.losses).filter((name) => {
    const loss = library.losses[name];
    if (classes === 0) return loss.targets === "numbers";
    return loss.targets === "classes" && (classes === 2 || loss.perClass);
  });
}

/** @param {unknown} x @returns {x is Record<string, unknown>} */
const isObject = (x) => typeof x === "object" && x !== null && !Array.isArray(x);
const written = (/** @type {unknown} */ x) => String(JSON.stringify(x) ?? x).slice(0, MAX_TEXT);

/**
 * @param {string} name @param {unknown} x @param {number} least @param {number} most
 * @returns {asserts x is number}
 */
function checkNumber(name, x, least, most) {
  const fits = typeof x === "number" && x >= least && x <= most;
  need(fits, `${name} must be a number from ${least} to ${most}, got ${written(x)}.`);
}

/** @param {string} name @param {unknown} x @param {number} least @param {number} most @returns {asserts x is number} */
function checkWhole(name, x, least, most) {
  const fits = Number.isInteger(x) && Number(x) >= least && Number(x) <= most;
  need(fits, `${name} must be a whole number from ${least} to ${most}, got ${written(x)}.`);
}

/** @param {string} name @param {unknown} x @param {readonly string[]} known */
function checkChoice(name, x, known) {
  need(typeof x === "string" && known.includes(x), `${name} must be one of ${known.join(", ")}, got ${written(x)}.`);
}

/** @param {string} name @param {unknown} xs @param {number} most */
function checkTexts(name, xs, most) {
  const fit = Array.isArray(xs) && xs.length <= most && xs.every((x) => typeof x === "string" && [...x].length <= MAX_TEXT);
  need(fit, `${name} must be a list of at most ${most} short texts, got ${written(xs)}.`);
}

/** @param {string} name @param {unknown} xs @param {number} [length] */
function checkNumbers(name, xs, length) {
  const fit = Array.isArray(xs) && xs.every((x) => typeof x === "number" && Number.isFinite(x));
  need(fit, `${name} must be a list of finite numbers, got ${written(xs)}.`);
  const count = /** @type {number[]} */ (xs).length;
  need(length === undefined || count === length, `${name} must be ${length} numbers, got ${count}.`);
}

/**
 * Returns the settings with defaults filled in. SettingsError, with one sentence, for anything that
 * is unknown or does not fit.
 * @param {unknown} given @returns {Settings}
 */
export function checked(given) {
  const settings = filled(given);
  const { data, network, training } = settings;
  checkData(data);
  checkNetwork(network);
  checkTraining(training);
  for (const [name, on] of Object.entries(settings.mistakes)) need(typeof on === "boolean", `mistakes.${name} must be true or false, got ${written(on)}.`);
  checkTexts("hide", settings.hide, 50);
  if (settings.lesson !== null) checkWhole("lesson", settings.lesson, 0, LESSONS.length - 1);
  checkChoice("show.edges", settings.show.edges, EDGES);
  need(typeof (settings.show.log ?? false) === "boolean", `show.log must be true or false, got ${written(settings.show.log)}.`);
  const classes = data.classes.length;
  const fit = lossesFor(classes);
  const kind = classes ? `${classes} classes` : "numbers";
  need(fit.includes(training.loss), `The loss ${training.loss} is not for ${kind}: choose ${fit.join(", ")}.`);
  if (network.weights) checkNumbers("network.weights", network.weights, parameterCount(settings));
  return settings;
}

/** Returns how many parameters the network has. @param {Settings} settings */
export function parameterCount({ data, network, training }) {
  const sizes = [data.names.length, ...network.hidden, outputCount(training.loss, data.classes.length)];
  return sizes.slice(1).reduce((sum, size, l) => sum + size * (sizes[l] + 1), 0);
}

/** Returns how many outputs a model needs. @param {string} name of the loss @param {number} classes */
export function outputCount(name, classes) {
  const loss = library.losses[name];
  if (loss.targets === "numbers") return loss.perNumber;
  return loss.codes && classes === 2 ? 1 : loss.perClass ? classes : 1;
}

/** @param {unknown} given @returns {Settings} */
function filled(given) {
  need(isObject(given), `Settings must be an object, got ${written(given)}.`);
  const settings = /** @type {any} */ (structuredClone(DEFAULTS));
  for (const [key, x] of Object.entries(/** @type {Record<string, unknown>} */ (given))) {
    need(Object.hasOwn(DEFAULTS, key), `There is no setting ${written(key)}.`);
    if (!isObject(settings[key])) {
      settings[key] = structuredClone(x);
      continue;
    }
    need(isObject(x), `The setting ${key} must be an object, got ${written(x)}.`);
    for (const [name, y] of Object.entries(/** @type {Record<string, unknown>} */ (x))) {
      need(key === "show" || Object.hasOwn(settings[key], name), `There is no setting ${written(`${key}.${name}`)}.`);
      settings[key][name] = structuredClone(y);
    }
  }
  const training = /** @type {any} */ (given).training ?? {};
  if (!("lr" in training)) settings.training.lr = LEARNING_RATES[settings.training.optimizer] ?? settings.training.lr;
  if (isObject(settings.data) && Object.hasOwn(SETS, settings.data.kind)) fillSet(settings.data, /** @type {any} */ (given).data ?? {});
  return settings;
}

/** Fills in what a set fixes. @param {any} data @param {Record<string, unknown>} given */
function fillSet(data, given) {
  const set = SETS[data.kind];
  data.names = [...set.features];
  if (!("noise" in given)) data.noise = set.noise;
  if (data.kind !== "gaussians" || !("classes" in given)) data.classes = [...set.classes];
  data.target = set.classes.length ? "class" : "y";
  if (data.names.length === 1) data.shown = [0, 0];
}

/** @param {DataSettings} data */
function checkData(data) {
  checkChoice("data.kind", data.kind, [...Object.keys(SETS), "own"]);
  checkNumber("data.noise", data.noise, 0, 10);
  checkWhole("data.samples", data.samples, 4, MAX_POINTS);
  checkNumber("data.test_share", data.test_share, 0, 0.9);
  checkWhole("data.seed", data.seed, 0, MAX_SEED);
  checkTexts("data.names", data.names, MAX_FEATURES);
  checkTexts("data.classes", data.classes, library.limits.classes);
  need(data.classes.length !== 1, "There is one class only, so there is nothing to tell apart: add points of another class.");
  need(data.names.length > 0, "The data have no features: name at least one.");
  checkTexts("data.target", [data.target], 1);
  const width = data.names.length;
  checkNumbers("data.shown", data.shown, 2);
  for (const i of data.shown) checkWhole("data.shown", i, 0, width - 1);
  if (data.kind === "own") checkPoints(data);
  for (const [name, scaling, size] of /** @type {const} */ ([["data.scaling", data.scaling, width], ["data.target_scaling", data.target_scaling, 1]])) {
    if (scaling === null) continue;
    need(Array.isArray(scaling) && scaling.length === 2, `${name} must be means and deviations, got ${written(scaling)}.`);
    for (const part of scaling) checkNumbers(name, part, size);
    need(scaling[1].every((x) => x > 0), `The deviations of ${name} must be above 0, got ${written(scaling[1])}.`);
  }
}

/** @param {DataSettings} data */
function checkPoints({ points, names, classes }) {
  need(Array.isArray(points), `data.points must be a list, got ${written(points)}.`);
  need(points.length <= MAX_POINTS, `${points.length.toLocaleString("en")} points are too many to train on in a page: give at most ${MAX_POINTS.toLocaleString("en")}.`);
  points.forEach((row, i) => {
    checkNumbers(`Point ${i + 1}`, row, names.length + 2);
    const [y, test] = row.slice(-2);
    need(row.every((x) => Math.abs(x) <= MAX_NUMBER), `Point ${i + 1} has a number beyond ${MAX_NUMBER}: use smaller units.`);
    if (classes.length) checkWhole(`The class of point ${i + 1}`, y, 0, classes.length - 1);
    need(test === 0 || test === 1, `Point ${i + 1} must end in 1 for a test point or 0, got ${written(test)}.`);
  });
  need(points.some((row) => row[row.length - 1] === 0), "There is no point to train on: add one.");
}

/** @param {NetworkSettings} network */
function checkNetwork({ hidden, activation, initializer, seed }) {
  checkNumbers("network.hidden", hidden);
  need(hidden.length <= MAX_LAYERS, `network.hidden must be at most ${MAX_LAYERS} layers, got ${hidden.length}.`);
  for (const units of hidden) checkWhole("A size in network.hidden", units, 1, MAX_UNITS);
  checkChoice("network.activation", activation, Object.keys(library.activations));
  checkChoice("network.initializer", initializer, library.initializers);
  checkWhole("network.seed", seed, 0, MAX_SEED);
}

/** @param {TrainingSettings} training */
function checkTraining(training) {
  checkChoice("training.loss", training.loss, Object.keys(library.losses));
  checkNumber("training.l2", training.l2, 0, 1000);
  checkChoice("training.optimizer", training.optimizer, OPTIMIZERS);
  checkNumber("training.lr", training.lr, library.limits.minLearningRate, library.limits.maxLearningRate);
  if (training.batch_size !== null) checkWhole("training.batch_size", training.batch_size, 1, MAX_POINTS);
  checkWhole("training.seed", training.seed, 0, MAX_SEED);
  checkNumber("training.momentum", training.momentum, 0, 0.9999);
  checkNumbers("training.betas", training.betas, 2);
  for (const beta of training.betas) checkNumber("A number of training.betas", beta, 0, 0.999999);
}

/** Returns what differs from the defaults. @param {Settings} settings */
export function shortened(settings) {
  const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);
  const base = filled({ data: { kind: settings.data.kind }, training: { optimizer: settings.training.optimizer } });
  /** @type {Record<string, any>} */
  const found = {};
  for (const [key, x] of Object.entries(settings)) {
    const usual = /** @type {any} */ (base)[key];
    if (same(x, usual)) continue;
    found[key] = isObject(x) ? Object.fromEntries(Object.entries(x).filter(([name, y]) => !same(y, usual[name]))) : x;
  }
  if (settings.data.kind !== DEFAULTS.data.kind) found.data = { ...found.data, kind: settings.data.kind };
  const { optimizer } = settings.training;
  if (optimizer !== DEFAULTS.training.optimizer) found.training = { ...found.training, optimizer };
  return found;
}

/** Returns the settings as the fragment of an address, without "#". @param {Settings} settings */
export function toFragment(settings) {
  return encodeURIComponent(JSON.stringify(shortened(settings))).replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** Returns the settings in the fragment of an address; SettingsError for any other text. @param {string} text @returns {Settings} */
export function fromFragment(text) {
  let given;
  try {
    given = JSON.parse(decodeURIComponent(text.replace(/^#/, "")) || "{}");
  } catch {
    throw new SettingsError("The link is damaged: the part after # is not what this page writes.");
  }
  return checked(given);
}

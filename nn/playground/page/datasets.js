// @ts-check
// The points of each data set: for the same settings those of nn.datasets, in the same order.
import { Random } from "./random.js";

/**
 * @typedef {{x: number[], y: number, test: boolean}} Point  y: a class number, or a number to predict
 * @typedef {object} Drawn
 * @property {number[][]} X
 * @property {number[]} y
 * @typedef {import("./settings.js").DataSettings} DataSettings
 */

/**
 * Each set with its features and its classes (none: a regression).
 * @type {Record<string, {features: string[], classes: string[], noise: number, title: string}>}
 */
export const SETS = {
  moons: { title: "two moons", features: ["x1", "x2"], classes: ["0", "1"], noise: 0.1 },
  circles: { title: "circles", features: ["x1", "x2"], classes: ["0", "1"], noise: 0.1 },
  xor: { title: "XOR", features: ["x1", "x2"], classes: ["0", "1"], noise: 0 },
  spiral: { title: "spiral", features: ["x1", "x2"], classes: ["0", "1"], noise: 0.03 },
  gaussians: { title: "Gaussians", features: ["x1", "x2"], classes: ["0", "1"], noise: 0.5 },
  plane: { title: "plane", features: ["x1", "x2"], classes: [], noise: 0.1 },
  curve: { title: "curve", features: ["x"], classes: [], noise: 0.1 },
};

/** @typedef {(rng: Random, i: number, samples: number, classes: number) => {x: number[], y: number}} Draw */

/** Draws sample i of each set, without its noise. @type {Record<string, Draw>} */
const draws = {
  moons(rng, i) {
    const angle = Math.PI * rng.random();
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return i % 2 ? { x: [1 - c, 0.5 - s], y: 1 } : { x: [c, s], y: 0 };
  },
  circles(rng, i) {
    const angle = 2 * Math.PI * rng.random();
    const radius = i % 2 ? 0.5 : 1;
    return { x: [radius * Math.cos(angle), radius * Math.sin(angle)], y: i % 2 };
  },
  xor(rng) {
    const x = [0, 0].map(() => rng.choice([-1, 1]) * rng.uniform(0.1, 1));
    return { x, y: Number(x[0] * x[1] < 0) };
  },
  spiral(rng, i, samples) {
    const radius = (Math.floor(i / 2) + 1) / Math.ceil(samples / 2);
    const angle = 3.5 * Math.PI * radius + Math.PI * (i % 2);
    return { x: [radius * Math.sin(angle), radius * Math.cos(angle)], y: i % 2 };
  },
  gaussians(rng, i, samples, classes) {
    const angle = (2 * Math.PI * (i % classes)) / classes + Math.PI / 4;
    return { x: [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)], y: i % classes };
  },
  plane(rng) {
    const x = [rng.uniform(-1, 1), rng.uniform(-1, 1)];
    return { x, y: x[0] + 0.5 * x[1] };
  },
  curve(rng) {
    const x = rng.uniform(-1, 1);
    return { x: [x], y: Math.sin(4 * x) };
  },
};

/** Returns the samples of a set as nn.datasets draws them. @param {DataSettings} data @returns {Drawn} */
export function drawn({ kind, samples, noise, seed, classes }) {
  const rng = new Random(seed);
  const isNumber = !SETS[kind].classes.length;
  /** @type {Drawn} */
  const found = { X: [], y: [] };
  for (let i = 0; i < samples; i++) {
    const { x, y } = draws[kind](rng, i, samples, Math.max(2, classes.length));
    const shaken = (/** @type {number} */ a) => (noise ? a + rng.gauss(0, noise) : a);
    found.X.push(isNumber ? x : x.map(shaken));
    found.y.push(isNumber ? shaken(y) : y);
  }
  return found;
}

/**
 * Returns the places of the samples to train with and held out, as Dataset.split has them.
 * @param {number[]} y @param {boolean} isNumber @param {number} share @param {number} seed
 */
export function split(y, isNumber, share, seed) {
  const rng = new Random(seed);
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  y.forEach((label, i) => {
    const key = isNumber ? 0 : label;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  /** @type {number[]} */
  const kept = [];
  /** @type {number[]} */
  const out = [];
  for (const key of [...groups.keys()].sort((a, b) => a - b)) {
    const group = groups.get(key) ?? [];
    rng.shuffle(group);
    const count = Math.min(roundedToEven(share * group.length), group.length - 1);
    out.push(...group.slice(0, count));
    kept.push(...group.slice(count));
  }
  rng.shuffle(kept);
  if (!out.length) out.push(.../** @type {number[]} */ (kept.splice(-1)));
  return { train: kept, test: out.sort((a, b) => a - b) };
}

/** @param {number} x  at least 0 */
function roundedToEven(x) {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 ? down + 1 : down;
}

/** Returns the points of the settings, those to train with first. @param {DataSettings} data @returns {Point[]} */
export function pointsOf(data) {
  if (data.kind === "own") {
    const own = data.points.map((row) => ({ x: row.slice(0, -2), y: row[row.length - 2], test: row[row.length - 1] === 1 }));
    return [...own.filter((point) => !point.test), ...own.filter((point) => point.test)];
  }
  const { X, y } = drawn(data);
  const all = y.map((_, i) => i);
  const isNumber = !SETS[data.kind].classes.length;
  const { train, test } = data.test_share > 0 ? split(y, isNumber, data.test_share, data.seed) : { train: all, test: [] };
  return [
    ...train.map((i) => ({ x: X[i], y: y[i], test: false })),
    ...test.map((i) => ({ x: X[i], y: y[i], test: true })),
  ];
}

// @ts-check
// The figures of a page: each number of its texts, computed from the numbers of the engine.
import { number, parsed } from "../../pages/numbers.js";

/**
 * @typedef {import("../../pages/engine.js").Engine} Engine
 * @typedef {[number, ...any[]]} Row  an operation of figures.py, and its operands
 * @typedef {(string | number)[]} Template  texts and figures; -1 - i: figure i, in brackets if < 0
 */

const MAX_SIDE_CHARACTERS = 72; // of one side of an equation, as in Python

/** By the place in OPERATIONS of figures.py. @type {((engine: any, values: number[], a: any, b: any) => number)[]} */
const COMPUTE = [
  (engine, _, i) => engine.data[i],
  (engine, _, i, k) => engine.local[i][k],
  (_, values, a, b) => values[a] * values[b],
  (_, values, a, b) => values[a] + values[b],
  (_, values, a, b) => values[a] - values[b],
  (_, values, a, b) => values[a] / values[b],
  (_, values, a) => -values[a],
  (_, values, a) => Math.abs(values[a]),
  (_engine, _values, x) => parsed(x),
  (after, _, i) => after.data[i],
  (after, _, i, k) => after.local[i][k],
];
const FIRST_AGAIN = 9; // from here on, of the numbers after a training step

/**
 * Returns the number of each row.
 * @param {Row[]} table @param {Engine | null} engine
 * @param {[number, number][]} [updates]  the leaves that a training step moves, and their new rows
 */
export function evaluated(table, engine, updates = []) {
  /** @type {number[]} */
  const values = [];
  /** @type {any} */
  let after = null; // the numbers after the training step
  const again = () => (after ??= engine?.computed(updates.map(([i, row]) => [i, values[row]])));
  for (const [operation, a, b] of table) {
    const numbers = operation >= FIRST_AGAIN ? again() : engine;
    values.push(COMPUTE[operation](numbers, values, a, b));
  }
  return values;
}

/** Returns a template as text. @param {Template} template @param {number[]} values */
export function filled(template, values) {
  return template.map((part) => (typeof part === "string" ? part : written(part, values))).join("");
}

/** Returns an equation with short sides, of which equal neighbors are written once. @param {string} text */
export function equation(text) {
  const sides = text.split(" = ").map((side) => shortened(side));
  return sides.filter((side, i) => side !== sides[i - 1]).join(" = ");
}

/** @param {number} place @param {number[]} values */
function written(place, values) {
  const text = number(values[place < 0 ? -1 - place : place]);
  return place < 0 && text.startsWith("-") ? `(${text})` : text;
}

/** Cuts the middle out of a long side of an equation, between operands. @param {string} text */
export function shortened(text, most = MAX_SIDE_CHARACTERS) {
  if (text.length <= most) return text;
  const head = text.slice(0, Math.floor((most * 2) / 3));
  const tail = text.slice(1 - Math.floor(most / 3));
  for (const separator of [" → ", " + ", ", ", " · ", " "]) {
    const [before, after] = [head.lastIndexOf(separator), tail.indexOf(separator)];
    if (before >= 0 && after >= 0) {
      return `${head.slice(0, before)}${separator}…${separator}${tail.slice(after + separator.length)}`;
    }
  }
  return `${head}…${tail}`;
}

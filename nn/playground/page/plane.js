// @ts-check
// The plane of the inputs: which part of it is shown, and the responses of all neurons on a grid.

const MARGIN = 0.12; // of the range of the points, on each side
const MOVING = 32; // points of the grid a side while the run plays
const STANDING = 80; // while it stands

/** @typedef {import("./datasets.js").Point} Point @typedef {import("./run.js").Grid} Grid */

/** @param {number[]} xs @returns {[number, number]} */
function range(xs) {
  const [low, high] = xs.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
  if (!xs.length) return [-1, 1];
  const margin = (high - low || 2) * MARGIN;
  return [low - margin, high + margin];
}

export class Plane {
  constructor() {
    /** @type {unknown} */
    this.points = null;
    /** @type {[number, number]} */
    this.x = [-1, 1];
    /** @type {[number, number]} */
    this.y = [-1, 1];
    /** @type {[number, number]} the features on the axes */
    this.shown = [0, 1];
    /** @type {number[]} of each feature over the training points: there an input stays that is not on an axis */
    this.means = [];
    this.line = false; // one feature: the target is on the other axis
    /** @type {Float64Array[] | null} of the present frame */
    this.seen = null;
    this.frozen = false; // while a point is dragged
  }

  /** The responses of all neurons over the plane, computed once for all views of a frame. @param {any} run @param {boolean} moving @returns {Float64Array[]} */
  responses(run, moving) {
    this.follow(run);
    const seen = this.seen ?? run.responses(this.grid(moving));
    this.seen = seen;
    return seen;
  }

  /** Follows the points of the run. With one input, y is the target. @param {any} run */
  follow(run) {
    if (this.points === run.points || this.frozen) return;
    this.points = run.points;
    this.shown = run.settings.data.shown;
    this.line = run.network.inputs.length === 1;
    const { points, train } = run;
    this.means = run.network.inputs.map((/** @type {number} */ _, /** @type {number} */ k) =>
      train.reduce((/** @type {number} */ sum, /** @type {number} */ i) => sum + points[i].x[k], 0) / train.length);
    this.x = range(run.points.map((/** @type {any} */ p) => p.x[this.shown[0]]));
    this.y = range(run.points.map((/** @type {any} */ p) => (this.line ? p.y : p.x[this.shown[1]])));
  }

  /** @param {boolean} moving @returns {Grid} */
  grid(moving) {
    const n = moving ? MOVING : STANDING;
    return { x: this.x, y: this.y, nx: this.line ? 2 * n : n, ny: this.line ? 1 : n };
  }

  /** The numbers of an input on a grid of n by n: row by row from the least y. @param {number} k @param {number} n */
  input(k, n) {
    const at = (/** @type {[number, number]} */ [low, high], /** @type {number} */ i) => low + ((high - low) * i) / (n - 1);
    return Float64Array.from({ length: n * n }, (_, i) => {
      if (k === this.shown[0]) return at(this.x, i % n);
      return k === this.shown[1] ? at(this.y, Math.floor(i / n)) : this.means[k];
    });
  }

  /** From a number of the plane to a place between 0 and 1, from the left and the top. @param {number} x @param {number} y */
  place(x, y) {
    return [(x - this.x[0]) / (this.x[1] - this.x[0]), 1 - (y - this.y[0]) / (this.y[1] - this.y[0])];
  }

  /** The numbers of a point on the two axes. @param {Point} point */
  numbersOf({ x, y }) {
    return [x[this.shown[0]], this.line ? y : x[this.shown[1]]];
  }

  /** The place of a point. @param {Point} point */
  placeOf(point) {
    const [x, y] = this.numbersOf(point);
    return this.place(x, y);
  }

  /** The point with other numbers on the two axes. @param {Point} point @param {number[]} numbers @returns {Point} */
  moved(point, [x, y]) {
    const moved = point.x.with(this.shown[0], x);
    return this.line ? { ...point, x: moved, y } : { ...point, x: moved.with(this.shown[1], y) };
  }

  /** The inverse of place. @param {number} u @param {number} v */
  at(u, v) {
    return [this.x[0] + u * (this.x[1] - this.x[0]), this.y[0] + (1 - v) * (this.y[1] - this.y[0])];
  }
}

// @ts-check
// A training run: its phases, its steps, the way back to earlier ones, and edits.
import { NodeError } from "../../../autograd/pages/engine.js";
import { BatchedEngine } from "../../../autograd/pages/batched_engine.js";
import { Batches } from "./batches.js";
import { Columns } from "./columns.js";
import { pointsOf } from "./datasets.js";
import { Checkpoints, Curves } from "./history.js";
import { startWeights } from "./initializers.js";
import { Inspector } from "./inspector.js";
import { measured } from "./measures.js";
import { Network } from "./network.js";
import { Optimizer } from "./optimizers.js";
import { checked } from "./settings.js";
import { stopAtError, stopAtLoss, stopAtParameter } from "./stops.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {import("./datasets.js").Point} Point
 * @typedef {"start" | "forward" | "backward" | "update"} Phase
 * @typedef {import("./stops.js").Stop} Stop
 * @typedef {object} RunState  what the next steps depend on
 * @property {Settings} settings @property {Point[]} points @property {Start} start @property {number} step
 * @property {Float64Array} parameters @property {Float64Array | null} gradients  those that are added to
 * @property {ReturnType<Optimizer["state"]>} optimizer @property {ReturnType<Batches["state"]>} batches
 * @property {Stop | null} stopped
 * @typedef {{x: [number, number], y: [number, number], nx: number, ny: number}} Grid
 * @typedef {{step: number, weights: Float64Array, isEdited: boolean}} Start  where the steps began that no edit interrupts
 */

/** A learning rate that is too large is this many times the given one. */
export const LARGE_LR_FACTOR = 200;

export class Run {
  #isEdited = false;
  /** @type {Point[]} */
  points = [];
  /** @type {number[]} places of the points to train with */
  train = [];
  /** @type {number[]} */
  test = [];
  /** @type {number[] | null} the points of the last update */
  lastBatch = null;

  /** @param {unknown} given  settings; what is missing has its default */
  constructor(given = {}) {
    this.settings = checked(given);
    this.network = new Network(this.settings);
    this.parameters = startWeights(this.network.sizes, this.settings);
    this.gradients = new Float64Array(this.parameters.length);
    this.lastUpdate = new Float64Array(this.parameters.length);
    /** The parameters before the last update. */
    this.before = this.parameters.slice();
    this.step = 0;
    /** @type {Phase} */
    this.phase = "start";
    /** @type {Stop | null} */
    this.stopped = null;
    /** The loss of the batch with the penalty, after the phase forward. */
    this.batchLoss = NaN;
    this.losses = new Curves();
    /** @type {Checkpoints<RunState>} */
    this.checkpoints = new Checkpoints();
    /** The last step that the run reached. */
    this.furthest = 0;
    /** @type {Columns} */
    this.columns = this.#usePoints(pointsOf(this.settings.data));
    this.engine = this.#newEngine();
    this.inspector = new Inspector(this);
    this.optimizer = this.#newOptimizer();
    this.batches = this.#newBatches();
    this.start = this.#newStart();
    this.#begin();
  }

  #newEngine() {
    return new BatchedEngine(this.network.graph, library.kernels, this.parameters, this.points.length);
  }

  #newOptimizer() {
    const { training, mistakes } = this.settings;
    const lr = mistakes.large_lr ? training.lr * LARGE_LR_FACTOR : training.lr;
    return new Optimizer({ ...training, lr }, this.parameters.length);
  }

  #newBatches() {
    const { training } = this.settings;
    return new Batches(this.train, training.batch_size, training.seed);
  }

  /** @returns {Start} */
  #newStart() {
    return { step: this.step, weights: this.parameters.slice(), isEdited: this.#isEdited };
  }

  /** @param {Point[]} points @returns {Columns} */
  #usePoints(points) {
    this.points = points;
    const all = points.map((_, i) => i);
    this.train = all.filter((i) => !points[i].test);
    this.test = all.filter((i) => points[i].test);
    this.columns = new Columns(points, this.network, this.settings.data);
    return this.columns;
  }

  /** Starts the optimizer and the batches anew, at the present weights. */
  #begin() {
    this.optimizer = this.#newOptimizer();
    this.batches = this.#newBatches();
    this.gradients.fill(0);
    this.start = this.#newStart();
    this.phase = "start";
    this.stopped = null;
    this.furthest = this.step;
    this.losses.cut(this.step - 1);
    this.checkpoints.add(this.step, () => this.state(), true);
    this.#record();
  }

  get epoch() {
    return this.batches.epoch;
  }

  /** The points of the present step: after an update, those that it used. */
  get batch() {
    return this.lastBatch && this.phase === "update" ? this.lastBatch : this.batches.current;
  }

  // ------------------------------------------------------------------------------- the phases

  /** Computes all nodes on the batch. */
  forward() {
    if (this.stopped) return;
    const { current } = this.batches;
    this.load(this.engine, current);
    try {
      this.engine.forward(current.length);
      this.batchLoss = this.meanLoss(this.engine, current.length) + this.penalty();
      this.phase = "forward";
      if (!Number.isFinite(this.batchLoss)) this.stopped = stopAtLoss(this, current.length);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.stopped = stopAtError(this, error);
    }
  }

  /** Computes the gradients of the batch's loss. */
  backward() {
    if (this.stopped) return;
    if (this.phase !== "forward") this.forward();
    if (this.stopped) return;
    const { mistakes, training } = this.settings;
    this.engine.backward(this.batches.current.length, mistakes.overwrite ? this.network.end : 0);
    for (let i = 0; i < this.gradients.length; i++) {
      const g = this.engine.gradients[i] + 2 * training.l2 * this.parameters[i];
      this.gradients[i] = mistakes.no_zero_grad ? this.gradients[i] + g : g;
    }
    this.phase = "backward";
    this.stopped = stopAtParameter(this, this.gradients, "The gradient of");
  }

  /** Changes the parameters, and goes on to the next step. */
  update() {
    if (this.stopped) return;
    if (this.phase !== "backward") this.backward();
    if (this.stopped) return;
    this.before.set(this.parameters);
    this.optimizer.update(this.parameters, this.gradients);
    for (let i = 0; i < this.parameters.length; i++) this.lastUpdate[i] = this.parameters[i] - this.before[i];
    this.lastBatch = this.batches.current;
    this.batches.next();
    this.step++;
    this.phase = "update";
    this.furthest = Math.max(this.furthest, this.step);
    this.stopped = stopAtParameter(this, this.parameters, "The weight");
    this.checkpoints.add(this.step, () => this.state());
    this.#record();
  }

  /** Does the next phase. */
  advance() {
    if (this.phase === "forward") this.backward();
    else if (this.phase === "backward") this.update();
    else this.#replayedEdit() || this.forward();
  }

  /** Does what is left of a step. */
  nextStep() {
    this.#replayedEdit() || this.update();
  }

  /** Does the steps that are left of an epoch. */
  nextEpoch() {
    const { epoch } = this;
    const { start } = this;
    while (!this.stopped && this.epoch === epoch && this.start === start) this.nextStep();
  }

  /** Puts back the edit that was made at this step, if it was gone back to before. */
  #replayedEdit() {
    if (this.step >= this.furthest) return false;
    const edit = this.checkpoints.edit(this.step, this.step + 1);
    if (edit) this.#restore(edit.state);
    return edit !== undefined;
  }

  // ----------------------------------------------------------------------------- the numbers

  /** Copies points into the inputs and targets of an engine. @param {BatchedEngine} engine @param {number[]} indices */
  load(engine, indices) {
    this.columns.load(engine, indices);
  }

  /** @param {BatchedEngine} engine @param {number} n */
  meanLoss(engine, n) {
    const losses = engine.data[this.network.root];
    let sum = 0;
    for (let i = 0; i < n; i++) sum += losses[i];
    return sum / n;
  }

  /** Returns what L2 adds to the loss. */
  penalty() {
    const { l2 } = this.settings.training;
    return l2 ? l2 * this.parameters.reduce((sum, w) => sum + w * w, 0) : 0;
  }

  /** Returns the mean loss of points without the penalty; NaN if there are none or it fails. @param {number[]} indices */
  lossOf(indices) {
    return indices.length ? this.inspector.lossOf(indices) : NaN;
  }

  #record() {
    if (this.losses.wants(this.step)) this.losses.add(this.step, this.lossOf(this.train), this.lossOf(this.test));
  }

  /** Returns how good the answers are. @param {"train" | "test"} which */
  measures(which) {
    return measured(this, which);
  }

  /** Returns the numbers of every neuron, layer by layer, on a grid: row by row from the least y. @param {Grid} grid */
  responses(grid) {
    return this.inspector.responses(grid);
  }

  /** Returns the loss of the batch along the negative gradient. @param {number} count */
  slice(count) {
    return this.inspector.slice(count);
  }

  /** Returns the graph of one neuron on one point. @param {number} point @param {number} layer @param {number} unit */
  sampleGraph(point, layer, unit) {
    return this.inspector.sampleGraph(point, layer, unit);
  }

  /** Returns the numbers of all neurons on one point: {x, layers: {z, a, dz, da}[], loss}. @param {number} point */
  sampleValues(point) {
    return this.inspector.sampleValues(point);
  }

  /** Returns why a weight moves as it does; k of all weights is the bias. @param {number} point @param {number} layer @param {number} unit @param {number} k */
  why(point, layer, unit, k) {
    return this.inspector.why(point, layer, unit, k);
  }

  /** Returns the gradient of the present batch; with `overwrite` as `=` in place of `+=` gives it. */
  freshGradient(overwrite = false) {
    return this.inspector.gradient(overwrite);
  }

  /** Returns the length of each layer's gradient: of the last backward pass, or else of the present batch. */
  gradientNorms() {
    return this.inspector.gradientNorms();
  }

  /** Returns the mean of |∂a/∂z| over the units of a layer and the training points. @param {number} layer */
  meanSlope(layer) {
    return this.inspector.meanSlope(layer);
  }

  /** Returns the units that are 0 on all training points. */
  dead() {
    return this.inspector.dead();
  }

  // ------------------------------------------------------------------------- back, and edits

  /** Returns all that the next steps depend on. @returns {RunState} */
  state() {
    const { settings, points, start, step } = this;
    return {
      settings, points, start, step,
      parameters: this.parameters.slice(),
      gradients: this.settings.mistakes.no_zero_grad ? this.gradients.slice() : null,
      optimizer: this.optimizer.state(),
      batches: this.batches.state(),
      stopped: this.stopped,
    };
  }

  /** @param {RunState} state */
  #restore(state) {
    this.settings = state.settings;
    if (this.points !== state.points) {
      this.#usePoints(state.points);
      this.#newEngines();
    }
    this.parameters.set(state.parameters);
    this.gradients.fill(0);
    if (state.gradients) this.gradients.set(state.gradients);
    this.step = state.step;
    this.start = state.start;
    this.stopped = state.stopped;
    this.phase = "start";
    this.optimizer = this.#newOptimizer();
    this.optimizer.restore(state.optimizer);
    this.batches = this.#newBatches();
    this.batches.restore(state.batches);
  }

  #newEngines() {
    this.engine = this.#newEngine();
    this.inspector = new Inspector(this);
  }

  /** Goes to any step of the run from `checkpoints.first` to `furthest`. @param {number} step */
  goTo(step) {
    const target = Math.max(this.checkpoints.first, Math.min(step, this.furthest));
    let nearest = this.checkpoints.before(target);
    if (nearest.step === target && !nearest.isEdit) nearest = this.checkpoints.before(target - 1); // its last step is seen too
    const isOnTheWay = this.step <= target && this.step >= nearest.step && !this.checkpoints.edit(this.step, target);
    if (!isOnTheWay || this.phase === "forward" || this.phase === "backward") this.#restore(nearest.state);
    while (this.step < target && !this.stopped) this.update();
  }

  /** Changes a parameter by hand. The optimizer and the batches start anew. @param {number} i @param {number} value */
  setWeight(i, value) {
    this.parameters[i] = value;
    const network = { ...this.settings.network, weights: [...this.parameters] };
    const mistakes = { ...this.settings.mistakes, equal_weights: false, saturated: false }; // of the start
    this.settings = checked({ ...this.settings, network, mistakes });
    this.#edited();
  }

  /** Goes on with other points. @param {Point[]} points */
  setPoints(points) {
    const rows = points.map(({ x, y, test }) => [...x, y, Number(test)]);
    const data = { ...this.settings.data, kind: "own", points: rows };
    this.settings = checked({ ...this.settings, data });
    this.#usePoints(pointsOf(this.settings.data));
    this.#newEngines();
    this.#edited();
  }

  /** Goes on with other settings of the training, from the present weights. @param {Partial<import("./settings.js").TrainingSettings>} training */
  setTraining(training) {
    this.settings = checked({ ...this.settings, training: { ...this.settings.training, ...training } });
    this.#edited();
  }

  #edited() {
    this.#isEdited = true;
    this.#begin();
  }
}

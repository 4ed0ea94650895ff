// @ts-check
// Looks at a run without changing it: responses of neurons, losses, slices, one neuron on one point.
import { BatchedEngine } from "../../../autograd/pages/batched_engine.js";
import { NodeError, localGrads } from "../../../autograd/pages/engine.js";
import { Optimizer } from "./optimizers.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {object} SampleGraph  a graph for engine.js, with names, and the gradients of the point's loss
 * @property {(string | null)[]} ops @property {number[][]} parents @property {number[]} data
 * @property {string[]} names @property {number[]} grads @property {boolean[]} constants
 */

/** The parameters of a slice go from 0 to this many times the step. */
const SLICE_LENGTH = 3;

export class Inspector {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    this.parameters = run.parameters;
    this.many = this.#engine(run.points.length);
    this.one = this.#engine(1);
    /** @type {BatchedEngine | null} */
    this.onGrid = null;
  }

  /** @param {number} capacity @param {Float64Array} [parameters] */
  #engine(capacity, parameters = this.parameters) {
    return new BatchedEngine(this.run.network.graph, library.kernels, parameters, capacity);
  }

  /** Computes an engine; false if an operation fails. @param {BatchedEngine} engine @param {number} n @param {number} [end] */
  #computed(engine, n, end) {
    try {
      engine.forward(n, end);
      return true;
    } catch (error) {
      if (error instanceof NodeError) return false;
      throw error;
    }
  }

  /** Returns the mean loss of points. @param {number[]} indices */
  lossOf(indices) {
    this.run.load(this.many, indices);
    return this.#computed(this.many, indices.length) ? this.run.meanLoss(this.many, indices.length) : NaN;
  }

  /** Returns the mean loss of points, and the outputs for each. @param {number[]} indices */
  answers(indices) {
    const loss = this.lossOf(indices);
    return { loss, outputs: indices.map((_, i) => this.run.network.outputs.map((node) => this.many.data[node][i])) };
  }

  /** @param {import("./run.js").Grid} grid */
  responses({ x, y, nx, ny }) {
    const { network, settings } = this.run;
    const count = nx * ny;
    if (!this.onGrid || this.onGrid.capacity !== count) this.onGrid = this.#engine(count);
    const engine = this.onGrid;
    const { shown, scaling } = settings.data;
    network.inputs.forEach((node, k) => {
      const to = engine.data[node];
      const center = scaling ? scaling[0][k] : 1;
      const size = scaling ? scaling[1][k] : 1;
      const standardized = (/** @type {number} */ a) => (scaling ? (a - center) / size : a);
      if (k === shown[0]) {
        for (let i = 0; i < count; i++) to[i] = standardized(x[0] + (((i % nx) + 0.5) / nx) * (x[1] - x[0]));
      } else if (k === shown[1]) {
        for (let i = 0; i < count; i++) to[i] = standardized(y[0] + ((Math.floor(i / nx) + 0.5) / ny) * (y[1] - y[0]));
      } else to.fill(this.mean(k));
    });
    const isDone = this.#computed(engine, count, network.end);
    const found = network.layers.flat().map((neuron) => engine.data[neuron.a]);
    if (!isDone) for (const list of found) list.fill(NaN);
    return found;
  }

  /** Returns the mean of an input over the training points. @param {number} k */
  mean(k) {
    const { train, columns: { inputs } } = this.run;
    return train.reduce((sum, i) => sum + inputs[k][i], 0) / train.length;
  }

  /** Returns where the last step began, its gradient, and the step that is made of it. */
  #lastStep() {
    const { run } = this;
    if (run.phase === "update") return { base: run.before, gradient: run.gradients, update: run.lastUpdate, batch: run.batch };
    const gradient = this.#presentGradient();
    const optimizer = new Optimizer({ ...run.settings.training, lr: run.optimizer.lr }, gradient.length);
    optimizer.restore(run.optimizer.state());
    const after = run.parameters.slice();
    optimizer.update(after, gradient);
    const update = after.map((w, i) => w - run.parameters[i]);
    return { base: run.parameters, gradient, update, batch: run.batch };
  }

  /** Returns the gradient of the last backward pass, or else of the present batch. */
  #presentGradient() {
    const { phase, gradients } = this.run;
    return phase === "backward" || phase === "update" ? gradients : this.gradient();
  }

  /** Returns the gradient of the present batch, with the penalty. */
  gradient(overwrite = false) {
    const { run } = this;
    run.load(this.many, run.batch);
    if (!this.#computed(this.many, run.batch.length)) return run.gradients;
    this.many.backward(run.batch.length, overwrite ? run.network.end : 0);
    return this.many.gradients.map((g, i) => g + 2 * run.settings.training.l2 * run.parameters[i]);
  }

  /**
   * Returns the loss of the batch, with the penalty, at the weights `w - t g`. The step is at t = at:
   * for plain gradient descent the learning rate, else the part of the step along the gradient.
   * @param {number} count
   */
  slice(count) {
    const { run } = this;
    const { base, gradient, update, batch } = this.#lastStep();
    const squared = gradient.reduce((sum, g) => sum + g * g, 0);
    const along = -gradient.reduce((sum, g, i) => sum + g * update[i], 0);
    const at = squared ? along / squared : run.optimizer.lr;
    const first = Math.min(0, 1.5 * at);
    const last = SLICE_LENGTH * Math.abs(at || run.optimizer.lr);
    const present = run.parameters.slice();
    const start = base.slice();
    const t = Array.from({ length: count }, (_, i) => first + (i / (count - 1)) * (last - first));
    run.load(this.many, batch);
    const loss = t.map((x) => {
      for (let i = 0; i < start.length; i++) run.parameters[i] = start[i] - x * gradient[i];
      return this.#computed(this.many, batch.length) ? run.meanLoss(this.many, batch.length) + run.penalty() : NaN;
    });
    run.parameters.set(present);
    return { t, loss, at };
  }

  /** Computes the network and its gradients on one point. @param {number} point */
  #onPoint(point) {
    this.run.load(this.one, [point]);
    if (this.#computed(this.one, 1)) this.one.backward(1);
    return this.one;
  }

  /** Returns the numbers of all neurons on one point, with the gradients of its loss. @param {number} point */
  sampleValues(point) {
    const { data, grad } = this.#onPoint(point);
    const { network, columns: { inputs } } = this.run;
    const of = (/** @type {Float64Array[]} */ lists, /** @type {number[]} */ nodes) => nodes.map((node) => lists[node]?.[0] ?? NaN);
    const layers = network.layers.map((neurons) => {
      const z = neurons.map((neuron) => neuron.z);
      const a = neurons.map((neuron) => neuron.a);
      return { z: of(data, z), a: of(data, a), dz: of(grad, z), da: of(grad, a) };
    });
    return { x: inputs.map((/** @type {Float64Array} */ column) => column[point]), layers, loss: data[network.root][0] };
  }

  /** @param {number} point @param {number} layer @param {number} unit @returns {SampleGraph} */
  sampleGraph(point, layer, unit) {
    const engine = this.#onPoint(point);
    const { network } = this.run;
    const neuron = network.layers[layer][unit];
    /** @type {Set<number>} */
    const nodes = new Set([...neuron.products, ...neuron.sums, neuron.a]);
    for (const node of [...nodes]) for (const parent of network.graph.parents[node]) nodes.add(parent);
    const order = [...nodes].sort((a, b) => a - b);
    const place = new Map(order.map((node, i) => [node, i]));
    const isInside = (/** @type {number} */ node) => neuron.products.includes(node) || neuron.sums.includes(node) || node === neuron.a;
    const partial = neuron.sums.slice(0, -1);
    return {
      ops: order.map((node) => (isInside(node) ? network.graph.ops[node] : null)),
      parents: order.map((node) => (isInside(node) ? network.graph.parents[node].map((p) => place.get(p) ?? 0) : [])),
      data: order.map((node) => engine.data[node][0]),
      names: order.map((node) => (partial.includes(node) ? `sum ${partial.indexOf(node) + 1}` : network.nodeNames[node])),
      grads: order.map((node) => engine.grad[node]?.[0] ?? 0),
      constants: order.map((node) => !engine.varies[node]),
    };
  }

  /** @param {number} point @param {number} layer @param {number} unit @param {number} k */
  why(point, layer, unit, k) {
    const engine = this.#onPoint(point);
    const { run } = this;
    const neuron = run.network.layers[layer][unit];
    const isBias = k >= neuron.weights.length;
    const parameter = isBias ? neuron.bias : neuron.weights[k];
    const dLdz = engine.grad[neuron.z][0];
    const dzdw = isBias ? 1 : engine.data[neuron.inputs[k]][0];
    return {
      parameter,
      name: run.network.names[parameter],
      dLdz,
      dzdw,
      dLdw: dLdz * dzdw,
      meanOverBatch: this.#presentGradient()[parameter],
      update: run.lastUpdate[parameter],
    };
  }

  /** Returns the length of each layer's gradient: of the last backward pass, or else of the present batch. */
  gradientNorms() {
    const gradient = this.#presentGradient();
    return this.run.network.layers.map((neurons) => Math.hypot(...neurons.flatMap(({ weights, bias }) => [...weights, bias].map((i) => gradient[i]))));
  }

  /** Returns the mean of |∂a/∂z| over the units of a layer and the training points. @param {number} layer */
  meanSlope(layer) {
    const { network, train } = this.run;
    const { op, constants } = library.activations[network.activations[layer]];
    if (op === null) return 1;
    this.run.load(this.many, train);
    if (!this.#computed(this.many, train.length)) return NaN;
    const slopes = network.layers[layer].flatMap(({ z, a }) =>
      train.map((_, i) => Math.abs(localGrads(library.operations[op], this.many.data[a][i], [this.many.data[z][i], ...constants])[0])),
    );
    return slopes.reduce((sum, x) => sum + x, 0) / slopes.length;
  }

  /** Returns the ReLU units that are 0 on all training points. */
  dead() {
    const { run } = this;
    const { network, train } = run;
    /** @type {{layer: number, unit: number}[]} */
    const found = [];
    if (!network.activations.includes("relu")) return found;
    run.load(this.many, train);
    if (!this.#computed(this.many, train.length)) return found;
    network.layers.forEach((neurons, layer) => {
      if (network.activations[layer] !== "relu") return;
      neurons.forEach(({ a }, unit) => {
        if (this.many.data[a].subarray(0, train.length).every((x) => x === 0)) found.push({ layer, unit });
      });
    });
    return found;
  }
}

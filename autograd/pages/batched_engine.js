// @ts-check
// The engine over many samples at once: forward and backward through a graph that is data, with the
// loops that batched_kernels.py prints. A node is a list with one number a sample. A parameter and
// a constant are one number for all samples.
import { NodeError } from "./engine.js";
import { FloatError, exact, limits } from "./floats.js";

/**
 * @typedef {import("./floats.js").Functions} Functions
 * @typedef {object} Kernel  loops over the samples `from` to `to`; sample i of operand k is xs[k][i & ss[k]]
 * @property {(m: Functions, from: number, to: number, y: Float64Array, xs: Float64Array[], ss: number[]) => void} forward
 * @property {((m: Functions, from: number, to: number, y: Float64Array, g: Float64Array, xs: Float64Array[], ss: number[], out: Float64Array, so: number) => void)[]} backward
 *
 * @typedef {object} BatchedGraph  the nodes in topological order, parents before consumers; the last is the root
 * @property {(string | null)[]} ops  of each node, the key of its kernel; null for a leaf
 * @property {number[][]} parents
 * @property {number[]} parameter  of each node, its place among the parameters, or -1
 * @property {(number | null)[]} constant  of each node, its number if it is a constant
 */

export class BatchedEngine {
  /** The gradients of the parameters, summed over the batch, after `backward`. @type {Float64Array} */
  gradients;

  /**
   * @param {BatchedGraph} graph @param {Record<string, Kernel>} kernels
   * @param {Float64Array} parameters  read at each pass @param {number} capacity  samples at most
   */
  constructor(graph, kernels, parameters, capacity) {
    this.graph = graph;
    this.parameters = parameters;
    this.capacity = capacity;
    this.gradients = new Float64Array(parameters.length);
    this.kernels = graph.ops.map((key) => (key === null ? null : kernels[key]));
    /** The numbers of each node. @type {Float64Array[]} */
    this.data = graph.ops.map((_, i) => this.#storage(i));
    const masks = graph.ops.map((_, i) => (this.#isShared(i) ? 0 : -1));
    this.masks = masks;
    this.operands = graph.parents.map((ps) => ps.map((p) => this.data[p]));
    this.operandMasks = graph.parents.map((ps) => ps.map((p) => masks[p]));
    /** Which nodes get a gradient: those that a parameter leads to. @type {boolean[]} */
    this.varies = [];
    for (const [i, parents] of graph.parents.entries()) {
      this.varies.push(graph.parameter[i] >= 0 || parents.some((p) => this.varies[p]));
    }
    /** The gradients of each node; made by the first backward pass. @type {Float64Array[]} */
    this.grad = [];
  }

  /** @param {number} i */
  #isShared(i) {
    return this.graph.parameter[i] >= 0 || this.graph.constant[i] !== null;
  }

  /** @param {number} i */
  #storage(i) {
    const { parameter, constant } = this.graph;
    if (parameter[i] >= 0) return this.parameters.subarray(parameter[i], parameter[i] + 1);
    const x = constant[i];
    return x === null ? new Float64Array(this.capacity) : Float64Array.of(x);
  }

  /**
   * Computes all nodes for the first n samples, whose inputs lie in `data`. NodeError if an
   * operation fails. @param {number} n @param {number} [end]  stops before this node
   */
  forward(n, end = this.kernels.length) {
    let i = 0;
    try {
      for (; i < end; i++) this.kernels[i]?.forward(exact, 0, n, this.data[i], this.operands[i], this.operandMasks[i]);
    } catch (error) {
      if (error instanceof FloatError) throw this.#failure(i, n, error);
      throw error;
    }
  }

  /** Returns the error of node i, with the operands of the first sample that fails. @param {number} i @param {number} n @param {FloatError} error */
  #failure(i, n, error) {
    const operands = this.operands[i];
    const masks = this.operandMasks[i];
    for (let s = 0; s < n; s++) {
      try {
        this.kernels[i]?.forward(exact, s, s + 1, this.data[i], operands, masks);
      } catch {
        return new NodeError(i, error.kind, operands.map((xs, k) => xs[s & masks[k]]));
      }
    }
    return new NodeError(i, error.kind, []);
  }

  /**
   * Computes the gradients of the mean of the root over the first n samples. The terms of nodes
   * before `overwriteBelow` replace the ones before them instead of being added: of several
   * consumers or samples, the last one that is visited remains, as with `=` in place of `+=`.
   * @param {number} n @param {number} [overwriteBelow]
   */
  backward(n, overwriteBelow = 0) {
    if (!this.grad.length) this.#makeGradients();
    try {
      this.#pass(exact, n, overwriteBelow);
    } catch (error) {
      if (!(error instanceof FloatError)) throw error;
      this.#pass(limits, n, overwriteBelow); // a rule met a pole: its limit there
    }
  }

  #makeGradients() {
    const none = new Float64Array(0);
    this.grad = this.data.map((xs, i) => {
      const place = this.graph.parameter[i];
      if (place >= 0) return this.gradients.subarray(place, place + 1);
      return this.varies[i] ? new Float64Array(xs.length) : none;
    });
  }

  /** @param {Functions} m @param {number} n @param {number} overwriteBelow */
  #pass(m, n, overwriteBelow) {
    this.gradients.fill(0);
    for (const grad of this.grad) grad.fill(0, 0, n);
    const last = this.kernels.length - 1;
    this.grad[last].fill(1 / n, 0, n);
    for (let i = last; i >= 0; i--) {
      const kernel = this.kernels[i];
      if (!kernel || !this.varies[i]) continue;
      const parents = this.graph.parents[i];
      const overwrite = i < overwriteBelow;
      for (let k = 0; k < parents.length; k++) {
        const p = parents[k];
        if (!this.varies[p]) continue;
        const out = this.grad[p];
        const mask = this.masks[p];
        if (overwrite) out.fill(0, 0, n);
        // a loop over samples visits the first one last, as the backward pass of a graph does
        const to = overwrite && mask === 0 ? 1 : n;
        kernel.backward[k](m, 0, to, this.data[i], this.grad[i], this.operands[i], this.operandMasks[i], out, mask);
      }
    }
  }

  /** Returns the first node that has a number that is not finite, or -1. @param {number} n */
  firstNonFinite(n) {
    return this.data.findIndex((xs) => !xs.subarray(0, n).every(Number.isFinite));
  }
}

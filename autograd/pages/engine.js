// @ts-check
// The engine: forward, local gradients and backward through a graph that is data.
import { FloatError, exact, limits } from "./floats.js";

/**
 * @typedef {import("./floats.js").Operation} Operation
 * @typedef {{value: number, grads: (number | null)[]}} Result  null: the operand is a constant
 *
 * @typedef {object} Graph  the nodes in topological order, parents before consumers
 * @property {(string | null)[]} ops  of each node, the key of its operation; null for a leaf
 * @property {number[][]} parents  repeats kept
 * @property {boolean[]} constants  which nodes get no gradient
 * @property {number[]} data  the numbers of the leaves; those of other nodes are computed
 */

/** The error of a node whose operation fails. */
export class NodeError extends Error {
  /** @param {number} node @param {string} kind @param {number[]} operands */
  constructor(node, kind, operands) {
    super(`node ${node}: ${kind}`);
    this.node = node;
    this.kind = kind;
    this.operands = operands;
  }
}

export class Engine {
  /** @param {Graph} graph @param {Record<string, Operation>} operations */
  constructor(graph, operations) {
    this.graph = graph;
    this.operations = graph.ops.map((key) => (key === null ? null : operations[key]));
    this.data = [...graph.data];
    /** @type {(number | null)[][]} the local gradients of each node */
    this.local = graph.ops.map(() => []);
    /** @type {number[]} the derivatives of the last node by each */
    this.grad = [];
    this.run([]);
  }

  /**
   * Computes everything anew with other numbers in some leaves. If an operation fails, throws a
   * NodeError and keeps all earlier numbers.
   * @param {Iterable<[number, number]>} leaves  node and number
   */
  run(leaves) {
    Object.assign(this, this.computed(leaves));
    this.backward();
  }

  /** Returns the numbers and the local gradients with other leaves. @param {Iterable<[number, number]>} leaves */
  computed(leaves) {
    const data = [...this.data];
    for (const [i, x] of leaves) data[i] = x;
    this.forward(data);
    return { data, local: this.localGradients(data) };
  }

  /**
   * Fills in the numbers of all computed nodes. A node in `held` keeps its number.
   * @param {number[]} data @param {number} [held]
   */
  forward(data, held) {
    for (const [i, operation] of this.operations.entries()) {
      if (operation === null || i === held) continue;
      const xs = this.graph.parents[i].map((p) => data[p]);
      try {
        data[i] = operation.value(exact, ...xs);
      } catch (error) {
        if (error instanceof FloatError) throw new NodeError(i, error.kind, xs);
        throw error;
      }
    }
  }

  /** @param {number[]} data */
  localGradients(data) {
    return this.operations.map((operation, i) => {
      if (operation === null) return [];
      const parents = this.graph.parents[i];
      const grads = localGrads(operation, data[i], parents.map((p) => data[p]));
      return parents.map((p, k) => (this.graph.constants[p] ? null : grads[k]));
    });
  }

  backward() {
    this.grad = this.gradients(this.data.length - 1);
  }

  /** Returns the derivatives of node `of` by each node. @param {number} of */
  gradients(of) {
    const grad = this.data.map(() => 0);
    grad[of] = 1;
    for (let i = of; i >= 0; i--) {
      for (const [k, local] of this.local[i].entries()) {
        if (local !== null) grad[this.graph.parents[i][k]] += grad[i] * local;
      }
    }
    return grad;
  }

  /**
   * Returns the derivative of the last node by node i as a central difference: (f(x + h) - f(x - h))
   * / 2h, with Richardson's extrapolation. It uses no rule.
   * @param {number} i
   */
  finiteDifference(i) {
    const x = this.data[i];
    const h = 1e-3 * Math.max(1, Math.abs(x));
    const slope = (/** @type {number} */ step) => (this.moved(i, x + step) - this.moved(i, x - step)) / (2 * step);
    return (4 * slope(h / 2) - slope(h)) / 3;
  }

  /** Returns the last number if node i had the number x. @param {number} i @param {number} x */
  moved(i, x) {
    const data = [...this.data];
    data[i] = x;
    this.forward(data, i);
    return data[data.length - 1];
  }
}

/**
 * Returns the local gradient of each operand. Where a rule meets a pole, that one is the limit.
 * @param {Operation} operation @param {number} y @param {number[]} xs
 * @returns {number[]}
 */
export function localGrads(operation, y, xs) {
  const { rules } = operation;
  if (typeof rules === "function") return orLimits(rules, y, xs);
  return rules.map((rule) => (typeof rule === "number" ? rule : orLimits(rule, y, xs)));
}

/** @param {import("./floats.js").Rule} rule @param {number} y @param {number[]} xs */
function orLimits(rule, y, xs) {
  try {
    return rule(exact, y, ...xs);
  } catch (error) {
    if (error instanceof FloatError) return rule(limits, y, ...xs);
    throw error;
  }
}

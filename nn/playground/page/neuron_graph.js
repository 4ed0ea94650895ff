// @ts-check
// The scalar graph of one neuron as one reads it: inputs and weights, products, ONE sum, activation.
import { localGrads } from "../../../autograd/pages/engine.js";

/**
 * @typedef {object} Graph  the nodes in fixed places: x1, w1, x2, w2, ..., b, products, z, a
 * @property {(string | null)[]} ops  of each node; null for a leaf
 * @property {number[][]} parents
 * @property {number[][]} local  beside the parents
 * @property {number[]} data
 * @property {number[]} grads  of the loss of the point
 * @property {string[]} names
 * @property {boolean[]} constants  without a gradient: the inputs of the network
 * @property {number} inputs  how many
 */

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const below = (/** @type {number} */ i) => [...String(i)].map((digit) => SUBSCRIPTS[Number(digit)]).join("");

/** Returns the graph of a neuron on a point. The sum of the network, added up in pairs, is one node here. @param {import("./run.js").Run} run @param {number} point @param {number} layer @param {number} unit @returns {Graph} */
export function neuronGraph(run, point, layer, unit) {
  const sample = run.sampleGraph(point, layer, unit);
  const products = sample.ops.flatMap((op, i) => (op === "mul/2" ? [i] : []));
  const sums = sample.ops.flatMap((op, i) => (op === "add/2" ? [i] : []));
  const z = sums[sums.length - 1];
  const bias = sample.parents[z][1];
  const hasActivation = z < sample.ops.length - 1;
  const order = [...products.flatMap((p) => [sample.parents[p][1], sample.parents[p][0]]), bias, ...products, z];
  if (hasActivation) order.push(sample.ops.length - 1);
  const n = products.length;
  /** @type {Graph} */
  const graph = {
    inputs: n,
    ops: order.map((i) => sample.ops[i]?.split("/")[0] ?? null),
    parents: order.map((_, k) => operands(k, n)),
    local: [],
    data: order.map((i) => sample.data[i]),
    grads: order.map((i) => sample.grads[i]),
    constants: order.map((i) => sample.constants[i]),
    names: order.map((i, k) => (k > 2 * n && k <= 3 * n ? `p${below(k - 2 * n)}` : sample.names[i])),
  };
  const slope = hasActivation ? slopeOf(sample, sample.ops.length - 1) : 1;
  graph.local = graph.parents.map((parents, k) => (k > 3 * n + 1 ? [slope] : k === 3 * n + 1 ? parents.map(() => 1) : parents.map((_, side) => graph.data[parents[1 - side]])));
  return graph;
}

/** The operands of node k: the weight and the input, all products and the bias, the sum. @param {number} k @param {number} n */
function operands(k, n) {
  if (k <= 2 * n) return [];
  if (k <= 3 * n) return [2 * (k - 2 * n) - 1, 2 * (k - 2 * n) - 2];
  return k === 3 * n + 1 ? [...Array.from({ length: n }, (_, i) => 2 * n + 1 + i), 2 * n] : [3 * n + 1];
}

/** The derivative of the activation. @param {import("./inspector.js").SampleGraph} sample @param {number} a */
function slopeOf({ ops, parents, data }, a) {
  const operation = library.operations[/** @type {string} */ (ops[a])];
  return localGrads(operation, data[a], parents[a].map((p) => data[p]))[0];
}

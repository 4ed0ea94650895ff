// @ts-check
// The steps through one neuron on one point, forward and backward, in the Stepper's notation:
// dL/dx += dL/dv · ∂v/∂x. The nodes have fixed places: x1, w1, x2, w2, ..., b, products, z, a.
import { number } from "../../../autograd/pages/numbers.js";

/**
 * @typedef {import("./neuron_graph.js").Graph} Graph
 *
 * @typedef {object} WalkStep
 * @property {"forward" | "backward"} phase
 * @property {number} node  that is computed, or that passes on
 * @property {number} target  whose number or gradient is new
 * @property {string} text
 * @property {string} note
 */

/** @param {number} x */
export const inBrackets = (x) => (x < 0 ? `(${number(x)})` : number(x));

/** @param {Graph} graph @param {boolean} isOutput @returns {WalkStep[]} */
export function walkThrough(graph, isOutput) {
  const computed = graph.ops.flatMap((op, i) => (op === null ? [] : [i]));
  const top = computed[computed.length - 1];
  return [...computed.map((i) => forward(graph, i)), arrives(graph, top, isOutput), ...computed.reverse().flatMap((i) => backward(graph, i))];
}

/** @param {Graph} graph @param {number} i @returns {WalkStep} */
function forward({ ops, parents, data, names }, i) {
  const sign = { mul: " · ", add: " + ", sum: " + " }[ops[i] ?? ""];
  const symbols = parents[i].map((p) => names[p]);
  const numbers = parents[i].map((p) => inBrackets(data[p]));
  const [left, right] = sign ? [symbols.join(sign), numbers.join(sign)] : [`${ops[i]}(${symbols})`, `${ops[i]}(${parents[i].map((p) => number(data[p]))})`];
  return { phase: "forward", node: i, target: i, text: `${names[i]} = ${left} = ${right} = ${number(data[i])}`, note: "" };
}

/** @param {Graph} graph @param {number} top @param {boolean} isOutput @returns {WalkStep} */
function arrives({ grads, names }, top, isOutput) {
  const from = isOutput ? "the loss of this point" : "the neurons of the next layer: each passes its share back";
  return { phase: "backward", node: top, target: top, text: `dL/d${names[top]} = ${number(grads[top])}`, note: `It comes from ${from}.` };
}

/** What node i passes on to its operands. @param {Graph} graph @param {number} i @returns {WalkStep[]} */
function backward({ ops, parents, local, data, grads, names, inputs, constants }, i) {
  return parents[i].flatMap((p, k) => {
    if (constants[p]) return []; // the inputs of the network get no gradient
    const slope = local[i][k];
    const [by, to] = [names[i], names[p]];
    const text = `dL/d${to} += dL/d${by} · ∂${by}/∂${to} = ${inBrackets(grads[i])} · ${inBrackets(slope)} = ${number(grads[i] * slope)}`;
    const other = ops[i] === "mul" ? names[parents[i][1 - k]] : "";
    const rule = other ? `∂${by}/∂${to} = ${other} = ${number(slope)}` : ["sum", "add"].includes(ops[i] ?? "") ? `∂${by}/∂${to} = 1: a sum passes the gradient on as it is` : `∂${by}/∂${to} = ${number(slope)}: the slope of ${ops[i]} at ${to} = ${number(data[p])}`;
    const shared = p < 2 * inputs && p % 2 === 0 ? `. With the terms of the other neurons of this layer it is ${number(grads[p])}.` : "";
    return [{ phase: /** @type {const} */ ("backward"), node: i, target: p, text, note: rule + shared }];
  });
}

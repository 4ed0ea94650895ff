// @ts-check
// Why a run stops: the node with the first number that is not finite, in one sentence.
import { number } from "../../../autograd/pages/numbers.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {{step: number, node: number, name: string, sentence: string}} Stop
 */

/** @type {Record<string, string>} what an operation did */
const WHAT = { domain: "is outside its domain", overflow: "overflows", "zero division": "divides by zero" };

/** @param {Run} run @param {number} node @param {string} what @returns {Stop} */
function stop({ step, network }, node, what) {
  return { step, node, name: network.nodeNames[node], sentence: `Training stopped at step ${step}: ${what} A smaller learning rate may help.` };
}

/** An operation raised an error. @param {Run} run @param {import("../../../autograd/pages/engine.js").NodeError} error */
export function stopAtError(run, { node, kind, operands }) {
  return stop(run, node, `${run.network.nodeNames[node]} ${WHAT[kind]} at ${operands.map((x) => number(x)).join(", ")}.`);
}

/** The loss of n points is not finite. @param {Run} run @param {number} n */
export function stopAtLoss(run, n) {
  const node = run.engine.firstNonFinite(n);
  if (node < 0) return stopAtSum(run, n);
  const bad = run.engine.data[node].subarray(0, n).find((x) => !Number.isFinite(x)) ?? NaN;
  return stop(run, node, `${run.network.nodeNames[node]} is ${number(bad)}.`);
}

/** All nodes are finite, but the mean of the losses or the penalty is not. @param {Run} run @param {number} n */
function stopAtSum(run, n) {
  const { network, parameters } = run;
  if (Number.isFinite(run.penalty())) return stop(run, network.root, `The sum of ${network.nodeNames[network.root]} over ${n} points is too large for a number.`);
  const sizes = parameters.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  return stop(run, nodeOf(run, largest), `The penalty of ${network.names[largest]} = ${number(parameters[largest])} is too large for a number.`);
}

/** Returns the stop at the first number of the parameters that is not finite, if there is one. @param {Run} run @param {Float64Array} numbers @param {string} what  such as "The gradient of" */
export function stopAtParameter(run, numbers, what) {
  const bad = numbers.findIndex((x) => !Number.isFinite(x));
  return bad < 0 ? null : stop(run, nodeOf(run, bad), `${what} ${run.network.names[bad]} is ${number(numbers[bad])}.`);
}

/** @param {Run} run @param {number} parameter */
const nodeOf = ({ network }, parameter) => network.graph.parameter.indexOf(parameter);

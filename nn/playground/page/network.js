// @ts-check
// An MLP with its loss as a graph over a batch.
import { outputCount } from "./settings.js";

/**
 * @typedef {{ops: (string | null)[], parents: number[][], constants: (number | null)[], outputs: number[], targets: number[]}} LossGraph
 *   the loss of one sample; outputs and targets are places, -1 if the loss does not use it
 * @typedef {object} LossTable
 * @property {"numbers" | "classes"} targets @property {[number, number] | null} codes @property {number} boundary
 * @property {boolean} perClass @property {number} perNumber @property {boolean} fromLogits
 * @property {Record<string, LossGraph>} graphs  by the number of outputs
 *
 * @typedef {object} Library  what library.py prints
 * @property {Record<string, {op: string | null, constants: number[]}>} activations
 * @property {Record<string, LossTable>} losses
 * @property {string[]} initializers @property {Record<string, number>} learningRates
 * @property {Record<"classes" | "points" | "units" | "layers" | "features" | "number" | "seed" | "minLearningRate" | "maxLearningRate", number>} limits
 * @property {{format: string, version: number}} modelFile
 * @property {Record<string, import("../../../autograd/pages/batched_engine.js").Kernel>} kernels
 * @property {Record<string, import("../../../autograd/pages/floats.js").Operation>} operations  of neurons, for the scalar engine
 *
 * @typedef {{name: string, z: number, a: number, weights: number[], bias: number, inputs: number[], products: number[], sums: number[]}} Neuron
 *   nodes; `weights` and `bias` are places among the parameters
 */

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const translated = (/** @type {number} */ x, /** @type {string} */ digits) => [...String(x)].map((d) => digits[Number(d)]).join("");

/** Returns a name as w⁽²⁾₁₄, with indices from 0. @param {string} letter @param {number} layer @param {number[]} below */
export function nameOf(letter, layer, ...below) {
  const indices = below.map((i) => i + 1);
  const comma = Math.max(...indices) > 9 ? "," : "";
  return `${letter}⁽${translated(layer + 1, SUPERSCRIPTS)}⁾${indices.map((i) => translated(i, SUBSCRIPTS)).join(comma)}`;
}

export class Network {
  /** @param {import("./settings.js").Settings} settings */
  constructor({ data, network, training, mistakes }) {
    this.loss = library.losses[training.loss];
    this.classes = data.classes.length;
    const outputs = outputCount(training.loss, this.classes);
    this.sizes = [data.names.length, ...network.hidden, outputs];
    const hidden = mistakes.no_activation ? "linear" : network.activation;
    /** @type {string[]} of each layer */
    this.activations = [...network.hidden.map(() => hidden), this.loss.fromLogits ? "linear" : "sigmoid"];
    /** @type {import("../../../autograd/pages/batched_engine.js").BatchedGraph} */
    this.graph = { ops: [], parents: [], parameter: [], constant: [] };
    /** @type {string[]} of the nodes */
    this.nodeNames = [];
    /** @type {string[]} of the parameters */
    this.names = [];
    this.inputs = data.names.map((name) => this.#add(name, null));
    /** @type {Neuron[][]} */
    this.layers = [];
    for (const [l, activation] of this.activations.entries()) this.#addLayer(l, activation);
    this.outputs = this.layers[this.layers.length - 1].map((neuron) => neuron.a);
    /** The nodes before this one are the network's, those after it the loss's. */
    this.end = this.nodeNames.length;
    const one = this.loss.perClass && outputs > 1;
    this.targets = Array.from({ length: one ? outputs : 1 }, (_, k) => this.#add(one ? `t${k + 1}` : "target", null));
    /** The node of the loss of each sample. */
    this.root = this.#addLoss(training.loss, this.loss.graphs[outputs]);
  }

  /**
   * @param {string} name @param {string | null} op @param {number[]} [parents]
   * @param {{parameter?: number, constant?: number}} [leaf]
   */
  #add(name, op, parents = [], { parameter = -1, constant } = {}) {
    this.nodeNames.push(name);
    this.graph.ops.push(op);
    this.graph.parents.push(parents);
    this.graph.parameter.push(parameter);
    this.graph.constant.push(constant ?? null);
    return this.nodeNames.length - 1;
  }

  /** @param {string} name */
  #addParameter(name) {
    this.names.push(name);
    return this.#add(name, null, [], { parameter: this.names.length - 1 });
  }

  /** @param {number} l @param {string} activation */
  #addLayer(l, activation) {
    const inputs = l ? this.layers[l - 1].map((neuron) => neuron.a) : this.inputs;
    this.layers.push(Array.from({ length: this.sizes[l + 1] }, (_, j) => this.#neuron(l, j, inputs, activation)));
  }

  /** @param {number} l @param {number} j @param {number[]} inputs @param {string} activation @returns {Neuron} */
  #neuron(l, j, inputs, activation) {
    const first = this.names.length;
    const weights = inputs.map((_, k) => this.#addParameter(nameOf("w", l, j, k)));
    const bias = this.#addParameter(nameOf("b", l, j));
    const products = inputs.map((x, k) => this.#add(`${this.names[first + k]} · ${this.nodeNames[x]}`, "mul/2", [weights[k], x]));
    /** @type {number[]} */
    const sums = [];
    let z = products[0];
    for (const term of [...products.slice(1), bias]) {
      z = this.#add(nameOf("z", l, j), "add/2", [z, term]);
      sums.push(z);
    }
    const { op, constants } = library.activations[activation];
    const slopes = constants.map((constant) => this.#add(String(constant), null, [], { constant }));
    const a = op === null ? z : this.#add(nameOf("a", l, j), op, [z, ...slopes]);
    return { name: nameOf("a", l, j), z, a, weights: weights.map((_, k) => first + k), bias: first + inputs.length, inputs, products, sums };
  }

  /** @param {string} name @param {LossGraph} graph */
  #addLoss(name, graph) {
    /** @type {number[]} */
    const places = [];
    graph.ops.forEach((op, i) => {
      const output = graph.outputs.indexOf(i);
      const target = graph.targets.indexOf(i);
      const constant = graph.constants[i];
      if (output >= 0) places.push(this.outputs[output]);
      else if (target >= 0) places.push(this.targets[target]);
      else if (constant !== null) places.push(this.#add(String(constant), null, [], { constant }));
      else places.push(this.#add(`${name}: ${op?.replace(/\/.*/, "")}`, op, graph.parents[i].map((p) => places[p])));
    });
    return places[places.length - 1];
  }

  /** Returns the numbers of a target: a class as the loss codes it. @param {number} y */
  target(y) {
    if (this.loss.targets === "numbers") return [y];
    if (this.targets.length > 1) return this.targets.map((_, k) => Number(k === y));
    return [this.loss.codes ? this.loss.codes[y] : y];
  }
}

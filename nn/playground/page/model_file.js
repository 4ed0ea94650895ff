// @ts-check
// model.json: the file that nn.load reads.
import { inFull } from "../../../autograd/pages/numbers.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./run.js").Run} Run */

const WHOLE = /^(0|-?[1-9]\d{0,14})$/;

/** Returns the labels of classes as Python has them: whole numbers if all are. @param {string[]} classes */
export function labels(classes) {
  return classes.every((label) => WHOLE.test(label)) ? classes.map(Number) : classes;
}

/** Writes JSON as Python's json.dumps does, without blanks; numbers as they are. @param {unknown} x */
function written(x) {
  return JSON.stringify(x).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {[number[], number[]]} scaling */
const floats = (scaling) => `[${scaling.map((part) => `[${part.map(inFull).join(",")}]`).join(",")}]`;

/** Returns the paths of the parameters, as nn.MLP names them. @param {number[]} sizes */
function paths(sizes) {
  const found = [];
  for (let l = 1; l < sizes.length; l++) {
    for (let j = 0; j < sizes[l]; j++) {
      const neuron = `layers.${l - 1}.neurons.${j}`;
      for (let k = 0; k < sizes[l - 1]; k++) found.push(`${neuron}.w.${k}`);
      found.push(`${neuron}.b`);
    }
  }
  return found;
}

/** Returns the text of the model's file. @param {Run} run */
export function modelFile({ network, parameters, settings }) {
  const { data, training } = settings;
  const [nin, ...nouts] = network.sizes;
  const metadata = [`"loss":${written(training.loss)}`, `"features":${written(data.names)}`, `"target":${written(data.target)}`];
  if (data.classes.length) metadata.push(`"classes":${written(labels(data.classes))}`);
  if (data.scaling) metadata.push(`"scaling":${floats(data.scaling)}`);
  const scaling = data.target_scaling ?? (nouts[nouts.length - 1] > 1 ? /** @type {[number[], number[]]} */ ([[0], [1]]) : null);
  if (!data.classes.length && scaling) metadata.push(`"target_scaling":${floats(scaling)}`);
  const named = paths(network.sizes).map((path, i) => `${written(path)}:${inFull(parameters[i])}`);
  const { format, version } = library.modelFile;
  const content = [
    `"format":${written(format)}`,
    `"version":${version}`,
    `"model":${written({ type: "MLP", nin, nouts, activation: network.activations })}`,
    `"metadata":{${metadata.join(",")}}`,
    `"parameters":{${named.join(",")}}`,
  ].join(",");
  return `{${content},"sha256":"${sha256(`{${content}}`)}"}\n`;
}

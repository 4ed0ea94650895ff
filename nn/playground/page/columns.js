// @ts-check
// The points as columns of numbers: what the engines of a run take, scaled as its settings say.
import { outputUnit } from "./measures.js";

/**
 * @typedef {import("./datasets.js").Point} Point
 * @typedef {import("../../../autograd/pages/batched_engine.js").BatchedEngine} BatchedEngine
 */

export class Columns {
  /** @param {Point[]} points @param {import("./network.js").Network} network @param {import("./settings.js").DataSettings} data */
  constructor(points, network, data) {
    const { scaling } = data;
    const { mean, size } = outputUnit(data);
    this.network = network;
    /** @type {Float64Array[]} of each input, its numbers for all points */
    this.inputs = network.inputs.map((_, k) => Float64Array.from(points, ({ x }) => (scaling ? (x[k] - scaling[0][k]) / scaling[1][k] : x[k])));
    const targets = points.map(({ y }) => network.target((y - mean) / size));
    /** @type {Float64Array[]} */
    this.targets = network.targets.map((_, k) => Float64Array.from(targets, (target) => target[k]));
  }

  /** Copies points into the inputs and targets of an engine. @param {BatchedEngine} engine @param {number[]} indices */
  load(engine, indices) {
    const pairs = [[this.network.inputs, this.inputs], [this.network.targets, this.targets]];
    for (const [nodes, columns] of /** @type {[number[], Float64Array[]][]} */ (pairs)) {
      nodes.forEach((node, k) => {
        const to = engine.data[node];
        const from = columns[k];
        for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]];
      });
    }
  }
}

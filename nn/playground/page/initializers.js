// @ts-check
// Where weights start: as nn.MLP draws them with a seed. Biases start at 0.
import { Random } from "./random.js";

/** @type {Record<string, (rng: Random, nin: number, nout: number) => number>} */
const initializers = {
  uniform: (rng) => rng.uniform(-1, 1),
  xavier(rng, nin, nout) {
    const limit = Math.sqrt(6 / (nin + nout));
    return rng.uniform(-limit, limit);
  },
  he: (rng, nin) => rng.gauss(0, Math.sqrt(2 / nin)),
  zeros: () => 0,
};

export const EQUAL_WEIGHT = 0.5;
export const SATURATING_FACTOR = 20;

/**
 * Returns the parameters that a run starts with, neuron by neuron: the weights, then the bias.
 * @param {number[]} sizes  of the inputs and of each layer @param {import("./settings.js").Settings} settings
 */
export function startWeights(sizes, { network, mistakes }) {
  const rng = new Random(network.seed);
  const found = network.weights ? [...network.weights] : drawn(sizes, rng, network.initializer);
  let i = 0;
  for (let l = 1; l < sizes.length; l++) {
    for (let j = 0; j < sizes[l]; j++, i++) {
      for (let k = 0; k < sizes[l - 1]; k++, i++) {
        if (mistakes.equal_weights) found[i] = EQUAL_WEIGHT;
        if (mistakes.saturated && l < sizes.length - 1) found[i] *= SATURATING_FACTOR;
      }
    }
  }
  return Float64Array.from(found);
}

/** @param {number[]} sizes @param {Random} rng @param {string} initializer */
function drawn(sizes, rng, initializer) {
  const found = [];
  for (let l = 1; l < sizes.length; l++) {
    for (let j = 0; j < sizes[l]; j++) {
      for (let k = 0; k < sizes[l - 1]; k++) found.push(initializers[initializer](rng, sizes[l - 1], sizes[l]));
      found.push(0);
    }
  }
  return found;
}

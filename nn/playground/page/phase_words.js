// @ts-check
// What the last phase did, in one sentence with numbers.
import { byId, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player */
export function phaseView(player) {
  return () => {
    const { run, playing } = player;
    const phase = playing ? "training" : run.phase;
    byId("phase").className = phase;
    setText(byId("phase"), phase[0].toUpperCase() + phase.slice(1));
    setText(byId("said"), playing ? "Forward, backward, update, again and again." : WORDS[run.phase](player));
  };
}

/** @type {Record<string, (player: Player) => string>} */
const WORDS = {
  start: ({ run }) => `${run.parameters.length} weights and biases, ${origin(run)}. Forward computes the loss of ${points(run.train.length)}.`,
  forward: ({ run }) => `${points(run.batch.length)} went through the network, layer by layer. Their mean loss is L = ${number(run.batchLoss)}.`,
  backward: ({ run }) => {
    const i = largest(run.gradients);
    return `From the loss back to the inputs, each weight got its dL/dw. The largest is dL/d${run.network.names[i]} = ${number(run.gradients[i])}.`;
  },
  update: ({ run }) => {
    const i = largest(run.lastUpdate);
    const before = run.parameters[i] - run.lastUpdate[i];
    return `Step ${run.step}: each weight moved against its gradient. ${run.network.names[i]} moved the most, from ${number(before)} to ${number(run.parameters[i])}.`;
  },
};

/** Where the present weights come from. @param {import("./run.js").Run} run */
function origin({ step, start, settings }) {
  if (start.isEdited && step === start.step) return "as they are after an edit";
  if (step) return `as step ${step} left them`;
  return settings.network.weights ? "as they were given" : "as the initializer made them";
}

/** @param {number} count */
const points = (count) => (count === 1 ? "1 point" : `${count} points`);

/** The place of the largest number, by size. @param {ArrayLike<number>} xs */
function largest(xs) {
  let best = 0;
  for (let i = 1; i < xs.length; i++) if (Math.abs(xs[i]) > Math.abs(xs[best])) best = i;
  return best;
}

// @ts-check
// The network and its training: layers, activation, initializer, loss, optimizer, rates, seeds.
import { byId, setText } from "../../../autograd/pages/elements.js";
import { rows } from "./fields.js";
import { LEARNING_RATES, MAX_LAYERS, OPTIMIZERS, lossesFor } from "./settings.js";

/** @typedef {import("./player.js").Player} Player */

const NEW_UNITS = 4; // of the first hidden layer; a further one is as wide as the last
const RATES = [-4, -3, -2, -1, 0, 1].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));

const BETAS = [[0, 0.5, 0.8, 0.9, 0.95, 0.99], [0, 0.9, 0.99, 0.999, 0.9999]]; // of Adam

/** @param {readonly string[]} names @returns {[string, string][]} */
const listed = (names) => names.map((name) => [name, name.replaceAll("_", " ")]);

/** @param {Player} player */
export function networkControls(player) {
  const draw = [
    rows(player, byId("network-rows"), [
      { part: "network", key: "activation", label: "activation", choices: listed(Object.keys(library.activations)) },
      { part: "network", key: "initializer", label: "initializer", choices: listed(library.initializers), also: () => ({ weights: null }) },
      { part: "network", key: "seed", label: "seed", also: () => ({ weights: null }) },
    ]),
    rows(player, byId("training-rows"), [
      { part: "training", key: "loss", label: "loss", choices: ({ settings }) => listed(lossesFor(settings.data.classes.length)) },
      { part: "training", key: "optimizer", label: "optimizer", choices: listed(OPTIMIZERS), also: (name) => ({ lr: LEARNING_RATES[name] }) },
      { part: "training", key: "momentum", label: "momentum", stops: [0, 0.5, 0.8, 0.9, 0.95, 0.99], hidden: ({ settings }) => settings.training.optimizer !== "momentum" },
      ...[0, 1].map((at) => ({
        part: /** @type {const} */ ("training"), key: "betas", at, label: `β${"₁₂"[at]}`, stops: BETAS[at], written: String,
        hidden: (/** @type {Player} */ { settings }) => settings.training.optimizer !== "adam",
      })),
      { part: "training", key: "lr", label: "learning rate", stops: RATES, written: String },
      { part: "training", key: "batch_size", label: "batch size", stops: [1, 2, 5, 10, 20, 50, 100, null], written: (x) => (x === null ? "all" : String(x)) },
      { part: "training", key: "l2", label: "L2", stops: [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3], written: String },
      { part: "training", key: "seed", label: "batch seed", hidden: ({ settings }) => settings.training.batch_size === null },
    ]),
  ];
  connectLayers(player);
  return () => {
    for (const each of draw) each();
    drawLayers(player);
  };
}

/** @param {Player} player */
function connectLayers(player) {
  byId("new-weights").addEventListener("click", () => player.change("network", { seed: player.settings.network.seed + 1, weights: null }));
  const set = (/** @type {number[]} */ hidden) => player.change("network", { hidden, weights: null });
  byId("fewer-layers").addEventListener("click", () => {
    const { hidden } = player.settings.network;
    if (hidden.length) set(hidden.slice(0, -1));
  });
  byId("more-layers").addEventListener("click", () => {
    const { hidden } = player.settings.network;
    if (hidden.length < MAX_LAYERS) set([...hidden, hidden.at(-1) ?? NEW_UNITS]);
  });
}

/** @param {Player} player */
function drawLayers(player) {
  const count = player.settings.network.hidden.length;
  setText(byId("layer-count"), `${count} hidden layer${count === 1 ? "" : "s"}`);
  byId("fewer-layers").setAttribute("aria-disabled", String(!count));
  byId("more-layers").setAttribute("aria-disabled", String(count >= MAX_LAYERS));
}

// @ts-check
// Why a weight moves: its gradient on this point, the mean over the batch, the update, in numbers.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { inFull, number } from "../../../autograd/pages/numbers.js";
import { inBrackets } from "./neuron_walk.js";

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player */
export function whyView(player) {
  const choice = byId("which-weight");
  choice.addEventListener("change", () => player.choose({ k: Number(choice.value) }));
  connectForm(player);
  let listed = "";
  let drawn = "";
  let valued = "";
  return () => {
    const { run, chosen } = player;
    if (!run.points.length) return;
    const neuron = run.network.layers[chosen.layer][chosen.unit];
    const names = [...neuron.weights, neuron.bias].map((i) => run.network.names[i]);
    if (names.join() !== listed) {
      listed = names.join();
      choice.replaceChildren(...names.map((name, k) => make("option", { value: k, textContent: name })));
    }
    choice.value = String(chosen.k);
    const i = parameterOf(player);
    const lines = linesOf(player, run.why(chosen.point, chosen.layer, chosen.unit, chosen.k), run.network.names[i]);
    if (JSON.stringify(lines) !== drawn) {
      drawn = JSON.stringify(lines);
      byId("why-lines").replaceChildren(...lines.map(([name, text]) => make(name, { textContent: text })));
    }
    const value = `${i} ${inFull(run.parameters[i])}`;
    if (value !== valued && document.activeElement !== byId("weight-value")) {
      valued = value;
      byId("weight-value").value = number(run.parameters[i], 6);
      setText(byId("weight-said"), "");
    }
  };
}

/** The chosen weight or bias, by its place. @param {Player} player */
function parameterOf({ run, chosen }) {
  const { weights, bias } = run.network.layers[chosen.layer][chosen.unit];
  return weights[chosen.k] ?? bias;
}

/** @param {Player} player @param {any} why @param {string} w @returns {[string, string][]} */
function linesOf({ run, chosen }, why, w) {
  const product = `${inBrackets(why.dLdz)} · ${inBrackets(why.dzdw)} = ${number(why.dLdw)}`;
  const count = run.batch.length;
  const l2 = why.l2 ? [["p", `with L2: + ${run.settings.training.l2} · ${w} = ${number(why.meanOverBatch + why.l2)}`]] : [];
  /** @type {any[]} */
  const lines = [
    ["h3", `on point ${chosen.point + 1}`],
    ["p", `dL/d${w} = dL/dz · ∂z/∂${w}`],
    ["p", `= ${product}`],
    ["h3", `mean over the ${count} point${count === 1 ? "" : "s"} of the batch`],
    ["p", `dL/d${w} = ${number(why.meanOverBatch)}`],
    ...l2,
    ["h3", `update: ${w} ← ${w} − lr · dL/d${w}`],
    ...why.update.map((/** @type {any} */ { symbols, numbers, value }) => ["p", `${symbols} = ${numbers} = ${number(value)}`]),
  ];
  return lines;
}

/** A weight is set by hand. @param {Player} player */
function connectForm(player) {
  byId("weight-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = byId("weight-value");
    const value = Number(field.value.trim().replace(",", ".").replace("−", "-"));
    const fits = field.value.trim() !== "" && Number.isFinite(value);
    field.setAttribute("aria-invalid", String(!fits));
    if (!fits) return setText(byId("weight-said"), `A weight is a number. ${JSON.stringify(field.value)} is none.`);
    const name = player.run.network.names[parameterOf(player)];
    player.edit(() => player.run.setWeight(parameterOf(player), value));
    setText(byId("weight-said"), `${name} is ${number(value)} now.`);
  });
}

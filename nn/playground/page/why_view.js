// @ts-check
// Why a weight moves: its gradient on this point, the mean over the batch, the update, in numbers.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { inFull, number, typedNumber } from "../../../autograd/pages/numbers.js";
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
function linesOf(player, why, w) {
  const { run, chosen } = player;
  const count = run.batch.length;
  const { l2 } = run.settings.training;
  return [
    ["h3", `on point ${chosen.point + 1}`],
    ["p", `dL/d${w} = dL/dz · ∂z/∂${w}`],
    ["p", `= ${inBrackets(why.dLdz)} · ${inBrackets(why.dzdw)} = ${number(why.dLdw)}`],
    ["h3", `${l2 ? "with L2, " : ""}mean over the ${count} point${count === 1 ? "" : "s"} of the batch`],
    ["p", `dL/d${w} = ${number(why.meanOverBatch)}`],
    ...updateLines(player, parameterOf(player), why.meanOverBatch, w),
  ];
}

/** The last update, or the one that comes next. @param {Player} player @param {number} i @param {number} gradient @param {string} w @returns {[string, string][]} */
function updateLines({ run }, i, gradient, w) {
  if (run.phase === "backward" && run.optimizer.kind === "sgd") {
    const { lr } = run.optimizer;
    const w0 = run.parameters[i];
    return [["h3", `the update that comes: ${w} ← ${w} − lr · dL/d${w}`], ["p", `${w} ← ${number(w0)} − ${number(lr)} · ${inBrackets(gradient)} = ${number(w0 - lr * gradient)}`]];
  }
  if (run.phase !== "update") {
    return [["h3", "update"], ["p", `${run.phase === "backward" ? "Update" : "Backward, then update,"} moves ${w} = ${number(run.parameters[i])} against its gradient.`]];
  }
  const terms = Object.fromEntries(run.optimizer.explain(i, gradient, run.lastUpdate[i]).map(({ name, value }) => [name, value]));
  const before = number(run.before[i]);
  const [lr, g] = [number(run.optimizer.lr), inBrackets(gradient)];
  const after = number(run.parameters[i]);
  const { momentum, betas: [b1, b2] } = run.optimizer;
  if (run.optimizer.kind === "momentum") {
    const last = (terms.velocity - gradient) / momentum;
    return [["h3", `update with momentum: ${w} ← ${w} − lr · v`],
      ["p", `v ← ${momentum} · v + dL/d${w}`], ["p", `= ${momentum} · ${inBrackets(last)} + ${g} = ${number(terms.velocity)}`],
      ["p", `${w} ← ${before} − ${lr} · ${inBrackets(terms.velocity)} = ${after}`]];
  }
  if (run.optimizer.kind === "adam") {
    return [["h3", `update with Adam: ${w} ← ${w} − lr · m̂ / (√v̂ + ε)`],
      ["p", `m ← ${b1} · m + ${number(1 - b1)} · dL/d${w} = ${number(terms.m)}`],
      ["p", `v ← ${b2} · v + ${number(1 - b2)} · (dL/d${w})² = ${number(terms.v)}`],
      ["p", `m̂ = m / (1 − ${b1}ᵗ) = ${number(terms.m)} / ${number(terms["1 − β₁ᵗ"])} = ${number(terms["m̂"])}`],
      ["p", `v̂ = v / (1 − ${b2}ᵗ) = ${number(terms.v)} / ${number(terms["1 − β₂ᵗ"])} = ${number(terms["v̂"])}`],
      ["p", `${w} ← ${before} − ${lr} · ${inBrackets(terms["m̂"])} / √${number(terms["v̂"])} = ${after}`]];
  }
  return [["h3", `update: ${w} ← ${w} − lr · dL/d${w}`], ["p", `${w} ← ${before} − ${lr} · ${g} = ${after}`]];
}

/** A weight is set by hand. @param {Player} player */
function connectForm(player) {
  byId("weight-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = byId("weight-value");
    const value = typedNumber(field.value);
    const fits = Number.isFinite(value);
    field.setAttribute("aria-invalid", String(!fits));
    if (!fits) return setText(byId("weight-said"), `A weight is a number. ${JSON.stringify(field.value)} is none.`);
    const name = player.run.network.names[parameterOf(player)];
    player.edit(() => player.run.setWeight(parameterOf(player), value));
    setText(byId("weight-said"), `${name} is ${number(value)} now.`);
  });
}

// @ts-check
// The neurons of a network: the numbers in their boxes, opening one, and what is inside of it.
import { number } from "../../pages/numbers.js";
import { element } from "../../pages/pan_zoom.js";
import { drawData, drawGradient, largestGradient } from "./boxes.js";
import { byId, make, setText } from "../../pages/elements.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("./story.js").Neuron} Neuron
 */

/** Draws the boxes of the neurons. @param {Player} player */
export function neuronsView(player) {
  const boxes = Object.entries(player.story.neurons).map(([a, neuron]) => boxOfNeuron(player, Number(a), neuron));
  return () => {
    if (!boxes.length) return;
    const { story, current } = player;
    const { data, grads } = story.stateAt(current);
    const step = story.steps[current];
    const [largest, hidden] = [largestGradient(player), player.hides(current)];
    const changed = new Set(step.changes.map(([i]) => i));
    const forward = step.phase !== "backward";
    for (const { a, neuron, group, rows, opener, title } of boxes) {
      for (const row of rows) {
        const isNew = changed.has(row.i);
        drawData(row, data.get(row.i), forward && isNew, forward && hidden && isNew);
        drawGradient(row, grads.get(row.i), !forward && isNew, !forward && hidden && isNew, largest);
      }
      const isOpen = story.opened === a;
      group.classList.toggle("chosen", story.boxOf(player.chosen ?? -1) === a);
      group.classList.toggle("opened", isOpen);
      group.setAttribute("aria-expanded", String(isOpen));
      setText(opener, isOpen ? "close ▾" : "open ▸");
      const known = rows.filter(({ i }) => story.nodes.get(i)?.op !== undefined).map((row) => `${story.nodes.get(row.i)?.name}: ${row.dataWords}${row.gradWords}`);
      const words = [neuron.name, ...known].join(", ").replaceAll("\n", ", ");
      setText(title, words);
      group.setAttribute("aria-label", words);
    }
  };
}

/** @param {Player} player @param {number} a @param {Neuron} neuron */
function boxOfNeuron(player, a, neuron) {
  const group = byId(`n${a}`);
  const rows = [...group.querySelectorAll("text.data")].map((data) => rowOf(group, data));
  const title = element("title", {});
  group.prepend(title);
  const { x, y, width } = group.getBBox();
  const opener = element("text", { class: "opener", x: x + width - 8, y: y + 17, "text-anchor": "end" });
  group.append(opener);
  group.setAttribute("role", "button");
  group.addEventListener("focus", () => player.choose(a));
  group.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const node = event.target instanceof Element && event.target.getAttribute("data-node");
    if (node && player.story.nodes.get(Number(node.slice(1)))?.op === undefined) return player.choose(Number(node.slice(1)));
    player.open(a);
  });
  group.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    player.open(a);
  });
  group.addEventListener("pointerenter", () => player.hover(a));
  group.addEventListener("pointerleave", () => player.hover(null));
  return { a, neuron, group, rows, opener, title };
}

/** The texts of one row: the data and the gradient of a node. @param {SVGElement} group @param {Element} data */
function rowOf(group, data) {
  const node = data.getAttribute("data-node") ?? "";
  const grad = group.querySelector(`text.grad[data-node="${node}"]`);
  const tints = group.querySelectorAll(`.tint[data-node="${node}"]`);
  const xs = (tints[0]?.getAttribute("points") ?? "").split(" ").map(parseFloat);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  for (const [text, at] of /** @type {[any, number][]} */ ([[data, left - 4], [grad, right - 2]])) {
    text?.setAttribute("x", at);
    text?.setAttribute("text-anchor", "end");
  }
  return { i: Number(node.slice(1)), group: data, data, grad, tints, room: right - left - 2, dataWords: "", gradWords: "" };
}

/** Draws what is inside of the opened neuron: each product, the sum, the activation. @param {Player} player */
export function insideView(player) {
  const panel = byId("inside");
  return () => {
    const { story, current } = player;
    const neuron = story.opened === null ? undefined : story.neurons[story.opened];
    panel.hidden = !neuron;
    if (!neuron || story.opened === null) return;
    setText(byId("inside-heading"), `Inside ${neuron.name}`);
    const samples = Number(story.network?.count);
    const slope = samples > 1 ? `, the sum over ${samples} samples` : ` = d${story.root}/dz · x`;
    setText(byId("inside-slope"), `d${story.root}/dw${slope}`);
    byId("inside-rows").replaceChildren(...insideRows(player, story.opened, neuron, story.steps[current]));
  };
}

/** @param {Player} player @param {number} a @param {Neuron} neuron @param {import("./story.js").Step} step */
function insideRows(player, a, { z, weights, inputs, bias, activation }, step) {
  const { story, current } = player;
  const { data, grads } = story.stateAt(current);
  const hides = player.hides(current);
  const touched = new Set([step.target, ...step.changes.map(([i]) => i)]);
  const name = (/** @type {number} */ i) => story.nodes.get(i)?.name ?? "";
  const asked = (/** @type {number} */ i) => hides && touched.has(i);
  const value = (/** @type {number} */ i) => {
    const x = story.nodes.get(i)?.constant ? story.number(i) : data.get(i);
    return asked(i) && step.phase !== "backward" ? "?" : x === undefined ? "·" : number(x);
  };
  const slope = (/** @type {number} */ i) => {
    const known = grads.get(i);
    return asked(i) && step.phase === "backward" ? "?" : known ? number(known.value) : "·";
  };
  const product = (/** @type {number} */ w, /** @type {number} */ x) =>
    value(x) === "·" || value(x) === "?" ? "·" : number(story.number(w) * story.number(x));
  const row = (/** @type {number[]} */ nodes, /** @type {string[]} */ ...cells) =>
    make("tr", { className: nodes.some((i) => touched.has(i)) ? "in-step" : "" },
      make("th", { scope: "row", textContent: cells[0] }), ...cells.slice(1).map((text) => make("td", { textContent: text })));
  const rows = weights.map((w, k) => row([w], name(inputs[k]), value(inputs[k]), name(w), value(w), product(w, inputs[k]), slope(w)));
  if (bias !== null) rows.push(row([bias], "bias", "", name(bias), value(bias), value(bias), slope(bias)));
  rows.push(row([z], `${name(z)} = the sum`, "", "", "", value(z), slope(z)));
  if (activation !== null) rows.push(row([a], `${name(a)} = ${activation}(${name(z)})`, "", "", "", value(a), slope(a)));
  return rows;
}

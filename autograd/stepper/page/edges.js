// @ts-check
// The edges: what a step highlights, the arrow that travels back, and the local derivative on it.
import { number } from "../../pages/numbers.js";
import { around, boxOf, element } from "../../pages/pan_zoom.js";
import { copyBeside } from "./copies.js";
import { byId, make } from "../../pages/elements.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("../../pages/pan_zoom.js").PanZoom} PanZoom
 * @typedef {import("../../pages/pan_zoom.js").Box} Box
 */
/** @type {Record<string, string>} */
const HINTS = {
  given: "These numbers are given. Change one, in the picture or in the list: all others follow.",
  forward: "Forward: a box is computed from the boxes whose arrows lead to it.",
  update: "Update: a parameter moves against its gradient, by the learning rate times the gradient.",
  asked: "Upstream times local derivative is the term.",
  backward: "Backward: the result by itself is 1. From here each node passes on to its operands.",
  neuron: "Backward: the gradient of z, times x, goes to each weight. Times w, it goes to each input.",
  verdict: "The table below compares each gradient with the right one.",
};
const MAX_LABELED = 40; // edges of paths; more would hide the picture
const MAX_PLAIN = 60; // edges; of more, those that are not of the step are pale
const MAX_CHIPS = 3; // contributions shown at a time
const HEAD = 8; // the length of the arrow head that points back

/** Marks the boxes and edges of the step, and keeps them in view. @param {Player} player @param {PanZoom | null} view */
export function highlightView(player, view) {
  const picture = byId("picture");
  picture.classList.toggle("dense", picture.querySelectorAll(".edge").length > MAX_PLAIN);
  /** @type {unknown} */
  let shown = null;
  return () => {
    const step = player.story.steps[player.current];
    if (shown === step) return;
    shown = step;
    for (const active of picture.querySelectorAll(".node, .edge")) active.classList.remove(...PHASES);
    picture.querySelector(".head-back")?.remove();
    const marked = activeParts(player, step);
    for (const part of marked) part.classList.add(step.phase);
    const edge = backEdge(step);
    if (edge) edge.append(headBack(edge));
    const inFocus = isNeuron(step) ? marked.filter((part) => part.classList.contains("node")) : marked;
    if (view && inFocus.length) view.reveal(around(inFocus.map(boxOf)));
    for (const rect of picture.querySelectorAll(".minimap rect")) {
      rect.classList.toggle("here", marked.some((part) => part.id === rect.getAttribute("data-of")));
    }
  };
}

const PHASES = ["given", "forward", "backward", "update", "verdict"];

/** @param {Player} player @param {import("./story.js").Step} step @returns {SVGGraphicsElement[]} */
function activeParts({ story }, step) {
  const { phase, node, target } = step;
  const found = target === null ? [] : [copyBeside(target, node) ?? byId(`n${story.boxOf(target)}`)];
  if (node !== null) {
    const box = story.boxOf(node);
    found.push(byId(`n${box}`));
    if (phase === "forward" || isNeuron(step)) found.push(...document.querySelectorAll(`[id^="e${box}_"]`));
    else if (phase === "backward") found.push(backEdge(step));
  }
  return [...new Set(found.filter(Boolean))];
}

/** Whether a step is a whole neuron, which reads along many edges. @param {import("./story.js").Step} step */
function isNeuron({ inside }) {
  return Number(inside?.[1]) - Number(inside?.[0]) > 1;
}

/** @param {import("./story.js").Step} step */
function backEdge({ phase, node, operand, edge }) {
  if (edge !== undefined) return edge === null ? null : byId(edge);
  return phase === "backward" && operand !== null ? byId(`e${node}_${operand}`) : null;
}

/** An arrow head at the operand's end of an edge. @param {SVGElement} edge */
function headBack(edge) {
  const path = /** @type {SVGPathElement} */ (edge.querySelector("path"));
  const [tip, back] = [path.getPointAtLength(0), path.getPointAtLength(Math.min(HEAD, path.getTotalLength()))];
  const length = Math.hypot(back.x - tip.x, back.y - tip.y) || 1;
  const [dx, dy] = [((back.x - tip.x) / length) * HEAD, ((back.y - tip.y) / length) * HEAD];
  const corners = [[tip.x, tip.y], [tip.x + dx - dy / 2.4, tip.y + dy + dx / 2.4], [tip.x + dx + dy / 2.4, tip.y + dy - dx / 2.4]];
  return element("polygon", { class: "head-back", points: corners.map((corner) => corner.join(",")).join(" ") });
}

/** Writes `× 2` on the edge of the step and on those of the lit paths. @param {Player} player */
export function localDerivativesView(player) {
  const graph = document.querySelector("#picture g.graph");
  /** @type {Box[] | null} */
  let boxes = null; // of what no label may cover
  return () => {
    for (const old of document.querySelectorAll("#picture .local")) old.remove();
    if (!graph) return;
    const taken = [...(boxes ??= obstacles(graph))];
    const inside = around(boxes);
    const label = (/** @type {SVGElement} */ on, /** @type {number} */ value, /** @type {string} */ kind) => {
      const text = `× ${number(value, 3)}`;
      const place = freePlace(on, text.length * LABEL_CHARACTER[kind] - NARROWER, LABEL_HEIGHT[kind], taken, inside);
      if (!place) return; // the card of the edge tells it
      taken.push(place);
      const at = { x: place.x + place.width / 2, y: place.y + place.height * 0.78 };
      graph.append(Object.assign(element("text", { class: kind, ...at, "text-anchor": "middle" }), { textContent: text }));
    };
    const { story, current } = player;
    const step = story.steps[current];
    const edge = backEdge(step);
    if (edge && step.local_grad !== null && !player.hides(current)) {
      label(edge, story.figure(step.local_grad), "local now");
    }
    const all = litEdges(player);
    if (all.length > MAX_LABELED) return;
    for (const [lit, value] of all) {
      if (lit !== edge) label(lit, value, "local");
    }
  };
}

/** @type {Record<string, number>} */
const LABEL_CHARACTER = { local: 6.1, "local now": 7.9 }; // its width; the space is narrower
/** @type {Record<string, number>} */
const LABEL_HEIGHT = { local: 13, "local now": 17 };
const NARROWER = 4; // is the space in a label
const BORDER = 2.5; // half of the border of an active box, with the air around it
const ALONG = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82]; // of an edge: where a label may stand
const ASIDE = [-1, 1, -2, 2, -3, 3]; // of its center from the edge: how often beside it
const VERTICAL = [0, 1]; // a way aside too, where there is no place across the edge
const AIR = 7; // between the edge and a label beside it

/** @typedef {{x: number, y: number, across: [number, number]}} EdgePoint  and the direction across the edge there */
/** @type {WeakMap<SVGElement, EdgePoint[]>} */
const pointsOf = new WeakMap(); // along edges: to measure one makes the browser lay out the page

/** The boxes of nodes and of the legend. @param {Element} graph @returns {Box[]} */
function obstacles(graph) {
  const parts = /** @type {NodeListOf<SVGGraphicsElement>} */ (graph.querySelectorAll(":scope > .node, :scope > text"));
  return [...parts].map((part) => {
    const { x, y, width, height } = part.getBBox();
    return { x: x - BORDER, y: y - BORDER, width: width + 2 * BORDER, height: height + 2 * BORDER };
  });
}

/** @param {SVGElement} edge @returns {EdgePoint[]} */
function pointsAlong(edge) {
  const path = /** @type {SVGPathElement} */ (edge.querySelector("path"));
  const length = path.getTotalLength();
  return ALONG.map((t) => {
    const [{ x, y }, before, after] = [t, t - 0.05, t + 0.05].map((at) => path.getPointAtLength(length * at));
    const [dx, dy] = [after.x - before.x, after.y - before.y];
    const size = Math.hypot(dx, dy) || 1;
    const upward = dx < 0 ? -1 : 1;
    return { x, y, across: /** @type {[number, number]} */ ([(-dy / size) * upward, (dx / size) * upward]) };
  });
}

/** A place beside an edge that is free of boxes and of other labels, or null. @param {SVGElement} edge @param {number} width @param {number} height @param {Box[]} taken @param {Box} inside @returns {Box | null} */
function freePlace(edge, width, height, taken, inside) {
  const points = pointsOf.get(edge) ?? pointsAlong(edge);
  pointsOf.set(edge, points);
  for (const aside of ASIDE) {
    const directions = points.flatMap(({ x, y, across }) => [across, VERTICAL].map(([right, down]) => ({ x, y, right, down })));
    for (const { x, y, right, down } of directions) {
      const far = aside * ((Math.abs(right) * width + Math.abs(down) * height) / 2 + AIR);
      const place = { x: x + right * far - width / 2, y: y + down * far - height / 2, width, height };
      if (place.y < inside.y || place.y + height > inside.y + inside.height) continue; // it would be cut off
      if (!taken.some((box) => overlap(box, place))) return place;
    }
  }
  return null;
}

/** @param {Box} a @param {Box} b */
function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The edges of the paths from the looked-at node to the root. @param {Player} player @returns {[SVGElement, number][]} */
function litEdges(player) {
  const { engine } = player.story;
  const from = player.hovered ?? player.chosen;
  if (!engine?.graph || from === null || player.hides(player.current)) return [];
  const above = nodesAbove(engine.graph.parents, from);
  /** @type {[SVGElement, number][]} */
  const found = [];
  for (const i of above) {
    const neuron = player.story.neurons[i];
    if (neuron) {
      found.push(...litInputs(engine, above, i, neuron));
      continue;
    }
    for (const [k, parent] of engine.graph.parents[i].entries()) {
      const edge = byId(`e${i}_${k}`);
      if (edge && above.has(parent) && engine.local[i][k] !== null) found.push([edge, engine.local[i][k]]);
    }
  }
  return found;
}

/** The edges into a neuron: its derivative by an input is that of its activation times the weight. */
function litInputs(/** @type {any} */ engine, /** @type {Set<number>} */ above, /** @type {number} */ a, /** @type {import("./story.js").Neuron} */ { z, weights, inputs }) {
  const slope = a === z ? 1 : engine.local[a][engine.graph.parents[a].indexOf(z)];
  return inputs.flatMap((x, k) => {
    const edge = byId(`e${a}_${k}`);
    return edge && above.has(x) ? [/** @type {[SVGElement, number]} */ ([edge, slope * engine.data[weights[k]]])] : [];
  });
}

/** The nodes that are computed from node `from`, and itself. @param {number[][]} parents @param {number} from */
export function nodesAbove(parents, from) {
  const above = new Set([from]);
  for (let i = from + 1; i < parents.length; i++) if (parents[i].some((p) => above.has(p))) above.add(i);
  return above;
}

/** Lights the paths. @param {Player} player */
export function pathsView(player) {
  return () => {
    for (const lit of document.querySelectorAll("#picture .lit")) lit.classList.remove("lit");
    for (const [edge] of litEdges(player)) edge.classList.add("lit");
  };
}

/** The card of the edge: upstream times local is the contribution, and how contributions add up. @param {Player} player */
export function edgeCardView(player) {
  const card = byId("edge-card");
  return () => {
    const { story, current } = player;
    const step = story.steps[current];
    const shown = step.term !== null && step.adjoint !== null && step.local_grad !== null && step.node !== null && step.target !== null;
    card.classList.toggle("empty", !shown || player.hides(current));
    if (card.classList.contains("empty")) return card.replaceChildren(HINTS[shown ? "asked" : hintOf(step)] ?? "");
    const [by, to] = [step.node, step.target].map((i) => story.nodes.get(Number(i))?.name ?? "…");
    const tile = (/** @type {string} */ name, /** @type {string} */ symbol, /** @type {any} */ row) =>
      make("div", { className: `tile ${name}` },
        make("span", { className: "kind", textContent: name }),
        make("b", { textContent: number(story.figure(row)) }),
        make("span", { className: "symbol", textContent: symbol }));
    card.replaceChildren(
      make("div", { className: "product" },
        tile("upstream", `d${story.root}/d${by}`, step.adjoint), "×",
        tile("local", `∂${by}/∂${to}`, step.local_grad), "=",
        tile("contribution", `to d${story.root}/d${to}`, step.term)),
      ...contributions(player, to));
  };
}

/** @param {import("./story.js").Step} step */
function hintOf(step) {
  return step.phase === "backward" && isNeuron(step) && step.node !== null ? "neuron" : step.phase;
}

/** The contributions to the gradient of the step's target, if there are several. @param {Player} player @param {string} to */
function contributions({ story, current }, to) {
  const target = Number(story.steps[current].target);
  const all = story.terms(target).filter(({ step }) => step.term !== null);
  if (all.length < 2) return [];
  const now = story.orderOf(current);
  const at = all.findIndex(({ order }) => order === now);
  const first = Math.max(0, Math.min(at - 1, all.length - MAX_CHIPS));
  const chips = all.slice(first, first + MAX_CHIPS).map(({ step: { node, term }, order }) => {
    const from = story.nodes.get(Number(node))?.name ?? "…";
    const state = order < now ? "arrived" : order === now ? "arrives" : "to-come";
    return make("li", { className: state }, order > now ? `from ${from}` : `${number(story.figure(Number(term)))} from ${from}`);
  });
  if (all.length > MAX_CHIPS) chips.push(make("li", { className: "total", textContent: `(${at + 1} of ${all.length})` }));
  const sum = story.stateAt(current).grads.get(target);
  const text = `d${story.root}/d${to} ${now >= all[all.length - 1].order ? "=" : "so far"} ${sum ? number(sum.value) : "·"}`;
  return [make("ul", { className: "contributions" }, ...chips, make("li", { className: "total", textContent: text }))];
}

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
};
const MAX_LABELED = 40; // edges of paths; more would hide the picture
const MAX_CHIPS = 3; // contributions shown at a time
const HEAD = 8; // the length of the arrow head that points back

/** Marks the boxes and edges of the step, and keeps them in view. @param {Player} player @param {PanZoom | null} view */
export function highlightView(player, view) {
  const picture = byId("picture");
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
      const place = freePlace(on, text.length * LABEL_CHARACTER[kind], LABEL_HEIGHT[kind], taken, inside);
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
const LABEL_CHARACTER = { local: 6.4, "local now": 8.1 }; // its width, with the halo
/** @type {Record<string, number>} */
const LABEL_HEIGHT = { local: 13, "local now": 17 };
const ALONG = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82]; // of an edge: where a label may stand
const ASIDE = [-0.9, 0.9, -1.8, 1.8, -2.7, 2.7]; // of its center from the edge, in heights

/** @type {WeakMap<SVGElement, DOMPoint[]>} */
const pointsOf = new WeakMap(); // along edges: to measure one makes the browser lay out the page

/** The boxes of nodes and of the legend. @param {Element} graph @returns {Box[]} */
function obstacles(graph) {
  const parts = /** @type {NodeListOf<SVGGraphicsElement>} */ (graph.querySelectorAll(":scope > .node, :scope > text"));
  return [...parts].map((part) => part.getBBox());
}

/** A place beside an edge that is free of boxes and of other labels, or null. @param {SVGElement} edge @param {number} width @param {number} height @param {Box[]} taken @param {Box} inside @returns {Box | null} */
function freePlace(edge, width, height, taken, inside) {
  const path = /** @type {SVGPathElement} */ (edge.querySelector("path"));
  const points = pointsOf.get(edge) ?? ALONG.map((t) => path.getPointAtLength(path.getTotalLength() * t));
  pointsOf.set(edge, points);
  for (const aside of ASIDE) {
    for (const { x, y } of points) {
      const place = { x: x - width / 2, y: y + (aside - 0.5) * height, width, height };
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
    if (card.classList.contains("empty")) return card.replaceChildren(HINTS[shown ? "asked" : step.phase] ?? "");
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

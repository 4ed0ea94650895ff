// @ts-check
// The scalar graph of the chosen neuron on the followed point, in fixed columns, and the walk through it.
import { byId, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";
import { element } from "../../../autograd/pages/pan_zoom.js";
import { neuronGraph } from "./neuron_graph.js";
import { walkThrough } from "./neuron_walk.js";

/** @typedef {import("./player.js").Player} Player @typedef {import("./neuron_graph.js").Graph} Graph @typedef {import("./neuron_walk.js").WalkStep} WalkStep */

const LEAF = { width: 224, height: 24 };
const NODE = { width: 122, height: 54 };
const NAME_CHARACTERS = 10; // of a leaf: its number begins after them
const ROW = 60; // of an input with its weight
const GAP = 44; // between columns
const HEAD = 22; // the names of the columns
const PLAY_MS = 1400;

/** @param {Player} player */
export function scalarView(player) {
  const walk = { at: -1, steps: /** @type {WalkStep[]} */ ([]), timer: /** @type {any} */ (0) };
  let built = "";
  /** @type {any} */
  let boxes = null;
  const draw = () => {
    const { run, chosen } = player;
    if (!run.points.length) return;
    const graph = neuronGraph(run, chosen.point, chosen.layer, chosen.unit);
    const key = JSON.stringify([chosen.layer, chosen.unit, graph.ops, graph.names]);
    if (key !== built) {
      built = key;
      walk.at = -1;
      boxes = build(player, graph);
    }
    if (player.playing) walk.at = -1;
    walk.steps = walkThrough(graph, chosen.layer === player.depth - 1);
    setText(byId("scalar-heading"), heading(player));
    fill(player, graph, boxes, walk);
    if (walk.at >= 0) reveal(byId("scalar-picture"), boxes.nodes[walk.steps[walk.at].target].group.getBBox());
    say(walk);
  };
  connectWalk(player, walk, draw);
  return draw;
}

/** @param {Player} player */
function heading({ run, chosen, depth }) {
  const point = run.points[chosen.point];
  const label = run.settings.data.classes.length ? `class ${run.settings.data.classes[point.y]}` : `y = ${number(point.y)}`;
  const neuron = chosen.layer === depth - 1 ? `output ${chosen.unit + 1}` : `layer ${chosen.layer + 1}, neuron ${chosen.unit + 1}`;
  return `Down to the scalar: ${neuron} on point ${chosen.point + 1} (${label})`;
}

/** @param {Player} player @param {{at: number, steps: WalkStep[], timer: any}} walk @param {() => void} draw */
function connectWalk(player, walk, draw) {
  const stop = () => {
    clearInterval(walk.timer);
    walk.timer = 0;
    setText(byId("walk-play").querySelector("span"), "Play");
  };
  const go = (/** @type {number} */ at) => {
    if (player.playing) player.pause();
    walk.at = Math.max(-1, Math.min(at, walk.steps.length - 1));
    draw();
  };
  /** @type {Record<string, () => number>} */
  const moves = {
    "walk-first": () => 0,
    "walk-previous": () => (walk.at < 0 ? walk.steps.length - 1 : Math.max(0, walk.at - 1)),
    "walk-next": () => walk.at + 1,
    "walk-last": () => -1,
  };
  for (const [id, to] of Object.entries(moves)) {
    byId(id).addEventListener("click", () => {
      stop();
      go(to());
    });
  }
  byId("walk-play").addEventListener("click", () => {
    if (walk.timer) return stop();
    if (walk.at >= walk.steps.length - 1) walk.at = -1;
    go(walk.at + 1);
    setText(byId("walk-play").querySelector("span"), "Pause");
    walk.timer = setInterval(() => {
      go(walk.at + 1);
      if (walk.at >= walk.steps.length - 1 || player.playing) stop();
    }, PLAY_MS);
  });
}

/** Where each node stands. @param {Graph} graph */
function layout({ ops, inputs: n }) {
  const columns = [0, LEAF.width + GAP, LEAF.width + NODE.width + 2 * GAP, LEAF.width + 2 * NODE.width + 3 * GAP];
  const height = HEAD + n * ROW + 36;
  const middle = HEAD + (height - HEAD - NODE.height) / 2;
  return ops.map((_, i) => {
    if (i < 2 * n) return { x: columns[0], y: HEAD + Math.floor(i / 2) * ROW + (i % 2) * (LEAF.height + 2) + 2, ...LEAF };
    if (i === 2 * n) return { x: columns[0], y: HEAD + n * ROW + 6, ...LEAF };
    if (i <= 3 * n) return { x: columns[1], y: HEAD + (i - 2 * n - 1) * ROW, ...NODE };
    return { x: columns[i === 3 * n + 1 ? 2 : 3], y: middle, ...NODE };
  });
}

/** @param {Player} player @param {Graph} graph */
function build(player, graph) {
  const places = layout(graph);
  const { inputs: n, ops, parents } = graph;
  const width = Math.max(...places.map(({ x, width: w }) => x + w)) + 4;
  const height = HEAD + n * ROW + 36;
  const svg = element("svg", { width, height, viewBox: `-2 0 ${width} ${height}` });
  const links = parents.flatMap((from, i) => from.map((p) => linkOf(svg, places[p], places[i], p, i)));
  const nodes = places.map((place, i) => nodeOf(player, svg, graph, place, i));
  const columns = ["inputs and weights", "products", "sum", ops[3 * n + 2] ? "activation" : ""];
  for (const [c, words] of columns.entries()) {
    const at = places[[0, 2 * n + 1, 3 * n + 1, 3 * n + 2][c]];
    if (!at || !words) continue;
    const text = element("text", { class: "column", x: at.x + at.width / 2, y: 14, "text-anchor": "middle" });
    text.textContent = words;
    svg.append(text);
  }
  byId("scalar-picture").replaceChildren(svg);
  return { links, nodes };
}

/** @param {any} svg @param {any} from @param {any} to @param {number} p @param {number} i */
function linkOf(svg, from, to, p, i) {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const flat = x2 - GAP; // a link over several columns bends before the last
  const path = element("path", { class: "link", d: `M${x1} ${y1}H${flat}C${flat + GAP / 2} ${y1} ${x2 - GAP / 2} ${y2} ${x2} ${y2}` });
  svg.append(path);
  return { path, p, i };
}

/** The name, or its beginning where it is too long. @param {string} name */
function cut(name) {
  const characters = [...name];
  return characters.length > NAME_CHARACTERS ? `${characters.slice(0, NAME_CHARACTERS - 1).join("")}…` : name;
}

/** @param {Player} player @param {any} svg @param {Graph} graph @param {any} place @param {number} i */
function nodeOf(player, svg, { ops, names, inputs: n }, { x, y, width, height }, i) {
  const isLeaf = ops[i] === null;
  const isWeight = i <= 2 * n && (i % 2 === 1 || i === 2 * n);
  const group = element("g", { class: `node ${isLeaf ? "leaf" : ""} ${isWeight ? "weight" : ""}` });
  const write = (/** @type {string} */ name, /** @type {number} */ tx, /** @type {number} */ ty, anchor = "start") => {
    const text = element("text", { class: name, x: tx, y: ty, "text-anchor": anchor });
    group.append(text);
    return text;
  };
  group.append(element("rect", { class: "box", x, y, width, height, rx: isLeaf ? 0 : 7 }));
  const tint = element("rect", isLeaf ? { class: "tint", x: x + width - 81, y: y + 1, width: 80, height: height - 2 } : { class: "tint", x: x + 1, y: y + 35, width: width - 2, height: 18, rx: 5 });
  group.append(tint);
  const symbol = { mul: "×", add: "+", sum: "+" }[ops[i] ?? ""] ?? ops[i];
  const parts = isLeaf
    ? { name: write("name", x + 6, y + 16), data: write("data", x + width - 87, y + 16, "end"), grad: write("grad", x + width - 6, y + 16, "end") }
    : { name: write("name", x + width - 7, y + 15, "end"), data: write("data", x + width - 7, y + 31, "end"), grad: write("grad", x + width - 7, y + 48, "end") };
  setText(parts.name, isLeaf ? cut(names[i]) : names[i]);
  if (parts.name.textContent !== names[i]) {
    const whole = element("title", {});
    setText(whole, names[i]);
    group.append(whole);
  }
  parts.name.style.fontWeight = "700";
  if (!isLeaf) for (const [words, dy] of [[symbol, 15], ["data", 31], ["grad", 48]]) write("kind", x + 7, y + Number(dy)).textContent = String(words);
  if (isWeight) group.addEventListener("click", () => player.choose({ k: Math.floor(i / 2) }));
  svg.append(group);
  return { group, tint, ...parts, isWeight };
}

/** @param {Player} player @param {Graph} graph @param {any} boxes @param {{at: number, steps: WalkStep[]}} walk */
function fill({ chosen }, graph, boxes, { at, steps }) {
  const all = at < 0;
  const now = all ? null : steps[at];
  const done = new Set(all ? [] : steps.slice(0, at + 1).map(({ phase, target }) => `${phase} ${target}`));
  for (const [i, box] of boxes.nodes.entries()) {
    const hasData = all || graph.ops[i] === null || done.has(`forward ${i}`);
    const hasGrad = !graph.constants[i] && (all || done.has(`backward ${i}`));
    setText(box.data, hasData ? number(graph.data[i]) : "·");
    setText(box.grad, hasGrad ? number(graph.grads[i]) : graph.constants[i] ? "" : "·");
    box.tint.setAttribute("class", `tint ${hasGrad && graph.grads[i] > 0 ? "plus" : ""} ${hasGrad && graph.grads[i] < 0 ? "minus" : ""}`);
    box.tint.style.visibility = hasGrad && graph.grads[i] ? "visible" : "hidden";
    box.group.classList.toggle("now-forward", now?.phase === "forward" && now.target === i);
    box.group.classList.toggle("now-backward", now?.phase === "backward" && now.target === i);
    box.group.classList.toggle("chosen", box.isWeight && Math.floor(i / 2) === chosen.k);
  }
  for (const { path, p, i } of boxes.links) {
    path.classList.toggle("now-forward", now?.phase === "forward" && now.node === i);
    path.classList.toggle("now-backward", now?.phase === "backward" && now.node === i && now.target === p);
  }
}

/** Scrolls the picture, not the page, to a node. @param {any} pane @param {{x: number, y: number, width: number, height: number}} box */
function reveal(pane, { x, y, width, height }) {
  const toward = (/** @type {number} */ from, /** @type {number} */ room, /** @type {number} */ low, /** @type {number} */ size) =>
    Math.min(Math.max(from, low + size + GAP - room), low - GAP);
  pane.scrollLeft = toward(pane.scrollLeft, pane.clientWidth, x, width);
  pane.scrollTop = toward(pane.scrollTop, pane.clientHeight, y, height);
}

/** @param {{at: number, steps: WalkStep[]}} walk */
function say({ at, steps }) {
  const said = byId("walk-said");
  const step = steps[at];
  const words = step ? `${step.text}\n${step.note}` : "";
  setText(byId("walk-position"), step ? `${at + 1} of ${steps.length}` : `${steps.length} steps`);
  if (said.dataset.words === words && words) return;
  said.dataset.words = words;
  said.className = `walk-said ${step?.phase ?? ""}`;
  const small = document.createElement("small");
  small.textContent = step ? step.note : "Next walks through the neuron, forward and then backward. Click a weight: why does it move?";
  said.replaceChildren(step?.text ?? "", small);
}

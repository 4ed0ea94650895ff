// @ts-check
// The network: a heat map for each neuron, an edge for each weight.
import { byId, make, makeButton, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";
import { element } from "../../../autograd/pages/pan_zoom.js";
import { FOOT_PX, layerFoot } from "./gradient_bars.js";
import { paint, palette } from "./palette.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {{x: number, y: number, size: number, hasCaption: boolean, isCrowded: boolean}} Place
 * @typedef {{path: any, hit: any, layer: number, unit: number, k: number, index: number}} Edge
 * @typedef {{button: any, canvas: any, caption: any, image: ImageData | null, layer: number, unit: number, isCrowded: boolean}} Neuron
 */

const HEAD_PX = 50; // above the neurons: the number of units of a layer
const [MIN_SIZE_PX, MAX_SIZE_PX] = [14, 62]; // of a heat map
const NARROW_PX = 70; // of a column: the head of a layer is upright, its numbers are small
const INPUT_POINTS = 16; // a side, of the picture of an input
const CAPTION_PX = 17; // below a heat map
const CAPTION_SIZE_PX = 40; // smaller heat maps have no caption
const CROWDED_PX = 106; // of a column: there "dL/da -0.000123" would meet the next caption
const [MIN_WIDTH, MAX_WIDTH] = [0.6, 8]; // of an edge
const MANY_EDGES = 120; // more are thinner, and those of the chosen neuron stand out
const MANY_EDGES_MS = 150; // between two drawings of many edges
const KINDS = /** @type {const} */ ({ weights: "parameters", gradients: "gradients", updates: "lastUpdate" });
/** What the edges show after a phase. */
const STRESSED = /** @type {const} */ ({ start: "weights", forward: "weights", backward: "gradients", update: "updates" });
/** What the legend says of numbers that no phase has computed. */
const NOT_YET = { weights: "", gradients: "comes with 2 Backward", updates: "comes with 3 Update" };
const ACTIVE = { weights: "weight", gradients: "dL/dw", updates: "update" };

/** @param {Player} player @param {import("./plane.js").Plane} plane */
export function networkView(player, plane) {
  const pane = byId("layers");
  /** @type {any} */
  let drawn = null;
  /** @type {{neurons: Neuron[], edges: Edge[], inputs: any[]}} */
  let parts = { neurons: [], edges: [], inputs: [] };
  let size = "";
  const present = () => `${pane.clientWidth} ${pane.clientHeight}`;
  const draw = () => {
    const { run } = player;
    if (run.network !== drawn || present() !== size) {
      drawn = run.network;
      size = present();
      parts = build(player, pane);
    }
    drawNeurons(player, parts.neurons, plane.responses(run, player.playing), plane);
    drawInputs(parts.inputs, plane);
    drawEdges(player, parts.edges, player.stressed ? STRESSED[player.stressed] : player.shown.edges);
  };
  new ResizeObserver(() => {
    if (present() !== size && !player.playing) player.draw();
  }).observe(pane);
  byId("edges").addEventListener("change", () => {
    player.shown.edges = byId("edges").value;
    player.stressed = null;
    player.draw();
  });
  rove(player, pane);
  return draw;
}

/**
 * The places and sizes of all columns: inputs, then layers.
 * @param {number[]} counts @param {number} width @param {number} height
 */
function places(counts, width, height) {
  const across = width / counts.length;
  const margin = Math.max(MAX_SIZE_PX / 2, Math.min(46, width * 0.08));
  const columns = counts.map((count, column) => {
    const room = (height - HEAD_PX) / count;
    const captioned = Math.min(room - CAPTION_PX - 4, across - 18, MAX_SIZE_PX);
    const hasCaption = captioned >= CAPTION_SIZE_PX;
    const size = Math.max(MIN_SIZE_PX, hasCaption ? captioned : Math.min(room - 4, across - 18, CAPTION_SIZE_PX));
    const step = Math.min(room, size + CAPTION_PX + 16);
    const x = margin + (column * (width - 2 * margin)) / (counts.length - 1);
    return { x, size, step, hasCaption, middle: HEAD_PX + (height - HEAD_PX) / 2 - (hasCaption ? CAPTION_PX / 2 : 0) };
  });
  const at = (/** @type {number} */ column, /** @type {number} */ unit) => {
    const { x, step, middle, size, hasCaption } = columns[column];
    return { x, y: middle + (unit - (counts[column] - 1) / 2) * step, size, hasCaption, isCrowded: across < CROWDED_PX };
  };
  return at;
}

/** @param {Player} player @param {any} pane */
function build(player, pane) {
  const { run } = player;
  const { layers, inputs } = run.network;
  const counts = [inputs.length, ...layers.map((/** @type {any[]} */ layer) => layer.length)];
  const at = places(counts, pane.clientWidth || 600, (pane.clientHeight || 400) - FOOT_PX);
  const focused = document.activeElement?.id;
  const svg = element("svg", { "aria-hidden": "true" });
  pane.classList.toggle("narrow", (pane.clientWidth || 600) / counts.length < NARROW_PX);
  pane.replaceChildren(svg, ...counts.map((_, column) => layerHead(player, column, at(column, 0).x)),
    ...counts.map((_, column) => layerFoot(column, at(column, 0).x)));
  const edges = layers.flatMap((/** @type {any[]} */ layer, /** @type {number} */ l) =>
    layer.flatMap((neuron, unit) => neuron.weights.map((/** @type {number} */ index, /** @type {number} */ k) =>
      edgeOf(player, svg, { layer: l, unit, k, index }, at(l, k), at(l + 1, unit)))));
  const neurons = layers.flatMap((/** @type {any[]} */ layer, /** @type {number} */ l) =>
    layer.map((_, unit) => neuronOf(player, pane, l, unit, at(l + 1, unit))));
  const { names } = run.settings.data;
  const inputMaps = names.map((name, i) => inputOf(pane, name, i, at(0, i)));
  svg.append(...svg.querySelectorAll(".hit"));
  if (focused) document.getElementById(focused)?.focus();
  return { neurons, edges, inputs: inputMaps };
}

/** The head of a column: a hidden layer has buttons. @param {Player} player @param {number} column @param {number} x */
function layerHead(player, column, x) {
  const { hidden, activation } = player.settings.network;
  const head = make("div", { className: "layer-head" });
  head.style.left = `${x}px`;
  if (column === 0) head.append(make("span", { textContent: "inputs" }));
  else if (column > hidden.length) head.append(make("span", { textContent: "output" }));
  else {
    const units = hidden[column - 1];
    const set = (/** @type {number} */ count) => {
      player.change("network", { hidden: hidden.with(column - 1, count), weights: null });
      if (player.playing) return;
      document.getElementById(`${count > units ? "more" : "fewer"}-${column}`)?.focus();
    };
    const fewer = makeButton("−", () => units > 1 && set(units - 1));
    const more = makeButton("+", () => set(units + 1));
    fewer.id = `fewer-${column}`;
    more.id = `more-${column}`;
    fewer.setAttribute("aria-label", `One unit fewer in layer ${column}`);
    more.setAttribute("aria-label", `One unit more in layer ${column}`);
    fewer.setAttribute("aria-disabled", String(units <= 1));
    head.append(make("span", { textContent: player.settings.mistakes.no_activation ? "no activation" : activation }),
      make("div", { className: "stepper" }, fewer, make("span", { textContent: String(units) }), more));
  }
  return head;
}

/** @param {Player} player @param {any} svg @param {{layer: number, unit: number, k: number, index: number}} weight @param {Place} from @param {Place} to @returns {Edge} */
function edgeOf(player, svg, weight, from, to) {
  const [x1, x2] = [from.x + from.size / 2, to.x - to.size / 2];
  const bend = (x2 - x1) * 0.45;
  const d = `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
  const path = element("path", { class: "edge", d });
  const hit = element("path", { class: "hit", d });
  const title = element("title", {});
  hit.append(title);
  hit.addEventListener("click", () => player.choose({ layer: weight.layer, unit: weight.unit, k: weight.k }));
  hit.addEventListener("pointerenter", () => setText(title, edgeWords(player, weight)));
  svg.append(path, hit);
  return { path, hit, ...weight };
}

/** @param {Player} player @param {{index: number}} weight */
function edgeWords({ run }, { index }) {
  const name = run.network.names[index];
  return `${name} = ${number(run.parameters[index])}\ndL/d${name} = ${number(run.gradients[index])}\nlast update ${number(run.lastUpdate[index])}`;
}

/** @param {Player} player @param {any} pane @param {number} layer @param {number} unit @param {Place} place @returns {Neuron} */
function neuronOf(player, pane, layer, unit, { x, y, size, hasCaption, isCrowded }) {
  const canvas = make("canvas", { width: 1, height: 1 });
  const button = make("button", { type: "button", className: "neuron", id: `neuron-${layer}-${unit}` }, canvas);
  button.style.cssText = `left:${x - size / 2}px;top:${y - size / 2}px;width:${size}px;height:${size}px`;
  button.addEventListener("click", () => player.choose({ layer, unit }));
  button.classList.toggle("small", !hasCaption);
  const caption = make("span", { className: "caption", hidden: !hasCaption });
  caption.setAttribute("aria-hidden", "true");
  caption.style.cssText = `left:${x}px;top:${y + size / 2 + 2}px`;
  pane.append(button, caption);
  return { button, canvas, caption, image: null, layer, unit, isCrowded };
}

/** @param {any} pane @param {string} name @param {number} i @param {Place} place */
function inputOf(pane, name, i, { x, y, size }) {
  const canvas = make("canvas", { width: INPUT_POINTS, height: INPUT_POINTS });
  const box = make("div", { className: "neuron input" }, canvas);
  box.style.cssText = `left:${x - size / 2}px;top:${y - size / 2}px;width:${size}px;height:${size}px`;
  const caption = make("span", { className: "caption", textContent: name });
  box.title = name;
  caption.style.cssText = `left:${x}px;top:${y + size / 2 + 2}px;max-width:${2 * x}px`;
  pane.append(box, caption);
  return { canvas, i, drawn: "" };
}

/** @param {any[]} inputs @param {import("./plane.js").Plane} plane */
function drawInputs(inputs, plane) {
  const { signed, dark } = palette();
  for (const input of inputs) {
    const key = `${plane.x} ${plane.y} ${plane.shown} ${plane.means[input.i]} ${dark}`;
    if (input.drawn === key) continue;
    input.drawn = key;
    const values = plane.input(input.i, INPUT_POINTS);
    const limit = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    put(input, INPUT_POINTS, INPUT_POINTS, (pixels) => paint(pixels, INPUT_POINTS, values, limit, signed));
  }
}

/** Fills a canvas of nx by ny pixels. @param {any} holder @param {number} nx @param {number} ny @param {(pixels: Uint32Array) => void} fill */
export function put(holder, nx, ny, fill) {
  const { canvas } = holder;
  if (!holder.image || holder.image.width !== nx || holder.image.height !== ny) {
    canvas.width = nx;
    canvas.height = ny;
    holder.image = new ImageData(nx, ny);
    holder.pixels = new Uint32Array(holder.image.data.buffer);
    holder.context = canvas.getContext("2d");
  }
  fill(holder.pixels);
  holder.context.putImageData(holder.image, 0, 0);
}

/** @param {Player} player @param {Neuron[]} neurons @param {Float64Array[]} responses @param {import("./plane.js").Plane} plane */
function drawNeurons(player, neurons, responses, plane) {
  const { run, chosen } = player;
  const { signed } = palette();
  const { nx, ny } = plane.grid(player.playing);
  const limits = layerLimits(player, neurons, responses);
  const isChance = run.settings.data.classes.length > 0 && run.network.outputs.length === 1; // 2 p - 1, as in the plane
  const dead = new Set(run.dead().map((/** @type {any} */ { layer, unit }) => `${layer} ${unit}`));
  const shown = player.playing ? null : player.run.sampleValues(chosen.point);
  for (const [i, neuron] of neurons.entries()) {
    const { layer, unit, button } = neuron;
    const values = isChance && layer === player.depth - 1 ? responses[i].map((z) => Math.tanh(z / 2)) : responses[i];
    put(neuron, nx, ny, (pixels) => paint(pixels, nx, values, values === responses[i] ? limits[layer] : 1, signed));
    const isChosen = layer === chosen.layer && unit === chosen.unit;
    button.setAttribute("aria-pressed", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    button.classList.toggle("dead", dead.has(`${layer} ${unit}`));
    drawCaption(player, neuron, shown, dead.has(`${layer} ${unit}`));
  }
}

/** The largest response of each layer, so that its neurons can be compared. @param {Player} player @param {Neuron[]} neurons @param {Float64Array[]} responses */
function layerLimits(player, neurons, responses) {
  const limits = player.run.network.layers.map(() => 1e-9);
  for (const [i, { layer }] of neurons.entries()) {
    for (const value of responses[i]) {
      const size = value < 0 ? -value : value;
      if (size > limits[layer] && size < Infinity) limits[layer] = size;
    }
  }
  return limits;
}

/** What is known of a neuron on the chosen point. @param {Player} player @param {Neuron} neuron @param {any} values @param {boolean} dead */
function drawCaption(player, { button, caption, layer, unit, isCrowded }, values, dead) {
  const { revealed } = player;
  const forward = values && player.shows("forward", layer);
  const backward = values && player.shows("backward", layer) && player.run.phase !== "forward";
  const a = values?.layers[layer].a[unit];
  const da = values?.layers[layer].da[unit];
  const withGradient = backward && player.run.phase !== "update";
  const gradient = isCrowded ? number(da, 2) : `dL/da ${number(da, 3)}`;
  setText(caption, withGradient ? gradient : forward ? number(a, 3) : "");
  button.title = withGradient ? `dL/da ${number(da)}` : "";
  caption.classList.toggle("grad", Boolean(withGradient));
  const lit = revealed && revealed.layer === layer;
  button.classList.toggle("lit", Boolean(lit && revealed.phase === "forward"));
  button.classList.toggle("lit-back", Boolean(lit && revealed.phase === "backward"));
  if (player.playing) return;
  const isOutput = layer === player.depth - 1;
  const name = `${isOutput ? "Output" : `Layer ${layer + 1}, neuron`} ${unit + 1}`;
  const words = [name, dead ? "dead: 0 on all training points" : "", forward ? `activation ${number(a)}` : "", withGradient ? `gradient ${number(da)}` : ""];
  button.setAttribute("aria-label", words.filter(Boolean).join(", "));
}

let edgesDrawnAt = 0;

/** @param {Player} player @param {Edge[]} edges @param {"weights" | "gradients" | "updates"} kind */
function drawEdges(player, edges, kind) {
  const areMany = edges.length > MANY_EDGES;
  const now = performance.now();
  if (player.playing && areMany && now - edgesDrawnAt < MANY_EDGES_MS) return;
  edgesDrawnAt = now;
  const values = player.run[KINDS[kind]];
  let limit = 0;
  for (const { index } of edges) {
    const size = Math.abs(values[index]);
    if (size > limit && size < Infinity) limit = size;
  }
  for (const edge of edges) drawEdge(player, edge, values[edge.index], limit, kind, areMany);
  drawLegend(kind, limit, player.run.phase === "start" ? NOT_YET[kind] : "");
  byId("edges").value = kind;
}

/** @param {Player} player @param {Edge} edge @param {number} value @param {number} limit @param {string} kind @param {boolean} isOneOfMany */
function drawEdge(player, { path, layer, unit, k }, value, limit, kind, isOneOfMany) {
  const { chosen } = player;
  const isKnown = kind !== "gradients" || player.playing || player.shows("backward", layer);
  const part = limit ? Math.min(1, Math.abs(value) / limit) : 0;
  const isNear = (layer === chosen.layer && unit === chosen.unit) || (layer === chosen.layer + 1 && k === chosen.unit);
  const widest = isOneOfMany ? MAX_WIDTH / 2 : MAX_WIDTH;
  const opacity = (0.25 + 0.75 * Math.sqrt(part)) * (isOneOfMany && !isNear ? 0.3 : 1);
  path.setAttribute("class", `edge ${isKnown ? (value < 0 ? "minus" : "plus") : "unknown"}`);
  path.setAttribute("stroke-width", (isKnown ? MIN_WIDTH + (widest - MIN_WIDTH) * part : 1).toFixed(2));
  path.setAttribute("stroke-opacity", isKnown ? opacity.toFixed(2) : "1");
}

let legendDrawn = "";

/** @param {"weights" | "gradients" | "updates"} kind @param {number} limit @param {string} unknown  why all numbers are 0 */
function drawLegend(kind, limit, unknown) {
  const most = number(limit, 2);
  const words = `${ACTIVE[kind]} ${limit ? `−${most} … ${most}` : unknown || "0 everywhere"}`;
  if (words === legendDrawn) return;
  legendDrawn = words;
  byId("legend").setAttribute("aria-label", `Width and color of the edges: ${words}. Blue is negative, orange positive.`);
  if (!limit) return byId("legend").replaceChildren(words);
  const wedge = (/** @type {string} */ sign, /** @type {string} */ points) => element("polygon", { points, fill: `var(--${sign})` });
  const svg = element("svg", { viewBox: "0 0 110 14", "aria-hidden": "true" });
  svg.append(wedge("minus", "2,3 55,6.6 55,7.4 2,11"), wedge("plus", "108,3 55,6.6 55,7.4 108,11"));
  byId("legend").replaceChildren(ACTIVE[kind], ` −${most}`, svg, most);
}

/** The network is one stop of the Tab key; arrow keys go from neuron to neuron. @param {Player} player @param {HTMLElement} pane */
function rove(player, pane) {
  pane.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const at = /neuron-(\d+)-(\d+)/.exec(event.target instanceof Element ? event.target.id : "");
    if (!way || !at) return;
    event.preventDefault();
    const layers = player.run.network.layers;
    const layer = Math.min(Math.max(Number(at[1]) + way[0], 0), layers.length - 1);
    const unit = Math.min(Math.max(Number(at[2]) + way[1], 0), layers[layer].length - 1);
    player.choose({ layer, unit });
    byId(`neuron-${layer}-${unit}`).focus();
  });
}

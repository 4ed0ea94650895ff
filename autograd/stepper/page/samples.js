// @ts-check
// The samples of a batch: which one the picture shows, and how their contributions add up.
import { number } from "../../pages/numbers.js";
import { byId, make, makeButton, setText } from "../../pages/elements.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("./story.js").Story} Story
 * @typedef {import("./story.js").Sample} Sample
 */

/** The pictures of the samples. Samples that differ in names and numbers alone share one. */
export class Samples {
  /** @param {Story} story @param {HTMLElement} pane */
  constructor(story, pane) {
    this.story = story;
    this.pane = pane;
    const others = [...document.querySelectorAll("#other-pictures template")].map((template) => /** @type {HTMLTemplateElement} */ (template).content.querySelector("svg"));
    this.pictures = [pane.querySelector("svg")?.cloneNode(true), ...others];
    this.shown = story.sample; // as the page was made
    this.note(pane);
  }

  /** Puts the picture of the present sample into the page. Returns it, if it is another one. */
  draw() {
    const { sample, network, nodes } = this.story;
    const old = this.pane.querySelector("svg");
    if (!sample || !network || sample === this.shown || !old) return null;
    this.shown = sample;
    const svg = /** @type {SVGSVGElement} */ (this.pictures[sample.picture]?.cloneNode(true));
    // it was drawn for the sample of the page, or else for the first of those that share it
    const drawnFor = /** @type {Sample} */ ([network.samples[network.shown], ...network.samples].find(({ picture }) => picture === sample.picture));
    const ids = new Map(drawnFor.ids.map((id, k) => [id, sample.ids[k]]));
    const twin = new Map(drawnFor.nodes.map((i, k) => [i, sample.nodes[k]]));
    for (const part of svg.querySelectorAll("[data-node]")) {
      const i = Number(part.getAttribute("data-node")?.slice(1));
      part.setAttribute("data-node", `n${twin.get(i) ?? i}`);
    }
    for (const part of svg.querySelectorAll("g[id]")) {
      const [from, to] = [part.id, ids.get(part.id) ?? part.id].map((id) => nodes.get(Number(id.slice(1)))?.name ?? "");
      const named = [...part.querySelectorAll("text")].find((text) => text.textContent.trim() === from);
      if (named && from) setText(named, to);
      part.id = ids.get(part.id) ?? part.id;
    }
    this.note(svg);
    old.replaceWith(svg);
    return svg;
  }

  /** Says in the picture which sample it shows; the option of Python that it names is a chooser here. @param {Element} picture */
  note(picture) {
    const { sample, network } = this.story;
    const note = [...picture.querySelectorAll("g.graph > text")].find((text) => / of \d+: sample=/.test(text.textContent));
    if (note) setText(note, `sample ${Number(sample?.number) + 1} of ${network?.count}`);
  }
}

/** The chooser of the sample, and the table of the batch. @param {Player} player */
export function samplesView(player) {
  const { story } = player;
  const { network } = story;
  if (!network || network.count < 2) return () => {};
  const chooser = byId("sample");
  byId("sample-chooser").hidden = byId("samples").hidden = false;
  chooser.replaceChildren(...network.samples.map((each, s) => make("option", { value: s, textContent: each.number + 1 })));
  chooser.addEventListener("change", () => player.showSample(Number(chooser.value)));
  setText(byId("sample-count"), String(network.count));
  const buttons = network.samples.map((each, s) => makeButton(`sample ${each.number + 1}`, () => player.showSample(s)));
  return () => {
    const w = parameterOf(player);
    const { root, nodes, sample } = story;
    const of = w === null ? "" : `d${root}/d${nodes.get(w)?.name}`;
    setText(byId("samples-heading"), w === null ? `The batch: how its ${network.count} samples add up. Choose a parameter for its gradients.` : `The batch: how its ${network.count} samples add up to ${of}`);
    chooser.value = String(network.samples.indexOf(/** @type {Sample} */ (sample)));
    const slope = w === null ? [] : [`d·/d${nodes.get(w)?.name}`, `to ${of}`];
    byId("samples-columns").replaceChildren(...["sample", "output", "value", `d${root}/d·`, ...slope].map((textContent) => make("th", { scope: "col", textContent })));
    const rows = network.samples.map((each, s) => {
      buttons[s].setAttribute("aria-pressed", String(each === sample));
      return make("tr", { className: each === sample ? "in-step" : "" }, make("th", { scope: "row" }, buttons[s]), ...cellsOf(player, each, w));
    });
    byId("samples-rows").replaceChildren(...rows, ...totals(player, w));
  };
}

/** The chosen parameter: a leaf of all samples. @param {Player} player */
function parameterOf({ story, chosen }) {
  if (chosen === null || story.nodes.get(chosen)?.op !== undefined || story.nodes.get(chosen)?.constant) return null;
  return story.network?.samples.some(({ nodes }) => nodes.includes(chosen)) ? null : chosen;
}

/** A sum of terms that a gradient gets until the present step, or null before all have arrived. @param {Player} player @param {number} w @param {(node: number) => boolean} fits */
function arrived(player, w, fits) {
  const { story, current } = player;
  const terms = story.terms(w).filter(({ step }) => step.term !== null && step.node !== null && fits(step.node));
  const now = story.orderOf(current);
  if (player.hides(current) || terms.some(({ order }) => order > now)) return null;
  return terms.reduce((sum, { step }) => sum + story.figure(Number(step.term)), 0);
}

/** @param {Player} player @param {Sample} sample @param {number | null} w */
function cellsOf(player, { output, nodes }, w) {
  const { story } = player;
  const cells = output === null ? ["several", "", ""] : numbersOf(player, output);
  if (w !== null) {
    const own = new Set(nodes);
    const term = arrived(player, w, (node) => own.has(node));
    const local = term === null || output === null || story.mistake ? undefined : story.engine?.gradients?.(output)[w];
    cells.push(written(local), written(term));
  }
  return cells.map((textContent) => make("td", { textContent }));
}

/** The rows below the samples: their mean, and what a gradient gets from elsewhere. @param {Player} player @param {number | null} w */
function totals(player, w) {
  const { story } = player;
  const network = /** @type {import("./story.js").Network} */ (story.network);
  const row = (/** @type {string} */ name, /** @type {string[]} */ ...cells) =>
    make("tr", {}, make("th", { scope: "row", textContent: name }), ...cells.map((textContent) => make("td", { textContent })));
  const own = new Set(network.samples.flatMap(({ nodes }) => nodes));
  const rows = [];
  const rest = w === null ? 0 : arrived(player, w, (node) => !own.has(node));
  if (w !== null && story.terms(w).some(({ step }) => !own.has(Number(step.node)))) {
    rows.push(row(network.samples.length < network.count ? "the others" : "the penalty", "", "", "", "", written(rest)));
  }
  const at = network.mean ?? Math.max(...story.nodes.keys());
  const sum = w === null ? null : arrived(player, w, () => true);
  rows.push(row(story.nodes.get(at)?.op ?? "all", ...numbersOf(player, at), ...(w === null ? [] : ["", written(sum)])));
  return rows;
}

/** The name, the number and the gradient of a node. @param {Player} player @param {number} i */
function numbersOf({ story, current, hides }, i) {
  const [value, slope] = hides(current) ? [] : [story.known(i, "forward", current), story.known(i, "backward", current)];
  return [story.nodes.get(i)?.name ?? "", written(value), written(slope)];
}

/** @param {number | null | undefined} x */
const written = (x) => (x === null || x === undefined ? "·" : number(x));

// @ts-check
// The user's own code: the expression that made the node of the step, and the nodes of a line.
import { byId, make, setText } from "../../pages/elements.js";

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player */
export function codeView(player) {
  const { code } = player.story;
  byId("code-section").hidden = !code;
  if (!code) return () => {};
  const lines = code.sources.map((source, s) => source.lines.map((text, l) => lineOf(player, s, l + 1, text)));
  byId("sources").replaceChildren(...code.sources.map(({ name, file, first }, s) =>
    make("details", { open: true },
      make("summary", { textContent: `${name}, line ${first} of ${file}` }),
      make("pre", {}, ...lines[s]))));
  return () => {
    for (const marked of byId("sources").querySelectorAll(".marked")) unmark(marked);
    const node = nodeOf(player);
    const place = node === null ? undefined : code.places[node];
    const [turned] = player.story.turned;
    byId("turn").classList.toggle("trouble-said", Boolean(turned));
    setText(byId("turn"), turned ? otherWay(player, turned) : place ? said(player, Number(node), place) : "");
    if (!place) return;
    const [s, line, column, endLine, endColumn] = place;
    for (let l = line; l <= endLine; l++) {
      mark(lines[s][l - 1], l === line ? column : 0, l === endLine ? endColumn : Infinity);
    }
  };
}

/** The node whose code is shown: the chosen one, or that of the step. @param {Player} player */
function nodeOf({ chosen, story, current }) {
  if (chosen !== null && story.code?.places[chosen]) return chosen;
  return story.steps[current].node;
}

/** @param {Player} player @param {any[]} comparison */
function otherWay({ story }, [symbol, a, b, outcome]) {
  const name = (/** @type {[string, any]} */ [kind, x]) => (kind === "node" ? story.nodes.get(x)?.name : String(x));
  return `With these numbers ${name(a)} ${symbol} ${name(b)} is ${!outcome}: the function takes another way than this graph. Run Stepper again.`;
}

/** @param {Player} player @param {number} node @param {number[]} place */
function said({ story }, node, [s, line, , , , turn, turns]) {
  const { name, first } = /** @type {any} */ (story.code).sources[s];
  const times = turns > 1 ? `, time ${turn} of ${turns}` : "";
  return `${story.nodes.get(node)?.name} was made in ${name}, line ${line + first - 1}${times}.`;
}

/** A line of code. If it made nodes, it is a button that lights them. @param {Player} player @param {number} s @param {number} line @param {string} text */
function lineOf(player, s, line, text) {
  const { story } = player;
  const made = Object.entries(/** @type {any} */ (story.code).places)
    .filter(([, [source, first, , last]]) => source === s && first <= line && line <= last)
    .map(([i]) => Number(i));
  const element = make(made.length ? "button" : "span", { className: "line" });
  element.append(make("code", { textContent: text || " " }), "\n");
  if (!made.length) return element;
  element.type = "button";
  element.setAttribute("aria-pressed", "false");
  element.addEventListener("click", () => {
    const on = element.getAttribute("aria-pressed") !== "true";
    for (const old of document.querySelectorAll("#sources [aria-pressed=true]")) old.setAttribute("aria-pressed", "false");
    for (const old of document.querySelectorAll("#picture .from-line")) old.classList.remove("from-line");
    element.setAttribute("aria-pressed", String(on));
    for (const i of on ? made : []) byId(`n${story.boxOf(i)}`)?.classList.add("from-line");
  });
  return element;
}

/** @param {Element} line @param {number | null} from @param {number | null} to */
function mark(line, from, to) {
  const code = /** @type {Element} */ (line.querySelector("code"));
  const text = code.textContent ?? "";
  const start = from || text.length - text.trimStart().length;
  const end = Math.min(to ?? Infinity, text.length);
  code.replaceChildren(text.slice(0, start), make("mark", { textContent: text.slice(start, end) }), text.slice(end));
  line.classList.add("marked");
}

/** @param {Element} line */
function unmark(line) {
  const code = /** @type {Element} */ (line.querySelector("code"));
  code.textContent = code.textContent ?? "";
  line.classList.remove("marked");
}

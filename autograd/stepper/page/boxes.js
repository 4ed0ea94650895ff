// @ts-check
// The boxes of the picture: their numbers, their tints, their names for a screen reader.
import { inFull, number } from "../../pages/numbers.js";
import { boxOf, element } from "../../pages/pan_zoom.js";
import { byId, setText } from "../../pages/elements.js";

/** @typedef {import("./player.js").Player} Player */

const CHARACTER = 7.2; // the width of one in the picture

/** @param {Player} player */
export function boxesView(player) {
  const boxes = [...player.story.nodes.keys()].filter((i) => byId(`n${i}`) && !player.story.neurons[i]).map((i) => boxOfNode(player, i));
  const legend = legendTexts();
  const draw = () => {
    const { story, current } = player;
    const { data, grads } = story.stateAt(current);
    const largest = largestGradient(player);
    const hidden = player.hides(current);
    const forward = ["forward", "update"].includes(story.steps[current].phase);
    const changed = new Set(story.steps[current].changes.map(([i]) => i));
    for (const box of boxes) {
      const isNew = changed.has(box.i);
      const asked = hidden && isNew;
      drawData(box, data.get(box.i), forward && isNew, forward && asked);
      drawGradient(box, grads.get(box.i), !forward && isNew, !forward && asked, largest);
      box.group.classList.toggle("chosen", box.i === player.chosen);
      box.words = `${box.name}, ${box.dataWords}${box.gradWords}`;
      box.group.setAttribute("aria-label", box.words);
    }
    if (story.edited || legend.edited) drawLegend(legend, largest);
  };
  return draw;
}

/** @param {Player} player @param {number} i */
function boxOfNode(player, i) {
  const node = player.story.nodes.get(i);
  const group = byId(`n${i}`);
  const grad = group.querySelector("text.grad");
  const data = group.querySelector("text.data");
  const tints = group.querySelectorAll(".tint");
  const [left, right] = tints.length ? edgesOf(tints[tints.length - 1]) : edgesBeside(data);
  const room = right - left - 2;
  for (const text of [data, grad]) { // numbers of other lengths will stand here: keep the right edge in place
    text?.setAttribute("x", right - 2);
    text?.setAttribute("text-anchor", "end");
  }
  const title = element("title", {});
  group.prepend(title);
  group.setAttribute("role", "button");
  group.addEventListener("focus", () => player.choose(i));
  group.addEventListener("click", () => player.choose(i));
  const box = { i, name: node?.label ?? node?.name, group, data, grad, room, tints, words: "", dataWords: "", gradWords: "" };
  group.addEventListener("pointerenter", () => {
    setText(title, box.words.replaceAll(", ", "\n"));
    player.hover(i);
  });
  group.addEventListener("pointerleave", () => player.hover(null));
  if (player.story.live && player.story.leaves.includes(i)) group.classList.add("editable");
  return box;
}

/** The left and the right edge of the field for a gradient. @param {Element} tint */
function edgesOf(tint) {
  const xs = (tint.getAttribute("points") ?? "").split(" ").map(parseFloat);
  return [Math.min(...xs), Math.max(...xs)];
}

/** As those of a tint, of a constant, which has no gradient. @param {Element} data */
function edgesBeside(data) {
  const [from, end] = [data.previousElementSibling, data].map((text) => {
    const width = text?.getAttribute("text-anchor") === "end" ? 0 : (text?.textContent ?? "").length * CHARACTER;
    return Number(text?.getAttribute("x")) + width;
  });
  return [from + 4, end + 2];
}

/** Writes a number, closer where there is too little room. @param {any} text @param {string} words @param {number} room */
function write(text, words, room) {
  if (text.textContent === words) return;
  text.textContent = words;
  if (words.length * CHARACTER <= room) return void text.removeAttribute("textLength");
  text.setAttribute("textLength", room);
  text.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

/** @param {any} box @param {number | undefined} value @param {boolean} isNew @param {boolean} asked */
export function drawData(box, value, isNew, asked) {
  const known = value !== undefined && !asked;
  write(box.data, known ? number(value) : asked ? "?" : "", box.room);
  box.data.classList.toggle("changed", isNew);
  box.group.classList.toggle("pending", !known);
  box.dataWords = `data ${known ? inFull(value) : "not computed yet"}`;
}

/** @param {any} box @param {import("./story.js").Gradient | undefined} grad @param {boolean} isNew @param {boolean} asked @param {number} largest */
export function drawGradient(box, grad, isNew, asked, largest) {
  if (!box.grad) return;
  const known = grad !== undefined && !asked;
  const value = known ? grad.value : NaN;
  write(box.grad, known ? number(value) : asked ? "?" : "·", box.room);
  box.grad.classList.toggle("changed", isNew);
  box.grad.classList.toggle("wrong", known && grad.wrong);
  for (const tint of box.tints) {
    tint.classList.toggle("plus", value > 0);
    tint.classList.toggle("minus", value < 0);
    if (value) tint.style.fillOpacity = strength(value, largest);
  }
  box.gradWords = `, gradient ${known ? inFull(value) : "not computed yet"}${known && grad.wrong ? " (wrong)" : ""}`;
}

/** The largest gradient after the last step. @param {Player} player */
export function largestGradient(player) {
  const { grads } = player.story.stateAt(player.story.last);
  return Math.max(0, ...[...grads.values()].map(({ value }) => Math.abs(value)).filter(Number.isFinite));
}

/** As in the legend: paler with each decade below the largest gradient. @param {number} grad @param {number} largest */
function strength(grad, largest) {
  const decades = Number.isFinite(grad) ? Math.log10(largest / Math.abs(grad)) : 0;
  return 1 - Math.min(Math.max(decades, 0), 3) / 3.5;
}

/** The numbers of the legend of the tints, from the most negative to the largest. Their cells get the tints of the theme. */
function legendTexts() {
  const [first, ...texts] = [...document.querySelectorAll("#picture g.graph > text:not(.local)")].slice(-8);
  if (first?.textContent !== "grad") return { texts: [], edited: false };
  for (const [i, text] of texts.entries()) {
    const cell = /** @type {SVGElement} */ (text.previousElementSibling);
    cell.classList.add("tint", ...[["minus"], [], ["plus"]][Math.sign(i - 3) + 1]);
    cell.style.fillOpacity = String(strength(10 ** (Math.abs(i - 3) - 3), 1));
  }
  return { texts, edited: false };
}

/** @param {{texts: Element[], edited: boolean}} legend @param {number} largest */
function drawLegend(legend, largest) {
  const sizes = [largest, largest / 10, largest / 100];
  const numbers = [...sizes.map((x) => -x), 0, ...sizes.reverse()];
  for (const [i, text] of legend.texts.entries()) setText(text, number(numbers[i]));
  legend.edited = true;
}

/** The picture is one stop of the Tab key: up and down go from box to box, and the view follows. @param {SVGGraphicsElement[]} groups @param {import("../../pages/pan_zoom.js").PanZoom | null} view */
export function rove(groups, view) {
  const stop = (/** @type {SVGElement} */ one) => {
    for (const group of groups) group.setAttribute("tabindex", group === one ? "0" : "-1");
  };
  if (groups.length) stop(groups[0]);
  for (const [at, group] of groups.entries()) {
    group.addEventListener("focus", () => {
      stop(group);
      view?.reveal(boxOf(group));
    });
    group.addEventListener("keydown", (event) => {
      const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
      if (event.shiftKey || to === undefined) return;
      event.preventDefault();
      groups[(to + groups.length) % groups.length].focus();
    });
  }
}

// @ts-check
// The words of the steps: the card of the present step, and the list of all steps.
import { byId, make, makeButton, setText } from "../../pages/elements.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {import("./story.js").Words} Words
 */
const AT_ONCE = 200; // steps of the list that are written before the page is drawn
const PARTS = /** @type {const} */ (["text", "rule", "sum", "note"]);

/** Returns the words that Python wrote into the list. @returns {Words[]} */
export function givenWords() {
  const read = (/** @type {Element} */ item, /** @type {string} */ part) =>
    item.querySelector(`.${part}`)?.textContent ?? "";
  return [...byId("steps").children].map((item) => ({
    text: read(item, "text"), rule: read(item, "rule"), sum: read(item, "sum"), note: read(item, "note"),
  }));
}

/** Returns the words as elements. @param {Words} words */
export function spans(words, parts = /** @type {readonly (keyof Words)[]} */ (PARTS)) {
  return parts.filter((part) => words[part]).map((part) => make("span", { className: part, textContent: words[part] }));
}

/** Hides what is computed on the right of an equation. @param {string} text */
function withoutResult(text) {
  const at = text.lastIndexOf(" = ");
  return at < 0 ? text : `${text.slice(0, at)} = ?`;
}

/** What step k says, without what a prediction is to find. @param {Player} player @param {number} k @returns {Words} */
export function shownWords(player, k) {
  const words = player.story.words(k);
  if (!player.hides(k)) return words;
  return { text: k > player.current ? words.text.split(" = ")[0] : withoutResult(words.text), rule: "", sum: "", note: "" };
}

/** The phase of step k, and whether it gives a wrong number. @param {import("./story.js").Story} story @param {number} k */
function classesOf(story, k) {
  const wrong = story.isWrong(k) ? ["wrong", ...(k === story.firstWrong ? ["first-wrong"] : [])] : [];
  return [story.steps[k].phase, ...wrong].join(" ");
}

/** @param {Player} player */
export function cardView(player) {
  const card = byId("formula");
  let drawn = "";
  return () => {
    const { current } = player;
    const words = shownWords(player, current);
    const className = `formula ${classesOf(player.story, current)}`;
    const text = JSON.stringify([words, current, className]);
    if (text === drawn) return; // a screen reader reads it once
    drawn = text;
    card.className = className;
    card.replaceChildren(...spans(words));
  };
}

/** @param {Player} player */
export function listView(player) {
  const list = byId("steps");
  list.classList.add("playable");
  /** @type {any[]} */
  let items = [];
  /** @type {any[]} */
  let buttons = [];
  /** @type {unknown} */
  let listed = null;
  let shown = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
  const revealShown = () => items[shown] && reveal(list, items[shown]);
  new ResizeObserver(revealShown).observe(list); // a notebook may show the frame later
  return () => {
    const { steps } = player.story;
    if (listed !== steps) {
      listed = steps;
      buttons = steps.map((_, k) => {
        const button = makeButton("", () => player.move(k));
        button.append(...spans(player.story.words(k))); // the list shows the text alone, paper shows all
        return button;
      });
      items = buttons.map((button, k) => make("li", { className: classesOf(player.story, k) }, button));
      list.replaceChildren(...items);
      list.classList.toggle("long", items.length > AT_ONCE);
    }
    if (player.story.mistake) for (const [k, item] of items.entries()) item.className = classesOf(player.story, k);
    const fill = (/** @type {number} */ k) => {
      const words = shownWords(player, k);
      for (const span of buttons[k].children) setText(span, words[/** @type {keyof Words} */ (span.className)]);
    };
    fill(player.current);
    for (let k = 0; k < Math.min(buttons.length, AT_ONCE); k++) fill(k);
    clearTimeout(later);
    later = setTimeout(() => {
      for (let k = AT_ONCE; k < buttons.length; k++) fill(k);
    });
    items[shown]?.removeAttribute("aria-current");
    items[player.current].setAttribute("aria-current", "step");
    if (shown === player.current) return;
    shown = player.current;
    revealShown();
  };
}

/** Scrolls `inside` within `pane` alone, never the page around it. @param {Element} pane @param {Element} inside */
function reveal(pane, inside) {
  const [outer, inner] = [pane.getBoundingClientRect(), inside.getBoundingClientRect()];
  const room = outer.height - inner.height;
  if (room < 0) pane.scrollTop += inner.top - outer.top - pane.clientTop; // too high, as in a frame without width
  else if (inner.top < outer.top || inner.bottom > outer.bottom) {
    pane.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
  }
}

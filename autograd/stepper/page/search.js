// @ts-check
// A box that finds a node by its name, its label or its number.
import { number } from "../../pages/numbers.js";
import { boxOf } from "../../pages/pan_zoom.js";
import { byId, make, makeButton, setText } from "../../pages/elements.js";

/** @typedef {import("./player.js").Player} Player */

const MAX_FOUND = 8;

/** @param {Player} player @param {import("../../pages/pan_zoom.js").PanZoom | null} view */
export function connectSearch(player, view) {
  const [field, list] = [byId("search"), byId("found")];
  const close = () => {
    list.hidden = true;
    field.value = "";
    setText(byId("found-count"), "");
  };
  const choose = (/** @type {number} */ i) => {
    close();
    const box = byId(`n${player.story.boxOf(i)}`);
    if (box && view) view.reveal(boxOf(box));
    player.choose(i);
  };
  const show = () => {
    const found = matches(player, field.value.trim());
    const items = found.slice(0, MAX_FOUND).map((i) => {
      const words = `${player.story.nodes.get(i)?.name} = ${number(player.story.number(i))}`;
      return make("li", {}, makeButton(words, () => choose(i)));
    });
    list.replaceChildren(...items);
    list.hidden = !items.length;
    setText(byId("found-count"), field.value.trim() ? `${found.length} found` : "");
    return found;
  };
  field.addEventListener("input", show);
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Enter") return;
    const [first] = show();
    if (first !== undefined) choose(first);
  });
}

/** The nodes that fit, those whose name is the text first. @param {Player} player @param {string} text */
export function matches({ story, current, hides }, text) {
  if (!text) return [];
  const wanted = text.toLowerCase();
  const { data } = story.stateAt(current);
  const found = [...story.nodes].filter(([i, { name, label }]) => {
    const value = hides(current) ? data.get(i) : story.number(i);
    const plain = name.normalize("NFKD"); // w⁽²⁾₂₃ is found by w(2)23, and by w223
    const box = story.neurons[i]?.name ?? "";
    return [name, plain, plain.replace(/[()]/g, ""), label ?? "", box].some((words) => words.toLowerCase().includes(wanted)) || (value !== undefined && number(value) === wanted);
  });
  const rank = (/** @type {string} */ name) => (name.toLowerCase() === wanted ? 0 : 1);
  return found.sort(([, a], [, b]) => rank(a.name) - rank(b.name)).map(([i]) => i);
}

// @ts-check
// The copies of a leaf, small, beside its consumers: each shows the number of the leaf.
import { drawData } from "./boxes.js";

/** @typedef {import("./player.js").Player} Player */

/** Draws the copies. @param {Player} player */
export function copiesView(player) {
  const groups = /** @type {NodeListOf<SVGGElement>} */ (document.querySelectorAll("#picture .node.copy"));
  const copies = [...groups].map((group) => copyOf(player, group));
  return () => {
    if (!copies.length) return;
    const { story, current } = player;
    const { data } = story.stateAt(current);
    const { phase, changes } = story.steps[current];
    const changed = new Set(phase === "backward" ? [] : changes.map(([i]) => i));
    for (const copy of copies) {
      const isNew = changed.has(copy.i);
      drawData(copy, data.get(copy.i), isNew, isNew && player.hides(current));
      copy.group.classList.toggle("chosen", copy.i === player.chosen);
      copy.group.setAttribute("aria-label", `${story.nodes.get(copy.i)?.name} again, ${copy.dataWords}`);
    }
  };
}

/** @param {Player} player @param {SVGGElement} group */
function copyOf(player, group) {
  const data = /** @type {SVGTextElement} */ (group.querySelector("text.data"));
  const i = Number(data.getAttribute("data-node")?.slice(1));
  const { x, width } = group.getBBox();
  const start = Number(data.getAttribute("x"));
  const room = x + width - 4 - start; // for a longer number
  group.setAttribute("role", "button");
  group.addEventListener("focus", () => player.choose(i));
  group.addEventListener("click", () => player.choose(i));
  group.addEventListener("pointerenter", () => player.hover(i));
  group.addEventListener("pointerleave", () => player.hover(null));
  return { i, group, data, room, dataWords: "" };
}

/** The box of a node as a consumer reads it: a copy, if there is one beside it. @param {number} node @param {number | null} consumer */
export function copyBeside(node, consumer) {
  return document.getElementById(`n${node}c${consumer}`);
}

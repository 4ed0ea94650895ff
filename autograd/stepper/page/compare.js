// @ts-check
// A mistake beside the right pass: the gradients so far of both.
import { number } from "../../pages/numbers.js";
import { byId, make } from "../../pages/elements.js";

/** @param {import("./player.js").Player} player */
export function compareView(player) {
  const { story } = player;
  return () => {
    const { grads } = story.stateAt(player.current);
    const rows = !story.mistake ? [] : [...grads].map(([i, { value, right, wrong }]) => {
      const cells = [`d${story.root}/d${story.nodes.get(i)?.name}`, number(value) + (wrong ? " (wrong)" : ""), number(right)];
      return make("tr", { className: wrong ? "wrong" : "" }, ...cells.map((text) => make("td", { textContent: text })));
    });
    byId("compared").replaceChildren(...rows);
    byId("compare").hidden = !rows.length;
  };
}

// @ts-check
// Below each layer the length of its gradient, as a bar and a number: where gradients vanish is seen at once.
// Like the edges it is empty until the backward pass has come to the layer.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";

/** @typedef {import("./player.js").Player} Player */

export const FOOT_PX = 34; // below the neurons

/** The foot of a column; that of the inputs says what the others hold. @param {number} column @param {number} x */
export function layerFoot(column, x) {
  const foot = make("div", { className: "layer-foot" });
  foot.style.left = `${x}px`;
  if (column === 0) {
    foot.append(make("span", { textContent: "‖dL/dw‖" }));
    foot.title = "The length of the gradient of a layer: the root of the sum of its squares";
  } else foot.append(make("span", { className: "bar-of-gradient" }, make("i", {})), make("span", { className: "length" }));
  return foot;
}

/** The longest bar is the largest gradient; a tenth of it is a tenth as long. @param {Player} player */
export function gradientBars(player) {
  return () => {
    const { run } = player;
    const norms = run.gradientNorms();
    const largest = Math.max(...norms);
    const feet = byId("layers").querySelectorAll(".layer-foot:has(.length)");
    for (const [layer, norm] of norms.entries()) {
      const foot = feet[layer];
      if (!foot) return; // the picture of another network
      const isKnown = player.playing || player.shows("backward", layer);
      const share = isKnown && largest > 0 && largest < Infinity ? norm / largest : 0;
      foot.querySelector("i").style.width = `${(100 * share).toFixed(1)}%`;
      setText(foot.querySelector(".length"), isKnown ? number(norm, 2) : "");
      foot.title = isKnown
        ? `The gradient of layer ${layer + 1} has length ${number(norm)}, ${number(100 * share, 2)} % of the largest`
        : `2 Backward computes the gradient of layer ${layer + 1}`;
    }
  };
}

// @ts-check
// Runs that were kept: drawn behind the present one, each with its settings; one can be taken up again.
import { byId, make, makeButton } from "../../../autograd/pages/elements.js";
import { element } from "../../../autograd/pages/pan_zoom.js";
import { cssColor } from "./palette.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {{losses: import("./loss_view.js").Losses, settings: any, color: string}} KeptRun
 */

const MAX_RUNS = 5;
const COLORS = [2, 3, 5, 4, 6].map(cssColor); // the first two of the palette are train and test

/** @param {Player} player */
export function runsView(player) {
  /** @type {KeptRun[]} */
  let kept = [];
  const draw = () => {
    byId("keep-run").setAttribute("aria-disabled", String(kept.length >= MAX_RUNS));
    byId("runs").replaceChildren(...kept.map((run) => item(player, run, () => {
      kept = kept.filter((each) => each !== run);
      draw();
      player.draw();
    })));
  };
  byId("keep-run").addEventListener("click", () => {
    const { step, train, test } = player.run.losses;
    if (kept.length >= MAX_RUNS || !step.length) return;
    const color = COLORS.find((each) => kept.every((run) => run.color !== each)) ?? COLORS[0];
    kept = [...kept, { losses: { step: [...step], train: [...train], test: [...test] }, settings: player.settings, color }];
    draw();
    player.draw();
  });
  draw();
  return () => kept;
}

/** @param {Player} player @param {KeptRun} run @param {() => void} remove */
function item(player, { settings, color }, remove) {
  const swatch = element("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" });
  swatch.append(element("line", { x1: 0, x2: 22, y1: 4, y2: 4, "stroke-width": 3, style: `stroke: ${color}` }));
  const words = summary(settings);
  const again = makeButton("again", () => player.restart(settings));
  again.setAttribute("aria-label", `Start again: ${words}`);
  const away = makeButton("×", remove);
  away.setAttribute("aria-label", `Forget: ${words}`);
  return make("li", {}, swatch, make("span", { className: "words", textContent: words }), again, away);
}

/** The settings of a run in one line. @param {any} settings */
export function summary({ data, network, training, mistakes }) {
  const wrong = Object.keys(mistakes).filter((key) => mistakes[key]).map((key) => key.replaceAll("_", " "));
  const batch = training.batch_size === null ? "" : `, batch ${training.batch_size}`;
  const l2 = training.l2 ? `, L2 ${training.l2}` : "";
  return [`${data.kind} [${network.hidden.join(", ")}] ${network.activation}, ${training.optimizer} ${training.lr}${batch}${l2}, seed ${network.seed}`, ...wrong].join(", ");
}

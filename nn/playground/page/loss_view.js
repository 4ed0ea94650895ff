// @ts-check
// The losses of the run over its steps, train and test, before them the runs that were kept.
import { byId } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";
import { element } from "../../../autograd/pages/pan_zoom.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {{step: number[], train: number[], test: number[]}} Losses
 */

export const BOX = { width: 300, height: 132, left: 54, right: 6, top: 6, bottom: 18 };
const LEAST = 1e-12; // on the log scale

/** @param {Player} player @param {() => {losses: Losses, color: string}[]} kept */
export function lossView(player, kept) {
  byId("log-scale").addEventListener("change", () => {
    player.shown.log = byId("log-scale").checked;
    player.draw();
  });
  let drawn = "";
  return () => {
    const { losses } = player.run;
    const runs = kept();
    const key = `${losses.step.at(-1)} ${losses.step.length} ${losses.train.at(-1)} ${losses.test.at(-1)} ${runs.length} ${player.shown.log} ${player.run.step}`;
    if (key === drawn) return;
    drawn = key;
    byId("log-scale").checked = player.shown.log;
    byId("loss-plot").replaceChildren(picture(losses, runs, player.run.step, player.shown.log));
  };
}

/** The largest and the smallest of numbers, without those that are not finite. @param {number[][]} all @param {boolean} log @returns {[number, number]} */
function rangeOf(all, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const xs of all) {
    for (const x of xs) {
      if (!Number.isFinite(x) || (log && x <= 0)) continue;
      if (x < low) low = x;
      if (x > high) high = x;
    }
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) return [Math.max(LEAST, Math.min(low, high / 2)), high];
  return [Math.min(0, low), high || 1];
}

/** @param {Losses} losses @param {{losses: Losses, color: string}[]} kept @param {number} at @param {boolean} log */
function picture(losses, kept, at, log) {
  const all = [losses, ...kept.map((run) => run.losses)];
  const [low, high] = rangeOf(all.flatMap((each) => [each.train, each.test]), log);
  const last = Math.max(1, ...all.map((each) => each.step.at(-1) ?? 0));
  const { width, height, left, right, top, bottom } = BOX;
  const x = (/** @type {number} */ step) => left + (step / last) * (width - left - right);
  const scaled = (/** @type {number} */ y) => (log ? Math.log10(Math.max(y, LEAST)) : y);
  const [from, to] = [scaled(low), scaled(high)];
  const y = (/** @type {number} */ value) => height - bottom - ((scaled(value) - from) / (to - from || 1)) * (height - top - bottom);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spoken(losses) });
  frame(svg, [low, high].map((value) => [number(value, 2), y(value)]), [["0", x(0)], [String(last), x(last)]]);
  for (const { losses: { step, train, test }, color } of kept) {
    svg.append(curve(step, test, x, y, "curve dashed", color), curve(step, train, x, y, "curve", color));
  }
  svg.append(curve(losses.step, losses.test, x, y, "curve test"), curve(losses.step, losses.train, x, y, "curve train"));
  svg.append(element("line", { class: "at-line", x1: x(at), x2: x(at), y1: top, y2: height - bottom }));
  return svg;
}

/** Draws the frame of a plot with the numbers of its axes. @param {any} svg @param {any[][]} ys  text and place @param {any[][]} xs */
export function frame(svg, ys, xs) {
  const { width, height, left, right, top, bottom } = BOX;
  svg.append(element("rect", { class: "frame", x: left, y: top, width: width - left - right, height: height - top - bottom }));
  for (const [text, y] of ys) svg.append(label(text, left - 4, Math.min(Math.max(y + 4, top + 8), height - bottom), "end"));
  for (const [text, x] of xs) svg.append(label(text, x, height - 5, x > width / 2 ? "end" : "start"));
}

/** @param {string} text @param {number} x @param {number} y @param {string} anchor */
export function label(text, x, y, anchor) {
  const made = element("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

/** @param {number[]} xs @param {number[]} ys @param {(x: number) => number} x @param {(y: number) => number} y @param {string} name @param {string} [color] */
export function curve(xs, ys, x, y, name, color) {
  const points = xs.map((each, i) => (Number.isFinite(ys[i]) ? `${x(each).toFixed(1)},${y(ys[i]).toFixed(1)}` : "")).filter(Boolean).join(" ");
  return element("polyline", { class: name, points, ...(color && { style: `stroke: ${color}` }) });
}

/** @param {Losses} losses */
function spoken({ step, train, test }) {
  if (!step.length) return "The loss, not computed yet.";
  return `Loss after ${step.at(-1)} steps: ${number(train.at(-1) ?? NaN)} on training data, ${number(test.at(-1) ?? NaN)} on test data.`;
}

// @ts-check
// What the run has come to: numbers, measures on test or training data, the loss along the gradient.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";
import { element } from "../../../autograd/pages/pan_zoom.js";
import { BOX, curve, frame } from "./loss_view.js";

/** @typedef {import("./player.js").Player} Player */

const SLICE_POINTS = 46; // one more than a multiple of 9: t = 0 and the step are among them
const MOVING_POINTS = 19; // while the run plays

/** @param {number | undefined} x */
const written = (x) => (x === undefined || x !== x ? "–" : number(x, 3));

/** Makes the cells of the numbers under the plane. @param {string[]} names */
function cells(names) {
  return names.map((name) => {
    const [title, value] = [make("dt", { textContent: name }), make("dd", {})];
    byId("numbers").append(make("div", {}, title, value));
    return { title, value };
  });
}

/** @param {Player} player */
export function numbersView(player) {
  const shown = cells(["step", "epoch", "train loss", "test loss"]);
  return () => {
    const { run } = player;
    const texts = [String(run.step), String(run.epoch), written(run.losses.train.at(-1)), written(run.losses.test.at(-1))];
    for (const [i, text] of texts.entries()) setText(shown[i].value, text);
  };
}

/** Accuracy, or R², of both parts of the points. @param {Player} player */
export function goodnessView(player) {
  const shown = cells(["train", "test"]);
  return () => {
    const { run } = player;
    for (const [i, part] of /** @type {const} */ (["train", "test"]).entries()) {
      /** @type {{accuracy?: number, r2?: number}} */
      const { accuracy, r2 } = run[part].length ? run.measures(part) : {};
      setText(shown[i].title, `${part} ${run.network.classes ? "accuracy" : "R²"}`);
      setText(shown[i].value, accuracy === undefined ? written(r2) : `${number(100 * accuracy, 3)} %`);
    }
  };
}

/** @param {Player} player */
export function measuresView(player) {
  byId("measured").addEventListener("change", () => player.draw());
  let drawn = "";
  return () => {
    const { run } = player;
    const part = /** @type {"train" | "test"} */ (byId("measured").value);
    const found = run[part].length ? run.measures(part) : null;
    const key = JSON.stringify([found, part]);
    if (key === drawn) return;
    drawn = key;
    byId("measures").replaceChildren(found ? measured(run, found) : `There is no ${part === "test" ? "test" : "training"} point.`);
  };
}

/** @param {any} run @param {{accuracy?: number, confusion?: number[][], r2?: number}} found */
function measured(run, { accuracy, confusion, r2 }) {
  const part = make("div", { className: "measured" });
  if (r2 !== undefined) part.append(make("div", {}, "R²", make("b", { textContent: number(r2, 3) })));
  if (accuracy !== undefined) part.append(make("div", {}, "accuracy", make("b", { textContent: `${number(100 * accuracy, 3)} %` })));
  if (!confusion) return part;
  const head = make("tr", {}, make("th", { scope: "col", textContent: "true \\ predicted" }), ...run.settings.data.classes.map((/** @type {string} */ name) => make("th", { scope: "col", textContent: name })));
  const rows = confusion.map((row, i) => make("tr", {}, make("th", { scope: "row", textContent: run.settings.data.classes[i] }),
    ...row.map((count, j) => make("td", { textContent: String(count), className: i === j ? "right" : "" }))));
  part.append(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  return part;
}

/** @param {Player} player */
export function sliceView(player) {
  let drawn = "";
  return () => {
    const { run, playing } = player;
    const { t, loss, at } = run.slice(playing ? MOVING_POINTS : SLICE_POINTS);
    const key = JSON.stringify([t, loss, at]);
    if (key === drawn) return;
    drawn = key;
    if (!loss.some(Number.isFinite) || !Number.isFinite(at)) {
      byId("slice").replaceChildren();
      return setText(byId("slice-said"), "The loss is not finite here.");
    }
    byId("slice").replaceChildren(slicePicture(t, loss, at));
    const start = loss[nearest(t, 0)];
    const end = loss[nearest(t, at)];
    setText(byId("slice-said"), `The loss at w − t · dL/dw. It is ${number(start)} before the step (t = 0) and ${number(end)} after it (t = ${number(at)})${end > start ? ": the step is too long" : ""}.`);
  };
}

/** @param {number[]} xs @param {number} x */
function nearest(xs, x) {
  return xs.reduce((best, each, i) => (Math.abs(each - x) < Math.abs(xs[best] - x) ? i : best), 0);
}

/** @param {number[]} t @param {number[]} loss @param {number} at */
function slicePicture(t, loss, at) {
  const { width, height, left, right, top, bottom } = BOX;
  const finite = loss.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const [from, to] = [t[0], t[t.length - 1]];
  const x = (/** @type {number} */ each) => left + ((each - from) / (to - from || 1)) * (width - left - right);
  const y = (/** @type {number} */ each) => height - bottom - ((each - low) / (high - low || 1)) * (height - top - bottom);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  let digits = 3;
  while (digits < 9 && low < high && number(low, digits) === number(high, digits)) digits++; // a short step changes little
  frame(svg, [[number(low, digits), y(low)], [number(high, digits), y(high)]], [[number(from, 2), x(from)], [number(to, 2), x(to)]]);
  svg.append(curve(t, loss, x, y, "curve train"));
  svg.append(element("line", { class: "at-line", x1: x(at), x2: x(at), y1: top, y2: height - bottom }));
  for (const place of [0, at]) {
    const value = loss[nearest(t, place)];
    if (Number.isFinite(value)) svg.append(element("circle", { class: "at", cx: x(place), cy: y(value), r: place ? 5 : 3 }));
  }
  return svg;
}

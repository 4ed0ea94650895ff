// @ts-check
// The output over the plane, with the points; with one input, the curve.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";
import { put } from "./network_view.js";
import { cssColor, paint, paintClasses, palette } from "./palette.js";

/** @typedef {import("./player.js").Player} Player @typedef {import("./plane.js").Plane} Plane */

const SURFACE_STRENGTH = 0.72; // the points stand out
const MANY = 600; // points: more are drawn smaller

/** @param {Player} player @param {Plane} plane */
export function outputView(player, plane) {
  const surface = { canvas: byId("surface"), image: null };
  let dotsDrawn = "";
  /** @type {unknown} */
  let drawnPoints = null;
  new ResizeObserver(() => {
    dotsDrawn = "";
    if (!player.playing) player.draw();
  }).observe(byId("plane"));
  return () => {
    const { run } = player;
    const responses = plane.responses(run, player.playing);
    const outputs = responses.slice(-run.network.layers[player.depth - 1].length);
    byId("surface").hidden = plane.line;
    if (!plane.line) drawSurface(player, plane, surface, outputs);
    const key = JSON.stringify([plane.x, plane.y, player.chosen.point, run.points.length, palette().dark]);
    if (plane.line || key !== dotsDrawn || plane.frozen || plane.points !== drawnPoints) drawDots(player, plane, outputs);
    dotsDrawn = key;
    drawnPoints = plane.points;
    drawAxes(player, plane);
    drawPoint(player);
    drawLegend(run);
  };
}

/** @param {Player} player @param {Plane} plane @param {any} surface @param {Float64Array[]} outputs */
function drawSurface({ run, playing }, plane, surface, outputs) {
  const { nx, ny } = plane.grid(playing);
  const { signed, classes } = palette();
  put(surface, nx, ny, (pixels) => {
    if (outputs.length > 1) return paintClasses(pixels, nx, outputs, classes, SURFACE_STRENGTH);
    if (run.settings.data.classes.length) return paint(pixels, nx, outputs[0].map((z) => Math.tanh(z / 2)), 1, signed, SURFACE_STRENGTH);
    const { middle, half } = targetRangeOf(run);
    return paint(pixels, nx, outputs[0].map((y) => y - middle), half, signed, SURFACE_STRENGTH);
  });
}

/** @param {Player} player @param {Plane} plane @param {Float64Array[]} outputs */
function drawDots({ run, chosen }, plane, outputs) {
  const canvas = byId("dots");
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { dark } = palette();
  const [ink, paper] = dark ? ["#e8ebee", "#14181d"] : ["#1b1f24", "#ffffff"];
  if (plane.line) drawCurve(context, outputs[0], plane, width, height, ink);
  const hasClasses = run.settings.data.classes.length > 0;
  const quiet = plane.line ? paper : dark ? "#9aa5b1" : "#57606a"; // a pale point must show on a pale plane
  const radius = run.points.length > MANY ? 1.8 : 4;
  for (const point of run.points) {
    const [u, v] = plane.placeOf(point);
    drawDot(context, u * width, v * height, radius, plane.line ? { color: dark ? "#46a6e6" : cssColor(0), shape: 0 } : shapeOf(run, point, dark), point.test, hasClasses ? paper : quiet);
  }
  const followed = run.points[chosen.point];
  if (!followed) return;
  const [u, v] = plane.placeOf(followed);
  context.beginPath();
  context.arc(u * width, v * height, 9, 0, 7);
  context.lineWidth = 3;
  context.strokeStyle = ink;
  context.stroke();
}

/** @param {any} run @param {any} point @param {boolean} dark */
function shapeOf(run, point, dark) {
  if (run.settings.data.classes.length) return { color: dark ? `color-mix(in srgb, ${cssColor(point.y)} 65%, white)` : cssColor(point.y), shape: point.y };
  const { middle, half } = targetRangeOf(run);
  const t = Math.max(-1, Math.min(1, (point.y - middle) / half));
  return { color: `color-mix(in srgb, ${cssColor(t < 0 ? 0 : 1)} ${Math.round(100 * Math.abs(t))}%, white)`, shape: 0 };
}

/** @type {WeakMap<any, {middle: number, half: number}>} */
const ranges = new WeakMap();

/** The middle and half the range of the targets. @param {any} run */
function targetRangeOf({ points }) {
  const known = ranges.get(points);
  if (known) return known;
  const ys = points.map((/** @type {any} */ p) => p.y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const range = { middle: (low + high) / 2, half: (high - low) / 2 || 1 };
  ranges.set(points, range);
  return range;
}

/** Classes differ by shape too; a test point is a ring. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} r @param {{color: string, shape: number}} look @param {boolean} isTest @param {string} paper */
function drawDot(context, x, y, r, { color, shape }, isTest, paper) {
  context.beginPath();
  if (shape % 3 === 0) context.arc(x, y, r, 0, 7);
  else if (shape % 3 === 1) context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else {
    context.moveTo(x, y - r * 1.2);
    context.lineTo(x + r * 1.15, y + r * 0.9);
    context.lineTo(x - r * 1.15, y + r * 0.9);
    context.closePath();
  }
  context.lineWidth = isTest ? 3.4 : 2.4;
  context.strokeStyle = paper;
  context.stroke();
  context.fillStyle = isTest ? paper : color;
  context.fill();
  context.lineWidth = isTest ? 1.7 : 0;
  context.strokeStyle = color;
  if (isTest) context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Float64Array} values @param {Plane} plane @param {number} width @param {number} height @param {string} ink */
function drawCurve(context, values, plane, width, height, ink) {
  context.beginPath();
  for (const [i, y] of values.entries()) {
    const [, v] = plane.place(0, y);
    context.lineTo(((i + 0.5) * width) / values.length, Math.max(-9, Math.min(height + 9, v * height)));
  }
  context.lineWidth = 2.5;
  context.strokeStyle = ink;
  context.stroke();
}

/** @param {Player} player @param {Plane} plane */
function drawAxes({ run }, plane) {
  const { names } = run.settings.data;
  const range = (/** @type {[number, number]} */ [low, high]) => `${number(low, 2)} … ${number(high, 2)}`;
  setText(byId("axis-x"), `${names[plane.shown[0]]} ${range(plane.x)}`);
  setText(byId("axis-y"), `${plane.line ? run.settings.data.target : names[plane.shown[1]]} ${range(plane.y)}`);
}

let legendDrawn = "";

/** The classes with their marks; in a regression the ends of the colors. @param {any} run */
function drawLegend(run) {
  const { classes } = run.settings.data;
  const { middle, half } = targetRangeOf(run);
  const key = JSON.stringify([classes, middle, half, run.test.length > 0, palette().dark]);
  if (key === legendDrawn) return;
  legendDrawn = key;
  const marks = classes.map((/** @type {string} */ name, /** @type {number} */ k) => ({ name, mark: "●■▲"[k % 3], color: shapeOf(run, { y: k }, palette().dark).color }));
  const ends = [{ name: number(middle - half, 2), mark: "●", color: cssColor(0) }, { name: number(middle + half, 2), mark: "●", color: cssColor(1) }];
  const shown = classes.length ? marks : run.settings.data.names.length > 1 ? ends : [];
  const test = run.test.length ? [{ name: "test", mark: "○", color: "inherit" }] : [];
  byId("classes-legend").replaceChildren(...[...shown, ...test].map(({ name, mark, color }) => {
    const sign = make("b", { textContent: mark });
    sign.style.color = color;
    return make("span", {}, sign, ` ${name}`);
  }));
}

/** What is said of the followed point. @param {Player} player */
function drawPoint({ run, chosen, playing }) {
  const point = run.points[chosen.point];
  if (!point || playing) return;
  const part = point.test ? "test" : "train";
  setText(byId("point-said"), `${chosen.point + 1} of ${run.points.length}, ${part}`);
}

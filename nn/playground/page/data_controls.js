// @ts-check
// The data: which set, how noisy, how many points, how many of them test; a CSV file.
import { byId } from "../../../autograd/pages/elements.js";
import { pointsOfFile } from "./csv.js";
import { SETS, split } from "./datasets.js";
import { range, rows } from "./fields.js";
import { lossesFor } from "./settings.js";

/** @typedef {import("./player.js").Player} Player */

const USUAL_LOSSES = ["bce_with_logits", "cross_entropy", "mse"]; // the first that fits is chosen

/** Changes the data, and the loss if it does not fit them. @param {Player} player @param {Record<string, any>} data */
function changeData(player, data) {
  const { training } = player.settings;
  const { length } = data.classes ?? SETS[data.kind].classes;
  const fit = lossesFor(length);
  const loss = fit.includes(training.loss) ? training.loss : USUAL_LOSSES.find((name) => fit.includes(name)) ?? fit[0];
  const network = { ...player.settings.network, weights: null };
  document.getElementById("note")?.remove(); // it is about the data that the page came with
  return player.restart({ ...player.settings, data, network, training: { ...training, loss }, lesson: null });
}

/** A set with the present number of points, without what belongs to other data. @param {Player} player @param {string} kind @param {Record<string, any>} [more] */
function chooseSet(player, kind, more) {
  const { samples, test_share, seed } = player.settings.data;
  changeData(player, { kind, samples, test_share, seed, ...more });
}

/** @param {Player} player */
export function dataControls(player) {
  const isOwn = () => player.settings.data.kind === "own";
  const draw = rows(player, byId("data-rows"), [
    {
      part: "data", key: "kind", label: "set", choices: () => [...Object.entries(SETS).map(([kind, { title }]) => /** @type {[string, string]} */ ([kind, title])), ...(isOwn() ? [/** @type {[string, string]} */ (["own", "own points"])] : [])],
      set: (kind) => kind === "own" || chooseSet(player, kind),
    },
    {
      part: "data", key: "classes", label: "classes", hidden: () => player.settings.data.kind !== "gaussians",
      choices: [2, 3, 4, 5].map((count) => [Array.from({ length: count }, (_, k) => String(k)), String(count)]),
      set: (classes) => chooseSet(player, "gaussians", { classes }),
    },
    ...[0, 1].map((at) => ({
      part: /** @type {const} */ ("data"), key: "shown", at, label: at ? "upward" : "across", hidden: () => player.settings.data.names.length <= 2,
      choices: () => player.settings.data.names.map((name, i) => /** @type {[any, string]} */ ([i, name])),
    })),
    { part: "data", key: "noise", label: "noise", stops: range(0, 1, 0.05), hidden: isOwn },
    { part: "data", key: "samples", label: "points", stops: [10, 20, 40, 60, 80, 100, 150, 200, 300, 400, 500], hidden: isOwn },
    { part: "data", key: "test_share", label: "test share", stops: range(0, 0.9, 0.05), written: (x) => `${Math.round(100 * x)} %`, hidden: isOwn },
    { part: "data", key: "seed", label: "seed", hidden: isOwn },
  ]);
  byId("new-sample").addEventListener("click", () => player.change("data", { seed: player.settings.data.seed + 1 }));
  connectFiles(player);
  return () => {
    draw();
    byId("new-sample").hidden = isOwn();
    if (!isOwn()) document.getElementById("note")?.remove();
  };
}

/** A file is chosen, or dropped anywhere on the page. @param {Player} player */
function connectFiles(player) {
  const input = byId("csv");
  input.addEventListener("change", () => {
    if (input.files.length) read(player, input.files[0]);
    input.value = ""; // the same file again is a change too
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    const [file, ...others] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    if (others.length) player.complain(`${others.length + 1} files were dropped: drop one.`);
    else read(player, file);
  });
}

/** Holds out a share of the points of a file for tests. @param {Player} player @param {any} data */
function heldOut(player, data) {
  const { test_share, seed } = player.settings.data;
  const ys = data.points.map((/** @type {number[]} */ row) => row[row.length - 2]);
  const test = new Set(test_share ? split(ys, !data.classes.length, test_share, seed).test : []);
  return { ...data, points: data.points.map((/** @type {number[]} */ row, /** @type {number} */ i) => row.with(-1, Number(test.has(i)))) };
}

/** @param {Player} player @param {File} file */
async function read(player, file) {
  try {
    changeData(player, heldOut(player, pointsOfFile(await file.text())));
  } catch (error) {
    player.complain(error instanceof Error ? error.message : String(error));
  }
}

// @ts-check
// A dropped CSV file as the settings of its data, or a SettingsError with one sentence.
import { MAX_FEATURES, MAX_POINTS, SettingsError, need } from "./settings.js";

const MAX_CHARACTERS = 2_000_000;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MIN_NUMBERS_OF_A_REGRESSION = 11; // different targets; with fewer, whole numbers are classes

/** Returns the cells of each line that is not blank, with its number. @param {string} text */
function cells(text) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const first = lines.find((line) => line.trim()) ?? "";
  const separator = [";", "\t", ","].find((mark) => first.includes(mark)) ?? ",";
  const unquoted = (/** @type {string} */ cell) => cell.trim().replace(/^"(.*)"$/, "$1").replaceAll('""', '"').trim();
  return lines
    .map((line, i) => ({ line: i + 1, cells: splitLine(line, separator).map(unquoted), isBlank: !line.trim() }))
    .filter((row) => !row.isBlank);
}

/** Splits at separators outside quotes. @param {string} line @param {string} separator */
function splitLine(line, separator) {
  const found = [""];
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === separator && !isQuoted) found.push("");
    else found[found.length - 1] += character;
  }
  return found;
}

/** Returns the number that a cell holds. @param {string} cell @param {number} line @param {number} column */
function numberOf(cell, line, column) {
  const x = NUMBER.test(cell) ? Number(cell) : NaN;
  const what = cell ? `"${cell.slice(0, 40)}" is not a finite number` : "an empty cell";
  need(Number.isFinite(x), `Line ${line}, column ${column}: ${what}; every column but the last must hold numbers.`);
  return x;
}

/**
 * Returns the data settings of a file: numbers in all columns but the last, which is the target. A
 * target of texts, or of at most ten different whole numbers, has classes; other numbers are predicted.
 * Features and such numbers are standardized, as `python -m nn` does.
 * @param {string} text @returns {Partial<import("./settings.js").DataSettings>}
 */
export function pointsOfFile(text) {
  need(text.length <= MAX_CHARACTERS, "The file is larger than two million characters: give fewer rows.");
  need(!text.includes("\0"), "The file is not text: give a CSV file.");
  const rows = cells(text);
  const [first] = rows;
  need(rows.length > 0, "The file is empty: give rows of numbers, the target last.");
  const width = first.cells.length;
  need(width >= 2, "The file has one column: give features and, as the last column, the target.");
  need(width - 1 <= MAX_FEATURES, `The file has ${width - 1} features: the page takes at most ${MAX_FEATURES}.`);
  const hasHeader = first.cells.slice(0, -1).every((cell) => !NUMBER.test(cell)) && first.cells.some(Boolean);
  const body = hasHeader ? rows.slice(1) : rows;
  need(body.length >= 2, `The file has ${body.length} row${body.length === 1 ? "" : "s"} of data: give at least 2.`);
  need(body.length <= MAX_POINTS, `The file has ${body.length.toLocaleString("en")} rows: the page trains on at most ${MAX_POINTS.toLocaleString("en")}, so give a sample of them.`);
  for (const { line, cells: row } of body) {
    need(row.length === width, `Line ${line} has ${row.length} column${row.length === 1 ? "" : "s"}, the first has ${width}.`);
  }
  const names = hasHeader ? first.cells : first.cells.map((_, i) => `x${i + 1}`);
  const X = body.map(({ line, cells: row }) => row.slice(0, -1).map((cell, i) => numberOf(cell, line, i + 1)));
  const labels = body.map(({ cells: row }) => row[width - 1]);
  const empty = body.find(({ cells: row }) => !row[width - 1]);
  need(!empty, `Line ${empty?.line}: the target in column ${width} is empty.`);
  const { classes, y } = targetsOf(labels, body.map(({ line }) => line));
  return {
    kind: "own",
    names: names.slice(0, -1).map((name, i) => name.slice(0, 80) || `x${i + 1}`),
    target: hasHeader ? names[width - 1].slice(0, 80) : classes.length ? "class" : "y",
    classes,
    points: X.map((x, i) => [...x, y[i], 0]),
    shown: [0, Math.min(1, width - 2)],
    scaling: scalingOf(X),
    target_scaling: classes.length ? null : scalingOf(y.map((target) => [target])),
  };
}

/** Returns the means and the standard deviations of columns; 1 for a column of equal numbers. @param {number[][]} rows @returns {[number[], number[]]} */
function scalingOf(rows) {
  const columns = rows[0].map((_, k) => rows.map((row) => row[k]));
  const means = columns.map((column) => column.reduce((sum, x) => sum + x, 0) / rows.length);
  const deviations = columns.map((column, k) => Math.hypot(...column.map((x) => x - means[k])) / Math.sqrt(rows.length));
  return [means, deviations.map((deviation, k) => (deviation > 1e-12 * Math.abs(means[k]) ? deviation : 1))];
}

/** @param {string[]} labels @param {number[]} lines */
function targetsOf(labels, lines) {
  const bad = labels.findIndex((label) => /^[+-]?(nan|inf|infinity)$/i.test(label));
  if (bad >= 0) throw new SettingsError(`Line ${lines[bad]}: the target is ${labels[bad]}, which is not a finite number.`);
  const different = [...new Set(labels)];
  const areNumbers = labels.every((label) => NUMBER.test(label));
  const areWhole = areNumbers && labels.every((label) => Number.isInteger(Number(label)));
  if (areNumbers && !(areWhole && different.length < MIN_NUMBERS_OF_A_REGRESSION)) return { classes: [], y: labels.map(Number) };
  need(different.length > 1, `The target is "${different[0].slice(0, 40)}" in every row: one class leaves nothing to tell apart.`);
  need(different.length <= library.limits.classes, `The target has ${different.length} classes: the page takes at most ${library.limits.classes}.`);
  const classes = different.sort(areNumbers ? (a, b) => Number(a) - Number(b) : undefined);
  return { classes: classes.map((label) => label.slice(0, 80)), y: labels.map((label) => classes.indexOf(label)) };
}

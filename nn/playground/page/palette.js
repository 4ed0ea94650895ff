// @ts-check
// The colors of heat maps: blue for negative, orange for positive, as nn.plot has them (Okabe and
// Ito, Color Universal Design, 2008). Zero is the color of the page, light or dark.

const SHADES = 255; // on each side of zero
const MINUS = [0, 114, 178];
const PLUS = [230, 159, 0];
/** The colors of classes, of which the first two are the two signs. */
export const CLASS_COLORS = [MINUS, PLUS, [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [150, 140, 20], [90, 90, 90]];

/** @typedef {{signed: Uint32Array, classes: Uint32Array[], dark: boolean}} Palette */

/** @type {Map<boolean, Palette>} */
const made = new Map();

let dark = false;

/** Takes the theme that the page has now: to be called when it has changed. */
export function readTheme() {
  const { theme } = document.documentElement.dataset;
  dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The colors for the present theme. @returns {Palette} */
export function palette() {
  const zero = dark ? [24, 29, 35] : [255, 255, 255];
  const known = made.get(dark);
  if (known) return known;
  const signed = new Uint32Array(2 * SHADES + 1);
  for (let i = 0; i <= 2 * SHADES; i++) signed[i] = mixed(zero, i < SHADES ? MINUS : PLUS, Math.abs(i - SHADES) / SHADES);
  const classes = CLASS_COLORS.map((color) => Uint32Array.from({ length: SHADES + 1 }, (_, i) => mixed(zero, color, i / SHADES)));
  const all = { signed, classes, dark };
  made.set(dark, all);
  return all;
}

/** One pixel of ImageData, from `zero` (0) to `color` (1). @param {number[]} zero @param {number[]} color @param {number} t */
function mixed(zero, color, t) {
  const [r, g, b] = zero.map((x, i) => Math.round(x + (color[i] - x) * t));
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // as little-endian machines store it
}

/**
 * Fills pixels with the colors of numbers between -limit and limit. The numbers go up, pixels down.
 * @param {Uint32Array} pixels @param {number} width @param {ArrayLike<number>} values @param {number} limit @param {Uint32Array} signed @param {number} strength  at most 1
 */
export function paint(pixels, width, values, limit, signed, strength = 1) {
  const scale = limit > 0 ? (SHADES * strength) / limit : 0;
  const top = SHADES * strength;
  let from = 0;
  for (let row = pixels.length - width; row >= 0; row -= width) {
    for (let i = row; i < row + width; i++, from++) {
      const t = values[from] * scale;
      pixels[i] = signed[SHADES + Math.round(t > top ? top : t < -top ? -top : t || 0)];
    }
  }
}

/** Fills pixels by class: the largest of the numbers wins, and shows by how much. @param {Uint32Array} pixels @param {number} width @param {ArrayLike<number>[]} logits @param {Uint32Array[]} classes @param {number} strength */
export function paintClasses(pixels, width, logits, classes, strength) {
  const height = pixels.length / width;
  for (let i = 0; i < pixels.length; i++) {
    let best = 0;
    for (let k = 1; k < logits.length; k++) if (logits[k][i] > logits[best][i]) best = k;
    let sum = 0;
    for (const z of logits) sum += Math.exp(z[i] - logits[best][i]);
    const lead = (1 / sum - 1 / logits.length) / (1 - 1 / logits.length);
    pixels[(height - 1 - Math.floor(i / width)) * width + (i % width)] = classes[best % classes.length][Math.round(SHADES * strength * Math.min(1, Math.max(0, lead)))];
  }
}

/** @param {number} k */
export const cssColor = (k) => `rgb(${CLASS_COLORS[k % CLASS_COLORS.length].join(" ")})`;

// @ts-check
// Numbers as Python writes them.

/**
 * Returns the digits and the exponent of a finite number: ["1234", 3] for 1234 and for 1.234e3.
 * @param {string} scientific  as toExponential writes it
 * @returns {[string, number]}
 */
function parts(scientific) {
  const [mantissa, exponent] = scientific.replace(/^-/, "").split("e");
  return [mantissa.replace(".", ""), Number(exponent)];
}

/**
 * Writes digits as Python's formats g and r do, without zeros at the end.
 * @param {boolean} negative @param {string} digits @param {number} exponent
 * @param {number} maxExponent  from here on in scientific notation
 */
function written(negative, digits, exponent, maxExponent) {
  digits = digits.replace(/0+$/, "") || "0";
  const sign = negative ? "-" : "";
  if (exponent < -4 || exponent >= maxExponent) {
    const point = digits.length > 1 ? "." : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${point}${digits.slice(1)}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return sign + whole + (rest && `.${rest}`);
}

/** @param {number} x */
const special = (x) => (x !== x ? "nan" : x > 0 ? "inf" : "-inf");

/**
 * Returns x with `precision` significant digits, as Python's format(x, ".4g"): ties go to even.
 * Negative zero is written as 0.
 * @param {number} x
 */
export function number(x, precision = 4) {
  if (!Number.isFinite(x)) return special(x);
  if (x === 0) return "0";
  let scientific = x.toExponential(precision - 1);
  const [shortest] = parts(x.toExponential());
  if (shortest.length === precision + 1 && shortest.endsWith("5")) scientific = tieToEven(x, precision, scientific);
  const [digits, exponent] = parts(scientific);
  return written(x < 0, digits, exponent, precision);
}

/** Returns x in full, as Python's repr(x). @param {number} x */
export function inFull(x) {
  if (!Number.isFinite(x)) return special(x);
  const [digits, exponent] = parts(x.toExponential());
  const text = written(x < 0 || Object.is(x, -0), digits, exponent, 16);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Returns the rounded number, of which JavaScript rounds a tie up. @param {number} x @param {number} precision @param {string} rounded */
function tieToEven(x, precision, rounded) {
  const [all, exponent] = parts(x.toExponential(40));
  const isTie = /^50*$/.test(all.slice(precision));
  const isEven = Number(all[precision - 1]) % 2 === 0;
  return isTie && isEven ? `${all[0]}.${all.slice(1, precision)}e${exponent}` : rounded;
}

/** Reads a number as a reader types it, with a comma or a long minus too; NaN if it is none. @param {string} text */
export const typedNumber = (text) => (text.trim() === "" ? NaN : Number(text.trim().replace("−", "-").replace(",", ".")));

/** Reads a number as Python writes it in JSON: a text if it is not finite. @param {number | string} x */
export const parsed = (x) => Number(String(x).replace("inf", "Infinity"));

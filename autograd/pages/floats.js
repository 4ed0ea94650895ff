// @ts-check
// The mathematics of floats as Python has it: where Python raises, `exact` throws a FloatError.
// `limits` goes on instead, with the limit there: a derivative may be infinite at a legal point.

/**
 * @typedef {Record<string, any>} Functions  the functions of mathematics, called m
 * @typedef {(m: Functions, ...xs: number[]) => number} ValueFunction
 * @typedef {(m: Functions, y: number, ...xs: number[]) => any} Rule
 * @typedef {{value: ValueFunction, rules: (number | Rule)[] | Rule}} Operation
 */

/** The error of an operation outside its domain: "domain", "overflow" or "zero division". */
export class FloatError extends Error {
  /** @param {string} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** @param {boolean} inside @param {string} [kind] */
function need(inside, kind = "domain") {
  if (!inside) throw new FloatError(kind);
}

/**
 * Returns a function that throws where a finite number becomes an infinite one.
 * @param {(x: number) => number} f
 */
function bounded(f) {
  return (/** @type {number} */ x) => {
    const y = f(x);
    need(Number.isFinite(y) || !Number.isFinite(x), "overflow");
    return y;
  };
}

/**
 * Returns a function that throws where `inside` does not hold. NaN gives NaN.
 * @param {(x: number) => number} f @param {(x: number) => boolean} inside
 */
function within(f, inside) {
  return (/** @type {number} */ x) => {
    need(inside(x) || x !== x);
    return f(x);
  };
}

/** @param {number} a @param {number} b */
function divide(a, b) {
  need(b !== 0, "zero division");
  return a / b;
}

/** @param {number} a @param {number} b */
function power(a, b) {
  if (a === 1 || b === 0) return 1; // JavaScript: NaN for 1 ** NaN
  if (a === -1 && Math.abs(b) === Infinity) return 1;
  need(a !== 0 || !(b < 0) || b === -Infinity, "zero division");
  need(!(a < 0) || a === -Infinity || !Number.isFinite(b) || Number.isInteger(b));
  const y = a ** b;
  need(Number.isFinite(y) || !Number.isFinite(a) || !Number.isFinite(b), "overflow");
  return y;
}

// 2 / sqrt(pi) exp(-x x) times the sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)), all terms of one sign
// (Abramowitz and Stegun 7.1.6).
/** @param {number} x */
function erfBySeries(x) {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// exp(-x x) / sqrt(pi) / (x + 1/2 / (x + 2/2 / (x + 3/2 / ...))) for x > 0 (A. and S. 7.1.14),
// from the inside out.
/** @param {number} x */
function erfcByFraction(x) {
  let below = x;
  for (let n = Math.ceil(30 + 400 / (x * x)); n > 0; n--) below = x + n / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
}

const SERIES_UP_TO = 2;

/** @param {number} x */
function errorFunction(x) {
  if (Math.abs(x) < SERIES_UP_TO) return erfBySeries(x);
  return x !== x ? x : Math.sign(x) * (1 - erfcByFraction(Math.abs(x)));
}

/** @param {number} x */
function complement(x) {
  return x < 0.5 || x !== x ? 1 - errorFunction(x) : x < SERIES_UP_TO ? 1 - erfBySeries(x) : erfcByFraction(x);
}

/** The larger one, NaN if one is NaN, as autograd has it. @param {number[]} xs */
const largest = (...xs) => xs.reduce((a, b) => (a >= b || a !== a ? a : b));
/** @param {number[]} xs */
const smallest = (...xs) => xs.reduce((a, b) => (a <= b || a !== a ? a : b));

/** @type {Functions} */
export const exact = {
  div: divide,
  pow: power,
  fabs: Math.abs,
  exp: bounded(Math.exp),
  expm1: bounded(Math.expm1),
  log: within(Math.log, (x) => x > 0),
  log1p: within(Math.log1p, (x) => x > -1),
  log2: within(Math.log2, (x) => x > 0),
  log10: within(Math.log10, (x) => x > 0),
  sqrt: within(Math.sqrt, (x) => x >= 0),
  cbrt: Math.cbrt,
  sin: within(Math.sin, Number.isFinite),
  cos: within(Math.cos, Number.isFinite),
  tan: within(Math.tan, Number.isFinite),
  asin: within(Math.asin, (x) => Math.abs(x) <= 1),
  acos: within(Math.acos, (x) => Math.abs(x) <= 1),
  atan: Math.atan,
  sinh: bounded(Math.sinh),
  cosh: bounded(Math.cosh),
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: within(Math.acosh, (x) => x >= 1),
  atanh: within(Math.atanh, (x) => Math.abs(x) < 1),
  erf: errorFunction,
  erfc: complement,
  maximum: largest,
  minimum: smallest,
  difference: (/** @type {number} */ a, /** @type {number} */ b) => (a === b ? 0 : a - b), // of two infinities too
  of: (/** @type {Operation} */ operation, /** @type {number[]} */ ...xs) => operation.value(exact, ...xs),
};

/**
 * Returns `f` with a limit in place of each error.
 * @param {(...xs: any[]) => number} f @param {(...xs: any[]) => number} atPole
 */
function limited(f, atPole) {
  return (/** @type {any[]} */ ...xs) => {
    try {
      return f(...xs);
    } catch (error) {
      if (!(error instanceof FloatError)) throw error;
      if (error.kind === "zero division") return atPole(...xs);
      return error.kind === "overflow" ? Infinity : NaN;
    }
  };
}

/** @param {number} a */
const signedInfinity = (a) => (a < 0 || Object.is(a, -0) ? -Infinity : Infinity);

/** @type {Functions} */
export const limits = {
  ...Object.fromEntries(Object.entries(exact).map(([name, f]) => [name, limited(f, () => Infinity)])),
  div: limited(divide, (a) => (a ? signedInfinity(a) : NaN)),
  pow: limited(power, signedInfinity),
};

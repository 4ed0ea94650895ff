// @ts-check
// Python's random.Random, number by number: the Mersenne Twister of 32 bits (Matsumoto and
// Nishimura 1998), its seeding, and what Python's module `random` makes of it.

const STATE_WORDS = 624;
const SHIFT = 397;

export class Random {
  /** @param {number} seed  a whole number; like Python, -1 and 1 are the same */
  constructor(seed) {
    this.words = new Uint32Array(STATE_WORDS);
    this.place = STATE_WORDS;
    /** The second of two normal numbers that are drawn together. @type {number | null} */
    this.nextGauss = null;
    this.#seed(Math.abs(seed));
  }

  /** @param {number} seed */
  #seed(seed) {
    const words = this.words;
    const key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
    if (key[1] === 0) key.pop();
    words[0] = 19650218;
    for (let i = 1; i < STATE_WORDS; i++) words[i] = Math.imul(1812433253, words[i - 1] ^ (words[i - 1] >>> 30)) + i;
    let i = 1;
    const next = () => {
      i++;
      if (i < STATE_WORDS) return;
      words[0] = words[STATE_WORDS - 1];
      i = 1;
    };
    const mixed = () => words[i - 1] ^ (words[i - 1] >>> 30);
    for (let k = 0; k < STATE_WORDS; k++) {
      const j = k % key.length;
      words[i] = (words[i] ^ Math.imul(mixed(), 1664525)) + key[j] + j;
      next();
    }
    for (let k = 1; k < STATE_WORDS; k++) {
      words[i] = (words[i] ^ Math.imul(mixed(), 1566083941)) - i;
      next();
    }
    words[0] = 0x80000000;
  }

  #refill() {
    const words = this.words;
    for (let i = 0; i < STATE_WORDS; i++) {
      const y = (words[i] & 0x80000000) | (words[(i + 1) % STATE_WORDS] & 0x7fffffff);
      words[i] = words[(i + SHIFT) % STATE_WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.place = 0;
  }

  /** Returns 32 random bits. */
  bits() {
    if (this.place === STATE_WORDS) this.#refill();
    let y = this.words[this.place++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Returns a number from 0 up to 1, of 53 random bits. */
  random() {
    const high = this.bits() >>> 5;
    return (high * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** @param {number} a @param {number} b */
  uniform(a, b) {
    return a + (b - a) * this.random();
  }

  /** Returns a normal number. @param {number} mean @param {number} deviation */
  gauss(mean, deviation) {
    let z = this.nextGauss;
    this.nextGauss = null;
    if (z === null) {
      const angle = this.random() * 2 * Math.PI;
      const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
      z = Math.cos(angle) * radius;
      this.nextGauss = Math.sin(angle) * radius;
    }
    return mean + z * deviation;
  }

  /** Returns a whole number from 0 up to n, which is above 0 and at most 2 ** 32. @param {number} n */
  below(n) {
    const unused = Math.clz32(n);
    for (;;) {
      const x = this.bits() >>> unused;
      if (x < n) return x;
    }
  }

  /** @template T @param {ArrayLike<T>} xs @returns {T} */
  choice(xs) {
    return xs[this.below(xs.length)];
  }

  /** Shuffles a list in place. @param {unknown[]} xs */
  shuffle(xs) {
    for (let i = xs.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [xs[i], xs[j]] = [xs[j], xs[i]];
    }
  }

  /** Returns what the next numbers depend on. */
  state() {
    return { words: this.words.slice(), place: this.place, nextGauss: this.nextGauss };
  }

  /** @param {ReturnType<Random["state"]>} state */
  restore({ words, place, nextGauss }) {
    this.words.set(words);
    this.place = place;
    this.nextGauss = nextGauss;
  }
}

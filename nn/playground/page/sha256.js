// @ts-check
// SHA-256 (FIPS 180-4). The browser's own is missing in pages that were not loaded over https.

/** The first 32 bits of the fractional part of a root of the first primes. @param {number} count @param {number} power */
function constants(count, power) {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    let isPrime = true;
    for (let k = 2; k * k <= n; k++) isPrime &&= n % k !== 0;
    if (isPrime) found.push(Math.floor((n ** power % 1) * 2 ** 32) | 0);
  }
  return found;
}

const K = constants(64, 1 / 3);
const START = constants(8, 1 / 2);
const turned = (/** @type {number} */ x, /** @type {number} */ n) => (x >>> n) | (x << (32 - n));

/** Returns the SHA-256 of a text of ASCII in hexadecimal. @param {string} text */
export function sha256(text) {
  const length = Math.ceil((text.length + 9) / 64) * 64;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  bytes[text.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(length - 8, Math.floor(text.length / 2 ** 29));
  view.setUint32(length - 4, text.length << 3);
  const hash = [...START];
  for (let start = 0; start < length; start += 64) addBlock(hash, view, start);
  return hash.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
}

/** @param {number[]} hash @param {DataView} view @param {number} start */
function addBlock(hash, view, start) {
  const w = Array.from({ length: 64 }, (_, i) => (i < 16 ? view.getUint32(start + 4 * i) | 0 : 0));
  for (let i = 16; i < 64; i++) {
    const s0 = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let i = 0; i < 64; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((x, i) => (hash[i] = (hash[i] + x) | 0));
}

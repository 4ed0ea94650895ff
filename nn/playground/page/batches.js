// @ts-check
// Which points each step sees: the batches that nn.fit makes with the same seed.
import { Random } from "./random.js";

export class Batches {
  /** @param {number[]} train  the points to train with @param {number | null} size  null: all @param {number} seed */
  constructor(train, size, seed) {
    this.order = [...train];
    this.size = Math.min(size ?? train.length, train.length);
    this.rng = new Random(seed);
    /** The number of points of this epoch that were seen. */
    this.seen = 0;
    this.epoch = 0;
    this.#shuffle();
  }

  get perEpoch() {
    return Math.ceil(this.order.length / this.size);
  }

  #shuffle() {
    if (this.size < this.order.length) this.rng.shuffle(this.order);
  }

  /** The points of the present step. */
  get current() {
    return this.order.slice(this.seen, this.seen + this.size);
  }

  /** Goes on to the next step. */
  next() {
    this.seen += this.size;
    if (this.seen < this.order.length) return;
    this.seen = 0;
    this.epoch++;
    this.#shuffle();
  }

  state() {
    const isShuffled = this.size < this.order.length;
    return {
      seen: this.seen,
      epoch: this.epoch,
      order: isShuffled ? Uint16Array.from(this.order) : null,
      rng: isShuffled ? this.rng.state() : null,
    };
  }

  /** @param {ReturnType<Batches["state"]>} state */
  restore({ seen, epoch, order, rng }) {
    this.seen = seen;
    this.epoch = epoch;
    if (order) this.order = [...order];
    if (rng) this.rng.restore(rng);
  }
}

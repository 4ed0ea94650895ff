// @ts-check
// What is kept of a run: curves of losses, and states to go back to. Both are thinned out, so that
// an hour of steps takes no more memory than a minute.

export const MAX_CURVE_POINTS = 2000;
export const MAX_CHECKPOINTS = 200;

/** The losses after some of the steps: every one, then every second one, and so on. */
export class Curves {
  constructor() {
    /** @type {number[]} */
    this.step = [];
    /** @type {number[]} */
    this.train = [];
    /** @type {number[]} */
    this.test = [];
    this.interval = 1;
  }

  /** Tells whether a step belongs to the curve. @param {number} step */
  wants(step) {
    return step % this.interval === 0 && !(this.step[this.step.length - 1] >= step);
  }

  /** @param {number} step @param {number} train @param {number} test */
  add(step, train, test) {
    this.step.push(step);
    this.train.push(train);
    this.test.push(test);
    if (this.step.length <= MAX_CURVE_POINTS) return;
    this.interval *= 2;
    this.#keep((at) => at % this.interval === 0);
  }

  /** Forgets what came after a step. @param {number} step */
  cut(step) {
    this.#keep((at) => at <= step);
  }

  /** @param {(step: number) => boolean} wanted */
  #keep(wanted) {
    const kept = this.step.map((at, i) => (wanted(at) ? i : -1)).filter((i) => i >= 0);
    for (const list of [this.step, this.train, this.test]) list.splice(0, list.length, ...kept.map((i) => list[i]));
  }
}

/**
 * States of a run at some of its steps, in order. Those of edits are kept, because no step leads to
 * them; of too many edits the oldest are forgotten, with all that came before.
 * @template State
 */
export class Checkpoints {
  constructor() {
    /** @type {{step: number, state: State, isEdit: boolean}[]} */
    this.list = [];
    this.interval = 1;
  }

  /** The earliest step to go back to. */
  get first() {
    return this.list[0].step;
  }

  /** Adds a state, if its step is due or an edit. @param {number} step @param {() => State} state @param {boolean} [isEdit] */
  add(step, state, isEdit = false) {
    const last = this.list[this.list.length - 1];
    if (!isEdit && (step % this.interval !== 0 || (last && last.step >= step))) return;
    if (isEdit) this.cut(step - 1);
    this.list.push({ step, state: state(), isEdit });
    if (this.list.length <= MAX_CHECKPOINTS) return;
    if (this.list.filter((point) => point.isEdit).length > MAX_CHECKPOINTS / 2) this.#forgetFirstEdit();
    while (this.list.length > MAX_CHECKPOINTS) {
      this.interval *= 2;
      this.list = this.list.filter((point) => point.isEdit || point.step % this.interval === 0);
    }
  }

  #forgetFirstEdit() {
    const next = this.list.findIndex((point, i) => i > 0 && point.isEdit);
    this.list.splice(0, next);
  }

  /** Forgets what came after a step. @param {number} step */
  cut(step) {
    this.list = this.list.filter((point) => point.step <= step);
  }

  /** Returns the last state at or before a step. @param {number} step */
  before(step) {
    return this.list.findLast((point) => point.step <= step) ?? this.list[0];
  }

  /** Returns the state of an edit after one step and up to another, if there is one. @param {number} from @param {number} to */
  edit(from, to) {
    return this.list.findLast((point) => point.isEdit && point.step > from && point.step <= to);
  }
}

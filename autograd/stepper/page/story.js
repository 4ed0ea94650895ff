// @ts-check
// The steps of a pass with their present numbers: what each step says, and what is known after it.
import { Engine } from "../../pages/engine.js";
import { parsed } from "../../pages/numbers.js";
import { equation, evaluated, filled } from "./figures.js";

/**
 * @typedef {"text" | "rule" | "sum" | "note"} Part
 * @typedef {object} NodeInfo
 * @property {string} name
 * @property {number | string} data
 * @property {string} [label]
 * @property {boolean} [constant]
 * @property {string} [op]  none: a leaf
 * @property {string} [domain]
 *
 * @typedef {object} Step
 * @property {string} phase
 * @property {string} [kind]  "update" where the step changes a parameter
 * @property {number | null} node
 * @property {number | null} operand
 * @property {number | null} target
 * @property {number | null} adjoint  a row of the figures, as the next two
 * @property {number | null} local_grad
 * @property {number | null} term
 * @property {[number, number, number, boolean][]} changes  node, figure, right figure, wrong
 * @property {Record<Part, import("./figures.js").Template>} words
 * @property {Words} [given]  the words as Python wrote them
 * @property {number[]} [inside]  in a network: the first and the end of the steps that it stands for
 * @property {string | null} [edge]  in a network: the id of the edge along which it passes back
 *
 * @typedef {object} Neuron  by the places of its nodes
 * @property {string} name
 * @property {number} z
 * @property {number[]} weights
 * @property {number[]} inputs
 * @property {number | null} bias
 * @property {string | null} activation
 *
 * @typedef {object} Code  the user's functions, and the expression that made each node
 * @property {{name: string, file: string, first: number, lines: string[]}[]} sources
 * @property {[string, [string, any], [string, any], boolean][]} [comparisons]  symbol, operands, outcome
 * @property {Record<number, number[]>} places  source, line, column, end line, end column, turn, turns
 *
 * @typedef {object} Sample  of a batch
 * @property {number} number  from 0
 * @property {number} picture  which of the pictures of the page shows it
 * @property {number[]} nodes  those of this sample alone, in the same order as in others like it
 * @property {string[]} ids  of boxes and edges, in that order too
 * @property {number | null} output  the node that the others read, such as its loss
 * @property {Record<number, Neuron>} neurons  by the place of the result
 * @property {Record<number, number>} boxes  of nodes without a box of their own
 * @property {Step[]} groups  a neuron is one step
 *
 * @typedef {object} Network
 * @property {Step[]} inside  all steps, one by one
 * @property {Sample[]} samples  those that can be shown
 * @property {number} count  of all samples
 * @property {number} shown  which of ``samples`` the page was made for
 * @property {number | null} mean  the node that reads the outputs of all samples
 *
 * @typedef {{value: number, right: number, wrong: boolean}} Gradient
 * @typedef {Record<Part, string>} Words
 */

const OTHER_NUMBERS = "verdict: with these numbers others are wrong. Reset shows the verdict of Python.";

const FIRST_NAME = 0xe001; // the private letter of the node of a step, before those of the other names

/** @typedef {(row: any[]) => Step} Reader  of a step as page_data.py writes it */

/** Reads steps. Their words are patterns of word_patterns.py, with figures. @param {any} data @returns {Reader} */
function readerOf({ patterns, root, nodes, live }) {
  return ([phase, node, operand, target, adjoint, local_grad, term, changed, words, edge]) => {
    const named = node === null || !live ? [] : [node, target ?? node, ...live.parents[node]];
    const name = (/** @type {string} */ letter) =>
      letter < String.fromCharCode(FIRST_NAME) ? `d${root}/d` : nodes[named[letter.charCodeAt(0) - FIRST_NAME]].name;
    const templates = words.map((/** @type {number[]} */ [pattern, ...figures]) =>
      patterns[pattern].map((/** @type {string | 0} */ part) => part === 0 ? figures.shift() : part.replace(PRIVATE, name)));
    const [text = [], rule = [], sum = [], note = []] = templates;
    /** @type {[number, number, number, boolean][]} */
    const changes = changed.map((/** @type {any[]} */ [i, figure, right = figure, wrong = false]) => [i, figure, right, wrong]);
    return { phase, node, operand, target, adjoint, local_grad, term, changes, words: { text, rule, sum, note }, edge };
  };
}

const PRIVATE = /[\ue000-\uf8ff]/g;

/** Reads the network as page_data.py writes it. @param {any} network @param {Words[]} given @param {Reader} stepOf @returns {Network} */
function networkOf(network, given, stepOf) {
  const inside = network.inside.map(stepOf);
  const samples = network.samples.map((/** @type {any} */ { frames, ...sample }, /** @type {number} */ s) => {
    const groups = frames.map((/** @type {any[]} */ [first, end, ...row], /** @type {number} */ k) => {
      const whole = row.length ? stepOf(row) : inside[first];
      const single = { ...inside[first], words: whole.words, changes: whole.changes };
      return { ...(end - first === 1 ? single : whole), inside: [first, end], given: s === network.shown ? given[k] : undefined };
    });
    return { ...sample, groups };
  });
  return { ...network, inside, samples };
}

/** @type {Record<string, (a: number, b: number) => boolean>} */
const COMPARE = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };

export class Story {
  /** @param {any} data  the JSON of page_data.py @param {Record<string, any>} operations @param {Words[]} given */
  constructor(data, operations, given) {
    this.root = /** @type {string} */ (data.root);
    /** @type {Record<string, string>} */
    this.own = data.own ?? {}; // the operations of one's own, and where to import them from
    this.mistake = /** @type {boolean} */ (data.mistake);
    this.opensAt = /** @type {number} */ (data.opensAt ?? 0); // the step shown first, from 0
    const stepOf = readerOf(data);
    this.groups = /** @type {Step[]} */ (data.frames.map((/** @type {any} */ step, /** @type {number} */ k) => ({ ...stepOf(step), given: given[k] })));
    this.network = data.network ? networkOf(data.network, given, stepOf) : null;
    /** @type {Sample | undefined} */
    this.sample = this.network?.samples[this.network.shown];
    /** @type {Code | null} */
    this.code = data.code ?? null;
    /** @type {number | null} */
    this.opened = null; // the neuron whose steps are played one by one
    this.steps = this.playedSteps();
    /** @type {Map<number, NodeInfo>} */
    this.nodes = new Map(Object.entries(data.nodes).map(([i, node]) => [Number(i), /** @type {NodeInfo} */ (node)]));
    this.rows = data.figures;
    this.updates = data.updates;
    this.leaves = /** @type {number[]} */ (data.leaves); // those that can be changed, inputs first
    this.edited = false;
    this.engine = data.live && engineOf(data.live, operations);
    this.start = this.engine && [...this.engine.data];
    this.refresh();
  }

  get last() {
    return this.steps.length - 1;
  }

  /** The steps: in a network a neuron is one step, unless it is opened. @returns {Step[]} */
  playedSteps() {
    const { network, sample, opened } = this;
    if (!network || !sample) return this.groups;
    return sample.groups.flatMap((group) => {
      const [first, end] = group.inside ?? [0, 0];
      if (opened === null || group.node !== opened || end - first === 1) return [group];
      return network.inside.slice(first, end).map((step, k) => ({ ...step, inside: [first + k, first + k + 1] }));
    });
  }

  /**
   * Opens a neuron, or closes the one that is open (null). Returns the step that shows what step k showed.
   * @param {number | null} box @param {number} k
   */
  open(box, k) {
    const at = this.steps[k].inside?.[0] ?? 0;
    this.opened = box;
    this.steps = this.playedSteps();
    return this.steps.findLastIndex(({ inside }) => (inside?.[0] ?? 0) <= at);
  }

  /**
   * Shows another sample of the batch. Returns the step that shows what step k showed.
   * @param {number} s  its place among those that can be shown @param {number} k
   */
  choose(s, k) {
    const [before, step] = [this.sample, this.steps[k]];
    this.sample = this.network?.samples[s];
    const here = (/** @type {number | null} */ i) => (i === null ? null : this.counterpart(i, before));
    this.opened = here(this.opened);
    this.steps = this.playedSteps();
    const [node, target] = [here(step.node), here(step.target)];
    const alike = this.steps.findIndex((other) => other.phase === step.phase && other.node === node && other.target === target && other.operand === step.operand);
    return alike >= 0 ? alike : Math.min(k, this.last);
  }

  /** The node of the present sample that is what node i was in another one. @param {number} i @param {Sample | undefined} before */
  counterpart(i, before) {
    const at = before ? before.nodes.indexOf(i) : -1;
    if (!before || !this.sample || at < 0) return i; // of all samples
    if (before.picture === this.sample.picture) return this.sample.nodes[at];
    const neuron = Object.keys(before.neurons).indexOf(String(i));
    return neuron < 0 ? null : Number(Object.keys(this.sample.neurons)[neuron]);
  }

  /** The neurons of the present sample, by the place of the result. */
  get neurons() {
    return this.sample?.neurons ?? {};
  }

  /** The node whose box shows node i. @param {number} i */
  boxOf(i) {
    return this.sample?.boxes[i] ?? i;
  }

  /** Whether the numbers can be changed. */
  get live() {
    return Boolean(this.engine?.run);
  }

  refresh() {
    this.values = evaluated(this.rows, this.engine, this.updates);
  }

  /** Changes leaves. A NodeError leaves all as it was. @param {[number, number][]} leaves */
  change(leaves) {
    const before = leaves.map(([i]) => /** @type {[number, number]} */ ([i, this.engine.data[i]]));
    this.engine.run(leaves);
    try {
      this.refresh();
    } catch (error) {
      this.engine.run(before);
      throw error;
    }
    this.edited = this.leaves.some((i) => this.engine.data[i] !== this.start[i]);
  }

  /** The number of a node, computed or given. @param {number} i */
  number(i) {
    return this.engine ? this.engine.data[i] : parsed(this.nodes.get(i)?.data ?? NaN);
  }

  /** @param {number} row @returns {number} */
  figure(row) {
    return this.values?.[row] ?? NaN;
  }

  /** What step k says. @param {number} k @returns {Words} */
  words(k) {
    return this.wordsOf(this.steps[k]);
  }

  /** @param {Step} step @returns {Words} */
  wordsOf({ phase, words, given }) {
    if (given && !this.edited) return given;
    const part = (/** @type {Part} */ name) => filled(words[name], this.values ?? []);
    const said = { text: equation(part("text")), rule: equation(part("rule")), sum: part("sum"), note: part("note") };
    if (!this.mistake || this.asJudged) return said;
    return { ...said, note: "", ...(phase === "verdict" && { text: OTHER_NUMBERS }) };
  }

  /** Whether step k gives a wrong number. @param {number} k */
  isWrong(k) {
    return this.steps[k].changes.some((change) => this.wrong(change));
  }

  /** The first step that gives a wrong number, or -1. */
  get firstWrong() {
    return this.steps.findIndex((_, k) => this.isWrong(k));
  }

  /** @param {[number, number, number, boolean]} change */
  wrong([, row, rightRow, wrong]) {
    return this.edited ? this.mistake && !close(this.figure(row), this.figure(rightRow)) : wrong;
  }

  /** Whether the numbers that are wrong are those that Python found to be wrong. */
  get asJudged() {
    return this.steps.every(({ changes }) => changes.every((change) => this.wrong(change) === change[3]));
  }

  /** The step that computes node i, or -1. @param {number} i */
  computes(i) {
    return this.steps.findIndex(({ phase, target }) => phase === "forward" && target === i);
  }

  /**
   * The numbers and the gradients that are known after step k.
   * @param {number} k
   * @returns {{data: Map<number, number>, grads: Map<number, Gradient>}}
   */
  stateAt(k) {
    const data = new Map();
    const grads = new Map();
    for (const [i, node] of this.nodes) if (!node.op) data.set(i, this.number(i));
    for (const step of this.steps.slice(0, k + 1)) {
      for (const change of step.changes) {
        const [i, row, rightRow] = change;
        const [value, right, wrong] = [this.figure(row), this.figure(rightRow), this.wrong(change)];
        if (step.phase === "forward" || step.phase === "update") data.set(i, value);
        else grads.set(i, { value, right, wrong });
      }
    }
    return { data, grads };
  }

  /**
   * The terms of the gradient of node i, in order. In a network they are those inside of neurons too.
   * @param {number} i
   * @returns {{step: Step, at: number, order: number}[]}  ``at`` is the step that shows the term
   */
  terms(i) {
    const { network, steps } = this;
    if (!network) {
      return steps.flatMap((step, k) => step.phase === "backward" && step.changes.some(([j]) => j === i) ? [{ step, at: k, order: k }] : []);
    }
    return network.inside.flatMap((step, order) => {
      if (step.phase !== "backward" || step.target !== i) return [];
      return [{ step, at: steps.findLastIndex(({ inside }) => (inside?.[0] ?? 0) <= order), order }];
    });
  }

  /**
   * The number of node i, or its gradient, if it is known after step k. Its box may be in another picture.
   * @param {number} i @param {"forward" | "backward"} phase @param {number} k
   */
  known(i, phase, k) {
    const before = this.network?.inside.slice(0, this.orderOf(k) + 1) ?? [];
    const change = before.filter((step) => step.phase === phase).flatMap(({ changes }) => changes).findLast(([j]) => j === i);
    return change && this.figure(change[1]);
  }

  /** How far step k is among all steps, with those inside of neurons. @param {number} k */
  orderOf(k) {
    return this.network ? Number(this.steps[k].inside?.[1]) - 1 : k;
  }

  /** The comparisons of the user's function that have another outcome with the present numbers. */
  get turned() {
    const value = (/** @type {[string, any]} */ [kind, x]) => (kind === "node" ? this.number(x) : parsed(x));
    return (this.code?.comparisons ?? []).filter(([symbol, a, b, outcome]) => COMPARE[symbol](value(a), value(b)) !== outcome);
  }
}

/**
 * Returns the engine, or Python's numbers alone if an operation of the user's own gives others here.
 * @param {any} live @param {Record<string, any>} operations
 */
function engineOf(live, operations) {
  const data = live.data.map(parsed);
  const local = live.local?.map((/** @type {any[]} */ grads) => grads.map((g) => g === null ? g : parsed(g)));
  const engine = new Engine({ ...live, data }, operations);
  const asInPython = !local || same(engine.data, data) && engine.local.every((grads, i) => same(grads, local[i]));
  return asInPython ? engine : { ...engine, data, local, run: null };
}

/** @param {(number | null)[]} xs @param {(number | null)[]} ys */
function same(xs, ys) {
  return xs.every((x, i) => close(x, ys[i]));
}

/** @param {any} a @param {any} b */
export function close(a, b) {
  return a === b || (a !== a && b !== b) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

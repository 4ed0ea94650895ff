// @ts-check
// Which step is shown and which node is chosen; buttons, slider and keys; playing.
import { byId, takesKeys } from "../../pages/elements.js";

/** @typedef {import("./story.js").Story} Story */

const PAUSE = 1400; // milliseconds a step is shown while playing at speed 1

export class Player {
  /** @param {Story} story */
  constructor(story) {
    this.story = story;
    this.current = 0;
    /** @type {number | null} */
    this.chosen = null;
    /** @type {number | null} */
    this.hovered = null;
    /** @type {ReturnType<typeof setInterval> | null} */
    this.timer = null;
    /** @type {(() => void)[]} */
    this.views = []; // each draws a part of the page
    /** @type {() => void} */
    this.drawSample = () => {}; // puts the picture of another sample into the page
    /** @type {(k: number) => boolean} */
    this.hides = () => false; // whether step k hides its number
  }

  /** Opens or closes a neuron. @param {number} box */
  open(box) {
    this.stop();
    this.current = this.story.open(this.story.opened === box ? null : box, this.current);
    this.draw();
  }

  /** Shows another sample of a batch. @param {number} s  its place among those that can be shown */
  showSample(s) {
    this.stop();
    const before = this.story.sample;
    this.current = this.story.choose(s, this.current);
    this.chosen = this.chosen === null ? null : this.story.counterpart(this.chosen, before);
    this.hovered = null;
    this.drawSample();
    this.draw();
  }

  draw() {
    for (const view of this.views) view();
  }

  /** @param {number} k */
  show(k) {
    this.current = Math.min(Math.max(k, 0), this.story.last);
    this.draw();
  }

  /** A step chosen by hand ends the playing. @param {number} k */
  move(k) {
    this.stop();
    this.show(k);
  }

  /** @param {number | null} node */
  choose(node) {
    if (node === this.chosen) return;
    this.chosen = node;
    this.draw();
  }

  /** @param {number | null} node */
  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.draw();
  }

  play() {
    if (this.timer !== null) return this.stop();
    if (this.current === this.story.last) this.show(0);
    this.timer = setInterval(() => {
      this.show(this.current + 1);
      if (this.current === this.story.last || this.hides(this.current)) this.stop();
    }, PAUSE / Number(byId("speed").value));
    this.label();
  }

  stop() {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.label();
  }

  label() {
    byId("play").classList.toggle("playing", this.timer !== null);
    byId("play").querySelector("span").textContent = this.timer === null ? "Play" : "Pause";
  }

  /** The first step after this one for which `fits` holds, or else the last step. @param {(k: number) => boolean} fits */
  after(fits) {
    const { last } = this.story;
    for (let k = this.current + 1; k <= last; k++) if (fits(k)) return k;
    return last;
  }

  /** The last step of this phase; from there, of the next phase. */
  get endOfPhase() {
    const { steps, last } = this.story;
    return this.after((k) => k === last || steps[k].phase !== steps[k + 1].phase);
  }

  /** The first step of the next node: of the next one that is computed or passes on. */
  get nextNode() {
    const { steps } = this.story;
    const { node, phase } = steps[this.current];
    return this.after((k) => steps[k].node !== node || steps[k].phase !== phase);
  }

  /** The next step that has to do with the chosen node. */
  get nextUse() {
    const { engine, steps } = this.story;
    const uses = (/** @type {any} */ { node, target, changes }) =>
      node === this.chosen || target === this.chosen ||
      changes.some((/** @type {any[]} */ [i]) => i === this.chosen) ||
      (node !== null && engine?.graph?.parents[node].includes(this.chosen));
    return this.after((k) => uses(steps[k]));
  }
}

/** Connects the buttons, the slider and the keys. @param {Player} player */
export function connect(player) {
  /** @type {Record<string, () => number>} */
  const moves = {
    first: () => 0,
    previous: () => player.current - 1,
    next: () => player.current + 1,
    last: () => player.story.last,
    "next-node": () => player.nextNode,
    "end-of-phase": () => player.endOfPhase,
    "next-use": () => player.nextUse,
  };
  for (const [id, to] of Object.entries(moves)) {
    byId(id).addEventListener("click", () => {
      if (byId(id).getAttribute("aria-disabled") !== "true") player.move(to());
    });
  }
  byId("play").addEventListener("click", () => player.play());
  byId("speed").addEventListener("change", () => {
    if (player.timer === null) return;
    player.stop();
    player.play();
  });
  byId("slider").addEventListener("input", () => player.move(Number(byId("slider").value) - 1));
  /** @type {Record<string, () => number>} */
  const keys = {
    ArrowLeft: moves.previous, ArrowRight: moves.next, Home: moves.first, End: moves.last, PageDown: moves["end-of-phase"],
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (takesKeys(event.target)) return; // an input or the slider uses it
    if (event.key in keys) player.move(keys[event.key]());
    else if (event.key === "Escape") player.choose(null);
    else if (event.key === " " && !(event.target instanceof Element && event.target.closest("button, [role=button], summary"))) player.play();
    else return;
    event.preventDefault();
  });
}

/** Draws the position. @param {Player} player */
export function drawPosition(player) {
  const { current, story: { steps, last } } = player;
  const phase = steps[current].kind ?? steps[current].phase;
  byId("phase").textContent = phase[0].toUpperCase() + phase.slice(1);
  byId("phase").className = phase;
  byId("position").textContent = `Step ${current + 1} of ${steps.length}`;
  byId("slider").max = steps.length;
  byId("slider").value = current + 1;
  byId("slider").setAttribute("aria-valuetext", `Step ${current + 1}`);
  const disable = (/** @type {string[]} */ ids, /** @type {boolean} */ disabled) => {
    for (const id of ids) byId(id).setAttribute("aria-disabled", disabled);
  };
  disable(["first", "previous"], current === 0);
  disable(["next", "last", "next-node", "end-of-phase"], current === last);
  disable(["next-use"], current === last || player.chosen === null);
}

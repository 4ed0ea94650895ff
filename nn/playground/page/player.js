// @ts-check
// Time: plays the run, takes one step apart, and goes back. Views draw what it shows.
import { byId, setText, takesKeys } from "../../../autograd/pages/elements.js";
import { Run } from "./run.js";

/**
 * @typedef {"start" | "forward" | "backward" | "update"} Phase
 * @typedef {{point: number, layer: number, unit: number, k: number}} Chosen  k: the weight, or the bias after the last
 * @typedef {{edges: "weights" | "gradients" | "updates", log: boolean}} Shown
 */

const LAYER_MS = 380; // between two layers, where a phase is shown layer by layer
const FRAME_MS = 9; // of training in one frame; the rest is for drawing

export class Player {
  /** @param {any} settings */
  constructor(settings) {
    this.run = new Run(settings);
    this.settings = this.run.settings;
    /** @type {Chosen} */
    this.chosen = { point: 0, layer: 0, unit: 0, k: 0 };
    /** @type {Shown} what the reader chose to see */
    this.shown = { edges: this.settings.show.edges ?? "weights", log: Boolean(this.settings.show.log) };
    this.playing = false;
    this.speed = 1; // steps a frame
    this.credit = 0;
    this.trouble = "";
    /** @type {{phase: Phase, layer: number} | null} how far a phase is shown */
    this.revealed = null;
    /** @type {Phase | null} the phase whose numbers the edges show, after it was chosen by hand */
    this.stressed = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.nextSlow = 0;
    /** @type {(() => void)[]} */
    this.views = []; // draw in each frame
    /** @type {(() => void)[]} */
    this.slowViews = []; // take turns while the run plays: one in each frame
  }

  /** The number of layers with weights. */
  get depth() {
    return this.run.network.layers.length;
  }

  draw() {
    for (const view of [...this.views, ...this.slowViews]) view();
  }

  /** Draws while the run plays. */
  drawFrame() {
    for (const view of this.views) view();
    this.nextSlow = (this.nextSlow + 1) % this.slowViews.length;
    this.slowViews[this.nextSlow]();
  }

  /** Starts again with other settings. Returns whether they fit; if not, the old run goes on. @param {any} settings */
  restart(settings) {
    try {
      this.run = new Run(settings);
      this.settings = this.run.settings;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.complain(error.message);
      return false;
    }
    this.trouble = "";
    this.revealed = this.stressed = null;
    clearTimeout(this.timer);
    this.keepChoice();
    if (!this.playing) this.draw();
    return true;
  }

  /** Changes the run where it is: it goes on with other settings, points or weights. @param {() => void} act */
  edit(act) {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.complain(error.message);
      return false;
    }
    this.settings = { ...this.run.settings, lesson: null };
    this.trouble = "";
    this.keepChoice();
    if (!this.playing) this.draw();
    return true;
  }

  /** @param {string} sentence */
  complain(sentence) {
    this.trouble = sentence;
    this.draw();
  }

  /** Keeps the chosen neuron, point and weight inside of what there is. */
  keepChoice() {
    const { chosen, run } = this;
    const least = (/** @type {number} */ i, /** @type {number} */ count) => Math.max(0, Math.min(i, count - 1));
    chosen.point = least(chosen.point, run.points.length);
    chosen.layer = least(chosen.layer, run.network.layers.length);
    chosen.unit = least(chosen.unit, run.network.layers[chosen.layer].length);
    chosen.k = least(chosen.k, run.network.layers[chosen.layer][chosen.unit].weights.length + 1);
  }

  /**
   * Changes some settings. The training goes on from the present weights; else the run starts again.
   * @param {"data" | "network" | "training" | "mistakes"} part @param {Record<string, any>} changes
   */
  change(part, changes) {
    if (part === "training" && this.run.step && !("loss" in changes)) return this.edit(() => this.run.setTraining(changes));
    return this.restart({ ...this.settings, [part]: { ...this.settings[part], ...changes }, lesson: null });
  }

  /** @param {Partial<Chosen>} choice */
  choose(choice) {
    Object.assign(this.chosen, choice);
    this.keepChoice();
    this.draw();
  }

  play() {
    if (this.playing) return this.pause();
    if (this.run.stopped) return;
    this.playing = true;
    this.revealed = this.stressed = null;
    clearTimeout(this.timer);
    const frame = () => {
      if (!this.playing) return;
      this.train();
      if (this.run.stopped) return this.pause();
      this.drawFrame();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    this.draw();
  }

  /** The steps of one frame: fewer than asked for, if they take too long. */
  train() {
    const end = performance.now() + FRAME_MS;
    for (this.credit += this.speed; this.credit >= 1 && !this.run.stopped; this.credit--) {
      this.run.nextStep();
      if (performance.now() > end) this.credit = 1;
    }
  }

  pause() {
    this.playing = false;
    this.draw();
  }

  /** Does something once, with all shown afterwards. @param {() => void} act */
  once(act) {
    this.playing = false;
    this.revealed = null;
    clearTimeout(this.timer);
    act();
    this.draw();
  }

  /** Goes on to the end of a phase, and shows it layer by layer. @param {Phase} phase */
  to(phase) {
    this.stressed = phase;
    this.once(() => {
      do this.run.advance();
      while (this.run.phase !== phase && !this.run.stopped);
    });
    if (phase === "update" || this.run.stopped || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.reveal(phase, phase === "forward" ? 0 : this.depth - 1);
  }

  /** @param {Phase} phase @param {number} layer */
  reveal(phase, layer) {
    const end = phase === "forward" ? layer >= this.depth : layer < 0;
    this.revealed = end ? null : { phase, layer };
    this.draw();
    if (!end) this.timer = setTimeout(() => this.reveal(phase, layer + (phase === "forward" ? 1 : -1)), LAYER_MS);
  }

  /** Whether the numbers of this phase in a layer are shown. @param {"forward" | "backward"} phase @param {number} layer */
  shows(phase, layer) {
    const { revealed, run } = this;
    if (run.phase === "start" || (phase === "backward" && run.phase === "forward")) return false;
    if (!revealed || revealed.phase !== phase) return true;
    return phase === "forward" ? layer <= revealed.layer : layer >= revealed.layer;
  }

  /** Starts again with the present settings. */
  reset() {
    this.playing = false;
    this.restart({ ...this.settings });
  }

  /** @param {number} step */
  goTo(step) {
    this.once(() => this.run.goTo(step));
  }
}

/** Connects the buttons of time, the scrubber and the keys. @param {Player} player */
export function connectTime(player) {
  /** @type {Record<string, () => void>} */
  const acts = {
    play: () => player.play(),
    reset: () => player.reset(),
    "one-step": () => player.once(() => player.run.nextStep()),
    "one-epoch": () => player.once(() => player.run.nextEpoch()),
    forward: () => player.to("forward"),
    backward: () => player.to("backward"),
    update: () => player.to("update"),
  };
  for (const [id, act] of Object.entries(acts)) byId(id).addEventListener("click", act);
  byId("speed").addEventListener("change", () => {
    player.speed = Number(byId("speed").value);
    player.credit = 0;
  });
  byId("scrubber").addEventListener("input", () => player.goTo(Number(byId("scrubber").value)));
  /** @type {Record<string, string>} */
  const keys = { " ": "play", 1: "forward", 2: "backward", 3: "update", s: "one-step", e: "one-epoch", r: "reset" };
  document.addEventListener("keydown", (event) => {
    const id = keys[event.key];
    if (!id || event.ctrlKey || event.altKey || event.metaKey || isForTarget(event)) return;
    event.preventDefault();
    acts[id]();
  });
}

/** Whether a key is for the element that has the focus. @param {KeyboardEvent} event */
function isForTarget({ key, target }) {
  if (!(target instanceof Element)) return false;
  if (key === " " && target.matches("button, summary, a, input")) return true;
  return takesKeys(target) && !target.matches("input:is([type=checkbox], [type=range])");
}

/** Draws where the run is. @param {Player} player */
export function timeView(player) {
  const order = ["start", "forward", "backward", "update"];
  return () => {
    const { run, playing } = player;
    byId("play").classList.toggle("playing", playing);
    setText(byId("play").querySelector("span"), playing ? "Pause" : "Play");
    byId("play").setAttribute("aria-disabled", String(Boolean(run.stopped)));
    const next = order[(order.indexOf(run.phase) % 3) + 1];
    for (const phase of order.slice(1)) {
      const button = byId(phase);
      button.toggleAttribute("aria-current", false);
      if (run.phase === phase && !playing) button.setAttribute("aria-current", "step");
      button.classList.toggle("next", phase === next && !playing);
    }
    byId("scrubber").max = Math.max(1, run.furthest);
    byId("scrubber").value = run.step;
    byId("scrubber").setAttribute("aria-valuetext", `step ${run.step} of ${run.furthest}`);
    setText(byId("scrubbed"), String(run.step));
    const trouble = run.stopped?.sentence ?? player.trouble;
    byId("trouble").hidden = !trouble;
    setText(byId("trouble"), trouble);
  };
}

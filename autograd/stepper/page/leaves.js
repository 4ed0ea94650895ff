// @ts-check
// Live: every leaf is a number that can be changed, by typing, by arrow keys, or by dragging it.
import { inFull, number, typedNumber } from "../../pages/numbers.js";
import { NodeError } from "../../pages/engine.js";
import { followed } from "../../pages/pan_zoom.js";
import { byId, make, setText } from "../../pages/elements.js";
import { pythonCode } from "./python_code.js";

/** @typedef {import("./player.js").Player} Player */

const PX_PER_STEP = 6; // of a drag

/** @param {Player} player */
export function leavesView(player) {
  const { story } = player;
  byId("leaves").hidden = byId("to-leaves").hidden = !story.live || !story.leaves.length;
  byId("to-leaves").addEventListener("click", () => {
    byId("leaves").scrollIntoView();
    byId("leaves").querySelector(".scroll").focus({ preventScroll: true });
  });
  const rows = story.leaves.map((i) => rowOf(player, i));
  byId("leaves-rows").replaceChildren(...rows.map((row) => row.element));
  byId("reset").addEventListener("click", () => {
    for (const row of rows) judge(row, "");
    change(player, story.leaves.map((i) => [i, story.start[i]]));
  });
  byId("copy").addEventListener("click", () => copy(player));
  return () => {
    const { grads } = story.stateAt(player.current);
    const hidden = player.hides(player.current) ? story.steps[player.current].target : null;
    for (const { i, input, grad, element, constant } of rows) {
      const value = number(story.number(i), 6);
      if (document.activeElement !== input && input.getAttribute("aria-invalid") !== "true") input.value = value;
      const known = grads.get(i);
      setText(grad, i === hidden ? "?" : known ? number(known.value) : constant ? "none" : "·");
      element.classList.toggle("chosen", i === player.chosen);
    }
    byId("reset").setAttribute("aria-disabled", String(!story.edited));
  };
}

/** @param {Player} player @param {number} i */
function rowOf(player, i) {
  const name = player.story.nodes.get(i)?.name ?? "";
  const input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false, value: number(player.story.number(i), 6) });
  input.setAttribute("aria-label", `Value of ${name}`);
  input.id = `leaf-${i}`;
  const says = make("span", { className: "says", id: `leaf-${i}-says` });
  says.setAttribute("role", "alert");
  input.setAttribute("aria-describedby", says.id);
  const field = { i, input, says };
  input.addEventListener("input", () => typed(player, field));
  input.addEventListener("blur", () => settle(player, field));
  input.addEventListener("focus", () => player.choose(i));
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Enter") settle(player, field);
    if (event.key === "Escape") {
      judge(field, "");
      forget();
      input.blur();
      player.choose(null);
    }
    if (!steps) return;
    event.preventDefault();
    stepped(player, i, event.shiftKey ? steps * 10 : steps);
    judge(field, "");
    input.value = number(player.story.number(i), 6);
  });
  const grad = make("td", { className: "grad" });
  const element = make("tr", {}, make("th", { scope: "row", textContent: name }), make("td", {}, input, says), grad);
  return { ...field, grad, element, constant: player.story.nodes.get(i)?.constant };
}

/** @typedef {{i: number, input: HTMLInputElement, says: Element}} Field */

/** Takes what was typed, if it is a number. @param {Player} player @param {Field} field */
function typed(player, field) {
  const x = numberIn(field.input.value);
  if (Number.isFinite(x)) return judge(field, change(player, [[field.i, x]]));
  const now = number(player.story.number(field.i), 6);
  judge(field, `A number looks like 0.5, -2, 1e-3 or 1/3. It is still ${now}; Escape shows it.`);
}

/** The number that a text stands for, or NaN: a number, or one divided by another. @param {string} text */
function numberIn(text) {
  const parts = text.split("/");
  const [above, below = 1] = parts.map((part) => (/\d/.test(part) ? typedNumber(part) : NaN));
  return parts.length > 2 ? NaN : above / below;
}

/** Says beside a field what is wrong with its text; nothing if it is good. @param {Field} field @param {string} fault */
function judge({ input, says }, fault) {
  setText(says, fault);
  input.setAttribute("aria-invalid", String(Boolean(fault)));
}

/** Shows the number in use, if what was typed is one. @param {Player} player @param {Field} field */
function settle(player, { i, input }) {
  if (input.getAttribute("aria-invalid") !== "true") input.value = number(player.story.number(i), 6);
}

/** Takes back what was said of a wrong number. */
function forget() {
  for (const old of document.querySelectorAll("#picture .failed")) old.classList.remove("failed");
  setText(byId("trouble"), "");
}

/** Moves a leaf by steps of its second digit. @param {Player} player @param {number} i @param {number} steps */
function stepped(player, i, steps) {
  const x = player.story.number(i);
  const digit = x === 0 ? 0.1 : 10 ** Math.max(-6, Math.floor(Math.log10(Math.abs(x))) - 1);
  change(player, [[i, Number((Math.round(x / digit + steps) * digit).toPrecision(12))]]);
}

/** Changes leaves and draws. Returns what is wrong with them, or nothing. @param {Player} player @param {[number, number][]} leaves */
function change(player, leaves) {
  forget();
  try {
    player.story.change(leaves);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    byId(`n${player.story.boxOf(error.node)}`)?.classList.add("failed");
    const said = reason(player, error);
    setText(byId("trouble"), said);
    return said;
  }
  player.draw();
  return "";
}

/** Says which operation failed and what it needs. @param {Player} player @param {NodeError} error */
function reason({ story }, { node, kind, operands }) {
  const info = story.nodes.get(node);
  const needs = kind === "overflow" ? "the result is too large for a float" : info?.domain ? `needs ${info.domain}` : kind;
  return `${info?.name}: ${info?.op}(${operands.map(inFull).join(", ")}) ${needs}. The last good numbers stay.`;
}

/** In the picture a drag on a leaf changes its number; Enter and a double click lead to its field. @param {Player} player */
export function dragNumbers(player) {
  for (const i of player.story.live ? player.story.leaves : []) {
    const group = byId(`n${i}`);
    if (!group) continue;
    group.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      let way = 0;
      followed(event, byId("picture"), (dx) => {
        way += dx;
        const steps = Math.trunc(way / PX_PER_STEP);
        way -= steps * PX_PER_STEP;
        if (steps) stepped(player, i, steps);
      });
    });
    const type = (/** @type {Event} */ event) => {
      event.preventDefault();
      byId(`leaf-${i}`).focus({ preventScroll: true });
      byId(`leaf-${i}`).select();
    };
    group.addEventListener("dblclick", type);
    group.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && type(event));
  }
}

/** Shows the graph as Python, selected, and copies it where that is allowed. @param {Player} player */
function copy(player) {
  byId("code").hidden = false;
  const field = byId("code-text");
  field.value = pythonCode(player.story);
  field.rows = Math.min(16, field.value.split("\n").length);
  field.focus();
  field.select();
  navigator.clipboard?.writeText(field.value).then(() => setText(byId("copied"), "Copied."), () => {});
}

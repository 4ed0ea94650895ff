// @ts-check
// Rows of controls: a list to choose from, a slider over stops, a whole number. Each sets one setting.
import { make, setText } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";

/**
 * @typedef {import("./player.js").Player} Player
 * @typedef {"data" | "network" | "training"} Part
 *
 * @typedef {object} Field
 * @property {Part} part
 * @property {string} key  of the setting
 * @property {string} label
 * @property {number} [at]  its place in a setting that is a list
 * @property {[any, string][] | ((player: Player) => [any, string][])} [choices]  value and text: a list
 * @property {any[]} [stops]  a slider over these values
 * @property {(value: any) => string} [written]
 * @property {(player: Player) => boolean} [hidden]
 * @property {(value: any) => Record<string, any>} [also]  changes of other settings of the part
 * @property {(value: any) => void} [set]  instead of a change of this setting
 */

/** Puts rows into an element. Returns what draws their present settings. @param {Player} player @param {any} into @param {Field[]} fields */
export function rows(player, into, fields) {
  const made = fields.map((field) => rowOf(player, field));
  into.append(...made.map(({ row }) => row));
  into.closest("form")?.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  return () => {
    for (const { draw } of made) draw();
  };
}

/** @param {Player} player @param {Field} field */
function rowOf(player, field) {
  const id = `${field.part}-${field.key}${field.at === undefined ? "" : `-${field.at}`}`;
  const label = make("label", { htmlFor: id, textContent: field.label });
  const control = field.choices ? choice(player, field, id) : field.stops ? slider(player, field, id) : wholeNumber(player, field, id);
  const row = make("div", { className: "row" }, label, control.element);
  const draw = () => {
    row.hidden = Boolean(field.hidden?.(player));
    if (!row.hidden) control.draw(valueOf(player, field));
  };
  return { row, draw };
}

/** @param {Player} player @param {Field} field */
function valueOf(player, field) {
  const value = /** @type {Record<string, any>} */ (player.settings[field.part])[field.key];
  return field.at === undefined ? value : value[field.at];
}

/** @param {Player} player @param {Field} field @param {any} value */
function set(player, field, value) {
  if (field.set) return field.set(value);
  const { key, at } = field;
  const all = at === undefined ? value : /** @type {Record<string, any>} */ (player.settings[field.part])[key].with(at, value);
  return void player.change(field.part, { [key]: all, ...field.also?.(value) });
}

/** @param {Player} player @param {Field} field @param {string} id */
function choice(player, field, id) {
  const select = make("select", { id });
  let listed = "";
  select.addEventListener("change", () => set(player, field, JSON.parse(select.value)));
  const draw = (/** @type {any} */ value) => {
    const choices = typeof field.choices === "function" ? field.choices(player) : field.choices ?? [];
    const known = choices.some(([each]) => JSON.stringify(each) === JSON.stringify(value)) ? choices : [...choices, [value, String(value)]];
    const key = JSON.stringify(known);
    if (key !== listed) {
      listed = key;
      select.replaceChildren(...known.map(([each, text]) => make("option", { value: JSON.stringify(each), textContent: text })));
    }
    select.value = JSON.stringify(value);
  };
  return { element: select, draw };
}

/** @param {Player} player @param {Field} field @param {string} id */
function slider(player, field, id) {
  const stops = field.stops ?? [];
  const written = field.written ?? ((/** @type {any} */ value) => number(value));
  const input = make("input", { type: "range", id, min: 0, max: stops.length - 1, step: 1 });
  const output = make("output", {});
  output.setAttribute("for", id);
  input.addEventListener("input", () => set(player, field, stops[Number(input.value)]));
  const draw = (/** @type {any} */ value) => {
    input.value = nearest(stops, value);
    setText(output, written(value));
    input.setAttribute("aria-valuetext", written(value));
  };
  return { element: make("div", { className: "with-number" }, input, output), draw };
}

/** The place of the stop next to a value. @param {any[]} stops @param {any} value */
function nearest(stops, value) {
  const exact = stops.indexOf(value);
  if (exact >= 0 || typeof value !== "number") return Math.max(0, exact);
  let best = 0;
  for (const [i, stop] of stops.entries()) if (typeof stop === "number" && Math.abs(stop - value) < Math.abs(stops[best] - value)) best = i;
  return best;
}

/** @param {Player} player @param {Field} field @param {string} id */
function wholeNumber(player, field, id) {
  const input = make("input", { type: "number", id, min: 0, step: 1, inputMode: "numeric" });
  input.addEventListener("change", () => {
    const value = Number(input.value);
    const fits = input.value !== "" && Number.isInteger(value) && value >= 0;
    input.setAttribute("aria-invalid", String(!fits));
    if (fits) set(player, field, value);
    else player.complain(`${field.label} is a whole number from 0 on. ${JSON.stringify(input.value)} is none.`);
  });
  const draw = (/** @type {any} */ value) => {
    if (document.activeElement === input && input.getAttribute("aria-invalid") === "true") return;
    input.setAttribute("aria-invalid", "false");
    if (input.value !== String(value)) input.value = value;
  };
  return { element: input, draw };
}

/** The numbers from low to high. @param {number} low @param {number} high @param {number} step */
export function range(low, high, step) {
  return Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => Number((low + i * step).toFixed(6)));
}

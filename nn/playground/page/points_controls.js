// @ts-check
// The points: one is followed; points are added, dragged, relabelled and deleted, by hand or by keys.
import { byId, make } from "../../../autograd/pages/elements.js";
import { number, typedNumber } from "../../../autograd/pages/numbers.js";

/** @typedef {import("./player.js").Player} Player @typedef {import("./plane.js").Plane} Plane */

const NEAR_PX = 14; // of a point: a click means it
const DRAG_PX = 4; // a shorter way is a click
const STEP = 0.02; // of the width of the plane, for one press of an arrow key

/** @param {Player} player @param {Plane} plane */
export function pointsControls(player, plane) {
  connectPointer(player, plane);
  connectKeys(player, plane);
  const step = (/** @type {number} */ by) => {
    const count = player.run.points.length;
    if (count) player.choose({ point: (player.chosen.point + by + count) % count });
  };
  byId("previous-point").addEventListener("click", () => step(-1));
  byId("next-point").addEventListener("click", () => step(1));
  byId("delete-point").addEventListener("click", () => remove(player, player.chosen.point));
  const drawTools = toolsView(player);
  const drawFields = fieldsView(player);
  return () => {
    drawTools();
    if (!player.playing) drawFields();
  };
}

/** What a click does. @param {Player} player */
function toolsView(player) {
  let listed = "";
  return () => {
    const { classes } = player.run.settings.data;
    const adds = classes.length ? classes.map((/** @type {string} */ name, /** @type {number} */ k) => [`add ${k}`, `click adds ${name}`]) : [["add 0", "click adds"]];
    const tools = [["follow", "click follows"], ...adds, ["delete", "click deletes"]];
    if (JSON.stringify(tools) === listed) return;
    listed = JSON.stringify(tools);
    byId("tool").replaceChildren(...tools.map(([value, textContent]) => make("option", { value, textContent })));
  };
}

/** The numbers and the class of the followed point. @param {Player} player */
function fieldsView(player) {
  let drawn = "";
  return () => {
    const { run, chosen } = player;
    const point = run.points[chosen.point];
    byId("delete-point").disabled = run.points.length < 2;
    const key = JSON.stringify([point, run.settings.data.classes, chosen.point]);
    if (key === drawn) return;
    drawn = key;
    byId("point-fields").replaceChildren(...(point ? [target(player, point)] : []));
  };
}

/** @param {Player} player @param {any} point */
function target(player, point) {
  const { classes } = player.run.settings.data;
  const set = (/** @type {number} */ y) => replace(player, player.chosen.point, { ...point, y });
  if (!classes.length) {
    const input = make("input", { type: "text", inputMode: "text", value: number(point.y), size: 7 });
    input.setAttribute("aria-label", "Target of this point");
    input.addEventListener("change", () => {
      const y = typedNumber(input.value);
      if (Number.isFinite(y)) set(y);
      else player.complain(`The target of a point is a number. ${JSON.stringify(input.value)} is none.`);
    });
    return input;
  }
  const select = make("select", {}, ...classes.map((/** @type {string} */ name, /** @type {number} */ k) => make("option", { value: k, textContent: name, selected: k === point.y })));
  select.setAttribute("aria-label", "Class of this point");
  select.addEventListener("change", () => {
    set(Number(select.value));
    byId("point-fields").querySelector("select")?.focus();
  });
  return select;
}

/** @param {Player} player @param {any[]} points @param {number} chosen */
function put(player, points, chosen) {
  const before = player.chosen.point;
  player.chosen.point = chosen;
  if (!player.edit(() => player.run.setPoints(points))) player.choose({ point: before });
}

/** @param {Player} player @param {number} i @param {any} point */
function replace(player, i, point) {
  put(player, player.run.points.with(i, point), i);
}

/** @param {Player} player @param {number} i */
function remove(player, i) {
  const { points } = player.run;
  if (points.length < 2) return player.complain("One point has to stay.");
  put(player, points.toSpliced(i, 1), Math.min(i, points.length - 2));
}

/** The class of a point that the tool adds; in a regression the target of the followed one. @param {Player} player @param {string} tool */
function labelOf({ run, chosen }, tool) {
  return run.settings.data.classes.length ? Number(tool.split(" ")[1]) : run.points[chosen.point].y;
}

/** Adds a point. Features that are not on an axis are those of the followed point. @param {Player} player @param {Plane} plane @param {number[]} at @param {number} y */
function add(player, plane, at, y) {
  const { points, train } = player.run;
  const added = plane.moved({ ...points[player.chosen.point], y, test: false }, at);
  put(player, points.toSpliced(train.length, 0, added), train.length); // training points come first
}

/** @param {Player} player @param {Plane} plane */
function connectPointer(player, plane) {
  const pane = byId("plane");
  const under = (/** @type {{clientX: number, clientY: number}} */ event) => {
    const { left, top, width, height } = pane.getBoundingClientRect();
    const [u, v] = [(event.clientX - left) / width, (event.clientY - top) / height];
    return { at: plane.at(u, v), near: nearest(player, plane, u * width, v * height, width, height) };
  };
  const follows = () => byId("tool").value === "follow";
  pane.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const { near } = under(event);
    if (event.button !== 0 || !follows() || near === null) return;
    player.choose({ point: near });
    drag(player, plane, pane, event, (moved) => under(moved).at, near);
  });
  pane.addEventListener("touchstart", (/** @type {TouchEvent} */ event) => {
    if (follows() && under(event.touches[0]).near !== null) event.preventDefault(); // it drags, and does not scroll
  }, { passive: false });
  pane.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const { at, near } = under(event);
    const tool = byId("tool").value;
    if (tool.startsWith("add")) add(player, plane, at, labelOf(player, tool));
    else if (tool === "delete" && near !== null) remove(player, near);
  });
}

/** @param {Player} player @param {Plane} plane @param {any} pane @param {PointerEvent} down @param {(event: PointerEvent) => number[]} where @param {number} i */
function drag(player, plane, pane, down, where, i) {
  let dragging = false;
  const ended = new AbortController();
  const { signal } = ended;
  pane.setPointerCapture(down.pointerId);
  pane.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!dragging && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < DRAG_PX) return;
    dragging = plane.frozen = true;
    replace(player, i, plane.moved(player.run.points[i], where(event)));
  }, { signal });
  const end = () => {
    ended.abort();
    plane.frozen = false;
    if (dragging) player.draw();
  };
  pane.addEventListener("pointerup", end, { signal });
  pane.addEventListener("pointercancel", end, { signal });
}

/** The point next to a place, if it is near. @param {Player} player @param {Plane} plane @param {number} x @param {number} y @param {number} width @param {number} height */
function nearest(player, plane, x, y, width, height) {
  let [best, least] = [/** @type {number | null} */ (null), NEAR_PX];
  for (const [i, point] of player.run.points.entries()) {
    const [u, v] = plane.placeOf(point);
    const way = Math.hypot(u * width - x, v * height - y);
    if (way < least) [best, least] = [i, way];
  }
  return best;
}

/** @param {Player} player @param {Plane} plane */
function connectKeys(player, plane) {
  byId("plane").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { point: i } = player.chosen;
    const point = player.run.points[i];
    if (!point) return;
    const place = plane.numbersOf(point);
    const [dx, dy] = [(plane.x[1] - plane.x[0]) * STEP, (plane.y[1] - plane.y[0]) * STEP];
    const by = { ArrowLeft: [-dx, 0], ArrowRight: [dx, 0], ArrowUp: [0, dy], ArrowDown: [0, -dy] }[event.key];
    if (by) replace(player, i, plane.moved(point, [place[0] + by[0], place[1] + by[1]]));
    else if (event.key === "Delete" || event.key === "Backspace") remove(player, i);
    else if (event.key === "Enter") add(player, plane, [place[0] + 2 * dx, place[1] + 2 * dy], point.y);
    else if (event.key === "PageDown") byId("next-point").click();
    else if (event.key === "PageUp") byId("previous-point").click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

// @ts-check
// A view of a picture that can be moved: fit, zoom, pan by drag, wheel and keys, and a small map.

const NAMESPACE = "http://www.w3.org/2000/svg";
const PX_PER_PT = 4 / 3;
const MAX_FIT = 1.25 * PX_PER_PT; // a small picture is not blown up
const READABLE = 0.62 * PX_PER_PT; // smaller boxes are hard to read
const MIN_WHOLE = 0.82 * READABLE; // but a little smaller is better than a part of the picture
const [MIN_SCALE, MAX_SCALE] = [0.05, 6];
const ZOOM_STEP = 1.25;
const MARGIN = 8; // around what is shown, in units of the picture
const MIN_HEIGHT_PX = 180; // of the pane
const DRAG_PX = 4; // a shorter way is a click
const MAP_PX = { width: 130, height: 84 };
const MOST = 0.6; // of the picture: a map of the rest would hide more than it shows
const MAP_GAP = "6px"; // from the corner of the pane
const MILLISECONDS = 180; // of a move

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

export class PanZoom {
  /**
   * @param {HTMLElement} pane @param {SVGSVGElement} svg
   * @param {(x: Element) => boolean} mayDrag  whether a drag may start here
   */
  constructor(pane, svg, mayDrag = () => true) {
    this.pane = pane;
    this.svg = svg;
    this.content = { x: 0, y: 0, width: 1, height: 1 };
    this.view = { scale: 1, x: 0, y: 0 }; // its center
    this.mayDrag = mayDrag;
    this.preferred = 1;
    this.fitted = true; // until the reader moves it, the scale follows the size of the pane
    this.whole = false;
    this.isOnPaper = false;
    this.frame = 0;
    /** @type {Box | null} */
    this.focus = null;
    this.map = new Minimap(pane, this);
    this.take(svg);
    new ResizeObserver(() => this.resized()).observe(pane);
    pane.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    pane.addEventListener("pointerdown", (event) => this.drag(event));
  }

  /** Shows this picture, in the place of another one. @param {SVGSVGElement} svg */
  take(svg) {
    this.svg = svg;
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.content = { x, y, width, height };
    Object.assign(this.view, { x: x + width / 2, y: y + height / 2 });
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    this.map.svg.remove();
    this.map = new Minimap(this.pane, this);
    this.start();
  }

  get size() {
    return { width: this.pane.clientWidth || 1, height: this.pane.clientHeight || 1 };
  }

  get fitScale() {
    const { width, height } = this.size;
    return Math.min(width / this.content.width, height / this.content.height, MAX_FIT);
  }

  /** Shows all, if it can be read; else a part of it. */
  start() {
    this.pane.style.height = ""; // as the style sheet has it, at most
    const { fitScale } = this;
    this.preferred = this.whole || fitScale >= MIN_WHOLE ? fitScale : Math.min(READABLE, MAX_FIT);
    const needed = Math.max(this.content.height * this.preferred + 2 * MARGIN, MIN_HEIGHT_PX);
    this.pane.style.height = `${Math.min(needed, this.pane.offsetHeight)}px`;
    this.set({ scale: this.preferred });
  }

  resized() {
    cancelAnimationFrame(this.frame); // a move that waits in a frame without a size would shrink all
    if (this.fitted) this.start();
    if (this.focus) this.reveal(this.focus, false);
    else this.set({});
  }

  fit() {
    this.preferred = this.fitScale;
    this.fitted = this.whole = true;
    const { x, y, width, height } = this.content;
    this.move({ scale: this.fitScale, x: x + width / 2, y: y + height / 2 });
  }

  /** Shows all on paper, where the pane has another size. Returns what shows the screen again. */
  onPaper() {
    cancelAnimationFrame(this.frame);
    this.isOnPaper = true;
    const before = { focus: this.focus, view: { ...this.view } };
    this.pane.style.height = "";
    const { x, y, width, height } = this.content;
    this.svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    this.svg.setAttribute("width", `${width}pt`); // the size on paper, if there is room
    this.svg.setAttribute("height", `${height}pt`);
    return () => {
      this.isOnPaper = false;
      Object.assign(this, before);
      this.set({});
    };
  }

  /** @param {number} steps @param {{x: number, y: number}} [at]  what keeps its place */
  zoom(steps, at = this.view) {
    const scale = clamp(this.view.scale * ZOOM_STEP ** steps, MIN_SCALE, MAX_SCALE);
    const k = this.view.scale / scale;
    this.preferred = scale;
    this.fitted = false;
    this.set({ scale, x: at.x + (this.view.x - at.x) * k, y: at.y + (this.view.y - at.y) * k });
  }

  /** @param {number} dx @param {number} dy  in pixels */
  pan(dx, dy) {
    this.fitted = false;
    this.set({ x: this.view.x + dx / this.view.scale, y: this.view.y + dy / this.view.scale });
  }

  /** Moves as little as shows all of `box`. It zooms out if need be. @param {Box} box */
  reveal(box, smoothly = true) {
    this.focus = box;
    const { width, height } = this.size;
    const needed = { width: box.width + 2 * MARGIN, height: box.height + 2 * MARGIN };
    const scale = Math.min(this.preferred, width / needed.width, height / needed.height);
    const half = { x: width / scale / 2, y: height / scale / 2 };
    const into = (/** @type {number} */ at, /** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ h) =>
      clamp(at, high + MARGIN - h, low - MARGIN + h);
    const to = {
      scale,
      x: into(this.view.x, box.x, box.x + box.width, half.x),
      y: into(this.view.y, box.y, box.y + box.height, half.y),
    };
    if (smoothly) this.move(to);
    else this.set(to);
  }

  /** @param {{scale: number, x: number, y: number}} to */
  move(to) {
    cancelAnimationFrame(this.frame);
    const from = { ...this.view };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const near = Math.abs(to.x - from.x) + Math.abs(to.y - from.y) < 0.5 && to.scale === from.scale;
    if (still || near) return this.set(to);
    const start = performance.now();
    const step = (/** @type {number} */ now) => {
      const t = Math.min(1, Math.max(0, (now - start) / MILLISECONDS));
      const s = t * t * (3 - 2 * t);
      const between = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * s;
      this.set(t === 1 ? to : {
        scale: between(from.scale, to.scale), x: between(from.x, to.x), y: between(from.y, to.y),
      });
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  /** @param {Partial<{scale: number, x: number, y: number}>} view */
  set(view) {
    Object.assign(this.view, view);
    if (this.isOnPaper) return;
    const { width, height } = this.size;
    const shown = { width: width / this.view.scale, height: height / this.view.scale };
    const { content } = this;
    this.view.x = within(this.view.x, content.x, content.width, shown.width);
    this.view.y = within(this.view.y, content.y, content.height, shown.height);
    const box = { x: this.view.x - shown.width / 2, y: this.view.y - shown.height / 2, ...shown };
    this.svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    const all = box.width >= content.width - 0.5 && box.height >= content.height - 0.5;
    this.pane.classList.toggle("partial", !all);
    this.map.draw(box, this.focus);
  }

  /** The point of the picture under the pointer. @param {MouseEvent} event */
  under(event) {
    const { left, top } = this.pane.getBoundingClientRect();
    const { width, height } = this.size;
    return {
      x: this.view.x + (event.clientX - left - width / 2) / this.view.scale,
      y: this.view.y + (event.clientY - top - height / 2) / this.view.scale,
    };
  }

  /** With Ctrl it zooms, else it pans; at the end of the picture the page scrolls. @param {WheelEvent} event */
  wheel(event) {
    const before = this.svg.getAttribute("viewBox");
    if (event.ctrlKey || event.metaKey) this.zoom(-Math.sign(event.deltaY), this.under(event));
    else this.pan(event.deltaX, event.deltaY);
    if (event.ctrlKey || event.metaKey || this.svg.getAttribute("viewBox") !== before) event.preventDefault();
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (event.button !== 0 || !(event.target instanceof Element) || !this.mayDrag(event.target)) return;
    followed(event, this.pane, (dx, dy) => this.pan(-dx, -dy));
  }
}

/**
 * Calls `moved` with each way of the pointer in pixels until it is released. A drag is no click.
 * @param {PointerEvent} down @param {Element} pane @param {(dx: number, dy: number, event: PointerEvent) => void} moved
 */
export function followed(down, pane, moved) {
  let [x, y] = [down.clientX, down.clientY];
  let dragging = false;
  const ended = new AbortController();
  const { signal } = ended;
  const move = (/** @type {PointerEvent} */ event) => {
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    if (!dragging && Math.hypot(dx, dy) < DRAG_PX) return;
    dragging = true;
    pane.classList.add("dragging");
    [x, y] = [event.clientX, event.clientY];
    moved(dx, dy, event);
  };
  const end = () => {
    ended.abort();
    pane.classList.remove("dragging");
    if (!dragging) return;
    const noClick = (/** @type {Event} */ event) => event.stopPropagation();
    pane.addEventListener("click", noClick, { capture: true, once: true });
    setTimeout(() => pane.removeEventListener("click", noClick, { capture: true }));
  };
  addEventListener("pointermove", move, { signal });
  addEventListener("pointerup", end, { signal });
  addEventListener("pointercancel", end, { signal });
}

/** A small map of the whole picture, where much of it is out of view. */
class Minimap {
  /** @param {HTMLElement} pane @param {PanZoom} view */
  constructor(pane, view) {
    this.pane = pane;
    this.content = view.content;
    const { x, y, width, height } = view.content;
    const scale = Math.min(MAP_PX.width / width, MAP_PX.height / height);
    this.svg = element("svg", { class: "minimap", "aria-hidden": "true", viewBox: `${x} ${y} ${width} ${height}` });
    this.svg.setAttribute("width", String(Math.max(24, width * scale)));
    this.svg.setAttribute("height", String(Math.max(24, height * scale)));
    this.picture = view.svg;
    this.filled = false;
    this.window = element("rect", { class: "window" });
    this.svg.append(this.window);
    pane.append(this.svg);
    this.svg.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      event.stopPropagation();
      const center = (/** @type {MouseEvent} */ at) => {
        const { left, top } = this.svg.getBoundingClientRect();
        view.fitted = false;
        view.set({ x: x + (at.clientX - left) / scale, y: y + (at.clientY - top) / scale });
      };
      center(event);
      followed(event, pane, (_dx, _dy, moved) => center(moved));
    });
  }

  /** Draws a box for each node, once the nodes are laid out. */
  fill() {
    for (const node of /** @type {NodeListOf<SVGGraphicsElement>} */ (this.picture.querySelectorAll(".node"))) {
      this.svg.prepend(element("rect", { "data-of": node.id, ...boxOf(node) }));
    }
    this.filled = true;
  }

  /** @param {Box} box  what is in view @param {Box | null} focus */
  draw(box, focus) {
    const { width, height } = this.content;
    const mostly = Math.min(1, box.width / width) * Math.min(1, box.height / height) > MOST;
    this.svg.toggleAttribute("hidden", mostly);
    if (!mostly) this.stand(box, focus);
    if (!mostly && !this.filled && this.pane.clientWidth) this.fill();
    for (const [name, value] of Object.entries(box)) this.window.setAttribute(name, String(value));
  }

  /** Stands in a corner that does not hide the focus. @param {Box} box @param {Box | null} focus */
  stand(box, focus) {
    const [width, height] = ["width", "height"].map((side) => (Number(this.svg.getAttribute(side)) + 16) * box.width / this.pane.clientWidth);
    const hides = (/** @type {Record<string, string>} */ corner) => {
      if (!focus) return false;
      const x = "left" in corner ? box.x : box.x + box.width - width;
      const y = "top" in corner ? box.y : box.y + box.height - height;
      return focus.x < x + width && focus.x + focus.width > x && focus.y < y + height && focus.y + focus.height > y;
    };
    const corner = CORNERS.find((each) => !hides(each));
    this.svg.toggleAttribute("hidden", !corner);
    Object.assign(this.svg.style, { left: "", right: "", top: "", bottom: "" }, corner);
  }
}

/** The corners of a pane, the preferred one first. @type {Record<string, string>[]} */
const CORNERS = [
  { right: MAP_GAP, bottom: MAP_GAP }, { left: MAP_GAP, bottom: MAP_GAP }, { right: MAP_GAP, top: MAP_GAP }, { left: MAP_GAP, top: MAP_GAP },
];

/** @param {string} name @param {Record<string, any>} attributes @returns {any} */
export function element(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The box of a part of a picture, in the units of the picture. @param {SVGGraphicsElement} part @returns {Box} */
export function boxOf(part) {
  const { x, y, width, height } = part.getBBox();
  const graph = part.closest("g.graph");
  const matrix = graph instanceof SVGGraphicsElement ? graph.transform.baseVal.consolidate()?.matrix : null;
  return { x: x + (matrix?.e ?? 0), y: y + (matrix?.f ?? 0), width, height };
}

/** The smallest box around all. @param {Box[]} boxes @returns {Box} */
export function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** @param {number} x @param {number} low @param {number} high */
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

/** Keeps the center where the picture is: in the middle if all of it is shown. @param {number} at @param {number} start @param {number} length @param {number} shown */
function within(at, start, length, shown) {
  if (shown >= length) return start + length / 2;
  return clamp(at, start + shown / 2, start + length - shown / 2);
}

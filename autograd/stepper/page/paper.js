// @ts-check
// What a notebook prints of this page: it cannot print a frame that is longer than a sheet. So the page
// tells the script outside of the frame (frame_host.js) its picture and its words, when they are no longer
// those that the page was made with.

/** @typedef {import("./player.js").Player} Player */

const WAIT = 150; // milliseconds without another change
const TINTS = { plus: "#ff9628", minus: "#5a96ff" }; // as in page.css, for white paper

/**
 * @param {Player} player @param {import("../../pages/pan_zoom.js").PanZoom | null} view
 * @param {() => void} drawBoxes  with the numbers that are known at the player's step
 */
export function paperView(player, view, drawBoxes) {
  const { story } = player;
  const shown = () => JSON.stringify([story.sample?.number, story.opened, story.leaves.map((i) => story.number(i))]);
  let told = shown();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
  const tell = () => {
    told = shown();
    const chalkgradPaper = { picture: drawn(), steps: story.steps.map((_, k) => story.words(k)) };
    parent.postMessage({ chalkgradPaper }, "*");
  };
  const drawn = () => {
    const at = player.current;
    player.current = story.last; // paper shows all gradients
    drawBoxes();
    const text = view ? onWhite(view.svg, view.content) : "";
    player.current = at;
    drawBoxes();
    return text;
  };
  return () => {
    if (parent === window || shown() === told) return;
    clearTimeout(later);
    later = setTimeout(tell, WAIT);
  };
}

/** The whole picture as a file of its own, which has no style sheet. @param {SVGSVGElement} svg @param {import("../../pages/pan_zoom.js").Box} content */
function onWhite(svg, { x, y, width, height }) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  for (const [name, value] of Object.entries({ viewBox: `${x} ${y} ${width} ${height}`, width: `${width}pt`, height: `${height}pt` })) {
    copy.setAttribute(name, value);
  }
  copy.removeAttribute("style");
  for (const part of copy.querySelectorAll(".local, .head-back, .opener, title")) part.remove();
  for (const tint of copy.querySelectorAll(".tint")) {
    const sign = tint.classList.contains("plus") ? "plus" : tint.classList.contains("minus") ? "minus" : null;
    tint.setAttribute("fill", sign ? TINTS[sign] : "none");
  }
  return new XMLSerializer().serializeToString(copy);
}

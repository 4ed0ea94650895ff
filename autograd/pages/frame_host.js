// @ts-check
// Runs beside the frame of a page, outside of it. It gives the frame the height of its page, and
// tells the page whether the surroundings are light or dark. The frame itself may not look there.
// On paper the picture and all steps take the place of the frame, with the numbers of the cell or those
// that the page told since then.

const [MIN_PX, MAX_PX] = [200, 12000]; // of the height of a frame

const PAPER_STYLE = `
@media print { .chalkgrad-screen { display: none } }
@media not print { .chalkgrad-paper { display: none } }
.chalkgrad-paper img { display: block; max-width: 100%; max-height: 220mm; margin: 8px auto }
.chalkgrad-paper li { break-inside: avoid; font-family: monospace; overflow-wrap: anywhere }
.chalkgrad-paper li span { display: block }
.chalkgrad-paper li span + span { opacity: 0.75 }`;

const frame = document.currentScript?.parentElement?.querySelector("iframe");
if (frame) follow(new WeakRef(frame));

/** @typedef {{picture: string, steps: Record<string, string>[]}} Paper  as paper.js of the stepper tells it */

/** @param {WeakRef<HTMLIFrameElement>} held  when the frame is gone, all listening ends */
function follow(held) {
  const ended = new AbortController();
  const observer = new MutationObserver(tellTheme);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("message", heard, { signal: ended.signal });
  dark.addEventListener("change", tellTheme, { signal: ended.signal });
  held.deref()?.addEventListener("load", tellTheme, { signal: ended.signal });
  addEventListener("beforeprint", () => putOnPaper(held.deref(), null), { signal: ended.signal });
  tellTheme(); // the page may be there already

  /** The page tells its height: that shows that it listens. @param {MessageEvent} event */
  function heard({ source, data }) {
    const to = held.deref();
    const height = data?.chalkgradHeight;
    if (!to || !source || source !== to.contentWindow) return;
    if (data?.chalkgradPaper) return putOnPaper(to, data.chalkgradPaper); // now: to decode a picture takes time
    if (!Number.isFinite(height)) return;
    to.style.height = `${Math.min(Math.max(height, MIN_PX), MAX_PX)}px`;
    const under = to.previousElementSibling; // the picture for those who have no frame
    if (under instanceof HTMLElement) Object.assign(under.style, { maxHeight: to.style.height, overflow: "hidden", visibility: "hidden" });
    fitOuterFrame();
    for (const element of around(to)) {
      if (element.matches("html, body")) observer.observe(element, { attributes: true });
    }
    tellTheme();
  }

  function tellTheme() {
    const to = held.deref();
    if (to) return to.contentWindow?.postMessage({ chalkgradTheme: themeAround(to, dark.matches) }, "*");
    ended.abort();
    observer.disconnect();
  }
}

/** Puts the picture and all steps beside the frame. It would print what is on the screen. @param {HTMLIFrameElement | undefined} to @param {Paper | null} present */
function putOnPaper(to, present) {
  const before = to?.parentElement?.querySelector(".chalkgrad-paper");
  if (!to || (before && !present)) return;
  before?.remove();
  const page = new DOMParser().parseFromString(to.srcdoc, "text/html");
  const paper = document.createElement("div");
  const under = to.previousElementSibling;
  const image = /** @type {HTMLImageElement | undefined} */ (under?.querySelector("img")?.cloneNode());
  image?.removeAttribute("style");
  if (image && present?.picture) image.src = `data:image/svg+xml,${encodeURIComponent(present.picture)}`;
  const style = document.createElement("style");
  style.textContent = PAPER_STYLE;
  const words = [...page.querySelectorAll("h1, .warning, #steps")].map((part) => document.importNode(part, true));
  if (present) words[words.length - 1].replaceChildren(...present.steps.map(listed));
  paper.append(style, ...words.slice(0, -1), ...(image ? [image] : []), ...words.slice(-1));
  paper.className = "chalkgrad-paper";
  for (const part of [to, under]) part?.classList.add("chalkgrad-screen");
  to.after(paper);
}

/** A step as the page lists it: text, rule, sum and note. @param {Record<string, string>} words */
function listed(words) {
  const item = document.createElement("li");
  for (const [className, textContent] of Object.entries(words)) {
    if (textContent) item.append(Object.assign(document.createElement("span"), { className, textContent }));
  }
  return item;
}

/** A notebook such as marimo has a frame for each output with a script. It holds nothing else then. */
function fitOuterFrame() {
  const outer = /** @type {HTMLElement | null} */ (window.frameElement);
  if (outer && document.body.children.length === 1) outer.style.height = `${document.documentElement.offsetHeight}px`;
}

/** The elements around one, also around the frames that it is in, as far as a script may look. @param {Element | null} element @returns {HTMLElement[]} */
function around(element) {
  const found = [];
  for (let at = element; at; at = at.parentElement ?? at.ownerDocument.defaultView?.frameElement ?? null) {
    if (at !== element) found.push(/** @type {HTMLElement} */ (at));
  }
  return found;
}

/** @param {Element} element @param {boolean} prefersDark */
function themeAround(element, prefersDark) {
  const outer = around(element);
  for (const themeOf of [namedTheme, themeOfBackground]) {
    const found = outer.map(themeOf).find(Boolean);
    if (found) return found;
  }
  const scheme = getComputedStyle(outer[outer.length - 1]).colorScheme;
  return scheme.includes("dark") && (prefersDark || !scheme.includes("light")) ? "dark" : "light";
}

/** The theme that an element names: in Jupyter, in VS Code, in marimo and many others. @param {HTMLElement} element */
function namedTheme({ dataset, classList }) {
  if (dataset.jpThemeLight) return dataset.jpThemeLight === "true" ? "light" : "dark";
  const names = [dataset.theme, dataset.bsTheme, dataset.vscodeThemeKind?.replace("vscode-", ""), ...classList];
  return names.find((name) => name === "light" || name === "dark");
}

/** @param {HTMLElement} element */
function themeOfBackground(element) {
  const color = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(element).backgroundColor);
  if (!color || Number(color[4] ?? 1) < 0.5) return undefined;
  const [r, g, b] = color.slice(1, 4).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light"; // as bright as television has it
}

// @ts-check
// A page in its surroundings: it takes the theme of the page around its frame, and tells its height.
// Outside of the frame, frame_host.js listens. Without it the page follows the reader's settings.

/** Follows the theme that the reader chose, or else the theme around. @param {HTMLSelectElement} choice  auto, light or dark */
export function followSurroundings(choice) {
  const root = document.documentElement;
  let around = "";
  const draw = () => {
    root.dataset.theme = choice.value === "auto" ? around : choice.value;
  };
  choice.addEventListener("change", draw);
  if (parent === window) return;
  addEventListener("message", ({ source, data }) => {
    const theme = data?.chalkgradTheme;
    if (source !== parent || (theme !== "light" && theme !== "dark")) return;
    around = theme;
    draw();
    if (root.classList.contains("framed")) return;
    root.classList.add("framed"); // the frame is as high as the page
    tellHeight(); // the observer waits until the frame is in view
  });
  const tellHeight = () => {
    const chalkgradHeight = Math.ceil(root.getBoundingClientRect().height);
    if (innerWidth && chalkgradHeight) parent.postMessage({ chalkgradHeight }, "*"); // not while it is hidden
  };
  new ResizeObserver(tellHeight).observe(root);
}

/** Shows all on paper: calls `prepare` before the page is printed, and what it returns afterwards. @param {() => () => void} prepare */
export function onPrint(prepare) {
  let restore = () => {};
  addEventListener("beforeprint", () => {
    restore = prepare();
  });
  addEventListener("afterprint", () => restore());
}

// @ts-check
// Out of the page: the run as Python, the model as JSON, the state as a link, with panels hidden.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { modelFile } from "./model_file.js";
import { pythonCode } from "./python_code.js";
import { fromFragment, toFragment } from "./settings.js";

/** @typedef {import("./player.js").Player} Player */

/** What a link may hide, by the names of the panels. */
const PANELS = {
  data: "data", network: "network", training: "training", mistakes: "mistakes", lessons: "lessons",
  scalar: "scalar graph", why: "why", measures: "measures", slice: "loss slice", share: "this box",
};

/** @param {Player} player */
export function connectSharing(player) {
  const boxes = Object.entries(PANELS).map(([name, title]) => {
    const box = make("input", { type: "checkbox", value: name });
    byId("hiding").append(make("label", {}, box, title));
    return box;
  });
  byId("copy-python").addEventListener("click", () => offer(pythonCode(player.run), "The code"));
  byId("download-model").addEventListener("click", () => download(modelFile(player.run)));
  byId("copy-link").addEventListener("click", () => {
    const hide = boxes.filter(({ checked }) => checked).map(({ value }) => value);
    const fragment = toFragment({ ...player.settings, show: { edges: player.shown.edges, ...(player.shown.log && { log: true }) }, hide }).replace(/^#?/, "#");
    if (location.protocol === "about:") {
      return void offer(fragment, "Save the page to a file. The end of its address");
    }
    try {
      history.replaceState(null, "", fragment);
    } catch {
      // a frame may not change its address: the text below has it
    }
    return void offer(location.href.replace(/#.*/, "") + fragment, "The link");
  });
}

/** Shows a text, selected, and puts it on the clipboard if the browser lets it. @param {string} text @param {string} what */
async function offer(text, what) {
  byId("shared").hidden = false;
  byId("shared-text").value = text;
  byId("shared-text").focus();
  byId("shared-text").select();
  setText(byId("shared-said"), `${what} is selected: copy it with Ctrl+C.`);
  if (parent !== window) return; // a frame has no clipboard
  try {
    await navigator.clipboard.writeText(text);
    setText(byId("shared-said"), `${what} is on the clipboard.`);
  } catch {
    // the browser does not let it: the text is selected
  }
}

/** @param {string} text */
function download(text) {
  byId("shared").hidden = false;
  byId("shared-text").value = text;
  if (parent !== window) return void offer(text, "A frame saves no file, so put this text into model.json. It");
  const link = make("a", { href: `data:application/json;charset=utf-8,${encodeURIComponent(text)}`, download: "model.json" });
  link.click();
  setText(byId("shared-said"), "model.json is saved. In Python: nn.load(\"model.json\").");
}

/** The settings in the address of the page, or else the given ones. @param {any} given */
export function settingsOfAddress(given) {
  if (location.hash.length < 2) return { settings: given, trouble: "" };
  try {
    return { settings: fromFragment(location.hash), trouble: "" };
  } catch (error) {
    return { settings: given, trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** Hides panels. @param {string[]} names */
export function hidePanels(names) {
  for (const panel of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-panel]"))) {
    panel.classList.toggle("hidden-panel", names.includes(panel.dataset.panel ?? ""));
  }
}

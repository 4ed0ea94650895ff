// @ts-check
// What a notebook prints of this page: it cannot print a frame that is longer than a sheet. So the page
// tells the script outside of the frame (frame_host.js) its plane and its numbers, when they have changed.
import { byId, make } from "../../../autograd/pages/elements.js";
import { number } from "../../../autograd/pages/numbers.js";

/** @typedef {import("./player.js").Player} Player */

const WAIT_MS = 400; // between two pictures: a run that plays changes in each frame
const SIZE_PX = 560;

/** @param {Player} player */
export function paperView(player) {
  const present = () => [player.run, player.run.settings, player.run.points, player.run.step, player.run.phase];
  let told = present();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
  const tell = () => {
    later = undefined;
    told = present();
    parent.postMessage({ chalkgradPaper: { picture: picture(), steps: words(player).map((text) => ({ text })) } }, "*");
  };
  return () => {
    if (parent !== window && present().some((part, i) => part !== told[i])) later ??= setTimeout(tell, WAIT_MS);
  };
}

/** The plane with the answers and the points, as SVG. */
function picture() {
  const canvas = make("canvas", { width: SIZE_PX, height: SIZE_PX });
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, SIZE_PX, SIZE_PX);
  for (const layer of [byId("surface"), byId("dots")]) if (!layer.hidden) context.drawImage(layer, 0, 0, SIZE_PX, SIZE_PX);
  const size = `width="${SIZE_PX}" height="${SIZE_PX}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><image href="${canvas.toDataURL()}" ${size}/></svg>`;
}

/** What the run is, and what it has come to. @param {Player} player */
function words({ run }) {
  const { network: { activation }, training: { loss, optimizer, lr } } = run.settings;
  const numbers = [...byId("numbers").children].map(({ children: [name, value] }) => `${name.textContent} ${value.textContent}`);
  return [
    `Across ${byId("axis-x").textContent}, up ${byId("axis-y").textContent}.`,
    `Network ${run.network.sizes.join(" → ")}, ${activation}, ${loss}, ${optimizer} with learning rate ${number(lr)}.`,
    `${byId("phase").textContent}. ${byId("said").textContent}`,
    `${numbers.join(", ")}.`,
  ];
}

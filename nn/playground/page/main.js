// @ts-check
// Puts the playground together. The printed operations stand before this script.
import { byId } from "../../../autograd/pages/elements.js";
import { followSurroundings, onPrint } from "../../../autograd/pages/surroundings.js";
import { dataControls } from "./data_controls.js";
import { gradientBars } from "./gradient_bars.js";
import { lessonsView, mistakesView } from "./lessons_view.js";
import { lossView } from "./loss_view.js";
import { networkControls } from "./network_controls.js";
import { networkView } from "./network_view.js";
import { outputView } from "./output_view.js";
import { readTheme } from "./palette.js";
import { paperView } from "./paper.js";
import { phaseView } from "./phase_words.js";
import { Plane } from "./plane.js";
import { Player, connectTime, timeView } from "./player.js";
import { goodnessView, measuresView, numbersView, sliceView } from "./plots_view.js";
import { pointsControls } from "./points_controls.js";
import { runsView } from "./runs_view.js";
import { scalarView } from "./scalar_view.js";
import { connectSharing, hidePanels, settingsOfAddress } from "./share.js";
import { whyView } from "./why_view.js";

const given = JSON.parse(byId("data").textContent);
const { settings, trouble } = settingsOfAddress(given.settings);
const player = new Player(settings);
player.trouble = trouble;
document.body.classList.add("playable");
for (const part of document.querySelectorAll("[data-live]")) part.removeAttribute("hidden");
for (const part of document.querySelectorAll("[data-still]")) part.remove();
hidePanels(player.settings.hide);
followSurroundings(byId("theme"));
const plane = new Plane();
player.views = [() => void (plane.seen = null), timeView(player), phaseView(player), networkView(player, plane), outputView(player, plane), numbersView(player)];
player.slowViews = [
  gradientBars(player),
  goodnessView(player),
  lossView(player, runsView(player)),
  scalarView(player),
  whyView(player),
  measuresView(player),
  sliceView(player),
  dataControls(player),
  networkControls(player),
  pointsControls(player, plane),
  lessonsView(player),
  mistakesView(player),
  paperView(player),
];
connectTime(player);
connectSharing(player);
const draw = () => {
  readTheme();
  player.draw();
};
draw();
byId("theme").addEventListener("change", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
onPrint(() => {
  const { playing } = player;
  if (playing) player.pause();
  return () => {
    if (playing) player.play();
  };
});

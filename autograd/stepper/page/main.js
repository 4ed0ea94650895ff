// @ts-check
// Puts the page of a stepper together. `operations` is printed before this script.
import { PanZoom } from "../../pages/pan_zoom.js";
import { followSurroundings, onPrint } from "../../pages/surroundings.js";
import { boxesView, rove } from "./boxes.js";
import { compareView } from "./compare.js";
import { edgeCardView, highlightView, localDerivativesView, pathsView } from "./edges.js";
import { codeView } from "./code.js";
import { copiesView } from "./copies.js";
import { byId, takesKeys } from "../../pages/elements.js";
import { dragNumbers, leavesView } from "./leaves.js";
import { formulaView, nodeView } from "./node_panel.js";
import { insideView, neuronsView } from "./neurons.js";
import { paperView } from "./paper.js";
import { Player, connect, drawPosition } from "./player.js";
import { predictView } from "./predict.js";
import { Samples, samplesView } from "./samples.js";
import { connectSearch } from "./search.js";
import { Story } from "./story.js";
import { cardView, givenWords, listView } from "./words.js";

const story = new Story(JSON.parse(byId("data").textContent), operations, givenWords());
const player = new Player(story);
const picture = byId("picture");
document.body.classList.add("playable");
for (const part of document.querySelectorAll("[data-live]")) part.removeAttribute("hidden");
const svg = picture.querySelector("svg");
const view = svg ? new PanZoom(picture, svg, (from) => !from.closest(".minimap")) : null;
if (view) connectView(view);
else for (const id of ["fit", "zoom-in", "zoom-out"]) byId(id).hidden = true;
connectSearch(player, view);
const words = [
  () => drawPosition(player),
  predictView(player),
  listView(player),
  cardView(player),
  insideView(player),
  codeView(player),
  edgeCardView(player),
  nodeView(player),
  formulaView(player),
  leavesView(player),
  compareView(player),
  samplesView(player),
  paperView(player, view, () => boxes.forEach((draw) => draw())),
];
/** @type {(() => void)[]} */
let boxes = [];
const samples = new Samples(story, picture);
player.drawSample = () => {
  const drawn = samples.draw();
  if (drawn) view?.take(drawn);
  boxes = [boxesView(player), copiesView(player), neuronsView(player)];
  player.views = [
    ...words,
    ...boxes,
    highlightView(player, view),
    pathsView(player),
    localDerivativesView(player),
  ];
  dragNumbers(player);
  rove([...picture.querySelectorAll(".node")], view);
};
player.drawSample();
connect(player);
player.show(story.opensAt);
followSurroundings(byId("theme"));
onPrint(() => {
  const at = player.current;
  const fromPaper = view?.onPaper();
  player.move(story.last);
  return () => {
    player.show(at);
    fromPaper?.();
  };
});

/** @param {PanZoom} shown */
function connectView(shown) {
  byId("fit").addEventListener("click", () => shown.fit());
  byId("zoom-in").addEventListener("click", () => shown.zoom(1));
  byId("zoom-out").addEventListener("click", () => shown.zoom(-1));
  /** @type {Record<string, () => void>} */
  const plain = { "+": () => shown.zoom(1), "=": () => shown.zoom(1), "-": () => shown.zoom(-1), 0: () => shown.fit() };
  /** @type {Record<string, () => void>} */
  const shifted = {
    ArrowLeft: () => shown.pan(-60, 0), ArrowRight: () => shown.pan(60, 0), ArrowUp: () => shown.pan(0, -60), ArrowDown: () => shown.pan(0, 60),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || takesKeys(event.target)) return;
    const act = (event.shiftKey && shifted[event.key]) || plain[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// @ts-check
// What is told of the chosen node: its formula, the terms of its gradient, its paths, and a check.
import { number } from "../../pages/numbers.js";
import { nodesAbove } from "./edges.js";
import { byId, make, makeButton, setText } from "../../pages/elements.js";
import { close } from "./story.js";
import { shownWords, spans } from "./words.js";

/** @typedef {import("./player.js").Player} Player */

const MAX_PATHS = 6;

/** @param {Player} player */
export function nodeView(player) {
  byId("check").addEventListener("click", () => setText(byId("checked"), checked(player)));
  let drawn = "";
  return () => {
    const { chosen, story } = player;
    byId("terms").hidden = chosen === null;
    const node = chosen === null ? undefined : story.nodes.get(chosen);
    if (chosen === null || !node) return void (drawn = "");
    setText(byId("terms-heading"), node.constant ? `The constant ${node.name}` : `The terms of d${story.root}/d${node.name}`);
    setText(byId("node-formula"), formula(player, chosen));
    byId("check").hidden = !story.live || Boolean(node.constant);
    const terms = termItems(player, chosen);
    const routes = pathItems(player, chosen);
    const text = [{ textContent: chosen }, ...terms, ...routes].map((item) => item.textContent).join("\n");
    if (text === drawn) return;
    setText(byId("checked"), "");
    drawn = text;
    byId("terms-list").replaceChildren(...terms);
    byId("paths-list").replaceChildren(...routes);
    byId("paths-list").hidden = !routes.length;
  };
}

/** How a node is computed, after its label in full. @param {Player} player @param {number} i */
function formula(player, i) {
  const k = player.story.computes(i);
  const node = player.story.nodes.get(i);
  const words = k < 0 ? `${node?.name} is given` : shownWords(player, k).text;
  return node?.label ? `${node.label}: ${words}` : words;
}

/** In the picture, the formula of the node that is looked at. @param {Player} player */
export function formulaView(player) {
  return () => {
    const i = player.hovered ?? player.chosen;
    setText(byId("looked-at"), i === null || player.story.nodes.get(i)?.constant ? "" : formula(player, i));
  };
}

/** Every term that made the gradient. @param {Player} player @param {number} chosen */
function termItems(player, chosen) {
  const { story, current } = player;
  const now = story.orderOf(current);
  const items = story.terms(chosen).map(({ step, at, order }) => {
    const words = { ...(story.steps[at].inside && !player.hides(at) ? story.wordsOf(step) : shownWords(player, at)), note: "" };
    const button = makeButton("", () => player.move(at));
    button.append(...spans(words), order > now ? " (still to come)" : "");
    return make("li", { className: order > now ? "to-come" : "" }, button);
  });
  if (items.length) return items;
  const why = story.nodes.get(chosen)?.constant ? "a constant needs no gradient" : "no gradient arrives here in this picture";
  return [make("li", { textContent: why })];
}

/** Some paths to the root, each with its product. @param {Player} player @param {number} chosen */
function pathItems(player, chosen) {
  const { engine } = player.story;
  if (!engine?.graph || chosen === engine.data.length - 1 || player.hides(player.current)) return [];
  const { listed, count } = paths(engine, chosen);
  const items = listed.map(({ nodes, factors }) => {
    const names = nodes.map((i) => player.story.nodes.get(i)?.name ?? "…").join(" → ");
    const product = factors.reduce((a, b) => a * b, 1);
    const written = factors.map((x) => (x < 0 ? `(${number(x)})` : number(x))).join(" · ");
    return make("li", {}, `${names}: ${written}${factors.length > 1 ? ` = ${number(product)}` : ""}`);
  });
  if (count > listed.length) items.push(make("li", { textContent: `and ${(count - listed.length).toLocaleString("en")} more paths` }));
  return items;
}

/**
 * Returns the first paths from a node to the root, and how many there are.
 * @param {any} engine @param {number} from
 * @returns {{listed: {nodes: number[], factors: number[]}[], count: number}}
 */
export function paths(engine, from) {
  const { parents } = engine.graph;
  const root = parents.length - 1;
  const above = nodesAbove(parents, from);
  const count = new Map([[from, 1]]);
  /** @type {Map<number, [number, number][]>} */
  const uses = new Map();
  for (const i of above) {
    for (const [k, p] of parents[i].entries()) {
      if (!above.has(p) || i === from || engine.local[i][k] === null) continue;
      count.set(i, (count.get(i) ?? 0) + (count.get(p) ?? 0));
      uses.set(p, [...(uses.get(p) ?? []), [i, engine.local[i][k]]]);
    }
  }
  const listed = [];
  const waiting = [{ nodes: [from], factors: /** @type {number[]} */ ([]) }];
  while (waiting.length && listed.length < MAX_PATHS) {
    const path = /** @type {{nodes: number[], factors: number[]}} */ (waiting.pop());
    const end = path.nodes[path.nodes.length - 1];
    if (end === root) listed.push(path);
    for (const [i, local] of [...(uses.get(end) ?? [])].reverse()) {
      waiting.push({ nodes: [...path.nodes, i], factors: [...path.factors, local] });
    }
  }
  return { listed, count: count.get(root) ?? 0 };
}

/** Compares the gradient of the chosen node with a finite difference. @param {Player} player */
function checked({ story, chosen }) {
  const i = Number(chosen);
  const gradient = story.engine.grad[i];
  const name = `d${story.root}/d${story.nodes.get(i)?.name}`;
  try {
    const slope = story.engine.finiteDifference(i);
    const agree = Math.abs(slope - gradient) <= 1e-6 * Math.max(1, Math.abs(gradient));
    const verdict = close(slope, gradient) || agree ? "they agree" : "they differ: is there a kink here?";
    return `${name} = ${number(gradient, 8)} by backward, ${number(slope, 8)} by moving it a little: ${verdict}.`;
  } catch {
    return `${name} cannot be checked: a value next to this one is outside a domain.`;
  }
}

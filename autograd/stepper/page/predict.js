// @ts-check
// Predict: the page hides the next number and asks for it, checks it, names the rule, and counts.
import { number, typedNumber } from "../../pages/numbers.js";
import { byId, setText } from "../../pages/elements.js";

/** @typedef {import("./player.js").Player} Player */

const NEAR = 0.005; // of the number: two digits are enough

/** @param {Player} player */
export function predictView(player) {
  const [toggle, form, field] = [byId("predict"), byId("prediction"), byId("guess")];
  const answered = new Set();
  let on = false;
  let right = 0;
  let asked = -1;
  const asks = (/** @type {number} */ k) => k === player.current && !answered.has(k) && expected(player, k) !== null;
  player.hides = (k) => on && (k > player.current || asks(k));
  const count = () => setText(byId("score"), answered.size ? `${right} of ${answered.size} right` : "");
  const done = (/** @type {string} */ verdict) => {
    answered.add(player.current);
    count();
    setText(byId("verdict"), `${verdict} ${explanation(player)}`);
    player.draw();
    byId("next").focus();
  };
  toggle.addEventListener("click", () => {
    on = !on;
    player.stop();
    toggle.setAttribute("aria-pressed", String(on));
    setText(byId("verdict"), on ? "Choose Next. Each step asks for its number." : "");
    answered.clear();
    right = 0;
    count();
    player.draw();
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const answer = expected(player, player.current) ?? NaN;
    const guess = typedNumber(field.value.replace("inf", "Infinity"));
    if (guess !== guess) return setText(byId("verdict"), "Type a number first.");
    const fits = isRight(guess, answer);
    right += Number(fits);
    done(fits ? "Right." : `${number(guess)} is not right.`);
  });
  byId("give-up").addEventListener("click", () => done("Shown."));
  return () => {
    const asking = player.hides(player.current);
    form.hidden = !asking;
    if (!asking) return void (asked = -1);
    if (asked === player.current) return;
    asked = player.current;
    field.value = "";
    setText(byId("question"), question(player));
    setText(byId("verdict"), "");
    if (document.activeElement === byId("next")) field.focus({ preventScroll: true });
  };
}

/** The number that step k hides: the result, or the term. @param {Player} player @param {number} k */
function expected({ story }, k) {
  const step = story.steps[k];
  if (step.term !== null) return story.figure(step.term);
  const [change] = step.changes;
  return ["forward", "update"].includes(step.phase) && change ? story.figure(change[1]) : null;
}

/** @param {number} guess @param {number} answer */
export function isRight(guess, answer) {
  return guess === answer || number(guess) === number(answer) || Math.abs(guess - answer) <= NEAR * Math.abs(answer);
}

/** @param {Player} player */
function question({ story, current }) {
  const { node, target, term } = story.steps[current];
  const [by, to] = [node, target].map((i) => story.nodes.get(Number(i))?.name ?? "");
  return term === null ? `What is ${to}?` : `Which term does ${by} pass on to d${story.root}/d${to}?`;
}

/** The step in full, with its rule. @param {Player} player */
function explanation({ story, current }) {
  const { text, rule } = story.words(current);
  return `${text}${rule && `. The rule: ${rule}`}.`;
}

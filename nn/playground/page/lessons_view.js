// @ts-check
// Lessons and mistakes: states to start from, each with a sentence and a question; switches for errors.
import { byId, make, setText } from "../../../autograd/pages/elements.js";
import { LESSONS } from "./lessons.js";
import { MISTAKES } from "./mistakes.js";

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player */
export function lessonsView(player) {
  const choice = byId("lesson");
  choice.append(...LESSONS.map(({ title }, i) => make("option", { value: i, textContent: `${i + 1} ${title}` })));
  choice.addEventListener("change", () => {
    const { hide } = player.settings;
    player.playing = false;
    player.restart(choice.value === "" ? { ...player.settings, lesson: null } : { ...LESSONS[Number(choice.value)].settings, hide });
    player.shown.edges = player.settings.show.edges ?? "weights";
    player.draw();
  });
  /** @type {unknown} */
  let shown = null;
  let lesson = -1; // stays while its settings are tried out
  return () => {
    const { settings } = player;
    if (settings === shown) return;
    shown = settings;
    if (settings.lesson !== null) lesson = settings.lesson;
    else if (choice.value === "") lesson = -1;
    choice.value = lesson < 0 ? "" : String(lesson);
    const text = byId("lesson-text");
    text.hidden = lesson < 0;
    if (lesson >= 0) text.replaceChildren(LESSONS[lesson].sentence, make("b", { textContent: LESSONS[lesson].question }));
  };
}

/** @param {Player} player */
export function mistakesView(player) {
  const boxes = MISTAKES.map(({ key, title }) => {
    const box = make("input", { type: "checkbox", id: `mistake-${key}` });
    box.addEventListener("change", () => player.change("mistakes", { [key]: box.checked }));
    byId("mistakes").append(make("label", {}, box, title));
    return { key, box };
  });
  return () => {
    for (const { key, box } of boxes) box.checked = Boolean(player.settings.mistakes[key]);
    const made = MISTAKES.filter(({ key }) => player.settings.mistakes[key]);
    byId("mistake-text").hidden = !made.length;
    setText(byId("mistake-text"), made.map(({ sentence }) => sentence(player.run)).join(" "));
  };
}

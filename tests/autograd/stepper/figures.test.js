// @ts-check
// The texts of a page: templates filled with numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { equation, evaluated, filled, shortened } from "../../../autograd/stepper/page/figures.js";
import { isRight } from "../../../autograd/stepper/page/predict.js";

test("figures are computed from the engine and from one another", () => {
  const engine = /** @type {any} */ ({ data: [3, -2], local: [[], [5]] });
  const table = /** @type {any} */ ([[0, 1], [1, 1, 0], [2, 0, 1], [3, 2, 0], [8, "inf"], [6, 0], [7, 0], [4, 1, 0], [5, 1, 0]]);
  assert.deepEqual(evaluated(table, engine), [-2, 5, -10, -12, Infinity, 2, 2, 7, -2.5]);
});

test("a negative number gets brackets where Python writes them", () => {
  assert.equal(filled(["y = ", -1, " ** 2 = ", 0], [-3]), "y = (-3) ** 2 = -3");
  assert.equal(filled(["y = ", -1, " ** 2"], [3]), "y = 3 ** 2");
});

test("equal sides of an equation are written once", () => {
  assert.equal(equation("d = 2 = 2"), "d = 2");
  assert.equal(equation("d = 2 = 3"), "d = 2 = 3");
});

test("a long side is cut between operands", () => {
  const side = Array.from({ length: 30 }, (_, i) => `w${i} * x${i}`).join(" + ");
  const short = shortened(side);
  assert.ok(short.length <= 72 && short.includes(" + … + ") && short.endsWith("w29 * x29"));
});

test("a prediction is right to two digits", () => {
  assert.ok(isRight(0.667, 2 / 3) && isRight(-0, 0) && isRight(Infinity, Infinity));
  assert.ok(!isRight(0.66, 2 / 3) && !isRight(1e-9, 0));
});

// @ts-check
// The engine by hand: f = log(a * a) for one graph, with operations as javascript.py prints them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine, NodeError } from "../../../autograd/pages/engine.js";

/** @type {Record<string, import("../../../autograd/pages/floats.js").Operation>} */
const operations = {
  "mul/2": { value: (m, a, b) => a * b, rules: [(m, y, a, b) => b, (m, y, a) => a] },
  "log/1": { value: (m, a) => m.log(a), rules: [(m, y, a) => m.div(1, a)] },
  "sqrt/1": { value: (m, a) => m.sqrt(a), rules: [(m, y) => m.div(0.5, y)] },
};
const square = { ops: [null, "mul/2", "log/1"], parents: [[], [0, 0], [1]], constants: [false, false, false], data: [3, NaN, NaN] };

test("forward, local gradients, and gradients that add up over fan-out", () => {
  const engine = new Engine(square, operations);
  assert.deepEqual(engine.data, [3, 9, Math.log(9)]);
  assert.deepEqual(engine.local, [[], [3, 3], [1 / 9]]);
  assert.deepEqual(engine.grad, [6 / 9, 1 / 9, 1]);
});

test("a changed leaf changes everything, and an error changes nothing", () => {
  const engine = new Engine(square, operations);
  engine.run([[0, 2]]);
  assert.equal(engine.data[1], 4);
  assert.throws(() => engine.run([[0, 0]]), (error) => error instanceof NodeError && error.node === 2 && error.kind === "domain");
  assert.deepEqual(engine.data, [2, 4, Math.log(4)]);
  assert.equal(engine.grad[0], 1);
});

test("an infinite derivative at a legal point is infinite", () => {
  const engine = new Engine({ ops: [null, "sqrt/1"], parents: [[], [0]], constants: [false, false], data: [0, NaN] }, operations);
  assert.deepEqual(engine.grad, [Infinity, 1]);
});

test("a constant gets no gradient", () => {
  const engine = new Engine({ ...square, ops: [null, null, "mul/2"], parents: [[], [], [0, 1]], constants: [false, true, false], data: [3, 2, NaN] }, operations);
  assert.deepEqual(engine.local[2], [2, null]);
  assert.deepEqual(engine.grad, [2, 0, 1]);
});

test("a finite difference needs no rule", () => {
  const wrong = { ...operations, "log/1": { value: operations["log/1"].value, rules: [7] } };
  assert.ok(Math.abs(new Engine(square, wrong).finiteDifference(0) - 2 / 3) < 1e-9);
});

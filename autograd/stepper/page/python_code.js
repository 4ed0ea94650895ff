// @ts-check
// The graph with its present numbers, as a program in Python.
import { inFull } from "../../pages/numbers.js";

/** @typedef {import("./story.js").Story} Story */

const WORDS = new Set(
  ("ag print False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield").split(" "),
);

/** @param {Story} story */
export function pythonCode(story) {
  const { graph, data } = story.engine;
  const names = variables(story);
  const imports = Object.entries(story.own).map(([name, module]) =>
    module ? `from ${module} import ${name}` : `# ${name} is an operation of your own: import it here, or declare it`);
  const lines = ["import autograd as ag", ...imports, ""];
  if (story.mistake) lines.push("# backward() makes no mistake: this is the right pass", "");
  if (story.updates.length) lines.push("# before the update", "");
  for (const [i, key] of graph.ops.entries()) {
    const info = story.nodes.get(i);
    if (key !== null) {
      const operands = graph.parents[i].map((/** @type {number} */ p) => names[p]);
      lines.push(`${names[i]} = ${call(key.split("/")[0], operands, story.own)}`);
    } else if (!info?.constant) {
      lines.push(`${names[i]} = ag.Value(${python(data[i])}, ${JSON.stringify(info?.label ?? info?.name)})`);
    }
  }
  const root = names[names.length - 1];
  lines.push(`${root}.backward()`, "", `print("${root}", ${root}.data)`);
  const leaves = story.leaves.filter((i) => !story.nodes.get(i)?.constant);
  for (const i of leaves) lines.push(`print("d${root}/d${names[i]}", ${names[i]}.grad)`);
  return `${lines.join("\n")}\n`;
}

/** A name for each node that is one in Python; a constant is its number. @param {Story} story @returns {string[]} */
function variables(story) {
  const taken = new Set(Object.keys(story.own));
  return story.engine.graph.ops.map((/** @type {any} */ _, /** @type {number} */ i) => {
    const info = story.nodes.get(i);
    if (info?.constant) return python(story.engine.data[i]);
    const plain = (info?.name ?? "").normalize("NFKC").replace(/\W+/g, "_").replace(/(\w)_$/, "$1");
    const good = /^[A-Za-z_]/.test(plain) && !WORDS.has(plain) && !taken.has(plain);
    const name = good ? plain : `node${i}`;
    taken.add(name);
    return name;
  });
}

/** @param {number} x */
function python(x) {
  return Number.isFinite(x) ? inFull(x) : `float("${inFull(x)}")`;
}

/** @param {string} operation @param {string[]} operands @param {Record<string, string>} own */
function call(operation, operands, own) {
  const symbol = { add: "+", sub: "-", mul: "*", div: "/", pow: "**" }[operation];
  if (symbol) return operands.map((x) => (x.startsWith("-") ? `(${x})` : x)).join(` ${symbol} `);
  if (operation === "dot") {
    const n = Math.floor(operands.length / 2);
    const lists = [operands.slice(0, n), operands.slice(n, 2 * n)].map((xs) => `[${xs.join(", ")}]`);
    return `ag.dot(${[...lists, ...operands.slice(2 * n)].join(", ")})`;
  }
  return `${operation in own ? "" : "ag."}${operation}(${operands.join(", ")})`;
}

"""The rows of the curriculum: what five sets of lecture notes teach, and where it is here.

A cell that teaches a row has the tag ``row-<code>``. A test of a row is in tests/curriculum, and
``test_<code>_`` begins its name. The table in notebooks/README.md is made from both:
``python -m tests.support.curriculum`` writes it again.
"""

from __future__ import annotations

import ast
import re

from tests.support.notebooks import COURSE, ROOT, cells_of

README = ROOT / "notebooks" / "README.md"
HEAD = "| row | topic | notebook | tests |\n|---|---|---|---|\n"

ROWS = {
    "A1": "sigmoid",
    "A2": "logistic regression as a network of one neuron",
    "A3": "gradients of the logistic loss",
    "A4": "gradient descent",
    "A5": "directional derivative",
    "A6": "a network of l layers: affine maps and activations",
    "A7": "Jacobian, in both layouts",
    "A8": "backward through a layer, in matrices",
    "A9": "why a network needs a nonlinearity",
    "A10": "a playground",
    "B1": "a single layer and stochastic gradient descent",
    "B2": "chain rule for two intermediate variables",
    "B3": "delta of the last layer and of hidden layers",
    "B4": "one backward pass against finite differences",
    "B5": "finite differences to debug a backward pass",
    "B6": "descent until converged; kinds of stationary points",
    "B7": "descent directions and Taylor polynomials",
    "C1": "a network as matrices: 3, 5, 4, 2",
    "C2": "softmax output to classify, linear output for regression",
    "C3": "mean squared error and both cross entropies",
    "C4": "four ways to a derivative",
    "C5": "(x + y) z, step by step",
    "C6": "a logistic neuron, gate by gate",
    "C7": "patterns: add, multiply, copy, max",
    "D1": "learning XOR",
    "D2": "squared error learns the conditional mean",
    "D3": "absolute error learns the conditional median",
    "D4": "clipped linear output and sigmoid output",
    "D5": "where the gradient of a sigmoid output vanishes",
    "D6": "softmax with its likelihood",
    "D7": "outputs approach relative frequencies",
    "D8": "hidden units",
    "D9": "gradients in deep networks",
    "D10": "universal approximation",
    "D11": "sum over paths; products with a Jacobian",
    "D12": "general back-propagation with shared nodes",
    "D13": "mini-batches with weight decay",
    "E1": "two-layer network with its bias as a unit",
    "E2": "least squares and cross entropy, sums and means",
    "E3": "gradient of a weight: delta times stored activation",
    "E4": "the recursion for delta",
    "E5": "cross entropy is a Bernoulli likelihood",
    "F1": "recomputing or storing",
    "F2": "gradients of matrix products",
    "F3": "depth against width",
    "F4": "approximation by bumps and by ReLU interpolation",
    "F5": "maxout and convex functions",
    "F6": "softmax: winner takes all",
    "F7": "learned frequencies, and inputs not seen",
    "F8": "a clipped unit may not learn at all",
    "F9": "activation functions over two inputs",
    "F10": "the Laplace distribution and the median",
    "F11": "XOR by hand",
    "F12": "convexity",
    "F13": "the logistic loss is convex",
    "F14": "cost of naive gradients; matrix products",
    "F15": "the steepest direction",
    "F16": "symbolic expressions grow, graphs do not",
    "F17": "forward and central differences",
}


def notebooks_by_row() -> dict[str, list[str]]:
    """Return for each row the notebooks with a cell that has its tag."""
    found: dict[str, list[str]] = {}
    for path in COURSE:
        tags = frozenset[str]().union(*(cell.tags for cell in cells_of(path)))
        for tag in sorted(tags):
            if tag.startswith("row-"):
                found.setdefault(tag.removeprefix("row-"), []).append(path.name)
    return found


def checks_by_row() -> dict[str, list[str]]:
    """Return for each row the tests that have its code in their name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "curriculum").glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                codes = re.match(r"test_((?:[A-F]\d+_)*)", node.name)
                for code in codes[1].split("_")[:-1] if codes else []:
                    found.setdefault(code, []).append(f"{path.stem}::{node.name}")
    return found


def table() -> str:
    """Return the table of rows, with the notebook that teaches each and the tests of it."""
    notebooks, tests = notebooks_by_row(), checks_by_row()
    lines = []
    for code, topic in ROWS.items():
        where = ", ".join(f"[{name[0]}]({name})" for name in notebooks.get(code, []))
        checked = "<br>".join(f"`{name}`" for name in tests.get(code, []))
        lines.append(f"| {code} | {topic} | {where} | {checked} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    before = README.read_text("utf-8").partition(HEAD)[0]
    README.write_text(before + table(), "utf-8")

"""What the page takes from Python's tables: operations, activations, losses, initializers.

`library` prints it as one JavaScript object, so that no module of the page lists them again. A loss
is its graph for one sample, recorded from its formula in `nn.losses`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from autograd import TABLE, Operation, Value, add, mul, topological_order
from autograd.pages.batched_kernels import print_kernels
from autograd.pages.graph_data import graph_data
from autograd.pages.javascript import print_operations

from ..initializers import INITIALIZERS
from ..layers import ACTIVATIONS
from ..losses import LOSSES, Loss
from ..model_file import FORMAT, VERSION

LIMITS: dict[str, float] = {
    "classes": 10,
    "points": 2000,
    "units": 32,
    "layers": 8,
    "features": 64,
    "number": 1e9,  # the largest in the data
    "seed": 2**53 - 1,  # the largest whole number that JavaScript keeps
    "minLearningRate": 1e-9,
    "maxLearningRate": 1e4,
}
LEARNING_RATES = {"sgd": 0.1, "momentum": 0.1, "adam": 0.01}  # where an optimizer starts
NOT_IN_THE_PAGE = {  # with the reason
    "nll": "it takes log-probabilities, which no layer of an MLP gives: "
    "take cross_entropy, which is the same loss, computed from logits",
    "poisson_nll": "its numbers are not the outputs, which the page draws: take mse",
}


@cache
def library() -> str:
    """Return the tables as a JavaScript object: what the modules of the page call ``library``.

    >>> all(f"{name}: " in library() for name in ("activations", "losses", "kernels"))
    True
    """
    used: set[tuple[Operation, int]] = {(mul, 2), (add, 2)}
    activations = {}
    for name in ACTIVATIONS:
        operation = TABLE.get(name)
        if operation is not None:
            used.add((operation, operation.arity))
        defaults = operation.defaults if operation is not None else []
        activations[name] = {"op": _key(operation), "constants": defaults}
    losses = {}
    for loss in LOSSES.values():
        if loss.name not in NOT_IN_THE_PAGE:
            graphs = {}
            for outputs, graph, of_graph in _graphs(loss):
                graphs[outputs] = graph
                used |= of_graph
            losses[loss.name] = _declaration(loss) | {"graphs": graphs}
    tables = {
        "activations": activations,
        "losses": losses,
        "initializers": [*INITIALIZERS],
        "limits": LIMITS,
        "learningRates": LEARNING_RATES,
        "modelFile": {"format": FORMAT, "version": VERSION},
    }
    ordered = sorted(used, key=lambda pair: (pair[0].name, pair[1]))
    scalar = [pair for pair in ordered if pair[0].arity]  # those inside a neuron
    parts = [f"{name}: {_json(table)}" for name, table in tables.items()]
    parts += [f"kernels: {print_kernels(ordered)}", "operations"]
    operations = f"const operations = {print_operations(scalar)};"  # its entries call each other
    text = f"(() => {{\n{operations}\nreturn {{ {', '.join(parts)} }};\n}})()"
    return re.sub(r"^ +", "", text, flags=re.M)  # a quarter of it is indentation


def _key(operation: Operation | None) -> str | None:
    return None if operation is None else f"{operation.name}/{operation.arity}"


def _json(x: Any) -> str:
    return json.dumps(x, ensure_ascii=False, separators=(",", ":"))


def _declaration(loss: Loss) -> dict[str, Any]:
    """Return what the loss declares: how to train and to predict with it."""
    return {
        "targets": loss.targets,
        "codes": loss.codes,
        "boundary": loss.boundary,
        "perClass": loss.per_class,
        "perNumber": max(loss.per_number),
        "fromLogits": loss.from_logits,
    }


def _graphs(loss: Loss) -> Iterator[tuple[int, dict[str, Any], set[tuple[Operation, int]]]]:
    """Yield the graph of the loss of one sample for each number of outputs that it takes.

    The leaves ``outputs`` and ``targets`` get their numbers in the page. The others are constants.
    """
    counts = {1} if loss.codes or not loss.per_class else set()
    if loss.targets == "numbers":
        counts = {max(loss.per_number)}
    elif loss.per_class:
        counts |= set(range(2, int(LIMITS["classes"]) + 1))
    for count in sorted(counts):
        outputs = [Value(0.5) for _ in range(count)]
        one_each = loss.per_class and count > 1
        targets = [Value(0.5) for _ in range(count if one_each else 1)]
        order = topological_order(loss.formula(outputs, targets))
        place = {node: i for i, node in enumerate(order)}
        data = graph_data(order)
        graph = {
            "ops": data.graph["ops"],
            "parents": data.graph["parents"],
            "constants": [node.data if node.is_constant else None for node in order],
            "outputs": [place.get(node, -1) for node in outputs],
            "targets": [place.get(node, -1) for node in targets],
        }
        yield count, graph, data.used

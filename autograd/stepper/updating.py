"""The step after a backward pass: parameters move against their gradients, and the result falls.

All of it happens on a copy of the graph, with the numbers that the engine gives there:

    loss.backward()
    for w in parameters:
        w.data -= lr * w.grad
    recompute(loss)
    loss.backward()  # again, with ``zero_grad=False``: no gradient was set to 0
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from numbers import Real
from typing import Any

from ..explaining.argument_checks import listed_values, require_value
from ..explaining.leaves import trained
from ..explaining.node_names import names
from ..explaining.notation import factors, number, total_derivative
from ..operation import TABLE
from ..recomputing import recompute
from ..value import Value, topological_order
from .comparison import Comparison
from .frames import Frame
from .narration import Narrator


def updated(
    graph: Value, rate: float, parameters: Sequence[Value], zero_grad: bool, first_step: int
) -> Iterator[Frame]:
    """Yield the frames after the backward pass of ``graph``, which stays as it is.

    first_step: the number of the first of these frames among all steps.
    """
    loss = deepcopy(graph)
    order = topological_order(loss)
    for node in order:
        node.grad = 0.0
    loss.backward()
    copy_of = dict(zip(topological_order(graph), order, strict=True))
    before = loss.data
    frames = [*_moved(loss, rate, [copy_of[parameter] for parameter in parameters])]
    try:
        recompute(loss)
    except (ArithmeticError, ValueError) as error:
        raise type(error)(f"after an update of {number(rate)}, {error}: make it smaller") from None
    frames += [frame for frame in Narrator(loss).forward() if frame.phase == "forward"]
    frames.append(_compared(before, loss, names(order)[loss]))
    yield from frames
    if not zero_grad:
        yield from _accumulated(loss, first_step + len(frames))


def _moved(loss: Value, rate: float, parameters: Iterable[Value]) -> Iterator[Frame]:
    """Yield a frame for each parameter, and move it."""
    order = topological_order(loss)
    named, ordinal = names(order), {node: i for i, node in enumerate(order)}
    for w in parameters:
        name, i, before = named[w], ordinal[w], w.data
        w.data -= rate * w.grad
        symbols = f"{name} ← {name} − lr · {total_derivative(named[loss], name)}"
        numbers = f"{number(before)} − {factors([rate, w.grad])}"
        text = f"{symbols} = {numbers} = {number(w.data)}"
        yield Frame("update", text, node=i, target=i, name=name, value=w.data)


def _compared(before: float, loss: Value, name: str) -> Frame:
    """Return the frame with the result before and after the update."""
    after, i = loss.data, len(topological_order(loss)) - 1
    text = f"{name} was {number(before)} before the update and is {number(after)} after it"
    note = ""
    if after > before or math.isnan(after):
        note = "It did not get smaller: with a smaller learning rate it does."
    return Frame("update", text, note=note, node=i, target=i, name=name, value=after)


def _accumulated(loss: Value, first_step: int) -> Iterator[Frame]:
    """Yield a second backward pass that adds to the gradients of the first, and a verdict."""
    narrator = Narrator(loss)
    before = {node: node.grad for node in narrator.order if not node.parents}
    if not loss.parents:
        before[loss] += 1.0  # the seed adds to it too
    narrator.grads |= before
    wrong = [narrator.seed()]
    for node in reversed(narrator.order):
        wrong += narrator.pass_on(node, narrator.grads[node])
    right = Narrator(loss)
    held: dict[int | None, float] = {narrator.ordinal[leaf]: leaf.grad for leaf in before}
    compared = Comparison("stale", wrong, [right.seed(), *right.backward()], before=held)
    yield from compared.frames(first_step)


def check_update(update: Any, mistake: str | None, parameters: Any, zero_grad: bool) -> None:
    """Raise TypeError or ValueError unless these arguments of `steps` fit together."""
    if update is None:
        given = "parameters=" if parameters is not None else "zero_grad=False"
        if parameters is not None or not zero_grad:
            raise ValueError(f"{given} needs a learning rate too, such as update=0.1")
        return
    if mistake is not None:
        raise ValueError(
            "give mistake= or update=, not both: with update=, zero_grad=False shows the mistake "
            "of not clearing the gradients"
        )
    is_number = isinstance(update, Real) and not isinstance(update, bool)
    if not is_number or not 0 < update < math.inf:
        raise ValueError(f"update is a learning rate, a number such as 0.1, got {update!r:.80}")


def parameters_in(graph: Value, given: Iterable[Value] | None) -> list[Value]:
    """Return what an update changes: the ``given`` leaves that the graph has, or its parameters."""
    order = topological_order(graph)
    if any(node.op is not None and TABLE.get(node.op.name) is not node.op for node in order):
        raise ValueError(
            "update= computes the graph again, which a result of a compiled function cannot: give "
            "the result of the function that is not compiled"
        )
    if given is None:
        return trained(order)
    found = dict.fromkeys(listed_values(given, "parameters"))
    for node in found:
        require_value(node, "parameters are Values")
        if node.parents or node.is_constant:
            raise ValueError(f"parameters are leaves of the graph, got {node!r:.80}")
    if not (present := [node for node in found if node in set(order)]):
        raise ValueError("none of the parameters is in the graph, so no update changes it")
    return present

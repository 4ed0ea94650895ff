"""The steps of one forward and one backward pass, in formulas and numbers: `steps`."""

from __future__ import annotations

from collections.abc import Iterable

from ..explaining.argument_checks import require_bool, require_value
from ..explaining.up_to_date import require_up_to_date
from ..graph import expanded
from ..value import Value
from .comparison import Comparison
from .frames import Frame
from .mistakes import ALONG_PATHS, MISTAKES, check_visits
from .narration import Narrator
from .updating import check_update, parameters_in, updated


def steps(
    root: Value,
    mistake: str | None = None,
    *,
    expand: bool = False,
    update: float | None = None,
    parameters: Iterable[Value] | None = None,
    zero_grad: bool = True,
) -> list[Frame]:
    """Return the frames of one forward and one backward pass. Nothing is changed.

    The backward pass starts from cleared gradients. The last ``value`` of each target in it is the
    gradient that ``root.backward()`` gives, bit for bit.

    mistake: play a wrong backward pass beside the right one, mark the first wrong number and end
    with a verdict. "order" passes gradients on depth first instead of in topological order,
    "overwrite" has ``=`` for ``+=``, "stale" starts from the gradients of an earlier pass,
    "recursive" passes a sum on again at each visit. "paths" is right, but visits a node once for
    each path. Both of these raise ValueError if that makes more than 2,000 visits.
    expand: show n-ary nodes as the scalar operations that they stand for.
    update: a learning rate. After the backward pass, each parameter w moves to
    ``w - update * dL/dw``, and the forward pass runs again. This happens on a copy of the graph.
    parameters: the leaves that move. Without it, these are the leaves whose labels are paths, w or
    b with a number, and the biases of `dot` nodes. If there are none, all leaves move.
    zero_grad: False plays a second backward pass that adds to the gradients of the first.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> for frame in steps(x * x + x):
    ...     print(frame.text)
    given x = 3
    v1 = x * x = 3 * 3 = 9
    f = v1 + x = 9 + 3 = 12
    df/df = 1
    df/dv1 += df/df · ∂f/∂v1 = 1 · 1 = 1
    df/dx += df/df · ∂f/∂x = 1 · 1 = 1
    df/dx += df/dv1 · ∂v1/∂x = 1 · 3 = 3
    df/dx += df/dv1 · ∂v1/∂x = 1 · 3 = 3
    >>> print(steps(x * x + x, mistake="overwrite")[-1])
    verdict: first wrong in step 7, 1 of 3 gradients wrong in the end
        df/dx = 3, right is 7.

    >>> w = Value(2.0, "w")
    >>> for frame in steps(w * w, update=0.1)[-3:]:
    ...     print(frame.text)
    w ← w − lr · df/dw = 2 − 0.1 · 4 = 1.6
    f = w * w = 1.6 * 1.6 = 2.56
    f was 4 before the update and is 2.56 after it

    TypeError unless ``root`` is a Value, ValueError for another mistake or wrong parameters.
    RuntimeError if leaves changed since the graph was computed: see `autograd.recompute`. What the
    forward pass raises if an update leaves the domain of an operation.
    """
    require_value(root, "steps needs the Value to differentiate")
    if mistake is not None and not (isinstance(mistake, str) and mistake in MISTAKES):
        names = ", ".join(map(repr, MISTAKES))
        raise ValueError(f"mistake must be one of {names} (or None), got {mistake!r:.80}")
    require_bool(expand, "expand")
    require_bool(zero_grad, "zero_grad")
    check_update(update, mistake, parameters, zero_grad)
    require_up_to_date(root)
    graph = expanded(root) if expand else root
    narrator = Narrator(graph)
    forward, right = list(narrator.forward()), [narrator.seed(), *narrator.backward()]
    if update is not None:
        moving = parameters_in(graph, parameters)
        first = len(forward) + len(right) + 1
        return forward + right + list(updated(graph, update, moving, zero_grad, first))
    if mistake is None:
        return forward + right
    wrong = played(mistake, graph)
    along_paths = played("paths", graph) if mistake in ALONG_PATHS else ()
    before = {frame.target: frame.value for frame in right} if mistake == "stale" else {}
    compared = Comparison(mistake, wrong, right, along_paths=along_paths, before=before)
    return forward + list(compared.frames(len(forward) + 1))


def played(mistake: str, graph: Value) -> list[Frame]:
    """Return the frames of a backward pass with this mistake."""
    narrator = Narrator(graph)
    if mistake in ALONG_PATHS:
        check_visits(mistake, narrator.order)
    return [narrator.seed(), *MISTAKES[mistake](narrator)]

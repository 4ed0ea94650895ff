"""The steps of one forward and one backward pass, in formulas and numbers: `steps`."""

from __future__ import annotations

from ..explaining.argument_checks import require_value
from ..explaining.up_to_date import require_up_to_date
from ..graph import expanded
from ..value import Value
from .comparison import Comparison
from .frames import Frame
from .mistakes import ALONG_PATHS, MISTAKES, check_visits
from .narration import Narrator


def steps(root: Value, mistake: str | None = None, *, expand: bool = False) -> list[Frame]:
    """Return the frames of one forward and one backward pass. Nothing is changed.

    The backward pass starts from cleared gradients. The last ``value`` of each target in it is the
    gradient that ``root.backward()`` gives, bit for bit.

    mistake: play a wrong backward pass beside the right one, mark the first wrong number and end
    with a verdict. "order" passes gradients on depth first instead of in topological order,
    "overwrite" has ``=`` for ``+=``, "stale" starts from the gradients of an earlier pass,
    "recursive" passes a sum on again at each visit. "paths" is right, but visits a node once for
    each path. Both of these raise ValueError if that makes more than 2,000 visits.
    expand: show n-ary nodes as the scalar operations that they stand for.

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

    TypeError unless ``root`` is a Value, ValueError for another mistake. RuntimeError if leaves
    changed since the graph was computed: see `autograd.recompute`.
    """
    require_value(root, "steps needs the Value to differentiate")
    if mistake is not None and not (isinstance(mistake, str) and mistake in MISTAKES):
        names = ", ".join(map(repr, MISTAKES))
        raise ValueError(f"mistake must be one of {names} (or None), got {mistake!r:.80}")
    require_up_to_date(root)
    graph = expanded(root) if expand else root
    narrator = Narrator(graph)
    forward, right = list(narrator.forward()), [narrator.seed(), *narrator.backward()]
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

"""One forward and one backward pass as a list of frames: what is computed, from what, in words.

>>> from autograd import Value
>>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
>>> q = x + y
>>> q.label = "q"
>>> for frame in steps(q * z):
...     print(frame.text)
given x = -2, y = 5, z = -4
q = x + y = -2 + 5 = 3
f = q * z = 3 * -4 = -12
∂f/∂f = 1
∂f/∂q += ∂f/∂f · ∂f/∂q = 1 · -4 = -4
∂f/∂z += ∂f/∂f · ∂f/∂z = 1 · 3 = 3
∂f/∂x += ∂f/∂q · ∂q/∂x = -4 · 1 = -4
∂f/∂y += ∂f/∂q · ∂q/∂y = -4 · 1 = -4
"""

from __future__ import annotations

from ..graph import expanded
from ..value import Value
from .comparison import Comparison
from .mistakes import MISTAKES
from .narration import Frame, Narrator


def steps(root: Value, mistake: str | None = None, *, expand: bool = False) -> list[Frame]:
    """The frames of one forward and one backward pass from cleared gradients; changes nothing.

    The last ``value`` of each target in the backward pass is the gradient that ``root.backward()``
    gives from cleared gradients, bit for bit:

    >>> from autograd import Value
    >>> a = Value(3.0, "a")
    >>> b = a * a
    >>> {frame.name: frame.value for frame in steps(b) if frame.phase == "backward"}
    {'f': 1.0, 'a': 6.0}

    ``mistake`` plays a wrong backward pass beside the right one, marks the first wrong number and
    ends with a verdict: "order" passes gradients on depth first instead of in topological order,
    "overwrite" has ``=`` for ``+=``, "stale" starts from the gradients of an earlier pass.

    >>> print(steps(b, mistake="overwrite")[-1])
    verdict: first wrong in step 5, 1 of 2 gradients wrong in the end
        ∂f/∂a = 3, right is 6.

    ``expand`` shows n-ary nodes as the scalar operations that they stand for.

    TypeError unless ``root`` is a Value, ValueError for another mistake.
    """
    if not isinstance(root, Value):
        raise TypeError(f"steps needs the Value to differentiate, got {root!r:.80}")
    if mistake is not None and mistake not in MISTAKES:
        names = ", ".join(map(repr, MISTAKES))
        raise ValueError(f"mistake must be one of {names} (or None), got {mistake!r:.80}")
    narrator = Narrator(expanded(root) if expand else root)
    forward = list(narrator.forward())
    if mistake is None:
        return [*forward, *narrator.backward()]
    return [*forward, *Comparison(narrator, mistake).frames(done=len(forward))]

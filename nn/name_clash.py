"""One clear sentence where the package named autograd is another one: HIPS autograd."""

import os.path  # and not pathlib, which is slow to import
from importlib.util import find_spec

ADVICE = (
    "chalkgrad and HIPS autograd both install a package named 'autograd', so they cannot share an "
    "environment. Give chalkgrad one of its own: python3 -m venv .venv, then install it there"
)


def check() -> None:
    """Raise ImportError where HIPS autograd lies in the place of ours. Nothing is imported."""
    if (spec := find_spec("autograd")) and (folders := spec.submodule_search_locations):
        theirs, ours = (os.path.join(folders[0], name) for name in ("tracer.py", "value.py"))
        if os.path.exists(theirs) or not os.path.exists(ours):
            raise ImportError(f"{ADVICE} (the autograd found here is {folders[0]})")


check()

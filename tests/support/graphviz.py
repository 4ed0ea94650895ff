"""Which Graphviz there is, for tests that need one."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

HAS_DOT = shutil.which("dot") is not None
HAS_PYGRAPHVIZ = find_spec("pygraphviz") is not None
needs_dot = pytest.mark.skipif(not HAS_DOT, reason="needs Graphviz: the program dot")
needs_graphviz = pytest.mark.skipif(
    not (HAS_DOT or HAS_PYGRAPHVIZ), reason="needs Graphviz: the program dot, or pygraphviz"
)

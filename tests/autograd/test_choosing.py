"""Choices without a branch, outside of compiled functions: `where` and `take`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from autograd import Value, no_grad, take, where


@pytest.mark.parametrize("context", [nullcontext, no_grad])
def test_where_gives_the_one_or_the_other_as_it_is(context: Any) -> None:
    x, y = Value(1.0), Value(2.0)
    with context():
        assert where(x < y, x, y) is x
        assert where(x > y, x, y) is y
        assert where(True, 3.0, y) == 3.0


@pytest.mark.parametrize("context", [nullcontext, no_grad])
def test_take_gives_an_element_or_a_row(context: Any) -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    with context():
        assert [take(rows, i) for i in (0, 1, -1, Value(1.0))] == [
            rows[0],
            rows[1],
            rows[1],
            rows[1],
        ]
        assert take((5.0, 6.0), 1.0) == 6.0

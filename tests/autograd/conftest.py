"""Fixtures of the tests of `autograd`."""

import importlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from autograd import TABLE


@pytest.fixture
def own() -> Iterator[Any]:
    """The module that declares operations of one's own. The table forgets them after the test."""
    with patch.dict(TABLE):
        module = importlib.import_module("tests.support.own_operation")
        TABLE.update(cube=module.cube, area=module.area, norm=module.norm)  # if imported before
        yield module

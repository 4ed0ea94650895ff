"""Fixtures of the tests of `autograd`."""

import importlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from autograd import TABLE


@pytest.fixture(autouse=True)
def _table_as_before() -> Iterator[None]:
    """The table forgets the operations that the test declares."""
    with patch.dict(TABLE):
        yield


@pytest.fixture
def own() -> Any:
    """The module that declares operations of one's own."""
    module = importlib.import_module("tests.support.own_operation")
    TABLE.update(cube=module.cube, area=module.area, norm=module.norm)  # if imported before
    return module

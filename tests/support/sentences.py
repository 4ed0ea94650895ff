"""Errors and warnings, word by word."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest


def check_says(call: Callable[[], Any], text: str) -> None:
    """Check that the call is refused with this sentence and no other word."""
    with pytest.raises((ValueError, TypeError, AttributeError, RuntimeError)) as caught:
        call()
    assert str(caught.value) == text


def warnings_of(call: Callable[[], Any]) -> list[warnings.WarningMessage]:
    """Return all warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught

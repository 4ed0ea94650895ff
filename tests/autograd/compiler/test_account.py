"""What compiling cost and saved, and the reason that a warning gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("numpy")

from autograd.compiler.account import (
    EAGER_SHARE,
    MIN_LOSS_SECONDS,
    MIN_RECORDINGS,
    Account,
)
from autograd.compiler.arguments import as_thing, without_things
from autograd.tree import flatten


def recorded(calls: int = 0, record: float = 2.5, other: float = 0.5) -> Any:
    """A recording, as far as the account knows it."""
    return SimpleNamespace(calls=calls, seconds={"record": record, "print": other})


def structure(*args: Any) -> Any:
    return flatten(args, as_thing)[1]


SIZES = {structure([0.0] * n): [recorded()] for n in range(1, 5)}
THINGS = {structure(1.0, name): [recorded()] for name in "abcd"}


@pytest.mark.parametrize(
    ("recordings", "ties", "by_structure", "reason"),
    [
        (4, 5, SIZES, "compares numbers that are equal"),
        (4, 4, SIZES, "the sizes of its arguments vary"),
        (4, 0, SIZES, "the sizes of its arguments vary"),
        (5, 0, {structure(1.0): [recorded()] * 3}, "takes many branches"),
        (6, 0, {structure(1.0): [recorded()] * 3, **SIZES}, "the sizes of its arguments vary"),
        (4, 0, THINGS, "a static argument or an object"),
        (8, 0, THINGS | SIZES, "the sizes of its arguments vary"),
        (8, 0, THINGS | dict([*SIZES.items()][:2]), "a static argument or an object"),
    ],
)
def test_the_reason_for_many_recordings_is_named(
    recordings: int, ties: int, by_structure: Any, reason: str
) -> None:
    account = Account()
    account.recordings, account.ties = recordings, ties
    assert reason in account.why(by_structure)


def test_structures_are_alike_but_for_their_things() -> None:
    assert without_things(structure([1.0, "a"], "b")) == without_things(structure([2.0, "c"], "d"))
    assert without_things(structure([1.0, "a"])) != without_things(structure([1.0, 1.0]))
    assert without_things(structure([1.0], "a")) != without_things(structure([1.0, 1.0], "a"))


def test_compiling_is_a_loss_if_it_took_longer_than_it_saved() -> None:
    costs = 3.0  # seconds of a recording
    calls = (costs - MIN_LOSS_SECONDS) / EAGER_SHARE / 2.5  # seconds to record
    account = Account()
    account.recordings = MIN_RECORDINGS
    assert account.is_a_loss({structure(1.0): [recorded(calls=int(calls) - 1)]})
    assert not account.is_a_loss({structure(1.0): [recorded(calls=int(calls))]})
    account.recordings -= 1
    assert not account.is_a_loss({structure(1.0): [recorded()]})
    account.ties += 1
    assert account.is_a_loss({structure(1.0): [recorded()]})


def test_recordings_that_are_dropped_stay_in_the_sums() -> None:
    account = Account()
    account.recordings = MIN_RECORDINGS
    account.spend(0.25)
    kept = recorded()
    account.forget([recorded(), recorded(calls=5)])
    assert account.spent([kept]) == 9.25
    assert account.is_a_loss({structure(1.0): [kept]})  # 9.25 seconds for 6.25
    account.forget([recorded(calls=5)])
    assert not account.is_a_loss({structure(1.0): [kept]})  # 12.25 seconds for 12.5
    assert account.report({structure(1.0): [kept]})[3] == "seconds to compile all    12.250"

"""The recordings of a function, by structure of the arguments: which one a call takes, new ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from operator import itemgetter
from time import thread_time
from typing import Any
from weakref import ref

import numpy as np

from ..collector import collector_paused
from ..tree import Structure
from ..value import Value
from .account import MIN_RECORDINGS, Account
from .arguments import check_kinds, no_numbers, same_values, weakened
from .array_functions import Arrays
from .free_rows import Given, split
from .path import ELSEWHERE, Path
from .process_lock import ProcessLock
from .program import TIE
from .record import CannotRecordError
from .traced import TracedValueError

MAX_PATHS = 64  # recordings of one structure; a function with more of them is not compiled
MAX_NEW_PATHS = 16  # calls in a row that each take a new path
MAX_PATHS_TRIED = 4  # when no more paths are recorded
MAX_STRUCTURES = 64  # of arguments, for which recordings are kept
MAX_FAILURES = 3  # calls in a row that take a known path, but at numbers where its program fails

Request = bool | Callable[[Path, Given], Any]  # whether with the gradient, or how to run a path


class Paths(list[Path]):
    """The recordings for one structure of arguments, the last used first."""

    new_paths = 0  # calls in a row that took a new path
    given_up = False  # whether new paths are no longer recorded
    failures = 0  # calls in a row that were recorded and found to take a known path
    used = 0  # when, on the clock of the function

    def __init__(self, leaves: list[Any]) -> None:
        super().__init__()
        values = [i for i, x in enumerate(leaves) if isinstance(x, Value)]
        self.values = itemgetter(*values) if len(values) > 1 else None  # those of a call


class Recordings:
    """The recordings of one function. ``last`` is the path that the last call took."""

    def __init__(self, function: Callable[..., Any], name: str, xp: Arrays) -> None:
        self.function, self.name, self.xp = function, name, xp
        self.paths: dict[Structure, Paths] = {}  # by structure of the arguments
        self.free: list[frozenset[int | str]] = []  # arguments that are lists of any length
        self.account = Account()
        self.last: Path | None = None
        self._last_paths: Paths | None = None  # those of the same structure
        self._lock, self._clock = ProcessLock(), count()

    def result(self, given: Given, with_gradient: Request, tried: list[Path]) -> Any:
        """Return the result by the first path that the call takes, or ELSEWHERE, or TIE.

        Paths that have been tried are left out, others are added to them. ``with_gradient`` is what
        `Path.result` takes, or a function to call with path and arguments in its place.
        """
        ways = self._ways(given) if self.free else [(self._paths(given), given)]
        for paths, arguments in ways:
            same = same_values(paths.values(arguments.leaves)) if paths.values else ()
            for path in paths[:MAX_PATHS_TRIED] if paths.given_up else paths[:]:
                if path.same != same or path in tried:
                    continue
                tried.append(path)
                self.last = path
                if callable(with_gradient):
                    result = with_gradient(path, arguments)
                else:
                    result = path.result(arguments, with_gradient)
                if result is TIE:
                    self._count_tie()
                if result is not ELSEWHERE:
                    self._last_paths = paths
                    path.calls += result is not TIE
                    paths.new_paths = paths.failures = 0
                    if path is not paths[0]:
                        self._put_first(paths, path)
                    return result
        return ELSEWHERE

    def count_last(self) -> None:
        """Count a call that took the last path without a search for it."""
        if self.last is not None and self._last_paths is not None:
            self.last.calls += 1
            self._last_paths.new_paths = self._last_paths.failures = 0

    def _count_tie(self) -> None:
        account = self.account
        account.ties += 1
        if account.ties % MIN_RECORDINGS == 0 and account.is_a_loss(self.paths):
            why = account.why(self.paths)
            account.warn_once(f"{self.name} has cost more time to compile than it saved: {why}")

    def result_anew(self, given: Given, with_gradient: Request, tried: list[Path]) -> Any:
        """Return the result by a path that is recorded now. TIE if eager code has to run."""
        with self._lock:  # another thread may have recorded it meanwhile
            result = self.result(given, with_gradient, tried)
            return self._recorded(given, with_gradient) if result is ELSEWHERE else result

    def _ways(self, given: Given) -> list[tuple[Paths, Given]]:
        """Return the recordings that these arguments may take, and the arguments as they take them.

        There are those for lists of any length, and those for the structure as it is.
        """
        ways = []
        for free in self.free:
            apart = split(given.structure, given.leaves, free)
            if apart is not None and apart.structure in self.paths:
                ways.append((self._paths(apart), apart))
        if not ways or given.structure in self.paths:
            ways.append((self._paths(given), given))
        return ways

    def _put_first(self, paths: Paths, path: Path) -> None:
        with self._lock:
            paths[:] = [path, *[other for other in paths if other is not path]]

    def _paths(self, given: Given) -> Paths:
        """Return the recordings for this structure. If it is new, the oldest may have to go."""
        structure = given.structure
        try:
            paths = self.paths.get(structure)
        except TypeError:
            raise TypeError(
                "a compiled function takes numbers, Values, and lists, tuples, dicts and arrays of "
                "them; anything else has to be hashable, like a string, a tuple or a model"
            ) from None
        if paths is None:
            check_kinds(structure)
            this = ref(self)
            key = weakened(structure, lambda: _forget(this, key))
            with self._lock:
                paths = self.paths.setdefault(key, Paths(given.leaves))
                if len(self.paths) > MAX_STRUCTURES:
                    self._drop_oldest(paths)
        paths.used = next(self._clock)
        return paths

    def _drop_oldest(self, newest: Paths) -> None:
        """Drop the recordings that have not been used for the longest time; first, empty ones."""
        known = [(key, paths) for key, paths in [*self.paths.items()] if paths is not newest]
        key, paths = min(known, key=lambda entry: (bool(entry[1]), entry[1].used))
        self.account.forget(self.paths.pop(key))
        if paths:
            self.account.warn_once(
                f"{self.name} was called with more than {MAX_STRUCTURES} structures of "
                "arguments, so recordings that were not used for long are dropped: "
                + self.account.why(self.paths)
            )

    def _recorded(self, given: Given, with_gradient: Request) -> Any:
        """Return the result by a new path, and keep the path. TIE if eager code has to run."""
        paths = self._ways(given)[0][0]
        if not self._may_record(paths):
            return TIE
        check_precision(self.xp)
        self.account.recordings += 1
        started = thread_time()
        try:
            with collector_paused():
                path = Path(self.function, given.structure, given.leaves, self.xp)
        except CannotRecordError as error:
            paths.failures += 1
            self.account.spend(thread_time() - started)
            self.account.warn_once(f"{self.name} runs as it is, not compiled: {error}")
            return TIE
        except TracedValueError:
            paths.new_paths -= 1  # for it is refused at each call
            self.account.recordings -= 1
            raise
        except TypeError as error:
            for x in no_numbers(given.structure):
                error.add_note(f"{self.name} was given {x!r:.80}, which is no number")
            raise
        free = path.inputs.free
        if free:
            if free not in self.free:
                self.free.append(free)
            if not paths:
                self.paths.pop(given.structure, None)  # which is one of many, of other lengths
            given = split(given.structure, given.leaves, free) or given
        paths = self._paths(given)
        if any(known.outcomes == path.outcomes and known.same == path.same for known in paths):
            paths.failures += 1
            self.account.spend(thread_time() - started)
            return TIE
        self.last = path
        if callable(with_gradient):
            result = with_gradient(path, given)
        else:
            result = path.result(given, with_gradient)
        if result is TIE:
            self._count_tie()
        self._last_paths = paths
        paths.insert(0, path)
        return TIE if result is ELSEWHERE else result

    def _may_record(self, paths: Paths) -> bool:
        """Return whether to record one more. If that has not paid so far, warn."""
        if paths.given_up or paths.failures >= MAX_FAILURES:
            return False
        paths.new_paths += 1
        if paths.new_paths > MAX_NEW_PATHS or len(paths) >= MAX_PATHS:
            paths.given_up = True
            self.account.warn_once(
                f"{self.name} takes another branch at nearly every call, so it runs as it "
                "is, not compiled: use autograd.where, maximum, minimum and relu instead of "
                "branches, and autograd.take instead of an index"
            )
            return False
        if self.account.is_a_loss(self.paths):
            self.account.warn_once(
                f"{self.name} has cost more time to compile than it saved, so it runs as it "
                f"is where it would be compiled again: {self.account.why(self.paths)}"
            )
            return False
        return True


def _forget(function: ref[Recordings], structure: Structure) -> None:
    """Drop the recordings for a structure of which a thing is gone."""
    if (found := function()) is not None:
        found.paths.pop(structure, None)


def check_precision(xp: Arrays) -> None:
    """TypeError unless the array library computes in float64."""
    if (found := str(xp.library.asarray(np.zeros(1)).dtype)) != "float64":
        raise TypeError(
            f"{xp.library.__name__} computes in {found}, which keeps 7 of 16 digits: call "
            'jax.config.update("jax_enable_x64", True) before'
        )

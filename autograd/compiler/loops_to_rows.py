"""From the tape to the nodes of a recording: a loop over samples becomes one sample with rows.

`autograd.compiler.repetition` finds the periods of a loop. The first one becomes a template: nodes
that have a value for each row, as `autograd.vmap` records them. Plain numbers that differ between
the periods become columns. All that follows may use the results of the periods only together, see
`autograd.compiler.after_loops`.

If anything else uses the result of one single period, or a comparison comes out differently in one,
the loop stays as it was recorded, operation by operation. This is always right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import ops
from .after_loops import OPEN, AfterLoops, Pending
from .batch import Axis
from .loop_nodes import SinglePeriodError
from .record import Recording
from .repetition import Periods, repetitions
from .tape import Recorded
from .traced import Guard

MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Chain:
    """Totals of a period. Each adds a term to the one before."""

    first: int  # the first total, counted from the beginning of the period
    place: int  # among its operands, of the total that it continues
    before: int  # that total, which is in the period before: a negative number
    terms: Sequence[Recorded]


def with_rows(recording: Recording) -> Recording:
    """Return the recording with nodes. Loops become rows of batches where this is possible."""
    excluded: set[int] = set()
    for _ in range(MAX_ATTEMPTS):
        loops = [p for p in repetitions(recording.tape, excluded) if _is_free(recording, p)]
        if not loops:
            break
        try:
            return Nodes(recording, loops).recording()
        except SinglePeriodError:
            excluded.add(max(loops, key=lambda p: p.end - p.first).length)
    return Nodes(recording, []).recording()


def _is_free(recording: Recording, loop: Periods) -> bool:
    """Return whether no `autograd.vmap` lies in the loop."""
    return not any(loop.first <= i < loop.end for i in recording.tape.axes)


class Nodes(AfterLoops):
    """Makes all nodes of a recording, in order."""

    def recording(self) -> Recording:
        """Return the recording with all nodes."""
        at = 0
        for loop in self.loops:
            self._add_entries(at, loop.first)
            self._add_loop(loop)
            at = loop.end
        self._add_entries(at, len(self.tape))
        outputs = [self.closed(self.known[i]) for i in self.tape.outputs.tolist()]
        self.finish_extensions()
        return replace(
            self.before,
            nodes=self.nodes,
            guards=self.guards,
            outputs=outputs,
            batches=[*self.before.batches, *self.new_batches()],
            lengths={
                **self.before.lengths,
                **{axis: Recorded(None, (), value=float(n)) for n, axis in self.axes.items()},
            },
        )

    def _add_entries(self, begin: int, end: int) -> None:
        """Add the nodes of the entries of the tape from ``begin`` to ``end``."""
        tape, known, kinds = self.tape, self.known, self.tape.kinds
        start = tape.start[begin : end + 1]
        operands = tape.operands[start[0] : start[-1]].tolist()
        bounds = (start - start[0]).tolist()
        axes, loops = tape.axes, self.loops
        for i, code in enumerate(tape.kind[begin:end].tolist(), begin):
            ids = operands[bounds[i - begin] : bounds[i - begin + 1]]
            does = kinds[code].does
            parents = [known[x] for x in ids]
            special = {*map(type, parents)} & OPEN if loops else ()
            if special and not special <= {Pending}:
                known[i] = self.combined(does, parents, ids)
            elif loops and self._is_pending(does, parents, ids):
                known[i] = Pending(does, parents, ids)
            elif special:
                self._add_closed(does, parents, i)
            elif isinstance(does, Guard):
                self.guards.append(does._replace(left=parents[0], right=parents[1]))
            else:
                known[i] = self.node(does, parents, axes.get(i))

    def _is_pending(self, does: Any, parents: Sequence[Any], ids: Sequence[int]) -> bool:
        if isinstance(does, Guard):
            return False
        return all(
            type(p) is Pending or (p in self.place if i < 0 else False)
            for p, i in zip(parents, ids, strict=True)
        )

    def _add_closed(self, does: Any, parents: Sequence[Any], i: int) -> None:
        closed = [self.closed(p) for p in parents]
        if isinstance(does, Guard):
            self.guards.append(does._replace(left=closed[0], right=closed[1]))
        else:
            self.known[i] = self.node(does, closed, self.tape.axes.get(i))

    def _add_loop(self, loop: Periods) -> None:
        """Add the template of a loop, and the totals that it adds up."""
        tape = self.tape
        axis = self.axes.setdefault(loop.count, Axis(is_free=False))
        start = tape.start[loop.first : loop.first + loop.length + 1]
        size = int(start[-1] - start[0])
        table = tape.operands[start[0] : start[0] + size * loop.count].reshape(-1, size)
        second = loop.first + loop.length  # where the second period begins
        template: list[Recorded | None] = []
        totals = set((loop.totals - loop.first).tolist())
        bounds = (start - start[0]).tolist()
        chains: dict[int, Chain] = {}  # by the last total
        for i, code in enumerate(tape.kind[loop.first : second].tolist()):
            places = range(bounds[i], bounds[i + 1])
            operands = [int(table[1, place]) - second for place in places]
            if i in totals:
                self._add_term(chains, template, operands, i, totals)
                template.append(None)
                continue
            parents = [
                template[x] if x >= 0 else self.from_outside(table[:, place], axis)
                for x, place in zip(operands, places, strict=True)
            ]
            does = tape.kinds[code].does
            if isinstance(does, Guard):
                self.guards.append(does._replace(left=parents[0], right=parents[1]))
                template.append(None)
            else:
                rows = any(getattr(p, "axis", None) is axis for p in parents)
                template.append(self.node(does, parents, axis if rows else None))
        self.templates.append(template)
        for last, chain in chains.items():
            if chain.before != last - loop.length:
                raise SinglePeriodError  # it continues another total, or something from outside
            total = self.closed(self.known[int(table[0, bounds[chain.first] + chain.place])])
            for term in chain.terms:
                total = self.node(ops.add, (total, self.over(ops.sum, term)), None)
            self.known[loop.end - loop.length + last] = total

    def _add_term(
        self,
        chains: dict[int, Chain],
        template: list[Recorded | None],
        operands: Sequence[int],
        i: int,
        totals: set[int],
    ) -> None:
        """Note the term that total ``i`` adds, in the chain of totals that it continues.

        The operands are counted from the beginning of the period.
        """
        carried = [(place, x) for place, x in enumerate(operands) if x in totals or x < 0]
        terms = [template[x] for x in operands if x >= 0 and x not in totals]
        if len(carried) != 1 or len(terms) != 1 or terms[0] is None:
            raise SinglePeriodError
        ((place, before),) = carried
        if before < 0:  # the first of its chain, begun by the last one in the period before
            chains[i] = Chain(i, place, before, [terms[0]])
        elif before in chains:
            chain = chains.pop(before)
            chains[i] = replace(chain, terms=[*chain.terms, terms[0]])
        else:
            raise SinglePeriodError

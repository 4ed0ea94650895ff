"""The words of steps in little text: what many steps have in common is in the page once.

Most steps say the same sentence of other nodes: ``df/dv1 += df/dv2 · ∂v2/∂v1 = 3 · 2 = 6``. So a
page has a list of patterns. A pattern has a 0 in the place of each number, and a private letter in
the place of each name. `story.js` puts the names of the step there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .figures import Template

ROOT, FIRST_NAME = "\ue000", 0xE001  # of Unicode's private letters, which no name can hold
MAX_NAMES = 10  # of one step: its node, its target, and the first operands of its node


class WordPatterns:
    """The patterns of one page.

    names: of all nodes, in topological order.
    parents: of each node, by place. None: the page does not know the names of all nodes.
    """

    def __init__(self, names: Sequence[str], parents: Sequence[Sequence[int]] | None) -> None:
        self.names, self.parents = names, parents
        self.places: dict[str, int] = {}  # of each pattern, written as JSON

    @property
    def table(self) -> list[Template]:
        """The patterns."""
        return [json.loads(pattern) for pattern in self.places]

    def reduced(
        self, words: Sequence[Template], node: int | None, target: int | None
    ) -> list[list[int]]:
        """Return for each of the words of a step its pattern, and then its figures."""
        letters = self._letters(node, target)
        return [self._reduced(template, letters) for template in words]

    def _letters(self, node: int | None, target: int | None) -> list[tuple[str, str]]:
        """Return what stands for which name, the longest name first."""
        letters = {f"d{self.names[-1]}/d": ROOT}
        if self.parents is not None and node is not None:
            nodes = [node, node if target is None else target, *self.parents[node]][:MAX_NAMES]
            for k, i in enumerate(nodes):
                letters.setdefault(self.names[i], chr(FIRST_NAME + k))
        return sorted(letters.items(), key=lambda item: -len(item[0]))

    def _reduced(self, template: Template, letters: Sequence[tuple[str, str]]) -> list[int]:
        pattern: list[Any] = []
        for part in template:
            if isinstance(part, str):
                for name, letter in letters:
                    part = part.replace(name, letter)
            pattern.append(part if isinstance(part, str) else 0)
        text = json.dumps(pattern)
        place = self.places.setdefault(text, len(self.places))
        return [place, *[part for part in template if not isinstance(part, str)]]

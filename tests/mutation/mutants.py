"""Mutants: in functions by mutmut, in the rest of a file (the table's lambdas) by cosmic-ray."""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Not made: changes of unions of types, which are not evaluated, and bit operations with floats,
# which are an error that every test notices.
LEFT_OUT = re.compile("Operator_BitOr_|_(BitOr|BitAnd|BitXor|LShift|RShift)$")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file. Two runs give it the same name."""

    file: str  # from the project's folder, with slashes
    operator: str  # of cosmic-ray, or "mutmut"
    index: int  # among the file's mutants by this operator


@dataclass(frozen=True)
class Change:
    """What a mutant changes."""

    source: str  # of the whole file, with the change
    diff: str  # the lines that go, with "- ", and that come, with "+ ", without indentation
    function: str  # where it is: "Class.method"; "" outside of all functions
    lines: range  # of the statement that is changed, without the body of a compound one


def read(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


def mutants(file: str) -> Iterator[Mutant]:
    """Yield all mutants of ``file``, in the same order in every run."""
    from cosmic_ray.plugins import get_operator, operator_names

    for i in range(len(_of_functions(file)[1])):
        yield Mutant(file, "mutmut", i)
    nodes = _outside_functions(file)[1]
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if not operator.arguments() and not LEFT_OUT.search(name):
            places = (place for node in nodes for place in operator().mutation_positions(node))
            yield from (Mutant(file, name, i) for i, _ in enumerate(places))


def change_of(mutant: Mutant) -> Change:
    """Make the changed source of ``mutant``."""
    before = read(mutant.file)
    after = _by_mutmut(mutant) if mutant.operator == "mutmut" else _by_cosmic_ray(mutant)
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    edits = [edit for edit in matcher.get_opcodes() if edit[0] != "equal"]
    diff = [f"- {line.strip()}" for _, i, j, _, _ in edits for line in old[i:j]]
    diff += [f"+ {line.strip()}" for _, _, _, i, j in edits for line in new[i:j]]
    first, last = edits[0][1] + 1, edits[-1][2]
    function, lines = _place(ast.parse(before), first, max(first, last))
    return Change(after, "\n".join(diff), function, lines)


def _of_functions(file: str) -> tuple[Any, list[Any]]:
    """Return the syntax tree of ``file`` and mutmut's mutations inside its functions."""
    from libcst import FunctionDef, parse_module
    from libcst.metadata import MetadataWrapper
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators
    from mutmut.mutation.pragma_handling import IgnoredCode

    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    module = MetadataWrapper(parse_module(read(file))).visit(visitor)
    found = visitor.mutations
    return module, [m for m in found if isinstance(m.contained_by_top_level_function, FunctionDef)]


def _by_mutmut(mutant: Mutant) -> str:
    from mutmut.mutation.file_mutation import deep_replace

    module, mutations = _of_functions(mutant.file)
    mutation = mutations[mutant.index]
    return str(deep_replace(module, mutation.original_node, mutation.mutated_node).code)


def _outside_functions(file: str) -> tuple[Any, list[Any]]:
    """Return the syntax tree of ``file`` and its nodes that are not inside mutmut's functions."""
    from cosmic_ray.ast import ast_nodes, get_ast

    tree = get_ast(read(file))
    inside = {line for lines in _functions_of_mutmut(ast.parse(read(file))) for line in lines}
    return tree, [node for node in ast_nodes(tree) if node.start_pos[0] not in inside]


def _by_cosmic_ray(mutant: Mutant) -> str:
    from cosmic_ray.plugins import get_operator

    operator = get_operator(mutant.operator)()
    tree, nodes = _outside_functions(mutant.file)
    places = ((node, i) for node in nodes for i, _ in enumerate(operator.mutation_positions(node)))
    node, i = next(itertools.islice(places, mutant.index, None))
    changed = operator.mutate(node, i)
    if changed is not node:
        siblings = node.parent.children
        siblings[:] = [changed if child is node else child for child in siblings]
        siblings[:] = [child for child in siblings if child is not None]
    return str(tree.get_code())


def _functions_of_mutmut(module: ast.Module) -> Iterator[range]:
    """Yield the lines of each function and method that mutmut changes.

    These have no decorator but ``staticmethod`` or ``classmethod``.
    """
    for node in [*module.body, *(x for c in module.body for x in getattr(c, "body", []))]:
        if isinstance(node, ast.FunctionDef):
            names = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not names or names in (["staticmethod"], ["classmethod"]):
                yield range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _place(module: ast.Module, first: int, last: int) -> tuple[str, range]:
    """Return the name of the function around these lines, and the lines of their statement."""
    around = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.stmt) and node.lineno <= first and last <= (node.end_lineno or 0)
    ]
    around.sort(key=lambda node: (node.lineno, -(node.end_lineno or 0)))
    named = [node for node in around if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    in_function = any(isinstance(node, ast.FunctionDef) for node in named)
    name = ".".join(node.name for node in named) if in_function else ""
    if not around:
        return name, range(first, last + 1)
    body = getattr(around[-1], "body", None)
    end = max(first, body[0].lineno - 1) if body else around[-1].end_lineno or last
    return name, range(around[-1].lineno, end + 1)

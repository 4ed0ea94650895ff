"""Random programs as people write them: branches, loops, lists, choices, `data` that is read.

`branching_program` returns the source of ``f(xs, i, w)`` for a list of numbers or Values ``xs``, an
index ``i`` and parameters ``w``. It computes numbers of moderate size, for any arguments, and
returns a number, a list or a dict.
"""

from __future__ import annotations

import random

NAMES = "abcdefgh"
UNARY = ["tanh", "sigmoid", "relu", "abs", "softplus", "sin", "stop_gradient", "atan"]


def branching_program(seed: int) -> str:
    """Return the source of a random program, always the same one for a seed."""
    rng = random.Random(seed)
    lines = ["def f(xs, i, w):"]
    known = ["w[0]", "w[1]", "xs[0]"]
    for name in NAMES[: rng.randrange(2, len(NAMES))]:
        lines += [f"    {line}" for line in _statement(rng, name, known)]
        known.append(name)
    results = rng.sample(known, 2)
    shape = rng.choice(["{0}", "{0}", "[{0}, {1}]", "dict(y={0}, rest=[({1}, 2.5), {0} * 1.0])"])
    lines.append(f"    return {shape.format(*results)}")
    return "\n".join(lines) + "\n"


def _statement(rng: random.Random, name: str, known: list[str]) -> list[str]:
    """Return the lines that compute ``name``. What they compute is at most about 3."""
    a, b, c = (_operand(rng, known) for _ in range(3))
    test = _condition(rng, known)
    forms = [
        [f"{name} = bounded({a} {rng.choice('+-*')} {b})"],
        [f"{name} = bounded({a} + {b} - {c} * {_operand(rng, known)} + {a})"],
        [f"{name} = {a} / (1.5 + abs({b}))"],
        [f"{name} = autograd.{rng.choice(UNARY)}({a})"],
        [f"{name} = bounded(sum(x * {a} for x in xs) + {b})"],
        [f"{name} = bounded(autograd.dot(xs, [{a}] * len(xs), {b}))"],
        [f"{name} = autograd.mean([*xs, {a}, {b}])"],
        [f"{name} = autograd.maximum([*xs, {a}, {b}])"],
        [f"{name} = autograd.logsumexp([{a}, {b}, {c}]) / 2"],
        [f"{name} = autograd.softmax([{a}, {b}, *xs])[0]"],
        [f"{name} = autograd.where({test}, {a}, {b})"],
        [f"{name} = autograd.take([{a}, {b}, {c}], i)"],
        [f"{name} = autograd.take([[{a}, {b}], [{b}, {c}], [{c}, {a}]], i)[{rng.randrange(2)}]"],
        [f"{name} = {a} if {test} else {b}"],
        [f"if {test}:", f"    {name} = {a} * 0.5", "else:", f"    {name} = bounded({b} - {c})"],
        [f"{name} = max({a}, {b}, {c})", f"{name} = sorted([{name}, {b}, *xs])[0] * 0.5"],
        [f"{name} = {a} * 0.5", "for x in xs:", f"    {name} = bounded({name} * x + {b})"],
        [
            f"{name} = {a} * 1.0",
            "for x in xs:",
            f"    if x > {round(rng.uniform(-1, 1), 1)}:",
            f"        {name} = bounded({name} + x * {b})",
        ],
        [f"{name} = {a} - max(number(x) for x in [{b}, *xs])"],
        [f"{name} = bounded(number({a}) * {b})"],
        ["with no_grad():", f"    {name} = bounded({a} * {b})", f"{name} = {name} * {c} * 0.3"],
        [f"table = dict(p={a}, q=({b}, [{c}]))", f"{name} = table['q'][1][0] - table['p']"],
    ]
    return rng.choice(forms)


def _operand(rng: random.Random, known: list[str]) -> str:
    return rng.choice([*known, *known, str(round(rng.uniform(-2, 2), 1))])


def _condition(rng: random.Random, known: list[str]) -> str:
    left, right = rng.choice(known), rng.choice([*known, "0", "0.25", "i - 1"])
    return f"{left} {rng.choice(['<', '<=', '>', '>='])} {right}"

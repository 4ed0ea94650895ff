"""Numbers in a page are written as Python writes them."""

import math
import random
import struct

from autograd.explaining.notation import number
from autograd.pages.graph_data import json_number

from ...support.node import run_module


def floats():
    rng = random.Random(0)
    yield from (0.0, -0.0, 1.0, -1.0, 1 / 3, 1e-5, 1e-4, 0.00012345, 9999.0, 9999.5, 99995.0, 1e16)
    yield from (123456789.0, 1e15, 1e22, 5e-324, 1.7976931348623157e308, math.inf, -math.inf)
    yield from (1.0625, 1.1875, 12345.0, 12355.0, 2.00048828125, 0.5 + 2**-14)  # ties
    yield from (k / 16 for k in range(160, 200))
    yield from (rng.gauss(0, 1) * 10 ** rng.uniform(-12, 12) for _ in range(2_000))
    bits = (struct.unpack("d", rng.randbytes(8))[0] for _ in range(2_000))
    yield from (x for x in bits if x == x)


def test_numbers_are_rounded_and_written_in_full_as_in_python():
    xs = list(floats())
    found = run_module(
        """import { inFull, number } from "./autograd/pages/numbers.js";
        answer(given.map((x) => ["_" + number(x), "_" + inFull(x)]));""",
        xs,
    )
    for x, texts in zip(xs, found, strict=True):
        assert texts == ["_" + number(x), "_" + repr(x)], x
    nan = 'import { number } from "./autograd/pages/numbers.js"; answer("_" + number(NaN));'
    assert run_module(nan) == "_" + number(math.nan)


def test_a_number_is_read_as_it_is_typed():
    texts = ["0.5", " -2 ", "1e-3", "−0,5", "", " ", "abc", "1,2,3", "1/3"]
    read = run_module(
        'import { typedNumber } from "./autograd/pages/numbers.js";'
        "answer(given.map((text) => { const x = typedNumber(text); return x === x ? x : null; }));",
        texts,
    )
    assert read == [0.5, -2, 0.001, -0.5, None, None, None, None, None]


def test_numbers_that_json_has_not_are_texts():
    given = (1.5, math.inf, -math.inf, math.nan)
    assert [json_number(x) for x in given] == [1.5, "inf", "-inf", "nan"]

"""Numbers, shortened texts and names, to the character: on both sides of every limit."""

import pytest

import autograd
from autograd import Value, draw_dot, explain, steps
from autograd.explaining.formulas import computed, formula, formulas, rules
from autograd.explaining.node_names import names
from autograd.explaining.notation import (
    factors,
    local_derivative,
    number,
    printable,
    shorten,
    terms,
    total_derivative,
)


@pytest.mark.parametrize(
    ("text", "max_characters", "shown"),
    [
        ("a" * 24, 24, "a" * 24),
        ("abcdefghijklmnopqrstuvwxy", 24, "abcdefghijklmnop…stuvwxy"),
        ("abcdefghijklmnopqrstuvwxyz0123", 25, "abcdefghijklmnop…xyz0123"),
        ("abcdefghijklmnopqrstuvwxyz0123", 27, "abcdefghijklmnopqr…wxyz0123"),
        ("abcdefgh", 6, "abcd…h"),
        ("aa + bb + cc + dd + ee", 20, "aa + bb + … + ee"),
        ("a → b → c → d → e → f → g", 20, "a → b → c → … → g"),
        ("aa, bb, cc, dd, ee, ff, gg", 20, "aa, bb, cc, …, gg"),
        ("aa · bb · cc · dd · ee · ff", 20, "aa · bb · … · ff"),
        ("aaa bbb ccc ddd eee fff ggg", 20, "aaa bbb ccc … ggg"),
        ("a, b + c, d + e, f + g, h", 20, "a, b + c, …, h"),  # + is in the head alone
        ("a + b → c + d → e + f → g + h", 24, "a + b → c + … + h"),
        ("a b · c d · e f · g h · i j", 20, "a b · c d · … i j"),
    ],
)  # fmt: skip
def test_a_text_is_cut_between_operands_else_in_the_middle(
    text: str, max_characters: int, shown: str
) -> None:
    assert shorten(text, max_characters) == shown


def test_a_number_is_rounded_to_four_digits_or_as_is_asked() -> None:
    assert [number(x) for x in (0.12345, 12345.0, 1e-5, 1e16)] == [
        "0.1235", "1.234e+04", "1e-05", "1e+16",
    ]  # fmt: skip
    assert number(-0.0, "+.1f") == "+0.0"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a\nb\t c  d", "a b c d"),
        ("\x00\ud800\u202e\x7f", "\ufffd\ufffd\ufffd\ufffd"),
        ("\N{MAN}\u200d\N{ROCKET}", "\N{MAN}\u200d\N{ROCKET}"),
        ("\u00e9 \u4e2d", "\u00e9 \u4e2d"),
        ("x" * 10_000, "x" * 10_000),
        ("x" * 9_999 + "yz", "x" * 9_999 + "y"),
        (" \n ", ""),
    ],
)
def test_what_cannot_be_printed_is_replaced_visibly(label: str, shown: str) -> None:
    assert printable(label) == shown
    if shown:
        assert formula(Value(2.0, label)) == shown
    x = Value(2.0, label)
    assert formula(x + 1).encode()


def names_of(*labels: str) -> list[str]:
    nodes = [Value(float(i), label) for i, label in enumerate(labels)]
    return list(names(nodes).values())


def test_a_name_is_a_label_of_24_characters_or_a_number_or_fresh() -> None:
    assert names_of("a" * 24, "b" * 25) == ["a" * 24, "b" * 16 + "…" + "b" * 7]
    assert names_of("", "", "") == ["v1", "v2", "f"]
    assert names_of("", "v1", "") == ["v2", "v1", "f"]
    assert names_of("f", "", "") == ["f", "v1", "v2"]
    assert names_of("x", "x", "y", "x") == ["x₁", "x₂", "y", "x₃"]
    assert names_of("x", "x", "x₁", "x") == ["x₂", "x₃", "x₁", "x₄"]
    assert names_of(*["x"] * 11)[-2:] == ["x₁₀", "x₁₁"]
    root = autograd.exp(Value(1.0)) * 2.5
    assert list(names(autograd.topological_order(root)).values()) == ["v1", "v2", "2.5", "f"]


# ------------------------------------------------------------------- limits of formulas and texts


def long_sum(characters: int, each: int = 9) -> Value:
    """Return a sum whose formula has as many characters: equal terms, and one that fits."""
    count = (characters - 3) // (each + 3) - 1
    terms = [Value(1.0, f"{i:0{each}}") for i in range(count)]
    terms.append(Value(1.0, "r" * (characters - (each + 3) * count)))
    return autograd.sum(terms)


def test_a_formula_has_at_most_200_characters() -> None:
    fits, too_long = long_sum(200), long_sum(201)
    assert (len(formula(fits)), "…" in formula(fits)) == (200, False)
    assert len(formula(too_long)) <= 200
    assert " + … + " in formula(too_long)


def test_an_operand_is_written_out_as_long_as_it_has_200_characters() -> None:
    assert formula(autograd.exp(long_sum(200))) == shorten(f"exp({formula(long_sum(200))})", 200)
    assert formula(autograd.exp(long_sum(201))) == "exp(…)"
    labeled = long_sum(20)
    labeled.label = "s"
    assert formula(autograd.exp(labeled)) == "exp(s)"
    assert formulas([labeled])[labeled] == formula(long_sum(20))
    assert formula(autograd.exp(Value(2.0))) == "exp(2)"
    lone = autograd.exp(Value(2.0))
    assert formulas([lone])[lone] == "exp(…)"  # its operand is not among them


def test_a_side_of_a_step_has_at_most_72_characters() -> None:
    for characters, cut in ((72, False), (73, True)):
        root = long_sum(characters, each=5)
        assert len(root.parents) == 8
        sides = computed(root, {node: node.label or "f" for node in (*root.parents, root)})
        name, symbols, numbers = sides.split(" = ")
        assert name == "f"
        assert ("…" in symbols) == cut
        assert len(symbols) <= 72
        assert numbers == " + ".join(["1"] * len(root.parents))


def test_a_sum_of_three_products_is_written_in_full() -> None:
    ws, xs = [Value(1.0, s * 24) for s in "uvw"], [Value(2.0, s * 24) for s in "xyz"]
    root = autograd.dot(ws, xs)
    text = computed(root, names(autograd.topological_order(root)))
    products = " + ".join(f"{w.label} * {x.label}" for w, x in zip(ws, xs, strict=True))
    assert text == f"f = {products} = 1 * 2 + 1 * 2 + 1 * 2"
    root = autograd.dot(ws, xs, Value(3.0, "b"))
    assert "…" in computed(root, names(autograd.topological_order(root)))


def test_a_rule_is_written_in_at_most_72_characters() -> None:
    x, w = Value(2.0), Value(3.0)
    product = x * w
    written = rules(product, {x: "x" * 72, w: "w" * 73, product: "f"})
    assert written == ["w" * 48 + "…" + "w" * 23, "x" * 72]


def test_a_constant_and_an_operation_outside_the_table_have_no_rule() -> None:
    x = Value(2.0, "x")
    product = x * 3.0
    assert rules(product, {**names([x, *product.parents[1:], product])}) == ["3", ""]
    compiled = pytest.importorskip("numpy") and autograd.compile(lambda a: a * a)(x)
    assert rules(compiled, names([x, compiled])) == [""]
    assert rules(x, names([x])) == []


@pytest.mark.parametrize(
    ("label", "product", "power"),
    [
        ("x", "2 * x", "x ** 2"),
        ("w[0]", "2 * w[0]", "w[0] ** 2"),
        ("a.b", "2 * a.b", "a.b ** 2"),
        ("a b", "2 * (a b)", "(a b) ** 2"),
        ("-x", "2 * (-x)", "(-x) ** 2"),
        ("--x", "2 * (--x)", "(--x) ** 2"),
        ("1e-05", "2 * 1e-05", "1e-05 ** 2"),
        ("a-b", "2 * (a-b)", "(a-b) ** 2"),
        ("x+1", "2 * (x+1)", "(x+1) ** 2"),
        ("", "2 * 3", "3 ** 2"),
        ("  ", "2 * 3", "3 ** 2"),
    ],
)
def test_a_label_gets_parentheses_unless_it_is_a_name_or_a_number(
    label: str, product: str, power: str
) -> None:
    x = Value(3.0, label)
    assert formula(Value(2.0) * x) == product
    assert formula(x**2) == power
    assert formula(x + 1).startswith("(") == (product == f"2 * ({label})" != "2 * (-x)")
    assert formula(autograd.exp(x)) == f"exp({label.strip() or 3})"


def test_a_negative_number_gets_parentheses_where_it_needs_them() -> None:
    y = Value(1.0, "y")
    written = [formula(f) for f in (Value(-2.0) * y, y * -2.0, y - Value(-2.0), y ** Value(-2.0))]
    assert written == ["-2 * y", "y * (-2)", "y - (-2)", "y ** (-2)"]
    negatives = [Value(-1.0), Value(-2.0)]
    assert formula(autograd.sum(negatives)) == "-1 + (-2)"
    assert formula(autograd.dot(negatives, negatives, -3.0)) == "-1 * (-1) + (-2) * (-2) + (-3)"
    assert formula(-Value(-1.372)) == "-(-1.372)"
    assert formula(autograd.tanh(Value(-2.0))) == "tanh(-2)"


def test_the_mean_of_one_term_is_the_term() -> None:
    x = Value(3.0, "x")
    assert formula(autograd.mean([x - 1]) * 2) == "(x - 1) * 2"
    assert formula(autograd.sum([x * 2]) * 2) == "x * 2 * 2"
    assert formula(autograd.mean([x, x])) == "mean(x, x)"
    assert [f.text for f in steps(autograd.mean([x])) if f.phase == "forward"] == ["f = x = 3"]
    assert autograd.mean.text(["x - 1"]) == "(x - 1)"


def test_products_and_sums_of_numbers_have_one_sign_each() -> None:
    assert factors([-0.5, 3.0, -1.0]) == "-0.5 · 3 · (-1)"
    assert terms(["-0.5", "3", "-1", "…"]) == "-0.5 + 3 + (-1) + …"
    assert (factors([]), terms([])) == ("", "")
    assert (total_derivative("L", "w"), local_derivative("v", "w")) == ("dL/dw", "∂v/∂w")


def test_a_box_has_room_for_12_characters_of_a_label_beside_the_operation() -> None:
    beside, below = (draw_dot(Value(2.0, "l" * n)).source for n in (12, 13))
    assert f'<td align="right"><b>{"l" * 12}</b>' in beside
    assert f'<td align="left" colspan="2"><b>{"l" * 13}</b>' in below


def test_a_path_has_at_most_100_characters_of_names() -> None:
    for last, cut in (("f" * 19, False), ("f" * 20, True)):
        x = Value(1.0, "x" * 24)
        y = x
        for label in ("u" * 24, "v" * 24, last):
            y = y + 0.0
            y.label = label
        (path,) = [line for line in repr(explain(y, x, paths=1)).splitlines() if " → " in line]
        names_on_it = path.strip().partition(":")[0]
        assert (names_on_it == " → ".join(["x" * 24, "u" * 24, "v" * 24, last])) == (not cut)
        assert ("→ … →" in names_on_it) == cut


@pytest.mark.parametrize(("factor", "cut"), [(1.25, False), (1.125, True)])
def test_a_path_has_at_most_100_characters_of_factors(factor: float, cut: bool) -> None:
    x = Value(1.0, "x")
    y = x * factor
    for _ in range(24):
        y = y + 0.0
    product = repr(explain(y, x, paths=1)).splitlines()[-1].rpartition(": ")[2]
    assert ("…" in product) == cut
    assert (product == " · ".join([str(factor), *["1"] * 24]) + f" = {factor}") == (not cut)


def test_steps_and_pictures_share_the_notation() -> None:
    x = Value(12345.678, "x")
    y = x * 1.0
    assert steps(y)[0].text == "given x = 1.235e+04"
    assert "1.235e+04" in draw_dot(y).source


def test_a_long_path_is_cut_between_its_nodes_and_not_inside_a_sum() -> None:
    assert shorten("a + b → c + d → e + f → g + h → i + j", 30) == "a + b → c + d → … → i + j"

"""Names of operations are spelled out for editors and type checkers. Here they meet the table."""

from __future__ import annotations

import builtins
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import autograd
from autograd import TABLE, Value
from autograd.operation import Binary, Operation, Unary
from autograd.operators import Operators

ROOT = Path(__file__).parents[2]
METHODS = {
    name: operation
    for operation in TABLE.values()
    if isinstance(operation, Unary | Binary) and not operation.is_own
    for name in (operation.name, *operation.aliases)
}


def test_every_operation_is_a_function_of_the_package_and_nothing_else_claims_to_be() -> None:
    functions = {name: f for name, f in vars(autograd).items() if isinstance(f, Operation)}
    assert functions == {name: f for name, f in TABLE.items() if not f.is_own}


def test_every_operation_of_one_or_two_operands_is_a_method_under_all_its_names() -> None:
    members = {name: f for name, f in vars(Operators).items() if not name.startswith("_")}
    printed = {name: getattr(f, "__wrapped__", None) for name, f in members.items()}
    methods = {
        name: f if isinstance(f, Operation) else printed[name]
        for name, f in members.items()
        if isinstance(f, Operation) or isinstance(printed[name], Operation)
    }
    assert methods == METHODS
    for name in METHODS:
        assert callable(getattr(Value(0.5), name)), name


def test_import_star_gives_all_public_names_except_those_of_builtins() -> None:
    operations = {name for name, f in TABLE.items() if not f.is_own}
    public = {*operations, "log_softmax", "softmax"} - set(dir(builtins))
    assert public <= set(autograd.__all__)
    assert not set(autograd.__all__) & set(dir(builtins))
    assert all(hasattr(autograd, name) for name in autograd.__all__)


RIGHT = """
    import autograd
    import nn
    from autograd import Value

    x = Value(1.0, "x")
    y: Value = x.tanh() + 2.0 * x.arctan() ** 2 - x / x
    z: Value = (-y).leaky_relu(0.1)
    smaller: bool = x < y
    grad: float = x.grad + z.data + autograd.tanh(1.0) + autograd.sum([1.0, 2.0])
    model = nn.MLP(2, [3, 1], "tanh")
    classifier = nn.MLPClassifier((4,))
"""
WRONG = {
    "a misspelled method": "x.tahn()",
    "a misspelled method of a result": "(x + x.tanh()).tahn()",
    "a misspelled function": "autograd.tnah(1.0)",
    "a misspelled attribute": "x.grda",
    "a misspelled class": "nn.MLPP(2, [1])",
}


def _check(program: list[str], folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_the_names_and_refuse_misspelled_ones(
    checker: str, tmp_path: Path
) -> None:
    pytest.importorskip(checker, reason=f"needs {checker}: pip install -e '.[lint]'")
    right, wrong = textwrap.dedent(RIGHT), list(WRONG.values())
    Path(tmp_path, "right.py").write_text(right)
    Path(tmp_path, "wrong.py").write_text("\n".join([right, *wrong]))
    if checker == "mypy":
        Path(tmp_path, "mypy.ini").write_text(
            f"[mypy]\nstrict = true\nfollow_imports = silent\nmypy_path = {ROOT}\n"
        )
        program = ["mypy", "--cache-dir", str(tmp_path / "cache")]
    else:
        settings = f'{{"extraPaths": ["{ROOT}"], "typeCheckingMode": "strict"}}'
        Path(tmp_path, "pyrightconfig.json").write_text(settings)
        program = ["pyright"]
    status, output = _check([*program, "right.py"], tmp_path)
    assert status == 0, output
    status, output = _check([*program, "wrong.py"], tmp_path)
    assert status == 1, output
    first = right.count("\n") + 2
    for line, (what, code) in enumerate(WRONG.items(), first):
        assert f"wrong.py:{line}:" in output, f"{what}: {code}\n{output}"

"""The public names of `nn`, as programs and type checkers see them."""

import sys

import pytest

import nn


def test_every_listed_name_is_there_and_no_other():
    for name in dir(nn):
        getattr(nn, name)
    assert set(nn.__all__) < set(dir(nn))
    assert set(dir(nn)) - set(nn.__all__) == {"MLPClassifier", "MLPRegressor"}
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'MLPP'"):
        nn.MLPP  # noqa: B018  # a typo is an error


@pytest.mark.slow
def test_a_type_checker_knows_every_public_name_and_refuses_a_typo(tmp_path):
    api = pytest.importorskip("mypy.api")
    program = "\n".join(["import nn", *[f"nn.{name}" for name in dir(nn)], "nn.MLPP"])
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--hide-error-context"]
    options += [f"--cache-dir={tmp_path}", "--ignore-missing-imports"]
    out, err, status = api.run([*options, f"--python-executable={sys.executable}", "-c", program])
    assert (err, status) == ("", 1)
    assert out.splitlines()[0].startswith(f"<string>:{len(dir(nn)) + 2}: error: Module has no attr")
    assert out.splitlines()[1:] == ["Found 1 error in 1 file (checked 1 source file)"]

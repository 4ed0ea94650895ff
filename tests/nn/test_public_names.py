"""The public names of `nn`, as programs and type checkers see them."""

import subprocess
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


def test_a_model_is_loaded_by_a_program_that_uses_nothing_else(tmp_path):
    model = nn.Sequential(nn.Embedding(5, 2, rng=1), nn.Maxout(2, 3, 2, rng=2))
    model.save(tmp_path / "m.json")
    code = "import sys, nn; print(nn.load(sys.argv[1]).state_dict())"
    run = [sys.executable, "-c", code, str(tmp_path / "m.json")]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout == f"{model.state_dict()}\n"


@pytest.mark.slow
def test_a_type_checker_knows_every_public_name_and_refuses_a_typo(tmp_path):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"  # not -c: a package that imports __main__ would import it
    program.write_text("\n".join(["import nn", *[f"nn.{name}" for name in dir(nn)], "nn.MLPP"]))
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--hide-error-context"]
    options += [f"--cache-dir={tmp_path}", "--ignore-missing-imports"]
    out, err, status = api.run([*options, f"--python-executable={sys.executable}", str(program)])
    assert (err, status) == ("", 1)
    typo = f"{program}:{len(dir(nn)) + 2}: error: Module has no attr"
    assert out.splitlines()[0].startswith(typo)
    assert out.splitlines()[1:] == ["Found 1 error in 1 file (checked 1 source file)"]

"""A missing optional package is one sentence: its name, the command, the extra that has it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from nn.optional_packages import need

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
EXTRAS = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", ["fast", "demo"])
def test_the_sentence_names_the_extra_that_holds_the_package(extra):
    packages = [re.split(r"[>\[]", requirement)[0] for requirement in EXTRAS[extra]]
    packages = [package for package in packages if package != "chalkgrad"]
    assert packages
    for package in packages:
        expected = f"pip install {package} (it is in chalkgrad[{extra}])"
        with pytest.raises(ImportError, match=re.escape(expected)):
            need("no_such_module.part", package)


def test_names_are_spelled_as_their_projects_spell_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError) as caught:
        need("matplotlib.figure")
    expected = "this needs Matplotlib: pip install matplotlib (it is in chalkgrad[demo])"
    assert str(caught.value) == expected


def test_a_package_in_no_extra_is_named_alone():
    with pytest.raises(ImportError, match=r"^this needs PyTorch: pip install torch$"):
        need("no_such_module", "torch")


def test_on_a_bare_install_one_message_names_all_that_is_missing(monkeypatch):
    for module in ("matplotlib", "tqdm", "sklearn"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught:
        need("matplotlib")
    assert str(caught.value) == (
        "this needs Matplotlib: pip install matplotlib "
        "(it is in chalkgrad[demo], as are scikit-learn and tqdm, missing too)"
    )
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=r"pip install numpy \(it is in chalkgrad\[fast\]\)$"):
        need("numpy")

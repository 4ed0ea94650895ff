"""A missing optional package is one sentence: its name, the command, the extra that has it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

import nn
from nn.app.report import confusion_matrix, report_text
from nn.optional_packages import need
from nn.plot.classes import draw_regions
from nn.plot.samples import diverging_colors, surfaces_of

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


def missing(monkeypatch, *packages):
    """Take packages away, with the modules of them that are imported."""
    for module in [name for name in sys.modules if name.partition(".")[0] in packages]:
        monkeypatch.setitem(sys.modules, module, None)
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


MATPLOTLIB = "Matplotlib: pip install matplotlib (it is in chalkgrad[demo]{})"
SCIKIT_LEARN = "scikit-learn: pip install scikit-learn (it is in chalkgrad[demo])"
USES = {  # of a package: the package that is missing, and what the error names
    "moons of scikit-learn": (lambda: nn.datasets.load("moons"), "sklearn", SCIKIT_LEARN),
    "iris": (lambda: nn.datasets.load("iris"), "sklearn", SCIKIT_LEARN),
    "report": (lambda: report_text(nn.datasets.xor(4), [0] * 4), "sklearn", SCIKIT_LEARN),
    "matrix": (lambda: confusion_matrix(nn.datasets.xor(4), [0] * 4), "sklearn", SCIKIT_LEARN),
    "to PyTorch": (lambda: nn.to_torch(nn.MLP(1, [1])), "torch", "PyTorch: pip install torch"),
    "from PyTorch": (lambda: nn.from_torch(None), "torch", "PyTorch: pip install torch"),
    "surfaces": (lambda: surfaces_of([[1.0]], 1), "numpy", MATPLOTLIB.format("")),
    "regions": (lambda: draw_regions(None, [], [], []), "numpy", MATPLOTLIB.format("")),
    "hatches": (lambda: draw_regions(None, [], [], []), "matplotlib", MATPLOTLIB.format("")),
    "colors": (diverging_colors, "matplotlib", MATPLOTLIB.format("")),
}


@pytest.mark.parametrize("use", USES)
def test_each_use_of_a_missing_package_names_it(use, monkeypatch):
    for package in ("sklearn", "matplotlib", "numpy"):
        pytest.importorskip(package)
    call, package, text = USES[use]
    missing(monkeypatch, package)
    with pytest.raises(ImportError) as caught:
        call()
    assert str(caught.value) == f"this needs {text}"


def test_an_estimator_without_scikit_learn_is_one_sentence(monkeypatch):
    missing(monkeypatch, "sklearn")
    with pytest.raises(ImportError) as caught:
        nn.__getattr__("MLPClassifier")  # as if it was not used before
    assert str(caught.value) == f"this needs {SCIKIT_LEARN}"

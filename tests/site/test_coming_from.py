"""The tables for readers who come from PyTorch and JAX: both columns run, and give the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn

pytestmark = pytest.mark.slow  # PyTorch and JAX are large to import
PAGE = (Path(__file__).parents[2] / "notebooks" / "coming_from.md").read_text("utf-8")
CODE = re.compile(r"`([^`]+)`")
Column = list[Any]  # what the pieces of code of a column give


def rows(title: str) -> list[tuple[list[str], list[str]]]:
    """Return the pieces of code in the two columns of a table, row by row."""
    section = PAGE.partition(f"## From {title}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [(CODE.findall(theirs), CODE.findall(ours)) for theirs, ours in lines]


def run(codes: list[str], names: dict[str, Any]) -> Column:
    """Run each piece of code. A block gets a line that it needs to be complete."""
    found = []
    for code in codes:
        if code.endswith(":"):
            exec(f"{code}\n    of_block = x * x", names)
            found.append(names["of_block"])
        else:
            found.append(eval(code, names))
    return found


def close(a: Any, b: Any) -> bool:
    """Return whether two numbers, or nested lists of numbers, are equal but for float32."""
    return flat(plain(a)) == pytest.approx(flat(plain(b)), rel=1e-5, abs=1e-6)


def flat(x: Any) -> list[float]:
    return [number for each in x for number in flat(each)] if isinstance(x, list) else [x]


def plain(x: Any) -> Any:
    """Return numbers, as lists, of Values, tensors and arrays."""
    if isinstance(x, list | tuple):
        return [plain(each) for each in x]
    if hasattr(x, "detach"):
        return x.detach().tolist()
    return x.tolist() if hasattr(x, "tolist") else float(x)


def cube(x: Any) -> Any:
    return x[0] ** 2 * x[1]


def both(x: Any) -> Any:
    return [x[0] * x[1], x[1] * x[1]]


# ---------------------------------------------------------------------------------------- PyTorch


def torch_names() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the code of the two columns finds defined."""
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch")
    a, b = torch.tensor(2.0, requires_grad=True), autograd.Value(2.0)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    twin = nn.from_torch(model)
    func = {name: getattr(torch.func, name) for name in ("jacrev", "hessian", "vmap")}
    theirs = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "x": a, "y": a * a}
    theirs |= {"model": model, "layer": model[0], "f": lambda x: x**3, **func}
    theirs |= {"logits": torch.tensor([[1.0, 3.0]]), "classes": torch.tensor([1])}
    ours = {name: getattr(autograd, name) for name in autograd.__all__}
    ours |= {"autograd": autograd, "nn": nn, "x": b, "y": b * b, "model": twin}
    ours |= {"layer": twin.layers[0], "f": lambda x: x**3, "logits": [[1.0, 3.0]], "classes": [1]}
    return theirs, ours


def same_transformations(theirs: Column, ours: Column) -> bool:
    import torch

    def stacked(x: Any) -> Any:
        return torch.stack(both(x))

    at, rows_ = torch.tensor([2.0, 3.0]), [[2.0, 3.0], [4.0, 5.0]]
    f_grad, f_jac, f_hess, f_vmap = theirs
    g_grad, g_jac, g_hess, g_vmap = ours
    return all(
        [
            close(f_grad(cube)(at), g_grad(cube)([2.0, 3.0])),
            close(f_jac(stacked)(at), g_jac(both)([2.0, 3.0])),
            close(f_hess(cube)(at), g_hess(cube)([2.0, 3.0])),
            close(f_vmap(cube)(torch.tensor(rows_)), g_vmap(cube)(rows_)),
        ]
    )


def same_step(theirs: Column, ours: Column) -> bool:
    (adam,), (own,) = theirs, ours
    parameters = [p for group in adam.param_groups for p in group["params"]]
    for p in parameters:
        p.grad = p.detach().clone()
    for p in own.parameters:
        p.grad = p.data
    adam.step()
    own.step()
    numbers = [x for p in parameters for x in p.detach().reshape(-1).tolist()]
    return close(sorted(numbers), sorted(p.data for p in own.parameters))


def no_graph(theirs: Column, ours: Column) -> bool:
    return not theirs[0].requires_grad and not ours[0].parents


def same_layers(theirs: Column, ours: Column) -> bool:
    import torch

    (sequential,), (mlp,) = theirs, ours
    twin, x = nn.from_torch(sequential), [0.5, -1.0]
    same_names = twin.state_dict().keys() == mlp.state_dict().keys()
    return same_names and close(sequential(torch.tensor(x)), [twin(x)])


TORCH: dict[str, Callable[[Column, Column], bool]] = {
    "torch.tensor(2.0, requires_grad=True)": close,
    "with torch.no_grad()": no_graph,
    "x.item()": close,
    "torch.autograd.grad(": lambda theirs, ours: close(*theirs, *ours),
    "torch.autograd.gradcheck": lambda theirs, ours: theirs[0] and bool(ours[0]),
    "torch.func.grad": same_transformations,
    "torch.compile": lambda theirs, ours: callable(theirs[0]) and float(ours[0](3.0)) == 27.0,
    "nn.Sequential": same_layers,
    "layer.weight": lambda theirs, ours: close(theirs, [ours[0].data, ours[1].data]),
    "F.cross_entropy": close,
    "torch.optim.Adam": same_step,
}
FILES = "torch.save"  # and this row writes them


@pytest.mark.parametrize(("theirs", "ours"), rows("PyTorch"), ids=lambda codes: codes[0])
def test_a_row_of_pytorch_gives_the_same_here(
    theirs: list[str], ours: list[str], tmp_path: Path
) -> None:
    names, own = torch_names()
    if "backward()" in theirs[0]:  # "the same; `x.grad` is 0.0 at the start, not `None`"
        before = run([ours[0]], own) + run([theirs[1]], names)
        assert before == [0.0, None]
        assert run([ours[1]], {}) == [None]
        run([theirs[0]], own)
        run([theirs[0]], names)
        assert close(run([theirs[1]], names), run([theirs[1]], own))
    elif theirs[0].startswith(FILES):
        run(theirs, names | {"path": tmp_path / "a.pt"})
        run(ours, own | {"path": tmp_path / "b.json"})
        assert nn.load(tmp_path / "b.json").state_dict() == own["model"].state_dict()
    else:
        if "gradcheck" in theirs[0]:
            names["x"] = names["x"].detach().double().requires_grad_()
            own["x"] = 2.0
        (check,) = (check for start, check in TORCH.items() if theirs[0].startswith(start))
        assert check(run(theirs, names), run(ours, own))


# -------------------------------------------------------------------------------------------- JAX


def product(x: Any, y: Any) -> Any:
    return x * x * y


def power(n: int, x: Any) -> Any:
    return x if n == 1 else x * power(n - 1, x)


def same_products(theirs: Column, ours: Column) -> bool:
    value, backward = theirs[0](product, 2.0, 3.0)
    own_value, own_backward = ours[0](product, 2.0, 3.0)
    forward, own_forward = (jvp(product, (2.0, 3.0), (1.0, 0.5)) for jvp in (theirs[1], ours[1]))
    same_backward = close([value, *backward(1.0)], [own_value, *own_backward(1.0)])
    return same_backward and close(forward, own_forward)


def same_at_2_3(theirs: Column, ours: Column) -> bool:
    return all(close(a(2.0, 3.0), b(2.0, 3.0)) for a, b in zip(theirs, ours, strict=True))


def same_of_a_vector(theirs: Column, ours: Column) -> bool:
    at = [2.0, 3.0]
    return all(close(a(jax_array(at)), b(at)) for a, b in zip(theirs, ours, strict=True))


def same_of_rows(theirs: Column, ours: Column) -> bool:
    at = [[2.0, 3.0], [4.0, 5.0]]
    return close(theirs[0](jax_array(at)), ours[0](at))


def same_seed(theirs: Column, ours: Column) -> bool:
    one, other = (nn.MLP(2, [1], **ours[0]).state_dict() for _ in range(2))
    return one == other


def same_choice(theirs: Column, ours: Column) -> bool:
    cond, where = theirs
    taken = [cond(x > 0, lambda x: 2 * x, lambda x: -x, x) for x in (1.0, -1.0)]
    (own_where,) = ours
    return [float(x) for x in taken] == [2.0, 1.0] and close(where(True, 1.0, 2.0), own_where)


JAX: dict[str, tuple[Any, Callable[[Column, Column], bool]]] = {  # f, and how both are compared
    "jax.grad": (product, same_at_2_3),
    "jax.value_and_grad": (product, same_at_2_3),
    "jax.jacrev": (cube, same_of_a_vector),
    "jax.vjp": (None, same_products),
    "jax.vmap": (cube, same_of_rows),
    "jax.jit": (power, lambda theirs, ours: close(theirs[0](3, 2.0), ours[0](3, 2.0))),
    "jax.lax.cond": (None, same_choice),
    "jax.lax.stop_gradient": (None, close),
    "jax.random.key": (None, same_seed),
}


def jax_array(numbers: Any) -> Any:
    import jax.numpy as jnp

    return jnp.array(numbers)


@pytest.mark.parametrize(("theirs", "ours"), rows("JAX"), ids=lambda codes: codes[0])
def test_a_row_of_jax_gives_the_same_here(theirs: list[str], ours: list[str]) -> None:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install jax")
    start = theirs[0].partition("(")[0]
    f, check = JAX[start]
    names = {"jax": jax, "jnp": jax.numpy, "f": f, "x": 2.0}
    own = {name: getattr(autograd, name) for name in autograd.__all__}
    own |= {"autograd": autograd, "f": f, "x": 2.0, "condition": True, "a": 1.0, "b": 2.0}
    pieces = [f"dict({code})" if code.startswith("rng=") else code for code in ours if code != "if"]
    pieces = [piece for piece in pieces if piece != "nn.fit"]
    assert check(run(theirs, names), run(pieces, own))


def test_every_row_of_both_tables_is_run() -> None:
    assert len(rows("PyTorch")) == len(TORCH) + 2
    assert len(rows("JAX")) == len(JAX)

"""What a page starts with: data, a network and a training, as the settings that its modules read.

The keys are those of ``page/settings.js``, which has the defaults of what is missing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..argument_checks import positive, whole
from ..datasets.dataset import Label, Scaling, checked_seed
from ..layers import ACTIVATIONS, MLP
from ..losses import LOSSES, Loss
from ..prediction import Meaning
from ..samples import rows_of, targets_of
from .library import LEARNING_RATES, LIMITS, NOT_IN_THE_PAGE

MAX_BYTES = 80_000  # of the points in a page
Settings = dict[str, Any]


def data_settings(
    X: Any,
    y: Any,
    loss: Loss | None = None,
    meaning: Meaning | None = None,
    held_out: tuple[Any, Any] | None = None,
) -> Settings:
    """Return one's own points as settings.

    loss: says whether ``y`` has classes; None decides by ``y``. meaning: names, classes and
    scalings of a trained model. held_out: X and y of points to test with.

    ValueError or TypeError, in one sentence, if these are no points for the page.
    """
    known = meaning.classes if meaning else ()
    rows, labels = rows_of(X), list(_listed(y))
    all_labels = labels + list(_listed(held_out[1])) if held_out else labels
    classes = _classes(all_labels, known, loss)
    parts = [(rows, labels, 0)]
    if held_out:
        parts.append((rows_of(held_out[0]), list(_listed(held_out[1])), 1))
    points = []
    for part, targets, is_test in parts:
        numbers = targets_of([_number(t, classes) for t in targets], len(part))
        points += [[*row, t, is_test] for row, t in zip(part, numbers, strict=True)]
    width = len(rows[0])
    _check_size(points, width)
    names = list(meaning.features) if meaning and meaning.features else []
    scalings = (meaning.scaling, meaning.target_scaling) if meaning else (None, None)
    return {
        "kind": "own",
        "points": points,
        "names": [str(name)[:80] for name in names] or [f"x{i + 1}" for i in range(width)],
        "classes": [str(label)[:80] for label in classes],
        "target": (meaning.target if meaning else "")[:80] or ("class" if classes else "y"),
        "shown": [0, min(1, width - 1)],
        "scaling": _scaling(scalings[0]),
        "target_scaling": _scaling(scalings[1]),
    }


def _listed(y: Any) -> Iterable[Any]:
    if isinstance(y, str) or not isinstance(y, Iterable):
        raise ValueError(f"y must be a list with one target for each sample, got {y!r:.80}")
    listed = y.tolist() if hasattr(y, "tolist") else list(y)
    return [t[0] if isinstance(t, list | tuple) and len(t) == 1 else t for t in listed]


def _classes(labels: Sequence[Any], known: Sequence[Label], loss: Loss | None) -> list[Any]:
    """Return the labels of the classes in order; none if ``y`` has numbers to predict."""
    if loss is not None and loss.targets == "numbers":
        return []
    for i, label in enumerate(labels):
        if isinstance(label, list | tuple):
            raise ValueError(f"target {i} is {label!r:.80}: the page takes one class or number")
    different = set(labels)
    whole_numbers = all(isinstance(t, int | float) and t % 1 == 0 for t in different)
    if known and different <= {*known, *range(len(known))}:
        return _few(list(known))
    if loss is None and not whole_numbers and not any(isinstance(t, str) for t in different):
        return []
    if loss is None and whole_numbers and len(different) > LIMITS["classes"]:
        return []
    found = sorted(different, key=lambda t: (isinstance(t, str), t))
    if len(found) < 2:
        only = f"{found[0]!r:.40}" if found else "nothing"
        raise ValueError(f"y has one class only, {only}: there is nothing to tell apart")
    return _few([int(t) if whole_numbers else t for t in found])


def _few(classes: list[Any]) -> list[Any]:
    if len(classes) > LIMITS["classes"]:
        raise ValueError(
            f"y has {len(classes)} classes: the page takes at most {LIMITS['classes']}"
        )
    return classes


def _number(label: Any, classes: Sequence[Any]) -> Any:
    """Return the number of the class, or the number to predict."""
    return classes.index(label) if label in classes else label


def _check_size(points: Sequence[Any], width: int) -> None:
    if width > LIMITS["features"]:
        raise ValueError(f"X has {width} features: the page takes at most {LIMITS['features']}")
    if len(points) > LIMITS["points"]:
        raise ValueError(
            f"X has {len(points):,} samples: the page trains on at most {LIMITS['points']:,}, "
            "give a part of them"
        )
    for i, point in enumerate(points):
        if max(map(abs, point)) > LIMITS["number"]:
            raise ValueError(
                f"sample {i} has {max(point, key=abs):g}: the page takes numbers up to "
                f"{LIMITS['number']:g}, so use another unit"
            )
    if (size := len(json.dumps(points))) > MAX_BYTES:
        raise ValueError(
            f"the points take {size:,} bytes of a page, at most {MAX_BYTES:,} fit: give fewer "
            "samples or features"
        )


def _scaling(scaling: Scaling | None) -> list[list[float]] | None:
    return [list(scaling.mean), list(scaling.scale)] if scaling else None


def network_settings(hidden: Any, activation: Any, seed: Any) -> Settings:
    """Return the settings of a network whose weights are drawn."""
    if isinstance(hidden, str) or not isinstance(hidden, Iterable):
        raise TypeError(f"hidden is a list of sizes, such as [4, 4], got {hidden!r:.80}")
    sizes = [whole("a size in hidden", size) for size in hidden]
    if len(sizes) > LIMITS["layers"]:
        raise ValueError(f"hidden has {len(sizes)} layers: the page shows {LIMITS['layers']}")
    if max(sizes, default=0) > LIMITS["units"]:
        raise ValueError(f"a layer has {max(sizes)} units: the page shows {LIMITS['units']}")
    return {
        "hidden": sizes,
        "activation": _named("activation", activation, ACTIVATIONS),
        "seed": page_seed(seed),
    }


def model_settings(model: Any, width: int) -> Settings:
    """Return the settings of a model: its shape, and its weights as the start of the run."""
    if not isinstance(model, MLP):
        raise TypeError(f"model must be an nn.MLP, got {model!r:.80}")
    first, *_ = model.layers
    if first.shape[0] != width:
        raise ValueError(f"the model takes {first.shape[0]} features, X has {width}")
    *hidden, _ = model.layers
    names = list(dict.fromkeys(layer.activation for layer in hidden)) or ["tanh"]
    if len(names) > 1:
        raise ValueError(f"the hidden layers have different activations, {', '.join(names)}")
    found = network_settings([layer.shape[1] for layer in hidden], names[0], 0)
    return found | {"weights": [p.data for p in model.parameters()]}


def training_settings(loss: Loss, optimizer: Any, lr: Any, batch_size: Any, seed: Any) -> Settings:
    """Return the settings of the training."""
    name = _named("optimizer", optimizer, LEARNING_RATES)
    least, most = LIMITS["minLearningRate"], LIMITS["maxLearningRate"]
    if lr is not None and not least <= positive("lr", lr) <= most:
        raise ValueError(f"lr is from {least:g} to {most:g} in the page, got {lr:g}")
    points = int(LIMITS["points"])
    return {
        "loss": loss.name,
        "optimizer": name,
        "lr": LEARNING_RATES[name] if lr is None else float(lr),
        "batch_size": None if batch_size is None else min(whole("batch_size", batch_size), points),
        "seed": page_seed(seed),
    }


def page_seed(seed: Any) -> int:
    """Return the seed as an int; ValueError or TypeError unless the page can draw with it."""
    if not 0 <= checked_seed(seed) <= LIMITS["seed"]:
        raise ValueError(f"seed is from 0 to {LIMITS['seed']:,} in the page, got {seed}")
    return int(seed)


def loss_for(given: Any, classes: int) -> Loss:
    """Return the loss of that name, or the usual one for so many classes; 0 is a regression."""
    usual = "mse" if not classes else "bce_with_logits" if classes == 2 else "cross_entropy"
    name = getattr(given, "name", given) or usual
    loss = LOSSES[_named("loss", name, LOSSES)]
    if loss.name in NOT_IN_THE_PAGE:
        why = NOT_IN_THE_PAGE[loss.name]
        raise ValueError(f"the page does not have the loss {loss.name}: {why}")
    if (loss.targets == "classes") != bool(classes) or not loss.fits(classes):
        kind = f"{classes} classes" if classes else "numbers"
        raise ValueError(f"the loss {loss.name} does not fit y, which has {kind}")
    return loss


def _named(what: str, given: Any, known: Iterable[str]) -> str:
    names = list(known)
    if not isinstance(given, str) or given not in names:
        raise ValueError(f"unknown {what} {given!r:.80}: it is {', '.join(names)}")
    return given

"""The playground of a run, and of a data set: its points, and those that have room in a page."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from random import Random

from ..datasets import Dataset, Scaling, load
from ..datasets.drawn import DRAWN
from ..playground.library import LEARNING_RATES, LIMITS
from ..playground.page_data import (
    MAX_BYTES,
    Settings,
    data_settings,
    loss_for,
    model_settings,
    network_settings,
    training_settings,
)
from ..playground.playground import Playground
from ..prediction import Meaning
from .job import HELD_OUT_SHARE, Job
from .output import Output

PAGE = "index.html"
LINKS = {  # what a run may have written, by what the page says of it
    "boundary.svg": "the answers over the plane",
    "confusion.svg": "true against predicted classes",
    "predictions.svg": "true against predicted numbers",
    "loss.svg": "loss and accuracy while training",
    "history.json": "their numbers",
    "step.html": "one neuron, step by step",
    "graph.svg": "its graph",
    "model.json": "the model",
}


def write_page_of_data(options: Namespace, say: Output) -> int:
    """Write the page of a data set with a new network; return the exit status."""
    name = options.data
    data, classes, note = _data(name, options)
    loss = loss_for(options.loss, classes)
    seed = options.seed
    settings = {
        "data": data,
        "network": network_settings(options.hidden, options.activation, seed),
        "training": training_settings(
            loss, options.optimizer, options.lr, options.batch_size, seed
        ),
    }
    path = Path(options.out or os.path.join("runs", Path(name).stem, "playground.html"))
    if not options.out:
        path.parent.mkdir(parents=True, exist_ok=True)
    Playground.of(settings, f"Playground: {Path(name).stem}", note=note).save(path)
    if note:
        say(note)
    say(f"Written: {path}; open it in a browser")
    return 0


def _data(name: str, options: Namespace) -> tuple[Settings, int, str]:
    """Return the data as settings, the number of their classes, and a sentence about a part."""
    seed = options.seed
    if _is_drawn_by_the_page(name, options):
        return {"kind": name, "seed": seed}, len(DRAWN[name](seed=seed).classes), ""
    table = load(name, options.target, options.regression, seed, progress=True)
    train, held_out = table.split(HELD_OUT_SHARE, seed)
    scalings = (Scaling.of(train.X), None if table.classes else Scaling.of([t] for t in train.y))
    meaning = Meaning(
        None, table.features, scalings[0], None, table.classes, table.target, scalings[1]
    )
    settings, note = _points(train, held_out, meaning, seed)
    return settings, len(table.classes), note


def _is_drawn_by_the_page(name: str, options: Namespace) -> bool:
    """Return whether the page draws the points itself, with its controls for noise and number."""
    return name in DRAWN and options.target is None and not options.regression


def playground_of_run(
    job: Job, train: Dataset, held_out: Dataset, options: Namespace, lr: float
) -> Playground:
    """Return the page of the data and of the model just trained, which the run goes on from.

    ValueError, in one sentence, if one of them is too large for a page.
    """
    model = job.model
    loss = loss_for(job.loss, len(job.classes))
    network = model_settings(model, len(job.features))
    data, note = _points(train, held_out, model.meaning, job.seed)
    known = options.optimizer in LEARNING_RATES
    optimizer = options.optimizer if known else "adam"
    fits = LIMITS["minLearningRate"] <= lr <= LIMITS["maxLearningRate"]
    batch = min(options.batch_size, sum(point[-1] == 0 for point in data["points"]))
    settings = {
        "data": data,
        "network": network,
        "training": training_settings(loss, optimizer, lr if fits else None, batch, job.seed),
    }
    return Playground.of(settings, f"Playground: {job.name}", note=note)


def links_to(names: Iterable[str]) -> dict[str, str]:
    """Return the addresses of the files of a run, by the texts of their links."""
    present = set(names)
    return {text: name for name, text in LINKS.items() if name in present}


def _points(train: Dataset, held_out: Dataset, meaning: Meaning, seed: int) -> tuple[Settings, str]:
    """Return the points as settings, and a sentence if they are a part of the samples only."""
    all_samples = len(train) + len(held_out)
    if len(train.features) > LIMITS["features"]:
        raise ValueError(
            f"the data have {len(train.features)} features: the page takes at most "
            f"{LIMITS['features']}"
        )
    train, held_out = _parts_that_fit(train, held_out, seed)
    label = train.classes.__getitem__ if train.classes else None
    y, y_test = ([label(int(t)) if label else t for t in part.y] for part in (train, held_out))
    X, X_test = list(train.X), list(held_out.X)
    loss = meaning.loss or (None if meaning.classes else loss_for(None, 0))
    data = data_settings(X, y, loss, meaning, (X_test, y_test))
    shown = len(train) + len(held_out)
    if shown == all_samples:
        return data, ""
    text = f"The playground has {shown:,} of the {all_samples:,} samples, drawn with seed {seed}."
    return data, text


def _parts_that_fit(train: Dataset, held_out: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Return the data sets, or random parts of equal share that have room in a page."""
    rng = Random(seed)
    share = LIMITS["points"] / (len(train) + len(held_out))
    while True:
        if share < 1:
            train, held_out = (_part(data, share, rng) for data in (train, held_out))
        size = sum(len(json.dumps([*x, 0.5, 0])) + 2 for part in (train, held_out) for x in part.X)
        if size <= MAX_BYTES or len(train) == 1:
            return train, held_out
        share = 0.97 * MAX_BYTES / size


def _part(data: Dataset, share: float, rng: Random) -> Dataset:
    return data.take(sorted(rng.sample(range(len(data)), max(1, int(share * len(data))))))

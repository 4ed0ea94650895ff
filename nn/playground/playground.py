"""`Playground`: the page on which a network learns, in a notebook or in a file."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd.pages.frame import framed, save_page

from ..argument_checks import counted
from ..layers import MLP
from ..losses import LOSSES
from .library import library
from .page_data import (
    Settings,
    data_settings,
    loss_for,
    model_settings,
    network_settings,
    training_settings,
)
from .still_picture import still_picture
from .template import page_text

HEIGHT_PX = 1_000  # in a notebook


class Playground:
    """A page in which a network learns: data, network, each step, one neuron down to its scalars.

    >>> page = Playground([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], hidden=[3])
    >>> page
    Playground of 4 points, 2 classes: 2 -> 3 -> 1, tanh, bce_with_logits, sgd

    X, y: samples with two features or more, and a class or a number for each; without them the page
    starts with two moons. Of several features two are drawn, and the others stay at their mean.
    model: an `MLP` whose weights the page starts with. Its shape and activation replace ``hidden``
    and ``activation``, and its metadata name classes, features and scalings.
    loss, optimizer, lr: names, "sgd", "momentum" or "adam", and the learning rate. The page has all
    losses but ``nll``, which takes log-probabilities: ``cross_entropy`` is this loss from logits.
    batch_size: points in a step; None takes all.
    seed: draws the initial weights and the batches, as ``MLP(rng=seed)`` and ``fit(rng=seed)`` do.

    A notebook shows the page as the last expression of a cell; `save` writes it to a file. All of
    this can be changed in the page, which needs no internet and no server.

    ValueError or TypeError, in one sentence, for arguments that do not fit.
    """

    def __init__(
        self,
        X: Any = None,
        y: Any = None,
        *,
        model: MLP | None = None,
        hidden: Sequence[int] = (4, 4),
        activation: str = "tanh",
        loss: str | None = None,
        optimizer: str = "sgd",
        lr: float | None = None,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        if (X is None) != (y is None):
            raise ValueError(
                "give X and y, or neither of them: the page starts with two moons then"
            )
        meaning = model.meaning if isinstance(model, MLP) else None
        named = _declared(loss) or (meaning.loss if meaning else None)
        data: Settings = {}
        classes, width = 2, 2
        if X is not None:
            data = data_settings(X, y, named, meaning)
            classes, width = len(data["classes"]), len(data["names"])
        chosen = loss_for(named, classes)
        network = network_settings(hidden, activation, seed)
        if model is not None:
            network = model_settings(model, width)
            _check_outputs(model, chosen.outputs(classes or 1), chosen.from_logits)
        training = training_settings(chosen, optimizer, lr, batch_size, seed)
        settings: Settings = {"network": network, "training": training}
        self.settings = ({"data": data} if data else {}) | settings
        self.title, self.links, self.note = "Playground", dict[str, str](), ""

    @classmethod
    def of(
        cls,
        settings: Settings,
        title: str = "Playground",
        links: Mapping[str, str] | None = None,
        note: str = "",
    ) -> Playground:
        """Return the page of settings that `page_data` made.

        links: the addresses of other files, by the texts of links. note: a sentence on the data.
        """
        page = cls()
        page.settings, page.title, page.links, page.note = settings, title, dict(links or {}), note
        return page

    def __repr__(self) -> str:
        data, network = self.settings.get("data", {}), self.settings["network"]
        training = self.settings["training"]
        points = len(data.get("points", ())) or 200
        classes = len(data.get("classes", (0, 1)))
        kind = f"{classes} classes" if classes else "numbers to predict"
        outputs = LOSSES[training["loss"]].outputs(classes or 1)
        sizes = [len(data.get("names", (0, 1))), *network["hidden"], outputs]
        names = [network["activation"], training["loss"], training["optimizer"]]
        shape = " -> ".join(map(str, sizes))
        return f"Playground of {points} points, {kind}: {shape}, {', '.join(names)}"

    @cached_property
    def _picture(self) -> str:
        return still_picture(self.settings)

    @cached_property
    def _page(self) -> str:
        prelude = f"const library = {library()};"
        return page_text(self.title, self.settings, prelude, self._picture, self.links, self.note)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the page in a frame, or else the picture, or the text."""
        bundle = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        return bundle | {"image/svg+xml": self._picture}

    def _repr_html_(self) -> str:
        """Return the page in a frame that fits its surroundings. marimo shows this alone."""
        encoded = base64.b64encode(self._picture.encode()).decode()
        image = f"data:image/svg+xml;base64,{encoded}"
        purpose = "see this network learn"
        return framed(self._page, self.title, HEIGHT_PX, image, repr(self), purpose)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to ``path``, whole or not at all. OSError names the path if it fails.

        ValueError if ``path`` cannot be the path of a file.
        """
        save_page(self._page, path)


def _declared(loss: Any) -> Any:
    """Return the loss of that name; None for None. ValueError if there is none."""
    if loss is None:
        return None
    name = getattr(loss, "name", loss)
    if not isinstance(name, str) or name not in LOSSES:
        raise ValueError(f"unknown loss {loss!r:.80}: it is {', '.join(LOSSES)}")
    return LOSSES[name]


def _check_outputs(model: MLP, wanted: int, from_logits: bool) -> None:
    *_, last = model.layers
    activation = "linear" if from_logits else "sigmoid"
    if last.shape[1] != wanted or last.activation != activation:
        raise ValueError(
            f"the model has {counted(last.shape[1], 'output')} ({last.activation}): for y and this "
            f"loss the page has {wanted} ({activation})"
        )

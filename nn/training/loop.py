"""The training loop: `fit` trains a model epoch by epoch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from autograd import Value, collector_paused

from ..argument_checks import at_least_0, choice, counted, flag, positive, whole
from ..initializers import generator
from ..module import Module
from ..optimizers import Optimizer, optimizer_of
from ..schedules import SCHEDULES, Schedule
from .divergence import DivergedError
from .early_stopping import EarlyStopping
from .history import History
from .one_sample import objective_of
from .progress import progress_bar
from .steps import Steps, steps_of
from .task import LossFunction, Task

Callback = Callable[[Any, History], Any]


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | LossFunction | None = None,
    optimizer: str | Optimizer = "sgd",
    epochs: int = 100,
    batch_size: int | None = None,
    lr: float | None = None,
    schedule: str | Schedule | None = None,
    l2: float = 0.0,
    clip: float | None = None,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    tolerance: float | None = None,
    keep_best: bool = True,
    shuffle: bool = True,
    rng: Random | int | None = None,
    callbacks: Callback | Sequence[Callback] = (),
    progress: bool = False,
    compiled: bool = True,
) -> History:
    """Train ``model`` on samples ``X`` with targets ``y``; return the history of the training.

    >>> from nn import MLP
    >>> model = MLP(2, [4, 1], "tanh", rng=1)
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> history = fit(model, X, y, optimizer="adam", lr=0.1, epochs=100, rng=1, compiled=False)
    >>> history.loss_name, history.accuracy[-1]
    ('bce_with_logits', 1.0)

    The default is plain gradient descent, which learns curved boundaries slowly. After 100 epochs
    on two moons (100 samples, noise 0.1), an MLP of [16, 16, 1] tells about 0.9 of them apart. With
    ``fit(model, X, y, optimizer="adam", lr=0.05)`` it tells all of them apart.

    model
        a `Module`, or anything with ``parameters()`` that maps one sample to its outputs.
    X, y
        n samples, each with one number for each input of the model; n targets for the loss. They
        are in the units of the data: a scaling in the model's metadata standardizes them here as in
        `Module.predict`. For classes with names there is `nn.MLPClassifier`.
    loss
        a name from `nn.losses`, or a function like those. None chooses: cross_entropy for classes
        0 .. K - 1 with K outputs, bce_with_logits for 0 and 1 with one output, hinge for -1 and 1
        with one output, else mse. One whole number alone, or two others, look like classes: then
        name the loss. ``l2`` times the sum of squared parameters is added.
    optimizer, lr
        "sgd", "adam", "adamw" or "rmsprop", and its learning rate (None: its default). Or an
        `Optimizer`; its ``lr`` is set only if ``lr`` is given.
    schedule
        a name from `nn.schedules`, or a function from the epoch, 0, 1, ..., to the factor of
        ``lr``.
    batch_size
        samples in a step: None for all, 1 for single samples. Each epoch draws new batches from
        ``rng`` (`random.Random`, a seed, or None for the module `random`), unless ``shuffle`` is
        False.
    clip
        longest gradient (Euclidean norm over all parameters); a longer one is shortened to it.
    validation
        the share of the samples to hold out, drawn from ``rng``; or a pair (X, y). ``keep_best``
        puts back the weights of the epoch with the lowest validation loss.
    patience, tolerance
        early stopping: training ends after ``patience`` epochs in a row (default 10) in which the
        loss did not fall by more than ``tolerance`` (default 0). The loss is the validation loss if
        there is one. With neither given, training runs for all ``epochs``.
    callbacks
        one or several functions, called as ``callback(model, history)`` after each epoch. If one
        returns True, training ends.
    progress
        show a progress bar (needs tqdm) in a terminal or notebook.
    compiled
        run as array code through `autograd.compile` if NumPy is installed. The model is recorded
        once. Parameters and inputs go on changing where the model computes with them as Values. Any
        plain number in the model, the ``data`` of a parameter included, is fixed from then on.

    A loss of `nn.losses` and a model without branches take the fastest way: one program for batches
    of every size. ``history.why_general`` says why another way was taken. From 2,000 steps on the
    program is machine code if llvmlite is installed. Then there is no Python between the steps of
    an epoch, unless the optimizer is of your own, or has other parameters than the model.

    Afterwards ``model.predict(X)`` answers with class numbers, or numbers: the model's ``metadata``
    have the name of the loss. `Module.save` tells how to add names of classes and a scaling.

    The cyclic garbage collector pauses during training: graphs have no cycles, and recording is
    three times as fast without it. An interrupt (Ctrl-C) ends training with a warning. So does a
    loss, gradient or weight that is not finite; the last weights with a finite loss are put back.

    ValueError or TypeError for arguments and data that do not fit, before anything is changed;
    RuntimeError inside `autograd.no_grad`.
    """
    if not (Value(1.0) + 1.0).parents:
        raise RuntimeError("fit needs gradients, which no_grad() switches off: call it outside")
    callbacks = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"a callback is called with model and history, got {callback!r:.80}")
    rng, task = generator(rng), Task(model, X, y, loss)
    task.hold_out(model, validation, rng)
    l2, progress = at_least_0("l2", l2), flag("progress", progress)
    clip = None if clip is None else positive("clip", clip)
    epochs, stopping = whole("epochs", epochs), EarlyStopping(patience, tolerance)
    makers: Sequence[Any] = list(SCHEDULES.values())
    if schedule in makers:
        name = getattr(schedule, "__name__", "")
        raise TypeError(
            f'schedule=nn.schedules.{name} makes a schedule: give its name, "{name}", or call it, '
            f"nn.schedules.{name}({epochs})"
        )
    usual = choice("schedule", schedule or "constant", SCHEDULES)
    factor: Schedule = schedule if callable(schedule) else usual(epochs)
    batch_size = _batch_size(batch_size, len(task.train))
    steps = epochs * -(-len(task.train) // batch_size)
    objective = objective_of(model, task, l2, compiled, steps)
    optimizer = optimizer_of(optimizer, model.parameters(), lr)  # last, as it may set its lr
    run, history = steps_of(objective, optimizer, clip), History(task.name)
    watched = bool(callbacks) or callable(schedule)  # by somebody who may look at the model
    base_lr, best_weights = optimizer.lr, run.finite_weights
    if isinstance(model, Module):
        model.metadata = task.metadata(model.metadata)
    with collector_paused(), progress_bar(progress, epochs) as show, _kept(run, history):
        for epoch in range(epochs):
            optimizer.lr = base_lr * at_least_0("the schedule's factor", factor(epoch))
            if shuffle and batch_size < len(task.train):
                run.shuffle(rng)
            run.epoch(batch_size, history)
            history.why_general = objective.why_general
            if task.held_out:
                run.validate(history)
                if keep_best and history.val_loss[-1] == min(history.val_loss):
                    best_weights, history.best_epoch = run.weights(), epoch
            show(history)
            if watched:
                run.write_back()
            if True in [callback(model, history) for callback in callbacks]:
                history.stopped = f"by a callback after {counted(epoch + 1, 'epoch')}"
            elif stopping.should_stop((history.val_loss or history.loss)[-1]):
                history.stopped = f"no longer improving after {counted(epoch + 1, 'epoch')}"
            if history.stopped:
                break
            if watched:
                run.read()
    if history.best_epoch is not None:
        run.set_weights(best_weights)
        run.write_back()
    return history


@contextmanager
def _kept(run: Steps, history: History) -> Iterator[None]:
    """Keep the trained weights if training is cut short; put the learning rate back at the end."""
    lr = run.optimizer.lr
    try:
        yield
    except DivergedError as diverged:
        history.stopped = f"diverged at step {run.count}: {diverged}"
        run.set_weights(run.finite_weights)
        advice = (
            "the last weights of finite loss are kept. A smaller learning rate, or clip=, may help"
        )
        warnings.warn(f"training {history.stopped}; {advice}", RuntimeWarning, stacklevel=4)
    except KeyboardInterrupt:
        history.stopped = f"interrupted at step {run.count}"
        warnings.warn(f"training {history.stopped}", RuntimeWarning, stacklevel=4)
    finally:
        run.write_back()
        run.optimizer.lr = lr


def _batch_size(batch_size: int | None, samples: int) -> int:
    if batch_size is None:
        return samples
    if whole("batch_size", batch_size) > samples:
        warnings.warn(
            f"batch_size {batch_size} is larger than the data: {samples} is taken",
            UserWarning,
            stacklevel=3,
        )
    return min(batch_size, samples)

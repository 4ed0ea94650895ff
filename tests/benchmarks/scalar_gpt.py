"""A small GPT in plain scalar code, eager and compiled: one training step, and a training run.

    python -m tests.benchmarks.scalar_gpt

The model is that of Karpathy's microgpt (2026): 16-wide embeddings, 4 heads, 1 layer, RMSNorm, a
ReLU MLP of 64, vocabulary 27, context 16, cross entropy; 4,192 parameters. Tokens are arguments,
and `autograd.take` picks their rows. So one recording serves all names of a length.

The training run takes 1,000 different names, one a step, as microgpt does. Its time includes the
time to compile. Names are padded to one length with predictions of weight 0. Compiling each length
by itself is measured too: eight programs, a bit faster each, take longer to compile than they save.
"""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from functools import partial
from math import inf
from string import ascii_lowercase
from typing import Any

import autograd
import nn
from autograd import Value

EMBEDDING, HEADS, VOCABULARY, CONTEXT, HIDDEN = 16, 4, 27, 16, 64
HEAD = EMBEDDING // HEADS
END = len(ascii_lowercase)  # the token before and after a name
NAMES, SHORTEST, LONGEST = 1_000, 3, 10
EAGER_STEPS = 50  # of the training run, as the whole run would take minutes
CONSONANTS, VOWELS = [*"bcdfghjklmnrstvz", "br", "ch", "sh", "th"], "aaeeiiouy"
ENDINGS = ["", "", "n", "l", "s", "nna", "tte"]
PUBLISHED = [  # times as fast as microgpt.py in CPython, as the source measured it
    ("C++, a tape in one block of memory", 600, "github.com/Charbel199/microgpt.cpp, README"),
    ("Rust, a tape (mplekh/rust-microgpt)", 457, "the same README, 10,000 steps"),
    ("Rust, a tape (mplekh/rust-microgpt)", 415, "github.com/ssrhaso/microjpt, README, one core"),
    ("C++, a tape (Charbel199)", 181, "the same README"),
    ("C", 88, "github.com/1duo/microgpts, README, mean of 10 runs"),
    ("Rust", 66, "the same README"),
    ("Go", 9.4, "the same README"),
    ("C, derivatives by hand", 1_000, "github.com/enjector/microgpt-c, README, in round numbers"),
    ("Julia, matrix derivatives by hand", 1_581, "github.com/ssrhaso/microjpt, README"),
    ("NumPy, arrays as nodes", 23, "brief-ds.com/2026/03/16/gpt2.html, whole seconds"),
]
Vector = list[Any]
Document = tuple[list[int], list[int], list[float]]  # tokens, what follows each, weights


def linear(weights: list[Vector], x: Vector) -> Vector:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in weights]


def normalized(x: Vector) -> Vector:
    """Root mean square normalization (Zhang and Sennrich 2019, arXiv:1910.07467)."""
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


class GPT:
    """A decoder-only transformer of one layer, number by number."""

    def __init__(self, seed: int = 42) -> None:
        rng = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[Vector]:
            return [[Value(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.tokens, self.positions = matrix(VOCABULARY, EMBEDDING), matrix(CONTEXT, EMBEDDING)
        self.query, self.key, self.value, self.out = (matrix(EMBEDDING, EMBEDDING) for _ in "qkvo")
        self.up, self.down = matrix(HIDDEN, EMBEDDING), matrix(EMBEDDING, HIDDEN)
        self.head = matrix(VOCABULARY, EMBEDDING)

    def parameters(self) -> Vector:
        matrices = [self.tokens, self.positions, self.query, self.key, self.value]
        matrices += [self.out, self.up, self.down, self.head]
        return [x for m in matrices for row in m for x in row]

    def attention(self, queries: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
        """What one position reads from itself and those before it, all heads."""
        result = []
        for first in range(0, EMBEDDING, HEAD):
            head = range(first, first + HEAD)
            scores = [sum(queries[j] * key[j] for j in head) / HEAD**0.5 for key in keys]
            weights = autograd.softmax(scores)
            result += [
                sum(w * value[j] for w, value in zip(weights, values, strict=True)) for j in head
            ]
        return result

    def loss(self, tokens: list[int], targets: list[int], weights: list[float]) -> Any:
        """The weighted mean of the cross entropies of predicting each of ``targets``."""
        keys: list[Vector] = []
        values: list[Vector] = []
        losses = []
        rows = zip(tokens, self.positions, targets, weights, strict=False)
        for token, position, target, weight in rows:
            embedded = zip(autograd.take(self.tokens, token), position, strict=True)
            x = normalized([t + p for t, p in embedded])
            residual, x = x, normalized(x)
            keys.append(linear(self.key, x))
            values.append(linear(self.value, x))
            x = linear(self.out, self.attention(linear(self.query, x), keys, values))
            residual = x = [a + b for a, b in zip(x, residual, strict=True)]
            x = linear(self.down, [h.relu() for h in linear(self.up, normalized(x))])
            x = [a + b for a, b in zip(x, residual, strict=True)]
            predicted = autograd.log_softmax(linear(self.head, x))
            losses.append(-weight * autograd.take(predicted, target))
        return sum(losses) / sum(weights)


def document(name: str, size: int = 0) -> Document:
    """What to learn from a name, padded to ``size`` predictions with predictions of weight 0."""
    tokens = [END, *map(ascii_lowercase.index, name), END]
    predictions = len(tokens) - 1
    padding = max(0, size - predictions)
    ends = [END] * padding
    return tokens[:-1] + ends, tokens[1:] + ends, [1.0] * predictions + [0.0] * padding


def example(length: int, seed: int = 0) -> Document:
    """A name of ``length`` random letters."""
    return document("".join(random.Random(seed).choices(ascii_lowercase, k=length)))


def names(count: int, seed: int = 0) -> list[str]:
    """Different names of 3 to 10 letters, made of syllables."""
    rng = random.Random(seed)
    found: dict[str, None] = {}  # in this order
    while len(found) < count:
        syllable_count = rng.randint(1, 4)
        syllables = [rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllable_count)]
        name = "".join([*syllables, rng.choice(ENDINGS)])
        if SHORTEST <= len(name) <= LONGEST:
            found[name] = None
    return list(found)


class Training:
    """A GPT that learns one document a step, with Adam, whose learning rate falls to 0."""

    def __init__(self, compiled: bool, model: GPT) -> None:
        self.loss: Any = autograd.compile(model.loss) if compiled else model.loss
        self.optimizer = nn.Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
        self.losses: list[float] = []
        self.spent = {"loss": 0.0, "backward": 0.0, "step": 0.0, "zero_grad": 0.0}

    def learn(self, learned: Document) -> None:
        self.optimizer.lr = 0.01 * (1 - len(self.losses) / NAMES)
        loss = self._timed("loss", lambda: self.loss(*learned))
        self._timed("backward", loss.backward)
        self._timed("step", self.optimizer.step)
        self._timed("zero_grad", self.optimizer.zero_grad)
        self.losses.append(loss.data)

    def _timed(self, part: str, run: Callable[[], Any]) -> Any:
        started = time.process_time()
        result = run()
        self.spent[part] += time.process_time() - started
        return result

    @property
    def seconds(self) -> float:
        return sum(self.spent.values())

    @property
    def compiling(self) -> float:
        """The seconds that compiling took, which are a part of those of the loss."""
        recorded = [path for paths in self.loss.recordings.paths.values() for path in paths]
        return float(self.loss.recordings.account.spent(recorded))


def seconds(step: Callable[[], Any]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def one_step() -> None:
    model = GPT()
    parameters = model.parameters()
    fast = autograd.compile(model.loss)
    print(f"a GPT of {len(parameters):,} parameters: loss and all gradients, one core")
    print("letters   nodes   eager ms   call ms   ratio   with backward ms   ratio", end="")
    print("   train_step ms   ratio   compile s   largest error")
    for length in (6, 15):
        arguments = example(length)

        def step(loss: Callable[..., Value], arguments: Any = arguments) -> list[float]:
            for p in parameters:
                p.grad = 0.0
            loss(*arguments).backward()
            return [p.grad for p in parameters]

        started = time.process_time()
        found = step(fast)
        compiling = time.process_time() - started
        expected = step(model.loss)
        scale = max(map(abs, expected))
        error = max(abs(a - b) for a, b in zip(found, expected, strict=True)) / scale
        eager, called, compiled, trained = inf, inf, inf, inf
        optimizer = nn.Adam(parameters, lr=1e-9)
        for _ in range(5):  # rounds of all, in turn
            eager = min(eager, seconds(lambda step=step: step(model.loss)))
            with nn.train_step(fast, optimizer) as train:
                for _ in range(40):
                    trained = min(trained, seconds(partial(train, *arguments)))
            for _ in range(40):
                called = min(called, seconds(partial(fast, *arguments)))
                compiled = min(compiled, seconds(lambda step=step: step(fast)))
        print(
            f"{length:7}{fast.recordings.last.recorded:8,}{eager * 1e3:11.1f}{called * 1e3:10.3f}"
            f"{eager / called:8,.0f}{compiled * 1e3:19.3f}{eager / compiled:8,.0f}"
            f"{trained * 1e3:16.3f}{eager / trained:8,.0f}{compiling:12.2f}{error:16.1e}"
        )


def flat_run(learned: list[str]) -> tuple[list[float], float]:
    """Return the losses of the padded run by `nn.train_step`, and its seconds with compiling."""
    model, started = GPT(), time.process_time()
    optimizer = nn.Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    falling = nn.schedules.linear(NAMES, end=0.0)
    with nn.train_step(model.loss, optimizer, schedule=falling) as step:
        losses = [step(*document(name, LONGEST + 1)) for name in learned]
    return losses, time.process_time() - started


def training_run() -> None:
    """Print the seconds of three runs on the same names. Eager code takes the names unpadded."""
    learned = names(NAMES)
    eager, padded, by_length = (Training(compiled, GPT()) for compiled in (False, True, True))
    for i, name in enumerate(learned):
        padded.learn(document(name, LONGEST + 1))
        if i == 0:
            gc.freeze()  # so that eager code is not slower because of what the compiler keeps
        if i < EAGER_STEPS:  # steps of both, in turn
            eager.learn(document(name))
    for name in learned:
        by_length.learn(document(name))
    flat_losses, flat_seconds = flat_run(learned)
    gc.unfreeze()
    predictions = [len(name) + 1 for name in learned]
    eager_seconds = eager.seconds * sum(predictions) / sum(predictions[:EAGER_STEPS])
    print(f"\ntraining on {NAMES:,} different names, one a step, with Adam: seconds of all steps")
    print("                              seconds   compiling   ratio   largest error of a loss")
    print(f"eager, from {EAGER_STEPS} steps{eager_seconds:18.1f}")
    for what, run in (("compiled, padded", padded), ("compiled for each length", by_length)):
        both = zip(run.losses, eager.losses, strict=False)
        error = max(abs(a - b) for a, b in both)
        print(
            f"{what:27}{run.seconds:10.2f}{run.compiling:12.2f}{eager_seconds / run.seconds:8.0f}"
            f"{error:16.1e} in {EAGER_STEPS} steps"
        )
    error = max(abs(a - b) for a, b in zip(flat_losses, eager.losses, strict=False))
    print(
        f"{'train_step, padded':27}{flat_seconds:10.2f}{'':12}{eager_seconds / flat_seconds:8.0f}"
        f"{error:16.1e} in {EAGER_STEPS} steps"
    )
    first, last = (sum(losses) / 50 for losses in (padded.losses[:50], padded.losses[-50:]))
    print(f"the mean loss of 50 steps fell from {first:.2f} to {last:.2f}\n")
    print("where the time of the padded run went, in seconds")
    for what, spent in {**padded.loss.recordings.last.seconds, **padded.spent}.items():
        print(f"{what:15}{spent:8.3f}")
    print(f"\n{padded.loss.report()}")


def published() -> None:
    """Print what authors of ports to other languages measured, on other machines."""
    print("\npublished: ports of microgpt, times as fast as microgpt.py in CPython")
    for port, ratio, source in PUBLISHED:
        print(f"{port:37}{ratio:6,}   {source}")
    print("Machines differ. The ratios further above are to eager code of this engine.")


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # one core; before anything imports NumPy
    one_step()
    training_run()
    published()


if __name__ == "__main__":
    main()

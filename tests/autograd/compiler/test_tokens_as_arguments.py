"""A tiny GPT learns names compiled as it does eager: the tokens are arguments of one recording."""

from itertools import pairwise

import pytest

import autograd
from autograd import dot

np = pytest.importorskip("numpy")
pytestmark = pytest.mark.usefixtures("numpy_first")
nn = pytest.importorskip("nn")

NAMES = ["ada", "dee", "abe", "cab", "ed"]
LETTERS, END, SIZE = "abcde", 5, 4
WIDTH = 4


class TinyGPT(nn.Module):
    """Token and position embeddings, one head of causal attention, and an output layer."""

    def __init__(self):
        self.token, self.position = (
            nn.Embedding(count, WIDTH, rng=i) for i, count in enumerate((END + 1, SIZE))
        )
        self.query, self.key, self.value = (
            nn.Layer(WIDTH, WIDTH, activation="linear", rng=i) for i in (2, 3, 4)
        )
        self.head = nn.Layer(WIDTH, END + 1, activation="linear", rng=5)

    def __call__(self, tokens):
        """Return the logits of what follows each token."""
        keys, values, result = [], [], []
        for i, token in enumerate(tokens):
            x = [a + b for a, b in zip(self.token(token), self.position(i), strict=True)]
            keys.append(self.key(x))
            values.append(self.value(x))
            query = self.query(x)
            attention = autograd.softmax([dot(query, key) / WIDTH**0.5 for key in keys])
            read = [dot(attention, column) for column in zip(*values, strict=True)]
            result.append(self.head([a + b for a, b in zip(x, read, strict=True)]))
        return result


def with_weights(model, tokens, targets, length):
    """The mean loss of the first predictions, by weights that are arguments."""
    weights = [1.0] * length + [0.0] * (len(tokens) - length)

    def loss(tokens, targets, weights):
        rows = zip(weights, model(tokens), targets, strict=True)
        return sum(w * nn.cross_entropy([out], [y]) for w, out, y in rows) / sum(weights)

    return loss, (tokens, targets, weights)


def with_where(model, tokens, targets, length):
    """The same, by the number of predictions as an argument."""

    def loss(tokens, targets, length):
        rows = enumerate(zip(model(tokens), targets, strict=True))
        losses = [
            autograd.where(i < length, -autograd.take(autograd.log_softmax(out), y), 0.0)
            for i, (out, y) in rows
        ]
        return sum(losses) / length

    return loss, (tokens, targets, length)


def predictions(name, size):
    """Return the tokens, what follows each, and how many there are before the padding."""
    name = [END, *map(LETTERS.index, name), END]
    tokens, targets = zip(*pairwise(name), strict=True)
    padding = [END] * (size - len(tokens))
    return [*tokens, *padding], [*targets, *padding], len(tokens)


def trained(padded, compiled, padding=True):
    """Return the losses of five steps, the parameters after them, and the loss function."""
    model = TinyGPT()
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    function, losses = None, []
    for name in NAMES:
        loss, arguments = padded(model, *predictions(name, SIZE if padding else 0))
        if function is None:
            function = autograd.compile(loss) if compiled else loss
        total = function(*arguments)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(total.data)
    return losses, [p.data for p in model.parameters()], function


@pytest.mark.parametrize("padded", [with_weights, with_where])
def test_a_gpt_with_tokens_as_arguments_learns_as_eager_code_does_by_one_recording(padded):
    losses, parameters, fast = trained(padded, compiled=True)
    for padding in (True, False):  # padding changes nothing
        expected_losses, expected_parameters, _ = trained(padded, compiled=False, padding=padding)
        assert losses == pytest.approx(expected_losses, abs=1e-9)
        assert parameters == pytest.approx(expected_parameters, abs=1e-9)
    assert fast.recordings.account.recordings == 1
    assert len(set(losses)) == len(NAMES)


def test_a_row_for_each_token_is_a_product_of_one_hot_rows_and_the_table():
    _, _, fast = trained(with_weights, compiled=True)
    products = fast.last_program().printed.products
    assert any(f"({SIZE} x {END + 1}) @ ({END + 1} x {WIDTH})" in product for product in products)


def test_indices_are_tested_together_in_whatever_order_they_are_used():
    table = [autograd.Value(float(i)) for i in range(9)]

    @autograd.compile
    def f(firsts, seconds):
        return sum(
            autograd.take(table, i) * autograd.take(table, j)
            for i, j in zip(firsts, seconds, strict=True)
        )

    rows = [[0, 1, 2, 3, 4, 5], [8, 7, 6, 5, 4, 3]]
    assert f(*rows).data == sum(i * j for i, j in zip(*rows, strict=True))
    tests = [line for line in f.source.splitlines() if line.startswith("    if ")]
    assert len(tests) == 3  # whole, not too small, not too large
    assert all("xp.all(x " in test for test in tests)


@pytest.mark.filterwarnings("ignore:vmap. a comparison comes out differently")
@pytest.mark.parametrize("row_by_row", [True, False])
def test_take_can_refuse_a_negative_index_too(row_by_row):
    table = [autograd.Value(1.0), autograd.Value(2.0)]

    def chosen(indices):
        def one(i):
            return autograd.take(table, i, negative=False)

        return autograd.sum(list(map(one, indices)) if row_by_row else autograd.vmap(one)(indices))

    compiled = autograd.compile(chosen)
    for f in (chosen, compiled):
        assert f([0, 1]).data == 3.0
        for wrong in ([0, -1], [-1, -1], [2, 0]):
            with pytest.raises(IndexError, match="out of range for 2 elements"):
                f(wrong)

"""The curriculum's rows on outputs and hidden units that need no data set: D9, and F6 to F10."""

import math
import random
from statistics import median

import pytest

import autograd as ag
import nn
from autograd import Value, descend

approx = pytest.approx
UNITS = ("sigmoid", "tanh", "relu", "leaky_relu", "abs")


# ------------------------------------------------------------------------------------- outputs


def softmax_gradient(z, y):
    """By the engine, with p - y written out beside it."""
    logits = [Value(x) for x in z]
    nn.cross_entropy([logits], [y]).backward()
    by_hand = [p - (k == y) for k, p in enumerate(ag.softmax(z))]
    assert [v.grad for v in logits] == approx(by_hand, abs=1e-14)
    return by_hand


def test_F6_the_winner_takes_all_as_the_logits_scale_and_argmax_is_the_limit():
    z = [2.0, -1.0, 1.0]
    winner = [ag.softmax([scale * x for x in z])[0] for scale in (0.5, 1.0, 4.0)]
    assert winner == approx([0.547, 0.705, 0.982], abs=5e-4)
    assert ag.softmax([50 * x for x in z]) == approx([1.0, 0.0, 0.0], abs=1e-20)


def test_F6_the_most_active_wrong_logit_is_penalized_most_and_right_samples_add_little():
    z = [2.0, -1.0, 1.0]
    for scale in (0.5, 1.0, 4.0):
        scaled = [scale * x for x in z]
        wrong = softmax_gradient(scaled, 2)
        assert wrong[0] > wrong[1] > 0 > wrong[2]
        assert sum(wrong) == approx(0.0, abs=1e-15)
    assert softmax_gradient([4 * x for x in z], 2) == approx([0.982, 0.0, -0.982], abs=5e-4)
    assert softmax_gradient([4 * x for x in z], 0) == approx([-0.018, 0.0, 0.018], abs=5e-4)


def test_F6_one_logit_is_redundant():
    p = [0.5, 0.3, 0.2]
    free = [math.log(q / p[-1]) for q in p[:-1]]  # with the last logit fixed at 0
    assert ag.softmax([*free, 0.0]) == approx(p, rel=1e-14)
    assert ag.softmax([x + 7.5 for x in [*free, 0.0]]) == approx(p, rel=1e-14)


@pytest.mark.parametrize("frequencies", [[0.5, 0.3, 0.2], [0.4, 0.1, 0.1, 0.15, 0.25]])
def test_F7_the_least_loss_under_the_constraint_is_at_the_frequencies(frequencies):
    def loss(z):
        return nn.cross_entropy([z], [frequencies])

    path = descend(loss, [0.0] * len(frequencies), lr=1.0, tolerance=1e-9, max_steps=2000)
    assert path.converged
    assert ag.softmax(path.x) == approx(frequencies, abs=1e-7)
    assert path.value == approx(-math.fsum(f * math.log(f) for f in frequencies), rel=1e-12)
    # -sum f log p by p is -f / p: the same multiple, -1, of the gradient of sum p
    slopes = ag.grad(lambda p: -ag.dot(frequencies, [ag.log(q) for q in p]))(frequencies)
    assert slopes == approx([-1.0] * len(frequencies), rel=1e-14)


def test_F7_an_input_without_data_gets_what_the_first_weights_decide():
    X, y = [[1.0]] * 10 + [[-1.0]] * 10, [1] * 7 + [0] * 3 + [1] * 2 + [0] * 8
    seen, unseen = [], []
    for seed in range(5):
        model = nn.MLP(1, [4, 1], "tanh", rng=seed)
        nn.fit(model, X, y, loss="bce_with_logits", optimizer="adam", lr=0.1, epochs=150)
        seen += [model([1.0]).sigmoid().data]
        unseen += [model([4.0]).sigmoid().data]
    assert seen == approx([0.7] * 5, abs=1e-3)
    assert max(unseen) - min(unseen) > 0.2
    table, one_hot = nn.Embedding(3, 1, init="zeros"), [[1, 0, 0]] * 10 + [[0, 1, 0]] * 10
    nn.fit(table, one_hot, y, loss="bce_with_logits", lr=5.0, epochs=100)
    assert [table(k).sigmoid().data for k in range(3)] == approx([0.7, 0.2, 0.5], abs=1e-3)


def test_F8_a_clipped_unit_may_fail_to_learn_at_all():
    xs = [i / 10 - 1 for i in range(21)]
    sides = [int(x > 0) for x in xs]
    losses = {
        "clipped": lambda z: nn.bce([ag.maximum(0.0, ag.minimum(1.0, v)) for v in z], sides),
        "sigmoid": lambda z: nn.bce_with_logits(z, sides),
    }
    reached = {}
    for name, loss in losses.items():
        w, b = Value(-3.0), Value(-5.0)
        of_step = []
        for _ in range(300):
            total = loss([w * x + b for x in xs])
            w.grad = b.grad = 0.0
            total.backward()
            of_step.append(total.data)
            w.data, b.data = w.data - 0.5 * w.grad, b.data - 0.5 * b.grad
        reached[name] = (of_step[0], loss([w * x + b for x in xs]).data)
        assert ((w.data, b.data) == (-3.0, -5.0)) == (name == "clipped")
    assert reached["clipped"] == approx((1000 / 21, 1000 / 21), rel=1e-12)  # 47.6
    assert reached["sigmoid"] == approx((3.2, 0.12), abs=0.01)


def test_F10_half_of_the_mass_of_a_laplace_distribution_is_on_each_side_of_the_output():
    m, scale, n, width = 1.5, 0.7, 4000, 20.0
    for side in (-1, 1):  # the integral by the midpoint rule
        places = [m + side * width * (i + 0.5) / n for i in range(n)]
        mass = sum(math.exp(-nn.laplace_nll([[m, math.log(scale)]], [t])) for t in places)
        assert mass * width / n == approx(0.5, abs=1e-5)
    rng = random.Random(0)
    drawn = [m + rng.choice((-1, 1)) * rng.expovariate(1 / scale) for _ in range(10_000)]
    assert sum(t < m for t in drawn) == approx(5000, abs=150)  # three standard deviations
    assert sum(abs(t - m) for t in drawn) / len(drawn) == approx(scale, abs=0.02)


def test_F10_the_learned_output_has_as_many_targets_below_as_above_and_scale_is_the_mean_distance():
    rng = random.Random(0)
    y = [rng.expovariate(1.0) for _ in range(51)]
    model = nn.MLP(1, [2], rng=0)
    for lr in (0.1, 0.01, 0.001):
        nn.fit(model, [[0.0]] * 51, y, loss="laplace_nll", optimizer="adam", lr=lr, epochs=200)
    output, log_scale = (v.data for v in model([0.0]))
    assert output == approx(median(y), abs=0.01)
    assert abs(sum(t < output for t in y) - sum(t > output for t in y)) <= 1
    distance = math.fsum(abs(t - output) for t in y) / 51
    assert math.exp(log_scale) == approx(distance, rel=1e-3)


# -------------------------------------------------------------------------------- hidden units


@pytest.mark.parametrize("unit", UNITS)
def test_D9_with_one_hidden_unit_the_gradient_is_a_product_with_the_slope_of_the_unit(unit):
    g = getattr(ag, unit)
    x, w, b, t = [0.5, -2.0], [1.5, 0.4], 0.3, 1.0
    hidden = nn.Layer(2, 1, unit).set([w], [b])
    h = hidden(x)
    ((h - t) ** 2).backward()
    z = ag.dot(w, x) + b
    by_hand = [2 * (h.data - t) * ag.grad(g)(z) * xi for xi in x]
    assert hidden.W.grad[0] == approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(("unit", "small"), [("sigmoid", 1e-4), ("tanh", 1e-7)])
def test_D9_a_unit_that_saturates_has_a_slope_near_0_and_one_of_linear_pieces_keeps_it(unit, small):
    assert abs(ag.grad(getattr(ag, unit))(10.0)) < small
    for kept in ("relu", "leaky_relu", "abs"):
        assert ag.grad(getattr(ag, kept))(10.0) == 1.0


def first_over_last(unit, depth, scale=1.0, init="xavier"):
    """The norm of the gradient in the first layer over that in the last, of seed 0."""
    rng = random.Random(0)
    y = [i % 2 for i in range(8)]
    X = [[rng.gauss(2 * t - 1, 0.4) for _ in range(2)] for t in y]
    model = nn.MLP(2, [16] * depth + [1], unit, init=init, rng=0)
    for layer in model.layers:
        layer.set([[scale * w for w in row] for row in layer.W.data])
    nn.bce_with_logits([model(x) for x in X], y).backward()
    norms = [nn.gradient_norm(layer.parameters()) for layer in model.layers]
    return norms[0] / norms[-1]


def test_D9_from_equal_weights_sigmoid_loses_the_gradient_tanh_and_relu_keep_it():
    lost = [first_over_last("sigmoid", depth) for depth in (2, 4, 8)]
    assert lost == approx([0.073, 0.017, 3.6e-5], rel=0.05)
    assert first_over_last("tanh", 8) == approx(0.84, abs=0.005)
    assert first_over_last("relu", 8) == approx(0.59, abs=0.005)
    assert first_over_last("relu", 8, init="he") == approx(0.30, abs=0.005)
    by_scale = {unit: [first_over_last(unit, 8, scale) for scale in (0.5, 2.0)] for unit in UNITS}
    assert by_scale["sigmoid"] == approx([4.3e-7, 0.0015], rel=0.05)
    assert by_scale["tanh"] == approx([0.97, 3.4], rel=0.02)
    assert min(min(by_scale[unit]) for unit in ("relu", "leaky_relu", "abs")) > 0.3


@pytest.mark.parametrize(
    ("unit", "weight", "kept"),
    [("sigmoid", 1.0, 6.9e-6), ("sigmoid", 4.0, 9.5e-9), ("tanh", 1.0, 0.27), ("tanh", 4.0, 5e-17),
     ("relu", 1.0, 1.0), ("relu", 4.0, 4.0**8)],
)  # fmt: skip
def test_D9_in_a_chain_of_8_units_tanh_loses_the_gradient_where_it_saturates(unit, weight, kept):
    x = Value(0.5)
    h = x
    for _ in range(8):
        h = getattr(ag, unit)(weight * h)
    h.backward()
    assert x.grad == approx(kept, rel=0.02)
    if unit == "sigmoid":
        assert x.grad <= (weight / 4) ** 8


W, B = [1.0, -2.0], 0.5


@pytest.mark.parametrize("unit", UNITS)
def test_F9_a_unit_is_constant_along_each_line_on_which_its_pre_activation_is(unit):
    neuron = nn.Layer(2, 1, unit).set([W], [B])
    g, across = getattr(ag, unit), [2.0, 1.0]  # at a right angle to W
    for z in (-2.0, -0.3, 0.7, 2.5):
        foot = [(z - B) * w / 5 for w in W]  # w . foot + b = z
        for t in (-3.0, 0.0, 0.4, 10.0):
            x = [f + t * a for f, a in zip(foot, across, strict=True)]
            assert neuron(x).data == approx(g(z), abs=1e-12)


def test_F9_a_maxout_unit_of_three_pieces_is_convex_and_bends_along_more_than_one_direction():
    unit = nn.Maxout(2, 1, k=3, init="zeros")
    pieces = [[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]]
    for neuron, row in zip(unit.units[0], pieces, strict=True):
        for w, number in zip(neuron.w, row, strict=True):
            w.data = number
    rng = random.Random(0)
    for _ in range(50):
        a, c = ([rng.uniform(-2, 2) for _ in range(2)] for _ in range(2))
        middle = [(p + q) / 2 for p, q in zip(a, c, strict=True)]
        assert unit(middle).data <= (unit(a).data + unit(c).data) / 2 + 1e-12
    ahead = {max(range(3), key=lambda k: ag.dot(pieces[k], x)) for x in pieces}
    assert ahead == {0, 1, 2}  # each piece is the largest along its own direction


def test_F9_units_are_drawn_as_surfaces_over_two_inputs():
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure()
    for i, unit in enumerate(UNITS):
        neuron = nn.Layer(2, 1, unit).set([W], [B])
        ax = figure.add_subplot(2, 3, i + 1, projection="3d")
        ag.plot.surface(neuron, (-2, 2), ax=ax, resolution=9)
        low, high = ax.get_zlim()
        zs = [neuron([x1, x2]).data for x1 in (-2, 2) for x2 in (-2, 2)]
        assert low <= min(zs) < max(zs) <= high
        assert max(zs) - min(zs) > 0.4 * (high - low)
    plt.close(figure)

"""What lecture notes on networks teach, row by row: each test checks what its row says must hold.

A logistic regression and deep networks, B backpropagation as an algorithm, C step by step, D deep
feedforward networks (Goodfellow, Bengio and Courville, chapter 6), E feed-forward networks. Where a
row says that something learns, five fixed seeds must all reach it: two of them in the default run.
"""

import json
import math
import random

import pytest

import autograd as ag
import nn
from autograd import Value

from ..support.notebooks import ROOT

np = pytest.importorskip("numpy")

SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))]
XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
IS_XOR = [0, 1, 1, 0]
EXACT = {"rel": 1e-12, "abs": 1e-14}

# g'(z), from z and a = g(z), for the recursions written by hand
SLOPE = {
    "linear": lambda z, a: np.ones_like(z),
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - a**2,
    "relu": lambda z, a: 1.0 * (z > 0),
    "leaky_relu": lambda z, a: np.where(z > 0, 1.0, 0.01),
}


def two_clouds(n, seed, apart=1.0):
    """Points of two features around (-apart, -apart) and (apart, apart), classes 0 and 1."""
    rng = random.Random(seed)
    y = [i % 2 for i in range(n)]
    return [[rng.gauss((2 * t - 1) * apart, 0.4) for _ in range(2)] for t in y], y


def forward(model, x):
    """Of each layer: its inputs, the nodes of its pre-activations and those of its activations."""
    trace = []
    for layer in model.layers:
        y = layer(x)
        activations = y if isinstance(y, list) else [y]
        linear = layer.activation == "linear"
        trace.append(
            (x, activations if linear else [a.parents[0] for a in activations], activations)
        )
        x = y
    return trace


def data(nodes):
    return np.array([float(node) for node in nodes])


def grad(nodes):
    return np.array([node.grad for node in nodes])


def matrices(layer):
    """W (outputs x inputs) and b of a layer."""
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    return W, np.array([neuron.b.data for neuron in layer.neurons])


def gradients(layer):
    """The engine's dL/dW and dL/db."""
    dW = np.array([[w.grad for w in neuron.w] for neuron in layer.neurons])
    return dW, np.array([neuron.b.grad for neuron in layer.neurons])


def check_recursion(model, trace, dL_da):
    """Delta, layer by layer from the last: against the engine's gradients of nodes and weights."""
    for layer, (x, zs, activations) in zip(reversed(model.layers), reversed(trace), strict=True):
        W, _ = matrices(layer)
        delta = SLOPE[layer.activation](data(zs), data(activations)) * dL_da
        dW, db = gradients(layer)
        assert grad(zs) == pytest.approx(delta, **EXACT)
        assert dW == pytest.approx(np.outer(delta, data(x)), **EXACT)
        assert db == pytest.approx(delta, **EXACT)
        dL_da = W.T @ delta
        if isinstance(x[0], Value):
            assert grad(x) == pytest.approx(dL_da, **EXACT)


# ------------------------------------------------------ A. logistic regression and deep networks


def test_A1_sigmoid():
    assert ag.sigmoid(0.0) == 0.5
    assert ag.sigmoid(1000.0) == 1.0
    assert ag.sigmoid(-1000.0) == 0.0
    assert ag.sigmoid(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_A2_logistic_regression_is_a_network_of_one_neuron(seed):
    X, y = two_clouds(40, seed)
    neuron = nn.Neuron(2, activation="sigmoid", rng=seed)
    history = nn.fit(neuron, X, y, loss="bce", lr=1.0, epochs=30)
    assert history.accuracy[-1] >= 0.97
    w, b = [p.data for p in neuron.w], neuron.b.data
    x = X[0]
    assert neuron(x).data == pytest.approx(1 / (1 + math.exp(-(w[0] * x[0] + w[1] * x[1] + b))))


def test_A2_points_and_decision_boundary_make_a_picture():
    pytest.importorskip("matplotlib").use("agg")
    from nn.plot import decision_boundary

    X, y = two_clouds(20, 0)
    model = nn.MLP(2, [1], rng=0)
    nn.fit(model, X, y, loss="bce_with_logits", lr=1.0, epochs=10)
    ax = decision_boundary(model, X, y)
    drawn = {tuple(point) for c in ax.collections for point in np.asarray(c.get_offsets()).tolist()}
    assert drawn >= set(map(tuple, X))


@pytest.mark.parametrize("y", [0, 1])
def test_A3_the_gradients_of_the_logistic_loss(y):
    x = [0.7, -1.3]
    neuron = nn.Neuron(2, nonlin=False, rng=1)
    z = neuron(x)
    a = z.sigmoid()
    loss = -(y * a.log() + (1 - y) * (1 - a).log())
    loss.backward()
    delta = a.data - y
    assert z.grad == pytest.approx(delta, rel=1e-14)
    assert [w.grad for w in neuron.w] == pytest.approx([xi * delta for xi in x], rel=1e-14)
    assert neuron.b.grad == pytest.approx(delta, rel=1e-14)
    dL_da, da_dz = a.grad, a.local_grads[0]  # read off the graph: a factor on each edge
    assert da_dz == pytest.approx(a.data * (1 - a.data), rel=1e-14)
    assert dL_da * da_dz == z.grad
    assert [dz_dw * z.grad for dz_dw in z.local_grads[:2]] == [w.grad for w in neuron.w]
    neuron.zero_grad()
    logit = neuron(x)
    by_logits = nn.bce_with_logits([logit], [y])
    by_logits.backward()
    assert by_logits.data == pytest.approx(loss.data, rel=1e-14)
    assert logit.grad == pytest.approx(delta, rel=1e-14)


@pytest.mark.parametrize(
    ("a", "of_class_1", "of_class_0"),  # the table of the loss
    [(0.01, 4.6052, 0.0101), (0.1, 2.3026, 0.1054), (0.5, 0.6931, 0.6931), (0.9, 0.1054, 2.3026)],
)
def test_F13_the_logistic_loss_and_its_derivative_by_the_probability(a, of_class_1, of_class_0):
    for y, expected in ((1, of_class_1), (0, of_class_0)):
        p = Value(a)
        loss = -(y * p.log() + (1 - y) * (1 - p).log())
        loss.backward()
        assert loss.data == pytest.approx(expected, abs=5e-5)
        assert p.grad == pytest.approx(-y / a + (1 - y) / (1 - a), rel=1e-14)
        assert ag.hessian(lambda p, y=y: nn.bce([p], [y]))(a) > 0  # over the probability
        assert ag.hessian(lambda z, y=y: nn.bce_with_logits([z], [y]))(a) > 0  # over the logit


def mean_loss(X, y, by_mse=False):
    """The loss of a neuron as a function of (w1, w2, b), to differentiate twice."""

    def loss(p):
        z = [p[0] * x1 + p[1] * x2 + p[2] for x1, x2 in X]
        return nn.mse(map(ag.sigmoid, z), y) if by_mse else nn.bce_with_logits(z, y)

    return loss


def test_F13_the_hessian_of_one_sample_is_a_times_1_minus_a_times_x_x_transposed():
    for p, x, y in (([2.0, -1.0, 0.0], [1.0, 2.0], 1), ([0.3, 0.8, -1.0], [-0.7, 2.5], 0)):
        with_1 = np.array([*x, 1.0])
        a = 1 / (1 + math.exp(-(with_1 @ p)))
        matrix = np.array(ag.hessian(mean_loss([x], [y]))(p))
        assert matrix == pytest.approx(a * (1 - a) * np.outer(with_1, with_1), rel=1e-13)
        eigenvalues = [0.0, 0.0, a * (1 - a) * with_1 @ with_1]  # 1.5 for the first sample
        assert np.linalg.eigvalsh(matrix) == pytest.approx(eigenvalues, abs=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_F13_no_eigenvalue_of_the_logistic_loss_is_negative_the_squared_error_has_some(seed):
    X, y = two_clouds(12, seed)
    places = np.random.default_rng(seed).normal(0, 2, (20, 3)).tolist()

    def lowest(loss):
        return [np.linalg.eigvalsh(np.array(ag.hessian(loss)(p)))[0] for p in places]

    assert min(lowest(mean_loss(X, y))) > -1e-14
    assert min(lowest(mean_loss(X, y, by_mse=True))) < -0.01


@pytest.mark.parametrize("start", [-3.0, 5.0])
def test_A4_gradient_descent(start):
    theta = Value(start)
    sgd, losses = nn.SGD([theta], lr=0.1), []
    for _ in range(50):
        loss = (theta - 1.0) ** 2 + 0.5 * ag.exp(-theta)
        sgd.zero_grad()
        loss.backward()
        losses.append(loss.data)
        before, slope = theta.data, theta.grad
        sgd.step()
        assert theta.data == before - 0.1 * slope
        assert (theta.data < before) == (slope > 0)  # against the sign of the derivative
    assert losses == sorted(losses, reverse=True)
    assert abs(slope) < 1e-3


def test_A5_the_directional_derivative_over_a_sweep_of_angles():
    def f(x, y):
        return ag.sin(x) * y + x * y**2

    at = [0.5, -1.5]
    gradient = np.array(ag.grad(f, argnums=(0, 1))(*at))
    direction = math.atan2(gradient[1], gradient[0])
    derivatives = []
    for degrees in range(360):
        phi = math.radians(degrees)
        u = [math.cos(direction + phi), math.sin(direction + phi)]
        t = Value(0.0)
        f(at[0] + t * u[0], at[1] + t * u[1]).backward()
        derivatives.append(t.grad)
        assert t.grad == pytest.approx(np.linalg.norm(gradient) * math.cos(phi), abs=1e-13)
        assert t.grad == pytest.approx(gradient @ u, abs=1e-13)
    assert min(range(360), key=derivatives.__getitem__) == 180  # steepest against the gradient


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_A6_a_network_is_affine_maps_and_activations(depth, activation):
    model = nn.MLP(3, [4] * (depth - 1) + [2], activation, rng=depth)
    x = [0.3, -0.8, 1.1]
    g = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[activation]
    a = np.array(x)
    for layer in model.layers:
        W, b = matrices(layer)
        a = (g if layer is not model.layers[-1] else np.asarray)(W @ a + b)
    assert data(model(x)) == pytest.approx(a, rel=1e-13)


@pytest.mark.parametrize("activation", SLOPE)
def test_A8_backward_through_a_layer_by_matrices(activation):
    model = nn.MLP(3, [5, 4, 2], activation, rng=1)
    x, t = [0.3, -0.8, 1.1], np.array([0.5, -1.0])
    trace = forward(model, x)
    outputs = trace[-1][2]
    nn.mse([outputs], [t]).backward()
    check_recursion(model, trace, 2 * (data(outputs) - t))


def test_A9_affine_layers_collapse_into_one():
    model = nn.MLP(2, [5, 3], "linear", rng=0)
    (W1, b1), (W2, b2) = map(matrices, model.layers)
    for x in XOR:
        assert data(model(x)) == pytest.approx(W2 @ W1 @ x + W2 @ b1 + b2, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
def test_A9_without_activations_xor_is_not_learnt_with_them_it_is(seed):
    def accuracy(activation):
        model = nn.MLP(2, [8, 1], activation, rng=seed)
        settings = {"loss": "bce_with_logits", "optimizer": "adam", "lr": 0.1, "epochs": 100}
        return max(nn.fit(model, XOR, IS_XOR, **settings).accuracy[-5:])

    assert accuracy("linear") <= 0.75
    assert accuracy("tanh") == 1.0


def test_A10_the_notebook_on_hidden_layers_has_the_playground_on_xor():
    notebook = json.loads((ROOT / "notebooks" / "6_why_hidden_layers.ipynb").read_text("utf-8"))
    bundles = [
        output["data"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "".join(output.get("data", {}).get("text/plain", "")).startswith("Playground of ")
    ]
    (bundle,) = bundles
    text = "".join(bundle["text/plain"])
    assert text == "Playground of 4 points, 2 classes: 2 -> 2 -> 1, tanh, bce_with_logits, adam"
    page = "".join(bundle["text/html"])
    assert 'sandbox="allow-scripts"' in page
    assert len(page.encode()) <= 400_000
    for choice in ("circles", "spiral", "more-layers", "relu", "loss"):  # data, depth, activation
        assert choice in page
    model = nn.MLP(2, [2, 1], "tanh", rng=1)  # where the page starts
    settings = {"optimizer": "adam", "lr": 0.1, "epochs": 100}
    assert nn.fit(model, XOR, IS_XOR, **settings).accuracy[-1] == 1.0


# ----------------------------------------------------------- B. backpropagation as an algorithm


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize(
    ("loss", "activation"), [("mse", "sigmoid"), ("bce_with_logits", "linear")]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_B1_a_single_layer_learns_by_stochastic_gradient_descent(
    seed, loss, activation, batch_size
):
    X, y = two_clouds(40, seed)
    neuron = nn.Neuron(2, activation=activation, rng=seed)
    history = nn.fit(neuron, X, y, loss=loss, batch_size=batch_size, lr=0.3, epochs=15, rng=seed)
    boundary = 0.5 if loss == "mse" else 0.0
    right = [(neuron(x).data > boundary) == t for x, t in zip(X, y, strict=True)]
    assert sum(right) >= 39
    assert history.loss[-1] < 0.5 * history.loss[0]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_B3_delta_of_the_last_layer_and_of_hidden_layers(activation):
    model = nn.MLP(2, [4, 3, 1], [activation] * 3, rng=2)
    y = 0.3
    trace = forward(model, [0.7, -1.3])
    (s,), (g,) = trace[-1][1], trace[-1][2]
    e = (g - y) ** 2 / 2
    e.backward()
    slope = SLOPE[activation]
    assert s.grad == pytest.approx((g.data - y) * slope(s.data, g.data), rel=1e-13)
    check_recursion(model, trace, np.array([g.data - y]))


def descend(f, start, step_size, tolerance, most=10_000):
    """x_k+1 = x_k - t_k grad f(x_k) until the gradient is shorter than the tolerance."""
    xs = [Value(x) for x in start]
    sgd = nn.SGD(xs, lr=1.0)
    for k in range(most):
        sgd.zero_grad()
        f(*xs).backward()
        if nn.gradient_norm(xs) < tolerance:
            return [x.data for x in xs], k
        sgd.lr = step_size(k)
        sgd.step()
    raise AssertionError("no convergence")


def kind_of(f, at):
    """What a stationary point is, by the eigenvalues of the Hessian."""
    eigenvalues = np.linalg.eigvalsh(np.array(ag.hessian(f, argnums=(0, 1))(*at)))
    if min(eigenvalues) > 0:
        return "minimum"
    return "maximum" if max(eigenvalues) < 0 else "saddle"


@pytest.mark.parametrize(
    ("f", "start", "minima"),
    [
        (lambda x, y: (x - 1) ** 2 + 2 * (y + 0.5) ** 2 + x * y, [4.0, 4.0], [(10 / 7, -6 / 7)]),
        (lambda x, y: (x**2 - 1) ** 2 + y**2, [0.3, 2.0], [(1.0, 0.0)]),
        (lambda x, y: (x**2 - 1) ** 2 + y**2, [-0.1, -2.0], [(-1.0, 0.0)]),
    ],
    ids=["convex", "non-convex, to the right", "non-convex, to the left"],
)
@pytest.mark.parametrize(
    "step_size", [lambda k: 0.1, lambda k: 0.2 / (k + 1) ** 0.25], ids=["fixed", "falling"]
)
def test_B6_gradient_descent_until_converged(f, start, minima, step_size):
    at, steps = descend(f, start, step_size, tolerance=1e-8)
    assert 1 < steps < 1000
    assert at == pytest.approx(minima[0], abs=1e-7)
    assert kind_of(f, at) == "minimum"
    assert descend(f, start, step_size, tolerance=1e-4)[1] < steps


def test_B6_stationary_points_are_told_apart_by_the_hessian():
    def f(x, y):
        return (x**2 - 1) ** 2 + y**2

    assert ag.grad(f, argnums=(0, 1))(0.0, 0.0) == (0.0, 0.0)
    assert kind_of(f, (0.0, 0.0)) == "saddle"
    assert kind_of(f, (1.0, 0.0)) == "minimum"
    assert kind_of(lambda x, y: -(x**2) - ag.cosh(y), (0.0, 0.0)) == "maximum"


def test_B6_fit_stops_on_a_tolerance():
    X, y = two_clouds(20, 0)
    settings = {"loss": "mse", "lr": 0.1, "epochs": 5000, "patience": 1}
    loose = nn.fit(nn.Neuron(2, nonlin=False, rng=0), X, y, tolerance=1e-4, **settings)
    tight = nn.fit(nn.Neuron(2, nonlin=False, rng=0), X, y, tolerance=1e-9, **settings)
    assert len(loose.loss) < len(tight.loss) < 5000
    solution = np.linalg.lstsq(np.c_[X, np.ones(20)], y, rcond=None)[1] / 20
    assert tight.loss[-1] == pytest.approx(solution[0], abs=1e-6)


# -------------------------------------------------------------- C. backpropagation step by step


def test_C1_shapes_and_parameters_of_3_5_4_2():
    model = nn.MLP(3, [5, 4, 2])
    assert [layer.shape for layer in model.layers] == [(3, 5), (5, 4), (4, 2)]
    table = str(model).splitlines()
    assert [line.split()[-1] for line in table[2:5]] == ["20", "24", "10"]
    assert [" ".join(line.split()[2:5]) for line in table[2:5]] == ["3 -> 5", "5 -> 4", "4 -> 2"]
    assert table[-1].split() == ["total", "54"]


def test_C1_43_weights_without_biases_stored_input_x_output_and_the_notation_with_U():
    model = nn.MLP(3, [5, 4, 2], "tanh", bias=False, rng=0)
    assert len(model.parameters()) == 43
    Ws = [np.array(layer.W.data) for layer in model.layers]  # output x input
    Us = [W.T for W in Ws]  # input x output
    assert [W.shape for W in Ws] == [(5, 3), (4, 5), (2, 4)]
    assert [U.shape for U in Us] == [(3, 5), (5, 4), (4, 2)]
    x = np.array([0.3, -0.8, 1.1])
    y = Us[2].T @ np.tanh(Us[1].T @ np.tanh(Us[0].T @ x))
    assert data(model(x)) == pytest.approx(y, rel=1e-13)


@pytest.mark.parametrize("seed", SEEDS)
def test_C2_softmax_output_for_classification(seed):
    rng = random.Random(seed)
    y = [i % 3 for i in range(30)]
    X = [[rng.gauss(3.0 * (t == k), 0.5) for k in range(2)] for t in y]
    model = nn.MLP(2, [6, 3], "tanh", rng=seed)
    history = nn.fit(model, X, y, loss="cross_entropy", optimizer="adam", lr=0.1, epochs=40)
    assert history.accuracy[-1] >= 0.95
    probabilities = [p.data for p in ag.softmax(model([3.0, 0.0]))]
    assert sum(probabilities) == pytest.approx(1.0, rel=1e-14)
    assert min(probabilities) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_C2_linear_output_for_regression(seed):
    X = [[i / 10 - 1] for i in range(21)]
    y = [x * x for (x,) in X]
    model = nn.MLP(1, [8, 1], "tanh", rng=seed)
    history = nn.fit(model, X, y, loss="mse", optimizer="adam", lr=0.05, epochs=200)
    assert history.loss[-1] < 0.005
    assert model.layers[-1].activation == "linear"


def test_C3_E2_mean_squared_norms_and_both_cross_entropies_as_sums_and_means():
    T = np.array([[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0]])
    O = np.array([[0.5, 0.5], [0.0, 1.0], [1.0, -1.0]])  # noqa: E741  # the matrix of outputs
    norms = np.sum((O - T) ** 2, axis=1)
    assert nn.mse(O, T) == pytest.approx(norms.mean(), rel=1e-14)
    assert nn.mse(O, T, reduction="sum") == pytest.approx(norms.sum(), rel=1e-14)
    p, y = np.array([0.9, 0.2, 0.6]), np.array([1, 0, 0])
    terms = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert nn.bce(p, y) == pytest.approx(terms.mean(), rel=1e-14)
    assert nn.bce(p, y, reduction="sum") == pytest.approx(terms.sum(), rel=1e-14)
    one_hot = np.eye(2)[[0, 1, 1]]
    log_p = O - np.log(np.exp(O).sum(axis=1, keepdims=True))
    terms = -(one_hot * log_p).sum(axis=1)
    for targets in (one_hot, [0, 1, 1]):
        assert nn.cross_entropy(O, targets) == pytest.approx(terms.mean(), rel=1e-14)
        total = nn.cross_entropy(O, targets, reduction="sum")
        assert total == pytest.approx(terms.sum(), rel=1e-14)


# -------------------------------------------------------------------- D. deep feedforward networks


@pytest.mark.parametrize("seed", SEEDS)
def test_D1_xor_is_learnt(seed):
    model = nn.MLP(2, [16, 1], rng=seed)
    history = nn.fit(model, XOR, IS_XOR, optimizer="adam", lr=0.1, epochs=100)
    assert history.accuracy[-1] == 1.0
    assert [model(x).data > 0 for x in XOR] == [False, True, True, False]


def test_F11_a_linear_model_answers_a_half_four_times():
    model = nn.MLP(2, [1], rng=0)
    nn.fit(model, XOR, IS_XOR, loss="mse", lr=0.3, epochs=300)
    assert [model(x).data for x in XOR] == pytest.approx([0.5] * 4, abs=1e-9)
    A = np.c_[XOR, np.ones(4)]  # least squares in closed form
    assert np.linalg.lstsq(A, IS_XOR, rcond=None)[0] == pytest.approx([0, 0, 0.5], abs=1e-12)


def test_F11_xor_by_hand_and_the_space_in_which_it_is_linear():
    pytest.importorskip("matplotlib").use("agg")
    book = nn.MLP(2, [2, 1], "relu")
    hidden, last = book.layers
    hidden.set([[1, 1], [1, 1]], [0, -1])
    last.set([[1, -2]], [0])
    points = [tuple(h.data for h in hidden(x)) for x in XOR]
    assert points == [(0, 0), (1, 0), (1, 0), (2, 1)]
    assert [book(x).data for x in XOR] == IS_XOR
    last.set([[1, -2]], [-0.5])  # the boundary, where a score is 0, goes between 0 and 1
    assert [last(h).data > 0 for h in points] == [False, True, True, False]
    ax = nn.plot.hidden_space(book, XOR, IS_XOR)
    named = {text.get_text() for text in ax.texts}
    assert {"(0, 0)", "(0, 1) and (1, 0)", "(1, 1)"} <= named
    drawn = {tuple(point) for c in ax.collections for point in np.asarray(c.get_offsets()).tolist()}
    assert drawn >= set(points)


def skewed(seed, n=51):
    """For x = 0 and x = 1, n targets each with noise of an exponential distribution."""
    rng = random.Random(seed)
    X = [[float(i % 2)] for i in range(2 * n)]
    y = [2 * x + rng.expovariate(1.0) for (x,) in X]
    return X, y, [[t for (x,), t in zip(X, y, strict=True) if x == side] for side in (0.0, 1.0)]


@pytest.mark.parametrize("seed", SEEDS)
def test_D2_squared_error_learns_the_conditional_mean(seed):
    X, y, groups = skewed(seed)
    model = nn.MLP(1, [1], rng=seed)
    nn.fit(model, X, y, loss="mse", lr=0.3, epochs=200)
    for x, group in zip((0.0, 1.0), groups, strict=True):
        assert model([x]).data == pytest.approx(np.mean(group), abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_D3_absolute_error_learns_the_conditional_median(seed):
    X, y, groups = skewed(seed)
    model = nn.MLP(1, [1], rng=seed)
    nn.fit(model, X, y, loss="mae", lr=0.5, schedule="linear", epochs=200)
    nn.fit(model, X, y, loss="mae", lr=0.05, schedule=nn.schedules.linear(200, 0.01), epochs=200)
    for x, group in zip((0.0, 1.0), groups, strict=True):
        assert model([x]).data == pytest.approx(np.median(group), abs=0.03)
        assert abs(np.mean(group) - np.median(group)) > 0.1  # the noise is skewed


def test_D2_D3_the_likelihoods_of_gauss_and_laplace_are_those_losses():
    m, t = [0.3, -1.0, 2.0], [1.0, -1.5, 0.0]
    gauss = math.fsum(-math.log(math.exp(-((a - b) ** 2) / 2) / math.sqrt(2 * math.pi))
                      for a, b in zip(m, t, strict=True))  # fmt: skip
    laplace = math.fsum(-math.log(math.exp(-abs(a - b)) / 2) for a, b in zip(m, t, strict=True))
    constant = 1.5 * math.log(2 * math.pi)
    assert nn.gaussian_nll(m, t, "sum") == pytest.approx(gauss, rel=1e-14)
    assert nn.mse(m, t, "sum") / 2 + constant == pytest.approx(gauss, rel=1e-14)
    assert nn.laplace_nll(m, t, "sum") == pytest.approx(laplace, rel=1e-14)
    assert nn.mae(m, t, "sum") + 3 * math.log(2) == pytest.approx(laplace, rel=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_D2_a_gaussian_output_learns_mean_and_variance(seed):
    X, y, groups = skewed(seed)
    model = nn.MLP(1, [2], rng=seed)
    nn.fit(model, X, y, loss="gaussian_nll", optimizer="adam", lr=0.1, epochs=300)
    for x, group in zip((0.0, 1.0), groups, strict=True):
        mean, log_variance = model([x])
        assert mean.data == pytest.approx(np.mean(group), abs=0.02)
        assert log_variance.exp().data == pytest.approx(np.var(group), rel=0.05)


@pytest.mark.parametrize("z", [-3.0, -0.5, 1.5, 4.0])
def test_D4_a_clipped_linear_unit_has_no_gradient_outside_0_and_1_sigmoid_with_nll_has(z):
    y = 1 if z < 0 else 0  # the wrong side
    logit = Value(z)
    nn.bce([ag.maximum(0.0, ag.minimum(1.0, logit))], [y]).backward()
    assert logit.grad == 0.0
    logit = Value(z)
    loss = nn.bce_with_logits([logit], [y])
    loss.backward()
    assert loss.data == pytest.approx(ag.softplus((1 - 2 * y) * z), rel=1e-15)
    assert abs(logit.grad) > 0.5


@pytest.mark.parametrize("z", [1000.0, -1000.0])
def test_D4_the_loss_from_logits_is_stable(z):
    for y in (0, 1):
        logit = Value(z)
        loss = nn.bce_with_logits([logit], [y])
        loss.backward()
        assert loss.data == max((1 - 2 * y) * z, 0.0)
        assert logit.grad == (z > 0) - y


def test_D5_sigmoid_saturates_with_squared_error_but_not_with_nll():
    for z in np.linspace(-12, 12, 49):
        squared, nll = Value(z), Value(z)
        nn.mse([squared.sigmoid()], [1.0]).backward()
        nn.bce_with_logits([nll], [1]).backward()
        a = 1 / (1 + math.exp(-z))
        assert squared.grad == pytest.approx(2 * (a - 1) * a * (1 - a), rel=1e-9)
        assert nll.grad == pytest.approx(a - 1, rel=1e-9)
        if z < -8:  # badly wrong
            assert abs(squared.grad) < 1e-3
            assert abs(nll.grad) > 0.999


def test_D6_softmax_with_nll():
    z, y = [0.3, -1.2, 2.0], 1
    expected = math.log(sum(map(math.exp, z))) - z[y]
    assert nn.cross_entropy([z], [y]) == pytest.approx(expected, rel=1e-14)
    assert nn.nll([ag.log_softmax(z)], [y]) == pytest.approx(expected, rel=1e-14)
    for shift in (-50.0, 3.5, 1e3):
        shifted = [x + shift for x in z]
        assert ag.softmax(shifted) == pytest.approx(ag.softmax(z), rel=1e-12)
        assert nn.cross_entropy([shifted], [y]) == pytest.approx(expected, rel=1e-12)
    for x in (-1000.0, -2.0, 0.7, 1000.0):  # with one logit 0 it is the sigmoid
        assert ag.softmax([x, 0.0])[0] == pytest.approx(ag.sigmoid(x), rel=1e-14)
        ce, bce = nn.cross_entropy([[0.0, x]], [1]), nn.bce_with_logits([x], [1])
        assert ce == pytest.approx(bce, rel=1e-14)
    assert ag.softmax([1000.0, -1000.0]) == [1.0, 0.0]
    assert nn.cross_entropy([[1000.0, -1000.0]], [1]) == 2000.0


@pytest.mark.parametrize("seed", SEEDS)
def test_D7_outputs_approach_relative_frequencies(seed):
    X, y = [[1.0]] * 10 + [[-1.0]] * 10, [1] * 7 + [0] * 3 + [1] * 2 + [0] * 8
    model = nn.MLP(1, [4, 1], "tanh", rng=seed)
    nn.fit(model, X, y, loss="bce_with_logits", optimizer="adam", lr=0.1, epochs=150)
    assert model([1.0]).sigmoid().data == pytest.approx(0.7, abs=1e-3)
    assert model([-1.0]).sigmoid().data == pytest.approx(0.2, abs=1e-3)
    model = nn.MLP(1, [4, 2], "tanh", rng=seed)
    nn.fit(model, X[:10], y[:10], loss="cross_entropy", optimizer="adam", lr=0.1, epochs=150)
    assert ag.softmax(model([1.0]))[1].data == pytest.approx(0.7, abs=1e-3)


HIDDEN = {
    name: lambda seed, name=name: nn.MLP(2, [16, 1], name, rng=seed)
    for name in ("relu", "leaky_relu", "abs", "tanh", "sigmoid", "silu", "gelu", "softplus")
} | {
    "maxout": lambda seed: nn.Sequential(
        nn.Maxout(2, 16, 2, rng=seed), nn.Layer(16, 1, "linear", rng=seed)
    )
}


@pytest.mark.parametrize("unit", HIDDEN)
@pytest.mark.parametrize("seed", SEEDS)
def test_D8_each_hidden_unit_trains(seed, unit):
    model = HIDDEN[unit](seed)
    history = nn.fit(model, XOR, IS_XOR, optimizer="adam", lr=0.1, epochs=150)
    assert history.accuracy[-1] == 1.0
    assert history.loss[-1] < 0.2


@pytest.mark.parametrize(
    ("activation", "slopes"),
    [("relu", (1.0, 0.0)), ("leaky_relu", (1.0, 0.01)), ("abs", (1.0, -1.0))],
)
def test_D8_maxout_reproduces_piecewise_linear_units(activation, slopes):
    unit = nn.Maxout(1, 1, 2, init="zeros")
    for piece, slope in zip(unit.units[0], slopes, strict=True):
        piece.w[0].data = slope
    g = getattr(ag, activation)
    for x in (-1e6, -2.5, -1e-9, 0.0, 1e-9, 0.3, 7.0, 1e6):
        assert unit([x]).data == g(x)


@pytest.mark.parametrize("slope", [0.01, 0.3])
def test_D8_the_slope_of_leaky_relu_is_0_01_unless_given(slope):
    assert ag.leaky_relu(-2.0, slope) == -2.0 * slope
    assert ag.leaky_relu(-2.0) == -0.02


def layer_norms(activation, init, depth, seed):
    """The norm of the gradient in each layer of a deep network, first to last."""
    model = nn.MLP(2, [16] * depth + [1], activation, init=init, rng=seed)
    X, y = two_clouds(8, seed)
    nn.bce_with_logits([model(x) for x in X], y).backward()
    return [nn.gradient_norm(layer.parameters()) for layer in model.layers]


@pytest.mark.parametrize("seed", SEEDS)
def test_D9_linear_pieces_keep_gradients_alive_and_saturating_units_lose_them(seed):
    def kept(activation, init, depth):
        norms = layer_norms(activation, init, depth, seed)
        return norms[0] / norms[-1]

    sigmoid = [kept("sigmoid", "xavier", depth) for depth in (2, 4, 8)]
    assert sigmoid[0] > sigmoid[1] > sigmoid[2]
    assert sigmoid[2] < 1e-3
    for activation in ("relu", "leaky_relu", "abs"):
        assert kept(activation, "he", 8) > max(0.1, 100 * sigmoid[2])


def relu_network(seed, nin=3, hidden=5, classes=4):
    """W1 and W2 of U = max(0, X W1) W2, as Values."""
    rng = random.Random(seed)
    W1 = [[Value(rng.uniform(-1, 1)) for _ in range(hidden)] for _ in range(nin)]
    W2 = [[Value(rng.uniform(-1, 1)) for _ in range(classes)] for _ in range(hidden)]
    return W1, W2


def flat(W):
    return [w for row in W for w in row]


def test_D13_gradients_of_a_minibatch_with_weight_decay():
    rng, lam = np.random.default_rng(0), 0.01
    X, y = rng.normal(size=(6, 3)), [0, 3, 1, 2, 1, 0]
    V1, V2 = relu_network(0)
    U = [[ag.dot(h, w) for w in zip(*V2, strict=True)]
         for h in [[ag.relu(ag.dot(x, w)) for w in zip(*V1, strict=True)] for x in X]]  # fmt: skip
    J = nn.cross_entropy(U, y) + lam * (nn.l2(flat(V1)) + nn.l2(flat(V2)))
    J.backward()
    W1, W2 = (np.array([[w.data for w in row] for row in V]) for V in (V1, V2))
    H = np.maximum(0, X @ W1)
    P = np.exp(H @ W2)
    P /= P.sum(axis=1, keepdims=True)
    G = (P - np.eye(4)[y]) / 6
    loss = -np.log(P[range(6), y]).mean() + lam * ((W1**2).sum() + (W2**2).sum())
    assert J.data == pytest.approx(loss, rel=1e-13)
    assert grad(flat(V2)) == pytest.approx((H.T @ G + 2 * lam * W2).ravel(), **EXACT)
    dH = (G @ W2.T) * (X @ W1 > 0)
    assert grad(flat(V1)) == pytest.approx((X.T @ dH + 2 * lam * W1).ravel(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_D13_minibatches_with_weight_decay_learn(seed):
    X, y = two_clouds(48, seed)

    def run(decay):
        model = nn.MLP(2, [8, 2], rng=seed)
        settings = {"loss": "cross_entropy", "batch_size": 12, "lr": 0.3, "epochs": 15}
        history = nn.fit(model, X, y, l2=decay, rng=seed, **settings)
        return history.accuracy[-1], nn.l2(model.parameters()).data

    (accuracy, size), (_, without) = run(0.01), run(0.0)
    assert accuracy >= 0.97
    assert size < without


# --------------------------------------------------------------------- E. feed-forward networks


def test_E1_the_two_layer_network_with_its_bias_as_a_unit():
    model = nn.MLP(3, [4, 2], ["tanh", "sigmoid"], rng=3)
    x = [0.3, -0.8, 1.1]
    (W1, b1), (W2, b2) = map(matrices, model.layers)
    W1, W2 = np.c_[b1, W1], np.c_[b2, W2]  # the weight of x_0 = 1 is the bias
    z = np.tanh(W1 @ [1.0, *x])
    y = 1 / (1 + np.exp(-(W2 @ [1.0, *z])))
    assert data(model(x)) == pytest.approx(y, rel=1e-14)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_E3_the_gradient_of_a_weight_is_delta_times_the_stored_activation(output):
    model = nn.MLP(2, [3, 2], ["tanh", output], rng=4)
    trace = forward(model, [0.7, -1.3])
    t = np.array([0.2, 0.9])
    (_, _, zs), (_, s, ys) = trace
    (nn.mse([ys], [t]) / 2).backward()
    delta = (data(ys) - t) * SLOPE[output](data(s), data(ys))
    dW, _ = gradients(model.layers[1])
    assert dW == pytest.approx(np.outer(delta, data(zs)), **EXACT)
    check_recursion(model, trace, data(ys) - t)


@pytest.mark.parametrize("activation", SLOPE)
def test_E4_the_key_recursion_in_every_layer_of_a_deep_network(activation):
    model = nn.MLP(2, [5, 4, 6, 3, 4, 1], activation, rng=5)
    trace = forward(model, [0.7, -1.3])
    (z,) = trace[-1][2]
    nn.bce_with_logits([z], [1]).backward()
    check_recursion(model, trace, np.array([1 / (1 + math.exp(-z.data)) - 1]))


def test_E5_bce_is_the_negative_log_likelihood_of_a_bernoulli():
    z, y = [0.3, -1.2, 2.0, 0.0], [1, 1, 0, 1]
    likelihood = math.prod(
        ag.sigmoid(zi) ** yi * (1 - ag.sigmoid(zi)) ** (1 - yi) for zi, yi in zip(z, y, strict=True)
    )
    total = nn.bce_with_logits(z, y, reduction="sum")
    assert total == pytest.approx(-math.log(likelihood), rel=1e-13)
    assert nn.bce([ag.sigmoid(x) for x in z], y, reduction="sum") == pytest.approx(total, rel=1e-13)


@pytest.mark.parametrize("ones", [1, 4, 7])
def test_E5_minimizing_it_is_maximum_likelihood(ones):
    bias, y = Value(0.0), [1] * ones + [0] * (10 - ones)
    sgd = nn.SGD([bias], lr=2.0)
    for _ in range(200):
        sgd.zero_grad()
        nn.bce_with_logits([bias] * 10, y).backward()
        sgd.step()
    assert ag.sigmoid(bias.data) == pytest.approx(ones / 10, rel=1e-9)  # the relative frequency

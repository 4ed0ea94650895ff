"""Optimizers and schedules: PyTorch's numbers, and what they refuse."""

import json
import math

import pytest

import nn
from autograd import Value, cosh
from nn import optimizers
from nn.schedules import SCHEDULES

# x after 100 steps from `START` on `objective`, by torch.optim of PyTorch 2.13 in float64: the loop
# of `by_pytorch` below, which compares anew where PyTorch is installed.
START = [1.0, -2.0, 0.5]
RECORDED = [
    ("SGD", {"lr": 0.01}, [-0.8166929952004259, -0.9439663461931976, -0.5604590621562244]),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.9},
        [-2.358155076462052, -0.4166002158807686, -0.39981592789122783],
    ),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        [-2.502661905918058, -0.3981559717539096, -0.3797899827559076],
    ),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1},
        [-1.0432298409805492, -0.8425309647544899, -0.6390642874243817],
    ),
    ("Adam", {"lr": 0.05}, [-0.9552276543458228, -1.0038508634989942, -0.7914771207869947]),
    (
        "Adam",
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
        [-1.042099791303054, -0.8558409460332888, -0.6772657012210878],
    ),
    ("AdamW", {"lr": 0.05}, [-0.9515993416098165, -0.9863018498409039, -0.77180988759381]),
    (
        "AdamW",
        {"lr": 0.05, "weight_decay": 0.3},
        [-0.616657799060367, -0.5726150231230677, -0.3462124349995926],
    ),
    ("RMSprop", {"lr": 0.01}, [-0.2911237409043803, -1.1025761868897734, -0.6274388181135109]),
    (
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "momentum": 0.5, "weight_decay": 0.1},
        [-0.664670537525633, -1.0669832693437895, -0.7838478433796011],
    ),
]


def objective(x, y, z, cosh):
    return (x * y - 1) ** 2 + cosh(y - z) + 0.1 * z**4


def after(kind, settings, steps=100, copies=1, restart_after=None):
    """The parameters after so many steps on copies of the objective, each with its three."""
    parameters = [Value(x) for _ in range(copies) for x in START]
    optimizer = getattr(nn, kind)(parameters, **settings)
    for step in range(steps):
        if step == restart_after:  # the state goes through text into another optimizer
            state = json.loads(json.dumps(optimizer.state_dict()))
            optimizer = getattr(nn, kind)(parameters, lr=123.0)
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        for i in range(0, len(parameters), 3):
            objective(*parameters[i : i + 3], cosh).backward()
        optimizer.step()
    return [p.data for p in parameters]


def by_pytorch(kind, settings):
    torch = pytest.importorskip("torch")
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, kind)([x], **settings)
    for _ in range(100):
        optimizer.zero_grad()
        objective(*x, torch.cosh).backward()
        optimizer.step()
    return x.tolist()


@pytest.mark.parametrize(("kind", "settings", "expected"), RECORDED)
def test_100_steps_equal_those_recorded_from_pytorch(kind, settings, expected):
    assert after(kind, settings) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("kind", "settings", "expected"), RECORDED)
def test_100_steps_equal_pytorch_s(kind, settings, expected):
    assert after(kind, settings) == pytest.approx(by_pytorch(kind, settings), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("kind", "settings", "expected"), RECORDED)
def test_arrays_and_numbers_step_to_the_same_bits(kind, settings, expected, monkeypatch):
    by_arrays = after(kind, settings, copies=10)
    monkeypatch.setattr(optimizers, "_numpy", lambda: None)
    assert by_arrays == after(kind, settings, copies=10) == after(kind, settings) * 10


@pytest.mark.parametrize("copies", [1, 10])
@pytest.mark.parametrize(("kind", "settings", "expected"), RECORDED)
def test_a_saved_state_goes_on_to_the_same_bits(kind, settings, expected, copies):
    restarted = after(kind, settings, steps=10, copies=copies, restart_after=5)
    assert restarted == after(kind, settings, steps=10, copies=copies)


def test_the_state_of_another_optimizer_or_model_is_refused():
    adam = nn.Adam([Value(1.0)])
    with pytest.raises(ValueError, match="not the state of Adam"):
        adam.load_state_dict(nn.SGD([Value(1.0)]).state_dict())
    with pytest.raises(ValueError, match="'mean' is of 2 parameters, the optimizer of 1"):
        adam.load_state_dict(nn.Adam([Value(1.0), Value(2.0)]).state_dict())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: nn.SGD(p, lr=0.0), ValueError, "lr must be finite and above 0, got 0"),
        (lambda p: nn.SGD(p, lr=-0.1), ValueError, "lr must be finite and above 0, got -0.1"),
        (lambda p: nn.SGD(p, lr=math.nan), ValueError, "lr must be finite and above 0, got nan"),
        (lambda p: nn.SGD(p, lr="fast"), TypeError, "lr must be a number, got 'fast'"),
        (
            lambda p: nn.SGD(p, lr=1, momentum=1.0),
            ValueError,
            "momentum must be at least 0 and below 1",
        ),
        (lambda p: nn.SGD(p, lr=1, nesterov=True), ValueError, "nesterov needs a momentum"),
        (
            lambda p: nn.Adam(p, betas=(0.9, 1.0)),
            ValueError,
            r"betas\[1\] must be at least 0 and below 1",
        ),
        (
            lambda p: nn.Adam(p, weight_decay=-1.0),
            ValueError,
            "weight_decay must be finite and at least 0",
        ),
        *[
            (
                lambda p, take=take: take(nn.MLP(2, [1])),
                TypeError,
                rf"{take.__name__} takes parameters, such as model.parameters\(\), got MLP\(nin",
            )
            for take in (nn.SGD, nn.Adam, nn.l2, nn.gradient_norm)
        ],
        *[
            (
                lambda p, take=take: take(p[0]),
                TypeError,
                rf"{take.__name__} takes parameters, .* got Value\(.*; a single one goes into a l",
            )
            for take in (nn.SGD, nn.AdamW, nn.l2, nn.gradient_norm)
        ],
        (lambda p: nn.Adam(p, betas=0.9), TypeError, r"betas must be two numbers, .*, got 0.9"),
        (
            lambda p: nn.Adam(p, betas=(0.9,)),
            TypeError,
            r"betas must be two numbers, .* got \(0.9,\)",
        ),
        (
            lambda p: nn.SGD(p).load_state_dict(None),
            TypeError,
            r"load_state_dict takes a state_dict\(\), got None",
        ),
        (lambda p: nn.SGD(["w"]), TypeError, "parameters, which are Values, got 'w'"),
        (lambda p: nn.clip_gradients(nn.MLP(2, [1]), 1), TypeError, "clip_gradients takes param"),
        (lambda p: nn.SGD([], lr=1.0), ValueError, "SGD got no parameters"),
        (
            lambda p: nn.SGD([*p, *p], lr=1.0),
            ValueError,
            "SGD got a parameter twice: Value",
        ),
        (lambda p: nn.Adam([p[0] * 2]), ValueError, "takes leaves, got .*, which is computed"),
        (lambda p: nn.SGD([0.5], lr=1.0), TypeError, "parameters, which are Values, got 0.5"),
        (
            lambda p: nn.clip_gradients(p, 0.0),
            ValueError,
            "max_norm must be finite and above 0, got 0",
        ),
    ],
)
def test_what_an_optimizer_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make([Value(1.0)])


@pytest.mark.parametrize("max_norm", [1.0, 12.0, 14.0])
def test_clipping_equals_pytorch_s(max_norm):
    torch = pytest.importorskip("torch")
    grads = [3.0, -4.0, 12.0]
    ours, theirs = [Value(0.0) for _ in grads], torch.zeros(3, dtype=torch.float64)
    for p, g in zip(ours, grads, strict=True):
        p.grad = g
    theirs.grad = torch.tensor(grads, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([theirs], max_norm)
    assert nn.clip_gradients(ours, max_norm) == norm == 13.0
    assert [p.grad for p in ours] == pytest.approx(theirs.grad.tolist(), rel=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_starts_at_1_never_rises_and_ends_at_its_last_epoch(name):
    schedule = SCHEDULES[name](100)
    factors = [schedule(k) for k in range(101)]
    assert factors[0] == 1.0
    assert factors == sorted(factors, reverse=True)
    assert all(factor >= 0 for factor in factors)
    assert schedule(1000) == factors[-1]


def test_schedules_by_their_formulas():
    assert [nn.schedules.linear(100)(k) for k in range(100)] == pytest.approx(
        [1.0 - 0.9 * k / 100 for k in range(100)], rel=1e-15
    )
    cosine = nn.schedules.cosine(8, end=0.2)
    assert [cosine(k) for k in (0, 4, 8)] == pytest.approx([1.0, 0.6, 0.2], rel=1e-15)
    assert [nn.schedules.cosine(8)(k) for k in (0, 4, 8, 9)] == pytest.approx(
        [1.0, 0.5, 0.0, 0.0], abs=1e-15
    )
    assert nn.schedules.constant()(7) == 1.0
    thirds = nn.schedules.step(90)
    assert [thirds(k) for k in (29, 30, 59, 60, 89, 90)] == [1.0, 0.1, 0.1, *[0.1**2] * 3]
    steps = nn.schedules.step(10, steps=2, factor=0.5)
    assert [steps(k) for k in (0, 4, 5, 9, 10)] == [1.0, 1.0, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("epochs", [0, -1, "a", 2.5])
def test_a_schedule_of_no_epochs_is_refused_when_it_is_made(name, epochs):
    with pytest.raises((TypeError, ValueError), match="epochs must be"):
        SCHEDULES[name](epochs)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda s: s.linear(10, end="low"), TypeError, "end must be a number, got 'low'"),
        (
            lambda s: s.cosine(10, end=-0.1),
            ValueError,
            "end must be finite and at least 0, got -0.1",
        ),
        (lambda s: s.step(10, factor=None), TypeError, "factor must be a number, got None"),
        (
            lambda s: s.step(10, factor=-1),
            ValueError,
            "factor must be finite and at least 0, got -1",
        ),
        (lambda s: s.step(10, steps=0), ValueError, "steps must be at least 1, got 0"),
        (lambda s: s.step(10, steps=1.5), TypeError, "steps must be a whole number, got 1.5"),
        (lambda s: s.linear(10)("2"), TypeError, "the epoch must be a number, got '2'"),
        (lambda s: s.cosine(10)(None), TypeError, "the epoch must be a number, got None"),
        (lambda s: s.step(10)(-1), ValueError, "the epoch must be finite and at least 0, got -1"),
    ],
)
def test_a_schedule_names_its_wrong_argument(make, error, message):
    with pytest.raises(error, match=message):
        make(nn.schedules)


def test_the_arguments_of_a_schedule_may_be_at_their_limits():
    assert nn.schedules.step(10, factor=0)(9) == 0.0
    assert nn.schedules.step(1, steps=1)(0) == 1.0
    assert nn.schedules.linear(1, end=0)(1) == 0.0
    assert nn.schedules.cosine(2, end=1)(1) == 1.0


class HalfStep(nn.SGD):
    """Somebody's own optimizer, which must keep its formula."""

    def update(self, theta, grad, *memory):
        return theta - 0.5 * self.lr * grad, *memory


@pytest.mark.parametrize("kind", [nn.SGD, HalfStep])
@pytest.mark.parametrize("count", [3, 40])
def test_gradient_descent_on_arrays_is_that_on_numbers(kind, count, recwarn):
    np = pytest.importorskip("numpy")
    rng = np.random.default_rng(0)
    theta, grad = rng.normal(size=count), rng.normal(size=count)
    theta[0], grad[0] = -1.7e308, 1.7e308  # the step overflows, without a warning
    before = theta.copy(), grad.copy()
    on_numbers, on_arrays = (kind([Value(x) for x in theta], lr=0.3) for _ in range(2))
    expected = on_numbers.advance(theta.tolist(), grad.tolist())
    assert on_arrays.advance(theta, grad).tolist() == expected
    assert expected[0] == -math.inf
    assert expected[1] == theta[1] - (0.3 if kind is nn.SGD else 0.15) * grad[1]
    assert (theta == before[0]).all()
    assert (grad == before[1]).all()
    assert on_arrays.steps == 1
    assert not recwarn.list


class WithNote(nn.Adam):
    """Somebody's own optimizer, with a setting more."""

    is_formula = True
    note: object = None


@pytest.mark.parametrize("note", [{}, [[1.0]], {1.0}])
def test_a_setting_that_is_no_number_makes_no_formula(note):
    optimizer = WithNote([Value(1.0)])
    assert optimizer.formula() is not None
    optimizer.note = note
    assert optimizer.formula() is None
    optimizer.note, optimizer.steps = None, -1
    assert optimizer.formula() is None


def test_a_formula_writes_the_settings_of_the_next_step_unless_it_is_another():
    optimizer = WithNote([Value(1.0)], lr=0.1)
    formula, settings = optimizer.formula(), [0.0] * 5
    assert formula.settings == [1, 0.1, 0.9, 0.999, 1e-8]
    optimizer.steps, optimizer.lr = 6, 0.2
    assert formula.write_settings(settings)
    assert settings == [7, 0.2, 0.0, 0.0, 0.0]
    for name, value in [("betas", (0.8, 0.999)), ("weight_decay", 0.1), ("lr", 0.0), ("note", 1)]:
        before = optimizer.__dict__.copy()
        setattr(optimizer, name, value)
        assert not formula.write_settings(settings)
        optimizer.__dict__ = before
        assert formula.write_settings(settings)


def test_a_list_among_the_settings_is_compared_by_its_numbers():
    optimizer = nn.Adam([Value(1.0)])
    optimizer.betas = [0.9, 0.999]
    formula = optimizer.formula()
    assert formula.write_settings([0.0, 0.0])
    optimizer.betas[0] = 0.8
    assert not formula.write_settings([0.0, 0.0])


def test_a_formula_with_nothing_in_place_of_a_number_is_another_one():
    kinds = set()
    for note in (None, 0, 1.0, 2, "a", True):
        optimizer = WithNote([Value(1.0)])
        optimizer.note = note
        kinds.add(optimizer.formula().kind)
    assert len(kinds) == 5  # 1.0 and 2 are the same

"""Losses: their formulas, stability, gradients, and what they refuse."""

import copy
import inspect
import math
import pickle

import pytest

import nn
from autograd import Value, gradcheck, log_softmax, sigmoid, softmax
from autograd import compile as compile_
from nn.losses import LOSSES

# of each loss: outputs and targets of some samples, and the loss of each sample by its formula
LOG_2PI = math.log(2 * math.pi)
CASES = {
    "mse": [
        ([1.0, 3.0], [1.5, 1.0], [0.25, 4.0]),
        ([[1.0, 2.0], [0.0, -1.0]], [[0.0, 4.0], [0.0, 0.5]], [5.0, 2.25]),
    ],
    "mae": [
        ([1.0, 3.0], [1.5, 1.0], [0.5, 2.0]),
        ([[1.0, 2.0], [0.1, -1.0]], [[0.0, 4.0], [0.6, 0.5]], [3.0, 2.0]),
    ],
    "gaussian_nll": [
        ([1.0, 3.0], [1.5, 1.0], [0.125 + LOG_2PI / 2, 2.0 + LOG_2PI / 2]),
        ([[1.0, math.log(4.0)]], [3.0], [(math.log(4.0) + 1.0 + LOG_2PI) / 2]),
        ([[1.0, 2.0, 0.0, math.log(4.0)]], [[2.0, 4.0]], [(2 + math.log(4.0) + 2 * LOG_2PI) / 2]),
    ],
    "laplace_nll": [
        ([1.0, 3.0], [1.5, 1.0], [0.5 + math.log(2), 2.0 + math.log(2)]),
        ([[1.0, math.log(4.0)]], [3.0], [math.log(4.0) + 0.5 + math.log(2)]),
    ],
    "poisson_nll": [
        ([0.0, 1.0], [0.0, 3.0], [1.0, math.e - 3.0]),
        ([[0.5, -2.0]], [[1.5, 0.0]], [math.exp(0.5) - 0.75 + math.exp(-2.0)]),
    ],
    "bce": [
        ([0.25, 0.9], [1, 0], [-math.log(0.25), -math.log(0.1)]),
        ([0.3], [0.6], [-0.6 * math.log(0.3) - 0.4 * math.log(0.7)]),
        ([[0.25, 0.9]], [[1, 0]], [-math.log(0.25) - math.log(0.1)]),
    ],
    "bce_with_logits": [
        ([2.0, -0.5], [1, 0], [math.log1p(math.exp(-2.0)), math.log1p(math.exp(-0.5))]),
        ([0.7], [0.6], [0.6 * math.log1p(math.exp(-0.7)) + 0.4 * math.log1p(math.exp(0.7))]),
        ([[2.0, -2.0]], [[1, 0]], [2 * math.log1p(math.exp(-2.0))]),
    ],
    "cross_entropy": [
        ([[0.0, math.log(3.0)]], [1], [math.log(4.0 / 3.0)]),
        ([[0.0, math.log(3.0)]], [[0, 1]], [math.log(4.0 / 3.0)]),
        ([[0.0, math.log(3.0)]], [[0.5, 0.5]], [math.log(4.0) - math.log(3.0) / 2]),
    ],
    "nll": [
        ([[-0.5, -0.9], [-3.0, -0.1]], [1, 0], [0.9, 3.0]),
        ([[-0.5, -0.9]], [[0.25, 0.75]], [0.8]),
    ],
    "hinge": [
        ([0.25, -3.0, 2.0], [1, -1, -1], [0.75, 0.0, 3.0]),
        ([[2.0, 1.5, -1.0], [0.0, 0.25, 3.0]], [0, 1], [0.5, 0.75 + 3.75]),
        ([[2.0, 1.5, -1.0]], [[1, 0, 0]], [0.5]),
    ],
}
EACH = [(name, *case) for name in LOSSES for case in CASES[name]]


def values_of(outputs):
    return [[Value(x) for x in o] if isinstance(o, list) else Value(o) for o in outputs]


def flat(outputs):
    return [x for o in outputs for x in (o if isinstance(o, list) else [o])]


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), EACH)
def test_the_formula_reduced_by_mean_and_sum_of_numbers_and_values(
    name, outputs, targets, expected
):
    loss = LOSSES[name]
    total = loss(outputs, targets, reduction="sum")
    assert total == pytest.approx(math.fsum(expected), rel=1e-14)
    assert loss(outputs, targets) == pytest.approx(math.fsum(expected) / len(expected), rel=1e-14)
    graph = loss(values_of(outputs), targets, reduction="sum")
    assert isinstance(graph, Value)
    assert graph.data == total
    classes = isinstance(outputs[0], list) and isinstance(targets[0], int)
    if not classes:  # targets are data as outputs are, which is what compiling a loss needs
        both = loss(values_of(outputs), values_of(targets), reduction="sum")
        assert both.data == pytest.approx(total, rel=1e-15)


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), EACH)
def test_the_gradient_is_right_to_second_order(name, outputs, targets, expected):
    values = values_of(outputs)
    report = gradcheck(lambda *_: LOSSES[name](values, targets), *flat(values), order=2)
    assert {row.verdict for row in report} == {"ok"}, report


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), EACH)
def test_arrays_are_taken_as_lists(name, outputs, targets, expected):
    np = pytest.importorskip("numpy")
    loss = LOSSES[name]
    assert loss(np.array(outputs), np.array(targets)) == loss(outputs, targets)


@pytest.mark.parametrize("z", [1000.0, -1000.0])
@pytest.mark.parametrize("t", [0, 1])
def test_bce_with_logits_is_exact_far_out(z, t):
    logit = Value(z)
    loss = nn.bce_with_logits([logit], [t])
    loss.backward()
    wrong = (z > 0) != (t == 1)
    assert loss.data == (1000.0 if wrong else 0.0)
    assert logit.grad == pytest.approx((1 if z > 0 else 0) - t, abs=1e-300)


def test_bce_with_logits_keeps_its_tail():
    assert nn.bce_with_logits([40.0], [1]) == pytest.approx(math.exp(-40.0), rel=1e-15)
    assert nn.bce_with_logits([-40.0], [0]) == pytest.approx(math.exp(-40.0), rel=1e-15)


@pytest.mark.parametrize("target", [0, 1, [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
def test_cross_entropy_is_exact_far_out(target):
    z = [Value(1000.0), Value(-1000.0)]
    p = target if isinstance(target, list) else [1.0 - target, 1.0 * target]
    loss = nn.cross_entropy([z], [target])
    loss.backward()
    assert loss.data == 2000.0 * p[1]
    assert [x.grad for x in z] == [1.0 - p[0], -p[1]]


@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("t", [0, 1])
def test_bce_of_a_certain_answer_is_0_or_bounded_as_in_pytorch(p, t):
    output = Value(p)
    loss = nn.bce([output], [t])
    loss.backward()
    assert loss.data == pytest.approx(0.0 if p == t else 100.0, rel=1e-15)
    assert math.isfinite(output.grad)


def test_losses_equal_each_other_where_their_formulas_meet():
    z, t = [0.3, -1.7, 4.0], [1, 0, 1]
    assert nn.bce_with_logits(z, t) == pytest.approx(nn.bce(map(sigmoid, z), t), rel=1e-14)
    zs = [[0.3, -1.7, 4.0], [1.0, 1.0, 0.0]]
    ce = nn.cross_entropy(zs, [1, 2])
    assert ce == pytest.approx(nn.nll(map(log_softmax, zs), [1, 2]), rel=1e-14)
    by_hand = -math.fsum(math.log(softmax(z)[y]) for z, y in zip(zs, [1, 2], strict=True)) / 2
    assert ce == pytest.approx(by_hand, rel=1e-14)


@pytest.mark.parametrize(
    "name", ["bce", "bce_with_logits", "cross_entropy", "gaussian_nll", "poisson_nll"]
)
def test_the_loss_equals_pytorch_s(name):
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    theirs = {
        "bce": f.binary_cross_entropy,
        "bce_with_logits": f.binary_cross_entropy_with_logits,
        "cross_entropy": f.cross_entropy,
        "gaussian_nll": lambda o, t: f.gaussian_nll_loss(
            o[:, 0], t, o[:, 1].exp(), full=True, eps=1e-300
        ),
        "poisson_nll": lambda o, t: f.poisson_nll_loss(o, t, log_input=True, full=False),
    }[name]
    for outputs, targets, _ in CASES[name]:
        flat_outputs = isinstance(outputs[0], float)
        if name == "gaussian_nll" and (flat_outputs or len(outputs[0]) != 2):
            continue
        if name in ("bce", "bce_with_logits", "poisson_nll") and not flat_outputs:
            continue  # PyTorch takes the mean over the outputs too
        kind = torch.long if isinstance(targets[0], int) and not flat_outputs else torch.float64
        t = torch.tensor(targets, dtype=kind)
        ours = nn.losses.LOSSES[name](outputs, targets)
        its = theirs(torch.tensor(outputs, dtype=torch.float64), t)
        assert ours == pytest.approx(its.item(), rel=1e-14)


@pytest.mark.parametrize("z", [-1.0, 0.7, 3.0])
def test_the_poisson_likelihood_of_all_counts_sums_to_one_and_its_mean_is_the_number(z):
    masses = [math.exp(-nn.poisson_nll([z], [t]) - math.lgamma(t + 1)) for t in range(150)]
    assert math.fsum(masses) == pytest.approx(1.0, rel=1e-12)
    mean = math.fsum(t * p for t, p in enumerate(masses))
    assert nn.poisson_nll.number(z) == pytest.approx(mean, rel=1e-12)


# of each loss: how many outputs it needs for 2 and 3 classes or target numbers (None: it does not
# fit), and an output with its answer, which is right for the target and wrong for the other one
DECLARED = [
    ("mse", 2, 3, [0.7], 0.7, None, None),
    ("mae", 2, 3, [0.7], 0.7, None, None),
    ("gaussian_nll", 4, 6, [0.7, -1.0], 0.7, None, None),
    ("laplace_nll", 4, 6, [0.7, -1.0], 0.7, None, None),
    ("poisson_nll", 2, 3, [0.7], math.exp(0.7), None, None),
    ("bce", 1, None, [0.4], 0.0, 0.0, 1.0),
    ("bce_with_logits", 1, None, [0.4], 1.0, 1.0, 0.0),
    ("cross_entropy", 2, 3, [0.1, 0.7, 0.2], 1.0, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
    ("nll", 2, 3, [-3.0, -0.1], 1.0, [0.0, 1.0], [1.0, 0.0]),
    ("hinge", 1, 3, [-0.4], 0.0, -1.0, 1.0),
    ("hinge", 1, 3, [0.5, 0.3, 0.2], 0.0, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
]


@pytest.mark.parametrize(("name", "two", "three", "output", "answer", "right", "wrong"), DECLARED)
def test_a_loss_declares_its_outputs_and_its_decision(
    name, two, three, output, answer, right, wrong
):
    loss = LOSSES[name]
    assert loss.outputs(2) == two
    if three is None:
        assert not loss.fits(3)
        with pytest.raises(ValueError, match=f"{name} is for 2 classes, not 3"):
            loss.outputs(3)
    else:
        assert loss.fits(3)
        assert loss.outputs(3) == three
    assert loss.decide(output) == answer
    assert (loss.targets == "numbers") == (right is None)
    if right is not None:
        assert (loss.is_right(output, right), loss.is_right(output, wrong)) == (1.0, 0.0)
        assert loss.is_right([Value(x) for x in output], right).data == 1.0


@pytest.mark.parametrize("loss", [loss for loss in LOSSES.values() if loss.targets == "classes"])
def test_encoded_classes_are_decided_as_themselves(loss):
    """For both classes: an output on its side is decided as it, right, and of the smaller loss."""
    outputs = loss.outputs(2)
    for k in (0.0, 1.0):
        target, other = loss.encode([k, 1.0 - k], outputs)
        if outputs == 1:
            output = [loss.boundary + (0.3 if k else -0.3)]
        else:
            output = [-2.0, -0.2] if k else [-0.2, -2.0]
        assert loss.decide(output) == k
        assert loss([output], [target]) < loss([output], [other])


def test_a_loss_is_pickled_copied_and_inspected_like_a_function():
    for name, loss in LOSSES.items():
        assert pickle.loads(pickle.dumps(loss)) is copy.deepcopy(loss) is loss
        assert list(inspect.signature(loss).parameters) == ["outputs", "targets", "reduction"]
        assert loss.__name__ == loss.name == name
        assert ">>>" in inspect.getdoc(loss)


def test_penalties():
    ps = [Value(3.0), Value(-4.0), Value(0.0)]
    squares, sizes = nn.l2(ps), nn.l1(ps)
    assert (squares.data, sizes.data) == (25.0, 7.0)
    squares.backward()
    assert [p.grad for p in ps] == [6.0, -8.0, 0.0]
    for p in ps:
        p.grad = 0.0
    sizes.backward()
    assert [p.grad for p in ps] == [1.0, -1.0, 0.0]
    assert nn.l1([]) == nn.l2([]) == 0.0


@pytest.mark.parametrize(
    ("name", "outputs", "targets", "message"),
    [
        ("mse", [1.0, 2.0], [1.0], "2 outputs but 1 target"),
        ("mse", [], [], "a loss of no samples"),
        ("mse", [[1.0, 2.0]], [1.0], "the model has 2 outputs, the target 1 number; mse takes 1 o"),
        ("mae", [1.0, 2.0], [1.0, [1.0, 2.0]], "sample 1: the model has 1 output, the target 2"),
        (
            "gaussian_nll",
            [[1.0, 2.0, 3.0]],
            [1.0],
            "number; gaussian_nll takes 1 or 2 outputs",
        ),
        ("poisson_nll", [0.5, 1.5], [0, -1.5], "sample 1: .* at least 0, got -1.5"),
        ("bce", [0.5, 1.5], [0, 1], "sample 1: an output is no probability: is it for bce_with"),
        ("bce", [0.5], [2], "target must be 0, 1 or a probability between, got 2"),
        ("bce_with_logits", [0.5], [-1], "target must be 0, 1 or a probability between, got -1"),
        ("cross_entropy", [[1.0, 2.0]], [2], "label 2 is outside the classes 0 .. 1"),
        ("cross_entropy", [[1.0, 2.0]], [-1], "label -1 is outside the classes 0 .. 1"),
        ("cross_entropy", [[1.0, 2.0]], [0.5], "a class is a whole number, got 0.5"),
        ("cross_entropy", [[1.0, 2.0]], [math.nan], "a class is a whole number, got nan"),
        ("cross_entropy", [1.0], [0], "needs one output for each class, two or more"),
        ("cross_entropy", [[1.0, 2.0]], [[1.0]], "has 2 outputs, the target 1 probabilities"),
        ("cross_entropy", [[1.0, 2.0]], [[0.5, 0.6]], "probabilities sum to 1.1, not 1"),
        ("nll", [[-1.0, -2.0]], [[1.5, -0.5]], "target must be 0, 1 or a probability"),
        ("hinge", [0.5], [0], "hinge of one output takes targets -1 and 1, got 0"),
        ("hinge", [[0.5, 1.0]], [2], "label 2 is outside the classes 0 .. 1"),
    ],
)
def test_what_does_not_fit_is_named_with_its_sample(name, outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        LOSSES[name](outputs, targets)
    if outputs and flat(outputs):
        with pytest.raises(ValueError, match=message):
            LOSSES[name](values_of(outputs), targets)


@pytest.mark.parametrize("name", LOSSES)
def test_one_number_in_the_place_of_a_list_is_named(name):
    for outputs, targets in ((Value(0.5), [1]), ([0.5], 1.0), ("ab", [0, 1])):
        with pytest.raises(
            TypeError, match=f"{name} takes a list of outputs and a list of targets"
        ):
            LOSSES[name](outputs, targets)


@pytest.mark.parametrize("name", LOSSES)
def test_a_target_that_is_a_text_names_the_classifier(name):
    with pytest.raises(
        ValueError, match=r"sample 0: the target is a number, got 'cat'; .*MLPClassifier"
    ):
        LOSSES[name]([[0.5, 0.1]], ["cat"])


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="reduction must be 'mean' or 'sum', got 'max'"):
        nn.mse([1.0], [1.0], reduction="max")


def test_nan_goes_through_and_is_not_hidden():
    assert math.isnan(nn.mse([math.nan], [1.0]))
    assert math.isnan(nn.bce_with_logits([math.nan], [1.0]))
    assert math.isnan(nn.bce([math.nan], [1]))


def test_a_loss_of_one_sample_says_how_to_write_it():
    out, remedy = Value(0.5), r"for one sample: mse\(\[output\], \[target\]\)$"
    for outputs, targets, error, given in [
        (out, [1], TypeError, r"takes a list of outputs and a list of targets, .* got Value\("),
        ([out], 1, TypeError, "takes a list of outputs and a list of targets, .* got 1; "),
        ([out, out], [1], ValueError, "^2 outputs but 1 target: mse takes one of each for every"),
        ([out], [1, 2], ValueError, "^1 output but 2 targets: "),
    ]:
        with pytest.raises(error, match=given + ".*" + remedy):
            nn.mse(outputs, targets)


@pytest.mark.parametrize("p", [math.exp(-99.9), math.exp(-99.0), 1e-300])
def test_bce_is_bounded_only_where_the_logarithm_is_below_minus_100(p):
    assert nn.bce([p], [1]) == pytest.approx(min(-math.log(p), 100.0), rel=1e-14)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if not loss.per_class])
@pytest.mark.parametrize("count", [1, 2])
def test_a_coded_target_has_the_loss_of_the_same_number(name, count):
    loss = LOSSES[name]
    output, targets = [0.25] * loss.per_number[0] * count, [1.0] * count
    expected = loss.of_sample(output, targets)
    assert float(loss.of_coded_sample(output, targets)) == pytest.approx(float(expected))


OUTSIDE = "sample 0: a label is outside the classes 0 .. 2 of 3 outputs"


@pytest.mark.parametrize("name", ["cross_entropy", "nll", "hinge"])
def test_a_label_may_be_a_value_or_an_argument_of_a_compiled_loss(name):
    pytest.importorskip("numpy")
    loss, rest = LOSSES[name], [3.0, 2.5]
    compiled = compile_(lambda x, label: loss([[x, *rest]], [label]))
    for label in (0, 1, 2):
        expected = loss([[1.0, *rest]], [label])
        assert float(loss([[1.0, *rest]], [Value(label)])) == pytest.approx(expected, rel=1e-14)
        assert float(compiled(1.0, label)) == pytest.approx(expected, rel=1e-14)
    for label in (-1, 3):
        for call in (
            lambda label=label: loss([[1.0, *rest]], [Value(label)]),
            lambda label=label: compiled(1.0, label),
        ):
            with pytest.raises(ValueError, match="a label is outside") as caught:
                call()
            assert str(caught.value) == OUTSIDE


def test_limits_of_targets_and_probabilities():
    assert nn.cross_entropy([[1.0, 2.0]], [[1, 0]]) == nn.cross_entropy([[1.0, 2.0]], [0])
    assert nn.bce([1.0, 0.0], [1, 0]) == 0.0
    assert nn.poisson_nll([0.0], [0]) == 1.0
    near = [0.5, 0.5 + 9e-7]  # the sum is 1 but for rounding
    assert nn.cross_entropy([[0.0, 0.0]], [near]) == pytest.approx(math.log(2), rel=1e-5)
    for far in ([0.5, 0.5 + 1.1e-6], [0.5, 0.5 - 1.1e-6]):
        with pytest.raises(ValueError, match="the target's probabilities sum to"):
            nn.cross_entropy([[0.0, 0.0]], [far])
    with pytest.raises(
        ValueError, match=r"^sample 0: label 2 is outside the classes 0 \.\. 1 of 2"
    ):
        nn.cross_entropy([[0.0, 0.0]], [2])


def test_an_answer_on_the_boundary_is_the_first_class():
    assert [nn.bce.decide([0.5]), nn.bce.decide([0.5000001])] == [0.0, 1.0]
    assert [nn.hinge.decide([0.0]), nn.bce_with_logits.decide([0.0])] == [0.0, 0.0]
    assert nn.cross_entropy.decide([0.5, 0.5, 0.1]) == 0.0
    assert nn.cross_entropy.is_right([0.5, 0.5], [1.0, 0.0]) == 0.0  # a tie is not right
    assert nn.bce_with_logits.is_right([1.0, -1.0], [1.0, 1.0]) == 0.0
    assert nn.bce_with_logits.is_right([1.0, -1.0], [1.0, 0.0]) == 1.0


def test_probabilities_of_each_loss_that_has_them():
    z = [0.5, -1.0]
    sizes = [math.exp(x) for x in z]
    assert nn.cross_entropy.probabilities(z) == pytest.approx([s / sum(sizes) for s in sizes])
    assert nn.cross_entropy.probabilities([1000.0, 0.0]) == [1.0, 0.0]
    assert nn.nll.probabilities([math.log(0.25), math.log(0.75)]) == pytest.approx([0.25, 0.75])
    assert nn.bce_with_logits.probabilities([0.0]) == [0.5, 0.5]
    assert nn.bce_with_logits.probabilities([0.0, 1000.0]) == [0.5, 1.0]
    assert nn.bce.probabilities([0.25, 0.5]) == [0.25, 0.5]
    assert repr(nn.mse) == "<loss mse>"

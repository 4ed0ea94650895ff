"""What a lesson says, and what a sentence about a mistake says, is what happens."""

import re
from itertools import pairwise

import pytest

from .page import run_page

TRAIN = """
const trained = (settings, steps) => {
  const run = new Run(settings);
  for (let i = 0; i < steps; i++) run.nextStep();
  const [train, test] = [run.measures("train"), run.measures("test")];
  const { losses } = run;
  return { train, test, first: losses.train[0], losses: losses.train, tests: losses.test,
    norms: run.gradientNorms(), stopped: run.stopped };
};
const lesson = (i, network = {}, training = {}) => {
  const { settings } = LESSONS[i];
  return { ...settings, network: { ...settings.network, ...network },
    training: { ...settings.training, ...training } };
};
"""


def test_every_lesson_is_a_state_of_the_page_that_a_link_can_hold():
    found = run_page(
        """answer(LESSONS.map(({ title, sentence, question, settings }, i) => {
          const all = checked(settings);
          const same = JSON.stringify(fromFragment(toFragment(all))) === JSON.stringify(all);
          return [title, sentence, question, same, all.lesson === i];
        }));"""
    )
    assert len(found) == 6
    for title, sentence, question, same, is_its_number in found:
        assert title
        assert sentence.endswith(".")
        assert question.endswith("?")
        assert same
        assert is_its_number


def test_lesson_1_two_clouds_need_no_hidden_layer():
    found = run_page(TRAIN + "answer(trained(lesson(0), 200));")
    assert found["train"]["accuracy"] >= 0.95
    assert found["test"]["accuracy"] >= 0.95


def test_lesson_2_xor_needs_a_hidden_layer():
    without, with_one = run_page(
        TRAIN + "answer([trained(lesson(1), 1000), trained(lesson(1, { hidden: [4] }), 300)]);"
    )
    assert 0.45 <= without["train"]["accuracy"] <= 0.75
    assert without["train"]["loss"] > 0.65
    assert with_one["train"]["accuracy"] >= 0.95
    assert with_one["test"]["accuracy"] >= 0.95


def test_lesson_3_two_units_do_not_close_around_a_circle():
    few, enough = run_page(
        TRAIN + "answer([trained(lesson(2), 1500), trained(lesson(2, { hidden: [4] }), 1500)]);"
    )
    assert few["train"]["accuracy"] < 0.9
    assert enough["train"]["accuracy"] > 0.97


def test_lesson_4_the_gradient_vanishes_on_its_way_back():
    lost, later, kept = run_page(
        TRAIN
        + """answer([trained(lesson(3), 0), trained(lesson(3), 300),
             trained(lesson(3, { activation: "tanh", initializer: "xavier" }), 0)]);"""
    )
    assert lost["norms"][0] < 1e-3 * lost["norms"][-1]
    assert lost["norms"] == sorted(lost["norms"])
    assert later["train"]["loss"] > 0.68
    assert kept["norms"][0] > 0.02 * kept["norms"][-1]


def test_lesson_5_the_test_loss_rises_while_the_training_loss_falls():
    found, with_l2 = run_page(
        TRAIN + "answer([trained(lesson(4), 500), trained(lesson(4, {}, { l2: 0.01 }), 500)]);"
    )
    assert found["train"]["count"] == 20
    assert found["train"]["loss"] < 0.02
    assert found["test"]["loss"] > 2 * min(found["tests"])
    assert with_l2["test"]["loss"] < found["test"]["loss"]


def test_lesson_6_from_too_small_to_too_large():
    slow, good, large = run_page(
        TRAIN + "answer([0.001, 1, 10].map((lr) => trained(lesson(5, {}, { lr }), 200)));"
    )
    assert slow["train"]["loss"] > 0.9 * slow["first"]
    assert good["train"]["loss"] < 0.4 * good["first"]
    rises = [b > a for a, b in pairwise(large["losses"])]
    assert sum(rises) > 50


@pytest.fixture(scope="module")
def mistakes():
    """The sentence about each mistake at the start and after 100 steps, and its measures."""
    found = run_page(
        TRAIN
        + """
        answer(Object.fromEntries(MISTAKES.map(({ key, title, sentence }) => {
          const run = new Run({ mistakes: { [key]: true } });
          const before = sentence(run);
          for (let i = 0; i < 100; i++) run.nextStep();
          const [right, wrong] = [run.freshGradient(), run.freshGradient(true)];
          const own = Math.hypot(...right);
          return [key, { title, before, after: sentence(run), losses: run.losses.train,
            weights: [...run.parameters], held: Math.hypot(...run.gradients), own,
            wrong: Math.hypot(...wrong), slope: run.meanSlope(0), norms: run.gradientNorms(),
            collapsed: collapsed(run), stopped: run.stopped }];
        })));"""
    )
    assert len(found) == 6
    for mistake in found.values():
        assert mistake["title"]
        for sentence in (mistake["before"], mistake["after"]):
            assert sentence.endswith(".")
            assert "nan" not in sentence.lower()
            assert "undefined" not in sentence
    return found


def numbers(sentence):
    return [
        float(x.replace("−", "-")) for x in re.findall(r"[-−]?\d+(?:\.\d+)?(?:e[-+]\d+)?", sentence)
    ]


def test_without_zero_grad_the_gradients_add_up(mistakes):
    found = mistakes["no_zero_grad"]
    steps, held, own = numbers(found["after"])[:3]
    assert (steps, held, own) == pytest.approx((100, found["held"], found["own"]), rel=1e-3)
    assert held > 3 * own


def test_overwriting_keeps_one_sample(mistakes):
    found = mistakes["overwrite"]
    assert "one of 150 samples" in found["after"]
    share = found["wrong"] / found["own"]
    assert f"{share:.3g}" in found["after"]
    assert share < 0.1
    assert found["losses"][-1] > 0.9 * found["losses"][0]


def test_a_learning_rate_that_is_too_large_makes_the_loss_rise(mistakes):
    found = mistakes["large_lr"]
    losses = found["losses"]
    rises = sum(b > a for a, b in pairwise(losses))
    assert f"rose in {rises} of {len(losses) - 1} steps" in found["after"]
    assert rises > 20
    assert max(losses) > 5 * losses[0]


def test_equal_weights_stay_equal(mistakes):
    found = mistakes["equal_weights"]
    first = found["weights"][:2]
    assert all(found["weights"][3 * j : 3 * j + 2] == first for j in range(4))
    assert "all 4 units of layer 1 still have the weights" in found["after"]
    assert numbers(found["after"])[-2:] == pytest.approx(first, rel=1e-3)
    assert found["losses"][-1] < found["losses"][0]


def test_without_activation_the_layers_collapse_to_one_affine_map(mistakes):
    found = mistakes["no_activation"]
    (weights,), (bias,) = found["collapsed"]["weights"], found["collapsed"]["biases"]
    for x in (*weights, bias):
        assert f"{abs(x):.4g}" in found["after"]
    outputs, expected = run_page(
        """const run = new Run({ mistakes: { no_activation: true } });
           for (let i = 0; i < 100; i++) run.nextStep();
           const points = run.train.slice(0, 9);
           answer([run.inspector.answers(points).outputs, points.map((i) => run.points[i].x)]);"""
    )
    for (output,), (x1, x2) in zip(outputs, expected, strict=True):
        assert output == pytest.approx(weights[0] * x1 + weights[1] * x2 + bias, rel=1e-9)


def test_a_saturated_start_has_small_slopes(mistakes):
    found = mistakes["saturated"]
    assert found["slope"] < 0.2
    assert f"{found['slope']:.3g}" in found["after"]
    assert f"{found['norms'][0]:.3g}" in found["after"]
    usual = run_page("answer(new Run().meanSlope(0));")
    assert usual > 3 * found["slope"]

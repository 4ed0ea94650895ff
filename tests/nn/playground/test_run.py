"""A run on the page: phases, the way back, edits, a stop, and what is seen of one neuron."""

import math

import pytest

from nn import MLP, bce_with_logits
from nn.datasets import moons

from .page import run_page

STEPS = "const go = (run, n) => { for (let i = 0; i < n; i++) run.nextStep(); return run; };"


def test_the_phases_of_a_step_come_one_by_one():
    found = run_page(
        """const run = new Run();
           const seen = [];
           for (let i = 0; i < 4; i++) {
             const before = run.parameters.slice();
             run.advance();
             const moved = run.parameters.some((w, k) => w !== before[k]);
             seen.push([run.phase, run.step, moved, run.gradients.some((g) => g !== 0)]);
           }
           const other = new Run();
           other.nextStep();
           answer([seen, [...run.parameters], [...other.parameters], [...run.lastUpdate],
             run.before.map((w, i) => run.parameters[i] - w)]);"""
    )
    seen, weights, others, update, moved = found
    assert seen == [
        ["forward", 0, False, False],
        ["backward", 0, False, True],
        ["update", 1, True, True],
        ["forward", 1, False, True],
    ]
    assert weights == others
    assert update == list(moved.values())


def test_an_epoch_sees_every_training_point_once():
    found = run_page(
        """const run = new Run({ training: { batch_size: 40 } });
           const sizes = [];
           const seen = [];
           while (run.epoch === 0) {
             run.nextStep();
             sizes.push(run.batch.length);
             seen.push(...run.batch);
           }
           const steps = run.step;
           run.nextEpoch();
           answer([sizes, seen.sort((a, b) => a - b), run.train, steps, run.step, run.epoch]);"""
    )
    sizes, seen, train, steps, after, epoch = found
    assert sizes == [40, 40, 40, 30]
    assert seen == train
    assert (steps, after, epoch) == (4, 8, 2)


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer": "sgd"},
        {"optimizer": "momentum", "batch_size": 7},
        {"optimizer": "adam", "batch_size": 16},
    ],
)
@pytest.mark.parametrize("mistake", ["overwrite", "no_zero_grad"])
def test_every_earlier_step_comes_back_exactly(training, mistake):
    found = run_page(
        STEPS
        + """
        const run = new Run(given);
        const kept = [[...run.parameters]];
        for (let i = 0; i < 450; i++) { run.nextStep(); kept.push([...run.parameters]); }
        const order = [449, 3, 4, 200, 0, 450, 123, 122, 17];
        const same = order.map((step) => {
          run.goTo(step);
          return run.step === step && run.parameters.every((w, i) => w === kept[step][i]);
        });
        run.goTo(100);
        go(run, 30);
        const replayed = run.parameters.every((w, i) => w === kept[130][i]);
        answer([same, replayed, run.furthest, run.losses.step.length]);
        """,
        {
            "training": training,
            "mistakes": {mistake: True},
            "data": {"samples": 40},
            "network": {"hidden": [3]},
        },
    )
    same, replayed, furthest, losses = found
    assert all(same)
    assert replayed
    assert (furthest, losses) == (450, 451)


def test_a_long_run_keeps_a_bounded_number_of_states_and_losses():
    found = run_page(
        STEPS
        + """
        const data = { samples: 4, test_share: 0 };
        const run = new Run({ data, network: { hidden: [1] } });
        const seen = [];
        for (let k = 0; k < 8; k++) {
          go(run, 5000);
          seen.push([run.checkpoints.list.length, run.losses.step.length]);
        }
        const at = [...run.parameters];
        run.goTo(12345);
        go(run, 1);
        const there = run.step;
        run.goTo(40000);
        const same = run.parameters.every((w, i) => w === at[i]);
        const bounds = [MAX_CHECKPOINTS, MAX_CURVE_POINTS];
        answer([seen, ...bounds, there, same, run.losses.step[0], run.checkpoints.first]);
        """
    )
    seen, checkpoints, curve, there, same, first_loss, first = found
    assert all(n <= checkpoints and m <= curve for n, m in seen)
    assert all(n > checkpoints / 3 for n, _ in seen)
    assert (there, same, first_loss, first) == (12346, True, 0, 0)


def test_an_edit_starts_the_optimizer_anew_and_comes_back_too():
    found = run_page(
        STEPS
        + """
        const run = go(new Run({ training: { optimizer: "adam" } }), 20);
        run.setWeight(0, 0.75);
        const edited = [...run.parameters];
        const { steps } = run.optimizer;
        go(run, 10);
        const after = [...run.parameters];
        run.goTo(5);
        go(run, 25);
        const replayed = run.parameters.every((w, i) => w === after[i]);
        run.goTo(20);
        const back = run.parameters.every((w, i) => w === edited[i]);
        run.goTo(10);
        run.setPoints(run.points.slice(0, 50));
        const reached = [run.furthest, run.points.length, run.losses.step.at(-1)];
        const now = [...reached, run.settings.data.kind];
        answer([edited[0], steps, run.step, replayed, back, ...now]);
        """
    )
    assert found == [0.75, 0, 10, True, True, 10, 50, 10, "own"]


def test_many_edits_forget_the_oldest():
    found = run_page(
        STEPS
        + """
        const run = new Run({ data: { samples: 10 }, network: { hidden: [2] } });
        for (let i = 0; i < 400; i++) { run.nextStep(); run.setWeight(0, i / 400); }
        const { list, first } = run.checkpoints;
        answer([list.length <= MAX_CHECKPOINTS, first > 0, run.furthest]);
        """
    )
    assert found == [True, True, 400]


def test_other_training_settings_go_on_from_the_present_weights():
    found = run_page(
        STEPS
        + """
        const run = go(new Run(), 3);
        const before = [...run.parameters];
        run.setTraining({ lr: 0.5, optimizer: "momentum" });
        const same = run.parameters.every((w, i) => w === before[i]);
        run.nextStep();
        const moved = run.lastUpdate.map((u, i) => u + 0.5 * run.gradients[i]);
        let error;
        try { run.setTraining({ lr: -1 }); } catch (e) { error = e.message; }
        const error_of_update = Math.max(...moved.map(Math.abs));
        answer([same, error_of_update < 1e-12, run.step, error, run.settings.training.lr]);
        """
    )
    assert found == [
        True,
        True,
        4,
        "training.lr must be a number from 1e-9 to 10000, got -1.",
        0.5,
    ]


def test_training_stops_at_a_number_that_is_not_finite_and_names_the_node():
    found = run_page(
        STEPS
        + """
        const network = { activation: "linear", hidden: [4, 4] };
        const training = { loss: "mse", lr: 100 };
        const run = new Run({ data: { kind: "plane" }, network, training });
        go(run, 300);
        const { step, stopped } = run;
        const weights = [...run.parameters];
        go(run, 5);
        run.advance();
        const same = run.parameters.every((w, i) => Object.is(w, weights[i]));
        answer([step < 300, run.step === step, stopped, same]);
        """
    )
    early, still, stopped, same = found
    assert early
    assert still
    assert same
    assert stopped["name"].startswith(("w⁽", "b⁽", "z⁽", "mse"))
    assert stopped["sentence"].startswith(f"Training stopped at step {stopped['step']}: ")
    assert stopped["name"] in stopped["sentence"]
    assert stopped["sentence"].count(".") >= 2


def test_an_operation_outside_its_domain_stops_and_names_node_and_number():
    found = run_page(
        STEPS
        + """
        const run = new Run({ data: { kind: "plane" }, training: { loss: "gaussian_nll" } });
        run.setWeight(run.parameters.length - 1, -800);  // the logarithm of a variance
        answer([go(run, 3).stopped, run.step]);
        """
    )
    stopped, step = found
    assert stopped["name"] == "gaussian_nll: exp"
    assert stopped["sentence"].startswith(
        "Training stopped at step 0: gaussian_nll: exp overflows at 80"
    )
    assert stopped["step"] == step == 0


SAMPLE = {"network": {"hidden": [3, 2], "seed": 4}, "data": {"samples": 8, "test_share": 0}}


def graph_in_python():
    """The loss of point 2 of `SAMPLE`, with its gradients."""
    model = MLP(2, [3, 2, 1], "tanh", rng=4)
    data = moons(8)
    z = model(data.X[2])
    loss = bce_with_logits([z], [data.y[2]])
    loss.backward()
    return model, loss, z


def test_the_graph_of_one_neuron_has_the_networks_gradients():
    graph, why, values = run_page(
        """const run = new Run(given);
           const why = [0, 1, 2, 3].map((k) => run.why(2, 1, 0, k));
           answer([run.sampleGraph(2, 1, 0), why, run.sampleValues(2)]);""",
        SAMPLE,
    )
    model, loss, z = graph_in_python()
    neuron = model.layers[1].neurons[0]
    ops = [op for op in graph["ops"] if op]
    assert ops == ["mul/2"] * 3 + ["add/2"] * 3 + ["tanh/1"]
    by_name = dict(zip(graph["names"], graph["grads"], strict=True))
    for k, w in enumerate(neuron.w):
        assert by_name[f"w⁽²⁾₁{'₁₂₃'[k]}"] == pytest.approx(w.grad, rel=1e-12)
        assert why[k]["dLdw"] == pytest.approx(w.grad, rel=1e-12)
    assert by_name["b⁽²⁾₁"] == why[3]["dLdz"] == pytest.approx(neuron.b.grad, rel=1e-12)
    data = dict(zip(graph["names"], graph["data"], strict=True))
    assert data["a⁽²⁾₁"] == pytest.approx(math.tanh(data["z⁽²⁾₁"]))
    assert values["loss"] == pytest.approx(loss.data, rel=1e-12)
    assert values["layers"][2]["z"] == [pytest.approx(z.data, rel=1e-12)]
    assert values["layers"][2]["dz"] == [pytest.approx(z.grad, rel=1e-12)]


def test_the_graph_of_one_neuron_runs_in_the_engine_of_the_stepper():
    found = run_page(
        """const { Engine } = await import("./autograd/pages/engine.js");
           const run = new Run(given);
           const graph = run.sampleGraph(2, 1, 0);
           const engine = new Engine(graph, library.operations);
           const last = graph.grads.at(-1);
           const grads = engine.grad.map((g) => g * last);
           answer([engine.data, graph.data, grads, graph.grads, graph.constants]);""",
        SAMPLE,
    )
    data, same_data, grads, same_grads, constants = found
    assert data == pytest.approx(same_data, rel=1e-12)
    assert grads[3:] == pytest.approx(same_grads[3:], rel=1e-12, abs=1e-15)
    assert grads[0] != same_grads[0]  # the input leads to another neuron too
    assert not any(constants)  # the inputs of layer 2 are activations


def test_a_responses_grid_is_the_model_at_the_centers_of_its_cells():
    grid = {"x": [-1, 2], "y": [-1, 1], "nx": 3, "ny": 2}
    found = run_page(
        "answer(new Run(given.settings).responses(given.grid).map((list) => [...list]));",
        {"settings": SAMPLE, "grid": grid},
    )
    model = MLP(2, [3, 2, 1], "tanh", rng=4)
    centers = [[x, y] for y in (-0.5, 0.5) for x in (-0.5, 0.5, 1.5)]
    assert len(found) == 6
    assert found[-1] == pytest.approx([model(x).data for x in centers], rel=1e-12)
    first = [model.layers[0](x)[0].data for x in centers]
    assert found[0] == pytest.approx(first, rel=1e-12)


def test_other_features_stay_at_their_mean():
    points = [[0, 1, 2, 0, 0], [4, 5, 9, 1, 0], [7, 7, 7, 1, 1]]
    data = {"kind": "own", "points": points, "names": ["a", "b", "c"], "shown": [2, 0]}
    data |= {"scaling": [[2, 3, 5], [2, 2, 4]]}
    grid = {"x": [1, 3], "y": [0, 2], "nx": 1, "ny": 1}
    found = run_page(
        "answer([...new Run(given.settings).responses(given.grid).at(-1)]);",
        {"settings": {"data": data, "network": {"hidden": [2]}}, "grid": grid},
    )
    model = MLP(3, [2, 1], "tanh", rng=0)
    assert found == [pytest.approx(model([(1 - 2) / 2, 0.0, (2 - 5) / 4]).data, rel=1e-12)]


@pytest.mark.parametrize("phase", ["start", "forward", "backward", "update"])
def test_a_slice_has_the_step_of_gradient_descent_at_the_learning_rate(phase):
    found = run_page(
        STEPS
        + """
        const run = go(new Run({ training: { lr: 0.3, l2: 0.01 } }), 5);
        if (given === "start") run.goTo(0);
        else do run.advance(); while (run.phase !== given);
        const state = () => JSON.stringify([[...run.parameters], [...run.gradients], run.phase]);
        const before = state();
        const { t, loss, at } = run.slice(31);
        const same = state() === before;
        const step = run.step;
        if (run.phase === "update") run.goTo(step - 1);
        run.forward();
        const start = run.batchLoss;
        run.update();
        run.forward();
        answer([t, loss, at, same, start, run.batchLoss]);
        """,
        phase,
    )
    t, loss, at, same, start, after = found
    assert same
    assert at == pytest.approx(0.3)
    assert t[0] == 0
    assert t[10] == pytest.approx(at)  # the slice is three steps long
    assert loss[0] == pytest.approx(start, rel=1e-12)
    assert loss[10] == pytest.approx(after, rel=1e-9)


def test_dead_units_are_found():
    weights = [-1.0, -1.0, -9.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    found = run_page(
        """const settings = { network: { hidden: [2], activation: "relu", weights: given } };
           answer([new Run(settings).dead(), new Run().dead()]);""",
        weights,
    )
    assert found == [[{"layer": 0, "unit": 0}], []]


def test_measures_are_those_of_the_answers():
    classes, numbers = run_page(
        STEPS
        + """
        const of = (settings) => {
          const run = go(new Run(settings), 200);
          return [run.measures("train"), run.measures("test")];
        };
        answer([of({ training: { optimizer: "adam" } }),
          of({ data: { kind: "plane" }, training: { loss: "mse" } })]);
        """
    )
    for measured, count in zip(classes, (150, 50), strict=True):
        confusion = measured["confusion"]
        assert sum(map(sum, confusion)) == measured["count"] == count
        right = confusion[0][0] + confusion[1][1]
        assert measured["accuracy"] == right / count > 0.8
    assert all(0.9 < measured["r2"] < 1 for measured in numbers)


def test_the_terms_of_an_update_give_the_update():
    found = run_page(
        STEPS
        + """
        answer(["sgd", "momentum", "adam"].map((optimizer) => {
          const run = go(new Run({ training: { optimizer } }), 3);
          const terms = run.optimizer.explain(4, run.gradients[4], run.lastUpdate[4]);
          return Object.fromEntries(terms.map(({ name, value }) => [name, value]));
        }));
        """
    )
    sgd, momentum, adam = found
    assert sgd["Δw"] == pytest.approx(-sgd["lr"] * sgd["g"])
    assert momentum["Δw"] == pytest.approx(-momentum["lr"] * momentum["velocity"])
    m, v = adam["m"] / adam["1 − β₁ᵗ"], adam["v"] / adam["1 − β₂ᵗ"]
    assert (adam["m̂"], adam["v̂"]) == pytest.approx((m, v))
    assert adam["Δw"] == pytest.approx(-adam["lr"] * m / (math.sqrt(v) + 1e-8))


def test_a_stop_names_the_node_even_if_only_the_sum_of_finite_losses_is_too_large():
    points = [[0, 1e9, 0], [1, -1e9, 0]]
    big = {
        "data": {"kind": "own", "points": points, "names": ["x"], "classes": [], "shown": [0, 0]},
        "network": {"hidden": [], "weights": [0, 1.2e154]},
        "training": {"loss": "mse"},
    }
    weights = [1e160, 0, 0, 0, 0, 0, 0, 0, 0]
    penalty = {"network": {"hidden": [2], "weights": weights}, "training": {"l2": 0.1}}
    for settings, name, words in (
        (big, "mse: ", "The sum of mse: "),
        (penalty, "w⁽¹⁾₁₁", "The penalty of w⁽¹⁾₁₁ = 1e+160 is too large"),
    ):
        stopped = run_page(
            "const run = new Run(given); run.forward(); answer(run.stopped);", settings
        )
        assert words in stopped["sentence"]
        assert stopped["name"].startswith(name)


STEPS_OF_AN_HOUR = 60 * 60 * 60  # at 60 steps a second
MAX_GROWTH_BYTES = 1_000_000
MEMORY = """
const { setFlagsFromString } = await import("node:v8");
const { runInNewContext } = await import("node:vm");
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const used = async () => {
  let least = Infinity; // what one collection leaves differs by a megabyte
  for (let i = 0; i < 10; i++) {
    await new Promise((then) => setTimeout(then, 20));
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
  }
  return least;
};
const run = new Run({ training: { optimizer: "adam", batch_size: 10 } });
const seen = [];
for (const steps of given) {
  while (run.step < steps) run.nextStep();
  seen.push(await used());
}
answer({ seen, checkpoints: run.checkpoints.list.length, points: run.losses.step.length,
         limits: [MAX_CHECKPOINTS, MAX_CURVE_POINTS] });
"""


@pytest.mark.slow
def test_the_steps_of_an_hour_take_no_more_memory_than_the_scrubber_may_keep():
    found = run_page(MEMORY, [10_000, STEPS_OF_AN_HOUR])  # the first fill the scrubber
    first, last = found["seen"]
    assert last - first <= MAX_GROWTH_BYTES
    assert found["checkpoints"] <= found["limits"][0]
    assert found["points"] <= found["limits"][1]

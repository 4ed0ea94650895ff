"""Models cross to PyTorch and back with the same outputs."""

import sys

import pytest

import nn
from nn.layers import ACTIVATIONS

X = [[0.3, -1.2, 2.0], [0.0, 0.0, 0.0], [-25.0, 31.0, 40.0]]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def outputs(model, X):
    return [[float(o) for o in y] if isinstance(y, list) else [float(y)] for y in map(model, X)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_crosses_and_comes_back(torch, activation):
    model = nn.MLP(3, [4, 2], activation, rng=1)
    try:
        module = nn.to_torch(model)
    except ValueError:
        with pytest.raises((AttributeError, TypeError)):
            getattr(torch, activation)(torch.zeros(1))
        with pytest.raises(ValueError, match=f"PyTorch has no activation '{activation}'"):
            nn.to_torch(model)
        return
    assert type(module) is torch.nn.Sequential
    there = module(torch.tensor(X, dtype=torch.float64)).tolist()
    back = outputs(nn.from_torch(module), X)
    for here, its, again in zip(outputs(model, X), there, back, strict=True):
        assert its == pytest.approx(here, rel=1e-12, abs=1e-12)
        assert again == here


def test_maxout_embedding_and_nested_sequentials_cross_and_come_back(torch):
    model = nn.Sequential(
        nn.Embedding(5, 3, rng=1),
        nn.Sequential(nn.Maxout(3, 4, 2, rng=2), nn.Layer(4, 2, "tanh", rng=3)),
        nn.Neuron(2, activation="sigmoid", rng=4),
    )
    module = nn.to_torch(model)
    here = outputs(model, range(5))
    assert outputs(nn.from_torch(module), range(5)) == here
    assert module(torch.arange(5)).tolist() == [pytest.approx(y, rel=1e-12) for y in here]


def test_a_user_s_sequential_in_single_precision_comes_over(torch):
    torch.manual_seed(0)
    n = torch.nn
    module = n.Sequential(n.Linear(3, 4, bias=False), n.LeakyReLU(), n.Linear(4, 2), n.Identity())
    there = module.double()(torch.tensor(X, dtype=torch.float64)).tolist()
    here = outputs(nn.from_torch(module), X)
    assert here == [pytest.approx(y, rel=1e-12) for y in there]


@pytest.mark.parametrize(
    "name", ["Softplus", "ReLU", "GELU", "LeakyReLU", "SiLU", "Sigmoid", "Tanh"]
)
def test_an_activation_of_pytorch_s_with_its_default_settings_comes_over(torch, name):
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), getattr(torch.nn, name)()).double()
    there = module(torch.tensor(X, dtype=torch.float64)).tolist()
    here = outputs(nn.from_torch(module), X)
    assert here == [pytest.approx(y, abs=2.1e-9) for y in there]  # Softplus above its threshold


def test_a_module_that_is_used_twice_comes_over_twice(torch):
    torch.manual_seed(0)
    relu, linear = torch.nn.ReLU(inplace=True), torch.nn.Linear(3, 3)
    module = torch.nn.Sequential(linear, relu, linear, relu).double()
    there = module(torch.tensor(X, dtype=torch.float64)).tolist()
    model = nn.from_torch(module)
    assert [layer.activation for layer in model.layers] == ["relu", "relu"]
    assert outputs(model, X) == [pytest.approx(y, rel=1e-12) for y in there]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: n.Sequential(n.Conv1d(1, 1, 1)), "no translation of PyTorch's Conv1d"),
        (
            lambda n: n.Sequential(n.Linear(2, 2), n.ELU()),
            r"nn has no activation .* ELU\(alpha=1.0\)",
        ),
        (
            lambda n: n.Sequential(n.Linear(2, 2), n.LeakyReLU(0.2)),
            r"LeakyReLU\(negative_slope=0.2\): negative_slope must be 0.01, got 0.2",
        ),
        (
            lambda n: n.Sequential(n.Linear(2, 2), n.GELU(approximate="tanh")),
            r"GELU\(approximate='tanh'\): approximate must be 'none', got 'tanh'",
        ),
        (lambda n: n.Sequential(n.Linear(2, 2), n.Softplus(beta=2)), "beta must be 1, got 2"),
        (
            lambda n: n.Sequential(n.Linear(2, 2), n.Softplus(threshold=5)),
            "threshold must be 40 or 20, got 5",
        ),
        (lambda n: n.Sequential(n.Embedding(2, 2, max_norm=1.0)), "max_norm must be None, got 1.0"),
        (lambda n: n.Sequential(n.Tanh(), n.Linear(2, 2)), "PyTorch's Tanh.. here"),
        (
            lambda n: n.Sequential(n.Linear(2, 4), n.MaxPool1d(2, stride=1)),
            "stride must be 2, got 1",
        ),
        (
            lambda n: n.Sequential(n.Linear(2, 4), n.MaxPool1d(2, return_indices=True)),
            "MaxPool1d.*: return_indices must be False, got True",
        ),
        (lambda n: n.Sequential(n.Linear(2, 4), n.MaxPool1d((2,))), "MaxPool1d.* after Linear"),
        (lambda n: n.Sequential(n.Linear(2, 3), n.MaxPool1d(2)), "MaxPool1d.* after Linear"),
    ],
)
def test_a_module_or_setting_without_translation_is_named(torch, make, message):
    with pytest.raises(ValueError, match=message):
        nn.from_torch(make(torch.nn))


def test_an_activation_of_your_own_has_no_translation(torch):
    def relu(x):
        return x * x

    with pytest.raises(ValueError, match="no activation '<lambda>'"):
        nn.to_torch(nn.Layer(2, 2, lambda x: x * x))
    with pytest.raises(ValueError, match="no activation 'relu'"):
        nn.to_torch(nn.Layer(2, 2, relu))


def test_without_pytorch_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs PyTorch: pip install torch"):
        nn.to_torch(nn.MLP(2, [1]))


def test_the_scaling_crosses_as_modules_and_comes_back_exact(torch):
    model = nn.MLP(3, [4, 2], "tanh", rng=1)
    model.metadata = {
        "scaling": [[0.1, 100.0, -1e6], [1 / 3, 7.0, 1e5]],
        "target_scaling": [[1000.0, 0.1], [1 / 7, 3.0]],
        "loss": "mse",
        "features": ["a", "b", "c"],
    }
    module = nn.to_torch(model)
    raw = [[0.5, 93.0, -9e5], [0.0, 110.0, -1.2e6]]
    there = module(torch.tensor(raw, dtype=torch.float64)).tolist()
    assert there == [pytest.approx(y, rel=1e-12) for y in model.predict(raw)]
    assert module.state_dict()["0.mean"].tolist() == [0.1, 100.0, -1e6]
    assert module.state_dict()["4.scale"].tolist() == [1 / 7, 3.0]
    assert repr(module).startswith("Sequential(\n  (0): Standardize()\n  (1): Linear(in_features=3")
    assert repr(module).endswith("(4): Rescale()\n)")
    back = nn.from_torch(module)
    assert back.metadata == model.metadata
    assert back.predict(raw) == model.predict(raw)
    assert outputs(back, X) == outputs(model, X)
    bare = nn.from_torch(module[1:4])
    assert bare.metadata == {}
    assert outputs(bare, X) == outputs(model, X)
    nested = nn.from_torch(torch.nn.Sequential(module))
    assert set(nested.metadata) == {"scaling", "target_scaling"}


def test_log_scales_are_not_rescaled(torch):
    model = nn.MLP(1, [2], rng=1)
    model.metadata = {"loss": "gaussian_nll", "target_scaling": [[1000.0], [10.0]]}
    ((mean, log_scale),) = nn.to_torch(model)(torch.tensor([[0.5]], dtype=torch.float64)).tolist()
    assert [mean] == pytest.approx(model.predict([[0.5]]), rel=1e-12)
    assert log_scale == pytest.approx(float(model([0.5])[1]), rel=1e-12)


def test_a_model_that_was_fitted_keeps_its_classes(torch):
    model = nn.MLP(2, [1], rng=0)
    model.metadata = {"loss": "bce_with_logits", "classes": ["no", "yes"]}
    back = nn.from_torch(nn.to_torch(model))
    assert back.predict([[9.0, -9.0]]) == model.predict([[9.0, -9.0]])
    assert nn.from_torch(torch.nn.Sequential(torch.nn.Linear(2, 1))).metadata == {}


def test_modules_have_the_settings_and_names_of_pytorch_s(torch):
    module = nn.to_torch(nn.MLP(2, [3, 3, 1], ["softplus", "abs"], rng=0))
    linear, softplus, _, absolute, _ = module
    assert repr(linear) == "Linear(in_features=2, out_features=3, bias=True)"
    assert (softplus.beta, softplus.threshold) == (1, 40)
    assert type(absolute).__name__ == "Abs"
    assert {p.dtype for p in module.parameters()} == {torch.float64}
    (embedding,) = nn.to_torch(nn.Embedding(2, 3, rng=0))
    assert (embedding.weight.requires_grad, embedding.weight.dtype) == (True, torch.float64)
    pooled = nn.to_torch(nn.Maxout(2, 3, 4, rng=0))
    assert repr(pooled[0]) == "Linear(in_features=2, out_features=12, bias=True)"
    assert pooled[1].kernel_size == 4
    (without,) = nn.to_torch(nn.Layer(2, 3, "linear", bias=False, rng=0))
    assert without.bias is None
    one, relu = nn.to_torch(nn.Neuron(2, rng=0))
    assert (repr(one), repr(relu)) == ("Linear(in_features=2, out_features=1, bias=True)", "ReLU()")
    leaky = nn.to_torch(nn.Layer(1, 1, "leaky_relu", rng=0))[1]
    assert leaky.negative_slope == 0.01


def test_what_has_no_translation_is_named_whole(torch):
    class Mine(nn.Module):
        pass

    n = torch.nn
    pool = "MaxPool1d(kernel_size=2, stride=2, padding={}, dilation={}, ceil_mode=False)"
    for call, message in (
        (lambda: nn.to_torch(Mine()), "no translation to PyTorch of Mine()"),
        (lambda: nn.to_torch(nn.Layer(1, 1, abs)), "PyTorch has no activation 'abs'"),
        (lambda: nn.from_torch(n.Tanh()), "no translation of PyTorch's Tanh() here"),
        (
            lambda: nn.from_torch(n.Sequential(n.Linear(2, 4), n.MaxPool1d(2, padding=1))),
            f"no translation of PyTorch's {pool.format(1, 1)}: padding must be 0, got 1",
        ),
        (
            lambda: nn.from_torch(n.Sequential(n.Linear(2, 4), n.MaxPool1d(2, dilation=2))),
            f"no translation of PyTorch's {pool.format(0, 2)}: dilation must be 1, got 2",
        ),
        (
            lambda: nn.from_torch(n.Sequential(n.Linear(2, 3), n.MaxPool1d(2))),
            f"no translation of PyTorch's {pool.format(0, 1)} after {n.Linear(2, 3)}",
        ),
        (
            lambda: nn.from_torch(n.Sequential(n.Linear(2, 3), n.ELU())),
            "nn has no activation that is PyTorch's ELU(alpha=1.0)",
        ),
    ):
        with pytest.raises(ValueError, match="PyTorch") as caught:
            call()
        assert str(caught.value) == message


def test_layers_without_biases_and_layers_one_after_the_other_come_over(torch):
    n = torch.nn
    torch.manual_seed(0)
    module = n.Sequential(
        n.Linear(3, 4, bias=False), n.MaxPool1d(2), n.Linear(2, 2), n.Linear(2, 2, bias=False)
    ).double()
    model = nn.from_torch(module)
    assert [type(layer).__name__ for layer in model.layers] == ["Maxout", "Layer", "Layer"]
    assert [layer.activation for layer in model.layers[1:]] == ["linear", "linear"]
    assert (model.layers[1].b is None, model.layers[2].b is None) == (False, True)
    there = module(torch.tensor(X, dtype=torch.float64)).tolist()
    assert outputs(model, X) == [pytest.approx(y, rel=1e-12) for y in there]

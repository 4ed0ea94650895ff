"""The losses that the estimators minimize."""

from __future__ import annotations

from functools import partial
from typing import Any

import autograd
from autograd import log, maximum

from ..losses import LOSSES, Loss, poisson_nll

LOSS_OF_OUTPUT = {  # by the name of the output's activation
    "identity": "mse",
    "exp": "poisson_nll",
    "logistic": "bce_with_logits",
    "softmax": "cross_entropy",
}
_SMALLEST_NUMBER = 5e-324  # t log(t) is 0 for t = 0, and its logarithm is finite


@partial(Loss, targets="numbers", to_number=autograd.exp)
def half_poisson_deviance(outputs: list[Any], targets: list[Any]) -> Any:
    """`nn.poisson_nll` plus ``t log(t) - t``, so that it is 0 where exp(z) is the target t.

    >>> half_poisson_deviance([[0.0]], [1.0]), half_poisson_deviance([[0.0]], [0.0])
    (0.0, 1.0)
    """
    terms = [t * log(maximum(t, _SMALLEST_NUMBER)) - t for t in targets]
    return autograd.sum([poisson_nll.formula(outputs, targets), *terms])


MINIMIZED = {**LOSSES, "poisson_nll": half_poisson_deviance}  # by the name of the network's loss

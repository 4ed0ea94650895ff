"""Pictures of a model and its training, with Matplotlib, which is imported when one is drawn.

Each function draws into ``ax`` (or ``figure``) if one is given, else into a new figure, and
returns it. The colors are from Okabe and Ito (Color Universal Design, 2008): readers with any
color vision tell them apart. Classes also differ by marker and hatch, and signs by light and dark.
Layers, neurons and inputs count from 1, as in formulas, in `trace` and in `Stepper`. Only paths
such as ``layers.0`` count from 0, because they are Python: ``model.layers[0]`` is layer 1.
`autograd.plot` draws functions and their derivatives.
"""

from autograd.plot.figures import COLORS, HATCHES, LINES, MARKERS, new_figure, save

from ..prediction import outputs
from .classes import boundary_over_time, confusion, decision_boundary
from .numbers import predicted_against_true, regression_1d, regression_surface
from .training import gradient_norms, loss_curve, weights
from .units import activations, hidden_space

__all__ = ["activations", "boundary_over_time", "confusion", "decision_boundary"]
__all__ += ["gradient_norms", "hidden_space", "loss_curve", "predicted_against_true"]
__all__ += ["regression_1d", "regression_surface", "weights"]
__all__ += ["COLORS", "HATCHES", "LINES", "MARKERS", "new_figure", "outputs", "save"]

"""One pass through a graph, step by step: `steps` as text, `Stepper` as a page that plays them."""

from .frames import Frame
from .page.stepper import Stepper
from .stepping import steps

__all__ = ["Frame", "Stepper", "steps"]

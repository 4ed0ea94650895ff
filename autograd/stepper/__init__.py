"""One pass through a graph, step by step: frames (`steps`) and the page that plays them."""

from .frames import steps
from .narration import Frame
from .page import Stepper

__all__ = ["Frame", "Stepper", "steps"]

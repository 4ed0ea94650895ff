"""One pass through a graph, step by step: `steps` as text, `Stepper` as a page that plays them."""

from .frames import Frame as Frame
from .page.stepper import Stepper as Stepper
from .stepping import steps as steps

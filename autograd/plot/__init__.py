"""Pictures of functions, their derivatives and descents, with Matplotlib.

Matplotlib is imported when a picture is drawn. Each function draws into ``ax`` if it is given, else
into a new figure, and returns the axes: change there what you like, such as
``ax.set_title("...")``. `nn.plot` draws models and their training.
"""

from .charts import bars, log_log
from .curves import curve, directions, taylor
from .figures import COLORS, HATCHES, LINES, MARKERS, legend_below, new_figure, save
from .surfaces import contours, surface

__all__ = ["bars", "contours", "curve", "directions", "log_log", "surface", "taylor"]
__all__ += ["COLORS", "HATCHES", "LINES", "MARKERS", "legend_below", "new_figure", "save"]

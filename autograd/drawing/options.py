"""The options of a picture: what each may be. A wrong one is an error that says so."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from ..explaining.argument_checks import require_bool, require_text
from ..explaining.notation import number

DIRECTIONS = ("LR", "RL", "TB", "BT")


def check_svg_options(caller: str, options: dict[str, Any], known: Sequence[str]) -> None:
    """Raise TypeError for an option that is not ``known``, ValueError for a format but SVG."""
    for name in options:
        if name not in known:
            raise TypeError(f"{caller} has no option {name!r}, its options are {', '.join(known)}")
    if (given := options.get("format", "svg")) != "svg":
        other = "draw_dot(root, format='png').render('name') writes other formats"
        raise ValueError(f"{caller} shows SVG, got format={given!r:.80}: {other}")


def check_values(
    rankdir: Any,
    max_nodes: Any,
    depth: Any,
    params: Any,
    number_format: Any,
    title: Any,
    expand: Any,
) -> None:
    """Raise ValueError or TypeError for a wrong option of `draw_dot`."""
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir is LR, RL, TB or BT, got {rankdir!r}")
    if params not in ("show", "fold"):
        raise ValueError(f"params is 'show' or 'fold', got {params!r}")
    check_count("max_nodes", max_nodes, 1)
    check_count("depth", depth, 0)
    try:
        number(0.5, number_format)
    except (TypeError, ValueError):
        needs = "number_format is a format specification such as '.4g'"
        raise ValueError(f"{needs}, got {number_format!r:.80}") from None
    require_text(title, "title")
    require_bool(expand, "expand")


def check_level(level: Any, sample: Any, for_nodes: dict[str, Any]) -> None:
    """Raise ValueError for a level or a sample that cannot be.

    for_nodes: the given options that ask for a picture node by node.
    """
    if level not in (None, "nodes", "network"):
        raise ValueError(f"level is 'nodes', 'network' or None, got {level!r:.80}")
    if isinstance(sample, bool) or not (isinstance(sample, Integral) and int(sample) >= 0):
        raise ValueError(f"sample is a whole number, 0 or more, got {sample!r:.80}")
    if level == "nodes":
        for_nodes = {"level": "nodes", **for_nodes}
    of_network = "level='network'" if level == "network" else f"sample={sample}" if sample else ""
    if of_network and for_nodes:
        name, value = next(iter(for_nodes.items()))
        raise ValueError(
            f"a picture has neurons or nodes, so {of_network} and {name}={value!r:.80} do not fit: "
            "leave one out"
        )


def check_sample(sample: int, samples: int) -> None:
    """Raise ValueError unless there is a sample of this number."""
    if sample >= max(samples, 1):
        if samples <= 1:
            raise ValueError(f"sample={sample}, but this graph has one sample: leave sample out")
        raise ValueError(f"sample is 0 to {samples - 1} in this graph, got {sample}")


def check_count(option: str, given: int | None, least: int) -> None:
    """Raise ValueError unless ``given`` is None or a whole number, ``least`` or more."""
    is_whole = isinstance(given, Integral) and not isinstance(given, bool)
    if given is not None and not (is_whole and given >= least):
        raise ValueError(f"{option} is None or a whole number, {least} or more, got {given!r:.80}")


def check_time_limit(given: float) -> None:
    """Raise ValueError unless ``given`` is a number of seconds above 0."""
    if isinstance(given, bool) or not (isinstance(given, Real) and given > 0):
        raise ValueError(f"time_limit is a number of seconds above 0, got {given!r:.80}")

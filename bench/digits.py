"""Figures as they are printed: goals are judged exactly, and no figure is rounded towards its goal."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

DIGITS: Final = 6
"""That a figure has in JSON."""

_RIGHT: Final = {"right", "right_mean", "right_by_class", "plain_right", "plain_right_mean", "in_time"}
_GHOSTS: Final = {"ghosts", "plain_ghosts"}


def rounded_down(value: float, digits: int) -> Decimal:
    """For what is to be great: 1 only if it is 1."""
    return _rounded(value, digits, ROUND_FLOOR)


def rounded_up(value: float, digits: int) -> Decimal:
    """For what is to be small: 0 only if it is 0."""
    return _rounded(value, digits, ROUND_CEILING)


def for_json(value: Any, key: str = "") -> Any:
    """What `bench.reading.bench_reading` returns, with few digits; what never was (infinite) is null.

    key: under which the value stands; shares of right are rounded down, ghosts up, all else to the nearest.
    """
    if isinstance(value, dict):
        whole = key if key == "right_by_class" else ""
        return {name: for_json(inner, whole or name) for name, inner in value.items()}
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    if key in _RIGHT:
        return float(rounded_down(value, DIGITS))
    return float(rounded_up(value, DIGITS)) if key in _GHOSTS else round(value, DIGITS)


def _rounded(value: float, digits: int, way: str) -> Decimal:
    # By the shortest decimal that is this float: 0.97 is 0.97, and not a little less.
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=way)

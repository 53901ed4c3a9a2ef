"""Figures as they are printed: close to what they are, and never on the better side of it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bench.digits import DIGITS, for_json, rounded_down, rounded_up

shares = st.floats(0.0, 1.0)


@given(shares, st.integers(2, DIGITS))
def test_a_figure_lies_between_its_roundings(share: float, digits: int) -> None:
    step = 10.0**-digits
    low, high = rounded_down(share, digits), rounded_up(share, digits)
    assert float(low) <= share <= float(high)
    assert float(high - low) <= 1.001 * step
    assert (low == 1) == (share == 1)
    assert (high == 0) == (share == 0)


@given(shares)
def test_what_is_right_is_printed_as_no_more_and_ghosts_as_no_less(share: float) -> None:
    printed = for_json(
        {"right": share, "ghosts": share, "right_by_class": {"road": share, "water": None}, "frames": 3}
    )
    assert printed["right"] == printed["right_by_class"]["road"] <= share <= printed["ghosts"]
    assert abs(printed["ghosts"] - printed["right"]) < 2e-6
    assert printed["right_by_class"]["water"] is None
    assert printed["frames"] == 3


def test_other_figures_are_rounded_to_the_nearest_and_never_is_null() -> None:
    figures = {
        "settle_s": {"p50": 0.1 + 0.2},
        "found_again_s": math.inf,
        "reached": {"ms": True, "x": None},
    }
    assert for_json(figures) == {
        "settle_s": {"p50": 0.3},
        "found_again_s": None,
        "reached": {"ms": True, "x": None},
    }

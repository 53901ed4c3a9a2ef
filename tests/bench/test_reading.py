"""The bench of the reading, on as little as there can be, and the table of its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.conditions import INKS, MATRIX, USUAL, Case
from bench.reading import (
    WARM_UP,
    _found_again,
    bench_reading,
    blind,
    calibrated,
    frame_count,
    watch,
    whole,
)
from bench.table import _percent, reading_table
from live.camera.simulated import Push
from models.palette import CLASS_NAMES, WATER


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """Two conditions, a few frames each."""
    named = {case.name: replace(case, seconds=0.8) for case in MATRIX}
    return bench_reading([named["usual"], named["2700 K"]], seed=1, side=128, fps=10.0)


def test_both_methods_are_judged_on_the_same_frames(result: dict[str, Any]) -> None:
    assert list(result["conditions"]) == ["usual", "2700 K"]
    for both in result["conditions"].values():
        assert both["ours"]["frames"] == both["plain"]["frames"] == 8
        assert both["ours"]["right"] > 0.97
        assert both["ours"]["ms"]["p50"] > 0
        assert set(both["ours"]["right_by_class"]) == set(CLASS_NAMES)
    assert result["conditions"]["2700 K"]["plain"]["right_mean"] < 0.5


def test_the_whole_says_which_goals_are_reached(result: dict[str, Any]) -> None:
    overall = result["overall"]
    assert overall["right"] == min(both["ours"]["right"] for both in result["conditions"].values())
    assert overall["reached"]["plain_beaten"]
    assert overall["found_again_s"] is None


def test_the_table_has_a_row_for_each_condition(result: dict[str, Any]) -> None:
    page = reading_table(result)
    assert "side 128, 10 frames a second, seed 1" in page
    rows = [line for line in page.splitlines() if line.startswith(("| usual |", "| 2700 K |"))]
    assert len(rows) == 2
    heads = next(line for line in page.splitlines() if line.startswith("| condition |"))
    assert {row.count("|") for row in rows} == {heads.count("|")}
    assert "not measured" in page, "no sheet was pushed"
    assert "| more right than the plain method in every condition |  |  | yes |" in page


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100 %"), (0.97, "97 %"), (0.96999, "96.99 %"), (0.0005, "0.05 %"), (0.99999, "99.99 %")],
)
def test_shares_are_never_rounded_up_to_a_goal(share: float, words: str) -> None:
    assert _percent(share) == words


def test_the_warm_up_is_watched_and_not_judged() -> None:
    case = replace(MATRIX[0], seconds=0.2)
    looks = list(watch(case, 1, 64, 10.0))
    assert len(looks) == frame_count(case, 10.0) == round(10 * WARM_UP) + 2
    assert [look.judged for look in looks] == [False] * round(10 * WARM_UP) + [True] * 2


def test_inks_that_lie_on_the_sheet_are_given_to_both() -> None:
    chisel = next(case for case in MATRIX if case.name == "dark chisel markers")
    assert tuple(calibrated(chisel).rgb[WATER]) == INKS["dark chisel markers"]["water"]
    assert not np.array_equal(calibrated(Case("usual")).rgb, USUAL.inks()), "a show's own settings"


def test_a_whole_drawing_is_read_from_the_empty_sheet_on() -> None:
    case = whole("letters", 1)
    assert case.start == 0
    assert 30 < case.seconds < 60


def test_only_a_quick_push_blinds() -> None:
    quick, slow = Push(10.0, 200.0), Push(10.0, 200.0, seconds=5.0)
    assert blind([quick], 10.2) == (9.5, 11.4)
    assert blind([quick], 12.0) is None
    assert blind([slow], 10.2) is None


def test_being_found_again_is_timed_from_the_end_of_the_push() -> None:
    push = Push(1.0, 200.0, seconds=0.4)
    times = [(round(0.1 * i, 1), not 1.0 <= 0.1 * i < 1.65) for i in range(30)]
    assert _found_again([push], times) == pytest.approx(0.3)
    assert _found_again([push], [(t, t < 1.0) for t, _ in times]) == pytest.approx(1.5), "never"
    assert _found_again([Push(9.0, 1.0)], times) is None

"""The bench of the reading, on as little as there can be, and the table of its figures."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.conditions import INKS, MATRIX, USUAL, Case
from bench.digits import for_json
from bench.judge import UNCOVERED
from bench.reading import (
    WARM_UP,
    _found_again,
    _overall,
    bench_reading,
    blind,
    calibrated,
    frame_count,
    watch,
    whole,
)
from bench.table import _ghosts, _percent, reading_table
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
    assert overall["reached"]["found_again_s"] is None, "neither reached nor missed"
    slowest = max(both["ours"]["uncovered_s"]["p95"] for both in result["conditions"].values())
    assert overall["uncovered_slowest"]["p95"] == slowest >= overall["uncovered_s"]["p50"]
    assert overall["reached"]["uncovered_slowest"] == (slowest <= UNCOVERED + 1e-4)


def test_a_goal_that_is_missed_by_less_than_a_digit_is_missed(result: dict[str, Any]) -> None:
    report = copy.deepcopy(result["conditions"])
    report["usual"]["ours"] |= {"right": 0.969996, "ghosts": 0.0005004}
    overall = _overall(report, [8.0004], np.array([0.3, 0.3004]))
    assert overall["reached"] == {
        "right": False,
        "right_mean": True,
        "ghosts": False,
        "found_again_s": None,
        "uncovered_s": False,
        "uncovered_slowest": result["overall"]["reached"]["uncovered_slowest"],
        "plain_beaten": True,
        "ms": False,
    }
    page = reading_table({**result, "conditions": report, "overall": overall}, "cities bench reading")
    assert "at least 97 % | 96.99 % |" in page
    assert "at most 0.05 % of the sheet | 0.051 % |" in page
    assert "p50 at most 8 ms | p50 8.01 ms" in page


def test_a_sheet_that_is_never_found_again_is_a_goal_that_is_missed(result: dict[str, Any]) -> None:
    report = copy.deepcopy(result["conditions"])
    report["usual"]["ours"]["found_again_s"] = math.inf
    report["2700 K"]["ours"]["found_again_s"] = 0.05
    overall = _overall(report, [1.0], np.array([0.1]))
    assert overall["reached"]["found_again_s"] is False
    assert for_json(overall)["found_again_s"] is None
    page = reading_table({**result, "conditions": report, "overall": overall}, "cities bench reading")
    assert "| usual, found again: never |" in page
    assert "| 2700 K, found again: within one frame |" in page
    assert "within 0.5 s | never | told where it is | no |" in page


def test_the_table_has_a_row_for_each_condition(result: dict[str, Any]) -> None:
    page = reading_table(result, "cities bench reading --condition usual")
    assert "Written by `cities bench reading --condition usual`" in page
    assert "side 128, 10 frames a second, seed 1" in page
    rows = [line for line in page.splitlines() if line.startswith(("| usual |", "| 2700 K |"))]
    assert len(rows) == 2
    heads = next(line for line in page.splitlines() if line.startswith("| condition |"))
    assert {row.count("|") for row in rows} == {heads.count("|")}
    assert "within 0.5 s | not measured | told where it is | not measured |" in page, "none was pushed"
    assert "| more right than the plain method in every condition |  |  | yes |" in page


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100 %"),
        (0.97, "97 %"),
        (0.29, "29 %"),
        (0.969996, "96.99 %"),
        (0.99999999999, "99.99 %"),
        (1e-7, "0 %"),
        (0.0, "0 %"),
    ],
)
def test_shares_of_right_are_never_rounded_up_to_a_goal(share: float, words: str) -> None:
    assert _percent(share) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (1e-12, "0.001 %"), (0.0005, "0.05 %"), (0.00050001, "0.051 %"), (1.0, "100 %")],
)
def test_shares_of_ghosts_are_never_rounded_down_to_a_goal(share: float, words: str) -> None:
    assert _ghosts(share) == words


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
    assert _found_again([push], [(t, t < 1.0) for t, _ in times]) == math.inf, "never"
    assert _found_again([Push(9.0, 1.0)], times) is None
    assert _found_again([], times) is None


def test_what_is_found_again_must_stay_found_until_the_next_push() -> None:
    push, following = Push(1.0, 200.0, seconds=0.4), Push(2.0, 200.0, seconds=0.4)
    times = [round(0.1 * i, 1) for i in range(30)]
    lost = [(now, now not in (1.4, 1.8)) for now in times]
    assert _found_again([push], lost) == pytest.approx(0.5), "found at once, but lost once more"
    assert _found_again([push], [(now, now != 2.9) for now in times]) == math.inf
    moving = [(now, not 2.0 <= now < 2.45) for now in times]
    assert _found_again([push, following], moving) == pytest.approx(0.1)
    assert _found_again([push, following], [(now, now < 1.9 or now > 2.4) for now in times]) == math.inf

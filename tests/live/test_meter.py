from __future__ import annotations

import numpy as np
import pytest

from live.flow import Picture
from live.meter import Meter

NOTHING = np.zeros((1, 1, 3), np.uint8)


def test_figures_of_a_steady_show() -> None:
    meter = Meter(keep=100)
    for n in range(1, 31):
        meter.flipped(Picture(NOTHING, n, n / 30, {"generate": 10.0 + n % 2}), 2.0, now=n / 30 + 0.040)
    measured = meter.measured(now=1.04)
    assert measured.fps == pytest.approx(30.0)
    assert (measured.shown, measured.dropped) == (30, 0)
    assert measured.latency_ms.p50 == pytest.approx(40.0)
    assert measured.latency_ms.max == pytest.approx(40.0)
    assert measured.stages_ms == {"generate": pytest.approx(10.5), "output": 2.0}


def test_frames_that_were_never_shown_are_counted() -> None:
    meter = Meter(keep=2)
    for n in (3, 4, 9, 10, 10, 12):  # 10 twice: the same frame, rendered again in another city
        meter.flipped(Picture(NOTHING, n, 0.0), 1.0, now=float(n))
    measured = meter.measured(now=12.0)
    assert measured.dropped == 4 + 1
    assert measured.shown == 6
    assert measured.latency_ms.max == 12_000.0


def test_what_a_performer_holds_back_is_not_dropped() -> None:
    meter = Meter(keep=10)
    meter.flipped(Picture(NOTHING, 1, 0.0), 1.0, now=0.0)
    for n in range(2, 100):
        meter.withheld(Picture(NOTHING, n, 0.0))
    meter.flipped(Picture(NOTHING, 101, 0.0), 1.0, now=1.0)
    measured = meter.measured(now=1.0)
    assert (measured.shown, measured.dropped) == (2, 1)


def test_a_show_that_stands_still_has_no_rate() -> None:
    meter = Meter(keep=100)
    for n in range(1, 31):
        meter.flipped(Picture(NOTHING, n, n / 30), 1.0, now=n / 30)
    assert meter.measured(now=1.0).fps == pytest.approx(30.0)
    assert meter.measured(now=5.0).fps == 0.0
    assert meter.measured(now=5.0).shown == 30


def test_without_pictures_there_are_no_figures() -> None:
    measured = Meter(keep=5).measured(now=0.0)
    assert (measured.fps, measured.shown, measured.dropped) == (0.0, 0, 0)
    assert measured.latency_ms.max == 0.0
    assert measured.stages_ms == {}

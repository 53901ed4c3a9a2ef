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
    measured = meter.measured()
    assert measured.fps == pytest.approx(30.0)
    assert (measured.shown, measured.dropped) == (30, 0)
    assert measured.latency_ms.p50 == pytest.approx(40.0)
    assert measured.latency_ms.max == pytest.approx(40.0)
    assert measured.stages_ms == {"generate": pytest.approx(10.5), "output": 2.0}


def test_frames_that_were_never_shown_are_counted() -> None:
    meter = Meter(keep=2)
    for n in (3, 4, 9, 10, 10, 12):  # 10 twice: the same frame, rendered again in another city
        meter.flipped(Picture(NOTHING, n, 0.0), 1.0, now=float(n))
    measured = meter.measured()
    assert measured.dropped == 4 + 1
    assert measured.shown == 6
    assert measured.latency_ms.max == 12_000.0


def test_without_pictures_there_are_no_figures() -> None:
    measured = Meter(keep=5).measured()
    assert (measured.fps, measured.shown, measured.dropped) == (0.0, 0, 0)
    assert measured.latency_ms.max == 0.0
    assert measured.stages_ms == {}

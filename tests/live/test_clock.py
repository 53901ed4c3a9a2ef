from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from live.clock import ManualClock, MonotonicClock


@given(st.floats(0, 1e6), st.lists(st.floats(-10, 1e3), max_size=10))
def test_a_manual_clock_moves_only_when_told_and_never_back(start: float, sleeps: list[float]) -> None:
    clock = ManualClock(start)
    wanted = start
    for seconds in sleeps:
        clock.sleep(seconds)
        wanted += max(0.0, seconds)
        assert clock.now() == wanted


def test_the_machines_clock_sleeps() -> None:
    clock = MonotonicClock()
    begun = clock.now()
    clock.sleep(0.02)
    clock.sleep(-1)
    assert clock.now() - begun >= 0.02

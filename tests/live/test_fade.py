from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.fade import Fade


def test_a_fade_begins_at_its_origin_and_ends_at_its_target() -> None:
    fade = Fade(0.2, 0.9, start=10.0, seconds=2.0)
    assert fade.at(3.0) == fade.at(10.0) == 0.2
    assert fade.at(11.0) == pytest.approx(0.55)
    assert fade.at(12.0) == fade.at(99.0) == 0.9


def test_without_time_the_target_stands_at_once() -> None:
    assert Fade(0.0, 1.0, start=10.0).at(10.0) == 1.0


@given(st.floats(0, 3), st.floats(0, 0.1))
def test_a_fade_never_goes_back_nor_faster_than_its_easing(at: float, while_: float) -> None:
    fade = Fade(0.0, 1.0, start=0.5, seconds=2.0)
    assert 0.0 <= fade.at(at + while_) - fade.at(at) <= 1.5 / 2.0 * while_ + 1e-12

"""The light from frame to frame: at once where all of it changes, slowly where something is hidden."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.light import GRID
from live.light import HIDDEN_INERTIA, INERTIA, LightWatch

SIZE = 4 * GRID
OPEN = np.ones((SIZE, SIZE), dtype=np.bool_)


def paper(value: float) -> NDArray[np.uint8]:
    return np.full((SIZE, SIZE, 3), value, dtype=np.uint8)


def test_a_lamp_that_is_switched_is_followed_in_the_very_frame() -> None:
    watch = LightWatch()
    watch.look(paper(240), OPEN, 0.0)
    watch.seen(np.ones((SIZE, SIZE), dtype=np.bool_))
    np.testing.assert_allclose(watch.look(paper(120), OPEN, 0.03), 120, rtol=0.03)


@pytest.mark.parametrize("covered", [False, True])
def test_a_shadow_is_believed_slowly_and_slower_under_a_hand(covered: bool) -> None:
    shaded = paper(220)
    shaded[: SIZE // 3] = 150
    trusted = OPEN.copy()
    if covered:
        trusted[: SIZE // 3] = False
    watch = LightWatch()
    watch.look(paper(220), OPEN, 0.0)
    # No bare paper is told of, so that there is no gain to follow.
    for number in range(1, round(INERTIA * 30) + 1):
        cells = watch.look(shaded, trusted, number / 30)
    assert HIDDEN_INERTIA > INERTIA
    dark = float(cells[: GRID // 4].mean())
    if covered:
        assert dark > 205  # what lies there is taken for no light at all
    else:
        assert 160 < dark < 195


def test_white_that_is_taken_anew_needs_one_frame() -> None:
    watch = LightWatch()
    watch.look(paper(240), OPEN, 0.0)
    np.testing.assert_allclose(watch.look(paper(160), OPEN, 0.03, anew=True), 160, rtol=0.02)

"""The matrix of conditions: everything that the reading must stand is in it."""

from __future__ import annotations

import numpy as np
import pytest

from bench.conditions import INKS, MATRIX, SKINS
from live.camera.simulated import SimulatedSheet


def test_every_condition_has_a_name_of_its_own() -> None:
    assert len({case.name for case in MATRIX}) == len(MATRIX)


def test_the_matrix_spans_what_a_show_may_meet() -> None:
    conditions = [case.conditions for case in MATRIX]
    assert {1.0, 2.0, 3.0, 4.0} <= {c.light_slope for c in conditions}
    assert min(c.kelvin for c in conditions) == 2700
    assert max(c.kelvin for c in conditions) == 6500
    assert max(c.tilt for c in conditions) == 45
    assert any(max(abs(push.right) for push in c.pushes) >= 200 for c in conditions if c.pushes)
    assert {c.skin for c in conditions} >= set(SKINS.values())
    assert {tuple(map(tuple, c.inks().tolist())) for c in conditions} >= {
        tuple(colours.values()) for colours in INKS.values()
    }
    assert any(c.sleeve is None for c in conditions)
    assert any(c.stripes for c in conditions)
    assert any(c.cuff for c in conditions)
    assert any(c.gaps for c in conditions)
    assert any(c.covers for c in conditions)


@pytest.mark.parametrize("drawing", sorted({case.drawing for case in MATRIX}))
def test_the_reading_begins_while_the_hand_is_away(drawing: str) -> None:
    sheet = SimulatedSheet(drawing, 1, 320, 180)
    for start in {case.start for case in MATRIX if case.drawing == drawing}:
        assert not np.any(sheet.truth(start, 64).hand)

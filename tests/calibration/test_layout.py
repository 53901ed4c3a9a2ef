"""What is printed on the sheet keeps out of its own way."""

from __future__ import annotations

import itertools

import numpy as np

from calibration.layout import A4
from live.hand import GRAIN, RING


def test_markers_and_swatches_stand_apart_on_the_paper_and_off_the_watched_ring() -> None:
    boxes = np.concatenate([A4.marker_corners_mm(), A4.swatch_corners_mm()])
    assert (boxes > 5.0).all()  # no printer reaches the edge
    assert (boxes < (A4.paper_width - 5.0, A4.paper_height - 5.0)).all()
    for one, other in itertools.combinations(boxes, 2):
        # A marker wants a white rim as broad as one of its modules, 5 mm.
        apart = np.maximum(one.min(axis=0) - other.max(axis=0), other.min(axis=0) - one.max(axis=0)).max()
        assert apart > 5.0
    on_sheet = np.concatenate([A4.marker_corners_sheet(), A4.swatch_corners_sheet()])
    ring = RING / GRAIN
    outside = (on_sheet[..., 0] < -ring) | (on_sheet[..., 0] > 1 + ring)
    assert outside.all()

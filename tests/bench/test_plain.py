"""The plain method: a fixed threshold and the nearest colour."""

from __future__ import annotations

import numpy as np

from bench.plain import read_plainly
from calibration.inks import Inks
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

INKS = Inks(
    np.array([(247, 245, 239), (36, 36, 42), (40, 140, 70), (208, 44, 46), (34, 86, 172)], dtype=np.uint8)
)
CORNERS = np.array([(19.5, 9.5), (69.5, 9.5), (69.5, 59.5), (19.5, 59.5)], dtype=np.float32)


def test_every_ink_is_read_where_it_lies_within_the_corners() -> None:
    picture = np.full((70, 90, 3), INKS.rgb[GROUND, ::-1], dtype=np.uint8)
    for label in (ROAD, GREEN, BUILDING, WATER):
        picture[10 * label : 10 * label + 10, 20:70] = INKS.rgb[label, ::-1]
    labels = read_plainly(picture, CORNERS, 50, INKS)
    assert labels.dtype == np.uint8
    for row, label in enumerate((ROAD, GREEN, BUILDING, WATER, GROUND)):
        assert (labels[10 * row + 2 : 10 * row + 8] == label).all()


def test_it_knows_nothing_of_light_or_hands() -> None:
    half_lit = np.full((70, 90, 3), (118, 121, 122), dtype=np.uint8)
    assert (read_plainly(half_lit, CORNERS, 50, INKS) != GROUND).all()
    skin = np.full((70, 90, 3), (92, 124, 178), dtype=np.uint8)
    assert (read_plainly(skin, CORNERS, 50, INKS) == BUILDING).all()

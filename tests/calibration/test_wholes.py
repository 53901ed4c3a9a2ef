"""From classes pixel by pixel to things."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from calibration.wholes import make_whole, reduced
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

SIDE = 1024


def ground() -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE), GROUND, dtype=np.uint8)


def test_a_rim_of_another_class_belongs_to_what_it_surrounds() -> None:
    drawn = ground()
    cv2.circle(drawn, (250, 250), 83, ROAD, -1)
    cv2.circle(drawn, (250, 250), 80, WATER, -1)
    whole = make_whole(drawn)
    assert not (whole == ROAD).any()
    assert (whole[drawn == WATER] == WATER).all()


def test_a_thin_line_of_its_own_stays_in_one_piece() -> None:
    drawn = ground()
    cv2.line(drawn, (20, 100), (980, 460), ROAD, 3)
    np.testing.assert_array_equal(make_whole(drawn), drawn)


def test_specks_and_holes_vanish() -> None:
    drawn = ground()
    cv2.rectangle(drawn, (100, 100), (300, 300), GREEN, -1)
    expected = drawn.copy()
    drawn[400:404, 400:404] = BUILDING
    drawn[200:207, 200:207] = GROUND
    drawn[150:154, 150:154] = WATER
    np.testing.assert_array_equal(make_whole(drawn), expected)


@pytest.mark.parametrize("label", [GREEN, BUILDING, WATER])
def test_hatching_is_one_area(label: int) -> None:
    drawn = ground()
    for x in range(200, 520, 24):
        cv2.line(drawn, (x, 240), (x + 80, 520), label, 8)
    corners = np.array([(224, 270), (500, 270), (564, 490), (288, 490)])
    inside = cv2.fillConvexPoly(np.zeros_like(drawn), corners, 1)
    assert (make_whole(drawn)[inside > 0] == label).mean() > 0.98


def test_houses_in_a_row_stay_apart() -> None:
    drawn = ground()
    for x in range(100, 800, 80):
        cv2.rectangle(drawn, (x, 400), (x + 64, 460), BUILDING, -1)
    np.testing.assert_array_equal(make_whole(drawn), drawn)


def test_two_strokes_beside_each_other_are_two() -> None:
    drawn = ground()
    cv2.line(drawn, (50, 200), (950, 200), WATER, 8)
    cv2.line(drawn, (50, 224), (950, 224), WATER, 8)
    np.testing.assert_array_equal(make_whole(drawn), drawn)


def test_the_grain_of_a_crayon_is_filled() -> None:
    drawn = ground()
    cv2.rectangle(drawn, (100, 100), (300, 300), WATER, -1)
    bare = np.random.default_rng(1).random(drawn.shape) < 0.35
    drawn[bare] = GROUND
    assert (make_whole(drawn)[104:297, 104:297] == WATER).all()


def test_a_thin_road_survives_being_reduced() -> None:
    drawn = ground()
    cv2.line(drawn, (0, 201), (1023, 601), ROAD, 3)
    small = (reduced(drawn, 256) == ROAD).astype(np.uint8)
    count, _ = cv2.connectedComponents(small, connectivity=8)
    assert count == 2
    assert small.any(axis=0).all()


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.uint8, (16, 16), elements=st.integers(0, 4)))
def test_nothing_is_made_up(coarse: NDArray[np.uint8]) -> None:
    labels = np.asarray(cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    whole = make_whole(labels)
    assert set(np.unique(whole)) <= set(np.unique(labels))
    assert whole.shape == labels.shape

"""Cleaning: what nobody drew goes, what the pen left out is filled in, and what was drawn stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from calibration.cleaning import SPECK, WIDTH, clean
from models.palette import BUILDING, GREEN, GROUND, ROAD, UNKNOWN, WATER

Labels = NDArray[np.uint8]
SIDE = 64

labels_of_any_kind = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 24), st.integers(1, 24)),
    elements=st.sampled_from([GROUND, ROAD, GREEN, BUILDING, WATER, UNKNOWN]),
)


def sheet(label: int = GROUND) -> Labels:
    return np.full((SIDE, SIDE), label, dtype=np.uint8)


def ring(radius: int, inner: int, outer: int, width: int, around: int = GROUND) -> Labels:
    """A disc with a rim of another class."""
    labels = sheet(around)
    cv2.circle(labels, (32, 32), radius + width, outer, cv2.FILLED)
    cv2.circle(labels, (32, 32), radius, inner, cv2.FILLED)
    return labels


@given(labels_of_any_kind)
def test_nothing_appears_that_was_not_there(labels: Labels) -> None:
    before = labels.copy()
    cleaned = clean(labels)
    assert cleaned.shape == labels.shape
    assert cleaned.dtype == np.uint8
    assert set(np.unique(cleaned)) <= set(np.unique(labels))
    np.testing.assert_array_equal(labels, before)


@given(labels_of_any_kind)
def test_it_makes_no_difference_which_ink_is_which(labels: Labels) -> None:
    # Two inks may have equal claims to a pixel; apart from that, exchanging them exchanges the result.
    swap = np.arange(256, dtype=np.uint8)
    swap[[GREEN, BUILDING]] = BUILDING, GREEN
    here, there = clean(labels), swap[clean(swap[labels])]
    undecided = (here != there) & ~np.isin(here, [GREEN, BUILDING])
    assert not undecided.any() or set(np.unique(labels)) & {GREEN, BUILDING} == {GREEN, BUILDING}


@given(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1), st.integers(1, SPECK), st.integers(1, SPECK))
@pytest.mark.parametrize("label", [GROUND, ROAD, WATER])
def test_specks_vanish_wherever_they_are(label: int, x: int, y: int, width: int, height: int) -> None:
    labels = sheet(GREEN)
    labels[y : y + height, x : x + width] = label
    assert (clean(labels) == GREEN).all()


@given(x=st.integers(8, SIDE - 16), y=st.integers(8, SIDE - 16), size=st.integers(SPECK + 1, 8))
def test_a_dot_larger_than_a_speck_stays_as_it_is(x: int, y: int, size: int) -> None:
    labels = sheet()
    labels[y : y + size, x : x + size] = BUILDING
    np.testing.assert_array_equal(clean(labels), labels)


@given(
    inner=st.sampled_from([ROAD, GREEN, BUILDING, WATER]),
    rim=st.sampled_from([ROAD, GREEN, BUILDING, WATER]),
    around=st.sampled_from([GROUND, GREEN, BUILDING, WATER]),
    radius=st.integers(8, 20),
    width=st.integers(1, WIDTH - 2),
)
def test_a_rim_between_two_classes_goes_to_them(
    inner: int, rim: int, around: int, radius: int, width: int
) -> None:
    if len({inner, rim, around}) < 3:
        return
    cleaned = clean(ring(radius, inner, rim, width, around))
    assert not (cleaned == rim).any()
    assert cleaned[32, 32] == inner
    assert cleaned[0, 0] == around


@given(angle=st.floats(0, np.pi), width=st.integers(2, 5), ground=st.sampled_from([GROUND, GREEN]))
def test_a_thin_road_stays_in_one_piece(angle: float, width: int, ground: int) -> None:
    labels = sheet(ground)
    way = np.array([np.cos(angle), np.sin(angle)]) * 24
    start, end = (tuple(int(v) for v in np.rint(32 + sign * way)) for sign in (-1, 1))
    cv2.line(labels, start, end, ROAD, width)
    cleaned = clean(labels)
    np.testing.assert_array_equal(cleaned[labels == ROAD], ROAD)
    assert (cleaned != labels).sum() <= 8


@given(angle=st.floats(0, np.pi), width=st.integers(2, 4))
def test_a_thin_road_goes_on_where_it_enters_a_park(angle: float, width: int) -> None:
    labels = sheet()
    labels[:, 32:] = GREEN
    way = np.array([np.cos(angle), np.sin(angle)]) * 24
    if abs(way[0]) < 12:
        return
    start, end = (tuple(int(v) for v in np.rint(32 + sign * way)) for sign in (-1, 1))
    cv2.line(labels, start, end, ROAD, width)
    parts, of = cv2.connectedComponents((clean(labels) == ROAD).astype(np.uint8), connectivity=8)
    assert parts == 2
    assert of[start[1], start[0]] == of[end[1], end[0]] == 1


@pytest.mark.parametrize("gap", range(1, WIDTH))
@pytest.mark.parametrize("turned", [False, True])
def test_hatching_reads_as_one_area(gap: int, turned: bool) -> None:
    labels = sheet()
    for top in range(10, 50, 4 + gap):
        labels[top : top + 4, 10:54] = BUILDING
    labels = labels.T.copy() if turned else labels
    inside = clean(labels)[14:46, 14:46]
    assert (inside == BUILDING).all()


def test_paper_between_two_inks_and_wide_paper_within_one_stay_paper() -> None:
    labels = sheet(BUILDING)
    labels[20 : 20 + WIDTH + 1] = GROUND
    labels[40:43], labels[43:] = GROUND, WATER
    np.testing.assert_array_equal(clean(labels), labels)


def test_a_hand_stays_unknown() -> None:
    labels = sheet(GREEN)
    labels[20:, 20:50] = UNKNOWN
    # But for its outermost corners, which are narrow.
    assert (clean(labels) != labels).sum() <= 2

"""The drawings: what a hand could have drawn, and beyond doubt in every spot."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.drawings import DRAWING_NAMES, Stroke, drawing
from models.faults import InputFault
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

SIDE = 400


def trace(stroke: Stroke) -> NDArray[np.bool_]:
    """Where a stroke leaves ink, bool (SIDE, SIDE)."""
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    spots = np.round(stroke.points * SIDE * 16).astype(np.int32)
    cv2.polylines(canvas, [spots], False, 1, round(stroke.width * SIDE), shift=4)
    return canvas > 0


def inked(strokes: tuple[Stroke, ...]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The classes of a finished drawing, and where two colours other than black met."""
    labels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    met = np.zeros((SIDE, SIDE), dtype=np.bool_)
    for stroke in strokes:
        ink = trace(stroke)
        if stroke.ink != ROAD:
            met |= ink & ~np.isin(labels, (GROUND, ROAD, stroke.ink))
            ink &= labels != ROAD
        labels[ink] = stroke.ink
    return labels, met


@pytest.mark.parametrize("name", DRAWING_NAMES)
def test_a_drawing_is_the_same_for_the_same_seed_and_another_for_another(name: str) -> None:
    first, again, other = drawing(name, 3), drawing(name, 3), drawing(name, 4)
    assert len(first) == len(again)
    for a, b in zip(first, again, strict=True):
        assert (a.ink, a.width, a.kind) == (b.ink, b.width, b.kind)
        np.testing.assert_array_equal(a.points, b.points)
    assert any(not np.array_equal(a.points, b.points) for a, b in zip(first, other, strict=False))


@pytest.mark.parametrize("name", DRAWING_NAMES)
def test_strokes_stay_on_the_sheet_and_are_drawn_without_jumps(name: str) -> None:
    for stroke in drawing(name, 1):
        assert stroke.ink in (ROAD, GREEN, BUILDING, WATER)
        assert stroke.points.ndim == 2
        assert len(stroke.points) >= 2
        assert stroke.points.min() >= 0
        assert stroke.points.max() <= 1
        assert np.hypot(*np.diff(stroke.points, axis=0).T).max() < 0.08


@pytest.mark.parametrize(("name", "seed"), list(itertools.product(DRAWING_NAMES, (1, 2, 99))))
def test_a_drawing_uses_all_inks_and_no_two_colours_run_into_each_other(name: str, seed: int) -> None:
    labels, met = inked(drawing(name, seed))
    shares = [float((labels == label).mean()) for label in range(5)]
    assert min(shares[1:]) > 0.015, shares
    assert shares[GROUND] < 0.6, shares
    assert met.mean() < 2e-4


def test_the_town_covers_most_of_the_sheet_and_its_streets_bridge_the_river() -> None:
    strokes = drawing("town", 1)
    labels, _ = inked(strokes)
    assert (labels != GROUND).mean() > 0.55
    river = trace(next(stroke for stroke in strokes if stroke.ink == WATER))
    bridges, _ = cv2.connectedComponents((river & (labels == ROAD)).astype(np.uint8))
    assert bridges - 1 >= 3


def test_hatching_leaves_gaps() -> None:
    for stroke in drawing("harbour", 1):
        if stroke.kind == "hatch" and len(stroke.points) > 300:
            ink = trace(stroke).astype(np.uint8)
            closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((9, 9), dtype=np.uint8))
            assert 0 < (closed > ink).mean() < 0.2 * ink.mean()
            return
    pytest.fail("the harbour has no large hatch")


def test_an_unknown_drawing_is_a_fault_that_names_the_known_ones() -> None:
    with pytest.raises(InputFault, match=r"no drawing 'twon', only town, .*did you mean 'town'\?"):
        drawing("twon", 1)
    with pytest.raises(InputFault, match=r"letters$"):
        drawing("zzzz", 1)

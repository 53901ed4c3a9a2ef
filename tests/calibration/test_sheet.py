"""Finding the sheet: by its markers wherever it lies, by its outline, from given corners."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.layout import A4, MARKER_IDS, MARKER_NAMES
from calibration.outline import find_outline
from calibration.sheet import (
    LEAST_MARKERS,
    UNIT_SQUARE,
    SheetPosition,
    find_markers,
    find_sheet,
    find_some_markers,
    in_pixels,
    in_shares,
)
from models.faults import UsageFault

PX_PER_MM = 5
WIDTH, HEIGHT = 1280, 720


def printed(hidden: tuple[int, ...] = ()) -> NDArray[np.uint8]:
    """The blank sheet from above with all markers but the hidden ones, BGR."""
    size = round(A4.paper_height * PX_PER_MM), round(A4.paper_width * PX_PER_MM), 3
    paper = np.full(size, 238, dtype=np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, corners in zip(MARKER_IDS, A4.marker_corners_mm(), strict=True):
        if number in hidden:
            continue
        side = round(A4.marker_side * PX_PER_MM)
        left, top = np.round(corners[0] * PX_PER_MM).astype(int)
        marker = cv2.aruco.generateImageMarker(dictionary, number, side)
        paper[top : top + side, left : left + side] = np.where(marker, 238, 35)[..., None]
    return paper


def view(turn: float, tilt: float, scale: float) -> NDArray[np.float64]:
    """From millimetres of the sheet to pixels of a camera that looks aslant on a sheet that lies turned."""
    a, t = math.radians(turn), math.radians(tilt)
    centre = np.array([[1, 0, -A4.paper_width / 2], [0, 1, -A4.paper_height / 2], [0, 0, 1]])
    spin = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    lean = np.array([[1, 0, 0], [0, math.cos(t), 0], [0, math.sin(t) / 900, 1]])
    place = np.array([[scale, 0, WIDTH / 2], [0, scale, HEIGHT / 2], [0, 0, 1]])
    return np.asarray(place @ lean @ spin @ centre)


def photograph(from_mm: NDArray[np.float64], paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The paper on a dark table, a little soft and noisy."""
    step = 1 / PX_PER_MM
    from_paper = from_mm @ np.array([[step, 0, step / 2], [0, step, step / 2], [0, 0, 1]])
    seen = cv2.warpPerspective(
        cv2.GaussianBlur(paper, (0, 0), 1.5), from_paper, (WIDTH, HEIGHT), borderValue=(52, 74, 104)
    )
    noise = np.random.default_rng(5).normal(0, 2.5, seen.shape)
    return np.asarray(np.clip(seen + noise, 0, 255), dtype=np.uint8)


def drawing_corners(from_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    square = UNIT_SQUARE * A4.drawing_side + (A4.drawing_left, A4.drawing_top)
    return np.asarray(cv2.perspectiveTransform(square[None], from_mm)[0], dtype=np.float32)


def distance(position: SheetPosition, from_mm: NDArray[np.float64]) -> float:
    """How far the worst corner of the drawing area is off, in pixels."""
    return float(np.linalg.norm(position.corners - drawing_corners(from_mm), axis=1).max())


@settings(max_examples=12)
@given(turn=st.floats(-180, 180), tilt=st.floats(-45, 45), scale=st.floats(1.5, 1.8))
def test_the_sheet_is_found_however_it_lies(turn: float, tilt: float, scale: float) -> None:
    from_mm = view(turn, tilt, scale)
    position = find_sheet(photograph(from_mm, printed()))
    assert position is not None
    assert position.fitted == MARKER_IDS
    assert position.missing == ""
    assert distance(position, from_mm) < 1.2


@pytest.mark.parametrize(("gain", "noise"), [(0.08, 1), (0.25, 2), (1.6, 3), (1.0, 16)])
def test_the_sheet_is_found_in_dim_bright_and_noisy_pictures(gain: float, noise: float) -> None:
    from_mm = view(12, 30, 1.8)
    slope = np.linspace(1.0, 0.25, WIDTH)[None, :, None]
    seen = photograph(from_mm, printed()) * slope * gain
    seen = seen + np.random.default_rng(2).normal(0, noise, seen.shape)
    position = find_sheet(np.clip(seen, 0, 255).astype(np.uint8))
    assert position is not None
    assert position.fitted == MARKER_IDS
    assert distance(position, from_mm) < 1.5


@pytest.mark.parametrize(("width", "parts"), [(1280, 3), (960, 3), (640, 1), (1920, 5)])
def test_the_search_in_parts_finds_what_the_whole_one_does(width: int, parts: int) -> None:
    picture = photograph(view(12, 30, 1.8), printed())
    size = width, width * HEIGHT // WIDTH
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    together = {number for turn in range(parts) for number in find_some_markers(picture, turn)}
    assert together == set(find_markers(picture)) == set(MARKER_IDS)
    again, first = find_some_markers(picture, parts), find_some_markers(picture, 0)
    assert again.keys() == first.keys()
    for number, quads in again.items():
        np.testing.assert_array_equal(quads, first[number])


def test_a_marker_of_another_sheet_is_left_out() -> None:
    from_mm = view(0, 10, 1.6)
    picture = photograph(from_mm, printed((3,)))
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    picture[30:190, 30:190] = 238
    picture[50:170, 50:170] = np.where(cv2.aruco.generateImageMarker(dictionary, 3, 120), 238, 35)[
        ..., None
    ]
    position = find_sheet(picture)
    assert position is not None
    assert position.fitted == (0, 1, 2)
    assert distance(position, from_mm) < 2


@settings(max_examples=8)
@given(
    hidden=st.sets(st.sampled_from(MARKER_IDS), min_size=1, max_size=len(MARKER_IDS) - LEAST_MARKERS),
    turn=st.floats(-20, 20),
)
def test_two_markers_are_enough(hidden: set[int], turn: float) -> None:
    from_mm = view(turn, 15, 2.4)
    position = find_sheet(photograph(from_mm, printed(tuple(hidden))))
    assert position is not None
    assert distance(position, from_mm) < 6
    for number, name in enumerate(MARKER_NAMES):
        assert (name in position.missing) == (number in hidden)


@pytest.mark.parametrize("hidden", [(0, 1, 2), (0, 1, 2, 3)])
def test_fewer_are_not(hidden: tuple[int, ...]) -> None:
    assert find_sheet(photograph(view(0, 10, 2.4), printed(hidden))) is None


def test_a_white_sheet_without_markers_is_found_by_its_outline() -> None:
    from_mm = view(7, 20, 2.4)
    paper = printed(MARKER_IDS)
    cv2.circle(paper, (700, 500), 300, (180, 88, 34), -1)
    outline = find_outline(photograph(from_mm, paper))
    assert outline is not None
    edge = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
    edge *= np.array([A4.paper_width, A4.paper_height], dtype=np.float32)
    expected = cv2.perspectiveTransform(edge[None], from_mm)[0]
    assert np.linalg.norm(outline - expected, axis=1).max() < 8


def test_a_table_has_no_outline_of_a_sheet() -> None:
    grain = np.random.default_rng(1).normal(90, 12, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)
    assert find_outline(grain) is None


shift = st.floats(-90, 90)


@given(st.lists(st.tuples(shift, shift), min_size=4, max_size=4), st.integers(0, 3))
def test_given_corners_are_the_corners(shifts: list[tuple[float, float]], first: int) -> None:
    quad = np.array([(300, 100), (900, 100), (900, 700), (300, 700)]) + shifts
    position = SheetPosition.of_corners(np.roll(quad, first, axis=0).tolist())
    np.testing.assert_allclose(position.corners, np.roll(quad, first, axis=0), atol=0.01)
    assert position.missing == ""


@pytest.mark.parametrize(
    "quad",
    [
        [(0, 0), (0, 90), (90, 90), (90, 0)],  # counter-clockwise
        [(0, 0), (90, 90), (90, 0), (0, 90)],  # crossed
        [(0, 0), (90, 0), (30, 30), (0, 90)],  # dented
        [(0, 0), (90, 0), (90, 90)],
        [(0, 0), (500, 0), (500, 0.05), (0, 0.05)],  # flat
        [(0, 0), (90, 0), (90, math.nan), (0, 90)],
    ],
)
def test_corners_that_make_no_sheet_are_refused(quad: list[tuple[float, float]]) -> None:
    with pytest.raises(UsageFault, match="clockwise from the top left"):
        SheetPosition.of_corners(quad)


def test_rectifying_puts_every_spot_where_it_belongs() -> None:
    side, margin = 200, 10
    position = SheetPosition.of_corners([(300, 100), (900, 140), (980, 640), (250, 600)])
    spots = np.array([(0.1, 0.2), (0.5, 0.5), (0.9, 0.85), (0.03, 0.97)], dtype=np.float32)
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for x, y in cv2.perspectiveTransform(spots[None], position.homography)[0]:
        cv2.circle(picture, (round(float(x)), round(float(y))), 5, (255, 255, 255), -1)
    square = position.rectify(picture, side, margin)
    assert square.shape == (side + 2 * margin, side + 2 * margin, 3)
    _, _, _, centres = cv2.connectedComponentsWithStats((square[..., 0] > 127).astype(np.uint8))
    found = (centres[1:] - margin + 0.5) / side
    for spot in spots:
        assert np.linalg.norm(found - spot, axis=1).min() < 0.006


@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_how_much_of_the_sheet_lies_in_the_picture(right: float, down: float) -> None:
    x, y, side = 400.0 * right, 300.0 * down, 200.0
    quad = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    wide = max(0.0, min(400.0, x + side) - max(0.0, x))
    high = max(0.0, min(300.0, y + side) - max(0.0, y))
    share = SheetPosition.of_corners(quad).share_within(400, 300)
    assert share == pytest.approx(wide * high / side**2, abs=0.05)


def test_shares_run_from_edge_to_edge_of_the_picture() -> None:
    # Whole numbers are the middles of pixels.
    corners = np.array([(-0.5, -0.5), (639.5, -0.5), (319.5, 479.5), (-80.5, 239.5)], np.float32)
    shares = in_shares(corners, (640, 480))
    assert shares == ((0, 0), (1, 0), (0.5, 1), (-0.125, 0.5))
    assert in_pixels(shares, (640, 480)) == pytest.approx(corners)
    assert in_pixels(shares, (1280, 960))[1] == pytest.approx((1279.5, -0.5))

"""Unmarked paper by its outline: where it lies, what hides its edges, and what only looks like it."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.outline import find_outline, find_outlines

PX_PER_MM = 4
Picture = NDArray[np.uint8]
Floats = NDArray[Any]


def wood(width: int, height: int, colour: tuple[int, int, int] = (52, 74, 104)) -> Floats:
    """A table with a grain, BGR."""
    noise = np.random.default_rng(4).normal(0, 0.9, (height, width))
    grain = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=30, sigmaY=1))
    return np.asarray((1 + grain[..., None]) * np.array(colour, dtype=np.float64))


def cloth(width: int, height: int) -> Floats:
    """A chequered table cloth, BGR."""
    y, x = np.mgrid[:height, :width]
    return np.where((((x // 70) + (y // 70)) % 2)[..., None] == 1, (60.0, 60, 170), (150.0, 150, 190))


def grey(width: int, height: int, level: float = 110) -> Floats:
    return np.full((height, width, 3), level)


def paper(wide: int = 297, high: int = 210, drawing: bool = True) -> Floats:
    """A paper from above, its drawing reaching its edges and a corner."""
    sheet = np.full((high * PX_PER_MM, wide * PX_PER_MM, 3), (240.0, 244, 246))
    if drawing:
        bottom, right = sheet.shape[:2]
        cv2.line(sheet, (0, bottom // 3), (right, bottom // 2), (40, 36, 36), 24)
        cv2.line(sheet, (right // 2, 0), (right // 3, bottom), (172, 86, 34), 20)
        cv2.circle(sheet, (right, bottom), 120, (46, 44, 208), -1)
        cv2.ellipse(sheet, (right // 4, bottom * 3 // 4), (150, 90), 20, 0, 360, (70, 140, 40), -1)
    return sheet


def place(
    sheet: Floats, width: int, height: int, turn: float = 0, tilt: float = 15, fill: float = 0.8
) -> Floats:
    """From the paper's pixels to a camera's that looks aslant on it; it fills so much of the picture."""
    high, wide = sheet.shape[:2]
    a, t = math.radians(turn), math.radians(tilt)
    centre = np.array([[1, 0, -wide / 2], [0, 1, -high / 2], [0, 0, 1]])
    spin = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    lean = np.array([[1, 0, 0], [0, math.cos(t), 0], [0, -math.sin(t) / (3 * wide), 1]])
    seen = lean @ spin @ centre
    corners = corners_of(sheet, seen)
    low, span = corners.min(axis=0), np.ptp(corners, axis=0)
    scale = fill * min(width / span[0], height / span[1])
    x, y = np.array([width, height]) / 2 - scale * (low + span / 2)
    return np.asarray(np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]]) @ seen)


def corners_of(sheet: Floats, seen: Floats) -> Floats:
    high, wide = sheet.shape[:2]
    edge = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float64) - 0.5
    return np.asarray(cv2.perspectiveTransform(edge[None], np.asarray(seen, dtype=np.float64))[0])


def lay(table: Floats, sheet: Floats, seen: Floats) -> Floats:
    """The paper on the table, with a soft shadow."""
    size = table.shape[1], table.shape[0]
    seen = np.asarray(seen, dtype=np.float64)
    cover = cv2.warpPerspective(np.ones(sheet.shape[:2]), seen, size, flags=cv2.INTER_AREA)[..., None]
    drop = cv2.GaussianBlur(np.roll(cover[..., 0], (4, 3), axis=(0, 1)), (0, 0), 4)[..., None]
    soft = cv2.GaussianBlur(sheet, (0, 0), 1.5)
    there = cv2.warpPerspective(soft, seen, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(table * (1 - 0.4 * drop) * (1 - cover) + there * cover)


def taken(scene: Floats, gain: float | Floats = 1.0, noise: float = 3, blur: float = 0.8) -> Picture:
    """What the camera makes of it."""
    seen = cv2.GaussianBlur(scene * gain, (0, 0), blur)
    seen = seen + np.random.default_rng(7).normal(0, noise, seen.shape)
    return np.asarray(np.clip(seen, 0, 255), dtype=np.uint8)


def off(found: NDArray[np.float32] | None, expected: Floats) -> float:
    """How far the worst corner is off, whichever comes first."""
    assert found is not None
    return min(float(np.linalg.norm(np.roll(found, i, axis=0) - expected, axis=1).max()) for i in range(4))


@settings(max_examples=15, deadline=None)
@given(turn=st.floats(-180, 180), tilt=st.floats(0, 45), fill=st.floats(0.5, 0.95))
def test_a_paper_is_found_however_it_lies(turn: float, tilt: float, fill: float) -> None:
    sheet = paper()
    seen = place(sheet, 960, 720, turn, tilt, fill)
    assert off(find_outline(taken(lay(wood(960, 720), sheet, seen))), corners_of(sheet, seen)) < 2


@pytest.mark.parametrize(
    ("table", "gain"),
    [
        (wood(960, 720, (120, 170, 205)), 1.0),
        (cloth(960, 720), 1.0),
        (grey(960, 720), 1.0),
        (grey(960, 720, 205), 1.0),
        (grey(960, 720, 30), 1.0),
        (wood(960, 720), 0.12),
        (wood(960, 720), np.array((0.42, 0.75, 1.0))),
        (grey(960, 720), np.linspace(1.0, 0.25, 960)[None, :, None]),
    ],
    ids=["pine", "cloth", "grey", "light grey", "black", "dim", "candle", "slope"],
)
@pytest.mark.parametrize("portrait", [False, True])
def test_on_any_table_in_any_light(table: Floats, gain: float | Floats, portrait: bool) -> None:
    sheet = paper(210, 297) if portrait else paper()
    seen = place(sheet, 960, 720, turn=7)
    assert off(find_outline(taken(lay(table, sheet, seen), gain)), corners_of(sheet, seen)) < 2.5


@pytest.mark.parametrize("at", [0, 1, 2, 3, 0.5, 1.5, 2.5, 3.5])
def test_under_a_hand_over_a_corner_or_a_side(at: float) -> None:
    sheet = paper()
    seen = place(sheet, 960, 720, turn=-5, fill=0.75)
    corners = corners_of(sheet, seen)
    spot = (corners[math.floor(at)] + corners[math.ceil(at) % 4]) / 2
    middle = corners.mean(axis=0)
    scene = lay(wood(960, 720), sheet, seen)
    elbow, tip = spot + (spot - middle) * 3, spot + (middle - spot) * 0.3
    cv2.line(scene, elbow.astype(int).tolist(), tip.astype(int).tolist(), (130, 160, 215), 90)
    assert off(find_outline(taken(scene)), corners) < 3


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (3840, 2160)])
def test_at_any_size(size: tuple[int, int]) -> None:
    sheet = paper()
    seen = place(sheet, *size, turn=9)
    picture = taken(lay(wood(*size), sheet, seen))
    assert off(find_outline(picture), corners_of(sheet, seen)) < 2 * max(1.0, size[0] / 1280)


def test_a_rectangle_drawn_on_the_paper_is_not_the_paper() -> None:
    sheet = paper(drawing=False)
    cv2.rectangle(sheet, (120, 120), (1060, 720), (30, 30, 30), 24)
    seen = place(sheet, 960, 720, turn=4)
    assert off(find_outline(taken(lay(wood(960, 720), sheet, seen))), corners_of(sheet, seen)) < 2


def test_the_larger_of_two_papers_comes_first_and_a_mug_is_none() -> None:
    large, small = paper(), paper(148, 105, drawing=False)
    seen = place(large, 1280, 720, turn=3, fill=0.6)
    beside = np.array([[1, 0, 360], [0, 1, -120], [0, 0, 1]]) @ place(small, 1280, 720, turn=-20, fill=0.4)
    scene = lay(lay(wood(1280, 720), large, seen), small, beside)
    cv2.circle(scene, (130, 130), 95, (240, 240, 240), -1)
    cv2.circle(scene, (130, 130), 75, (40, 50, 70), -1)
    outlines = find_outlines(taken(scene))
    assert off(outlines[0].corners, corners_of(large, seen)) < 2
    assert all(abs(outline.corners[:, 0].mean() - 130) > 150 for outline in outlines)


@pytest.mark.parametrize("rounded", [20, 60])
def test_corners_may_be_rounded(rounded: int) -> None:
    sheet = paper(drawing=False)
    seen = np.asarray(place(sheet, 960, 720, turn=12), dtype=np.float64)
    high, wide = sheet.shape[:2]
    shape = np.zeros((high, wide))
    cv2.rectangle(shape, (rounded, 0), (wide - rounded, high), 1, -1)
    cv2.rectangle(shape, (0, rounded), (wide, high - rounded), 1, -1)
    for x in (rounded, wide - rounded):
        for y in (rounded, high - rounded):
            cv2.circle(shape, (x, y), rounded, 1, -1)
    cover = cv2.warpPerspective(shape, seen, (960, 720), flags=cv2.INTER_AREA)[..., None]
    picture = taken(wood(960, 720) * (1 - cover) + 240 * cover)
    assert off(find_outline(picture), corners_of(sheet, seen)) < 2.5


@pytest.mark.parametrize("table", [wood(960, 720), cloth(960, 720), grey(960, 720)])
def test_a_bare_table_has_none(table: Floats) -> None:
    assert find_outlines(taken(table)) == []


def test_a_patch_of_light_on_the_table_is_none() -> None:
    light = np.full((720, 960), 0.35)
    cv2.fillConvexPoly(light, np.array([(250, 150), (700, 190), (740, 520), (210, 540)]), 1.0)
    scene = wood(960, 720, (120, 170, 220)) * cv2.GaussianBlur(light, (0, 0), 3)[..., None]
    assert find_outlines(taken(scene)) == []


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_picture_has_none(level: int) -> None:
    assert find_outlines(np.full((480, 640, 3), level, dtype=np.uint8)) == []

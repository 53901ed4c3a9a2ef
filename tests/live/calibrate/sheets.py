"""Pictures of a printed sheet whose swatches are filled, as a camera sees it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import Inks
from calibration.layout import A4, MARKER_IDS
from models.palette import BUILDING, GREEN, ROAD, WATER

INKS = Inks.from_hex(
    {
        "ground": "#f0eee6",
        "road": "#30302c",
        "green": "#4a8f3c",
        "building": "#c8403a",
        "water": "#3a66c0",
    }
)
"""Of markers other than those in show.toml."""

WIDTH, HEIGHT = 1280, 720
CORNERS = np.array([(0.31, 0.14), (0.68, 0.17), (0.71, 0.83), (0.28, 0.86)], np.float32)
"""Where the drawing area lies, in shares of the picture."""

AREAS = {
    ROAD: (0.1, 0.1, 0.9, 0.2),
    GREEN: (0.1, 0.3, 0.45, 0.55),
    BUILDING: (0.55, 0.3, 0.9, 0.55),
    WATER: (0.1, 0.65, 0.9, 0.9),
}
"""What is drawn, in sheet coordinates: left, top, right, bottom."""

_PX = 4  # per millimetre


def camera_picture(
    *,
    corners: NDArray[np.float32] = CORNERS,
    hidden: Sequence[int] = (),
    swatches: bool = True,
    drawing: bool = True,
    slope: float = 1.0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> NDArray[np.uint8]:
    """The sheet on a dark table, uint8 (H, W, 3) BGR.

    hidden: markers that aren't there. slope: how many times as bright (in linear light) the left edge of
    the drawing area is as the right one. size: width and height.
    """
    paper = np.full((round(A4.paper_height * _PX), round(A4.paper_width * _PX), 3), INKS.rgb[0], np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, quad in zip(MARKER_IDS, A4.marker_corners_mm(), strict=True):
        if number not in hidden:
            pattern = cv2.aruco.generateImageMarker(dictionary, number, round(A4.marker_side * _PX))
            left, top = np.rint(quad[0] * _PX).astype(int)
            part = paper[top : top + len(pattern), left : left + len(pattern)]
            part[pattern == 0] = 30
    boxes = A4.swatch_corners_mm() if swatches else np.zeros((0, 4, 2))
    for label, quad in enumerate(boxes):
        _fill(paper, quad[0], quad[2], label)
    for label, (left, top, right, bottom) in (AREAS if drawing else {}).items():
        low, high = np.array([left, top]), np.array([right, bottom])
        origin = np.array([A4.drawing_left, A4.drawing_top])
        _fill(paper, origin + low * A4.drawing_side, origin + high * A4.drawing_side, label)
    shade = slope ** (-(np.arange(paper.shape[1]) / _PX - A4.drawing_left) / A4.drawing_side / 2.2)
    lit = np.clip(paper * (0.9 * shade / max(shade.max(), 1))[None, :, None], 0, 255)
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * A4.drawing_side
    area = ((square + np.array([A4.drawing_left, A4.drawing_top])) * _PX).astype(np.float32)
    place = cv2.getPerspectiveTransform(area, (corners * size).astype(np.float32))
    seen = cv2.warpPerspective(lit[:, :, ::-1].astype(np.uint8), place, size, borderValue=(40, 60, 80))
    noise = np.random.default_rng(3).normal(0, 1.5, seen.shape)
    soft = np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.7))
    return np.asarray(np.clip(soft + noise, 0, 255), np.uint8)


def _fill(
    paper: NDArray[np.uint8], low: NDArray[np.floating], high: NDArray[np.floating], label: int
) -> None:
    (left, top), (right, bottom) = np.rint(low * _PX).astype(int), np.rint(high * _PX).astype(int)
    paper[top:bottom, left:right] = INKS.rgb[label]

"""Drawings of different kinds, to judge cities by: what people do with markers, as labels without a camera.

Plain maps of one city say little about a generator that will be shown sheets with one fat stroke, a word,
or nothing but blue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, WATER

Labels = NDArray[np.uint8]
Point = tuple[int, int]

SHEET: Final = 512
"""Units along a drawing's side, in which it is described."""


def drawings(side: int) -> Mapping[str, Labels]:
    """The drawings by name: labels uint8 (side, side)."""
    kinds: dict[str, Callable[[Labels], None]] = {
        "town": _town,
        "thick strokes": _thick,
        "thin strokes": _thin,
        "lettering": _lettering,
        "hatching": _hatching,
    }
    drawn = {name: _drawn(draw) for name, draw in kinds.items()}
    drawn |= {f"all {name}": _drawn(_filled(label)) for label, name in enumerate(CLASS_NAMES)}
    return {
        name: np.asarray(cv2.resize(labels, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)
        for name, labels in drawn.items()
    }


def _drawn(draw: Callable[[Labels], None]) -> Labels:
    labels = np.full((SHEET, SHEET), GROUND, dtype=np.uint8)
    draw(labels)
    return labels


def _filled(label: int) -> Callable[[Labels], None]:
    def fill(labels: Labels) -> None:
        labels[:] = label

    return fill


def _line(labels: Labels, a: Point, b: Point, label: int, width: int) -> None:
    cv2.line(labels, a, b, label, width)


def _town(labels: Labels) -> None:
    labels[:] = BUILDING
    for x in (90, 230, 400):
        _line(labels, (x, 0), (x + 15, SHEET), ROAD, 13)
    for y in (110, 260, 410):
        _line(labels, (0, y), (SHEET, y - 10), ROAD, 13)
    cv2.rectangle(labels, (250, 280), (390, 395), GREEN, -1)
    cv2.ellipse(labels, (160, 180), (50, 45), 20, 0, 360, GREEN, -1)
    _line(labels, (420, 0), (SHEET, 140), WATER, 70)
    cv2.rectangle(labels, (0, 420), (80, SHEET), GROUND, -1)


def _thick(labels: Labels) -> None:
    _line(labels, (0, 150), (SHEET, 110), WATER, 46)
    for a, b in (((60, 0), (140, SHEET)), ((0, 300), (SHEET, 330)), ((330, 160), (300, SHEET))):
        _line(labels, a, b, ROAD, 16)
    _line(labels, (160, 220), (290, 225), BUILDING, 46)
    _line(labels, (170, 390), (280, 400), BUILDING, 60)
    _line(labels, (380, 230), (480, 240), BUILDING, 50)
    _line(labels, (180, 40), (480, 30), BUILDING, 40)
    _line(labels, (360, 400), (490, 410), GREEN, 60)
    _line(labels, (10, 220), (60, 480), GREEN, 40)


def _thin(labels: Labels) -> None:
    for x in range(40, SHEET, 75):
        _line(labels, (x, 0), (x + 20, SHEET), ROAD, 5)
    for y in range(50, SHEET, 90):
        _line(labels, (0, y), (SHEET, y - 15), ROAD, 5)
    rng = np.random.default_rng(2)
    for _ in range(60):
        x, y, width, height = (int(v) for v in rng.integers((10, 10, 10, -5), (490, 490, 30, 12)))
        label = int(rng.choice([BUILDING, BUILDING, BUILDING, GREEN]))
        _line(labels, (x, y), (x + width, y + height), label, int(rng.integers(5, 12)))
    river = np.array([(0, 430), (150, 400), (300, 460), (SHEET, 420)], dtype=np.int32)
    cv2.polylines(labels, [river], False, WATER, 14)


def _lettering(labels: Labels) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(labels, "CITY", (20, 200), font, 5.6, BUILDING, 34)
    cv2.putText(labels, "blue", (40, 380), font, 4.5, WATER, 20)
    cv2.putText(labels, "green", (20, 500), font, 3.5, GREEN, 16)


def _hatching(labels: Labels) -> None:
    for n in range(0, 260, 14):
        _line(labels, (30 + n // 8, 40 + n), (240, 30 + n), BUILDING, 9)
    for n in range(0, 200, 16):
        _line(labels, (280 + n, 40), (280 + n, 240), GREEN, 9)
    for n in range(0, 200, 15):
        _line(labels, (30, 300 + n), (260, 310 + n), WATER, 9)
    for n in range(0, 200, 18):
        _line(labels, (290, 300 + n), (490, 300 + n), ROAD, 8)

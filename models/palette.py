"""The five classes of ground and the flat colours that stand for them on a map.

The colours are those of the original workshop (Opendot, *Invisible Cities*, 2016): roads black, green
spaces green, buildings red, water blue, everything else white.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

GROUND: Final = 0
ROAD: Final = 1
GREEN: Final = 2
BUILDING: Final = 3
WATER: Final = 4
UNKNOWN: Final = 255
"""What the reader of the paper says of a pixel that it can't vouch for; never reaches a generator."""

CLASS_NAMES: Final = ("ground", "road", "green", "building", "water")
"""Names of the classes; a class is its index in this tuple."""

PALETTE_RGB: Final[NDArray[np.uint8]] = np.array(
    [(255, 255, 255), (0, 0, 0), (0, 255, 0), (255, 0, 0), (0, 0, 255)], dtype=np.uint8
)
"""The flat colour of each class, uint8 (5, 3), RGB."""

UNKNOWN_RGB: Final = (255, 0, 255)
"""How `unknown` is painted where a person looks at labels."""


def paint(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels as a map in flat colours.

    labels: uint8 (H, W), classes or `UNKNOWN`. Returns uint8 (H, W, 3), RGB.
    """
    table = np.empty((256, 3), dtype=np.uint8)
    table[:] = UNKNOWN_RGB
    table[: len(PALETTE_RGB)] = PALETTE_RGB
    return table.take(labels, axis=0)


def classes_of_map(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The class of every pixel of a map in flat colours: the nearest of the five, in RGB.

    A map is made by a program, so that its colours are exact but for a little compression; the
    reading of paper is another matter (`calibration.inks`).

    rgb: uint8 (H, W, 3). Returns labels, uint8 (H, W).
    """
    # Nearest corner of the RGB cube among the five: |p - c|² = |p|² - 2 p·c + |c|², of which |p|² is
    # the same for every class.
    colours = PALETTE_RGB.astype(np.float32)
    score: NDArray[np.float32] = rgb.astype(np.float32) @ (2.0 * colours.T) - (colours**2).sum(axis=1)
    nearest: NDArray[np.intp] = np.argmax(score, axis=2)
    return nearest.astype(np.uint8)

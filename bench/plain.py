"""The plain method that the field uses, for comparison: a fixed threshold and the nearest colour in RGB.

CityScoPy, the scanner of the MIT City Science tables, rectifies the picture by four corners that were set
by hand and tells dark from light by a fixed grey level, frame by frame (`select_color_by_mean_value`,
https://github.com/CityScope/CS_CityScoPy, scanner/modules.py); Paper Programs gives each spot of its paper
the nearest of a list of calibrated colours (`colorIndexForColor`,
https://github.com/janpaul123/paperprograms, client/detectPrograms.js). Put together for drawings: what is
nearly as bright as the paper in all three channels is ground, all else is the ink nearest in RGB.

It is given more than it has in the field: the true place of the sheet in every frame.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import Inks
from calibration.sheet import SheetPosition
from models.palette import GROUND

THRESHOLD: Final = 125
"""Level under which the darkest channel of a pixel must fall to be ink; CityScoPy's level for dark."""

SCAN: Final = 3
"""Pixels across the square whose mean is looked at, against noise, as CityScoPy's scanner does."""


def read_plainly(
    bgr: NDArray[np.uint8], corners: NDArray[np.float32], side: int, inks: Inks
) -> NDArray[np.uint8]:
    """The labels of one frame by the plain method, uint8 (side, side), classes 0..4.

    bgr: uint8 (H, W, 3). corners: of the drawing area in pixels, float32 (4, 2), clockwise from the top
    left. inks: the calibrated colours.
    """
    square = cv2.blur(SheetPosition.of_corners(corners).rectify(bgr, side), (SCAN, SCAN))
    known = inks.rgb[GROUND + 1 :, ::-1].astype(np.float32)
    # |p - c|² = |p|² - 2 p·c + |c|², of which |p|² is the same for every ink.
    nearness = np.hstack([2 * known, -(known**2).sum(axis=1, keepdims=True)])
    scores = cv2.split(cv2.transform(square.astype(np.float32), nearness))
    labels = np.full((side, side), GROUND + 1, dtype=np.uint8)
    best = scores[0]
    for label, score in enumerate(scores[1:], GROUND + 2):
        labels[score > best] = label
        best = np.maximum(best, score)
    blue, green, red = cv2.split(square)
    labels[cv2.min(cv2.min(blue, green), red) >= THRESHOLD] = GROUND
    return labels

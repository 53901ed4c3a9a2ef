"""The sheet: what is printed on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARKER_IDS = (0, 1, 2, 3)
"""Markers of `cv2.aruco.DICT_4X4_50`, clockwise from the top left of the sheet."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Where things stand on the printed sheet, in millimetres from its top left.

    The drawing area is a square; sheet coordinates 0..1 span it. The markers stand in the margins left
    and right of it, so that they never take room from the drawing.
    """

    paper_width: float = 297.0
    paper_height: float = 210.0
    drawing_side: float = 190.0
    marker_side: float = 30.0
    marker_inset_x: float = 11.75
    marker_inset_y: float = 10.0

    @property
    def drawing_left(self) -> float:
        return (self.paper_width - self.drawing_side) / 2

    @property
    def drawing_top(self) -> float:
        return (self.paper_height - self.drawing_side) / 2

    def marker_corners_mm(self) -> NDArray[np.float32]:
        """Corners of the four markers, float32 (4, 4, 2) in mm: marker, corner (clockwise from its own
        top left, as `cv2.aruco.ArucoDetector` gives them), x and y."""
        s = self.marker_side
        left, top = self.marker_inset_x, self.marker_inset_y
        right, bottom = self.paper_width - left - s, self.paper_height - top - s
        origins = [(left, top), (right, top), (right, bottom), (left, bottom)]
        square = np.array([(0, 0), (s, 0), (s, s), (0, s)], dtype=np.float32)
        return np.stack([np.array(o, dtype=np.float32) + square for o in origins])

    def marker_corners_sheet(self) -> NDArray[np.float32]:
        """The same in sheet coordinates (the drawing area is 0..1, so these lie outside of it)."""
        origin = np.array([self.drawing_left, self.drawing_top], dtype=np.float32)
        return ((self.marker_corners_mm() - origin) / self.drawing_side).astype(np.float32)


A4 = SheetLayout()

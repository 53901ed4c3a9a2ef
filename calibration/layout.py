"""What is printed on the sheet, and where.

Sheet coordinates are 0..1 over the drawing area, origin top left. Every format of paper carries the same
layout at another scale, so that in sheet coordinates all printed sheets are alike and nobody has to tell
the reader which paper lies on the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

MARKER_IDS = (0, 1, 2, 3)
"""Markers of `cv2.aruco.DICT_4X4_50`, clockwise from the top left of the sheet."""

MARKER_NAMES = ("upper left", "upper right", "lower right", "lower left")
"""What people call them, in the order of their numbers."""

PAPERS = {"a4": (297.0, 210.0), "a3": (420.0, 297.0), "letter": (279.4, 215.9)}
"""Width and height of each format in millimetres, landscape."""

SWATCH_COLUMNS = ((GROUND, ROAD, GREEN), (BUILDING, WATER))
"""The classes whose swatch boxes stand left and right of the drawing area, from the top down; that of
`ground` is left white, for a reference."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Where things stand on the printed sheet, in millimetres from its top left.

    The drawing area is a square; sheet coordinates 0..1 span it. The markers stand in the margins left
    and right of it, so that they never take room from the drawing. A border runs around it, close outside;
    it and the outlines of the swatch boxes are so thin and so light that no camera takes them for a road.
    """

    paper_width: float = 297.0
    paper_height: float = 210.0
    drawing_side: float = 190.0
    marker_side: float = 30.0
    marker_inset_x: float = 11.75
    marker_inset_y: float = 10.0
    swatch_side: float = 26.0
    swatch_top: float = 50.0
    swatch_step: float = 40.0
    border_offset: float = 1.0
    """From the edge of the drawing area out to the middle of the border's line."""
    line_width: float = 0.35
    line_grey: float = 0.75
    """How much of the paper's light the lines leave, 0..1."""

    @property
    def drawing_left(self) -> float:
        return (self.paper_width - self.drawing_side) / 2

    @property
    def drawing_top(self) -> float:
        return (self.paper_height - self.drawing_side) / 2

    def border_corners_mm(self) -> NDArray[np.float32]:
        """Corners of the middle of the border's line, float32 (4, 2) in mm, clockwise from the top left."""
        near = -self.border_offset
        far = self.drawing_side + self.border_offset
        square = np.array([(near, near), (far, near), (far, far), (near, far)], dtype=np.float32)
        return square + np.array([self.drawing_left, self.drawing_top], dtype=np.float32)

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
        return self._on_sheet(self.marker_corners_mm())

    def swatch_corners_mm(self) -> NDArray[np.float32]:
        """Corners of the five swatch boxes, float32 (5, 4, 2) in mm: class, corner (clockwise from the top
        left), x and y. They stand in the margins, half way between the paper's edge and the drawing."""
        s = self.swatch_side
        square = np.array([(0, 0), (s, 0), (s, s), (0, s)], dtype=np.float32)
        middle = self.marker_inset_x + self.marker_side / 2
        boxes = np.zeros((5, 4, 2), dtype=np.float32)
        for x, column in zip((middle, self.paper_width - middle), SWATCH_COLUMNS, strict=True):
            for row, label in enumerate(column):
                boxes[label] = square + np.array(
                    [x - s / 2, self.swatch_top + row * self.swatch_step], dtype=np.float32
                )
        return boxes

    def swatch_corners_sheet(self) -> NDArray[np.float32]:
        """The same in sheet coordinates (outside of 0..1)."""
        return self._on_sheet(self.swatch_corners_mm())

    def _on_sheet(self, mm: NDArray[np.float32]) -> NDArray[np.float32]:
        origin = np.array([self.drawing_left, self.drawing_top], dtype=np.float32)
        return np.asarray((mm - origin) / self.drawing_side, dtype=np.float32)


A4 = SheetLayout()

"""A page to be printed, in millimetres of the sheet's layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import FILL_NON_ZERO, Canvas

from calibration.layout import A4, SheetLayout

Colour: TypeAlias = tuple[int, int, int]
"""sRGB, 0..255."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Points: TypeAlias = NDArray[np.floating[Any]]
"""(n, 2), x and y."""
Align: TypeAlias = Literal["left", "centre", "right"]

_FONT, _BOLD = "Helvetica", "Helvetica-Bold"  # every printer and viewer has these


class Page:
    """A page of paper that shows the layout as large as it fits, in the middle.

    All lengths are millimetres of the layout, from its top left, and y runs down; only the size of type is
    given in points. `scale` is how large the layout is printed: 1 on its own format.
    """

    def __init__(self, canvas: Canvas, paper: tuple[float, float], layout: SheetLayout = A4) -> None:
        self._canvas = canvas
        width, height = paper
        self.scale = min(width / layout.paper_width, height / layout.paper_height)
        left = (width - layout.paper_width * self.scale) / 2
        top = (height - layout.paper_height * self.scale) / 2
        # From here on a unit is a millimetre; PDF's y runs up.
        canvas.setPageSize((width * mm, height * mm))
        canvas.translate(left * mm, (height - top) * mm)
        canvas.scale(self.scale * mm, self.scale * mm)
        canvas.setLineCap(1)
        canvas.setLineJoin(1)

    def fill(self, rings: Sequence[Points], colour: Colour) -> None:
        """Fill polygons; together, so that no seam shows between neighbours."""
        self._colour(colour)
        path = self._path(rings, closed=True)
        self._canvas.drawPath(path, stroke=0, fill=1, fillMode=FILL_NON_ZERO)

    def outline(self, corners: Points, width: float, colour: Colour) -> None:
        """The outline of a polygon, with the middle of the line on its edges."""
        self._line(self._path([corners], closed=True), width, colour)

    def stroke(self, points: Points, width: float, colour: Colour) -> None:
        """A line with round ends through the points."""
        self._line(self._path([points], closed=False), width, colour)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A disc."""
        self._colour(colour)
        self._canvas.circle(x, -y, radius, stroke=0, fill=1)

    def card(self, box: Box, radius: float, width: float, line: Colour) -> None:
        """A box with round corners."""
        left, top, right, bottom = box
        self._canvas.setStrokeColorRGB(*(value / 255 for value in line))
        self._canvas.setLineWidth(width)
        shape = (left, -bottom, right - left, bottom - top, radius)
        self._canvas.roundRect(*shape, stroke=1, fill=0)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: Colour,
        *,
        bold: bool = False,
        align: Align = "left",
        turn: float = 0.0,
        spacing: float = 0.0,
    ) -> None:
        """One line of text on the base line at y.

        size: in points. turn: degrees anticlockwise about (x, y). spacing: between letters, in points.
        """
        font = _BOLD if bold else _FONT
        width = self._canvas.stringWidth(words, font, size) + spacing * (len(words) - 1)
        start = {"left": 0.0, "centre": -width / 2, "right": -width}[align]
        self._colour(colour)
        self._canvas.saveState()
        self._canvas.translate(x, -y)
        self._canvas.rotate(turn)
        self._canvas.scale(1 / mm, 1 / mm)
        self._canvas.setFont(font, size)
        self._canvas.drawString(start, 0, words, charSpace=spacing)
        self._canvas.restoreState()

    def paragraph(self, x: float, y: float, width: float, words: str, size: float, colour: Colour) -> float:
        """Text broken into lines of this width, the first on the base line at y; returns the next one's."""
        step = 1.32 * size / mm
        for line in simpleSplit(words, _FONT, size, width * mm):
            self.text(x, y, line, size, colour)
            y += step
        return y

    @contextmanager
    def clipped(self, box: Box) -> Iterator[None]:
        """Meanwhile, nothing is drawn outside the box."""
        left, top, right, bottom = box
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        self._canvas.saveState()
        self._canvas.clipPath(self._path([corners], closed=True), stroke=0, fill=0)
        yield
        self._canvas.restoreState()

    def _path(self, rings: Sequence[Points], closed: bool) -> Any:
        path = self._canvas.beginPath()
        for ring in rings:
            (x, y), *rest = ring.tolist()
            path.moveTo(x, -y)
            for x, y in rest:
                path.lineTo(x, -y)
            if closed:
                path.close()
        return path

    def _line(self, path: Any, width: float, colour: Colour) -> None:
        self._canvas.setStrokeColorRGB(*(value / 255 for value in colour))
        self._canvas.setLineWidth(width)
        self._canvas.drawPath(path, stroke=1, fill=0)

    def _colour(self, colour: Colour) -> None:
        self._canvas.setFillColorRGB(*(value / 255 for value in colour))

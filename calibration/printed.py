"""The printed sheet: a PDF of two pages, the sheet to draw on and a legend for who draws.

What a camera must find stands where `calibration.layout` says, at the size of the paper. Everything else
that is printed keeps out of the drawing area and of what is watched around it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from reportlab.pdfgen.canvas import Canvas

from calibration.layout import A4, MARKER_IDS, PAPERS, SWATCH_COLUMNS, SheetLayout
from calibration.legend import Trace, draw_legend
from calibration.page import Page, Points
from models.faults import InputFault
from models.files import write_whole

SWATCH_WORDS = ("ground · leave it white", "road · black", "park · green", "building · red", "water · blue")
"""What stands under the swatch box of each class."""

RULER = 100.0
"""Millimetres of the line by which one sees that the print has its right size."""

_BLACK, _WHITE, _TEXT, _FAINT = (0, 0, 0), (255, 255, 255), (70, 70, 74), (150, 150, 154)
_MODULES = 6
"""Fields along a marker's side, its black frame included."""


def write_sheet(path: Path, paper: str, example: Sequence[Trace]) -> None:
    """Write the PDF for a format of `calibration.layout.PAPERS`, whole or not at all.

    example: a drawing, for the legend. Raises InputFault if it can't be written.
    """
    if path.suffix.lower() != ".pdf":
        raise InputFault(f"{path}: the sheet is written as .pdf, so give a name that ends like that")
    try:
        write_whole(path, sheet_pdf(paper, example))
    except OSError as error:
        raise InputFault(
            f"{path} can't be written ({error.strerror}); give a file in a folder that exists"
        ) from None


def sheet_pdf(paper: str, example: Sequence[Trace], layout: SheetLayout = A4) -> bytes:
    """The PDF for a format of `calibration.layout.PAPERS`; the same bytes for the same example."""
    content = io.BytesIO()
    canvas = Canvas(content, pageCompression=1, invariant=1)  # invariant: no date, no random number
    canvas.setTitle(f"Invisible Cities: the sheet ({paper})")
    canvas.setAuthor("Invisible Cities")
    canvas.setSubject("To be printed at 100 %, landscape")
    _draw_sheet(Page(canvas, PAPERS[paper], layout), layout)
    canvas.showPage()
    draw_legend(Page(canvas, PAPERS[paper], layout), example, layout)
    canvas.showPage()
    canvas.save()
    return content.getvalue()


def _draw_sheet(page: Page, layout: SheetLayout) -> None:
    grey = round(255 * layout.line_grey)
    line = (grey, grey, grey)
    page.outline(layout.border_corners_mm(), layout.line_width, line)
    for number, corners in zip(MARKER_IDS, layout.marker_corners_mm(), strict=True):
        page.fill([corners], _BLACK)
        page.fill(_white_fields(number, corners), _WHITE)
    for words, corners in zip(SWATCH_WORDS, layout.swatch_corners_mm(), strict=True):
        page.outline(corners, layout.line_width, line)
        (left, _), (right, bottom) = corners[0], corners[2]
        page.text((left + right) / 2, bottom + 4.2, words, 7.5, _TEXT, align="centre")

    # In the right column is room for a third box: the words.
    middle = layout.paper_width - layout.marker_inset_x - layout.marker_side / 2
    y = layout.swatch_top + len(SWATCH_COLUMNS[1]) * layout.swatch_step + 2
    left, width = middle - layout.swatch_side / 2, layout.swatch_side + 3
    fill = "Scribble each box full with its own marker."
    y = page.paragraph(left, y, width, fill, 6.5, _TEXT) + 1.8
    size = "Print at 100 %, not fitted to the page: the line at the edge is 100 mm long."
    page.paragraph(left, y, width, size, 6.5, _TEXT)
    _draw_ruler(page, layout.paper_width - 8.0, layout.paper_height / 2)
    page.text(
        8.6, layout.paper_height / 2, "INVISIBLE CITIES", 7.5, _FAINT, align="centre", turn=90, spacing=3.0
    )


def _white_fields(number: int, corners: NDArray[np.float32]) -> list[Points]:
    """The white fields of a marker, squares in millimetres. corners: of the marker, float32 (4, 2)."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    fields = cv2.aruco.generateImageMarker(dictionary, number, _MODULES)
    step = (corners[2] - corners[0]) / _MODULES
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    return [corners[0] + (square + field[::-1]) * step for field in np.argwhere(fields > 0)]


def _draw_ruler(page: Page, x: float, y: float) -> None:
    """A line 100 mm long on paper, whatever the format, upright with its middle at (x, y)."""
    half = RULER / 2 / page.scale
    page.stroke(np.array([(x, y - half), (x, y + half)]), 0.2, _TEXT)
    for step in range(11):
        long = 2.0 if step % 5 == 0 else 1.2
        tick = y - half + step * 2 * half / 10
        page.stroke(np.array([(x - long, tick), (x, tick)]), 0.2, _TEXT)
    page.text(x + 2.6, y, "100 mm", 6.5, _TEXT, align="centre", turn=90)

"""Reading a photograph of a sheet: one picture, nothing known of its light or its markers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from calibration import light
from calibration.inks import Inks, ink_table, read_inks
from calibration.sheet import SheetPosition, find_outline, find_sheet
from live.hand import GRAIN, RING
from live.sketch import FINE, Labels, majority
from models.faults import InputFault, UsageFault
from models.palette import GROUND, UNKNOWN

Place: TypeAlias = Literal["auto", "whole"] | Sequence[Sequence[float]]

SMALLEST = 32
"""Pixels along the shorter side of a photograph, at the least."""

TOLERANCE = 50.0
"""In a photograph there is neither a hand to be told from ink nor a calibration of its markers: the nearest
ink has it."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoReading:
    """What a photograph shows.

    labels: uint8 (side, side), classes 0..4.
    inks: by which it was read.
    note: what its taker should know, or ''.
    """

    labels: Labels
    inks: Inks
    note: str = ""


def read_photo(
    bgr: NDArray[np.uint8],
    side: int,
    sheet: Place,
    inks: Inks,
    known: Collection[int] = (),
    name: str = "the photo",
) -> PhotoReading:
    """Read a photographed sheet.

    bgr: uint8 (H, W, 3). sheet: 'auto' looks for the printed markers, then for the outline of a bright
    sheet on something darker; 'whole' takes the photo as the drawing area; else its corners in pixels,
    clockwise from the top left. inks: what is expected; the colours of the classes in `known` are taken as
    they are, the others learnt from the photo. name: of the photo, for the fault. Raises InputFault if
    there is no sheet to be found, UsageFault for corners that make no quadrilateral.
    """
    position = _position(bgr, sheet, name)
    fine = side * max(1, -(-2 * FINE // side))
    margin = round(fine * RING / GRAIN)
    square = position.rectify(bgr, fine, margin)
    bright = light.level(square, light.estimate_paper(square))[margin:-margin, margin:-margin]
    labels = majority(read_inks(bright, ink_table(inks, TOLERANCE)), side)
    return PhotoReading(np.asarray(np.where(labels == UNKNOWN, GROUND, labels), dtype=np.uint8), inks)


def _position(bgr: NDArray[np.uint8], sheet: Place, name: str) -> SheetPosition:
    height, width = bgr.shape[:2]
    if min(height, width) < SMALLEST:
        raise InputFault(
            f"{name} is only {width}×{height} pixels; {SMALLEST} a side are the least for reading"
        )
    if sheet == "whole":
        low, right, bottom = -0.5, width - 0.5, height - 0.5
        return SheetPosition.of_corners([(low, low), (right, low), (right, bottom), (low, bottom)])
    if not isinstance(sheet, str):
        given = SheetPosition.of_corners(sheet)
        if given.share_within(width, height) < 0.5:
            raise UsageFault(
                f"the corners of the sheet lie outside {name}, which is {width}×{height} pixels"
            )
        return given
    position = find_sheet(bgr)
    if position is not None:
        return position
    outline = find_outline(bgr)
    if outline is None:
        raise InputFault(
            f"no sheet found in {name}: it shows neither two of the four printed markers nor a white sheet "
            "on a darker table; take it with the markers in view, or give --sheet whole or the four corners"
        )
    return SheetPosition.of_corners(outline)

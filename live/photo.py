"""Reading a photograph of a sheet: one picture, nothing known of its light or its markers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import Inks, read_inks
from calibration.learning import PAPER, Colours, learn_colours
from calibration.light import estimate_paper
from calibration.shading import level_to, photo_table, refine_shade, start_shade
from calibration.sheet import SheetPosition, find_outline, find_sheet
from calibration.wholes import disc, make_whole, odd, reduced
from live.sketch import FINE, Labels
from models.faults import InputFault, UsageFault
from models.palette import CLASS_NAMES, GROUND

Place: TypeAlias = Literal["auto", "whole"] | Sequence[Sequence[float]]

SMALLEST = 32
"""Pixels along the shorter side of a photograph, at the least."""

ROUNDS = 2
"""How often ground tells of the light and the light of what is ground."""

LINE = 0.012
"""Share of the sheet's side up to which a stroke is a thin line."""

RIDGE = 26
"""Grey levels by which a thin line is darker than what lies on both its sides, at the least."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoReading:
    """What a photograph shows.

    labels: uint8 (side, side), classes 0..4.
    colours: by which it was read.
    note: what its taker should know, or ''.
    """

    labels: Labels
    colours: Colours
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
    square = _rectify(bgr, position, fine)
    if len(known) == len(CLASS_NAMES):
        colours = Colours.of(inks)
        shade = start_shade(square, colours)
    else:
        shade = estimate_paper(square)
        colours = learn_colours(level_to(square, shade, PAPER), inks)
    for _ in range(ROUNDS):
        shade = refine_shade(square, shade, colours, photo_table(colours))
        if not known:
            colours = learn_colours(level_to(square, shade, PAPER), inks)
    lit = level_to(square, shade, colours.rgb[0])
    return PhotoReading(reduced(make_whole(_classes(lit, colours)), side), colours)


def _classes(lit: NDArray[np.uint8], colours: Colours) -> Labels:
    """The class of every pixel by its colour, and whether it lies on a line."""
    labels = read_inks(lit, photo_table(colours))
    # A thin line is never as dark as its ink, but darker than what lies on both its sides; a shadow isn't.
    dimmest = lit.min(axis=2)
    across = odd(len(lit) * LINE)
    ridge = cv2.morphologyEx(dimmest, cv2.MORPH_BLACKHAT, disc(across)) > RIDGE
    thin = read_inks(lit, photo_table(colours, thin=True))
    line = ridge & (labels == GROUND)
    labels[line] = thin[line]
    return labels


def _rectify(bgr: NDArray[np.uint8], position: SheetPosition, side: int) -> NDArray[np.uint8]:
    """The drawing area as a square, of a photograph that may be far finer: nothing of it is passed over."""
    edges = np.linalg.norm(position.corners - np.roll(position.corners, 1, axis=0), axis=1)
    scale = min(1.0, side / float(edges.min()))
    if scale > 0.75:
        return position.rectify(bgr, side)
    small = np.asarray(cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    exact = np.array([small.shape[1] / bgr.shape[1], small.shape[0] / bgr.shape[0]])
    return SheetPosition.of_corners((position.corners + 0.5) * exact - 0.5).rectify(small, side)


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

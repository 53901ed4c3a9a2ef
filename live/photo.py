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
from calibration.shading import Shade, level_to, photo_table, refine_shade, start_shade
from calibration.sheet import UNIT_SQUARE, SheetPosition, find_outline, find_sheet
from calibration.wholes import disc, make_whole, odd, reduced
from live.sketch import FINE, Labels
from models.faults import InputFault, UsageFault
from models.palette import GROUND

Place: TypeAlias = Literal["auto", "whole"] | Sequence[Sequence[float]]

SMALLEST = 32
"""Pixels along the shorter side of a photograph, at the least."""

BLACK = 20
"""Grey level under which nearly all of a photo is if the lens was covered."""

BLANK = 250
"""Grey level above which nearly all of it is if it is overexposed."""

LEAST_PAPER = 105
"""Grey level of the darkest channel of paper in a photo that is to be read without an edge of a sheet."""

RIM_OF_PAPER = 0.7
"""Share of such a photo's rim that must be paper; strokes may run over it."""

TRIM = 0.008
"""Share of its side that is left out along each edge of a sheet that was found by its outline."""

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
    position, note = _position(bgr, sheet, name)
    fine = side * max(1, -(-2 * FINE // side))
    square = _rectify(bgr, position, fine)
    colours, shade = _in_light(square, inks, known)
    labels = reduced(make_whole(_classes(level_to(square, shade, colours.rgb[0]), colours)), side)
    if not note and (labels == GROUND).all():
        note = f"nothing was found to be drawn in {name}"
    return PhotoReading(labels, colours, note)


def _in_light(square: NDArray[np.uint8], inks: Inks, known: Collection[int]) -> tuple[Colours, Shade]:
    """The colours of a rectified photograph, in even light, and its own light."""
    if GROUND in known:  # which may be any card; what isn't known of the rest is as it mostly is
        colours = Colours.of(inks)
        shade = start_shade(square, colours)
        for _ in range(ROUNDS):
            shade = refine_shade(square, shade, colours, photo_table(colours))
        return colours, shade
    shade = estimate_paper(square)
    colours = _learnt(square, shade, inks, known)
    for _ in range(ROUNDS):
        shade = refine_shade(square, shade, colours, photo_table(colours))
        colours = _learnt(square, shade, inks, known)
    return colours, shade


def _learnt(square: NDArray[np.uint8], shade: Shade, inks: Inks, known: Collection[int]) -> Colours:
    learnt = learn_colours(level_to(square, shade, PAPER), inks)
    given = sorted(known)
    others = ~np.isin(learnt.classes, given)
    rgb = np.concatenate([learnt.rgb[others], (inks.levelled()[given] * 255).astype(np.uint8)])
    return Colours(rgb, np.concatenate([learnt.classes[others], np.array(given, dtype=np.uint8)]))


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


def _position(bgr: NDArray[np.uint8], sheet: Place, name: str) -> tuple[SheetPosition, str]:
    """Where the sheet lies, and what to say of it."""
    height, width = bgr.shape[:2]
    if min(height, width) < SMALLEST:
        raise InputFault(
            f"{name} is only {width}×{height} pixels; {SMALLEST} a side are the least for reading"
        )
    if not isinstance(sheet, str):
        given = SheetPosition.of_corners(sheet)
        if given.share_within(width, height) < 0.5:
            raise UsageFault(
                f"the corners of the sheet lie outside {name}, which is {width}×{height} pixels"
            )
        return given, ""
    if np.quantile(bgr[::4, ::4].max(axis=2), 0.99) < BLACK:
        raise InputFault(f"{name} is black; take it again in more light")
    if sheet == "whole":
        return _whole(bgr), ""
    position = find_sheet(bgr)
    if position is not None:
        return position, ""
    outline = find_outline(bgr)
    if outline is not None:
        # A little of the table, or of the edge's own shadow, would be read as a road around everything.
        found = SheetPosition.of_corners(outline)
        inner = np.float32(TRIM) + UNIT_SQUARE * np.float32(1 - 2 * TRIM)
        return SheetPosition.of_corners(cv2.perspectiveTransform(inner[None], found.homography)[0]), ""
    if np.quantile(bgr[::4, ::4].min(axis=2), 0.01) > BLANK:
        raise InputFault(
            f"{name} is white all over: it is overexposed, or nothing is drawn; take it again in less light"
        )
    if _is_paper_all_around(bgr):
        return _whole(bgr), f"no edge of a sheet in {name}, but paper all around: read as --sheet whole"
    raise InputFault(
        f"no sheet found in {name}: it shows neither two of the four printed markers nor a white sheet "
        "on a darker table; take it with the markers in view, or give --sheet whole or the four corners"
    )


def _whole(bgr: NDArray[np.uint8]) -> SheetPosition:
    low, right, bottom = -0.5, bgr.shape[1] - 0.5, bgr.shape[0] - 0.5
    return SheetPosition.of_corners([(low, low), (right, low), (right, bottom), (low, bottom)])


def _is_paper_all_around(bgr: NDArray[np.uint8]) -> bool:
    """Whether the rim of a photo shows paper, which a table around a sheet wouldn't: bright, and of one
    colour with what is brightest in the photo."""
    small = cv2.resize(bgr, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
    dimmest = small.min(axis=2)
    paper = np.median(small[dimmest >= np.quantile(dimmest, 0.9)], axis=0)
    rim = np.ones(dimmest.shape, dtype=bool)
    rim[2:-2, 2:-2] = False
    gain = small[rim] / paper
    alike = (gain.min(axis=1) > 0.4) & (np.ptp(gain, axis=1) < 0.12)
    return bool(paper.min() > LEAST_PAPER and alike.mean() > RIM_OF_PAPER)

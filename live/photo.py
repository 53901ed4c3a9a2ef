"""Reading a photograph of a sheet: one picture, nothing known of its light or its markers.

The drawing area is rectified, finely; then its light and its colours are found out of each other
(`calibration.shading`, `calibration.learning`), every pixel is read by its colour, and what was read is
made whole (`calibration.wholes`). If the ground's colour was given, all colours are taken as given.
"""

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
from calibration.outline import find_outline
from calibration.shading import Shade, level_to, photo_table, refine_shade, start_shade
from calibration.sheet import SheetPosition, find_sheet
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

LEAST_PAPER = 100
"""Grey level of the darkest channel of paper in a photo that is to be read without an edge of a sheet."""

RIM_OF_PAPER = 0.35
"""Share of such a photo's rim that must be paper; strokes and shadows may run over it."""

STEP = 0.09
"""Of its value, by which paper may differ between neighbours of 128 × 128 pixels, other than at an edge."""

ON_A_TABLE = 0.25
"""Share of what lies outside a sheet's outline that may be paper: with more, the outline is that of a part
of the drawing."""

TRIM = 0.006
"""Share of its side along each edge of the drawing area that isn't looked at but continued from within: a
sliver of the table or a printed border would be read as a road around everything."""

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
    sheet on something darker, and takes a photo with paper all around as the sheet; 'whole' takes any photo
    as the drawing area; else its corners in pixels, clockwise from the top left. inks: what is expected;
    the colours of the classes in `known` are taken as they are, the others learnt from the photo, unless
    the ground is among the known. name: of the photo, for the fault. Raises InputFault if there is no sheet
    to be found or the photo is black, UsageFault for corners that make no quadrilateral.
    """
    position, note = _position(bgr, sheet, name)
    fine = side * max(1, -(-2 * FINE // side))
    trim = 0 if sheet == "whole" else round(fine * TRIM)
    inside = _rectify(bgr, position, fine)[trim : fine - trim, trim : fine - trim]
    square = np.asarray(
        cv2.copyMakeBorder(inside, trim, trim, trim, trim, cv2.BORDER_REPLICATE), dtype=np.uint8
    )
    colours, shade = _in_light(square, inks, known)
    labels = reduced(make_whole(_classes(level_to(square, shade, colours.rgb[0]), colours)), side)
    if (labels == GROUND).all():
        nothing = f"nothing was found to be drawn in {name}"
        if _is_blank(inside):
            nothing += ", which is white all over: it is overexposed, or empty"
        note = f"{note}; {nothing}" if note else nothing
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
    if np.quantile(bgr[::4, ::4].max(axis=2), 0.99) < BLACK:
        raise InputFault(f"{name} is black; take it again in more light")
    if not isinstance(sheet, str):
        given = SheetPosition.of_corners(sheet)
        if given.share_within(width, height) < 0.5:
            raise UsageFault(
                f"the corners of the sheet lie outside {name}, which is {width}×{height} pixels"
            )
        return given, ""
    if sheet == "whole":
        return _whole(bgr), ""
    position = find_sheet(bgr)
    if position is not None:
        return position, ""
    outline = find_outline(bgr)
    if outline is not None and _paper_share(bgr, outline) < ON_A_TABLE:
        return SheetPosition.of_corners(outline), ""
    if _is_blank(bgr):
        raise InputFault(
            f"{name} is white all over: it is overexposed, or nothing is drawn; take it again in less light"
        )
    if _paper_share(bgr, None) > RIM_OF_PAPER:
        return _whole(bgr), f"no edge of a sheet in {name}, but paper all around: read as --sheet whole"
    raise InputFault(
        f"no sheet found in {name}: it shows neither two of the four printed markers nor a white sheet "
        "on a darker table; take it with the markers in view, or give --sheet whole or the four corners"
    )


def _is_blank(bgr: NDArray[np.uint8]) -> bool:
    return bool(np.quantile(bgr[::4, ::4].min(axis=2), 0.01) > BLANK)


def _whole(bgr: NDArray[np.uint8]) -> SheetPosition:
    low, right, bottom = -0.5, bgr.shape[1] - 0.5, bgr.shape[0] - 0.5
    return SheetPosition.of_corners([(low, low), (right, low), (right, bottom), (low, bottom)])


def _paper_share(bgr: NDArray[np.uint8], outline: NDArray[np.float32] | None) -> float:
    """How much of what lies outside an outline, or of the rim of the photo, is paper: it goes over without
    an edge into what is nearly as bright as the brightest."""
    cells = 128
    small = np.asarray(cv2.resize(bgr, (cells, cells), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    values = small.astype(np.float32)
    dimmest = values.min(axis=2)
    paper = np.median(values[dimmest >= np.quantile(dimmest, 0.9)], axis=0)
    if paper.min() < LEAST_PAPER:
        return 0.0
    gain = values / paper
    bright = (gain.min(axis=2) > 0.8) & (np.ptp(gain, axis=2) < 0.12)
    steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), dtype=np.uint8)).max(axis=2)
    smooth = (steps < STEP * np.maximum(dimmest, 40)).astype(np.uint8)
    count, parts = cv2.connectedComponents(smooth, connectivity=4)
    is_paper = np.bincount(parts.ravel(), weights=bright.ravel(), minlength=count) >= 3
    is_paper[0] = False
    around = np.ones((cells, cells), dtype=np.uint8)
    if outline is None:
        around[6:-6, 6:-6] = 0
    else:
        points = np.round(outline * cells / np.array(bgr.shape[1::-1])).astype(np.int32)
        cv2.fillConvexPoly(around, points, 0)
        around[:] = cv2.erode(around, np.ones((3, 3), dtype=np.uint8))
    return float(is_paper[parts[around > 0]].mean()) if around.any() else 0.0

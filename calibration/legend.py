"""The legend: on one page, what to draw with which marker, and how, for who draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from calibration.layout import SheetLayout
from calibration.page import Box, Colour, Page, Points
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER


class Trace(Protocol):
    """What a marker draws without leaving the paper: its class, its way in sheet coordinates, its width."""

    @property
    def ink(self) -> int: ...
    @property
    def points(self) -> Points: ...
    @property
    def width(self) -> float: ...


_INKS: dict[int, Colour] = {
    GROUND: (255, 255, 255),
    ROAD: (38, 38, 42),
    GREEN: (34, 150, 78),
    BUILDING: (212, 44, 50),
    WATER: (36, 96, 190),
}
_PALE = (232, 231, 228)
_TITLE, _TEXT, _FAINT, _RULE = (24, 24, 28), (70, 70, 74), (140, 140, 144), (205, 204, 200)

_CARDS = (
    (ROAD, "Road", "black", "A stroke is a street. Draw it twice for an avenue."),
    (GREEN, "Park", "green", "Hatch it closely: parks, gardens, woods."),
    (BUILDING, "Building", "red", "Fill a block, and houses will stand in it."),
    (WATER, "Water", "blue", "Rivers, harbours, lakes. Roads cross as bridges."),
    (GROUND, "Ground", "white", "Bare paper is open ground. Leave some."),
)

_RULES = (
    ("Fill the boxes first.", "Each with the marker that you will draw with. The white one stays white."),
    ("Keep the corner markers in sight.", "The sheet may be pushed and turned; it is found by them."),
    ("Stay inside the thin border.", "What lies outside of it is not part of the city."),
    ("Lift your hand to see.", "Nothing changes under it. What you drew appears when it is gone."),
    ("White paper erases.", "Cover a part with a piece of it, or begin a new sheet."),
)

_MARGIN = 20.0
_GAP = 5.0
_VIEW = (0.18, 0.43, 0.71, 0.96)
"""The part of the example that a card shows, in sheet coordinates."""


def draw_legend(page: Page, example: Sequence[Trace], layout: SheetLayout) -> None:
    """Draw the legend.

    example: a drawing; each card shows a part of it with one ink alone, and a small sheet the whole.
    """
    right = layout.paper_width - _MARGIN
    page.text(_MARGIN, 29, "Invisible Cities", 28, _TITLE, bold=True)
    page.text(
        _MARGIN,
        37.5,
        "Your drawing is a map. Four markers make a city of it, seen from the air.",
        11,
        _TEXT,
    )

    side = (right - _MARGIN - _GAP * (len(_CARDS) - 1)) / len(_CARDS)
    for number, (ink, name, colour, words) in enumerate(_CARDS):
        left = _MARGIN + number * (side + _GAP)
        _draw_part(page, example, ink, (left, 46, left + side, 46 + side))
        y = 46 + side + 7
        page.dot(left + 1.9, y - 1.5, 1.9, _INKS[ink] if ink else _RULE)
        if not ink:
            page.dot(left + 1.9, y - 1.5, 1.6, _INKS[ink])
        page.text(left + 5.5, y, name, 12, _TITLE, bold=True)
        page.text(left + side, y, colour, 9, _FAINT, align="right")
        page.paragraph(left, y + 5.5, side - 1, words, 9, _TEXT)

    top = 124.0
    _draw_small_sheet(page, example, layout, (right - 92, top))
    y = top + 3
    for number, (rule, words) in enumerate(_RULES, start=1):
        page.text(_MARGIN, y + 1.6, str(number), 17, _FAINT, bold=True)
        page.text(_MARGIN + 9, y, rule, 10.5, _TITLE, bold=True)
        page.text(_MARGIN + 9, y + 5, words, 9, _TEXT)
        y += 13.4


def _draw_part(page: Page, example: Iterable[Trace], ink: int, box: Box) -> None:
    """A part of the example in a box: one ink in its colour, the others pale; for the ground all are."""
    x0, y0, x1, _ = _VIEW
    scale = (box[2] - box[0]) / (x1 - x0)
    pale = [(trace, _PALE) for trace in example]
    coloured = [(trace, _INKS[ink]) for trace in example if trace.ink == ink]
    with page.clipped(box):
        for trace, colour in pale + coloured:
            page.stroke((trace.points - (x0, y0)) * scale + box[:2], trace.width * scale, colour)
    page.card(box, 0.0, 0.25, _RULE)


def _draw_small_sheet(
    page: Page, example: Iterable[Trace], layout: SheetLayout, at: tuple[float, float]
) -> None:
    """The whole example on a small sheet with its top left there.

    Its markers are plain squares: real ones would make a second sheet of this page to a camera.
    """
    width = layout.paper_width - _MARGIN - at[0]
    scale = width / layout.paper_width

    def placed(mm: Points) -> Points:
        return mm * scale + at

    page.card((at[0], at[1], at[0] + width, at[1] + layout.paper_height * scale), 1.2, 0.25, _RULE)
    for corners in layout.marker_corners_mm():
        page.fill([placed(corners)], _TITLE)
    for ink, corners in enumerate(layout.swatch_corners_mm()):
        page.fill([placed(corners)], _INKS[ink])
        page.outline(placed(corners), 0.15, _RULE)
    page.outline(placed(layout.border_corners_mm()), 0.15, _FAINT)
    corner = np.array([layout.drawing_left, layout.drawing_top])
    for trace in example:
        points = placed(trace.points * layout.drawing_side + corner)
        page.stroke(points, trace.width * layout.drawing_side * scale, _INKS[trace.ink])

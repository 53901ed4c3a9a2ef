"""What can be drawn on the simulated sheet: cities as strokes of four markers.

Every drawing is a plan — streets and blocks on a plain grid — that a `Place` bends onto the sheet, and
that a hand with a wobble then traces: streets as lines, areas as a hatch, really drawn back and forth.
Different colours never run into each other but where a street crosses water (a bridge), so that the class
of every spot of a drawing is beyond doubt.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault, did_you_mean
from models.palette import BUILDING, GREEN, ROAD, WATER

MARKER: Final = 0.026
"""Width of an ordinary marker's stroke in sheet units: 5 mm on a drawing area of 190 mm."""
AVENUE: Final = 0.034
"""Width of a main street: the same marker, pressed down or drawn twice."""

Points = NDArray[np.float64]
"""float64 (n, 2), x and y."""
Place = Callable[[Points], Points]
"""Where a point of the plan lies on the sheet."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """What one marker draws without leaving the paper.

    ink: the class whose marker draws it.
    points: float64 (n, 2), n >= 2, the way of the pen in sheet coordinates, in order.
    width: of the trace, in sheet units.
    kind: a line, or a hatch that goes back and forth to fill an area.
    """

    ink: int
    points: Points
    width: float
    kind: Literal["line", "hatch"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of a plan."""

    left: float
    top: float
    right: float
    bottom: float

    def outline(self) -> Points:
        """The rectangle as a polygon with points close enough together to be bent."""
        x0, y0, x1, y1 = self.left, self.top, self.right, self.bottom
        return _dense(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], dtype=np.float64))[:-1]


def drawing(name: str, seed: int) -> tuple[Stroke, ...]:
    """The strokes of a drawing in the order in which they are drawn; the same for the same name and seed.

    Raises InputFault if there is no drawing of that name.
    """
    draw = _DRAWINGS.get(name)
    if draw is None:
        hint = did_you_mean(name, DRAWING_NAMES, quote="'")
        raise InputFault(f"there is no drawing '{name}', only {', '.join(DRAWING_NAMES)}{hint}")
    return tuple(draw(_Hand(np.random.default_rng([seed, len(name), *name.encode()]))))


class _Hand:
    """Traces a plan with the wobble of a hand."""

    def __init__(self, rng: np.random.Generator, place: Place = lambda plan: plan) -> None:
        self._rng = rng
        self._place = place

    def on(self, place: Place) -> _Hand:
        """The same hand on another bend of the plan."""
        return _Hand(self._rng, place)

    def line(self, ink: int, plan: Iterable[tuple[float, float]], width: float = MARKER) -> Stroke:
        """One line through the points of the plan."""
        return Stroke(ink, self._wobble(self._place(_dense(np.array(list(plan))))), width, "line")

    def fill(
        self, ink: int, outline: Points, angle: float, margin: float = 0.0, width: float = MARKER
    ) -> Iterator[Stroke]:
        """A hatch inside an outline of the plan, `margin` sheet units away from it, its legs at `angle`
        degrees; more than one stroke where the outline keeps the pen from going on."""
        for legs in _hatch(self._place(outline), math.radians(angle), width, margin, self._rng):
            yield Stroke(ink, self._wobble(_dense(legs), 0.0012), width, "hatch")

    def along(self, ink: int, cell: Cell, passes: int, width: float = MARKER) -> Stroke:
        """A long band filled by so many passes back and forth along its length (left to right)."""
        xs = np.linspace(cell.left, cell.right, 60)
        legs = []
        for i, y in enumerate(np.linspace(cell.top, cell.bottom, passes)):
            ends = xs[0] + self._rng.uniform(0.0, 0.012), xs[-1] - self._rng.uniform(0.0, 0.012)
            leg = np.stack([np.linspace(*ends, len(xs)), np.full_like(xs, y)], axis=1)
            legs.append(leg if i % 2 == 0 else leg[::-1])
        return Stroke(ink, self._wobble(self._place(np.concatenate(legs)), 0.0018), width, "hatch")

    def _wobble(self, points: Points, size: float = 0.0022) -> Points:
        """The points pushed about by up to `size` or so, slowly along the way: a hand, not a ruler."""
        way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        knots = np.arange(0.0, way[-1] + 0.13, 0.065)
        push = self._rng.normal(0.0, size, (len(knots), 2))
        moved = points + np.stack([np.interp(way, knots, push[:, axis]) for axis in (0, 1)], axis=1)
        return np.asarray(np.clip(moved, 0.004, 0.996), dtype=np.float64)


def _dense(points: Points, step: float = 0.012) -> Points:
    """The polyline with points no further apart than `step`."""
    pieces = [points[:1]]
    for a, b in itertools.pairwise(points):
        count = max(1, math.ceil(float(np.hypot(*(b - a))) / step))
        pieces.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(pieces)


def _hatch(
    outline: Points, angle: float, width: float, margin: float, rng: np.random.Generator
) -> Iterator[Points]:
    """The ways of a pen that fills the outline back and forth, with the small gaps that a hand leaves.

    The ink keeps `margin` away from the outline. An area that is too small for a stroke gets none.
    """
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    flat = outline @ turn  # the legs now run along x
    (left, top), (right, bottom) = flat.min(axis=0), flat.max(axis=0)
    inset = margin + width / 2
    room = bottom - top - 2 * inset
    if room < 0:
        return
    count = 1 + round(room / (1.04 * width))
    xs = np.arange(left, right, 0.003)
    way: list[Points] = []
    for y in np.linspace(top + inset, bottom - inset, count) if count > 1 else [(top + bottom) / 2]:
        row = np.stack([xs, np.full_like(xs, y)], axis=1)
        # A row that runs along the very border of an area is still the area's.
        deep = _depth(row, flat) >= inset - 1e-3
        runs = np.flatnonzero(np.diff(np.concatenate([[False], deep, [False]]).astype(np.int8)))
        for start, stop in zip(runs[::2], runs[1::2], strict=True):
            if stop - start < 4:
                continue
            ends = np.array([(xs[start], y), (xs[stop - 1], y)])
            ends[:, 0] += rng.uniform(-0.001, 0.005, 2) * (1, -1)
            ends[:, 1] += rng.normal(0.0, 0.0012, 2)
            leg = ends if len(way) % 2 == 0 else ends[::-1]
            if way and math.dist(way[-1][-1], leg[0]) > 2.5 * width:
                yield np.concatenate(way) @ turn.T
                way, leg = [], ends
            way.append(leg)
    if way:
        yield np.concatenate(way) @ turn.T


def _depth(points: Points, polygon: Points) -> NDArray[np.float64]:
    """How deep each point lies inside the polygon: the distance to its border, negative outside."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    ab = b - a
    ap = points[:, None] - a
    share = np.clip((ap * ab).sum(axis=2) / np.maximum((ab * ab).sum(axis=1), 1e-12), 0.0, 1.0)
    distance = np.linalg.norm(ap - share[..., None] * ab, axis=2).min(axis=1)
    # Even-odd rule: how many edges does a ray to the right cross?
    above = (a[:, 1] > points[:, None, 1]) != (b[:, 1] > points[:, None, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = a[:, 0] + (points[:, None, 1] - a[:, 1]) * ab[:, 0] / ab[:, 1]
    inside = (above & (points[:, None, 0] < crossing)).sum(axis=1) % 2 == 1
    return np.asarray(np.where(inside, distance, -distance), dtype=np.float64)


def _blocks(
    hand: _Hand,
    ink: int,
    cells: Iterable[tuple[float, float, float, float]],
    angle: float,
    margin: float = 0.0205,
) -> Iterator[Stroke]:
    """Cells between streets, hatched with one ink; every second one across, as a hand does it."""
    for i, edges in enumerate(cells):
        slant = angle + (90.0 if i % 3 == 2 else 0.0)
        yield from hand.fill(ink, Cell(*edges).outline(), slant, margin)


# ── The drawings ─────────────────────────────────────────────────────────────────────────────────────


def _town(hand: _Hand) -> Iterator[Stroke]:
    """A river with three bridges, a bent grid of streets, two parks, a pond, and blocks everywhere."""

    def place(plan: Points) -> Points:
        u, v = plan.T
        x = u + 0.030 * np.sin(2 * np.pi * (0.8 * v + 0.1)) * np.sin(np.pi * u)
        y = v + 0.070 * np.sin(2 * np.pi * (0.8 * u + 0.08)) * np.sin(np.pi * v)
        return np.stack([0.02 + 0.96 * x, 0.02 + 0.96 * y], axis=1)

    hand = hand.on(place)
    yield hand.along(WATER, Cell(0.0, 0.425, 1.0, 0.535), 5, 0.027)
    for v, width in ((0.375, AVENUE), (0.588, AVENUE), (0.185, MARKER), (0.79, MARKER)):
        yield hand.line(ROAD, [(0.0, v), (1.0, v)], width)
    for u, width in ((0.235, MARKER), (0.49, AVENUE), (0.75, MARKER)):
        yield hand.line(ROAD, [(u, 0.0), (u, 1.0)], width)
    for u, start, end in ((0.365, 0.185, 0.375), (0.875, 0.185, 0.375), (0.62, 0.0, 0.185)):
        yield hand.line(ROAD, [(u, start), (u, end)], 0.022)
    for u, start, end in ((0.62, 0.588, 0.79), (0.115, 0.588, 0.79), (0.365, 0.79, 1.0)):
        yield hand.line(ROAD, [(u, end), (u, start)], 0.022)
    yield from _blocks(hand, GREEN, [(0.49, 0.185, 0.75, 0.375), (0.235, 0.588, 0.49, 0.79)], 20.0, 0.024)
    yield from _blocks(hand, GREEN, [(0.75, 0.79, 1.0, 1.0), (0.0, 0.0, 0.235, 0.10)], 0.0, 0.020)
    first = [(0.0, 0.09, 0.235, 0.185), (0.235, 0.0, 0.49, 0.185), (0.49, 0.0, 0.62, 0.185)]
    first += [(0.62, 0.0, 0.75, 0.185), (0.75, 0.0, 1.0, 0.185)]
    second = [(0.875, 0.185, 1.0, 0.375), (0.75, 0.185, 0.875, 0.375)]
    second += [(0.365, 0.185, 0.49, 0.375), (0.235, 0.185, 0.365, 0.375), (0.0, 0.185, 0.235, 0.375)]
    third = [(0.0, 0.588, 0.115, 0.79), (0.115, 0.588, 0.235, 0.79)]
    third += [(0.49, 0.588, 0.62, 0.79), (0.62, 0.588, 0.75, 0.79), (0.75, 0.588, 1.0, 0.79)]
    fourth = [
        (0.49, 0.79, 0.75, 1.0),
        (0.365, 0.79, 0.49, 1.0),
        (0.235, 0.79, 0.365, 1.0),
        (0.0, 0.79, 0.235, 1.0),
    ]
    for row in (first, second, third, fourth):
        yield from _blocks(hand, BUILDING, row, 0.0)


def _harbour(hand: _Hand) -> Iterator[Stroke]:
    """The sea in the south, piers with warehouses, a quay, and the town that climbs away from it."""

    def place(plan: Points) -> Points:
        u, v = plan.T
        y = v + 0.055 * np.sin(2 * np.pi * (0.55 * u + 0.35)) * np.sin(np.pi * v)
        return np.stack([0.02 + 0.96 * u, 0.02 + 0.96 * y], axis=1)

    hand = hand.on(place)
    for basin in ((0.0, 0.62, 0.20, 0.80), (0.32, 0.62, 0.54, 0.80), (0.66, 0.62, 1.0, 0.80)):
        yield from hand.fill(WATER, Cell(*basin).outline(), 0.0, 0.012)
    yield hand.along(WATER, Cell(0.0, 0.83, 1.0, 0.985), 7, 0.027)
    yield hand.line(ROAD, [(0.0, 0.575), (1.0, 0.575)], AVENUE)
    yield hand.line(ROAD, [(0.0, 0.33), (1.0, 0.33)])
    yield hand.line(ROAD, [(0.0, 0.13), (1.0, 0.13)])
    for u in (0.16, 0.40, 0.62, 0.84):
        yield hand.line(ROAD, [(u, 0.575), (u, 0.0)], AVENUE if u == 0.40 else MARKER)
    yield from _blocks(hand, GREEN, [(0.62, 0.13, 0.84, 0.33), (0.0, 0.0, 0.16, 0.13)], 15.0, 0.023)
    yield from _blocks(hand, BUILDING, [(0.20, 0.62, 0.32, 0.80), (0.54, 0.62, 0.66, 0.80)], 90.0, 0.014)
    yield from _blocks(
        hand,
        BUILDING,
        [_span(sides, 0.33, 0.575) for sides in _pairs(0.0, 0.16, 0.40, 0.62, 0.84, 1.0)],
        0.0,
    )
    yield from _blocks(
        hand, BUILDING, [_span(sides, 0.13, 0.33) for sides in _pairs(0.0, 0.16, 0.40, 0.62)], 0.0
    )
    yield from _blocks(hand, BUILDING, [(0.84, 0.13, 1.0, 0.33)], 90.0)
    yield from _blocks(
        hand, BUILDING, [_span(sides, 0.0, 0.13) for sides in _pairs(0.16, 0.40, 0.62, 0.84, 1.0)], 0.0
    )


def _boulevards(hand: _Hand) -> Iterator[Stroke]:
    """A star of avenues and two rings around a round garden, with a canal for a moat."""
    spokes = 8

    def place(plan: Points) -> Points:
        turn, radius = 2 * np.pi * (plan[:, 0] + 0.03), plan[:, 1]
        # A superellipse: round in the middle, nearly as square as the sheet outside.
        power = 2.0 + 3.0 * radius
        reach = (
            0.48 * radius / (np.abs(np.cos(turn)) ** power + np.abs(np.sin(turn)) ** power) ** (1 / power)
        )
        return np.stack([0.5 + reach * np.cos(turn), 0.5 + reach * np.sin(turn)], axis=1)

    hand = hand.on(place)
    whole = [i / 60 for i in range(61)]
    for radius in (0.58, 0.635):
        yield hand.line(WATER, [(u, radius) for u in whole], 0.027)
    for radius, width in ((0.22, AVENUE), (0.49, MARKER), (0.725, MARKER)):
        yield hand.line(ROAD, [(u, radius) for u in whole], width)
    for i in range(spokes):
        ends = [(i / spokes, 0.22), (i / spokes, 1.0)]
        yield hand.line(ROAD, ends if i % 2 else ends[::-1], AVENUE if i % 4 == 0 else MARKER)
    yield from hand.fill(GREEN, np.array([(u, 0.15) for u in whole[:-1]]), 30.0)
    sectors = list(_pairs(*(i / spokes for i in range(spokes + 1))))
    yield from _blocks(hand, GREEN, [_span(sectors[i], 0.725, 1.0) for i in (1, 6)], 10.0)
    yield from _blocks(hand, BUILDING, [_span(s, 0.22, 0.49) for s in sectors], 45.0)
    outer = [s for i, s in enumerate(sectors) if i not in (1, 6)]
    yield from _blocks(hand, BUILDING, [_span(s, 0.725, 1.0) for s in outer], 0.0)


def _island(hand: _Hand) -> Iterator[Stroke]:
    """An island town in a lake: a ring road, a cross of streets, woods at the shore, and a causeway."""

    def place(plan: Points) -> Points:
        turn, radius = 2 * np.pi * plan[:, 0], plan[:, 1]
        coast = 1.0 + 0.10 * np.sin(2 * turn + 0.6) + 0.05 * np.sin(3 * turn)
        reach = 0.385 * radius * coast
        return np.stack([0.5 + reach * np.cos(turn), 0.5 + reach * np.sin(turn)], axis=1)

    shore = place(np.array([(i / 90, 1.06) for i in range(91)]))
    frame = np.array([(0.02, 0.5), (0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.5)])
    turned = np.roll(shore[:-1], -45, axis=0)
    lake = np.concatenate([frame, turned[::-1], turned[-1:]])
    yield from hand.fill(WATER, lake, 0.0)
    hand = hand.on(place)
    whole = [i / 60 for i in range(61)]
    yield hand.line(ROAD, [(u, 0.68) for u in whole], AVENUE)
    for u in (0.0, 0.25, 0.5, 0.75):
        yield hand.line(ROAD, [(u, 1.27 if u == 0.5 else 0.68), (u, 0.02)])
    quarters = list(_pairs(*(i / 8 for i in range(9))))
    yield from _blocks(hand, GREEN, [_span(q, 0.68, 1.02) for q in quarters[:3]], 40.0, 0.022)
    yield from _blocks(hand, BUILDING, [_span(q, 0.68, 1.02) for q in quarters[3:]], 60.0, 0.022)
    yield from _blocks(
        hand, BUILDING, [_span(q, 0.03, 0.68) for q in _pairs(0.0, 0.25, 0.5, 0.75, 1.0)], 0.0
    )


def _letters(hand: _Hand) -> Iterator[Stroke]:
    """The name of the piece, written in streets, houses, woods and water."""

    def write(
        word: str, inks: tuple[int, ...], top: float, height: float, width: float
    ) -> Iterator[Stroke]:
        pitch = 0.94 / len(word)
        for i, letter in enumerate(word):
            for way in _GLYPHS[letter]:
                spots = [(0.03 + pitch * (i + 0.14 + 0.72 * x), top + height * y) for x, y in way]
                yield hand.line(inks[i % len(inks)], spots, width)

    yield hand.along(WATER, Cell(0.03, 0.80, 0.97, 0.96), 6, 0.030)
    yield from write("INVISIBLE", (ROAD,), 0.09, 0.22, MARKER)
    yield hand.line(ROAD, [(0.03, 0.38), (0.97, 0.38)], AVENUE)
    yield from write("CITIES", (BUILDING,), 0.45, 0.25, 0.036)
    yield hand.line(GREEN, [(0.03, 0.035), (0.97, 0.035)], 0.030)
    yield hand.line(GREEN, [(0.97, 0.755), (0.03, 0.755)], 0.030)


_GLYPHS: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "B": [
        [
            (0, 1),
            (0, 0),
            (0.7, 0.05),
            (0.85, 0.25),
            (0.6, 0.47),
            (0.05, 0.5),
            (0.7, 0.53),
            (1, 0.75),
            (0.7, 1),
            (0, 1),
        ]
    ],
    "C": [[(1, 0.12), (0.6, 0), (0.2, 0.12), (0, 0.5), (0.2, 0.88), (0.6, 1), (1, 0.88)]],
    "E": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.8, 0.5)]],
    "I": [[(0.5, 0), (0.5, 1)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "S": [
        [
            (1, 0.1),
            (0.55, 0),
            (0.1, 0.1),
            (0.05, 0.35),
            (0.5, 0.5),
            (0.95, 0.65),
            (0.9, 0.9),
            (0.45, 1),
            (0, 0.9),
        ]
    ],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
}
"""Letters as ways of a pen in a unit square."""


def _pairs(*values: float) -> Iterator[tuple[float, float]]:
    return itertools.pairwise(values)


def _span(sides: tuple[float, float], top: float, bottom: float) -> tuple[float, float, float, float]:
    return sides[0], top, sides[1], bottom


_DRAWINGS: Final[dict[str, Callable[[_Hand], Iterator[Stroke]]]] = {
    "town": _town,
    "harbour": _harbour,
    "boulevards": _boulevards,
    "island": _island,
    "letters": _letters,
}

DRAWING_NAMES: Final = tuple(_DRAWINGS)
"""Names of all drawings; the first is the one that a newcomer sees."""

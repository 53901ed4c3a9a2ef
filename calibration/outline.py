"""A sheet without markers, by its outline: four straight sides, bright within and darker without.

cut      the picture into bright and dark, at several brightnesses and against its surroundings
guess    every four sides of a bright patch's hull that could be a sheet's; a hand or ink at the paper's
         edge takes a bite out of the patch, but leaves most of its sides
judge    how much of each guess's sides really is an edge from bright to dark
draw     the best ones to a fraction of a pixel, by a line through what most of each side shows
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_AREA: Final = 0.03
"""Share of the picture that a sheet covers at least."""

MOST_PIECES: Final = 300
"""Of edges, the longest ones."""

LEAST_PIECE: Final = 0.015
"""Of the picture's longer side, the length of a piece of an edge that counts."""

ON_LINE: Final = 1.5
"""Pixels by which the ends of a piece may lie off the line that it belongs to."""

NEAR: Final = 3
"""Pixels beside an edge at which one side of it is compared with the other, …"""

FAR: Final = (9, 16)
"""… and at which its outer side must still be dark: strokes on the paper are thinner."""

LEAST_TURN: Final = 0.35
"""Sine of the sharpest or bluntest angle at a corner of a sheet that is seen aslant."""

LEAST_DROP: Final = 0.05
"""Of the brightness within, what the table is darker at least."""

LIKE_COLOUR: Final = 0.12
"""Natural logarithm by which light may lift one colour of the table more than another."""

GRAINED: Final = 0.02
"""Deviation of a table's grain from its brightness, from which on it can be recognised under light."""

LEAST_SUPPORT: Final = 0.62
"""Share of its sides along which a sheet's edge must be seen, …"""

LEAST_SIDE: Final = 0.2
"""… of the worst of them, which a hand may cover, …"""

LEAST_TWO: Final = 0.42
"""… and of the two worst."""

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Lines = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What may be the outline of a sheet.

    corners: float32 (4, 2) in pixels, clockwise from the one nearest to the picture's top left.
    support: the share of its sides along which its edge is seen, 0..1.
    """

    corners: Floats
    support: float


def find_outline(bgr: Bytes) -> Floats | None:
    """The corners of the largest of `find_outlines`, or None."""
    outlines = find_outlines(bgr)
    return outlines[0].corners if outlines else None


def find_outlines(bgr: Bytes, thorough: bool = True) -> list[Outline]:
    """The outlines of sheets without markers; the largest comes first.

    bgr: uint8 (H, W, 3). They don't overlap. A corner may lie a little beyond the picture.
    thorough: for a photograph, which may have any table; otherwise as fast as a show needs it.
    """
    longest, most = (640, 24) if thorough else (400, 16)
    scale = min(1.0, longest / max(bgr.shape[:2]))
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Ink and wood are coloured or dark in some channel; paper is bright in all of them.
    least = cv2.GaussianBlur(small.min(axis=2), (0, 0), 1.2)
    bright = float(np.percentile(least[::4, ::4], 95))
    least = np.asarray(cv2.convertScaleAbs(least, alpha=220 / max(bright, 8.0)), dtype=np.uint8)
    guesses = _guesses(least, most)
    if not len(guesses):
        return []
    support = _support(least, guesses)
    mean, worst = support.mean(axis=1), np.sort(support, axis=1)[:, :2]
    area = _areas(guesses)
    inner = _inner(least, guesses)
    order = np.argsort(-(mean**3) * np.sqrt(area) * inner)
    kept: list[Outline] = []
    for index in order[:40]:
        if mean[index] < LEAST_SUPPORT or worst[index, 0] < LEAST_SIDE or worst[index].mean() < LEAST_TWO:
            continue
        if any(_overlap(outline.corners, guesses[index]) for outline in kept):
            continue
        if not _is_light(np.asarray(small, dtype=np.uint8), guesses[index]):
            kept.append(Outline(guesses[index], float(mean[index])))
    found = []
    for outline in kept[:3]:
        corners = _draw(bgr, (outline.corners + 0.5) / scale - 0.5, scale)
        if corners is not None:
            found.append(Outline(corners, outline.support))
    return sorted(found, key=lambda outline: -cv2.contourArea(outline.corners))


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────────


def _lines(least: Bytes, most: int) -> Lines:
    """The `most` strongest straight edges, float64 (n, 2, 2): two points each, the brighter side on the
    right of the way from the first to the second."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(least)[0]
    if found is None:
        return np.empty((0, 2, 2))
    ends = np.asarray(found, dtype=np.float64).reshape(-1, 2, 2)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    kept = np.argsort(-length)[:MOST_PIECES]
    kept = kept[length[kept] > LEAST_PIECE * max(least.shape)]
    ends, length = ends[kept], length[kept]
    if not len(ends):
        return np.empty((0, 2, 2))
    along = (ends[:, 1] - ends[:, 0]) / length[:, None]
    right = np.stack([-along[:, 1], along[:, 0]], axis=1)
    middle = ends[:, :1] + np.linspace(0.1, 0.9, 9)[:, None] * (ends[:, 1:] - ends[:, :1])
    bright = _at(least, middle + NEAR * right[:, None]).mean(axis=1)
    dark = _at(least, middle - NEAR * right[:, None]).mean(axis=1)
    back = bright < dark
    ends[back], along[back], right[back] = ends[back, ::-1], -along[back], -right[back]
    outer = _is_edge(least, middle, -right[:, None]).mean(axis=1) > 0.5
    # Paper differs from a table more than planks do from each other.
    weight = length * (0.2 + np.abs(bright - dark) / np.maximum(np.maximum(bright, dark), 1))
    weight *= 0.3 + np.maximum(bright, dark) / 220
    ends, along, right = ends[outer], along[outer], right[outer]
    length, weight = length[outer], weight[outer]
    # Ink and hands cut an edge into pieces: those that lie on one line are one.
    off = ends[None] - ends.mean(axis=1)[:, None, None]
    off = np.abs((off * right[:, None, None]).sum(axis=-1)).max(axis=-1)
    alike = along @ along.T
    on_line = (off < ON_LINE) & (alike > 0.9)
    # Of a pattern, every other piece along a line is bright on its other side.
    against = ((off < ON_LINE) & (alike < -0.9)) @ length
    whole = 1 - np.minimum(against / (on_line @ length), 1)
    lines: list[NDArray[np.float64]] = []
    while weight.any() and len(lines) < most:
        first = int((on_line @ weight * whole).argmax())
        on = on_line[first] & (weight > 0)
        if not on.any():
            break
        points = ends[on].reshape(-1, 2)
        heavy = np.repeat(weight[on], 2)
        centre = np.average(points, axis=0, weights=heavy)
        axis = np.linalg.svd((points - centre) * np.sqrt(heavy)[:, None], full_matrices=False)[2][0]
        axis = axis if axis @ along[first] > 0 else -axis
        reach = (points - centre) @ axis
        lines.append(np.array([centre + reach.min() * axis, centre + reach.max() * axis]))
        weight[on] = 0
    return np.array(lines).reshape(-1, 2, 2)


# ── Guess ────────────────────────────────────────────────────────────────────────────────────────────


def _guesses(least: Bytes, most: int) -> Floats:
    """Figures that may be a sheet, float32 (n, 4, 2), clockwise from the top left."""
    height, width = least.shape
    ends = _lines(least, most)
    if len(ends) < 4:
        return np.empty((0, 4, 2), dtype=np.float32)
    way = ends[:, 1] - ends[:, 0]
    ends = ends[np.argsort(np.arctan2(way[:, 1], way[:, 0]))]
    lines = np.cross(_homogeneous(ends[:, 0]), _homogeneous(ends[:, 1]))
    angle = np.sort(np.arctan2(way[:, 1], way[:, 0]))
    turns = np.sin(angle[None] - angle[:, None]) > LEAST_TURN
    a, b, c, d = fours = _fours(len(lines))
    fours = fours[:, turns[a, b] & turns[b, c] & turns[c, d] & turns[d, a]].T
    # With the bright side on their right and sorted by direction, four lines are in the order of a sheet's
    # sides already.
    meet = np.cross(lines[np.roll(fours, 1, axis=1)], lines[fours])
    with np.errstate(divide="ignore", invalid="ignore"):
        quads = meet[..., :2] / meet[..., 2:]
    quads = np.nan_to_num(quads, nan=1e6, posinf=1e6, neginf=-1e6)
    room = 0.15 * max(width, height)
    fits = (quads > -room).all(axis=(1, 2)) & (quads < (width + room, height + room)).all(axis=(1, 2))
    quads = quads[fits]
    quads = quads[_are_convex(quads)]
    quads = quads[_areas(quads) > LEAST_AREA * width * height]
    # A patch that fills the picture is the background, not a sheet on it.
    at_edge = (quads < 1).any(axis=2) | (quads > (width - 2, height - 2)).any(axis=2)
    quads = quads[at_edge.sum(axis=1) < 3]
    return _from_top_left(quads).astype(np.float32)


@cache
def _fours(count: int) -> NDArray[np.intp]:
    """Every four of so many, (4, n)."""
    return np.array(list(combinations(range(count), 4)), dtype=np.intp).reshape(-1, 4).T


def _homogeneous(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([points, np.ones(len(points))])


def _are_convex(quads: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which figures, (n, 4, 2), are clockwise as a person sees them (y runs down), without slivers."""
    edge = np.roll(quads, -1, axis=1) - quads
    after = np.roll(edge, -1, axis=1)
    length = np.linalg.norm(edge, axis=2)
    turn = edge[..., 0] * after[..., 1] - edge[..., 1] * after[..., 0]
    plain = turn > LEAST_TURN * length * np.roll(length, -1, axis=1)
    return np.asarray(plain.all(axis=1) & (length.min(axis=1) > 0.12 * length.max(axis=1)))


def _areas(quads: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Of figures, (n, 4, 2), clockwise."""
    x, y = np.moveaxis(quads.astype(np.float64), 2, 0)
    return np.asarray((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2)


def _from_top_left(quads: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Figures, (n, 4, 2), with the corner nearest to the picture's top left as their first."""
    first = quads.sum(axis=2).argmin(axis=1)
    order = (first[:, None] + np.arange(4)) % 4
    return np.take_along_axis(quads, order[..., None], axis=1)


# ── Judge ────────────────────────────────────────────────────────────────────────────────────────────


def _support(least: Bytes, quads: Floats) -> Floats:
    """The share of each side of each figure that is an edge from paper to dark, float32 (n, 4)."""
    height, width = least.shape
    count = 24
    places, outward = _along(quads, count)
    within = _at(least, places - NEAR * outward)
    edge = _is_edge(least, places, outward)
    outside = places + NEAR * outward
    # Where ink or a hand lies at the edge, it says neither yes nor no; nor does the picture's edge.
    bright = np.percentile(within, 80, axis=2, keepdims=True)
    paper = within > 0.7 * bright
    # Of a pattern on the table, much is dark within and bright outside.
    against = _at(least, outside) > within * (1 + LEAST_DROP) + 2
    seen = ((outside >= 0) & (outside < (width, height))).all(axis=-1)
    counted = (paper & seen).sum(axis=-1)
    share = (edge & paper & seen).sum(axis=-1) / np.maximum(counted, 0.75 * count)
    share = np.maximum(share - (against & seen).mean(axis=-1), 0)
    return np.asarray(np.where(seen.sum(axis=-1) > count / 4, share, 0.5), dtype=np.float32)


def _is_edge(least: Bytes, places: NDArray[np.floating[Any]], outward: Any) -> NDArray[np.bool_]:
    """Where it is darker outside of an edge, and not only for the breadth of a pen's stroke."""
    dark = _at(least, places - NEAR * outward) * (1 - LEAST_DROP) - 2
    edge = [_at(least, places + by * outward) < dark for by in (NEAR, *FAR)]
    return np.asarray(np.logical_and.reduce(edge))


def _is_light(bgr: Bytes, quad: Floats) -> bool:
    """Whether a figure is a patch of light on the table: as coloured as around it, and as grained."""
    height, width = bgr.shape[:2]
    grey = bgr.mean(axis=2, dtype=np.float32)
    level = cv2.blur(grey, (7, 7))
    grain = np.sqrt(np.maximum(cv2.blur(grey * grey, (7, 7)) - level * level, 0)) / np.maximum(level, 1)
    places, outward = _along(quad[None], 24)
    around = np.concatenate([(places + by * outward).reshape(-1, 2) for by in FAR])
    around = around[((around >= 0) & (around < (width, height))).all(axis=1)]
    if not len(around):
        return False
    within = _grid(quad[None]).reshape(-1, 2)
    colours = [np.median(_at(bgr, spots), axis=0) + 1 for spots in (within, around)]
    # Between what is drawn on it, paper has no grain.
    inner = float(np.percentile(_at(np.asarray(grain), within), 30))
    outer = float(np.median(_at(np.asarray(grain), around)))
    gain = np.log(colours[0] / colours[1])
    return bool(np.ptp(gain) < LIKE_COLOUR and inner > max(GRAINED, 0.5 * outer))


def _grid(quads: Floats) -> Floats:
    """Places all over figures, float32 (n, 10, 10, 2)."""
    steps = (np.arange(10, dtype=np.float32) + 0.5) / 10
    down, right = steps[:, None, None], steps[None, :, None]
    a, b, c, d = (quads[:, corner, None, None] for corner in range(4))
    return np.asarray((a * (1 - right) + b * right) * (1 - down) + (d * (1 - right) + c * right) * down)


def _inner(least: Bytes, quads: Floats) -> Floats:
    """The mean brightness of what figures enclose, float32 (n,)."""
    return np.asarray(_at(least, _grid(quads)).mean(axis=(1, 2)))


def _along(quads: Floats, count: int) -> tuple[Floats, Floats]:
    """Places along the sides of figures, float32 (n, 4, count, 2), and the outward normals there."""
    start, end = quads[:, :, None], np.roll(quads, -1, axis=1)[:, :, None]
    steps = np.linspace(0.06, 0.94, count, dtype=np.float32)[:, None]
    way = end - start
    normal = np.stack([way[..., 1], -way[..., 0]], axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    places = start + steps * way
    return places, np.broadcast_to(normal, places.shape).astype(np.float32)


def _at(picture: NDArray[Any], places: NDArray[np.floating[Any]]) -> Floats:
    """The picture's values at places, float32 of their shape (…), or (…, channels)."""
    x, y = (np.ascontiguousarray(places[..., axis], dtype=np.float32).reshape(-1, 1) for axis in (0, 1))
    values = []
    for first in range(0, len(x), 30_000):  # cv2.remap takes 32 767 rows at most
        part = slice(first, first + 30_000)
        values.append(
            cv2.remap(picture, x[part], y[part], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
    got = np.concatenate(values).astype(np.float32)
    return got.reshape(*places.shape[:-1], *picture.shape[2:])


def _overlap(a: Floats, b: Floats) -> bool:
    """Whether the middle of either figure lies in the other."""
    return any(
        cv2.pointPolygonTest(one, tuple(map(float, other.mean(axis=0))), False) >= 0
        for one, other in ((a, b), (b, a))
    )


# ── Draw ─────────────────────────────────────────────────────────────────────────────────────────────


def _draw(bgr: Bytes, quad: Floats, scale: float) -> Floats | None:
    """The corners where lines through the edges that are seen meet; None if they enclose no sheet."""
    height, width = bgr.shape[:2]
    for reach in (6 / scale, 3 / scale):
        places, outward = _along(quad[None], 64)
        step = max(0.5, reach / 16)
        offsets = np.arange(-reach, reach + step / 2, step, dtype=np.float32)
        across = places[0, :, :, None] + offsets[:, None] * outward[0, :, :, None]
        profile = _at(bgr, across).min(axis=-1)
        k = 2
        drop = profile[..., : -2 * k] - profile[..., 2 * k :]
        # The outermost edge, since ink may draw a stronger one within.
        strong = drop > 0.5 * drop.max(axis=-1, keepdims=True)
        peak = strong & (drop >= np.roll(drop, 1, axis=-1)) & (drop >= np.roll(drop, -1, axis=-1))
        best = drop.shape[-1] - 1 - peak[..., ::-1].argmax(axis=-1)
        near = np.arange(drop.shape[-1]) - best[..., None]
        weight = np.where(np.abs(near) <= k, np.maximum(drop, 0), 0)
        shift = best + (weight * near).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-6)
        level = np.take_along_axis(profile, best[..., None], axis=-1)[..., 0]
        inside = (places[0] >= 1).all(axis=-1) & (places[0] < (width - 2, height - 2)).all(axis=-1)
        steep = np.take_along_axis(drop, best[..., None], axis=-1)[..., 0]
        good = (steep > LEAST_DROP * level + 2) & inside
        spots = places[0] + (offsets[k] + shift * step)[..., None] * outward[0]
        lines = []
        for side in range(4):
            line = _line(spots[side][good[side]], reach / 6)
            ends = quad[[side, (side + 1) % 4]].astype(np.float64)
            lines.append(np.cross(*_homogeneous(ends)) if line is None else line)
        meet = np.cross(np.roll(lines, 1, axis=0), lines)
        if (np.abs(meet[:, 2]) < 1e-9).any():
            return None
        quad = (meet[:, :2] / meet[:, 2:]).astype(np.float32)
        if not _are_convex(quad[None])[0]:
            return None
    return np.asarray(_from_top_left(quad[None])[0], dtype=np.float32)


def _line(spots: Floats, near: float) -> NDArray[np.float64] | None:
    """The line (a, b, c: ax + by + c = 0) through most of the spots; None if too few agree.

    near: pixels by which a spot may be off it. By consensus (Fischler and Bolles, 1981), over all pairs of
    a few spots far enough apart, then by least squares.
    """
    if len(spots) < 12:
        return None
    some = spots[:: max(1, len(spots) // 16)]
    first, second = np.triu_indices(len(some), k=max(2, len(some) // 4))
    a, b = some[first].astype(np.float64), some[second].astype(np.float64)
    way = b - a
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    off = np.abs(normal @ spots.T - (normal * a).sum(axis=1)[:, None])
    agree = off < near
    best = int(agree.sum(axis=1).argmax())
    held = spots[agree[best]].astype(np.float64)
    if len(held) < 12:
        return None
    middle = held.mean(axis=0)
    across = np.linalg.svd(held - middle, full_matrices=False)[2][1]
    return np.array([*across, -across @ middle])

"""The light: how bright the bare paper is at each place of the sheet, and the picture with that evened out.

The paper is its own grey card. Its brightness is estimated on a coarse grid from what can be seen of it
between the inks, as a smooth surface fitted to the logarithm of the bright cells with ever less weight
for those that are darker (ink, hand) — the upper envelope of the picture — and then followed locally
where paper is in sight. What changes everywhere at once (a lamp, an exposure) is a gain, which is known
from one frame to the next.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL

GRID = 35
"""Cells along each side of the grid on which the light is known: 6 mm each, of the A4 sheet and the margin
around its drawing area."""

DEGREE = 3
"""Degree of the smooth surface: a lamp, a window and a lens's vignetting are no rougher than that."""

SHADOW_DEPTH = 0.8
"""Greatest depth of a shadow, as a logarithm: paper in it has at least 45 % of its value in the light."""

SHADOW_TINT = 0.1
"""By how much a shadow may tint the paper, as a logarithm between its channels."""

SHADOW_EVEN = 0.92
"""Least ratio between the values of the brighter parts of a cell that lies in a shadow."""

BRIGHT_PARTS = 6
"""Of the 16 parts of a cell, how many are taken for its paper."""

LEAST_PAPER = 40
"""Parts of the sheet that must show bare paper to tell a gain."""

GAIN_LIMITS = (0.2, 5.0)
"""What one frame may have of the light of the one before, or the other way round."""

Cells = NDArray[np.float32]
"""float32 (GRID, GRID, 3): the paper's BGR values, cell by cell."""


def estimate_paper(bgr: NDArray[np.uint8], hidden: NDArray[np.bool_] | None = None) -> Cells:
    """The paper's values at each place of a rectified sheet, from this picture alone.

    bgr: uint8 (S, S, 3), S at least 4 × GRID; inks may cover nearly all of it, as long as paper shows here
    and there. hidden: bool (GRID, GRID), cells over which something lies. Returns float32 (GRID, GRID, 3),
    each at least 1.
    """
    cells, even = _brightest(bgr)
    logs = np.log(np.maximum(cells, 2.0)).reshape(-1, 3)
    luma = logs.mean(axis=1)
    # Paper is where all channels are bright: ink dims at least one of them.
    dimmest = logs.min(axis=1) - 0.3 * (luma.max() - luma)
    open_cells = np.ones(len(luma)) if hidden is None else (~hidden.ravel()).astype(np.float64)
    brightest_paper = np.quantile(dimmest[open_cells > 0], 0.97)
    weight = open_cells * (dimmest > brightest_paper - 0.5)
    surface = logs
    for closeness in (0.5, 0.25, 0.12, 0.08, 0.06, 0.06):
        surface = _BASIS @ _solve(weight, logs)
        over = logs - surface
        # A cell far below the surface in any channel is ink; far above it in all is gloss or a white cuff.
        below = over.min(axis=1)
        weight = open_cells * np.exp(-((np.minimum(below, 0) / closeness) ** 2)) + 1e-6
        weight[over.min(axis=1) > 3 * closeness] = 1e-6
    # What the surface is too smooth to follow, where paper is in sight; nothing where it isn't. Paper in
    # the shadow of a thing is as dark as the blurred edge of a black line, but even.
    over = logs - surface
    neutral = over.max(axis=1) - over.min(axis=1) < SHADOW_TINT
    shaded = neutral & even.ravel() & (np.abs(over).max(axis=1) < SHADOW_DEPTH)
    seen = np.maximum(weight, shaded * open_cells).reshape(GRID, GRID, 1).astype(np.float32)
    rest = (logs - surface).reshape(GRID, GRID, 3).astype(np.float32) * seen
    # Where strokes leave no paper in sight, what is known farther around counts: shadows are large.
    far = _spread(rest, 4.0) / (_spread(seen, 4.0) + 0.02)
    local = (_spread(rest, 1.5) + 0.1 * far) / (_spread(seen, 1.5) + 0.1)
    smooth = surface.reshape(GRID, GRID, 3).astype(np.float32)
    return cast(Cells, np.exp(smooth + local).clip(1, 255).astype(np.float32))


def _spread(values: Cells, cells: float) -> Cells:
    """Each cell's values spread over so many cells around it, float32 (GRID, GRID, 1 or 3)."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), cells), np.float32).reshape(values.shape)


def gain(now: NDArray[np.uint8], before: NDArray[np.uint8], bare: NDArray[np.bool_]) -> NDArray[np.float32]:
    """By how much all the light has changed from one picture to another.

    now, before: uint8 (N, N, 3), rectified sheets in small. bare: bool (N, N), where there was bare paper
    before. Returns float32 (3,), a factor for each channel; 1 if too little paper is in sight to tell.
    """
    if np.count_nonzero(bare) < LEAST_PAPER:
        return np.ones(3, dtype=np.float32)
    # The median, since a hand and its shadow cover less than half of the paper.
    ratio = np.median(now[bare] / np.maximum(before[bare], np.float32(1)), axis=0)
    return np.asarray(np.clip(ratio, *GAIN_LIMITS), dtype=np.float32)


def _brightest(bgr: NDArray[np.uint8]) -> tuple[Cells, NDArray[np.bool_]]:
    """The brighter part of each cell, which is paper if any shows between strokes, and whether that part is
    all alike, bool (GRID, GRID)."""
    fine = cv2.resize(bgr, (4 * GRID, 4 * GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    parts = fine.reshape(GRID, 4, GRID, 4, 3).transpose(0, 2, 1, 3, 4).reshape(GRID, GRID, 16, 3)
    dimmest = np.minimum(np.minimum(parts[..., 0], parts[..., 1]), parts[..., 2])
    order = np.argsort(dimmest, axis=2)[:, :, -BRIGHT_PARTS:]
    ranked = np.take_along_axis(dimmest, order, axis=2)
    even = ranked[:, :, 0] > SHADOW_EVEN * ranked[:, :, -1]
    return np.take_along_axis(parts, order[..., None], axis=2).mean(axis=2), even


def level(bgr: NDArray[np.uint8], paper: Cells) -> NDArray[np.uint8]:
    """The picture with its paper brought to `PAPER_LEVEL` in all channels, uint8 (S, S, 3).

    bgr: uint8 (S, S, 3), a rectified sheet.
    """
    size = (bgr.shape[1], bgr.shape[0])
    shade = cv2.resize(np.rint(paper).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    return cast("NDArray[np.uint8]", cv2.divide(bgr, shade, scale=PAPER_LEVEL))


_POWERS = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]


def _basis() -> NDArray[np.float64]:
    """The smooth surfaces of which the light is made: products of Legendre polynomials on the grid."""
    at = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    one = np.polynomial.legendre.legvander(at, DEGREE)
    return np.stack([np.outer(one[:, i], one[:, j]).ravel() for i, j in _POWERS], axis=1)


_BASIS = _basis()
# A pull to flatness, the stronger the rougher, where too little paper is seen to tell.
_PULL = np.diag([1e-6 + 0.5 * (i + j) ** 4 for i, j in _POWERS])


def _solve(weight: NDArray[np.float64], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weighted least squares."""
    weighted = _BASIS * weight[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ _BASIS + _PULL, weighted.T @ values))

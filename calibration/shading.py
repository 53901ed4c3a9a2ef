"""The light in a single photograph, whatever the ground is, and the colours that things have in it.

A show's camera hangs still under a lamp that was calibrated. A photograph has the shadow of the phone,
blocks with sides turned from the lamp and the shadows that they cast, and a ground that may be grey or
black card. So here every ink owns more colours than on the sheet under the camera (`calibration.inks`): its
tints and layers, and its shades too, which are the same colour with less light. The ground owns its shades
as well, and the palest tints of every ink. Each of these colours knows its class, and a pixel is of the
class of the nearest one.

What was found to be ground tells in turn how the light falls, also within a shadow, and so on.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import Float, coded_colours, family, linear_light, oklab, read_inks, srgb_of
from calibration.learning import Colours
from models.palette import CLASS_NAMES, GROUND, ROAD

GRID = 256
"""Cells along each side of the grid on which the light is known: finer than a shadow's edge is soft."""

SHADES = (0.3, 0.42, 0.58, 0.78, 1.0, 1.2)
"""Shares of the light that a side, a shadow or gloss gets."""

SHADE_COST = 0.03
"""Distance in OKLab that a shade counts as farther for every halving of its light."""

COLOUR_SHARE = 0.36
"""Of the way from the ground to an ink with a colour, how much is still ground."""

NEUTRAL_SHARE = ((0.35, 0.58), (0.5, 0.40))
"""The same for an ink without one, which a shadow on the ground resembles: the blacker it is, the more. Two
pairs of the ink's OKLab lightness and share of the way."""

NEUTRAL = 0.045
"""OKLab chroma, against the ground, below which an ink has no colour."""

FADED_COST = 0.5
"""Distance in OKLab that a colour counts as farther, for all that its chroma lacks of `NEUTRAL`: so dark or
pale that it has lost its hue, it can hardly be told from a black one."""

EVEN = 0.05
"""By how much ground may differ in OKLab chroma from what the light makes of it, to tell of the light."""


HEAPS = 8
"""Into how many colours a picture is sorted for the first guess at its ground."""

LIGHT_WEIGHT = np.array((0.6, 1.0, 1.0), dtype=np.float32)
"""Of OKLab's lightness against its colour, where the light isn't even yet."""


Shade: TypeAlias = Float
"""float32 (n, n, 3), BGR: what the ground shows at each place of the sheet."""


def every_colour(colours: Colours, thin: bool = False) -> tuple[Float, Float, NDArray[np.uint8]]:
    """Every colour that may stand in a levelled photograph.

    thin: where a line too thin to be black is, rather than a shadow. Returns OKLab float32 (n, 3), what
    each counts farther, float32 (n,), and its class, uint8 (n,).
    """
    values = (colours.rgb / np.float32(255)).astype(np.float32)
    anchors, light = oklab(values), linear_light(values)
    away = anchors - anchors[0]
    neutral = np.linalg.norm(away[:, 1:], axis=1) < NEUTRAL
    # How dark a shadow may be is a question of how black the roads are.
    road = anchors[colours.classes == ROAD]
    deepest = COLOUR_SHARE if thin else min(_neutral_share(ink) for ink in road)
    darkest = anchors[0, 0] + deepest * min(float(road[:, 0].min() - anchors[0, 0]), 0.0)
    shades = np.array(SHADES, dtype=np.float32)
    dim = (SHADE_COST * np.abs(np.log2(shades))).astype(np.float32)

    labs, costs, classes = [], [], []
    for index, label in enumerate(colours.classes):
        shaded = oklab(srgb_of((light[index] * shades[:, None]).astype(np.float32)).clip(0, 1))
        if label == GROUND:
            keep = (shaded[:, 0] >= darkest) | (shades >= 1)
            labs.append(shaded[keep])
            costs.append(dim[keep])
            classes.append(np.full(keep.sum(), GROUND))
            continue
        if (light[index] <= light[0]).all():
            mixed = oklab(family(values[0], values[index])[0])
        else:  # not a filter on paper but card of any colour, mixed with the ground at its edge alone
            part = np.linspace(0, 1, 14, dtype=np.float32)[:, None]
            mixed = oklab(srgb_of((light[0] * (1 - part) + light[index] * part).astype(np.float32)))
        share = np.linalg.norm(mixed - anchors[0], axis=1) / max(float(np.linalg.norm(away[index])), 1e-3)
        shadowy = neutral[index] and away[index, 0] < 0 and not thin
        limit = _neutral_share(anchors[index]) if shadowy else COLOUR_SHARE
        labs.append(np.concatenate([shaded, mixed]))
        classes.append(
            np.concatenate([np.full(len(shaded), label), np.where(share < limit, GROUND, label)])
        )
        chroma = np.linalg.norm(labs[-1][:, 1:] - anchors[0, 1:], axis=1)
        faded = (
            FADED_COST * np.maximum(NEUTRAL - chroma, 0) * (classes[-1] != GROUND) * (not neutral[index])
        )
        costs.append((np.concatenate([dim, np.zeros(len(mixed))]) + faded).astype(np.float32))
    return np.concatenate(labs), np.concatenate(costs), np.concatenate(classes).astype(np.uint8)


def _neutral_share(ink: Float) -> float:
    return float(np.interp(ink[0], *np.transpose(NEUTRAL_SHARE)))


def photo_table(colours: Colours, thin: bool = False) -> NDArray[np.uint8]:
    """The class of every 16-bit colour of a levelled photograph, uint8 (1, 65536), as
    `calibration.inks.ink_table`."""
    labs, costs, classes = every_colour(colours, thin)
    seen = oklab(coded_colours())
    nearest = np.full(len(seen), np.inf, dtype=np.float32)
    winner = np.zeros(len(seen), dtype=np.uint8)
    for index in range(len(CLASS_NAMES)):
        own = classes == index
        if not own.any():
            continue
        members, cost = labs[own], costs[own]
        # |s - m|² as one product of matrices; a cost lengthens the distance.
        squares = (seen**2).sum(axis=1)[:, None] - 2 * seen @ members.T + (members**2).sum(axis=1)
        distance = (np.sqrt(np.maximum(squares, 0)) + cost).min(axis=1)
        closer = distance < nearest
        nearest[closer] = distance[closer]
        winner[closer] = index
    return winner[None]


def level_to(bgr: NDArray[np.uint8], shade: Shade, ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture in even light, uint8 (S, S, 3).

    shade: float32 (n, n, 3), BGR, what the ground shows at each place. ground: its colour, uint8 (3,), RGB.
    """
    size = (bgr.shape[1], bgr.shape[0])
    gain = ground[::-1].astype(np.float32) / np.maximum(shade, 1.0)
    lit = cv2.multiply(bgr, cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
    return np.asarray(lit, dtype=np.uint8)


def start_shade(bgr: NDArray[np.uint8], colours: Colours) -> Shade:
    """A first idea of the light, one for the whole picture, where the colours are given: of all that may be
    the ground, that by which the rest comes nearest to them. float32 (GRID, GRID, 3), BGR."""
    cells = cv2.resize(bgr, (64, 64), interpolation=cv2.INTER_AREA).reshape(-1, 3)[:, ::-1]
    labs = oklab((cells / np.float32(255)).astype(np.float32))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)
    cv2.setRNGSeed(1)
    _, heaps, _ = cv2.kmeans(labs, HEAPS, np.empty(0), stop, 2, cv2.KMEANS_PP_CENTERS)
    share = np.bincount(heaps.ravel(), minlength=HEAPS) / len(cells)
    seen = np.stack([np.median(cells[heaps.ravel() == k], axis=0) for k in range(HEAPS) if share[k] > 0])
    share = share[share > 0]
    light = np.maximum(linear_light((seen / np.float32(255)).astype(np.float32)), 1e-3)
    given = linear_light((colours.rgb / np.float32(255)).astype(np.float32))
    expected = oklab((colours.rgb / np.float32(255)).astype(np.float32)) * LIGHT_WEIGHT

    def misfit(ground: Float) -> float:
        gain = (np.maximum(given[0], 1e-3) / ground).astype(np.float32)
        lit = oklab(srgb_of((light * gain).astype(np.float32)).clip(0, 1)) * LIGHT_WEIGHT
        distance = np.linalg.norm(lit[:, None] - expected, axis=2).min(axis=1)
        # The given colours are mostly those of this very photograph, or of one in a like light.
        stops = np.log2(gain)
        unlike = 0.01 * abs(float(stops.mean())) + 0.03 * float(np.ptp(stops))
        return float((np.minimum(distance, 0.15) * share).sum()) + unlike

    ground = seen[min(range(len(seen)), key=lambda k: misfit(light[k]))]
    shade = np.empty((GRID, GRID, 3), dtype=np.float32)
    shade[:] = ground[::-1]
    return shade


def refine_shade(bgr: NDArray[np.uint8], shade: Shade, colours: Colours, table: NDArray[np.uint8]) -> Shade:
    """The light by what is ground in the light that was assumed.

    bgr: uint8 (S, S, 3). shade: float32 (n, n, 3). Returns float32 (GRID, GRID, 3), BGR.
    """
    small = np.asarray(cv2.resize(bgr, (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    lit = level_to(small, shade, colours.rgb[0])
    ground = (read_inks(lit, table) == GROUND).astype(np.uint8)
    lab = oklab((lit[:, :, ::-1] / np.float32(255)).astype(np.float32))
    own = oklab((colours.rgb[0] / np.float32(255)).astype(np.float32))
    tint = np.linalg.norm(lab[..., 1:] - own[1:], axis=2)
    # The edge of a stroke is not as bright as the paper beside it.
    sure = (cv2.erode(ground, np.ones((3, 3), dtype=np.uint8)) > 0) & (tint < EVEN)
    return _spread(np.log(np.maximum(small, 2).astype(np.float32)), sure.astype(np.float32), shade)


def _spread(logs: Float, sure: Float, shade: Shade) -> Shade:
    """Values where they are sure, and between them what their surroundings say, the nearest first."""
    before = np.log(cv2.resize(np.maximum(shade, 2), (GRID, GRID), interpolation=cv2.INTER_LINEAR))
    rest = (logs - before) * sure[..., None]
    levels: list[tuple[Float, Float]] = [(rest, sure)]
    while levels[-1][1].shape[0] > 4:
        values, weight = levels[-1]
        smaller = np.asarray(cv2.pyrDown(values), np.float32), np.asarray(cv2.pyrDown(weight), np.float32)
        levels.append(smaller)
    values, weight = levels.pop()
    field = values / (weight[..., None] + 0.02)
    for values, weight in reversed(levels):
        size = (weight.shape[1], weight.shape[0])
        coarse = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
        own = np.clip(weight[..., None] * 2, 0, 1)
        field = coarse * (1 - own) + values / np.maximum(weight[..., None], 1e-3) * own
    smooth = cv2.GaussianBlur(np.asarray(field, dtype=np.float32), (0, 0), 1.0)
    return np.asarray(np.exp(before + smooth).clip(1, 255), dtype=np.float32)

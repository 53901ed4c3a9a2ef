"""From classes pixel by pixel to the things that a person sees: a rim is part of what it surrounds, a speck
is nothing, and hatching is an area.

This is for photographs, at 40 ms for 512 × 512 and 250 ms for 1024 × 1024. A live picture is tidied up by
`calibration.cleaning` in a thirtieth of that, by the same idea of rims and specks, but pixel by pixel: it
neither fills hatching nor the grain of a crayon, nor weighs how much of a band lies beside another ink.

All lengths are shares of the sheet's side, of which a marker's stroke is some 2 %. Labels here are uint8
(S, S), classes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.palette import CLASS_NAMES, GREEN, GROUND, ROAD

RIM = 0.004
"""Breadth up to which a band between two other classes is the mixture of both and no thing of its own."""

RIM_SHARE = 0.35
"""Share of such a band's pixels that lie beside another ink, from which on it is a rim."""

SPECK = 0.006
"""Side of the square that a thing must at least cover."""

HOLE = 0.008
"""The same for a hole in a thing."""

GRAIN = 0.011
"""Side of the square in which the paper's grain is looked at, which a pencil or crayon leaves bare."""

GRAIN_SHARE = 0.45
"""Share of such a square that an ink must hold to have the ground in its middle as well."""

STROKE = 0.022
"""Breadth up to which a patch is one stroke of hatching, or what is left of a stroke between streaks."""

GAP = 0.018
"""Breadth up to which bare ground between such strokes belongs to the hatched area."""

AREA = 0.036
"""Breadth that hatching must have: two or three strokes. Less is a stroke beside a stroke."""

INK_SHARE = 84
"""Of 255, what an ink must hold of a pixel."""

Labels = NDArray[np.uint8]


def disc(breadth: int) -> NDArray[np.uint8]:
    """A round structuring element."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (breadth, breadth)), dtype=np.uint8)


def odd(breadth: float) -> int:
    """The nearest odd number of pixels, at least 3."""
    return max(3, 2 * round((breadth - 1) / 2) + 1)


def make_whole(labels: Labels) -> Labels:
    """Labels without rims and specks, and with hatching filled."""
    labels = _without_rims(labels)
    labels = _without_specks(labels, SPECK)
    labels = _filled(_without_grain(labels))
    return _without_specks(labels, SPECK, HOLE)


def _without_rims(labels: Labels) -> Labels:
    """Give thin bands along an ink to that ink, or the nearer of two."""
    breadth = odd(len(labels) * RIM)
    doubtful = np.zeros(labels.shape, dtype=bool)
    for index in range(ROAD, len(CLASS_NAMES)):
        own = (labels == index).view(np.uint8)
        thin = own - _opened(own, breadth)
        other = ((labels != index) & (labels != GROUND)).view(np.uint8)
        beside = cv2.dilate(other, disc(2 * breadth - 1))
        count, parts = cv2.connectedComponents(thin, connectivity=8)
        size = np.bincount(parts.ravel(), minlength=count)
        touching = np.bincount(parts.ravel(), weights=beside.ravel(), minlength=count)
        rim = touching > RIM_SHARE * size
        rim[0] = False
        doubtful |= rim[parts]
    return _given_to_nearest(labels, doubtful, ~doubtful & (labels != GROUND))


def _without_specks(labels: Labels, speck: float, hole: float = 0.0) -> Labels:
    """Give what is too small to be a thing to what lies around it."""
    doubtful = np.zeros(labels.shape, dtype=bool)
    for index in range(len(CLASS_NAMES)):
        least = (len(labels) * (hole if index == GROUND else speck)) ** 2
        own = (labels == index).view(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small[0] = False
        doubtful |= small[parts]
    return _given_to_nearest(labels, doubtful, ~doubtful)


def _without_grain(labels: Labels) -> Labels:
    """Fill the bare grain of the paper within an ink that covers about half of it."""
    breadth = odd(len(labels) * GRAIN)
    for _ in range(2):
        filled = labels.copy()
        for index in range(ROAD, len(CLASS_NAMES)):
            own = (labels == index).view(np.uint8)
            # Between parts of the ink, not beside them: a thin line has as much of the square.
            between = cv2.morphologyEx(own, cv2.MORPH_CLOSE, disc(breadth)) > own
            dense = cv2.blur(own * np.uint8(255), (breadth, breadth)) > 255 * GRAIN_SHARE
            filled[between & dense & (labels == GROUND)] = index
        labels = filled
    return labels


def _filled(labels: Labels) -> Labels:
    """Fill the bare ground between strokes that lie side by side, roads excepted."""
    side = len(labels)
    filled = labels.copy()
    for index in range(GREEN, len(CLASS_NAMES)):
        own = (labels == index).view(np.uint8)
        if not own.any():
            continue
        thin = own - _opened(own, odd(side * STROKE))
        # Ground may be filled between strokes, not between two things that are solid.
        closed = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, disc(odd(side * GAP)))
        area = _opened(np.maximum(closed, own), odd(side * AREA))
        filled[(area > 0) & (closed > 0) & (labels == GROUND)] = index
    return filled


def _opened(mask: NDArray[np.uint8], breadth: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(breadth)), dtype=np.uint8)


def _given_to_nearest(labels: Labels, doubtful: NDArray[np.bool_], sure: NDArray[np.bool_]) -> Labels:
    """Labels in which every doubtful pixel is of the class of the nearest sure one."""
    if not doubtful.any() or not sure.any():
        return labels
    _, nearest = cv2.distanceTransformWithLabels(
        (~sure).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    classes = np.zeros(int(nearest.max()) + 1, dtype=np.uint8)
    classes[nearest[sure]] = labels[sure]
    return np.where(doubtful, classes[nearest], labels)


def reduced(labels: Labels, side: int) -> Labels:
    """Labels at a smaller side: an ink that holds a good part of a pixel has it, so that thin roads hold
    together. labels: uint8 (k side, k side)."""
    best = np.full((side, side), INK_SHARE, dtype=np.uint8)
    winner = np.full((side, side), GROUND, dtype=np.uint8)
    for index in range(ROAD, len(CLASS_NAMES)):
        held = (labels == index).view(np.uint8) * np.uint8(255)
        votes = np.asarray(cv2.resize(held, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        winner[votes > best] = index
        np.maximum(best, votes, out=best)
    return winner

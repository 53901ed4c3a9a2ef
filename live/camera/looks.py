"""How a picture looks beside another of the same place: brighter, warmer, sharper.

Pictures are compared cell by cell, and the median of the cells is what counts, so that a hand that comes in
between, over less than half of them, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS: Final = (16, 12)
"""Across and down: cells of the picture that are compared, of which a hand covers less than half."""

Means = NDArray[np.float32]

JUDGED: Final = (12.0, 245.0)
"""Between which values most of the picture must lie to judge it: black or blown out, it follows nothing."""


@dataclass(frozen=True, slots=True)
class View:
    """One picture, as it is compared with others: its levels per cell (12, 16, 3), from 1 to 256; and the
    energy of its edges per cell (12, 16)."""

    means: Means
    edges: Means

    @classmethod
    def of(cls, bgr: NDArray[np.uint8]) -> View:
        edges = cv2.Laplacian(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), cv2.CV_32F)
        return cls(
            means_of(bgr), np.asarray(cv2.resize(edges * edges, CELLS, interpolation=cv2.INTER_AREA))
        )

    @property
    def shows(self) -> bool:
        """Whether there is something to be seen on it."""
        return JUDGED[0] < float(np.median(self.means)) < JUDGED[1]


def means_of(bgr: NDArray[np.uint8]) -> Means:
    """The levels of a picture, uint8 (H, W, 3), per cell: float32 (12, 16, 3), from 1 to 256."""
    return np.asarray(cv2.resize(bgr, CELLS, interpolation=cv2.INTER_AREA), np.float32) + 1


def brightness(before: Means, after: Means) -> float:
    """By which factor one picture is brighter than another, in most of its cells."""
    return float(np.median(after.mean(axis=2) / before.mean(axis=2)))


def warmth_of(before: Means, after: Means) -> float:
    """By which factor one picture is warmer than another, red against blue, in most of its cells."""
    return brightness(before[..., 2:], after[..., 2:]) / brightness(before[..., :1], after[..., :1])


def sharpness(before: View, after: View) -> float:
    """By which factor the edges of one picture are stronger than those of another, whatever its brightness.

    The variance of the Laplacian (Pech-Pacheco et al. 2000), in most of the cells that have edges: on blank
    paper there is nothing but noise, which is as sharp as ever.
    """
    contrast = [np.sqrt(view.edges) / view.means.mean(axis=2) for view in (before, after)]
    drawn = contrast[0] >= np.quantile(contrast[0], 0.75)
    return float(np.median(contrast[1][drawn] / np.maximum(contrast[0][drawn], 1e-6)))

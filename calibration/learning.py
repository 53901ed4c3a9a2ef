"""The colours of a drawing, learnt from one picture of it: for a photograph, or as the inks of a show.

Nobody says which markers were used, and there may be two of a kind: a light and a dark green, an orange and
a red. So hues are looked for first, each a heap of pixels around one direction from the paper's colour, and
then given to the classes by what they resemble, with a preference for every class to have one: turquoise is
water where there is a green beside it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL, SKIN_REACH, Float, Inks, from_skin, oklab
from models.palette import CLASS_NAMES, GREEN, GROUND, ROAD

PAPER = np.full(3, PAPER_LEVEL, dtype=np.uint8)
"""Bare paper, RGB, in a levelled picture."""

CELLS = 256
"""Side of the picture that is learnt from: streaks and grain are evened out."""

PALE = 0.035
"""OKLab chroma, against the paper, from which on a pixel is coloured."""

GREYISH = 0.075
"""Share of chroma in the distance from the paper below which a dark pixel has no colour."""

DIM = 0.2
"""OKLab lightness by which a pixel without colour is darker than paper if it is ink and no shadow."""

BLACK = 0.38
"""The same for what is darker than shadows mostly are."""

BROAD = 23
"""Pixels of CELLS × CELLS from which on a dark thing is no stroke."""

FEW = 60
"""Pixels of CELLS × CELLS that an ink must cover to be learnt."""

BINS = 72
"""Of hue, around the circle."""

VALLEY = 0.6
"""Two heaps of hues are two inks if it is as low as this between them, in shares of the lesser."""

UNUSED = 45.0
"""Degrees of hue that an ink may be off rather than leave a class without any."""


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """Colours and the classes for which they stand, of which one may have several.

    rgb: uint8 (n, 3). classes: uint8 (n,); the first is the ground's, and the only one of it.
    """

    rgb: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    @classmethod
    def of(cls, inks: Inks) -> Colours:
        """One for each class."""
        return cls(inks.rgb, np.arange(len(CLASS_NAMES), dtype=np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A colour that a drawing shows: uint8 (3,), RGB on levelled paper; the class for which it stands; and
    how much it covers, in pixels of CELLS × CELLS."""

    rgb: NDArray[np.uint8]
    label: int
    area: int


def learn_colours(lit: NDArray[np.uint8], prior: Inks) -> Colours:
    """The colours of a levelled photograph.

    lit: uint8 (S, S, 3), BGR, its paper at `PAPER_LEVEL`. prior: what the inks may be like; a class of
    which nothing is seen has its colour.
    """
    seen = seen_colours(lit, prior)
    usual = (prior.levelled() * 255).astype(np.uint8)
    unseen = sorted(set(range(ROAD, len(CLASS_NAMES))) - {colour.label for colour in seen})
    classes = [GROUND, *(colour.label for colour in seen), *unseen]
    rgb = [PAPER, *(colour.rgb for colour in seen), *usual[unseen]]
    return Colours(np.array(rgb), np.array(classes, dtype=np.uint8))


def seen_colours(lit: NDArray[np.uint8], prior: Inks, hands: bool = False) -> list[Seen]:
    """The colours that a levelled picture shows on its paper, as for `learn_colours`.

    hands: whether hands may lie on the sheet; what is rather skin than an ink of `prior` is passed over.
    """
    cells = np.asarray(cv2.resize(lit, (CELLS, CELLS), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small = cells.reshape(-1, 3)[:, ::-1]
    lab = _lab(small)
    away = lab - _lab(PAPER)
    chroma = np.linalg.norm(away[:, 1:], axis=1)
    far = np.linalg.norm(away, axis=1)
    usual_lab = _lab((prior.levelled() * 255).astype(np.uint8))
    usual_hue = _hue(usual_lab - usual_lab[GROUND])
    coloured = (chroma > PALE) & (chroma > GREYISH * far)
    dim = -away[:, 0]
    dark = ~coloured & (dim > DIM) & ((dim > BLACK) | _is_stroke(dim))
    if hands:
        from_inks = np.linalg.norm(lab[:, None] - usual_lab[ROAD:], axis=2).min(axis=1)
        skin = from_skin(lab)
        coloured &= (skin > SKIN_REACH) | (skin > from_inks)

    bins = (_hue(away) / 360 * BINS).astype(np.int64) % BINS
    heap_of_bin, centres = _heaps(np.bincount(bins[coloured], minlength=BINS).astype(np.float32))
    seen: list[Seen] = []

    def learn(own: NDArray[np.bool_], label: int, strength: Float) -> None:
        # Where the ink lies well, not at its edge or where it ran dry.
        strong = own & (strength >= np.median(strength[own]))
        rgb = np.median(small[strong], axis=0).astype(np.uint8)
        seen.append(Seen(rgb, label, int(own.sum())))

    if dark.sum() >= FEW:
        # Among the dark may be shadows of things, which are less so than a road.
        learn(dark & (dim > 0.6 * np.quantile(dim[dark], 0.98)), ROAD, dim)
    for heap, label in enumerate(_given_to_classes(centres, usual_hue)):
        own = coloured & (heap_of_bin[bins] == heap)
        if own.sum() >= FEW:
            learn(own, label, far)
    return seen


def _is_stroke(dim: Float) -> NDArray[np.bool_]:
    """Which pixels are darker than what lies around them at the scale of a stroke; shadows are broader."""
    picture = dim.reshape(CELLS, CELLS)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (BROAD, BROAD))
    broad = cv2.morphologyEx(picture, cv2.MORPH_OPEN, disc)
    return np.asarray(picture - broad > DIM / 2).ravel()


def _lab(rgb: NDArray[np.uint8]) -> Float:
    return oklab((rgb / np.float32(255)).astype(np.float32))


def _hue(away: Float) -> NDArray[np.float64]:
    """Degrees, of differences from the paper in OKLab, (n, 3)."""
    return np.asarray(np.degrees(np.arctan2(away[:, 2], away[:, 1])) % 360, dtype=np.float64)


def _heaps(count: Float) -> tuple[NDArray[np.int64], list[float]]:
    """Heaps of hues: which one each bin belongs to, and their middles in degrees."""
    near = cv2.GaussianBlur(np.tile(count, 3)[None], (0, 0), 1.6, borderType=cv2.BORDER_REPLICATE)[0]
    near = near[BINS : 2 * BINS]
    tops = [
        i
        for i in range(BINS)
        if near[i] >= near[i - 1] and near[i] > near[(i + 1) % BINS] and near[i] * 4 > FEW
    ]
    # The lowest valley between neighbours decides; a top that isn't one of its own joins the higher.
    while len(tops) > 1:
        shallow = []
        for k, top in enumerate(tops):
            after = tops[(k + 1) % len(tops)]
            between = np.take(near, np.arange(top, top + (after - top) % BINS + 1), mode="wrap")
            shallow.append(float(between.min() / max(min(near[top], near[after]), 1e-6)))
        k = int(np.argmax(shallow))
        if shallow[k] < VALLEY:
            break
        pair = (tops[k], tops[(k + 1) % len(tops)])
        tops.remove(pair[0] if near[pair[0]] < near[pair[1]] else pair[1])
    middles = np.array(tops)
    way = np.abs((np.arange(BINS)[:, None] - middles + BINS / 2) % BINS - BINS / 2)
    heap = way.argmin(axis=1) if tops else np.zeros(BINS, dtype=np.int64)
    return heap.astype(np.int64), [(top + 0.5) * 360 / BINS for top in tops]


def _given_to_classes(hues: list[float], usual: NDArray[np.float64]) -> tuple[int, ...]:
    """The class of each of some hues, in degrees; `usual`: that of each class."""
    coloured = range(GREEN, len(CLASS_NAMES))
    off = np.abs((np.array(hues)[:, None] - usual + 180) % 360 - 180) if hues else np.zeros((0, 5))
    if len(hues) > 6:  # no drawing with markers: whatever is nearest
        return tuple(int(row[GREEN:].argmin()) + GREEN for row in off)

    def misfit(given: tuple[int, ...]) -> float:
        apart = sum(float(off[i, label]) for i, label in enumerate(given))
        return apart + UNUSED * (3 - len(set(given)))

    return min(itertools.product(coloured, repeat=len(hues)), key=misfit)

"""Where the hand is: the part of the sheet that must not be believed, because something lies over it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL, Inks
from models.palette import GROUND, UNKNOWN

GRAIN = 128
"""Cells along the drawing area's side at which the hand is looked for: 1.5 mm each on the A4 sheet."""

RING = 6
"""Cells around the drawing area that are watched too. Nothing is drawn there, so what changes there is an
arm on its way in."""

SIZE = GRAIN + 2 * RING

CHANGE = 22
"""Levels in one channel by which a cell must differ from what lay there, to have changed."""

STROKE = 5
"""Cells; what is narrower may be a fresh stroke, what is broader is a hand or a sleeve."""

LEAST_SKIN = 30
"""Cells of a hand that must be known for what they are, to know others by their colour."""

BAY = 13
"""Cells; gaps in the hand up to this width belong to it: the pen that it holds, shadow between fingers."""

RIM = 3
"""Cells around what was recognised of the hand that are its as well."""

PENUMBRA = 3
"""Cells around a shadow in which paper may be too narrow to be known for shaded."""

ABSORB = 0.12
"""Seconds in which a change that is no hand becomes what lies there."""

ABSORB_RING = 20.0
"""The same for the ring, and for a pen that was laid down on the sheet's edge."""

FRESH = 2.0
"""Seconds after a paper was moved in which the hand that moved it may still be mistaken for the table."""

SHADE = (0.4, 0.92)
"""What paper in a shadow has left of its value: black ink leaves less, noise more."""

SHADE_TINT = 24
"""Levels by which the channels of paper in a shadow may differ."""

SHADE_SECONDS = 1.5
"""For so long a grey is taken for a shadow: by then the light is known, or it is ink after all."""

Hues = NDArray[np.float32]
Mask = NDArray[np.bool_]
"""bool (SIZE, SIZE)"""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame of the sheet in small, with its ring.

    bgr: uint8 (SIZE, SIZE, 3), levelled. labels: uint8 (SIZE, SIZE), its inks or `UNKNOWN`. darkest: uint8
    (SIZE, SIZE), the green of the darkest spot in each cell. beyond: bool (SIZE, SIZE), what lies outside
    of the camera's picture. bordered: whether it is a printed sheet, around whose drawing area is paper.
    """

    bgr: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    darkest: NDArray[np.uint8]
    beyond: Mask
    bordered: bool


class HandWatch:
    """Follows what lies on the sheet and tells what lies over it. Used by one thread.

    Four things betray a hand. It has colours that no ink explains. It comes in over the edge of the
    drawing area, beyond which nobody draws. It is broader than a stroke. And where it looks like an ink, it
    has the hue of its other parts. A shadow, of whatever stands in the light, takes an even share of what
    the paper sends back.
    """

    def __init__(self, inks: Inks) -> None:
        """inks: by whose classes the labels are told."""
        self.take(inks)
        self._lying: NDArray[np.float32] | None = None
        self._ring_known = False
        self._fresh = 0.0
        self._grey_for = np.zeros((SIZE, SIZE), dtype=np.float32)

    def clear(self) -> None:
        """Forget what lay there: an empty sheet, until it is seen what has been drawn on it."""
        self._lying = None
        self._grey_for[:] = 0

    def relight(self, factor: NDArray[np.float32]) -> None:
        """The light is known better: what lay there looks so much brighter now, float32 (SIZE, SIZE, 3)."""
        if self._lying is not None:
            self._lying = np.minimum(self._lying * factor, 255)

    def take(self, inks: Inks) -> None:
        """Other inks from now on."""
        self._hues = _hue((inks.levelled()[None, :, ::-1] * 255).astype(np.float32))[0]

    def moved(self) -> None:
        """A paper without a border lies elsewhere: around it there are other things now."""
        self._ring_known = False
        self._fresh = FRESH

    def look(self, view: View, seconds: float) -> Mask:
        """Which cells of this picture, `seconds` after the last, may be trusted to show the sheet.

        Returns bool (SIZE, SIZE): not those under the hand, in a fresh shadow and beyond the picture.
        """
        bgr, labels = view.bgr, view.labels
        now = bgr.astype(np.float32)
        if self._lying is None:
            self._lying = np.full_like(now, PAPER_LEVEL)
            # Around the drawing on a printed sheet lies paper, also where an arm is over it already.
            self._ring_known = view.bordered
        if not self._ring_known:
            self._lying[_RING] = now[_RING]
            self._ring_known = True
        changed = _changed(bgr, self._lying.astype(np.uint8)) & ~view.beyond
        broad = _opened(changed, STROKE)
        # Seams between inks are unknown as well, but narrow.
        strange = _opened((labels == UNKNOWN) & ~view.beyond, 3)
        # Around a paper without a border lies the table, which is strange as well, but doesn't come and go.
        strange &= broad | ~_RING
        inked = broad & (labels != GROUND) & (labels != UNKNOWN)
        arm = self._arm(view, inked & ~strange, strange)
        # A white pen and a shadow look like paper that has changed.
        body = _grown_from(arm | strange, arm | strange | broad & (labels == GROUND))
        # Parts of the pen and of the skin have ink's colours: the hand encloses them, or they have its hue.
        skin = _like_skin(bgr, labels, strange & broad, inked, self._hues)
        hand = _widened(_enclosed(_grown_from(body, body | skin)), RIM) | view.beyond
        self._settle(now, labels, hand, seconds)
        grey = _opened(_grey(bgr, view.darkest), 3)
        self._grey_for = (self._grey_for + np.float32(seconds)) * grey
        shade = _widened(grey & (self._grey_for < SHADE_SECONDS), PENUMBRA)
        return ~(hand | shade)

    def _arm(self, view: View, inked: Mask, strange: Mask) -> Mask:
        """A sleeve that has an ink's colour.

        It is told from fresh ink by where it comes from. Between the two lies the hand, or at least the
        border of another colour.
        """
        labels = view.labels
        plain = cv2.dilate(labels, _disc(3)) == cv2.erode(labels, _disc(3))
        cloth = inked & plain
        arm = _grown_from(_OUTER_RING, cloth)
        if not view.bordered:
            # Over a table of its own colour it can't be seen coming; but it has a hand.
            arm |= _grown_from(_widened(strange, 2), _grown_from(_EDGE, cloth & ~_RING))
        return arm

    def _settle(
        self, now: NDArray[np.float32], labels: NDArray[np.uint8], hand: Mask, seconds: float
    ) -> None:
        """Let what is no hand become what lies there."""
        assert self._lying is not None
        self._fresh -= seconds
        around = ABSORB if self._fresh > 0 else ABSORB_RING
        share = np.full((SIZE, SIZE), 1 - np.exp(-seconds / around), dtype=np.float32)
        share[RING:-RING, RING:-RING] = 1 - np.exp(-seconds / ABSORB)
        # Bare paper is never an arm.
        share[labels == GROUND] = 1 - np.exp(-seconds / ABSORB)
        share[hand] = 0
        self._lying += (now - self._lying) * share[..., None]


def _changed(bgr: NDArray[np.uint8], before: NDArray[np.uint8]) -> Mask:
    """Which cells differ by more than `CHANGE` in some channel."""
    blue, green, red = cv2.split(cv2.absdiff(bgr, before))
    return np.asarray(cv2.max(cv2.max(blue, green), red) > CHANGE)


def _grey(bgr: NDArray[np.uint8], darkest: NDArray[np.uint8]) -> Mask:
    """Which cells look like paper in a shadow: even, and neither as dark as ink nor coloured."""
    blue, green, red = cv2.split(bgr)
    least, most = cv2.min(cv2.min(blue, green), red), cv2.max(cv2.max(blue, green), red)
    low, high = (round(share * PAPER_LEVEL) for share in SHADE)
    even = darkest > low  # hatching in black is grey from afar
    return np.asarray(even & (least > low) & (most < high) & (cv2.subtract(most, least) < SHADE_TINT))


def _like_skin(
    bgr: NDArray[np.uint8], labels: NDArray[np.uint8], known: Mask, doubtful: Mask, hues: Hues
) -> Mask:
    """Which doubtful cells, all of an ink's colour, have the hue of the hand rather than that of the ink.

    known: the cells that are known to be the hand's. hues: of the inks.
    """
    like = np.zeros((SIZE, SIZE), dtype=np.bool_)
    if np.count_nonzero(known) >= LEAST_SKIN and doubtful.any():
        skin = np.median(_hue(bgr[known][::4].astype(np.float32)), axis=0)
        hue = _hue(bgr[doubtful].astype(np.float32))
        own = hues[labels[doubtful]]
        like[doubtful] = ((hue - skin) ** 2).sum(axis=1) < ((hue - own) ** 2).sum(axis=1)
    return like


def _hue(bgr: NDArray[np.float32]) -> Hues:
    """What is left of colours without their brightness, float32 (..., 2): red against blue, and green
    against both, as shares of all three."""
    blue, green, red = bgr[..., 0], bgr[..., 1], bgr[..., 2]
    whole = blue + green + red + 1
    return np.stack([(red - blue) / whole, (green - (red + blue) / 2) / whole], axis=-1)


def _disc(cells: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (cells, cells)), dtype=np.uint8)


def _opened(mask: Mask, cells: int) -> Mask:
    """The mask without what is narrower than so many cells."""
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, _disc(cells)) > 0)


def _widened(mask: Mask, cells: int) -> Mask:
    """The mask with so many cells around it."""
    return np.asarray(cv2.dilate(mask.view(np.uint8), _disc(2 * cells + 1)) > 0)


def _grown_from(seeds: Mask, mask: Mask) -> Mask:
    """The connected parts of the mask in which there are seeds."""
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_16U)
    chosen = np.zeros(int(parts.max()) + 1, dtype=np.bool_)
    chosen[parts[seeds]] = True
    chosen[0] = False
    return np.asarray(chosen[parts])


def _ring(cells: int) -> Mask:
    """The outermost cells."""
    ring = np.ones((SIZE, SIZE), dtype=np.bool_)
    ring[cells:-cells, cells:-cells] = False
    return ring


_RING, _OUTER_RING = _ring(RING), _ring(RING // 2)
_EDGE = _ring(RING + 2) & ~_RING
"""Where the drawing area ends."""


def _enclosed(mask: Mask) -> Mask:
    """The mask with its narrow bays and all of its holes filled."""
    closed = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, _disc(BAY))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros((SIZE, SIZE), dtype=np.uint8)
    return np.asarray(cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED) > 0)

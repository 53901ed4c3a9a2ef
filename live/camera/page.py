"""The page as a camera: what is drawn in browsers, as frames, and what reads them.

A frame of it is the drawing in the palette's flat colours, so that all that looks at frames sees what was
drawn. There is nothing to be found, levelled or told from a hand in it: the reader turns it back into the
classes that it was painted from.
"""

from __future__ import annotations

import time
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from live.camera.base import UNLOCKED
from live.clock import Clock
from live.drawing import SIDE, Canvas, Drawing, bgr_of
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.sketch import REMARK_SECONDS
from models.palette import classes_of_map

PAGE: Final = "page"
"""What this camera calls itself, and its name in the setting camera.source."""

_CUBE: Final = np.array([[(i >> 2 & 1, i >> 1 & 1, i & 1) for i in range(8)]], np.uint8) * np.uint8(255)
_CLASSES: Final = classes_of_map(_CUBE)[0]
"""The class of each corner of the RGB cube, where all flat colours are, by its bits red, green and blue."""


class PageSource:
    """Brings the drawing as it is, again and again; the same array as long as it doesn't change."""

    live = False
    name = PAGE
    locked = UNLOCKED

    def __init__(self, canvas: Canvas, fps: float, clock: Clock) -> None:
        self._canvas = canvas
        self._period = 1.0 / fps
        self._clock = clock
        self._due = clock.now()
        self._drawing: Drawing | None = None
        self._bgr = np.zeros((SIDE, SIDE, 3), np.uint8)

    def read(self) -> NDArray[np.uint8]:
        now = self._clock.now()
        self._clock.sleep(self._due - now)
        self._due = max(self._due, now) + self._period
        drawing = self._canvas.drawing()
        if drawing is not self._drawing:
            self._drawing, self._bgr = drawing, bgr_of(drawing.labels)
        return self._bgr

    def close(self) -> None:
        """Nothing is held open."""

    def describe(self) -> str:
        return f"{PAGE}, drawn at its address with /draw, {SIDE}×{SIDE}"


class PageReader:
    """Reads the frames of a `PageSource`: each pixel is exactly what was drawn there, at once.

    side: of the labels. canvas: is cleared when a performer wishes the sheet to be forgotten; pages then
    may take that back. Used by one thread.
    """

    def __init__(self, side: int, canvas: Canvas) -> None:
        self._side = side
        self._canvas = canvas
        self._wishes = NO_WISHES
        self._bgr: NDArray[np.uint8] | None = None
        self._labels = np.zeros((side, side), np.uint8)
        self._remark, self._remarked = "", -np.inf

    def read(self, frame: Frame, wishes: Wishes = NO_WISHES) -> Reading:
        """The drawing in this frame, and as a performer wishes."""
        begun = time.perf_counter()
        before, self._wishes = self._wishes, wishes
        if wishes.cleared != before.cleared:
            self._canvas.clear()
            self._remark, self._remarked = (
                "the drawing is cleared; undo on a page brings it back",
                frame.grabbed,
            )
        if (wishes.whitened, wishes.inked) != (before.whitened, before.inked):
            self._remark = "a page has neither white nor inks to be taken: its colours are exact"
            self._remarked = frame.grabbed
        if frame.bgr is not self._bgr:
            self._bgr, self._labels = frame.bgr, labels_of(frame.bgr, self._side)
        remark = self._remark if frame.grabbed - self._remarked < REMARK_SECONDS else ""
        height, width = frame.bgr.shape[:2]
        return Reading(
            labels=self._labels,
            seq=frame.seq,
            grabbed=frame.grabbed,
            corners=np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32),
            found=True,
            note=remark or self._canvas.note,
            stages_ms={"read": (time.perf_counter() - begun) * 1e3},
        )


def labels_of(bgr: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The classes of a drawing in flat colours at another side: at each pixel's middle, what is there.

    bgr: uint8 (H, W, 3). Returns labels, uint8 (side, side), classes 0..4.
    """
    small = cv2.resize(bgr, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    small = np.asarray(small, np.uint8) >> 7
    return np.asarray(_CLASSES[small[..., 2] << 2 | small[..., 1] << 1 | small[..., 0]], np.uint8)

"""What flows between the stages of the show, and the slots through which it flows.

Frame (camera) → Reading (the sheet's labels) → Picture (what the projector shows); and the other way, what
a performer wishes of the reading. Every slot between two threads is a `Newest`: it holds one item, the
newest; there is no queue of frames anywhere.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from calibration.drift import Drift


@dataclass(frozen=True, slots=True)
class Frame:
    """One camera picture.

    bgr: uint8 (H, W, 3), never written to after the frame was made.
    seq: counts the frames that this camera delivered, from 1, without gaps, across reopenings.
    grabbed: seconds of the show's clock at which it was grabbed.
    """

    bgr: NDArray[np.uint8]
    seq: int
    grabbed: float


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a performer asks of the reading.

    settle: seconds for which a pixel must be read alike before it changes on the sheet.
    cleared, whitened, inked: when it was last asked to forget the sheet, to take the bare paper for white
        as it is now, and to take the inks from the printed swatches; -inf if never. Whoever reads does each
        once for every time that is told.
    """

    settle: float = 0.15
    cleared: float = -math.inf
    whitened: float = -math.inf
    inked: float = -math.inf


NO_WISHES: Final = Wishes()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of the sheet in one frame.

    labels: uint8 (side, side), classes 0..4, settled; never `UNKNOWN`.
    seq, grabbed: those of the frame.
    corners: float32 (4, 2), the corners of the drawing area in camera pixels, clockwise from the top
        left, or None while no sheet was ever found.
    found: whether the sheet was found in this very frame (else `corners` are the last good ones).
    note: for the operator, what is missing and what can be done about it, else "".
    drift: how far the light and the inks have moved since they were calibrated, as last measured.
    stages_ms: milliseconds of each step of the reading, in order.
    """

    labels: NDArray[np.uint8]
    seq: int
    grabbed: float
    corners: NDArray[np.float32] | None
    found: bool
    note: str = ""
    drift: Drift | None = None
    stages_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """What the generator made of one reading.

    rgb: uint8 (side, side, 3), never written to after the picture was made.
    seq, grabbed: those of the frame that it shows.
    stages_ms: milliseconds of each stage from the frame to here, in order.
    view: uint8 (h, w, 3) RGB, the frame in small with the sheet's outline; None without a frame.
    labels: of which it was made, uint8 (side, side).
    """

    rgb: NDArray[np.uint8]
    seq: int
    grabbed: float
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    view: NDArray[np.uint8] | None = None
    labels: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How the show looks at a moment, as another thread may see it. Nothing of it is ever written to.

    rgb: uint8 (S, S, 3) RGB, as the projector shows it, with its light.
    labels: uint8 (S, S), of which that picture was made.
    view: uint8 (h, w, 3) RGB, the frame in small with the sheet's outline; None without a frame.
    """

    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None = None
    view: NDArray[np.uint8] | None = None


class Mirror:
    """Where the main thread leaves how the show looks, for whoever wants to see: the newest look alone."""

    def __init__(self) -> None:
        self.look: Look | None = None


T = TypeVar("T")


class Newest(Generic[T]):
    """A slot for one item between two threads: putting replaces, taking empties."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._replaced = 0
        self._woken = False
        self._ready = threading.Condition()

    def put(self, item: T) -> None:
        """Leave `item` for the reader; an item that nobody took is replaced and counted."""
        with self._ready:
            if self._item is not None:
                self._replaced += 1
            self._item = item
            self._ready.notify()

    def wake(self) -> None:
        """Let the reader wait no longer, now or, if it doesn't wait, the next time that it would."""
        with self._ready:
            self._woken = True
            self._ready.notify()

    def take(self, timeout: float | None = 0.0) -> T | None:
        """The newest item, or None if there is none within `timeout` seconds of real time or once woken."""
        with self._ready:
            if self._item is None and timeout != 0.0 and not self._woken:
                self._ready.wait(timeout)
            self._woken = False
            item, self._item = self._item, None
            return item

    @property
    def replaced(self) -> int:
        """How many items nobody took before the next one came."""
        with self._ready:
            return self._replaced

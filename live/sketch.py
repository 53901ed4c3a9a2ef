"""Reading the sketch: from a camera's frames to the sheet's labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import light
from calibration.cleaning import clean
from calibration.drift import Drift, measure_drift, paper_white
from calibration.inking import inks_from_swatches
from calibration.inks import Inks, Rgb, ink_table, read_inks
from calibration.sheet import Rectifier, SheetPosition
from live.config import InkSettings
from live.finder import SheetFinder
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.hand import GRAIN, RING, SIZE, HandWatch
from live.light import LightWatch
from models.faults import InputFault
from models.palette import CLASS_NAMES, GROUND, UNKNOWN

Labels = NDArray[np.uint8]
Keep: TypeAlias = Callable[[Inks, Rgb, bool], None]
"""Keeps inks and white; whether the inks are new, too. Raises InputFault if that can't be done."""

FINE = 512
"""Pixels per side, at least, at which inks are read before they are reduced to the asked side; about what
a 720-line camera sees of a sheet."""

LONGEST_FRAME = 0.1
"""Seconds that count at most between two frames: what a camera didn't show can't have been read alike."""

REMARK_SECONDS = 8.0
"""For how long the operator is told what became of a wish."""

DRIFT_EVERY = 1.0
"""Seconds between two measurements of how far light and inks have moved."""

TICKS = 10_000
"""To a second: the unit in which settling is counted."""

LEAST_VOTES = 60
"""Of 255, what a class must hold of a pixel and its surroundings to be read there."""


def inks_of(settings: InkSettings) -> Inks:
    """The inks of a show's settings."""
    return Inks.from_hex({name: getattr(settings, name) for name in CLASS_NAMES})


class SheetReader:
    """Reads the sheet in frame after frame. Used by one thread.

    The sheet's position, its light, what lies on it and its settled labels are all kept from frame to
    frame; times are those of the frames.
    """

    def __init__(
        self,
        side: int,
        finder: SheetFinder,
        inks: Inks,
        tolerance: float = 1.0,
        white: Rgb | None = None,
        keep: Keep | None = None,
    ) -> None:
        """side: of the labels. tolerance: as of `ink_table`. white: of the bare paper when the inks were
        calibrated. keep: told of the inks and the white that a performer has taken during the show."""
        self._side = side
        self._fine = side * max(1, -(-FINE // side))
        self._margin = round(self._fine * RING / GRAIN)
        self._rectifier = Rectifier(self._fine, self._margin)
        self._finder = finder
        self._inks, self._tolerance, self._white = inks, tolerance, white
        self._table = ink_table(inks, tolerance)
        self._keep = keep
        self._light = LightWatch()
        self._hand = HandWatch(inks)
        self._settler = Settler(side)
        self._trust = np.ones((SIZE, SIZE), dtype=np.float32)
        self._position: SheetPosition | None = None
        self._wishes = NO_WISHES
        self._taken: Literal["", "white", "inks"] = ""
        self._remark = ""
        self._remarked = self._read = self._measured = -np.inf
        self._drift: Drift | None = None

    def clear(self) -> None:
        """Forget the sheet at once: an empty sheet until something is read anew."""
        self._finder.clear()
        self._light.clear()
        self._hand.clear()
        self._settler.clear()

    def read(self, frame: Frame, wishes: Wishes = NO_WISHES) -> Reading:
        """The sheet as this frame, after all before it, shows it, and as a performer wishes."""
        begin = time.perf_counter()
        if wishes.cleared != self._wishes.cleared:
            self._wishes = replace(self._wishes, cleared=wishes.cleared)
            self.clear()
        seconds = min(max(frame.grabbed - self._read, 0.0), LONGEST_FRAME)
        self._read = frame.grabbed
        sighting = self._finder.look(frame.bgr, frame.grabbed)
        position = sighting.position
        found = time.perf_counter()
        if position is None or not sighting.found:
            # A dark, blown-out or covered picture must not wipe the city: what was read last stays. A sheet
            # that moves is read as long as each frame tells where it lies.
            corners = None if position is None else position.corners
            note = self._note(sighting.note, frame.grabbed)
            return Reading(self._settler.labels(), frame.seq, frame.grabbed, corners, False, note)
        if not position.fitted and position is not self._position:
            self._hand.moved()
        self._position = position
        square = self._rectifier.rectify(frame.bgr, position)
        rectified = time.perf_counter()

        small = np.asarray(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        self._obey(wishes, frame, position)
        paper = self._light.look(small, self._trust, frame.grabbed)
        bright = light.level(square, paper)
        if self._white is None:
            self._take_white(paper_white(square, bright), frame.grabbed)
        lit = time.perf_counter()

        m = self._margin
        labels = read_inks(bright[m:-m, m:-m], self._table)
        # At the fine side itself, cleaning does all that a majority would.
        labels = clean(labels if self._fine == self._side else majority(labels, self._side))
        inked = time.perf_counter()

        small = light.level(small, paper)
        small_labels = read_inks(small, self._table)
        self._trust = self._hand.look(small, small_labels, seconds)
        self._light.seen((small_labels == GROUND) & (self._trust == 1))
        self._settler.update(labels, self._trust[RING:-RING, RING:-RING], seconds, wishes.settle)
        settled = time.perf_counter()
        if frame.grabbed - self._measured >= DRIFT_EVERY:
            self._measured = frame.grabbed
            self._drift = self._measure_drift(square[m:-m, m:-m], bright[m:-m, m:-m])
        return Reading(
            labels=self._settler.labels(),
            seq=frame.seq,
            grabbed=frame.grabbed,
            corners=position.corners,
            found=True,
            note=self._note(sighting.note, frame.grabbed),
            drift=self._drift,
            stages_ms={
                "find": (found - begin) * 1e3,
                "rectify": (rectified - found) * 1e3,
                "light": (lit - rectified) * 1e3,
                "inks": (inked - lit) * 1e3,
                "settle": (settled - inked) * 1e3,
            },
        )

    def _obey(self, wishes: Wishes, frame: Frame, position: SheetPosition) -> None:
        """Do what a performer wishes of a sheet that is in sight, once."""
        before, self._wishes = self._wishes, wishes
        white, inked = wishes.whitened != before.whitened, wishes.inked != before.inked
        if inked:
            try:
                self._inks = inks_from_swatches(frame.bgr, position)
            except InputFault as fault:
                self._say(f"the inks stay as they were: {fault}", frame.grabbed)
                inked = False
            else:
                self._table = ink_table(self._inks, self._tolerance)
                self._hand = HandWatch(self._inks)
                self._say("the inks are taken from the swatches", frame.grabbed)
        elif white:
            self._say("the paper is taken for white as it is now", frame.grabbed)
        if white or inked:
            # What lay on the sheet is known as the last white showed it.
            self._light.clear()
            self._hand.clear()
            self._white, self._taken = None, "inks" if inked else "white"

    def _measure_drift(self, square: NDArray[np.uint8], bright: NDArray[np.uint8]) -> Drift:
        labels = self._settler.labels()
        under = cv2.resize(
            self._trust[RING:-RING, RING:-RING], labels.shape, interpolation=cv2.INTER_NEAREST
        )
        labels[under < 1] = UNKNOWN  # what lies over the sheet is no ink
        return measure_drift(square, bright, labels, self._inks, self._white)

    def _take_white(self, white: Rgb, now: float) -> None:
        self._white = white
        if self._taken and self._keep is not None:
            try:
                self._keep(self._inks, white, self._taken == "inks")
            except InputFault as fault:
                self._say(str(fault), now)
        self._taken = ""

    def _say(self, remark: str, now: float) -> None:
        self._remark, self._remarked = remark, now

    def _note(self, note: str, now: float) -> str:
        """What the operator is told: of the sheet, for a while of a wish, and of what has drifted."""
        remark = self._remark if now - self._remarked < REMARK_SECONDS else ""
        drift = "" if self._drift is None else self._drift.sentence
        return " · ".join(text for text in (note, remark, drift) if text)


class Settler:
    """Keeps the sheet's labels steady: a pixel changes when it was read alike for long enough."""

    def __init__(self, side: int) -> None:
        self._side = side
        self.clear()

    def clear(self) -> None:
        """An empty sheet."""
        shape = (self._side, self._side)
        self._settled: Labels = np.full(shape, GROUND, dtype=np.uint8)
        self._candidate: Labels = np.full(shape, UNKNOWN, dtype=np.uint8)
        self._held = np.zeros(shape, dtype=np.uint16)  # in `TICKS`, and full at 6.5 s

    def labels(self) -> Labels:
        """The settled labels, uint8 (side, side), a copy."""
        return self._settled.copy()

    def update(self, labels: Labels, trust: NDArray[np.float32], seconds: float, settle: float) -> None:
        """Take in what was read `seconds` after the last time; what was so for `settle` seconds counts.

        labels: uint8 (side, side), classes or `UNKNOWN`. trust: float32, square of any size, 0..1:
        a time in which a pixel is trusted by half counts half, and one in which it isn't undoes what was.
        """
        whole = (self._side, self._side)
        ticks = np.rint(trust * (seconds * TICKS)).astype(np.uint16)
        gained = cv2.resize(ticks, whole, interpolation=cv2.INTER_NEAREST)
        alike = (labels == self._candidate) & (labels != UNKNOWN) & (gained > 0)
        # OpenCV's sum stays at the greatest number, and its masked copy takes a tenth of NumPy's time.
        self._held = np.asarray(cv2.add(self._held, gained), dtype=np.uint16) * alike
        self._candidate = labels
        cv2.copyTo(labels, (self._held >= settle * TICKS - 1).view(np.uint8), self._settled)


def majority(labels: Labels, side: int) -> Labels:
    """Labels reduced to `side`: the class that holds most of each pixel and its close surroundings.

    Unknown counts for nothing unless nearly all is unknown: a seam between two inks goes to one of them,
    a hand stays unknown. labels: uint8 (k side, k side). Returns uint8 (side, side), classes or `UNKNOWN`.
    """
    best = np.full((side, side), LEAST_VOTES, dtype=np.uint8)
    winner = np.full((side, side), UNKNOWN, dtype=np.uint8)
    for index in range(len(CLASS_NAMES)):
        held = (labels == index).view(np.uint8) * np.uint8(255)
        votes = cv2.blur(cv2.resize(held, (side, side), interpolation=cv2.INTER_AREA), (3, 3))
        winner[votes > best] = index
        np.maximum(best, votes, out=best)
    return winner

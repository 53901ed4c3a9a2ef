"""Reading the sketch: from a camera's frames to the sheet's labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import light
from calibration.cleaning import clean
from calibration.drift import Drift, measure_drift, paper_white
from calibration.inking import inks_from_swatches, separability
from calibration.inks import Inks, Rgb, ink_table, read_inks
from calibration.sheet import Rectifier, SheetPosition
from live.config import InkSettings
from live.finder import SheetFinder, Sighting
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.hand import GRAIN, RING, SIZE, HandWatch, View
from live.light import LightWatch
from models.faults import InputFault
from models.palette import CLASS_NAMES, GROUND, UNKNOWN

Labels = NDArray[np.uint8]
Keep: TypeAlias = Callable[[Inks, Rgb, bool], Path | None]
"""Keeps inks and white; whether the inks are new, too. Returns where, or None if that isn't wanted. Raises
InputFault if that can't be done."""

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

REMEDIES = {
    "light": "take the white anew, or look after the lamp",
    "inks": "take the inks anew, or calibrate",
}
"""What to do about what has drifted."""

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
        self._trusted = np.ones((SIZE, SIZE), dtype=np.bool_)
        self._position: SheetPosition | None = None
        self._size = (0, 0)
        self._beyond = np.zeros((SIZE, SIZE), dtype=np.bool_)
        self._paper: light.Cells | None = None
        self._wishes = NO_WISHES
        self._remark = ""
        self._remarked = self._read = self._measured = -np.inf
        self._drift: Drift | None = None

    def clear(self) -> None:
        """Forget the sheet at once: an empty sheet until something is read anew. The light stays known."""
        self._finder.clear()
        self._hand.clear()
        self._settler.clear()

    def read(self, frame: Frame, wishes: Wishes = NO_WISHES) -> Reading:
        """The sheet as this frame, after all before it, shows it, and as a performer wishes."""
        begin = time.perf_counter()
        before, self._wishes = self._wishes, wishes
        if wishes.cleared != before.cleared:
            self.clear()
            self._say("the drawing is forgotten, and read anew", frame.grabbed)
        seconds = min(max(frame.grabbed - self._read, 0.0), LONGEST_FRAME)
        self._read = frame.grabbed
        sighting = self._finder.look(frame.bgr, frame.grabbed)
        found = time.perf_counter()
        taken = self._taken(before, frame, sighting)
        position = sighting.position
        if position is None or not sighting.found:
            # A dark, blown-out or covered picture must not wipe the city: what was read last stays. A sheet
            # that moves is read as long as each frame tells where it lies.
            corners = None if position is None else position.corners
            note = self._note(sighting.note, frame.grabbed)
            return Reading(self._settler.labels(), frame.seq, frame.grabbed, corners, False, note)
        self._place(position, frame)
        square = self._rectifier.rectify(frame.bgr, position)
        rectified = time.perf_counter()

        small = np.asarray(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        paper = self._light.look(small, self._trusted, frame.grabbed, anew=bool(taken))
        bright = light.level(square, paper)
        if taken and self._paper is not None:
            # What lay on the sheet is known as the last white showed it.
            factor = cv2.resize(self._paper / paper, (SIZE, SIZE))
            self._hand.relight(np.asarray(factor, dtype=np.float32))
        self._paper = paper
        if taken or self._white is None:
            self._white = paper_white(square, bright)
            self._keep_what_is(taken, frame.grabbed)
        lit = time.perf_counter()

        m = self._margin
        labels = read_levelled(bright[m:-m, m:-m], self._table, self._side)
        inked = time.perf_counter()

        small = light.level(small, paper)
        view = View(
            small,
            read_inks(small, self._table),
            darkest_green(bright, SIZE),
            self._beyond,
            bordered=bool(position.fitted),
        )
        self._trusted = self._hand.look(view, seconds)
        self._light.seen((view.labels == GROUND) & self._trusted)
        self._settler.update(labels, self._trusted[RING:-RING, RING:-RING], seconds, wishes.settle)
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

    def _place(self, position: SheetPosition, frame: Frame) -> None:
        """Take note of where the sheet lies in this frame."""
        size = frame.bgr.shape[1], frame.bgr.shape[0]
        if position is self._position and size == self._size:
            return
        if not position.fitted:
            self._hand.moved()
        self._position, self._size = position, size
        self._beyond = ~position.within(*size, GRAIN, RING)

    def _taken(self, before: Wishes, frame: Frame, sighting: Sighting) -> Literal["", "white", "inks"]:
        """What a performer wishes to have taken from this frame, if it can be; told to the operator."""
        wishes, now, position = self._wishes, frame.grabbed, sighting.position
        inked = wishes.inked != before.inked
        if not inked and wishes.whitened == before.whitened:
            return ""
        stays = "the inks stay as they were" if inked else "white stays as it was"
        if position is None or not sighting.found:
            self._say(f"{stays}: no sheet is in sight", now)
        elif sighting.moving:
            self._say(f"{stays}: the sheet is moving; ask again when it lies still", now)
        elif not inked:
            self._say("the paper is taken for white as it is now", now)
            return "white"
        elif not position.fitted and not self._finder.given:
            self._say(f"{stays}: this sheet has no swatches; `cities calibrate` learns from a drawing", now)
        else:
            try:
                self._inks = inks_from_swatches(frame.bgr, position)
            except InputFault as fault:
                self._say(f"{stays}: {fault}", now)
            else:
                self._table = ink_table(self._inks, self._tolerance)
                self._hand.take(self._inks)
                self._say(
                    " · ".join(("the inks are taken from the swatches", *separability(self._inks))), now
                )
                return "inks"
        return ""

    def _keep_what_is(self, taken: Literal["", "white", "inks"], now: float) -> None:
        if taken and self._keep is not None and self._white is not None:
            try:
                kept = self._keep(self._inks, self._white, taken == "inks")
            except InputFault as fault:
                self._say(f"{self._remark}, but not kept: {fault}", now)
            else:
                self._say(self._remark + (f", and kept in {kept.name}" if kept else ""), now)

    def _measure_drift(self, square: NDArray[np.uint8], bright: NDArray[np.uint8]) -> Drift:
        labels = self._settler.labels()
        free = self._trusted[RING:-RING, RING:-RING].view(np.uint8)
        over = cv2.resize(free, labels.shape, interpolation=cv2.INTER_NEAREST) == 0
        labels[over] = UNKNOWN  # what lies over the sheet is no ink
        return measure_drift(square, bright, labels, self._inks, self._white)

    def _say(self, remark: str, now: float) -> None:
        self._remark, self._remarked = remark, now

    def _note(self, note: str, now: float) -> str:
        """What the operator is told: of the sheet, for a while of a wish, and of what has drifted."""
        remark = self._remark if now - self._remarked < REMARK_SECONDS else ""
        drift = self._drift
        drifted = f"{drift.sentence}: {REMEDIES[drift.what]}" if drift and drift.what else ""
        return " · ".join(text for text in (note, remark, drifted) if text)


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

    def update(self, labels: Labels, trusted: NDArray[np.bool_], seconds: float, settle: float) -> None:
        """Take in what was read `seconds` after the last time; what was so for `settle` seconds counts.

        labels: uint8 (side, side), classes or `UNKNOWN`. trusted: bool, square of any size: a time in which
        a pixel isn't undoes what was.
        """
        whole = (self._side, self._side)
        ticks = trusted * np.uint16(round(seconds * TICKS))
        gained = cv2.resize(ticks, whole, interpolation=cv2.INTER_NEAREST)
        alike = (labels == self._candidate) & (labels != UNKNOWN) & (gained > 0)
        # OpenCV's sum stays at the greatest number, and its masked copy takes a tenth of NumPy's time.
        self._held = np.asarray(cv2.add(self._held, gained), dtype=np.uint16) * alike
        self._candidate = labels
        # Nothing that is unlike or untrusted is held at all, however soon a performer wants to see it.
        due = max(settle * TICKS - 1, 1)
        cv2.copyTo(labels, (self._held >= due).view(np.uint8), self._settled)


def darkest_green(bgr: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The green of the darkest quarter of each cell of a square picture, uint8 (side, side).

    bgr: uint8 (S, S, 3), S at least 2 side.
    """
    green = cv2.extractChannel(bgr, 1)
    parts = np.asarray(cv2.resize(green, (2 * side, 2 * side), interpolation=cv2.INTER_AREA), np.uint8)
    upper, lower = (np.minimum(row[:, ::2], row[:, 1::2]) for row in (parts[::2], parts[1::2]))
    return np.minimum(upper, lower)


def read_levelled(bgr: NDArray[np.uint8], table: NDArray[np.uint8], side: int) -> Labels:
    """What is read of a levelled drawing area, before it has settled.

    bgr: uint8 (k side, k side, 3). table: of its inks (`ink_table`). Returns uint8 (side, side), classes or
    `UNKNOWN`.
    """
    labels = read_inks(bgr, table)
    # At the fine side itself, cleaning does all that a majority would.
    return clean(labels if len(labels) == side else majority(labels, side))


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

"""Reading the sketch: from a camera's frames to the sheet's labels."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import light
from calibration.inks import Inks, ink_table, read_inks
from calibration.sheet import SheetPosition, find_sheet, follow_sheet
from live.config import InkSettings, SheetSettings
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.hand import GRAIN, RING, SIZE, HandWatch
from models.palette import CLASS_NAMES, GROUND, UNKNOWN

Labels = NDArray[np.uint8]

FINE = 512
"""Pixels per side, at least, at which inks are read before they are reduced to the asked side; about what
a 720-line camera sees of a sheet."""

LOOK_EVERY = 0.1
"""Seconds between two looks for the sheet's markers while it lies still."""

LOST_LOOK_EVERY = 0.5
"""Seconds between two thorough searches for a sheet that isn't in sight."""

LIGHT_EVERY = 0.2
"""Seconds between two estimates of the light."""

HAND_AT_MOST = 0.8
"""Share of the sheet above which what covers it is taken for a change of the light."""

LIGHT_INERTIA = 1.0
"""Seconds in which a change of the light is believed."""

HIDDEN_INERTIA = 3.0
"""The same where something covers the paper, so that the light there is only inferred."""


LEAST_VOTES = 60
"""Of 255, what a class must hold of a pixel and its surroundings to be read there."""


def inks_of(settings: InkSettings) -> Inks:
    """The inks of a show's settings."""
    return Inks.from_hex({name: getattr(settings, name) for name in CLASS_NAMES})


class SheetReader:
    """Reads the sheet in frame after frame. Used by one thread.

    side: of the labels. The sheet's position, its light, what lies on it and its settled labels are all
    kept from frame to frame; times are those of the frames.
    """

    def __init__(self, side: int, sheet: SheetSettings, inks: InkSettings) -> None:
        self._side = side
        self._fine = side * max(1, -(-FINE // side))
        self._margin = round(self._fine * RING / GRAIN)
        self._given = None if sheet.corners == "auto" else SheetPosition.of_corners(sheet.corners)
        self._table = ink_table(inks_of(inks), inks.tolerance)
        self._settler = Settler(side, inks.settle)
        self._hand = HandWatch()
        self._position = self._given
        self._found = False
        self._trust = np.ones((SIZE, SIZE), dtype=np.float32)
        self._paper: light.Cells | None = None
        self._bare = np.zeros((SIZE, SIZE), dtype=np.bool_)
        self._looked = self._lit = self._read = -np.inf

    def clear(self) -> None:
        """Forget the sheet at once: an empty sheet until something is read anew."""
        self._settler.clear()
        self._hand.clear()
        self._paper = None
        self._position = self._given

    def read(self, frame: Frame, wishes: Wishes = NO_WISHES) -> Reading:
        """The sheet as this frame, after all before it, shows it, and as a performer wishes."""
        begin = time.perf_counter()
        seconds = min(max(frame.grabbed - self._read, 0.0), 0.1)
        self._read = frame.grabbed
        self._find(frame)
        if self._position is None or not self._found:
            # A dark, blown-out or covered picture must not wipe the sheet: what was read last stays.
            corners = None if self._position is None else self._position.corners
            note = (
                "no sheet found: put all four printed markers into the camera's view"
                if corners is None
                else "the sheet is out of sight; keeping what was read"
            )
            return Reading(self._settler.labels(), frame.seq, frame.grabbed, corners, False, note)
        square = self._position.rectify(frame.bgr, self._fine, self._margin)
        rectified = time.perf_counter()

        coarse = np.asarray(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        paper = self._light(square, coarse, frame.grabbed)
        bright = light.level(square, paper)
        lit = time.perf_counter()

        m = self._margin
        labels = majority(read_inks(bright[m:-m, m:-m], self._table), self._side)
        inked = time.perf_counter()

        coarse = light.level(coarse, paper)
        coarse_labels = read_inks(coarse, self._table)
        self._trust = self._hand.look(coarse, coarse_labels, seconds)
        self._bare = (coarse_labels == GROUND) & (self._trust == 1)
        self._settler.update(labels, self._trust[RING:-RING, RING:-RING], seconds)
        settled = time.perf_counter()
        height, width = frame.bgr.shape[:2]
        note = self._position.missing
        if self._given is not None and self._given.share_within(width, height) < 0.5:
            note = f"sheet.corners lie outside the camera's picture, which is {width}×{height} pixels"
        return Reading(
            labels=self._settler.labels(),
            seq=frame.seq,
            grabbed=frame.grabbed,
            corners=self._position.corners,
            found=True,
            note=note,
            stages_ms={
                "rectify": (rectified - begin) * 1e3,
                "light": (lit - rectified) * 1e3,
                "inks": (inked - lit) * 1e3,
                "settle": (settled - inked) * 1e3,
            },
        )

    def _find(self, frame: Frame) -> None:
        if self._given is not None:
            self._found = True
            return
        wait = LOOK_EVERY if self._found else LOST_LOOK_EVERY
        if frame.grabbed - self._looked < wait - 1e-6:
            return
        self._looked = frame.grabbed
        seen = follow_sheet(frame.bgr, self._position) if self._position is not None else None
        seen = seen or find_sheet(frame.bgr)
        self._found = seen is not None
        if seen is not None:
            self._position = seen

    def _light(self, square: NDArray[np.uint8], coarse: NDArray[np.uint8], now: float) -> light.Cells:
        """The paper's values in this frame."""
        if self._paper is None:
            self._paper = light.estimate_paper(square)
            self._lit, self._then = now, coarse
            return self._paper
        # A lamp that is switched or an exposure that breathes is no matter of seconds.
        some = slice(None, None, 3), slice(None, None, 3)
        gain = light.gain(coarse[some], self._then[some], self._bare[some])
        paper = (self._paper * gain).clip(1, 255)
        if now - self._lit >= LIGHT_EVERY:
            grid = (light.GRID, light.GRID)
            hidden = cv2.resize(self._trust, grid, interpolation=cv2.INTER_AREA) < 1 - 1e-3
            # What seems to cover nearly everything is a lamp switched off, not a hand.
            if hidden.mean() > HAND_AT_MOST:
                hidden[:] = False
            fresh = light.estimate_paper(square, hidden)
            inertia = np.where(hidden, HIDDEN_INERTIA, LIGHT_INERTIA)[..., None]
            share = 1 - np.exp((self._lit - now) / inertia)
            paper = (paper + (fresh - paper) * share).astype(np.float32)
            self._paper, self._lit, self._then = paper, now, coarse
        return paper


class Settler:
    """Keeps the sheet's labels steady: a pixel changes when it was read alike for long enough."""

    def __init__(self, side: int, seconds: float) -> None:
        self._side = side
        self._seconds = seconds
        self.clear()

    def clear(self) -> None:
        """An empty sheet."""
        shape = (self._side, self._side)
        self._settled: Labels = np.full(shape, GROUND, dtype=np.uint8)
        self._candidate: Labels = np.full(shape, UNKNOWN, dtype=np.uint8)
        self._held = np.zeros(shape, dtype=np.float32)

    def labels(self) -> Labels:
        """The settled labels, uint8 (side, side), a copy."""
        return self._settled.copy()

    def update(self, labels: Labels, trust: NDArray[np.float32], seconds: float) -> None:
        """Take in what was read `seconds` after the last time.

        labels: uint8 (side, side), classes or `UNKNOWN`. trust: float32, square of any size, 0..1:
        a time in which a pixel is trusted by half counts half, and one in which it isn't undoes what was.
        """
        whole = (self._side, self._side)
        gained = cv2.resize(trust * np.float32(seconds), whole, interpolation=cv2.INTER_NEAREST)
        self._held += gained
        self._held *= (labels == self._candidate) & (labels != UNKNOWN) & (gained > 0)
        self._candidate = labels
        np.copyto(self._settled, labels, where=self._held >= self._seconds - 1e-4)


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

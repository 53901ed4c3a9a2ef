"""What a frame shows of what is being calibrated: the sheet, its light and what is read of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration import light
from calibration.drift import paper_white
from calibration.inking import CLOSE, CLOSE_TO_PAPER, family_distances, separability
from calibration.inks import Inks, Rgb, ink_table, linear_light
from calibration.sheet import Corners, SheetPosition
from live.calibrate.steps import CalibrateState
from live.camera.camera import CameraStatus
from live.finder import SheetFinder, Sighting
from live.flow import Frame
from live.sketch import read_levelled
from models.faults import UsageFault
from models.palette import GROUND

Bytes = NDArray[np.uint8]

SIDE: Final = 512
"""Pixels along the side of the levelled sheet that is shown and measured."""

CLIPPED: Final = 253
"""Value from which on a channel may have been brighter than it says."""

MOST_CLIPPED: Final = 0.01
"""Share of the sheet that may be clipped: gloss of fresh ink, a paper clip."""

DARKEST_PAPER: Final = 90
"""Value of the paper below which a camera's noise reaches the inks."""

UNEVEN: Final = 2.0
"""Ratio of the light between two places of the sheet that is worth a word."""

TOO_UNEVEN: Final = 4.0
"""… that is more than can be evened out well."""


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on the sheet.

    cells: float32 (GRID, GRID), how bright the paper is at each place, in linear light, 1 at the brightest.
    slope: how many times as bright as the darkest place the brightest is.
    white: mean of the bare paper in the camera's picture, sRGB.
    clipped: share of the sheet that is too bright for the camera, 0..1.
    """

    cells: NDArray[np.float32]
    slope: float
    white: Rgb
    clipped: float

    @property
    def in_words(self) -> tuple[str, ...]:
        """What is good and what isn't, and what to do about it, a sentence each."""
        slope = f"The brightest place gets ×{self.slope:.1f} the light of the darkest"
        if self.slope > TOO_UNEVEN:
            said = [f"{slope}: too uneven; move the lamp away or add one on the dark side."]
        elif self.slope > UNEVEN:
            said = [f"{slope}: this is evened out, though a lamp farther away would be better."]
        else:
            said = [f"{slope}: even enough."]
        if self.clipped > MOST_CLIPPED:
            said.append(
                f"{self.clipped:.0%} of the sheet is too bright for the camera: shorten its exposure or "
                "dim the lamp."
            )
        if max(self.white) < DARKEST_PAPER:
            said.append(
                f"The paper is dark, {max(self.white)} of 255: lengthen the exposure or bring more light."
            )
        if len(said) == 1:
            said.append(
                f"Brightness is right: the paper is at {max(self.white)} of 255, nothing is clipped."
            )
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The class whose ink is most like that of another.

    clear: how far away it is, where 1 is the least that reading takes.
    """

    label: int
    clear: float


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A frame and what was found in it.

    bgr: uint8 (H, W, 3), the camera's picture.
    sighting: where the sheet is.
    levelled: uint8 (SIDE, SIDE, 3) BGR, the sheet with its light evened out; where the sheet is out of
        sight, the last that was seen; None before the first.
    labels: uint8 (SIDE, SIDE), what is read of it by the inks as they are now.
    light: that on `levelled`.
    neighbours: the nearest of each class, by the inks as they are now.
    separable: what is to be said against these inks, a sentence each.
    """

    bgr: Bytes
    sighting: Sighting
    levelled: Bytes | None = None
    labels: Bytes | None = None
    light: Light | None = None
    neighbours: tuple[Neighbour, ...] = ()
    separable: tuple[str, ...] = ()

    @property
    def position(self) -> SheetPosition | None:
        """Where the sheet is in this very picture; None where it is out of sight or moving."""
        return self.sighting.position if self.sighting.found and not self.sighting.moving else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the camera's picture in pixels."""
        return self.bgr.shape[1], self.bgr.shape[0]


class Looker:
    """Looks at frame after frame. Used by one thread.

    tolerance: how far from every ink a colour may lie before it is unknown, as the show has it.
    """

    def __init__(self, tolerance: float = 1.0) -> None:
        self._tolerance = tolerance
        self._corners: Corners | None = None
        self._finder = SheetFinder("auto")
        self._inks: Inks | None = None
        self._table: Bytes = np.zeros((1, 65536), np.uint8)
        self._verdict: tuple[tuple[Neighbour, ...], tuple[str, ...]] = ((), ())
        self._last: Look | None = None

    def look(self, frame: Frame, state: CalibrateState) -> Look:
        """What a frame shows, as far as the step needs it."""
        look = Look(frame.bgr, self._sighting(frame, state))
        if look.position is None or state.step == "sheet":
            last = self._last
            if last is not None and state.step != "sheet":
                look = replace(look, levelled=last.levelled, light=last.light)
        else:
            square = look.position.rectify(frame.bgr, SIDE)
            paper = light.estimate_paper(square)
            levelled = light.level(square, paper)
            look = replace(look, levelled=levelled, light=measure_light(square, levelled, paper))
        if state.step in ("inks", "save") and look.levelled is not None:
            labels = self._read(look.levelled, state.inks.now)
            near, separable = self._verdict
            look = replace(look, labels=labels, neighbours=near, separable=separable)
        self._last = look
        return look

    def _sighting(self, frame: Frame, state: CalibrateState) -> Sighting:
        corners = state.corners.now
        if corners is not self._corners:
            self._corners = corners
            self._finder = SheetFinder("auto") if corners is None else SheetFinder(corners, "shares")
        try:
            return self._finder.look(frame.bgr, frame.grabbed)
        except UsageFault:
            note = "these corners make no sheet: each has to stay on its own side of the others"
            return Sighting(None, False, False, note)

    def _read(self, levelled: Bytes, inks: Inks) -> Bytes:
        if inks is not self._inks:
            self._inks, self._table = inks, ink_table(inks, self._tolerance)
            self._verdict = neighbours(inks), separability(inks)
        return read_levelled(levelled, self._table, SIDE)


def lock_in_words(camera: CameraStatus) -> tuple[str, bool]:
    """What is held still of the camera, a sentence, and whether that is enough.

    Empty, and enough, for a file or the simulated sheet, whose colours don't change by themselves.
    """
    if not camera.live:
        return "", True
    if not camera.lock:
        return "NOT LOCKED: nothing is held still of this camera; keep the light steady.", False
    said = f"Camera: {camera.lock}."
    if camera.lock.startswith("not locked"):
        return said.replace("not locked", "NOT LOCKED", 1), False
    return said, not any(word in camera.lock for word in ("NOT LOCKED", "CHANGED"))


def measure_light(square: Bytes, levelled: Bytes, paper: light.Cells) -> Light:
    """The light on a rectified sheet.

    square, levelled: uint8 (S, S, 3) BGR. paper: of the square (`calibration.light.estimate_paper`).
    """
    bright = linear_light((paper / 255).astype(np.float32)).mean(axis=2)
    # Not the extremes themselves, which a fold of the paper makes.
    low, high = np.quantile(bright, (0.01, 0.99))
    return Light(
        cells=np.asarray(bright / bright.max(), np.float32),
        slope=float(high / max(low, 1e-6)),
        white=paper_white(square, levelled),
        clipped=float((square[::4, ::4].max(axis=2) >= CLIPPED).mean()),
    )


def neighbours(inks: Inks) -> tuple[Neighbour, ...]:
    """The nearest neighbour of each class."""
    apart = family_distances(inks)
    least = np.full_like(apart, CLOSE)
    least[GROUND] = least[:, GROUND] = CLOSE_TO_PAPER
    clear = apart / least
    np.fill_diagonal(clear, np.inf)
    return tuple(Neighbour(int(row.argmin()), float(row.min())) for row in clear)

"""How well and how fast the sheet is read, on the simulated sheet, whose truth is known.

For each drawing:

    right           the least share, over all frames, of pixels that are read right. Left out are the hand
                    and its shadow, a seam of two pixels at the classes' borders, and what was drawn less
                    than half a second before.
    right_mean      the mean of the same over the frames
    right_by_class  the share over all frames for the pixels of each class
    ghosts          the share of the sheet that in any frame showed a class (other than ground) that was not
                    drawn within two pixels of it until then
    stages_ms       median milliseconds of each stage, on one core; total_ms: p50 and p95 of their sum
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from live.camera.simulated import SimulatedSheet, Truth
from live.config import InkSettings
from live.finder import SheetFinder
from live.flow import Frame, Reading
from live.sketch import SheetReader, inks_of
from models.palette import CLASS_NAMES, GROUND

SEAM = 2
"""Pixels on either side of a border between classes in which a reading may be off."""

GRACE = 0.5
"""Seconds that a reading has for what was drawn."""


@dataclass(slots=True)
class Score:
    """What became of a run; see the module's text for the figures."""

    side: int
    shares: list[float] = field(default_factory=list)
    worst_at: float = 0.0
    judged: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASS_NAMES), dtype=np.int64))
    wrong: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASS_NAMES), dtype=np.int64))
    ghosts: NDArray[np.bool_] = field(init=False)
    stages: dict[str, list[float]] = field(default_factory=dict)
    _drawn: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        shape = self.side, self.side
        self.ghosts = np.zeros(shape, dtype=np.bool_)
        self._drawn = np.zeros((len(CLASS_NAMES), *shape), dtype=np.bool_)

    def add(self, now: float, reading: Reading, truth: Truth) -> None:
        """Judge one frame's reading."""
        wrong, judged = errors(now, reading.labels, truth)
        share = 1.0 - wrong.sum() / max(judged.sum(), 1)
        if not self.shares or share < min(self.shares):
            self.worst_at = now
        self.shares.append(float(share))
        self.judged += np.bincount(truth.labels[judged], minlength=len(CLASS_NAMES))
        self.wrong += np.bincount(truth.labels[wrong], minlength=len(CLASS_NAMES))
        window = np.ones((2 * SEAM + 1, 2 * SEAM + 1), dtype=np.uint8)
        for label in range(GROUND + 1, len(CLASS_NAMES)):
            self._drawn[label] |= cv2.dilate((truth.labels == label).astype(np.uint8), window) > 0
            self.ghosts |= (reading.labels == label) & ~self._drawn[label]
        for stage, ms in reading.stages_ms.items():
            self.stages.setdefault(stage, []).append(ms)

    def figures(self) -> dict[str, object]:
        """The figures, ready to be printed as JSON."""
        total = np.sum(list(self.stages.values()), axis=0)
        by_class = 1 - self.wrong / np.maximum(self.judged, 1)
        return {
            "frames": len(self.shares),
            "right": round(min(self.shares), 5),
            "right_worst_at_s": round(self.worst_at, 3),
            "right_mean": round(float(np.mean(self.shares)), 5),
            "right_by_class": dict(zip(CLASS_NAMES, np.round(by_class, 5).tolist(), strict=True)),
            "ghosts": round(float(self.ghosts.mean()), 6),
            "stages_ms": {stage: round(float(np.median(ms)), 2) for stage, ms in self.stages.items()},
            "total_ms": {f"p{q}": round(float(np.percentile(total, q)), 2) for q in (50, 95)},
        }


def errors(
    now: float, labels: NDArray[np.uint8], truth: Truth
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pixels are read wrong, and which can be judged at all: bool (side, side) each."""
    window = np.ones((2 * SEAM + 1, 2 * SEAM + 1), dtype=np.uint8)
    inside = cv2.dilate(truth.labels, window) == cv2.erode(truth.labels, window)
    judged = inside & ~truth.hand & (now - truth.drawn_at >= GRACE)
    return judged & (labels != truth.labels), judged


def frame_count(seconds: float, fps: float) -> int:
    """How many frames a stretch of time has, at least one."""
    return max(1, round(seconds * fps))


def watch(
    sheet: SimulatedSheet, side: int, fps: float, start: float = 0.0, seconds: float = 0.0
) -> Iterator[tuple[float, NDArray[np.uint8], Reading, Truth]]:
    """Read a drawing as it grows: time, picture, reading and truth of frame after frame.

    seconds: how much of it, from `start`; 0 for all until the drawing is finished and looked at.
    """
    reader = SheetReader(side, SheetFinder("auto"), inks_of(InkSettings()))
    end = start + seconds if seconds else sheet.finished_after + 2.0
    for number in range(frame_count(end - start, fps)):
        now = start + number / fps
        picture = sheet.render(now)
        reading = reader.read(Frame(picture, number + 1, now))
        yield now, picture, reading, sheet.truth(now, side)


def bench_reading(
    drawings: Sequence[str], seed: int, side: int, fps: float, seconds: float
) -> dict[str, Any]:
    """Read whole drawings, or their first `seconds` if not 0, and judge every frame; see the module."""
    cv2.setNumThreads(1)
    report = {}
    for name in drawings:
        sheet, score = SimulatedSheet(name, seed), Score(side)
        frames = frame_count(seconds or sheet.finished_after + 2.0, fps)
        watched = watch(sheet, side, fps, seconds=seconds)
        shown = track(watched, name, total=frames, console=Console(stderr=True), transient=True)
        for now, _, reading, truth in shown:
            score.add(now, reading, truth)
        report[name] = score.figures()
    return {"side": side, "fps": fps, "seed": seed, "drawings": report}

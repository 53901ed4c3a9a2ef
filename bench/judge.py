"""The judge of a reading: what of a frame may be judged at all, and what became of it.

For every frame of the simulated sheet it is known what lies on it and what hides it. What lies on the
paper is what must be shown, whatever moves over it. A pixel is judged if it lies at least two pixels
(`SEAM`) from a border between classes, where an edge may fall to either side, and

    the same was there when it was last judged: then it must be right in every frame, also under the hand,
    in its shadow, and in the first frame after it has gone;

    or it was drawn (or covered, or wiped) at least half a second (`GRACE`) before, and neither hand,
    sleeve, pen, their shadow nor a new sheet has lain over it for the last 0.3 seconds (`UNCOVERED`).

While the sheet is being pushed, and for half a second (`FOUND_AGAIN`) more, nothing new can be read; what
was there before must stay right throughout. What a new sheet covers on its way is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from live.camera.simulated import Truth
from models.palette import CLASS_NAMES, GROUND, UNKNOWN

SEAM = 2
"""Pixels on either side of a border between classes in which a reading may be off."""

GRACE = 0.5
"""Seconds that a reading has for what was drawn."""

UNCOVERED = 0.3
"""Seconds that it has for what was drawn under the hand, once the hand has gone."""

FOUND_AGAIN = 0.5
"""Seconds in which a sheet that was pushed must be found again."""

Mask = NDArray[np.bool_]
"""bool (side, side)"""

_EPSILON = 1e-4
"""Seconds: times of frames are sums of fractions."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One frame of the truth, as far as it can be judged.

    seconds: since the frame before. labels: uint8 (side, side). judged: see the module. drawn: bool
    (classes, side, side), within a seam of where each class was ever drawn until now. fresh: what has
    another class than a frame before. hidden: by the hand and the like. waiting: what is not hidden, away
    from the seams.
    """

    now: float
    seconds: float
    labels: NDArray[np.uint8]
    judged: Mask
    drawn: Mask
    fresh: Mask
    hidden: Mask
    waiting: Mask


class Course:
    """Follows the truth from frame to frame."""

    def __init__(self, side: int) -> None:
        self._labels: NDArray[np.uint8] | None = None
        self._known = np.full((side, side), UNKNOWN, dtype=np.uint8)
        self._free_since = np.full((side, side), -np.inf, dtype=np.float32)
        self._changed = np.full((side, side), -np.inf, dtype=np.float32)
        self._drawn = np.zeros((len(CLASS_NAMES), side, side), dtype=np.bool_)
        self._now = 0.0

    def see(self, now: float, truth: Truth, blind: tuple[float, float] | None = None) -> Moment:
        """Take in the truth of the next frame.

        blind: from when to when a push of the sheet makes it impossible to read what is new, if it does.
        """
        seconds = 0.0 if self._labels is None else now - self._now
        fresh = np.zeros_like(truth.hand) if self._labels is None else truth.labels != self._labels
        self._labels, self._now = truth.labels, now
        self._changed[fresh] = now
        changed = np.maximum(self._changed, truth.drawn_at)
        self._free_since[truth.hand] = now
        window = np.ones((2 * SEAM + 1, 2 * SEAM + 1), dtype=np.uint8)
        inside = cv2.dilate(truth.labels, window) == cv2.erode(truth.labels, window)
        for label in range(GROUND + 1, len(CLASS_NAMES)):
            self._drawn[label] |= cv2.dilate((truth.labels == label).astype(np.uint8), window) > 0
        known = self._known == truth.labels
        ripe = (now - changed >= GRACE - _EPSILON) & (now - self._free_since >= UNCOVERED - _EPSILON)
        if blind is not None and blind[0] <= now < blind[1]:
            ripe &= changed < blind[0]
        if truth.new_sheet:  # it hides the old one for good
            known &= ~truth.hand
        judged = inside & (known | ripe & ~truth.hand)
        self._known[judged] = truth.labels[judged]
        free = inside & ~truth.hand
        return Moment(now, seconds, truth.labels, judged, self._drawn, fresh, truth.hand, free)


@dataclass(slots=True)
class Score:
    """What became of a reading, frame by frame.

    right: the share of the judged pixels that are right, by frame. ghosts: the share of the sheet that
    shows a class (other than ground) that was never drawn within two pixels of it, by frame; under the hand
    as well. settled: seconds for which pixels were drawn and free of the hand and not shown. uncovered: the
    same for what was drawn under hand, pen or shadow, from the first frame in which these have gone and
    it is away from the seams; if it is hidden again before it is shown, the longest that it was free.
    """

    side: int
    right: list[float] = field(default_factory=list)
    ghosts: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    judged: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASS_NAMES), dtype=np.int64))
    wrong: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASS_NAMES), dtype=np.int64))
    settled: list[NDArray[np.float32]] = field(default_factory=list)
    uncovered: list[NDArray[np.float64]] = field(default_factory=list)
    _waiting: Mask = field(init=False)
    _waited: NDArray[np.float32] = field(init=False)
    _covered: Mask = field(init=False)
    _free: Mask = field(init=False)
    _free_since: NDArray[np.float64] = field(init=False)
    _free_for: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = np.zeros((self.side, self.side), dtype=np.bool_)
        self._waited = np.zeros((self.side, self.side), dtype=np.float32)
        self._covered = np.zeros((self.side, self.side), dtype=np.bool_)
        self._free = np.zeros((self.side, self.side), dtype=np.bool_)
        self._free_since = np.zeros((self.side, self.side), dtype=np.float64)
        self._free_for = np.zeros((self.side, self.side), dtype=np.float64)

    def add(
        self,
        moment: Moment,
        labels: NDArray[np.uint8],
        ms: float = 0.0,
        stages_ms: Mapping[str, float] | None = None,
    ) -> None:
        """Judge one frame's labels, uint8 (side, side); ms: that they took, and stage by stage."""
        wrong = moment.judged & (labels != moment.labels)
        self.times.append(moment.now)
        self.right.append(1.0 - float(wrong.sum()) / max(int(moment.judged.sum()), 1))
        self.judged += np.bincount(moment.labels[moment.judged], minlength=len(CLASS_NAMES))
        self.wrong += np.bincount(moment.labels[wrong], minlength=len(CLASS_NAMES))
        self.ghosts.append(float(ghosts(moment, labels).mean()))
        self._settle(moment, labels)
        self._uncover(moment, labels)
        self.ms.append(ms)
        for stage, taken in (stages_ms or {}).items():
            self.stages.setdefault(stage, []).append(taken)

    def _settle(self, moment: Moment, labels: NDArray[np.uint8]) -> None:
        self._waiting |= moment.fresh
        self._waited[moment.fresh] = 0.0
        shown = labels == moment.labels
        free = self._waiting & moment.waiting
        self._waited[free & ~shown & ~moment.fresh] += np.float32(moment.seconds)
        done = free & shown
        self.settled.append(self._waited[done])
        self._waiting[done] = False

    def _uncover(self, moment: Moment, labels: NDArray[np.uint8]) -> None:
        self._covered[moment.fresh] = (moment.hidden & (moment.labels != GROUND))[moment.fresh]
        self._free_for[moment.fresh] = 0.0
        self._free_since[moment.waiting & ~self._free] = moment.now
        self._free = moment.waiting
        free = self._covered & moment.waiting
        self._free_for[free] = np.maximum(self._free_for[free], moment.now - self._free_since[free])
        done = free & (labels == moment.labels)
        self.uncovered.append(self._free_for[done])
        self._covered[done] = False

    def uncovered_s(self) -> NDArray[np.float64]:
        """Seconds for each pixel that was drawn under the hand; see the class. What is still not shown, and
        has been free for longer than it may, counts with what it was free until now."""
        late = self._free_for[self._covered & ~in_time(self._free_for)]
        return np.concatenate([*self.uncovered, late])

    def figures(self) -> dict[str, object]:
        """The figures, as exact as they are. None: nothing of the kind was to be judged."""
        by_class = {
            name: 1 - int(wrong) / int(judged) if judged else None
            for name, wrong, judged in zip(CLASS_NAMES, self.wrong, self.judged, strict=True)
        }
        # What is still waited for counts with what it has waited until now.
        late = self._waited[self._waiting & (self._waited > GRACE)]
        settled = np.concatenate([*self.settled, late])
        worst = int(np.argmin(self.right))
        return {
            "frames": len(self.right),
            "right": self.right[worst],
            "right_worst_at_s": self.times[worst],
            "right_mean": float(np.mean(self.right)),
            "right_by_class": by_class,
            "ghosts": max(self.ghosts),
            "ghosts_worst_at_s": self.times[int(np.argmax(self.ghosts))],
            "settle_s": percentiles(settled),
            "uncovered_s": uncovering(self.uncovered_s()),
            "ms": percentiles(self.ms),
            "stages_ms": {stage: percentiles(ms) for stage, ms in self.stages.items()},
        }


def wrong_share(now: float, labels: NDArray[np.uint8], truth: Truth) -> float:
    """The share of what can be judged in a single look at the sheet that is read wrong."""
    judged = Course(len(labels)).see(now, truth).judged
    return float((judged & (labels != truth.labels)).sum()) / max(int(judged.sum()), 1)


def ghosts(moment: Moment, labels: NDArray[np.uint8]) -> Mask:
    """Which pixels show a class that was never drawn there."""
    seen = np.zeros(labels.shape, dtype=np.bool_)
    for label in range(GROUND + 1, len(CLASS_NAMES)):
        seen |= (labels == label) & ~moment.drawn[label]
    return seen


def in_time(seconds: NDArray[np.float64]) -> Mask:
    """Which of these are no longer than what is drawn under the hand may take once the hand has gone."""
    return seconds <= UNCOVERED + _EPSILON


def uncovering(seconds: NDArray[np.float64]) -> dict[str, float] | None:
    """Half of the pixels and 95 % of them are shown after, and which share is in time; None if none is."""
    spread = percentiles(seconds)
    return None if spread is None else {**spread, "in_time": float(in_time(seconds).mean())}


def percentiles(values: Sequence[float] | NDArray[np.floating]) -> dict[str, float] | None:
    """The 50th and the 95th; None of nothing."""
    if not len(values):
        return None
    return {f"p{q}": float(np.percentile(np.asarray(values, dtype=np.float64), q)) for q in (50, 95)}

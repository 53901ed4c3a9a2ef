"""How well and how fast the sheet is read under many conditions, next to the plain method of the field.

Both read the very same frames of the simulated sheet, whose truth is known, both with the inks that lie on
it given as settings; the plain method (`bench.plain`) is given the sheet's true place as well. What of a
frame is judged, and when, is written in `bench.judge`. For each condition and each of the two:

    right           the least share, over all frames, of the judged pixels that are right
    right_mean      the mean of the same over the frames
    right_by_class  the share over all frames for the pixels of each class
    ghosts          the greatest share of the whole sheet, over the frames, that shows a class (other than
                    ground) that was never drawn within two pixels of it; under the hand as well
    settle_s        seconds for which a pixel was drawn and free of the hand and still not shown; nearly all
                    are drawn under the hand and its shadow, so that this is what the hand's leaving takes
    uncovered_s     of what was drawn under hand, pen or their shadow: seconds from the first frame in which
                    a pixel is free of them until it is shown; in_time: the share shown within 0.3 s
    found_again_s   seconds from the end of a push of the sheet until it is found in its new place and at
                    least 97 % is right, and stays so until the next push or the end; null: it never is
    ms              milliseconds of one core that a frame's reading takes; processor time, so that what
                    else this machine does is not counted
    stages_ms       milliseconds of its stages, by the clock on the wall

Seconds are told by frames, so that they are exact to one frame (1 / fps).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from bench.conditions import USUAL, Case
from bench.judge import FOUND_AGAIN, GRACE, UNCOVERED, Course, Moment, Score, percentiles, uncovering
from bench.plain import read_plainly
from calibration.inks import Inks
from live.camera.simulated import Push, SimulatedSheet
from live.config import InkSettings
from live.finder import SheetFinder
from live.flow import Frame, Reading
from live.sketch import SheetReader, inks_of

WARM_UP: Final = 1.0
"""Seconds for which a reader looks on before it is judged: it hasn't seen the drawing begin."""

LEAST_RIGHT: Final = 0.97
LEAST_RIGHT_ON_AVERAGE: Final = 0.99
MOST_GHOSTS: Final = 0.0005
MOST_MS: Final = 8.0
"""What is to be reached: in every condition, over all of them, at any frame, and at side 512 by half of the
frames."""

_EPSILON: Final = 1e-4
"""Seconds: times of frames are sums of fractions."""

NEAR: Final = 4.0
"""Pixels by which the corners of a sheet may be off where it counts as found."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame, read by both methods. ms: that each took."""

    picture: NDArray[np.uint8]
    corners: NDArray[np.float32]
    reading: Reading
    plain: NDArray[np.uint8]
    moment: Moment
    ms: float
    plain_ms: float
    judged: bool


def watch(case: Case, seed: int, side: int, fps: float) -> Iterator[Look]:
    """Read a stretch of a drawing as it grows, frame by frame; those of the warm-up aren't to be judged."""
    sheet = SimulatedSheet(case.drawing, seed, conditions=case.conditions)
    inks = calibrated(case)
    reader, course = SheetReader(side, SheetFinder("auto"), inks), Course(side)
    for number in range(frame_count(case, fps)):
        now = case.start + number / fps
        picture, corners = sheet.render(now), sheet.corners_at(now)
        moment = course.see(now, sheet.truth(now, side), blind(case.conditions.pushes, now))
        began = time.process_time()
        reading = reader.read(Frame(picture, number + 1, now))
        read = time.process_time()
        plain = read_plainly(picture, corners, side, inks)
        ended = time.process_time()
        yield Look(
            picture,
            corners,
            reading,
            plain,
            moment,
            (read - began) * 1e3,
            (ended - read) * 1e3,
            judged=now - case.start >= WARM_UP - 1e-6,
        )


def bench_reading(cases: Sequence[Case], seed: int, side: int, fps: float) -> dict[str, Any]:
    """Read under every condition and judge every frame; see the module. The figures are not rounded."""
    cv2.setNumThreads(1)
    report: dict[str, Any] = {}
    times: list[float] = []
    uncovered: list[NDArray[np.float64]] = []
    console = Console(stderr=True)
    for case in cases:
        ours, plain = Score(side), Score(side)
        found: list[tuple[float, bool]] = []
        looks = watch(case, seed, side, fps)
        for look in track(looks, case.name, total=frame_count(case, fps), console=console, transient=True):
            if not look.judged:
                continue
            ours.add(look.moment, look.reading.labels, look.ms, look.reading.stages_ms)
            plain.add(look.moment, look.plain, look.plain_ms)
            found.append((look.moment.now, _is_found(look) and ours.right[-1] >= LEAST_RIGHT))
        figures = ours.figures()
        if (again := _found_again(case.conditions.pushes, found)) is not None:
            figures["found_again_s"] = again
        times += ours.ms
        uncovered.append(ours.uncovered_s())
        report[case.name] = {"ours": figures, "plain": plain.figures()}
    return {
        "side": side,
        "fps": fps,
        "seed": seed,
        "conditions": report,
        "overall": _overall(report, times, np.concatenate(uncovered)),
    }


def whole(drawing: str, seed: int) -> Case:
    """A whole drawing under the usual conditions, from the empty sheet until it is finished."""
    sheet = SimulatedSheet(drawing, seed, 64, 36)
    return Case(f"whole {drawing}", drawing=drawing, start=0.0, seconds=sheet.finished_after + 1.0)


def frame_count(case: Case, fps: float) -> int:
    """How many frames are read, with those of the warm-up; at least one is judged."""
    return math.ceil(WARM_UP * fps) + max(1, round(case.seconds * fps))


def calibrated(case: Case) -> Inks:
    """The inks that both methods are given: those that lie on the sheet, but for the usual markers, where a
    show's own settings must do."""
    rgb = case.conditions.inks()
    return inks_of(InkSettings()) if np.array_equal(rgb, USUAL.inks()) else Inks(rgb)


def blind(pushes: Sequence[Push], now: float) -> tuple[float, float] | None:
    """From when to when a push that is quick makes it impossible to read what is new; None if none does."""
    for push in pushes:
        since, until = push.at - GRACE, push.at + push.seconds + FOUND_AGAIN + GRACE
        if push.seconds <= 1.0 and since <= now < until:
            return since, until
    return None


def _is_found(look: Look) -> bool:
    """Whether the reader knows where the sheet lies in this frame."""
    corners = look.reading.corners
    if not look.reading.found or corners is None:
        return False
    return float(np.linalg.norm(corners - look.corners, axis=1).max()) <= NEAR


def _found_again(pushes: Sequence[Push], found: Sequence[tuple[float, bool]]) -> float | None:
    """The longest that it took after any push that ends within these times, None if there was none.

    pushes: in the order of time. found: of each frame, its time and whether it is known where the sheet
    lies and what lies on it is right. Found again is what stays so until the next push or the end; infinite
    if it never does.
    """
    taken = []
    until = [*(push.at for push in pushes), math.inf][1:]
    for push, following in zip(pushes, until, strict=True):
        end = push.at + push.seconds
        after = [(now, good) for now, good in found if end <= now < following]
        if not after or found[0][0] > end:
            continue
        bad = max((number for number, (_, good) in enumerate(after) if not good), default=-1)
        taken.append(after[bad + 1][0] - end if bad + 1 < len(after) else math.inf)
    return max(taken, default=None)


def _overall(
    report: dict[str, Any], times: Sequence[float], uncovered: NDArray[np.float64]
) -> dict[str, Any]:
    """What the matrix says as a whole, and which of the goals are reached; None: not measured."""
    ours = [condition["ours"] for condition in report.values()]
    plain = [condition["plain"] for condition in report.values()]
    right, mean = min(o["right"] for o in ours), float(np.mean([o["right_mean"] for o in ours]))
    ghosts = max(o["ghosts"] for o in ours)
    again = max((o["found_again_s"] for o in ours if "found_again_s" in o), default=None)
    beaten = [
        name
        for name, condition in report.items()
        if condition["plain"]["right_mean"] >= condition["ours"]["right_mean"]
        or condition["plain"]["right"] >= condition["ours"]["right"]
    ]
    ms = percentiles(times)
    assert ms is not None, "at least one frame is judged"
    bared = uncovering(uncovered)
    each = {
        name: condition["ours"]["uncovered_s"]["p95"]
        for name, condition in report.items()
        if condition["ours"]["uncovered_s"] is not None
    }
    slowest = max(each, key=lambda name: each[name], default=None)
    return {
        "right": right,
        "right_mean": mean,
        "ghosts": ghosts,
        "found_again_s": again,
        "uncovered_s": bared,
        "uncovered_slowest": None if slowest is None else {"condition": slowest, "p95": each[slowest]},
        "ms": ms,
        "plain_right": min(p["right"] for p in plain),
        "plain_right_mean": float(np.mean([p["right_mean"] for p in plain])),
        "plain_ghosts": max(p["ghosts"] for p in plain),
        "reached": {
            "right": right >= LEAST_RIGHT,
            "right_mean": mean >= LEAST_RIGHT_ON_AVERAGE,
            "ghosts": ghosts <= MOST_GHOSTS,
            "found_again_s": None if again is None else again <= FOUND_AGAIN + _EPSILON,
            "uncovered_s": None if bared is None else bared["p95"] <= UNCOVERED + _EPSILON,
            "uncovered_slowest": None if slowest is None else each[slowest] <= UNCOVERED + _EPSILON,
            "plain_beaten": not beaten,
            "ms": ms["p50"] <= MOST_MS,
        },
    }

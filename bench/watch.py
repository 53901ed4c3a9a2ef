"""Looking on while a show is steered: which picture was in work when, and which change it was the first
to show.

A `Watch` stands around the reader, the engine and the output of a real show and notes times, no more. What
follows from the notes is computed afterwards, by pure functions.
"""

from __future__ import annotations

import bisect
import math
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.digits import rounded_down
from bench.senders import Change
from live.flow import Frame, Reading, Wishes
from live.mix import Mix
from live.output.base import Output, PointerEvent
from live.stage import Parts, Reader
from models.engines.base import Engine

REMEMBERED: Final = 8
"""Pictures of which it is known which array they are; the newest is shown at once."""


# What was noted


@dataclass(frozen=True, slots=True)
class Made:
    """One picture. begun: when its frame was taken into work; shown: when it was first flipped, inf if it
    never was. Times of the machine's monotonic clock, in seconds."""

    begun: float
    mix: Mix
    shown: float = math.inf


@dataclass(frozen=True, slots=True)
class Answer:
    """The first picture that shows a change. later: how many pictures after the one that was in work, or
    the last to be, when the message was sent; 0: that one was still in time for it."""

    ms: float
    later: int


# What follows from it


def answers(changes: Sequence[Change], made: Sequence[Made], cities: Sequence[Mix]) -> list[Answer | None]:
    """The answer to each change; None for one that was never seen.

    changes: in the order in which they were sent, each to another city than the one before. made: in the
    order of their making. cities: the mix that each change leads to, without a fade.

    A change must be seen before the next but one is sent, since that one may lead to the same city; and a
    city that stands already answers nothing.
    """
    begun = [picture.begun for picture in made]
    ends = [change.sent for change in changes[2:]] + [math.inf, math.inf]
    found: list[Answer | None] = []
    for change, end in zip(changes, ends, strict=False):
        wanted = cities[change.city]
        in_work = max(0, bisect.bisect_right(begun, change.sent) - 1)
        standing = next((p.mix for p in reversed(made[: in_work + 1]) if p.shown <= change.sent), None)
        seen = (n for n in range(in_work, len(made)) if change.sent < made[n].shown < end)
        first = next((n for n in seen if made[n].mix == wanted), None)
        if first is None or standing == wanted:
            found.append(None)
        else:
            found.append(Answer((made[first].shown - change.sent) * 1000.0, first - in_work))
    return found


def summed_up(found: Sequence[Answer | None]) -> dict[str, Any]:
    """The figures of some answers: messages, never_seen, ms and pictures_later (p50, p95 and max; None
    without any), how_often (so many pictures later, so many times) and at_most_one_later (of all messages).
    """
    seen = [answer for answer in found if answer is not None]
    counts = Counter(answer.later for answer in seen)
    in_time = (counts[0] + counts[1]) / len(found) if found else 0.0
    return {
        "messages": len(found),
        "never_seen": len(found) - len(seen),
        "ms": _percentiles([round(answer.ms, 1) for answer in seen]),
        "pictures_later": _percentiles([answer.later for answer in seen]),
        "how_often": {str(later): counts[later] for later in sorted(counts)},
        "at_most_one_later": float(rounded_down(in_time, 4)),
    }


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    """Each is one of the values; between two, the greater."""
    if not values:
        return None
    found = np.percentile(values, (50, 95, 100), method="higher").tolist()
    return dict(zip(("p50", "p95", "max"), found, strict=True))


# Looking on


class Watch:
    """The notes of a show that goes through `around`."""

    def __init__(self) -> None:
        self._made: list[Made] = []
        self._taken: float | None = None  # when the frame in work was; the worker's own
        self._arrays: deque[tuple[NDArray[np.uint8], int]] = deque(maxlen=REMEMBERED)

    def around(self, parts: Parts) -> Parts:
        """The same parts, looked upon."""
        return replace(
            parts,
            reader=_WatchedReader(self, parts.reader),
            engine=_WatchedEngine(self, parts.engine),
            output=_WatchedOutput(self, parts.output),
        )

    def made(self) -> tuple[Made, ...]:
        """The pictures so far, in the order of their making."""
        return tuple(self._made)

    # The worker's thread

    def taken(self) -> None:
        """A frame was taken into work."""
        self._taken = time.monotonic()

    def rendered(self, rgb: NDArray[np.uint8], begun: float, mix: Mix) -> None:
        """A picture was made, of the frame in work or, without one, from `begun` on."""
        begun, self._taken = self._taken or begun, None
        # Listed before the main thread can meet the array.
        self._made.append(Made(begun, mix))
        self._arrays.append((rgb, len(self._made) - 1))

    # The main thread

    def flipped(self, rgb: NDArray[np.uint8]) -> None:
        """A picture was shown, perhaps again; a dimmed one is another array and isn't known."""
        now = time.monotonic()
        for array, number in tuple(self._arrays):
            if array is rgb and self._made[number].shown == math.inf:
                self._made[number] = replace(self._made[number], shown=now)


class _WatchedReader:
    def __init__(self, watch: Watch, reader: Reader) -> None:
        self._watch, self._reader = watch, reader

    def read(self, frame: Frame, wishes: Wishes) -> Reading:
        self._watch.taken()
        return self._reader.read(frame, wishes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class _WatchedEngine:
    def __init__(self, watch: Watch, engine: Engine) -> None:
        self._watch, self._engine = watch, engine

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        begun = time.monotonic()
        rgb = self._engine.render(labels, mix)
        self._watch.rendered(rgb, begun, Mix.of(mix))
        return rgb

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class _WatchedOutput:
    def __init__(self, watch: Watch, output: Output) -> None:
        self._watch, self._output = watch, output

    def show(self, rgb: NDArray[np.uint8], *more: Any) -> None:
        self._output.show(rgb, *more)
        self._watch.flipped(rgb)

    def keys(self) -> list[str]:
        return self._output.keys()

    def pointer(self) -> list[PointerEvent]:
        return self._output.pointer()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)

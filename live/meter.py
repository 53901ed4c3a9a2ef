"""Measuring the show while it runs: rates, latencies and milliseconds a stage."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from live.flow import Picture

RATE_SPAN: Final = 2.0
"""Seconds over which pictures per second are measured."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Median, 95th percentile and greatest of some milliseconds; all 0 while there are none."""

    p50: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured over a stretch of the show.

    fps: pictures shown a second, of the last two seconds. shown: pictures shown. frames, dropped: camera
    frames shown, and those that never were, though nobody held the picture. last: number of the last frame.
    latency_ms: from grab to flip. stages_ms: median milliseconds of each stage, in order.
    """

    fps: float
    shown: int
    frames: int
    dropped: int
    last: int
    latency_ms: Percentiles
    stages_ms: Mapping[str, float] = field(default_factory=dict)


class Meter:
    """Keeps what was measured of the last `keep` pictures. Used by the main thread alone.

    after: number of the frame behind which dropped ones count; 0 to begin with whichever comes first.
    """

    def __init__(self, keep: int, after: int = 0) -> None:
        self._flips: deque[float] = deque(maxlen=keep)
        self._latency: deque[float] = deque(maxlen=keep)
        self._stages: deque[Mapping[str, float]] = deque(maxlen=keep)
        self._last_seq = after
        self._shown = 0
        self._frames = 0
        self._dropped = 0

    def flipped(self, picture: Picture, output_ms: float, now: float) -> None:
        """A new picture was flipped at `now`, after `output_ms` of drawing."""
        self._shown += 1
        self._flips.append(now)
        if picture.seq <= self._last_seq:
            return  # a frame of before in another mix: it has been measured
        if self._last_seq:
            self._dropped += picture.seq - self._last_seq - 1
        self._last_seq = picture.seq
        self._frames += 1
        self._latency.append((now - picture.grabbed) * 1000.0)
        self._stages.append({**picture.stages_ms, "output": output_ms})

    def withheld(self, picture: Picture) -> None:
        """A new picture wasn't shown because a performer holds another: its frame isn't dropped."""
        self._last_seq = max(self._last_seq, picture.seq)

    def measured(self, now: float) -> Measured:
        """The figures of the pictures that are kept; all counts are from the start."""
        flips = [flip for flip in self._flips if flip > now - RATE_SPAN]
        span = flips[-1] - flips[0] if flips else 0.0
        stages = {
            name: float(np.median([s[name] for s in self._stages if name in s]))
            for name in (self._stages[-1] if self._stages else {})
        }
        return Measured(
            fps=(len(flips) - 1) / span if span > 0 else 0.0,
            shown=self._shown,
            frames=self._frames,
            dropped=self._dropped,
            last=self._last_seq,
            latency_ms=_percentiles(self._latency),
            stages_ms=stages,
        )


def _percentiles(values: deque[float]) -> Percentiles:
    if not values:
        return Percentiles(0.0, 0.0, 0.0)
    p50, p95, top = np.percentile(np.array(values), (50, 95, 100))
    return Percentiles(float(p50), float(p95), float(top))

"""MIDI clock: 24 ticks a beat, from which the tempo is read.

Single ticks are up to a sound card's period late or early, so the tempo is the mean of the last four beats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

TICKS_PER_BEAT: Final = 24
_SPAN: Final = 4 * TICKS_PER_BEAT
_FEWEST: Final = TICKS_PER_BEAT
_LONGEST_TICK: Final = 0.125
"""Seconds; 20 beats a minute. After a longer silence the clock has begun anew."""

_SMALLEST_CHANGE: Final = 0.5
"""Beats a minute: what is less is the ticks' unsteadiness."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """A clock that is being listened to.

    ticks: the moments of its last ticks in seconds. told: the tempo that was last said, in beats a minute.
    """

    ticks: tuple[float, ...] = ()
    told: float | None = None


def ticked(tempo: Tempo, at: float) -> tuple[Tempo, float | None]:
    """The clock after a tick at a moment in seconds, and its tempo if that has changed."""
    if tempo.ticks and not 0.0 <= at - tempo.ticks[-1] <= _LONGEST_TICK:
        tempo = Tempo(told=tempo.told)
    ticks = (*tempo.ticks, at)[-_SPAN - 1 :]
    span = ticks[-1] - ticks[0]
    if len(ticks) <= _FEWEST or span <= 0.0:
        return replace(tempo, ticks=ticks), None
    beats = round(60.0 * (len(ticks) - 1) / TICKS_PER_BEAT / span, 1)
    if tempo.told is not None and abs(beats - tempo.told) < _SMALLEST_CHANGE:
        return replace(tempo, ticks=ticks), None
    return Tempo(ticks, beats), beats

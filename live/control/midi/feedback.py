"""Feedback: from what a control stands at to the lights, rings and motors of a controller.

Only what was taught is shown. To light a pad is to play a note, and an instrument that was never taught
anything must not begin to sound.
"""

from __future__ import annotations

from typing import Any, Final

import mido

from live.control.kinds import Number, Switch, Trigger, Value
from live.control.midi.mapping import Binding, follows_hand, share_of
from live.control.midi.sources import COARSE

REST_SECONDS: Final = 0.5
"""How long a source must have rested before it is told anything: a motor must not fight the hand."""


def shown(binding: Binding, kind: object, value: Value) -> tuple[Any, ...]:
    """The `mido.Message`s that show on the source of a binding what its control stands at."""
    source = binding.source
    channel = (source.channel or 1) - 1
    share = share_of(value, kind)
    if binding.value is not None:
        share = float(value == binding.value)
    lit = share is not None and share >= 0.5
    if source.kind == "note":
        velocity = binding.light if lit else 0
        return (mido.Message("note_on", note=source.number, velocity=velocity, channel=channel),)
    if share is None or source.kind == "program":
        return ()
    if source.kind == "bend":
        return (mido.Message("pitchwheel", pitch=round(share * 16383) - 8192, channel=channel),)
    number = source.number or 0
    if source.kind == "cc14":
        whole = round(share * 16383)
        return _change(number, whole >> 7, channel), _change(number + COARSE, whole & 127, channel)
    if isinstance(kind, Switch | Trigger) or binding.value is not None:
        return (_change(number, binding.light if lit else 0, channel),)
    return (_change(number, round(share * 127), channel),)


def dark(binding: Binding) -> tuple[Any, ...]:
    """The messages that put out the light of a pad when the show ends."""
    if binding.source.kind != "note":
        return ()
    channel = (binding.source.channel or 1) - 1
    return (mido.Message("note_on", note=binding.source.number, velocity=0, channel=channel),)


def goes_where_told(binding: Binding, kind: object) -> bool:
    """Whether its source then stands where its control stands."""
    return isinstance(kind, Number) and (binding.motor or binding.source.kind == "bend")


def _change(number: int, value: int, channel: int) -> Any:
    return mido.Message("control_change", control=number, value=value, channel=channel)


class Screen:
    """What the sources of one controller show, and what they are still to show. For one thread."""

    def __init__(self) -> None:
        self._shown: dict[Binding, tuple[Any, ...]] = {}
        self._wanted: dict[Binding, tuple[Any, ...]] = {}
        self._resting: dict[Binding, float] = {}  # from which moment on it may be told something

    def want(self, binding: Binding, messages: tuple[Any, ...]) -> None:
        """Let its source show this, the next time that it may."""
        if messages and self._shown.get(binding) != messages:
            self._wanted[binding] = messages
        else:
            self._wanted.pop(binding, None)

    def touch(self, binding: Binding, kind: object, now: float) -> None:
        """A hand has moved its source, which by that shows something else than it was told: pads light and
        go dark by themselves, and a motor that isn't told where the hand left it goes back."""
        if (messages := self._shown.pop(binding, None)) is not None:
            self._wanted.setdefault(binding, messages)
        if follows_hand(binding, kind):
            self._resting[binding] = now + REST_SECONDS

    def due(self, now: float) -> list[tuple[Binding, tuple[Any, ...]]]:
        """What is to be sent at a moment in seconds, and counts as sent."""
        due = [(b, m) for b, m in self._wanted.items() if now >= self._resting.get(b, now)]
        for binding, messages in due:
            del self._wanted[binding]
            self._resting.pop(binding, None)
            self._shown[binding] = messages
        return due

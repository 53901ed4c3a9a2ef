"""Learning: which source a performer means who touches a control and then moves a knob.

What is moved first is it. A moment later it is known, too, what kind of a knob that is: one with a fine
part (the other half of a 14-bit controller has spoken), an endless encoder, a button that is let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from live.control.kinds import Choice, Number, Value
from live.control.midi.encoders import recognised
from live.control.midi.mapping import Binding, Taught
from live.control.midi.ports import PortName
from live.control.midi.sources import COARSE, Event, Source

LEARN_SECONDS: Final = 30.0
"""After so long without a move learning ends by itself, lest it takes the pad of the next GO."""

LISTEN_SECONDS: Final = 0.5
"""How long after the first move it is listened what kind of a knob that is."""

_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Lesson:
    """A control that is being learnt.

    begun: seconds. port: of the first move, "" before. events: the moves of what was moved first. moved:
    the moment of the first of them.
    """

    address: str
    begun: float
    port: str = ""
    events: tuple[Event, ...] = ()
    moved: float = 0.0

    def over(self, now: float) -> bool:
        """Whether nobody has moved anything for too long."""
        return not self.events and now - self.begun >= LEARN_SECONDS

    def learnt(self, now: float) -> bool:
        """Whether it is known what was meant."""
        if not self.events:
            return False
        # A pad has nothing more to say.
        sure = self.events[0].source.kind in ("note", "program")
        return sure or now - self.moved >= LISTEN_SECONDS


def shown(lesson: Lesson, port: str, event: Event, now: float) -> Lesson:
    """The lesson after a source was moved; a pad or a button that is let go shows nothing."""
    if not lesson.events:
        if event.value == 0 and event.source.kind in ("note", "cc"):
            return lesson
        return replace(lesson, port=port, events=(event,), moved=now)
    first = lesson.events[0].source
    if port != lesson.port or not (event.source == first or event.source in _halves(first)):
        return lesson
    return replace(lesson, events=(*lesson.events, event)[-_MOST:])


def binding_of(lesson: Lesson, kind: object, standing: Value | None) -> Binding:
    """What was learnt. kind: of the control. standing: what it stands at.

    A button learnt for a choice sets it to what it stands at now: go to a city, teach a pad, and it is that
    city's pad.
    """
    first = lesson.events[0].source
    values = [event.value for event in lesson.events if event.source == first]
    others = {event.source for event in lesson.events} - {first}
    if first.kind == "cc" and others and first.number is not None:
        (other,) = others
        number = min(first.number, other.number or 0)
        return Binding(Source("cc14", number, first.channel), lesson.address)
    binding = Binding(first, lesson.address)
    is_button = first.kind in ("note", "program") or (len(values) > 1 and set(values) == {0, 127})
    if isinstance(kind, Choice) and is_button:
        return replace(binding, value=standing or None)
    if first.kind == "cc":
        if isinstance(kind, Number | Choice):
            return replace(binding, encoder=recognised(values))
        if is_button:
            return replace(binding, press="toggle")
    return binding


def with_binding(
    taught: Sequence[Taught], port: PortName, binding: Binding
) -> tuple[tuple[Taught, ...], tuple[str, ...]]:
    """What controllers are taught after one more binding, and the addresses of the controls that the same
    source moves besides.

    It takes the place of what moved the same control on this controller, to the same value if it is a
    button's; other controllers keep theirs.
    """
    kept = []
    besides = []
    for one in taught:
        other = one.binding
        if port.begins(one.port) and other.address == binding.address:
            if other.value == binding.value or other.source == binding.source:
                continue
        elif port.begins(one.port) and (
            other.source.holds(binding.source) or binding.source.holds(other.source)
        ):
            besides.append(other.address)
        kept.append(one)
    return (*kept, Taught(port.name, binding)), tuple(dict.fromkeys(besides))


def _halves(source: Source) -> tuple[Source, ...]:
    """The other half of a 14-bit control change."""
    if source.kind != "cc" or source.number is None or source.number >= 2 * COARSE:
        return ()
    return (Source("cc", source.number ^ COARSE, source.channel),)

"""What a MIDI message is about: which knob, pad or fader of a controller, and where it stands now.

Channels count from 1 to 16 and programs from 1 to 128, as every controller shows them; notes and control
changes count from 0 to 127, likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

import mido

SourceKind: TypeAlias = Literal["note", "cc", "cc14", "bend", "program"]
SOURCE_KINDS: Final[tuple[SourceKind, ...]] = get_args(SourceKind)

COARSE: Final = 32
"""Below this number, a control change may have a fine part: number + 32 (MIDI 1.0, 14-bit controllers)."""

_WORDS: Final = {"note": "note", "cc": "CC", "cc14": "14-bit CC", "program": "program"}


@dataclass(frozen=True, slots=True)
class Source:
    """A knob, pad or fader of a controller.

    number: of the note, control change or program; None for pitch bend, and for any program.
    channel: None for any channel.
    """

    kind: SourceKind
    number: int | None = None
    channel: int | None = None

    @property
    def top(self) -> int:
        """The greatest value that it can say."""
        return 16383 if self.kind in ("cc14", "bend") else 127

    def holds(self, other: Source) -> bool:
        """Whether `other`, which a message named, is this one; CCs stand for both parts of a 14-bit one."""
        if self.channel not in (None, other.channel):
            return False
        if self.kind == "cc14" and other.kind == "cc" and self.number is not None:
            return other.number in (self.number, self.number + COARSE)
        return self.kind == other.kind and (self.number is None or self.number == other.number)

    def words(self) -> str:
        """As a person reads it: 'CC 7 on channel 1'."""
        name = "pitch bend" if self.kind == "bend" else f"{_WORDS[self.kind]} {self.number}"
        if self.number is None and self.kind == "program":
            name = "any program"
        return name if self.channel is None else f"{name} on channel {self.channel}"


@dataclass(frozen=True, slots=True)
class Event:
    """A source was moved. value: 0 to the source's `top`; for a note its velocity, 0 when it is let go."""

    source: Source
    value: int


def parse(data: Sequence[int]) -> Any:
    """The `mido.Message` that these bytes are. Raises ValueError if they are none."""
    try:
        return mido.Message.from_bytes(data)
    except IndexError:  # what mido says of a pitch bend that was cut short
        raise ValueError("wrong number of bytes") from None


def event_of(message: Any) -> Event | None:
    """What a `mido.Message` says of a source; None if it says nothing of any."""
    match message.type:
        case "note_on":
            return Event(Source("note", message.note, message.channel + 1), message.velocity)
        case "note_off":  # whose velocity says how quickly the key was let go
            return Event(Source("note", message.note, message.channel + 1), 0)
        case "control_change":
            return Event(Source("cc", message.control, message.channel + 1), message.value)
        case "pitchwheel":
            return Event(Source("bend", None, message.channel + 1), message.pitch + 8192)
        case "program_change":
            return Event(Source("program", message.program + 1, message.channel + 1), 127)
    return None

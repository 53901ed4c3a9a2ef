"""MIDI Show Control (MMA RP-002): what lighting desks and show callers send to start cues elsewhere.

Understood are GO, STOP and LOAD, each with a cue or without; lists and paths after the cue are ignored, for
this show has one list. Every device number is meant, because a show has only one machine of this kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from live.control.kinds import Message

_ANY_TIME: Final = 0x7F  # the universal system exclusive messages of the real-time kind
_SHOW_CONTROL: Final = 0x02

_FAMILIES: Final = (0x0, 0x3, 0x4)
"""Lighting, video and projection; not sound, machines, fireworks and the like, whose cues are others."""

_EVERY_FORMAT: Final = 0x7F


class _Command(IntEnum):
    GO = 0x01
    STOP = 0x02
    LOAD = 0x05


def show_control(data: Sequence[int]) -> Message | None:
    """What a system exclusive message asks of the cue list; None if it isn't show control for such a show.

    data: without the first and the last byte (0xF0, 0xF7).
    """
    if len(data) < 5 or data[0] != _ANY_TIME or data[2] != _SHOW_CONTROL:
        return None
    form, command = data[3], data[4]
    if form != _EVERY_FORMAT and form >> 4 not in _FAMILIES:
        return None
    cue = bytes(data[5:]).split(b"\0")[0].decode("ascii", "replace").strip()
    match command:
        case _Command.GO:
            return Message("/cue", (cue,)) if cue else Message("/go", ())
        case _Command.STOP:
            return Message("/cue/stop", ())
        case _Command.LOAD:
            return Message("/cue/standby", (cue,)) if cue else None
    return None

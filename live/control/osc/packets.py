"""What a packet says: from bytes off the network to OSC messages, and back.

python-osc parses the messages; what is around them is parsed here, since its bundles (1.10.2) may never
end: an element that gives its own size as -4 is read again for ever. And a message with a type tag that it
doesn't know is read on as if that argument had no bytes, so that the next one is garbage.

A flood is nearly all messages with the same few beginnings (address and type tags) and numbers behind them.
Those are taken apart by a struct that is kept with the beginning, in a third of python-osc's time.
"""

from __future__ import annotations

import functools
import struct
from typing import Final, TypeAlias

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.parsing import osc_types

from live.control.kinds import Message

BUNDLE: Final = b"#bundle\x00"
IMMEDIATELY: Final = 1
"""The time tag that means now."""

Timed: TypeAlias = tuple[int, Message]
"""A message and its time tag: NTP's, 32 bits of seconds and 32 of their fractions."""

_HEADER: Final = len(BUNDLE) + 8  # the name and the time tag
_KNOWN_TAGS: Final = frozenset("ihfdsbrmtTFN[]")
_NUMBERS: Final = {"i": "i", "h": "q", "f": "f", "d": "d"}
_LONGEST_KEPT: Final = 128
"""Bytes of a beginning that is kept; those of the show are shorter."""
_TO_1970: Final = 2_208_988_800
"""Seconds from NTP's first era (1900) to Unix's."""


class PacketError(Exception):
    """A packet that isn't OSC."""


def parse(packet: bytes) -> list[Timed]:
    """The messages of a packet, those of bundles within bundles too, in their order, each with the time tag
    of its bundle; a bundle can't be for a time before that of the bundle which holds it.

    Raises PacketError if any part of it can't be read; a bundle is taken whole or not at all.
    """
    if not packet.startswith(b"#"):
        return [(IMMEDIATELY, _message(packet))]
    messages = []
    parts = [(IMMEDIATELY, packet)]  # still to be read, the next one last
    while parts:
        timetag, part = parts.pop()
        if part.startswith(BUNDLE):
            own, elements = _elements(part)
            timetag = max(timetag, own)
            parts.extend((timetag, element) for element in reversed(elements))
        else:
            messages.append((timetag, _message(part)))
    return messages


def unix_time(timetag: int) -> float:
    """The time of a time tag, in seconds since 1970; after 2036 NTP counts anew (RFC 4330, section 3)."""
    seconds, fraction = timetag >> 32, timetag & 0xFFFF_FFFF
    era = 0 if seconds >> 31 else 1 << 32
    return era + seconds - _TO_1970 + fraction / (1 << 32)


def build(address: str, *arguments: float | str) -> bytes:
    """The packet of a message. What no OSC string can hold (NUL, half a surrogate pair) becomes '?'."""
    packet: bytes = build_msg(address, [_sendable(argument) for argument in arguments]).dgram
    return packet


def _elements(bundle: bytes) -> tuple[int, list[bytes]]:
    if len(bundle) < _HEADER:
        raise PacketError("a bundle without a time tag")
    elements = []
    at = _HEADER
    while at < len(bundle):
        size = int.from_bytes(bundle[at : at + 4], signed=True)
        at += 4
        if not 0 < size <= len(bundle) - at:
            raise PacketError(f"an element of {size} bytes where there are {max(len(bundle) - at, 0)}")
        elements.append(bundle[at : at + size])
        at += size
    return int.from_bytes(bundle[len(BUNDLE) : _HEADER]), elements


def beginning(packet: bytes) -> bytes:
    """Address and type tags of a message that is nothing but these and some bytes more; b"" for any other
    packet. What is in them is not looked at."""
    tags_at = (packet.find(b"\0") | 3) + 1  # strings are filled up to four bytes
    end = (packet.find(b"\0", tags_at) | 3) + 1
    return packet[:end] if 0 < tags_at < end < min(len(packet), _LONGEST_KEPT) else b""


@functools.lru_cache(256)
def numbers_of(begun: bytes) -> tuple[str, struct.Struct] | None:
    """The address of a message that begins so, and how its arguments lie; None unless all are numbers."""
    try:
        address, at = osc_types.get_string(begun, 0)
        tags, _ = osc_types.get_string(begun, at)
    except (osc_types.ParseError, UnicodeDecodeError):
        return None
    if not address.startswith("/") or not tags.startswith(",") or not _NUMBERS.keys() >= set(tags[1:]):
        return None
    return address, struct.Struct(">" + "".join(_NUMBERS[tag] for tag in tags[1:]))


def _message(data: bytes) -> Message:
    begun = beginning(data)
    if begun and (found := numbers_of(begun)) is not None:
        address, numbers = found
        if len(begun) + numbers.size <= len(data):
            return Message(address, numbers.unpack_from(data, len(begun)))
    return read_any(data)


def read_any(data: bytes) -> Message:
    """The message in a packet that is no bundle, by python-osc. Raises PacketError."""
    if not data.startswith(b"/"):
        raise PacketError("neither a message nor a bundle")
    try:
        address, at = osc_types.get_string(data, 0)
        if at < len(data):
            tags, after = osc_types.get_string(data, at)
            tags = tags.replace("I", "N")  # neither has bytes, and python-osc knows only nil
            if unknown := set(tags[1:]) - _KNOWN_TAGS:
                raise PacketError(f"arguments of an unknown type ({', '.join(sorted(unknown))})")
            data = data[:at] + osc_types.write_string(tags) + data[after:]
        return Message(address, tuple(OscMessage(data).params))
    except PacketError:
        raise
    # Besides its own errors python-osc lets out those of struct, datetime and the decoding of text.
    except Exception as error:
        raise PacketError(str(error)) from error


def _sendable(argument: float | str) -> float | str:
    if isinstance(argument, str):
        return argument.encode(errors="replace").replace(b"\0", b"?").decode()
    return argument

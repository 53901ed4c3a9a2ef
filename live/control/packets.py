"""What a datagram says: from bytes off the network to OSC messages.

python-osc parses the messages; what is around them is parsed here, since its bundles (1.10.2) may never
end: an element that gives its own size as -4 is read again for ever. And a message with a type tag that it
doesn't know is read on as if that argument had no bytes, so that the next one is garbage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.parsing import osc_types

BUNDLE: Final = b"#bundle\x00"
_HEADER: Final = len(BUNDLE) + 8  # the name and the timetag
_KNOWN_TAGS: Final = frozenset("ihfdsbrmtTFN[]")


class PacketError(Exception):
    """A datagram that isn't OSC."""


@dataclass(frozen=True, slots=True)
class Message:
    """One OSC message. arguments: int, float, str, bool, None, bytes, tuples and lists, as they came; an
    impulse (type tag I) is None, as nil is."""

    address: str
    arguments: tuple[object, ...]


def parse(datagram: bytes) -> list[Message]:
    """The messages of a datagram, those of bundles within bundles too, in their order.

    Timetags are not looked at: what a bundle holds is for now.
    Raises PacketError if any part of it can't be read; a bundle is taken whole or not at all.
    """
    messages = []
    parts = [datagram]  # still to be read, the next one last
    while parts:
        part = parts.pop()
        if part.startswith(BUNDLE):
            parts.extend(reversed(_elements(part)))
        else:
            messages.append(_message(part))
    return messages


def _elements(bundle: bytes) -> list[bytes]:
    if len(bundle) < _HEADER:
        raise PacketError("a bundle without a timetag")
    elements = []
    at = _HEADER
    while at < len(bundle):
        size = int.from_bytes(bundle[at : at + 4], signed=True)
        at += 4
        if not 0 < size <= len(bundle) - at:
            raise PacketError(f"an element of {size} bytes where there are {max(len(bundle) - at, 0)}")
        elements.append(bundle[at : at + size])
        at += size
    return elements


def _message(data: bytes) -> Message:
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


def build(address: str, *arguments: float | str) -> bytes:
    """The datagram of a message. What no OSC string can hold (NUL, half a surrogate pair) becomes '?'."""
    datagram: bytes = build_msg(address, [_sendable(argument) for argument in arguments]).dgram
    return datagram


def _sendable(argument: float | str) -> float | str:
    if isinstance(argument, str):
        return argument.encode(errors="replace").replace(b"\0", b"?").decode()
    return argument

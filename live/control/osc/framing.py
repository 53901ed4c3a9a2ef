"""Packets in a TCP stream: SLIP with an END at both ends (OSC 1.1; QLab, TouchOSC), or each packet behind
its size in four bytes (OSC 1.0; liblo's oscsend). The first byte of a client tells which.

What is broken inside one frame costs that frame; where no frame can be found any more, the stream is
hopeless.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol

from pythonosc import slip

from live.control.osc.packets import PacketError

MOST: Final = 65_535
"""Bytes of a packet, as of a datagram."""

_SIZE: Final = struct.Struct(">I")
_BEGINNINGS: Final = slip.END + b"/#"  # of SLIP; not every sender writes the first END


class HopelessError(Exception):
    """A stream in which no packet will be found any more."""


class Framing(Protocol):
    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete, as they came. Raises HopelessError."""

    def unwrap(self, frame: bytes) -> bytes:
        """The packet in a frame. Raises PacketError."""

    def wrap(self, packet: bytes) -> bytes:
        """The bytes that send a packet."""

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun that isn't complete."""


def framing_of(data: bytes) -> Framing:
    """The framing of a stream that begins so. Raises HopelessError if it isn't OSC's."""
    # No packet is of 16 MB, so that a size begins with a zero byte; SLIP's END is none.
    if data[:1] == b"\0":
        return Sized()
    if data[:1] in _BEGINNINGS:
        return Slip()
    raise HopelessError("a stream that isn't OSC, neither SLIP nor packets behind their size")


class Slip:
    """RFC 1055's framing; python-osc knows its escapes."""

    def __init__(self) -> None:
        self._begun = bytearray()

    @property
    def is_inside(self) -> bool:
        return bool(self._begun)

    def feed(self, data: bytes) -> list[bytes]:
        first, *others = data.split(slip.END)
        self._begun += first
        if not others:
            frames = []
        else:
            frames = [bytes(self._begun), *others[:-1]]
            self._begun = bytearray(others[-1])
        # Escapes may double a packet.
        if len(self._begun) > 2 * MOST:
            raise HopelessError(f"a SLIP frame without an end after {len(self._begun)} bytes")
        return [frame for frame in frames if frame]

    def unwrap(self, frame: bytes) -> bytes:
        try:
            packet: bytes = slip.decode(frame)
        except slip.ProtocolError:
            raise PacketError("a SLIP frame with a broken escape") from None
        return packet

    def wrap(self, packet: bytes) -> bytes:
        framed: bytes = slip.encode(packet)
        return framed


class Sized:
    """Each packet behind its size, a big-endian 32-bit integer."""

    def __init__(self) -> None:
        self._begun = bytearray()

    @property
    def is_inside(self) -> bool:
        return bool(self._begun)

    def feed(self, data: bytes) -> list[bytes]:
        self._begun += data
        frames = []
        at = 0
        while len(self._begun) - at >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._begun, at)
            if not 0 < size <= MOST:
                raise HopelessError(f"a packet of {size} bytes in a stream; it may have 1 to {MOST}")
            end = at + _SIZE.size + size
            if end > len(self._begun):
                break
            frames.append(bytes(self._begun[at + _SIZE.size : end]))
            at = end
        del self._begun[:at]
        return frames

    def unwrap(self, frame: bytes) -> bytes:
        return frame

    def wrap(self, packet: bytes) -> bytes:
        return _SIZE.pack(len(packet)) + packet

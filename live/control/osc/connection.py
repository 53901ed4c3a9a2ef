"""A TCP client: frames in, and out what it has time for."""

from __future__ import annotations

import selectors
import socket
from typing import Final

from live.clock import Clock
from live.control.osc.framing import Framing, framing_of
from live.control.osc.sockets import Client, in_words, tend

PATIENCE: Final = 30.0
"""Seconds in which a frame must come to its end, and a client must read something of what waits."""

SILENCE: Final = 600.0
"""Seconds in which a client must say its first word."""

_CHUNK: Final = 65_536


class Connection:
    """One TCP client. What it doesn't read waits, of each address the newest.

    It is a `Peer`, who is told from its first frame on: only that tells which framing it understands.
    """

    def __init__(
        self, connected: socket.socket, client: Client, selector: selectors.BaseSelector, clock: Clock
    ) -> None:
        tend(connected)
        self.name = f"OSC {in_words(client)}"
        self.client = client
        self.heard = clock.now()
        self.listens = True
        """Whether it wants to be told of changes."""
        self.broken = 0
        """Frames in a row that weren't OSC."""
        self.framing: Framing | None = None
        self._socket = connected
        self._selector = selector
        self._inside_since: float | None = None
        self._sending = b""
        self._waiting: dict[str, bytes] = {}
        self._unread_since = 0.0
        self._clock = clock
        selector.register(connected, selectors.EVENT_READ, self)

    def read(self) -> list[bytes]:
        """The frames that have come. Raises EOFError when the client has hung up, OSError when the line is
        broken, HopelessError when no frame will be found any more."""
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        if not data:
            raise EOFError
        if self.framing is None:
            self.framing = framing_of(data)
        frames = self.framing.feed(data)
        now = self._clock.now()
        if frames:
            self.heard = now
            self._inside_since = None
        if not self.framing.is_inside:
            self._inside_since = None
        elif self._inside_since is None:
            self._inside_since = now
        return frames

    def tell(self, address: str, packet: bytes) -> None:
        if self.framing is None:
            return
        if self._sending:
            self._waiting[address] = packet
        else:
            self._send(self.framing.wrap(packet))

    def flush(self) -> None:
        """Send of what waits as much as the client reads."""
        self._send(self._sending)

    def overdue(self) -> str:
        """Why it is time to hang up; "" while it isn't."""
        now = self._clock.now()
        if self._sending and now - self._unread_since >= PATIENCE:
            return f"a TCP client read nothing for {PATIENCE:g} s"
        if self._inside_since is not None and now - self._inside_since >= PATIENCE:
            return f"a TCP client left a frame without its end for {PATIENCE:g} s"
        if self.framing is None and now - self.heard >= SILENCE:
            return f"a TCP client said nothing for {SILENCE:g} s"
        return ""

    def close(self) -> None:
        """Hang up."""
        self._selector.unregister(self._socket)
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The same comes of reading, and there it is dealt with.
            sent, data = 0, b""
            self._waiting.clear()
        waited = bool(self._sending)
        if sent or not waited:
            self._unread_since = self._clock.now()
        self._sending = data[sent:]
        if not self._sending and self._waiting and self.framing is not None:
            self._sending = b"".join(map(self.framing.wrap, self._waiting.values()))
            self._waiting.clear()
        if bool(self._sending) != waited:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._sending else 0)
            self._selector.modify(self._socket, events, self)

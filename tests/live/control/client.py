"""Clients of the show's OSC, on real sockets of their own."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from types import TracebackType

from live.control.kinds import Message
from live.control.osc.framing import Framing, Slip
from live.control.osc.packets import build, parse


class _Client:
    """What both clients have in common: to send messages, and to wait for what comes back."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(10.0)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def send(self, address: str, *arguments: float | str) -> None:
        self.send_packet(build(address, *arguments))

    def send_packet(self, packet: bytes) -> None:
        raise NotImplementedError

    def hear(self) -> Message:
        """The next message; TimeoutError if none comes."""
        raise NotImplementedError

    def hear_until(self, address: str) -> list[Message]:
        """All messages up to the one with this address, without it."""
        heard = []
        while (message := self.hear()).address != address:
            heard.append(message)
        return heard

    def settle(self, prefix: str = "") -> list[Message]:
        """Wait until the show has heard all that was sent; what came back meanwhile."""
        self.send(prefix + "/ping")
        return self.hear_until(prefix + "/pong")

    def close(self) -> None:
        self._socket.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class OscClient(_Client):
    """Sends datagrams to a port of this machine, and hears what comes back."""

    def __init__(self, port: int | None = None, host: str = "127.0.0.1") -> None:
        """port: of the show; None to `connect` later."""
        super().__init__(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind((host, 0))
        if port is not None:
            self.connect(port)

    def connect(self, port: int) -> None:
        self._socket.connect(("127.0.0.1", port))

    def send_packet(self, packet: bytes) -> None:
        self._socket.send(packet)

    def hear(self) -> Message:
        ((_, message),) = parse(self._socket.recv(65535))
        return message

    def __enter__(self) -> OscClient:
        return self


class TcpClient(_Client):
    """Sends packets in a stream to a port of this machine, and hears what comes back."""

    def __init__(
        self, port: int, framing: Callable[[], Framing] = Slip, host: str = "127.0.0.1", room: int = 0
    ) -> None:
        """room: bytes that may come without being read; 0 for what the system gives."""
        connected = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if room:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connected.bind((host, 0))
        super().__init__(connected)
        connected.connect(("127.0.0.1", port))
        self._framing = framing()
        self._heard: list[bytes] = []

    def send_packet(self, packet: bytes) -> None:
        self.send_bytes(self._framing.wrap(packet))

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hear(self) -> Message:
        """The next message; EOFError if the show hangs up."""
        while not self._heard:
            self._heard += self._framing.feed(self._receive())
        ((_, message),) = parse(self._framing.unwrap(self._heard.pop(0)))
        return message

    def hear_to_the_end(self) -> list[Message]:
        """All messages until the show hangs up."""
        heard = []
        with contextlib.suppress(EOFError):
            while True:
                heard.append(self.hear())
        return heard

    def _receive(self) -> bytes:
        data = b""
        with contextlib.suppress(ConnectionError):  # which is another way to hang up
            data = self._socket.recv(65536)
        if not data:
            raise EOFError
        return data

    def __enter__(self) -> TcpClient:
        return self

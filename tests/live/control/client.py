"""A client of the show's OSC, on a real UDP socket of its own."""

from __future__ import annotations

import socket
from types import TracebackType

from live.control.packets import Message, build, parse


class OscClient:
    """Sends messages to a port of this machine, and hears what comes back."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(5.0)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def send(self, address: str, *arguments: float | str) -> None:
        self.send_bytes(build(address, *arguments))

    def send_bytes(self, datagram: bytes) -> None:
        self._socket.send(datagram)

    def hear(self) -> Message:
        """The next message; TimeoutError if none comes."""
        (message,) = parse(self._socket.recv(65535))
        return message

    def hear_until(self, address: str) -> list[Message]:
        """All messages up to the one with this address, without it."""
        heard = []
        while (message := self.hear()).address != address:
            heard.append(message)
        return heard

    def settle(self) -> list[Message]:
        """Wait until the show has heard all that was sent; what came back meanwhile."""
        self.send("/ping")
        return self.hear_until("/pong")

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> OscClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

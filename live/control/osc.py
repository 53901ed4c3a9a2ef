"""OSC: hears clients on one thread of its own, tells them what has changed.

One blocking receiver, because with a thread per message their order is lost. It looks at no timetags (a
message from the future is obeyed now), because python-osc waits for them and hears nothing meanwhile. It
obeys by putting commands into a queue, no more. Addresses are compared as they stand: a pattern (`/*`) is
an unknown address, so that none reaches the panic by accident and none is made into a regular expression,
on which a sender's row of asterisks can hang.

Besides the addresses of the table of controls:

    /ping            answers /pong
    /state           answers with the value of every control and every /status/…, then /state/end and the
                     number of the messages before it
    <address> ?      answers with the value of that control or status
    /status/…        what only the show itself can change: told to clients, at most 10 times a second
    /error <text>    to who sent something that can't be meant

Whoever has sent a message for one of these is told of every change, from any source, at the address of the
control, until 10 minutes after his last message.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from live.clock import Clock
from live.config import ControlSettings
from live.control import packets
from live.control.hub import Hub, News
from live.control.kinds import Message, Value
from models.faults import DeviceFault

Client: TypeAlias = tuple[Any, ...]
"""The address of a socket: host, port and, with IPv6, two more."""

MOST_CLIENTS: Final = 32
CLIENT_SECONDS: Final = 600.0
"""How long a client is told of changes after its last message."""

MOST_QUERIES: Final = 256
"""Questions kept for one frame."""

CONTROL_SECONDS: Final = 1 / 30
STATUS_SECONDS: Final = 1 / 10
ERROR_SECONDS: Final = 1 / 20
"""The least time between two messages: of one control, of one status, of an error to anybody."""

_QUERY: Final = ("?",)
_EVERYTHING: Final = "/state"
_STATUS: Final = "/status/"
_OUR_OWN: Final = (_STATUS, "/pong", "/error", "/state/end")
"""What only we say. Heard from another show it is no error, else two shows would complain to each other
for ever."""

_log = logging.getLogger(__name__)


class OscDesk:
    """The OSC side of the show."""

    def __init__(self, settings: ControlSettings, hub: Hub, clock: Clock) -> None:
        """Take the port. Raises DeviceFault if it can't be had."""
        self._clock = clock
        self._hub = hub
        self._host = settings.osc_host
        self._lock = threading.Lock()
        self._clients: dict[Client, float] = {}
        self._asked: dict[tuple[Client, str], int] = {}
        self._server = _bind(settings, self._hear)
        self._thread: threading.Thread | None = None
        self.note = ""

    @property
    def port(self) -> int:
        """The UDP port that it listens on."""
        port: int = self._server.server_address[1]
        return port

    def describe(self) -> str:
        """What it is, for the operator: 'OSC 127.0.0.1:9000'."""
        return f"OSC {self._host}:{self.port}"

    def status(self) -> dict[str, Value]:
        """Nothing."""
        return {}

    def start(self) -> None:
        """Begin to listen."""
        serve = self._server.serve_forever
        # It looks ten times a second whether it shall end.
        self._thread = threading.Thread(target=serve, args=(0.1,), name="osc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and give the port back; may be called twice."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def tell(self, news: News) -> None:
        """Tell clients what has changed, and answer what they asked."""
        now = self._clock.now()
        with self._lock:
            due = [(client, address) for (client, address), turn in self._asked.items() if turn < news.turn]
            for key in due:
                del self._asked[key]
            clients = [client for client, heard in self._clients.items() if now - heard < CLIENT_SECONDS]
        for address, value in news.changes.items():
            self._send(clients, address, *value)
        for client, asked in due:
            for address, value in news.values.items():
                if asked in (address, _EVERYTHING):
                    self._send([client], address, *value)
            if asked == _EVERYTHING:
                self._send([client], "/state/end", len(news.values))

    def _hear(self, client: Client, datagram: bytes) -> None:
        try:
            messages = packets.parse(datagram)
        except packets.PacketError as error:
            _log.warning("OSC from %s: a datagram isn't OSC: %s", client[0], error)
            return
        for message in messages:
            self._obey(client, message)

    def _obey(self, client: Client, message: packets.Message) -> None:
        with self._lock:
            self._clients[client] = self._clock.now()
        if message.address == "/ping":
            self._send([client], "/pong")
        elif message.address == _EVERYTHING or message.arguments == _QUERY:
            with self._lock:
                self._asked[client, message.address] = self._hub.turn
        else:
            asked = Message(message.address, message.arguments)
            for sentence in self._hub.hear(f"OSC {client[0]}:{client[1]}", [asked]):
                self._send([client], "/error", sentence)

    def _send(self, clients: Sequence[Client], address: str, *arguments: Value) -> None:
        datagram = packets.build(address, *arguments)
        for client in clients:
            # A client that is gone or a network that is full is no matter of the show's.
            with contextlib.suppress(OSError):
                self._server.socket.sendto(datagram, client)


class _Ears(Dispatcher):
    """python-osc's way from a datagram to a handler, without its pattern matching and its waiting."""

    def __init__(self, hear: Callable[[Client, bytes], None]) -> None:
        super().__init__(strict_timing=False)
        self._hear = hear

    def call_handlers_for_packet(self, data: bytes, client_address: Client) -> list[object]:
        self._hear(client_address, data)
        return []  # else it would be sent back


class _Server(BlockingOSCUDPServer):
    """One thread, one message after the other."""

    max_packet_size = 65535

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002
        """Everything is heard, so that what isn't OSC is counted."""
        return True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """What is raised here is a bug; it must not stop the listening."""
        _log.exception("a message from %s couldn't be handled", client_address)


def _bind(settings: ControlSettings, hear: Callable[[Client, bytes], None]) -> _Server:
    host, port = settings.osc_host, settings.osc_port
    try:
        server = _Server((host, port), _Ears(hear))
    except (OSError, UnicodeError) as error:
        code = error.errno if isinstance(error, OSError) else None
        if code == errno.EADDRINUSE:
            raise DeviceFault(
                f"UDP port {port} on {host} is already in use, maybe by another show; close that program "
                "or choose another port by --osc-port"
            ) from None
        if code == errno.EACCES:
            raise DeviceFault(
                f"this user may not listen on UDP port {port}; choose one above 1023 by --osc-port"
            ) from None
        raise DeviceFault(
            f'control.osc_host "{host}" is no address of this machine; "127.0.0.1" hears this '
            'machine alone, "0.0.0.0" every network'
        ) from None
    # Never waits, neither for the network when it sends nor for a datagram that turned out to be broken.
    server.socket.setblocking(False)
    # Room for a burst that comes while the main thread holds the interpreter.
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return server

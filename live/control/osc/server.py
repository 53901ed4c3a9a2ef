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
import math
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from live.clock import Clock
from live.config import ControlSettings
from live.control import packets
from live.control.controls import Control, Value, controls
from live.control.queue import CommandQueue
from live.show import Command, ShowState
from models.faults import DeviceFault, did_you_mean

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


class OscServer:
    """The OSC side of the show. `drain` and `publish` are for the main thread, once a frame."""

    def __init__(self, settings: ControlSettings, cities: Sequence[str], clock: Clock) -> None:
        """Take the port. Raises DeviceFault if it can't be had."""
        self._clock = clock
        self._host = settings.osc_host
        self._controls = {c.address: c for c in controls(tuple(cities)) if c.clients}
        self._queue = CommandQueue()
        self._lock = threading.Lock()
        self._clients: dict[Client, float] = {}  # when each was last heard, the longest ago first
        self._asked: dict[tuple[Client, str], None] = {}  # questions since the last drain, in order
        self._due: list[tuple[Client, str]] = []  # those from before it, to be answered by `publish`
        self._told: dict[str, tuple[tuple[Value, ...], float]] = {}  # what was last told, and when
        self._refused = 0
        self._logged: set[str] = set()
        self._error_told = -math.inf
        self._server = _bind(settings, self._hear)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The UDP port that it listens on."""
        port: int = self._server.server_address[1]
        return port

    @property
    def refused(self) -> int:
        """How many datagrams and messages couldn't be meant."""
        return self._refused

    def describe(self) -> str:
        """What it is, for the operator: 'OSC 127.0.0.1:9000'."""
        return f"OSC {self._host}:{self.port}"

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

    # The main thread

    def drain(self) -> list[Command]:
        """The commands since the last call, in the order in which they came."""
        with self._lock:
            # Asked before now: whoever sends a command and then asks is answered with its effect.
            self._due = [*self._due, *self._asked][:MOST_QUERIES]
            self._asked.clear()
            # Under the same lock, so that no command is left behind whose question was taken.
            return self._queue.drain()

    def publish(self, state: ShowState, status: Mapping[str, Value]) -> None:
        """Tell clients what has changed since the last call, and answer what was asked before `drain`.

        status: by name, what is told as /status/<name>.
        """
        now = self._clock.now()
        values: dict[str, tuple[Value, ...]] = {
            address: (control.value(state),) for address, control in self._controls.items() if control.value
        }
        values |= {_STATUS + name: (value,) for name, value in status.items()}
        values[_STATUS + "cities"] = state.cities
        with self._lock:
            due, self._due = self._due, []
            clients = [client for client, heard in self._clients.items() if now - heard < CLIENT_SECONDS]
        for address, value in values.items():
            told, told_at = self._told.get(address, ((), -math.inf))
            least = STATUS_SECONDS if address.startswith(_STATUS) else CONTROL_SECONDS
            if told != value and now - told_at >= least:
                self._told[address] = value, now
                self._send(clients, address, *value)
        for client, asked in due:
            for address, value in values.items():
                if asked in (address, _EVERYTHING):
                    self._send([client], address, *value)
            if asked == _EVERYTHING:
                self._send([client], "/state/end", len(values))

    # The receiver thread

    def _hear(self, client: Client, datagram: bytes) -> None:
        try:
            messages = packets.parse(datagram)
        except packets.PacketError as error:
            self._refuse(client, "packet", f"a datagram isn't OSC: {error}")
            return
        for message in messages:
            self._obey(client, message)

    def _obey(self, client: Client, message: packets.Message) -> None:
        address, arguments = message.address, message.arguments
        control = self._controls.get(address)
        is_query = arguments == _QUERY and (address.startswith(_STATUS) or (control and control.value))
        if address == "/ping":
            self._remember(client)
            self._send([client], "/pong")
        elif address == _EVERYTHING or is_query:
            self._ask(client, address)
        elif control:
            self._command(client, control, arguments)
        elif not address.startswith(_OUR_OWN):
            hint = did_you_mean(address[:40], self._controls, cutoff=0.7)
            self._refuse(client, "address", f"there is no {address[:40]} here{hint}")

    def _command(self, client: Client, control: Control[Any], arguments: tuple[object, ...]) -> None:
        try:
            command = control.read(arguments)
        except ValueError as error:
            self._refuse(client, control.address, str(error))
            return
        if len(arguments) > 1:
            surplus = f"{control.address} takes one argument, the others are ignored"
            self._log_once(surplus, client, surplus)
        if command is not None:
            with self._lock:
                self._queue.put(command)
        self._remember(client)

    def _ask(self, client: Client, address: str) -> None:
        self._remember(client)
        with self._lock:
            if len(self._asked) < MOST_QUERIES:
                self._asked[client, address] = None

    def _remember(self, client: Client) -> None:
        with self._lock:
            self._clients.pop(client, None)
            self._clients[client] = self._clock.now()
            if len(self._clients) > MOST_CLIENTS:
                # Of the machine that has most: a script whose every message comes from a new port must
                # not push out the tablet.
                crowd, _ = Counter(other[0] for other in self._clients).most_common(1)[0]
                del self._clients[next(other for other in self._clients if other[0] == crowd)]

    def _refuse(self, client: Client, reason: str, sentence: str) -> None:
        sentence = "".join(c if c.isprintable() else "·" for c in sentence[:300])  # it may quote the client
        self._refused += 1
        self._log_once(reason, client, sentence)
        now = self._clock.now()
        if reason != "packet" and now - self._error_told >= ERROR_SECONDS:
            self._error_told = now
            self._send([client], "/error", sentence)

    def _log_once(self, reason: str, client: Client, sentence: str) -> None:
        if reason not in self._logged:
            self._logged.add(reason)
            _log.warning("OSC from %s: %s (said once)", client[0], sentence)

    # Both threads

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

"""OSC: hears clients on one thread of its own, over UDP and TCP, and tells them what has changed.

One thread owns all sockets and knows all clients, so that none of this needs a lock and messages keep their
order. It never waits for anything but sockets: what a bundle holds for later is handed to the hub with its
time. A flood doesn't wake it for every message: it naps a moment between two looks, and leaves the
interpreter to those who make the pictures.
"""

from __future__ import annotations

import contextlib
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from live.clock import Clock
from live.config import ControlSettings
from live.control.hub import Hub, News
from live.control.kinds import Value
from live.control.osc import packets, peers
from live.control.osc.allow import AllowList
from live.control.osc.connection import Connection
from live.control.osc.framing import HopelessError
from live.control.osc.peers import Peer, Peers, one_too_many
from live.control.osc.reception import Reception
from live.control.osc.sockets import Client, bind, find, is_loopback
from live.control.osc.thinning import Thinning

NAP: Final = 0.004
"""Seconds between two looks at the sockets when much comes."""

MOST_BROKEN: Final = 10
"""Frames in a row that aren't OSC until a TCP client is hung up on."""

_AT_ONCE: Final = 512
"""Datagrams that are taken before the other sockets have their turn."""
_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether TCP clients are overdue."""


class OscDesk:
    """The OSC side of the show, a `Desk` of the hub. All but its public methods runs on its own thread."""

    def __init__(
        self, settings: ControlSettings, hub: Hub, clock: Clock, wall: Callable[[], float] = time.time
    ) -> None:
        """Take the port. wall: seconds since 1970, of which time tags are. Raises DeviceFault if the port
        can't be had."""
        self._clock = clock
        self._host = settings.osc_host
        self._allowed = AllowList(settings.allow)
        self._udp, self._tcp = bind(settings.osc_host, settings.osc_port)
        self._bound: Client = self._udp.getsockname()
        targets = {target: find(target, self._udp.family) for target in settings.osc_targets}
        self._lost = [target.rpartition(":")[0] for target, client in targets.items() if client is None]
        self._peers = Peers(self._udp, [client for client in targets.values() if client is not None])
        self._reception = Reception(hub, self._peers, settings.osc_prefix, clock, wall, self._pass_on)
        self._thinning = Thinning(hub.controls, settings.osc_prefix)
        self._buffer = memoryview(bytearray(65_536))
        # By the machine's time, since this is about its processor and not about the show:
        self._woken = self._looked = -math.inf
        # From other threads to this one:
        self._lock = threading.Lock()
        self._news: News | None = None
        self._changes: dict[str, tuple[Value, ...]] = {}
        self._brought: list[tuple[Peer, bytes]] = []
        self._bell, self._hand = socket.socketpair()
        self._ending = False
        self._thread: threading.Thread | None = None
        self._selector = selectors.DefaultSelector()
        for sock in (self._udp, self._tcp, self._bell, self._hand):
            sock.setblocking(False)
        self._selector.register(self._udp, selectors.EVENT_READ, self._hear_udp)
        self._selector.register(self._tcp, selectors.EVENT_READ, self._accept)
        self._selector.register(self._bell, selectors.EVENT_READ, self._rung)

    # Any thread

    @property
    def port(self) -> int:
        """The UDP and TCP port that it listens on."""
        port: int = self._bound[1]
        return port

    @property
    def refused(self) -> int:
        """How many packets and messages couldn't be meant."""
        return self._reception.refused

    @property
    def note(self) -> str:
        notes = []
        if not is_loopback(self._bound) and not self._allowed:
            notes.append(
                "anybody on this network may steer the show by OSC; control.allow can name who may"
            )
        if self._lost:
            names = ", ".join(self._lost)
            notes.append(
                f"control.osc_targets: no machine is known by the name {names}; it is told nothing"
            )
        return "; ".join(notes)

    def describe(self) -> str:
        """What it is, for the operator: 'OSC 127.0.0.1:9000'."""
        return f"OSC {self._host}:{self.port}"

    def status(self) -> Mapping[str, Value]:
        """How many it tells of changes."""
        return {"clients": self._reception.told}

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and give the port back; may be called twice."""
        self._ending = True
        if self._thread is not None:
            self._ring()
            self._thread.join()
            self._thread = None
        for connection in list(self._peers.connections):
            self._hang_up(connection)
        self._selector.close()
        for sock in (self._udp, self._tcp, self._bell, self._hand):
            sock.close()

    def tell(self, news: News) -> None:
        with self._lock:
            self._news = news
            self._changes.update(news.changes)
        if self._reception.asked or (news.changes and self._reception.told):
            self._ring()

    def bring(self, peer: Peer, packet: bytes) -> bool:
        """Hear a packet that came another way; the peer is answered on the thread of this desk. False, and
        nothing is heard, if too many wait."""
        with self._lock:
            if len(self._brought) >= _AT_ONCE:
                return False
            self._brought.append((peer, packet))
        self._ring()
        return True

    def _ring(self) -> None:
        # When its buffer is full it has rung already; when it is closed nobody is there.
        with contextlib.suppress(OSError):
            self._hand.send(b"!")

    # The thread

    def _run(self) -> None:
        while not self._ending:
            before = self._woken
            try:
                self._turn()
            except Exception:  # a bug; it must not stop the listening
                self._reception.fail()
            if self._woken - before < NAP:
                # A flood that takes longer than a nap leaves others half of the time.
                time.sleep(max(NAP, time.monotonic() - self._woken))

    def _turn(self) -> None:
        """Wait for something to do and do it."""
        ready = self._selector.select(_LOOK_SECONDS)
        woken = self._woken = time.monotonic()
        self._pass_on()
        for key, events in ready:
            if isinstance(key.data, Connection):
                self._serve(key.data, events)
            else:
                key.data()
        if woken - self._looked >= _LOOK_SECONDS:
            self._looked = woken
            self._look_after_connections()

    def _pass_on(self) -> None:
        """Tell of what has changed since the last call."""
        with self._lock:
            news, self._news = self._news, None
            changes, self._changes = self._changes, {}
        if news is not None:
            self._reception.pass_on(news, changes)

    def _rung(self) -> None:
        self._bell.recv(4096)
        with self._lock:
            brought, self._brought = self._brought, []
        for peer, packet in brought:
            self._reception.hear(peer, packet)

    def _hear_udp(self) -> None:
        for client, packet in self._thinning.thinned(self._datagrams()):
            self._reception.hear(self._peers.at(client, self._clock.now()), packet)

    def _datagrams(self) -> Iterator[tuple[Client, bytes]]:
        """What has come by UDP from those who are allowed."""
        for _ in range(_AT_ONCE):
            try:
                size, client = self._udp.recvfrom_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # Windows tells so that somebody to whom was sent is gone
            if self._allowed.allows(client[0]):
                yield client, bytes(self._buffer[:size])
            else:
                self._reception.drop(client[0])

    def _accept(self) -> None:
        try:
            connected, client = self._tcp.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError as error:  # too many open files, or the like
            self._reception.complaints.add("accept", "OSC", f"no more TCP clients: {error}")
            self._selector.unregister(self._tcp)  # until the next look after the connections
            return
        if not self._allowed.allows(client[0]):
            connected.close()
            self._reception.drop(client[0])
            return
        self._peers.connections.append(Connection(connected, client, self._selector, self._clock))
        if len(self._peers.connections) > peers.MOST:
            self._hang_up(one_too_many(self._peers.connections))

    def _serve(self, connection: Connection, events: int) -> None:
        if connection not in self._peers.connections:
            return  # hung up on since
        try:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            if events & selectors.EVENT_READ:
                for frame in connection.read():
                    self._unwrap(connection, frame)
        except HopelessError as error:
            self._reception.refuse(connection, "stream", f"{error}; the connection is closed")
            self._hang_up(connection)
        except (EOFError, OSError):
            self._hang_up(connection)

    def _unwrap(self, connection: Connection, frame: bytes) -> None:
        assert connection.framing is not None
        try:
            was_osc = self._reception.hear(connection, connection.framing.unwrap(frame))
        except packets.PacketError as error:
            was_osc = False
            self._reception.refuse(connection, "packet", f"a packet isn't OSC: {error}")
        connection.broken = 0 if was_osc else connection.broken + 1
        if connection.broken >= MOST_BROKEN:
            raise HopelessError(f"{MOST_BROKEN} packets in a row weren't OSC")

    def _look_after_connections(self) -> None:
        if self._tcp not in self._selector.get_map():
            self._selector.register(self._tcp, selectors.EVENT_READ, self._accept)
        for connection in list(self._peers.connections):
            if why := connection.overdue():
                self._reception.complaints.add(
                    "overdue", connection.name, f"{why}; the connection is closed"
                )
                self._hang_up(connection)

    def _hang_up(self, connection: Connection) -> None:
        self._peers.connections.remove(connection)
        connection.close()

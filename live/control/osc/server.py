"""OSC: hears clients on one thread of its own, over UDP and TCP, and tells them what has changed.

One thread owns all sockets and knows all clients, so that none of this needs a lock and messages keep their
order. It never waits for anything but sockets: what a bundle holds for later is handed to the hub with its
time. A flood doesn't wake it for every message: it naps a moment between two looks, and leaves the
interpreter to those who make the pictures.

Besides the addresses of the table of controls and OSC patterns of them:

    /ping                answers /pong
    /state               answers with the value of every control and every /status/…, then /state/end and
                         the number of the messages before it
    <address> ?          answers with the value of that control or status
    /subscribe [port]    from now on tells the sender, or a port of its machine, of every change; begins
                         with all values, as /state does
    /unsubscribe [port]  no more
    /status/…            what only the show itself can change
    /error <text>        to who sent something that can't be meant

Told of every change, from any source, at the address of the control, are: who has sent a message for one of
these in the last 10 minutes, subscribers, TCP clients and the targets of the show file.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from live.clock import Clock
from live.config import ControlSettings
from live.control.hub import STATUS, Hub, News
from live.control.kinds import Message, Value
from live.control.osc import packets, peers
from live.control.osc.allow import AllowList
from live.control.osc.complaints import Complaints, printable
from live.control.osc.connection import Connection
from live.control.osc.framing import HopelessError
from live.control.osc.patterns import Pattern, PatternError, is_pattern
from live.control.osc.peers import Peer, Peers, UdpPeer, one_too_many
from live.control.osc.sockets import Client, bind, find, is_loopback
from live.control.osc.thinning import Thinning

MOST_QUERIES: Final = 256
"""Questions that wait for an answer."""

HORIZON: Final = 2.0
"""Seconds that a bundle may be ahead; one for later is obeyed at once: its sender's clock is wrong."""

NAP: Final = 0.002
"""Seconds between two looks at the sockets when much comes."""

ERROR_SECONDS: Final = 1 / 20
"""The least time between two errors that anybody is told."""

MOST_BROKEN: Final = 10
"""Frames in a row that aren't OSC until a TCP client is hung up on."""

_AT_ONCE: Final = 512
"""Datagrams that are taken before the other sockets have their turn."""
_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether TCP clients are overdue."""

ITSELF: Final = "/value"
"""What may stand behind the address of what has a value: OSCQuery lists a control that holds others (/city,
/city/next) so once more, since some programs show it as a folder."""

_QUERY: Final = ("?",)
_EVERYTHING: Final = "/state"
_PING: Final = "/ping"
_SUBSCRIBE: Final = "/subscribe"
_UNSUBSCRIBE: Final = "/unsubscribe"
_OUR_OWN: Final = (STATUS, "/pong", "/error", "/state/end")
"""What only we say. Heard from another show it is no error, else two shows would complain to each other
for ever."""

_log = logging.getLogger(__name__)


class OscDesk:
    """The OSC side of the show, a `Desk` of the hub. All but its public methods runs on its own thread."""

    def __init__(
        self, settings: ControlSettings, hub: Hub, clock: Clock, wall: Callable[[], float] = time.time
    ) -> None:
        """Take the port. wall: seconds since 1970, of which time tags are. Raises DeviceFault if the port
        can't be had."""
        self._hub = hub
        self._clock = clock
        self._wall = wall
        self._host = settings.osc_host
        self._prefix = settings.osc_prefix
        self._allowed = AllowList(settings.allow)
        self._udp, self._tcp = bind(settings.osc_host, settings.osc_port)
        self._bound: Client = self._udp.getsockname()
        targets = {target: find(target, self._udp.family) for target in settings.osc_targets}
        self._lost = [target.rpartition(":")[0] for target, client in targets.items() if client is None]
        self._peers = Peers(self._udp, [client for client in targets.values() if client is not None])
        self._connections: list[Connection] = []
        self._told = len(self._everybody())
        self._asked: dict[tuple[Peer, str], int] = {}  # what wasn't answered yet, and in which turn it came
        self._complaints = Complaints()
        self._refused = 0
        self._error_told = -math.inf
        self._buffer = memoryview(bytearray(65_536))
        self._matching = functools.lru_cache(64)(self._matches)
        self._thinning = Thinning(hub.controls, self._prefix)
        self._looked = -math.inf
        self._failed = False
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
        return self._refused

    @property
    def note(self) -> str:
        notes = []
        if not is_loopback(self._bound) and not self._allowed:
            notes.append(
                f"anybody who reaches {self._host} may steer the show by OSC; control.allow names who may"
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
        return {"clients": self._told}

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
        for connection in list(self._connections):
            self._hang_up(connection)
        self._selector.close()
        for sock in (self._udp, self._tcp, self._bell, self._hand):
            sock.close()

    def tell(self, news: News) -> None:
        with self._lock:
            self._news = news
            self._changes.update(news.changes)
        if self._asked or (news.changes and self._told):
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
        woken = -math.inf
        while not self._ending:
            before = woken
            try:
                woken = self._turn()
            except Exception:  # a bug; it must not stop the listening
                self._fail()
            if woken - before < NAP:
                # A flood that takes longer than a nap leaves others half of the time.
                time.sleep(max(NAP, time.monotonic() - woken))

    def _turn(self) -> float:
        """Wait for something to do and do it; when it came, by the machine's time, since this is about its
        processor and not about the show."""
        ready = self._selector.select(_LOOK_SECONDS)
        woken = time.monotonic()
        self._pass_on()
        for key, events in ready:
            if isinstance(key.data, Connection):
                self._serve(key.data, events)
            else:
                key.data()
        if woken - self._looked >= _LOOK_SECONDS:
            self._looked = woken
            self._look_after_connections()
        return woken

    def _fail(self) -> None:
        if not self._failed:
            _log.exception("a message couldn't be handled (said once)")
        self._failed = True

    def _rung(self) -> None:
        self._bell.recv(4096)
        with self._lock:
            brought, self._brought = self._brought, []
        for peer, packet in brought:
            self._hear(peer, packet)

    def _hear_udp(self) -> None:
        for client, packet in self._thinning.thinned(self._datagrams()):
            self._hear(self._peers.at(client, self._clock.now()), packet)

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
                self._drop(client[0])

    def _accept(self) -> None:
        try:
            connected, client = self._tcp.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError as error:  # too many open files, or the like
            self._complaints.add("accept", "OSC", f"no more TCP clients: {error}")
            self._selector.unregister(self._tcp)  # until the next look after the connections
            return
        if not self._allowed.allows(client[0]):
            connected.close()
            self._drop(client[0])
            return
        self._connections.append(Connection(connected, client, self._selector, self._clock))
        if len(self._connections) > peers.MOST:
            self._hang_up(one_too_many(self._connections))

    def _serve(self, connection: Connection, events: int) -> None:
        if connection not in self._connections:
            return  # hung up on since
        try:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            if events & selectors.EVENT_READ:
                for frame in connection.read():
                    self._unwrap(connection, frame)
        except HopelessError as error:
            self._refuse(connection, "stream", f"{error}; the connection is closed")
            self._hang_up(connection)
        except (EOFError, OSError):
            self._hang_up(connection)

    def _unwrap(self, connection: Connection, frame: bytes) -> None:
        assert connection.framing is not None
        try:
            was_osc = self._hear(connection, connection.framing.unwrap(frame))
        except packets.PacketError as error:
            was_osc = False
            self._refuse(connection, "packet", f"a packet isn't OSC: {error}")
        connection.broken = 0 if was_osc else connection.broken + 1
        if connection.broken >= MOST_BROKEN:
            raise HopelessError(f"{MOST_BROKEN} packets in a row weren't OSC")

    def _look_after_connections(self) -> None:
        if self._tcp not in self._selector.get_map():
            self._selector.register(self._tcp, selectors.EVENT_READ, self._accept)
        for connection in list(self._connections):
            if why := connection.overdue():
                self._complaints.add("overdue", connection.name, f"{why}; the connection is closed")
                self._hang_up(connection)

    def _hang_up(self, connection: Connection) -> None:
        self._connections.remove(connection)
        connection.close()

    def _drop(self, host: str) -> None:
        self._refused += 1
        self._complaints.add("dropped", f"OSC {host}", "is not in control.allow and isn't heard")

    # What a packet says

    def _hear(self, peer: Peer, packet: bytes) -> bool:
        """Obey a packet; whether it was OSC."""
        try:
            self._obey_all(peer, packets.parse(packet))
        except packets.PacketError as error:
            self._refuse(peer, "packet", f"a packet isn't OSC: {error}")
            return False
        except Exception:  # a bug; what came with this packet is heard all the same
            self._fail()
        return True

    def _obey_all(self, peer: Peer, timed: Sequence[packets.Timed]) -> None:
        # All that is for the same moment is obeyed in the same turn.
        moments: dict[float | None, list[Message]] = {}
        for timetag, message in timed:
            moments.setdefault(self._due(peer, timetag), []).append(message)
        for due, messages in moments.items():
            self._obey(peer, messages, due)

    def _due(self, peer: Peer, timetag: int) -> float | None:
        """The show's time of a time tag; None for now."""
        if timetag == packets.IMMEDIATELY:
            return None
        ahead = packets.unix_time(timetag) - self._wall()
        if ahead > HORIZON:
            self._complaints.add(
                "time",
                peer.name,
                f"a bundle is for {ahead:.1f} s ahead, more than {HORIZON:g}, and is obeyed at once; "
                "are the clocks of both machines right?",
            )
            return None
        return None if ahead <= 0 else self._clock.now() + ahead

    def _obey(self, peer: Peer, given: Sequence[Message], due: float | None) -> None:
        controls = self._hub.controls
        wanted, others = [], []
        for message in given:
            if self._prefix:
                if not message.address.startswith(self._prefix + "/"):
                    self._pass_over(peer, message.address)
                    continue
                message = replace(message, address=message.address[len(self._prefix) :])
            if message.address.endswith(ITSELF) and message.address not in controls:
                message = replace(message, address=message.address.removesuffix(ITSELF))
            if message.arguments == _QUERY or message.address[:1] != "/":
                others.append(message)
            elif message.address in controls:
                wanted.append(message)
            elif is_pattern(message.address):
                wanted += self._meant(peer, message)
            else:
                others.append(message)
        if wanted:
            self._remember(peer)
            for sentence in self._hub.hear(peer.name, wanted, due):
                self._refuse(peer, sentence.split(" ", 1)[0], sentence)
        # Behind what stands with them in a bundle, so that they are answered with its effect.
        for message in others:
            self._reply(peer, message)

    def _meant(self, peer: Peer, message: Message) -> list[Message]:
        """The messages that a pattern stands for."""
        pattern, controls = message.address, self._hub.controls
        try:
            found = self._matching(pattern)
        except PatternError as error:
            self._refuse(peer, "pattern", str(error))
            return []
        if not found:
            self._refuse(peer, "pattern", f"the pattern {pattern[:40]} matches no control")
        if exact := [address for address in found if controls[address].exact]:
            names = ", ".join(exact)
            self._refuse(
                peer, "exact", f"the pattern {pattern[:40]} doesn't reach {names}: no pattern does"
            )
        return [Message(address, message.arguments) for address in found if address not in exact]

    def _matches(self, pattern: str) -> tuple[str, ...]:
        """The controls that a pattern matches. Raises PatternError."""
        return tuple(filter(Pattern(pattern).matches, self._hub.controls))

    def _reply(self, peer: Peer, message: Message) -> None:
        address, arguments = message.address, message.arguments
        if address == _PING:
            self._pass_on()  # what was told before it comes first
            self._remember(peer)
            peer.tell("/pong", packets.build(self._prefix + "/pong"))
        elif address == _EVERYTHING:
            self._ask(peer, [address])
        elif address in (_SUBSCRIBE, _UNSUBSCRIBE):
            self._subscription(peer, message)
        elif arguments == _QUERY and (asked := self._asked_for(peer, address)):
            self._ask(peer, asked)
        elif not address.startswith(_OUR_OWN):
            for sentence in self._hub.hear(peer.name, [message]):
                known = address in self._hub.controls
                self._refuse(peer, address if known else "address", sentence)

    def _asked_for(self, peer: Peer, address: str) -> list[str]:
        """What a question at this address asks for; nothing if nothing there has a value."""
        values = self._hub.values()
        if address in values:
            return [address]
        try:
            return list(filter(Pattern(address).matches, values)) if is_pattern(address) else []
        except PatternError as error:
            self._refuse(peer, "pattern", str(error))
            return []

    def _subscription(self, peer: Peer, message: Message) -> None:
        try:
            port = _port_of(message.arguments)
        except ValueError as error:
            self._refuse(peer, message.address, f"{message.address} {error}")
            return
        starts = message.address == _SUBSCRIBE
        if isinstance(peer, Connection) and port is None:
            peer.listens = starts
        else:
            client = peer.client if port is None else (peer.client[0], port, *peer.client[2:])
            if starts:
                peer = self._peers.subscribe(client, self._clock.now())
            else:
                self._peers.unsubscribe(client)
        if starts:
            self._ask(peer, [_EVERYTHING])

    def _ask(self, peer: Peer, addresses: Sequence[str]) -> None:
        self._remember(peer)
        for address in addresses:
            if len(self._asked) < MOST_QUERIES:
                self._asked[peer, address] = self._hub.turn

    def _remember(self, peer: Peer) -> None:
        if isinstance(peer, UdpPeer):
            self._peers.remember(peer, self._clock.now())
        self._told = self._told or 1  # it is counted when there is something to tell

    # What is told

    def _everybody(self) -> list[Peer]:
        """Those who are told of changes now."""
        return [
            *self._peers.told(self._clock.now()),
            *(c for c in self._connections if c.listens and c.framing is not None),
        ]

    def _pass_on(self) -> None:
        """Tell of the changes since the last call, and answer what was asked before them."""
        with self._lock:
            news, self._news = self._news, None
            changes, self._changes = self._changes, {}
        if news is None:
            return
        everybody = self._everybody()
        self._told = len(everybody)
        for address, value in changes.items() if everybody else ():
            self._send(everybody, address, *value)
        answered = [question for question, turn in self._asked.items() if turn < news.turn]
        for peer, asked in answered:
            del self._asked[peer, asked]
            if asked == _EVERYTHING:
                for address, value in news.values.items():
                    self._send([peer], address, *value)
                self._send([peer], "/state/end", len(news.values))
            elif asked in news.values:
                self._send([peer], asked, *news.values[asked])

    def _send(self, told: Sequence[Peer], address: str, *arguments: Value) -> None:
        packet = packets.build(self._prefix + address, *arguments)
        for peer in told:
            peer.tell(address, packet)

    # What can't be meant

    def _refuse(self, peer: Peer, reason: str, sentence: str) -> None:
        """Complain to the log and to the sender. reason: what is counted together."""
        self._refused += 1
        sentence = printable(sentence)
        self._complaints.add(reason, peer.name, sentence)
        now = self._clock.now()
        # Who sends by UDP what isn't OSC wouldn't understand the answer.
        understands = reason != "packet" or not isinstance(peer, UdpPeer)
        if understands and now - self._error_told >= ERROR_SECONDS:
            self._error_told = now
            self._send([peer], "/error", sentence)

    def _pass_over(self, peer: Peer, address: str) -> None:
        # Not told, since it may come of another show on this network.
        self._refused += 1
        sentence = f"{address[:40]} isn't for this show, whose addresses begin with {self._prefix}"
        self._complaints.add("prefix", peer.name, printable(sentence))


def _port_of(arguments: Sequence[object]) -> int | None:
    """The port that is meant; None for the sender's own. Raises ValueError."""
    if not arguments or arguments[0] is None:
        return None
    wanted = arguments[0]
    if isinstance(wanted, str | int | float) and not isinstance(wanted, bool):
        with contextlib.suppress(ValueError, OverflowError):
            if float(wanted).is_integer() and 1 <= float(wanted) <= 65_535:
                return int(float(wanted))
    raise ValueError(f"takes a port from 1 to 65535 or nothing, not {str(wanted)[:40]}")

"""What clients say by OSC and what they are told, whatever sockets are between.

What is meant for a control goes to the hub, all of a bundle at once and with its time; what is asked is
kept until the hub tells the news of a later turn, so that a question is answered with the effect of what
was said before it.

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from live.clock import Clock
from live.control.hub import STATUS, Hub, News
from live.control.kinds import Message, Value
from live.control.osc import packets
from live.control.osc.complaints import Complaints, printable
from live.control.osc.connection import Connection
from live.control.osc.patterns import Pattern, PatternError, is_pattern
from live.control.osc.peers import Peer, Peers, UdpPeer

MOST_QUERIES: Final = 256
"""Questions that wait for an answer."""

HORIZON: Final = 2.0
"""Seconds that a bundle may be ahead; one for later is obeyed at once: its sender's clock is wrong."""

ERROR_SECONDS: Final = 1 / 20
"""The least time between two errors that one machine is told."""

MOST_TOLD: Final = 100
"""Machines of which it is known when they were last told an error."""

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


class Reception:
    """Hears packets and passes on news. It is for one thread; others may look at `told` and `asked`.

    told: how many are told of changes. asked: what isn't answered yet, each with the turn in which it came.
    refused: how many packets and messages couldn't be meant.
    """

    def __init__(
        self,
        hub: Hub,
        peers: Peers,
        prefix: str,
        clock: Clock,
        wall: Callable[[], float],
        catch_up: Callable[[], None],
    ) -> None:
        """wall: seconds since 1970, of which time tags are. catch_up: passes on the news that there are."""
        self.complaints = Complaints()
        self.peers = peers
        self.told = len(peers.told(clock.now()))
        self.asked: dict[tuple[Peer, str], int] = {}
        self.refused = 0
        self._hub = hub
        self._prefix = prefix
        self._clock = clock
        self._wall = wall
        self._catch_up = catch_up
        self._matching = functools.lru_cache(64)(self._matches)
        self._error_told: dict[str, float] = {}  # when, by host
        self._failed = False

    def hear(self, peer: Peer, packet: bytes) -> bool:
        """Obey a packet; whether it was OSC."""
        try:
            self._obey_all(peer, packets.parse(packet))
        except packets.PacketError as error:
            self.refuse(peer, "packet", f"a packet isn't OSC: {error}")
            return False
        except Exception:  # a bug; what came with this packet is heard all the same
            self.fail()
        return True

    def _obey_all(self, peer: Peer, timed: Sequence[packets.Timed]) -> None:
        # All that is for the same moment is obeyed in the same turn: when that is may be asked only once.
        dues = {timetag: self._due(peer, timetag) for timetag in dict.fromkeys(tag for tag, _ in timed)}
        moments: dict[float | None, list[Message]] = {}
        for timetag, message in timed:
            moments.setdefault(dues[timetag], []).append(message)
        for due, messages in moments.items():
            self._obey(peer, messages, due)

    def _due(self, peer: Peer, timetag: int) -> float | None:
        """The show's time of a time tag; None for now."""
        if timetag == packets.IMMEDIATELY:
            return None
        ahead = packets.unix_time(timetag) - self._wall()
        if ahead > HORIZON:
            self.complaints.add(
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
            if message.arguments == _QUERY:
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
                self.refuse(peer, sentence.split(" ", 1)[0], sentence)
        # Behind what stands with them in a bundle, so that they are answered with its effect.
        for message in others:
            self._reply(peer, message)

    def _meant(self, peer: Peer, message: Message) -> list[Message]:
        """The messages that a pattern stands for."""
        pattern, controls = message.address, self._hub.controls
        try:
            found = self._matching(pattern)
        except PatternError as error:
            self.refuse(peer, "pattern", str(error))
            return []
        if not found:
            self.refuse(peer, "pattern", f"the pattern {pattern[:40]} matches no control")
        if exact := [address for address in found if controls[address].exact]:
            names = ", ".join(exact)
            self.refuse(peer, "exact", f"the pattern {pattern[:40]} doesn't reach {names}: no pattern does")
        return [Message(address, message.arguments) for address in found if address not in exact]

    def _matches(self, pattern: str) -> tuple[str, ...]:
        """The controls that a pattern matches. Raises PatternError."""
        return tuple(filter(Pattern(pattern).matches, self._hub.controls))

    def _reply(self, peer: Peer, message: Message) -> None:
        address, arguments = message.address, message.arguments
        if address == _PING:
            self._catch_up()  # what was told before it comes first
            self._remember(peer)
            peer.tell("/pong", packets.build(self._prefix + "/pong"))
        elif address == _EVERYTHING:
            self._remember(peer)
            self._ask(peer, [address])
        elif address in (_SUBSCRIBE, _UNSUBSCRIBE):
            self._subscription(peer, message)
        elif arguments == _QUERY and (asked := self._asked_for(peer, address)):
            self._remember(peer)
            self._ask(peer, asked)
        elif not address.startswith(_OUR_OWN):
            for sentence in self._hub.hear(peer.name, [message]):
                known = address in self._hub.controls
                self.refuse(peer, address if known else "address", sentence)

    def _asked_for(self, peer: Peer, address: str) -> list[str]:
        """What a question at this address asks for; nothing if nothing there has a value."""
        values = self._hub.values()
        if address in values:
            return [address]
        try:
            return list(filter(Pattern(address).matches, values)) if is_pattern(address) else []
        except PatternError as error:
            self.refuse(peer, "pattern", str(error))
            return []

    def _subscription(self, peer: Peer, message: Message) -> None:
        try:
            port = _port_of(message.arguments)
        except ValueError as error:
            self.refuse(peer, message.address, f"{message.address} {error}")
            return
        starts = message.address == _SUBSCRIBE
        if isinstance(peer, Connection) and port is None:
            peer.listens = starts
        elif isinstance(peer, UdpPeer) or port is not None:
            client = peer.client if port is None else (peer.client[0], port, *peer.client[2:])
            if starts:
                peer = self.peers.subscribe(client, self._clock.now())
            else:
                self.peers.unsubscribe(client)
        if starts:
            self.told = self.told or 1
            self._ask(peer, [_EVERYTHING])

    def _ask(self, peer: Peer, addresses: Sequence[str]) -> None:
        for address in addresses:
            if len(self.asked) < MOST_QUERIES:
                self.asked[peer, address] = self._hub.turn

    def _remember(self, peer: Peer) -> None:
        if isinstance(peer, UdpPeer):
            self.peers.remember(peer, self._clock.now())
        self.told = self.told or 1  # it is counted when there is something to tell

    # What is told

    def pass_on(self, news: News, changes: Mapping[str, tuple[Value, ...]]) -> None:
        """Tell of changes, and answer what was asked before the turn of these news."""
        everybody = self.peers.told(self._clock.now())
        self.told = len(everybody)
        for address, value in changes.items() if everybody else ():
            self._send(everybody, address, *value)
        answered = [question for question, turn in self.asked.items() if turn < news.turn]
        for peer, asked in answered:
            del self.asked[peer, asked]
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

    def refuse(self, peer: Peer, reason: str, sentence: str) -> None:
        """Complain to the log and to the sender. reason: what is counted together."""
        self.refused += 1
        sentence = printable(sentence)
        self.complaints.add(reason, peer.name, sentence)
        now = self._clock.now()
        # Who sends by UDP what isn't OSC wouldn't understand the answer.
        understands = reason != "packet" or not isinstance(peer, UdpPeer)
        host = peer.client[0]
        if understands and now - self._error_told.get(host, -math.inf) >= ERROR_SECONDS:
            if len(self._error_told) >= MOST_TOLD:
                self._error_told.clear()
            self._error_told[host] = now
            self._send([peer], "/error", sentence)

    def _pass_over(self, peer: Peer, address: str) -> None:
        # Not told, since it may come of another show on this network.
        self.refused += 1
        sentence = f"{address[:40]} isn't for this show, whose addresses begin with {self._prefix}"
        self.complaints.add("prefix", peer.name, printable(sentence))

    def drop(self, host: str) -> None:
        """Complain of somebody who isn't allowed; he isn't told."""
        self.refused += 1
        self.complaints.add("dropped", f"OSC {host}", "is not in control.allow and isn't heard")

    def fail(self) -> None:
        """Log the bug that is being handled, the first time."""
        if not self._failed:
            _log.exception("a message couldn't be handled (said once)")
        self._failed = True


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

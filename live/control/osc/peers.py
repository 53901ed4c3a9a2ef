"""Who is told of changes: recent senders, subscribers, fixed targets and TCP clients."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeVar

from live.control.osc.connection import Connection
from live.control.osc.sockets import Client, in_words

MOST: Final = 32
"""Of recent senders, of subscribers and of TCP clients each."""

SECONDS: Final = 600.0
"""How long a sender is told of changes after its last message."""


class Peer(Protocol):
    """Somebody who is told. name: for the log. client: its address. heard: when it last spoke."""

    name: str
    client: Client
    heard: float

    def tell(self, address: str, packet: bytes) -> None:
        """Send a packet about an address; neither waits nor raises."""


P = TypeVar("P", bound=Peer)


class UdpPeer:
    """A UDP client."""

    def __init__(self, sender: socket.socket, client: Client, heard: float) -> None:
        self.client = client
        self.name = f"OSC {in_words(client)}"
        self.heard = heard
        self._sender = sender

    def tell(self, address: str, packet: bytes) -> None:  # noqa: ARG002 - all go the same way
        # A client that is gone or a network that is full is no matter of the show's.
        with contextlib.suppress(OSError):
            self._sender.sendto(packet, self.client)


class Peers:
    """All who are told, each once however often it is among them.

    connections: the TCP clients, which come and go by themselves.
    """

    def __init__(self, sender: socket.socket, targets: Sequence[Client]) -> None:
        self.connections: list[Connection] = []
        self._sender = sender
        self._targets = {client: UdpPeer(sender, client, 0.0) for client in targets}
        self._subscribers: dict[Client, UdpPeer] = {}
        self._recent: dict[Client, UdpPeer] = {}

    def at(self, client: Client, now: float) -> UdpPeer:
        """The peer at an address, not yet one of those who are told."""
        return self._recent.get(client) or UdpPeer(self._sender, client, now)

    def remember(self, peer: UdpPeer, now: float) -> None:
        """Tell a sender from now on."""
        peer.heard = now
        self._recent[peer.client] = peer
        if len(self._recent) > MOST:
            del self._recent[one_too_many(self._recent.values()).client]

    def subscribe(self, client: Client, now: float) -> UdpPeer:
        """Tell an address until it is unsubscribed."""
        peer = self._subscribers.setdefault(client, UdpPeer(self._sender, client, now))
        peer.heard = now
        if len(self._subscribers) > MOST:
            del self._subscribers[one_too_many(self._subscribers.values()).client]
        return peer

    def unsubscribe(self, client: Client) -> None:
        """Tell an address no more, also if it is only a recent sender."""
        self._subscribers.pop(client, None)
        self._recent.pop(client, None)

    def told(self, now: float) -> list[Peer]:
        """Those who are to be told now."""
        for client, peer in list(self._recent.items()):
            if now - peer.heard >= SECONDS:
                del self._recent[client]
        by_udp = {**self._recent, **self._subscribers, **self._targets}
        by_tcp = (c for c in self.connections if c.listens and c.framing is not None)
        return [*by_udp.values(), *by_tcp]


def one_too_many(peers: Iterable[P]) -> P:
    """Who has to go: the longest silent of the machine that has most, since a script whose every message
    comes from a new port must not push out the tablet."""
    crowd = list(peers)
    host, _ = Counter(peer.client[0] for peer in crowd).most_common(1)[0]
    return min((peer for peer in crowd if peer.client[0] == host), key=lambda peer: peer.heard)

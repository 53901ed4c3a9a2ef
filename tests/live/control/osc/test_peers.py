"""Who is told of changes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from live.control.osc.peers import MOST, SECONDS, Peers
from live.control.osc.sockets import Client

TARGET, TABLET = ("10.0.0.9", 9001), ("10.0.0.5", 9001)


@pytest.fixture
def peers() -> Iterator[Peers]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield Peers(sender, [TARGET])


def told(peers: Peers, now: float) -> list[Client]:
    return [peer.client for peer in peers.told(now)]


def test_a_sender_is_told_until_it_has_been_silent_for_long(peers: Peers) -> None:
    assert told(peers, 0.0) == [TARGET]
    peers.remember(peers.at(TABLET, 0.0), 0.0)
    assert told(peers, SECONDS - 1) == [TABLET, TARGET]
    peers.remember(peers.at(TABLET, 0.0), SECONDS - 1)
    assert told(peers, SECONDS + 1) == [TABLET, TARGET]
    assert told(peers, 2 * SECONDS) == [TARGET]


def test_who_asks_twice_is_told_once(peers: Peers) -> None:
    for client in (TABLET, TARGET):
        peers.remember(peers.at(client, 0.0), 0.0)
        peers.subscribe(client, 0.0)
    assert sorted(told(peers, 0.0)) == sorted([TABLET, TARGET])


def test_a_subscriber_is_told_until_it_unsubscribes(peers: Peers) -> None:
    peers.subscribe(TABLET, 0.0)
    assert TABLET in told(peers, 100 * SECONDS)
    peers.unsubscribe(TABLET)
    assert told(peers, 0.0) == [TARGET]


def test_of_too_many_the_longest_silent_of_the_machine_with_most_has_to_go(peers: Peers) -> None:
    peers.subscribe(TABLET, 0.0)
    peers.remember(peers.at(TABLET, 0.0), 0.0)
    for n in range(3 * MOST):
        client = ("10.0.0.7", 10_000 + n)
        peers.subscribe(client, float(n))
        peers.remember(peers.at(client, float(n)), float(n))
    now = told(peers, 3.0 * MOST)
    assert TABLET in now
    assert len(now) == MOST + 1
    assert ("10.0.0.7", 10_000) not in now
    assert ("10.0.0.7", 10_000 + 3 * MOST - 1) in now


def test_a_network_that_is_not_there_is_no_error(peers: Peers) -> None:
    (target,) = peers.told(0.0)
    target.tell("/freeze", b"x" * 100_000)  # no datagram is so long

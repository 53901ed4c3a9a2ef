"""Programs (`bench.programs`) that steer a show by OSC and by MIDI: a message now and then, or a flood."""

from __future__ import annotations

import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pythonosc.osc_message_builder import build_msg

from bench.programs import Begun, Work
from models.faults import DeviceFault

SHORTEST, LONGEST = 0.3, 0.7
"""Seconds between two changes: at random, so that they come at any moment of a picture's making, and long
enough that each is seen before the next."""

BURST: Final = 0.002
"""Seconds that a sender of a flood sleeps between two handfuls, so that it is little load by itself."""
VARIANTS: Final = 64
"""Datagrams that are built beforehand for each address; then they come again."""


# One message now and then


@dataclass(frozen=True, slots=True)
class Change:
    """A message that changes the city. sent: when it was handed to the socket or the port; city: index."""

    sent: float
    city: int


@contextmanager
def osc_changes(port: int, cities: int, over_tcp: bool = False) -> Iterator[Work]:
    """Changes the city by OSC. cities: how many there are."""
    kind = socket.SOCK_STREAM if over_tcp else socket.SOCK_DGRAM
    messages = [build_msg("/city", [n + 1]).dgram for n in range(cities)]
    with socket.socket(socket.AF_INET, kind) as sender:
        try:
            sender.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            raise DeviceFault("the show doesn't hear OSC over TCP") from None
        if over_tcp:
            sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            messages = [slip(message) for message in messages]
        yield _changes(cities, lambda city: sender.sendall(messages[city]))


@contextmanager
def midi_changes(name: str, cities: int) -> Iterator[Work]:
    """Changes the city by Program Change, from a virtual port of JACK. name: of the client and the port."""
    import rtmidi

    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
    port.open_virtual_port(name)
    try:
        yield _changes(cities, lambda city: port.send_message([0xC0, city]))
    finally:
        port.delete()


def _changes(cities: int, send: Callable[[int], None]) -> Work:
    chance = random.Random(1)
    cycle = itertools.cycle([*range(1, cities), 0])

    def work(seconds: float, begun: Begun) -> list[Change]:
        changes: list[Change] = []
        send(0)  # whatever city stands, it is left
        time.sleep(LONGEST)
        begun()
        end = time.monotonic() + seconds
        for city in cycle:
            time.sleep(chance.uniform(SHORTEST, LONGEST))
            if time.monotonic() >= end:
                break
            changes.append(Change(time.monotonic(), city))
            send(city)
        return changes

    return work


def slip(packet: bytes) -> bytes:
    """A packet as a frame of SLIP with an END on both sides, as OSC 1.1 has it (RFC 1055)."""
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


# A flood


@contextmanager
def osc_flood(
    port: int, rate: float, values: Mapping[str, Sequence[object]], last: Mapping[str, object]
) -> Iterator[Work]:
    """Sends `rate` messages a second, one address after the other, and at the end each one's last value.

    values: what each address is sent, again and again.
    """
    rows = [
        [build_msg(address, [value]).dgram for value, _ in zip(itertools.cycle(row), range(VARIANTS))]
        for address, row in values.items()
    ]
    datagrams = [datagram for column in zip(*rows, strict=True) for datagram in column]
    ends = [build_msg(address, [value]).dgram for address, value in last.items()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))

        def work(seconds: float, begun: Begun) -> tuple[int, float]:
            begun()
            started, sent = time.monotonic(), 0
            while (elapsed := time.monotonic() - started) < seconds:
                due = int(elapsed * rate)
                for n in range(sent, due):
                    sender.send(datagrams[n % len(datagrams)])
                sent = max(sent, due)
                time.sleep(BURST)
            for datagram in ends:
                sender.send(datagram)
            return sent + len(ends), time.monotonic() - started

        yield work

"""A TCP client, over a pair of real sockets."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from live.clock import ManualClock
from live.control.osc.connection import PATIENCE, SILENCE, Connection
from live.control.osc.framing import HopelessError, Slip
from live.control.osc.packets import build

PING = Slip().wrap(build("/ping"))


@dataclass(frozen=True)
class Line:
    connection: Connection
    client: socket.socket
    clock: ManualClock
    selector: selectors.DefaultSelector

    def serve(self) -> None:
        """Do what the sockets are ready for."""
        for _, events in self.selector.select(0):
            if events & selectors.EVENT_WRITE:
                self.connection.flush()

    @property
    def wants_to_write(self) -> bool:
        (key,) = self.selector.get_map().values()
        return bool(key.events & selectors.EVENT_WRITE)


@pytest.fixture
def line() -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as selector:
        client = socket.create_connection(listener.getsockname())
        client.settimeout(10.0)
        connected, address = listener.accept()
        clock = ManualClock(50.0)
        connection = Connection(connected, address, selector, clock)
        yield Line(connection, client, clock, selector)
        connection.close()
        client.close()


def test_nothing_is_told_before_the_first_word(line: Line) -> None:
    line.connection.tell("/freeze", build("/freeze", 1))
    line.client.send(PING)
    line.selector.select(10)
    assert line.connection.read() == [build("/ping")]
    line.connection.tell("/freeze", build("/freeze", 0))
    assert line.client.recv(1000) == Slip().wrap(build("/freeze", 0))
    assert line.connection.read() == []  # it doesn't wait


def test_what_is_not_read_waits_of_each_address_the_newest(line: Line) -> None:
    line.client.send(PING)
    line.selector.select(10)
    line.connection.read()
    line.connection.tell("/big", build("/big", "x" * 25_000_000))
    assert line.wants_to_write
    for n in range(1000):
        line.connection.tell("/fade/time", build("/fade/time", n))
        line.connection.tell("/freeze", build("/freeze", n % 2))
    last = [Slip().wrap(build("/fade/time", 999)), Slip().wrap(build("/freeze", 1))]
    heard = b""
    while not heard.endswith(last[-1]):
        line.serve()
        heard += line.client.recv(1 << 20)
    assert heard.count(b"/fade/time") == heard.count(b"/freeze") == 1
    assert heard.endswith(b"".join(last))
    line.serve()
    assert not line.wants_to_write


def test_it_is_overdue_when_a_frame_has_no_end(line: Line) -> None:
    line.client.send(PING + b"/half")
    line.selector.select(10)
    assert len(line.connection.read()) == 1
    line.clock.sleep(PATIENCE - 1)
    line.client.send(b"more")
    line.selector.select(10)
    line.connection.read()
    assert not line.connection.overdue()
    line.clock.sleep(1)
    assert "without its end" in line.connection.overdue()


def test_it_is_overdue_when_it_never_spoke_and_never_for_being_silent_later(line: Line) -> None:
    line.clock.sleep(SILENCE - 1)
    assert not line.connection.overdue()
    line.clock.sleep(1)
    assert "said nothing" in line.connection.overdue()
    line.client.send(PING)
    line.selector.select(10)
    line.connection.read()
    line.clock.sleep(100 * SILENCE)
    assert not line.connection.overdue()


def test_a_slow_reader_is_not_overdue_while_it_reads(line: Line) -> None:
    line.client.send(PING)
    line.selector.select(10)
    line.connection.read()
    line.connection.tell("/big", build("/big", "x" * 25_000_000))
    for _ in range(3):
        line.clock.sleep(PATIENCE - 1)
        assert not line.connection.overdue()
        while not line.selector.select(0):  # until there is room for more
            line.client.recv(1 << 20)
        line.serve()
    line.clock.sleep(PATIENCE)
    assert "read nothing" in line.connection.overdue()


def test_hanging_up_and_a_broken_line_are_told_apart_from_garbage(line: Line) -> None:
    line.client.send(b"hello")
    line.selector.select(10)
    with pytest.raises(HopelessError):
        line.connection.read()
    line.client.close()
    line.selector.select(10)
    with pytest.raises((EOFError, OSError)):
        line.connection.read()
    line.connection.tell("/freeze", build("/freeze", 1))

"""Announcing the show, heard by zeroconf's own browser."""

from __future__ import annotations

import queue
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import zeroconf
from hypothesis import given
from hypothesis import strategies as st

from live.control.announce import OSC, OSCQUERY, Announcer, instance_name, reachable

PATIENCE = 30.0
"""Seconds; the names are asked for before they are announced, which takes some."""


class Browser(zeroconf.ServiceListener):
    """Another program of this machine, that lists services whose names begin so."""

    def __init__(self, name: str, *kinds: str) -> None:
        self._name = name
        self._zeroconf = zeroconf.Zeroconf(["127.0.0.1"])
        self._came: queue.Queue[zeroconf.ServiceInfo] = queue.Queue()
        self._went: queue.Queue[str] = queue.Queue()
        self._browser = zeroconf.ServiceBrowser(self._zeroconf, list(kinds), self)

    def came(self) -> zeroconf.ServiceInfo:
        return self._came.get(timeout=PATIENCE)

    def went(self) -> str:
        return self._went.get(timeout=PATIENCE)

    def add_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
        if not name.startswith(self._name):
            return
        info = zc.get_service_info(type_, name, timeout=int(PATIENCE * 1000))
        assert info is not None
        self._came.put(info)

    def update_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
        pass

    def remove_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002
        if name.startswith(self._name):
            self._went.put(name)

    def close(self) -> None:
        self._browser.cancel()
        self._zeroconf.close()


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


@pytest.fixture
def name() -> str:
    return f"Test {uuid.uuid4().hex[:8]}"


def announced(closing: ExitStack, host: str, name: str, **ports: int) -> Announcer:
    announcer = Announcer(
        host, {{"osc": OSC, "oscquery": OSCQUERY}[kind]: n for kind, n in ports.items()}, name
    )
    closing.callback(announcer.close)
    announcer.start()
    return announcer


def test_a_browser_lists_both_services_where_they_are(closing: ExitStack, name: str) -> None:
    browser = Browser(name, OSC, OSCQUERY)
    closing.callback(browser.close)
    announcer = announced(closing, "127.0.0.1", name, osc=9000, oscquery=9002)
    found = {info.type: info for info in (browser.came(), browser.came())}
    assert {kind: info.port for kind, info in found.items()} == {OSC: 9000, OSCQUERY: 9002}
    for info in found.values():
        assert info.name.startswith(f"{name} on ")
        assert info.parsed_addresses() == ["127.0.0.1"]
    assert announcer.note == ""


def test_a_show_that_ends_leaves_the_list(closing: ExitStack, name: str) -> None:
    browser = Browser(name, OSCQUERY)
    closing.callback(browser.close)
    announcer = announced(closing, "127.0.0.1", name, oscquery=9002)
    came = browser.came()
    announcer.close()
    assert browser.went() == came.name
    announcer.close()  # once more is no harm


def test_two_shows_of_one_name_are_two_services(closing: ExitStack, name: str) -> None:
    browser = Browser(name, OSCQUERY)
    closing.callback(browser.close)
    announced(closing, "127.0.0.1", name, oscquery=9002)
    first = browser.came()
    announced(closing, "127.0.0.1", name, oscquery=9102)
    second = browser.came()
    assert (first.port, second.port) == (9002, 9102)
    assert first.name != second.name


def test_a_show_that_ends_at_once_was_never_there(caplog: pytest.LogCaptureFixture) -> None:
    announcer = Announcer("127.0.0.1", {OSC: 9000, OSCQUERY: 9002}, "Test of haste")
    announcer.start()
    announcer.close()
    assert announcer.note == ""
    assert not caplog.records


@pytest.mark.parametrize("host", ["host.invalid", "2001:db8::1"])
def test_a_host_that_is_not_here_is_said_and_nothing_stops(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    announcer = Announcer(host, {OSC: 9000})
    announcer.start()
    announcer.close()
    assert "can't be announced on the network" in announcer.note
    assert "by hand" in announcer.note
    assert announcer.note in caplog.text


def test_every_network_is_reached_at_its_own_addresses_and_not_at_loopback() -> None:
    assert reachable("127.0.0.1") == ["127.0.0.1"]
    every = reachable("0.0.0.0")
    assert every
    assert "0.0.0.0" not in every
    if every != ["127.0.0.1"]:  # a machine with a network
        assert "127.0.0.1" not in every
    for address in every:  # each is one of this machine's
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind((address, 0))
    assert set(every) <= set(reachable("::"))


def test_of_the_addresses_of_a_name_those_count_that_this_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of a localhost that is ::1, too, where IPv6 is off."""
    found = [(socket.AF_INET, 1, 6, "", (ip, 0)) for ip in ("127.0.0.1", "2001:db8::1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    assert reachable("localhost") == ["127.0.0.1"]


@given(st.text())
def test_any_name_fits_into_dns(name: str) -> None:
    short = instance_name(name)
    assert "." not in short
    assert len(short.encode()) <= 63 - len("-9999") + 1

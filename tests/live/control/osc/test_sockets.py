"""The sockets of OSC."""

from __future__ import annotations

import socket

import pytest

from live.control.osc.sockets import bind, find, in_words, is_loopback, tend


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1"])
def test_one_port_is_for_udp_and_tcp(host: str) -> None:
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    udp, tcp = bind(host, 0)
    with udp, tcp:
        assert udp.getsockname() == tcp.getsockname()
        assert (udp.type, tcp.type) == (socket.SOCK_DGRAM, socket.SOCK_STREAM)
        assert not udp.getblocking()
        assert not tcp.getblocking()


@pytest.mark.parametrize(
    ("target", "client"),
    [
        ("127.0.0.1:9001", ("127.0.0.1", 9001)),
        ("localhost:9001", ("127.0.0.1", 9001)),
        ("[127.0.0.1]:9001", ("127.0.0.1", 9001)),
        ("no.such.host.invalid:9001", None),
        ("[::1]:9001", None),  # which no IPv4 socket reaches
        ("a..b:9001", None),
    ],
)
def test_the_address_of_a_target(target: str, client: tuple[str, int] | None) -> None:
    assert find(target, socket.AF_INET) == client


def test_an_address_in_words() -> None:
    assert in_words(("10.0.0.5", 51234)) == "10.0.0.5:51234"
    assert in_words(("fe80::1%eth0", 51234, 0, 2)) == "[fe80::1%eth0]:51234"


def test_what_is_of_this_machine_alone() -> None:
    assert is_loopback(("127.0.0.1", 9000))
    assert is_loopback(("::1", 9000, 0, 0))
    assert not is_loopback(("0.0.0.0", 9000))
    assert not is_loopback(("::", 9000, 0, 0))


def test_a_connection_is_tended_so_that_a_silent_client_is_noticed() -> None:
    with socket.socket() as connection:
        tend(connection)
        assert not connection.getblocking()
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000

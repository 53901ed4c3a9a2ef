"""The sockets of OSC: one port for UDP and TCP, and the addresses of those who are told."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any, Final, TypeAlias

from models.faults import DeviceFault

Client: TypeAlias = tuple[Any, ...]
"""The address of a socket: host, port and, with IPv6, two more."""

_ROOM: Final = 1 << 20
"""Bytes for a burst that comes while another thread holds the interpreter; the system may give less."""
_TRIES: Final = 10
"""How often a port that is free for UDP is sought until it is free for TCP, too."""
_WATCH: Final = {
    "TCP_KEEPIDLE": 30,  # seconds of silence until it is asked whether it is still there,
    "TCP_KEEPINTVL": 10,  # seconds between two such questions,
    "TCP_KEEPCNT": 3,  # how many stay without an answer,
    "TCP_USER_TIMEOUT": 60_000,  # and milliseconds in which it must confirm what it was sent
}
"""When a TCP client is given up whose machine or network is gone."""


def bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP socket and a TCP listener at the same port, neither of which ever waits. port: 0 for any.

    Raises DeviceFault if it can't be had."""
    for _ in range(_TRIES):
        udp = _bind(host, port, socket.SOCK_DGRAM)
        try:
            return udp, _bind(host, udp.getsockname()[1], socket.SOCK_STREAM)
        except DeviceFault:
            udp.close()
            if port != 0:
                raise
    raise DeviceFault(f"no port on {host} is free for both UDP and TCP; choose one by --osc-port")


def _bind(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        if kind == socket.SOCK_STREAM:
            bound = socket.create_server(address, family=family, backlog=16)
        else:
            bound = socket.socket(family, kind)
            try:
                bound.bind(address)
            except OSError:
                bound.close()
                raise
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
    except (OSError, UnicodeError) as error:
        code = error.errno if isinstance(error, OSError) else None
        if code == errno.EADDRINUSE:
            raise DeviceFault(
                f"{name} port {port} on {host} is already in use, maybe by another show; close that "
                "program or start this one with --free-ports; --osc-port chooses a port"
            ) from None
        if code == errno.EACCES:
            raise DeviceFault(
                f"this user may not listen on {name} port {port}; choose one above 1023 by --osc-port"
            ) from None
        raise DeviceFault(
            f'control.osc_host "{host}" is no address of this machine; "127.0.0.1" hears this '
            'machine alone, "0.0.0.0" every network'
        ) from None
    bound.setblocking(False)
    return bound


def tend(connection: socket.socket) -> None:
    """Make a TCP client's socket quick, never waiting, and aware of a client that is silently gone."""
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Not every system lets them be chosen; what it then does takes hours.
    for name, value in _WATCH.items():
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def find(target: str, family: socket.AddressFamily) -> Client | None:
    """The address of "host:port", as a socket of this family sends to it; None if there is none."""
    host, _, port = target.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return None
    return found[0][4]


def in_words(client: Client) -> str:
    """A client's host and port: '10.0.0.5:51234'."""
    host, port = client[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(client: Client) -> bool:
    """Whether an address is of this machine alone."""
    return ipaddress.ip_address(client[0]).is_loopback

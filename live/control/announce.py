"""Announcing the show on the network, so that Chataigne, MadMapper and TouchOSC list it by themselves.

Zeroconf (multicast DNS with service discovery, RFC 6762 and 6763) under the two types of the field:
`_osc._udp` is where OSC is heard, `_oscjson._tcp` where OSCQuery answers. What listens on loopback alone is
announced on loopback alone: nobody else could reach it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Mapping
from concurrent.futures import Future
from typing import Final

import ifaddr
import zeroconf

OSC: Final = "_osc._udp.local."
OSCQUERY: Final = "_oscjson._tcp.local."

_LONGEST_NAME: Final = 56
"""In bytes: 63 may a label of DNS have, and "-2" is added where another show has the name."""

_log = logging.getLogger(__name__)


class Announcer:
    """Tells the network where this show is, from `start` to `close`.

    Whether a name is free takes the network seconds to say; zeroconf waits for that on a thread of its own.
    A network that can't be told is no fault of the show's: it is said in `note`, and clients can still be
    given the address by hand.
    """

    def __init__(self, host: str, ports: Mapping[str, int], name: str = "Invisible Cities") -> None:
        """host: what the ports are bound to. ports: by type of service (`OSC`, `OSCQUERY`).
        name: what a list of services shows, with the name of this machine."""
        self.note = ""
        """What the operator should know; "" if all is well."""
        machine = socket.gethostname().split(".")[0] or "show"
        # A name of our own: the machine's is announced by the machine (avahi, Bonjour), and of two shows on
        # one machine each has its own ports.
        self.machine = f"cities-{machine}-{next(iter(ports.values()))}.local"
        """By what name clients may call this machine."""
        self._host = host
        self._ports = dict(ports)
        self._name = instance_name(f"{name} on {machine}")
        self._zeroconf: zeroconf.Zeroconf | None = None
        self._registering: list[Future[Awaitable[None]]] = []

    def start(self) -> None:
        """Begin to announce; returns at once."""
        try:
            addresses = reachable(self._host)
            self._zeroconf = zeroconf.Zeroconf(addresses)
        except (OSError, zeroconf.Error) as error:
            self._fail(error)
            return
        loop = self._zeroconf.loop
        assert loop is not None
        for kind, port in self._ports.items():
            service = zeroconf.ServiceInfo(
                kind,
                f"{self._name}.{kind}",
                port,
                server=f"{self.machine}.",
                parsed_addresses=addresses,
            )
            work = self._zeroconf.async_register_service(service, allow_name_change=True)
            registering = asyncio.run_coroutine_threadsafe(work, loop)
            registering.add_done_callback(self._registered)
            self._registering.append(registering)

    def close(self) -> None:
        """Say goodbye, so that the show leaves the lists at once; may be called twice."""
        for registering in self._registering:
            registering.cancel()
        if self._zeroconf is not None:
            with contextlib.suppress(zeroconf.Error):  # it couldn't say goodbye in time
                self._zeroconf.close()
            self._zeroconf = None

    def _registered(self, registering: Future[Awaitable[None]]) -> None:
        error = None if registering.cancelled() else registering.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        remedy = "give clients its address and port by hand"
        self.note = f"the show can't be announced on the network ({error}); {remedy}"
        _log.warning("%s", self.note)


def instance_name(name: str) -> str:
    """The name as DNS can hold it: a dot would end the label, and a label has at most 63 bytes."""
    return name.replace(".", " ").encode()[:_LONGEST_NAME].decode(errors="ignore")


def reachable(host: str) -> list[str]:
    """The addresses at which others reach what is bound to this host, "0.0.0.0" and "::" being all of them.

    Raises OSError if the host has none."""
    every = [
        ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    ]
    if _is_one(host):
        named = sorted({str(info[4][0]).split("%")[0] for info in socket.getaddrinfo(host, None)})
        # A localhost may be ::1, too, where IPv6 is off. All of 127.0.0.0/8 is this machine, though listed
        # as one address.
        here = [ip for ip in map(ipaddress.ip_address, named) if ip.version == 4 or ip in every]
        if not here:
            raise OSError(f"no network of this machine has the address {named[0]}")
        return [str(ip) for ip in here]
    version = ipaddress.ip_address(host).version
    # A socket of "::" takes IPv4 too.
    near = [address for address in every if version == 6 or address.version == 4]
    far = [address for address in near if not (address.is_loopback or address.is_link_local)]
    return [str(address) for address in far or near]


def _is_one(host: str) -> bool:
    """Whether a host is one address and not all of this machine's."""
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return True

"""Who may steer the show: the addresses and networks of `control.allow`."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Sequence


class AllowList:
    """Addresses and networks; without any, everybody is allowed."""

    def __init__(self, networks: Sequence[str]) -> None:
        """networks: as `ipaddress.ip_network` reads them. Raises ValueError for anything else."""
        self._networks = tuple(ipaddress.ip_network(network, strict=False) for network in networks)
        # A flood asks the same again and again.
        self.allows = functools.lru_cache(256)(self._allows)

    def __bool__(self) -> bool:
        """Whether anybody is kept out."""
        return bool(self._networks)

    def _allows(self, host: str) -> bool:
        """Whether the machine at this address (in digits, as sockets tell it) may steer."""
        if not self._networks:
            return True
        address = ipaddress.ip_address(host)
        # A socket for both families tells an IPv4 sender so.
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

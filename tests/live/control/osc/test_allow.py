"""Who may steer the show."""

from __future__ import annotations

import pytest

from live.control.osc.allow import AllowList


@pytest.mark.parametrize(
    ("networks", "host", "allowed"),
    [
        ((), "203.0.113.9", True),
        (("10.0.0.5",), "10.0.0.5", True),
        (("10.0.0.5",), "10.0.0.6", False),
        (("10.0.0.5",), "127.0.0.1", False),
        (("192.168.1.0/24", "10.0.0.5/32"), "192.168.1.77", True),
        (("192.168.1.77/24",), "192.168.1.1", True),
        (("192.168.1.0/24",), "192.168.2.1", False),
        (("192.168.1.0/24",), "::ffff:192.168.1.3", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("fe80::/10",), "10.0.0.5", False),
    ],
)
def test_who_is_allowed(networks: tuple[str, ...], host: str, allowed: bool) -> None:
    allow = AllowList(networks)
    assert allow.allows(host) == allowed
    assert allow.allows(host) == allowed  # also when it is asked again
    assert bool(allow) == bool(networks)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="tablet"):
        AllowList(["tablet"])

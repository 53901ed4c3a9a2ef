"""Shows and clients for the tests of OSC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from live.control.osc.framing import Framing, Sized, Slip
from tests.live.control.client import OscClient, TcpClient
from tests.live.control.osc.rig import ANY_PORT, Show


@pytest.fixture
def open_show() -> Iterator[Callable[..., Show]]:
    with ExitStack() as closing:

        def opened(**changes: object) -> Show:
            show = Show(replace(ANY_PORT, **changes))  # type: ignore[arg-type]
            closing.callback(show.desk.close)
            return show

        yield opened


@pytest.fixture
def show(open_show: Callable[..., Show]) -> Show:
    return open_show()


@pytest.fixture(params=["udp", "slip", "sized"])
def client(request: pytest.FixtureRequest, show: Show) -> Iterator[OscClient | TcpClient]:
    """A client of each transport."""
    framings: dict[str, Callable[[], Framing]] = {"slip": Slip, "sized": Sized}
    if request.param == "udp":
        with OscClient(show.port) as datagrams:
            yield datagrams
    else:
        with TcpClient(show.port, framings[request.param]) as stream:
            yield stream


@pytest.fixture
def udp(show: Show) -> Iterator[OscClient]:
    with OscClient(show.port) as client:
        yield client


@pytest.fixture
def tcp(show: Show) -> Iterator[TcpClient]:
    with TcpClient(show.port) as client:
        yield client

"""The bench of the control measures a real show through real sockets and ports, and what it is made of does
what it says. How quick this machine is, no test judges."""

from __future__ import annotations

import itertools
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

import bench.running
from bench.jack import jack_server
from bench.programs import Begun, MissingFault, Program, Work
from bench.running import Rate, fps_ratio
from bench.senders import osc_changes, osc_flood, slip
from live.cli import main
from models.faults import DeviceFault
from tests.support import require_module, require_program


def bench_control(capsys: pytest.CaptureFixture[str], part: str) -> dict[str, Any]:
    words = f"bench control --side 64 --seconds 4 --json --only {part}"
    assert main(words.split()) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert result["side"] == 64
    assert result["seconds"] == 4
    assert result.keys() == {part, "side", "seconds"}
    measured: dict[str, Any] = result[part]
    return measured


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.running, "WARM_UP", 1.0)


# The parts


def test_latency_is_measured_by_every_way_in(capsys: pytest.CaptureFixture[str]) -> None:
    require_program("jackd", apt="jackd2")
    require_module("rtmidi", extra="dev")
    latency = bench_control(capsys, "latency")
    assert latency.keys() == {"osc_udp", "osc_tcp", "midi"}
    for way, figures in latency.items():
        seen = figures["messages"] - figures["never_seen"]
        assert seen >= 2, way
        assert 0 < figures["ms"]["p50"] <= figures["ms"]["p95"] <= figures["ms"]["max"], way
        assert sum(figures["how_often"].values()) == seen, way


def test_without_jack_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    latency = bench_control(capsys, "latency")
    assert latency["midi"] == {"skipped": "jackd is missing; apt-get install jackd2"}
    assert latency["osc_udp"]["ms"]["p50"] > 0


def test_a_flood_is_measured_against_quiet_stretches(capsys: pytest.CaptureFixture[str]) -> None:
    flood = bench_control(capsys, "flood")
    assert len(flood["fps"]["loud"]) + 1 == len(flood["fps"]["quiet"]) == len(flood["memory_mb"])
    assert flood["senders"] == 4
    assert 0 < flood["messages_per_second"] <= 11_000
    assert flood["fps_ratio"] > 0
    assert flood["addresses"] >= 10
    assert flood["last_values_lost"] == []
    assert min(flood["memory_mb"]) > 0


def test_the_page_is_measured_with_a_client_and_a_browser(capsys: pytest.CaptureFixture[str]) -> None:
    require_program("chromium", apt="chromium")
    require_program("chromedriver", apt="chromium-driver")
    require_module("selenium", extra="dev")
    page = bench_control(capsys, "page")
    for visitor in ("websocket", "chromium"):
        previews = page[visitor]["previews_per_second"]
        assert previews.keys() == {"camera", "labels", "city"}
        assert all(rate > 0 for rate in previews.values()), visitor
        assert page[visitor]["fps_ratio"] > 0
    assert page["agreement"]["controls"] > 10
    assert page["agreement"]["apart"] == []


# What is computed


def test_each_loud_stretch_is_held_against_the_quiet_ones_beside_it() -> None:
    quiet = [Rate(30), Rate(20), Rate(10)]
    assert fps_ratio(quiet, [Rate(25), Rate(15)]) == 1.0, "what slows both down is no fall"
    assert fps_ratio(quiet, [Rate(12.5), Rate(7.5)]) == 0.5


@given(st.lists(st.floats(1, 100), min_size=2, max_size=8), st.floats(0.1, 2))
def test_the_fall_is_a_share_of_the_quiet_rate(rates: list[float], share: float) -> None:
    quiet = [Rate(rate) for rate in rates]
    loud = [Rate(share * (a.fps + b.fps) / 2) for a, b in itertools.pairwise(quiet)]
    assert fps_ratio(quiet, loud) == pytest.approx(share)


# The programs


@contextmanager
def counting(start: int) -> Iterator[Work]:
    """A program that counts how often it has worked."""
    runs = start

    def work(seconds: float, begun: Begun) -> tuple[int, float]:
        nonlocal runs
        runs += 1
        begun()
        return runs, seconds

    yield work


@contextmanager
def missing() -> Iterator[Work]:
    raise MissingFault("a trumpet is missing")
    yield


@contextmanager
def stumbling() -> Iterator[Work]:
    def work(_: float, __: Begun) -> None:
        raise ValueError("over a stone")

    yield work


@contextmanager
def vanishing() -> Iterator[Work]:
    def work(_: float, __: Begun) -> None:
        os._exit(1)

    yield work


def wait(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    patience = threading.Event()
    while not condition():
        patience.wait(0.01)


def test_a_program_works_as_often_as_it_is_told() -> None:
    with closing(Program(counting, 5)) as program:
        wait(program.is_ready)
        assert not program.has_begun()
        for seconds, runs in ((1.5, 6), (2.5, 7)):
            program.go(seconds)
            wait(program.has_done)
            assert program.has_begun()
            assert program.result == (runs, seconds)


def test_what_a_program_misses_is_told() -> None:
    with closing(Program(missing)) as program, pytest.raises(MissingFault, match="a trumpet is missing"):
        wait(program.is_ready)


def test_a_program_that_fails_says_how() -> None:
    with closing(Program(stumbling)) as program:
        wait(program.is_ready)
        program.go(1.0)
        with pytest.raises(DeviceFault, match="stumbling has failed: ValueError: over a stone"):
            wait(program.has_done)


def test_a_program_that_is_gone_is_not_waited_for() -> None:
    with closing(Program(vanishing)) as program:
        wait(program.is_ready)
        program.go(1.0)
        with pytest.raises(DeviceFault, match="has ended before its time"):
            wait(program.has_done)


# The senders


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        yield receiver


def test_a_flood_has_its_rate_and_ends_with_the_last_values(receiver: socket.socket) -> None:
    port = receiver.getsockname()[1]
    heard: list[tuple[str, object]] = []

    def hear() -> None:
        while True:
            message = OscMessage(receiver.recv(65535))
            if message.address == "/end":
                return
            heard.append((message.address, message.params[0]))

    listening = threading.Thread(target=hear)
    listening.start()
    values: dict[str, list[object]] = {"/a": [0.25, 0.5], "/b": ["left", "right"]}
    with closing(Program(osc_flood, port, 500, values, {"/a": 0.75, "/b": "top", "/end": 1})) as program:
        wait(program.is_ready)
        program.go(0.5)
        wait(program.has_done)
        sent, took = program.result
    listening.join()
    assert len(heard) == sent - 1
    assert sent <= 500 * took + 3
    assert heard[-2:] == [("/a", 0.75), ("/b", "top")]
    assert heard[:5] == [("/a", 0.25), ("/b", "left"), ("/a", 0.5), ("/b", "right"), ("/a", 0.25)]


def test_changes_are_noted_when_they_are_sent(receiver: socket.socket) -> None:
    with closing(Program(osc_changes, receiver.getsockname()[1], 3)) as program:
        wait(program.is_ready)
        program.go(2.0)
        wait(program.has_done)
        changes = program.result
    cities = [OscMessage(receiver.recv(65535)).params[0] for _ in range(len(changes) + 1)]
    assert cities == [1, *(change.city + 1 for change in changes)]
    assert all(a != b for a, b in itertools.pairwise(cities)), "each is a change"
    sent = [change.sent for change in changes]
    assert sent == sorted(sent)
    assert len(sent) >= 2


def test_a_show_without_tcp_is_told() -> None:
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        told = pytest.raises(DeviceFault, match="doesn't hear OSC over TCP")
        with closing(Program(osc_changes, taken.getsockname()[1], 3, True)) as program, told:
            wait(program.is_ready)


@given(st.binary(max_size=40))
def test_a_frame_of_slip_holds_no_end_inside(packet: bytes) -> None:
    frame = slip(packet)
    assert frame[:1] == frame[-1:] == b"\xc0"
    assert b"\xc0" not in frame[1:-1]
    assert frame[1:-1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") == packet


# JACK


def test_a_jack_of_our_own_is_there_and_gone() -> None:
    require_program("jackd", apt="jackd2")
    require_module("rtmidi", extra="dev")
    with jack_server():
        name = os.environ["JACK_DEFAULT_SERVER"]
        assert name == f"cities-bench-{os.getpid()}"
    assert os.environ.get("JACK_DEFAULT_SERVER") != name


def test_without_jackd_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingFault, match="apt-get install jackd2"), jack_server():
        pass

"""The OSC server, over real UDP sockets."""

from __future__ import annotations

import logging
import math
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from live.clock import ManualClock
from live.config import ControlSettings
from live.control.osc import CLIENT_SECONDS, MOST_CLIENTS, MOST_QUERIES, OscServer
from live.control.kinds import Message
from live.control.osc.packets import BUNDLE, PacketError, build, parse
from live.control.queue import REPEATS
from live.mix import REGIONS
from live.show import (
    Command,
    NextCity,
    Panic,
    PreviousCity,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFadeShape,
    SetFadeTime,
    SetFreeze,
    SetOverlay,
    SetRegion,
    SetShare,
    ShowState,
    opening,
    reduce,
)
from models.faults import DeviceFault
from tests.live.control.client import OscClient
from tests.support import require_program

CITIES = ("istanbul", "new york", "dubai")
ANY_PORT = ControlSettings(osc_port=0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OscServer]:
    server = OscServer(ANY_PORT, CITIES, clock)
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server: OscServer) -> Iterator[OscClient]:
    with OscClient(server.port) as client:
        yield client


@pytest.fixture
def state(server: OscServer, clock: ManualClock) -> ShowState:
    """The state with which the show began, a second ago."""
    state = opening(CITIES)
    server.publish(state, {})
    clock.sleep(1.0)
    return state


# Commands


@pytest.mark.parametrize(
    ("address", "arguments", "command"),
    [
        ("/city", ("New-York",), SetCity(1)),
        ("/city", (3,), SetCity(2)),
        ("/city", (3.0,), SetCity(2)),
        ("/city", ("2",), SetCity(1)),
        ("/city/next", (), NextCity()),
        ("/city/prev", (1.0,), PreviousCity()),
        ("/fade/time", (2.5,), SetFadeTime(2.5)),
        ("/fade/time", (100,), SetFadeTime(60.0)),
        ("/fade/shape", ("Wipe Left",), SetFadeShape("wipe-left")),
        ("/fade/shape", (1,), SetFadeShape("morph")),
        ("/mix/new-york", (0.5,), SetShare(1, 0.5)),
        ("/mix/dubai", (127,), SetShare(2, 1.0)),
        ("/region/left", ("dubai",), SetRegion("left", 2)),
        ("/region/centre", (2.0,), SetRegion("centre", 1)),
        ("/freeze", (1,), SetFreeze(True)),
        ("/freeze", (), SetFreeze(None)),
        ("/blackout", ("on",), SetBlackout(True)),
        ("/panic", (), Panic()),
        ("/panic/release", (), ReleasePanic()),
        ("/overlay", (0.0,), SetOverlay(False)),
    ],
)
def test_a_message_is_a_command(
    server: OscServer,
    client: OscClient,
    address: str,
    arguments: tuple[float | str, ...],
    command: Command,
) -> None:
    client.send(address, *arguments)
    client.settle()
    assert server.drain() == [command]
    assert server.drain() == []


def test_the_release_of_a_button_neither_triggers_nor_ends_a_panic(
    server: OscServer, client: OscClient
) -> None:
    client.send("/panic", 1.0)
    client.send("/panic", 0.0)
    client.settle()
    assert server.drain() == [Panic()]


def test_messages_keep_their_order(server: OscServer, client: OscClient) -> None:
    sent = ["/city/next", "/city/prev", "/city/next", "/panic", "/panic/release", "/city/prev"]
    for address in sent:
        client.send(address)
    client.settle()
    assert server.drain() == [
        NextCity(),
        PreviousCity(),
        NextCity(),
        Panic(),
        ReleasePanic(),
        PreviousCity(),
    ]


def test_a_bundle_from_the_future_holds_nothing_up(server: OscServer, client: OscClient) -> None:
    bundle = OscBundleBuilder(int(time.time()) + 3600)
    bundle.add_content(OscMessageBuilder("/freeze").build())
    bundle.add_content(OscMessageBuilder("/city/next").build())
    client.send_bytes(bundle.build().dgram)
    client.send("/panic")
    client.settle()
    assert server.drain() == [SetFreeze(None), NextCity(), Panic()]


def test_no_client_ends_the_show(server: OscServer, client: OscClient) -> None:
    client.send("/quit")
    assert [m.address for m in client.settle()] == ["/error"]
    assert server.drain() == []


# What can't be meant


@pytest.mark.parametrize(
    ("address", "arguments", "sentence"),
    [
        ("/citi", (), "there is no /citi here; did you mean /city?"),
        ("/*", (), "there is no /* here"),
        (
            "/city",
            ("atlantis",),
            "/city takes a city (istanbul, new york, dubai) or its number (1 to 3), not 'atlantis'",
        ),
        ("/city", (4,), "/city takes a city (istanbul, new york, dubai) or its number (1 to 3), not 4"),
        ("/fade/time", (), "/fade/time takes a number from 0 to 60 seconds"),
        ("/fade/time", (math.nan,), "/fade/time takes a number from 0 to 60 seconds, not nan"),
        ("/mix/dubai", ("half",), "/mix/dubai takes a number from 0 to 1 of the sheet, not 'half'"),
        ("/mix/dubay", (0.5,), "there is no /mix/dubay here; did you mean /mix/dubai?"),
        (
            "/fade/shape",
            ("spiral",),
            "/fade/shape takes a shape (morph, wipe-left, wipe-right, wipe-up, wipe-down, iris-in, "
            "iris-out) or its number (1 to 7), not 'spiral'",
        ),
        ("/freeze", ("maybe",), "/freeze takes 1 or 0, on or off, not 'maybe'"),
        ("/city/next", ("?",), "/city/next takes 1 or 0, on or off, not '?'"),
        ("/a\nb", (), "there is no /a·b here"),
    ],
)
def test_what_cannot_be_meant_is_answered_in_one_sentence(
    server: OscServer, client: OscClient, address: str, arguments: tuple[float | str, ...], sentence: str
) -> None:
    client.send(address, *arguments)
    assert client.settle() == [Message("/error", (sentence,))]
    assert server.drain() == []
    assert server.refused == 1


def test_errors_do_not_answer_a_flood_with_a_flood(
    server: OscServer, client: OscClient, clock: ManualClock
) -> None:
    for _ in range(50):
        client.send("/citi")
    assert len(client.settle()) == 1
    assert server.refused == 50
    clock.sleep(0.1)
    client.send("/citi")
    assert len(client.settle()) == 1


def test_an_error_is_logged_once(
    client: OscClient, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            client.send("/citi")
            client.send("/fade/time", "x")
            client.send("/freeze", 1, 2)
            client.send_bytes(b"hello")
            clock.sleep(1.0)
        client.settle()
    assert [record.getMessage() for record in caplog.records] == [
        "OSC from 127.0.0.1: there is no /citi here; did you mean /city? (said once)",
        "OSC from 127.0.0.1: /fade/time takes a number from 0 to 60 seconds, not 'x' (said once)",
        "OSC from 127.0.0.1: /freeze takes one argument, the others are ignored (said once)",
        "OSC from 127.0.0.1: a datagram isn't OSC: neither a message nor a bundle (said once)",
    ]


def test_what_another_show_says_is_not_an_error(server: OscServer, client: OscClient) -> None:
    for address in ("/error", "/pong", "/status/fps", "/state/end"):
        client.send(address, "x")
    assert client.settle() == []
    assert server.refused == 0


_typed = st.sampled_from(
    [
        (b",f", struct.pack(">f", math.nan)),
        (b",f", struct.pack(">f", math.inf)),
        (b",d", struct.pack(">d", -math.inf)),
        (b",b", struct.pack(">i", 4) + b"blob"),
        (b",m", b"\1\2\3\4"),
        (b",[ii]", struct.pack(">ii", 1, 2)),
        (b",s", b"\xff\xfe\xfd\0"),
        (b",s", b"nan\0"),
        (b",S", b"dubai\0\0\0"),
        (b",i", b"\0"),
        (b",h", b"\0\0\0\1"),
    ]
)
_addresses = st.sampled_from(
    [
        "/city",
        "/city/next",
        "/mix/dubai",
        "/region/left",
        "/fade/time",
        "/fade/shape",
        "/freeze",
        "/blackout",
        "/panic",
        "/overlay",
    ]
)


def _padded(text: bytes) -> bytes:
    return text + b"\0" * (4 - len(text) % 4)


_wrong = st.builds(
    lambda address, typed: _padded(address.encode()) + _padded(typed[0]) + typed[1], _addresses, _typed
)
_endless = st.builds(
    lambda size, body: BUNDLE + b"\0" * 7 + b"\1" + struct.pack(">i", size) + body,
    st.integers(-64, 0),
    st.binary(max_size=40),
)
_stars = st.integers(1, 200).map(lambda n: build("/" + "*" * n))
_noise = st.binary(max_size=200)


def _is_noise(datagram: bytes) -> bool:
    """Whether none of the datagram is for the show, as hardly any noise is."""
    try:
        return not any(m.address in ("/state", "/ping") for m in parse(datagram))
    except PacketError:
        return True


@given(st.lists(_wrong | _endless | _stars | _noise.filter(_is_noise), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_changes_nothing_and_stops_nothing(
    server: OscServer, client: OscClient, datagrams: list[bytes]
) -> None:
    state = opening(CITIES)
    for datagram in datagrams:
        client.send_bytes(datagram)
    heard = client.settle()  # it still listens
    assert {message.address for message in heard} <= {"/error"}
    after = state
    for command in server.drain():
        after = reduce(after, command, 1.0)
    assert after == state


def test_a_flood_neither_grows_nor_loses_the_last_word(server: OscServer, client: OscClient) -> None:
    for burst in range(50):
        for n in range(100):
            client.send("/fade/time", (burst * 100 + n) / 100)
            client.send("/city/next")
        client.settle()
    commands = server.drain()
    assert [c.seconds for c in commands if isinstance(c, SetFadeTime)] == pytest.approx([49.99])
    assert [c for c in commands if not isinstance(c, SetFadeTime)] == [NextCity()] * REPEATS


def test_questions_are_bounded_too(server: OscServer, state: ShowState) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(OscClient(server.port)) for _ in range(MOST_QUERIES // 5 + 1)]
        for client in clients:
            for address in ("/city", "/fade/time", "/freeze", "/blackout", "/panic", "/overlay"):
                client.send(address, "?")
            client.settle()
        server.drain()
        server.publish(state, {})
        answers = [len(client.settle()) for client in clients]
    assert sum(answers) == MOST_QUERIES
    assert answers[0] == 6


# What clients are told


def test_a_change_from_any_source_is_told_to_every_client(server: OscServer, state: ShowState) -> None:
    with OscClient(server.port) as first, OscClient(server.port) as second:
        first.settle()
        second.settle()
        server.publish(reduce(state, SetFreeze(True), 0.0), {})
        assert first.settle() == second.settle() == [Message("/freeze", (1,))]


def test_who_never_spoke_is_told_nothing(server: OscServer, client: OscClient, state: ShowState) -> None:
    server.publish(reduce(state, SetFreeze(True), 0.0), {})
    assert client.settle() == []


def test_every_control_tells_its_value(server: OscServer, client: OscClient, state: ShowState) -> None:
    client.settle()
    for command in (
        SetCity(2),
        SetFadeTime(5.0),
        SetFadeShape("iris-out"),
        SetRegion("left", 1),
        SetFreeze(True),
        SetBlackout(True),
        Panic(),
        SetOverlay(True),
    ):
        state = reduce(state, command, 0.0)
    server.publish(state, {})
    assert client.settle() == [
        Message("/city", ("dubai",)),
        Message("/mix/istanbul", (0.0,)),
        Message("/mix/new-york", (0.5,)),
        Message("/mix/dubai", (0.5,)),
        Message("/region/left", ("new york",)),
        Message("/region/right", ("dubai",)),
        Message("/region/top", ("",)),
        Message("/region/bottom", ("",)),
        Message("/region/centre", ("",)),
        Message("/fade/time", (5.0,)),
        Message("/fade/shape", ("iris-out",)),
        Message("/freeze", (1,)),
        Message("/blackout", (1,)),
        Message("/panic", (1,)),
        Message("/overlay", (1,)),
    ]


def test_a_fader_that_moves_tells_of_those_that_it_moves(
    server: OscServer, client: OscClient, clock: ManualClock, state: ShowState
) -> None:
    client.settle()
    state = reduce(state, SetShare(2, 0.25), 0.0)
    server.publish(state, {})
    assert client.settle() == [
        Message("/mix/istanbul", (0.75,)),
        Message("/mix/dubai", (0.25,)),
        *(Message(f"/region/{region}", ("",)) for region in REGIONS),
    ]
    client.send("/mix/istanbul", 0.75)
    client.send("/mix/dubai", 0.25)
    client.settle()
    for command in server.drain():
        assert reduce(state, command, 1.0) == state, "what is told back changes nothing"
    clock.sleep(1.0)
    server.publish(state, {})
    assert client.settle() == []


def test_of_quick_changes_the_last_is_told(
    server: OscServer, client: OscClient, clock: ManualClock, state: ShowState
) -> None:
    client.settle()
    clock.sleep(1.0)
    told = []
    for n in range(1, 11):
        state = reduce(state, SetFadeTime(float(n)), 0.0)
        server.publish(state, {})
        told += client.settle()
        clock.sleep(0.01)
    clock.sleep(1.0)
    server.publish(state, {})
    told += client.settle()
    values = [message.arguments[0] for message in told]
    assert values[0] == 1.0
    assert values[-1] == 10.0
    assert len(values) <= 5  # ten changes in a tenth of a second, at 30 Hz, and the last


def test_status_is_told_when_it_changes(
    server: OscServer, client: OscClient, clock: ManualClock, state: ShowState
) -> None:
    client.settle()
    server.publish(state, {"fps": 29.5, "camera": "simulated sheet"})
    assert client.settle() == [
        Message("/status/fps", (29.5,)),
        Message("/status/camera", ("simulated sheet",)),
    ]
    clock.sleep(1.0)
    server.publish(state, {"fps": 29.5, "camera": "gone"})
    assert client.settle() == [Message("/status/camera", ("gone",))]


def test_state_is_told_whole_and_has_an_end(server: OscServer, client: OscClient, state: ShowState) -> None:
    client.send("/state")
    client.settle()
    server.drain()
    server.publish(state, {"fps": 30.0})
    heard = client.hear_until("/state/end")
    assert Message("/status/cities", CITIES) in heard
    told = heard[-18:]  # before it, what had changed
    assert [message.address for message in told] == [
        "/city",
        "/mix/istanbul",
        "/mix/new-york",
        "/mix/dubai",
        "/region/left",
        "/region/right",
        "/region/top",
        "/region/bottom",
        "/region/centre",
        "/fade/time",
        "/fade/shape",
        "/freeze",
        "/blackout",
        "/panic",
        "/overlay",
        "/settle",
        "/status/fps",
        "/status/cities",
    ]
    client.send("/state")
    client.settle()
    server.drain()
    server.publish(state, {"fps": 30.0})
    assert client.settle() == [*told, Message("/state/end", (18,))]


def test_who_commands_and_then_asks_is_told_the_effect(
    server: OscServer, client: OscClient, state: ShowState
) -> None:
    """Also when the question comes between the frame's commands and its answers."""
    client.send("/city", "dubai")
    client.settle()
    (command,) = server.drain()
    client.send("/city", "new york")
    client.send("/city", "?")
    client.settle()
    state = reduce(state, command, 0.0)
    server.publish(state, {})
    client.settle()
    for command in server.drain():
        state = reduce(state, command, 0.0)
    server.publish(state, {})
    assert Message("/city", ("new york",)) in client.settle()


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/city", "istanbul"),
        ("/mix/istanbul", 1.0),
        ("/region/top", "istanbul"),
        ("/fade/time", 2.0),
        ("/fade/shape", "morph"),
        ("/panic", 0),
        ("/status/fps", 30.0),
    ],
)
def test_a_question_mark_asks_for_one_value(
    server: OscServer, client: OscClient, state: ShowState, address: str, value: float | str
) -> None:
    server.publish(state, {"fps": 30.0})
    client.send(address, "?")
    client.settle()
    assert server.drain() == []
    server.publish(state, {"fps": 30.0})
    assert client.settle() == [Message(address, (value,))]


def test_a_client_that_is_gone_is_forgotten_in_time(
    server: OscServer, client: OscClient, clock: ManualClock, state: ShowState
) -> None:
    client.settle()
    clock.sleep(CLIENT_SECONDS)
    server.publish(reduce(state, SetFreeze(True), 0.0), {})
    assert client.settle() == []
    clock.sleep(CLIENT_SECONDS - 1)
    server.publish(state, {})
    assert client.settle() == [Message("/freeze", (0,))]


def test_a_closed_socket_disturbs_nobody(server: OscServer, client: OscClient, state: ShowState) -> None:
    with OscClient(server.port) as gone:
        gone.settle()
    client.settle()
    for on in (True, False):
        server.publish(reduce(state, SetFreeze(on), 0.0), {})
    assert client.settle() == [Message("/freeze", (1,))]


def test_a_script_with_a_new_port_for_each_message_does_not_push_out_the_tablet(
    server: OscServer, state: ShowState
) -> None:
    with OscClient(server.port, host="127.0.0.2") as tablet, ExitStack() as stack:
        tablet.settle()
        scripts = [stack.enter_context(OscClient(server.port)) for _ in range(MOST_CLIENTS + 5)]
        for script in scripts:
            script.settle()
        server.publish(reduce(state, SetFreeze(True), 0.0), {})
        assert tablet.settle() == [Message("/freeze", (1,))]
        told = [len(script.settle()) for script in scripts]
        assert told == [0] * 6 + [1] * (MOST_CLIENTS - 1)


# The port


def test_it_tells_its_port(server: OscServer) -> None:
    assert server.port > 0
    assert server.describe() == f"OSC 127.0.0.1:{server.port}"


def test_a_port_in_use_is_one_sentence(server: OscServer, clock: ManualClock) -> None:
    with pytest.raises(
        DeviceFault, match=f"^UDP port {server.port} on 127.0.0.1 is already in use.*--osc-port$"
    ):
        OscServer(ControlSettings(osc_port=server.port), CITIES, clock)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "x" * 100, "a..b"])
def test_a_host_that_is_not_ours_is_one_sentence(clock: ManualClock, host: str) -> None:
    with pytest.raises(DeviceFault, match=f'^control.osc_host "{host}" is no address of this machine'):
        OscServer(ControlSettings(osc_host=host, osc_port=0), CITIES, clock)


def test_closing_gives_the_port_back_and_ends_the_thread(clock: ManualClock) -> None:
    server = OscServer(ANY_PORT, CITIES, clock)
    server.start()
    port = server.port
    server.close()
    server.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "osc"]
    again = OscServer(ControlSettings(osc_port=port), CITIES, clock)
    assert again.port == port
    again.close()


# A foreign client


def test_oscsend_steers_and_oscdump_hears(server: OscServer, state: ShowState) -> None:
    oscsend = require_program("oscsend", apt="liblo-tools")
    oscdump = require_program("oscdump", apt="liblo-tools")
    with OscClient(server.port) as client:
        for arguments in (
            ["/city", "s", "Dubai"],
            ["/freeze", "T"],
            ["/fade/time", "f", "1.5"],
            ["/fade/shape", "s", "wipe-up"],
            ["/mix/new-york", "f", "0.5"],
            ["/region/top", "s", "Dubai"],
            ["/panic", "I"],
        ):
            subprocess.run([oscsend, "127.0.0.1", str(server.port), *arguments], check=True, timeout=10)
        client.settle()
        port = client.port
    assert server.drain() == [
        SetCity(2),
        SetFreeze(True),
        SetFadeTime(1.5),
        SetFadeShape("wipe-up"),
        SetShare(1, 0.5),
        SetRegion("top", 2),
        Panic(),
    ]

    dump = subprocess.Popen([oscdump, "-L", str(port)], stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(10.0, dump.kill)
    watchdog.start()
    try:
        _wait_for_listener(port)
        server.publish(reduce(state, SetCity(2), 0.0), {})
        assert dump.stdout is not None
        assert dump.stdout.readline().split()[-3:] == ["/city", "s", '"dubai"']
    finally:
        watchdog.cancel()
        dump.kill()
        dump.communicate()


def _wait_for_listener(port: int) -> None:
    """Return when somebody listens on a UDP port: a connected socket then hears of no refusal."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", port))
            try:
                probe.send(b"#")
                time.sleep(0.02)
                probe.send(b"#")
            except ConnectionRefusedError:
                continue
            return
    pytest.fail(f"nobody listens on port {port}")

"""The OSC side of the show, over real sockets and with the real hub."""

from __future__ import annotations

import math
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_tcp_server import MODE_1_0, MODE_1_1
from pythonosc.tcp_client import SimpleTCPClient

from live.clock import ManualClock
from live.config import ControlSettings
from live.control.controls import controls
from live.control.hub import REPEATS, Hub
from live.control.kinds import Message, Value
from live.control.osc import peers
from live.control.osc.connection import PATIENCE, SILENCE
from live.control.osc.framing import MOST, Framing, Sized, Slip
from live.control.osc.packets import BUNDLE, PacketError, build, parse
from live.control.osc.server import HORIZON, MOST_BROKEN, MOST_QUERIES, OscDesk
from live.cues import Cue, CueList
from live.show import ShowState, opening
from models.faults import DeviceFault
from tests.live.control.client import OscClient, TcpClient
from tests.support import require_program

CITIES = ("istanbul", "new york", "dubai")
CUES = CueList((Cue("1", "Opening"), Cue("2", "Night")))
ANY_PORT = ControlSettings(osc_port=0)
WALL = 1_800_000_000.0
"""The time of day at which the show begins, seconds since 1970."""


class Show:
    """A show without pictures: the hub, obeyed turn by turn, and its OSC desk."""

    def __init__(self, settings: ControlSettings = ANY_PORT) -> None:
        self.clock = ManualClock(100.0)
        self.hub = Hub(controls(CITIES, CUES), self.clock)
        self.desk = OscDesk(settings, self.hub, self.clock, lambda: WALL + self.clock.now())
        self.hub.attach(self.desk)
        self.state = opening(CITIES, cues=CUES)
        self.status: dict[str, Value | tuple[Value, ...]] = {"cities": CITIES}
        self.turn()
        self.clock.sleep(1.0)
        self.desk.start()

    @property
    def port(self) -> int:
        return self.desk.port

    def turn(self, **status: Value) -> ShowState:
        """One turn of the main thread; the state after it."""
        self.status |= status
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, self.status)
        return self.state

    def at(self, address: str) -> tuple[Value, ...]:
        """What a control or a status is at, after what was sent."""
        self.turn()
        return self.hub.values()[address]


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


def bundle(*elements: bytes, at: float | None = None) -> bytes:
    """A bundle for a time, seconds since 1970; None for now."""
    timetag = 1 if at is None else int((at + 2_208_988_800) * 2**32)
    return BUNDLE + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def as_sent(address: str, values: tuple[Value, ...]) -> Message:
    """A message as it arrives: its numbers have 32 bits."""
    ((_, message),) = parse(build(address, *values))
    return message


def addresses(messages: list[Message]) -> list[str]:
    return [message.address for message in messages]


# Commands


@pytest.mark.parametrize(
    ("address", "arguments", "value"),
    [
        ("/city", ("New-York",), ("new york",)),
        ("/city", (3.0,), ("dubai",)),
        ("/fade/time", (2.5,), (2.5,)),
        ("/fade/time", ("+", 1.5), (3.5,)),
        ("/fade/shape", ("Wipe Left",), ("wipe-left",)),
        ("/mix/new-york", (0.5,), (0.5,)),
        ("/region/left", ("dubai",), ("dubai",)),
        ("/fade/point", (0.25, 0.75), (0.25, 0.75)),
        ("/freeze", (), (1,)),
        ("/blackout", ("on",), (1,)),
        ("/panic", (1.0,), (1,)),
    ],
)
def test_a_message_moves_its_control(
    show: Show,
    client: OscClient | TcpClient,
    address: str,
    arguments: tuple[float | str, ...],
    value: tuple[Value, ...],
) -> None:
    client.send(address, *arguments)
    client.settle()
    assert show.at(address) == value


def test_the_release_of_a_button_neither_triggers_nor_ends_a_panic(show: Show, udp: OscClient) -> None:
    for pressed in (0.0, 1.0, 0.0):
        udp.send("/panic", pressed)
        udp.settle()
    assert show.at("/panic") == (1,)


def test_messages_keep_their_order(show: Show, client: OscClient | TcpClient) -> None:
    for city in (1, 2, 3, 2):
        client.send("/city", city)
        client.send("/city/next")
    client.send("/panic")
    client.send("/panic/release")
    client.settle()
    assert show.at("/city") == ("dubai",)
    assert show.at("/panic") == (0,)


def test_the_log_names_the_sender(show: Show, client: OscClient | TcpClient) -> None:
    client.send("/freeze", 1)
    client.settle()
    show.turn()
    assert [(e.sender, e.address, e.text) for e in show.hub.journal()] == [
        (f"OSC 127.0.0.1:{client.port}", "/freeze", "1")
    ]


def test_no_client_ends_the_show(show: Show, udp: OscClient) -> None:
    udp.send("/quit")
    assert addresses(udp.settle()) == ["/error"]
    assert show.turn().running


# Bundles


def test_a_bundle_for_soon_is_obeyed_in_its_moment_and_holds_nothing_up(
    show: Show, client: OscClient | TcpClient
) -> None:
    soon = WALL + show.clock.now() + 1.5
    client.send_packet(bundle(build("/freeze", 1), build("/city", 3), at=soon))
    client.send("/fade/time", 5.0)
    client.settle()
    assert (show.at("/fade/time"), show.at("/freeze"), show.at("/city")) == ((5.0,), (0,), ("istanbul",))
    show.clock.sleep(1.4)
    assert show.at("/freeze") == (0,)
    show.clock.sleep(0.2)
    show.turn()
    assert (show.at("/freeze"), show.at("/city")) == ((1,), ("dubai",))


@pytest.mark.parametrize("ahead", [-3600.0, -0.5, 0.0, HORIZON + 0.1, 3600.0, 1e8])
def test_a_bundle_for_the_past_or_for_much_later_is_obeyed_now(
    show: Show, udp: OscClient, ahead: float
) -> None:
    udp.send_packet(bundle(build("/freeze", 1), at=WALL + show.clock.now() + ahead))
    assert udp.settle() == []
    assert show.at("/freeze") == (1,)


def test_a_clock_that_is_wrong_is_logged_once(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        udp.send_packet(bundle(build("/freeze", 1), at=WALL + show.clock.now() + 60))
    udp.settle()
    assert [record.getMessage() for record in caplog.records] == [
        f"OSC 127.0.0.1:{udp.port}: a bundle is for 60.0 s ahead, more than 2, and is obeyed at once; "
        "are the clocks of both machines right? (said once)"
    ]


def test_what_a_bundle_holds_is_obeyed_in_one_turn(show: Show, udp: OscClient) -> None:
    heard: list[tuple[str, ...]] = []
    hear = show.hub.hear

    def listen(sender: str, messages: list[Message], due: float | None = None) -> tuple[str, ...]:
        heard.append(tuple(message.address for message in messages))
        return hear(sender, messages, due)

    show.hub.hear = listen  # type: ignore[method-assign, assignment]
    now = WALL + show.clock.now()
    held = bundle(build("/city", 2), build("/blackout", 1), at=now - 5)
    later = bundle(build("/opacity", 0.5), at=now + 1)
    udp.send_packet(bundle(build("/freeze", 1), held, later, build("/fade/time", 1.0)))
    udp.settle()
    assert heard == [("/freeze", "/city", "/blackout", "/fade/time"), ("/opacity",)]


def test_a_question_in_a_bundle_is_answered_with_the_bundles_effect(show: Show, udp: OscClient) -> None:
    udp.send_packet(bundle(build("/city", "?"), build("/city", "dubai")))
    udp.settle()
    show.turn()
    assert Message("/city", ("dubai",)) in udp.settle()


# Patterns


def test_a_pattern_moves_all_that_it_matches(show: Show, client: OscClient | TcpClient) -> None:
    client.send("/region/{left,bottom}", "dubai")
    client.send("/fa[a-d]e/t*", 7.0)
    assert client.settle() == []
    assert [show.at(f"/region/{region}") for region in ("left", "bottom", "top")] == [
        ("dubai",),
        ("dubai",),
        ("",),
    ]
    assert show.at("/fade/time") == (7.0,)


def test_no_pattern_reaches_what_must_be_called_by_its_very_address(show: Show, udp: OscClient) -> None:
    udp.send("/p*")
    udp.send("/*", 1)
    (error, *_) = udp.settle()
    assert error == Message("/error", ("the pattern /p* doesn't reach /panic: no pattern does",))
    assert show.at("/panic") == (0,)
    assert show.at("/blackout") == (0,)
    assert show.at("/freeze") == (1,)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("/citi*", "the pattern /citi* matches no control"),
        ("/q*t", "the pattern /q*t matches no control"),
        ("/mix/[a-z", "the pattern /mix/[a-z has a [ without its ]"),
        ("/" + "*" * 300, "a pattern has at most 256 characters, not 301"),
    ],
)
def test_a_pattern_without_a_meaning_is_one_sentence(
    show: Show, udp: OscClient, pattern: str, sentence: str
) -> None:
    udp.send(pattern, 1)
    assert udp.settle() == [Message("/error", (sentence,))]
    assert show.desk.refused == 1


def test_a_pattern_asks_for_all_that_it_matches(show: Show, udp: OscClient) -> None:
    udp.send("/mix/*", "?")
    udp.send("/pan{ic,el}", "?")  # to ask is no danger
    udp.settle()
    show.turn()
    assert udp.settle() == [
        Message("/mix/istanbul", (1.0,)),
        Message("/mix/new-york", (0.0,)),
        Message("/mix/dubai", (0.0,)),
        Message("/panic", (0,)),
    ]


# What can't be meant


@pytest.mark.parametrize(
    ("address", "arguments", "sentence"),
    [
        ("/citi", (), "there is no /citi here; did you mean /city?"),
        (
            "/city",
            ("atlantis",),
            "/city takes a city (istanbul, new york, dubai) or its number (1 to 3), not 'atlantis'",
        ),
        ("/fade/time", (math.nan,), "/fade/time takes a number from 0 to 60 seconds, not nan"),
        ("/freeze", ("maybe",), "/freeze takes 1 or 0, on or off, not 'maybe'"),
        ("/city/next", ("?",), "/city/next takes 1 or 0, on or off, not '?'"),
        ("/citi", ("?",), "there is no /citi here; did you mean /city?"),
        ("/a\nb", (), "there is no /a·b here"),
        ("/subscribe", ("x",), "/subscribe takes a port from 1 to 65535 or nothing, not x"),
        ("/subscribe", (0,), "/subscribe takes a port from 1 to 65535 or nothing, not 0"),
        ("/unsubscribe", (1.5,), "/unsubscribe takes a port from 1 to 65535 or nothing, not 1.5"),
    ],
)
def test_what_cannot_be_meant_is_answered_in_one_sentence(
    show: Show,
    client: OscClient | TcpClient,
    address: str,
    arguments: tuple[float | str, ...],
    sentence: str,
) -> None:
    client.send(address, *arguments)
    assert client.settle() == [Message("/error", (sentence,))]
    assert show.desk.refused == 1


def test_errors_do_not_answer_a_flood_with_a_flood(show: Show, udp: OscClient) -> None:
    for _ in range(50):
        udp.send("/citi")
    assert len(udp.settle()) == 1
    assert show.desk.refused == 50
    show.clock.sleep(0.1)
    udp.send("/citi")
    assert len(udp.settle()) == 1


def test_an_error_is_logged_once_and_then_counted(udp: OscClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        udp.send("/citi")
    for _ in range(5):
        udp.send("/fade/time", "x")
        udp.send_packet(b"hello")
        udp.settle()
    who = f"OSC 127.0.0.1:{udp.port}"
    assert [record.getMessage() for record in caplog.records] == [
        f"{who}: there is no /citi here; did you mean /city? (said once)",
        f"{who}: there is no /citi here (100 times by now)",
        f"{who}: /fade/time takes a number from 0 to 60 seconds, not 'x' (said once)",
        f"{who}: a packet isn't OSC: neither a message nor a bundle (said once)",
    ]


def test_what_another_show_says_is_not_an_error(show: Show, udp: OscClient) -> None:
    for address in ("/error", "/pong", "/status/fps", "/state/end"):
        udp.send(address, "x")
    assert udp.settle() == []
    assert show.desk.refused == 0


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
_stars = st.integers(2, 400).map(lambda n: build("/" + "*?" * n + "a"))
_noise = st.binary(max_size=200)


def _is_noise(packet: bytes) -> bool:
    """Whether none of the packet is for the show, as hardly any noise is."""
    try:
        return not any(m.address.startswith("/") for _, m in parse(packet))
    except PacketError:
        return True


_garbage = _wrong | _endless | _stars | _noise.filter(_is_noise)


@given(st.lists(_garbage, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_changes_nothing_and_stops_nothing(
    show: Show, udp: OscClient, packets: list[bytes]
) -> None:
    before = show.state
    for packet in packets:
        udp.send_packet(packet)
    assert set(addresses(udp.settle())) <= {"/error"}  # it still listens
    assert show.turn() == before


@given(st.sampled_from([Slip, Sized]), st.lists(_garbage, max_size=20), st.binary(max_size=50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_comes_in_a_stream_changes_nothing_either(
    show: Show, udp: OscClient, framing: Callable[[], Framing], packets: list[bytes], noise: bytes
) -> None:
    before = show.state
    stream = b"".join(framing().wrap(packet) for packet in packets if packet)
    with TcpClient(show.port, framing) as tcp:
        tcp.send_bytes(stream + noise)
    udp.settle()
    assert show.turn() == before


def test_a_flood_neither_grows_nor_loses_the_last_word(show: Show) -> None:
    with ExitStack() as stack:
        senders = [stack.enter_context(OscClient(show.port)) for _ in range(4)]
        for burst in range(50):
            for n in range(25):
                for sender, address in zip(senders, ("time", "beats", "point/x", "point/y"), strict=True):
                    sender.send(f"/fade/{address}", (burst * 25 + n) / 10_000)
                    sender.send("/city/next")
            for sender in senders:
                sender.settle()
    assert show.at("/fade/time") == pytest.approx((0.1249,))
    assert show.at("/fade/point") == pytest.approx((0.1249, 0.1249))
    assert show.at("/city") == (CITIES[REPEATS % 3],)


def test_questions_are_bounded_too(show: Show) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(OscClient(show.port)) for _ in range(MOST_QUERIES // 5 + 1)]
        for client in clients:
            for address in ("/city", "/fade/time", "/freeze", "/blackout", "/panic", "/overlay"):
                client.send(address, "?")
            client.settle()
        show.turn()
        answers = [len(client.settle()) for client in clients]
    assert sum(answers) == MOST_QUERIES
    assert answers[0] == 6


# What clients are told


def test_a_change_from_any_source_is_told_to_every_client(
    show: Show, udp: OscClient, tcp: TcpClient
) -> None:
    with OscClient(show.port) as other:
        for client in (udp, tcp, other):
            client.settle()
        show.hub.hear("keys", [Message("/freeze")])
        show.turn()
        assert udp.settle() == tcp.settle() == other.settle() == [Message("/freeze", (1,))]


def test_who_never_spoke_is_told_nothing(show: Show, client: OscClient | TcpClient) -> None:
    show.hub.hear("keys", [Message("/freeze")])
    show.turn()
    assert client.settle() == []


def test_status_is_told_when_it_changes(show: Show, client: OscClient | TcpClient) -> None:
    client.settle()
    show.turn(fps=29.5, camera="simulated sheet", heartbeat=7)
    assert client.settle() == [
        Message("/status/fps", (29.5,)),
        Message("/status/camera", ("simulated sheet",)),
        Message("/status/heartbeat", (7,)),
    ]
    show.clock.sleep(1.0)
    show.turn(camera="gone")
    assert client.settle() == [Message("/status/camera", ("gone",))]


def test_of_quick_changes_the_last_is_told(show: Show, udp: OscClient) -> None:
    udp.settle()
    told = []
    for n in range(1, 11):
        udp.send("/fade/time", n)
        told += udp.settle()
        show.turn()
        show.clock.sleep(0.01)
    show.clock.sleep(1.0)
    show.turn()
    told += udp.settle()
    values = [message.arguments[0] for message in told]
    assert values[0] == 1.0
    assert values[-1] == 10.0
    assert len(values) <= 5  # ten changes in a tenth of a second, at 30 Hz, and the last


def test_what_is_told_back_changes_nothing(show: Show, udp: OscClient) -> None:
    udp.send("/mix/dubai", 0.25)
    udp.settle()
    state = show.turn()
    for message in udp.settle():
        if message.arguments != ("",):  # a region of no city
            udp.send(message.address, *message.arguments)  # type: ignore[arg-type]
    udp.settle()
    show.clock.sleep(1.0)
    assert show.turn() == state
    assert udp.settle() == []


def test_state_is_told_whole_and_has_an_end(show: Show, client: OscClient | TcpClient) -> None:
    client.send("/state")
    client.settle()
    show.turn(fps=30.0)
    heard = client.hear_until("/state/end")
    values = [as_sent(address, value) for address, value in show.hub.values().items()]
    assert heard[-len(values) :] == values
    assert Message("/status/cities", CITIES) in values
    client.send("/state")
    client.settle()
    show.turn()
    assert client.settle() == [*values, Message("/state/end", (len(values),))]


def test_who_commands_and_then_asks_is_told_the_effect(show: Show, udp: OscClient) -> None:
    """Also when the question comes between the turn's commands and what is told."""
    udp.send("/city", "dubai")
    udp.settle()
    show.state = show.hub.obey(show.state, show.clock.now())
    udp.send("/city", "new york")
    udp.send("/city", "?")
    udp.settle()
    show.hub.publish(show.state, show.status)
    (change,) = [message for message in udp.settle() if message.address == "/city"]
    assert change.arguments == ("dubai",)  # that of the turn before, and no answer
    show.turn()
    assert udp.settle()[-1] == Message("/city", ("new york",))


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
    show: Show, client: OscClient | TcpClient, address: str, value: float | str
) -> None:
    show.turn(fps=30.0)
    client.send(address, "?")
    assert client.settle() == []
    show.turn()
    assert client.settle() == [Message(address, (value,))]


def test_a_client_that_is_gone_is_forgotten_in_time(show: Show, udp: OscClient) -> None:
    udp.settle()
    show.clock.sleep(peers.SECONDS)
    show.hub.hear("keys", [Message("/freeze", (1,))])
    show.turn()
    assert udp.settle() == []
    show.clock.sleep(peers.SECONDS - 1)
    show.hub.hear("keys", [Message("/freeze", (0,))])
    show.turn()
    assert udp.settle() == [Message("/freeze", (0,))]


def test_a_closed_socket_disturbs_nobody(show: Show, udp: OscClient) -> None:
    with OscClient(show.port) as gone, TcpClient(show.port) as hung_up:
        gone.settle()
        hung_up.settle()
    udp.settle()
    for on in (1, 0, 1):
        show.hub.hear("keys", [Message("/freeze", (on,))])
        show.turn()
        show.clock.sleep(1.0)
        assert udp.settle() == [Message("/freeze", (on,))]


def test_a_script_with_a_new_port_for_each_message_does_not_push_out_the_tablet(show: Show) -> None:
    with OscClient(show.port, host="127.0.0.2") as tablet, ExitStack() as stack:
        tablet.settle()
        scripts = [stack.enter_context(OscClient(show.port)) for _ in range(peers.MOST + 5)]
        for script in scripts:
            script.settle()
        show.hub.hear("keys", [Message("/freeze", (1,))])
        show.turn()
        assert tablet.settle() == [Message("/freeze", (1,))]
        told = [len(script.settle()) for script in scripts]
        assert told == [0] * 6 + [1] * (peers.MOST - 1)


def test_it_counts_who_is_told(show: Show, udp: OscClient, tcp: TcpClient) -> None:
    assert show.desk.status() == {"clients": 0}
    for client in (udp, tcp):
        client.settle()
    show.turn(fps=1.0)
    tcp.settle()
    assert show.desk.status() == {"clients": 2}


# Subscribers and targets


def test_a_subscriber_is_told_at_the_port_it_names_until_it_unsubscribes(
    show: Show, client: OscClient | TcpClient
) -> None:
    with OscClient(show.port) as ears:
        client.send("/subscribe", ears.port)
        client.settle()
        show.turn()
        assert addresses(ears.hear_until("/state/end"))[-len(show.hub.values()) :] == list(
            show.hub.values()
        )
        show.clock.sleep(peers.SECONDS)  # no recent sender any more
        show.hub.hear("keys", [Message("/freeze")])
        show.turn()
        assert ears.hear() == Message("/freeze", (1,))
        client.send("/unsubscribe", ears.port)
        client.settle()
        show.hub.hear("keys", [Message("/blackout")])
        show.clock.sleep(1.0)
        show.turn()
        client.settle()
        assert ears.settle() == []


def test_who_unsubscribes_itself_is_told_no_more(show: Show, client: OscClient | TcpClient) -> None:
    client.send("/subscribe")
    client.settle()
    show.turn()
    client.hear_until("/state/end")
    client.send("/unsubscribe")
    client.send("/citi")  # no sign of interest
    assert addresses([client.hear()]) == ["/error"]
    show.hub.hear("keys", [Message("/freeze")])
    show.turn()
    assert Message("/freeze", (1,)) not in client.settle()


def test_targets_are_told_without_asking(open_show: Callable[..., Show]) -> None:
    with OscClient() as first, OscClient() as second:
        show = open_show(osc_targets=(f"127.0.0.1:{first.port}", f"localhost:{second.port}"))
        first.connect(show.port)
        second.connect(show.port)
        show.hub.hear("keys", [Message("/freeze")])
        show.turn()
        for target in (first, second):
            assert Message("/freeze", (1,)) in target.settle()


def test_a_target_that_cannot_be_found_is_told_to_the_operator(open_show: Callable[..., Show]) -> None:
    show = open_show(osc_targets=("no.such.host.invalid:9001",))
    assert (
        show.desk.note == "control.osc_targets: no machine is known by the name no.such.host.invalid; "
        "it is told nothing"
    )


# Prefix


def test_a_prefix_stands_before_everything(open_show: Callable[..., Show]) -> None:
    show = open_show(osc_prefix="/cities/a")
    with OscClient(show.port) as client:
        client.send("/cities/a/city", "dubai")
        client.send("/cities/a/{freeze,blackout}", 1)
        client.send("/cities/a/city", "?")
        assert client.settle("/cities/a") == [
            Message(
                "/cities/a/error",
                ("the pattern /{freeze,blackout} doesn't reach /blackout: no pattern does",),
            )
        ]
        show.turn()
        heard = client.settle("/cities/a")
        assert all(message.address.startswith("/cities/a/") for message in heard)
        assert Message("/cities/a/freeze", (1,)) in heard
        assert heard[-1] == Message("/cities/a/city", ("dubai",))


def test_what_is_for_another_prefix_is_passed_over_without_an_answer(
    open_show: Callable[..., Show], caplog: pytest.LogCaptureFixture
) -> None:
    show = open_show(osc_prefix="/a")
    with OscClient(show.port) as client:
        for address in ("/city", "/b/city", "/ab/city", "/a", "/b/error"):
            client.send(address, "dubai")
        assert client.settle("/a") == []
        assert [record.getMessage() for record in caplog.records] == [
            f"OSC 127.0.0.1:{client.port}: /city isn't for this show, whose addresses begin with /a "
            "(said once)"
        ]
    assert show.desk.refused == 5
    assert show.at("/city") == ("istanbul",)


# Who is allowed


def test_who_is_not_allowed_is_not_heard_and_logged_once(
    open_show: Callable[..., Show], caplog: pytest.LogCaptureFixture
) -> None:
    show = open_show(allow=("127.0.0.2", "10.0.0.0/8"))
    with (
        OscClient(show.port) as stranger,
        TcpClient(show.port) as caller,
        OscClient(show.port, host="127.0.0.2") as friend,
    ):
        for _ in range(3):
            stranger.send("/freeze", 1)
        assert caller.hear_to_the_end() == []
        assert friend.settle() == []
    assert show.at("/freeze") == (0,)
    assert show.desk.refused == 4
    assert [record.getMessage() for record in caplog.records] == [
        "OSC 127.0.0.1: is not in control.allow and isn't heard (said once)"
    ]


@pytest.mark.parametrize(
    ("host", "allow", "note"),
    [
        ("127.0.0.1", (), ""),
        ("0.0.0.0", ("127.0.0.1/32",), ""),
        (
            "0.0.0.0",
            (),
            "anybody who reaches 0.0.0.0 may steer the show by OSC; control.allow names who may",
        ),
    ],
)
def test_an_open_door_is_told_to_the_operator(
    open_show: Callable[..., Show], host: str, allow: tuple[str, ...], note: str
) -> None:
    assert open_show(osc_host=host, allow=allow).desk.note == note


# TCP clients who don't behave


def test_a_stream_that_is_not_osc_is_hung_up_on(
    show: Show, tcp: TcpClient, caplog: pytest.LogCaptureFixture
) -> None:
    tcp.send_bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert tcp.hear_to_the_end() == []
    assert [record.getMessage() for record in caplog.records] == [
        f"OSC 127.0.0.1:{tcp.port}: a stream that isn't OSC, neither SLIP nor packets behind their size; "
        "the connection is closed (said once)"
    ]
    assert show.desk.refused == 1


def test_a_broken_frame_is_told_and_costs_nothing_else(show: Show, tcp: TcpClient) -> None:
    tcp.settle()
    tcp.send_bytes(b"\xc0/freeze\xdb\0\xc0")
    tcp.send("/blackout", 1)
    assert tcp.settle() == [Message("/error", ("a packet isn't OSC: a SLIP frame with a broken escape",))]
    assert show.at("/blackout") == (1,)


def test_a_stream_of_garbage_is_told_once_and_hung_up_on(show: Show, tcp: TcpClient) -> None:
    tcp.send_bytes(b"\xc0" + b"garbage\xc0" * MOST_BROKEN)
    assert tcp.hear_to_the_end() == [
        Message("/error", ("a packet isn't OSC: neither a message nor a bundle",))
    ]
    assert show.desk.refused == MOST_BROKEN + 1


def test_an_oversized_frame_is_told_and_hung_up_on(show: Show, tcp: TcpClient) -> None:
    tcp.settle()
    tcp.send_bytes(b"\xc0")
    for _ in range(5):
        tcp.send_bytes(b"x" * (MOST // 2))
    (error,) = tcp.hear_to_the_end()
    assert error.address == "/error"
    assert "a SLIP frame without an end" in str(error.arguments[0])
    assert show.desk.refused == 1


@pytest.mark.parametrize(
    ("begun", "seconds", "why"),
    [
        (b"\xc0/half", PATIENCE, f"a TCP client left a frame without its end for {PATIENCE:g} s"),
        (b"\0\0", PATIENCE, f"a TCP client left a frame without its end for {PATIENCE:g} s"),
        (b"", SILENCE, f"a TCP client said nothing for {SILENCE:g} s"),
    ],
)
def test_a_half_open_client_is_hung_up_on_in_time(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture, begun: bytes, seconds: float, why: str
) -> None:
    with TcpClient(show.port) as patient, TcpClient(show.port) as half:
        half.send_bytes(begun)
        patient.settle()
        udp.settle()
        show.clock.sleep(seconds)
        assert half.hear_to_the_end() == []
        assert [record.getMessage() for record in caplog.records] == [
            f"OSC 127.0.0.1:{half.port}: {why}; the connection is closed (said once)"
        ]
        patient.settle()


def _stuff(show: Show, udp: OscClient, seconds: float) -> list[str]:
    """Tell more than a client who doesn't read has room for; the names of the camera that were told."""
    names = []
    for n in range(round(seconds / 0.1)):
        names.append(f"{n} " + "x" * 30_000)
        show.clock.sleep(0.1)
        show.clock.sleep(1e-9)  # so that the tenth of a second is over
        show.turn(camera=names[-1], fps=float(n))
        udp.settle()
    return names


def test_a_client_that_does_not_read_hears_the_newest_when_it_does(show: Show, udp: OscClient) -> None:
    with TcpClient(show.port, room=4096) as lazy:
        lazy.settle()
        names = _stuff(show, udp, PATIENCE - 5)
        heard = lazy.settle()
        told = [m.arguments[0] for m in heard if m.address == "/status/camera"]
        assert len(told) < len(names)
        assert [told[0], told[-1]] == [names[0], names[-1]]
        assert Message("/status/fps", (float(len(names) - 1),)) in heard


def test_a_client_that_never_reads_is_hung_up_on(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture
) -> None:
    with TcpClient(show.port, room=4096) as lazy:
        lazy.settle()
        _stuff(show, udp, PATIENCE - 5)
        show.clock.sleep(PATIENCE)
        until = time.monotonic() + 10
        while not caplog.records and time.monotonic() < until:
            udp.settle()
        assert lazy.hear_to_the_end()
        assert [record.getMessage() for record in caplog.records] == [
            f"OSC 127.0.0.1:{lazy.port}: a TCP client read nothing for {PATIENCE:g} s; the connection is "
            "closed (said once)"
        ]


def test_a_crowd_of_connections_does_not_push_out_the_tablet(show: Show) -> None:
    with TcpClient(show.port, host="127.0.0.2") as tablet, ExitStack() as stack:
        tablet.settle()
        crowd = [stack.enter_context(TcpClient(show.port)) for _ in range(peers.MOST + 5)]
        for client in crowd[:6]:
            assert client.hear_to_the_end() == []
        for client in (tablet, *crowd[6:]):
            assert client.settle() == []


# The port


def test_it_tells_its_port(show: Show) -> None:
    assert show.port > 0
    assert show.desk.describe() == f"OSC 127.0.0.1:{show.port}"


def test_a_port_in_use_is_one_sentence(show: Show, open_show: Callable[..., Show]) -> None:
    with pytest.raises(
        DeviceFault, match=f"^UDP port {show.port} on 127.0.0.1 is already in use.*--osc-port$"
    ):
        open_show(osc_port=show.port)


def test_a_port_whose_other_half_is_in_use_is_one_sentence(open_show: Callable[..., Show]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeviceFault, match=f"^TCP port {port} on 127.0.0.1 is already in use"):
            open_show(osc_port=port)
    assert open_show(osc_port=port).port == port


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "x" * 100, "a..b"])
def test_a_host_that_is_not_ours_is_one_sentence(open_show: Callable[..., Show], host: str) -> None:
    with pytest.raises(DeviceFault, match=f'^control.osc_host "{host}" is no address of this machine'):
        open_show(osc_host=host)


def test_closing_gives_the_port_back_and_ends_the_thread(
    show: Show, tcp: TcpClient, open_show: Callable[..., Show]
) -> None:
    tcp.settle()
    show.desk.close()
    show.desk.close()
    assert tcp.hear_to_the_end() == []
    show.turn(fps=1.0)  # a show that ends may still tell
    assert not [thread for thread in threading.enumerate() if thread.name == "osc"]
    assert open_show(osc_port=show.port).port == show.port


def test_a_bug_does_not_stop_the_listening(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hear(*_: object) -> tuple[str, ...]:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(show.hub, "hear", hear)
        for _ in range(3):
            udp.send("/freeze")
        udp.settle()
    assert [record.getMessage() for record in caplog.records] == [
        "a message couldn't be handled (said once)"
    ]
    udp.send("/freeze", 1)
    udp.settle()
    assert show.at("/freeze") == (1,)


# Foreign clients


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_oscsend_steers(show: Show, udp: OscClient, transport: str) -> None:
    oscsend = require_program("oscsend", apt="liblo-tools")
    for arguments in (
        ["/city", "s", "Dubai"],
        ["/freeze", "T"],
        ["/fade/time", "f", "1.5"],
        ["/fade/shape", "s", "wipe-up"],
        ["/opacity", "d", "0.5"],
        ["/region/{top,left}", "h", "2"],
        ["/panic", "I"],
    ):
        url = f"osc.{transport}://127.0.0.1:{show.port}/"
        subprocess.run([oscsend, url, *arguments], check=True, timeout=10)
    udp.settle()
    show.turn()
    values = show.hub.values()
    assert {a: values[a] for a in ("/freeze", "/fade/time", "/fade/shape", "/opacity", "/panic")} == {
        "/freeze": (1,),
        "/fade/time": (1.5,),
        "/fade/shape": ("wipe-up",),
        "/opacity": (0.5,),
        "/panic": (1,),
    }
    assert (values["/region/top"], values["/region/left"]) == (("new york",), ("new york",))


def test_oscdump_hears_what_a_subscriber_is_told(show: Show, udp: OscClient) -> None:
    oscdump = require_program("oscdump", apt="liblo-tools")
    with OscClient(show.port) as placeholder:
        port = placeholder.port
    dump = subprocess.Popen([oscdump, "-L", str(port)], stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(20.0, dump.kill)
    watchdog.start()
    try:
        assert dump.stdout is not None
        _wait_for_listener(port)
        udp.send("/subscribe", port)
        udp.settle()
        show.turn()
        dumped: list[str] = []
        while not dumped or "/state/end" not in dumped[-1]:
            dumped.append(dump.stdout.readline().split(maxsplit=1)[1].strip())
        assert '/city s "istanbul"' in dumped
        assert "/fade/time f 2.000000" in dumped
        assert dumped[-1] == f"/state/end i {len(dumped) - 1}"
        show.hub.hear("keys", [Message("/city", ("dubai",))])
        show.turn()
        assert dump.stdout.readline().split()[-3:] == ["/city", "s", '"dubai"']
    finally:
        watchdog.cancel()
        dump.kill()
        dump.communicate()


@pytest.mark.parametrize("mode", [MODE_1_0, MODE_1_1])
def test_python_oscs_tcp_client_steers_and_hears(show: Show, mode: str) -> None:
    client: Any = SimpleTCPClient  # it isn't typed throughout
    with client("127.0.0.1", show.port, mode=mode) as stream:
        stream.send_message("/city", "dubai")
        stream.send_message("/ping", [])
        assert next(stream.get_messages(10)).address == "/pong"
        assert show.at("/city") == ("dubai",)


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

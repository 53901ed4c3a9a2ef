"""What clients say by OSC and what they are told, over real sockets and with the real hub."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable
from contextlib import ExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live.control.hub import REPEATS
from live.control.kinds import Message, Value
from live.control.osc import peers
from live.control.osc.framing import Framing, Sized, Slip
from live.control.osc.packets import BUNDLE, PacketError, build, parse
from live.control.osc.reception import HORIZON, MOST_QUERIES
from tests.live.control.client import OscClient, TcpClient
from tests.live.control.osc.rig import CITIES, WALL, Show, addresses, as_sent, bundle

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


def test_a_bundle_has_one_moment_however_long_it_takes_to_read() -> None:
    slow = itertools.count(WALL, 0.125)
    show = Show(wall=lambda: next(slow))
    with closing(show.desk), OscClient(show.port) as udp:
        udp.send_packet(
            bundle(*(build("/city", city) for city in (2, 3)), build("/freeze", 1), at=WALL + 1)
        )
        udp.settle()
        show.clock.sleep(0.9)
        assert (show.at("/city"), show.at("/freeze")) == (("istanbul",), (0,))
        show.clock.sleep(0.1)
        assert (show.at("/city"), show.at("/freeze")) == (("dubai",), (1,))


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


def test_a_flood_of_errors_leaves_others_theirs(show: Show, udp: OscClient) -> None:
    with OscClient(show.port, host="127.0.0.2") as tablet:
        for _ in range(50):
            udp.send("/citi")
        udp.settle()
        tablet.send("/fade/time", "x")
        assert addresses(tablet.settle()) == ["/error"]


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


# Packets that come another way


class Visitor:
    """A peer of another transport, which remembers what it is told."""

    def __init__(self) -> None:
        self.name = "OSCQuery 10.0.0.7:51234"
        self.client = ("10.0.0.7", 51234)
        self.heard = 0.0
        self.told: list[str] = []

    def tell(self, address: str, packet: bytes) -> None:  # noqa: ARG002
        self.told.append(address)


def bring(show: Show, udp: OscClient, visitor: Visitor, packet: bytes) -> None:
    """Bring a packet and wait until it was heard."""
    assert show.desk.bring(visitor, packet)
    udp.settle()
    udp.settle()  # the first may have been heard in the same turn, before it


def test_a_packet_that_came_another_way_means_the_same(show: Show, udp: OscClient) -> None:
    visitor = Visitor()
    for packet in (build("/city", "dubai"), build("/citi"), b"hello", build("/city", "?"), build("/ping")):
        bring(show, udp, visitor, packet)
        show.clock.sleep(1.0)
    show.turn()
    udp.settle()
    assert show.at("/city") == ("dubai",)
    assert visitor.told == ["/error", "/error", "/pong", "/city"]


def test_a_visitor_that_subscribes_is_answered_and_not_sent_datagrams(show: Show, udp: OscClient) -> None:
    visitor = Visitor()
    udp.settle()
    bring(show, udp, visitor, build("/subscribe"))
    show.turn(fps=1.0)
    udp.settle()
    assert visitor.told[-1] == "/state/end"
    assert show.desk.status() == {"clients": 1}


def test_of_packets_that_came_another_way_only_so_many_wait(show: Show) -> None:
    show.desk.close()  # nobody takes them
    taken = [show.desk.bring(Visitor(), build("/ping")) for _ in range(2000)]
    assert True in taken
    assert taken[-1] is False


def test_what_has_a_value_may_be_called_by_the_name_of_its_value(show: Show, udp: OscClient) -> None:
    udp.send("/city/value", "dubai")
    udp.send("/fade/time/value", "?")
    udp.settle()
    assert show.at("/city") == ("dubai",)
    assert Message("/fade/time", (2.0,)) in udp.settle()


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

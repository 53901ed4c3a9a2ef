"""OSCQuery, asked over real sockets by another maker's HTTP and websocket clients."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from live.clock import ManualClock
from live.config import ControlSettings
from live.control import oscquery
from live.control.controls import controls
from live.control.hub import Hub, News
from live.control.kinds import Message
from live.control.osc.peers import UdpPeer
from live.control.osc.server import OscDesk
from live.control.oscquery import LONGEST_MESSAGE, MOST_CLIENTS, NAME, OscQueryDesk, read_command
from live.cues import Cue, CueList
from live.show import ShowState, opening
from live.web.thread import WebThread
from models.faults import DeviceFault
from tests.live.control.client import OscClient

CITIES = ("istanbul", "new york", "dubai")
PATIENCE = 30.0
ANY_PORT = ControlSettings(osc_port=0, oscquery_port=0)


CUES = CueList((Cue("1"), Cue("2.5")))


class Show:
    """The hub of a show without pictures, and its desk."""

    def __init__(self, settings: ControlSettings, closing: ExitStack, *, begun: bool = True) -> None:
        self.clock = ManualClock(100.0)
        self.hub = Hub(controls(CITIES, CUES), self.clock)
        self.state: ShowState = replace(opening(CITIES), cues=CUES)
        self.status: dict[str, Any] = {
            "fps": 59.9,
            "note": "",
            "cities": CITIES,
            "cue": "",
            "cue/next": "Dusk",
        }
        thread = WebThread()
        closing.callback(thread.close)
        self.osc = OscDesk(settings, self.hub, self.clock)
        closing.callback(self.osc.close)
        self.desk = OscQueryDesk(settings, self.hub, thread, self.osc)
        closing.callback(self.desk.close)
        for desk in (self.osc, self.desk):
            self.hub.attach(desk)
            desk.start()
        self._closing = closing
        if begun:
            self.turn()

    def turn(self) -> None:
        """What the show's main thread does sixty times a second; here a quarter of a second passes."""
        self.clock.sleep(0.25)
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, self.status)

    def becomes(self, condition: Callable[[], bool]) -> None:
        """Take turns until something is true."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "it never became true"
            time.sleep(0.005)
            self.turn()

    def answer(self, connection: ClientConnection) -> tuple[str, list[object]]:
        """The next message, while turns are taken."""
        end = time.monotonic() + PATIENCE
        while True:
            self.turn()
            try:
                return hear(connection, within=0.02)
            except TimeoutError:
                assert time.monotonic() < end, "no answer ever came"

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Status and, where it is JSON, content of an answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.desk.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                body = answer.read()
                kind = answer.headers.get_content_type()
                return answer.status, json.loads(body) if kind == "application/json" else body.decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def connect(self, **options: Any) -> ClientConnection:
        uri = f"ws://127.0.0.1:{self.desk.port}/"
        connection: ClientConnection = self._closing.enter_context(
            connect(uri, open_timeout=PATIENCE, **options)
        )
        return connection


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


@pytest.fixture
def show(closing: ExitStack) -> Show:
    return Show(ANY_PORT, closing)


def say(connection: ClientConnection, command: str, path: object) -> None:
    connection.send(json.dumps({"COMMAND": command, "DATA": path}))


def send(connection: ClientConnection, address: str, *arguments: object) -> None:
    connection.send(build_msg(address, list(arguments)).dgram)


def hear(connection: ClientConnection, within: float = PATIENCE) -> tuple[str, list[object]]:
    packet = connection.recv(timeout=within)
    assert isinstance(packet, bytes), "values come as binary messages"
    message = OscMessage(packet)
    return message.address, list(message.params)


# The tree over HTTP


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for name, inner in node.get("CONTENTS", {}).items():
        assert inner["FULL_PATH"] == f"{node['FULL_PATH'].rstrip('/')}/{name}"
        yield from walk(inner)


def test_the_tree_holds_every_control_and_every_status_with_its_value(show: Show) -> None:
    status, root = show.get("/")
    assert status == 200
    nodes = {node["FULL_PATH"]: node for node in walk(root)}
    assert root["FULL_PATH"] == "/"
    assert {*show.hub.controls, *show.hub.values()} <= nodes.keys()
    assert "/quit" not in nodes  # no client ends a show
    assert nodes["/city"]["VALUE"] == ["istanbul"]
    assert nodes["/status/fps"] | {"FULL_PATH": ""} == {
        "FULL_PATH": "",
        "ACCESS": 1,
        "TYPE": "f",
        "VALUE": [59.9],
    }
    assert nodes["/status/cities"]["TYPE"] == "sss"


def test_every_node_says_what_the_proposal_asks_of_it(show: Show) -> None:
    for node in walk(show.get("/")[1]):
        if "TYPE" not in node:
            assert node["ACCESS"] == 0
            assert node["CONTENTS"]
            continue
        types, access = node["TYPE"], node["ACCESS"]
        assert access in (1, 2, 3)
        assert ("VALUE" in node) == bool(access & 1)
        for value, tag in zip(node.get("VALUE", [None] * len(types)), types, strict=True):
            if access & 1:
                meant = {"f": int | float, "i": int, "s": str, "T": bool, "N": bool}[tag]
                assert isinstance(value, meant), node
        for attribute in ("RANGE", "UNIT", "CLIPMODE"):
            if attribute in node:
                assert len(node[attribute]) == len(types)
        if access & 2:
            assert node["DESCRIPTION"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/city", {"TYPE": "s", "ACCESS": 3, "RANGE": [{"VALS": list(CITIES)}], "VALUE": ["istanbul"]}),
        ("/city/next", {"TYPE": "N", "ACCESS": 2}),
        (
            "/mix/new-york",
            {"TYPE": "f", "ACCESS": 3, "RANGE": [{"MIN": 0.0, "MAX": 1.0}], "CLIPMODE": ["both"]},
        ),
        ("/fade/time", {"TYPE": "f", "UNIT": ["time.second"]}),
        ("/fade/point", {"TYPE": "ff", "RANGE": [{"MIN": 0.0, "MAX": 1.0}] * 2, "VALUE": [0.5, 0.5]}),
        ("/freeze", {"TYPE": "T", "ACCESS": 3, "VALUE": [False], "TAGS": ["light"]}),
        ("/panic", {"TYPE": "N", "ACCESS": 3, "VALUE": [False], "CRITICAL": True}),
        ("/cue/2.5/go", {"TYPE": "N", "ACCESS": 2}),
        ("/cue", {"TYPE": "s", "RANGE": [{"VALS": ["1", "2.5"]}]}),
    ],
)
def test_a_kind_of_control_is_told_in_the_words_of_the_proposal(
    show: Show, path: str, expected: dict[str, Any]
) -> None:
    status, node = show.get(path)
    assert status == 200
    assert {key: node.get(key) for key in expected} == expected


def test_what_is_a_control_and_holds_others_stands_among_them_once_more(show: Show) -> None:
    for path in ("/city", "/panic", "/cue", "/fade/point", "/status/cue"):
        _, node = show.get(path)
        inner = node["CONTENTS"]["value"]
        assert inner == {k: v for k, v in node.items() if k != "CONTENTS"} | {"FULL_PATH": f"{path}/value"}
    assert show.get("/freeze/value")[0] == 404


def test_values_are_those_of_now(show: Show) -> None:
    show.hub.hear("test", [Message("/freeze", (1,)), Message("/city", ("dubai",))])
    show.turn()
    assert show.get("/freeze?VALUE") == (200, {"VALUE": [True]})
    assert show.get("/city?VALUE") == (200, {"VALUE": ["dubai"]})


def test_what_is_not_finite_is_null(show: Show) -> None:
    show.status["fps"] = float("nan")
    show.turn()
    assert show.get("/status/fps?VALUE") == (200, {"VALUE": [None]})


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/city?TYPE", 200, {"TYPE": "s"}),
        ("/city?FULL_PATH", 200, {"FULL_PATH": "/city"}),
        ("/city?TYPE&ACCESS", 200, {"TYPE": "s", "ACCESS": 3}),
        ("/city/?ACCESS", 200, {"ACCESS": 3}),
        ("/mix?TYPE", 200, {}),  # a container has none
        ("/freeze?CONTENTS", 200, {}),
        ("/mix?VALUE", 204, ""),
        ("/city/next?VALUE", 204, ""),
        ("/freeze?RANGE", 204, ""),
        ("/freeze?EXTENDED_TYPE", 204, ""),
        ("/freeze?HTML", 204, ""),
    ],
)
def test_attributes_are_answered_alone(show: Show, path: str, status: int, content: object) -> None:
    assert show.get(path) == (status, content)


def test_a_value_that_is_not_known_yet_is_an_empty_object(closing: ExitStack) -> None:
    show = Show(ANY_PORT, closing, begun=False)
    assert show.get("/city?VALUE") == (200, {})
    assert "VALUE" not in show.get("/city")[1]


def test_what_is_not_here_and_what_is_no_attribute_is_said_in_a_sentence(show: Show) -> None:
    status, text = show.get("/paris")
    assert (status, text) == (404, "there is no /paris here\n")
    status, text = show.get("/city?GABBAGABBAHEY")
    assert status == 400
    assert "'GABBAGABBAHEY'" in text
    assert "VALUE" in text


def test_the_host_tells_where_osc_is_heard_whatever_the_path(show: Show) -> None:
    for path in ("?HOST_INFO", "/?HOST_INFO", "/city?HOST_INFO", "/paris?HOST_INFO"):
        status, info = show.get(path if path.startswith("/") else "/" + path)
        assert status == 200
        assert (info["NAME"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == (NAME, show.osc.port, "UDP")
        assert info["EXTENSIONS"]["LISTEN"] is True
        assert "PATH_CHANGED" not in info["EXTENSIONS"]  # the tree stays as it is
    used = {key for node in walk(show.get("/")[1]) for key in node}
    assert used - {"FULL_PATH", "CONTENTS", "TYPE"} <= info["EXTENSIONS"].keys()


def test_nothing_is_changed_over_http(show: Show) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", show.desk.port, timeout=PATIENCE)
    connection.request("POST", "/freeze?VALUE=1")
    assert connection.getresponse().status == 405
    connection.close()


# The websocket


def test_who_listens_is_told_the_value_and_every_change_of_it_and_of_nothing_else(show: Show) -> None:
    client = show.connect()
    say(client, "LISTEN", "/freeze")
    assert hear(client) == ("/freeze", [0])
    show.hub.hear("test", [Message("/blackout", (1,)), Message("/freeze", (1,))])
    show.turn()
    assert hear(client) == ("/freeze", [1])


def test_who_ignores_is_told_no_more(show: Show) -> None:
    client = show.connect()
    for path in ("/freeze", "/fade/time"):
        say(client, "LISTEN", path)
        hear(client)
    say(client, "IGNORE", "/freeze")
    say(client, "LISTEN", "/status/note")  # answered: by then the ignoring has been heard
    assert hear(client)[0] == "/status/note"
    show.hub.hear("test", [Message("/freeze", (1,))])
    show.turn()
    show.hub.hear("test", [Message("/fade/time", (7,))])
    show.turn()
    assert hear(client) == ("/fade/time", [7.0])


def test_the_second_place_of_a_control_is_listened_to_by_itself(show: Show) -> None:
    client = show.connect()
    say(client, "LISTEN", "/city/value")
    assert hear(client) == ("/city/value", ["istanbul"])
    show.hub.hear("test", [Message("/city", (2,))])
    show.turn()
    assert hear(client) == ("/city/value", ["new york"])


def test_osc_over_the_websocket_steers_the_show_and_is_told_to_the_others(show: Show) -> None:
    one, other = show.connect(), show.connect()
    say(other, "LISTEN", "/city")
    hear(other)
    send(one, "/city", "dubai")
    show.becomes(lambda: show.state.city == 2)
    assert hear(other) == ("/city", ["dubai"])
    assert show.hub.journal()[-1].sender.startswith("OSCQuery 127.0.0.1:")


def test_a_program_that_finds_all_by_itself_steers_by_udp_and_is_told_by_the_websocket(show: Show) -> None:
    """As Chataigne does it, which makes folders of what holds others."""
    info = show.get("/?HOST_INFO")[1]
    leaves = {node["FULL_PATH"]: node for node in walk(show.get("/")[1]) if "CONTENTS" not in node}
    client = show.connect()
    for path in leaves:
        say(client, "LISTEN", path)
    heard: dict[str, list[object]] = {}
    while len(heard) < sum(bool(node["ACCESS"] & 1) for node in leaves.values()):
        path, value = hear(client)
        heard[path] = value
    assert heard["/city/value"] == ["istanbul"]
    with OscClient(info["OSC_PORT"]) as udp:
        udp.send("/city/value", leaves["/city/value"]["RANGE"][0]["VALS"][2])
        show.becomes(lambda: show.state.city == 2)
        udp.send("/panic/value")
        show.becomes(lambda: show.state.panic)
    while heard["/city/value"] != ["dubai"] or heard["/panic/value"] != [1]:
        path, value = hear(client)
        heard[path] = value


def test_what_osc_answers_by_udp_it_answers_over_the_websocket(show: Show) -> None:
    client = show.connect()
    send(client, "/ping")
    assert hear(client) == ("/pong", [])
    send(client, "/region/*", "dubai")  # a pattern
    show.becomes(lambda: show.hub.values()["/region/left"] == ("dubai",))
    send(client, "/region/right", "?")
    assert show.answer(client) == ("/region/right", ["dubai"])
    send(client, "/state")
    told = {}
    while "/state/end" not in told:
        address, value = show.answer(client)
        told[address] = value
    assert told["/state/end"] == [len(show.hub.values())]
    assert told.keys() - {"/state/end"} == show.hub.values().keys()


def test_a_bundle_is_obeyed_in_one_turn(show: Show) -> None:
    bundle = OscBundleBuilder(IMMEDIATELY)
    bundle.add_content(build_msg("/freeze", [1]))
    bundle.add_content(build_msg("/fade/time", [5.0]))
    client = show.connect()
    client.send(bundle.build().dgram)
    seen = set()

    def both() -> bool:
        seen.add((show.state.frozen, show.state.fade_time == 5.0))
        return show.state.frozen

    show.becomes(both)
    assert seen == {(False, False), (True, True)}


@pytest.mark.parametrize(
    ("address", "arguments", "sentence"),
    [
        ("/citi", ("dubai",), "there is no /citi here; did you mean /city?"),
        ("/fade/time", ("soon",), "/fade/time takes a number from 0 to"),
        ("/quit", (), "there is no /quit here"),
    ],
)
def test_what_cannot_be_meant_is_answered_with_a_sentence(
    show: Show, address: str, arguments: tuple[object, ...], sentence: str
) -> None:
    client = show.connect()
    send(client, address, *arguments)
    where, (told,) = hear(client)
    assert where == "/error"
    assert str(told).startswith(sentence)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "LISTEN",
        "[]",
        "7",
        '{"COMMAND": "LISTEN"}',
        '{"COMMAND": "SHOUT", "DATA": "/city"}',
        "[" * 50_000,
    ],
)
def test_a_text_that_is_no_command_is_answered_with_a_sentence_and_nothing_ends(
    show: Show, garbage: str
) -> None:
    client = show.connect()
    client.send(garbage)
    where, (told,) = hear(client)
    assert where == "/error"
    assert '{"COMMAND": "LISTEN", "DATA": "/address"}' in str(told)
    say(client, "LISTEN", "/freeze")
    assert hear(client) == ("/freeze", [0])


def test_a_packet_that_is_no_osc_and_a_path_that_is_not_here_are_answered_with_a_sentence(
    show: Show,
) -> None:
    client = show.connect()
    client.send(b"\xff\x00garbage")
    assert "isn't OSC" in str(hear(client)[1][0])
    say(client, "LISTEN", "/paris")
    assert "there is no /paris here" in str(hear(client)[1][0])


def test_a_fault_that_comes_again_and_again_is_logged_once(
    show: Show, caplog: pytest.LogCaptureFixture
) -> None:
    client = show.connect()
    for _ in range(50):
        client.send("garbage")
    say(client, "LISTEN", "/freeze")
    while hear(client)[0] != "/freeze":
        pass
    assert sum("websocket" in record.getMessage() for record in caplog.records) == 1


def test_an_oversized_message_ends_the_conversation_and_nothing_else(show: Show) -> None:
    client, other = show.connect(), show.connect()
    client.send(b"x" * (LONGEST_MESSAGE + 1))
    with pytest.raises(ConnectionClosed):
        hear(client)
    say(other, "LISTEN", "/freeze")
    assert hear(other) == ("/freeze", [0])


def test_of_a_flood_the_last_word_is_obeyed(show: Show) -> None:
    client = show.connect()
    for n in range(5000):
        send(client, "/fade/time", n / 100)
    show.becomes(lambda: show.state.fade_time == pytest.approx(49.99))


def test_packets_wait_for_the_osc_desk_only_up_to_a_number(closing: ExitStack) -> None:
    hub = Hub(controls(CITIES, CUES), ManualClock())
    osc = OscDesk(ANY_PORT, hub, ManualClock())  # not started: it hears nothing
    closing.callback(osc.close)
    peer = UdpPeer(closing.enter_context(socket.socket()), ("127.0.0.1", 9), 0.0)
    packet = build_msg("/freeze", [1]).dgram
    waiting = 0
    while osc.bring(peer, packet):
        waiting += 1
        assert waiting < 10_000
    assert waiting > 100


def test_who_reads_slowly_is_told_the_newest_and_holds_up_nobody(show: Show) -> None:
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", show.desk.port))
    slow, quick = show.connect(sock=small, max_queue=1), show.connect()
    for client in (slow, quick):
        say(client, "LISTEN", "/status/note")
        hear(client)
    changes = 160
    for n in range(changes):  # 10 MB, more than both sides keep
        show.status["note"] = f"{n} {'x' * 65_536}"
        show.turn()
        assert str(hear(quick)[1][0]).startswith(f"{n} ")
    heard = [hear(slow)]
    while not str(heard[-1][1][0]).startswith(f"{changes - 1} "):
        heard.append(hear(slow))
    assert len(heard) < changes


def test_who_never_reads_is_hung_up_on(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oscquery, "HEARTBEAT_SECONDS", 0.5)
    deaf = show.connect(max_queue=1, close_timeout=0.1)
    say(deaf, "LISTEN", "/status/note")
    while show.desk.status()["oscquery"]:
        show.status["note"] = f"{show.hub.turn} {'x' * 65_536}"
        show.turn()
        time.sleep(0.005)


def test_a_half_open_client_is_hung_up_on(
    show: Show, monkeypatch: pytest.MonkeyPatch, closing: ExitStack
) -> None:
    monkeypatch.setattr(oscquery, "HEARTBEAT_SECONDS", 0.2)
    half = closing.enter_context(socket.create_connection(("127.0.0.1", show.desk.port), PATIENCE))
    half.sendall(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    while half.recv(4096):  # the greeting, then whether it is there, then the end
        pass
    show.becomes(lambda: show.desk.status() == {"oscquery": 0})


def test_a_client_that_vanishes_is_forgotten(show: Show) -> None:
    client = show.connect()
    say(client, "LISTEN", "/freeze")
    hear(client)
    assert show.desk.status() == {"oscquery": 1}
    client.socket.shutdown(socket.SHUT_RDWR)
    show.becomes(lambda: show.desk.status() == {"oscquery": 0})


def test_more_clients_than_there_is_room_for_are_told_so(show: Show) -> None:
    for _ in range(MOST_CLIENTS):
        show.connect()
    with pytest.raises(InvalidStatus) as refused:
        show.connect()
    assert refused.value.response.status_code == 503


def test_a_show_that_ends_says_goodbye(show: Show) -> None:
    client = show.connect()
    show.desk.close()
    show.desk.close()  # once more is no harm
    with pytest.raises(ConnectionClosed) as end:
        client.recv(timeout=PATIENCE)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 1001


def test_telling_after_the_end_does_nothing(show: Show) -> None:
    show.desk.close()
    show.desk.tell(News(1, {"/freeze": (1,)}, {}))


# Who may


def test_whom_the_show_file_does_not_allow_is_kept_out(closing: ExitStack) -> None:
    show = Show(replace(ANY_PORT, allow=("10.0.0.0/8",)), closing)
    status, text = show.get("/")
    assert status == 403
    assert "control.allow" in text
    with pytest.raises(InvalidStatus) as refused:
        show.connect()
    assert refused.value.response.status_code == 403


def test_the_pages_of_other_sites_are_kept_out(show: Show) -> None:
    with pytest.raises(InvalidStatus) as refused:
        show.connect(origin="http://example.com")
    assert refused.value.response.status_code == 403
    assert show.get("/", Host="example.com")[0] == 403  # a name that was made to point here
    assert show.get("/", Host=f"localhost:{show.desk.port}")[0] == 200


# With a prefix


def test_a_prefix_stands_before_everything(closing: ExitStack) -> None:
    show = Show(replace(ANY_PORT, osc_prefix="/north/cities"), closing)
    assert show.get("/north/cities/city?VALUE") == (200, {"VALUE": ["istanbul"]})
    assert show.get("/city")[0] == 404
    client = show.connect()
    say(client, "LISTEN", "/north/cities/freeze")
    assert hear(client) == ("/north/cities/freeze", [0])
    send(client, "/north/cities/freeze", 1)
    show.becomes(lambda: show.state.frozen)
    assert hear(client) == ("/north/cities/freeze", [1])
    send(client, "/nothing", 0)
    send(client, "/north/cities/nothing", 0)
    where, (told,) = hear(client)
    assert where == "/north/cities/error"
    assert "there is no /nothing here" in str(told)


def test_a_port_that_is_taken_stops_the_start_in_a_sentence(closing: ExitStack) -> None:
    taken = closing.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    with pytest.raises(DeviceFault, match=f"{taken}.* already in use.*control.oscquery_port"):
        Show(replace(ANY_PORT, oscquery_port=taken), closing)


# The parser


@given(st.text() | st.from_regex(r'\{"COMMAND": ?"[A-Z]*", ?"DATA": ?.*\}'))
def test_any_text_is_a_command_or_a_sentence(text: str) -> None:
    try:
        command, path = read_command(text)
    except ValueError:
        return
    assert command in ("LISTEN", "IGNORE")
    assert path in text or "\\" in text

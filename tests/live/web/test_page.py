"""The page's server, over real sockets: what pages are told, what they say, and what they can't do."""

from __future__ import annotations

import itertools
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from live.control.kinds import Message
from live.drawing import Canvas
from live.flow import Look
from live.web import page as page_module
from live.web.access import is_loopback, network_address
from live.web.page import LARGEST_MESSAGE, MOST_PAGES
from live.web.thread import WebThread
from models.faults import DeviceFault
from tests.live.web.show import CITIES, THUMBNAIL, SmallShow, decoded


@pytest.fixture
def show(tmp_path: Path) -> Iterator[SmallShow]:
    with SmallShow(tmp_path) as show:
        yield show


# What a page is told


def test_a_page_is_told_first_what_never_changes_and_then_how_everything_stands(show: SmallShow) -> None:
    page = show.open_page()
    hello = page.hello
    assert hello["title"] == "A Show"
    assert hello["you"] == "page 127.0.0.1"
    assert [city["name"] for city in hello["cities"]] == list(CITIES)
    assert [city["title"] for city in hello["cities"]] == ["İstanbul", "New-York", "Dubai"]
    assert [city["thumbnail"] for city in hello["cities"]] == ["/thumbnail/0.jpg", None, None]
    assert hello["cues"][0] == {
        "number": "1",
        "name": "Opening",
        "note": "house lights out",
        "city": "istanbul",
    }
    assert hello["cues"][1] == {"number": "2.5", "name": "", "note": "", "city": ""}
    assert hello["drawing"] is False
    assert page.values.keys() == show.hub.values().keys()
    assert page.values["/city"] == ["istanbul"]


def test_a_page_is_told_of_every_control_that_clients_may_use(show: SmallShow) -> None:
    told = {control["address"]: control for control in show.open_page().hello["controls"]}
    assert list(told) == list(show.hub.controls)
    assert told["/city"]["kind"] == "choice"
    assert told["/city"]["names"] == list(CITIES)
    assert told["/freeze"]["kind"] == "switch"
    assert told["/freeze"]["keys"] == ["F"]
    assert told["/opacity"]["kind"] == "number"
    assert (told["/opacity"]["low"], told["/opacity"]["high"]) == (0.0, 1.0)
    assert told["/fade/time"]["unit"] == "seconds"
    assert (told["/panic"]["kind"], told["/panic"]["told"]) == ("trigger", True)
    assert (told["/go"]["kind"], told["/go"]["told"]) == ("trigger", False)
    assert told["/fade/point"]["kind"] == "point"


def test_two_pages_are_told_alike_of_what_one_of_them_changes(show: SmallShow) -> None:
    one, other = show.open_page(), show.open_page()
    one.say(set=["/city", "Dubai"])
    show.turn_until(lambda: show.state.city == 2)
    for page in (one, other):
        page.hear_value("/city", "dubai")
        (entry,) = page.hear_until("log")
        assert (entry["sender"], entry["address"], entry["text"]) == ("page 127.0.0.1", "/city", "dubai")


def test_a_page_that_comes_late_is_told_what_happened_before(show: SmallShow) -> None:
    show.hub.hear("OSC 10.0.0.5:51234", [Message("/city", (2,))])
    show.turn()
    late = show.open_page()
    assert late.values["/city"] == ["new-york"]
    (entry,) = late.hear_until("log")
    assert entry["sender"] == "OSC 10.0.0.5:51234"


def test_what_only_happens_is_in_the_log_at_once_though_no_value_changes(show: SmallShow) -> None:
    page = show.open_page()
    page.say(set=["/sheet/clear"])
    show.turn_until(lambda: bool(show.hub.journal()))
    assert page.hear_until("log")[0]["address"] == "/sheet/clear"


def test_what_isnt_finite_is_told_as_null(show: SmallShow) -> None:
    page = show.open_page()
    show.turn({"latency": float("nan"), "cue/left": float("inf")})
    page.hear_until("values")
    assert page.values["/status/latency"] == [None]
    assert page.values["/status/cue/left"] == [None]


def test_the_loop_is_woken_once_for_many_turns(tmp_path: Path) -> None:
    woken: list[str] = []

    class Counting(WebThread):
        def soon(self, callback: Callable[[], object]) -> None:
            woken.append(getattr(callback, "__name__", ""))
            super().soon(callback)

    with SmallShow(tmp_path, thread=Counting()) as show:
        page = show.open_page()
        busy = threading.Event()
        show.thread.soon(busy.wait)
        woken.clear()
        for n in range(200):
            show.turn({"dropped": n})
        assert woken == ["_deliver"]
        busy.set()
        page.hear_value("/status/dropped", 199)


def test_without_a_page_the_loop_is_left_alone(tmp_path: Path) -> None:
    with SmallShow(tmp_path) as show:
        show.thread.soon = pytest.fail  # type: ignore[method-assign, assignment]
        show.turn({"dropped": 1})
        del show.thread.soon


# What a page says


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("no JSON", "JSON object"),
        ("[1, 2]", "JSON object"),
        ("null", "JSON object"),
        ("[" * 20000, "JSON object"),
        ('{"set": 1' + "0" * 5000 + "}", "JSON object"),
        ('{"sit": []}', """"set" or "want", not 'sit'"""),
        ('{"set": []}', '"set" takes an address'),
        ('{"set": "/freeze"}', '"set" takes an address'),
        ('{"set": ["/freeze", [1]]}', '"set" takes an address'),
        ('{"set": [1]}', '"set" takes an address'),
        ('{"set": ["/city", "atlantis"]}', "/city takes a city"),
        ('{"set": ["/city", NaN]}', "/city takes a city"),
        ('{"set": ["/freese"]}', "there is no /freese here; did you mean /freeze?"),
        ('{"set": ["/\\ud800"]}', "there is no /\ud800 here"),
        ('{"set": ["/quit"]}', "there is no /quit here"),
        ('{"want": ["moon"]}', "camera, labels, city"),
        ('{"want": [{}]}', "camera, labels, city"),
        ('{"want": 1}', "camera, labels, city"),
        ('{"undo": true}', "looks at a camera"),
    ],
)
def test_what_cant_be_meant_is_told_to_the_page_in_a_sentence(
    show: SmallShow, said: str, sentence: str
) -> None:
    page = show.open_page()
    page.connection.send(said)
    assert sentence in page.hear_until("error")
    assert show.state.running


def test_bytes_are_no_message(show: SmallShow) -> None:
    page = show.open_page()
    page.connection.send(b"\x00\x01")
    assert "JSON text" in page.hear_until("error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
WORD = st.sampled_from(["set", "want", "stroke", "undo", "clear", "by", "hello"])


@given(st.lists(st.dictionaries(WORD | st.text(), JSON, max_size=3) | JSON | st.text(), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_a_page_says_it_is_heard_afterwards(drawn: SmallShow, messages: list[Any]) -> None:
    page = drawn.open_page()
    for message in messages:
        page.connection.send(message if isinstance(message, str) else json.dumps(message))
    page.say(set=["/the end"])
    while "/the end" not in page.hear_until("error"):
        pass
    page.connection.close()


def test_of_a_flood_the_last_word_counts(show: SmallShow) -> None:
    page = show.open_page()
    for n in range(1000):
        page.say(set=["/opacity", n / 1000])
    page.say(set=["/opacity", 0.25])
    page.say(set=["/the end"])
    page.hear_until("error")
    show.turn()
    assert show.state.opacity.target == 0.25
    page.hear_value("/opacity", 0.25)


def test_a_message_that_is_too_large_closes_that_page_alone(show: SmallShow) -> None:
    page, other = show.open_page(), show.open_page()
    page.say(set=["/city", "x" * LARGEST_MESSAGE])
    with pytest.raises(ConnectionClosed) as closed:
        page.hear_until("error")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    show.turn_until(lambda: show.desk.pages == 1)
    other.say(set=["/city", 2])
    show.turn_until(lambda: show.state.city == 1)
    other.hear_value("/city", "new-york")


# Pages that are too many, too slow, or gone


def test_a_page_too_many_is_told_so_and_closed(show: SmallShow) -> None:
    pages = [show.open_page() for _ in range(MOST_PAGES)]
    with connect(f"ws://127.0.0.1:{show.desk.port}/ws") as surplus:
        assert f"{MOST_PAGES} pages are open already" in str(surplus.recv(timeout=20.0))
        with pytest.raises(ConnectionClosed):
            surplus.recv(timeout=20.0)
    pages[0].connection.close()
    show.turn_until(lambda: show.desk.pages == MOST_PAGES - 1)
    show.open_page()


def test_a_page_that_reads_slowly_gets_the_newest_and_takes_no_memory(show: SmallShow) -> None:
    deaf, page = show.open_deaf_page(), show.open_page()
    turns, size = 1500, 20_000
    for n in range(turns):
        note = f"{n:05}" + "." * size
        show.turn({"note": note})
        page.hear_value("/status/note", note)  # who reads hears them all
    deaf.sendall(masked(b'{"set": ["/the end"]}'))
    heard, newest = 0, f"{turns - 1:05}....".encode()
    tail = b""
    while b"/the end" not in tail or newest not in tail:
        more = deaf.recv(1 << 16)
        assert more
        heard += len(more)
        tail = (tail + more)[-4 * size :]
    # The rest lay in no buffer of anybody.
    assert heard < turns * size / 2


def test_a_page_that_no_longer_answers_is_closed(show: SmallShow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "HEARTBEAT_SECONDS", 0.3)
    show.open_deaf_page()
    page = show.open_page()  # whose websocket answers
    show.turn_until(lambda: show.desk.pages == 2)
    show.turn_until(lambda: show.desk.pages == 1)
    show.turn({"note": "still here"})
    page.hear_value("/status/note", "still here")


def test_a_page_that_speaks_but_does_not_read_is_closed(
    drawn: SmallShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "SENDING_SECONDS", 0.3)
    deaf = drawn.open_deaf_page()
    said = masked(json.dumps({"stroke": stroke("a", 0.1)}).encode())
    turns = itertools.count()

    def is_closed() -> bool:
        with suppress(OSError):
            deaf.sendall(said)
        drawn.turn({"note": f"{next(turns)}" + "." * 50_000})
        return drawn.desk.pages == 0

    drawn.turn_until(is_closed)


def masked(text: bytes) -> bytes:
    """A text message as a browser frames it (with a mask that changes nothing)."""
    assert len(text) < 1 << 16
    length = bytes([len(text) | 0x80]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


def test_pages_are_told_when_the_show_ends(tmp_path: Path) -> None:
    with SmallShow(tmp_path) as show:
        page, port = show.open_page(), show.desk.port
        show.desk.close()
        assert page.hear_until("error") == "the show has ended"
        with pytest.raises(ConnectionClosed) as closed:
            page.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        with socket.create_server(("127.0.0.1", port)):
            pass  # the port is free again
        show.desk.close()


def test_a_page_that_reads_nothing_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with SmallShow(tmp_path) as show:
        deaf = show.open_deaf_page()
        for n in range(300):
            show.turn({"note": f"{n}" + "." * 50_000})
        show.desk.close()
        assert show.desk.pages == 0
        with suppress(ConnectionError):
            while deaf.recv(1 << 16):
                pass


# Pictures


def look(number: int) -> Look:
    rgb = np.full((64, 64, 3), (40 * number, 90, 200 - 40 * number), np.uint8)
    labels = np.full((64, 64), number % 5, np.uint8)
    return Look(rgb, labels, np.full((48, 64, 3), 20 * number, np.uint8))


def test_a_page_gets_the_pictures_that_it_asks_for_once_each(show: SmallShow) -> None:
    page = show.open_page()
    page.say(want=["camera", "city"])
    show.mirror.look = look(1)
    heard = {picture[0]: picture[1:] for picture in (page.hear_picture(), page.hear_picture())}
    assert heard.keys() == {0, 2}
    city = decoded(heard[2])
    assert np.abs(city.astype(int) - show.mirror.look.rgb).max() < 6
    # Another look, which it hasn't asked for.
    show.mirror.look = look(2)
    page.say(set=["/the end"])
    while not isinstance(message := page.hear(), dict) or "error" not in message:
        assert not isinstance(message, bytes)


# Who may


def test_cities_have_thumbnails(show: SmallShow) -> None:
    status, content, headers = show.get("/thumbnail/0.jpg")
    assert (status, content) == (200, THUMBNAIL)
    assert headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "path", ["/thumbnail/1.jpg", "/thumbnail/9.jpg", f"/thumbnail/{'9' * 400}.jpg", "/drawing.png", "/nix"]
)
def test_what_isnt_there_is_told_in_a_sentence(show: SmallShow, path: str) -> None:
    status, content, _ = show.get(path)
    assert status == 404
    assert b"the page is at /" in content


@pytest.mark.parametrize("path", ["/static/../page.py", "/static/%2e%2e/page.py", "/static//etc/passwd"])
def test_no_other_file_is_given_away(show: SmallShow, path: str) -> None:
    assert show.get(path)[0] in (403, 404)


def test_an_answer_may_load_nothing_from_elsewhere_and_be_framed_nowhere(show: SmallShow) -> None:
    _, _, headers = show.get("/thumbnail/0.jpg")
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"ws://127.0.0.1:{show.desk.port}" in policy
    assert headers["referrer-policy"] == "no-referrer"


def test_a_page_of_another_site_cant_open_the_websocket(
    show: SmallShow, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"ws://127.0.0.1:{show.desk.port}/ws"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(url, origin=Origin("http://evil.example")),
            ):
                pass
            assert refused.value.response.status_code == 403
    assert caplog.text.count("'http://evil.example' may not steer this show") == 1
    with connect(url, origin=Origin(f"http://127.0.0.1:{show.desk.port}")):
        pass


def test_this_machine_needs_no_token_and_shows_no_code(show: SmallShow) -> None:
    assert show.desk.url == f"http://127.0.0.1:{show.desk.port}/"
    assert show.desk.describe() == f"page http://127.0.0.1:{show.desk.port}"
    assert show.desk.qr() is None
    assert show.desk.note == ""


def test_the_code_of_a_page_for_others_holds_its_address_and_token(tmp_path: Path) -> None:
    with SmallShow(tmp_path, host="0.0.0.0") as show:
        modules = show.desk.qr()
        assert modules is not None
        assert show.desk.qr() is modules
        light_around = np.pad(1 - modules, 4, constant_values=1)
        # OpenCV doesn't find every code at every size.
        told = ""
        for size in (6, 4, 8, 10, 5, 7):
            picture = np.kron(255 * light_around, np.ones((size, size), np.uint8)).astype(np.uint8)
            told = told or cv2.QRCodeDetector().detectAndDecode(picture)[0]
        assert told == show.desk.url
        assert told.startswith(f"http://{network_address()}:{show.desk.port}/?token=")
        assert told.partition("=")[2] not in show.desk.describe()


def test_an_address_of_the_newer_kind_stands_in_brackets(tmp_path: Path) -> None:
    try:
        show = SmallShow(tmp_path, host="::1")
    except DeviceFault:
        pytest.skip("this machine has no IPv6")
    with show:
        assert show.desk.url == f"http://[::1]:{show.desk.port}/"
        assert show.get("/thumbnail/0.jpg", "::1")[0] == 200


def test_the_token_is_kept_from_show_to_show(tmp_path: Path) -> None:
    tokens = set()
    for _ in range(2):
        with SmallShow(tmp_path, host="0.0.0.0") as show:
            tokens.add(show.desk.url.partition("=")[2])
    assert len(tokens) == 1


def test_a_token_that_cant_be_kept_is_told_and_the_show_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with SmallShow(tmp_path / "file", host="0.0.0.0") as show:
        assert "the page's token can't be kept in" in show.desk.note
        assert len(show.desk.url.partition("=")[2]) >= 16


def test_other_machines_need_the_token(tmp_path: Path) -> None:
    address = network_address()
    if is_loopback(address):
        pytest.skip("this machine has no network, and thus no address but its own")
    with SmallShow(tmp_path, host="0.0.0.0", token="abcdefgh") as show:
        url = f"ws://{address}:{show.desk.port}/ws"
        status, content, _ = show.get("/thumbnail/0.jpg", address)
        assert status == 403
        assert b"needs the show's token" in content
        with pytest.raises(InvalidStatus), connect(url):
            pass
        status, _, headers = show.get("/thumbnail/0.jpg?token=abcdefgh", address)
        assert status == 200
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        with connect(url, additional_headers={"Cookie": cookie.partition(";")[0]}) as page:
            assert f"page {address}" in str(page.recv(timeout=20.0))
        assert show.get("/thumbnail/0.jpg?token=wrong", address)[0] == 403


# Drawing


@pytest.fixture
def drawn(tmp_path: Path) -> Iterator[SmallShow]:
    with SmallShow(tmp_path, canvas=Canvas()) as show:
        yield show


def stroke(name: str, x: float) -> dict[str, Any]:
    return {"id": name, "class": 3, "width": 0.05, "points": [[x, 0.2], [x, 0.8]], "done": True}


def test_pages_draw_on_one_sheet_and_see_each_others_strokes(drawn: SmallShow) -> None:
    one, other = drawn.open_page(), drawn.open_page()
    assert one.hello["drawing"] is True
    one.say(stroke=stroke("a", 0.25))
    version = one.hear_until("drawn")
    heard = other.hear_until("stroke")
    assert (heard["id"], heard["class"], heard["version"]) == ("a", 3, version)
    status, content, headers = drawn.get("/drawing.png")
    assert status == 200
    assert headers["x-drawing-version"] == str(version)
    picture = decoded(content)
    side = len(picture)
    assert picture[side // 2, side // 4].tolist() == [255, 0, 0]


def test_who_draws_much_is_heard_in_turn_with_the_others(tmp_path: Path) -> None:
    canvas = Canvas()
    across = {**stroke("thick", 0.0), "width": 0.25, "points": [[0, 0], [1, 1]] * 100}
    answers = 0
    with SmallShow(tmp_path, canvas=canvas) as show:
        one, other = show.open_page(max_queue=None), show.open_page()
        for _ in range(40):
            one.say(stroke=across)
        while canvas.drawing().version <= 40:
            other.say(set=["/nowhere"])
            other.hear_until("error")
            answers += 1
    assert answers >= 40, "each stroke of one page leaves a turn to the other"


def test_what_is_taken_back_is_fetched_anew_by_all(drawn: SmallShow) -> None:
    one, other = drawn.open_page(), drawn.open_page()
    one.say(stroke=stroke("a", 0.25))
    drawn_version = one.hear_until("drawn")
    one.say(undo=True)
    drawn.turn_until(lambda: drawing_version(drawn) > drawn_version)
    drawn.turn()
    for page in (one, other):
        assert page.hear_until("drawing")["version"] > drawn_version


def drawing_version(show: SmallShow) -> int:
    return int(show.get("/drawing.png")[2]["x-drawing-version"])


def test_a_stroke_that_cant_be_is_refused_in_its_turn(drawn: SmallShow) -> None:
    page = drawn.open_page()
    page.say(stroke={"id": "a", "class": 9})
    message = page.hear()
    assert message["drawn"] == 0
    assert message["error"]

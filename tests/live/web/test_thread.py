"""The web's thread: several applications on their ports, and clients that connect and say nothing."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiohttp import web

from live.web import thread as thread_module
from live.web.thread import MOST_CONNECTIONS, WebThread
from models.faults import DeviceFault
from tests.live.conftest import soon

KEYS = ("page.host", "page.port")


def application(text: str) -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=f"{text} on {threading.current_thread().name}")

    async def fail(_: web.Request) -> web.Response:
        raise RuntimeError("a bug")

    made = web.Application()
    made.router.add_get("/", answer)
    made.router.add_get("/bug", fail)
    return made


@pytest.fixture
def thread() -> Iterator[WebThread]:
    thread = WebThread()
    yield thread
    thread.close()


def get(port: int, path: str = "/", host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port, timeout=20.0)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has ended it, now or soon."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_several_applications_are_served_by_one_thread(thread: WebThread) -> None:
    sites = [thread.serve(application(name), "127.0.0.1", 0, KEYS) for name in ("one", "two")]
    for site in sites:
        site.start()
    assert get(sites[0].port) == (200, "one on web")
    assert get(sites[1].port) == (200, "two on web")
    sites[0].close()
    with pytest.raises(ConnectionError):
        get(sites[0].port)
    assert get(sites[1].port) == (200, "two on web")


def test_a_port_is_taken_before_it_is_served_and_given_back_at_the_end() -> None:
    thread = WebThread()
    port = thread.serve(application("one"), "127.0.0.1", 0, KEYS).port
    other = WebThread()
    with pytest.raises(
        DeviceFault, match=rf"TCP port {port} on 127\.0\.0\.1 is already in use.*page\.port"
    ):
        other.serve(application("two"), "127.0.0.1", port, KEYS)
    other.close()
    thread.close()
    thread.close()
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("host", ["192.0.2.99", "no such name", "..", "x" * 300, "a\0b"])
def test_a_host_that_isnt_this_machine_is_told_by_its_setting(thread: WebThread, host: str) -> None:
    with pytest.raises(
        DeviceFault, match=r'^page\.host ".*" is no address of this machine; "127\.0\.0\.1"'
    ):
        thread.serve(application("one"), host, 0, KEYS)


@pytest.mark.parametrize(("host", "reached"), [("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")])
def test_a_name_or_every_network_will_do(thread: WebThread, host: str, reached: str) -> None:
    site = thread.serve(application("one"), host, 0, KEYS)
    site.start()
    assert get(site.port, host=reached)[0] == 200


def test_what_is_asked_for_before_the_start_is_answered_after_it(thread: WebThread) -> None:
    site = thread.serve(application("one"), "127.0.0.1", 0, KEYS)
    with socket.create_connection(("127.0.0.1", site.port), 20.0) as early:
        early.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        site.start()
        assert early.recv(100).startswith(b"HTTP/1.1 200")


def test_connections_without_end_leave_room_for_the_rest_of_the_program(thread: WebThread) -> None:
    site = thread.serve(application("one"), "127.0.0.1", 0, KEYS)
    site.start()
    held = [socket.create_connection(("127.0.0.1", site.port), 20.0) for _ in range(MOST_CONNECTIONS)]
    assert soon(lambda: site.connections == MOST_CONNECTIONS)
    surplus = socket.create_connection(("127.0.0.1", site.port), 20.0)
    assert is_closed(surplus)
    for connection in (*held, surplus):
        connection.close()

    def answers() -> bool:
        try:
            return get(site.port)[0] == 200
        except (ConnectionError, http.client.HTTPException):
            return False

    assert soon(answers)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_connection_that_never_asks_is_cut_off_and_one_that_has_asked_is_not(
    thread: WebThread, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(thread_module, "FIRST_ANSWER_SECONDS", 0.2)
    site = thread.serve(application("one"), "127.0.0.1", 0, KEYS)
    site.start()
    asks = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20.0)
    asks.request("GET", "/")
    asks.getresponse().read()
    with socket.create_connection(("127.0.0.1", site.port), 20.0) as silent:
        silent.sendall(said)
        assert is_closed(silent)
    asks.request("GET", "/")  # on the same connection
    assert asks.getresponse().status == 200
    asks.close()


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 9000, b"GET / HTTP/9\r\n\r\n", b"\r\n\r\n"],
)
def test_what_is_no_http_is_answered_or_closed_and_the_rest_is_served(
    thread: WebThread, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    site = thread.serve(application("one"), "127.0.0.1", 0, KEYS)
    site.start()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", site.port), 20.0) as garbage, suppress(ConnectionError):
            garbage.sendall(said + b"\r\n\r\n")
            garbage.shutdown(socket.SHUT_WR)
            while garbage.recv(4096):
                pass
    assert get(site.port)[0] == 200
    assert [record.levelno for record in caplog.records] in ([], [logging.WARNING])


def test_a_bug_in_an_answer_is_logged_and_the_rest_is_served(
    thread: WebThread, caplog: pytest.LogCaptureFixture
) -> None:
    site = thread.serve(application("one"), "127.0.0.1", 0, KEYS)
    site.start()
    for _ in range(3):
        assert get(site.port, "/bug")[0] == 500
    assert get(site.port)[0] == 200
    assert caplog.text.count("RuntimeError: a bug") == 1


def test_an_exception_on_the_loop_is_said_once(thread: WebThread, caplog: pytest.LogCaptureFixture) -> None:
    thread.start()

    def fail() -> None:
        raise RuntimeError("a bug")

    async def nothing() -> None:
        pass

    for _ in range(3):
        thread.soon(fail)
    thread.wait_for(nothing())
    assert caplog.text.count("said once") == 1


def test_a_request_in_work_does_not_hold_up_the_end(
    thread: WebThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_module, "CLOSING_SECONDS", 0.1)
    begun = threading.Event()

    async def hang(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(3600.0)
        return web.Response()

    made = web.Application()
    made.router.add_get("/", hang)
    site = thread.serve(made, "127.0.0.1", 0, KEYS)
    site.start()
    with socket.create_connection(("127.0.0.1", site.port), 20.0) as asking:
        asking.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert begun.wait(20.0)
        thread.close()
        assert is_closed(asking)


def test_after_the_end_nothing_is_called(thread: WebThread) -> None:
    thread.start()
    thread.close()
    called = threading.Event()
    thread.soon(called.set)
    time.sleep(0.05)
    assert not called.is_set()

"""A show of nothing but a hub and its page, and a browser's side of it, over real sockets."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import ClientConnection, connect

from live.clock import ManualClock
from live.config import PageSettings
from live.control.controls import controls
from live.control.hub import Hub
from live.control.kinds import Value
from live.cues import Cue, CueList
from live.drawing import Canvas
from live.flow import Mirror
from live.mix import of_city
from live.show import opening
from live.web.page import CityCard, PageDesk, Playbill
from live.web.thread import WebThread

CITIES = ("istanbul", "new-york", "dubai")
CUES = CueList((Cue("1", "Opening", of_city(0, 3), note="house lights out"), Cue("2.5")))
THUMBNAIL = b"\xff\xd8 a JPEG"


class SmallShow:
    """The show, whose turns the test makes. Its clock goes on by a second with each, so that everything
    that changed is told."""

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        token: str = "",
        canvas: Canvas | None = None,
        thread: WebThread | None = None,
        port: int = 0,
    ) -> None:
        self.clock = ManualClock(100.0)
        self.hub = Hub(controls(CITIES, CUES), self.clock)
        self.mirror = Mirror()
        self.thread = thread or WebThread()
        playbill = Playbill(
            "A Show",
            (CityCard("istanbul", "İstanbul", THUMBNAIL), *(CityCard(c, c.title()) for c in CITIES[1:])),
            CUES,
        )
        settings = PageSettings(host=host, port=port, token=token)
        self.desk = PageDesk(settings, self.hub, self.thread, self.mirror, playbill, canvas, folder)
        self.hub.attach(self.desk)
        self.desk.start()
        self.state = opening(CITIES, cues=CUES)
        self._leaving = ExitStack()
        self.turn()

    def __enter__(self) -> SmallShow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.close()
        self.thread.close()

    def turn(self, status: Mapping[str, Value] | None = None) -> None:
        """One turn of the show."""
        self.clock.sleep(1.0)
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, status or {})

    def turn_until(self, condition: Callable[[], bool]) -> None:
        """Turns until something holds."""
        end = time.monotonic() + 20.0
        while not condition():
            assert time.monotonic() < end
            self.turn()
            time.sleep(0.002)

    def open_page(self, **more: Any) -> Page:
        """A page that has heard how everything stands."""
        url = f"ws://127.0.0.1:{self.desk.port}/ws"
        page = Page(self._leaving.enter_context(connect(url, max_size=1 << 24, **more)))
        page.hello = page.hear_until("hello")
        page.hear_until("values")
        return page

    def get(
        self, path: str, host: str = "127.0.0.1", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, content and headers (in lower case) of an address of the page."""
        connection = http.client.HTTPConnection(host, self.desk.port, timeout=20.0)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def open_deaf_page(self) -> socket.socket:
        """A page that reads nothing; its connection, on which the websocket is agreed upon."""
        deaf = self._leaving.enter_context(socket.create_connection(("127.0.0.1", self.desk.port), 20.0))
        deaf.sendall(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.turn_until(lambda: self.desk.pages > 0)
        return deaf


class Page:
    """A browser's side of one open page."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.hello: Any = None
        self.values: dict[str, list[Value]] = {}

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def hear(self) -> Any:
        """The next message: a mapping, or the bytes of a picture; what it tells of values is kept."""
        heard = self.connection.recv(timeout=20.0)
        if isinstance(heard, bytes):
            return heard
        message = json.loads(heard)
        self.values |= message.get("values", {})
        return message

    def hear_until(self, word: str) -> Any:
        """What the next message with this word says; those before it are passed over."""
        while True:
            message = self.hear()
            if isinstance(message, dict) and word in message:
                return message[word]

    def hear_picture(self) -> bytes:
        """The next picture, with the number of its kind before it."""
        while True:
            message = self.hear()
            if isinstance(message, bytes):
                return message

    def hear_value(self, address: str, *value: Value) -> None:
        """Hear until this is told of a control or a status."""
        while self.values.get(address) != list(value):
            self.hear()


def decoded(content: bytes) -> NDArray[np.uint8]:
    """A JPEG or PNG: uint8 (H, W, 3) RGB."""
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)

"""The page's side of the show: the port on which browsers find it, and the websocket of each open page.

    /                the page            /static/…         what it is made of
    /thumbnail/N.jpg a city              /ws               the websocket, JSON messages (see `Visit`)
    /draw            the sheet, to draw  /drawing.png      the drawing

What the page says goes to the hub as any other client's messages. What the hub tells comes from the main
thread once a turn; it is laid down for the loop, which is woken once for however much lies there, and each
page then takes it at its own pace (`live.web.outbox`).
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import segno
from aiohttp import WSCloseCode, WSMsgType, web
from numpy.typing import NDArray

from live.config import PageSettings
from live.control.controls import Control
from live.control.hub import Entry, Hub, News
from live.control.kinds import Choice, Message, Number, Value
from live.cues import CueList
from live.drawing import Canvas
from live.flow import Mirror
from live.mix import in_words
from live.web import drawing
from live.web.access import (
    Access,
    is_everywhere,
    is_loopback,
    kept_token,
    machine_names,
    network_address,
    new_token,
    state_folder,
)
from live.web.outbox import MOST_ENTRIES, Outbox, encoded
from live.web.previews import KINDS, Previews
from live.web.thread import WebThread

KEYS: Final = ("page.host", "page.port")

MOST_PAGES: Final = 24
"""Pages that are open at a time."""

LARGEST_MESSAGE: Final = 64 * 1024
"""Bytes of one message from a page; a page that sends a larger one is closed."""

HEARTBEAT_SECONDS: Final = 8.0
"""A page that sends nothing for so long is asked whether it is there, and closed if it doesn't answer in
half of that: a tablet that has left the network never says so."""

SENDING_SECONDS: Final = 15.0
"""A page that hasn't taken one message in so long is closed."""

REST: Final = 10
LEAST_REST: Final = 0.001
"""After each message a page isn't heard for so many times as long as that message took, and for so many
seconds at least; what it says meanwhile waits in the network. Ten fingers on faders say less, and neither a
script in a loop nor strokes as thick and long as they may be must keep other pages, or the show, from the
interpreter."""

_STATIC: Final = Path(str(files("live.web") / "static"))

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CityCard:
    """A city as the page shows it. title: as an audience would read it. thumbnail: JPEG; empty for none."""

    name: str
    title: str
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Playbill:
    """What a page is told of the show once, since it never changes."""

    title: str
    cities: tuple[CityCard, ...]
    cues: CueList = field(default_factory=CueList)


class PageDesk:
    """The page as a desk (`live.control.hub.Desk`)."""

    def __init__(
        self,
        settings: PageSettings,
        hub: Hub,
        thread: WebThread,
        mirror: Mirror,
        playbill: Playbill,
        canvas: Canvas | None = None,
        folder: Path | None = None,
    ) -> None:
        """Take the port.

        mirror: where the stage leaves how the show looks. canvas: what is drawn on, None where the show
        looks at a camera. folder: where the token is kept, None for the user's own.

        Raises DeviceFault if the port can't be had.
        """
        self.note = ""
        self._hub = hub
        self._thread = thread
        self._playbill = playbill
        self._previews = Previews(mirror)
        self._token = settings.token or self._kept(folder or state_folder(), settings.host)
        self._canvas = canvas
        self._greeting = _greeting(playbill, hub.controls.values(), canvas is not None)
        self._visits: set[Visit] = set()  # the loop's alone
        # Between the main thread and the loop:
        self._lock = threading.Lock()
        self._changes: dict[str, tuple[Value, ...]] = {}
        self._is_woken = False
        self._pages = 0
        self._newest_entry = 0
        self._redrawn = self._redrawn_told = 0 if canvas is None else canvas.redrawn
        self._site = thread.serve(self._application(settings.host), settings.host, settings.port, KEYS)

    # For who opens and shows it; any thread

    def start(self) -> None:
        """Begin to serve pages."""
        self._site.start()

    def close(self) -> None:
        """Close all pages and give the port back; may be called twice."""
        self._site.close()

    def describe(self) -> str:
        """What it is, for the operator: 'page http://127.0.0.1:8800'. Without the token: it may be shown
        where anybody reads it."""
        return f"page {self._origin()}"

    def status(self) -> Mapping[str, Value]:
        """How many pages are open."""
        return {"pages": self._pages}

    @property
    def port(self) -> int:
        """The TCP port on which it is served."""
        return self._site.port

    @property
    def is_public(self) -> bool:
        """Whether other machines can open the page."""
        return not is_loopback(self._site.host)

    @property
    def url(self) -> str:
        """The address that opens the page, with the token if one is needed. A network may come later than
        the show: asked anew it may be another."""
        return f"{self._origin()}/?token={self._token}" if self.is_public else f"{self._origin()}/"

    def qr(self) -> NDArray[np.uint8] | None:
        """The address as a QR code: uint8 (n, n), a module each, 1 dark and 0 light, without the light ones
        around it; the same array as long as it doesn't change. None where no other machine can open the
        page."""
        return _code(self.url) if self.is_public else None

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return self._pages

    def _origin(self) -> str:
        host = self._site.host
        if is_everywhere(host):
            host = network_address()
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def _kept(self, folder: Path, host: str) -> str:
        if is_loopback(host):
            return new_token()  # nobody is asked for it
        try:
            return kept_token(folder)
        except OSError as error:
            self.note = (
                f"the page's token can't be kept in {folder} ({error.strerror}): each start makes a new one"
            )
            return new_token()

    # The main thread

    def tell(self, news: News) -> None:
        """Lay down what has changed, and wake the loop unless it is awake already."""
        journal = self._hub.journal()
        newest = journal[-1].number if journal else 0
        redrawn = 0 if self._canvas is None else self._canvas.redrawn
        with self._lock:
            is_new = news.changes or (newest, redrawn) != (self._newest_entry, self._redrawn)
            if not self._pages or not is_new:
                return
            self._newest_entry, self._redrawn = newest, redrawn
            self._changes |= news.changes
            is_woken, self._is_woken = self._is_woken, True
        if not is_woken:
            self._thread.soon(self._deliver)

    # The loop

    def _deliver(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, {}
            redrawn = self._redrawn
            self._is_woken = False
        journal = self._hub.journal()
        for visit in self._visits:
            visit.tell(changes, journal)
        if self._canvas is not None and (message := drawing.redrawn(self._canvas, self._redrawn_told)):
            self._redrawn_told = redrawn
            self._tell_stroke(message, redrawn)

    def _application(self, host: str) -> web.Application:
        access = Access(self._token, machine_names(host))
        application = web.Application(middlewares=[access.middleware, _in_words])
        application.router.add_get("/", _file("index.html"))
        application.router.add_get("/draw", _file("draw.html"))
        application.router.add_get("/drawing.png", self._drawing)
        application.router.add_get("/thumbnail/{number:[0-9]+}.jpg", self._thumbnail)
        application.router.add_get("/ws", self._visit)
        application.router.add_static("/static/", _STATIC)
        application.on_response_prepare.append(_with_rules)
        application.cleanup_ctx.append(self._running)
        application.on_shutdown.append(self._dismiss)
        return application

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        previews = asyncio.create_task(self._previews.run())
        yield
        previews.cancel()
        with suppress(asyncio.CancelledError):
            await previews

    async def _dismiss(self, _: web.Application) -> None:
        await asyncio.gather(*(visit.dismiss("the show has ended") for visit in self._visits))

    async def _drawing(self, _: web.Request) -> web.StreamResponse:
        if self._canvas is None:
            raise web.HTTPNotFound
        content, headers = await asyncio.to_thread(drawing.picture, self._canvas)
        return web.Response(body=content, headers=headers)

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        cities = self._playbill.cities
        index = int(number) if len(number) < 6 else len(cities)
        if index >= len(cities) or not cities[index].thumbnail:
            raise web.HTTPNotFound
        return web.Response(body=cities[index].thumbnail, content_type="image/jpeg")

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_MESSAGE, compress=False, timeout=2.0
        )
        await socket.prepare(request)
        visit = Visit(socket, f"page {request.remote}", self._hub, self._previews, self._draw)
        if len(self._visits) >= MOST_PAGES:
            await visit.dismiss(f"{MOST_PAGES} pages are open already; close another one first")
            return socket
        self._visits.add(visit)
        try:
            with self._lock:
                self._pages = len(self._visits)
            # Only now that it is among those that are told of changes: none is lost between.
            visit.greet(self._greeting, self._hub.values(), self._hub.journal())
            await visit.run()
        finally:
            self._visits.discard(visit)
            self._previews.forget(visit)
            with self._lock:
                self._pages = len(self._visits)
            transport = request.transport
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()  # else it would be kept open for as long as it doesn't read
        return socket

    async def _draw(self, drawer: Visit, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Do what a page says of the drawing, if it does, and let the others hear it."""
        name = f"{drawer.sender} {id(drawer)}"
        if "undo" in said:  # takes a while
            answer = await asyncio.to_thread(drawing.handle, self._canvas, name, said)
        else:
            answer = drawing.handle(self._canvas, name, said)
        if answer is None:
            return None
        version = (answer.reply or {}).get("drawn")
        if answer.others is not None and isinstance(version, int):
            self._tell_stroke(answer.others, version, drawer)
        return answer.reply or {}

    def _tell_stroke(self, message: Mapping[str, Any], version: int, drawer: Visit | None = None) -> None:
        text = encoded(message)  # once for all of them: it may be long
        for visit in self._visits:
            if visit is not drawer:
                visit.tell_stroke(text, version)


Draw: TypeAlias = "Callable[[Visit, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]"
"""Does what a page says of the drawing. Returns its answer, empty for none; None if it doesn't speak of
that."""


class Visit:
    """One open page, from its websocket's first message to its last. Everything on the loop.

    The page is told {"hello": …} first, then {"values": …} and {"log": …} whenever there is something new,
    {"error": sentence} when it said something that can't be meant, and pictures as binary messages: the
    number of their kind in one byte, then JPEG or PNG.

    It says {"set": [address, argument, …]} and {"want": [kind of picture, …]}, and of the drawing what
    `live.web.drawing` knows.
    """

    def __init__(
        self, socket: web.WebSocketResponse, sender: str, hub: Hub, previews: Previews, draw: Draw
    ) -> None:
        """sender: who it is, for the log. draw: does what a page says of the drawing."""
        self.sender = sender
        self._socket = socket
        self._hub = hub
        self._previews = previews
        self._draw = draw
        self._written = asyncio.Event()
        self._outbox = Outbox()
        self._waiting = asyncio.Event()
        self._last_entry = 0

    def greet(
        self,
        greeting: Mapping[str, Any],
        values: Mapping[str, tuple[Value, ...]],
        journal: Sequence[Entry],
    ) -> None:
        """Let it be told first what never changes, and then how everything stands."""
        self._outbox.put_reply({"hello": {**greeting, "you": self.sender}})
        self._waiting.set()
        self.tell(values, journal[-MOST_ENTRIES:])

    def tell(self, changes: Mapping[str, tuple[Value, ...]], journal: Sequence[Entry]) -> None:
        """Let it be told of changes, and of what is new in the log."""
        entries = [entry for entry in journal if entry.number > self._last_entry]
        if entries:
            self._last_entry = entries[-1].number
            self._outbox.put_entries(entries)
        if changes:
            self._outbox.put_values(changes)
        if changes or entries:
            self._waiting.set()

    def tell_stroke(self, text: str, version: int) -> None:
        """Let it be told, by a message in JSON, of a change of the drawing that leads to this version."""
        self._outbox.put_stroke(text, version)
        self._waiting.set()

    async def run(self) -> None:
        """Hear it and tell it until it is gone."""
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            with suppress(ConnectionError, TimeoutError):
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def dismiss(self, sentence: str) -> None:
        """Tell it why, and close it."""
        with suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.send_str(encoded({"error": sentence}))
                await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"")

    async def _write(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            for message in self._outbox.take():
                # Each waits until the network has taken the last; the outbox gathers what is newest.
                async with asyncio.timeout(SENDING_SECONDS):
                    if isinstance(message, str):
                        await self._socket.send_str(message)
                    else:
                        await self._socket.send_bytes(message)
            self._written.set()

    async def _read(self) -> None:
        async for message in self._socket:
            begun = time.thread_time()
            if message.type is WSMsgType.TEXT:
                await self._hear(message.data)
            else:
                self._complain("a page says its messages as JSON text, not as bytes")
            rest = max(LEAST_REST, REST * (time.thread_time() - begun))
            while self._outbox.is_full:
                self._written.clear()
                await self._written.wait()
            await asyncio.sleep(rest)

    async def _hear(self, text: str) -> None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self._complain('a message of a page is a JSON object, as {"set": ["/freeze", 1]}')
            return
        if (reply := await self._draw(self, said)) is not None:
            if reply:
                self._outbox.put_reply(reply)
                self._waiting.set()
            return
        for word, content in said.items():
            match word, content:
                case "set", [str(address), *arguments] if all(_is_argument(a) for a in arguments):
                    for sentence in self._hub.hear(self.sender, [Message(address, tuple(arguments))]):
                        self._complain(sentence)
                case "set", _:
                    self._complain('"set" takes an address and numbers, strings, true, false or null')
                case "want", [*kinds] if all(isinstance(k, str) and k in KINDS for k in kinds):
                    for kind in kinds:
                        self._want(kind)
                case "want", _:
                    self._complain(f'"want" takes names of pictures: {", ".join(KINDS)}')
                case _:
                    self._complain(f'a page says "set" or "want", not {word[:40]!r}')

    def _want(self, kind: str) -> None:
        def give(picture: bytes) -> None:
            self._outbox.put_picture(KINDS.index(kind), picture)
            self._waiting.set()

        self._previews.ask(self, kind, give)

    def _complain(self, sentence: str) -> None:
        self._outbox.put_error(sentence)
        self._waiting.set()


@functools.lru_cache(maxsize=1)
def _code(address: str) -> NDArray[np.uint8]:
    code = segno.make(address, error="m", micro=False)
    modules = np.array(list(code.matrix_iter(border=0)), np.uint8)
    modules.flags.writeable = False
    return modules


def _is_argument(content: object) -> bool:
    return content is None or isinstance(content, str | int | float)


def _file(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / name)

    return answer


def _greeting(playbill: Playbill, controls: Iterable[Control[Any]], is_drawn: bool) -> Mapping[str, Any]:
    """What a page is told first, but for who it is itself."""
    names = [city.name for city in playbill.cities]
    return {
        "title": playbill.title,
        "cities": [
            {
                "name": city.name,
                "title": city.title,
                "thumbnail": f"/thumbnail/{n}.jpg" if city.thumbnail else None,
            }
            for n, city in enumerate(playbill.cities)
        ],
        "cues": [
            {
                "number": cue.number,
                "name": cue.name,
                "note": cue.note,
                "city": "" if cue.mix is None else in_words(cue.mix, names).removesuffix(" 100%"),
            }
            for cue in playbill.cues.cues
        ],
        "controls": [_of_control(control) for control in controls],
        "drawing": is_drawn,
    }


def _of_control(control: Control[Any]) -> dict[str, Any]:
    kind = control.kind
    described: dict[str, Any] = {
        "address": control.address,
        "name": control.name,
        "meaning": control.meaning,
        "group": control.group,
        "kind": type(kind).__name__.lower(),
        "keys": [key.title() for key in control.keys],
        "told": control.told is not None,
    }
    match kind:
        case Number():
            described |= {"low": kind.low, "high": kind.high, "unit": kind.unit, "step": kind.step}
        case Choice():
            described |= {"noun": kind.noun, "names": list(kind.names)}
    return described


# What stands around all answers

_RULES: Final = {
    "Cache-Control": "no-cache",  # asked for anew each time: another show may run here tomorrow
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # an address may hold the token
    "X-Content-Type-Options": "nosniff",
}


async def _with_rules(request: web.Request, response: web.StreamResponse) -> None:
    """What browsers may do with this: load nothing from elsewhere, and be framed nowhere."""
    for name, rule in _RULES.items():
        response.headers.setdefault(name, rule)
    host = request.host
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
        # Some browsers don't count a websocket of the same host as 'self'.
        f"connect-src 'self' ws://{host} wss://{host}; frame-ancestors 'none'; base-uri 'none'"
    )


@web.middleware
async def _in_words(request: web.Request, handler: Any) -> web.StreamResponse:
    """What can't be answered is told in a sentence."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPNotFound:
        return web.Response(status=404, text=f"there is no {request.path[:60]!r} here; the page is at /\n")
    return response

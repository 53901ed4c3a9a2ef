"""OSCQuery: the table of controls as a tree for other programs, over HTTP and a websocket on one port.

It follows the OSCQuery proposal (github.com/Vidvox/OSCQueryProposal, third revision). Where that leaves a
choice or contradicts itself:

    ?ATTRIBUTE     one of the proposal that this node doesn't have: 204; one that isn't of the proposal:
                   400. The attributes that every node should have (FULL_PATH, CONTENTS, TYPE), and a value
                   that isn't known yet, are an empty object where they are missing.
    TYPE T and N   a switch, and what only happens but has a state (the panic): VALUE is true or false, as
                   Chataigne and libossia read it, where the proposal's table of types says null.
    LISTEN         is answered at once with the value that there is, so that nothing is missed between
                   reading the tree and listening.
    …/value        is a node that has a value and others below it (/city, /city/next) once more: Chataigne
                   makes a folder of such a node, and would show the city nowhere.

On the websocket OSC packets go both ways: what a client sends is handed to the OSC desk, which obeys and
answers as if it had come by UDP; values come at the address that was listened to, the newest alone where a
client reads slowly.

Whom `control.allow` keeps out is answered 403, and so are the pages of other sites in somebody's browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import math
import threading
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeAlias

from aiohttp import WSCloseCode, WSMsgType, web

from live.config import ControlSettings
from live.control.announce import OSC, OSCQUERY, Announcer
from live.control.controls import Control
from live.control.hub import Hub, News
from live.control.kinds import Choice, Number, Point, Value
from live.control.osc import packets
from live.control.osc.allow import AllowList
from live.control.osc.complaints import Complaints, printable
from live.control.osc.reception import ITSELF
from live.control.osc.server import OscDesk
from live.control.osc.sockets import Client, in_words
from live.web.access import Handler, machine_names, refusal
from live.web.thread import WebThread

NAME: Final = "Invisible Cities"

KEYS: Final = ("control.osc_host", "control.oscquery_port")

MOST_CLIENTS: Final = 32
"""Websockets at a time."""

LONGEST_MESSAGE: Final = 65_536
"""Bytes of what a client says at once, as much as a datagram holds; who says more is hung up on."""

HEARTBEAT_SECONDS: Final = 20.0
"""How often a client is asked whether it is there; one that doesn't answer for half of it is hung up on."""

PARTING_SECONDS: Final = 1.0
"""How long a client may take to say goodbye."""

BREATH_MESSAGES: Final = 64
BREATH_SECONDS: Final = 0.002
"""After so many messages of one client a moment is left to the others, and to who makes the pictures."""

EXTENSIONS: Final = (
    *("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "UNIT", "CLIPMODE", "CRITICAL"),
    "LISTEN",
)
"""What we know of that the proposal leaves to everybody."""

REQUIRED: Final = frozenset({"FULL_PATH", "CONTENTS", "TYPE"})
ATTRIBUTES: Final = REQUIRED | {*EXTENSIONS[:-1], "EXTENDED_TYPE", "OVERLOADS", "HTML"}
"""What the proposal lets a client ask a node for."""

_UNITS: Final = {"seconds": "time.second", "beats a minute": "time.bpm"}
"""Our words for units of the proposal (its units.md)."""

Node: TypeAlias = dict[str, Any]
"""A node of the tree, as JSON will have it."""


# The tree


def tree(
    controls: Mapping[str, Control[Any]], values: Mapping[str, tuple[Value, ...]], prefix: str = ""
) -> Node:
    """The whole tree: every control at its address, and every other value (/status/…) as one to be read.

    prefix: stands before every address."""
    root: Node = {"FULL_PATH": "/", "DESCRIPTION": NAME, "ACCESS": 0}
    methods = {}
    for address in dict.fromkeys((*controls, *values)):
        control, value = controls.get(address), values.get(address)
        method = _of_status(value or ()) if control is None else _of_control(control, value)
        methods[prefix + address] = method
        _place(root, prefix + address).update(method)
    for address, method in methods.items():
        if "CONTENTS" in _place(root, address):
            _place(root, address + ITSELF).update(method)
    return root


def _place(root: Node, address: str) -> Node:
    """The node of an address, made if there is none."""
    node, path = root, ""
    for name in address.removeprefix("/").split("/"):
        path += "/" + name
        node = node.setdefault("CONTENTS", {}).setdefault(name, {"FULL_PATH": path, "ACCESS": 0})
    return node


def find(root: Node, path: str) -> Node | None:
    """The node at a path, "/" being the root; None if there is none."""
    node = root
    for name in filter(None, path.split("/")):
        inner = node.get("CONTENTS", {}).get(name)
        if inner is None:
            return None
        node = inner
    return node


def asked(node: Node, attributes: AbstractSet[str]) -> Node | None:
    """What a node has of attributes that it was asked for, all of the proposal; None for "no content"."""
    found = {attribute: node[attribute] for attribute in attributes if attribute in node}
    may_be_missing = REQUIRED | ({"VALUE"} if node["ACCESS"] & 1 else set())
    return found if found or attributes <= may_be_missing else None


def host_info(osc_port: int) -> Node:
    """Who this is. Where it is is left out: OSC and the websocket are at the address of the question."""
    return {
        "NAME": NAME,
        "EXTENSIONS": dict.fromkeys(EXTENSIONS, True),
        "OSC_PORT": osc_port,
        "OSC_TRANSPORT": "UDP",
    }


def _of_control(control: Control[Any], value: tuple[Value, ...] | None) -> Node:
    kind = control.kind
    node: Node = {
        "DESCRIPTION": control.meaning,
        "TYPE": kind.types,
        "ACCESS": 2 if control.told is None else 3,
        "TAGS": [control.group],
    }
    if control.exact:
        node["CRITICAL"] = True
    if control.told is not None and value is not None:
        node["VALUE"] = [_json(*pair) for pair in zip(kind.types, value, strict=True)]
    match kind:
        case Number(low=low, high=high, unit=unit):
            node |= {"RANGE": [{"MIN": low, "MAX": high}], "CLIPMODE": ["both"]}
            if unit in _UNITS:
                node["UNIT"] = [_UNITS[unit]]
        case Choice(names=names):
            node["RANGE"] = [{"VALS": list(names)}]
        case Point():
            node |= {"RANGE": [{"MIN": 0.0, "MAX": 1.0}] * 2, "CLIPMODE": ["both"] * 2}
    return node


def _of_status(value: tuple[Value, ...]) -> Node:
    types = "".join(
        "s" if isinstance(part, str) else "i" if isinstance(part, int) else "f" for part in value
    )
    return {"TYPE": types, "ACCESS": 1, "VALUE": [_json(*pair) for pair in zip(types, value, strict=True)]}


def _json(tag: str, value: Value) -> object:
    if isinstance(value, str):
        return value
    if tag in "TN":
        return bool(value)
    # JSON has no name for what is not finite.
    return value if math.isfinite(value) else None


# What a websocket says


def read_command(text: str) -> tuple[str, str]:
    """A command and the address that it is for. Raises ValueError, with a sentence, if it is none."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    match said:
        case {"COMMAND": ("LISTEN" | "IGNORE") as command, "DATA": str(address)}:
            return command, address
    raise ValueError(
        'a websocket takes {"COMMAND": "LISTEN", "DATA": "/address"}, or IGNORE, and OSC packets'
    )


# The desk


class OscQueryDesk:
    """The OSCQuery side of the show, served by the thread of the web and told of changes by the hub."""

    def __init__(self, settings: ControlSettings, hub: Hub, thread: WebThread, osc: OscDesk) -> None:
        """Take the port. osc: hears the packets that come over the websocket.

        Raises DeviceFault if the port can't be had."""
        self._hub = hub
        self._prefix = settings.osc_prefix
        self._osc = osc
        self._thread = thread
        self._clients: set[_Client] = set()
        self._lock = threading.Lock()
        self._changes: dict[str, tuple[Value, ...]] = {}  # told by the main thread, not yet passed on
        self._allowed = AllowList(settings.allow)
        self._complaints = Complaints()
        application = web.Application(middlewares=[self._let_in])
        application.router.add_get("/{path:.*}", self._answer)
        application.on_shutdown.append(self._part)
        self._site = thread.serve(application, settings.osc_host, settings.oscquery_port, KEYS)
        self._announcer = Announcer(settings.osc_host, {OSC: osc.port, OSCQUERY: self._site.port})
        # A name that was looked up by zeroconf may end in DNS's dot.
        self._names = machine_names(self._announcer.machine, f"{self._announcer.machine}.")

    @property
    def port(self) -> int:
        """The TCP port that answers."""
        return self._site.port

    @property
    def note(self) -> str:
        """What the operator should know; "" if all is well."""
        return self._announcer.note

    def describe(self) -> str:
        """What it is, for the operator: 'OSCQuery 127.0.0.1:9002'."""
        return f"OSCQuery {self._site.host}:{self.port}"

    def status(self) -> Mapping[str, Value]:
        """How many websockets there are."""
        return {"oscquery": len(self._clients)}

    def start(self) -> None:
        """Begin to answer and to be announced."""
        self._site.start()
        self._announcer.start()

    def close(self) -> None:
        """Give the port back; may be called twice."""
        self._announcer.close()
        self._site.close()

    # The main thread

    def tell(self, news: News) -> None:
        """Have changes passed on to who listens to them."""
        if not news.changes or not self._clients:
            return
        with self._lock:
            under_way = bool(self._changes)
            self._changes.update(news.changes)
        if not under_way:
            self._thread.soon(self._pass_on)

    # The thread of the web

    def _pass_on(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, {}
        for client in self._clients:
            for path, address in client.listening.items():
                if address in changes:
                    client.put(path, packets.build(path, *changes[address]))

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        remote = request.remote or ""
        if not self._allowed.allows(remote):
            sentence = "isn't among those of control.allow, and isn't heard"
            self._complaints.add("dropped", f"OSCQuery {remote}", sentence)
            return web.Response(status=403, text=f"{remote} {sentence}\n")
        if sentence := refusal(request.headers.get("Host"), request.headers.get("Origin"), self._names):
            return web.Response(status=403, text=f"{sentence}\n")
        return await handler(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").casefold() == "websocket":
            return await self._talk(request)
        attributes = request.query.keys()
        if "HOST_INFO" in attributes:
            return web.json_response(host_info(self._osc.port))
        node = find(tree(self._hub.controls, self._hub.values(), self._prefix), request.path)
        if node is None:
            return web.Response(status=404, text=f"there is no {request.path[:80]} here\n")
        if unknown := attributes - ATTRIBUTES:
            known = ", ".join(sorted(ATTRIBUTES))
            return web.Response(
                status=400, text=f"there is no attribute {min(unknown)[:40]!r}; there are {known}\n"
            )
        found = asked(node, attributes) if attributes else node
        return web.Response(status=204) if found is None else web.json_response(found)

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        if peer is None:
            return web.Response(status=400)  # which nobody hears: it is gone already
        if len(self._clients) >= MOST_CLIENTS:
            return web.Response(status=503, text=f"there are {MOST_CLIENTS} websockets already\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS,
            timeout=PARTING_SECONDS,
            max_msg_size=LONGEST_MESSAGE,
            compress=False,
        )
        await socket.prepare(request)
        client = _Client(socket, peer, self._thread)
        self._clients.add(client)
        writing = asyncio.create_task(client.write())
        try:
            heard = 0
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._command(client, message.data)
                elif message.type is WSMsgType.BINARY:
                    while not self._osc.bring(client, message.data):
                        await asyncio.sleep(BREATH_SECONDS)
                heard += 1
                if heard % BREATH_MESSAGES == 0:
                    await asyncio.sleep(BREATH_SECONDS)
        finally:
            self._clients.discard(client)
            writing.cancel()
            if socket.close_code == WSCloseCode.ABNORMAL_CLOSURE and request.transport is not None:
                request.transport.abort()  # else what it never read would be kept for it
        return socket

    def _command(self, client: _Client, text: str) -> None:
        try:
            command, path = read_command(text)
            if command == "LISTEN":
                address = self._address_at(path)
                client.listening[path] = address
                if (value := self._hub.values().get(address)) is not None:
                    client.put(path, packets.build(path, *value))
            else:
                client.listening.pop(path, None)
        except ValueError as error:
            sentence = printable(str(error))
            self._complaints.add("command", client.name, sentence)
            client.put("/error", packets.build(self._prefix + "/error", sentence))

    def _address_at(self, path: str) -> str:
        """The control or status at a path of the tree. Raises ValueError if there is none."""
        address = path.removeprefix(self._prefix)
        if path.startswith(self._prefix):
            for known in (address, address.removesuffix(ITSELF)):
                if known in self._hub.controls or known in self._hub.values():
                    return known
        raise ValueError(f"there is no {path[:80]} here to listen to")

    async def _part(self, _: web.Application) -> None:
        await asyncio.gather(*(client.part() for client in self._clients))


class _Client:
    """A websocket, as a `Peer` of the OSC desk: what it listens to, and the packets that it has yet to be
    told, the newest of each address alone."""

    def __init__(self, socket: web.WebSocketResponse, client: Client, thread: WebThread) -> None:
        self.client = client
        self.name = f"OSCQuery {in_words(client)}"
        self.heard = 0.0
        self.listening: dict[str, str] = {}  # by the path that was asked for, the address that is told
        self._socket = socket
        self._thread = thread
        self._pending: dict[str, bytes] = {}
        self._wake = asyncio.Event()

    def tell(self, address: str, packet: bytes) -> None:
        """Have a packet about an address sent; from any thread."""
        self._thread.soon(functools.partial(self.put, address, packet))

    def put(self, address: str, packet: bytes) -> None:
        """The same, on the thread of the web."""
        self._pending[address] = packet
        self._wake.set()

    async def write(self) -> None:
        """Send what is pending, at the pace at which the client reads."""
        with contextlib.suppress(ConnectionError):
            while await self._wake.wait():
                self._wake.clear()
                while self._pending:
                    await self._socket.send_bytes(self._pending.pop(next(iter(self._pending))))

    async def part(self) -> None:
        """End the conversation; not waited for where the client has stopped reading."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(
                self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the show has ended"),
                PARTING_SECONDS,
            )

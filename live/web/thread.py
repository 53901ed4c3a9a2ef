"""The thread of the web: one asyncio loop that serves several aiohttp applications, each on its own port.

A port is taken where the show is opened, on the caller's thread, so that one that can't be had stops the
start in one sentence. Whatever a client does then happens on this thread alone; nothing of it reaches the
show but what the applications themselves bring to the hub.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from models.faults import DeviceFault

MOST_CONNECTIONS: Final = 128
"""Connections that one port holds at a time; a browser opens about six. More are cut off at once, so that
no client can use up the files that this process may open: the camera needs one, too."""

FIRST_ANSWER_SECONDS: Final = 15.0
"""A connection on which no request was answered for so long is cut off: half-open ones stay for ever."""

KEPT_SECONDS: Final = 15.0
"""How long a connection is kept for the client's next request."""

MOST_COMPLAINTS: Final = 100
"""Different complaints about requests that are logged; after them none is."""

CLOSING_SECONDS: Final = 2.0
"""How long requests in work are waited for at the end."""

_log = logging.getLogger(__name__)

T = TypeVar("T")

Keys: TypeAlias = tuple[str, str]
"""The settings that name a host and a port, such as page.host and page.port."""


class WebThread:
    """The loop and its thread. `serve`, `start` and `close` belong to the thread that opens the show."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._raised)
        self._thread: threading.Thread | None = None
        self._sites: list[Site] = []
        self._said: set[str] = set()

    def serve(self, application: web.Application, host: str, port: int, keys: Keys) -> Site:
        """Take a port for an application; it is served from its site's `start` on.

        host: an address of this machine, or a name of it. port: 0 for any that is free. keys: where both
        are set, for the text of a fault. Raises DeviceFault if the port can't be had.
        """
        site = Site(self, application, host, _bind(host, port, keys))
        self._sites.append(site)
        return site

    def start(self) -> None:
        """Let the loop run; may be called again."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="web", daemon=True)
            self._thread.start()

    def soon(self, callback: Callable[[], object]) -> None:
        """Have something called on the loop, from any thread; after the end nothing is."""
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:  # the loop is closed
            return

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns that runs on the loop, waited for on another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Close all sites and end the thread; may be called twice."""
        for site in self._sites:
            site.close()
        self._sites.clear()
        if self._thread is not None:
            self.soon(self._loop.stop)
            self._thread.join()
            self._thread = None
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def _raised(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Once each: where sockets have run out, this comes every second.
        message = str(context.get("message", ""))
        if message not in self._said:
            self._said.add(message)
            _log.warning("web: %s (said once)", message, exc_info=context.get("exception"))


class Site:
    """An application on its port."""

    def __init__(
        self, thread: WebThread, application: web.Application, host: str, listener: socket.socket
    ) -> None:
        self.host = host
        self.port: int = listener.getsockname()[1]
        self._thread = thread
        self._listener = listener
        self._answered: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        application.on_response_prepare.append(self._note_answer)
        # No access log: addresses carry the page's token.
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_SaidOnce(),
            keepalive_timeout=KEPT_SECONDS,
            shutdown_timeout=CLOSING_SECONDS,
        )
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections it holds."""
        server = self._runner.server
        return 0 if server is None else len(server.connections)

    def start(self) -> None:
        """Begin to serve, and let the thread run."""
        self._thread.start()
        self._thread.wait_for(self._open())

    def close(self) -> None:
        """End what is served and give the port back; may be called twice."""
        if self._server is not None:
            self._thread.wait_for(self._end())
            self._server = None
        self._listener.close()

    async def _open(self) -> None:
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=self._listener)

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or self.connections >= MOST_CONNECTIONS:
            return _TurnedAway()
        handler = server()
        asyncio.get_running_loop().call_later(FIRST_ANSWER_SECONDS, self._cut_off, handler)
        return handler

    def _cut_off(self, handler: web.RequestHandler) -> None:
        transport = handler.transport
        if transport is not None and transport not in self._answered:
            transport.abort()

    async def _note_answer(self, request: web.Request, _: web.StreamResponse) -> None:
        if request.transport is not None:
            self._answered.add(request.transport)


class _SaidOnce(logging.LoggerAdapter[logging.Logger]):
    """What aiohttp logs of requests: each complaint once, since a client can call it forth at any rate."""

    def __init__(self) -> None:
        super().__init__(_log, {})
        self._said: set[str] = set()

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        error = more.get("exc_info")
        if isinstance(error, HttpProcessingError):
            level, msg, args, more = logging.WARNING, "a client of the web speaks no HTTP", (), {}
        key = f"{msg} {error!r}" if "exc_info" in more else str(msg)
        if key not in self._said and len(self._said) < MOST_COMPLAINTS:
            self._said.add(key)
            super().log(level, f"{msg} (said once)", *args, **more)


class _TurnedAway(asyncio.Protocol):
    """What a connection gets for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _bind(host: str, port: int, keys: Keys) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=64, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        code = error.errno if isinstance(error, OSError) else None
        if code == errno.EADDRINUSE:
            raise DeviceFault(
                f"TCP port {port} on {host} is already in use, maybe by another show; close that program "
                f"or choose another by {keys[1]}, 0 for any that is free"
            ) from None
        if code == errno.EACCES:
            raise DeviceFault(
                f"this user may not listen on TCP port {port}; choose one above 1023 by {keys[1]}"
            ) from None
        raise DeviceFault(
            f'{keys[0]} "{host}" is no address of this machine; "127.0.0.1" is for this machine '
            'alone, "0.0.0.0" for every network'
        ) from None

"""Who may open the page: a token for other machines, and no other site's pages in anybody's browser.

This machine itself needs no token. Others show it once, as `?token=…` (which is what the code in the
operator's overlay says), and then by the cookie that they were given for it.

A site that somebody has open in another tab must not steer the show through his browser: so a request whose
Origin is another page's is refused; and so is one whose Host is no name of this machine, because a name of
the internet may be made to point here (DNS rebinding). An address in figures can't be.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import ifaddr
import platformdirs
from aiohttp import web

from models.files import write_whole

TOKEN_BYTES: Final = 16
"""Nobody guesses 128 bits, and they still make a small code."""

GUESS_SECONDS: Final = 1.0
"""The least time between two wrong tokens from one address."""
MOST_GUESSERS: Final = 256
"""Addresses that are slowed down, and requests that wait for it, at a time."""

COOKIE_SECONDS: Final = 30 * 24 * 3600

TOKEN_FILE: Final = "page-token"

_log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


# The token


def state_folder() -> Path:
    """Where this user keeps what the show remembers by itself."""
    return platformdirs.user_state_path("invisible-cities", appauthor=False)


def kept_token(folder: Path) -> str:
    """The token of this user's shows; where there is none yet, or one that others may have read, a new one
    is made and kept.

    Raises OSError if it can't be kept.
    """
    file = folder / TOKEN_FILE
    with suppress(OSError, UnicodeDecodeError):
        is_secret = os.name != "posix" or not file.stat().st_mode & 0o077
        token = file.read_text("ascii").strip()
        if is_secret and len(token) >= TOKEN_BYTES:
            return token
    token = new_token()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, f"{token}\n".encode(), mode=0o600)
    return token


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


# Addresses and names


def is_loopback(host: str | None) -> bool:
    """Whether an address is one that only this machine itself has."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address((host or "").split("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_everywhere(host: str) -> bool:
    """Whether who listens there listens on every network of this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False


def machine_names(*more: str) -> frozenset[str]:
    """The names by which this machine is called in its networks, and some more, in lower case."""
    name = socket.gethostname().casefold()
    short = name.split(".")[0]
    return frozenset({"localhost", name, short, f"{short}.local", *(other.casefold() for other in more)})


def network_address() -> str:
    """The address under which other machines find this one, as far as can be known: that of the network
    with the way out, else of any; "127.0.0.1" where there is no network."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Sends nothing. The address is one that is kept for documentation (RFC 5737).
        probe.connect(("192.0.2.1", 9))
        address = str(probe.getsockname()[0])
        if not is_loopback(address):
            return address
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str) and not is_loopback(ip.ip) and not ip.ip.startswith("169.254."):
                return ip.ip
    return "127.0.0.1"


def refusal(host: str | None, origin: str | None, names: Iterable[str]) -> str:
    """Why a request isn't answered, by its headers Host and Origin; "" if it is.

    names: of this machine, in lower case.
    """
    name = _name_in(host or "")
    if name is None or not (_is_address(name) or name in names):
        called = repr((host or "")[:60])
        return f"this show isn't called {called}: open it by the address in the operator's overlay"
    if origin is not None and origin.casefold() not in {
        f"{s}://{host}".casefold() for s in ("http", "https")
    }:
        return f"the page of {origin[:60]!r} may not steer this show"
    return ""


def _name_in(host: str) -> str | None:
    """The name or address in a Host header, in lower case, without the port; None if it is none."""
    if any(c in host for c in "@/\\?# "):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is none
    except ValueError:
        return None
    return parts.hostname


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return True


# Requests


class Access:
    """Lets requests through or answers them with 403 and a sentence."""

    def __init__(self, token: str, names: Iterable[str], now: Callable[[], float] = time.monotonic) -> None:
        """token: for other machines than this. names: of this machine, in lower case. now: seconds of any
        clock that never goes back."""
        self._token = token
        self._names = frozenset(names)
        self._now = now
        self._slowed: dict[str, float] = {}  # until when no further token is looked at, by address
        self._waiting = 0
        self._said: set[str] = set()
        self.refused = 0
        """How many requests were refused."""

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stands before all that an application answers."""
        host, origin = request.headers.get("Host"), request.headers.get("Origin")
        if sentence := refusal(host, origin, self._names):
            return self._refuse(request, sentence, "site")
        if is_loopback(request.remote):
            return await handler(request)
        cookie = f"cities-{request.url.port}"  # a browser gives a cookie to every port of a machine
        shown = request.query.get("token")
        token = request.cookies.get(cookie) if shown is None else shown
        if token is None:
            return self._refuse(
                request,
                "this page needs the show's token: scan the code in the operator's overlay, or open the "
                "address that the show printed when it began",
                "no token",
            )
        if not await self._is_right(token, request.remote or ""):
            return self._refuse(
                request,
                "this isn't the show's token: scan the code in the operator's overlay anew",
                "token",
            )
        response = await handler(request)
        if shown is not None and not response.prepared:
            response.set_cookie(
                cookie, self._token, max_age=COOKIE_SECONDS, httponly=True, samesite="Strict", path="/"
            )
        return response

    async def _is_right(self, token: str, address: str) -> bool:
        # All tokens from an address wait, right ones too: else whoever sends many at once would know the
        # right one by its quick answer.
        while (wait := self._slowed.get(address, 0.0) - self._now()) > 0.0:
            if self._waiting >= MOST_GUESSERS:
                return False
            self._waiting += 1
            try:
                await asyncio.sleep(wait)
            finally:
                self._waiting -= 1
        if hmac.compare_digest(_bytes(token), _bytes(self._token)):
            self._slowed.pop(address, None)
            return True
        if len(self._slowed) >= MOST_GUESSERS:
            del self._slowed[min(self._slowed, key=self._slowed.__getitem__)]
        self._slowed[address] = self._now() + GUESS_SECONDS
        return False

    def _refuse(self, request: web.Request, sentence: str, reason: str) -> web.Response:
        self.refused += 1
        if reason not in self._said:
            self._said.add(reason)
            _log.warning("a page from %s was refused: %s (said once)", request.remote, sentence)
        return web.Response(status=403, text=sentence + "\n", headers={"Cache-Control": "no-store"})


def _bytes(token: str) -> bytes:
    return token.encode(errors="surrogatepass")  # a header may hold anything

"""Who may open the page, judged by real HTTP requests."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from live.web import access as access_module
from live.web.access import (
    MOST_GUESSERS,
    TOKEN_FILE,
    Access,
    Handler,
    is_everywhere,
    is_loopback,
    kept_token,
    machine_names,
    network_address,
    refusal,
)

NAMES = frozenset({"localhost", "stage", "stage.local"})
TOKEN = "the-right-token"


# Headers


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8800",
        "10.0.0.7",
        "[::1]:8800",
        "[fe80::1%25eth0]:8800",
        "localhost:8800",
        "LOCALHOST",
        "stage:80",
        "Stage.local:8800",
    ],
)
def test_this_machine_is_known_by_its_addresses_and_names(host: str) -> None:
    assert refusal(host, None, NAMES) == ""
    assert refusal(host, f"http://{host}", NAMES) == ""
    assert refusal(host, f"https://{host.upper()}", NAMES) == ""


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        ":8800",
        "evil.example",
        "evil.example:8800",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "stage.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1:x",
        "127.0.0.1:99999",
        "[::1",
        "localhost.",
        "2130706433",
    ],
)
def test_a_name_of_the_internet_that_points_here_is_refused(host: str | None) -> None:
    assert "this show isn't called" in refusal(host, None, NAMES)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://10.0.0.7",
        "http://10.0.0.7:8801",
        "http://10.0.0.7:8800.evil.example",
        "http://10.0.0.7:8800/",
        "file://",
        "chrome-extension://10.0.0.7:8800",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert "may not steer this show" in refusal("10.0.0.7:8800", origin, NAMES)


@given(st.text(), st.none() | st.text())
def test_whatever_stands_in_the_headers_is_judged_in_one_line(host: str, origin: str | None) -> None:
    sentence = refusal(host, origin, NAMES)
    assert sentence.isprintable()
    assert len(sentence) < 800


# Addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "localhost"])
def test_an_address_of_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "::", "::ffff:10.0.0.7", "fe80::1%eth0", "", None])
def test_an_address_that_others_reach(host: str | None) -> None:
    assert not is_loopback(host)


def test_every_network() -> None:
    assert is_everywhere("0.0.0.0")
    assert is_everywhere("::")
    assert not is_everywhere("10.0.0.7")
    assert not is_everywhere("stage.local")


def test_the_machines_names_are_in_lower_case_and_as_its_network_calls_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Stage.Theatre.Example")
    assert machine_names("Show.Example") == {
        "localhost",
        "stage.theatre.example",
        "stage",
        "stage.local",
        "show.example",
    }


def test_the_network_address_is_one_that_can_be_listened_on() -> None:
    with socket.create_server((network_address(), 0)):
        pass


# The token


def test_the_token_is_made_once_and_read_by_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "show"
    token = kept_token(folder)
    assert len(token) >= 20
    assert kept_token(folder) == token
    assert [file.name for file in folder.iterdir()] == [TOKEN_FILE]
    if os.name == "posix":
        assert stat.S_IMODE((folder / TOKEN_FILE).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe broken and long enough \xff"])
def test_a_broken_token_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TOKEN_FILE).write_bytes(content)
    (tmp_path / TOKEN_FILE).chmod(0o600)
    token = kept_token(tmp_path)
    assert len(token) >= 20
    assert kept_token(tmp_path) == token


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_a_token_that_others_may_have_read_is_made_anew(tmp_path: Path) -> None:
    token = kept_token(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(0o644)
    assert kept_token(tmp_path) != token
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600


def test_a_token_that_cant_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        kept_token(tmp_path / "file")


# Requests


class Door:
    """An application behind `Access`, to which requests come from whatever machine they say."""

    def __init__(self) -> None:
        access = Access(TOKEN, NAMES)

        @web.middleware
        async def from_afar(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await handler(request.clone(remote=request.headers["X-From"]))

        async def answer(_: web.Request) -> web.Response:
            return web.Response(text="inside")

        application = web.Application(middlewares=[from_afar, access.middleware])
        application.router.add_get("/", answer)
        self.access = access
        self.client = TestClient(TestServer(application))

    async def __aenter__(self) -> Door:
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def knock(self, query: str = "", remote: str = "10.0.0.7", cookie: str = "") -> tuple[int, str]:
        self.client.session.cookie_jar.clear()
        headers = {"X-From": remote} | ({"Cookie": cookie} if cookie else {})
        async with self.client.get("/" + query, headers=headers) as answer:
            self.given = answer.headers.get("Set-Cookie", "")
            return answer.status, await answer.text()


def test_this_machine_needs_no_token() -> None:
    async def check() -> None:
        async with Door() as door:
            for remote in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
                assert await door.knock(remote=remote) == (200, "inside")
            assert door.access.refused == 0

    asyncio.run(check())


def test_another_machine_shows_the_token_once_and_then_its_cookie() -> None:
    async def check() -> None:
        async with Door() as door:
            status, sentence = await door.knock()
            assert status == 403
            assert "scan the code" in sentence
            assert await door.knock(f"?token={TOKEN}") == (200, "inside")
            cookie = door.given
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert await door.knock(cookie=cookie.partition(";")[0]) == (200, "inside")
            assert door.given == ""
            # A cookie of old doesn't stand in the way of a token that is right.
            old = cookie.partition("=")[0] + "=old"
            assert await door.knock(f"?token={TOKEN}", cookie=old) == (200, "inside")
            assert door.access.refused == 1

    asyncio.run(check())


@pytest.mark.parametrize("token", ["", "the-right-toke", "the-right-token2", "%ff%fe", "%ed%a0%80", "é"])
def test_a_wrong_token_is_refused_in_a_sentence(token: str) -> None:
    async def check() -> None:
        async with Door() as door:
            status, sentence = await door.knock(f"?token={token}")
            assert status == 403
            assert "isn't the show's token" in sentence
            assert door.given == ""

    asyncio.run(check())


def test_after_a_wrong_token_an_address_waits_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_module, "GUESS_SECONDS", 3600.0)

    async def check() -> None:
        async with Door() as door:
            assert (await door.knock("?token=wrong"))[0] == 403
            waiting = [asyncio.create_task(door.knock(f"?token={t}")) for t in ("worse", TOKEN)]
            assert await door.knock(f"?token={TOKEN}", remote="10.0.0.8") == (200, "inside")
            assert await door.knock() == (403, (await door.knock(remote="10.0.0.9"))[1])  # no guess
            done, _ = await asyncio.wait(waiting, timeout=0.1)
            assert not done
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(check())


def test_guesses_of_one_address_are_looked_at_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_module, "GUESS_SECONDS", 0.05)

    async def check() -> None:
        async with Door() as door:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            answers = await asyncio.gather(*(door.knock(f"?token={n}") for n in range(8)))
            assert [status for status, _ in answers] == [403] * 8
            # Never quicker, however busy the machine is: seven of them had to wait.
            assert loop.time() - begun >= 7 * 0.05
            assert await door.knock(f"?token={TOKEN}") == (200, "inside")

    asyncio.run(check())


def test_who_guesses_from_many_addresses_takes_no_memory() -> None:
    async def check() -> None:
        async with Door() as door:
            for n in range(MOST_GUESSERS + 20):
                await door.knock("?token=wrong", remote=f"10.0.{n // 256}.{n % 256}")
            assert len(door.access._slowed) <= MOST_GUESSERS

    asyncio.run(check())

"""Who may open the page and who may not, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from live.web.access import is_loopback, network_address
from live.web.thread import WebThread
from tests.live.conftest import soon
from tests.live.web.browser import Browser, browsing
from tests.live.web.show import SmallShow

KNOCK = """
const [url, done] = arguments;
const socket = new WebSocket(url);
socket.onmessage = () => { done("heard"); socket.close(); };
socket.onerror = () => done("refused");
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of somebody else's."""
    thread = WebThread()
    application = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<title>elsewhere</title>", content_type="text/html")

    application.router.add_get("/", answer)
    site = thread.serve(application, "127.0.0.1", 0, ("", ""))
    site.start()
    yield f"http://127.0.0.1:{site.port}/"
    thread.close()


def is_connected(browser: Browser) -> bool:
    """Whether the page is connected to the show, now or soon."""
    return soon(lambda: browser.js("return document.body?.className === ''") is True, 10.0)


def knock(browser: Browser, url: str) -> object:
    """What a websocket does that the page in the browser opens."""
    return browser.driver.execute_async_script(KNOCK, url)


def test_a_token_is_shown_once_and_is_then_a_cookie_that_no_script_reads(
    chromium: Browser, tmp_path: Path, elsewhere: str
) -> None:
    address = network_address()
    if is_loopback(address):
        pytest.skip("this machine has no network, and thus no address but its own")
    with SmallShow(tmp_path, host="0.0.0.0") as show:
        page, socket = f"http://{address}:{show.desk.port}/", f"ws://{address}:{show.desk.port}/ws"
        chromium.open(page)
        assert "scan the code in the operator's overlay" in chromium.text("body")
        chromium.open(show.desk.url)
        assert is_connected(chromium)
        assert chromium.driver.current_url == page
        assert chromium.js("return document.cookie") == ""
        chromium.open(page)
        assert is_connected(chromium)
        assert knock(chromium, socket) == "heard"
        # The same browser, but another page in it.
        chromium.open(elsewhere)
        assert knock(chromium, socket) == "refused"
        assert show.desk.pages <= 1


def test_pages_of_other_sites_reach_nothing_on_this_machine(
    chromium: Browser, tmp_path: Path, elsewhere: str
) -> None:
    with SmallShow(tmp_path) as show:
        chromium.open(show.desk.url)
        assert is_connected(chromium)
        socket = f"ws://127.0.0.1:{show.desk.port}/ws"
        assert knock(chromium, socket) == "heard"
        chromium.open(elsewhere)
        assert knock(chromium, socket) == "refused"
        # A picture of it can't be shown elsewhere, either.
        picture = f"{show.desk.url}static/icon.svg"
        load = (
            "const [url, done] = arguments; const image = new Image();"
            "image.onload = () => done('seen'); image.onerror = () => done('refused'); image.src = url;"
        )
        assert chromium.driver.execute_async_script(load, picture) == "refused"


def test_a_foreign_name_that_points_to_this_machine_is_refused_in_words(
    chromium: Browser, tmp_path: Path
) -> None:
    with SmallShow(tmp_path) as show:
        chromium.open(f"http://evil.localhost:{show.desk.port}/")  # which browsers take for this machine
        assert "this show isn't called" in chromium.text("body")

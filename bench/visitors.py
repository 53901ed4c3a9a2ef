"""Programs (`bench.programs`) that visit a show's page: they take previews as fast as they can, or turn its
controls."""

from __future__ import annotations

import asyncio
import importlib
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp

from bench.programs import Begun, MissingFault, Work
from models.faults import DeviceFault

PREVIEWS: Final = ("camera", "labels", "city")
"""By the first byte of a preview."""
PAUSE: Final = 0.05
"""Seconds between two turns of a control."""
QUIET: Final = 1.0
"""Seconds after the last of them in which no value must change any more."""

_LOADING: Final = 15.0

# Before the page's own code runs: every message that a websocket of the page receives is counted, too.
_COUNTER: Final = """
window.benchCounts = [0, 0, 0];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", async ({data}) => {
      if (typeof data === "string") return;
      const head = data instanceof Blob ? await data.slice(0, 1).arrayBuffer() : data;
      window.benchCounts[new Uint8Array(head)[0]] += 1;
    });
  }
};
"""


@contextmanager
def websocket_previews(url: str) -> Iterator[Work]:
    """A client that does nothing but ask for previews: how many of each it had, a second.

    url: of the page, 'http://127.0.0.1:8800/'.
    """
    yield lambda seconds, begun: asyncio.run(_previews(url, seconds, begun))


async def _previews(url: str, seconds: float, begun: Begun) -> dict[str, float]:
    counts = Counter(dict.fromkeys(PREVIEWS, 0))
    async with _socket(url) as socket:
        await socket.send_json({"want": PREVIEWS})
        begun()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = await socket.receive(timeout=left)
            except TimeoutError:
                break
            if message.type is aiohttp.WSMsgType.BINARY:
                kind = PREVIEWS[message.data[0]]
                counts[kind] += 1
                await socket.send_json({"want": [kind]})
            elif message.type is not aiohttp.WSMsgType.TEXT:
                raise DeviceFault(f"the page has closed its websocket: {message.extra or message.data}")
    return {kind: count / seconds for kind, count in counts.items()}


@contextmanager
def chromium_previews(url: str) -> Iterator[Work]:
    """The page itself in headless Chromium: how many previews of each kind it had, a second.

    Raises MissingFault if there is no Chromium, or no selenium to drive it.
    """
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            raise MissingFault(f"{program} is missing; apt-get install chromium chromium-driver")
    try:
        webdriver = importlib.import_module("selenium.webdriver")
    except ModuleNotFoundError:
        raise MissingFault("selenium is missing; pip install selenium") from None
    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(switch)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _COUNTER})

        def counts() -> list[int]:
            told: list[int] = driver.execute_script("return window.benchCounts")
            return told

        def work(seconds: float, begun: Begun) -> dict[str, float]:
            driver.get(url)
            end = time.monotonic() + _LOADING
            while not any(before := counts()):
                if time.monotonic() > end:
                    raise DeviceFault(f"the page shows no preview within {_LOADING:g} s")
                time.sleep(0.1)
            begun()
            started = time.monotonic()
            time.sleep(seconds)
            took, after = time.monotonic() - started, counts()
            driver.get("about:blank")
            rates = [(a - b) / took for a, b in zip(after, before, strict=True)]
            return dict(zip(PREVIEWS, rates, strict=True))

        yield work
    finally:
        driver.quit()


@contextmanager
def turning(url: str, turns: Mapping[str, Sequence[object]], seed: int) -> Iterator[Work]:
    """A client that turns controls at random: what each control is at in the end, as it was told.

    turns: addresses, each with the values that it is set to.
    """
    yield lambda seconds, begun: asyncio.run(_turning(url, turns, random.Random(seed), seconds, begun))


async def _turning(
    url: str,
    turns: Mapping[str, Sequence[object]],
    chance: random.Random,
    seconds: float,
    begun: Begun,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    async with _socket(url) as socket:
        begun()
        end = time.monotonic() + seconds
        next_turn = 0.0
        while (now := time.monotonic()) < end + QUIET:
            if now < end and now >= next_turn:
                next_turn = now + PAUSE
                address = chance.choice(list(turns))
                await socket.send_json({"set": [address, chance.choice(turns[address])]})
            try:
                message = await socket.receive(timeout=PAUSE)
            except TimeoutError:
                continue
            if message.type is aiohttp.WSMsgType.TEXT:
                values |= json.loads(message.data).get("values", {})
            elif message.type is not aiohttp.WSMsgType.BINARY:
                raise DeviceFault(f"the page has closed its websocket: {message.extra or message.data}")
    return values


@asynccontextmanager
async def _socket(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}ws", max_msg_size=0) as socket:
        yield socket

"""Pictures for pages: the right ones, once, and compressed once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from live.flow import Look, Mirror
from live.web import previews as previews_module
from live.web.previews import KINDS, LARGEST_SIDE, Previews, compressed
from models.palette import UNKNOWN, classes_of_map, paint
from tests.live.web.show import decoded

RNG = np.random.default_rng(7)


def smooth(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * x / width, 255 * y / height, 0 * x + 80], axis=2).astype(np.uint8)


# Compressing


def test_a_picture_keeps_its_colours() -> None:
    rgb = smooth(96, 128)
    content = compressed("city", rgb)
    assert content.startswith(b"\xff\xd8")
    assert np.abs(decoded(content).astype(int) - rgb).max() < 12


def test_labels_arrive_exactly() -> None:
    labels = RNG.integers(0, 5, (80, 80), np.uint8)
    labels[0, 0] = UNKNOWN
    content = compressed("labels", labels)
    assert content.startswith(b"\x89PNG")
    assert (decoded(content) == paint(labels)).all()


@pytest.mark.parametrize("shape", [(1024, 1024), (700, 1400), (3000, 3), (1, 1)])
def test_what_is_large_is_sent_smaller_in_its_shape(shape: tuple[int, int]) -> None:
    blocks = np.kron(RNG.integers(0, 5, (shape[0] // 4 + 1, shape[1] // 4 + 1)), np.ones((4, 4), int))
    labels = np.asarray(blocks[: shape[0], : shape[1]], np.uint8)
    height, width = decoded(compressed("labels", labels)).shape[:2]
    assert max(height, width) == min(max(shape), LARGEST_SIDE)
    scale = max(height, width) / max(shape)
    assert abs(height - shape[0] * scale) <= 1
    assert abs(width - shape[1] * scale) <= 1
    # No class that lies between two others.
    small = decoded(compressed("labels", labels))
    assert (paint(classes_of_map(small)) == small).all()
    assert decoded(compressed("city", paint(labels))).shape[:2] == (height, width)


# Giving


def run(work: Callable[[Mirror, Previews], Awaitable[None]]) -> None:
    """Do something while pictures are served."""

    async def serve() -> None:
        mirror = Mirror()
        previews = Previews(mirror)
        serving = asyncio.create_task(previews.run())
        try:
            await asyncio.wait_for(work(mirror, previews), 30.0)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    asyncio.run(serve())


class Asking:
    """A page that asks for pictures of a kind, one after the other."""

    def __init__(self, previews: Previews, kind: str = "city") -> None:
        self._previews, self._kind = previews, kind
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()

    def ask(self) -> None:
        self._previews.ask(self, self._kind, self._heard.put_nowait)

    async def next(self) -> bytes:
        self.ask()
        return await self._heard.get()

    async def hears_nothing(self) -> bool:
        """Within several times what a picture takes at most."""
        try:
            await asyncio.wait_for(self._heard.get(), 4 * previews_module.PREVIEW_SECONDS)
        except TimeoutError:
            return True
        return False


def look(red: int) -> Look:
    return Look(np.full((8, 8, 3), (red, 0, 0), np.uint8))


def test_a_page_is_given_another_picture_than_it_has_seen_or_none() -> None:
    async def work(mirror: Mirror, previews: Previews) -> None:
        page = Asking(previews)
        page.ask()
        assert await page.hears_nothing()  # before there is any
        mirror.look = look(10)
        assert abs(int(decoded(await page.next())[0, 0, 0]) - 10) < 4
        page.ask()
        assert await page.hears_nothing()
        mirror.look = look(200)
        assert abs(int(decoded(await page.next())[0, 0, 0]) - 200) < 4
        mirror.look = look(90)
        assert await page.hears_nothing()  # it hasn't asked

    run(work)


def test_a_picture_is_compressed_once_for_all_pages_and_only_if_one_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def counting(kind: str, picture: NDArray[np.uint8]) -> bytes:
        made.append(kind)
        return compressed(kind, picture)

    monkeypatch.setattr(previews_module, "compressed", counting)

    async def work(mirror: Mirror, previews: Previews) -> None:
        mirror.look = look(10)
        pages = [Asking(previews) for _ in range(5)]
        pictures = await asyncio.gather(*(page.next() for page in pages))
        late = await Asking(previews).next()
        assert len({*pictures, late}) == 1
        mirror.look = look(20)
        assert await pages[0].hears_nothing()
        assert made == ["city"]

    run(work)


def test_the_other_pictures_come_though_one_isnt_there() -> None:
    async def work(mirror: Mirror, previews: Previews) -> None:
        mirror.look = Look(smooth(8, 8), None, smooth(6, 8))
        pages = {kind: Asking(previews, kind) for kind in KINDS}
        for page in pages.values():
            page.ask()
        assert decoded(await pages["camera"].next()).shape == (6, 8, 3)
        assert decoded(await pages["city"].next()).shape == (8, 8, 3)
        assert await pages["labels"].hears_nothing()

    run(work)


def test_a_picture_that_cant_be_made_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def work(mirror: Mirror, previews: Previews) -> None:
        page = Asking(previews)
        for _ in range(2):
            mirror.look = Look(np.zeros((0, 8, 3), np.uint8))
            page.ask()
            assert await page.hears_nothing()
        mirror.look = look(10)
        assert decoded(await page.next()).shape == (8, 8, 3)

    run(work)
    assert caplog.text.count("a preview couldn't be made (said once)") == 1


def test_a_page_that_is_gone_is_forgotten() -> None:
    async def work(mirror: Mirror, previews: Previews) -> None:
        gone, page = Asking(previews), Asking(previews)
        gone.ask()
        previews.forget(gone)
        mirror.look = look(10)
        await page.next()
        assert await gone.hears_nothing()

    run(work)

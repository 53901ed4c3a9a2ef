"""Small live pictures of the show for pages: the camera, the labels, the city.

A page asks for the next picture of a kind and is given one as soon as there is another than it has seen; it
asks again when it has drawn that. So a page that reads slowly costs nothing, and one that reads nothing is
sent nothing. A picture is compressed once for all pages, on a thread beside the loop (OpenCV lets the
interpreter go meanwhile), and only if some page asks for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from live.flow import Look, Mirror
from models.palette import paint

KINDS: Final = ("camera", "labels", "city")
"""The pictures, in the order of the number that stands before each on the wire."""

PREVIEW_SECONDS: Final = 1 / 12
"""The time between two pictures of one kind, at least."""

LARGEST_SIDE: Final = 384
"""Pixels; what is larger is sent smaller."""

_JPEG: Final = (cv2.IMWRITE_JPEG_QUALITY, 80)
# Labels are flat: quick is also small.
_PNG: Final = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kind:
    """Where the pictures of one kind stand.

    seen: which of them each page was given, by its number. asking: what gives the next to each page that
    asks for it. newest: the newest picture and its number, compressed.
    """

    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    seen: dict[object, int] = field(default_factory=dict)
    asking: dict[object, Callable[[bytes], None]] = field(default_factory=dict)
    picture: NDArray[np.uint8] | None = None
    newest: bytes = b""
    number: int = 0


class Previews:
    """Gives pages the pictures that they ask for. Everything on the loop."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._kinds: Mapping[str, _Kind] = {kind: _Kind() for kind in KINDS}
        self._failed = False

    def ask(self, page: object, kind: str, give: Callable[[bytes], None]) -> None:
        """Give a page the next picture of a kind that it hasn't seen, once. Raises KeyError if there is no
        such kind."""
        state = self._kinds[kind]
        state.asking[page] = give
        state.wanted.set()

    def forget(self, page: object) -> None:
        """The page is gone."""
        for state in self._kinds.values():
            state.asking.pop(page, None)
            state.seen.pop(page, None)

    async def run(self) -> None:
        """Serve until cancelled."""
        with ThreadPoolExecutor(1, "previews") as pool:
            async with asyncio.TaskGroup() as tasks:
                for kind in KINDS:
                    tasks.create_task(self._serve(kind, pool))

    async def _serve(self, kind: str, pool: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        state = self._kinds[kind]
        while True:
            await state.wanted.wait()
            # All kinds at the same moments, so that a page paints once for all of them.
            await asyncio.sleep(PREVIEW_SECONDS - loop.time() % PREVIEW_SECONDS)
            look = self._mirror.look
            picture = None if look is None else _picture(look, kind)
            if picture is not None and picture is not state.picture:
                try:
                    # The next picture of a drawing that rests is a copy of the last.
                    if state.picture is None or not np.array_equal(picture, state.picture):
                        state.newest = await loop.run_in_executor(pool, compressed, kind, picture)
                    state.number += 1
                    state.picture = picture
                except Exception:  # costs this picture, not the page; it is tried again
                    state.picture = None
                    if not self._failed:
                        self._failed = True
                        _log.exception("a preview couldn't be made (said once)")
            for page in [page for page in state.asking if state.seen.get(page, 0) != state.number]:
                state.seen[page] = state.number
                state.asking.pop(page)(state.newest)
            if not state.asking:
                state.wanted.clear()


def _picture(look: Look, kind: str) -> NDArray[np.uint8] | None:
    return {"camera": look.view, "labels": look.labels, "city": look.rgb}[kind]


def compressed(kind: str, picture: NDArray[np.uint8]) -> bytes:
    """A picture as pages are sent it: labels as PNG in the palette's colours, others as JPEG.

    picture: labels, uint8 (H, W), or RGB, uint8 (H, W, 3).
    """
    is_map = kind == "labels"
    height, width = picture.shape[:2]
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        # Between two classes lies no third.
        how = cv2.INTER_NEAREST_EXACT if is_map else cv2.INTER_AREA
        picture = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    rgb = paint(picture) if is_map else picture
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    done, content = cv2.imencode(".png" if is_map else ".jpg", bgr, _PNG if is_map else _JPEG)
    if not done:
        raise ValueError(f"OpenCV can't compress a picture of {width}×{height}")
    return content.tobytes()

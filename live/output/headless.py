"""An output without a display, for tests, benches and recordings: the same pixels as the window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from live.output.base import PointerEvent
from live.output.compose import Fit, compose


class HeadlessOutput:
    """Composes every picture as the projector's window does and keeps the last one.

    last: uint8 (height, width, 3) RGB, black before the first picture; a fresh array with every picture.
    shown: how many pictures were shown.
    """

    def __init__(self, size: tuple[int, int] = (1280, 720), fit: Fit = "letterbox") -> None:
        """size: (width, height) in pixels; may be set anew, as a window is resized."""
        self.size = size
        self._fit: Fit = fit
        self._pressed: list[str] = []
        self._coming: list[PointerEvent] = []
        self._pointed: list[PointerEvent] = []
        self.last: NDArray[np.uint8] = np.zeros((size[1], size[0], 3), np.uint8)
        self.shown = 0

    def show(
        self,
        rgb: NDArray[np.uint8],
        overlay: Sequence[str],
        inset: NDArray[np.uint8] | None = None,
        code: NDArray[np.uint8] | None = None,
    ) -> None:
        self.last = compose(rgb, overlay, self.size, self._fit, inset, code)
        self.shown += 1

    def press(self, *names: str) -> None:
        """Let `keys` report these keys."""
        self._pressed += names

    def point(self, *events: PointerEvent) -> None:
        """Let `pointer` report these events after the next call of `keys`."""
        self._coming += events

    def keys(self) -> list[str]:
        pressed, self._pressed = self._pressed, []
        self._pointed, self._coming = self._coming, []
        return pressed

    def pointer(self) -> list[PointerEvent]:
        pointed, self._pointed = self._pointed, []
        return pointed

    def close(self) -> None:
        pass

    def describe(self) -> str:
        return f"headless {self.size[0]}×{self.size[1]}"

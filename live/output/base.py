"""The one small interface behind which the projector's window and the headless output stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PointerEvent:
    """Something that the pointer (a mouse's left button, a finger) did.

    at: where, in pixels of the output from its top left.
    """

    kind: Literal["pressed", "moved", "released"]
    at: tuple[int, int]


class Output(Protocol):
    """Something that shows pictures. Used by the main thread alone."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as they are now: a window may be resized."""

    def show(
        self,
        rgb: NDArray[np.uint8],
        overlay: Sequence[str],
        inset: NDArray[np.uint8] | None = None,
        code: NDArray[np.uint8] | None = None,
    ) -> None:
        """Show a picture (uint8 (H, W, 3) RGB, any size) scaled to the output, with the operator's lines of
        text over it (none: no overlay), a small view of the sheet in the lower left corner (`inset`, as
        the picture; None: no view) and a QR code in the lower right (`code`: uint8 (n, n), its modules, 1
        for dark; None: no code). Returns when it is flipped."""

    def keys(self) -> list[str]:
        """Keys pressed since the last call, as names: 'h', 'b', '1', 'space', 'ctrl+q', 'right'; 'close'
        when the window was asked to close. Shift is told with keys that move something ('shift+right',
        'shift+tab'); with the others it makes no difference, so that a letter is itself with Caps Lock."""

    def pointer(self) -> list[PointerEvent]:
        """What the pointer did until the last call of `keys` and since the one before."""

    def close(self) -> None:
        """Take the window down; may be called twice."""

    def describe(self) -> str:
        """What it is: 'display 1, 1920×1080', 'headless 1280×720'."""

"""The one small interface behind which the projector's window and the headless output stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Output(Protocol):
    """Something that shows pictures. Used by the main thread alone."""

    def show(
        self, rgb: NDArray[np.uint8], overlay: Sequence[str], inset: NDArray[np.uint8] | None = None
    ) -> None:
        """Show a picture (uint8 (H, W, 3) RGB, any size) scaled to the output, with the operator's lines of
        text over it (none: no overlay) and a small view of the sheet in the lower left corner (`inset`, as
        the picture; None: no view). Returns when it is flipped."""

    def keys(self) -> list[str]:
        """Keys pressed since the last call, as names: 'h', 'b', '1', 'space', 'ctrl+q', 'right'; 'close'
        when the window was asked to close."""

    def close(self) -> None:
        """Take the window down; may be called twice."""

    def describe(self) -> str:
        """What it is: 'display 1, 1920×1080', 'headless 1280×720'."""

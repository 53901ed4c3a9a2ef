"""The one small interface behind which every camera stands."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Source(Protocol):
    """One opened camera: delivers pictures until it can't. Used by one thread.

    A source knows nothing of time-outs, sequence numbers or reopening: `live.camera.Camera` does.
    """

    def read(self) -> NDArray[np.uint8] | None:
        """Wait for the next picture and return it, uint8 (H, W, 3) BGR, a fresh array or one that is never
        written to again; None if this source has come to its end or is broken and must be opened anew."""

    def close(self) -> None:
        """Let go of the device; may be called from another thread, and twice."""

    def describe(self) -> str:
        """What it is, for the operator: 'USB camera 0, 1280×720', 'simulated sheet, town'."""

"""A set that can only render one side, in a show of another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.engines.base import Engine


class FittedEngine:
    """An engine that renders at its own side, and scales labels and picture from and to the show's."""

    def __init__(self, engine: Engine, side: int) -> None:
        self.name = engine.name
        self.side = side
        self._engine = engine

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        """See `models.engines.base.Engine`."""
        own = self._engine.side
        fitted = cv2.resize(labels, (own, own), interpolation=cv2.INTER_NEAREST_EXACT)
        picture = self._engine.render(fitted.astype(np.uint8, copy=False), mix)
        how = cv2.INTER_CUBIC if self.side > own else cv2.INTER_AREA
        scaled = cv2.resize(picture, (self.side, self.side), interpolation=how)
        return scaled.astype(np.uint8, copy=False)

    def describe(self) -> str:
        return f"{self._engine.describe()}, at its own side {self._engine.side}"

    def close(self) -> None:
        self._engine.close()

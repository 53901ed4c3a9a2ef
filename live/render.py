"""One map, one mix, one picture: the generator without the show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from live.mix import Mix
from models.cityset import CitySet
from models.engines.joined import open_joined
from models.faults import UsageFault
from models.inputs import CELL

GREATEST = 2048
"""Pixels along a picture's longer side that are rendered at once."""


def render_map(
    sets: Sequence[CitySet], mix: Mix, labels: NDArray[np.uint8], engine: str = "auto"
) -> NDArray[np.uint8]:
    """Render a map of any shape up to GREATEST × GREATEST.

    sets: whose cities, in order, are those of the mix. mix: of the square that the map's longer side spans,
    the map at its top left. labels: uint8 (H, W), classes 0..4. Returns uint8 (H, W, 3) RGB.
    """
    height, width = labels.shape
    if max(height, width) > GREATEST:
        raise UsageFault(
            f"the map is {width}×{height}, and at most {GREATEST} a side is rendered; give a smaller --side"
        )
    # An engine takes squares of whole cells: what is missing repeats the border, and is cut off again.
    side = max(2, -(-max(height, width) // CELL)) * CELL
    square = np.pad(labels, ((0, side - height), (0, side - width)), mode="edge")
    opened = open_joined(sets, side, engine).engine
    try:
        return opened.render(square, mix.weights)[:height, :width]
    finally:
        opened.close()

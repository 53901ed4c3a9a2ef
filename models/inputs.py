"""What a generator takes besides the labels: a fixed noise field and the mix of cities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.cityset import CitySet

MIX_GRID: Final = 16
"""Cells of the mix along each side of the sheet, as the show thinks of it."""
CELL: Final = 16
"""Pixels of the picture in one cell of the mix that the network takes; a side is a multiple of it."""

FINE_CHANNELS: Final = 4
"""Noise channels that hold white noise at half the side, folded to a quarter of it."""
COARSE_SCALES: Final = (1, 2, 4, 8)
"""Blob sizes of the other channels, in cells of a quarter of the side (4, 8, 16 and 32 pixels)."""
NOISE_CHANNELS: Final = FINE_CHANNELS + len(COARSE_SCALES)

_SEED: Final = 1972  # the year of Calvino's book


def noise_field(side: int) -> NDArray[np.float32]:
    """The noise of a sheet at `side` pixels: float32 (1, NOISE_CHANNELS, side/4, side/4), about N(0, 1).

    It is tied to the sheet, not to time: the same drawing gives the same picture, nothing shimmers, and one
    red area becomes many different houses.
    """
    size = side // 4
    rng = np.random.default_rng((_SEED, side))
    field = np.empty((1, NOISE_CHANNELS, size, size), dtype=np.float32)
    field[0, :FINE_CHANNELS] = rng.standard_normal((FINE_CHANNELS, size, size), dtype=np.float32)
    for channel, scale in enumerate(COARSE_SCALES, start=FINE_CHANNELS):
        # A blob of margin on each side, so that the interpolation has no edge inside the field.
        blobs = -(-size // scale) + 2
        coarse = rng.standard_normal((blobs, blobs), dtype=np.float32)
        smooth = cv2.resize(coarse, (blobs * scale, blobs * scale), interpolation=cv2.INTER_CUBIC)
        smooth = smooth[scale : scale + size, scale : scale + size]
        field[0, channel] = smooth / smooth.std()
    return field


def fixed_inputs(city_set: CitySet, side: int) -> dict[str, NDArray[np.float32]]:
    """The inputs that only depend on the city set and the side, by their names in the network.

    C-contiguous, so that an engine can bind them once where they lie. A network may lack any of them.
    """
    del city_set  # the noise is the same for all
    return {"noise": noise_field(side)}


def fit_mix(mix: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mix on the grid that a network takes at `side`.

    mix: float32 (N, MIX_GRID, MIX_GRID), at each cell the weights of the N cities, summing to 1.
    Returns float32 (1, N, side/CELL, side/CELL).
    """
    cells = side // CELL
    if mix.shape[1:] == (cells, cells):
        return mix[None]
    planes = [cv2.resize(plane, (cells, cells), interpolation=cv2.INTER_LINEAR) for plane in mix]
    return np.stack(planes)[None].astype(np.float32)

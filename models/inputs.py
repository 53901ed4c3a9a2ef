"""What a generator takes besides the labels: the mix of cities, and fields that are tied to the sheet, the
noise and the patterns.

Noise makes one thing into many different ones. Patterns are what a place of one class looks like in a city:
for each city and each class of PATTERNED one picture of PATTERN_SIDE pixels at half the side of the sheet,
quilted from its photographs (`models.training.patterns`). A generator takes from them how houses, trees and
bare ground lie; the tone, the borders, roads and water are its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault
from models.palette import BUILDING, GREEN, GROUND

if TYPE_CHECKING:
    from models.cityset import CitySet

PATTERNS: Final = "patterns.png"
"""The file of a set that holds its patterns."""
MIX_GRID: Final = 16
"""Cells of the mix along each side of the sheet, as the show thinks of it."""
CELL: Final = 16
"""Pixels of the picture in one cell of the mix that the network takes; a side is a multiple of it."""

FINE_CHANNELS: Final = 4
"""Noise channels that hold white noise at half the side, folded to a quarter of it."""
COARSE_SCALES: Final = (1, 2, 4, 8)
"""Blob sizes of the other channels, in cells of a quarter of the side (4, 8, 16 and 32 pixels)."""
NOISE_CHANNELS: Final = FINE_CHANNELS + len(COARSE_SCALES)

PATTERNED: Final = (GROUND, GREEN, BUILDING)
"""The classes that have patterns. Roads and water follow the pen, and are painted without."""
PATTERN_SIDE: Final = 256
"""Pixels of a pattern's side; one pixel is two of the picture."""
DETAIL_CHANNELS: Final = 6
"""Channels of one class's detail at a quarter of the side: its luma at half the side, folded, and two of
colour."""
PATTERN_CHANNELS: Final = DETAIL_CHANNELS * len(PATTERNED) + 1
"""Channels of one city's patterns: the details of its classes, and its grain (see `pattern_fields`)."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_LUMA_UNIT: Final = 48.0  # grey levels that are 1.0 in a detail: about a standard deviation
_COLOUR_UNIT: Final = 20.0
_PARCEL: Final = 10  # cells of a quarter of the side: 24 m, a house and its garden
_GRAIN: Final = 2.5

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
    fixed = {"noise": noise_field(side)}
    if (path := city_set.file(PATTERNS)) is not None:
        fixed["patterns"] = pattern_fields(read_patterns(path, len(city_set.names)), side)
    return fixed


def read_patterns(path: Path, cities: int) -> NDArray[np.uint8]:
    """The patterns of a set from their picture, which has a row for each city and a column for each class:
    uint8 (cities, len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3) RGB.

    Raises InputFault if it isn't such a picture.
    """
    # Decoded from bytes, since OpenCV can't open every path on Windows.
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    bgr = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    rows, columns = cities, len(PATTERNED)
    wanted = (rows * PATTERN_SIDE, columns * PATTERN_SIDE)
    if bgr is None or bgr.shape[:2] != wanted:
        found = "not a picture" if bgr is None else f"{bgr.shape[1]}×{bgr.shape[0]} pixels"
        raise InputFault(
            f"{path} is {found}; the patterns of {cities} cities are {wanted[1]}×{wanted[0]}; "
            "copy the set again"
        )
    tiles = bgr[..., ::-1].reshape(rows, PATTERN_SIDE, columns, PATTERN_SIDE, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles, dtype=np.uint8)


def write_patterns(patterns: NDArray[np.uint8], path: Path) -> None:
    """Write patterns as the picture that `read_patterns` reads."""
    rows, columns = patterns.shape[:2]
    sheet = patterns.swapaxes(1, 2).reshape(rows * PATTERN_SIDE, columns * PATTERN_SIDE, 3)
    bgr = np.ascontiguousarray(sheet[..., ::-1])
    path.write_bytes(cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def whole_sheet(city: int, of: int) -> NDArray[np.float32]:
    """The mix in which one city of `of` has the whole sheet: float32 (of, MIX_GRID, MIX_GRID)."""
    mix = np.zeros((of, MIX_GRID, MIX_GRID), dtype=np.float32)
    mix[city] = 1.0
    return mix


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


def detail_of(rgb: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a picture shows beyond its mean colour.

    rgb: uint8 (h, w, 3) at half the side of the sheet, h and w even. mean: float32 (3,), RGB grey levels.
    Returns float32 (DETAIL_CHANNELS, h/2, w/2), about N(0, 1).
    """
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    off = rgb.astype(np.float32) - mean
    luma = off @ _LUMA
    folded = luma.reshape(height, 2, width, 2).transpose(1, 3, 0, 2).reshape(4, height, width)
    small = cv2.resize(off, (width, height), interpolation=cv2.INTER_AREA)
    grey = small @ _LUMA
    colour = np.stack([small[..., 0] - grey, small[..., 2] - grey])
    detail: NDArray[np.float32] = np.concatenate([folded / _LUMA_UNIT, colour / _COLOUR_UNIT])
    return detail.astype(np.float32)


def pattern_fields(patterns: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The patterns of a set as its network takes them at `side`.

    patterns: uint8 (N, len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3) RGB. Returns float32
    (N, PATTERN_CHANNELS, side/4, side/4). The last channel is the city's grain: where two cities are mixed,
    it decides which of them has which parcel, so that a place in between is a patchwork of both and not a
    double exposure. Beyond their own side the patterns are mirrored.
    """
    half, size = side // 2, side // 4
    more = max(0, half - PATTERN_SIDE)
    fields = np.empty((len(patterns), PATTERN_CHANNELS, size, size), dtype=np.float32)
    for city, of_city in enumerate(patterns):
        for index, pattern in enumerate(of_city):
            fitting = np.pad(pattern, ((0, more), (0, more), (0, 0)), mode="symmetric")[:half, :half]
            at = index * DETAIL_CHANNELS
            fields[city, at : at + DETAIL_CHANNELS] = detail_of(fitting, pattern_mean(pattern))
        rng = np.random.default_rng((_SEED, city))
        cells = -(-size // _PARCEL) + 2
        blobs = cv2.resize(
            rng.standard_normal((cells, cells), dtype=np.float32),
            (cells * _PARCEL, cells * _PARCEL),
            interpolation=cv2.INTER_CUBIC,
        )
        blobs = blobs[_PARCEL : _PARCEL + size, _PARCEL : _PARCEL + size]
        fields[city, -1] = np.exp(_GRAIN * np.clip(blobs, -2.0, 2.0))  # within half precision
    return fields


def pattern_mean(pattern: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean colour of a pattern, float32 (3,), which its detail leaves out."""
    mean: NDArray[np.float32] = pattern.reshape(-1, 3).astype(np.float32).mean(axis=0)
    return mean

"""Pictures on disk: photographs, maps and what the program makes of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault
from models.files import write_whole
from models.palette import PALETTE_RGB, classes_of_map

_FLAT = 48
"""How far from its flat colour (greatest difference in a channel) a pixel of a map may be: JPEG's work."""

_PART = 1 << 20
"""Pixels of a map that are read at once."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture from a file, uint8 (H, W, 3) RGB; InputFault if there is none or it can't be read.

    What a PNG leaves transparent is white, as paper is.
    """
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise InputFault(
            f"{path} can't be read ({error.strerror}); give a picture file, PNG or JPEG"
        ) from None
    try:
        # Decoding by content, not by name; the camera's orientation note is obeyed.
        rgb = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data[:4].tobytes() == b"\x89PNG" else None
    except cv2.error:
        rgb = whole = None
    if rgb is None:
        raise InputFault(f"{path} is not a picture that can be read; give a PNG or JPEG")
    if whole is not None and whole.shape == (*rgb.shape[:2], 4):
        # Under what is transparent stands any colour, mostly black.
        rgb[whole[:, :, 3] < (32768 if whole.dtype == np.uint16 else 128)] = 255
    return rgb.astype(np.uint8, copy=False)


def map_share(rgb: NDArray[np.uint8]) -> float:
    """How much of a picture, uint8 (H, W, 3) RGB, has exactly one of the five flat colours, 0..1."""
    flat = np.zeros(rgb.shape[:2], dtype=bool)
    for colour in PALETTE_RGB:
        flat |= (rgb == colour).all(axis=2)
    return float(flat.mean())


def read_map(path: Path) -> NDArray[np.uint8]:
    """The labels of a map in the five flat colours, uint8 (H, W); InputFault if it isn't one."""
    rgb = read_picture(path)
    labels = np.empty(rgb.shape[:2], dtype=np.uint8)
    pixels, classes = rgb.reshape(-1, 1, 3), labels.reshape(-1, 1)
    foreign = 0.0
    # Part by part: the working takes many times the memory of a large map.
    for begin in range(0, len(pixels), _PART):
        part = slice(begin, begin + _PART)
        classes[part] = classes_of_map(pixels[part])
        distance = np.abs(pixels[part].astype(np.int16) - PALETTE_RGB[classes[part]]).max(axis=2)
        foreign += np.count_nonzero(distance > _FLAT) / labels.size
    if foreign > 0.1:
        raise InputFault(
            f"{path} is not a map in the five flat colours ({foreign:.0%} of it has other colours); "
            "give such a map, or leave --labels out for a photograph of a drawing"
        )
    return labels


def write_picture(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write uint8 (H, W, 3) RGB to a PNG or JPEG, whole or not at all; InputFault if that can't be done."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputFault(
            f"{path}: pictures are written as .png or .jpg, so give a name that ends like that"
        )
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    try:
        write_whole(path, data.tobytes())
    except OSError as error:
        raise InputFault(
            f"{path} can't be written ({error.strerror}); give a file in a folder that exists"
        ) from None

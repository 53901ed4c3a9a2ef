"""Pictures on disk: photographs, maps and what the program makes of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault
from models.palette import PALETTE_RGB, classes_of_map

_FLAT = 48
"""How far from its flat colour (greatest difference in a channel) a pixel of a map may be: JPEG's work."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture from a file, uint8 (H, W, 3) RGB; InputFault if there is none or it can't be read."""
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise InputFault(
            f"{path} can't be read ({error.strerror}); give a picture file, PNG or JPEG"
        ) from None
    try:
        # Decoding by content, not by name; the camera's orientation note is obeyed.
        rgb = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    except cv2.error:
        rgb = None
    if rgb is None:
        raise InputFault(f"{path} is not a picture that can be read; give a PNG or JPEG")
    return rgb.astype(np.uint8, copy=False)


def read_map(path: Path) -> NDArray[np.uint8]:
    """The labels of a map in the five flat colours, uint8 (H, W); InputFault if it isn't one."""
    rgb = read_picture(path)
    labels = classes_of_map(rgb)
    distance = np.abs(rgb.astype(np.int16) - PALETTE_RGB[labels]).max(axis=2)
    foreign = float((distance > _FLAT).mean())
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
            f"{path}: pictures are written as .png or .jpg, so name it {path.with_suffix('.png').name}"
        )
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data.tobytes())
        partial.replace(path)
    except OSError as error:
        raise InputFault(
            f"{path} can't be written ({error.strerror}); give a file in a folder that exists"
        ) from None

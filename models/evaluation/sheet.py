"""The contact sheet: what was asked for, and what came of it, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_HEADER: Final = 24
"""Pixels of the header's height."""


def contact_sheet(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[Picture]]]) -> Picture:
    """Columns of pictures, all of one side, uint8 (S, S, 3) RGB, under their titles; a row has a name,
    which is written into its first picture."""
    side = rows[0][1][0].shape[0]
    header = np.zeros((_HEADER, side * len(titles), 3), dtype=np.uint8)
    for column, title in enumerate(titles):
        _write(header, title, (column * side + 6, _HEADER - 7), (255, 255, 255))
    return np.vstack([header, *(_row(name, pictures) for name, pictures in rows)])


def _row(name: str, pictures: Sequence[Picture]) -> Picture:
    row: Picture = np.hstack(pictures)
    _write(row, name, (6, 18), (0, 0, 0), outline=(255, 255, 255))
    return row


def _write(
    picture: Picture,
    text: str,
    at: tuple[int, int],
    colour: tuple[int, int, int],
    outline: tuple[int, int, int] | None = None,
) -> None:
    if outline:
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, outline, 4, cv2.LINE_AA)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)

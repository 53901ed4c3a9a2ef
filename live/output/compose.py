"""What stands on the output: the picture fitted into its size, dimmed, with the operator's panel over it.

The window, the headless output and the recorder all compose here, so they show the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import cv2
import numpy as np
import pygame
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Fit = Literal["letterbox", "fill"]

_TEXT = (245, 245, 240)
_INSET_SHARE = 7 / 32
_PANEL_LIGHT = 0.25
"""How much of the picture shines through the panel: dark enough for white text on white paper."""
# By how much a pixel is covered by text, in 255ths:
_LIGHT_UNDER_TEXT = np.rint(np.arange(255, -1, -1) * _PANEL_LIGHT).astype(np.uint8)
_TEXT_SHADES = (
    np.rint(np.arange(256)[:, None] * (np.asarray(_TEXT) / 255)).astype(np.uint8).reshape(1, 256, 3)
)
_LINES_PER_HEIGHT = 36
SMALLEST_TEXT = 8
_LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class Rect:
    """Whole pixels, origin top left."""

    x: int
    y: int
    width: int
    height: int

    def of(self, image: Rgb) -> Rgb:
        """This part of an image, as a view."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


def place(picture: tuple[int, int], canvas: tuple[int, int], fit: Fit) -> tuple[Rect, Rect]:
    """Which part of a picture goes where on a canvas, both (width, height): (source, target).

    letterbox: the whole picture, as large as it fits, in the middle.
    fill: the whole canvas, from as much of the picture's middle as has the canvas's shape.
    """
    if fit == "letterbox":
        return Rect(0, 0, *picture), _middle(canvas, picture)
    return _middle(picture, canvas), Rect(0, 0, *canvas)


def _middle(outer: tuple[int, int], shape: tuple[int, int]) -> Rect:
    """The largest rectangle of `shape`'s proportions within `outer`, in its middle."""
    scale = min(outer[0] / shape[0], outer[1] / shape[1])
    width, height = (max(1, round(length * scale)) for length in shape)
    return Rect((outer[0] - width) // 2, (outer[1] - height) // 2, width, height)


def dim(rgb: Rgb, brightness: float) -> Rgb:
    """A picture at a brightness 0 (black) .. 1 (the very same array), linear in its sRGB values."""
    if brightness >= 1:
        return rgb
    if brightness <= 0:
        return np.zeros_like(rgb)
    table = np.rint(np.arange(256) * brightness).astype(np.uint8)
    return np.asarray(cv2.LUT(rgb, table), np.uint8)


def compose(
    rgb: Rgb,
    overlay: Sequence[str],
    size: tuple[int, int],
    fit: Fit,
    inset: Rgb | None = None,
    code: NDArray[np.uint8] | None = None,
) -> Rgb:
    """A picture (uint8 (H, W, 3) RGB, any size), the operator's lines, a small view of the sheet and the
    modules of a QR code (uint8 (n, n), 1 for dark) as they stand on an output of `size` (width, height): a
    fresh uint8 (height, width, 3) RGB."""
    source, target = place((rgb.shape[1], rgb.shape[0]), size, fit)
    canvas = np.empty((size[1], size[0], 3), np.uint8)
    canvas[: target.y] = 0
    canvas[target.y + target.height :] = 0
    canvas[:, : target.x] = 0
    canvas[:, target.x + target.width :] = 0
    # Cubic costs what linear costs (0.9 ms from 256² to 1080²), and linear shows the pixels' grid.
    grows = target.width >= source.width
    cv2.resize(
        source.of(rgb),
        (target.width, target.height),
        dst=target.of(canvas),
        interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA,
    )
    if inset is not None:
        _lay_inset(inset, canvas)
    if code is not None:
        _lay_code(code, canvas)
    if overlay:
        _panel(tuple(overlay), size).lay_over(canvas)
    return canvas


def _lay_inset(inset: Rgb, canvas: Rgb) -> None:
    """The view of the sheet in the lower left, as wide as the bar beside a square picture on 16:9."""
    height, width = canvas.shape[:2]
    margin = min(height, width) // 72
    room = (max(1, int(width * _INSET_SHARE) - 2 * margin), max(1, height // 3))
    fitted = _middle(room, (inset.shape[1], inset.shape[0]))
    part = Rect(margin, height - margin - fitted.height, fitted.width, fitted.height).of(canvas)
    cv2.resize(inset, (fitted.width, fitted.height), dst=part, interpolation=cv2.INTER_AREA)


_QUIET: Final = 4
"""Modules of white around a QR code, without which readers don't find it (ISO/IEC 18004)."""
_CODE_SHARE: Final = 3
"""A code is at most this fraction of the height of the output."""


def _lay_code(code: NDArray[np.uint8], canvas: Rgb) -> None:
    """A QR code in the lower right, its modules of whole pixels; none where there is no room for it."""
    height, width = canvas.shape[:2]
    margin = min(height, width) // 72
    modules = np.pad(code, _QUIET)
    scale = min(height // _CODE_SHARE, width // _CODE_SHARE) // modules.shape[0]
    if scale < 1:
        return
    grey = np.where(modules > 0, 0, 255).astype(np.uint8).repeat(scale, 0).repeat(scale, 1)
    size = grey.shape[0]
    part = Rect(width - margin - size, height - margin - size, size, size).of(canvas)
    part[:] = grey[:, :, None]


@dataclass(frozen=True, slots=True)
class _Panel:
    """The operator's text on a dark veil, ready to be laid over any picture.

    light: uint8 (h, w, 3), how much of the picture shines through, in 255ths.
    text: uint8 (h, w, 3), what is added to it.
    """

    light: Rgb
    text: Rgb
    margin: int

    def lay_over(self, canvas: Rgb) -> None:
        height, width = self.light.shape[:2]
        part = Rect(self.margin, self.margin, width, height).of(canvas)
        cv2.multiply(part, self.light, dst=part, scale=1 / 255)
        cv2.add(part, self.text, dst=part)


@lru_cache(maxsize=2)
def _panel(lines: tuple[str, ...], size: tuple[int, int]) -> _Panel:
    """The panel for an output of `size`: its text is made smaller where it wouldn't fit, and cut where that
    would make it unreadable."""
    texts = [line[:_LONGEST_LINE] for line in lines]
    px = max(SMALLEST_TEXT, size[1] // _LINES_PER_HEIGHT)
    width, height = _extent(texts, px)
    margin = min(px // 2, (min(size) - 1) // 2)
    room = (size[0] - 2 * margin, size[1] - 2 * margin)
    shrink = min(room[0] / width, room[1] / height)
    if shrink < 1:
        px = max(SMALLEST_TEXT, int(px * shrink))
        width, height = _extent(texts, px)
    cover = np.zeros((height, width), np.uint8)
    for row, text in enumerate(texts):
        mask = text_cover(text, px)
        y = px // 2 + row * line_height(px)
        cover[y : y + mask.shape[0], px : px + mask.shape[1]] = mask
    cover = np.ascontiguousarray(cover[: room[1], : room[0]])
    cover3 = np.dstack([cover] * 3)
    return _Panel(
        light=np.asarray(cv2.LUT(cover3, _LIGHT_UNDER_TEXT), np.uint8),
        text=np.asarray(cv2.LUT(cover3, _TEXT_SHADES), np.uint8),
        margin=margin,
    )


def _extent(texts: Sequence[str], px: int) -> tuple[int, int]:
    """Width and height of the panel; the width goes in steps, lest it tremble as the figures change."""
    step = 4 * px
    widest = max(text_cover(text, px).shape[1] for text in texts)
    return -(-(widest + 2 * px) // step) * step, len(texts) * line_height(px) + px


def line_height(px: int) -> int:
    """Pixels from one line of text to the next."""
    return px + px // 3


@lru_cache(maxsize=256)
def text_cover(text: str, px: int) -> NDArray[np.uint8]:
    """How much a line of text covers each pixel, in 255ths: uint8 (h, w), h at most `line_height(px)`.

    text: anything; a camera or a client may have sent it. px: the height of the font, about.
    """
    shown = "".join(c if c.isprintable() else " " for c in text)
    try:
        large = pygame.surfarray.array_alpha(_font(2 * px).render(shown, True, "white")).T
    except pygame.error:  # marks without a letter have no width, which pygame refuses to draw
        large = np.zeros((0, 0), np.uint8)
    if not large.size:
        return np.zeros((1, 1), np.uint8)
    # Drawn at twice its size and halved: at its own size the font's letters snap to whole pixels, unevenly.
    half = (max(1, large.shape[1] // 2), min(line_height(px), max(1, large.shape[0] // 2)))
    return np.asarray(cv2.resize(np.ascontiguousarray(large), half, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=8)
def _font(px: int) -> pygame.font.Font:
    """pygame's own font (FreeSans Bold: Latin, Greek, Cyrillic, × · –, no arrows), alike everywhere."""
    pygame.font.init()
    return pygame.font.Font(pygame.font.get_default_font(), px)

"""A black window to draw on: text, pictures and patches; what doesn't fit into it is cut off."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from live.output.compose import Rect, dim, line_height, text_cover

Colour = tuple[int, int, int]
"""sRGB, red first."""


class Canvas:
    """rgb: uint8 (height, width, 3), what was drawn so far."""

    def __init__(self, size: tuple[int, int]) -> None:
        """size: (width, height) in pixels."""
        self.width, self.height = size
        self.rgb: NDArray[np.uint8] = np.zeros((size[1], size[0], 3), np.uint8)

    def picture(
        self, rgb: NDArray[np.uint8], rect: Rect, brightness: float, grown: int = cv2.INTER_LINEAR
    ) -> None:
        """A picture (uint8 (H, W, 3) RGB, any size) in a rectangle, at a brightness 0..1.

        grown: how it is made larger, if it is (`cv2.INTER_…`).
        """
        how = grown if rect.width >= rgb.shape[1] else cv2.INTER_AREA
        scaled = cv2.resize(np.ascontiguousarray(rgb), (rect.width, rect.height), interpolation=how)
        part = rect.of(self.rgb)
        part[:] = dim(np.asarray(scaled, np.uint8), brightness)[: part.shape[0], : part.shape[1]]

    def patch(self, rect: Rect, colour: Sequence[int], brightness: float) -> None:
        """A rectangle in one colour, at the brightness of the pictures."""
        rect.of(self.rgb)[:] = np.rint(np.array(colour) * brightness).astype(np.uint8)

    def plate(self, rect: Rect) -> None:
        """A dark ground for letters on a picture."""
        left, top = max(rect.x, 0), max(rect.y, 0)
        part = self.rgb[top : max(rect.y + rect.height, 0), left : max(rect.x + rect.width, 0)]
        part[:] = part // 5

    def write(self, text: str, x: int, y: int, px: int, colour: Colour) -> int:
        """A line of text with its top left at (x, y); returns its width."""
        cover = text_cover(text, px)
        left, top = max(x, 0), max(y, 0)
        part = self.rgb[top : max(y + cover.shape[0], 0), left : max(x + cover.shape[1], 0)]
        seen = cover[top - y :, left - x :][: part.shape[0], : part.shape[1], None]
        share = seen.astype(np.float32) / 255
        part[:] = np.rint(part * (1 - share) + np.array(colour, np.float32) * share).astype(np.uint8)
        return int(cover.shape[1])

    def paragraph(self, text: str, rect: Rect, px: int, colour: Colour) -> Rect:
        """A text in as many lines as it takes; returns what is left of the rectangle below it."""
        lines = wrapped(text, rect.width, px)
        for row, line in enumerate(lines):
            self.write(line, rect.x, rect.y + row * line_height(px), px, colour)
        below = len(lines) * line_height(px) + px // 2
        return Rect(rect.x, rect.y + below, rect.width, max(1, rect.height - below))

    def paragraphs(self, texts: Sequence[str], rect: Rect, px: int, colour: Colour) -> Rect:
        """Several texts, one below the other; returns what is left of the rectangle."""
        for text in texts:
            rect = self.paragraph(text, rect, px, colour)
        return rect


def wrapped(text: str, width: int, px: int) -> list[str]:
    """A text in lines that are no wider than that; a word that is, as the path of a file, is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_cover(longer, px).shape[1] <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        while text_cover(word, px).shape[1] > width:
            # The longest beginning that fits; one letter, where the window is narrower than that.
            fits = max(
                1, bisect(range(1, len(word)), width, key=lambda n: text_cover(word[:n], px).shape[1])
            )
            if fits >= len(word):
                break
            lines[-1] = word[:fits]
            word = word[fits:]
            lines.append("")
        lines[-1] = word
    return lines

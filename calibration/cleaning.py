"""The labels tidied up: what a person would not have drawn goes, and what the pen left out is filled in.

A colour says what one pixel is; only its surroundings say whether it can be. Along the border of two
classes their mixture may look like a third (a rim), a streaky stroke lets paper through (a gap), dust and
noise are a few pixels large (a speck). All of them are narrow, and told by what lies beside them:

    speck   what fits into 3 × 3 pixels: becomes what lies around it
    rim     an ink at most 3 pixels wide with two different other classes on its two sides: becomes those;
            so does anything unknown of that width
    gap     paper at most 3 pixels wide between strokes of one ink: becomes that ink

A thin line has one class on both sides of it, and so it stays.

All classes are treated at once, as bits of one byte: then dilation is OR, erosion is AND, and a shift of
the picture is a slice. Every step is one pass over bytes that fit into the processor's cache.

This is for the live camera, frame by frame: a millisecond, for marker strokes of known breadth; what is
left goes as the labels settle. A photograph is seen once, from any distance, of any pen and of hatching
too, and has the time for `calibration.wholes`, which takes thirty times as long.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.palette import CLASS_NAMES, GROUND, UNKNOWN

SPECK = 3
"""Pixels along a side: what fits into such a square is dirt."""

WIDTH = 4
"""Pixels: an ink narrower than this between two others is their mixture, and paper narrower than this
between strokes of one ink belongs to it."""

CROSSING = 5
"""Pixels from the rest of its line at which a narrow piece is still taken for a part of it."""

PAD = 8
"""Pixels around the picture that have no class, so that no shift meets the opposite side."""

OR, AND, ONE = np.bitwise_or, np.bitwise_and, np.uint8(1)

NAMELESS = np.uint8(len(CLASS_NAMES))
NAMELESS_BIT = np.uint8(1 << len(CLASS_NAMES))
"""What stands for `UNKNOWN`, the last of all classes to be given a pixel."""

INKS = np.uint8(sum(1 << label for label in range(len(CLASS_NAMES)) if label != GROUND))
"""The bits of all classes that are drawn."""

Bytes = NDArray[np.uint8]
"""In this module: bit n says that the pixel may be of class n; 0 is unknown. Flat, row after row."""


def clean(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels without specks, rims and gaps: about 1 ms for 512 × 512 on one core.

    labels: uint8 (H, W), classes or `UNKNOWN`. Returns new ones; what was unknown stays so where it is as
    broad as a finger, and becomes what lies beside it where it is as narrow as a seam.
    """
    width = labels.shape[1]
    row = width + PAD
    # The padding at the end of one row serves the beginning of the next one as well.
    bits = np.zeros((labels.shape[0] + 2 * PAD, row), dtype=np.uint8)
    np.left_shift(ONE, np.minimum(labels, NAMELESS), out=bits[PAD:-PAD, :width])
    flat = bits.reshape(-1)
    kept = _without_rims(_without_specks(flat, row), row)
    whole = _without_gaps(_filled(kept, flat, row), row).reshape(-1, row)
    return np.asarray(cv2.LUT(whole[PAD:-PAD, :width], _CLASS_OF), dtype=np.uint8)


def _without_specks(bits: Bytes, row: int) -> Bytes:
    """Only what reaches further than `SPECK` pixels; 0 elsewhere."""
    # A connected thing that has nothing on the square `SPECK` steps around one of its pixels is within it.
    across, down = _joined(bits, 1, 2 * SPECK + 1, OR), _joined(bits, row, 2 * SPECK + 1, OR)
    around = np.zeros_like(bits)
    for run, other in ((across, row), (down, 1)):
        corner = -SPECK * (row + 1)
        _add(around, run, corner)
        _add(around, run, corner + 2 * SPECK * other)
    around &= bits
    # The middle of a thing little larger than that has nothing so far around it either.
    return _beside(around, row) & bits


def _without_rims(bits: Bytes, row: int) -> Bytes:
    """Without what is narrow and is unknown, or an ink with different classes on its two sides; 0 there."""
    between, others = np.zeros_like(bits), ~bits
    for step in (1, row):
        after, before = (_at(_joined(bits, way, WIDTH, OR), way) for way in (step, -step))
        after &= others
        before &= others
        both = after | before
        both &= both - ONE
        # Something on either side, and not the same alone on both.
        np.minimum(both, np.minimum(after, before), out=both)
        between |= both
    wide = _over_disc(_over_disc(bits, row, AND), -row, OR)
    rims = bits & ~wide & (INKS & _mask(between != 0) | NAMELESS_BIT)
    kept = bits & ~rims
    # Where a thin line crosses a border aslant, there are different classes beside it for a few pixels.
    near = _joined(_joined(kept, 1, 2 * CROSSING + 1, OR), row, 2 * CROSSING + 1, OR)
    return np.asarray(kept | (_at(near, -CROSSING * (row + 1)) & bits & INKS), dtype=np.uint8)


def _without_gaps(bits: Bytes, row: int) -> Bytes:
    """With the paper that is enclosed between strokes of one ink given to that ink."""
    inks = bits & INKS
    closed = _over_disc(_over_disc(inks, row, OR), -row, AND)
    closed &= _mask(inks == 0)
    closed &= -closed
    # The ground's bit is less than any ink's, that for unknown is greater.
    return np.maximum(bits, closed)


def _over_disc(bits: Bytes, row: int, join: np.ufunc) -> Bytes:
    """What is anywhere (or, for AND, everywhere) in a disc of `WIDTH` pixels: a square without its corners.
    The disc lies below and to the right of each pixel; with a negative row, above and to the left."""
    step = 1 if row > 0 else -1
    short = _joined(bits, step, WIDTH - 2, join)
    tall = _joined(short, row, WIDTH, join)
    flat = _joined(_joined(short, 2 * step, 2, join), row, WIDTH - 2, join)
    disc = _at(tall, step)
    _add(disc, flat, row, join)
    return disc


def _filled(kept: Bytes, before: Bytes, row: int) -> Bytes:
    """What was taken away, given to the classes beside it; to the paper where it may have either."""
    filled = kept.copy()
    gone = np.flatnonzero(kept != before)  # few, so that they are cheaper one by one
    for _ in range(SPECK):
        near = filled[gone + 1] | filled[gone - 1] | filled[gone + row] | filled[gone - row]
        filled[gone] = near & -near
        gone = gone[near == 0]
        if not len(gone):
            break
    filled[gone] = before[gone]
    return filled


def _beside(bits: Bytes, row: int) -> Bytes:
    """What is at each pixel or at one of the eight around it."""
    across = bits.copy()
    _add(across, bits, 1)
    _add(across, bits, -1)
    around = across.copy()
    _add(around, across, row)
    _add(around, across, -row)
    return around


def _joined(bits: Bytes, step: int, count: int, join: np.ufunc) -> Bytes:
    """What is at each pixel or (and, for AND) at the next ones, `count` in all, going by `step`."""
    reach = 1
    while reach < count:
        jump = min(reach, count - reach)
        more = np.empty_like(bits)
        here, there = _overlap(bits, bits, jump * step)
        join(here, there, out=_overlap(more, bits, jump * step)[0])
        _clear_rest(more, jump * step)
        bits, reach = more, reach + jump
    return bits


def _add(to: Bytes, bits: Bytes, offset: int, join: np.ufunc = OR) -> None:
    """Join what is at each pixel's neighbour, so many places on, to what is at the pixel itself."""
    here, there = _overlap(to, bits, offset)
    join(here, there, out=here)


def _at(bits: Bytes, offset: int) -> Bytes:
    """What is at each pixel's neighbour so many places on."""
    moved = np.empty_like(bits)
    here, there = _overlap(moved, bits, offset)
    here[:] = there
    _clear_rest(moved, offset)
    return moved


def _overlap(here: Bytes, there: Bytes, offset: int) -> tuple[Bytes, Bytes]:
    """The pixels that have a neighbour so many places on, and those neighbours."""
    if offset > 0:
        return here[:-offset], there[offset:]
    return here[-offset:], there[:offset]


def _clear_rest(here: Bytes, offset: int) -> None:
    """Nothing at the pixels that have no neighbour so many places on."""
    if offset > 0:
        here[-offset:] = 0
    else:
        here[:-offset] = 0


def _mask(where: NDArray[np.bool_]) -> Bytes:
    """All bits where it is true, none elsewhere."""
    return np.negative(where.view(np.uint8))


_CLASS_OF = np.full(256, UNKNOWN, dtype=np.uint8)
_CLASS_OF[1 << np.arange(len(CLASS_NAMES))] = np.arange(len(CLASS_NAMES))

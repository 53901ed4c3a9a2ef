"""The hand that draws on the simulated sheet: a right hand with a marker and a sleeve, seen from above.

It is modelled as a landscape of rounded bones whose height gives the shading, once, at the start; a frame
then only turns and shifts the finished picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

PX_PER_MM: Final = 2.4
"""Resolution of the sprite."""
TIP_MM: Final = (70.0, 24.0)
"""Where the tip of the pen lies in the sprite, from its top left; the arm runs down from there."""
ELBOW_MM: Final = (62.0, 400.0)
"""A spot on the axis of the forearm, from the tip of the pen."""

STRIPE_MM: Final = 11.0
"""Width of a band of a striped sleeve."""
CUFF_MM: Final = 200.0
"""How far from the pen's tip down the arm a cuff reaches."""
DEEPEST: Final = 0.8
"""Greatest share of the light that a shadow takes: the room's own light reaches in."""

_SIZE_MM: Final = (230.0, 660.0)

Colour = tuple[int, int, int]
Floats = NDArray[np.float32]
_BARREL: Final = (206, 208, 210)


@dataclass(frozen=True, slots=True)
class Sleeve:
    """What covers the arm: colours, BGR; no cloth for a bare arm, the sleeve's own colour for the cuff if
    it is None, and every second band around it in the colour of the stripes if there are any."""

    cloth: Colour | None
    cuff: Colour | None = None
    stripes: Colour | None = None


@dataclass(frozen=True, slots=True)
class Bone:
    """A rounded limb: from one end to the other, in mm from the pen's tip, x to the right, y to the arm.

    Each end is x, y, the height of its axis over the paper, and its radius.
    """

    start: tuple[float, float, float, float]
    end: tuple[float, float, float, float]


_SKIN: Final = (
    # the back of the hand and the wrist
    Bone((34, 150, 16, 25), (40, 235, 24, 28)),
    Bone((16, 98, 20, 21), (32, 150, 18, 25)),
    Bone((36, 96, 16, 22), (38, 150, 15, 24)),
    Bone((54, 100, 8, 17), (46, 150, 12, 19)),
    # little, ring and middle finger, curled under
    Bone((60, 88, 10, 11.5), (54, 58, 12, 9.5)),
    Bone((54, 58, 12, 9.5), (37, 48, 3, 7.5)),
    Bone((47, 80, 16, 12), (41, 44, 18, 10)),
    Bone((41, 44, 18, 10), (25, 34, 5, 8)),
    Bone((30, 74, 22, 12.5), (28, 35, 24, 10.5)),
    Bone((28, 35, 24, 10.5), (14, 20, 8, 8)),
    # thumb
    Bone((8, 128, 18, 17), (-16, 92, 24, 13)),
    Bone((-16, 92, 24, 13), (-11, 56, 25, 10.5)),
    Bone((-11, 56, 25, 10.5), (-2, 33, 20, 8.5)),
)
_INDEX: Final = (
    Bone((13, 80, 28, 13), (17, 41, 36, 10.5)),
    Bone((17, 41, 36, 10.5), (7, 19, 20, 8)),
)
_PEN: Final = (Bone((3.4, 9.0, 9.0, 6.2), (12, 124, 62, 6.8)),)
_NIB: Final = (Bone((0.0, 0.0, 1.0, 2.4), (3.0, 8.0, 8.0, 4.6)),)
_CAP: Final = (Bone((11.4, 116, 59, 7.0), (12.4, 130, 65, 7.0)),)
_SLEEVE: Final = (Bone((38, 208, 26, 37), (62, 400, 34, 46)), Bone((62, 400, 34, 46), (92, 640, 40, 52)))
_ARM: Final = (Bone((40, 228, 24, 28), (62, 400, 30, 40)), Bone((62, 400, 30, 40), (92, 640, 36, 47)))
_CUFF: Final = (Bone((36.5, 196, 26, 36.5), (38, 208, 26, 38)),)


def hand_sprites(
    skin: Colour, sleeve: Sleeve, markers: Sequence[Colour], shadow: float = 1.0
) -> list[NDArray[np.uint8]]:
    """The hand with each of the markers, ready to be laid over a picture: picture × transmission + colour.

    skin, markers: colours, BGR. shadow: scales how much light the hand takes from what lies around it.
    Returns for each marker uint8 (H, W, 4): the colour, already multiplied by how much of the picture it
    covers, and the transmission, which is below 255 under the hand and in its shadow.
    """
    width, height = (round(mm * PX_PER_MM) for mm in _SIZE_MM)
    shape = height, width
    rng = np.random.default_rng(11)
    top = np.full(shape, -1.0, dtype=np.float32)
    colour = np.zeros((height, width, 3), dtype=np.float32)
    inked = np.zeros(shape, dtype=np.float32)
    arm = sleeve.cloth or skin
    for bones, tint, soft, rough in (
        (_SKIN if sleeve.cloth else _SKIN + _ARM, skin, 4.0, 0.0),
        (_NIB, None, 0.0, 0.0),
        (_PEN, _BARREL, 0.0, 0.0),
        (_CAP, None, 0.0, 0.0),
        (_INDEX, skin, 3.0, 0.0),
        (_SLEEVE if sleeve.cloth else (), arm, 3.0, 1.0),
        (_CUFF if sleeve.cloth else (), arm, 0.0, 0.4),
    ):
        relief = _relief(bones, shape, soft)
        if rough:
            relief = np.where(relief > 0, relief + rough * _folds(shape, rng), relief)
        over = relief > top
        shade = _shade(relief)
        painted = np.asarray(tint or (0, 0, 0), dtype=np.float32) * shade[..., None]
        if tint is skin:
            painted *= _complexion(relief, rng)
        if bones in (_SLEEVE, _CUFF):
            _decorate(painted, shade, sleeve)
        colour = np.where(over[..., None], painted, colour)
        inked = np.where(over, 0.0 if tint else shade, inked)
        top = np.where(over, relief, top)
    # What lies under a higher thing gets less of the room's light.
    hollow = np.clip(_soft(np.maximum(top, 0), 7.0) - top, 0.0, 12.0)
    solid = _soft((top > 0).astype(np.float32), 0.9)
    lit = _soft(colour * (1.0 - 0.030 * hollow)[..., None], 0.7) * solid[..., None]
    inked = _soft(inked * (1.0 - 0.030 * hollow), 0.7) * solid
    through = 255.0 * (1.0 - solid) * (1.0 - np.minimum(shadow * _shadow(top), DEEPEST))
    sprites = []
    for marker in markers:
        whole = lit + inked[..., None] * np.asarray(marker, dtype=np.float32)
        sprites.append(np.dstack([np.clip(whole, 0, 255), through]).round().astype(np.uint8))
    return sprites


def _soft(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32)


def _decorate(painted: Floats, shade: Floats, sleeve: Sleeve) -> None:
    """Give a painted sleeve its stripes and its cuff, in place."""
    down = np.arange(len(painted)) / PX_PER_MM - TIP_MM[1]
    for rows, colour in ((down // STRIPE_MM % 2 == 1, sleeve.stripes), (down < CUFF_MM, sleeve.cuff)):
        if colour is not None:
            painted[rows] = np.asarray(colour, dtype=np.float32) * shade[rows][..., None]


def _relief(bones: tuple[Bone, ...], shape: tuple[int, int], soft: float) -> Floats:
    """Height of the bones' surface over the paper in mm, -1 beside them; `soft` mm melt into each other."""
    relief = np.full(shape, -1.0, dtype=np.float32)
    for bone in bones:
        (x0, y0, z0, r0), (x1, y1, z1, r1) = bone.start, bone.end
        reach = max(r0, r1) + 1.0
        left, top = (_pixel(min(x0, x1) - reach, 0), _pixel(min(y0, y1) - reach, 1))
        right, bottom = (_pixel(max(x0, x1) + reach, 0), _pixel(max(y0, y1) + reach, 1))
        left, top = max(left, 0), max(top, 0)
        window = relief[top:bottom, left:right]
        ys, xs = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]].astype(np.float32)
        px, py = xs / PX_PER_MM - TIP_MM[0] - x0, ys / PX_PER_MM - TIP_MM[1] - y0
        dx, dy = x1 - x0, y1 - y0
        share = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        radius = r0 + share * (r1 - r0)
        off = (px - share * dx) ** 2 + (py - share * dy) ** 2
        round_top = z0 + share * (z1 - z0) + np.sqrt(np.maximum(radius**2 - off, 0.0))
        height = np.where(off < radius**2, round_top, -1.0).astype(np.float32)
        if soft:
            # Polynomial smooth maximum (I. Quilez, "smooth minimum"): limbs grow into each other.
            blend = np.maximum(soft - np.abs(window - height), 0.0) / soft
            melted = np.maximum(window, height) + blend**2 * soft / 4
            height = np.where((window > 0) & (height > 0), melted, np.maximum(window, height))
        np.maximum(window, height, out=window)
    return relief


def _shade(relief: Floats) -> Floats:
    """Brightness of a surface under a soft lamp at the upper left, float32, about 0.5 to 1.15."""
    smooth = _soft(relief, 2.2)
    slope_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=PX_PER_MM / 8)
    slope_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=PX_PER_MM / 8)
    upright = 1.0 / np.sqrt(1.0 + slope_x**2 + slope_y**2)
    facing = (0.86 - 0.36 * slope_x - 0.36 * slope_y) * upright
    return np.asarray(np.clip(0.50 + 0.62 * facing, 0.42, 1.18), dtype=np.float32)


def _complexion(relief: Floats, rng: np.random.Generator) -> Floats:
    """What makes skin more than one colour: redder where it stands out, mottled. float32 (H, W, 3), BGR."""
    height, width = relief.shape
    patches = cloud((height // 24, width // 24), (height, width), rng)
    pores = cloud((height // 3, width // 3), (height, width), rng)
    red = np.clip((_soft(relief, 5.0) - 30.0) / 30.0, 0.0, 1.0) + 0.4 * patches
    tone = 1.0 + 0.035 * pores + 0.03 * patches
    return np.dstack([tone * (1 - 0.10 * red), tone * (1 - 0.09 * red), tone]).astype(np.float32)


def _folds(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Folds of cloth across an arm, in mm."""
    height, width = shape
    slant = np.array([[1, 0, 0], [-0.25, 1, 0]], dtype=np.float32)
    coarse = cloud((height // 34, width // 110), shape, rng)
    folds = cv2.warpAffine(coarse, slant, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(1.5 * folds + 0.12 * cloud((height // 5, width // 5), shape, rng), dtype=np.float32)


def _shadow(top: Floats) -> Floats:
    """How much of the light the hand takes from the paper around it, float32 0..1."""
    shadow = np.zeros_like(top)
    # The higher the part, the farther to the lower right its shadow falls and the softer it is.
    for low, high, softness, strength in (
        (0.0, 18.0, 2.5, 0.42),
        (10.0, 45.0, 7.0, 0.34),
        (30.0, 90.0, 13.0, 0.26),
    ):
        part = ((top > low) * (top >= 0)).astype(np.float32)
        step = 0.16 * (low + high) * PX_PER_MM / 2
        move = np.array([[1, 0, step], [0, 1, step]], dtype=np.float32)
        cast = cv2.warpAffine(part, move, (top.shape[1], top.shape[0]))
        cast = cv2.GaussianBlur(cast, (0, 0), softness * PX_PER_MM / 2)
        shadow = np.maximum(shadow, strength * cast)
    return shadow


def cloud(knots: tuple[int, int], shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Random values at so many rows and columns of knots, drawn out to a shape, float32."""
    values = rng.normal(size=knots).astype(np.float32)
    return np.asarray(cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _pixel(mm: float, axis: int) -> int:
    return round((mm + TIP_MM[axis]) * PX_PER_MM)

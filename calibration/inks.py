"""The inks: which class a colour on the paper stands for.

A pixel of marker on paper is seldom the pure ink. Paper shines through a streaky stroke and mixes in at
its edge; two layers are darker than one; the side of a wooden block lies in the shade. So every ink owns a
family of colours, not a point: its tints (paper and ink mixed, as an edge or a streak does), its layers
(which multiply as filters do: Beer-Lambert) and its shades (the same colour in less or more light). A
colour belongs to the family that comes nearest to it; if that is paper with little ink it is ground, and
if none comes near, or skin comes nearer, it is unknown: what lies over the sheet is told by that.

An ink may be anything flat: a marker, chalk, cut card, a block. Paper may be any colour too. What is
brighter than the paper in some part of the spectrum can't be a filter on it, and has no layers. All that is
asked of five inks is that they differ once the paper is levelled: white chalk on a grey sheet doesn't,
for that sheet is brought to nearly white.

Nearness is Euclidean distance in OKLab (Björn Ottosson, "A perceptual color space for image
processing", 2020, https://bottosson.github.io/posts/oklab/), with a little stray light added first, as
a lens does, since among near-blacks the cube root of OKLab makes much of nothing.

All of it is evaluated once per 16-bit colour; reading a picture is one look-up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import UsageFault
from models.palette import CLASS_NAMES, GROUND, ROAD, UNKNOWN

PAPER_LEVEL = 235
"""Value of all three channels to which `calibration.light` brings the bare paper. Room above it lets
noise and gloss pass without clipping, which would shift the hue of light tints."""

STRAY_LIGHT = 0.02
"""Added to linear light before OKLab, as a share of full white."""

LAYERS = (0.45, 0.7, 1.0, 1.3, 1.7, 2.2)
"""Amounts of ink in layers of the calibrated one, from which each family is built."""

SHADES = (0.8, 0.9, 1.1)
"""Amounts of light in that of the paper, in which an ink may lie."""

OPAQUE = 1.02
"""An ink that sends back more than this share of what the paper does, in some channel, is no filter."""

BLACK = 0.1
"""An ink that sends back less than this share of what the paper does, in all channels, has no shades:
they would be those of dark skin and cloth."""

UNLIKELY = 0.5
"""What one doubling or halving of an ink's layers or light takes from its claim to a colour, in
tolerances: where two families meet, the one has it that is more like its ink."""

LEAST_APART = 0.06
"""Distance in OKLab that any two of the inks and the paper must keep. A white sheet lies about as far from
its own faint shadow."""

HEAVY = 1.5
"""Layers from which on an ink is mixed with no paper but at its very edge: the brown half-tones that it
would make with it are those of skin."""

COVERAGES = tuple(np.linspace(0.1, 1.0, 13))
"""Shares of a pixel that the ink covers, from which each family is built."""

GROUND_SHARE = 0.40
"""A colour nearer to the paper than this share of the way from paper to ink counts as paper."""

TOLERANCE = (0.014, 0.040)
"""Greatest distance in OKLab between a colour and its family, at tolerance 1: near the paper, where skin
and red tints lie close together and the light has been levelled, and at full ink, where markers differ."""

PAPER_DIM, PAPER_TINT = 0.05, 0.022
"""How much darker, and how much more coloured, in OKLab, bare paper may be by noise alone."""

SKINS = ((240, 202, 180), (224, 170, 146), (192, 136, 106), (150, 100, 76), (110, 72, 54), (68, 47, 39))
"""Skins as a camera sees them in white light, sRGB, from light to dark; between them lie all others."""

SKIN_LIGHT = (0.55, 0.7, 0.85, 1.0)
"""How much of the paper's light falls on a hand's sides."""

SKIN_REACH, SKIN_DOUBT = 0.03, 0.3
"""Distance in OKLab from skin within which a colour is rather a hand's than a tint of an ink, and what is
added to the square of it (in reaches): the hand needs the better claim."""

NEUTRAL = 0.6
"""Share of the tolerance that an ink without chroma gets: it has no hue that could vary, and dark skin and
cloth lie next to black."""

GREY_CHROMA = 0.045
"""Chroma in OKLab below which a person calls a colour black, grey or white."""

BROWN_BLACK = (0.36, 0.07)
"""Lightness and chroma below which a person calls a colour black, whatever its hue."""

HUES = (
    (15, "pink"), (45, "red"), (80, "orange"), (115, "yellow"), (170, "green"), (225, "turquoise"),
    (290, "blue"), (327, "violet"), (360, "pink"),
)  # fmt: skip
"""The hue in degrees of OKLab up to which a vivid colour has a name."""

Float = NDArray[np.float32]
Rgb: TypeAlias = tuple[int, int, int]
"""A colour, sRGB, red first."""


@dataclass(frozen=True, slots=True)
class Inks:
    """The colour of each class on paper: sRGB uint8 (5, 3), class by class; row 0 is the bare paper."""

    rgb: NDArray[np.uint8]

    @classmethod
    def from_hex(cls, colours: Mapping[str, str]) -> Inks:
        """Inks from '#rrggbb' per class name.

        Raises UsageFault for a class without a colour, a colour that isn't one, or two that are too much
        alike to be told apart.
        """
        rows = []
        for name in CLASS_NAMES:
            text = colours.get(name, "")
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
                raise UsageFault(f"ink '{name}' is {text!r}; it must be a colour like '#22904a'")
            rows.append([int(text[i : i + 2], 16) for i in (1, 3, 5)])
        inks = cls(np.array(rows, dtype=np.uint8))
        alike = inks.too_close()
        if alike is not None:
            one, other = (f"'{CLASS_NAMES[label]}' ({colours[CLASS_NAMES[label]]})" for label in alike)
            what = "inks" if alike[0] != GROUND else "the paper"
            raise UsageFault(
                f"{what} {one} and {other} are too much alike to be told apart; choose another colour "
                f"for '{CLASS_NAMES[alike[1]]}'"
            )
        return inks

    def hex(self) -> dict[str, str]:
        """'#rrggbb' by class name; `from_hex` makes the same inks of it."""
        return {name: hex_of(row) for name, row in zip(CLASS_NAMES, self.rgb.tolist(), strict=True)}

    def too_close(self) -> tuple[int, int] | None:
        """The two classes whose colours are nearest to each other, the smaller first, if they are nearer
        than `LEAST_APART`."""
        seen = oklab(self.levelled())
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
        apart[np.tril_indices(len(apart))] = np.inf
        one, other = np.unravel_index(int(apart.argmin()), apart.shape)
        return (int(one), int(other)) if apart[one, other] < LEAST_APART else None

    def levelled(self) -> Float:
        """The same on paper brought to `PAPER_LEVEL`: float32 (5, 3), sRGB 0..1, as a levelled picture
        shows them. Light multiplies, and sRGB is close to a power of light, so values scale alike."""
        values = self.rgb.astype(np.float32)
        scaled = values / np.maximum(values[0], 1) * (PAPER_LEVEL / 255)
        return np.asarray(scaled.clip(0, 1), dtype=np.float32)


def hex_of(rgb: Sequence[int]) -> str:
    """A colour, sRGB, as '#rrggbb'."""
    return "#" + bytes(rgb).hex()


def linear_light(srgb: Float) -> Float:
    """sRGB 0..1 (IEC 61966-2-1) as linear light 0..1."""
    low, high = srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
    return np.asarray(np.where(srgb <= 0.04045, low, high), dtype=np.float32)


def srgb_of(linear: Float) -> Float:
    """Linear light 0..1 as sRGB 0..1."""
    low, high = linear * 12.92, 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def oklab(srgb: Float) -> Float:
    """sRGB 0..1, float32 (..., 3), in OKLab with `STRAY_LIGHT`: L 0..1, a, b."""
    light = linear_light(srgb) * (1 - STRAY_LIGHT) + STRAY_LIGHT
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ],
        dtype=np.float32,
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ],
        dtype=np.float32,
    )
    return np.asarray(np.cbrt(light @ to_cones.T) @ to_lab.T, dtype=np.float32)


def colour_name(lab: Float) -> str:
    """What a person calls a colour of OKLab, float32 (3,): 'blue', 'brown', 'grey'."""
    light, red, yellow = (float(value) for value in lab)
    chroma, hue = math.hypot(red, yellow), math.degrees(math.atan2(yellow, red)) % 360
    if chroma < GREY_CHROMA or (light < BROWN_BLACK[0] and chroma < BROWN_BLACK[1]):
        return "black" if light < 0.45 else "grey" if light < 0.88 else "white"
    if 30 < hue < 100 and light < 0.72 and chroma < 0.13:
        return "brown"
    name = next(name for end, name in HUES if hue <= end)
    if name == "red" and light > 0.7:
        return "pink"
    return "green" if name == "yellow" and hue > 105 and light < 0.75 else name  # olive


def family(paper: Float, ink: Float) -> tuple[Float, Float]:
    """Every colour that one ink can make on paper.

    paper, ink: float32 (3,), sRGB 0..1. Returns the colours, float32 (n, 3), sRGB 0..1, and how far each is
    from the ink as it was calibrated: float32 (n,), doublings of its layers or of its light.
    """
    paper_light, ink_light = linear_light(paper), linear_light(ink)
    share = ink_light / np.maximum(paper_light, 1e-4)
    shades = np.array(SHADES if share.max() > BLACK else (), dtype=np.float32)[:, None]
    laid = [ink_light[None], ink_light * shades]
    far = [np.zeros(1), np.abs(np.log2(shades[:, 0]))]
    mixed = [np.ones(1), np.zeros(len(shades))]
    if share.max() <= OPAQUE:
        layers = np.array([amount for amount in LAYERS if amount != 1], dtype=np.float32)[:, None]
        laid.append(paper_light * np.maximum(share, 1e-4) ** layers)
        far.append(np.abs(np.log2(layers[:, 0])))
        mixed.append((layers[:, 0] < HEAVY).astype(np.float64))
    cover = np.array(COVERAGES, dtype=np.float32)[None, :, None]
    full = np.concatenate(laid)[:, None].astype(np.float32)
    # A sensor mixes light at an edge; a camera's own sharpening, scaling and chroma subsampling mix the
    # encoded values. The two paths from paper to ink differ, and both are seen.
    by_light = srgb_of(paper_light * (1 - cover) + full * cover)
    by_value = paper * (1 - cover) + srgb_of(full) * cover
    likely = (np.concatenate(mixed)[:, None] > 0) | (cover[..., 0] > 0.85)
    distance = np.broadcast_to(np.concatenate(far)[:, None], likely.shape)[likely]
    colours = np.concatenate([by_light[likely], by_value[likely]]).clip(0, 1)
    return colours.astype(np.float32), np.concatenate([distance, distance]).astype(np.float32)


def classify(srgb: Float, inks: Inks, tolerance: float = 1.0) -> NDArray[np.uint8]:
    """The class of each colour, or `UNKNOWN`: exact and slow, what the table is made of.

    srgb: float32 (n, 3), sRGB 0..1 of a levelled picture. tolerance scales how far from every family a
    colour may lie before it is unknown. Returns uint8 (n,).
    """
    colours = inks.levelled()
    anchors = oklab(colours)
    seen = oklab(srgb)
    from_anchors = np.linalg.norm(seen[:, None] - anchors[None], axis=2)
    from_paper = from_anchors[:, GROUND]
    powers = np.vstack([(seen**2).sum(axis=1), seen.T, np.ones(len(seen), dtype=np.float32)])
    best = np.full(len(seen), np.inf, dtype=np.float32)
    classes = np.full(len(seen), UNKNOWN, dtype=np.uint8)
    for index in range(ROAD, len(CLASS_NAMES)):
        made, far = family(colours[0], colours[index])
        members = oklab(made)
        way = float(np.linalg.norm(anchors[index] - anchors[0]))
        share = np.linalg.norm(members - anchors[0], axis=1) / way
        vivid = np.interp(np.linalg.norm(anchors[index, 1:]), (0.0, 0.1), (NEUTRAL, 1.0))
        allowed = (tolerance * vivid * np.interp(share, (0.0, 1.0), TOLERANCE)).astype(np.float32)
        # Distances are told in tolerances: 1 is as far as a colour may lie from its family. With
        # |s - m|² / a² = |s|² / a² - 2 s·m / a² + |m|² / a², all of them are one product of matrices.
        terms = np.column_stack([np.ones(len(members)), -2 * members, (members**2).sum(axis=1)])
        squares = (terms / allowed[:, None] ** 2).astype(np.float32) @ powers
        near = squares.min(axis=0) < 1
        squares += ((UNLIKELY * far / tolerance) ** 2)[:, None]
        claim = squares.min(axis=0)
        closer = near & (claim < best)
        best[closer] = claim[closer]
        classes[closer] = np.where(from_paper[closer] < GROUND_SHARE * way, GROUND, index)
    # What is rather skin is no ink, unless nothing shall be unknown.
    skin = from_skin(seen) ** 2 * (max(tolerance, 1.0) / SKIN_REACH) ** 2
    classes[(skin < 1) & (skin + SKIN_DOUBT < best)] = UNKNOWN
    # Brighter than paper is gloss, and the paper itself may be off by its noise in any direction.
    tinted = np.abs(seen[:, 1:] - anchors[0, 1:]).max(axis=1)
    bare = (seen[:, 0] > anchors[0, 0] - PAPER_DIM) & (tinted < PAPER_TINT * min(tolerance, 1.5))
    classes[bare & (from_anchors.argmin(axis=1) == GROUND)] = GROUND
    return classes


def from_skin(lab: Float) -> Float:
    """How far colours are from that of any skin: float32 (n,), of OKLab (n, 3)."""
    skins = oklab(_skins())
    # |s - m|² as one product of matrices.
    squares = (lab**2).sum(axis=1)[:, None] - 2 * lab @ skins.T + (skins**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares.min(axis=1), 0)), dtype=np.float32)


def _skins() -> Float:
    """Skins from light to dark in more and less light, float32 (n, 3), sRGB 0..1."""
    steps = np.linspace(0, len(SKINS) - 1, 17)
    known = np.array(SKINS, dtype=np.float32) / 255
    between = np.stack([np.interp(steps, np.arange(len(SKINS)), known[:, i]) for i in range(3)], axis=1)
    light = linear_light(between.astype(np.float32))[:, None] * np.array(SKIN_LIGHT, np.float32)[:, None]
    return srgb_of(light.reshape(-1, 3).astype(np.float32))


def ink_table(inks: Inks, tolerance: float = 1.0) -> NDArray[np.uint8]:
    """The class of every 16-bit colour (`cv2.COLOR_BGR2BGR565`): uint8 (1, 65536), for `cv2.LUT`."""
    return classify(coded_colours(), inks, tolerance)[None]


def coded_colours() -> Float:
    """What each 16-bit colour (`cv2.COLOR_BGR2BGR565`) stands for: the middle of its values, sRGB 0..1,
    float32 (65536, 3)."""
    code = np.arange(65536, dtype=np.uint32)
    red = ((code >> 11) << 3) + 4
    green = (((code >> 5) & 63) << 2) + 2
    blue = ((code & 31) << 3) + 4
    return np.stack([red, green, blue], axis=1).astype(np.float32) / np.float32(255)


def read_inks(bgr: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels of a levelled picture, uint8 (H, W), classes or `UNKNOWN`. bgr: uint8 (H, W, 3)."""
    code = cv2.cvtColor(bgr, cv2.COLOR_BGR2BGR565).view(np.uint16)
    return np.asarray(cv2.LUT(code.reshape(bgr.shape[:2]), table), dtype=np.uint8)

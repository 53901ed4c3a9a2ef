"""The inks: which class a colour on the paper stands for.

A pixel of marker on paper is seldom the pure ink. Paper shines through a streaky stroke and mixes in at
its edge; two layers are darker than one. So every ink owns a family of colours, not a point: its tints
(paper and ink mixed, as an edge or a streak does) and its shades (layers of ink, which multiply as
filters do: Beer-Lambert). A colour belongs to the family that comes nearest to it; if that is paper
with little ink it is ground, and if none comes near it is unknown.

Nearness is Euclidean distance in OKLab (Björn Ottosson, "A perceptual color space for image
processing", 2020, https://bottosson.github.io/posts/oklab/), with a little stray light added first, as
a lens does, since among near-blacks the cube root of OKLab makes much of nothing.

All of it is evaluated once per 16-bit colour; reading a picture is one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

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

NEUTRAL = 0.6
"""Share of the tolerance that an ink without chroma gets: it has no hue that could vary, and dark skin and
cloth lie next to black."""

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Inks:
    """The colour of each class on paper: sRGB uint8 (5, 3), class by class; row 0 is the bare paper."""

    rgb: NDArray[np.uint8]

    @classmethod
    def from_hex(cls, colours: Mapping[str, str]) -> Inks:
        """Inks from '#rrggbb' per class name.

        Raises UsageFault for a class without a colour, a colour that isn't one, or a paper that is not
        brighter than its inks.
        """
        rows = []
        for name in CLASS_NAMES:
            text = colours.get(name, "")
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
                raise UsageFault(f"ink '{name}' is {text!r}; it must be a colour like '#22904a'")
            rows.append([int(text[i : i + 2], 16) for i in (1, 3, 5)])
        rgb = np.array(rows, dtype=np.uint8)
        light = oklab((rgb / 255).astype(np.float32))[:, 0]
        for name, value in zip(CLASS_NAMES[1:], light[1:], strict=True):
            if value > light[0] - 0.1:
                raise UsageFault(
                    f"ink '{name}' is as bright as the paper ('ground'); the paper must be the brightest"
                )
        return cls(rgb)

    def levelled(self) -> Float:
        """The same on paper brought to `PAPER_LEVEL`: float32 (5, 3), sRGB 0..1, as a levelled picture
        shows them. Light multiplies, and sRGB is close to a power of light, so values scale alike."""
        values = self.rgb.astype(np.float32)
        scaled = values / np.maximum(values[0], 1) * (PAPER_LEVEL / 255)
        return np.asarray(scaled.clip(0, 1), dtype=np.float32)


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


def family(paper: Float, ink: Float) -> Float:
    """Every colour that one ink can make on paper.

    paper, ink: float32 (3,), sRGB 0..1. Returns float32 (n, 3), sRGB 0..1.
    """
    paper_light, ink_light = linear_light(paper), linear_light(ink)
    filtering = np.maximum(ink_light / paper_light, 1e-4)
    layers = np.array(LAYERS, dtype=np.float32)[:, None, None]
    cover = np.array(COVERAGES, dtype=np.float32)[None, :, None]
    laid = paper_light * filtering**layers
    # A sensor mixes light at an edge; a camera's own sharpening, scaling and chroma subsampling mix the
    # encoded values. The two paths from paper to ink differ, and both are seen.
    by_light = srgb_of(paper_light * (1 - cover) + laid * cover)
    by_value = paper * (1 - cover) + srgb_of(laid) * cover
    likely = np.broadcast_to((layers < HEAVY) | (cover > 0.85), (*by_light.shape[:2], 1))[..., 0]
    return np.concatenate([by_light[likely], by_value[likely]]).astype(np.float32)


def classify(srgb: Float, inks: Inks, tolerance: float = 1.0) -> NDArray[np.uint8]:
    """The class of each colour, or `UNKNOWN`: exact and slow, what the table is made of.

    srgb: float32 (n, 3), sRGB 0..1 of a levelled picture. tolerance scales how far from every family a
    colour may lie before it is unknown. Returns uint8 (n,).
    """
    colours = inks.levelled()
    anchors = oklab(colours)
    seen = oklab(srgb)
    from_paper = np.linalg.norm(seen - anchors[0], axis=1)
    powers = np.vstack([(seen**2).sum(axis=1), seen.T, np.ones(len(seen), dtype=np.float32)])
    # Distances are told in tolerances: 1 is as far as a colour may lie from its family.
    nearest = np.full(len(seen), 1.0, dtype=np.float32)
    classes = np.full(len(seen), UNKNOWN, dtype=np.uint8)
    for index in range(ROAD, len(CLASS_NAMES)):
        members = oklab(family(colours[0], colours[index]))
        way = float(np.linalg.norm(anchors[index] - anchors[0]))
        share = np.linalg.norm(members - anchors[0], axis=1) / way
        vivid = np.interp(np.linalg.norm(anchors[index, 1:]), (0.0, 0.1), (NEUTRAL, 1.0))
        allowed = (tolerance * vivid * np.interp(share, (0.0, 1.0), TOLERANCE)).astype(np.float32)
        # |s - m|² / a² = |s|² / a² - 2 s·m / a² + |m|² / a², all of it one product of matrices.
        terms = np.column_stack([np.ones(len(members)), -2 * members, (members**2).sum(axis=1)])
        squares = (terms / allowed[:, None] ** 2).astype(np.float32) @ powers
        distance = np.sqrt(np.maximum(squares.min(axis=0), 0))
        closer = distance < nearest
        nearest[closer] = distance[closer]
        classes[closer] = np.where(from_paper[closer] < GROUND_SHARE * way, GROUND, index)
    # Brighter than paper is gloss, and the paper itself may be off by its noise in any direction.
    tinted = np.abs(seen[:, 1:] - anchors[0, 1:]).max(axis=1)
    classes[(seen[:, 0] > anchors[0, 0] - PAPER_DIM) & (tinted < PAPER_TINT * min(tolerance, 1.5))] = GROUND
    return classes


def ink_table(inks: Inks, tolerance: float = 1.0) -> NDArray[np.uint8]:
    """The class of every 16-bit colour (`cv2.COLOR_BGR2BGR565`): uint8 (1, 65536), for `cv2.LUT`."""
    code = np.arange(65536, dtype=np.uint32)
    # The centre of the bin of values that a code stands for.
    red = ((code >> 11) << 3) + 4
    green = (((code >> 5) & 63) << 2) + 2
    blue = ((code & 31) << 3) + 4
    colours = np.stack([red, green, blue], axis=1).astype(np.float32) / 255
    return classify(np.minimum(colours, 1), inks, tolerance)[None]


def read_inks(bgr: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels of a levelled picture, uint8 (H, W), classes or `UNKNOWN`. bgr: uint8 (H, W, 3)."""
    code = cv2.cvtColor(bgr, cv2.COLOR_BGR2BGR565).view(np.uint16)
    return np.asarray(cv2.LUT(code.reshape(bgr.shape[:2]), table), dtype=np.uint8)

"""Simulated photographs of drawings and of cut card and blocks, and their truth: what a phone makes of it.

    laid or drawn     reflectance of what lies before the camera, and its classes
    photographed      light, shadow of the phone, lens, sensor, tone curve, sharpening, JPEG

Everything is a function of the seed. Nothing of this is shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]

SIZE = 1600
"""Pixels along each side of what lies before the camera."""

MARKERS = {ROAD: (34, 34, 38), GREEN: (30, 140, 66), BUILDING: (212, 40, 44), WATER: (28, 84, 180)}
FELT_TIPS = {ROAD: (58, 56, 60), GREEN: (96, 176, 60), BUILDING: (236, 92, 40), WATER: (60, 160, 220)}
PENCILS = {ROAD: (92, 92, 96), GREEN: (98, 150, 92), BUILDING: (206, 100, 92), WATER: (120, 164, 206)}
CRAYONS = {ROAD: (60, 56, 56), GREEN: (40, 120, 60), BUILDING: (220, 80, 60), WATER: (50, 100, 190)}
HIGHLIGHTERS = {
    ROAD: (60, 60, 66),
    GREEN: (150, 235, 90),
    BUILDING: (255, 130, 170),
    WATER: (110, 205, 245),
}
DARK = {ROAD: (26, 24, 26), GREEN: (16, 74, 44), BUILDING: (140, 24, 40), WATER: (26, 36, 100)}


@dataclass(frozen=True, eq=False)
class Subject:
    """What lies before the camera.

    rgb: float32 (SIZE, SIZE, 3), linear reflectance. labels: uint8 (SIZE, SIZE). heights: float32, how
    much of the lamp's light each pixel gets that a shadow of a thing takes, 1 all.
    """

    rgb: Floats
    labels: Bytes


def linear(rgb: object) -> Floats:
    return np.asarray((np.asarray(rgb) / 255) ** 2.2, dtype=np.float32)


def cloud(rng: np.random.Generator, size: int, grain: float) -> Floats:
    """Smooth noise of standard deviation 1."""
    few = max(4, round(size / grain))
    noise = rng.standard_normal((few, few)).astype(np.float32)
    big = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(big / big.std(), dtype=np.float32)


def plan(seed: int, thick: int = 26, scale: float = 1.0) -> Bytes:
    """A drawn town as classes: water, parks, a net of roads, houses."""
    rng = np.random.default_rng(seed)
    labels = np.full((SIZE, SIZE), GROUND, dtype=np.uint8)
    ts = np.linspace(-0.1, 1.1, 60)
    wave = 0.2 + 0.06 * np.sin(5 * ts + rng.uniform(0, 6))
    river = np.stack([ts, wave], axis=1) * SIZE
    cv2.polylines(labels, [river.astype(np.int32)], False, WATER, round(150 * scale))
    for _ in range(3):
        centre = rng.uniform(0.1, 0.9, 2) * (1, 0.6) + (0, 0.35)
        angles = np.linspace(0, 2 * np.pi, 14)[:-1]
        radius = scale * rng.uniform(0.06, 0.13) * (1 + 0.2 * rng.standard_normal(13))
        blob = (centre + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)) * SIZE
        cv2.fillPoly(labels, [blob.astype(np.int32)], GREEN)
    for _ in range(9):
        x, y = rng.uniform(0.05, 0.85), rng.uniform(0.35, 0.85)
        w, h = scale * rng.uniform(0.05, 0.13, 2)
        box = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]) + rng.normal(0, 0.006, (4, 2))
        cv2.fillPoly(labels, [(box * SIZE).astype(np.int32)], BUILDING)
    for i in range(3):
        a, b = rng.uniform(0.1, 0.9, 2)
        ends = np.array(
            [(a, -0.05), (b, 1.05)] if i % 2 else [(-0.05, 0.35 + a * 0.6), (1.05, 0.35 + b * 0.6)]
        )
        t = np.linspace(0, 1, 40)[:, None]
        road = ends[0] * (1 - t) + ends[1] * t + 0.02 * np.sin(7 * t + a * 9)
        cv2.polylines(labels, [(road * SIZE).astype(np.int32)], False, ROAD, thick)
    return labels


def drawn(
    seed: int,
    inks: Mapping[int, Colour] = MARKERS,
    paper: Colour = (246, 244, 238),
    thick: int = 26,
    streaks: float = 0.06,
    grain: float = 0.0,
    hatch: float = 0.0,
    grid: float = 0.0,
    outline: int = 0,
    scale: float = 1.0,
) -> Subject:
    """A drawing on paper.

    streaks: how uneven the ink lies; grain: how much of the paper's grain a crayon or pencil leaves bare;
    hatch: share of an area that hatching leaves bare; grid: how dark printed squares are; outline: pixels
    of a thin pen around areas; scale: of the areas.
    """
    rng = np.random.default_rng(seed + 1000)
    labels = plan(seed, thick, scale)
    labels[~np.isin(labels, [GROUND, *inks])] = GROUND
    rgb = np.empty((SIZE, SIZE, 3), dtype=np.float32)
    rgb[:] = linear(paper)
    rgb *= (1 + 0.012 * cloud(rng, SIZE, 3) + 0.006 * cloud(rng, SIZE, 40))[..., None]
    if grid:
        rgb[::64] *= 1 - grid * np.array([1, 0.6, 0.4], dtype=np.float32)
        rgb[:, ::64] *= 1 - grid * np.array([1, 0.6, 0.4], dtype=np.float32)
    ys, xs = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    tooth = cloud(rng, SIZE, 4)
    for label, colour in inks.items():
        turn = rng.uniform(0, np.pi)
        along = xs * np.cos(turn) + ys * np.sin(turn)
        amount = (
            1 + streaks * np.sin(along / 5 + 2 * cloud(rng, SIZE, 200)) + streaks * cloud(rng, SIZE, 12)
        )
        cover = np.ones((SIZE, SIZE), dtype=np.float32)
        if grain:
            cover *= np.clip(1.15 - grain + 0.35 * tooth + 0.15 * cloud(rng, SIZE, 90), 0, 1)
        if hatch and label in (GREEN, BUILDING, WATER):
            wave = 0.5 + 0.5 * np.sin(along * (2 * np.pi / 34) + 0.8 * cloud(rng, SIZE, 300))
            cover *= np.clip((wave - hatch) * 6, 0, 1)
        mask = (labels == label).astype(np.float32)
        cover *= cv2.GaussianBlur(mask, (0, 0), 1.2)
        filtering = np.maximum(linear(colour) / linear(paper), 1e-3)
        inked = rgb * filtering ** np.maximum(amount, 0.3)[..., None]
        rgb += (inked - rgb) * cover[..., None]
    if outline:
        for label in (GREEN, BUILDING, WATER):
            contours, _ = cv2.findContours(
                (labels == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )
            line = cv2.drawContours(np.zeros_like(labels), contours, -1, 255, outline, cv2.LINE_AA)
            rgb *= 1 - 0.93 * (line[..., None] / np.float32(255))
    return Subject(rgb, labels)


CARD = {ROAD: (40, 40, 42), GREEN: (40, 130, 70), BUILDING: (200, 60, 40), WATER: (40, 90, 170)}


def laid(
    seed: int,
    inks: Mapping[int, Colour] = CARD,
    ground: Colour = (236, 236, 232),
    height: float = 6.0,
    block: bool = False,
) -> Subject:
    """Cut card on a ground, or blocks: pieces with cast shadows, blocks with two shaded sides.

    height: in pixels, how far a shadow reaches.
    """
    rng = np.random.default_rng(seed + 2000)
    labels = np.full((SIZE, SIZE), GROUND, dtype=np.uint8)
    rgb = np.empty((SIZE, SIZE, 3), dtype=np.float32)
    rgb[:] = linear(ground)
    rgb *= (1 + 0.02 * cloud(rng, SIZE, 3))[..., None]
    pieces: list[tuple[int, Floats]] = []
    for y in (0.12, 0.55):
        strip = np.array([(-0.02, y), (1.02, y + 0.05), (1.02, y + 0.09), (-0.02, y + 0.04)], np.float32)
        pieces.append((ROAD, strip))
    pieces.append((WATER, np.array([(0.6, 0.72), (1.02, 0.66), (1.02, 1.02), (0.66, 1.02)], np.float32)))
    for n in range(16):
        x, y = rng.uniform(0.04, 0.86), rng.choice([0.2, 0.28, 0.36, 0.66, 0.76, 0.86])
        w, h = rng.uniform(0.05, 0.1, 2)
        a = rng.uniform(0, np.pi)
        turn = np.array([(np.cos(a), -np.sin(a)), (np.sin(a), np.cos(a))])
        box = np.array([(-w, -h), (w, -h), (w, h), (-w, h)]) / 2 @ turn.T + (x, y)
        pieces.append(((BUILDING, GREEN, WATER)[n % 3], box.astype(np.float32)))
    for label, quad in pieces:
        points = quad * SIZE
        reach = np.array([0.8, 1.0], np.float32) * height * (1 if label != ROAD else 0.4)
        hull = cv2.convexHull(np.concatenate([points, points + reach]).astype(np.float32))
        shadow = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [hull.astype(np.int32)], 255)
        soft = cv2.GaussianBlur(shadow, (0, 0), 1 + height / 10).astype(np.float32) / 255
        rgb *= 1 - np.array([0.62, 0.6, 0.55], np.float32) * soft[..., None]
        colour = linear(inks[label]) * (1 + 0.03 * rng.standard_normal())
        if block and label != ROAD:
            rise = np.array([-0.35, -0.55], np.float32) * height
            solid = cv2.convexHull(np.concatenate([points, points + rise]).astype(np.float32))
            cv2.fillPoly(labels, [solid.astype(np.int32)], label)
            side = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [solid.astype(np.int32)], 255) > 0
            rgb[side] = colour * 0.38
            points = points + rise
        top = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [points.astype(np.int32)], 255) > 0
        labels[top] = label
        rgb[top] = colour * (1 + 0.03 * cloud(rng, SIZE, 5)[top][:, None])
    return Subject(cv2.GaussianBlur(rgb, (0, 0), 0.7).astype(np.float32), labels)


@dataclass(frozen=True)
class Phone:
    """How it was taken."""

    seed: int = 1
    exposure: float = 0.85
    slope: float = 0.3
    """How much darker the far side is."""
    vignette: float = 0.25
    shadow: float = 0.0
    """What the phone's shadow takes of the light, 0..1."""
    shadow_tint: tuple[float, float, float] = (1.0, 0.97, 0.9)
    """How much of that it takes of red, green and blue: a window lights it still."""
    hard: float = 12.0
    """Softness of its edge in pixels."""
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of red, green and blue: a wrong white balance."""
    far_gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """The same besides at the far side: two lamps."""
    contrast: float = 0.15
    blur: float = 1.0
    noise: float = 0.012
    sharpen: float = 0.8
    quality: int = 80
    width: int = SIZE
    """Of the picture, in pixels; it shows the subject and nothing else."""


def photographed(subject: Subject, phone: Phone) -> Bytes:
    """The photograph, uint8 (H, W, 3) BGR, cropped to its subject."""
    rng = np.random.default_rng(phone.seed + 3000)
    ys, xs = np.mgrid[:SIZE, :SIZE].astype(np.float32) / SIZE
    angle = rng.uniform(0, 2 * np.pi)
    far = ((xs - 0.5) * np.cos(angle) + (ys - 0.5) * np.sin(angle)) + 0.5
    light = 1 - phone.slope * far
    light *= 1 - phone.vignette * ((xs - 0.5) ** 2 + (ys - 0.5) ** 2)
    rgb = subject.rgb * light[..., None]
    if phone.shadow:
        x, y = rng.uniform(0.3, 0.6, 2)
        quad = np.array([(x, y), (x + 0.35, y + 0.1), (x + 0.25, 1.1), (x - 0.15, 1.1)]) * SIZE
        dark = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [quad.astype(np.int32)], 255)
        soft = cv2.GaussianBlur(dark, (0, 0), phone.hard).astype(np.float32) / 255
        taken = np.array(phone.shadow_tint, np.float32) * phone.shadow
        rgb = rgb * (1 - soft[..., None] * taken)
    rgb = rgb * (1 + (np.array(phone.far_gains, np.float32) - 1) * far[..., None])
    rgb = rgb * (phone.exposure * np.array(phone.gains, np.float32))
    size = (phone.width, phone.width)
    if phone.width != SIZE:
        shrink = phone.width < SIZE
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)
    rgb = cv2.GaussianBlur(rgb, (0, 0), phone.blur)
    rgb = rgb + phone.noise * np.sqrt(np.maximum(rgb, 0.01)) * rng.standard_normal(rgb.shape, np.float32)
    value = np.clip(rgb, 0, 1) ** np.float32(1 / 2.2)
    value = value + phone.contrast * (value * value * (3 - 2 * value) - value)
    value = value + phone.sharpen * (value - cv2.GaussianBlur(value, (0, 0), 1.6))
    bgr = np.clip(value[..., ::-1] * 255, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, phone.quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def on_table(photo: Bytes, seed: int = 1, wood: Colour = (120, 88, 60), zoom: float = 1.35) -> Bytes:
    """The same sheet seen aslant on a table, uint8 (H, W, 3) BGR."""
    rng = np.random.default_rng(seed)
    side = photo.shape[0]
    height, width = round(side * zoom), round(side * zoom * 1.25)
    table = np.empty((height, width, 3), np.float32)
    table[:] = wood[::-1]
    table *= (1 + 0.1 * cloud(rng, max(height, width), 90)[:height, :width])[..., None]
    a, b = (width - side) / 2, (height - side) / 2
    corners = np.array([(a, b), (a + side, b), (a + side, b + side), (a, b + side)], np.float32)
    corners += rng.uniform(-0.04, 0.04, (4, 2)).astype(np.float32) * side
    square = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32) - 0.5
    way = cv2.getPerspectiveTransform(square, corners)
    seen = cv2.warpPerspective(photo, way, (width, height)).astype(np.float32)
    cover = cv2.warpPerspective(np.full((side, side), 1, np.float32), way, (width, height))[..., None]
    return np.asarray(seen * cover + table * (1 - cover), dtype=np.float32).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Case:
    """A photograph that must be read, and by which inks."""

    subject: Callable[[], Subject]
    phone: Phone = field(default_factory=Phone)
    inks: Mapping[int, Colour] | None = None
    """Given on the command line, if any."""


def _two_of_a_kind(seed: int) -> Subject:
    """A drawing with a light and a dark marker for everything."""
    dark, light = drawn(seed), drawn(seed, {**FELT_TIPS, BUILDING: (240, 150, 40), GREEN: (150, 210, 60)})
    half = np.arange(SIZE) < SIZE // 2
    return Subject(np.where(half[:, None], dark.rgb, light.rgb), dark.labels)


WARM, COLD = (1.0, 0.86, 0.62), (0.8, 0.95, 1.0)
WHITE, GREY, BLACK, KRAFT = (236, 236, 232), (128, 128, 128), (44, 42, 44), (176, 138, 96)


def _given(ground: Colour, inks: Mapping[int, Colour] = CARD) -> dict[int, Colour]:
    return {GROUND: ground, **inks}


CASES: dict[str, Case] = {
    "markers": Case(lambda: drawn(1)),
    "markers, warm light": Case(lambda: drawn(2), Phone(gains=WARM, slope=0.5)),
    "markers, cold light": Case(lambda: drawn(3), Phone(gains=COLD, exposure=0.6)),
    "markers, soft shadow": Case(lambda: drawn(4), Phone(shadow=0.45, hard=40)),
    "markers, hard shadow": Case(lambda: drawn(5), Phone(shadow=0.55, hard=5)),
    "markers, 12 MP": Case(lambda: drawn(6), Phone(width=3200, blur=2.2, noise=0.03)),
    "markers, small and bad": Case(lambda: drawn(7), Phone(width=600, quality=55, sharpen=1.6, noise=0.02)),
    "markers, blurred": Case(lambda: drawn(8), Phone(blur=4.0)),
    "markers, overexposed": Case(lambda: drawn(9), Phone(exposure=1.25)),
    "markers, dark": Case(lambda: drawn(10), Phone(exposure=0.25, noise=0.02)),
    "markers, deep shadow": Case(lambda: drawn(23), Phone(shadow=0.74, hard=6)),
    "markers, covered": Case(lambda: drawn(24, scale=2.6, thick=60), Phone(gains=WARM, slope=0.5)),
    "markers, few": Case(lambda: drawn(25, {ROAD: (30, 30, 34), WATER: (28, 84, 180)})),
    "markers, blue shadow": Case(lambda: drawn(29), Phone(shadow=0.6, hard=8, shadow_tint=(1, 0.9, 0.75))),
    "no roads, shadow": Case(
        lambda: drawn(36, {GREEN: MARKERS[GREEN], WATER: MARKERS[WATER]}), Phone(shadow=0.65, hard=8)
    ),
    "pencils, blue shadow": Case(
        lambda: drawn(30, PENCILS, grain=0.15), Phone(shadow=0.5, hard=20, shadow_tint=(1, 0.92, 0.8))
    ),
    "two lamps": Case(lambda: drawn(31, FELT_TIPS), Phone(gains=WARM, far_gains=(0.6, 0.95, 1.5))),
    "two lamps, pencils": Case(lambda: drawn(32, PENCILS, grain=0.2), Phone(gains=WARM, far_gains=COLD)),
    "contrast": Case(lambda: drawn(33, FELT_TIPS), Phone(contrast=0.8, sharpen=2.0, slope=0.5)),
    "lined": Case(lambda: drawn(34, PENCILS, grid=0.5, grain=0.1)),
    "thin pencil roads": Case(lambda: drawn(35, PENCILS, grain=0.1, thick=6)),
    "felt tips, hatched": Case(lambda: drawn(11, FELT_TIPS, hatch=0.25), Phone(gains=WARM)),
    "felt tips, outlined": Case(lambda: drawn(12, FELT_TIPS, outline=5), Phone(shadow=0.3)),
    "pencils": Case(lambda: drawn(13, PENCILS, grain=0.15, thick=14)),
    "pencils, warm light": Case(lambda: drawn(14, PENCILS, grain=0.25), Phone(gains=WARM, slope=0.4)),
    "crayons": Case(lambda: drawn(15, CRAYONS, grain=0.3), Phone(shadow=0.4, hard=25)),
    "highlighters": Case(lambda: drawn(16, HIGHLIGHTERS, streaks=0.12)),
    "dark inks": Case(lambda: drawn(17, DARK), Phone(gains=COLD)),
    "thin pen": Case(lambda: drawn(18, thick=7, hatch=0.3)),
    "squared paper": Case(lambda: drawn(19, grid=0.35), Phone(slope=0.4)),
    "squared paper, pencils": Case(lambda: drawn(20, PENCILS, grid=0.25)),
    "whiteboard": Case(lambda: drawn(21, paper=(225, 230, 235), thick=9, hatch=0.5), Phone(slope=0.5)),
    "yellowish paper": Case(lambda: drawn(22, paper=(240, 228, 196))),
    "card on white": Case(lambda: laid(1), inks=_given(WHITE)),
    "card on grey": Case(lambda: laid(2, ground=GREY), Phone(gains=WARM), inks=_given(GREY)),
    "card on black": Case(
        lambda: laid(3, {**CARD, ROAD: (150, 150, 150)}, ground=BLACK),
        inks=_given(BLACK, {**CARD, ROAD: (150, 150, 150)}),
    ),
    "card on kraft": Case(lambda: laid(4, ground=KRAFT), Phone(slope=0.5), inks=_given(KRAFT)),
    "card on white, high sun": Case(lambda: laid(5, height=26.0), inks=_given(WHITE)),
    "blocks on white": Case(lambda: laid(6, height=50.0, block=True), inks=_given(WHITE)),
    "blocks on grey": Case(lambda: laid(7, ground=GREY, height=50.0, block=True), inks=_given(GREY)),
    "card on white, warm light": Case(
        lambda: laid(10), Phone(gains=WARM, slope=0.6, shadow=0.6), inks=_given(WHITE)
    ),
    "card on white, cold light": Case(
        lambda: laid(11), Phone(gains=(0.7, 0.95, 1.1), exposure=0.5), inks=_given(WHITE)
    ),
    "card on black, warm light": Case(
        lambda: laid(12, {**CARD, ROAD: (210, 208, 200)}, ground=BLACK),
        Phone(gains=WARM, slope=0.6),
        inks=_given(BLACK, {**CARD, ROAD: (210, 208, 200)}),
    ),
    "blocks on grey, warm light": Case(
        lambda: laid(13, ground=GREY, height=50.0, block=True), Phone(gains=WARM, slope=0.5), _given(GREY)
    ),
    "markers, inks given": Case(
        lambda: drawn(26, FELT_TIPS), Phone(gains=WARM, slope=0.6), _given((246, 244, 238), FELT_TIPS)
    ),
    "two of a kind": Case(lambda: _two_of_a_kind(27)),
    "turquoise water": Case(lambda: drawn(28, {**MARKERS, WATER: (40, 190, 190)})),
    "card, inks unknown": Case(lambda: laid(8, height=10.0)),
    "blocks, inks unknown": Case(lambda: laid(9, height=40.0, block=True), Phone(gains=WARM)),
}


def truth_of(subject: Subject, side: int) -> tuple[Bytes, NDArray[np.bool_]]:
    """The classes at that side, and which pixels are two or more off any seam."""
    small = cv2.resize(subject.labels, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    window = np.ones((5, 5), dtype=np.uint8)
    return np.asarray(small, np.uint8), cv2.dilate(small, window) == cv2.erode(small, window)

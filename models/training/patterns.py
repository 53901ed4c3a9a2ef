"""Patterns: what a place of one class looks like in a city, quilted from the photographs of its pairs.

Image quilting (Efros and Freeman 2001, "Image Quilting for Texture Synthesis and Transfer"): square patches
of photographs, each chosen among many for how well it goes on from its neighbours, are joined along the
seam of least difference. Patches for a built-up area hold houses with what is between them, and no street:
streets are the performer's to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.inputs import PATTERN_SIDE, PATTERNED
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER
from models.training.pairs import Pair, disc

PATCH: Final = {GROUND: 40, GREEN: 24, BUILDING: 44}
"""Pixels (at half the side: 1.2 m each) of a patch: 53 m hold a few houses, 29 m some trees."""
OVERLAP: Final = 3
"""Of a patch's side, one part in so many is shared with its neighbour, and the seam runs there."""
CANDIDATES: Final = 400
"""Patches that are tried for each place."""
PER_PICTURE: Final = 160
"""Patches that are cut at most from one photograph."""
SHARE: Final = {GROUND: (0.7, 1.0), GREEN: (0.0, 1.0), BUILDING: (0.0, 0.7)}
"""How much of a patch is the class itself: bare ground may have some trees on it, and a patch with more
houses than this is the flat roof of a hall."""
FEWEST: Final = 150
"""Patches that are taken at least, as far as there are so many, however little pure they are."""

Rgb = NDArray[np.uint8]


def quilt_patterns(pairs: Sequence[Pair], seed: int = 1) -> NDArray[np.uint8]:
    """The patterns of a city: uint8 (len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3) RGB.

    pairs: those to train on. Deterministic for a seed.
    """
    photos = [_halved(pair.photo) for pair in pairs]
    patterns = []
    for label in PATTERNED:
        rng = np.random.default_rng((seed, label))
        masks = [_halved(255 * suitable(pair.labels, label)) for pair in pairs]
        own = [_halved(np.asarray(255 * (pair.labels == label), np.uint8)) for pair in pairs]
        patches = cut_patches(photos, masks, own, SHARE[label], PATCH[label], rng)
        if len(patches):
            patterns.append(quilt(patches, rng))
        else:  # nothing of the kind, or pictures too small to cut from: without detail, then
            tone = np.mean([photo.mean(axis=(0, 1)) for photo in photos], axis=0)
            patterns.append(np.full((PATTERN_SIDE, PATTERN_SIDE, 3), np.rint(tone), dtype=np.uint8))
    return np.stack(patterns)


def suitable(labels: NDArray[np.uint8], label: int) -> NDArray[np.uint8]:
    """Where a map shows a place of a class that a drawing would have as one area: uint8 (H, W), 0 or 1."""
    own = (labels == label).astype(np.uint8)
    if label == BUILDING:
        # Houses and the gardens between them, up to the street.
        tissue = cv2.morphologyEx(own, cv2.MORPH_CLOSE, disc(12))
        street = cv2.dilate(
            cv2.morphologyEx((labels == ROAD).astype(np.uint8), cv2.MORPH_OPEN, disc(3)), disc(2)
        )
        return np.asarray((tissue == 1) & (street == 0), dtype=np.uint8)
    if label == GREEN:
        return np.asarray(cv2.morphologyEx(own, cv2.MORPH_OPEN, disc(5)), dtype=np.uint8)
    # Bare ground with what grows on it; neither street nor house nor pool near by.
    other = np.isin(labels, (ROAD, BUILDING, WATER)).astype(np.uint8)
    near = cv2.dilate(cv2.morphologyEx(other, cv2.MORPH_OPEN, disc(1)), disc(3))
    return np.asarray((near == 0) & (np.isin(labels, (GROUND, GREEN))), dtype=np.uint8)


def cut_patches(
    photos: Sequence[Rgb],
    masks: Sequence[Rgb],
    own: Sequence[Rgb],
    within: tuple[float, float],
    size: int,
    rng: np.random.Generator,
) -> Rgb:
    """Patches of the photographs that lie within the masks (0..255) and are of the city's ordinary kind:
    uint8 (n, size, size, 3).

    own: where the class itself is (0..255); its share of a patch (0..1) is `within`, if there are enough
    such.
    """
    found: list[tuple[float, float, Rgb]] = []
    for photo, mask, of_class in zip(photos, masks, own, strict=True):
        height, width = mask.shape[0] - size + 1, mask.shape[1] - size + 1
        if height < 1 or width < 1:
            continue
        share = cv2.boxFilter(mask, cv2.CV_32F, (size, size), anchor=(0, 0), normalize=True)[
            :height, :width
        ]
        held = cv2.boxFilter(of_class, cv2.CV_32F, (size, size), anchor=(0, 0), normalize=True)
        ys, xs = np.nonzero(share > 0.5 * 255)
        # From each picture as many, so that the largest isn't the city.
        for at in rng.permutation(len(ys))[:PER_PICTURE]:
            y, x = ys[at], xs[at]
            patch = photo[y : y + size, x : x + size]
            found.append((float(share[y, x]), float(held[y, x]), patch))
    fitting = [one for one in found if within[0] <= one[1] / 255 <= within[1]]
    found = sorted(fitting if len(fitting) >= FEWEST // 4 else found, key=lambda one: -one[0])
    pure = sum(share >= 0.85 * 255 for share, _, _ in found)
    patches = np.array([p for _, _, p in found[: max(pure, FEWEST)]], np.uint8).reshape(-1, size, size, 3)
    return _ordinary(patches) if len(patches) >= FEWEST // 2 else patches


def _ordinary(patches: Rgb) -> Rgb:
    """The patches whose colour is near the middle of all, and which are neither flat nor glaring: a quilt
    goes on most easily from flat patches, and would end as one."""
    colour = patches.mean(axis=(1, 2))
    off = np.linalg.norm(colour - np.median(colour, axis=0), axis=1)
    patches = patches[off <= np.quantile(off, 0.65)]
    grey = patches.mean(axis=3)
    # Not the contrast alone: half a roof and half a yard have that, too.
    texture = np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(grey, axis=2)).mean(
        axis=(1, 2)
    )
    low, high = np.quantile(texture, (0.25, 0.95))
    return np.asarray(patches[(texture >= low) & (texture <= high)])


def quilt(patches: Rgb, rng: np.random.Generator, side: int = PATTERN_SIDE) -> Rgb:
    """One picture of patches: uint8 (side, side, 3)."""
    size = patches.shape[1]
    overlap = size // OVERLAP
    step = size - overlap
    count = -(-(side - overlap) // step)
    out = np.zeros((count * step + overlap, count * step + overlap, 3), dtype=np.float32)
    used = np.zeros(len(patches))
    for row in range(count):
        for column in range(count):
            y, x = row * step, column * step
            there = out[y : y + size, x : x + size]
            known = np.zeros((size, size), dtype=np.bool_)
            known[:, :overlap] |= column > 0
            known[:overlap] |= row > 0
            tried = rng.permutation(len(patches))[:CANDIDATES]
            if known.any():
                off = patches[tried][:, known].astype(np.float32) - there[known]
                cost = (off**2).mean(axis=(1, 2)) * (1.0 + 2.0 * used[tried])
                chosen = int(tried[int(cost.argmin())])
            else:
                chosen = int(tried[0])
            used[chosen] += 1
            patch = patches[chosen].astype(np.float32)
            keep = np.zeros((size, size), dtype=np.float32)  # of what is there
            error = ((patch - there) ** 2).sum(axis=2)
            if column > 0:
                keep[:, :overlap] = np.maximum(keep[:, :overlap], seam(error[:, :overlap]))
            if row > 0:
                keep[:overlap] = np.maximum(keep[:overlap], seam(error[:overlap].T).T)
            share = np.asarray(cv2.GaussianBlur(keep, (3, 3), 0), np.float32) * known
            out[y : y + size, x : x + size] = patch + share[:, :, None] * (there - patch)
    return np.rint(out[:side, :side]).clip(0, 255).astype(np.uint8)


def seam(error: NDArray[np.float32]) -> NDArray[np.float32]:
    """Which pixels left of the cheapest way from top to bottom belong to what stands there: float32 (h, w),
    1 left of it, 0 right. error: what a way through each pixel costs, (h, w)."""
    cost = error.astype(np.float64)
    for y in range(1, len(cost)):
        before = np.pad(cost[y - 1], 1, constant_values=np.inf)
        cost[y] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    keep = np.zeros_like(error, dtype=np.float32)
    x = int(cost[-1].argmin())
    for y in range(len(cost) - 1, -1, -1):
        keep[y, :x] = 1.0
        if y:
            low = max(0, x - 1)
            x = low + int(cost[y - 1, low : x + 2].argmin())
    return keep


def _halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = picture.shape[1] // 2, picture.shape[0] // 2
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

"""Pairs of label map and aerial photograph, and how a batch is cut from them.

A data folder holds one folder a city, each with `images/NAME.png|jpg` and `labels/NAME.png`, aligned pixel
by pixel; a label picture is a palette PNG of class indices or a map in the five flat colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault
from models.inputs import (
    NOISE_CHANNELS,
    PATTERN_SIDE,
    PATTERNED,
    detail_of,
    noise_field,
    pattern_mean,
)
from models.palette import BUILDING, GREEN, GROUND, ROAD, UNKNOWN, WATER, classes_of_map, paint

DEEP_WATER: Final = np.array([30.0, 52.0, 62.0])
"""The darkest tone of open water that is taught, RGB grey levels."""
MAP_TOLERANCE: Final = 60
"""Grey levels by which a map's colours may be off, as those of a JPEG that became a PNG are."""
LARGEST_CROP: Final = 992
"""Pixels of a crop's side: the noise that it is cut from is a little larger."""
IMAGE_ENDINGS: Final = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Pair:
    """One aligned pair at the training resolution: labels uint8 (H, W), photo uint8 (H, W, 3) RGB."""

    name: str
    labels: NDArray[np.uint8]
    photo: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CityPairs:
    """The pairs of one city, split into those to train on and those held out."""

    city: str
    train: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


def load_city(
    folder: Path,
    zoom: float,
    smallest: int = 256,
    held_out_every: int = 10,
    held_out: Sequence[str] = (),
) -> CityPairs:
    """Read all pairs of a city, brought to the training resolution by `zoom` (magnification).

    held_out: the groups of pairs that are kept from training; if none is named, every `held_out_every`-th.
    Parts of one tile (`tile4_part003`) are one group, since they adjoin. Raises InputFault naming the first
    file that isn't right.
    """
    pairs = load_pairs(folder, zoom, smallest)
    groups = sorted({_group(pair.name) for pair in pairs})
    if absent := sorted(set(held_out) - set(groups)):
        raise InputFault(f"{folder}: held_out names {absent[0]}, of which there is no picture")
    held = set(held_out or groups[held_out_every // 2 :: held_out_every])
    if not held or len(held) == len(groups):
        raise InputFault(
            f"{folder}: {len(groups)} pictures are too few to train on; {held_out_every} would do"
        )
    return CityPairs(
        city=folder.name,
        train=tuple(p for p in pairs if _group(p.name) not in held),
        held_out=tuple(p for p in pairs if _group(p.name) in held),
    )


def load_pairs(folder: Path, zoom: float, smallest: int = 256) -> tuple[Pair, ...]:
    """Read all pairs of a city, brought to the training resolution by `zoom`, each larger than `smallest`.

    Raises InputFault naming the first file that isn't right.
    """
    images = {p.stem: p for p in sorted((folder / "images").glob("*")) if p.suffix.lower() in IMAGE_ENDINGS}
    labels = {p.stem: p for p in sorted((folder / "labels").glob("*.png"))}
    if not images:
        raise InputFault(f"{folder}/images holds no .png or .jpg picture; put the aerial photographs there")
    if unpaired := sorted(images.keys() ^ labels.keys()):
        lacking = "labels" if unpaired[0] in images else "images"
        raise InputFault(f"{folder}: {unpaired[0]} has no partner in {lacking}/; every picture needs both")
    return tuple(_load_pair(images[name], labels[name], zoom, smallest) for name in images)


def _group(name: str) -> str:
    return name.partition("_part")[0]


def _load_pair(image: Path, label: Path, zoom: float, smallest: int) -> Pair:
    photo = cv2.imread(str(image), cv2.IMREAD_COLOR_RGB)
    drawn = cv2.imread(str(label), cv2.IMREAD_COLOR_RGB)
    for path, read in ((image, photo), (label, drawn)):
        if read is None:
            raise InputFault(f"{path} is not a picture that can be read; make it a PNG or JPEG")
    assert photo is not None
    assert drawn is not None
    if photo.shape != drawn.shape:
        raise InputFault(
            f"{label} is {drawn.shape[1]}×{drawn.shape[0]}, but {image} is not; they must be aligned"
        )
    classes = classes_of_map(drawn.astype(np.uint8))
    off = np.abs(drawn.astype(np.int16) - paint(classes)).max(axis=2)
    if (strange := float((off > MAP_TOLERANCE).mean())) > 0.05:
        raise InputFault(
            f"{label} is no map in the five flat colours ({strange:.0%} of it has others): roads black, "
            "greens green, buildings red, water blue, the rest white"
        )
    # A picture must be a little larger than a crop, so that every epoch cuts it differently.
    zoom = max(zoom, (smallest + 16) / min(photo.shape[:2]))
    size = (round(photo.shape[1] * zoom), round(photo.shape[0] * zoom))
    return Pair(
        name=image.stem,
        labels=cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8),
        photo=cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8),
    )


def disc(radius: int) -> NDArray[np.uint8]:
    """A round brush for morphology."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.uint8)


def coarsen(labels: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make a map as coarse as a drawing with thick markers, at random.

    Gaps between the houses of a block are closed, small greens and pools dropped, roads widened to a
    marker's stroke, outlines wobble. labels uint8 (H, W); strength 0 (as it is) to 1; returns a new map.
    """
    out = labels.copy()
    if strength <= 0.0:
        return out
    # Small greens, pools and bare spots go to whatever surrounds them.
    for dropped, most in ((GREEN, 7), (WATER, 5), (GROUND, 6), (BUILDING, 2)):
        radius = round(most * strength * rng.uniform(0.3, 1.0))
        if radius >= 1:
            mask = (out == dropped).astype(np.uint8)
            kept = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(radius))
            out[(mask == 1) & (kept == 0)] = UNKNOWN
    out = _fill_unknown(out)
    # Houses of a block run together.
    radius = round(9 * strength * rng.uniform(0.3, 1.0))
    if radius >= 1:
        built = cv2.morphologyEx((out == BUILDING).astype(np.uint8), cv2.MORPH_CLOSE, disc(radius))
        out[(built == 1) & (out != ROAD) & (out != WATER)] = BUILDING
    # Roads lose their specks and get the width of a stroke.
    road = cv2.morphologyEx((out == ROAD).astype(np.uint8), cv2.MORPH_OPEN, disc(1))
    radius = round(3 * strength * rng.uniform(0.0, 1.0))
    if radius >= 1:
        road = cv2.dilate(road, disc(radius))
    out[out == ROAD] = UNKNOWN
    out[road == 1] = ROAD
    return _wobble(_fill_unknown(out), 2.5 * strength, rng)


def _fill_unknown(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every unknown pixel becomes the class of the nearest known one."""
    unknown = (labels == UNKNOWN).astype(np.uint8)
    if unknown.all():
        return np.zeros_like(labels)
    _, nearest = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    of_zone = np.zeros(int(nearest.max()) + 1, dtype=np.uint8)
    of_zone[nearest[unknown == 0]] = labels[unknown == 0]
    return of_zone[nearest]


def _wobble(labels: NDArray[np.uint8], pixels: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Displace outlines smoothly by about `pixels`, as a hand does."""
    height, width = labels.shape
    grid = rng.normal(0.0, pixels, (2, height // 24 + 2, width // 24 + 2)).astype(np.float32)
    dx, dy = (cv2.resize(g, (width, height), interpolation=cv2.INTER_CUBIC) for g in grid)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(labels, x + dx, y + dy, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return moved.astype(np.uint8)


def draw_strokes(labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Go over a map with a marker, in half of all cases: a few strokes of any ink and any width, as no real
    map has them. labels uint8 (H, W); returns a map."""
    if rng.random() < 0.5:
        return labels
    out = labels.copy()
    height, width = labels.shape
    for _ in range(int(rng.integers(1, 6))):
        ink = int(rng.choice([GROUND, ROAD, GREEN, BUILDING, WATER], p=[0.1, 0.2, 0.15, 0.4, 0.15]))
        at = rng.uniform(0, (width, height))
        turn, angle = rng.normal(0.0, 0.15), rng.uniform(0.0, 2.0 * np.pi)
        points = [at]
        for _ in range(int(rng.integers(1, 9))):
            angle += turn
            points.append(points[-1] + 14.0 * np.array([np.cos(angle), np.sin(angle)]))
        line = np.rint(points).astype(np.int32)
        cv2.polylines(out, [line], False, ink, int(rng.integers(5, 34)))
    return out


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops: labels uint8 (B, S, S), photos uint8 (B, S, S, 3), noise float32 (B, C, S/4, S/4), cities
    (B,). drawn: uint8 (B, S, S), the labels that the generator gets; in the second half of the batch a
    marker may have gone over them.

    details: float32 (B, DETAIL_CHANNELS × len(PATTERNED), S/4, S/4): in the first half of the batch the
    photograph's own, in the other half cut from the city's patterns, as on stage. quilts: uint8
    (B, S/2, S/2, 3), what those details look like (the photograph at half its side, or the patterns laid
    out by the labels).
    """

    labels: NDArray[np.uint8]
    photos: NDArray[np.uint8]
    noise: NDArray[np.float32]
    cities: NDArray[np.int64]
    drawn: NDArray[np.uint8]
    details: NDArray[np.float32]
    quilts: NDArray[np.uint8]


class Sampler:
    """Cuts random batches: every city equally often, places with much to see more often than empty ones.

    Deterministic for a seed.
    """

    def __init__(
        self, cities: Sequence[CityPairs], patterns: NDArray[np.uint8], crop: int, seed: int
    ) -> None:
        """patterns: of the cities, uint8 (N, len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3)."""
        self._cities = cities
        self._patterns = patterns
        self._means = [[pattern_mean(pattern) for pattern in of_city] for of_city in patterns]
        self._crop = crop
        self._rng = np.random.default_rng(seed)
        # Larger pictures hold more crops, so they are drawn more often.
        self._odds = []
        for city in cities:
            areas = np.array([p.labels.size for p in city.train], dtype=np.float64)
            self._odds.append(areas / areas.sum())
        self._noise = noise_field(LARGEST_CROP + 32)
        # Not every city has a sea, but every sheet may: where a city has no open water of its own, it
        # borrows another's, in the tone of what water it has.
        self._seas = [(n, p) for n, city in enumerate(cities) for p in city.train if _share(p, WATER) > 0.2]
        owners = {n for n, _ in self._seas}
        self._dry = [n for n in range(len(cities)) if n not in owners]
        self._water_tones = [water_tone(city.train) for city in cities]

    def batch(self, size: int) -> Batch:
        """Cut `size` crops."""
        order = self._rng.permutation(np.arange(size) + self._rng.integers(len(self._cities)))
        crops = [self._cut(int(n) % len(self._cities)) for n in order]
        own = size // 2
        drawn = [
            labels if n < own else draw_strokes(labels, self._rng) for n, (labels, _, _) in enumerate(crops)
        ]
        detailed = [
            self._own(photo, city) if n < own else self._quilted(drawn[n], city)
            for n, (_, photo, city) in enumerate(crops)
        ]
        return Batch(
            labels=np.stack([c[0] for c in crops]),
            photos=np.stack([c[1] for c in crops]),
            noise=np.stack([self._cut_noise() for _ in crops]),
            cities=np.array([c[2] for c in crops], dtype=np.int64),
            drawn=np.stack(drawn),
            details=np.stack([d[0] for d in detailed]),
            quilts=np.stack([d[1] for d in detailed]),
        )

    def _own(self, photo: NDArray[np.uint8], city: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        half = cv2.resize(photo, (self._crop // 2, self._crop // 2), interpolation=cv2.INTER_AREA)
        quilt = np.asarray(half, dtype=np.uint8)
        details = [detail_of(quilt, mean) for mean in self._means[city]]
        # Now and then nothing, so that it learns to plan by itself as well.
        keep = np.float32(self._rng.random() < 0.75)
        return np.concatenate(details) * keep, quilt

    def _quilted(
        self, labels: NDArray[np.uint8], city: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        half = self._crop // 2
        quilt = np.zeros((half, half, 3), dtype=np.uint8)
        details = []
        for label, pattern, mean in zip(PATTERNED, self._patterns[city], self._means[city], strict=True):
            y, x = self._rng.integers(max(1, PATTERN_SIDE - half + 1), size=2)
            cut = pattern[y : y + half, x : x + half]
            cut = np.pad(cut, ((0, half - len(cut)), (0, half - cut.shape[1]), (0, 0)), mode="symmetric")
            if self._rng.random() < 0.5:
                cut = cut[:, ::-1]
            details.append(detail_of(np.ascontiguousarray(cut), mean))
            here = labels[::2, ::2] == label
            quilt[here] = cut[here]
        return np.concatenate(details), quilt

    def _cut(self, city: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
        rng = self._rng
        if self._seas and city in self._dry and rng.random() < 0.12:
            pair = self._seas[rng.integers(len(self._seas))][1]
            wanted = WATER
        else:
            pairs = self._cities[city].train
            pair = pairs[rng.choice(len(pairs), p=self._odds[city])]
            wanted = None
        # The best of a few places: much variety in it, or much of what is wanted.
        places = [self._place(pair.labels) for _ in range(3)]
        labels, photo = max(
            ((pair.labels[p], pair.photo[p]) for p in places), key=lambda cut: _interest(cut[0], wanted)
        )
        photo = lift_water(labels, photo, self._water_tones[city])
        labels = coarsen(labels, float(rng.choice([0.0, rng.uniform(0.2, 1.0)], p=[0.25, 0.75])), rng)
        labels = cv2.resize(labels, (self._crop, self._crop), interpolation=cv2.INTER_NEAREST).astype(
            np.uint8
        )
        photo = cv2.resize(photo, (self._crop, self._crop), interpolation=cv2.INTER_AREA).astype(np.uint8)
        # Mirrored left to right only: the sun stays where it is, and so do the shadows.
        if rng.random() < 0.5:
            labels, photo = labels[:, ::-1], photo[:, ::-1]
        return np.ascontiguousarray(labels), np.ascontiguousarray(photo), city

    def _place(self, labels: NDArray[np.uint8]) -> tuple[slice, slice]:
        height, width = labels.shape
        side = min(height, width, round(self._crop * self._rng.uniform(0.9, 1.2)))
        y, x = self._rng.integers(height - side + 1), self._rng.integers(width - side + 1)
        return slice(y, y + side), slice(x, x + side)

    def _cut_noise(self) -> NDArray[np.float32]:
        cells = self._crop // 4
        y, x = self._rng.integers(self._noise.shape[2] - cells, size=2)
        field: NDArray[np.float32] = self._noise[0, :NOISE_CHANNELS, y : y + cells, x : x + cells]
        return field


def lift_water(
    labels: NDArray[np.uint8], photo: NDArray[np.uint8], tone: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Give open water at least a tone: satellites see a deep sea nearly black, and on a projector that is a
    hole in the picture.

    labels uint8 (H, W), photo uint8 (H, W, 3) RGB, tone float (3,), grey levels. Water whose mean is darker
    is lifted to it, keeping its waves; returns a new photo.
    """
    water = (labels == WATER).astype(np.uint8)
    if not water.any():
        return photo
    lift = np.maximum(tone - photo[water == 1].mean(axis=0), 0.0)
    share = cv2.GaussianBlur(water.astype(np.float32), (0, 0), 1.5)
    lifted: NDArray[np.float64] = photo + share[:, :, None] * lift
    return lifted.clip(0, 255).astype(np.uint8)


def water_tone(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """What `lift_water` lifts the open water of a city to: somewhat below the mean of all its water, not
    below `DEEP_WATER`."""
    wet = [p.photo[p.labels == WATER] for p in pairs]
    mean = np.concatenate([*wet, np.zeros((1, 3), np.uint8)]).mean(axis=0)
    tone: NDArray[np.float64] = np.maximum(0.7 * mean, DEEP_WATER)
    return tone


def _share(pair: Pair, of_class: int) -> float:
    return float((pair.labels == of_class).mean())


def _interest(labels: NDArray[np.uint8], wanted: int | None) -> float:
    shares = np.bincount(labels.ravel(), minlength=5)[:5] / labels.size
    if wanted is not None:
        return float(shares[wanted])
    return float(-(shares * np.log(shares + 1e-9)).sum())

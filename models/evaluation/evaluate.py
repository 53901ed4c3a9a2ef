"""A city set against photographs that it never saw, and beside the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, Generic, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines import open_engine
from models.engines.base import Engine
from models.evaluation.crops import CityCrops, most_varied
from models.evaluation.drawings import SHEET, drawings
from models.evaluation.features import WindowFeatures, picture_tensor, window_groups
from models.evaluation.metrics import Consistency, Distance, consistency, kernel_distance
from models.evaluation.segmenter import SegmenterReader
from models.evaluation.sheet import contact_sheet
from models.faults import InputFault
from models.inputs import whole_sheet
from models.palette import ROAD, paint
from models.training.losses import PerceptualDistance
from models.training.reference import load_reference, map_tensor
from models.training.train import read_metadata

STABILITY_SIDE: Final = 512
SHOWN: Final = 2
"""Crops of each city on the contact sheet."""
_STROKE: Final = ((20, 40), (150, 120), 13)
"""The stroke that is added, from, to and width, in units of the drawing."""
FAR: Final = 0.625
"""The far corner begins at this share of the side: 160 units from where the stroke ends."""

Labels = NDArray[np.uint8]
Picture = NDArray[np.uint8]
Painter = Callable[[Labels], Picture]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Compared:
    """The same figure of three kinds of pictures; reference is None where there is no network of it."""

    ours: Consistency
    reference: Consistency | None
    real: Consistency


@dataclass(frozen=True, slots=True)
class Distances:
    """Kernel distances to the photographs of pairs that the set never saw; floor: of the photographs that
    it was trained on, None if none is there."""

    ours: Distance
    reference: Distance | None
    floor: Distance | None


@dataclass(frozen=True, slots=True)
class CityFigures:
    """How one city fares. crops: how many it was judged by, cut from so many pairs."""

    crops: int
    pairs: int
    distance: Distances
    consistency: Compared


@dataclass(frozen=True, slots=True)
class Diversity:
    """How different the cities are on the same maps, mean over the pairs of cities and the maps.

    colour: between the mean colours, in grey levels (L2). perceptual: see `PerceptualDistance`.
    least: the two cities that are most alike, by the perceptual distance.
    """

    colour: float
    perceptual: float
    least: str
    least_perceptual: float


@dataclass(frozen=True, slots=True)
class Stability:
    """How far the corner of the sheet opposite to a new stroke changes, in grey levels."""

    max: int
    mean: float


@dataclass(frozen=True, slots=True)
class Both(Generic[T]):
    """A figure of the whole set, and of the reference's cities where there are such."""

    ours: T
    reference: T | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured of a set; see the fields' own classes for what the figures mean."""

    set: str
    engine: str
    side: int
    reference: dict[str, dict[str, str]] | None
    cities: dict[str, CityFigures]
    diversity: Both[Diversity] | None
    stability: Both[Stability]
    sheet: Picture


def evaluate(
    city_set: CitySet,
    cities: Sequence[CityCrops],
    references: Path | None,
    side: int,
    threads: int,
    report: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Measure a set at `side` on crops of that side. references: the folder of networks CITY.safetensors.

    report: called with a word on what is done now.
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    report("opening")
    painters = _references(references, [city.city for city in cities]) if references else {}
    reader, net = SegmenterReader(threads=threads), PerceptualDistance()
    features = WindowFeatures([crop.photo for city in cities for crop in city.unseen])
    rows: list[tuple[str, list[Picture]]] = []
    figures: dict[str, CityFigures] = {}
    with closing(open_engine(city_set, side, threads=threads).engine) as engine:
        ours = {city.city: _ours(engine, city.number, len(city_set.names)) for city in cities}
        for city in cities:
            report(city.city)
            reference = painters.get(city.city)
            figures[city.city] = _judge(city, ours[city.city], reference, reader, features)
            for crop in most_varied(city.unseen, SHOWN):
                made = [ours[city.city](crop.labels), crop.photo]
                if painters:
                    made.insert(0, reference(crop.labels) if reference else np.zeros_like(crop.photo))
                rows.append((city.city, [paint(crop.labels), *made]))
        report("diversity")
        maps = [city.unseen[0].labels for city in cities] + list(drawings(side).values())
        diversity = (
            Both(
                _diversity(ours, maps, net),
                _diversity(painters, maps, net) if len(painters) > 1 else None,
            )
            if len(cities) > 1
            else None
        )
        described = engine.describe()
    report("stability")
    with closing(open_engine(city_set, STABILITY_SIDE, threads=threads).engine) as engine:
        ours = {city.city: _ours(engine, city.number, len(city_set.names)) for city in cities}
        stability = Both(
            _stability(list(ours.values())), _stability(list(painters.values())) if painters else None
        )
    return Evaluation(
        set=city_set.name,
        engine=described,
        side=side,
        reference=_facts(references, list(painters)) if references else None,
        cities=figures,
        diversity=diversity,
        stability=stability,
        sheet=contact_sheet(["map", *(["reference"] if painters else []), "ours", "photograph"], rows),
    )


def _ours(engine: Engine, city: int, of: int) -> Painter:
    mix = whole_sheet(city, of)
    return lambda labels: engine.render(labels, mix)


def _facts(folder: Path, cities: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the networks of the reference say of their training."""
    return {city: read_metadata(folder / f"{city}.safetensors") for city in cities}


def _references(folder: Path, cities: Sequence[str]) -> dict[str, Painter]:
    """The reference of each city that has one in the folder; InputFault if none has."""
    paths = {city: folder / f"{city}.safetensors" for city in cities}
    there = {city: path for city, path in paths.items() if path.is_file()}
    if not there:
        raise InputFault(
            f"{folder} holds no network of the reference ({next(iter(paths.values())).name} and so on); "
            "`cities train --reference` makes them"
        )
    return {city: _reference(path) for city, path in there.items()}


def _reference(path: Path) -> Painter:
    generator = load_reference(path)

    def render(labels: Labels) -> Picture:
        with torch.inference_mode():
            rgb = generator(map_tensor(labels))[0].permute(1, 2, 0)
            return np.ascontiguousarray((rgb.clamp(-1, 1) * 127.5 + 127.5).round().byte().numpy())

    return render


def _judge(
    city: CityCrops,
    ours: Painter,
    reference: Painter | None,
    reader: SegmenterReader,
    features: WindowFeatures,
) -> CityFigures:
    maps = [crop.labels for crop in city.unseen]
    groups = window_groups([crop.pair for crop in city.unseen])
    real = features.of([crop.photo for crop in city.unseen])

    def judged(pictures: Sequence[Picture]) -> tuple[Distance, Consistency]:
        distance = kernel_distance(real, features.of(pictures), groups, groups, paired=True)
        return distance, consistency(maps, [reader.read(picture) for picture in pictures])

    of_ours = judged([ours(labels) for labels in maps])
    of_reference = judged([reference(labels) for labels in maps]) if reference else None
    floor = None
    if len({crop.pair for crop in city.seen}) > 1:
        seen = features.of([crop.photo for crop in city.seen])
        seen_groups = window_groups([crop.pair for crop in city.seen])
        floor = kernel_distance(real, seen, groups, seen_groups, paired=False)
    return CityFigures(
        crops=len(maps),
        pairs=len({crop.pair for crop in city.unseen}),
        distance=Distances(of_ours[0], of_reference[0] if of_reference else None, floor),
        consistency=Compared(
            of_ours[1],
            of_reference[1] if of_reference else None,
            consistency(maps, [reader.read(crop.photo) for crop in city.unseen]),
        ),
    )


@torch.no_grad()
def _diversity(
    painters: Mapping[str, Painter], maps: Sequence[Labels], net: PerceptualDistance
) -> Diversity:
    colours: list[float] = []
    perceptual: dict[str, list[float]] = {}
    for labels in maps:
        pictures = {city: paint_it(labels) for city, paint_it in painters.items()}
        for (one, a), (other, b) in combinations(pictures.items(), 2):
            colours.append(float(np.linalg.norm(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1)))))
            distance = float(net(picture_tensor(a), picture_tensor(b)))
            perceptual.setdefault(f"{one} and {other}", []).append(distance)
    means = {pair: float(np.mean(values)) for pair, values in perceptual.items()}
    least = min(means, key=lambda pair: means[pair])
    return Diversity(float(np.mean(colours)), float(np.mean(list(means.values()))), least, means[least])


def _stability(painters: Sequence[Painter]) -> Stability:
    before = drawings(STABILITY_SIDE)["town"]
    begin, end, width = _STROKE
    after = before.copy()
    scale = STABILITY_SIDE // SHEET
    cv2.line(after, [v * scale for v in begin], [v * scale for v in end], ROAD, width * scale)
    far = round(FAR * STABILITY_SIDE)
    changes = [
        np.abs(paint_it(after)[far:, far:].astype(int) - paint_it(before)[far:, far:])
        for paint_it in painters
    ]
    return Stability(
        max=max(int(change.max()) for change in changes),
        mean=max(float(change.mean()) for change in changes),
    )

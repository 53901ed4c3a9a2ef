"""Which pairs a set is judged by: those that it never saw, cut in squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.cityset import CitySet
from models.faults import InputFault
from models.training.pairs import Pair, load_pairs

MOST: Final = 64
"""Crops of a city, chosen evenly if there are more."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of a pair: labels uint8 (S, S), photo uint8 (S, S, 3) RGB. pair: the pair's number."""

    pair: int
    labels: NDArray[np.uint8]
    photo: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CityCrops:
    """The crops of a city that its set never saw, and those that it was trained on (perhaps none)."""

    city: str
    number: int
    unseen: tuple[Crop, ...]
    seen: tuple[Crop, ...]


def load_crops(city_set: CitySet, data: Path, zooms: Mapping[str, float], side: int) -> list[CityCrops]:
    """Cut the pairs of every city of the set that has a folder in `data`.

    zooms: magnification that brings a city's pictures to the set's ground resolution, 1 if not named.
    Raises InputFault if there is no such folder, a file isn't right or no pair is left to judge by.
    """
    there = [(n, name) for n, name in enumerate(city_set.names) if (data / name).is_dir()]
    if not there:
        raise InputFault(
            f"{data} holds no folder of a city of {city_set.name} ({', '.join(city_set.names)}); "
            "each needs a folder of its name with images/ and labels/"
        )
    for _, name in there:  # before any long work
        _listed(city_set, name)
    found = []
    for number, name in there:
        # The loader leaves a margin beyond the smallest side that it is asked for, for crops at random.
        pairs = load_pairs(data / name, zooms.get(name, 1.0), smallest=side - 16)
        trained_on, held_out = _listed(city_set, name)
        seen = [pair for pair in pairs if trained_on is not None and pair.name in trained_on]
        unseen = [
            pair
            for pair in pairs
            if (pair.name in held_out if trained_on is None else pair.name not in trained_on)
        ]
        if len(unseen) < 2:
            count = "one is" if unseen else "none are"
            raise InputFault(
                f"{data / name}: of its {len(pairs)} pairs {count} new to {city_set.name}; two at least "
                "that it wasn't trained on are needed to judge it"
            )
        found.append(CityCrops(name, number, cut(unseen, side), cut(seen, side)))
    return found


def _listed(city_set: CitySet, city: str) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The pairs that a city was trained on, as far as its card says, and those that were held out."""
    trained_on, held_out = (_names(city_set.card.training, key, city) for key in ("trained_on", "held_out"))
    if trained_on is None and held_out is None:
        raise InputFault(
            f"the card of {city_set.folder} doesn't say which pairs {city} was trained on "
            "(training.trained_on, training.held_out), so that nothing is known to be new to it"
        )
    return trained_on, held_out or frozenset()


def _names(training: Mapping[str, Any], key: str, city: str) -> frozenset[str] | None:
    by_city = training.get(key)
    names = by_city.get(city) if isinstance(by_city, dict) else None
    return frozenset(map(str, names)) if isinstance(names, list) else None


def cut(pairs: Sequence[Pair], side: int, most: int = MOST) -> tuple[Crop, ...]:
    """Cut pairs in squares that don't overlap, from the middle outwards; evenly chosen if too many."""
    places = []
    for number, pair in enumerate(pairs):
        rows, columns = pair.labels.shape[0] // side, pair.labels.shape[1] // side
        top, left = (pair.labels.shape[0] - rows * side) // 2, (pair.labels.shape[1] - columns * side) // 2
        places += [
            (number, top + row * side, left + column * side)
            for row in range(rows)
            for column in range(columns)
        ]
    chosen = np.unique(np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(int))
    crops = []
    for number, y, x in (places[n] for n in chosen):
        pair = pairs[number]
        at = slice(y, y + side), slice(x, x + side)
        crops.append(
            Crop(number, np.ascontiguousarray(pair.labels[at]), np.ascontiguousarray(pair.photo[at]))
        )
    return tuple(crops)


def most_varied(crops: Sequence[Crop], count: int) -> list[Crop]:
    """For showing: the crops with the most classes to see, each of another part of the list."""
    parts = np.array_split(np.arange(len(crops)), min(count, len(crops)))
    return [crops[max(part, key=lambda n: _variety(crops[n].labels))] for part in parts]


def _variety(labels: NDArray[np.uint8]) -> float:
    shares = np.bincount(labels.ravel(), minlength=5) / labels.size
    return float(-(shares * np.log(shares + 1e-9)).sum())

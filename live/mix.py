"""The mix: how much of each city stands at each place of the sheet, and how one mix becomes another.

A switch, a morph, a wipe, an iris and "the left half is Dubai" are all mixes. They are immutable, so that
they may be part of the show's state: whatever changes one returns another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from live.fade import Fade
from models.inputs import MIX_GRID

FadeShape: TypeAlias = Literal[
    "morph", "wipe-left", "wipe-right", "wipe-up", "wipe-down", "iris-in", "iris-out"
]
"""Where a change of the mix comes first: a morph everywhere at once, the others along an edge. Their names
say which way the edge goes: `wipe-left` begins on the right, `iris-out` in the centre."""
FADE_SHAPES: Final[tuple[FadeShape, ...]] = get_args(FadeShape)

SOFT_EDGE: Final = 2
"""Cells over which the edge of a wipe or an iris passes from one mix to the other."""
FADER_STEP: Final = 1e-3
"""Shares of the sheet, or of the light, that differ by no more are the same to a fader."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The weights of `cities` cities at each place of the sheet: at each none below 0, together 1.

    cells: float32 (cities, MIX_GRID, MIX_GRID) as bytes, so that mixes compare and hash by their value.
    """

    cities: int
    cells: bytes = field(repr=False)

    @staticmethod
    def of(weights: NDArray[np.floating]) -> Mix:
        """The mix of these weights, (N, MIX_GRID, MIX_GRID)."""
        return Mix(weights.shape[0], weights.astype(np.float32).tobytes())

    @property
    def weights(self) -> NDArray[np.float32]:
        """The weights as an engine takes them: float32 (cities, MIX_GRID, MIX_GRID), a fresh array."""
        return _view(self).copy()


def alone(index: int, count: int) -> tuple[float, ...]:
    """The weights of one city of `count` by itself."""
    return tuple(1.0 if i == index else 0.0 for i in range(count))


def mix_field(weights: Sequence[float]) -> NDArray[np.float32]:
    """The weights as a mix that is the same all over the sheet, float32 (N, MIX_GRID, MIX_GRID)."""
    column = np.asarray(weights, dtype=np.float32)[:, None, None]
    return np.tile(column, (1, MIX_GRID, MIX_GRID))


@functools.cache
def of_city(index: int, count: int) -> Mix:
    """The mix in which one city of `count` has the whole sheet."""
    return Mix.of(mix_field(alone(index, count)))


def _view(mix: Mix) -> NDArray[np.float32]:
    return np.frombuffer(mix.cells, np.float32).reshape(mix.cities, MIX_GRID, MIX_GRID)


# Shares: the mix as faders have it


@functools.lru_cache(maxsize=16)  # asked for by every fader at every turn of the show
def shares(mix: Mix) -> tuple[float, ...]:
    """How much of the whole sheet each city has, together 1."""
    return tuple(_view(mix).mean(axis=(1, 2), dtype=np.float64).tolist())


def has_share(mix: Mix, city: int, share: float) -> bool:
    """Whether a city has that share of the sheet, as far as a fader can tell, so that it can be brought to
    nothing and to everything."""
    return is_same(shares(mix)[city], share)


def is_same(standing: float, told: float) -> bool:
    """Whether a fader that stands there and is told this (0..1) needn't move: clients have rounded what
    they tell back. The ends are meant to the last bit."""
    off = abs(standing - told)
    return off == 0.0 or (off <= FADER_STEP and 0.0 < told < 1.0)


def with_share(mix: Mix, city: int, share: float) -> Mix:
    """The mix in which a city has that share (0..1) of the whole sheet.

    The others share the rest in the proportion that they have; if they have nothing, in equal parts. What
    a city gains it gains everywhere, what it loses it loses where it was, so that regions stay in sight.
    """
    before = shares(mix)[city]
    if mix.cities == 1 or has_share(mix, city, share):
        return mix
    weights = _view(mix).astype(np.float64)
    if share > before:
        kept = (1.0 - share) / (1.0 - before)
        weights *= kept
        weights[city] += 1.0 - kept
    else:
        rest = np.array(shares(mix))
        rest[city] = 0.0
        if rest.sum() < 1e-6:  # what rounding has left is no proportion
            rest = 1.0 - np.array(alone(city, mix.cities))
        lost = weights[city] * (1.0 - share / before)
        weights[city] *= share / before
        weights += lost * (rest / rest.sum())[:, None, None]
    return Mix.of(weights / weights.sum(axis=0))


def with_shares(mix: Mix, wanted: Sequence[tuple[int, float]]) -> Mix:
    """The mix in which these cities have these shares (0..1) of the whole sheet, as faders that were moved
    together want them: the last one has what it wants, those before it what they want as far as there is
    room, and the others share what is left as they did.
    """
    *before, (last, share) = wanted
    room, held = 1.0 - share, sum(each for _, each in before)
    named = {last, *(city for city, _ in before)}
    others = np.array(shares(mix))
    others[list(named)] = 0.0
    if others.sum() < 1e-6:
        others = np.array([0.0 if city in named else 1.0 for city in range(mix.cities)])
    if not before or (held == 0.0 and not others.any()):
        return with_share(mix, last, share)
    # All are named, or want too much: they keep their proportion.
    scale = room / held if held > 0.0 and (held > room or not others.any()) else 1.0
    target = np.zeros(mix.cities)
    for city, each in before:
        target[city] = each * scale
    if others.any():
        target += others / others.sum() * max(room - held * scale, 0.0)
    target[last] = share
    weights = _view(mix).astype(np.float64)
    for city, (standing, wish) in enumerate(zip(shares(mix), target, strict=True)):
        # Where a city has been it stays, so that regions stay in sight; a new one comes everywhere.
        weights[city] = weights[city] * (wish / standing) if standing > 0.0 else wish
    total = weights.sum(axis=0)
    weights = np.where(total > 0.0, weights, target[:, None, None])
    return with_share(Mix.of(weights / weights.sum(axis=0)), last, share)


def greatest(mix: Mix, standing: int) -> int:
    """The city with the greatest share; among several the standing one, else the first."""
    found = shares(mix)
    most = max(found) - FADER_STEP
    return standing if found[standing] >= most else next(n for n, s in enumerate(found) if s >= most)


# Regions: parts of the sheet by name

_PLACES: Final = (np.arange(MIX_GRID) + 0.5) / MIX_GRID
_X, _Y = np.meshgrid(_PLACES, _PLACES)

CENTRE: Final = (0.5, 0.5)
"""The middle of the sheet, in sheet coordinates."""
CENTRE_RADIUS: Final = 0.3
"""Radius of the region in the middle, in sides of the sheet."""


def _from(point: tuple[float, float]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(_X - point[0], _Y - point[1]))


_REGIONS: Final = {
    "left": _X < 0.5,
    "right": _X > 0.5,
    "top": _Y < 0.5,
    "bottom": _Y > 0.5,
    "centre": _from(CENTRE) < CENTRE_RADIUS,
}
REGIONS: Final = tuple(_REGIONS)


def with_region(mix: Mix, region: str, city: int) -> Mix:
    """The mix in which a region is one city's; elsewhere it stays as it is.

    The region ends at a border of cells: the network itself passes over from one cell to the next.
    """
    weights = _view(mix).copy()
    weights[:, _REGIONS[region]] = np.array(alone(city, mix.cities), np.float32)[:, None]
    return Mix.of(weights)


@functools.lru_cache(maxsize=16 * len(REGIONS))
def city_of(mix: Mix, region: str) -> int | None:
    """The city that has a region to itself; None if cities share it."""
    inside = _view(mix)[:, _REGIONS[region]].min(axis=1)
    city = int(inside.argmax())
    return city if inside[city] == 1.0 else None


# Transitions


@functools.lru_cache(maxsize=64)
def _distances(shape: FadeShape, point: tuple[float, float]) -> NDArray[np.float64]:
    """How far each cell lies from where an edge begins, in widths of the edge."""
    match shape:
        case "wipe-left":
            way = 1.0 - _X
        case "wipe-right":
            way = _X
        case "wipe-up":
            way = 1.0 - _Y
        case "wipe-down":
            way = _Y
        case "iris-in":
            way = -_from(point)
        case _:
            way = _from(point)
    return np.asarray((way - way.min()) * (MIX_GRID / SOFT_EDGE))


def covered(shape: FadeShape, way: float, point: tuple[float, float] = CENTRE) -> NDArray[np.float64]:
    """By how much each cell has become the target when so much of the way (0..1) is done: (MIX_GRID,
    MIX_GRID), all 0 at its beginning, all 1 at its end, never less than before.

    point: around which an iris opens or closes, in sheet coordinates."""
    if shape == "morph":
        return np.full((MIX_GRID, MIX_GRID), way)
    distance = _distances(shape, point)
    return np.asarray(np.clip(way * (distance.max() + 1.0) - distance, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Transition:
    """A mix on its way to another. way: from 0 to 1. point: around which an iris opens or closes."""

    origin: Mix
    target: Mix
    shape: FadeShape
    way: Fade
    point: tuple[float, float] = CENTRE

    def at(self, now: float) -> Mix:
        """The mix at a moment: the origin before the fade, exactly the target after it."""
        way = self.way.at(now)
        if way >= 1.0 or self.origin == self.target:
            return self.target
        if way <= 0.0:
            return self.origin
        share = covered(self.shape, way, self.point)
        return Mix.of(_view(self.origin) * (1.0 - share) + _view(self.target) * share)

    def has_arrived(self, now: float) -> bool:
        """Whether the target stands."""
        return self.way.at(now) >= 1.0


def standing(mix: Mix) -> Transition:
    """The mix as it stands, on its way nowhere."""
    return Transition(mix, mix, "morph", Fade(1.0, 1.0))


def in_words(mix: Mix, names: Sequence[str]) -> str:
    """What the operator is told: 'dubai 75% + paris 25%', of the whole sheet."""
    return " + ".join(
        f"{name} {share:.0%}" for name, share in zip(names, shares(mix), strict=True) if share >= 0.005
    )

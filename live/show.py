"""The show: its state, the commands that change it, and the one pure function that applies them.

Nothing here knows of time, threads or clients: `now` is handed in, and what a picture is made of (the mix,
the brightness) is computed from the state and the moment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.faults import UsageFault, did_you_mean
from models.inputs import MIX_GRID

LONGEST_FADE: Final = 60.0
"""Seconds; the upper end of what a performer may set."""

BLACKOUT_SECONDS: Final = 0.5
"""How long the picture takes to go and to come back; panic takes no time to go."""


# State


@dataclass(frozen=True, slots=True)
class Fade:
    """Numbers on their way from `origin` to `target`, eased at both ends.

    start, seconds: of the show's clock; with 0 seconds the target stands at once.
    """

    origin: tuple[float, ...]
    target: tuple[float, ...]
    start: float = 0.0
    seconds: float = 0.0

    def at(self, now: float) -> tuple[float, ...]:
        """The numbers at a moment: the origin before the fade, the target after it."""
        if self.seconds <= 0.0 or not now < self.start + self.seconds:
            return self.target
        way = min(max((now - self.start) / self.seconds, 0.0), 1.0)
        eased = way * way * (3.0 - 2.0 * way)  # smoothstep: sets out and arrives without a jerk
        return tuple(a * (1.0 - eased) + b * eased for a, b in zip(self.origin, self.target, strict=True))


@dataclass(frozen=True, slots=True)
class ShowState:
    """All that a performer can have changed.

    cities: names, in the order of their numbers.
    city: index of the city that stands or is on its way.
    mix: the weights of the cities, on their way to `city`.
    light: how bright the picture is, one number of 0..1, on its way.
    fade_time: seconds that the next change of city takes.
    frozen: the projector holds the picture that it shows.
    blackout, panic: either keeps the picture dark.
    overlay: the operator's figures are shown.
    running: False ends the show.
    """

    cities: tuple[str, ...]
    city: int
    mix: Fade
    light: Fade
    fade_time: float = 2.0
    frozen: bool = False
    blackout: bool = False
    panic: bool = False
    overlay: bool = False
    running: bool = True


def opening(
    cities: Sequence[str], city: str = "", fade_time: float = 2.0, overlay: bool = False
) -> ShowState:
    """The state with which a show begins.

    cities: names, at least one. city: the name of the first to be seen; empty: the first of all.
    Raises UsageFault if there is no such city.
    """
    index = find_city(cities, city) if city else 0
    weights = alone(index, len(cities))
    return ShowState(
        tuple(cities),
        index,
        Fade(weights, weights),
        Fade((1.0,), (1.0,)),
        fade_time=fade_time,
        overlay=overlay,
    )


def find_city(cities: Sequence[str], name: str) -> int:
    """The index of the city of that name, or number from 1; upper case, accents and what stands between
    words don't matter.

    Raises UsageFault if there is none.
    """
    index = find_name(cities, name)
    if index is None and name.isdecimal() and 1 <= int(name) <= len(cities):
        index = int(name) - 1
    if index is None:
        hint = did_you_mean(slug(name), cities)
        raise UsageFault(f'there is no city "{name}" in this set; it holds {", ".join(cities)}{hint}')
    return index


def find_name(names: Sequence[str], wanted: str) -> int | None:
    """The index of the name that reads like `wanted`, however it is written: 'Sao Paulo' is 'são-paulo'."""
    slugs = [slug(name) for name in names]
    sought = slug(wanted)
    return slugs.index(sought) if sought in slugs else None


def slug(name: str) -> str:
    """A name as it stands in an address: lower case, without accents, words joined by hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", plain.casefold()).strip("-")


# Commands


@dataclass(frozen=True, slots=True)
class SetCity:
    """Go to a city, by index; an index without a city is ignored."""

    index: int


@dataclass(frozen=True, slots=True)
class NextCity:
    """Go to the next city; after the last comes the first."""


@dataclass(frozen=True, slots=True)
class PreviousCity:
    """Go to the city before; before the first stands the last."""


@dataclass(frozen=True, slots=True)
class SetFadeTime:
    """Let the next changes of city take so many seconds; a fade on its way keeps its time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SetFreeze:
    """Hold the picture on the projector, or let it go. on: None for the other way round."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class SetBlackout:
    """Take the light away, or give it back, quickly but softly. on: None for the other way round."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Panic:
    """Black at once, until it is released; a second panic changes nothing."""


@dataclass(frozen=True, slots=True)
class ReleasePanic:
    """End the panic: the light comes back as after a blackout, unless there is one."""


@dataclass(frozen=True, slots=True)
class SetOverlay:
    """Show the operator's figures, or hide them. on: None for the other way round."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Quit:
    """End the show."""


Command: TypeAlias = (
    SetCity
    | NextCity
    | PreviousCity
    | SetFadeTime
    | SetFreeze
    | SetBlackout
    | Panic
    | ReleasePanic
    | SetOverlay
    | Quit
)


def is_relative(command: Command) -> bool:
    """Whether a command builds on what stands, so that two of its kind are not the same as the second."""
    match command:
        case NextCity() | PreviousCity() | SetFreeze(None) | SetBlackout(None) | SetOverlay(None):
            return True
    return False


def reduce(state: ShowState, command: Command, now: float) -> ShowState:
    """The state after a command that came at the moment `now` of the show's clock."""
    match command:
        case SetCity(index):
            return _go(state, index, now)
        case NextCity():
            return _go(state, (state.city + 1) % len(state.cities), now)
        case PreviousCity():
            return _go(state, (state.city - 1) % len(state.cities), now)
        case SetFadeTime(seconds):
            return replace(state, fade_time=seconds)
        case SetFreeze(on):
            return replace(state, frozen=_switched(state.frozen, on))
        case SetBlackout(on):
            return _lit(replace(state, blackout=_switched(state.blackout, on)), now, BLACKOUT_SECONDS)
        case Panic():
            return state if state.panic else _lit(replace(state, panic=True), now, 0.0)
        case ReleasePanic():
            return _lit(replace(state, panic=False), now, BLACKOUT_SECONDS)
        case SetOverlay(on):
            return replace(state, overlay=_switched(state.overlay, on))
        case Quit():
            return replace(state, running=False)


def _go(state: ShowState, index: int, now: float) -> ShowState:
    if index == state.city or not 0 <= index < len(state.cities):
        return state
    # From the mix as it stands, so that a change in the middle of another doesn't jump.
    fade = Fade(state.mix.at(now), alone(index, len(state.cities)), now, state.fade_time)
    return replace(state, city=index, mix=fade)


def _lit(state: ShowState, now: float, seconds: float) -> ShowState:
    """The state with its light on the way to what blackout and panic ask for."""
    target = (0.0 if state.blackout or state.panic else 1.0,)
    # A light that already goes there keeps its way, unless it must be there at once.
    if target == state.light.target and seconds > 0.0:
        return state
    return replace(state, light=Fade(state.light.at(now), target, now, seconds))


def _switched(is_on: bool, on: bool | None) -> bool:
    return not is_on if on is None else on


def alone(index: int, count: int) -> tuple[float, ...]:
    """The weights of one city of `count` by itself."""
    return tuple(1.0 if i == index else 0.0 for i in range(count))


# What a picture is made of


def mix_weights(state: ShowState, now: float) -> tuple[float, ...]:
    """The weight of each city at a moment: none below 0, together 1."""
    return state.mix.at(now)


def mix_field(weights: Sequence[float]) -> NDArray[np.float32]:
    """The weights as a mix that is the same all over the sheet, float32 (N, MIX_GRID, MIX_GRID)."""
    column = np.asarray(weights, dtype=np.float32)[:, None, None]
    return np.tile(column, (1, MIX_GRID, MIX_GRID))


def brightness(state: ShowState, now: float) -> float:
    """By how much the picture is to be multiplied at a moment, 0..1."""
    return state.light.at(now)[0]

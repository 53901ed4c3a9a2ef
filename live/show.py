"""The show: its state, the commands that change it, and the one pure function that applies them.

Nothing here knows of time, threads or clients: `now` is handed in, and what a picture is made of (the mix,
the brightness) is computed from the state and the moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from live.fade import Fade
from live.flow import NO_WISHES, Wishes
from live.mix import (
    REGIONS,
    FadeShape,
    Mix,
    Transition,
    greatest,
    has_share,
    of_city,
    standing,
    with_region,
    with_share,
)
from models.cityset import find_name, slug
from models.faults import UsageFault, did_you_mean

LONGEST_FADE: Final = 60.0
LONGEST_SETTLE: Final = 5.0
"""Seconds; the upper ends of what a performer may set."""

BLACKOUT_SECONDS: Final = 0.5
"""How long the picture takes to go and to come back; panic takes no time to go."""


# State


@dataclass(frozen=True, slots=True)
class ShowState:
    """All that a performer can have changed.

    cities: names, in the order of their numbers.
    city: index of the city that has the greatest share of the mix that stands or is on its way.
    mix: how much of each city stands at each place of the sheet, on its way.
    light: how bright the picture is, 0..1, on its way.
    fade_time, fade_shape: seconds that the next change of city takes, and where it comes first.
    frozen: the projector holds the picture that it shows.
    blackout, panic: either keeps the picture dark.
    overlay: the operator's figures are shown.
    wishes: what is asked of the reading of the sheet.
    running: False ends the show.
    """

    cities: tuple[str, ...]
    city: int
    mix: Transition
    light: Fade
    fade_time: float = 2.0
    fade_shape: FadeShape = "morph"
    frozen: bool = False
    blackout: bool = False
    panic: bool = False
    overlay: bool = False
    wishes: Wishes = NO_WISHES
    running: bool = True


def opening(
    cities: Sequence[str],
    city: str = "",
    fade_time: float = 2.0,
    fade_shape: FadeShape = "morph",
    overlay: bool = False,
    wishes: Wishes = NO_WISHES,
) -> ShowState:
    """The state with which a show begins.

    cities: names, at least one. city: the name of the first to be seen; empty: the first of all.
    Raises UsageFault if there is no such city.
    """
    index = find_city(cities, city) if city else 0
    return ShowState(
        tuple(cities),
        index,
        standing(of_city(index, len(cities))),
        Fade(1.0, 1.0),
        fade_time=fade_time,
        fade_shape=fade_shape,
        overlay=overlay,
        wishes=wishes,
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


# Commands


@dataclass(frozen=True, slots=True)
class SetCity:
    """Give the whole sheet to a city, by index; an index without a city is ignored."""

    index: int


@dataclass(frozen=True, slots=True)
class NextCity:
    """Go to the next city; after the last comes the first."""


@dataclass(frozen=True, slots=True)
class PreviousCity:
    """Go to the city before; before the first stands the last."""


@dataclass(frozen=True, slots=True)
class SetRegion:
    """Give a region of the sheet (of `live.mix.REGIONS`) to a city, by index; elsewhere the mix stays."""

    region: str
    index: int


@dataclass(frozen=True, slots=True)
class SetShare:
    """Let a city, by index, have that share (0..1) of the mix as it stands, at once: a fader is its own
    fade. The others share the rest as they did; a change on its way ends where it is, unless it brings the
    city to that very share."""

    index: int
    share: float


@dataclass(frozen=True, slots=True)
class SetFadeTime:
    """Let the next changes of city take so many seconds; a fade on its way keeps its time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SetFadeShape:
    """Let the next changes of city have this shape; a fade on its way keeps its own."""

    shape: FadeShape


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
class SetSettle:
    """Let a pixel change when it was read alike for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClearSheet:
    """Forget at once what was read; the sheet is read anew."""


@dataclass(frozen=True, slots=True)
class TakeWhite:
    """Take the bare paper as it is now for white."""


@dataclass(frozen=True, slots=True)
class TakeInks:
    """Take the inks from the swatches on the printed sheet."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the show."""


Command: TypeAlias = (
    SetCity
    | NextCity
    | PreviousCity
    | SetRegion
    | SetShare
    | SetFadeTime
    | SetFadeShape
    | SetFreeze
    | SetBlackout
    | Panic
    | ReleasePanic
    | SetOverlay
    | SetSettle
    | ClearSheet
    | TakeWhite
    | TakeInks
    | Quit
)


def is_relative(command: Command) -> bool:
    """Whether a command builds on what stands, so that two of its kind are not the same as the second."""
    match command:
        case NextCity() | PreviousCity() | SetFreeze(None) | SetBlackout(None) | SetOverlay(None):
            return True
    return False


def subject(command: Command) -> tuple[object, ...]:
    """What a command is about: of two about the same that build on nothing, the later one counts."""
    match command:
        case SetRegion(region, _):
            return SetRegion, region
        case SetShare(index, _):
            return SetShare, index
    return (type(command),)


def reduce(state: ShowState, command: Command, now: float) -> ShowState:
    """The state after a command that came at the moment `now` of the show's clock."""
    match command:
        case SetCity(index):
            return _go(state, index, now)
        case NextCity():
            return _go(state, (state.city + 1) % len(state.cities), now)
        case PreviousCity():
            return _go(state, (state.city - 1) % len(state.cities), now)
        case SetRegion(region, index):
            return _divided(state, region, index, now)
        case SetShare(index, share):
            return _shared(state, index, share, now)
        case SetFadeTime(seconds):
            return replace(state, fade_time=seconds)
        case SetFadeShape(shape):
            return replace(state, fade_shape=shape)
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
        case SetSettle(seconds):
            return replace(state, wishes=replace(state.wishes, settle=seconds))
        case ClearSheet():
            return replace(state, wishes=replace(state.wishes, cleared=now))
        case TakeWhite():
            return replace(state, wishes=replace(state.wishes, whitened=now))
        case TakeInks():
            return replace(state, wishes=replace(state.wishes, inked=now))
        case Quit():
            return replace(state, running=False)


def _go(state: ShowState, index: int, now: float) -> ShowState:
    if not 0 <= index < len(state.cities):
        return state
    return _turned(state, of_city(index, len(state.cities)), now)


def _divided(state: ShowState, region: str, index: int, now: float) -> ShowState:
    if region not in REGIONS or not 0 <= index < len(state.cities):
        return state
    # What a region's neighbours are on their way to, they go on to.
    return _turned(state, with_region(state.mix.target, region, index), now)


def _turned(state: ShowState, target: Mix, now: float) -> ShowState:
    """The state with its mix on the way to another; one that already goes there keeps its way."""
    if target == state.mix.target:
        return state
    # From the mix as it stands, so that a change in the middle of another doesn't jump.
    way = Fade(0.0, 1.0, now, state.fade_time)
    mix = Transition(state.mix.at(now), target, state.fade_shape, way)
    return replace(state, city=greatest(target, state.city), mix=mix)


def _shared(state: ShowState, index: int, share: float, now: float) -> ShowState:
    if not 0 <= index < len(state.cities):
        return state
    # A client that is told of a share, and tells it back, must not end the fade that brings it.
    if has_share(state.mix.target, index, share):
        return state
    mix = with_share(state.mix.at(now), index, share)
    return replace(state, city=greatest(mix, state.city), mix=standing(mix))


def _lit(state: ShowState, now: float, seconds: float) -> ShowState:
    """The state with its light on the way to what blackout and panic ask for."""
    target = 0.0 if state.blackout or state.panic else 1.0
    # A light that already goes there keeps its way, unless it must be there at once.
    if target == state.light.target and seconds > 0.0:
        return state
    return replace(state, light=Fade(state.light.at(now), target, now, seconds))


def _switched(is_on: bool, on: bool | None) -> bool:
    return not is_on if on is None else on


# What a picture is made of


def mix_at(state: ShowState, now: float) -> Mix:
    """How much of each city stands at each place of the sheet at a moment."""
    return state.mix.at(now)


def brightness(state: ShowState, now: float) -> float:
    """By how much the picture is to be multiplied at a moment, 0..1."""
    return state.light.at(now)

"""The show: its state, the commands that change it, and the one pure function that applies them.

Nothing here knows of time, threads or clients: `now` is handed in, and what a picture is made of (the mix,
the brightness) is computed from the state and the moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from live import cues as cuelist
from live.cues import Cue, CueList, Playback
from live.fade import Fade
from live.flow import NO_WISHES, Wishes
from live.mix import (
    CENTRE,
    REGIONS,
    FadeShape,
    Mix,
    Transition,
    greatest,
    has_share,
    is_same,
    of_city,
    standing,
    with_region,
    with_shares,
)
from models.cityset import find_name, slug
from models.faults import UsageFault, did_you_mean

LONGEST_FADE: Final = 60.0
LONGEST_SETTLE: Final = 5.0
"""Seconds; the upper ends of what a performer may set."""
MOST_BEATS: Final = 64.0
SLOWEST: Final = 20.0
FASTEST: Final = 300.0
"""Beats of a fade, and beats a minute; what a performer may set."""

BLACKOUT_SECONDS: Final = 0.5
"""How long the picture takes to go and to come back; panic takes no time to go."""


# State


@dataclass(frozen=True, slots=True)
class Faders:
    """Cities whose shares were set at one moment, so that a mix that is sent as a whole is taken as one.

    at: the moment. origin: the mix as it stood before. mix: what has become of it. moved: each city with
    the share that it wants, in their order.
    """

    at: float
    origin: Mix
    mix: Mix
    moved: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ShowState:
    """All that a performer can have changed.

    cities: names, in the order of their numbers.
    city: index of the city that has the greatest share of the mix that stands or is on its way.
    mix: how much of each city stands at each place of the sheet, on its way.
    light: how bright the picture is, 0..1, on its way.
    faders: the shares that were set last.
    fade_time, fade_shape: seconds that the next change of city takes, and where it comes first.
    fade_point: from where an iris opens, in sheet coordinates.
    fade_beats: beats that the next change of city takes instead of the seconds; 0 for the seconds.
    tempo: beats a minute.
    frozen: the projector holds the picture that it shows.
    blackout, panic: either keeps the picture dark.
    opacity: how bright the picture may be at most, 0..1, on its way.
    overlay, help: the operator's figures are shown, and what the keys do.
    wishes: what is asked of the reading of the sheet.
    cues: the cue list, and `playback` where the show is in it.
    go_interval: seconds after a GO in which another one is taken for a bounce.
    begun: cues that have begun, by index, in their order; whoever knows the controls sets what each of them
        asks for, and then lets it enter (`Enter`).
    learning, forgetting: the address of the control that a MIDI controller is being taught, or that it
        shall lose; "" for none.
    running: False ends the show.
    """

    cities: tuple[str, ...]
    city: int
    mix: Transition
    light: Fade
    faders: Faders | None = None
    fade_time: float = 2.0
    fade_shape: FadeShape = "morph"
    fade_point: tuple[float, float] = CENTRE
    fade_beats: float = 0.0
    tempo: float = 120.0
    frozen: bool = False
    blackout: bool = False
    panic: bool = False
    opacity: Fade = field(default_factory=lambda: Fade(1.0, 1.0))
    overlay: bool = False
    help: bool = False
    wishes: Wishes = NO_WISHES
    cues: CueList = field(default_factory=CueList)
    playback: Playback = field(default_factory=Playback)
    go_interval: float = 0.0
    begun: tuple[int, ...] = ()
    learning: str = ""
    forgetting: str = ""
    running: bool = True


def opening(
    cities: Sequence[str],
    city: str = "",
    fade_time: float = 2.0,
    fade_shape: FadeShape = "morph",
    overlay: bool = False,
    wishes: Wishes = NO_WISHES,
    cues: CueList | None = None,
    go_interval: float = 0.0,
) -> ShowState:
    """The state with which a show begins; the first cue is the next one.

    cities: names, at least one. city: the name of the first to be seen; empty: the first of all.
    Raises UsageFault if there is no such city.
    """
    index = find_city(cities, city) if city else 0
    cues = cues or CueList()
    return ShowState(
        tuple(cities),
        index,
        standing(of_city(index, len(cities))),
        Fade(1.0, 1.0),
        fade_time=fade_time,
        fade_shape=fade_shape,
        overlay=overlay,
        wishes=wishes,
        cues=cues,
        playback=cuelist.opening(cues),
        go_interval=go_interval,
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
class SetRegion:
    """Give a region of the sheet (of `live.mix.REGIONS`) to a city, by index; elsewhere the mix stays."""

    region: str
    index: int


@dataclass(frozen=True, slots=True)
class SetShare:
    """Let a city, by index, have that share (0..1) of the mix as it stands, at once: a fader is its own
    fade. The others share the rest as they did, but those that were set at the same moment keep what they
    were given; a change on its way ends where it is, unless it brings the city to that very share."""

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
class SetFadePoint:
    """Let the next iris open from here, in sheet coordinates; None leaves a coordinate as it is."""

    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class SetFadeBeats:
    """Let the next changes of city take so many beats; 0: the seconds of the fade time."""

    beats: float


@dataclass(frozen=True, slots=True)
class SetTempo:
    """Let there be so many beats a minute."""

    bpm: float


@dataclass(frozen=True, slots=True)
class Go:
    """Begin the next cue. One that comes right after another is a bounce, and ignored."""


@dataclass(frozen=True, slots=True)
class Back:
    """Begin the cue before the standing one."""


@dataclass(frozen=True, slots=True)
class GoTo:
    """Begin a cue, by index."""

    index: int


@dataclass(frozen=True, slots=True)
class Enter:
    """Let the mix of the first of the cues that have begun set out; what it asks of other controls has been
    set by now."""


@dataclass(frozen=True, slots=True)
class StandBy:
    """Let a cue, by index, be the next one, without beginning it."""

    index: int


@dataclass(frozen=True, slots=True)
class MoveStandBy:
    """Let the cue so many places further down the list be the next one; up, where it is less than 0."""

    places: int


@dataclass(frozen=True, slots=True)
class StopCues:
    """Begin nothing of what waits or follows; fades go on to their ends."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: begin what is due."""


@dataclass(frozen=True, slots=True)
class SetFreeze:
    """Hold the picture on the projector, or let it go."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetBlackout:
    """Take the light away, or give it back, quickly but softly."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetOpacity:
    """Let the picture be at most that bright (0..1), in so many seconds; on its way there already, it keeps
    its way."""

    level: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Panic:
    """Black at once, until it is released, and no cue begins by itself; a second panic changes nothing."""


@dataclass(frozen=True, slots=True)
class ReleasePanic:
    """End the panic: the light comes back as after a blackout, unless there is one."""


@dataclass(frozen=True, slots=True)
class SetOverlay:
    """Show the operator's figures, or hide them."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetHelp:
    """Show what the keys do, or hide it."""

    on: bool


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
class Learn:
    """Teach a MIDI controller the control of this address; "" ends it."""

    address: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Let the MIDI controllers lose the control of this address; "" when they have."""

    address: str


@dataclass(frozen=True, slots=True)
class Quit:
    """End the show."""


Command: TypeAlias = (
    SetCity
    | SetRegion
    | SetShare
    | SetFadeTime
    | SetFadeShape
    | SetFadePoint
    | SetFadeBeats
    | SetTempo
    | Go
    | Back
    | GoTo
    | Enter
    | StandBy
    | MoveStandBy
    | StopCues
    | Tick
    | SetFreeze
    | SetBlackout
    | SetOpacity
    | Panic
    | ReleasePanic
    | SetOverlay
    | SetHelp
    | SetSettle
    | ClearSheet
    | TakeWhite
    | TakeInks
    | Learn
    | Forget
    | Quit
)


def reduce(state: ShowState, command: Command, now: float) -> ShowState:
    """The state after a command that came at the moment `now` of the show's clock."""
    match command:
        case SetCity(index):
            return _changed(state, index, now)
        case SetRegion(region, index):
            return _divided(state, region, index, now)
        case SetShare(index, share):
            return _shared(state, index, share, now)
        case SetFadeTime(seconds):
            return replace(state, fade_time=seconds)
        case SetFadeShape(shape):
            return replace(state, fade_shape=shape)
        case SetFadePoint(x, y):
            standing_x, standing_y = state.fade_point
            return replace(
                state, fade_point=(standing_x if x is None else x, standing_y if y is None else y)
            )
        case SetFadeBeats(beats):
            return replace(state, fade_beats=beats)
        case SetTempo(bpm):
            return replace(state, tempo=bpm)
        case Go():
            return _played(state, cuelist.go(state.playback, state.cues, now, state.go_interval))
        case Back():
            return _played(state, cuelist.back(state.playback, state.cues, now))
        case GoTo(index):
            return _played(state, cuelist.jump(state.playback, state.cues, index, now))
        case Enter():
            return _entered(state, now)
        case StandBy(index):
            return replace(state, playback=cuelist.standby(state.playback, state.cues, index))
        case MoveStandBy(places):
            return replace(state, playback=cuelist.step(state.playback, state.cues, places))
        case StopCues():
            return replace(state, playback=cuelist.stop(state.playback))
        case Tick():
            return _played(state, cuelist.tick(state.playback, state.cues, now))
        case SetFreeze(on):
            return replace(state, frozen=on)
        case SetBlackout(on):
            return _lit(replace(state, blackout=on), now, BLACKOUT_SECONDS)
        case SetOpacity(level, seconds):
            # A client that is told of it, and tells it back, must not end the fade that brings it.
            if is_same(state.opacity.target, level):
                return state
            return replace(state, opacity=Fade(state.opacity.at(now), level, now, seconds))
        case Panic():
            stopped = replace(state, playback=cuelist.stop(state.playback))
            return stopped if state.panic else _lit(replace(stopped, panic=True), now, 0.0)
        case ReleasePanic():
            return _lit(replace(state, panic=False), now, BLACKOUT_SECONDS)
        case SetOverlay(on):
            return replace(state, overlay=on)
        case SetHelp(on):
            return replace(state, help=on)
        case SetSettle(seconds):
            return replace(state, wishes=replace(state.wishes, settle=seconds))
        case ClearSheet():
            return replace(state, wishes=replace(state.wishes, cleared=now))
        case TakeWhite():
            return replace(state, wishes=replace(state.wishes, whitened=now))
        case TakeInks():
            return replace(state, wishes=replace(state.wishes, inked=now))
        case Learn(address):
            return replace(state, learning=address)
        case Forget(address):
            return replace(state, forgetting=address)
        case Quit():
            return replace(state, running=False)


def _changed(state: ShowState, index: int, now: float) -> ShowState:
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
    seconds = fade_seconds(state)
    mix = Transition(
        state.mix.at(now), target, state.fade_shape, Fade(0.0, 1.0, now, seconds), state.fade_point
    )
    return replace(state, city=greatest(target, state.city), mix=mix)


def fade_seconds(state: ShowState) -> float:
    """How long the next change of city takes."""
    if state.fade_beats == 0.0:
        return state.fade_time
    return min(state.fade_beats * 60.0 / state.tempo, LONGEST_FADE)


def _played(state: ShowState, played: tuple[Playback, tuple[int, ...]]) -> ShowState:
    playback, started = played
    if playback == state.playback and not started:
        return state
    return replace(state, playback=playback, begun=(*state.begun, *started))


def cue_seconds(state: ShowState, cue: Cue) -> float:
    """How long a cue takes that begins now."""
    return fade_seconds(state) if cue.fade is None else cue.fade


def _entered(state: ShowState, now: float) -> ShowState:
    if not state.begun:
        return state
    cue = state.cues.cues[state.begun[0]]
    state = replace(state, begun=state.begun[1:])
    if cue.mix is None:
        return state
    # Also where it stands already: a cue that is called again takes over from a fade away from it.
    way = Fade(0.0, 1.0, now, cue_seconds(state, cue))
    mix = Transition(state.mix.at(now), cue.mix, cue.shape or state.fade_shape, way, state.fade_point)
    return replace(state, city=greatest(cue.mix, state.city), mix=mix)


def _shared(state: ShowState, index: int, share: float, now: float) -> ShowState:
    if not 0 <= index < len(state.cities) or len(state.cities) == 1:
        return state
    faders = state.faders
    if faders is None or faders.at != now or faders.mix != state.mix.target:
        # What is told back must not end the fade that brings it, as with the opacity.
        if has_share(state.mix.target, index, share):
            return state
        faders = Faders(now, state.mix.at(now), state.mix.target)
    moved = (*(one for one in faders.moved if one[0] != index), (index, share))
    mix = with_shares(faders.origin, moved)
    faders = replace(faders, mix=mix, moved=moved)
    return replace(state, city=greatest(mix, state.city), mix=standing(mix), faders=faders)


def _lit(state: ShowState, now: float, seconds: float) -> ShowState:
    """The state with its light on the way to what blackout and panic ask for."""
    target = 0.0 if state.blackout or state.panic else 1.0
    # A light that already goes there keeps its way, unless it must be there at once.
    if target == state.light.target and seconds > 0.0:
        return state
    return replace(state, light=Fade(state.light.at(now), target, now, seconds))


# What a picture is made of


def mix_at(state: ShowState, now: float) -> Mix:
    """How much of each city stands at each place of the sheet at a moment."""
    return state.mix.at(now)


def brightness(state: ShowState, now: float) -> float:
    """By how much the picture is to be multiplied at a moment, 0..1."""
    return state.light.at(now) * state.opacity.at(now)

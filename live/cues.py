"""Cues: the named steps of a show, in the order in which they were written, and where the show is in them.

One rule carries the rest: GO starts the next cue. A cue that waits, or that follows another by itself, is
the next cue, with a time at which it starts if nobody presses GO before. So there is never more than one
thing on its way, and the operator sees it.

The rules are those of a theatre: GO, standby, wait and follow as QLab and lighting desks have them, back as
the Stop/Back key of a desk, which first stops what is on its way and only then goes back. What a cue does
to the picture is not known here: the functions say which cues start, and the show does the rest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np

from live.config import CueSettings
from live.mix import FadeShape, Mix, alone, mix_field, with_region
from models.cityset import find_name, slug
from models.faults import UsageFault, did_you_mean
from models.tomlfile import shown

# The list


@dataclass(frozen=True, slots=True)
class Cue:
    """A step of the show.

    number: as it is written: "1", "1.5", "10A". name: "" for none.
    mix: what the sheet goes to; None leaves the mix as it is.
    fade, shape: seconds that it takes, and where it comes first; None for what the show is set to.
    note: what the operator should know.
    wait: seconds from GO until it starts.
    follow: seconds from its start until the next cue goes by itself; None for never.
    set: other controls, in the order written: their addresses, each with the arguments of a message.
    """

    number: str
    name: str = ""
    mix: Mix | None = None
    fade: float | None = None
    shape: FadeShape | None = None
    note: str = ""
    wait: float = 0.0
    follow: float | None = None
    set: tuple[tuple[str, tuple[object, ...]], ...] = ()

    @property
    def title(self) -> str:
        """Number and name, as the operator reads them: "3 Opening"."""
        return f"{self.number} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class CueList:
    """The cues of a show, in the order written. No two have the same number."""

    cues: tuple[Cue, ...] = ()
    _by_number: dict[str, int] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {cue.number.casefold(): index for index, cue in enumerate(self.cues)}
        # Clients that send numbers can't tell 1.10 from 1.1; who has only one of them means that one.
        for index, cue in enumerate(self.cues):
            numbers.setdefault(_shortest(cue.number), index)
        # From the end, so that the first of several with the same name is found.
        names = {slug(cue.name): index for index, cue in reversed(list(enumerate(self.cues)))}
        names.pop("", None)
        object.__setattr__(self, "_by_number", numbers)
        object.__setattr__(self, "_by_name", names)

    def __len__(self) -> int:
        return len(self.cues)

    def find(self, wanted: object) -> int | None:
        """The index of the cue of that number, else of the first with that name; None if there is none.

        3, 3.0, "3" and "3.0" are cue "3"; 1.1 is cue "1.1", else "1.10", also where it comes with 32 bits,
        as OSC sends it. Names are found however they are written, as those of cities.
        """
        if isinstance(wanted, bool) or not isinstance(wanted, str | int | float):
            return None
        if isinstance(wanted, str):
            if (index := self._by_number.get(wanted.strip().casefold())) is not None:
                return index
            if (index := self._by_name.get(slug(wanted))) is not None:
                return index
        try:
            number = float(wanted)
        except (ValueError, OverflowError):
            return None
        return next((self._by_number[t] for t in _spellings(number) if t in self._by_number), None)


def _shortest(number: str) -> str:
    """The number of a cue without zeros that say nothing, if it is one; else as it is."""
    if not re.fullmatch(r"\d+(\.\d+)?", number):
        return number.casefold()
    whole, _, rest = number.partition(".")
    return f"{int(whole)}.{rest}".rstrip("0").rstrip(".")


def _spellings(number: float) -> tuple[str, ...]:
    """How a number may stand in a cue list: as it is, and as the short one that 32 bits make it of."""
    if not math.isfinite(number) or abs(number) >= 1e12:
        return ()
    return tuple(np.format_float_positional(kind(number), trim="-") for kind in (np.float64, np.float32))


# Reading a list


Check: TypeAlias = Callable[[str, tuple[object, ...]], None]
"""Raises ValueError, with a sentence, if there is no control of that address, or it can't be sent these
arguments."""

_OWN_KEYS: Final = "is what the cue's own keys city, mix and region are for"
_OWN_ORDER: Final = (
    "would start or stop cues from within one; that is what the keys wait and follow are for"
)
_BY_HAND: Final = "must be left to somebody who sees what it does, and no cue can do it"
NOT_BY_CUES: Final = {
    "city": _OWN_KEYS,
    "mix": _OWN_KEYS,
    "region": _OWN_KEYS,
    "go": _OWN_ORDER,
    "back": _OWN_ORDER,
    "cue": _OWN_ORDER,
    "panic": _BY_HAND,
    "quit": _BY_HAND,
    "calibrate": _BY_HAND,
    "midi": _BY_HAND,
}
"""What no cue sets, by the first part of the address, and why."""


def read_cues(written: Sequence[CueSettings], cities: Sequence[str], check: Check) -> CueList:
    """The cue list of a show file, its cities looked up among those of the show, its controls by `check`.

    Raises UsageFault, with the place in the file, if a cue names a city or a control that there isn't, or
    sets a control to what it can't be.
    """
    return CueList(tuple(_read(cue, cities, check) for cue in written))


def _read(cue: CueSettings, cities: Sequence[str], check: Check) -> Cue:
    for address, arguments in cue.set:
        try:
            if reason := NOT_BY_CUES.get(address.split("/")[1].lower()):
                raise ValueError(f"{shown(address)} {reason}")
            check(address, arguments)
        except ValueError as error:
            raise UsageFault(f"{cue.where('set', address)}: cue {cue.number}: {error}") from None
    return Cue(
        cue.number,
        cue.name,
        _mix(cue, cities),
        cue.fade,
        cue.shape,
        cue.note,
        cue.wait,
        cue.follow,
        cue.set,
    )


def _mix(cue: CueSettings, cities: Sequence[str]) -> Mix | None:
    """What the sheet goes to in a cue."""

    def city(name: str, *key: str) -> int:
        index = find_name(cities, name)
        if index is None:
            hint = did_you_mean(slug(name), cities)
            raise UsageFault(
                f"{cue.where(*key)}: cue {cue.number} names the city {shown(name)}, which isn't in "
                f"this show; it has {', '.join(cities)}{hint}"
            )
        return index

    if cue.city:
        weights = alone(city(cue.city, "city"), len(cities))
    elif cue.mix:
        found: dict[int, float] = {}
        for name, share in cue.mix:
            index = city(name, "mix", name)
            if index in found:
                raise UsageFault(f"{cue.where('mix', name)}: cue {cue.number} names {cities[index]} twice")
            found[index] = share
        total = sum(found.values())
        weights = tuple(found.get(index, 0.0) / total for index in range(len(cities)))
    else:
        return None
    mix = Mix.of(mix_field(weights))
    for region, name in cue.region:
        mix = with_region(mix, region, city(name, "region", region))
    return mix


# Where the show is in it


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a show is in its cue list; cues by index.

    standing: the cue that started last; None before the first.
    next: the cue that GO starts; None after the last.
    gone: when GO was last obeyed, or a cue last started by itself.
    due: when `next` starts by itself, and its index; None if only GO starts it.

    Times are those of the show's clock.
    """

    standing: int | None = None
    next: int | None = None
    gone: float = -math.inf
    due: tuple[float, int] | None = None


Played: TypeAlias = tuple[Playback, tuple[int, ...]]
"""A playback, and the cues that start now, one after the other."""

_NONE: Final = ()


def opening(cues: CueList) -> Playback:
    """Before the first cue: nothing has started, and GO starts the first."""
    return Playback(next=0 if cues.cues else None)


def go(playback: Playback, cues: CueList, now: float, interval: float = 0.0) -> Played:
    """GO: the next cue starts, at the end of its wait if it has one.

    - While it waits, or before it follows by itself, it starts now: GO never has to be waited for.
    - Less than `interval` seconds after another GO it is the bounce of a key and ignored; so it is right
      after a cue that has started by itself, since the operator meant that one.
    - After the last cue, and in an empty list, nothing happens.
    """
    if playback.next is None or now - playback.gone < interval:
        return playback, _NONE
    gone = replace(playback, gone=now)
    if playback.due is not None:
        return _started(gone, cues, playback.next, now), (playback.next,)
    return _called(gone, cues, playback.next, now)


def back(playback: Playback, cues: CueList, now: float) -> Played:  # noqa: ARG001 - as the others
    """Back: what is on its way is stopped, and nothing else; if nothing is, the cue before the standing one
    starts.

    It starts at once, whatever its wait, and nothing follows it by itself: who goes back wants to stay
    there until the next GO. Before the first cue stands nothing, and nothing happens.
    """
    if playback.due is not None:
        return stop(playback), _NONE
    if not playback.standing:
        return playback, _NONE
    before = playback.standing - 1
    return replace(playback, standing=before, next=playback.standing), (before,)


def jump(playback: Playback, cues: CueList, index: int, now: float) -> Played:
    """Go to a cue: as a standby and a GO, which is never a bounce. The standing cue starts anew.

    An index without a cue is ignored.
    """
    if not 0 <= index < len(cues):
        return playback, _NONE
    return _called(playback, cues, index, now)


def standby(playback: Playback, cues: CueList, index: int) -> Playback:
    """Let a cue be the next one, without starting it. Whatever was on its way doesn't start by itself any
    more, so that the operator's choice stands until GO. The cue that is the next one already stays on its
    way: a client that is told which it is, and tells it back, must not stop it. An index without a cue is
    ignored."""
    if not 0 <= index < len(cues) or index == playback.next:
        return playback
    return replace(playback, next=index, due=None)


def step(playback: Playback, cues: CueList, by: int) -> Playback:
    """Standby so many places further down the list, or up; it ends at both ends. After the last cue stands
    the end of the list, from which the place above is the last cue."""
    if not cues.cues:
        return playback
    here = len(cues) if playback.next is None else playback.next
    return standby(playback, cues, min(max(here + by, 0), len(cues) - 1))


def stop(playback: Playback) -> Playback:
    """Let nothing start by itself; the cue that waited or followed stays the next one. Fades go on."""
    return replace(playback, due=None)


def tick(playback: Playback, cues: CueList, now: float) -> Played:
    """Start the cues whose time has come: to be called at every turn of the show.

    Each is timed from when the one before was due, not from when the turn came, so that a chain of cues
    keeps its time. Cues that fall due in one turn start in it, in their order; a chain only goes down the
    list, and so ends with it.
    """
    started: list[int] = []
    while playback.due is not None and playback.due[0] <= now:
        time, index = playback.due
        playback = replace(_started(playback, cues, index, time), gone=now)
        started.append(index)
    return playback, tuple(started)


def _called(playback: Playback, cues: CueList, index: int, now: float) -> Played:
    """A cue is to start when its wait is over."""
    wait = cues.cues[index].wait
    if wait > 0.0:
        return replace(playback, next=index, due=(now + wait, index)), _NONE
    return _started(playback, cues, index, now), (index,)


def _started(playback: Playback, cues: CueList, index: int, time: float) -> Playback:
    """A cue starts at a time; the one below it is the next, and goes by itself if it follows."""
    below = index + 1 if index + 1 < len(cues) else None
    follow = cues.cues[index].follow
    due = None
    if below is not None and follow is not None:
        due = time + follow + cues.cues[below].wait, below
    return replace(playback, standing=index, next=below, due=due)


# What the operator is told


def left(playback: Playback, now: float) -> float:
    """Seconds until the next cue starts by itself; 0 if it doesn't."""
    return 0.0 if playback.due is None else max(playback.due[0] - now, 0.0)


def in_words(playback: Playback, cues: CueList, now: float) -> tuple[str, ...]:
    """Where the show is, and what the operator should know of it, a line each: "cue 3 Opening – lights go
    down", "next 4 Night in 2.1 s – on the thunder"; none without cues."""
    if not cues.cues:
        return ()
    standing = "before the first cue"
    if playback.standing is not None:
        standing = f"cue {_noted(cues.cues[playback.standing])}"
    if playback.next is None:
        return standing, "no next cue: that was the last"
    soon = "" if playback.due is None else f" in {left(playback, now):.1f} s"
    return standing, f"next {_noted(cues.cues[playback.next], soon)}"


def _noted(cue: Cue, soon: str = "") -> str:
    return f"{cue.title}{soon}{f' – {cue.note}' if cue.note else ''}"

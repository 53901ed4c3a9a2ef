"""The table of controls: what a performer can change, each thing declared once.

OSC addresses, keys and the operator's help are all read from it. What a client may send follows the habits
of the field: TouchOSC sends floats, and a button 1.0 when pressed and 0.0 when released; QLab and consoles
send words, integers or nothing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from live.mix import FADE_SHAPES, REGIONS, city_of, shares
from live.show import (
    LONGEST_FADE,
    LONGEST_SETTLE,
    ClearSheet,
    Command,
    NextCity,
    Panic,
    PreviousCity,
    Quit,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFadeShape,
    SetFadeTime,
    SetFreeze,
    SetOverlay,
    SetRegion,
    SetSettle,
    SetShare,
    ShowState,
    TakeInks,
    TakeWhite,
)
from models.cityset import find_name, slug

Value: TypeAlias = float | str
"""What a control can be at, as it is told to clients; a switch is 0 or 1."""

T = TypeVar("T", covariant=True)


# Kinds of control: how what a client sent becomes a value


class Kind(Protocol[T]):
    def read(self, arguments: Sequence[object]) -> T:
        """The value that these arguments mean; those after the first are ignored.

        Raises ValueError, with what is wrong and what would be right, if they mean none."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that happens when a button is pressed. Its value is whether it was: a button's release
    (0, 0.0, false) is heard and means nothing."""

    def read(self, arguments: Sequence[object]) -> bool:
        if not arguments or arguments[0] is None:
            return True
        return _on_or_off(arguments[0])


@dataclass(frozen=True, slots=True)
class Switch:
    """Something on or off. Its value is None for the other way round: no argument, an impulse, "toggle"."""

    def read(self, arguments: Sequence[object]) -> bool | None:
        if not arguments or arguments[0] is None or _word(arguments[0]) == "toggle":
            return None
        return _on_or_off(arguments[0])


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range; one beyond its ends is taken for the end."""

    low: float
    high: float
    unit: str

    def read(self, arguments: Sequence[object]) -> float:
        number = _number(arguments[0]) if arguments else None
        if number is None:
            raise ValueError(
                f"takes a number from {self.low:g} to {self.high:g} {self.unit}{_not(arguments)}"
            )
        return min(max(number, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names. Its value is the index; a client may give the name or the number from 1."""

    noun: str
    names: tuple[str, ...]

    def read(self, arguments: Sequence[object]) -> int:
        wanted = arguments[0] if arguments else None
        if isinstance(wanted, str) and (index := find_name(self.names, wanted)) is not None:
            return index
        number = _number(wanted)
        # A number between two names means neither.
        if number is not None and number.is_integer() and 1 <= number <= len(self.names):
            return int(number) - 1
        names, last = ", ".join(self.names), len(self.names)
        raise ValueError(f"takes a {self.noun} ({names}) or its number (1 to {last}){_not(arguments)}")


_WORDS: Final = {"on": True, "true": True, "off": False, "false": False}


def _on_or_off(argument: object) -> bool:
    if isinstance(argument, bool):
        return argument
    if (word := _word(argument)) in _WORDS:
        return _WORDS[word]
    number = _number(argument)
    if number is None:
        raise ValueError(f"takes 1 or 0, on or off{_not([argument])}")
    return number >= 0.5


def _word(argument: object) -> str:
    return argument.strip().casefold() if isinstance(argument, str) else ""


def _number(argument: object) -> float | None:
    """The finite number that an argument is, or spells."""
    # To Python, true is a number too.
    if isinstance(argument, bool) or not isinstance(argument, int | float | str):
        return None
    try:
        number = float(argument)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _not(arguments: Sequence[object]) -> str:
    if not arguments:
        return ""
    if isinstance(arguments[0], str | int | float | None):
        text = repr(arguments[0])
        return f", not {text if len(text) <= 40 else text[:40] + '…'}"
    return ", not a blob, an array or the like"


# The table


@dataclass(frozen=True, slots=True)
class Control(Generic[T]):
    """One thing that a performer can change.

    address: its OSC address.
    meaning: what it does, in one line.
    command: the command for a value; None where the value means nothing.
    value: what it is at; None for what only happens.
    keys: the names of its keys, each with the arguments of the OSC message that it stands for.
    clients: whether a client may use it, or only who sits at the machine.
    """

    name: str
    address: str
    kind: Kind[T]
    meaning: str
    command: Callable[[Any], Command | None]
    value: Callable[[ShowState], Value] | None = None
    keys: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    clients: bool = True

    def read(self, arguments: Sequence[object]) -> Command | None:
        """The command that a message with these arguments means; None if it means nothing (a release).

        Raises ValueError, with the whole sentence for the sender, if it can't be meant."""
        try:
            return self.command(self.kind.read(arguments))
        except ValueError as error:
            raise ValueError(f"{self.address} {error}") from None


Table: TypeAlias = tuple[Control[object], ...]


def _when_pressed(command: Command) -> Callable[[bool], Command | None]:
    return lambda pressed: command if pressed else None


@functools.cache
def controls(cities: tuple[str, ...]) -> Table:
    """The table of controls of a show with these cities."""
    digits: dict[str, tuple[object, ...]] = {str(n): (n,) for n in range(1, min(len(cities), 9) + 1)}
    return (
        Control(
            "city",
            "/city",
            Choice("city", cities),
            "fade to a city, by name or number",
            SetCity,
            lambda state: state.cities[state.city],
            digits,
        ),
        Control(
            "next city",
            "/city/next",
            Trigger(),
            "fade to the next city",
            _when_pressed(NextCity()),
            keys={"right": ()},
        ),
        Control(
            "previous city",
            "/city/prev",
            Trigger(),
            "fade to the city before",
            _when_pressed(PreviousCity()),
            keys={"left": ()},
        ),
        *(_share_control(index, city) for index, city in enumerate(cities)),
        *(_region_control(region, cities) for region in REGIONS),
        Control(
            "fade time",
            "/fade/time",
            Number(0.0, LONGEST_FADE, "seconds"),
            "how long the next change of city takes",
            SetFadeTime,
            lambda state: state.fade_time,
        ),
        Control(
            "fade shape",
            "/fade/shape",
            Choice("shape", FADE_SHAPES),
            "where the next change of city comes first",
            lambda index: SetFadeShape(FADE_SHAPES[index]),
            lambda state: state.fade_shape,
        ),
        Control(
            "freeze",
            "/freeze",
            Switch(),
            "hold the picture on the projector",
            SetFreeze,
            lambda state: int(state.frozen),
            {"f": ()},
        ),
        Control(
            "blackout",
            "/blackout",
            Switch(),
            "fade to black and back",
            SetBlackout,
            lambda state: int(state.blackout),
            {"b": ()},
        ),
        # A trigger, not a switch: the release of the button that called it must not end it.
        Control(
            "panic",
            "/panic",
            Trigger(),
            "black at once, until released",
            _when_pressed(Panic()),
            lambda state: int(state.panic),
            {"escape": ()},
        ),
        Control(
            "release panic",
            "/panic/release",
            Trigger(),
            "end the panic",
            _when_pressed(ReleasePanic()),
            keys={"backspace": ()},
        ),
        Control(
            "overlay",
            "/overlay",
            Switch(),
            "show the operator's figures",
            SetOverlay,
            lambda state: int(state.overlay),
            {"h": ()},
        ),
        Control(
            "settle",
            "/settle",
            Number(0.0, LONGEST_SETTLE, "seconds"),
            "how long the paper must be read alike before the city follows",
            SetSettle,
            lambda state: state.wishes.settle,
        ),
        Control(
            "clear sheet",
            "/sheet/clear",
            Trigger(),
            "forget the drawing and read the sheet anew",
            _when_pressed(ClearSheet()),
            keys={"delete": ()},
        ),
        Control(
            "white",
            "/calibrate/white",
            Trigger(),
            "take the bare paper as it is now for white",
            _when_pressed(TakeWhite()),
            keys={"w": ()},
        ),
        Control(
            "inks",
            "/calibrate/inks",
            Trigger(),
            "take the inks from the sheet's swatches",
            _when_pressed(TakeInks()),
            keys={"c": ()},
        ),
        # No client ends a show.
        Control(
            "quit",
            "/quit",
            Trigger(),
            "end the show",
            _when_pressed(Quit()),
            keys={"ctrl+q": (), "close": ()},
            clients=False,
        ),
    )


def _share_control(index: int, city: str) -> Control[float]:
    return Control(
        f"share of {city}",
        f"/mix/{slug(city)}",
        Number(0.0, 1.0, "of the sheet"),
        f"how much of the mix is {city}, at once",
        lambda share: SetShare(index, share),
        lambda state: round(shares(state.mix.target)[index], 3),
    )


def _region_control(region: str, cities: tuple[str, ...]) -> Control[int]:
    def value(state: ShowState) -> Value:
        city = city_of(state.mix.target, region)
        return "" if city is None else cities[city]

    return Control(
        f"{region} region",
        f"/region/{region}",
        Choice("city", cities),
        f"fade the {region} of the sheet to a city, by name or number",
        lambda index: SetRegion(region, index),
        value,
    )

"""Kinds of control: how what a client sent becomes a value.

What a client may send follows the habits of the field: TouchOSC sends floats, and a button 1.0 when pressed
and 0.0 when released; QLab and consoles send words, integers or nothing; Resolume sends "+" or "-" first
for a step from where a control stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

from models.cityset import find_name
from models.faults import did_you_mean

Value: TypeAlias = float | str
"""What a control can be at, as it is told to clients; a switch is 0 or 1."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """What a client sends: an address of the table, and arguments as they came. An impulse (OSC's type tag
    I) is None, as nil is."""

    address: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A change by so much from where a control stands; by nothing in particular for the other way round."""

    amount: float


@dataclass(frozen=True, slots=True)
class Meant(Generic[T]):
    """What arguments mean. remark: what was made of them that the sender may not expect, else ""."""

    value: T | Step
    remark: str = ""


@dataclass(frozen=True, slots=True)
class MidiDefault:
    """Where a control stands on any MIDI controller, on any channel, that nobody has taught otherwise.

    number: of the note or the controller; None where the number itself is the value, as of a program.
    """

    kind: Literal["note", "cc", "program"]
    number: int | None = None


class Kind(Protocol[T]):
    @property
    def types(self) -> str:
        """The OSC type tags of its value."""

    def read(self, arguments: Sequence[object]) -> Meant[T] | None:
        """What these arguments mean; None if nothing (a button's release).

        Raises ValueError, with what is wrong and what would be right, if they can't be meant."""

    def stepped(self, told: tuple[Value, ...], step: Step) -> T:
        """The value a step away from what is told."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that happens when a button is pressed; its release (0, 0.0, false) means nothing."""

    types: ClassVar[str] = "N"

    def read(self, arguments: Sequence[object]) -> Meant[bool] | None:
        if not arguments or arguments[0] is None:
            return Meant(True)
        return Meant(True, _surplus(arguments, 1)) if _on_or_off(arguments[0]) else None

    def stepped(self, told: tuple[Value, ...], step: Step) -> bool:
        raise AssertionError(f"a trigger is never read as a step ({told}, {step})")


@dataclass(frozen=True, slots=True)
class Switch:
    """Something on or off. No argument, an impulse or "toggle" is the other way round."""

    types: ClassVar[str] = "T"

    def read(self, arguments: Sequence[object]) -> Meant[bool]:
        if not arguments or arguments[0] is None or _word(arguments[0]) == "toggle":
            return Meant(Step(1))
        return Meant(_on_or_off(arguments[0]), _surplus(arguments, 1))

    def stepped(self, told: tuple[Value, ...], step: Step) -> bool:  # noqa: ARG002
        return not told[0]


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range; one beyond its ends is taken for the end. step: of a "+" without an amount."""

    low: float
    high: float
    unit: str
    step: float
    types: ClassVar[str] = "f"

    def read(self, arguments: Sequence[object]) -> Meant[float]:
        sign = _sign(arguments)
        if sign and len(arguments) == 1:
            return Meant(Step(sign * self.step))
        number = _number(arguments[1 if sign else 0]) if arguments else None
        if number is None:
            raise ValueError(
                f"takes a number from {self.low:g} to {self.high:g} {self.unit}{_not(arguments)}"
            )
        if sign:
            return Meant(Step(sign * number), _surplus(arguments, 2))
        end = self._within(number)
        if end == number:
            return Meant(end, _surplus(arguments, 1))
        return Meant(
            end, f"goes from {self.low:g} to {self.high:g} {self.unit}: {number:g} was taken for {end:g}"
        )

    def stepped(self, told: tuple[Value, ...], step: Step) -> float:
        return self._within(float(told[0]) + step.amount)

    def _within(self, number: float) -> float:
        return min(max(number, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names. Its value is the index; a client may give the name or the number from 1.

    find: the index that an argument means, None for none, where names aren't found by name or number; such
        a choice has no steps.
    """

    noun: str
    names: tuple[str, ...]
    find: Callable[[object], int | None] | None = None
    types: ClassVar[str] = "s"

    def read(self, arguments: Sequence[object]) -> Meant[int]:
        wanted = arguments[0] if arguments else None
        index = (self.find or self._find)(wanted)
        if index is not None:
            return Meant(index, _surplus(arguments, 1))
        if self.find is None and (sign := _sign(arguments)):
            number = _number(arguments[1]) if len(arguments) > 1 else 1.0
            if number is not None and number.is_integer():
                return Meant(Step(sign * number), _surplus(arguments, 2))
        named = [name for name in self.names if name]
        names = f" ({', '.join(named)})" if len(named) <= MOST_NAMED else ""
        number_too = "" if self.find else f" or its number (1 to {len(self.names)})"
        hint = did_you_mean(wanted, named) if isinstance(wanted, str) and not names else ""
        raise ValueError(f"takes a {self.noun}{names}{number_too}{_not(arguments)}{hint}")

    def stepped(self, told: tuple[Value, ...], step: Step) -> int:
        places = round(step.amount)
        if told[0] in self.names:
            return (self.names.index(str(told[0])) + places) % len(self.names)
        # Where none stands the first step forth is to the first, and back to the last.
        return (places - 1 if places > 0 else places) % len(self.names)

    def _find(self, wanted: object) -> int | None:
        if isinstance(wanted, str) and (index := find_name(self.names, wanted)) is not None:
            return index
        number = _number(wanted)
        # A number between two names means neither.
        if number is not None and number.is_integer() and 1 <= number <= len(self.names):
            return int(number) - 1
        return None


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the sheet: x and y from 0 to 1, origin top left."""

    types: ClassVar[str] = "ff"

    def read(self, arguments: Sequence[object]) -> Meant[tuple[float, float]]:
        both = arguments[0] if arguments and isinstance(arguments[0], list | tuple) else arguments
        x, y = (_number(both[n]) if n < len(both) else None for n in (0, 1))
        if x is None or y is None:
            raise ValueError(f"takes two numbers from 0 to 1, x and y{_not(arguments)}")
        inside = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        if inside == (x, y):
            return Meant(inside, _surplus(both, 2))
        return Meant(
            inside, f"goes from 0 to 1 both ways: {x:g} {y:g} was taken for {inside[0]:g} {inside[1]:g}"
        )

    def stepped(self, told: tuple[Value, ...], step: Step) -> tuple[float, float]:
        raise AssertionError(f"a point is never read as a step ({told}, {step})")


MOST_NAMED: Final = 16
"""A longer list of names is no help in a sentence."""

# What arguments are

_WORDS: Final = {"on": True, "true": True, "off": False, "false": False}
_SIGNS: Final = {"+": 1, "-": -1}


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


def _sign(arguments: Sequence[object]) -> int:
    """1 or -1 where the first argument asks for a step, else 0."""
    return _SIGNS.get(_word(arguments[0]), 0) if arguments else 0


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
        # As it was sent: 0.2 comes as the nearest float of 32 bits.
        text = f"{arguments[0]:g}" if isinstance(arguments[0], float) else repr(arguments[0])
        return f", not {text if len(text) <= 40 else text[:40] + '…'}"
    return ", not a blob, an array or the like"


def _surplus(arguments: Sequence[object], taken: int) -> str:
    if len(arguments) <= taken:
        return ""
    return f"takes {'one argument' if taken == 1 else f'{taken} arguments'}, the others are ignored"

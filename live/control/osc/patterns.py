"""OSC's address patterns: `/mix/*`, `/region/{left,right}`, `/cue/[1-3]/go`.

They are those of OSC 1.0 (opensoundcontrol.stanford.edu/spec-1_0.html, "OSC Message Dispatching and Pattern
Matching"): `?` any character, `*` any number of them, `[ab]`, `[a-z]` and `[!a]` one of a set or one that
isn't, `{foo,bar}` one of several words; none of them reaches across a slash.

A row of asterisks on which a regular expression would hang costs no more than any other text: where the
pattern has got to in the address is a set of places, one bit each, which every step of the pattern moves on
(the shift-and method of Baeza-Yates and Gonnet, 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

LONGEST: Final = 256
"""Characters of a pattern; no address of the show comes near."""

_Places: TypeAlias = int
"""Where in a text a pattern may have got to: bit n is the place before character n."""

_Step: TypeAlias = Callable[[_Places, str], _Places]

_SPECIAL: Final = frozenset("?*[]{}")


class PatternError(ValueError):
    """A pattern that can't be read; the text is the whole sentence for the sender."""


def is_pattern(address: str) -> bool:
    """Whether an address has any of the characters that OSC keeps for patterns."""
    return not _SPECIAL.isdisjoint(address)


class Pattern:
    """An address pattern, read once."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError if it can't be read."""
        if len(pattern) > LONGEST:
            raise PatternError(f"a pattern has at most {LONGEST} characters, not {len(pattern)}")
        self._parts = [_steps(part, pattern) for part in pattern.split("/")]

    def matches(self, address: str) -> bool:
        """Whether it means this address."""
        parts = address.split("/")
        return len(parts) == len(self._parts) and all(map(_fits, self._parts, parts))


def _fits(steps: list[_Step], text: str) -> bool:
    places = 1  # before the first character
    for step in steps:
        places = step(places, text)
        if not places:
            return False
    return bool(places >> len(text))  # there is none after the last


# From a part of a pattern to its steps


def _steps(part: str, pattern: str) -> list[_Step]:
    steps: list[_Step] = []
    at = 0
    while at < len(part):
        character, at = part[at], at + 1
        if character == "?":
            steps.append(_any)
        elif character == "*":
            steps.append(_many)
        elif character in "[{":
            close = "]" if character == "[" else "}"
            end = part.find(close, at)
            if end < 0:
                raise PatternError(f"the pattern {pattern} has a {character} without its {close}")
            inside, at = part[at:end], end + 1
            steps.append(_one_of(inside) if character == "[" else _word_of(inside.split(",")))
        else:
            steps.append(_word_of([character]))
    return steps


def _any(places: _Places, text: str) -> _Places:
    return places << 1 & _everywhere(text)


def _many(places: _Places, text: str) -> _Places:
    return -(places & -places) & _everywhere(text)  # from the first of the places onwards


def _everywhere(text: str) -> _Places:
    return (2 << len(text)) - 1


def _one_of(inside: str) -> _Step:
    """One character of a set; of its complement, if the set begins with an exclamation mark."""
    others = inside.startswith("!")
    inside = inside.removeprefix("!")
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(inside):
        # A minus sign at the end of the set is itself.
        width = 3 if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside) else 1
        ranges.append((inside[at], inside[at + width - 1]))
        at += width

    def step(places: _Places, text: str) -> _Places:
        found = 0
        for n, character in enumerate(text):
            if any(low <= character <= high for low, high in ranges) != others:
                found |= 1 << n
        return (places & found) << 1

    return step


def _word_of(words: Sequence[str]) -> _Step:
    """One of several words."""

    def step(places: _Places, text: str) -> _Places:
        return sum({place for word in words for place in _after(word, places, text)})

    return step


def _after(word: str, places: _Places, text: str) -> list[_Places]:
    """The places behind a word, each a bit of its own."""
    found, at = [], text.find(word)
    while at >= 0:
        if places >> at & 1:
            found.append(1 << at + len(word))
        at = text.find(word, at + 1)
    return found

"""Endless encoders: knobs that say how far they were turned, in one of three codes.

Which one is a setting of the controller; all makers know these three (the names are Ableton Live's).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

Encoder: TypeAlias = Literal["twos-complement", "binary-offset", "signed-bit"]
ENCODERS: Final[tuple[Encoder, ...]] = get_args(Encoder)

_SLOW: Final = 3
"""So many steps at once is what a hand makes at most that turns an encoder without haste."""


def steps(encoder: Encoder, value: int) -> int:
    """How many steps clockwise a control change of this value (0..127) means, by code."""
    match encoder:
        case "twos-complement":  # 1 is one step, 127 one back
            return value if value < 64 else value - 128
        case "binary-offset":  # 65 is one step, 63 one back
            return value - 64
        case "signed-bit":  # 1 is one step, 65 one back
            return value if value < 64 else 64 - value


def recognised(values: Sequence[int]) -> Encoder | None:
    """The code of the encoder that says these one after the other; None if it is an ordinary knob.

    A knob never says the same twice running, and an encoder that is turned slowly says little else. One
    turned to the right says 1 in two of the codes, and 65 in the third; turned to the left, 65 may mean
    either. So the encoder must be turned to the right; of the first two codes the common one is taken.
    """
    if len(values) < 2 or all(a != b for a, b in itertools.pairwise(values)):
        return None
    for encoder in ENCODERS:
        turns = [steps(encoder, value) for value in values]
        if all(0 < abs(turn) <= _SLOW for turn in turns):
            return encoder
    return None

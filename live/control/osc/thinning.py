"""Of many packets at once, those that count.

Of a fader that has moved twenty times since the last look the hub would obey only the last place, in the
order of the last words about each thing. So that a flood costs little, the others are not even parsed. What
builds on what stands (presses, steps, bundles), what must be answered and what may be wrong is all left in.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, TypeVar

from live.control.controls import Control
from live.control.kinds import Number, Point, Switch
from live.control.osc.packets import beginning, numbers_of

P = TypeVar("P")


class Thinning:
    """Knows which packets make earlier ones of no account."""

    def __init__(self, controls: Mapping[str, Control[Any]], prefix: str = "") -> None:
        """controls: by address, without the prefix that stands before it in packets."""
        self._controls = controls
        self._prefix = prefix
        self._layout_of = functools.lru_cache(256)(self._find_layout)

    def thinned(self, given: Iterable[tuple[P, bytes]]) -> list[tuple[P, bytes]]:
        """The packets of `given`, each with its sender, without those that a later one supersedes."""
        kept: dict[object, tuple[P, bytes]] = {}
        for number, (sender, packet) in enumerate(given):
            begun = beginning(packet)
            if begun and self._is_last_word(packet, begun):
                kept.pop((sender, begun), None)
                kept[sender, begun] = sender, packet
            else:
                kept[number] = sender, packet
        return list(kept.values())

    def _is_last_word(self, packet: bytes, begun: bytes) -> bool:
        """Whether a packet says what its control shall be, whatever was said before, and can be meant."""
        layout = self._layout_of(begun)
        if layout is None or len(packet) != len(begun) + layout.size:
            return False
        return all(map(math.isfinite, layout.unpack_from(packet, len(begun))))

    def _find_layout(self, begun: bytes) -> Struct | None:
        found = numbers_of(begun)
        if found is None or not found[0].startswith(self._prefix):
            return None
        address, layout = found
        control = self._controls.get(address[len(self._prefix) :])
        # Of these every finite number can be meant; a choice may not have it.
        if control is None or not isinstance(control.kind, Number | Switch | Point):
            return None
        # Each number is a type tag.
        count = len(begun.rstrip(b"\0")) - begun.rindex(b",") - 1
        return layout if count >= len(control.kind.types) else None

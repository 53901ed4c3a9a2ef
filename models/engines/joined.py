"""Several city sets in one show: where their networks differ, pictures are blended instead of styles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines import OpenedEngine, open_engine
from models.engines.base import Engine

UNSEEN: Final = 1.0 / 512.0
"""A weight that can't change a picture by more than half a grey level."""


def open_joined(sets: Sequence[CitySet], side: int, name: str = "auto", threads: int = 0) -> OpenedEngine:
    """Open one set or several as one engine; see `models.engines.open_engine`.

    Its cities are those of all sets in order, which is what `models.cityset.city_names` gives.
    """
    if len(sets) == 1:
        return open_engine(sets[0], side, name, threads)
    opened: list[OpenedEngine] = []
    try:
        for city_set in sets:
            opened.append(open_engine(city_set, side, name, threads))
    except BaseException:
        for part in opened:
            part.engine.close()
        raise
    # What lies in the machine is the same for all, and told once.
    shared = set.intersection(*(set(part.passed_over) for part in opened))
    passed_over = dict.fromkeys(
        reason if reason in shared else f"{city_set.name}: {reason}"
        for city_set, part in zip(sets, opened, strict=True)
        for reason in part.passed_over
    )
    engine = JoinedEngine([part.engine for part in opened], [len(s.names) for s in sets])
    return OpenedEngine(engine, tuple(passed_over))


class JoinedEngine:
    """One engine over several, each with its own share of the cities; see `models.engines.base.Engine`.

    A part whose cities are nowhere in the mix isn't run: a city that stands costs one picture, a change
    between cities of two sets costs both for as long as it lasts.
    """

    def __init__(self, engines: Sequence[Engine], cities: Sequence[int]) -> None:
        """cities: how many each engine has."""
        self._engines = tuple(engines)
        ends = np.cumsum(cities).tolist()
        self._slices = [slice(end - count, end) for end, count in zip(ends, cities, strict=True)]
        self.name = "+".join(dict.fromkeys(engine.name for engine in engines))
        self.side = engines[0].side

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        """See `models.engines.base.Engine`; mix holds the cities of all parts in order."""
        shares = [mix[part] for part in self._slices]
        weights = [share.sum(axis=0) for share in shares]
        seen = [n for n, weight in enumerate(weights) if weight.max() >= UNSEEN]
        first, *others = seen or [int(np.argmax([weight.mean() for weight in weights]))]
        picture = self._engines[first].render(labels, _whole(shares[first], weights[first]))
        if not others:
            return picture
        # One after the other: so far, the picture has the weight of all that is in it.
        so_far = self._at_side(weights[first])
        for n in others:
            other = self._engines[n].render(labels, _whole(shares[n], weights[n]))
            weight = self._at_side(weights[n])
            blended = cv2.blendLinear(picture, other, so_far, weight)
            picture, so_far = blended.astype(np.uint8, copy=False), so_far + weight
        return picture

    def _at_side(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        field = cv2.resize(weight, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        return field.astype(np.float32, copy=False)

    def describe(self) -> str:
        parts = dict.fromkeys(engine.describe() for engine in self._engines)
        return f"{' and '.join(parts)}; {len(self._engines)} sets"

    def close(self) -> None:
        for engine in self._engines:
            engine.close()


def _whole(share: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """A part's own mix, which sums to 1 everywhere: where none of its cities is, as it is on the whole."""
    overall = share.mean(axis=(1, 2), keepdims=True)
    total = overall.sum()
    overall = overall / total if total > 0.0 else np.full_like(overall, 1.0 / len(share))
    there = weight >= UNSEEN
    whole = np.where(there, share / np.where(there, weight, 1.0), overall)
    return whole.astype(np.float32, copy=False)

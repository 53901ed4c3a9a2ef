"""The one small interface behind which every camera stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Locked:
    """What is held still of a camera that adjusts itself.

    sentence: what became of each of its automatics, for the operator; "" where nothing is to be locked.
    values: at which they are locked, by name (`live.camera.dialects.LOCKABLE`): those that may be set when
        the camera is opened again.
    """

    sentence: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


UNLOCKED: Final = Locked()
"""Of a source that has nothing to be locked."""


class Source(Protocol):
    """One opened camera: delivers pictures until it can't. Used by one thread, which also closes it.

    A source knows nothing of time-outs, sequence numbers or reopening: `live.camera.camera.Camera` does.
    Making one opens the device; what can't be opened raises a `models.faults.Fault` with its sentence.
    """

    @property
    def live(self) -> bool:
        """Whether there is a sensor behind it, whose noise never repeats: two equal pictures in a row then
        mean that it is frozen. False where equal pictures are right: a file, a still image."""

    @property
    def name(self) -> str:
        """What it is called, and by what it is known again: 'BRIO', 'simulated sheet', 'picture x.jpg'. It
        doesn't change, neither with the size of its pictures nor with the number that it has today."""

    @property
    def locked(self) -> Locked:
        """What is held still of it; it may know more with every picture."""

    def read(self) -> NDArray[np.uint8] | None:
        """Wait for the next picture and return it, uint8 (H, W, 3) BGR, a fresh array or one that is never
        written to again; None if this source has come to its end or is broken and must be opened anew."""

    def close(self) -> None:
        """Let go of the device; may be called twice."""

    def describe(self) -> str:
        """What it is, for the operator: 'USB camera 0 (BRIO), 1280×720', 'simulated sheet, town'."""

"""The one small protocol behind which every engine stands."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.inputs import fit_mix


class Engine(Protocol):
    """A city set, opened at one side, ready to render. Used by one thread."""

    name: str
    side: int

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Labels and mix to a picture.

        labels: uint8 (side, side), classes 0..4. mix: float32 (N, MIX_GRID, MIX_GRID), see
        `models.inputs.fit_mix`. Returns a fresh uint8 (side, side, 3), RGB.
        """

    def describe(self) -> str:
        """What it is, for the operator: 'OpenVINO 2026.4, 1 thread'."""

    def close(self) -> None:
        """Let go of the network; may be called twice."""


def feed(
    labels: NDArray[np.uint8], noise: NDArray[np.float32], mix: NDArray[np.float32]
) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]]:
    """What the exported network takes, by the names of its inputs; labels and mix as `render` has them."""
    return {"labels": labels[None], "noise": noise, "mix": fit_mix(mix, labels.shape[0])}


def describe(library: str, version: str, threads: int) -> str:
    """What an engine on the CPU says of itself: 'OpenVINO 2026.4, 1 thread'."""
    short = ".".join(version.split("-")[0].split(".")[:2])
    return f"{library} {short}, {threads} thread{'s' if threads > 1 else ''}"


def threads_for(asked: int, cores: int) -> int:
    """How many threads an engine gets: as asked; for 0 one core is left to camera and projector."""
    return asked if asked > 0 else max(1, cores - 1)

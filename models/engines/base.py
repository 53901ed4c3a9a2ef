"""The one small protocol behind which every engine stands."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.cityset import NETWORK_INT8
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
        """What it is, for the operator: 'OpenVINO 2026.4, f32, 1 thread'."""

    def close(self) -> None:
        """Let go of the network; may be called twice."""


def feed(
    labels: NDArray[np.uint8], mix: NDArray[np.float32]
) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]]:
    """What changes from picture to picture, by the names of the network's inputs; see `Engine.render`.

    The inputs that don't change are `models.inputs.fixed_inputs`, which an engine binds once.
    """
    return {"labels": labels[None], "mix": fit_mix(mix, labels.shape[0])}


def check_inputs(declared: Iterable[str], made: Iterable[str]) -> None:
    """Raise ValueError if a network declares an input that isn't made, or doesn't take labels."""
    names = set(declared)
    if unknown := sorted(names - set(made)):
        raise ValueError(f"it takes {unknown[0]!r}, which this program doesn't make")
    if "labels" not in names:
        raise ValueError("it takes no labels")


def describe(library: str, version: str, network: Path, threads: int) -> str:
    """What an engine on the CPU says of itself: 'OpenVINO 2026.4, int8, 1 thread'."""
    short = ".".join(version.split("-")[0].split(".")[:2])
    precision = "int8" if network.name == NETWORK_INT8 else "f32"
    return f"{library} {short}, {precision}, {threads} thread{'s' if threads > 1 else ''}"


def threads_for(asked: int, cores: int) -> int:
    """How many threads an engine gets: as asked; for 0 one core is left to camera and projector."""
    return asked if asked > 0 else max(1, cores - 1)

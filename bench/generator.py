"""One picture, by every engine of this machine in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from live.config import load_settings
from live.mix import mix_field
from models.cityset import load_city_sets
from models.engines import ENGINES, open_engine
from models.faults import DeviceFault, Fault
from models.palette import CLASS_NAMES


def bench_generator(side: int, rounds: int, names: Sequence[str] = tuple(ENGINES)) -> dict[str, Any]:
    """Render `rounds` pictures with each engine, in turn, so that a busy neighbour slows all alike.

    names: of the engines. Returns ms (median milliseconds a picture, by engine), p95_ms, and why an engine
    is missing.
    """
    city_set = load_city_sets(load_settings(None).cities.set)[0]
    cities = len(city_set.names)
    labels = _patchwork(side)
    mix = mix_field(tuple(1.0 / cities for _ in range(cities)))
    engines, missing = {}, {}
    with ExitStack() as closing:
        for name in names:
            try:
                engines[name] = open_engine(city_set, side, name).engine
                closing.callback(engines[name].close)
            except Fault as fault:
                missing[name] = str(fault)
        if not engines:
            raise DeviceFault("; ".join(missing.values()))
        taken: dict[str, list[float]] = {name: [] for name in engines}
        for _ in track(range(rounds), "rendering", console=Console(stderr=True), transient=True):
            for name, engine in engines.items():
                begun = time.perf_counter()
                engine.render(labels, mix)
                taken[name].append((time.perf_counter() - begun) * 1000.0)
        return {
            "side": side,
            "ms": {name: round(float(np.median(ms)), 2) for name, ms in taken.items()},
            "p95_ms": {name: round(float(np.percentile(ms, 95)), 2) for name, ms in taken.items()},
            "engines": {name: engine.describe() for name, engine in engines.items()},
            "missing": missing,
            "set": city_set.name,
            "rounds": rounds,
        }


def _patchwork(side: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A map with all classes in it: convolutions take as long for any."""
    cells = np.random.default_rng(1).integers(
        len(CLASS_NAMES), size=(side // 16, side // 16), dtype=np.uint8
    )
    return cells.repeat(16, axis=0).repeat(16, axis=1)

"""One picture, by every engine of this machine in turn."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from live.config import load_settings
from live.mix import mix_field
from models.cityset import load_city_sets
from models.engines import ENGINES, open_engine
from models.engines.base import threads_for
from models.faults import DeviceFault, Fault, UsageFault
from models.palette import CLASS_NAMES


def bench_generator(
    side: int, rounds: int, names: Sequence[str] = tuple(ENGINES), *, reference: bool = False
) -> dict[str, Any]:
    """Render `rounds` pictures with each engine, in turn, so that a busy neighbour slows all alike.

    names: of the engines. Each renders one picture with a mix that stands and one with another mix than
    before, as in a morph. Returns ms (median milliseconds a picture, by engine) and p95_ms with the
    standing mix, morph_ratio (median with the morph by the median without), and why an engine is missing;
    with `reference` also how long that takes in the same rounds, and how many times as fast each engine is.
    """
    city_set = load_city_sets(load_settings(None).cities.set)[0]
    cities = len(city_set.names)
    labels = _patchwork(side)
    standing = mix_field(tuple(1.0 / cities for _ in range(cities)))
    morph = [mix_field(_weights(cities, n / rounds)) for n in range(rounds)]
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
        run_reference, described = _opened_reference(labels) if reference else (None, "")
        taken: dict[str, list[float]] = {name: [] for name in engines}
        morphing: dict[str, list[float]] = {name: [] for name in engines}
        of_reference: list[float] = []
        for n in track(range(rounds), "rendering", console=Console(stderr=True), transient=True):
            for name, engine in engines.items():
                turns = [(taken[name], standing), (morphing[name], morph[n])]
                for times, mix in turns if n % 2 else reversed(turns):
                    times.append(_timed(partial(engine.render, labels, mix)))
            if run_reference:
                of_reference.append(_timed(run_reference))
        medians = {name: float(np.median(ms)) for name, ms in taken.items()}
        result = {
            "side": side,
            "ms": {name: round(ms, 2) for name, ms in medians.items()},
            "p95_ms": {name: round(float(np.percentile(ms, 95)), 2) for name, ms in taken.items()},
            "morph_ratio": {
                name: round(float(np.median(ms)) / medians[name], 3) for name, ms in morphing.items()
            },
            "engines": {name: engine.describe() for name, engine in engines.items()},
            "missing": missing,
            "set": city_set.name,
            "rounds": rounds,
        }
        if run_reference:
            reference_ms = float(np.median(of_reference))
            result |= {
                "reference": described,
                "reference_ms": round(reference_ms, 2),
                "times_as_fast": {name: round(reference_ms / ms, 1) for name, ms in medians.items()},
            }
        return result


def _timed(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000.0


def _weights(cities: int, share: float) -> tuple[float, ...]:
    """From the first city to the last."""
    weights = [0.0] * cities
    weights[0] += 1.0 - share
    weights[-1] += share
    return tuple(weights)


def _opened_reference(labels: NDArray[np.uint8]) -> tuple[Callable[[], Any], str]:
    if labels.shape[0] % 256:
        raise UsageFault(f"--reference renders sides that are multiples of 256, not {labels.shape[0]}")
    try:
        opened = importlib.import_module("bench.reference").opened_reference
    except ModuleNotFoundError as error:
        raise DeviceFault(
            f"--reference needs {error.name}, which isn't here; in the project's folder, run: "
            "pip install '.[train]'"
        ) from None
    found: tuple[Callable[[], Any], str] = opened(labels, threads_for(0, os.cpu_count() or 1))
    return found


def _patchwork(side: int) -> NDArray[np.uint8]:
    """A map with all classes in it: convolutions take as long for any."""
    cells = np.random.default_rng(1).integers(
        len(CLASS_NAMES), size=(side // 16, side // 16), dtype=np.uint8
    )
    return cells.repeat(16, axis=0).repeat(16, axis=1)

"""Engines: what runs a city set's network on this machine."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.cityset import CitySet
from models.engines.base import Engine, threads_for
from models.engines.fitted import FittedEngine
from models.faults import DeviceFault, InputFault
from models.inputs import CELL, MIX_GRID

ENGINES: Final = {
    "tensorrt": ("models.engines.tensorrt", "TensorRtEngine"),
    "tensorrt-rtx": ("models.engines.tensorrt", "TensorRtRtxEngine"),
    "openvino": ("models.engines.openvino", "OpenVinoEngine"),
    "onnxruntime": ("models.engines.onnxruntime", "OnnxRuntimeEngine"),
}
"""Engine by name, the fastest first, each in a module of its own that is imported when it is asked for."""
_GPU_REMEDIES: Final = {
    "tensorrt": "an NVIDIA GPU and pip install 'invisible-cities[tensorrt]' bring it",
    "tensorrt-rtx": "an NVIDIA GPU and pip install 'invisible-cities[rtx]' bring it",
}


@dataclass(frozen=True, slots=True)
class OpenedEngine:
    """An engine that rendered a trial picture, and why faster ones were passed over (a sentence each)."""

    engine: Engine
    passed_over: tuple[str, ...] = ()


def open_engine(city_set: CitySet, side: int, name: str = "auto", threads: int = 0) -> OpenedEngine:
    """Open a city set at `side` (a multiple of 16) with the named engine, or with the fastest that works.

    A set whose card names the only side that it can render is rendered at that one, and its picture scaled.
    threads: 0 leaves one core free. Raises DeviceFault if no engine can be had on this machine, InputFault
    if all of them refuse the network.
    """
    if side % CELL:
        raise InputFault(f"side {side} is not a multiple of {CELL}; {round(side / CELL) * CELL} would do")
    wanted = list(ENGINES) if name == "auto" else [name]
    failures: list[str] = []
    absent = 0
    for candidate in wanted:
        try:
            engine = _open(candidate, city_set, side, threads_for(threads, os.cpu_count() or 1))
        except ImportError as error:
            absent += 1
            own = candidate.replace("-", "_")
            missing = isinstance(error, ModuleNotFoundError) and error.name == own
            reason = "is not installed" if missing else f"can't be imported ({_first_line(error)})"
            failures.append(f"{candidate} {reason}")
        except DeviceFault as fault:
            absent += 1
            failures.append(f"{candidate} can't be had ({fault})")
        except Exception as error:  # every library raises its own kind for a network that it refuses
            failures.append(f"{candidate} refuses the network ({_first_line(error)})")
        else:
            return OpenedEngine(engine, tuple(failures))
    reasons = "; ".join(failures)
    if absent == len(wanted):
        remedy = _GPU_REMEDIES.get(name, "install the program again")
        raise DeviceFault(f"no engine can be had: {reasons}; {remedy}")
    raise InputFault(f"{city_set.network} can't be run: {reasons}; is it a network of this program?")


def _open(name: str, city_set: CitySet, side: int, threads: int) -> Engine:
    module, kind = ENGINES[name]
    own = city_set.card.side or side
    engine: Engine = getattr(importlib.import_module(module), kind)(city_set, own, threads)
    if own != side:
        engine = FittedEngine(engine, side)
    # Only a picture proves that it works; the first one is also slower than the others.
    cities = len(city_set.names)
    mix = np.full((cities, MIX_GRID, MIX_GRID), 1.0 / cities, dtype=np.float32)
    try:
        picture = engine.render(np.zeros((side, side), dtype=np.uint8), mix)
        if picture.shape != (side, side, 3) or picture.dtype != np.uint8:
            raise ValueError(f"its picture is {picture.dtype} {picture.shape}")
    except BaseException:
        engine.close()  # another may take its place, and needs what it holds
        raise
    return engine


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [
        line for line in lines if line and not line.startswith("Exception from ")
    ]  # OpenVINO's own code
    return lines[0][:160] if lines else type(error).__name__

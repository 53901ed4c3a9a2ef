"""The engine on a GPU: on a simulated one always, on a real one where there is one (`pytest -m gpu`)."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.cityset import CARD, NETWORK, NETWORK_HALF, SHIPPED, CitySet, load_city_set, shipped_sets
from models.engines import open_engine
from models.faults import DeviceFault, InputFault
from models.inputs import MIX_GRID, fixed_inputs
from models.palette import BUILDING, GREEN, WATER
from tests.models.engines.api import uses
from tests.models.engines.bindings import ENGINES
from tests.support import require_module

cudart = require_module("cuda.bindings.runtime", extra="dev")

from models.engines import cuda as cuda_module  # noqa: E402
from models.engines import tensorrt as tensorrt_module  # noqa: E402
from models.engines.cuda import first_gpu  # noqa: E402
from tests.models.engines.simulated_gpu import SimulatedCuda, SimulatedTensorRt  # noqa: E402

SIDE = 64
BOTH = pytest.mark.parametrize("name", ["tensorrt", "tensorrt-rtx"])


@dataclass
class Simulation:
    cuda: SimulatedCuda
    trt: SimulatedTensorRt
    cache: Path


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Simulation:
    """A machine with a GPU and both kinds of TensorRT, and an empty cache."""
    cuda = SimulatedCuda()
    trt = SimulatedTensorRt(cuda)
    cache = tmp_path / "cache"
    monkeypatch.setattr(cuda_module, "cudart", cuda)
    monkeypatch.setattr(tensorrt_module, "build_plan", trt.build)
    monkeypatch.setattr(tensorrt_module, "cache_folder", lambda: cache)
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", trt)
    return Simulation(cuda, trt, cache)


@pytest.fixture(scope="module")
def small() -> CitySet:
    return load_city_set("small")


def drawing(side: int = SIDE) -> NDArray[np.uint8]:
    labels = np.zeros((side, side), np.uint8)
    labels[: side // 2, : side // 2] = BUILDING
    labels[: side // 2, side // 2 :] = GREEN
    labels[side // 2 :, side // 2 :] = WATER
    return labels


def alone(city_set: CitySet, city: int) -> NDArray[np.float32]:
    mix = np.zeros((len(city_set.names), MIX_GRID, MIX_GRID), np.float32)
    mix[city] = 1.0
    return mix


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int_]:
    difference: NDArray[np.int_] = np.abs(one.astype(int) - other.astype(int))
    return difference


@BOTH
def test_it_draws_what_the_network_draws(gpu: Simulation, small: CitySet, name: str) -> None:
    engine = open_engine(small, SIDE, name).engine
    reference = open_engine(small, SIDE, "onnxruntime").engine
    first = engine.render(drawing(), alone(small, 0))
    kept = first.copy()
    for city in range(len(small.names)):
        for labels in (drawing(), drawing().T.copy()):
            wanted = reference.render(labels, alone(small, city))
            assert apart(engine.render(labels, alone(small, city)), wanted).max() <= 1
    assert (first == kept).all(), "a later picture must not be written over an earlier one"
    assert len(gpu.trt.built) == 1, "cities are changed by the mix"


@BOTH
def test_only_labels_and_mix_go_up_and_only_the_picture_comes_down(
    gpu: Simulation, small: CitySet, name: str
) -> None:
    engine = open_engine(small, SIDE, name).engine
    gpu.cuda.events.clear()
    engine.render(drawing(), alone(small, 1))
    cities = len(small.names)
    moved = [f"up {4 * cities * (SIDE // 16) ** 2}", f"up {SIDE * SIDE}", f"down {3 * SIDE * SIDE}"]
    assert sorted(event for event in gpu.cuda.events if event[:2] in ("up", "do")) == sorted(moved)
    order = [event.split()[0] for event in gpu.cuda.events]
    recorded = ["launch"] if name == "tensorrt" else []  # TensorRT for RTX records within itself
    assert order == [*recorded, "up", "up", "draw", "down"]


@BOTH
def test_what_stays_goes_up_once(gpu: Simulation, small: CitySet, name: str) -> None:
    engine = open_engine(small, SIDE, name).engine
    for _ in range(3):
        engine.render(drawing(), alone(small, 1))
    for array in fixed_inputs(small, SIDE).values():
        assert gpu.cuda.events.count(f"up {array.nbytes}") == 1
    assert gpu.cuda.flags == cudart.cudaDeviceScheduleBlockingSync


@BOTH
def test_closing_frees_everything(gpu: Simulation, small: CitySet, name: str) -> None:
    engine = open_engine(small, SIDE, name).engine
    assert gpu.cuda.on_gpu
    assert gpu.cuda.pinned
    engine.close()
    engine.close()
    assert not gpu.cuda.on_gpu
    assert not gpu.cuda.pinned
    assert not gpu.cuda.handles


@BOTH
def test_failing_to_open_frees_everything(gpu: Simulation, small: CitySet, name: str) -> None:
    gpu.trt.takes_places = False
    with pytest.raises(InputFault, match="takes no place for"):
        open_engine(small, SIDE, name)
    assert not gpu.cuda.on_gpu
    assert not gpu.cuda.pinned
    assert not gpu.cuda.handles


def test_a_plan_is_built_once_for_each_gpu_side_and_version(gpu: Simulation, small: CitySet) -> None:
    def opened(side: int = SIDE) -> int:
        open_engine(small, side, "tensorrt").engine.close()
        return len(gpu.trt.built)

    assert opened() == 1
    assert opened() == 1
    assert gpu.trt.built == [f"building small at {SIDE} for NVIDIA Simulated 1, once"]
    assert opened(side=2 * SIDE) == 2
    gpu.trt.__version__ = "11.5"
    assert opened() == 3
    gpu.cuda.name = "NVIDIA Simulated 2"
    assert opened() == 4
    assert opened() == 4
    assert gpu.trt.timings == [b"", b"timings 1", b"", b""], "timings are of one GPU and version"


@pytest.mark.parametrize("damage", ["cut", "emptied", "of another driver"])
def test_a_plan_that_can_not_be_used_is_built_again(gpu: Simulation, small: CitySet, damage: str) -> None:
    open_engine(small, SIDE, "tensorrt").engine.close()
    (plan,) = gpu.cache.glob("*.plan")
    content = plan.read_bytes()
    if damage == "of another driver":
        gpu.trt.unloadable.add(content[32:])
    else:
        plan.write_bytes(content[:-9] if damage == "cut" else b"")
    engine = open_engine(small, SIDE, "tensorrt").engine
    assert len(gpu.trt.built) == 2
    assert engine.render(drawing(), alone(small, 0)).std() > 5
    open_engine(small, SIDE, "tensorrt").engine.close()
    assert len(gpu.trt.built) == 2


def test_a_cache_that_can_not_be_written_is_done_without(gpu: Simulation, small: CitySet) -> None:
    gpu.cache.write_text("a file where the folder should be")
    for builds in (1, 2):
        assert open_engine(small, SIDE, "tensorrt").engine.render(drawing(), alone(small, 0)).std() > 5
        assert len(gpu.trt.built) == builds


def test_tensorrt_for_rtx_records_itself_and_keeps_its_kernels(gpu: Simulation, small: CitySet) -> None:
    open_engine(small, SIDE, "tensorrt-rtx").engine.close()
    config = gpu.trt.contexts[0].config
    assert config is not None
    assert config.cuda_graph_strategy == "whole graph"
    assert config.runtime_cache is config
    assert gpu.trt.kernels == []
    open_engine(small, SIDE, "tensorrt-rtx").engine.close()
    assert gpu.trt.kernels == [b"kernels"]


@BOTH
@pytest.mark.usefixtures("gpu")
def test_it_says_what_it_is(name: str, tmp_path: Path) -> None:
    title = {"tensorrt": "TensorRT", "tensorrt-rtx": "TensorRT for RTX"}[name]
    folder = Path(shutil.copytree(SHIPPED / "small", tmp_path / "mine"))
    (folder / NETWORK_HALF).unlink(missing_ok=True)
    card = json.loads((folder / CARD).read_text())
    card["files"].pop(NETWORK_HALF, None)
    (folder / CARD).write_text(json.dumps(card))
    engine = open_engine(load_city_set(folder), SIDE, name).engine
    assert engine.name == name
    assert engine.describe() == f"{title} 11.4, NVIDIA Simulated 1, single precision"


def test_the_half_network_is_taken_where_there_is_one(gpu: Simulation, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "small", tmp_path / "mine"))
    network = (folder / NETWORK).read_bytes()
    half = network + b"\x1a\x00" * 3  # the same network, of another checksum
    (folder / NETWORK_HALF).write_bytes(half)
    card = json.loads((folder / CARD).read_text())
    card["files"][NETWORK_HALF] = hashlib.sha256(half).hexdigest()
    (folder / CARD).write_text(json.dumps(card))
    engine = open_engine(load_city_set(folder), SIDE, "tensorrt").engine
    assert engine.describe().endswith(", half precision")
    (plan,) = gpu.cache.glob("*.plan")
    assert plan.name.startswith(hashlib.sha256(half).hexdigest()[:16])
    assert "-half-" in plan.name


@BOTH
def test_the_fastest_that_works_is_taken(
    gpu: Simulation, small: CitySet, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "tensorrt-rtx":
        monkeypatch.setitem(sys.modules, "tensorrt", None)
    opened = open_engine(small, SIDE)
    assert opened.engine.name == name
    assert len(opened.passed_over) == (name == "tensorrt-rtx")
    assert gpu.trt.built


def fall_back(small: CitySet, name: str) -> str:
    """Why OpenVINO is taken in place of a TensorRT."""
    opened = open_engine(small, SIDE)
    assert opened.engine.name == "openvino"
    (reason,) = [reason for reason in opened.passed_over if reason.startswith(f"{name} ")]
    return reason


@BOTH
def test_without_a_gpu_the_cpu_is_taken(gpu: Simulation, small: CitySet, name: str) -> None:
    gpu.cuda.driver = cudart.cudaError_t.cudaErrorInsufficientDriver
    reason = fall_back(small, name)
    why = "no GPU: CUDA driver version is insufficient for CUDA runtime version"
    assert reason == f"{name} can't be had ({why})"
    extra = {"tensorrt": "tensorrt", "tensorrt-rtx": "rtx"}[name]
    with pytest.raises(DeviceFault) as caught:
        open_engine(small, SIDE, name)
    remedy = f"an NVIDIA GPU and pip install 'invisible-cities[{extra}]' bring it"
    assert str(caught.value) == f"no engine can be had: {reason}; {remedy}"


@BOTH
def test_a_build_that_fails_is_no_end(
    gpu: Simulation, small: CitySet, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("it can't take the operator Det")

    monkeypatch.setattr(tensorrt_module, "build_plan", refuse)
    reason = fall_back(small, name)
    assert reason == f"{name} refuses the network (it can't take the operator Det)"
    assert not gpu.cuda.handles


@BOTH
@pytest.mark.usefixtures("gpu")
def test_a_library_whose_parts_are_missing_is_no_end(
    small: CitySet, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = name.replace("-", "_")
    (tmp_path / f"{module}.py").write_text(
        "raise OSError('libnvinfer.so.11: cannot open shared object file')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx" if module == "tensorrt" else "tensorrt", None)
    reason = fall_back(small, name)
    missing = "libnvinfer.so.11: cannot open shared object file"
    assert reason == f"{name} can't be had ({module} doesn't load: {missing})"


def test_all_that_is_used_of_cuda_is_in_it() -> None:
    found = uses([ENGINES / "cuda.py"], cudart, ("cudart",), {"properties": "cudaDeviceProp"})
    assert {"cudaGraphLaunch", "cudaMemcpyAsync", "cudaDeviceProp.name"} <= found.used
    assert not found.wrong


@pytest.mark.gpu
@BOTH
@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("shipped", shipped_sets())
def test_a_real_gpu_draws_what_onnx_runtime_draws(
    name: str, side: int, shipped: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tensorrt_module, "cache_folder", lambda: tmp_path)
    city_set = load_city_set(shipped)
    try:
        first_gpu()
        engine = open_engine(city_set, side, name).engine
    except DeviceFault as fault:  # hardware, or the classic TensorRT, which isn't on PyPI
        pytest.skip(str(fault))
    reference = open_engine(city_set, side, "onnxruntime").engine
    pictures = []
    for city in range(len(city_set.names)):
        mix = 0.75 * alone(city_set, city) + 0.25 * alone(city_set, 0)
        pictures.append(engine.render(drawing(side), mix))
        off = apart(pictures[-1], reference.render(drawing(side), mix))
        assert off.mean() < 1.0
        assert np.percentile(off, 99.9) <= 8
    engine.close()
    again = open_engine(city_set, side, name).engine
    assert (again.render(drawing(side), alone(city_set, 0)) == pictures[0]).all(), (
        "from the plan that is kept"
    )

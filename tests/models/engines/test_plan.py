"""Building for TensorRT: real engines, by TensorRT for RTX, which needs no GPU for it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.progress import Progress

from models.cityset import NETWORK, NETWORK_HALF, CitySet, load_city_set, shipped_sets
from models.engines import plan as plan_module
from models.engines.base import feed
from models.engines.plan import (
    PlanKey,
    Shapes,
    build_plan,
    cache_folder,
    keep,
    kept,
    logger,
    read_network,
)
from models.inputs import MIX_GRID, NOISE_CHANNELS, PATTERN_CHANNELS, fixed_inputs
from tests.models.engines.bindings import compile_stubs, fetch, used_of, used_of_classic
from tests.support import require_module

AMPERE = (8, 6)
TARGETS = [(7, 5), AMPERE, (8, 9), (12, 0)]

RTX_ONLY = {
    "ComputeCapability",
    "CudaGraphStrategy",
    "IBuilderConfig.num_compute_capabilities",
    "IBuilderConfig.set_compute_capability",
    "IRuntimeConfig.create_runtime_cache",
    "IRuntimeConfig.cuda_graph_strategy",
    "IRuntimeConfig.set_runtime_cache",
}
"""What only TensorRT for RTX has; the engine asks no other for it."""


@pytest.fixture(scope="module")
def trt() -> ModuleType:
    return require_module("tensorrt_rtx", extra="dev")


def shapes_of(city_set: CitySet, side: int) -> Shapes:
    cities = len(city_set.names)
    changing = feed(
        np.zeros((side, side), np.uint8), np.full((cities, MIX_GRID, MIX_GRID), 1 / cities, np.float32)
    )
    return {name: array.shape for name, array in {**fixed_inputs(city_set, side), **changing}.items()}


def shipped_networks() -> list[tuple[CitySet, str]]:
    sets = [load_city_set(name) for name in shipped_sets()]
    return [(s, file) for s in sets for file in (NETWORK, NETWORK_HALF) if s.file(file)]


def parsed(trt: ModuleType, onnx: bytes, shapes: Shapes) -> Any:
    """A network as TensorRT has it before it builds, with what must live as long."""
    log = logger(trt)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    read_network(trt, network, onnx, shapes, log)
    return network, builder, log


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize(
    ("city_set", "file"),
    [pytest.param(s, file, id=f"{s.name}/{file}") for s, file in shipped_networks()],
)
def test_every_shipped_network_is_built(
    trt: ModuleType, city_set: CitySet, file: str, side: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = city_set.file(file)
    assert path is not None
    onnx, shapes = path.read_bytes(), shapes_of(city_set, side)
    assert len(build_plan(trt, onnx, shapes, AMPERE).plan) > len(onnx) / 2
    assert capfd.readouterr() == ("", ""), "nothing is printed where nobody looks"
    network, *_ = parsed(trt, onnx, shapes)
    (picture,) = [network.get_output(n) for n in range(network.num_outputs)]
    assert (tuple(picture.shape), picture.dtype) == ((1, side, side, 3), trt.uint8)


@pytest.mark.parametrize("target", TARGETS)
def test_a_plan_is_built_for_the_gpu_that_will_run_it(trt: ModuleType, target: tuple[int, int]) -> None:
    city_set = load_city_set(shipped_sets()[0])
    assert build_plan(trt, city_set.network.read_bytes(), shapes_of(city_set, 64), target).plan


def test_a_gpu_that_it_does_not_know_is_refused(trt: ModuleType) -> None:
    city_set = load_city_set(shipped_sets()[0])
    with pytest.raises(ValueError, match="builds for no GPU of kind SM90; tensorrt may"):
        build_plan(trt, city_set.network.read_bytes(), shapes_of(city_set, 64), (9, 0))


def test_a_network_in_half_precision_computes_in_half_precision(trt: ModuleType, tmp_path: Path) -> None:
    torch = require_module("torch", extra="train")
    from models.generator import Generator, GeneratorShape
    from models.training.export import export_onnx

    torch.set_num_threads(1)
    export_onnx(Generator(GeneratorShape(cities=2, width=8)), tmp_path / NETWORK_HALF, half=True)
    onnx = (tmp_path / NETWORK_HALF).read_bytes()
    shapes = {
        "labels": (1, 256, 256),
        "noise": (1, NOISE_CHANNELS, 64, 64),
        "patterns": (2, PATTERN_CHANNELS, 64, 64),
        "mix": (1, 2, 16, 16),
    }
    network, *_ = parsed(trt, onnx, shapes)
    inputs = [network.get_input(n) for n in range(network.num_inputs)]
    assert {t.name: t.dtype for t in inputs} == {
        name: trt.uint8 if name == "labels" else trt.float32 for name in shapes
    }
    kinds: dict[Any, Counter[Any]] = {}
    for layer in (network.get_layer(n) for n in range(network.num_layers)):
        made = [layer.get_output(n).dtype for n in range(layer.num_outputs)]
        kinds.setdefault(layer.type, Counter()).update(made)
    assert kinds[trt.LayerType.CONVOLUTION].keys() == {trt.float16}
    assert kinds[trt.LayerType.CONVOLUTION].total() >= 20
    assert kinds[trt.LayerType.ACTIVATION].keys() == {trt.float16}
    assert kinds[trt.LayerType.RESIZE][trt.float16] >= 2
    assert len(build_plan(trt, onnx, shapes, AMPERE).plan) > len(onnx) / 2


def test_an_operator_that_it_lacks_is_refused_with_the_reason(trt: ModuleType) -> None:
    helper = require_module("onnx", extra="train").helper
    kinds = require_module("onnx", extra="train").TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["labels"], ["index"], to=kinds.FLOAT),
            helper.make_node("Det", ["index"], ["picture"]),
        ],
        "determinant",
        [helper.make_tensor_value_info("labels", kinds.UINT8, [1, 64, 64])],
        [helper.make_tensor_value_info("picture", kinds.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    with pytest.raises(ValueError, match=r"can't take the operator Det \(unsupported node"):
        build_plan(trt, model.SerializeToString(), {"labels": (1, 64, 64)}, AMPERE)


@pytest.mark.parametrize("content", [b"", b"not a network at all", None])
def test_what_is_no_network_is_refused(trt: ModuleType, content: bytes | None) -> None:
    city_set = load_city_set(shipped_sets()[0])
    onnx = city_set.network.read_bytes()[:-5000] if content is None else content
    with pytest.raises(ValueError, match="ONNX"):
        build_plan(trt, onnx, shapes_of(city_set, 64), AMPERE)


def test_a_network_of_other_inputs_is_refused(trt: ModuleType) -> None:
    city_set = load_city_set(shipped_sets()[0])
    onnx, shapes = city_set.network.read_bytes(), dict(shapes_of(city_set, 64))
    with pytest.raises(ValueError, match=r"mix is \(1, \d+, -1, -1\) in it, not \(1, 99, 4, 4\)"):
        build_plan(trt, onnx, {**shapes, "mix": (1, 99, 4, 4)}, AMPERE)
    del shapes["noise"]
    with pytest.raises(ValueError, match="it takes 'noise', which this program doesn't make"):
        build_plan(trt, onnx, shapes, AMPERE)


class Interrupted(Progress):
    """A bar at which somebody presses Ctrl-C when the building begins."""

    steps = 0

    def update(self, *_: Any, **__: Any) -> None:
        Interrupted.steps += 1
        if Interrupted.steps == 1:
            raise KeyboardInterrupt


def test_ctrl_c_ends_a_build(trt: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "Progress", Interrupted)
    city_set = load_city_set(shipped_sets()[0])
    with pytest.raises(KeyboardInterrupt):
        build_plan(trt, city_set.network.read_bytes(), shapes_of(city_set, 64), AMPERE)
    assert Interrupted.steps < 10, "of hundreds"


KEY = PlanKey(
    library="tensorrt",
    version="11.4.0.106",
    gpu="NVIDIA GeForce RTX 4070",
    capability=(8, 9),
    network=hashlib.sha256(b"a network").hexdigest(),
    side=512,
    precision="half",
)


@pytest.mark.parametrize(
    "other",
    [
        {"library": "tensorrt_rtx"},
        {"version": "10.16.1.11"},
        {"gpu": "NVIDIA GeForce RTX 4080"},
        {"capability": (8, 6)},
        {"network": hashlib.sha256(b"another").hexdigest()},
        {"side": 256},
        {"precision": "single"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_plan_is_kept_for_what_it_was_built_for(other: dict[str, Any]) -> None:
    changed = replace(KEY, **other)
    assert changed.name != KEY.name
    assert changed.kernels_name != KEY.kernels_name
    assert (changed.timings_name == KEY.timings_name) == (other.keys() <= {"network", "side", "precision"})


def test_the_name_of_a_plan_is_a_plain_one() -> None:
    assert replace(KEY, network="0" * 64, gpu="../Ü GPU (x)").name == (
        "0000000000000000-512-half-tensorrt-11.4.0.106-..-gpu-x-sm89.plan"
    )


def test_what_was_kept_is_found_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "a.plan"
    assert kept(path) is None
    assert keep(path, b"plan" * 1000)
    assert kept(path) == b"plan" * 1000
    assert keep(path, b"newer")
    assert kept(path) == b"newer"
    assert [p.name for p in path.parent.iterdir()] == ["a.plan"], "no part of it lies about"
    for damaged in (b"", b"plan", path.read_bytes()[:-1], path.read_bytes()[:-1] + b"?"):
        path.write_bytes(damaged)
        assert kept(path) is None


def test_a_cache_that_can_not_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert not keep(tmp_path / "cache" / "a.plan", b"plan")
    assert kept(tmp_path / "cache" / "a.plan") is None


def test_plans_lie_in_the_cache_of_the_user() -> None:
    assert cache_folder().is_absolute()
    assert "invisible-cities" in cache_folder().parts


def test_all_that_is_used_of_tensorrt_for_rtx_is_in_it(trt: ModuleType) -> None:
    found = used_of(trt)
    assert {"Builder.build_serialized_network", "IExecutionContext.execute_async_v3"} <= found.used
    assert len(found.used) >= 45
    assert not found.wrong


@pytest.mark.parametrize(
    "requirement", ["tensorrt-cu12-bindings==10.12.0.36", "tensorrt-cu13-bindings==11.4.0.106"]
)
def test_all_that_is_used_of_classic_tensorrt_is_in_it(
    requirement: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    bindings = pytestconfig.cache.mkdir(requirement)
    version = requirement.split("==")[1]
    major = int(version.split(".")[0])
    fetch(requirement, bindings)
    compile_stubs(tmp_path, major)
    found = used_of_classic(bindings, tmp_path, major)
    assert found["version"] == version
    assert {"Builder.build_serialized_network", "IExecutionContext.execute_async_v3"} <= set(found["used"])
    assert len(found["used"]) >= 45
    assert set(found["wrong"]) == RTX_ONLY
    assert found["reason"] == "the reason"
    assert found["monitor"]

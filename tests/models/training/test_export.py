"""The exported network, in both precisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from tests.support import require_module

torch = require_module("torch", extra="train")

from models.generator import Generator, GeneratorShape  # noqa: E402 - torch comes first
from models.training.export import export_onnx  # noqa: E402

SIDE = 128


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> tuple[ort.InferenceSession, ort.InferenceSession]:
    """A generator in single and in half precision."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = Generator(GeneratorShape(cities=3, width=16)).eval()
    with torch.no_grad():
        generator.to_rgb.weight.mul_(3.0)  # about as much contrast as a trained one has
    folder = tmp_path_factory.mktemp("networks")
    for name, half in (("single.onnx", False), ("half.onnx", True)):
        export_onnx(generator, folder / name, half=half)
    assert generator.to_rgb.weight.dtype == torch.float32, "the generator itself stays as it is"
    assert _size(folder / "half.onnx") < 0.7 * _size(folder / "single.onnx")
    single, half_ = (
        ort.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
        for name in ("single.onnx", "half.onnx")
    )
    return single, half_


def _size(path: Path) -> int:
    return path.stat().st_size


def inputs_of(network: ort.InferenceSession) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]]:
    """Labels of all classes, an even mix, and chance for whatever else it takes."""
    rng = np.random.default_rng(4)
    cells = {"cells": SIDE // 16, "4*cells": SIDE // 4, "16*cells": SIDE}
    made: dict[str, NDArray[np.uint8] | NDArray[np.float32]] = {}
    for port in network.get_inputs():
        shape = [cells[d] if isinstance(d, str) else d for d in port.shape]
        if port.name == "labels":
            blocks = rng.integers(0, 5, (1, SIDE // 16, SIDE // 16), dtype=np.uint8)
            made["labels"] = blocks.repeat(16, axis=1).repeat(16, axis=2)
        elif port.name == "mix":
            made["mix"] = np.full(shape, 1.0 / shape[1], np.float32)
        else:
            made[port.name] = np.abs(rng.standard_normal(shape, dtype=np.float32))
    return made


def test_half_precision_draws_the_same_within_a_few_grey_levels(
    networks: tuple[ort.InferenceSession, ort.InferenceSession],
) -> None:
    single, half = (network.run(None, inputs_of(network))[0].astype(int) for network in networks)
    assert single.shape == (1, SIDE, SIDE, 3)
    assert single.std() > 20
    off = np.abs(single - half)
    assert off.max() <= 4
    assert off.mean() < 0.5


def test_both_precisions_take_and_give_the_same_types(
    networks: tuple[ort.InferenceSession, ort.InferenceSession],
) -> None:
    single, half = ([(p.name, p.type, p.shape) for p in n.get_inputs() + n.get_outputs()] for n in networks)
    assert single == half
    types = {name: kind for name, kind, _ in half}
    assert (types.pop("labels"), types.pop("picture")) == ("tensor(uint8)", "tensor(uint8)")
    assert set(types.values()) == {"tensor(float)"}

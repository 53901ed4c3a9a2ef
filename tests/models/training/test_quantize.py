from __future__ import annotations

import pytest

from tests.support import require_module

for module in ("torch", "nncf"):
    require_module(module, extra="train")

from models.cityset import load_city_set  # noqa: E402
from models.training.quantize import LEAST_DB, SENSITIVE, Gate, exact_nodes  # noqa: E402


@pytest.mark.parametrize(("db", "passed"), [(LEAST_DB, True), (LEAST_DB - 0.1, False)])
def test_the_worst_city_decides(db: float, passed: bool) -> None:
    gate = Gate({"venice": 50.0, "turin": db})
    assert gate.passed is passed
    assert f"turin {db} dB" in gate.sentence
    assert ("single precision" in gate.sentence) is not passed


def test_most_convolutions_are_quantized_and_nothing_else() -> None:
    onnx = require_module("onnx", extra="train")
    network = onnx.load(load_city_set("small").network)
    exact = set(exact_nodes(network))
    convolutions = [node for node in network.graph.node if node.op_type == "Conv"]
    quantized = [node for node in convolutions if node.name not in exact]
    assert len(quantized) > len(convolutions) / 2
    assert not any(part in name for node in quantized for name in node.input for part in SENSITIVE)
    assert all(
        node.name in exact for node in network.graph.node if node.op_type not in ("Conv", "Constant")
    )

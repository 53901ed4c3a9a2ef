"""City sets with a network so plain that every pixel of its picture is known."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.cityset import CARD, NETWORK, SHIPPED, CitySet, load_city_set
from tests.support import require_module

CPU_ENGINES = ("openvino", "onnxruntime")
"""Those that need no GPU."""


def made_set(folder: Path, side: int = 0, inputs: Mapping[str, str] = {}, city: str = "") -> CitySet:
    """A set whose network paints labels in grey (class × 50) and takes further inputs without using them.

    inputs: shapes by name, such as {"mix": "1,4,s,s"}. city: the name of its only one; empty: four of
    the shipped set's.
    """
    onnx = require_module("onnx", extra="train")
    helper, kinds = onnx.helper, onnx.TensorProto
    shutil.copytree(SHIPPED / "small", folder)
    span: int | str = side or "side"
    table = np.repeat(np.arange(5, dtype=np.uint8)[:, None] * 50, 3, axis=1)
    values = [
        helper.make_tensor_value_info(
            name, kinds.FLOAT, [int(n) if n.isdecimal() else n for n in shape.split(",")]
        )
        for name, shape in inputs.items()
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["labels"], ["index"], to=kinds.INT32),
            helper.make_node("Gather", ["table", "index"], ["picture"]),
        ],
        "grey",
        [helper.make_tensor_value_info("labels", kinds.UINT8, [1, span, span]), *values],
        [helper.make_tensor_value_info("picture", kinds.UINT8, [1, span, span, 3])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / NETWORK)
    card = json.loads((folder / CARD).read_text())
    card["side"] = side
    card["cities"] = [card["cities"][0] | {"name": city}] if city else card["cities"][:4]
    card["files"] = {NETWORK: hashlib.sha256((folder / NETWORK).read_bytes()).hexdigest()}
    (folder / CARD).write_text(json.dumps(card))
    return load_city_set(folder)

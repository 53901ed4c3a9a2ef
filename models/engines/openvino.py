"""OpenVINO on the CPU: the fastest engine without a GPU, and the least troubled by busy neighbours."""

from __future__ import annotations

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines.base import check_inputs, describe, feed
from models.inputs import CELL, fixed_inputs


class OpenVinoEngine:
    """See `models.engines.base.Engine`."""

    name = "openvino"

    def __init__(self, city_set: CitySet, side: int, threads: int) -> None:
        self.side = side
        self._threads = threads
        self._network = city_set.cpu_network
        core = ov.Core()
        model = core.read_model(self._network)
        fixed = fixed_inputs(city_set, side)
        shapes = {name: list(array.shape) for name, array in fixed.items()} | {
            "labels": [1, side, side],
            "mix": [1, len(city_set.names), side // CELL, side // CELL],
        }
        self._declared = {port.any_name for port in model.inputs}
        check_inputs(self._declared, shapes)
        for port in model.inputs:
            wanted = ov.PartialShape(shapes[port.any_name])
            if not port.partial_shape.compatible(wanted):  # it would be forced into the shape
                raise ValueError(f"{port.any_name} is {port.partial_shape} in it, not {wanted}")
        # Fixed sizes let OpenVINO plan all memory at once.
        model.reshape({name: shapes[name] for name in self._declared})
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()
        for name in self._declared & fixed.keys():
            self._request.set_tensor(name, ov.Tensor(fixed[name]))  # a copy, which the request keeps

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        changing = {name: array for name, array in feed(labels, mix).items() if name in self._declared}
        picture: NDArray[np.uint8] = self._request.infer(changing)[0][0].copy()
        return picture

    def describe(self) -> str:
        return describe("OpenVINO", ov.__version__, self._network, self._threads)

    def close(self) -> None:
        self.__dict__.pop("_request", None)

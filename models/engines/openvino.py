"""OpenVINO on the CPU: the fastest engine without a GPU, and the least troubled by busy neighbours."""

from __future__ import annotations

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines.base import describe, feed
from models.inputs import CELL, NOISE_CHANNELS, noise_field


class OpenVinoEngine:
    """See `models.engines.base.Engine`."""

    name = "openvino"

    def __init__(self, city_set: CitySet, side: int, threads: int) -> None:
        self.side = side
        self._threads = threads
        core = ov.Core()
        model = core.read_model(city_set.network)
        # Fixed sizes let OpenVINO plan all memory at once.
        model.reshape(
            {
                "labels": [1, side, side],
                "noise": [1, NOISE_CHANNELS, side // 4, side // 4],
                "mix": [1, len(city_set.names), side // CELL, side // CELL],
            }
        )
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()
        self._noise = noise_field(side)

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._request.infer(feed(labels, self._noise, mix))[0][0].copy()
        return picture

    def describe(self) -> str:
        return describe("OpenVINO", ov.__version__, self._threads)

    def close(self) -> None:
        self.__dict__.pop("_request", None)

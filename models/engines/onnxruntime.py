"""ONNX Runtime on the CPU: half the size of OpenVINO on disk, and the fallback where that doesn't run."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines.base import describe, feed
from models.inputs import noise_field


class OnnxRuntimeEngine:
    """See `models.engines.base.Engine`."""

    name = "onnxruntime"

    def __init__(self, city_set: CitySet, side: int, threads: int) -> None:
        self.side = side
        self._threads = threads
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Its threads would otherwise spin while they wait, on cores that camera and projector need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(city_set.network), options, providers=["CPUExecutionProvider"]
        )
        self._noise = noise_field(side)

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._session.run(None, feed(labels, self._noise, mix))[0][0]
        return picture

    def describe(self) -> str:
        return describe("ONNX Runtime", ort.__version__, self._threads)

    def close(self) -> None:
        self.__dict__.pop("_session", None)

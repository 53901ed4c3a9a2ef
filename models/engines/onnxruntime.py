"""ONNX Runtime on the CPU: half the size of OpenVINO on disk, and the fallback where that doesn't run."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.cityset import CitySet
from models.engines.base import check_inputs, describe, feed
from models.inputs import fixed_inputs


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
        # Not the quantized one, which takes half as long again here: it multiplies in f32 all the same.
        self._network = city_set.network
        self._session = ort.InferenceSession(
            str(self._network), options, providers=["CPUExecutionProvider"]
        )
        fixed = fixed_inputs(city_set, side)
        self._declared = {port.name for port in self._session.get_inputs()}
        check_inputs(self._declared, {"labels", "mix", *fixed})
        self._fixed = {
            name: ort.OrtValue.ortvalue_from_numpy(fixed[name]) for name in self._declared & fixed.keys()
        }

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        changing = {name: array for name, array in feed(labels, mix).items() if name in self._declared}
        picture: NDArray[np.uint8] = self._session.run(None, self._fixed | changing)[0][0]
        return picture

    def describe(self) -> str:
        return describe("ONNX Runtime", ort.__version__, self._network, self._threads)

    def close(self) -> None:
        self.__dict__.pop("_session", None)

"""Reading a picture back as a map, by a segmenter that was taught by photographs only.

`models/training/segmenter.py` says how it is trained; the network carries what it was trained on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

SEGMENTER: Final = Path(__file__).parent / "segmenter.onnx"
CELL: Final = 16
"""Its pictures' sides are multiples of this."""


class SegmenterReader:
    """The segmenter, open."""

    def __init__(self, path: Path = SEGMENTER, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    @property
    def facts(self) -> dict[str, Any]:
        """How it was trained, and on what."""
        facts: dict[str, Any] = json.loads(self._session.get_modelmeta().custom_metadata_map["facts"])
        return facts

    def read(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The class of each pixel, uint8 (S, S), of a picture uint8 (S, S, 3) RGB; S a multiple of 16."""
        classes: NDArray[np.uint8] = self._session.run(None, {"picture": picture[None]})[0][0]
        return classes

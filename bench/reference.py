"""The reference as it is run where it is trained: pix2pix's U-Net in PyTorch eager."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.reference import map_tensor, reference_generator

_TRIES: Final = 3
_LAYOUTS: Final = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def opened_reference(labels: NDArray[np.uint8], threads: int) -> tuple[Callable[[], Any], str]:
    """A call that runs it once on a map, uint8 (S, S), and what it is, in words.

    Its weights are random, which takes as long as any. What it is given lies ready as a tensor, and what it
    makes stays one, unlike with our engines; of the two layouts of memory it has the faster.
    """
    torch.set_num_threads(threads)
    generator = reference_generator().eval()

    def ready(layout: torch.memory_format) -> Callable[[], Any]:
        generator.to(memory_format=layout)  # type: ignore[call-overload]
        taken = map_tensor(labels).contiguous(memory_format=layout)

        def run() -> Any:
            with torch.inference_mode():
                return generator(taken)

        return run

    tried = {name: _milliseconds(ready(layout)) for name, layout in _LAYOUTS.items()}
    best = min(tried, key=lambda name: tried[name])
    words = f"pix2pix U-Net, PyTorch {torch.__version__.split('+')[0]} eager, {best}"
    return ready(_LAYOUTS[best]), f"{words}, {threads} thread{'s' if threads > 1 else ''}"


def _milliseconds(run: Callable[[], Any]) -> float:
    run()
    taken = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun) * 1000.0)
    return float(np.median(taken))

"""The little of CUDA that an engine needs: a GPU, memory on both sides, one stream, one graph.

NVIDIA's own bindings are used (`cuda-bindings`), so that the stage needs no torch. Written without a GPU:
every name and the number of its arguments are checked against the genuine bindings, and the order of the
calls against a GPU that the tests simulate.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from cuda.bindings import runtime as cudart
from numpy.typing import DTypeLike, NDArray

from models.faults import DeviceFault


@dataclass(frozen=True, slots=True)
class Gpu:
    """name: 'NVIDIA GeForce RTX 4070'. capability: (8, 9), what its code is compiled for."""

    name: str
    capability: tuple[int, int]


def first_gpu() -> Gpu:
    """The GPU that CUDA takes if none is chosen. Raises DeviceFault if there is none, or no driver."""
    try:
        _done(cudart.cudaGetDeviceCount())
        # A waiting thread would otherwise spin, on a core that camera and projector need.
        _done(cudart.cudaSetDeviceFlags(cudart.cudaDeviceScheduleBlockingSync))
        properties = _done(cudart.cudaGetDeviceProperties(0))
    except RuntimeError as error:  # also the bindings' own, where there is no driver at all
        raise DeviceFault(f"no GPU: {error}") from None
    return Gpu(properties.name.decode(), (properties.major, properties.minor))


class Stream:
    """Work for the GPU, one thing after another, and the memory and the graph that it works with."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        # Not the default stream, which waits for everything else on the GPU and can't be recorded.
        self._stream = _done(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking))
        self._closing.callback(cudart.cudaStreamDestroy, self._stream)

    @property
    def handle(self) -> int:
        """The stream's address, for TensorRT."""
        return int(self._stream)

    def on_gpu(self, nbytes: int) -> int:
        """The address of new memory on the GPU."""
        address = int(_done(cudart.cudaMalloc(nbytes)))
        self._closing.callback(cudart.cudaFree, address)
        return address

    def on_host(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of this process that the GPU reads and writes by itself; not to be used once closed."""
        nbytes = math.prod(shape) * np.dtype(dtype).itemsize
        address = int(_done(cudart.cudaHostAlloc(nbytes, cudart.cudaHostAllocDefault)))
        self._closing.callback(cudart.cudaFreeHost, address)
        held = (ctypes.c_uint8 * nbytes).from_address(address)
        return np.ctypeslib.as_array(held).view(dtype).reshape(shape)

    def upload(self, gpu: int, host: NDArray[Any]) -> None:
        """Copy an array to the GPU, after what the stream has to do already; the array must live on."""
        self._copy(gpu, host.ctypes.data, host.nbytes, cudart.cudaMemcpyKind.cudaMemcpyHostToDevice)

    def download(self, host: NDArray[Any], gpu: int) -> None:
        """Copy an array from the GPU, after what the stream has to do already."""
        self._copy(host.ctypes.data, gpu, host.nbytes, cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost)

    def _copy(self, to: int, source: int, nbytes: int, kind: Any) -> None:
        _done(cudart.cudaMemcpyAsync(to, source, nbytes, kind, self._stream))

    def recorded(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record what `work` gives the stream to do, without doing it; what is returned has it done, at the
        cost of one call."""
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _done(cudart.cudaStreamBeginCapture(self._stream, mode))
        try:
            work()
        finally:
            answer = cudart.cudaStreamEndCapture(self._stream)
        graph = _done(answer)
        try:
            ready = _done(cudart.cudaGraphInstantiate(graph, 0))
        finally:
            cudart.cudaGraphDestroy(graph)
        self._closing.callback(cudart.cudaGraphExecDestroy, ready)

        def launch() -> None:
            _done(cudart.cudaGraphLaunch(ready, self._stream))

        return launch

    def wait(self) -> None:
        """Until all is done that the stream was given."""
        _done(cudart.cudaStreamSynchronize(self._stream))

    def close(self) -> None:
        """Free everything; may be called twice."""
        self._closing.close()


def _done(answer: tuple[Any, ...]) -> Any:
    """What a call of CUDA returned beside its status. Raises RuntimeError in CUDA's words if it failed."""
    status, *values = answer
    if status != cudart.cudaError_t.cudaSuccess:
        _, text = cudart.cudaGetErrorString(status)
        raise RuntimeError(text.decode())
    return values[0] if values else None

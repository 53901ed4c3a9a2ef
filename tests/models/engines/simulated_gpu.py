"""A GPU that isn't there: CUDA's calls on plain memory, and a TensorRT that lets ONNX Runtime draw.

It is strict where a GPU is: nothing is done before somebody waits for it, a copy has to stay within memory
that is still allocated, and what is recorded may only touch pinned memory. Names and enums are the genuine
ones of `cuda.bindings`; that the calls exist and take these arguments, `tests.models.engines.api` checks.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.engines.plan import BuiltPlan, Shapes
from tests.support import require_module

cudart = require_module("cuda.bindings.runtime", extra="dev")

OK = (cudart.cudaError_t.cudaSuccess,)
STREAM, GRAPH, READY = 7, 8, 9
"""Handles."""


@dataclass
class SimulatedCuda:
    """Stands in for `cuda.bindings.runtime`.

    events: what the GPU did, in order: 'up N' and 'down N' with the number of bytes, 'draw', 'launch'.
    """

    name: str = "NVIDIA Simulated 1"
    capability: tuple[int, int] = (8, 6)
    driver: Any = OK[0]
    events: list[str] = field(default_factory=list)
    on_gpu: dict[int, Any] = field(default_factory=dict)
    pinned: dict[int, Any] = field(default_factory=dict)
    handles: set[int] = field(default_factory=set)
    flags: int = 0
    _queue: list[Callable[[], None]] = field(default_factory=list)
    _recording: list[Callable[[], None]] | None = None
    _recorded: list[Callable[[], None]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        value = getattr(cudart, name)
        assert isinstance(value, (int, type)), f"the simulated GPU has no {name}"
        return value

    def cudaGetErrorString(self, status: Any) -> Any:  # noqa: N802 - these are CUDA's names
        return cudart.cudaGetErrorString(status)

    def cudaGetDeviceCount(self) -> Any:  # noqa: N802
        return (self.driver, 1 if self.driver == OK[0] else None)

    def cudaSetDeviceFlags(self, flags: int) -> Any:  # noqa: N802
        self.flags = flags
        return OK

    def cudaGetDeviceProperties(self, device: int) -> Any:  # noqa: N802
        assert device == 0
        major, minor = self.capability
        return (*OK, SimpleNamespace(name=self.name.encode(), major=major, minor=minor))

    def cudaStreamCreateWithFlags(self, flags: int) -> Any:  # noqa: N802
        assert flags == cudart.cudaStreamNonBlocking
        self.handles.add(STREAM)
        return (*OK, cudart.cudaStream_t(STREAM))

    def cudaStreamDestroy(self, stream: Any) -> Any:  # noqa: N802
        self.handles.remove(int(stream))
        return OK

    def cudaMalloc(self, nbytes: int) -> Any:  # noqa: N802
        return (*OK, self._allocated(self.on_gpu, nbytes))

    def cudaFree(self, address: int) -> Any:  # noqa: N802
        del self.on_gpu[address]
        return OK

    def cudaHostAlloc(self, nbytes: int, flags: int) -> Any:  # noqa: N802
        assert flags == cudart.cudaHostAllocDefault
        return (*OK, self._allocated(self.pinned, nbytes))

    def cudaFreeHost(self, address: int) -> Any:  # noqa: N802
        del self.pinned[address]
        return OK

    def cudaMemcpyAsync(self, to: int, source: int, nbytes: int, kind: Any, stream: Any) -> Any:  # noqa: N802
        assert int(stream) in self.handles
        up = kind == cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        gpu, host = (to, source) if up else (source, to)
        assert len(self.on_gpu[gpu]) == nbytes
        if self._recording is not None or not up:
            assert len(self.pinned[host]) == nbytes

        def copy() -> None:
            assert gpu in self.on_gpu
            ctypes.memmove(to, source, nbytes)
            self.events.append(f"{'up' if up else 'down'} {nbytes}")

        return self.enqueue(copy)

    def cudaStreamBeginCapture(self, stream: Any, mode: Any) -> Any:  # noqa: N802
        assert int(stream) in self.handles
        assert not self._queue, "the stream is at work"
        assert mode == cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._recording = []
        return OK

    def cudaStreamEndCapture(self, stream: Any) -> Any:  # noqa: N802
        assert int(stream) in self.handles
        assert self._recording is not None
        self._recorded, self._recording = self._recording, None
        self.handles.add(GRAPH)
        return (*OK, GRAPH)

    def cudaGraphInstantiate(self, graph: int, flags: int) -> Any:  # noqa: N802
        assert (graph, flags) == (GRAPH, 0)
        self.handles.add(READY)
        return (*OK, READY)

    def cudaGraphDestroy(self, graph: int) -> Any:  # noqa: N802
        self.handles.remove(graph)
        return OK

    def cudaGraphExecDestroy(self, ready: int) -> Any:  # noqa: N802
        self.handles.remove(ready)
        return OK

    def cudaGraphLaunch(self, ready: int, stream: Any) -> Any:  # noqa: N802
        assert {ready, int(stream)} <= self.handles
        self.enqueue(lambda: self.events.append("launch"))
        self._queue += self._recorded
        return OK

    def cudaStreamSynchronize(self, stream: Any) -> Any:  # noqa: N802
        assert int(stream) in self.handles
        assert self._recording is None
        queue, self._queue = self._queue, []
        for work in queue:
            work()
        return OK

    def enqueue(self, work: Callable[[], None]) -> Any:
        """Give the stream something to do, or record it."""
        (self._queue if self._recording is None else self._recording).append(work)
        return OK

    def array(self, address: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """What lies in the GPU's memory."""
        return np.frombuffer(self.on_gpu[address], dtype=dtype).reshape(shape)

    @staticmethod
    def _allocated(memory: dict[int, Any], nbytes: int) -> int:
        held = (ctypes.c_uint8 * nbytes)(*[0xAA] * min(nbytes, 64))
        memory[ctypes.addressof(held)] = held
        return ctypes.addressof(held)


@dataclass
class SimulatedTensorRt:
    """Stands in for `tensorrt` and `tensorrt_rtx`, and for `build_plan`.

    built: the titles of the builds. timings: what each was given of earlier ones. unloadable: plans that
    the runtime refuses. takes_places: whether it takes addresses. contexts: those that were made. kernels:
    those that TensorRT for RTX was given from an earlier run.
    """

    cuda: SimulatedCuda
    __version__: str = "11.4.0.106"
    built: list[str] = field(default_factory=list)
    timings: list[bytes] = field(default_factory=list)
    unloadable: set[bytes] = field(default_factory=set)
    takes_places: bool = True
    contexts: list[SimulatedContext] = field(default_factory=list)
    kernels: list[bytes] = field(default_factory=list)

    CudaGraphStrategy = SimpleNamespace(WHOLE_GRAPH_CAPTURE="whole graph")
    nptype = staticmethod(np.dtype)

    class ILogger:
        ERROR = 1

    def build(
        self,
        trt: Any,
        onnx: bytes,
        shapes: Shapes,
        capability: tuple[int, int],
        *,
        timings: bytes,
        title: str,
    ) -> BuiltPlan:
        assert trt is self
        assert capability == self.cuda.capability
        self.built.append(title)
        self.timings.append(timings)
        head = json.dumps({"shapes": shapes, "build": len(self.built)}).encode()
        return BuiltPlan(head + b"\n" + onnx, b"timings %d" % len(self.built))

    def Runtime(self, log: Any) -> SimulatedTensorRt:  # noqa: N802
        assert isinstance(log, self.ILogger)
        return self

    def deserialize_cuda_engine(self, plan: bytes) -> SimulatedEngine | None:
        return None if plan in self.unloadable else SimulatedEngine(self, plan)


class SimulatedEngine:
    """A plan that was loaded: ONNX Runtime's session of the network in it."""

    def __init__(self, trt: SimulatedTensorRt, plan: bytes) -> None:
        head, onnx = plan.split(b"\n", 1)
        self.trt = trt
        self.session = ort.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        shapes = {name: tuple(shape) for name, shape in json.loads(head)["shapes"].items()}
        side = shapes["labels"][1]
        self.places: dict[str, tuple[tuple[int, ...], str]] = {
            port.name: (
                shapes[port.name],
                {"tensor(uint8)": "uint8", "tensor(float)": "float32"}[port.type],
            )
            for port in self.session.get_inputs()
        }
        self.places["picture"] = (1, side, side, 3), "uint8"
        self.num_io_tensors = len(self.places)

    def get_tensor_name(self, index: int) -> str:
        return list(self.places)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.places[name][0]

    def get_tensor_dtype(self, name: str) -> str:
        return self.places[name][1]

    def create_execution_context(self, config: SimulatedRuntimeConfig | None = None) -> SimulatedContext:
        context = SimulatedContext(self, config)
        self.trt.contexts.append(context)
        return context

    def create_runtime_config(self) -> SimulatedRuntimeConfig:
        return SimulatedRuntimeConfig(self.trt)


class SimulatedRuntimeConfig:
    """What only TensorRT for RTX has: its own graph, and kernels that are kept from run to run."""

    def __init__(self, trt: SimulatedTensorRt) -> None:
        self.trt = trt
        self.cuda_graph_strategy = "none"
        self.runtime_cache: Any = None

    def create_runtime_cache(self) -> SimulatedRuntimeConfig:
        return self

    def set_runtime_cache(self, cache: Any) -> bool:
        self.runtime_cache = cache
        return True

    def deserialize(self, kernels: bytes) -> bool:
        self.trt.kernels.append(kernels)
        return False

    def serialize(self) -> bytes:
        assert "draw" in self.trt.cuda.events, "nothing is compiled before the first run"
        return b"kernels"


class SimulatedContext:
    """Draws what lies at the places that it was given."""

    def __init__(self, engine: SimulatedEngine, config: SimulatedRuntimeConfig | None) -> None:
        self.engine = engine
        self.config = config
        self.addresses: dict[str, int] = {}

    def set_tensor_address(self, name: str, address: int) -> bool:
        assert address in self.engine.trt.cuda.on_gpu
        self.addresses[name] = address
        return self.engine.trt.takes_places

    def execute_async_v3(self, stream: int) -> bool:
        cuda = self.engine.trt.cuda
        assert stream in cuda.handles
        assert self.addresses.keys() == self.engine.places.keys()

        def draw() -> None:
            arrays = {
                name: cuda.array(self.addresses[name], *at) for name, at in self.engine.places.items()
            }
            picture = arrays.pop("picture")
            picture[...] = self.engine.session.run(None, arrays)[0]
            cuda.events.append("draw")

        cuda.enqueue(draw)
        return True

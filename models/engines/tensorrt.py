"""TensorRT on an NVIDIA GPU: the classic one, and TensorRT for RTX, which installs from PyPI alone.

    labels, mix ───▶ pinned memory ───▶ GPU ─┐
    noise, patterns (once, at opening) ──────┴▶ plan ──▶ pinned memory ──▶ picture

The network's types are kept as they were exported (strongly typed), so half precision is that of the set's
half network. All cities are in the one plan: the mix says which of them show, and nothing is built again.
A picture is one recorded graph; classic TensorRT is recorded here, TensorRT for RTX records itself.

No GPU was at hand when this was written. Building was run with TensorRT for RTX (`models.engines.plan`);
what runs on the GPU was checked name by name against NVIDIA's bindings, and against a GPU that the tests
simulate. `pytest -m gpu` compares its pictures with ONNX Runtime's on a machine that has one.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from models.cityset import NETWORK_HALF, CitySet
from models.engines.base import feed
from models.engines.cuda import Stream, first_gpu
from models.engines.plan import PlanKey, Shapes, build_plan, cache_folder, keep, kept, logger
from models.faults import DeviceFault
from models.inputs import MIX_GRID, fixed_inputs

PICTURE: Final = "picture"
"""The network's output."""

Arrays = dict[str, NDArray[Any]]


class TensorRtEngine:
    """See `models.engines.base.Engine`. Raises DeviceFault if library or GPU can't be had."""

    name: str = "tensorrt"
    module: ClassVar[str] = "tensorrt"
    title: ClassVar[str] = "TensorRT"

    def __init__(self, city_set: CitySet, side: int, _threads: int) -> None:
        self.side = side
        try:
            self._trt = importlib.import_module(self.module)
        except OSError as error:  # it is installed, and the libraries that it loads aren't
            raise DeviceFault(f"{self.module} doesn't load: {error}") from None
        self._gpu = first_gpu()
        half = city_set.file(NETWORK_HALF)
        onnx = (half or city_set.network).read_bytes()
        self._key = PlanKey(
            library=self.module,
            version=self._trt.__version__,
            gpu=self._gpu.name,
            capability=self._gpu.capability,
            network=hashlib.sha256(onnx).hexdigest(),
            side=side,
            precision="half" if half else "single",
        )
        fixed = dict(fixed_inputs(city_set, side))
        cities = len(city_set.names)
        changing = feed(
            np.zeros((side, side), dtype=np.uint8),
            np.full((cities, MIX_GRID, MIX_GRID), 1.0 / cities, dtype=np.float32),
        )
        shapes = {name: array.shape for name, array in {**fixed, **changing}.items()}
        with ExitStack() as failed:
            self._stream = Stream()
            failed.callback(self.close)
            self._log = logger(self._trt)
            self._runtime = self._trt.Runtime(self._log)
            self._engine = self._load(
                onnx, shapes, f"building {city_set.name} at {side} for {self._gpu.name}, once"
            )
            self._context = self._execution_context()
            self._changing: dict[str, tuple[NDArray[Any], int]] = {}
            self._bind(fixed, dict(changing))
            # TensorRT prepares itself when it first runs, which can't be recorded.
            self._draw()
            self._stream.wait()
            self._launch = self._recorded()
            failed.pop_all()

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        arrays = feed(labels, mix)
        for name, (host, _) in self._changing.items():
            host[...] = arrays[name]
        self._launch()
        self._stream.wait()
        picture: NDArray[np.uint8] = self._picture[0].copy()
        return picture

    def describe(self) -> str:
        version = ".".join(self._key.version.split(".")[:2])
        return f"{self.title} {version}, {self._gpu.name}, {self._key.precision} precision"

    def close(self) -> None:
        self._stream.close()
        for part in ("_launch", "_context", "_config", "_kernels", "_engine", "_runtime"):
            self.__dict__.pop(part, None)

    def _load(self, onnx: bytes, shapes: Shapes, title: str) -> Any:
        """The engine from the plan that is kept, else from one that is built."""
        plan = kept(cache_folder() / self._key.name)
        engine = self._runtime.deserialize_cuda_engine(plan) if plan else None
        if engine is not None:
            return engine
        timings = kept(cache_folder() / self._key.timings_name) or b""
        built = build_plan(self._trt, onnx, shapes, self._gpu.capability, timings=timings, title=title)
        keep(cache_folder() / self._key.name, built.plan)
        if built.timings:
            keep(cache_folder() / self._key.timings_name, built.timings)
        engine = self._runtime.deserialize_cuda_engine(built.plan)
        if engine is None:
            raise ValueError(self._log.reason or f"{self.title} doesn't load the engine that it built")
        return engine

    def _execution_context(self) -> Any:
        return self._engine.create_execution_context()

    def _bind(self, fixed: Arrays, changing: Arrays) -> None:
        """Give every input and the picture their places; send up what stays."""
        picture = np.empty((1, self.side, self.side, 3), dtype=np.uint8)
        known = {**fixed, **changing, PICTURE: picture}
        for index in range(self._engine.num_io_tensors):
            name = self._engine.get_tensor_name(index)
            shape = tuple(self._engine.get_tensor_shape(name))
            dtype = np.dtype(self._trt.nptype(self._engine.get_tensor_dtype(name)))
            if name not in known or (shape, dtype) != (known[name].shape, known[name].dtype):
                raise ValueError(f"its {name!r} of {dtype} {shape} is nothing that this program knows")
            address = self._stream.on_gpu(known[name].nbytes)
            if name in fixed:
                self._stream.upload(address, fixed[name])
            elif name in changing:
                self._changing[name] = self._stream.on_host(shape, dtype), address
            else:
                self._picture, self._picture_on_gpu = self._stream.on_host(shape, dtype), address
            if not self._context.set_tensor_address(name, address):
                raise ValueError(self._log.reason or f"{self.title} takes no place for {name!r}")
        self._stream.wait()  # until what was sent up has left its array

    def _draw(self) -> None:
        """Everything that the GPU has to do for one picture."""
        for host, on_gpu in self._changing.values():
            self._stream.upload(on_gpu, host)
        if not self._context.execute_async_v3(self._stream.handle):
            raise RuntimeError(self._log.reason or f"{self.title} doesn't run, and doesn't say why")
        self._stream.download(self._picture, self._picture_on_gpu)

    def _recorded(self) -> Callable[[], None]:
        return self._stream.recorded(self._draw)


class TensorRtRtxEngine(TensorRtEngine):
    """TensorRT for RTX: it compiles its kernels when a plan first runs, and they are kept as well."""

    name = "tensorrt-rtx"
    module = "tensorrt_rtx"
    title = "TensorRT for RTX"

    def _execution_context(self) -> Any:
        self._config = self._engine.create_runtime_config()
        self._config.cuda_graph_strategy = self._trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._kernels = self._config.create_runtime_cache()
        if before := kept(cache_folder() / self._key.kernels_name):
            self._kernels.deserialize(before)  # it says no to those for another driver, and goes on without
        self._config.set_runtime_cache(self._kernels)
        return self._engine.create_execution_context(self._config)

    def _recorded(self) -> Callable[[], None]:
        keep(cache_folder() / self._key.kernels_name, bytes(memoryview(self._kernels.serialize())))
        return self._draw

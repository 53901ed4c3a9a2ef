"""Building a TensorRT engine from a network, and keeping it.

TensorRT calls a built engine a plan. It is good for one network at one side on one kind of GPU with one
version of the library: `PlanKey`. This module needs no GPU: TensorRT for RTX builds for any of its GPUs
without one, which the tests do with every shipped network. The classic TensorRT times its kernels on the
GPU that it builds for; that could not be run where this was written, and was checked name by name against
NVIDIA's bindings.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from models.engines.base import check_inputs

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each input of a network, by its name."""

_DIGEST: Final = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class PlanKey:
    """What a plan is good for.

    library, version: the TensorRT that built it. gpu, capability: the GPU's name and compute capability.
    network: sha256 of the ONNX file. side: of the picture. precision: 'half' or 'single'.
    """

    library: str
    version: str
    gpu: str
    capability: tuple[int, int]
    network: str
    side: int
    precision: str

    @property
    def name(self) -> str:
        """The plan's file."""
        return f"{self.network[:16]}-{self.side}-{self.precision}-{self._built_by}.plan"

    @property
    def timings_name(self) -> str:
        """The file of the timings that all plans for this GPU share."""
        return f"{self._built_by}.timings"

    @property
    def kernels_name(self) -> str:
        """The file of the kernels that TensorRT for RTX compiled when the plan first ran."""
        return f"{self.name}.kernels"

    @property
    def _built_by(self) -> str:
        major, minor = self.capability
        return re.sub(
            r"[^a-z0-9.]+", "-", f"{self.library} {self.version} {self.gpu} sm{major}{minor}".lower()
        )


@dataclass(frozen=True, slots=True)
class BuiltPlan:
    """plan: what the runtime loads. timings: of kernels, which make the next build faster; may be empty."""

    plan: bytes
    timings: bytes = b""


def cache_folder() -> Path:
    """Where plans are kept: the user's own folder for what can be made again."""
    return platformdirs.user_cache_path("invisible-cities", appauthor=False)


def kept(path: Path) -> bytes | None:
    """What `keep` wrote, or None if it isn't there or isn't whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[_DIGEST:]
    return body if content[:_DIGEST] == hashlib.sha256(body).digest() else None


def keep(path: Path, body: bytes) -> bool:
    """Write a file of the cache in one step; whether that could be done."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(hashlib.sha256(body).digest() + body)
        partial.replace(path)
    except OSError:  # the show doesn't fail for want of a cache
        with suppress(OSError):
            partial.unlink()
        return False
    return True


def build_plan(
    trt: ModuleType,
    onnx: bytes,
    shapes: Shapes,
    capability: tuple[int, int],
    *,
    timings: bytes = b"",
    title: str = "building the engine",
) -> BuiltPlan:
    """Build a network for one GPU, with a bar on the standard error.

    trt: `tensorrt` 10 or 11, or `tensorrt_rtx`. onnx: the network; its own types are kept, so that half
    precision is that of the file. shapes: of every input that it may have. capability: the GPU's; only
    TensorRT for RTX builds for another GPU than that of this machine. timings: of an earlier build. title:
    what the bar says.

    Raises ValueError with TensorRT's reason if it refuses the network.
    """
    log = logger(trt)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    read_network(trt, network, onnx, shapes, log)
    config = builder.create_builder_config()
    cache = None
    if _is_rtx(trt):
        config.num_compute_capabilities = 1
        config.set_compute_capability(_target(trt, capability), 0)
    else:
        cache = config.create_timing_cache(timings)
        if cache is None or not config.set_timing_cache(cache, ignore_mismatch=False):
            cache = config.create_timing_cache(b"")
            config.set_timing_cache(cache, ignore_mismatch=False)
    with _bar(title) as progress:
        monitor = _monitor(trt, progress)
        config.progress_monitor = monitor
        plan = builder.build_serialized_network(network, config)
    if monitor.interrupted:
        raise KeyboardInterrupt
    if plan is None:
        raise ValueError(log.reason or "no engine came of it, and TensorRT doesn't say why")
    return BuiltPlan(
        bytes(memoryview(plan)), b"" if cache is None else bytes(memoryview(cache.serialize()))
    )


def read_network(trt: ModuleType, network: Any, onnx: bytes, shapes: Shapes, log: Any) -> None:
    """Fill a TensorRT network from ONNX and fix the shapes of its inputs: then all of its shapes are known
    when it is built, and neither a profile nor a kernel for other shapes is needed.

    network: an empty `INetworkDefinition`. log: see `logger`. Raises ValueError as `build_plan`.
    """
    parser = trt.OnnxParser(network, log)
    if not parser.parse(onnx):
        raise ValueError(_parse_reason(parser) or log.reason or "it is no network in ONNX")
    if not network.num_outputs:  # the parser takes an empty file for an empty network
        raise ValueError("it is no network in ONNX")
    tensors = [network.get_input(index) for index in range(network.num_inputs)]
    check_inputs([tensor.name for tensor in tensors], shapes)
    for tensor in tensors:
        declared, shape = tuple(tensor.shape), shapes[tensor.name]
        if len(declared) != len(shape) or any(
            d not in (-1, s) for d, s in zip(declared, shape, strict=True)
        ):
            raise ValueError(f"{tensor.name} is {declared} in it, not {shape}")
        tensor.shape = shape


def _parse_reason(parser: Any) -> str:
    if not parser.num_errors:
        return ""
    error = parser.get_error(0)
    if not error.node_operator():
        return str(error.desc())
    kind = error.code().name.lower().replace("_", " ")
    return f"it can't take the operator {error.node_operator()} ({kind}: {error.desc()})"


def logger(trt: ModuleType) -> Any:
    """A logger of TensorRT's that prints nothing, and keeps the first error as its `reason`."""

    class Reasons(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.reason = ""

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.ERROR and not self.reason:
                self.reason = message

    return Reasons()


def _is_rtx(trt: ModuleType) -> bool:
    return hasattr(trt, "ComputeCapability")


def _target(trt: ModuleType, capability: tuple[int, int]) -> Any:
    name = "SM{}{}".format(*capability)
    try:
        return getattr(trt.ComputeCapability, name)
    except AttributeError:
        raise ValueError(
            f"TensorRT for RTX {trt.__version__} builds for no GPU of kind {name}; tensorrt may"
        ) from None


def _monitor(trt: ModuleType, progress: Progress) -> Any:
    """What TensorRT tells of its progress; called from threads of its own too, as `Progress` may be."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.interrupted = False
            self._tasks: dict[str, TaskID] = {}

        def phase_start(self, phase: str, _parent: str | None, steps: int) -> None:
            with self._interruptible():
                self._tasks[phase] = progress.add_task(phase, total=steps)

        def step_complete(self, phase: str, step: int) -> bool:
            with self._interruptible():
                if phase in self._tasks:
                    progress.update(self._tasks[phase], completed=step + 1)
            return not self.interrupted

        def phase_finish(self, phase: str) -> None:
            with self._interruptible():
                if phase in self._tasks:
                    progress.remove_task(self._tasks.pop(phase))

        @contextmanager
        def _interruptible(self) -> Iterator[None]:
            """Ctrl-C can't pass through TensorRT; the next step stops the build instead."""
            try:
                yield
            except KeyboardInterrupt:
                self.interrupted = True

    return Monitor()


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(title, total=None)
        yield progress

"""NVIDIA's own bindings of the classic TensorRT, imported where TensorRT's libraries are not.

The bindings are on PyPI, the libraries are not. The bindings ask them for nine functions, which a stub has;
so every class, enum and docstring is there, and nothing can be built.

    python -m tests.models.engines.bindings FOLDER STUBS MAJOR     imports the bindings in FOLDER and prints
                                                                   what our engine uses of them, as JSON
"""

from __future__ import annotations

import ctypes
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.models.engines.api import Uses, uses
from tests.support import missing, require_program

ENGINES = Path(__file__).resolve().parents[3] / "models" / "engines"
LIBRARIES = ("nvinfer", "nvonnxparser", "nvinfer_plugin")
STUB = """
void *createInferBuilder_INTERNAL(void *logger, int version) { return 0; }
void *createInferRefitter_INTERNAL(void *engine, void *logger, int version) { return 0; }
void *createInferRuntime_INTERNAL(void *logger, int version) { return 0; }
void *createNvOnnxParserRefitter_INTERNAL(void *refitter, void *logger, int version) { return 0; }
void *createNvOnnxParser_INTERNAL(void *network, void *logger, int version) { return 0; }
int getNvOnnxParserVersion(void) { return 0; }
void *getBuilderPluginRegistry(int capability) { return 0; }
void *getPluginRegistry(void) { return 0; }
int initLibNvInferPlugins(void *logger, const char *space) { return 1; }
"""
KNOWN = {
    "self._engine": "ICudaEngine",
    "self._context": "IExecutionContext",
    "self._config": "IRuntimeConfig",
    "self._kernels": "IRuntimeCache",
    "parser": "OnnxParser",
    "error": "ParserError",
}
"""The class of what the engine's files hold, where their code doesn't show it."""


def used_of(trt: ModuleType) -> Uses:
    """What the engine uses of a TensorRT."""
    return uses([ENGINES / "plan.py", ENGINES / "tensorrt.py"], trt, ("trt", "self._trt"), KNOWN)


def fetch(requirement: str, folder: Path) -> None:
    """Put a package from PyPI into a folder of its own, unless it is there."""
    if list(folder.glob("*.dist-info")):
        return
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ),
            *("--target", str(folder), requirement),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip doesn't say why"]
        missing(requirement, f"pip install {requirement} ({lines[-1]})")


def compile_stubs(folder: Path, major: int) -> None:
    """Make the libraries that the bindings of one major version load."""
    gcc = require_program("gcc", apt="gcc")
    source = folder / "stub.c"
    source.write_text(STUB)
    for name in LIBRARIES:
        file = f"lib{name}.so.{major}"
        subprocess.run(
            [
                gcc,
                "-shared",
                "-fPIC",
                "-nostdlib",
                "-w",
                f"-Wl,-soname,{file}",
                "-o",
                folder / file,
                source,
            ],
            check=True,
        )


def used_of_classic(folder: Path, stubs: Path, major: int) -> dict[str, Any]:
    """What the engine uses of the bindings in a folder, asked in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.engines.bindings", str(folder), str(stubs), str(major)],
        cwd=ENGINES.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main(folder: str, stubs: str, major: str) -> None:
    for name in LIBRARIES:
        ctypes.CDLL(str(Path(stubs) / f"lib{name}.so.{major}"), mode=ctypes.RTLD_GLOBAL)
    sys.path.insert(0, folder)
    trt = importlib.import_module("tensorrt_bindings")  # the package tensorrt is this one and the libraries
    found = used_of(trt)
    print(
        json.dumps(
            {
                "version": trt.__version__,
                "used": sorted(found.used),
                "wrong": sorted(found.wrong),
                "reason": _logged(trt),
                "monitor": _monitored(trt),
            }
        )
    )


def _logged(trt: ModuleType) -> str:
    """What our logger keeps of what TensorRT says."""
    from models.engines.plan import logger

    log = logger(trt)
    log.log(trt.ILogger.VERBOSE, "chatter")
    log.log(trt.ILogger.WARNING, "a warning")
    log.log(trt.ILogger.ERROR, "the reason")
    log.log(trt.ILogger.INTERNAL_ERROR, "what came of it")
    return str(log.reason)


def _monitored(trt: ModuleType) -> bool:
    """Whether our monitor of builds can be made."""
    from rich.progress import Progress

    from models.engines.plan import _monitor

    return isinstance(_monitor(trt, Progress()), trt.IProgressMonitor)


if __name__ == "__main__":
    main(*sys.argv[1:])

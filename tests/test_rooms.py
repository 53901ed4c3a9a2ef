"""The rooms of the house: imports run one way, and the stage knows nothing of training."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "models": ("models",),
    "calibration": ("calibration", *(f"models.{m}" for m in ("palette", "faults", "files", "tomlfile"))),
    "live": ("live", "calibration", "models", "bench.command"),  # the command line has `cities bench`
    "bench": ("bench", "live", "calibration", "models"),
}
"""What each room may know of the rooms."""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also within its functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in files
        for module in imports(path)
        if module.split(".")[0] in MAY_IMPORT
        and not any(within(module, allowed) for allowed in MAY_IMPORT[room])
    }
    assert not wrong


FOR_A_GPU = ("models.engines.cuda", "models.engines.tensorrt")
"""Modules that are only imported when their engine is asked for, and need what an extra installs."""


def test_the_stage_runs_where_there_is_neither_torch_nor_a_gpu() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ("live", "calibration", "models/engines")
        for path in (ROOT / room).rglob("*.py")
        if path.stem != "__init__"
    ]
    modules = [module for module in modules if module not in FOR_A_GPU]
    assert "live.cli" in modules
    code = (
        "import importlib, sys\n"
        "for name in ('torch', 'cuda', 'tensorrt', 'tensorrt_rtx'): sys.modules[name] = None\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "assert 'models.training' not in sys.modules\n"
        "assert 'models.evaluation' not in sys.modules\n"
        "assert 'models.dataset' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

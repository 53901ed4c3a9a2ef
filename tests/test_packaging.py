"""The wheel: what is in it, and that it works away from the checkout."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.config import Settings, dump_settings
from tests.support import require_module

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("live", "models", "calibration", "bench")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_module("hatchling", extra="dev")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def cities(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `cities` of a fresh virtual environment that holds the wheel.

    The libraries are lent to it by the one that runs the tests. The checkout isn't: Python reads the .pth
    file of an editable installation only in its own site-packages.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, str(wheel)], check=True)
    find_site = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run(
        [python, "-c", find_site], capture_output=True, text=True, check=True
    ).stdout.strip()
    (Path(site) / "lent.pth").write_text(sysconfig.get_path("purelib"))
    return scripts / "cities"


def run(command: Path, *arguments: str, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_that_the_packages_hold_is_in_the_wheel(wheel: Path) -> None:
    there = set(zipfile.ZipFile(wheel).namelist())
    held = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    expected = {path.relative_to(ROOT).as_posix() for path in held if path.parent.name != "__pycache__"}
    assert "models/cities/small/model.onnx" in expected
    assert expected <= there
    assert {f"{package}/py.typed" for package in PACKAGES} <= there
    assert not [name for name in there if name.startswith("tests/")]


def test_the_stage_needs_neither_torch_nor_tensorrt(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    needs = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
    always = {re.split(r"[^\w-]", need)[0] for need in needs if "extra ==" not in need}
    assert {"numpy", "opencv-python-headless", "pygame-ce", "python-osc", "onnxruntime"} <= always
    assert not always & {
        "torch",
        "torchvision",
        "tensorrt",
        "tensorrt-rtx",
        "cuda-bindings",
        "onnx",
        "onnxscript",
    }


def test_the_wheel_brings_its_show_and_its_cities(cities: Path, tmp_path: Path) -> None:
    assert run(cities, "config", cwd=tmp_path) == dump_settings(Settings())
    assert "dubai" in json.dumps(json.loads(run(cities, "list", "--json", cwd=tmp_path)))
    where = run(cities.parent / "python", "-c", "import live; print(live.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(cities.parents[1])


def test_the_wheel_renders_a_city(cities: Path, tmp_path: Path) -> None:
    labels = np.full((64, 64, 3), 255, np.uint8)
    labels[:, 24:40] = (0, 0, 0)
    cv2.imwrite(str(tmp_path / "map.png"), labels)
    run(
        cities,
        "render",
        "map.png",
        "--labels",
        "--side",
        "64",
        "--city",
        "dubai",
        "-o",
        "out.png",
        cwd=tmp_path,
    )
    picture = cv2.imread(str(tmp_path / "out.png"))
    assert picture is not None
    assert picture.shape == (64, 64, 3)
    assert picture.std() > 0

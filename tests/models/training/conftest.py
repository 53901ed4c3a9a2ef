"""A small city of our own making, so that training is tested without any data set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.palette import PALETTE_RGB, paint


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two cities, each of eleven 96-pixel pairs, one brighter than the other."""
    rng = np.random.default_rng(3)
    for city, light in (("bright", 60), ("dark", -60)):
        for kind in ("images", "labels"):
            (tmp_path / city / kind).mkdir(parents=True)
        for n in range(11):
            cells = rng.integers(0, 5, (6, 6), dtype=np.uint8).repeat(16, axis=0).repeat(16, axis=1)
            photo = PALETTE_RGB[cells] * 0.4 + 75 + light + rng.normal(0, 8, (96, 96, 3))
            rgb = np.clip(photo, 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / city / "images" / f"{n}.png"), rgb[:, :, ::-1])
            cv2.imwrite(str(tmp_path / city / "labels" / f"{n}.png"), paint(cells)[:, :, ::-1])
    return tmp_path


@pytest.fixture
def sources(data: Path) -> Path:
    """The file that names those cities."""
    lines = ['title = "Two small cities"', "metres_per_pixel = 0.6"]
    for city in ("bright", "dark"):
        lines += [
            "[[city]]",
            f'folder = "{city}"',
            f'title = "{city.title()}"',
            "zoom = 1",
            'data = "made up"',
            'licence = "CC0"',
            'attribution = "nobody"',
        ]
    path = data / "sources.toml"
    path.write_text("\n".join(lines))
    return path

"""The segmenter of `cities evaluate` is trained by a command, and learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.segmenter import SegmenterReader
from tests.support import require_module

torch = require_module("torch", extra="train")

from models.training.command import main  # noqa: E402
from models.training.pairs import load_city  # noqa: E402
from models.training.segmenter import SegmenterTraining  # noqa: E402
from models.training.sources import load_sources  # noqa: E402


def test_a_command_makes_a_segmenter_that_says_what_it_was_taught_by(data: Path, sources: Path) -> None:
    path = data / "made" / "segmenter.onnx"
    words = f"--segmenter --data {data} --sources {sources} --out {path} --minutes 0.01 --threads 1"
    assert main(words.split()) == 0
    reader = SegmenterReader(path)
    assert reader.facts["steps"] >= 1
    assert reader.facts["data"].keys() == {"bright", "dark"}
    assert reader.facts["held_out"]["dark"] == ["4"]
    assert reader.read(np.zeros((128, 64, 3), np.uint8)).shape == (128, 64)


def test_it_learns_to_read_photographs_that_it_never_saw(data: Path, sources: Path) -> None:
    torch.set_num_threads(1)
    cities = [load_city(data / name, 1.0) for name in ("bright", "dark")]
    training = SegmenterTraining(cities)
    first = training.train_step()
    later = [training.train_step() for _ in range(16)]
    assert later[-1]["cross entropy"] < 0.8 * first["cross entropy"]
    training.save(data / "s.onnx", load_sources(sources))
    reader = SegmenterReader(data / "s.onnx")
    unseen = cities[0].held_out[0]
    read = reader.read(unseen.photo[:256, :256])
    assert (read == unseen.labels[:256, :256]).mean() > 0.5

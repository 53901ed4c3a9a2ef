"""The training as a person runs it, in small: two made-up cities, a few steps, the same command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.cityset import NETWORK_HALF, NETWORK_INT8, load_city_set
from models.engines import open_engine
from models.faults import InputFault
from models.inputs import MIX_GRID
from tests.support import require_module

torch = require_module("torch", extra="train")

from models.generator import Exportable, Generator, GeneratorShape  # noqa: E402
from models.inputs import PATTERN_SIDE, noise_field, pattern_fields  # noqa: E402
from models.training.command import main  # noqa: E402
from models.training.pairs import load_city  # noqa: E402
from models.training.patterns import quilt_patterns  # noqa: E402
from models.training.train import Training, TrainingOptions, read_metadata  # noqa: E402

OPTIONS = TrainingOptions(width=8, crop=64, batch=2, adversarial_from=2, threads=1)


@pytest.fixture
def training(data: Path, tmp_path: Path) -> Training:
    cities = [load_city(data / name, 1.0, smallest=64) for name in ("bright", "dark")]
    return Training(cities, np.stack([quilt_patterns(city.train) for city in cities]), tmp_path, OPTIONS)


def test_a_command_makes_a_set_that_every_engine_on_the_cpu_renders(data: Path, sources: Path) -> None:
    out = data / "out"
    words = f"--data {data} --out {out} --sources {sources} --size 8 --crop 64 --batch 2 --threads 1"
    assert main([*words.split(), "--minutes", "0.02"]) == 0
    assert main([*words.split(), "--minutes", "0"]) == 0  # once more from the checkpoint, without training
    made = load_city_set(out / "set")
    assert made.names == ("bright", "dark")
    assert made.card.training["steps"] >= 1
    assert made.card.training["held_out"]["dark"]
    gate = made.card.metrics["int8"]
    assert set(gate["db"]) == {"bright", "dark"}
    assert gate["passed"] == (min(gate["db"].values()) >= gate["least_db"])
    assert (made.file(NETWORK_INT8) is not None) == gate["passed"]
    assert made.file(NETWORK_HALF) is not None
    assert cv2.imread(str(out / "contact.png")) is not None
    mix = np.full((2, MIX_GRID, MIX_GRID), 0.5, np.float32)
    pictures = [
        open_engine(made, 96, name).engine.render(np.zeros((96, 96), np.uint8), mix).astype(int)
        for name in ("openvino", "onnxruntime")
    ]
    assert np.abs(pictures[0] - pictures[1]).max() <= 2


def test_steps_teach(training: Training) -> None:
    first = [training.train_step(training.sampler.batch(2)) for _ in range(3)]
    later = [training.train_step(training.sampler.batch(2)) for _ in range(25)]
    assert "adversarial" not in first[0]
    assert {"adversarial", "matching", "discriminator"} <= later[-1].keys()
    assert all(np.isfinite(list(losses.values())).all() for losses in later)
    assert np.mean([x["tone"] for x in later[-5:]]) < np.mean([x["tone"] for x in first])


def test_a_checkpoint_brings_everything_back(training: Training, tmp_path: Path) -> None:
    for _ in range(4):
        training.train_step(training.sampler.batch(2))
    training.save()
    assert json.loads(read_metadata(tmp_path / "checkpoint.safetensors")["cities"]) == ["bright", "dark"]
    again = Training(training.cities, training.patterns, tmp_path, OPTIONS)
    assert again.step == 4
    batch = training.sampler.batch(2)
    training.train_step(batch)
    again.train_step(batch)
    for name, value in training.generator.state_dict().items():
        assert torch.equal(value, again.generator.state_dict()[name]), name
    with pytest.raises(InputFault, match="of another training"):
        Training(training.cities[:1], training.patterns, tmp_path, OPTIONS)


def test_the_exported_graph_is_the_trained_network(tmp_path: Path) -> None:
    from models.training.export import export_onnx

    torch.manual_seed(0)
    generator = Generator(GeneratorShape(cities=3, width=8))
    export_onnx(generator, tmp_path / "g.onnx")
    session = require_module("onnxruntime", extra="train").InferenceSession(str(tmp_path / "g.onnx"))
    rng = np.random.default_rng(1)
    for side in (64, 160):
        labels = rng.integers(0, 5, (1, side, side), dtype=np.uint8)
        mix = rng.random((1, 3, side // 16, side // 16), dtype=np.float32)
        tiles = rng.integers(0, 256, (3, 3, PATTERN_SIDE, PATTERN_SIDE, 3), dtype=np.uint8)
        inputs = {
            "labels": labels,
            "noise": noise_field(side),
            "patterns": pattern_fields(tiles, side),
            "mix": mix,
        }
        (ran,) = session.run(None, inputs)
        with torch.no_grad():
            wanted = Exportable(generator)(*map(torch.from_numpy, inputs.values())).numpy()
        assert np.abs(ran.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_foreign_checkpoint_is_refused(training: Training, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(InputFault, match="is no checkpoint of a training"):
        Training(training.cities, training.patterns, tmp_path, OPTIONS)


@pytest.mark.parametrize(
    "words", ["--minutes nan", "--crop 1024", "--crop 100", "--seed -1", "--size 9", "--size huge"]
)
def test_options_out_of_range_are_refused(words: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "out"), *words.split()])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("CC0", ""), "licence must be a text"),
        (("zoom = 1", "zoom = 0"), "zoom must be a number"),
        (("zoom", "zom"), "unknown key 'zom'"),
        (("[[city]]", "[[town]]"), "names no"),
        (("title =", "title ="[:-1]), "is not TOML"),
        (("[[city]]", "city = [1]\n[[town]]"), "city must be tables"),
        (('folder = "dark"', 'folder = "The Dark"'), "can't be the name of its city"),
        (('folder = "dark"', 'folder = "venice"'), "venice/images holds no"),
    ],
)
def test_wrong_sources_are_refused_before_any_training(
    data: Path, sources: Path, change: tuple[str, str], sentence: str
) -> None:
    sources.write_text(sources.read_text().replace(*change))
    with pytest.raises(InputFault, match=sentence):
        main(["--data", str(data), "--out", str(data / "out"), "--sources", str(sources), "--minutes", "1"])
    assert not (data / "out").exists()

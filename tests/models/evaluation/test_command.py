"""`cities evaluate` as a person runs it, in small: the shipped set on two made-up pairs of a city."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.cli import main
from models.cityset import load_city_set
from models.palette import PALETTE_RGB, paint
from tests.support import require_module

torch = require_module("torch", extra="train")

from models.evaluation.features import WindowFeatures, window_groups  # noqa: E402
from models.training.pairs import CityPairs, load_pairs  # noqa: E402
from models.training.reference import ReferenceTraining  # noqa: E402

CITY = "las-vegas"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three pairs of one city which the shipped set was not trained on, two of another."""
    rng = np.random.default_rng(3)
    for city, count in ((CITY, 3), ("palm-springs", 2)):
        for kind in ("images", "labels"):
            (tmp_path / city / kind).mkdir(parents=True)
        for n in range(count):
            cells = rng.integers(0, 5, (8, 8), dtype=np.uint8).repeat(32, axis=0).repeat(32, axis=1)
            photo = PALETTE_RGB[cells] * 0.4 + 75 + rng.normal(0, 8, (256, 256, 3))
            cv2.imwrite(
                str(tmp_path / city / "images" / f"new{n}.png"), photo.clip(0, 255).astype(np.uint8)
            )
            cv2.imwrite(str(tmp_path / city / "labels" / f"new{n}.png"), paint(cells)[:, :, ::-1])
    return tmp_path


def test_a_set_is_judged_beside_the_reference(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = load_pairs(data / CITY, 1.0)
    ReferenceTraining(CityPairs(CITY, pairs[1:], pairs[:1])).save(data / "reference")
    words = f"evaluate --data {data} --reference {data / 'reference'} --contact {data / 'sheet.png'} --json"
    assert main(words.split()) == 0
    figures = json.loads(capsys.readouterr().out)
    assert {"set", "engine", "side", "reference", "cities", "diversity", "stability"} == figures.keys()
    assert figures["cities"].keys() == {CITY, "palm-springs"}
    city = figures["cities"][CITY]
    assert (city["crops"], city["pairs"]) == (3, 3)
    assert city["distance"]["ours"]["value"] > 0 < city["distance"]["reference"]["value"]
    assert city["distance"]["floor"] is None, "there is no pair that it was trained on"
    for kind in ("ours", "reference", "real"):
        assert 0.0 <= city["consistency"][kind]["iou"] <= city["consistency"][kind]["accuracy"] + 0.5
    assert figures["cities"]["palm-springs"]["consistency"]["reference"] is None
    assert figures["diversity"]["ours"]["perceptual"] > 0
    assert figures["diversity"]["reference"] is None
    assert figures["stability"]["ours"]["max"] <= 1
    sheet = cv2.imread(str(data / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (24 + 4 * 256, 4 * 256, 3)
    rows = sheet[24:].reshape(4, 256, 4, 256, 3)
    assert (rows[3, :, 1] == 0).all(), "nothing where there is no reference"
    assert rows[0, :, 1].std() > 0


def test_other_pictures_of_a_place_are_nearer_than_noise() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(4)
    smooth = [
        cv2.resize(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8), (128, 128)).astype(np.uint8)
        for _ in range(4)
    ]
    noise = [rng.integers(0, 255, (128, 128, 3), dtype=np.uint8) for _ in range(2)]
    features = WindowFeatures(smooth[:2])
    real, other, far = features.of(smooth[:2]), features.of(smooth[2:]), features.of(noise)
    assert real.shape == (len(window_groups([0, 1])), 112 + 320)
    assert np.linalg.norm(other.mean(axis=0)) < 0.5 * np.linalg.norm(far.mean(axis=0))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--side 100", "--side 100 must be a multiple of 32"),
        ("--side 288 --reference .", "multiples of 256"),
        ("--threads 0", "--threads 0"),
        ("--contact sheet.gif", "must end in .png or .jpg"),
        ("--contact {data}/nowhere/sheet.png", "there is no folder"),
        ("--set nowhere", "there is no city set 'nowhere'"),
        ("--data {data}/nowhere", "holds no folder of a city of small"),
        ("--reference {data}/nowhere", "holds no network of the reference"),
        ("--sources {data}/nowhere.toml", "nowhere.toml can't be read"),
    ],
)
def test_what_can_not_be_judged_is_one_sentence(
    data: Path, words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["evaluate", "--data", str(data), *words.format(data=data).split()])
    output = capsys.readouterr()
    assert code in (2, 3)
    assert said in output.err
    assert output.out == ""


def test_pairs_that_the_set_was_trained_on_do_not_judge_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained_on = load_city_set("small").card.training["trained_on"][CITY]
    for kind in ("images", "labels"):
        for n in range(3):
            path = data / CITY / kind / f"new{n}.png"
            path.rename(path.with_stem(trained_on[n]))
    assert main(["evaluate", "--data", str(data)]) == 3
    assert "of its 3 pairs none are new to small" in capsys.readouterr().err


def test_a_missing_torch_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("models.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["evaluate"]) == 4
    assert "`cities evaluate` needs torch" in capsys.readouterr().err

"""The benches measure what they say; how fast this machine is, no test judges."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from live.cli import main
from live.pictures import read_picture
from models.engines import ENGINES
from models.palette import CLASS_NAMES
from tests.support import require_module


def test_the_bench_of_the_show_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "show", "--side", "64", "--seconds", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"fps", "camera_fps", "dropped", "latency_ms", "stages_ms"} <= result.keys()
    assert result["latency_ms"]["p50"] <= result["latency_ms"]["p95"] <= result["latency_ms"]["max"]
    assert result["fps"] > 0
    frames = result["camera_fps"] * result["seconds"]
    assert abs(result["fps"] * result["seconds"] + result["dropped"] - frames) <= 3 + 0.05 * frames
    assert {"find", "rectify", "light", "inks", "settle", "generate", "output"} == result[
        "stages_ms"
    ].keys()
    assert abs(result["seconds"] - 2) < 1
    assert result["camera"].startswith("simulated sheet")


def test_the_bench_of_the_generator_prints_every_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "generator", "--side", "64", "--rounds", "3", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"openvino", "onnxruntime"} <= result["ms"].keys()
    assert all(ms > 0 for ms in result["ms"].values())
    assert result["ms"].keys() | result["missing"].keys() == ENGINES.keys()
    assert not result["ms"].keys() & result["missing"].keys()


def test_the_bench_of_the_generator_holds_the_engines_against_the_reference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require_module("torch", extra="train")
    words = "bench generator --side 256 --rounds 1 --engine onnxruntime --reference --json"
    assert main(words.split()) == 0
    result = json.loads(capsys.readouterr().out)
    assert "PyTorch" in result["reference"]
    assert result["times_as_fast"]["onnxruntime"] == pytest.approx(
        result["reference_ms"] / result["ms"]["onnxruntime"], rel=0.01, abs=0.06
    )
    assert result["morph_ratio"].keys() == {"onnxruntime"}


def test_the_reference_needs_torch_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "bench.reference", raising=False)
    words = "bench generator --side 256 --rounds 1 --engine onnxruntime --reference"
    assert main(words.split()) == 4
    assert "--reference needs torch" in capsys.readouterr().err


def test_a_side_that_the_reference_can_not_halve_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = "bench generator --side 320 --rounds 1 --engine onnxruntime --reference"
    assert main(words.split()) == 2
    assert "multiples of 256, not 320" in capsys.readouterr().err


def test_the_bench_of_the_generator_takes_the_engine_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "bench generator --side 64 --rounds 3 --engine onnxruntime --json"
    assert main(words.split()) == 0
    assert json.loads(capsys.readouterr().out)["ms"].keys() == {"onnxruntime"}


def test_the_bench_of_the_reading_judges_a_whole_drawing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "reading.md"
    words = f"bench reading --drawing letters --side 128 --fps 10 --seconds 4 --json --table {page}"
    assert main(words.split()) == 0
    result = json.loads(capsys.readouterr().out)
    letters = result["conditions"]["whole letters"]["ours"]
    assert letters["frames"] == 40
    assert 0.5 < letters["right"] <= letters["right_mean"] <= 1.0
    assert set(letters["right_by_class"]) == set(CLASS_NAMES)
    assert letters["ms"]["p50"] > 0
    text = page.read_text(encoding="utf-8")
    assert "| whole letters |" in text
    assert f"Written by `cities {words}`" in text, "the options that were really given"


def test_the_bench_of_the_reading_takes_the_conditions_that_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["bench", "reading", "--side", "64", "--fps", "5", "--seconds", "0.001", "--json"]
    assert main([*words, "--condition", "light ×4"]) == 0
    conditions = json.loads(capsys.readouterr().out)["conditions"]
    assert list(conditions) == ["light ×4"]
    assert conditions["light ×4"]["plain"]["frames"] == 1


def test_a_table_that_can_not_be_written_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "bench reading --condition usual --side 64 --fps 5 --seconds 0.001 --json --table"
    assert main([*words.split(), str(tmp_path / "no" / "reading.md")]) == 3
    assert "reading.md can't be written" in capsys.readouterr().err


def test_the_contact_sheet_shows_a_drawing_in_every_city(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "town.png"
    assert main(["bench", "contact", "-o", str(path), "--side", "64"]) == 0
    assert json.loads(capsys.readouterr().out)["drawing"] == "town"
    rows = read_picture(path)
    assert rows.shape == (3 * 64, 114 + 5 * 64, 3)
    assert (rows[128:, 114:178] != 255).mean() > 0.2, "the labels of the finished drawing"


def test_drawings_of_many_kinds_are_shown_in_every_city(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "drawings.png"
    assert main(["bench", "contact", "--drawings", "-o", str(path), "--side", "64"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {"thick strokes", "thin strokes", "lettering", "hatching"} <= set(shown["drawings"])
    height, width, _ = read_picture(path).shape
    assert width == 64 * (1 + len(shown["cities"]))
    assert height > 64 * len(shown["drawings"])


@pytest.mark.parametrize(
    "words",
    [
        "show --seconds 0",
        "reading --seed -1",
        "reading --condition weather",
        "reading --condition usual --drawing letters",
        "generator --side big",
        "singing",
    ],
)
def test_what_can_not_be_meant_is_refused(words: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", *words.split()])
    assert caught.value.code == 2


@pytest.mark.parametrize("bench", ["show", "generator", "reading"])
def test_a_side_that_no_show_can_have_is_refused(bench: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", bench, "--side", "100"]) == 2
    assert "engine.side is 100" in capsys.readouterr().err

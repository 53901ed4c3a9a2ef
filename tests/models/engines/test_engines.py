from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.cityset import CARD, NETWORK, NETWORK_INT8, CitySet, load_city_set
from models.engines import open_engine
from models.faults import DeviceFault, InputFault
from models.inputs import MIX_GRID
from models.palette import BUILDING, GREEN, ROAD, WATER
from tests.models.engines.networks import CPU_ENGINES, made_set

Labels = NDArray[np.uint8]
SIDE = 128


@pytest.fixture(scope="module")
def small() -> CitySet:
    return load_city_set("small")


def alone(city_set: CitySet, city: int) -> NDArray[np.float32]:
    mix = np.zeros((len(city_set.names), MIX_GRID, MIX_GRID), np.float32)
    mix[city] = 1.0
    return mix


def crossing(side: int = SIDE) -> Labels:
    """All five classes: a crossroads with a block of each kind in its quarters."""
    labels = np.zeros((side, side), np.uint8)
    half, road = side // 2, side // 16
    labels[:half, :half] = BUILDING
    labels[:half, half:] = GREEN
    labels[half:, half:] = WATER
    labels[half - road : half + road] = ROAD
    labels[:, half - road : half + road] = ROAD
    return labels


@pytest.mark.parametrize("name", CPU_ENGINES)
def test_the_same_drawing_gives_the_same_picture(small: CitySet, name: str) -> None:
    engine = open_engine(small, SIDE, name).engine
    first = engine.render(crossing(), alone(small, 0))
    kept = first.copy()
    other = engine.render(np.zeros((SIDE, SIDE), np.uint8), alone(small, 1))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert (first == kept).all(), "a later picture must not be written over an earlier one"
    assert (first != other).any()
    assert (engine.render(crossing(), alone(small, 0)) == kept).all()
    engine.close()
    engine.close()


def test_all_engines_make_the_same_picture(small: CitySet) -> None:
    single = dataclasses.replace(small, card=dataclasses.replace(small.card, metrics={}))  # precision
    pictures = [
        open_engine(single, SIDE, name).engine.render(crossing(), alone(small, 2)).astype(int)
        for name in CPU_ENGINES
    ]
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).max() <= 2


@pytest.mark.parametrize("city", range(4))
def test_in_8_bit_integers_the_eye_sees_no_difference(small: CitySet, city: int) -> None:
    assert small.cpu_network.name == NETWORK_INT8
    one, other = (
        open_engine(small, SIDE, name).engine.render(crossing(), alone(small, city)).astype(float)
        for name in ("openvino", "onnxruntime")
    )
    assert ((one - other) ** 2).mean() < 255.0**2 / 10 ** (35.0 / 10.0)


def test_a_stroke_in_a_corner_leaves_the_far_corner_alone(small: CitySet) -> None:
    engine = open_engine(small, 256).engine
    before = crossing(256)
    after = before.copy()
    after[:24, :24] = WATER
    one, two = (engine.render(labels, alone(small, 3)).astype(int) for labels in (before, after))
    assert np.abs(one - two)[-96:, -96:].max() <= 1
    assert np.abs(one - two)[:24, :24].mean() > 5


def test_cities_differ_at_a_glance_and_half_and_half_lies_between(small: CitySet) -> None:
    engine = open_engine(small, SIDE).engine
    labels = crossing()
    pictures = [engine.render(labels, alone(small, n)).astype(float) for n in range(len(small.names))]
    for n, one in enumerate(pictures):
        for other in pictures[:n]:
            assert np.abs(one - other).mean() > 5.0
    between = (0.5 * (alone(small, 0) + alone(small, 1))).astype(np.float32)
    half = engine.render(labels, between).astype(float)
    apart = np.abs(pictures[0] - pictures[1]).mean()
    assert np.abs(half - pictures[0]).mean() < apart
    assert np.abs(half - pictures[1]).mean() < apart


def test_a_mix_is_a_field(small: CitySet) -> None:
    engine = open_engine(small, 512).engine
    labels = crossing(512)
    mix = alone(small, 0)
    mix[:, :, MIX_GRID // 2 :] = alone(small, 1)[:, :, MIX_GRID // 2 :]
    both = engine.render(labels, mix).astype(int)
    left, right = (engine.render(labels, alone(small, n)).astype(int) for n in (0, 1))
    assert np.abs(both - left)[:, :90].max() <= 2
    assert np.abs(both - right)[:, -90:].max() <= 2


def test_classes_look_like_themselves(small: CitySet) -> None:
    engine = open_engine(small, SIDE).engine
    for city in range(len(small.names)):
        means = {
            kind: engine.render(np.full((SIDE, SIDE), kind, np.uint8), alone(small, city)).mean(axis=(0, 1))
            for kind in (0, GREEN, WATER)
        }
        greenness = {kind: 2 * rgb[1] - rgb[0] - rgb[2] for kind, rgb in means.items()}
        assert greenness[GREEN] > greenness[0], "green is greener than bare ground"
        assert means[GREEN][1] > means[GREEN][0], "and not red"
        assert means[WATER].mean() < means[0].mean(), "water is darker than bare ground"
        assert means[WATER][2] >= means[WATER][0], "water is not red"


def test_auto_says_why_a_faster_engine_was_passed_over(
    small: CitySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "models.engines.openvino", raising=False)
    opened = open_engine(small, SIDE)
    assert opened.engine.name == "onnxruntime"
    assert opened.passed_over[-1].startswith("openvino is not installed")
    with pytest.raises(DeviceFault, match="openvino is not installed"):
        open_engine(small, SIDE, "openvino")


@pytest.mark.parametrize("name", CPU_ENGINES)
@pytest.mark.parametrize("inputs", [{}, {"noise": "1,8,q,q"}, {"mix": "1,4,s,s"}])
def test_a_network_is_fed_what_it_declares(tmp_path: Path, name: str, inputs: dict[str, str]) -> None:
    engine = open_engine(made_set(tmp_path / "grey", inputs=inputs), SIDE, name).engine
    picture = engine.render(crossing(), np.full((4, MIX_GRID, MIX_GRID), 0.25, np.float32))
    assert (picture == 50 * crossing()[:, :, None]).all()


@pytest.mark.parametrize("name", CPU_ENGINES)
def test_a_network_that_wants_more_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputFault, match="it takes 'depth', which this program doesn't make") as caught:
        open_engine(made_set(tmp_path / "grey", inputs={"depth": "1,s,s"}), SIDE, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", CPU_ENGINES)
@pytest.mark.parametrize("side", [96, 128, 256])
def test_a_network_of_one_side_serves_a_show_of_any(tmp_path: Path, name: str, side: int) -> None:
    engine = open_engine(made_set(tmp_path / "grey", side=128), side, name).engine
    assert engine.side == side
    picture = engine.render(crossing(side), np.full((4, MIX_GRID, MIX_GRID), 0.25, np.float32))
    assert picture.shape == (side, side, 3)
    wanted = 50 * crossing(side)[:, :, None].astype(int)
    assert (np.abs(picture - wanted) <= 1).mean() > 0.9, "the same but for outlines"
    assert ("at its own side 128" in engine.describe()) == (side != 128)


@pytest.mark.parametrize("name", CPU_ENGINES)
def test_a_network_of_another_side_than_its_card_says_is_refused(tmp_path: Path, name: str) -> None:
    made = made_set(tmp_path / "grey", side=128)
    card = json.loads((made.folder / CARD).read_text())
    (made.folder / CARD).write_text(json.dumps(card | {"side": 64}))
    with pytest.raises(InputFault, match="can't be run") as caught:
        open_engine(load_city_set(made.folder), 64, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", CPU_ENGINES)
def test_an_engine_says_which_precision_it_runs(tmp_path: Path, name: str) -> None:
    made = made_set(tmp_path / "grey")
    assert ", f32, 1 thread" in open_engine(made, SIDE, name, threads=1).engine.describe()
    shutil.copy(made.network, made.folder / NETWORK_INT8)
    card = json.loads((made.folder / CARD).read_text())
    card["files"][NETWORK_INT8] = card["files"][NETWORK]
    card["metrics"] = {"int8": {"passed": True}}
    (made.folder / CARD).write_text(json.dumps(card))
    made = load_city_set(made.folder)
    precision = "int8" if name == "openvino" else "f32"  # which is faster there
    assert f", {precision}, 2 threads" in open_engine(made, SIDE, name, threads=2).engine.describe()


def test_a_side_that_no_network_takes_is_refused(small: CitySet) -> None:
    with pytest.raises(InputFault, match="side 100 is not a multiple of 16"):
        open_engine(small, 100)

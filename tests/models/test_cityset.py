from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.cityset import CARD, NETWORK, NETWORK_HALF, NETWORK_INT8, SHIPPED, load_city_set, shipped_sets
from models.faults import InputFault


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped set, to be spoilt."""
    return Path(shutil.copytree(SHIPPED / "small", tmp_path / "mine"))


def change_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps(card))


def test_the_shipped_set_is_whole_and_says_where_it_comes_from() -> None:
    assert "small" in shipped_sets()
    small = load_city_set("small")
    assert small.names == ("dubai", "las-vegas", "long-beach", "palm-springs")
    assert all(city.licence and city.attribution and city.data for city in small.card.cities)
    training = small.card.training
    assert training["minutes"] > 0
    for city in small.names:
        assert len(training["trained_on"][city]) > len(training["held_out"][city]) > 0
        assert not set(training["trained_on"][city]) & set(training["held_out"][city])


def test_a_set_loads_from_any_folder(copy: Path) -> None:
    assert load_city_set(copy).card == load_city_set("small").card
    mine = load_city_set(str(copy))
    assert mine.name == "mine"
    assert mine.network == mine.file(NETWORK) == copy / NETWORK
    assert mine.file(NETWORK_HALF) == copy / NETWORK_HALF
    (copy / "notes.txt").write_text("mine")
    assert mine.file("notes.txt") is None, "the card lists no such file"


def test_a_missing_set_is_told_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"no city set 'venice'.*small"):
        load_city_set("venice")
    with pytest.raises(InputFault, match="no city set"):
        load_city_set(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / NETWORK).unlink(), "model.onnx can't be read"),
        (lambda f: (f / NETWORK).write_bytes((f / NETWORK).read_bytes()[:1000]), "another checksum"),
        (lambda f: (f / CARD).write_text("{"), "is not JSON"),
        (lambda f: (f / CARD).write_bytes(b"\xff\xfe\x00"), "is not JSON"),
        (lambda f: (f / CARD).write_text("[]"), "holds no card"),
        (lambda f: change_card(f, lambda c: c.update(version=99)), "version is 99"),
        (lambda f: change_card(f, lambda c: c.pop("files")), "lacks 'files'"),
        (lambda f: change_card(f, lambda c: c["files"].clear()), "files lacks 'model.onnx'"),
        (
            lambda f: change_card(f, lambda c: c["files"].update({"model-int4.onnx": "0" * 64})),
            "model-int4.onnx can't be read",
        ),
        (
            lambda f: change_card(f, lambda c: c["files"].update({"../model.onnx": "0" * 64})),
            "not a plain name",
        ),
        (
            lambda f: change_card(f, lambda c: c["files"].update({NETWORK: "no sum"})),
            "checksum of model.onnx must be",
        ),
        (lambda f: change_card(f, lambda c: c.update(version=1)), "version is 1, .* reads version 2"),
        (lambda f: change_card(f, lambda c: c.update(side=100)), "side is 100, and must be 0"),
        (lambda f: change_card(f, lambda c: c.update(side=-16)), "side is -16, and must be 0"),
        (lambda f: change_card(f, lambda c: c.update(side=4096)), "side is 4096, and must be 0"),
        (lambda f: change_card(f, lambda c: c.update(side=256.0)), "'side' must be of type int"),
        (lambda f: change_card(f, lambda c: c.update(metrics=[])), "'metrics' must be of type"),
        (lambda f: change_card(f, lambda c: c.update(colour="red")), "unknown key 'colour'"),
        (lambda f: change_card(f, lambda c: c.update(width="32")), "'width' must be of type int"),
        (lambda f: change_card(f, lambda c: c.update(width=True)), "'width' must be of type int"),
        (lambda f: change_card(f, lambda c: c.update(cities={})), "'cities' must be a list"),
        (lambda f: change_card(f, lambda c: c.update(cities=[])), "cities is empty"),
        (lambda f: change_card(f, lambda c: c["cities"][1].pop("licence")), r"cities\[1\] lacks 'licence'"),
        (lambda f: change_card(f, lambda c: c["cities"].append(3)), r"cities\[4\] must be an object"),
        (lambda f: change_card(f, lambda c: c["classes"].reverse()), "classes are water"),
        (lambda f: change_card(f, lambda c: c.update(noise_channels=3)), "noise_channels is 3"),
        (
            lambda f: change_card(f, lambda c: c.update(metres_per_pixel=math.nan)),
            "metres_per_pixel is nan",
        ),
        (lambda f: change_card(f, lambda c: c["cities"][1].update(name="Las Vegas")), "named 'Las Vegas'"),
        (lambda f: change_card(f, lambda c: c["cities"][1].update(name="\ud800")), "lower case"),
        (lambda f: change_card(f, lambda c: c["cities"][1].update(name="dubai")), "two cities are named"),
        (lambda f: (f / CARD).write_text("[" * 100_000), "nested without end"),
        (lambda f: (f / CARD).write_text('{"version": ' + "9" * 5000 + "}"), "is not JSON"),
    ],
)
def test_a_spoilt_set_is_refused_in_one_sentence(
    copy: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(copy)
    with pytest.raises(InputFault, match=sentence) as caught:
        load_city_set(copy)
    assert str(copy) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[:-5000], "is cut off before its end"),
        (lambda content: content[: len(content) // 2], "is cut off before its end"),
        (lambda _: b"", "it is empty"),
        (lambda _: b"\x80\x04K\x01.", "a file of another kind"),
        (lambda _: b"PK\x03\x04" + bytes(100), "a file of another kind"),
        (lambda _: b"not a network at all", "a file of another kind"),
    ],
)
def test_what_is_no_whole_network_is_refused_before_an_engine_sees_it(
    copy: Path, spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    content = spoil((copy / NETWORK).read_bytes())
    (copy / NETWORK).write_bytes(content)
    change_card(copy, lambda c: c["files"].update({NETWORK: hashlib.sha256(content).hexdigest()}))
    with pytest.raises(InputFault, match=f"model.onnx is not a whole ONNX network: .*{sentence}"):
        load_city_set(copy)


@pytest.mark.parametrize(
    ("metrics", "network"),
    [
        ({"int8": {"passed": True}}, NETWORK_INT8),
        ({"int8": {"passed": False}}, NETWORK),
        ({"int8": {"passed": 1}}, NETWORK),
        ({"int8": True}, NETWORK),
        ({}, NETWORK),
    ],
)
def test_the_quantized_network_is_used_where_it_passed_its_gate(
    copy: Path, metrics: dict[str, Any], network: str
) -> None:
    shutil.copy(copy / NETWORK, copy / NETWORK_INT8)
    change_card(copy, lambda c: c.update(metrics=metrics))
    change_card(copy, lambda c: c["files"].pop(NETWORK_INT8))
    assert load_city_set(copy).cpu_network.name == NETWORK, "the card doesn't list it"
    change_card(copy, lambda c: c["files"].update({NETWORK_INT8: c["files"][NETWORK]}))
    assert load_city_set(copy).cpu_network.name == network

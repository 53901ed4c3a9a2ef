from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.cityset import CARD, NETWORK, SHIPPED, load_city_set, shipped_sets
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
    assert small.card.training["minutes"] > 0


def test_a_set_loads_from_any_folder(copy: Path) -> None:
    assert load_city_set(copy).card == load_city_set("small").card
    assert load_city_set(str(copy)).name == "mine"


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
        (lambda f: change_card(f, lambda c: c.pop("sha256")), "lacks 'sha256'"),
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

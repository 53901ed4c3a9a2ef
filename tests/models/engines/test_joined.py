from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.cityset import city_names, load_city_set, load_city_sets
from models.engines import OpenedEngine, joined, open_engine
from models.engines.joined import UNSEEN, JoinedEngine, open_joined
from models.faults import InputFault
from models.inputs import MIX_GRID
from tests.models.engines.networks import CPU_ENGINES, made_set

SIDE = 64
Mix = NDArray[np.float32]


class Painter:
    """An engine that paints a city in its own colour where it stands, and keeps what it was given."""

    def __init__(self, name: str, colours: list[tuple[int, int, int]]) -> None:
        self.name = name
        self.side = SIDE
        self.colours = np.array(colours, np.float32)
        self.mixes: list[Mix] = []
        self.closed = 0

    def render(self, labels: NDArray[np.uint8], mix: Mix) -> NDArray[np.uint8]:
        assert labels.shape == (SIDE, SIDE)
        self.mixes.append(mix)
        cells = np.einsum("nyx,nc->yxc", mix, self.colours).clip(0, 255)
        factor = SIDE // MIX_GRID
        picture: NDArray[np.uint8] = np.rint(cells).astype(np.uint8)
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)

    def describe(self) -> str:
        return f"{self.name} 1.0"

    def close(self) -> None:
        self.closed += 1


LABELS = np.zeros((SIDE, SIDE), np.uint8)
COUNTS = (2, 1, 3)
CITIES = sum(COUNTS)


def painters() -> list[Painter]:
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (200, 200, 0), (0, 200, 200), (90, 0, 90)]
    return [
        Painter(f"painter{n}", colours[sum(COUNTS[:n]) : sum(COUNTS[: n + 1])]) for n in range(len(COUNTS))
    ]


@st.composite
def mixes(draw: st.DrawFn) -> Mix:
    """Any mix of all cities: weights that sum to 1 in each cell, some cities nowhere or only in places."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = np.array(draw(st.lists(st.booleans(), min_size=CITIES, max_size=CITIES)))
    present[draw(st.integers(0, CITIES - 1))] = True
    weights = rng.random((CITIES, MIX_GRID, MIX_GRID)) ** draw(st.integers(1, 20)) * present[:, None, None]
    if draw(st.booleans()):  # regions with hard edges
        weights = (weights == weights.max(axis=0)).astype(float)
    weights += 1e-12 * present[:, None, None]
    mix: Mix = (weights / weights.sum(axis=0)).astype(np.float32)
    return mix


@given(mixes())
def test_a_joined_picture_lies_between_those_of_its_parts(mix: Mix) -> None:
    parts = painters()
    engine = JoinedEngine(parts, COUNTS)
    picture = engine.render(LABELS, mix)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.uint8
    own = [part.render(LABELS, part.mixes[0]).astype(int) for part in parts if part.mixes]
    assert (picture >= np.min(own, axis=0) - len(COUNTS)).all()
    assert (picture <= np.max(own, axis=0) + len(COUNTS)).all()
    assert (engine.render(LABELS, mix) == picture).all()


@given(mixes())
def test_every_part_is_given_a_mix_of_its_own_that_sums_to_one(mix: Mix) -> None:
    parts = painters()
    JoinedEngine(parts, COUNTS).render(LABELS, mix)
    at = 0
    for part, count in zip(parts, COUNTS, strict=True):
        share = mix[at : at + count]
        at += count
        seen = share.sum(axis=0)
        assert len(part.mixes) == (1 if seen.max() >= UNSEEN else 0), "what can't be seen isn't rendered"
        for own in part.mixes:
            assert own.dtype == np.float32
            assert own.min() >= 0.0
            np.testing.assert_allclose(own.sum(axis=0), 1.0, atol=1e-5)
            there = seen >= UNSEEN
            np.testing.assert_allclose((own * seen)[:, there], share[:, there], atol=1e-6)


@given(mixes())
def test_where_one_part_stands_alone_its_picture_is_untouched(mix: Mix) -> None:
    parts = painters()
    picture = JoinedEngine(parts, COUNTS).render(LABELS, mix)
    at = 0
    for part, count in zip(parts, COUNTS, strict=True):
        alone = mix[at : at + count].sum(axis=0) > 1.0 - 1e-6
        at += count
        # Weights are smoothed from cell to cell, so that the neighbours must be its own as well.
        padded = np.pad(alone, 1, mode="edge")
        inside = np.all(
            [padded[y : y + MIX_GRID, x : x + MIX_GRID] for y in range(3) for x in range(3)], axis=0
        )
        mask = inside.repeat(SIDE // MIX_GRID, axis=0).repeat(SIDE // MIX_GRID, axis=1)
        if mask.any():
            own = part.render(LABELS, part.mixes[0])
            assert (np.abs(picture.astype(int) - own)[mask] <= 1).all()


def test_a_fade_between_parts_runs_evenly_and_both_ends_cost_one_picture() -> None:
    parts = painters()
    engine = JoinedEngine(parts, COUNTS)
    levels = []
    for share in np.linspace(0.0, 1.0, 11):
        mix = np.zeros((CITIES, MIX_GRID, MIX_GRID), np.float32)
        mix[0], mix[2] = 1.0 - share, share
        levels.append(engine.render(LABELS, mix)[..., 2].mean())
    np.testing.assert_allclose(levels, np.linspace(10, 250, 11), atol=1.0)
    assert [len(part.mixes) for part in parts] == [10, 10, 0]


def test_left_one_set_and_right_another() -> None:
    mix = np.zeros((CITIES, MIX_GRID, MIX_GRID), np.float32)
    mix[1, :, : MIX_GRID // 2] = mix[5, :, MIX_GRID // 2 :] = 1.0
    picture = JoinedEngine(painters(), COUNTS).render(LABELS, mix)
    assert (picture[:, : SIDE // 2 - 4] == (10, 250, 10)).all()
    assert (picture[:, SIDE // 2 + 4 :] == (90, 0, 90)).all()


def test_it_says_what_its_parts_are_and_closes_them() -> None:
    parts = painters()
    engine = JoinedEngine(parts, COUNTS)
    assert engine.name == "painter0+painter1+painter2"
    assert engine.describe() == "painter0 1.0 and painter1 1.0 and painter2 1.0; 3 sets"
    engine.close()
    assert [part.closed for part in parts] == [1, 1, 1]


def test_one_set_alone_is_not_wrapped() -> None:
    small = load_city_sets("small")
    assert not isinstance(open_joined(small, SIDE).engine, JoinedEngine)
    assert city_names(small) == small[0].names


@pytest.mark.parametrize("name", CPU_ENGINES)
def test_two_sets_share_a_show(tmp_path: Path, name: str) -> None:
    """The shipped set, and a network of its own kind, side and city, half and half."""
    grey = made_set(tmp_path / "grey", side=128, city="grey-town")
    sets = (load_city_set("small"), grey)
    assert city_names(sets) == (*sets[0].names, "grey-town")
    labels = np.full((SIDE, SIDE), 3, np.uint8)
    engine = open_joined(sets, SIDE, name).engine
    mix = np.zeros((len(city_names(sets)), MIX_GRID, MIX_GRID), np.float32)
    mix[-1] = 1.0
    assert (engine.render(labels, mix) == 150).all()
    mix[-1], mix[1] = 0.0, 1.0
    own = open_engine(sets[0], SIDE, name).engine.render(labels, mix[:-1])
    assert (engine.render(labels, mix) == own).all()
    mix[-1], mix[1] = 0.5, 0.5
    between = 0.5 * own + 0.5 * 150
    assert np.abs(engine.render(labels, mix) - between).max() <= 1
    engine.close()


def test_a_part_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    made = made_set(tmp_path / "grey", side=128, city="grey-town")
    lying = replace(made, card=replace(made.card, side=64))
    with pytest.raises(InputFault, match=r"model\.onnx can't be run"):
        open_joined((load_city_set("small"), lying), SIDE)


def test_a_reason_that_all_parts_share_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    small = load_city_set("small")
    sets = [replace(small, name="one"), replace(small, name="two")]
    reasons = {"one": ("no GPU", "too large"), "two": ("no GPU",)}
    monkeypatch.setattr(
        joined, "open_engine", lambda s, *_: OpenedEngine(Painter(s.name, []), reasons[s.name])
    )
    assert open_joined(sets, SIDE).passed_over == ("no GPU", "one: too large")


def test_names_must_differ_between_sets(tmp_path: Path) -> None:
    made = made_set(tmp_path / "grey", city="long-beach")
    with pytest.raises(
        InputFault, match=r"small and .*grey both hold a city named long-beach; rename"
    ) as c:
        load_city_sets(("small", str(made.folder)))
    assert "\n" not in str(c.value)

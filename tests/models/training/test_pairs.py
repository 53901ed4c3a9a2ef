from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.faults import InputFault
from models.inputs import DETAIL_CHANNELS, NOISE_CHANNELS
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER
from models.training.pairs import Sampler, coarsen, draw_strokes, lift_water, load_city
from models.training.patterns import quilt_patterns


def test_parts_of_a_tile_stay_on_one_side_of_the_split(data: Path) -> None:
    folder = data / "bright"
    for kind in ("images", "labels"):
        for n in range(11):
            (folder / kind / f"{n}.png").rename(folder / kind / f"tile{n // 2}_part{n:03}.png")
    city = load_city(folder, 1.0, smallest=64, held_out_every=5)
    held = {p.name.split("_")[0] for p in city.held_out}
    assert held
    assert not held & {p.name.split("_")[0] for p in city.train}
    assert len(city.held_out) + len(city.train) == 11


def test_what_is_held_out_can_be_named(data: Path) -> None:
    city = load_city(data / "dark", 1.0, smallest=64, held_out=("3", "7"))
    assert {p.name for p in city.held_out} == {"3", "7"}
    with pytest.raises(InputFault, match="held_out names tile9, of which there is no picture"):
        load_city(data / "dark", 1.0, smallest=64, held_out=("3", "tile9"))


def test_the_first_half_of_a_batch_is_told_what_its_photographs_show(data: Path) -> None:
    cities = [load_city(data / name, 1.0, smallest=64) for name in ("bright", "dark")]
    patterns = np.stack([quilt_patterns(city.train) for city in cities])
    batch = Sampler(cities, patterns, crop=64, seed=2).batch(4)
    assert (batch.drawn[:2] == batch.labels[:2]).all()
    for n in range(2):
        half = cv2.resize(batch.photos[n], (32, 32), interpolation=cv2.INTER_AREA)
        assert (batch.quilts[n] == half).all()
    for n in range(2, 4):
        shown = batch.quilts[n][np.isin(batch.drawn[n][::2, ::2], (GROUND, GREEN, BUILDING))]
        assert {tuple(rgb) for rgb in shown} <= {
            tuple(rgb) for rgb in patterns[batch.cities[n]].reshape(-1, 3)
        }


def test_pairs_come_at_the_resolution_of_the_set(data: Path) -> None:
    pair = load_city(data / "dark", 2.0, smallest=64).train[0]
    assert pair.labels.shape == (192, 192)
    assert pair.photo.shape == (192, 192, 3)
    assert set(np.unique(pair.labels)) <= {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: shutil.rmtree(f / "images"), "holds no .png or .jpg"),
        (lambda f: (f / "labels/3.png").unlink(), "3 has no partner in labels"),
        (lambda f: (f / "images/3.png").unlink(), "3 has no partner in images"),
        (lambda f: (f / "images/3.png").write_text("no"), "is not a picture"),
        (lambda f: cv2.imwrite(str(f / "labels/3.png"), np.zeros((9, 9, 3), np.uint8)), "must be aligned"),
        (
            lambda f: shutil.copy(f / "images/3.png", f / "labels/3.png"),
            "is no map in the five flat colours",
        ),
        (
            lambda f: [p.unlink() for p in [*f.glob("*/?.png"), *f.glob("*/10.png")] if p.stem != "0"],
            "too few",
        ),
    ],
)
def test_a_folder_that_is_not_right_is_refused(
    data: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(data / "dark")
    with pytest.raises(InputFault, match=sentence) as caught:
        load_city(data / "dark", 1.0, smallest=64)
    assert "\n" not in str(caught.value)


def test_batches_hold_every_city_alike_and_are_the_same_for_a_seed(data: Path) -> None:
    cities = [load_city(data / name, 1.0, smallest=64) for name in ("bright", "dark")]
    patterns = np.stack([quilt_patterns(city.train) for city in cities])
    one, other = (Sampler(cities, patterns, crop=64, seed=5) for _ in range(2))
    for _ in range(3):
        a, b = one.batch(4), other.batch(4)
        assert sorted(a.cities) == [0, 0, 1, 1]
        assert a.labels.shape == (4, 64, 64)
        assert a.photos.shape == (4, 64, 64, 3)
        assert a.noise.shape == (4, NOISE_CHANNELS, 16, 16)
        assert (a.labels == b.labels).all()
        assert (a.photos == b.photos).all()
        assert (a.details == b.details).all()
        assert a.details.shape == (4, 3 * DETAIL_CHANNELS, 16, 16)
        assert a.quilts.shape == (4, 32, 32, 3)
        light = a.photos.mean(axis=(1, 2, 3))
        assert light[a.cities == 0].min() > light[a.cities == 1].max()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
def test_a_coarsened_map_is_still_a_map(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, (12, 12), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    before = labels.copy()
    coarse = coarsen(labels, strength, rng)
    assert (labels == before).all()
    assert coarse.shape == labels.shape
    assert coarse.dtype == np.uint8
    assert coarse.max() <= WATER


def test_coarsening_closes_blocks_widens_roads_and_drops_specks() -> None:
    labels = np.full((128, 128), GROUND, np.uint8)
    for y in range(8, 60, 12):
        for x in range(8, 110, 12):
            labels[y : y + 9, x : x + 9] = BUILDING  # houses three pixels apart
    labels[90:94] = ROAD
    labels[110:113, 60:63] = GREEN
    seen = [coarsen(labels, 1.0, np.random.default_rng(n)) for n in range(8)]
    built = [float((s[10:60, 10:105] == BUILDING).mean()) for s in seen]
    assert max(built) > 0.95, "gaps between houses are closed"
    assert max((s == ROAD).sum() for s in seen) > 1.3 * (labels == ROAD).sum()
    assert min((s == GREEN).sum() for s in seen) == 0
    assert (coarsen(labels, 0.0, np.random.default_rng(0)) == labels).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_marker_leaves_a_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.full((96, 80), GREEN, np.uint8)
    drawn = draw_strokes(labels, rng)
    assert drawn.shape == labels.shape
    assert drawn.max() <= WATER
    assert (labels == GREEN).all()


def test_markers_of_all_inks_go_over_maps() -> None:
    labels = np.full((96, 96), GREEN, np.uint8)
    drawn = [draw_strokes(labels, np.random.default_rng(n)) for n in range(40)]
    assert {int(v) for d in drawn for v in np.unique(d)} == {GROUND, ROAD, GREEN, BUILDING, WATER}
    assert 5 < sum((d == labels).all() for d in drawn) < 35, "not every map is drawn on"


def test_only_dark_water_is_lifted() -> None:
    labels = np.full((40, 40), GROUND, np.uint8)
    labels[:, 20:] = WATER
    photo = np.full((40, 40, 3), 120, np.uint8)
    tone = np.array([30.0, 52.0, 62.0])
    assert (lift_water(labels, photo, tone) == photo).all()
    photo[:, 20:] = 10
    lifted = lift_water(labels, photo, tone)
    np.testing.assert_allclose(lifted[:, 30:].mean(axis=(0, 1)), tone, atol=1.0)
    assert (lifted[:, :12] == 120).all()

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live.mix import of_city, with_region
from live.render import GREATEST, render_map
from models.cityset import load_city_set
from models.faults import UsageFault
from tests.models.engines.networks import made_set


@pytest.mark.parametrize("shape", [(64, 64), (50, 130), (97, 33), (7, 5)])
def test_a_map_of_any_shape_becomes_a_picture_of_that_shape(shape: tuple[int, int]) -> None:
    labels = np.random.default_rng(1).integers(0, 5, shape, dtype=np.uint8)
    picture = render_map([load_city_set("small")], of_city(1, 4), labels)
    assert picture.shape == (*shape, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 1.0


def test_a_map_that_is_too_large_is_refused_before_any_work() -> None:
    with pytest.raises(UsageFault, match="at most 2048"):
        render_map([load_city_set("small")], of_city(0, 4), np.zeros((10, GREATEST + 1), np.uint8))


def test_each_part_of_the_sheet_is_rendered_as_the_city_that_has_it() -> None:
    labels = np.random.default_rng(1).integers(0, 5, (512, 512), dtype=np.uint8)
    small = load_city_set("small")
    halves = with_region(of_city(0, 4), "right", 1)
    left, right, both = (
        render_map([small], mix, labels).astype(int) for mix in (of_city(0, 4), of_city(1, 4), halves)
    )
    assert np.abs(both[:, :90] - left[:, :90]).max() <= 2
    assert np.abs(both[:, -90:] - right[:, -90:]).max() <= 2
    assert np.abs(left - right).mean() > 4


def test_a_set_of_one_side_renders_a_map_of_any_shape(tmp_path: Path) -> None:
    labels = np.zeros((40, 200), np.uint8)
    labels[:, 100:] = 2
    picture = render_map([made_set(tmp_path / "grey", side=64)], of_city(1, 2), labels, "openvino")
    assert picture.shape == (40, 200, 3)
    assert (picture[:, :90] <= 1).all()
    assert (picture[:, 110:] >= 99).all()

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.crops import cut, most_varied
from models.training.pairs import Pair


def pair(name: str, height: int, width: int) -> Pair:
    rows, columns = np.indices((height, width))
    photo = np.stack([rows % 256, columns % 256, rows // 256], axis=2).astype(np.uint8)
    return Pair(name, ((rows // 64 + columns // 64) % 5).astype(np.uint8), photo)


def test_crops_do_not_overlap_and_are_never_of_another_size() -> None:
    crops = cut([pair("a", 128, 300), pair("b", 260, 140)], 128)
    assert [crop.pair for crop in crops] == [0, 0, 1, 1]
    assert all(crop.labels.shape == (128, 128) and crop.photo.shape == (128, 128, 3) for crop in crops)
    lefts = [int(crop.photo[0, 0, 1]) for crop in crops]
    assert lefts == [22, 150, 6, 6], "in the middle of the pair"


def test_of_many_crops_an_even_choice_is_made_the_same_each_time() -> None:
    pairs = [pair(str(n), 256, 256) for n in range(10)]
    crops = cut(pairs, 64, most=20)
    assert len(crops) == 20
    assert {crop.pair for crop in crops} == set(range(10))
    assert all(
        np.array_equal(a.photo, b.photo) for a, b in zip(crops, cut(pairs, 64, most=20), strict=True)
    )


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_shown_has_many_classes_to_see(count: int) -> None:
    crops = list(cut([pair("a", 128, 512)], 128))
    for crop in crops[1::2]:
        crop.labels[:] = 0
    shown = most_varied(crops, count)
    assert len(shown) == count
    assert all(len(np.unique(crop.labels)) > 1 for crop in shown)

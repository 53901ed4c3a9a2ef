from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.metrics import Distance, consistency, kernel_distance

GROUPS = np.repeat(np.arange(12), 9)


def samples(seed: int, shift: float = 0.0) -> np.ndarray:
    """What twelve pairs with nine windows each might look like: windows of one pair resemble each other."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(12, 1, 20)).repeat(9, axis=1).reshape(108, 20) * 0.7 + rng.normal(
        shift, 0.7, size=(108, 20)
    )


def distance(real: np.ndarray, made: np.ndarray, *, paired: bool = False) -> Distance:
    return kernel_distance(real, made, GROUPS, GROUPS, paired=paired)


def test_the_distance_of_one_distribution_to_itself_is_about_nothing() -> None:
    found = [distance(samples(seed), samples(100 + seed)).value for seed in range(40)]
    assert abs(np.mean(found)) < 3.0 * np.std(found) / 40**0.5
    assert min(found) < 0 < max(found), "it is unbiased, so that it is below 0 as often as above"
    assert np.std(found) == pytest.approx(distance(samples(1), samples(2)).error, rel=1.0)


def test_the_distance_grows_with_the_shift() -> None:
    found = [distance(samples(1), samples(2, shift)).value for shift in (0.0, 0.3, 0.6, 1.2)]
    assert found == sorted(found)
    assert found[-1] > 100.0 + found[0]


def test_pictures_that_equal_the_photographs_are_at_no_distance() -> None:
    same = samples(1)
    found = distance(same, same, paired=True)
    assert found.value == pytest.approx(0.0, abs=1e-9)
    assert found.error == pytest.approx(0.0, abs=1e-9)


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = np.random.default_rng(5).permutation(len(GROUPS))
    real, made = samples(1), samples(2, 0.3)
    shuffled = kernel_distance(real[order], made, GROUPS[order], GROUPS, paired=True)
    assert shuffled.value == pytest.approx(distance(real, made, paired=True).value)


def test_a_map_that_is_read_back_as_it_was_asked_for_is_consistent() -> None:
    labels = np.random.default_rng(1).integers(0, 3, (4, 32, 32), dtype=np.uint8)
    whole = consistency(list(labels), list(labels))
    assert whole.accuracy == whole.iou == 1.0
    assert whole.by_class == {"ground": 1.0, "road": 1.0, "green": 1.0}


def test_what_is_read_wrongly_counts_for_both_classes() -> None:
    asked = np.zeros((10, 10), dtype=np.uint8)
    asked[:, 5:] = 1
    read = asked.copy()
    read[:, 5:7] = 0
    found = consistency([asked], [read])
    assert found.accuracy == pytest.approx(0.8)
    assert found.by_class == {"ground": pytest.approx(50 / 70), "road": pytest.approx(30 / 50)}
    assert found.iou == pytest.approx((50 / 70 + 30 / 50) / 2)

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.inputs import PATTERN_SIDE, PATTERNED
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER
from models.training.pairs import Pair, load_city
from models.training.patterns import quilt, quilt_patterns, seam, suitable

TONES = np.array([[200, 190, 180], [60, 60, 60], [40, 110, 40], [170, 90, 80], [30, 60, 120]])


def _pair(labels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Pair:
    noise = np.random.default_rng(4).integers(-15, 16, (*labels.shape, 3))
    return Pair("made-up", labels, (TONES[labels] + noise).astype(np.uint8))


def test_each_class_has_a_pattern_in_its_own_tone() -> None:
    labels = np.full((480, 480), GROUND, np.uint8)
    labels[:160], labels[160:320] = BUILDING, GREEN
    labels[150:170] = ROAD
    patterns = quilt_patterns([_pair(labels)])
    assert patterns.shape == (len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3)
    assert (patterns == quilt_patterns([_pair(labels)])).all()
    for label, pattern in zip(PATTERNED, patterns, strict=True):
        off = np.abs(pattern.astype(int) - TONES[label]).max(axis=2)
        assert (off < 40).mean() > 0.7


def test_a_city_without_greens_has_a_plain_pattern_of_them() -> None:
    patterns = quilt_patterns([_pair(np.full((200, 200), BUILDING, np.uint8))])
    assert patterns[PATTERNED.index(GREEN)].std(axis=(0, 1)).max() == 0
    assert patterns[PATTERNED.index(BUILDING)].std(axis=(0, 1)).min() > 1


def test_small_pictures_are_enough(data: Path) -> None:
    assert quilt_patterns(load_city(data / "dark", 1.0, smallest=64).train).shape[0] == len(PATTERNED)


def test_streets_and_water_are_in_no_pattern() -> None:
    labels = np.full((200, 200), BUILDING, np.uint8)
    labels[90:110], labels[:, 150:] = ROAD, WATER
    for label in PATTERNED:
        fits = suitable(labels, label)
        assert not fits[88:112, :140].any()
        assert not fits[:80, 165:].any()


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.float32, (12, 6), elements=st.floats(0, 100, width=32)))
def test_a_seam_goes_from_top_to_bottom_without_a_gap(
    error: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    keep = seam(error)
    at = keep.sum(axis=1).astype(int)
    assert ((keep == 0) | (keep == 1)).all()
    assert (np.abs(np.diff(at)) <= 1).all()
    assert all((row[:n] == 1).all() and (row[n:] == 0).all() for row, n in zip(keep, at, strict=True))
    path = error[np.arange(len(error)), at].sum()
    assert path <= min(error.sum(axis=0)) + 1e-3, "no straight way is cheaper"


def test_a_quilt_of_one_tone_has_no_seam() -> None:
    patches = np.full((20, 24, 24, 3), 90, np.uint8)
    assert (quilt(patches, np.random.default_rng(1), side=100) == 90).all()

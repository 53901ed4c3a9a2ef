from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from models.palette import CLASS_NAMES, PALETTE_RGB, UNKNOWN, UNKNOWN_RGB, classes_of_map, paint

maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4))


@given(maps)
def test_painting_and_reading_a_map_is_the_identity(labels: NDArray[np.uint8]) -> None:
    assert (classes_of_map(paint(labels)) == labels).all()


@given(maps, st.integers(0, 2**32 - 1))
def test_a_map_survives_what_compression_does(labels: NDArray[np.uint8], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-50, 51, (*labels.shape, 3))
    spoilt = np.clip(paint(labels).astype(np.int64) + noise, 0, 255).astype(np.uint8)
    assert (classes_of_map(spoilt) == labels).all()


def test_colours_are_those_of_the_original() -> None:
    named = dict(zip(CLASS_NAMES, map(tuple, PALETTE_RGB.tolist()), strict=True))
    assert named == {
        "ground": (255, 255, 255),
        "road": (0, 0, 0),
        "green": (0, 255, 0),
        "building": (255, 0, 0),
        "water": (0, 0, 255),
    }


def test_unknown_is_seen() -> None:
    assert tuple(paint(np.full((1, 1), UNKNOWN, np.uint8))[0, 0]) == UNKNOWN_RGB

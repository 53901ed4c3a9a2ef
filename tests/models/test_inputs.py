from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faults import InputFault
from models.inputs import (
    CELL,
    COARSE_SCALES,
    DETAIL_CHANNELS,
    FINE_CHANNELS,
    MIX_GRID,
    NOISE_CHANNELS,
    PATTERN_CHANNELS,
    PATTERN_SIDE,
    PATTERNED,
    detail_of,
    fit_mix,
    noise_field,
    pattern_fields,
    read_patterns,
    write_patterns,
)


@pytest.mark.parametrize("side", [32, 80, 256, 512])
def test_noise_has_the_shape_that_a_network_takes(side: int) -> None:
    field = noise_field(side)
    assert field.shape == (1, NOISE_CHANNELS, side // 4, side // 4)
    assert field.dtype == np.float32
    assert np.isfinite(field).all()


def test_noise_is_the_same_every_time_and_about_normal() -> None:
    field = noise_field(256)
    assert (field == noise_field(256)).all()
    np.testing.assert_allclose(field.std(axis=(0, 2, 3)), 1.0, atol=0.05)
    assert np.abs(field[:, :FINE_CHANNELS].mean(axis=(2, 3))).max() < 0.05


def test_coarse_noise_is_smoother_from_scale_to_scale() -> None:
    steps = [
        float(np.abs(np.diff(noise_field(512)[0, FINE_CHANNELS + n], axis=1)).mean())
        for n in range(len(COARSE_SCALES))
    ]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < steps[0] / 4


@given(st.integers(1, 6), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_a_fitted_mix_still_sums_to_one(cities: int, cells: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random((cities, MIX_GRID, MIX_GRID)).astype(np.float32) + 1e-3
    mix = (weights / weights.sum(axis=0)).astype(np.float32)
    fitted = fit_mix(mix, cells * CELL)
    assert fitted.shape == (1, cities, cells, cells)
    assert fitted.dtype == np.float32
    np.testing.assert_allclose(fitted.sum(axis=1), 1.0, atol=1e-5)


def test_left_stays_left_in_a_fitted_mix() -> None:
    mix = np.zeros((2, MIX_GRID, MIX_GRID), np.float32)
    mix[0, :, : MIX_GRID // 2] = mix[1, :, MIX_GRID // 2 :] = 1.0
    fitted = fit_mix(mix, 512)
    assert (fitted[0, 0, :, 0] == 1.0).all()
    assert (fitted[0, 1, :, -1] == 1.0).all()


@pytest.fixture(scope="module")
def patterns() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    shape = (2, len(PATTERNED), PATTERN_SIDE, PATTERN_SIDE, 3)
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def test_a_detail_is_what_differs_from_the_mean() -> None:
    mean = np.array([90.0, 120.0, 60.0], np.float32)
    flat = np.full((8, 8, 3), mean, np.uint8)
    assert (detail_of(flat, mean) == 0).all()
    flat[0, 1] += 48
    detail = detail_of(flat, mean)
    assert detail.shape == (DETAIL_CHANNELS, 4, 4)
    assert detail.dtype == np.float32
    # A grey pixel in the upper right of the first fold of four, and no colour.
    assert detail[1, 0, 0] == pytest.approx(1.0)
    detail[1, 0, 0] = 0
    np.testing.assert_allclose(detail, 0, atol=1e-5)


@pytest.mark.parametrize("side", [64, 256, 512, 1024])
def test_patterns_are_tied_to_the_sheet(
    patterns: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], side: int
) -> None:
    fields = pattern_fields(patterns, side)
    assert fields.shape == (2, PATTERN_CHANNELS, side // 4, side // 4)
    assert fields.dtype == np.float32
    assert np.isfinite(fields).all()
    assert (fields == pattern_fields(patterns, side)).all()
    own = pattern_fields(patterns, 2 * PATTERN_SIDE)[:, :-1]
    size = min(side, 2 * PATTERN_SIDE) // 4
    np.testing.assert_allclose(fields[:, :-1, :size, :size], own[:, :, :size, :size], atol=1e-5)
    grain = fields[:, -1]
    assert (grain > 0).all()
    assert np.isfinite(grain.astype(np.float16)).all()
    assert not (grain[0] == grain[1]).all()


def test_patterns_come_back_from_their_picture(
    patterns: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    path = tmp_path / "patterns.png"
    write_patterns(patterns, path)
    assert (read_patterns(path, 2) == patterns).all()
    with pytest.raises(InputFault, match="is 768×512 pixels; the patterns of 3 cities are 768×768"):
        read_patterns(path, 3)
    path.write_bytes(b"no picture")
    with pytest.raises(InputFault, match="is not a picture"):
        read_patterns(path, 2)
    assert cv2.imwrite(str(path), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputFault, match="4×4 pixels"):
        read_patterns(path, 2)

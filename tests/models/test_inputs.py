from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.inputs import CELL, COARSE_SCALES, FINE_CHANNELS, MIX_GRID, NOISE_CHANNELS, fit_mix, noise_field


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

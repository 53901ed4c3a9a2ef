from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from live.camera.looks import View, brightness, means_of, sharpness, warmth_of

HEIGHT, WIDTH = 360, 640


def desk(seed: int = 1) -> NDArray[np.float64]:
    """White paper with some strokes on it, before its noise."""
    bgr = np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
    rng = np.random.default_rng(3)
    for x, y in rng.integers(0, (WIDTH, HEIGHT), (30, 2)).tolist():
        cv2.line(bgr, (x, y), (x + 90, y + 40), (90, 70, 60), 3)
    return bgr + np.random.default_rng(seed).normal(0, 2, bgr.shape)


def picture(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(values.clip(0, 255), np.uint8)


def with_hand(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A hand over two fifths of it."""
    bgr = bgr.copy()
    bgr[:, : 2 * WIDTH // 5] = (110, 130, 190)
    return bgr


@given(st.floats(0.4, 1.3), st.floats(0.8, 1.25), st.booleans())
def test_light_and_warmth_are_told_apart_and_whatever_a_hand_does(
    light: float, warmth: float, hand: bool
) -> None:
    before = means_of(picture(desk()))
    tint = light * warmth ** np.array([-0.5, 0, 0.5])
    after = picture(desk(2) * tint)
    means = means_of(with_hand(after) if hand else after)
    assert brightness(before, means) == pytest.approx(light * (tint / light).mean(), rel=0.05)
    assert warmth_of(before, means) == pytest.approx(warmth, rel=0.05)


@pytest.mark.parametrize("light", [0.5, 1.0, 1.3])
@pytest.mark.parametrize(("sigma", "low", "high"), [(0.0, 0.8, 1.2), (1.5, 0.0, 0.6), (4.0, 0.0, 0.3)])
def test_a_blur_is_seen_in_any_light(light: float, sigma: float, low: float, high: float) -> None:
    before = View.of(picture(desk()))
    seen = picture(desk(2) * light)
    if sigma > 0:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), sigma), np.uint8)
    assert low < sharpness(before, View.of(seen)) < high


@pytest.mark.parametrize(("level", "shows"), [(2, False), (60, True), (200, True), (252, False)])
def test_a_picture_that_is_black_or_blown_out_shows_nothing(level: int, shows: bool) -> None:
    assert View.of(np.full((HEIGHT, WIDTH, 3), level, np.uint8)).shows == shows

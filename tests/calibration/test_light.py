"""The light: estimated from the paper alone, whatever is drawn on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL
from calibration.light import GRID, estimate_paper, gain, level

SIDE = 256
PAPER = np.array([236, 242, 244], dtype=np.float32)
INKS = [(44, 40, 40), (74, 144, 34), (48, 42, 204), (180, 88, 34)]


def sheet(seed: int, strokes: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A sheet full of strokes under even light, and where its paper is bare."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), PAPER, dtype=np.float32)
    bare = np.full((SIDE, SIDE), 255, dtype=np.uint8)
    for _ in range(strokes):
        a, b = (tuple(int(v) for v in rng.integers(0, SIDE, 2)) for _ in range(2))
        width = int(rng.integers(5, 30))
        cv2.line(picture, a, b, INKS[int(rng.integers(4))], width, cv2.LINE_AA)
        cv2.line(bare, a, b, 0, width + 4)
    return picture, bare > 0


def lamp(x: float, y: float, fall: float, warmth: float) -> NDArray[np.float32]:
    """Light that falls off from a spot, float32 (SIDE, SIDE, 3)."""
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    strength = 1 - fall * np.hypot(xs - x, ys - y) / 1.42
    return np.asarray(strength[..., None] * np.array([1 - warmth, 1 - warmth / 2, 1.0]), dtype=np.float32)


@settings(max_examples=15)
@given(
    x=st.floats(-0.2, 1.2),
    y=st.floats(-0.2, 1.2),
    fall=st.floats(0, 0.5),
    warmth=st.floats(0, 0.3),
    strokes=st.integers(0, 18),
)
def test_paper_comes_out_even_under_any_lamp(
    x: float, y: float, fall: float, warmth: float, strokes: int
) -> None:
    drawn, bare = sheet(7, strokes)
    noise = np.random.default_rng(1).normal(0, 2, drawn.shape)
    seen = np.clip(drawn * lamp(x, y, fall, warmth) + noise, 0, 255).astype(np.uint8)
    paper = estimate_paper(seen)
    assert paper.shape == (GRID, GRID, 3)
    off = np.abs(cv2.blur(level(seen, paper), (5, 5)).astype(np.float32)[bare] - PAPER_LEVEL)
    assert np.percentile(off, 98) < 16


def test_inks_keep_their_share_of_the_paper() -> None:
    drawn, _ = sheet(3, 10)
    seen = np.clip(drawn * lamp(0, 0, 0.4, 0.2), 0, 255).astype(np.uint8)
    expected = drawn / PAPER * PAPER_LEVEL
    assert np.abs(level(seen, estimate_paper(seen)) - expected).mean() < 3


@pytest.mark.parametrize("depth", [0.75, 0.55])
def test_paper_in_a_hard_shadow_is_still_paper(depth: float) -> None:
    drawn, bare = sheet(5, 8)
    shadow = np.ones((SIDE, SIDE), dtype=np.float32)
    cv2.fillConvexPoly(shadow, np.array([(90, 0), (SIDE, 0), (SIDE, SIDE), (170, SIDE)]), depth)
    edge = cv2.dilate(cv2.morphologyEx(shadow, cv2.MORPH_GRADIENT, np.ones((3, 3))), np.ones((31, 31))) > 0
    seen = (drawn * shadow[..., None]).astype(np.uint8)
    levelled = level(seen, estimate_paper(seen)).astype(np.float32)
    assert np.percentile(np.abs(levelled[bare & ~edge] - PAPER_LEVEL), 98) < 25


def test_what_lies_over_the_paper_is_not_taken_for_it() -> None:
    drawn, _ = sheet(4, 4)
    seen = drawn.copy()
    seen[100:, 120:] = (190, 205, 236)  # a pale arm
    hidden = np.zeros((GRID, GRID), dtype=np.bool_)
    hidden[12:, 14:] = True
    paper = estimate_paper(seen.astype(np.uint8), hidden)
    assert np.abs(paper - PAPER).max() < 10


@given(st.tuples(*[st.floats(0.3, 1.05)] * 3), st.integers(0, 18))
@settings(max_examples=15)
def test_a_lamp_that_is_switched_is_a_gain_known_at_once(factor: tuple[float, ...], strokes: int) -> None:
    drawn, bare = sheet(3, strokes)
    before = drawn.astype(np.uint8)
    now = (drawn * np.array(factor, dtype=np.float32)).clip(0, 255).astype(np.uint8)
    # A hand that covers a third of it tells nothing of the lamp.
    now[: SIDE // 3] = (120, 150, 200)
    np.testing.assert_allclose(gain(now, before, bare), factor, atol=0.02)


def test_without_paper_there_is_no_gain_to_tell() -> None:
    black = np.zeros((40, 40, 3), dtype=np.uint8)
    assert (gain(black, black, np.zeros((40, 40), dtype=np.bool_)) == 1).all()


def test_a_shadow_is_levelled_also_where_strokes_leave_little_paper() -> None:
    drawn, bare = sheet(5, 0)
    for x in range(20, SIDE, 14):
        cv2.line(drawn, (x, 60), (x, 200), INKS[2], 9, cv2.LINE_AA)
        cv2.line(bare_picture := bare.astype(np.uint8), (x, 60), (x, 200), 0, 13)
        bare = bare_picture > 0
    shadow = np.ones((SIDE, SIDE), dtype=np.float32)
    shadow[:, 70:190] = 0.6
    seen = drawn * cv2.GaussianBlur(shadow, (0, 0), 12)[..., None]
    levelled = level(seen.astype(np.uint8), estimate_paper(seen.astype(np.uint8)))
    middle = bare.copy()
    middle[:, :90] = middle[:, 170:] = False
    assert np.abs(levelled[middle].astype(np.float32) - PAPER_LEVEL).mean() < 20

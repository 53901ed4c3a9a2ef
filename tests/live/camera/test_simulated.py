"""The simulated sheet: its pictures and its truth agree, and both depend on nothing but the time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.layout import A4, MARKER_IDS
from live.camera.drawings import DRAWING_NAMES
from live.camera.simulated import (
    GAMMA,
    HOLD,
    SWAP,
    Conditions,
    Cover,
    Push,
    SimulatedSheet,
    SimulatedSource,
    Truth,
)
from live.clock import ManualClock
from models.faults import InputFault
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

SIDE = 380
PLAIN = Conditions(hand=False, noise=0, light_slope=1, kelvin=5000, vignette=0, blur=0)
"""A camera that shows the colours as they are, and nothing but the sheet."""


@pytest.fixture(scope="module")
def sheet() -> SimulatedSheet:
    """One town for all who only look at it: making it costs more than the looking."""
    return SimulatedSheet("town", seed=1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(threads)


def rectified(picture: NDArray[np.uint8], sheet: SimulatedSheet, side: int = SIDE) -> NDArray[np.uint8]:
    """The drawing area of a picture as a square."""
    low, high = -0.5, side - 0.5
    square = np.array([(low, low), (high, low), (high, high), (low, high)], dtype=np.float32)
    to_square = cv2.getPerspectiveTransform(sheet.corners, square)
    return np.asarray(cv2.warpPerspective(picture, to_square, (side, side)), dtype=np.uint8)


def nearest_ink(bgr: NDArray[np.uint8], conditions: Conditions) -> NDArray[np.intp]:
    """Which class's ink each pixel is most like, by distance in CIE L*a*b*."""
    inks = np.array([[conditions.ink(label)[::-1] for label in range(5)]], dtype=np.float32) / 255
    seen, known = (
        cv2.cvtColor(colours, cv2.COLOR_BGR2LAB) for colours in (bgr.astype(np.float32) / 255, inks)
    )
    return np.asarray(np.square(np.asarray(seen)[:, :, None] - known[0]).sum(axis=3).argmin(axis=2))


def away_from_borders(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    window = np.ones((5, 5), dtype=np.uint8)
    return np.asarray(cv2.dilate(labels, window) == cv2.erode(labels, window))


# ── Truth ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", DRAWING_NAMES)
def test_the_truth_is_what_the_picture_shows(name: str) -> None:
    plain = SimulatedSheet(name, 2, conditions=PLAIN)
    for t in (0.35 * plain.finished_after, plain.finished_after + 0.1):
        labels = plain.truth(t, SIDE).labels
        seen = nearest_ink(rectified(plain.render(t), plain), PLAIN)
        sure = away_from_borders(labels)
        assert sure.mean() > 0.35
        assert (seen == labels)[sure].mean() > 0.999
        assert (seen == labels).mean() > 0.95


def test_each_pixel_was_drawn_when_it_says_so(sheet: SimulatedSheet) -> None:
    end = sheet.truth(sheet.finished_after, SIDE)
    assert ((end.labels == GROUND) == np.isneginf(end.drawn_at)).all()
    for t in (5.0, 17.3, 40.0):
        then = sheet.truth(t, SIDE)
        settled = end.drawn_at <= t
        np.testing.assert_array_equal(then.labels[settled], end.labels[settled])
        assert (then.labels != end.labels)[end.drawn_at > t].all()
        assert then.drawn_at.max() <= t


def test_what_the_hand_hides_is_in_its_mask_and_nothing_else() -> None:
    bare = SimulatedSheet("town", 1, conditions=Conditions(hand=False, noise=0))
    full = SimulatedSheet("town", 1, conditions=Conditions(noise=0))
    for t in (4.5, 22.0, 47.0):
        changed = cv2.absdiff(rectified(bare.render(t), bare), rectified(full.render(t), full)).max(axis=2)
        hand = full.truth(t, SIDE).hand
        assert hand.mean() > 0.02
        assert changed[~hand].max() <= 255 * 0.08
        assert (changed[hand] > 8).mean() > 0.9


def test_the_hand_covers_the_tip_of_the_pen_while_it_draws(sheet: SimulatedSheet) -> None:
    looked = 0
    for t in np.arange(1.0, sheet.finished_after, 1.7):
        pen = sheet.pen(float(t))
        if pen is None:
            continue
        looked += 1
        x, y = (min(int(v * SIDE), SIDE - 1) for v in pen)
        assert sheet.truth(float(t), SIDE).hand[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].any()
    assert looked > 15


def test_ink_appears_at_the_pen(sheet: SimulatedSheet) -> None:
    for t in np.arange(3.0, sheet.finished_after, 5.3):
        truth = sheet.truth(float(t), SIDE)
        pen = sheet.pen(float(t))
        fresh = np.argwhere(truth.drawn_at > t - 0.05)
        if pen is not None and len(fresh):
            distance = np.hypot(*((fresh[:, ::-1] + 0.5) / SIDE - pen).T)
            assert distance.max() < 0.09


def test_black_stays_black(sheet: SimulatedSheet) -> None:
    early, late = sheet.truth(30.0, SIDE), sheet.truth(sheet.finished_after, SIDE)
    assert (early.labels == ROAD).sum() > 1000
    assert (late.labels[early.labels == ROAD] == ROAD).all()


# ── The course of a drawing ──────────────────────────────────────────────────────────────────────────


def test_a_town_grows_from_empty_paper_to_a_full_city_in_about_a_minute(sheet: SimulatedSheet) -> None:
    assert 45 < sheet.finished_after < 70
    assert (sheet.truth(0.0, SIDE).labels == GROUND).all()
    shares = [
        (sheet.truth(share * sheet.finished_after, SIDE).labels > 0).mean()
        for share in (0.25, 0.5, 0.75, 1)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] > 0.55


def test_the_full_city_is_left_alone_and_then_a_new_sheet_is_laid(sheet: SimulatedSheet) -> None:
    full = sheet.truth(sheet.finished_after, SIDE)
    rest = sheet.finished_after + 0.5 + np.linspace(0.1, HOLD - 0.1, 4)
    for t in rest:
        truth = sheet.truth(float(t), SIDE)
        np.testing.assert_array_equal(truth.labels, full.labels)
        assert not truth.hand.any()
    covered = [sheet.truth(sheet.period - SWAP * share, SIDE).hand.mean() for share in (0.9, 0.5, 0.01)]
    assert covered == sorted(covered)
    assert covered[-1] > 0.95
    new = sheet.truth(sheet.period, SIDE)
    assert (new.labels == GROUND).all()
    assert np.isneginf(new.drawn_at).all()
    assert new.hand.mean() < 0.1


def test_the_second_sheet_is_drawn_like_the_first(sheet: SimulatedSheet) -> None:
    first, second = sheet.truth(9.0, SIDE), sheet.truth(9.0 + sheet.period, SIDE)
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_allclose(first.drawn_at + np.float32(sheet.period), second.drawn_at, rtol=1e-5)


def test_a_drawing_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(InputFault, match="did you mean 'harbour'"):
        SimulatedSheet("habour")


# ── The picture ──────────────────────────────────────────────────────────────────────────────────────


def test_the_markers_lie_where_the_corners_say(sheet: SimulatedSheet) -> None:
    picture = sheet.render(sheet.finished_after + 2.0)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(picture)
    assert ids is not None
    found = {int(i): np.asarray(c)[0] for i, c in zip(ids.ravel(), corners, strict=True)}
    assert sorted(found) == sorted(MARKER_IDS)
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
    homography = cv2.getPerspectiveTransform(unit, sheet.corners)
    for number, spots in zip(MARKER_IDS, A4.marker_corners_sheet(), strict=True):
        expected = cv2.perspectiveTransform(spots[None], homography)[0]
        assert np.abs(found[number] - expected).max() < 1.0


def test_the_picture_has_the_size_that_was_asked_for() -> None:
    small = SimulatedSheet("letters", 1, 640, 480)
    picture = small.render(1.0)
    assert picture.shape == (480, 640, 3)
    assert picture.dtype == np.uint8
    assert (small.corners >= 0).all()
    assert (small.corners < (640, 480)).all()
    truth = small.truth(1.0, 64)
    for part, kind in ((truth.labels, np.uint8), (truth.drawn_at, np.float32), (truth.hand, np.bool_)):
        assert part.shape == (64, 64)
        assert part.dtype == kind


def test_the_paper_is_unevenly_lit_and_the_sensor_noisy(sheet: SimulatedSheet) -> None:
    a, b = sheet.render(58.0), sheet.render(58.0 + 1 / 30)
    noise = np.std(a.astype(np.float32) - b) / math.sqrt(2)
    assert 0.7 * sheet.conditions.noise < noise < 1.3 * sheet.conditions.noise
    blank = rectified(sheet.render(sheet.period + 1.5), sheet).astype(np.float32).mean(axis=2)
    assert blank[:40, :40].mean() > 1.04 * blank[-40:, -40:].mean()


def test_a_marker_leaves_streaks_and_is_darker_where_it_goes_over_itself() -> None:
    plain = SimulatedSheet("town", 1, conditions=PLAIN)
    t = plain.finished_after + 1.0
    labels = plain.truth(t, SIDE).labels
    picture = rectified(plain.render(t), plain).astype(np.float32)
    for label in (GREEN, BUILDING, WATER):
        solid = (labels == label) & away_from_borders(labels)
        ink, paper = (np.array(colour[::-1]) for colour in (PLAIN.ink(label), PLAIN.paper))
        shine = ((picture[solid] - ink) / (paper - ink)).mean(axis=1)  # 0: ink, 1: paper
        assert (shine > 0.12).mean() > 0.02
        assert (shine < -0.03).mean() > 0.02
        assert -0.05 < np.median(shine) < 0.1


def test_conditions_change_what_is_seen_but_not_what_is_true() -> None:
    red = SimulatedSheet("letters", 1, 320, 240, Conditions(sleeve=(200, 40, 40), turn=8.0, tilt=4.0))
    usual = SimulatedSheet("letters", 1, 320, 240)
    t = 8.0
    assert (red.render(t) != usual.render(t)).mean() > 0.5
    assert np.abs(red.corners - usual.corners).max() > 5
    np.testing.assert_array_equal(red.truth(t).labels, usual.truth(t).labels)


# ── Conditions ───────────────────────────────────────────────────────────────────────────────────────


def blank_corners(**changed: object) -> list[NDArray[np.float32]]:
    """Mean colour near the four corners of an empty sheet's drawing area, clockwise, BGR."""
    empty = SimulatedSheet(
        "letters",
        1,
        640,
        360,
        replace(PLAIN, tilt=0.0, turn=0.0, **changed),  # type: ignore[arg-type]
    )
    square = rectified(empty.render(0.0), empty, 100).astype(np.float32)
    spots = (square[3:9, 3:9], square[3:9, -9:-3], square[-9:-3, -9:-3], square[-9:-3, 3:9])
    return [spot.mean(axis=(0, 1)) for spot in spots]


@pytest.mark.parametrize("slope", [1.0, 2.0, 4.0])
def test_the_light_falls_off_as_it_says(slope: float) -> None:
    near, _, far, _ = (corner.mean() for corner in blank_corners(light_slope=slope))
    # The spots lie a little inside of the corners, whence the exponent.
    assert (near / far) ** GAMMA == pytest.approx(slope**0.88, rel=0.03)


def test_a_warm_light_is_yellow_and_a_cold_one_blue_and_neither_blows_out() -> None:
    warm, white, cold = (blank_corners(kelvin=kelvin)[0] for kelvin in (2700.0, 5000.0, 6500.0))
    assert warm[2] > 1.2 * warm[1] > 1.4 * warm[0]
    assert white == pytest.approx(PLAIN.paper[::-1], abs=3)
    assert cold[0] > 1.05 * cold[2]
    assert max(warm.max(), cold.max()) < 252


def test_a_darker_exposure_is_darker() -> None:
    bright, dim = (blank_corners(exposure=exposure)[0].mean() for exposure in (1.0, 0.25))
    assert (dim / bright) ** GAMMA == pytest.approx(0.25, rel=0.05)


def test_a_pushed_sheet_lies_elsewhere_and_shows_the_same() -> None:
    push = Push(3.0, 120.0, -10.0, 20.0)
    far = replace(PLAIN, fills=0.6, tilt=0.0, turn=0.0)
    pushed = SimulatedSheet("letters", 1, 1280, 720, replace(far, pushes=(push,)))
    still = SimulatedSheet("letters", 1, 1280, 720, far)
    np.testing.assert_array_equal(pushed.corners_at(3.0), still.corners)
    before, after = (pushed.corners_at(t) for t in (3.0, 3.4))
    px_per_mm = np.linalg.norm(before[1] - before[0]) / A4.drawing_side
    way = (after.mean(axis=0) - before.mean(axis=0)) / px_per_mm
    assert way == pytest.approx((120, -10), abs=0.5)
    edge = after[1] - after[0]
    assert math.degrees(math.atan2(edge[1], edge[0])) == pytest.approx(20, abs=0.1)
    labels = pushed.truth(9.0, SIDE).labels
    np.testing.assert_array_equal(labels, still.truth(9.0, SIDE).labels)
    to_square = cv2.getPerspectiveTransform(
        pushed.corners_at(9.0), np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * SIDE - 0.5
    )
    square = np.asarray(cv2.warpPerspective(pushed.render(9.0), to_square, (SIDE, SIDE)), dtype=np.uint8)
    seen = nearest_ink(square, PLAIN)
    assert (seen == labels)[away_from_borders(labels)].mean() > 0.999


def test_a_sheet_on_its_way_is_smeared_and_then_sharp_again() -> None:
    conditions = replace(PLAIN, fills=0.6, pushes=(Push(3.0, 200.0),))
    pushed, other = (SimulatedSheet("letters", 1, 640, 360, conditions) for _ in range(2))

    def sharpness(t: float) -> float:
        return float(cv2.Laplacian(pushed.render(t), cv2.CV_32F).var())

    assert sharpness(3.2) < 0.5 * sharpness(2.9)
    assert sharpness(3.5) > 0.8 * sharpness(2.9)
    np.testing.assert_array_equal(pushed.render(3.5), other.render(3.5))


def test_a_cover_makes_ground_of_what_it_lies_on() -> None:
    cover = Cover(20.0, 0.0, 0.0, 1.0, 0.5)
    covered = SimulatedSheet("letters", 1, conditions=replace(PLAIN, covers=(cover,)))
    before, after = covered.truth(19.99, SIDE), covered.truth(20.0, SIDE)
    half = SIDE // 2
    was = before.labels[: half - 1] != GROUND
    assert was.mean() > 0.02
    assert (after.labels[: half - 1] == GROUND).all()
    assert (after.drawn_at[: half - 1][was] == 20.0).all()
    np.testing.assert_array_equal(before.labels[half + 1 :], after.labels[half + 1 :])
    seen = nearest_ink(rectified(covered.render(20.0), covered), PLAIN)
    assert (seen[: half - 3] == GROUND).all()
    again = SimulatedSheet("letters", 1, conditions=replace(PLAIN, covers=(cover,)))
    np.testing.assert_array_equal(again.render(20.0), covered.render(20.0))


def test_narrow_gaps_of_a_hatch_are_drawn_and_white() -> None:
    gappy = SimulatedSheet("town", 1, conditions=replace(PLAIN, gaps=0.25))
    t = gappy.finished_after + 1
    labels = gappy.truth(t, SIDE).labels
    seen = nearest_ink(rectified(gappy.render(t), gappy), PLAIN)
    areas = np.isin(labels, (GREEN, BUILDING, WATER))
    white = (seen == GROUND)[areas].mean()
    assert 0.1 < white < 0.4
    closed = cv2.morphologyEx(
        (labels == WATER).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
    )
    assert (closed != (labels == WATER)).mean() < 0.001, "no gap of a pixel is left"


def test_swatches_are_filled_with_the_inks_or_left_empty() -> None:
    for filled in (True, False):
        sheet = SimulatedSheet("letters", 1, 1280, 720, replace(PLAIN, swatches=filled))
        picture = sheet.render(0.0)
        unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
        homography = cv2.getPerspectiveTransform(unit, sheet.corners)
        middles = A4.swatch_corners_sheet().mean(axis=1)
        spots = cv2.perspectiveTransform(middles[None], homography)[0].round().astype(int)
        for label, (x, y) in enumerate(spots):
            expected = PLAIN.ink(label if filled else GROUND)[::-1]
            patch = picture[y - 4 : y + 5, x - 4 : x + 5]
            assert np.abs(np.median(patch, axis=(0, 1)) - expected).max() < 30


def test_sleeves_and_skins_are_what_they_say() -> None:
    """The hand at the top of the drawing, so that the arm lies over the sheet."""
    t = 42.5
    usual = SimulatedSheet("town", 1, 640, 360).render(t).astype(np.float32)

    def changed(**conditions: object) -> NDArray[np.float32]:
        other = SimulatedSheet("town", 1, 640, 360, Conditions(**conditions))  # type: ignore[arg-type]
        picture = other.render(t).astype(np.float32)
        return np.asarray(picture[np.abs(picture - usual).max(axis=2) > 20])

    red = changed(sleeve=(178, 34, 44))
    assert len(red) > 500
    assert (np.median(red, axis=0)[2] > 1.5 * np.median(red, axis=0)[:2]).all()
    dark = changed(skin=(66, 45, 37))
    assert len(dark) > 5000
    assert np.median(dark) < 80
    assert len(changed(sleeve=None)) > 500
    white = (238, 238, 236)
    assert 500 < len(changed(cuff=white)) < 0.9 * len(changed(sleeve=white))
    assert len(changed(stripes=white)) > 50


def test_a_stronger_shadow_is_darker() -> None:
    t = 42.5
    light, deep = (
        SimulatedSheet("town", 1, 640, 360, Conditions(noise=0, shadow=shadow)).render(t).astype(int)
        for shadow in (1.0, 1.7)
    )
    assert (deep <= light + 1).all()
    assert (light - deep).max() > 25


# ── Nothing but the time ─────────────────────────────────────────────────────────────────────────────

FEW = 9.0
"""Seconds: enough of a drawing to go wrong in, and soon drawn anew."""


def same(a: Truth, b: Truth) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("labels", "drawn_at", "hand")
    )


_SOME = SimulatedSheet("island", 5, 320, 180)
_OTHER = SimulatedSheet("island", 5, 320, 180)


@settings(max_examples=20, deadline=None)
@given(times=st.lists(st.floats(0, FEW), min_size=1, max_size=6), t=st.floats(0, FEW))
def test_a_frame_depends_on_nothing_but_the_time(times: list[float], t: float) -> None:
    for before in times:
        _SOME.render(before)
    picture, truth = _SOME.render(t), _SOME.truth(t, 128)
    _OTHER.render(0.0)
    np.testing.assert_array_equal(picture, _OTHER.render(t))
    assert same(truth, _OTHER.truth(t, 128))


def test_frames_are_the_same_at_any_speed_and_in_any_order() -> None:
    slow, fast = (SimulatedSheet("town", 7, 320, 180) for _ in range(2))
    wanted = {round(t * 30): None for t in (2.0, 10.1, 11.0, 14.4)}
    frames = {i: slow.render(i / 30) for i in range(max(wanted) + 1) if i in wanted or i % 2}
    for i in reversed(wanted):
        np.testing.assert_array_equal(fast.render(i / 30), frames[i])


def test_another_seed_is_another_drawing() -> None:
    a, b = (SimulatedSheet("letters", seed, 320, 180).truth(10.0, 128).labels for seed in (1, 2))
    assert (a != b).any()


def test_a_picture_is_never_written_to_again(sheet: SimulatedSheet) -> None:
    picture = sheet.render(4.0)
    kept = picture.copy()
    sheet.render(5.0)
    np.testing.assert_array_equal(picture, kept)


def test_time_before_the_start_shows_the_start(sheet: SimulatedSheet) -> None:
    assert same(sheet.truth(-3.0, 64), sheet.truth(0.0, 64))


# ── The source ───────────────────────────────────────────────────────────────────────────────────────


def test_the_source_keeps_the_pace_of_its_clock() -> None:
    clock = ManualClock(100.0)
    small = SimulatedSheet("letters", 1, 320, 180)
    source = SimulatedSource(small, 25.0, clock)
    for i in range(6):
        picture = source.read()
        assert clock.now() == pytest.approx(100.0 + i / 25)
        assert picture is not None
        np.testing.assert_array_equal(picture, small.render(i / 25))


def test_the_source_does_not_wait_for_who_comes_late() -> None:
    clock = ManualClock()
    small = SimulatedSheet("letters", 1, 320, 180)
    source = SimulatedSource(small, 10.0, clock)
    assert source.read() is not None
    clock.sleep(3.05)
    late = source.read()
    assert clock.now() == pytest.approx(3.05)
    assert late is not None
    np.testing.assert_array_equal(late, small.render(3.0))
    source.read()
    assert clock.now() == pytest.approx(3.1)


def test_a_closed_source_has_come_to_its_end() -> None:
    source = SimulatedSource(SimulatedSheet("letters", 1, 320, 180), 30.0, ManualClock())
    assert source.describe() == "simulated sheet, letters, 320×180"
    source.close()
    source.close()
    assert source.read() is None

"""The reading as a whole, on the simulated sheet, whose truth is known."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest

from bench.conditions import INKS as INKS_OF
from bench.conditions import Case
from bench.judge import Course, Score, wrong_share
from bench.reading import watch
from live.camera.simulated import Conditions, SimulatedSheet
from live.config import InkSettings
from live.finder import SheetFinder
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.sketch import Settler, SheetReader, inks_of, majority
from models.palette import BUILDING, CLASS_NAMES, GROUND, ROAD, UNKNOWN, WATER

SIDE = 256
INKS = inks_of(InkSettings())


def reader(side: int = SIDE) -> SheetReader:
    return SheetReader(side, SheetFinder("auto"), INKS)


def read_at(
    sheet_reader: SheetReader,
    sheet: SimulatedSheet,
    moment: float,
    begin: float,
    seconds: float,
    wishes: Wishes = NO_WISHES,
) -> Reading:
    """Let the reader look at one moment of the sheet for so long, and return the last reading."""
    for number in range(max(round(seconds * 30), 1)):
        # The noise of the sensor is another one in every frame.
        picture = sheet.render(moment + 1e-4 * (number % 9))
        reading = sheet_reader.read(Frame(picture, number + 1, begin + number / 30), wishes)
    return reading


@functools.cache
def finished(drawing: str, seed: int = 1, **conditions: object) -> tuple[SimulatedSheet, float]:
    """A sheet, and the moment at which its drawing is done and the hand is away."""
    sheet = SimulatedSheet(drawing, seed, conditions=Conditions(**conditions))  # type: ignore[arg-type]
    return sheet, sheet.finished_after + 1.0


# While it is drawn


@pytest.mark.parametrize(
    ("drawing", "seed", "start", "fps"),
    [("town", 1, 0.0, 15.0), ("letters", 2, 7.0, 20.0), ("island", 3, 0.0, 15.0)],
)
def test_a_drawing_is_read_as_it_grows(drawing: str, seed: int, start: float, fps: float) -> None:
    score = Score(SIDE)
    for look in watch(Case("", drawing=drawing, start=start, seconds=8.0), seed, SIDE, fps):
        if not look.judged:
            continue  # what is already there when the reading begins has to appear first
        assert look.reading.found
        assert look.reading.labels.max() < len(CLASS_NAMES)
        score.add(look.moment, look.reading.labels)
    figures = score.figures()
    assert min(score.right) >= 0.98, f"at {figures['right_worst_at_s']} s"
    assert max(score.ghosts) <= 0.0005, f"at {figures['ghosts_worst_at_s']} s"
    assert (score.judged > 0).sum() >= 2


@pytest.mark.parametrize(
    ("sleeve", "skin"),
    [((34, 86, 172), (226, 176, 152)), ((20, 20, 22), (90, 60, 45))],
    ids=["blue sleeve", "black sleeve, dark skin"],
)
def test_a_hand_that_comes_and_rests_and_goes_is_no_city(
    sleeve: tuple[int, int, int], skin: tuple[int, int, int]
) -> None:
    sheet = SimulatedSheet("island", 1, conditions=Conditions(sleeve=sleeve, skin=skin))
    sheet_reader, course, score = reader(), Course(SIDE), Score(SIDE)
    # It draws, rests for a second over what it has drawn, and draws on.
    moments = [i / 15 for i in range(6 * 15)]
    moments[60:60] = [moments[60]] * 15
    for number, moment in enumerate(moments):
        picture = sheet.render(moment + 1e-4 * (number % 7))
        reading = sheet_reader.read(Frame(picture, number + 1, number / 15))
        score.add(course.see(moment, sheet.truth(moment, SIDE)), reading.labels)
    assert max(score.ghosts) <= 0.0005
    assert min(score.right) >= 0.98


def test_a_stroke_appears_within_half_a_second() -> None:
    blank = SimulatedSheet("harbour", 1, conditions=Conditions(hand=False))
    sheet_reader = reader()
    read_at(sheet_reader, blank, 0.0, 0.0, 0.5)
    moment = blank.finished_after + 1
    truth = blank.truth(moment, SIDE)
    before = read_at(sheet_reader, blank, moment, 0.5, 0.0)
    assert (before.labels == GROUND).all()
    after = read_at(sheet_reader, blank, moment, 0.54, 0.45)
    assert wrong_share(moment, after.labels, truth) < 0.002


# What disturbs it


@pytest.mark.parametrize("side", [128, 300, 512])
def test_any_side_is_read(side: int) -> None:
    sheet, moment = finished("harbour")
    reading = read_at(reader(side), sheet, moment, 0.0, 0.4)
    assert reading.labels.shape == (side, side)
    assert wrong_share(moment, reading.labels, sheet.truth(moment, side)) < 0.005


def test_poor_light_is_levelled() -> None:
    sheet, moment = finished("town", light_slope=4.0, kelvin=3600.0, vignette=0.3, noise=4.0)
    reading = read_at(reader(), sheet, moment, 0.0, 0.5)
    assert wrong_share(moment, reading.labels, sheet.truth(moment, SIDE)) < 0.005


def test_a_lamp_that_is_switched_changes_the_city_for_a_few_seconds_at_most() -> None:
    sheet, moment = finished("town")
    sheet_reader = reader()
    read_at(sheet_reader, sheet, moment, 0.0, 0.5)
    picture = sheet.render(moment)
    dimmed = (picture * np.float32(0.55)).astype(np.uint8)
    for number in range(100):
        reading = sheet_reader.read(Frame(dimmed, number + 1, 1.0 + number / 30))
    assert wrong_share(moment, reading.labels, sheet.truth(moment, SIDE)) < 0.01


@pytest.mark.parametrize(
    ("depth", "edge"), [(0.4, 120), (0.55, 160), (0.45, 6)], ids=["soft", "deep", "hard"]
)
def test_a_shadow_that_crosses_the_sheet_is_no_road(depth: float, edge: float) -> None:
    """Somebody walks past the lamp: it darkens a third of the sheet for more than a second."""
    sheet, moment = finished("town", hand=False)
    sheet_reader = reader()
    read_at(sheet_reader, sheet, moment, 0.0, 0.5)
    truth, picture = sheet.truth(moment, SIDE), sheet.render(moment).astype(np.float32)
    xs = np.arange(picture.shape[1], dtype=np.float32)
    worst = 0.0
    for number in range(0, 120, 2):
        away = np.clip((np.abs(xs + 300 - 13.0 * number) - 200) / edge + 0.5, 0, 1)
        seen = (picture * (1 - depth * (1 - away))[None, :, None]).astype(np.uint8)
        reading = sheet_reader.read(Frame(seen, number + 1, 1.0 + number / 30))
        worst = max(worst, wrong_share(moment, reading.labels, truth))
    assert worst < 0.004


def test_an_exposure_that_breathes_hides_nothing_that_is_drawn() -> None:
    sheet = SimulatedSheet("town", 1)
    sheet_reader = reader()
    for number in range(120):
        moment = 10.0 + number / 15
        breath = np.float32(0.8 + 0.2 * np.sin(moment * 5))
        picture = (sheet.render(moment) * breath).astype(np.uint8)
        reading = sheet_reader.read(Frame(picture, number + 1, moment))
        if number >= 30:
            truth = sheet.truth(moment, SIDE)
            assert wrong_share(moment, reading.labels, truth) < 0.02, f"at {moment:.2f} s"


def test_a_sheet_that_is_moved_is_read_where_it_lies() -> None:
    sheet, moment = finished("town")
    elsewhere, _ = finished("town", turn=7.0, tilt=20.0)
    sheet_reader = reader()
    read_at(sheet_reader, sheet, moment, 0.0, 0.5)
    reading = read_at(sheet_reader, elsewhere, moment, 0.6, 1.0)
    assert reading.corners is not None
    np.testing.assert_allclose(reading.corners, elsewhere.corners, atol=1.5)
    assert wrong_share(moment, reading.labels, sheet.truth(moment, SIDE)) < 0.01


@pytest.mark.parametrize(
    ("colour", "note"),
    [((52, 74, 104), "out of sight"), ((255, 255, 255), "blown out"), ((0, 0, 0), "black")],
)
def test_a_sheet_out_of_sight_stays_on_stage(colour: tuple[int, int, int], note: str) -> None:
    """The bare table, a blown-out picture, a covered lens."""
    sheet, moment = finished("town")
    sheet_reader = reader()
    before = read_at(sheet_reader, sheet, moment, 0.0, 0.5)
    table = np.full((720, 1280, 3), colour, dtype=np.uint8)
    for number in range(30):
        reading = sheet_reader.read(Frame(table, number + 1, 1.0 + number / 30))
    assert not reading.found
    assert note in reading.note
    assert (reading.labels == before.labels).mean() > 0.999


def test_no_sheet_at_all_is_an_empty_city_and_a_note() -> None:
    reading = reader().read(Frame(np.full((480, 640, 3), 90, dtype=np.uint8), 1, 0.0))
    assert reading.corners is None
    assert not reading.found
    assert "no sheet found" in reading.note
    assert (reading.labels == GROUND).all()


def test_a_hidden_marker_is_named() -> None:
    sheet, moment = finished("town")
    picture = sheet.render(moment)
    corners = sheet.corners
    left, bottom = corners[3]
    picture[int(bottom) - 170 :, : int(left) - 10] = 60
    reading = reader().read(Frame(picture, 1, 0.0))
    assert reading.found
    assert reading.note == "lower left marker hidden"


def test_given_corners_need_no_markers() -> None:
    sheet, moment = finished("town")
    one, two, three, four = ((float(x), float(y)) for x, y in sheet.corners)
    sheet_reader = SheetReader(SIDE, SheetFinder((one, two, three, four)), INKS)
    picture = sheet.render(moment)
    outside = np.ones(picture.shape[:2], dtype=np.uint8)
    grown = (sheet.corners - sheet.corners.mean(axis=0)) * 1.03 + sheet.corners.mean(axis=0)
    cv2.fillConvexPoly(outside, np.round(grown).astype(np.int32), 0)
    picture[outside > 0] = 70
    for number in range(15):
        reading = sheet_reader.read(Frame(picture, number + 1, number / 30))
    assert wrong_share(moment, reading.labels, sheet.truth(moment, SIDE)) < 0.01


def test_a_sheet_that_is_to_be_forgotten_is_so_at_once_and_once() -> None:
    sheet, moment = finished("town")
    sheet_reader, cleared = reader(), Wishes(cleared=1.0)
    before = read_at(sheet_reader, sheet, moment, 0.0, 0.5)
    assert (before.labels != GROUND).any()
    after = sheet_reader.read(Frame(sheet.render(moment), 99, 1.0), cleared)
    assert (after.labels == GROUND).all()
    again = read_at(sheet_reader, sheet, moment, 1.1, 0.5, cleared)
    assert (again.labels == before.labels).mean() > 0.99


def test_the_settling_time_is_as_a_performer_wishes() -> None:
    sheet, moment = finished("town")
    for settle, shown in ((0.0, True), (0.6, False)):
        reading = read_at(reader(), sheet, moment, 0.0, 0.3, Wishes(settle=settle))
        assert (reading.labels != GROUND).any() == shown


def test_a_light_that_has_changed_is_told_until_white_is_taken_anew() -> None:
    sheet, moment = finished("town")
    dim = SimulatedSheet("town", 1, conditions=Conditions(exposure=0.4, kelvin=3200.0))
    sheet_reader = reader()
    assert read_at(sheet_reader, sheet, moment, 0.0, 0.5).note == ""
    darker = read_at(sheet_reader, dim, moment, 0.6, 2.0)
    assert "the light has become" in darker.note
    assert darker.drift is not None
    assert darker.drift.paper > 8
    whitened = Wishes(whitened=2.7)
    taken = read_at(sheet_reader, dim, moment, 2.7, 0.1, whitened)
    assert "taken for white" in taken.note
    later = read_at(sheet_reader, dim, moment, 12.0, 1.5, whitened)
    assert later.note == ""
    assert wrong_share(moment, later.labels, sheet.truth(moment, SIDE)) < 0.005


def test_inks_are_taken_from_the_swatches_or_stay_as_they_were() -> None:
    felt = {name: INKS_OF["bright felt tips"][name] for name in CLASS_NAMES[1:]}
    sheet, moment = finished("town", **felt)
    sheet_reader, inked = reader(), Wishes(inked=0.5)
    read_at(sheet_reader, sheet, moment, 0.0, 0.4)
    reading = read_at(sheet_reader, sheet, moment, 0.5, 0.5, inked)
    assert "the inks are taken from the swatches" in reading.note
    assert wrong_share(moment, reading.labels, sheet.truth(moment, SIDE)) < 0.005
    empty, _ = finished("town", swatches=False)
    stays = read_at(reader(), empty, moment, 0.0, 0.5, inked)
    assert "the inks stay as they were: the swatch of" in stays.note
    assert wrong_share(moment, stays.labels, empty.truth(moment, SIDE)) < 0.005


def test_a_reading_tells_its_frame_and_its_stages() -> None:
    sheet, moment = finished("town")
    reading = reader().read(Frame(sheet.render(moment), 17, 3.5))
    assert (reading.seq, reading.grabbed) == (17, 3.5)
    assert list(reading.stages_ms) == ["find", "rectify", "light", "inks", "settle"]
    assert all(ms >= 0 for ms in reading.stages_ms.values())


def test_the_labels_of_a_reading_are_its_own() -> None:
    sheet, moment = finished("town")
    sheet_reader = reader()
    first = sheet_reader.read(Frame(sheet.render(moment), 1, 0.0))
    kept = first.labels.copy()
    read_at(sheet_reader, sheet, moment, 0.1, 0.5)
    np.testing.assert_array_equal(first.labels, kept)


# Its parts


def test_settling_counts_time_and_not_frames() -> None:
    trusted = np.ones((8, 8), dtype=np.bool_)
    water = np.full((8, 8), WATER, dtype=np.uint8)
    for fps in (10, 25, 60):
        settler = Settler(8)
        needed = 0
        while (settler.labels() == GROUND).all():
            settler.update(water, trusted, 1 / fps, 0.2)
            needed += 1
            assert needed < 100
        # The first frame begins the time.
        assert 0.2 <= (needed - 1) / fps + 1e-6 <= 0.2 + 1 / fps


def test_what_flickers_or_is_unknown_or_untrusted_never_settles() -> None:
    settler = Settler(3)
    trusted = np.ones((3, 3), dtype=np.bool_)
    trusted[2] = False
    labels = np.full((3, 3), ROAD, dtype=np.uint8)
    for number in range(60):
        labels[0] = ROAD if number % 4 else WATER
        labels[1] = UNKNOWN
        settler.update(labels.copy(), trusted, 1 / 30, 0.2)
    np.testing.assert_array_equal(settler.labels(), np.full((3, 3), GROUND))


def test_a_seam_goes_to_a_neighbour_and_a_hand_stays_unknown() -> None:
    fine = np.full((64, 64), WATER, dtype=np.uint8)
    fine[:, 32:] = BUILDING
    fine[:, 31:33] = UNKNOWN
    fine[40:, 40:] = UNKNOWN
    small = majority(fine, 32)
    assert set(np.unique(small[:18])) == {WATER, BUILDING}
    assert (small[23:, 23:] == UNKNOWN).all()

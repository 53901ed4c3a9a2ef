"""Reading photographs, of the simulated sheet and of simulated things that were laid and drawn by hand."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.judge import wrong_share
from calibration.inks import Inks
from live.camera.simulated import Conditions, SimulatedSheet
from live.config import InkSettings
from live.photo import Place, read_photo
from live.sketch import inks_of
from models.faults import InputFault, UsageFault
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, WATER, paint
from tests.live.photos import CASES, Phone, drawn, on_table, photographed, truth_of

SIDE = 256
INKS = inks_of(InkSettings())


def photo_of(drawing: str, **conditions: object) -> tuple[NDArray[np.uint8], SimulatedSheet, float]:
    room = Conditions(hand=False, **conditions)  # type: ignore[arg-type]
    sheet = SimulatedSheet(drawing, 4, 1600, 900, conditions=room)
    moment = sheet.finished_after + 1
    return sheet.render(moment), sheet, moment


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"light_slope": 4.0, "kelvin": 3800.0, "noise": 5.0},
        {"road": (62, 60, 64), "green": (110, 180, 60), "building": (225, 70, 60), "water": (40, 130, 200)},
        {"road": (20, 20, 20), "green": (20, 90, 50), "building": (150, 30, 50), "water": (40, 50, 120)},
    ],
    ids=["plain", "poor light", "bright markers", "dark markers"],
)
def test_a_photo_is_read(conditions: dict[str, object]) -> None:
    photo, sheet, moment = photo_of("town", **conditions)
    labels = read_photo(photo, SIDE, "auto", INKS).labels
    assert wrong_share(moment, labels, sheet.truth(moment, SIDE)) < 0.003


def test_a_photo_is_read_from_its_corners() -> None:
    photo, sheet, moment = photo_of("harbour")
    labels = read_photo(photo, SIDE, sheet.corners.tolist(), INKS).labels
    assert wrong_share(moment, labels, sheet.truth(moment, SIDE)) < 0.003


def test_a_photo_that_is_the_sheet_is_read_whole() -> None:
    photo, sheet, moment = photo_of("boulevards")
    square = cv2.getPerspectiveTransform(
        sheet.corners, np.array([(0, 0), (699, 0), (699, 699), (0, 699)], dtype=np.float32)
    )
    whole = np.asarray(cv2.warpPerspective(photo, square, (700, 700)), dtype=np.uint8)
    labels = read_photo(whole, SIDE, "whole", INKS).labels
    assert wrong_share(moment, labels, sheet.truth(moment, SIDE)) < 0.003


def test_a_drawing_in_flat_colours_is_read_as_it_is() -> None:
    truth = SimulatedSheet("town", 1).truth(60.0, SIDE).labels
    flat = cv2.resize(paint(truth)[..., ::-1], (512, 512), interpolation=cv2.INTER_NEAREST)
    labels = read_photo(np.asarray(flat, dtype=np.uint8), SIDE, "whole", INKS).labels
    window = np.ones((3, 3), dtype=np.uint8)
    inside = cv2.dilate(truth, window) == cv2.erode(truth, window)
    assert (labels == truth)[inside].mean() > 0.995


@functools.cache
def photo_and_truth(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    subject = CASES[name].subject()
    return photographed(subject, CASES[name].phone), *truth_of(subject, SIDE)


@pytest.mark.parametrize(
    "name",
    [
        "markers, 12 MP",
        "markers, deep shadow",
        "markers, covered",
        "two lamps",
        "felt tips, hatched",
        "pencils, warm light",
        "crayons",
        "dark inks",
        "whiteboard",
        "two of a kind",
        "card on black, warm light",
        "card on kraft",
        "blocks on grey, warm light",
        "blocks, inks unknown",
    ],
)
def test_what_a_phone_took_is_read_as_a_person_would(name: str) -> None:
    photo, truth, judged = photo_and_truth(name)
    inks, known = INKS, range(0)
    if CASES[name].inks is not None:
        inks, known = given(CASES[name].inks or {}), range(5)
    labels = read_photo(photo, SIDE, "whole", inks, known).labels
    right = labels == truth
    assert right[judged].mean() > 0.99
    for index in np.unique(truth[judged]):
        own = judged & (truth == index)
        assert own.sum() < 200 or right[own].mean() > 0.94, CLASS_NAMES[index]


def given(colours: Mapping[int, tuple[int, int, int]]) -> Inks:
    rgb = INKS.rgb.copy()
    for index, colour in colours.items():
        rgb[index] = colour
    return Inks(rgb)


def test_thin_roads_hold_together() -> None:
    photo, truth, _ = photo_and_truth("thin pen")
    roads = (read_photo(photo, SIDE, "whole", INKS).labels == ROAD).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(roads, connectivity=8)
    longest = int(stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
    near = cv2.dilate((parts == longest).astype(np.uint8), np.ones((5, 5), dtype=np.uint8)) > 0
    assert near[truth == ROAD].mean() > 0.97


def test_one_ink_that_is_given_is_taken_and_the_others_learnt() -> None:
    """A drawing with violet water and no red, in which violet is near to what red would be."""
    subject = drawn(40, {ROAD: (34, 34, 38), GREEN: (30, 140, 66), WATER: (170, 60, 150)})
    photo = photographed(subject, Phone(gains=(1.0, 0.9, 0.75)))
    truth, judged = truth_of(subject, SIDE)
    learnt = read_photo(photo, SIDE, "whole", INKS).labels
    assert (learnt == BUILDING)[judged & (truth == WATER)].mean() > 0.9
    told = read_photo(photo, SIDE, "whole", given({WATER: (170, 60, 150)}), (WATER,))
    assert (told.labels == truth)[judged].mean() > 0.99


def test_a_cropped_photo_is_the_whole_sheet_and_that_is_told() -> None:
    photo, truth, judged = photo_and_truth("markers, deep shadow")
    reading = read_photo(photo, SIDE, "auto", INKS, name="p.jpg")
    assert (reading.labels == truth)[judged].mean() > 0.99
    assert reading.note == "no edge of a sheet in p.jpg, but paper all around: read as --sheet whole"


def test_a_sheet_on_a_table_is_not_the_whole_photo() -> None:
    photo, truth, _ = photo_and_truth("whiteboard")
    reading = read_photo(on_table(photo), SIDE, "auto", INKS)
    assert (reading.labels == truth).mean() > 0.96
    assert reading.note == ""


def test_an_empty_sheet_is_empty_and_that_is_told() -> None:
    photo = photographed(drawn(1, {}), Phone(shadow=0.5))
    reading = read_photo(photo, SIDE, "whole", INKS, name="p.jpg")
    assert (reading.labels == GROUND).all()
    assert reading.note == "nothing was found to be drawn in p.jpg"


@pytest.mark.parametrize(
    ("grey", "sentence"),
    [(3, "p.jpg is black; take it again in more light"), (254, "p.jpg is white all over")],
)
def test_a_black_or_blown_out_photo_is_refused(grey: int, sentence: str) -> None:
    with pytest.raises(InputFault, match=sentence):
        read_photo(np.full((300, 400, 3), grey, dtype=np.uint8), SIDE, "auto", INKS, name="p.jpg")


ANY_PLACE = pytest.mark.parametrize(
    "place", ["whole", [(40, 20), (360, 20), (360, 280), (40, 280)]], ids=["whole", "corners"]
)


@ANY_PLACE
def test_a_black_photo_is_refused_also_where_its_sheet_is_known(place: Place) -> None:
    with pytest.raises(InputFault, match=r"p\.jpg is black; take it again in more light"):
        read_photo(np.full((300, 400, 3), 3, dtype=np.uint8), SIDE, place, INKS, name="p.jpg")


@ANY_PLACE
def test_a_blown_out_photo_of_a_known_sheet_is_empty_and_that_is_told(place: Place) -> None:
    reading = read_photo(np.full((300, 400, 3), 254, dtype=np.uint8), SIDE, place, INKS, name="p.jpg")
    assert (reading.labels == GROUND).all()
    assert reading.note == (
        "nothing was found to be drawn in p.jpg, which is white all over: it is overexposed, or empty"
    )


def test_a_tiny_photo_is_refused() -> None:
    with pytest.raises(InputFault, match=r"only 20×31 pixels; 32 a side"):
        read_photo(np.zeros((31, 20, 3), dtype=np.uint8), SIDE, "whole", INKS)


def test_a_photo_without_a_sheet_is_refused_with_what_to_do() -> None:
    table = np.random.default_rng(1).normal(90, 9, (600, 800, 3)).clip(0, 255).astype(np.uint8)
    with pytest.raises(InputFault, match=r"no sheet found in table\.jpg.*--sheet whole"):
        read_photo(table, SIDE, "auto", INKS, name="table.jpg")


def test_corners_that_make_no_sheet_are_refused() -> None:
    with pytest.raises(UsageFault, match="clockwise"):
        read_photo(np.full((90, 90, 3), 200, dtype=np.uint8), 64, [(0, 0), (0, 9), (9, 9), (9, 0)], INKS)

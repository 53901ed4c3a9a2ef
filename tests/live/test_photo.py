"""Reading photographs, of the simulated sheet and of simulated things that were laid and drawn by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.reading import errors
from live.camera.simulated import Conditions, SimulatedSheet
from live.config import InkSettings
from live.photo import read_photo
from live.sketch import inks_of
from models.faults import InputFault, UsageFault
from models.palette import paint

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
    wrong, judged = errors(moment, labels, sheet.truth(moment, SIDE))
    assert wrong.sum() < 0.003 * judged.sum()


def test_a_photo_is_read_from_its_corners() -> None:
    photo, sheet, moment = photo_of("harbour")
    labels = read_photo(photo, SIDE, sheet.corners.tolist(), INKS).labels
    wrong, judged = errors(moment, labels, sheet.truth(moment, SIDE))
    assert wrong.sum() < 0.003 * judged.sum()


def test_a_photo_that_is_the_sheet_is_read_whole() -> None:
    photo, sheet, moment = photo_of("boulevards")
    square = cv2.getPerspectiveTransform(
        sheet.corners, np.array([(0, 0), (699, 0), (699, 699), (0, 699)], dtype=np.float32)
    )
    whole = np.asarray(cv2.warpPerspective(photo, square, (700, 700)), dtype=np.uint8)
    labels = read_photo(whole, SIDE, "whole", INKS).labels
    wrong, judged = errors(moment, labels, sheet.truth(moment, SIDE))
    assert wrong.sum() < 0.003 * judged.sum()


def test_a_drawing_in_flat_colours_is_read_as_it_is() -> None:
    truth = SimulatedSheet("town", 1).truth(60.0, SIDE).labels
    flat = cv2.resize(paint(truth)[..., ::-1], (512, 512), interpolation=cv2.INTER_NEAREST)
    labels = read_photo(np.asarray(flat, dtype=np.uint8), SIDE, "whole", INKS).labels
    window = np.ones((3, 3), dtype=np.uint8)
    inside = cv2.dilate(truth, window) == cv2.erode(truth, window)
    assert (labels == truth)[inside].mean() > 0.995


def test_a_photo_without_a_sheet_is_refused_with_what_to_do() -> None:
    table = np.random.default_rng(1).normal(90, 9, (600, 800, 3)).clip(0, 255).astype(np.uint8)
    with pytest.raises(InputFault, match=r"no sheet found in table\.jpg.*--sheet whole"):
        read_photo(table, SIDE, "auto", INKS, name="table.jpg")


def test_corners_that_make_no_sheet_are_refused() -> None:
    with pytest.raises(UsageFault, match="clockwise"):
        read_photo(np.zeros((90, 90, 3), dtype=np.uint8), 64, [(0, 0), (0, 9), (9, 9), (9, 0)], INKS)

"""What lies over the sheet is no city, whenever and wherever it comes."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.simulated import Conditions, SimulatedSheet
from live.config import InkSettings
from live.finder import SheetFinder
from live.flow import NO_WISHES, Frame, Reading, Wishes
from live.sketch import SheetReader, inks_of
from models.palette import GROUND, ROAD, WATER

SIDE = 256
INKS = inks_of(InkSettings())
UNDER_ARM = 2.0
"""Seconds of the drawing "island" at which the arm covers nearly half of an all but empty sheet."""
SLEEVES = {"black": (20, 20, 22), "blue": (34, 86, 172), "red": (170, 40, 44)}

Bgr = NDArray[np.uint8]


@functools.cache
def under_arm(sleeve: str) -> tuple[SimulatedSheet, SimulatedSheet]:
    """The same sheet with an arm over it and without."""
    return (
        SimulatedSheet("island", 1, conditions=Conditions(sleeve=SLEEVES[sleeve])),
        SimulatedSheet("island", 1, conditions=Conditions(hand=False)),
    )


def watch(
    reader: SheetReader, picture: Bgr, begin: float, seconds: float, wishes: Wishes = NO_WISHES
) -> Reading:
    for number in range(round(seconds * 30)):
        reading = reader.read(Frame(picture, number + 1, begin + number / 30), wishes)
    return reading


def ghosts(reading: Reading, sheet: SimulatedSheet) -> float:
    """The share of the sheet that shows a class where none is near."""
    drawn = cv2.dilate(
        (sheet.truth(UNDER_ARM, SIDE).labels != GROUND).astype(np.uint8), np.ones((5, 5), np.uint8)
    )
    return float(((reading.labels != GROUND) & (drawn == 0)).mean())


@pytest.mark.parametrize("sleeve", SLEEVES)
def test_an_arm_that_is_there_when_the_show_begins_is_no_city(sleeve: str) -> None:
    sheet, _ = under_arm(sleeve)
    reading = watch(SheetReader(SIDE, SheetFinder("auto"), INKS), sheet.render(UNDER_ARM), 0.0, 1.5)
    assert ghosts(reading, sheet) < 0.0005


@pytest.mark.parametrize("sleeve", SLEEVES)
@pytest.mark.parametrize("wish", ["whitened", "cleared"])
def test_an_arm_is_no_city_when_white_is_taken_or_the_sheet_forgotten_under_it(
    sleeve: str, wish: str
) -> None:
    sheet, empty = under_arm(sleeve)
    reader = SheetReader(SIDE, SheetFinder("auto"), INKS)
    watch(reader, empty.render(UNDER_ARM), 0.0, 1.0)
    watch(reader, sheet.render(UNDER_ARM), 1.0, 0.5)
    reading = watch(reader, sheet.render(UNDER_ARM), 1.5, 1.5, Wishes(**{wish: 1.5}))
    assert ghosts(reading, sheet) < 0.0005


@pytest.mark.parametrize("colour", [(22, 20, 20), (120, 70, 40)], ids=["black", "blue"])
def test_a_sleeve_of_the_tables_colour_is_no_city_on_paper_without_a_border(
    colour: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(1)
    plain = np.full((720, 1280, 3), colour, dtype=np.float32)
    cv2.fillConvexPoly(plain, np.array([(420, 120), (900, 130), (910, 600), (410, 610)]), (236, 240, 242))
    cv2.line(plain, (500, 220), (820, 260), (44, 40, 40), 12, cv2.LINE_AA)

    def seen(reach: float) -> Bgr:
        picture = plain.copy()
        if reach:
            hand = (round(1280 - 560 * reach), round(720 - 330 * reach))
            cv2.line(picture, (1400, 790), hand, colour, 150)
            cv2.circle(picture, hand, 62, (152, 176, 226), -1)
        return (picture + rng.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)

    reader = SheetReader(SIDE, SheetFinder("auto"), INKS)
    before = watch(reader, seen(0), 0.0, 1.0)
    assert before.found
    assert (before.labels == ROAD).mean() > 0.005
    worst = 0.0
    for number in range(60):
        reach = min(1.0, number / 20)
        reading = reader.read(Frame(seen(reach), number + 1, 1.0 + number / 30))
        worst = max(worst, float((reading.labels != before.labels).mean()))
    assert worst < 0.003


def test_hatching_in_black_is_no_shadow() -> None:
    sheet = SimulatedSheet("town", 1, conditions=Conditions(hand=False))
    paper = sheet.render(0.0)
    corners = sheet.corners.astype(np.float32)
    square = np.array([(0, 0), (1900, 0), (1900, 1900), (0, 1900)], dtype=np.float32)
    lines = np.full((1900, 1900, 3), 255, dtype=np.uint8)
    for y in range(600, 1200, 20):  # strokes of 1 mm, 2 mm apart
        cv2.line(lines, (600, y), (1200, y), (40, 36, 36), 10, cv2.LINE_AA)
    over = cv2.warpPerspective(
        cv2.GaussianBlur(lines, (0, 0), 2),
        cv2.getPerspectiveTransform(square, corners),
        (1280, 720),
        flags=cv2.INTER_AREA,
        borderValue=(255, 255, 255),
    )
    hatched = cv2.multiply(paper, over, scale=1 / 255)
    reader = SheetReader(512, SheetFinder("auto"), INKS)
    watch(reader, paper, 0.0, 0.5)
    reading = watch(reader, np.asarray(hatched, np.uint8), 0.5, 0.5)
    assert (reading.labels[175:310, 175:310] == ROAD).mean() > 0.9


def test_what_lies_beyond_the_picture_stays_as_it_was() -> None:
    sheet = SimulatedSheet("town", 1)
    moment = sheet.finished_after + 1
    picture = sheet.render(moment)
    reader = SheetReader(SIDE, SheetFinder("auto"), INKS)
    before = watch(reader, picture, 0.0, 0.6)
    half = np.full_like(picture, 60)
    half[:, :640] = picture[:, 640:]
    after = watch(reader, half, 0.7, 2.0)
    assert "only part of the sheet" in after.note
    inside = cv2.dilate(before.labels, np.ones((5, 5), np.uint8)) == cv2.erode(
        before.labels, np.ones((5, 5), np.uint8)
    )
    assert (after.labels != before.labels)[inside].mean() < 0.01


@pytest.mark.parametrize("settle", [0.0, 0.15])
def test_nothing_unknown_is_ever_shown(settle: float) -> None:
    sheet, _ = under_arm("blue")
    reader = SheetReader(SIDE, SheetFinder("auto"), INKS)
    for number in range(20):
        picture = sheet.render(UNDER_ARM + number / 15)
        reading = reader.read(Frame(picture, number + 1, number / 15), Wishes(settle=settle))
        assert reading.labels.max() <= WATER

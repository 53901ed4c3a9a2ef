from __future__ import annotations

import numpy as np
import pytest

from calibration.inks import Inks
from calibration.light import estimate_paper, level
from live.calibrate.look import Light, Looker, measure_light, neighbours
from live.calibrate.steps import Accept, CalibrateState, Measured, SetInks, TakeByHand, beginning, reduce
from live.flow import Frame
from models.palette import CLASS_NAMES, GROUND, ROAD, UNKNOWN, WATER
from tests.live.calibrate.sheets import AREAS, CORNERS, INKS, camera_picture

START = beginning(INKS)


def light_of(square: np.ndarray) -> Light:
    paper = estimate_paper(square)
    return measure_light(square, level(square, paper), paper)


def at(step: str) -> CalibrateState:
    state = reduce(START, Measured((1, 2, 3)))
    while state.step != step:
        state = reduce(state, Accept())
    return state


@pytest.mark.parametrize(
    ("value", "said"), [(60, "dark"), (210, "Brightness is right"), (255, "too bright")]
)
def test_the_light_in_words(value: int, said: str) -> None:
    light = light_of(np.full((512, 512, 3), value, np.uint8))
    assert light.slope == pytest.approx(1.0, abs=0.02)
    assert light.white == (value, value, value)
    assert "even enough" in light.in_words[0]
    assert said in light.in_words[1]


@pytest.mark.parametrize(
    ("slope", "said"), [(1.5, "even enough"), (3.0, "evened out"), (6.0, "too uneven")]
)
def test_the_slope_is_that_of_the_lamp(slope: float, said: str) -> None:
    linear = np.geomspace(0.8, 0.8 / slope, 512)
    values = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    light = light_of(np.tile(np.rint(values).astype(np.uint8)[None, :, None], (512, 1, 3)))
    assert light.slope == pytest.approx(slope, rel=0.1)
    assert said in light.in_words[0]
    assert light.cells[16, 0] > 0.95
    assert light.cells[16, -1] == pytest.approx(1 / slope, rel=0.15)


def test_the_white_is_that_of_the_paper_between_the_inks() -> None:
    look = Looker().look(Frame(camera_picture(), 1, 0.0), at("light"))
    assert look.light is not None
    assert look.light.white == pytest.approx(tuple(INKS.rgb[GROUND] * 0.9), abs=3)


def test_what_each_step_needs_is_looked_for() -> None:
    looker, frame = Looker(), Frame(camera_picture(), 1, 0.0)
    look = looker.look(frame, START)
    assert look.position is not None
    assert look.position.corners == pytest.approx(CORNERS * (1280, 720) - 0.5, abs=1.5)
    assert look.levelled is None
    look = looker.look(frame, at("light"))
    assert look.levelled is not None
    assert look.labels is None
    look = looker.look(frame, at("inks"))
    assert look.labels is not None
    for label, (left, top, right, bottom) in AREAS.items():
        x, y = round((left + right) * 256), round((top + bottom) * 256)
        assert (look.labels[y - 9 : y + 9, x - 9 : x + 9] == label).all()


def test_labels_follow_the_inks() -> None:
    looker, frame, state = Looker(), Frame(camera_picture(), 1, 0.0), at("inks")
    first = looker.look(frame, state).labels
    swapped = Inks(INKS.rgb[[0, 1, 3, 2, 4]].copy())
    second = looker.look(frame, reduce(state, SetInks(swapped, ""))).labels
    assert first is not None
    assert second is not None
    known = (first != UNKNOWN) & (second != UNKNOWN)
    assert (second == np.array([0, 1, 3, 2, 4])[np.where(known, first, 0)])[known].mean() > 0.99


def test_each_class_is_told_its_nearest_neighbour() -> None:
    near = neighbours(INKS)
    assert len(near) == len(CLASS_NAMES)
    assert all(neighbour.clear > 1 for neighbour in near)
    close = Inks(INKS.rgb.copy())
    close.rgb[WATER] = close.rgb[ROAD] + [0, 0, 14]
    near = neighbours(close)
    assert (near[WATER].label, near[ROAD].label) == (ROAD, WATER)
    assert near[WATER].clear == near[ROAD].clear < 1
    look = Looker().look(Frame(camera_picture(), 1, 0.0), reduce(at("inks"), SetInks(close, "")))
    assert look.neighbours == near
    assert any("close" in sentence for sentence in look.separable)


def test_a_sheet_out_of_sight_leaves_what_was_seen_last() -> None:
    looker, state = Looker(), at("inks")
    seen = looker.look(Frame(camera_picture(), 1, 0.0), state)
    lost = looker.look(Frame(np.zeros((720, 1280, 3), np.uint8), 2, 5.0), state)
    assert lost.position is None
    assert lost.sighting.note
    assert lost.levelled is seen.levelled
    assert lost.light is seen.light
    assert lost.labels is not None


def test_corners_by_hand_need_no_markers() -> None:
    picture = camera_picture(hidden=(0, 1, 2, 3))
    one, two, three, four = ((float(x), float(y)) for x, y in CORNERS)
    state = reduce(START, TakeByHand((one, two, three, four)))
    look = Looker().look(Frame(picture, 1, 0.0), state)
    assert look.position is not None
    assert look.position.corners == pytest.approx(CORNERS * (1280, 720) - 0.5, abs=0.1)


def test_corners_by_hand_that_cross_are_told() -> None:
    crossed = ((0.2, 0.2), (0.2, 0.8), (0.8, 0.8), (0.8, 0.2))
    look = Looker().look(Frame(camera_picture(), 1, 0.0), reduce(START, TakeByHand(crossed)))
    assert look.position is None
    assert "these corners make no sheet" in look.sighting.note

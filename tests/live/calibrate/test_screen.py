from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.calibrate.look import Looker, lock_in_words
from live.calibrate.screen import AMBER, GREEN, RED, Scene, draw, page, status
from live.calibrate.steps import (
    STEPS,
    Accept,
    BeginArea,
    CalibrateState,
    ChooseInk,
    Dim,
    Drag,
    Measured,
    SelectCorner,
    Step,
    TakeByHand,
    Tell,
    beginning,
    reduce,
)
from live.camera.camera import CameraStatus
from live.flow import Frame
from tests.live.calibrate.sheets import CORNERS, INKS, camera_picture

FILE = Path("calibration.toml")
RUNNING = CameraStatus("running", "BRIO, 1280×720, exposure locked", 30.0, 9, 0, (1280, 720), True)
LOST = replace(RUNNING, state="lost", sentence="BRIO has given no picture for 2 s; opening it again")
PICTURE = camera_picture()
SIZE = (1280, 720)


def at(step: Step) -> CalibrateState:
    state = reduce(beginning(INKS), Measured((216, 214, 207)))
    while state.step != step:
        state = reduce(state, Accept())
    return state


def scene(state: CalibrateState, picture: np.ndarray = PICTURE, camera: CameraStatus = RUNNING) -> Scene:
    return Scene(state, Looker().look(Frame(picture, 1, 0.0), state), camera, FILE)


SCENES = {step: scene(at(step)) for step in STEPS}


def by_hand() -> CalibrateState:
    one, two, three, four = ((float(x), float(y)) for x, y in CORNERS)
    return reduce(at("sheet"), TakeByHand((one, two, three, four)))


@settings(max_examples=40, deadline=None)
@given(
    step=st.sampled_from(STEPS),
    width=st.integers(1, 2000),
    height=st.integers(1, 1500),
    note=st.text(max_size=300),
)
def test_every_window_is_filled_whatever_its_size(step: Step, width: int, height: int, note: str) -> None:
    drawn = draw(replace(SCENES[step], state=reduce(at(step), Tell(note))), (width, height))
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize("step", STEPS)
def test_a_step_before_the_first_picture(step: Step) -> None:
    waiting = Scene(at(step), None, RUNNING, FILE)
    assert draw(waiting, SIZE).any()
    assert status(waiting)[0] == "Waiting for the camera's first picture."


@pytest.mark.parametrize("step", STEPS)
def test_nothing_floods_a_dark_room(step: Step) -> None:
    drawn = draw(SCENES[step], SIZE)
    assert (drawn.min(axis=2) > 170).mean() < 0.02, "white paper as bright as it is"
    assert drawn.mean() < 70
    darker = draw(replace(SCENES[step], state=reduce(SCENES[step].state, Dim())), SIZE)
    assert darker.mean() < 0.75 * drawn.mean()


def test_the_outline_runs_round_the_drawing_area() -> None:
    drawn = draw(SCENES["sheet"], SIZE).astype(int)
    rect = page("sheet", SIZE, SIZE).picture
    for one, other in zip(CORNERS, np.roll(CORNERS, -1, axis=0), strict=True):
        x, y = np.rint((one + other) / 2 * (rect.width, rect.height) + (rect.x, rect.y)).astype(int)
        near = drawn[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3)
        assert (np.abs(near - GREEN).max(axis=1) < 60).any()


def test_what_is_found_is_told_in_words() -> None:
    assert status(SCENES["sheet"]) == ("All four markers seen. The outline is the drawing area.", GREEN)
    text, _ = status(scene(at("sheet"), camera_picture(hidden=(3,))))
    assert "lower left marker hidden" in text
    text, colour = status(scene(at("sheet"), np.zeros_like(PICTURE)))
    assert "The picture is black" in text
    assert colour == RED
    text, _ = status(scene(at("sheet"), camera_picture(hidden=(0, 1, 2, 3), swatches=False, drawing=False)))
    assert "A white paper without markers" in text
    text, _ = status(scene(reduce(by_hand(), SelectCorner(-1))))
    assert "Corner 4, lower left" in text


def test_a_lost_camera_is_told_and_its_last_picture_darkened() -> None:
    lost = replace(SCENES["sheet"], camera=LOST)
    assert status(lost) == (f"{LOST.sentence}. The last picture stands.", RED)
    rect = page("sheet", SIZE, SIZE).picture
    assert rect.of(draw(lost, SIZE)).mean() < 0.7 * rect.of(draw(SCENES["sheet"], SIZE)).mean()


@pytest.mark.parametrize("step", STEPS)
def test_a_long_sentence_stands_over_the_pictures(step: Step) -> None:
    said = "BRIO has given no picture for 2 s and can't be opened again, and much is to be said of it; " * 9
    lost = replace(SCENES[step], camera=replace(LOST, sentence=said))
    drawn = draw(lost, (900, 600))
    rect = page(step, (900, 600), SIZE).picture
    red = (drawn == np.array(RED)).all(axis=2)
    assert red[rect.y + 10 :].any(), "the last lines lie over the picture"
    rows = np.nonzero(red.any(axis=1))[0]
    ground = drawn[: rows.max()][~red[: rows.max()]]
    assert np.quantile(ground.max(axis=1), 0.8) < 60, "on a dark ground"


@pytest.mark.parametrize(
    ("lock", "alarming"),
    [
        ("exposure locked at 156, white balance locked at 4500 K", False),
        ("white balance NOT LOCKED (its automatic stays on), exposure locked at 156", True),
        ("not locked: it offers no locks, so keep the light steady", True),
        ("", True),
    ],
)
def test_a_camera_that_is_not_locked_is_told_in_amber_beside_the_light(lock: str, alarming: bool) -> None:
    camera = replace(RUNNING, lock=lock)
    assert lock_in_words(camera)[1] is not alarming
    assert ("NOT LOCKED" in lock_in_words(camera)[0]) is alarming
    drawn = draw(replace(SCENES["light"], camera=camera), SIZE)
    column = page("light", SIZE, SIZE).column.of(drawn)
    assert (column == np.array(AMBER)).all(axis=2).any() == alarming


def test_a_file_needs_no_lock() -> None:
    assert lock_in_words(replace(RUNNING, live=False)) == ("", True)


def test_the_magnifier_shows_what_lies_under_the_selected_corner() -> None:
    picture = PICTURE.copy()
    x, y = np.rint(CORNERS[0] * SIZE - 0.5).astype(int)
    picture[y - 60 : y + 60, x - 60 : x + 60] = (0, 0, 0)
    picture[y, x] = (255, 255, 255)
    drawn = draw(scene(by_hand(), picture), SIZE)
    column = page("sheet", SIZE, SIZE).column
    side = min(column.width, column.height * 2 // 3)
    magnifier = drawn[column.y : column.y + side, column.x : column.x + side]
    white = (magnifier.min(axis=2) > 100).nonzero()
    assert len(white[0]) > 15, "one pixel of the camera is many here"
    assert np.abs(np.mean(white, axis=1) - side / 2).max() < side / 41


def test_the_area_that_is_dragged_is_drawn_where_the_pointer_is() -> None:
    state = reduce(reduce(reduce(at("inks"), ChooseInk(2)), BeginArea((0.25, 0.25))), Drag((0.75, 0.5)))
    drawn, without = draw(scene(state), SIZE), draw(SCENES["inks"], SIZE)
    rect = page("inks", SIZE, SIZE).picture
    changed = (rect.of(drawn) != rect.of(without)).any(axis=2).nonzero()
    assert np.min(changed, axis=1) / rect.width == pytest.approx((0.25, 0.25), abs=0.01)
    assert np.max(changed, axis=1) / rect.width == pytest.approx((0.5, 0.75), abs=0.01)


@settings(max_examples=30)
@given(
    step=st.sampled_from(STEPS),
    size=st.tuples(st.integers(200, 2000), st.integers(200, 1500)),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_place_of_the_window_is_a_share_of_the_picture_that_stands_there(
    step: Step, size: tuple[int, int], share: tuple[float, float]
) -> None:
    where = page(step, size, (1280, 720))
    rect = where.picture
    at_pixel = (rect.x + int(share[0] * (rect.width - 1)), rect.y + int(share[1] * (rect.height - 1)))
    assert where.is_on_picture(at_pixel)
    back = where.share(at_pixel)
    assert abs(back[0] - share[0]) < 1.5 / rect.width
    assert abs(back[1] - share[1]) < 1.5 / rect.height
    assert not where.is_on_picture((rect.x - 2, rect.y))


def test_a_corner_is_meant_by_pointing_near_it() -> None:
    where = page("sheet", SIZE, SIZE)
    rect = where.picture
    corners = by_hand().corners.now
    assert corners is not None
    for index, (x, y) in enumerate(corners):
        near = (round(rect.x + x * rect.width) + 9, round(rect.y + y * rect.height) - 9)
        assert where.nearest_corner(corners, near) == index
    assert where.nearest_corner(corners, (rect.x + rect.width // 2, rect.y + rect.height // 2)) is None

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.inks import Inks
from calibration.sheet import SheetPosition
from live.calibrate.keys import KEYS, LOST, key_action, key_help
from live.calibrate.look import Look
from live.calibrate.steps import (
    STEPS,
    Accept,
    Back,
    CalibrateState,
    ChooseInk,
    FindByItself,
    Leave,
    Nudge,
    SelectCorner,
    TakeByHand,
    Tell,
    Undo,
    beginning,
    reduce,
)
from live.finder import Sighting

CORNERS = ((0.2, 0.2), (0.8, 0.25), (0.8, 0.8), (0.2, 0.8))
START = beginning(Inks(np.zeros((5, 3), np.uint8)), white=(200, 200, 200))
BY_HAND = reduce(START, TakeByHand(CORNERS))
PICTURE = np.zeros((400, 500, 3), np.uint8)
POSITION = SheetPosition.of_corners([(500 * x - 0.5, 400 * y - 0.5) for x, y in CORNERS])
FOUND = Look(PICTURE, Sighting(POSITION, True, False, ""))
HIDDEN = Look(PICTURE, Sighting(POSITION, False, False, "lower left marker hidden"))
NEVER = Look(PICTURE, Sighting(None, False, False, "no sheet found"))
MOVING = Look(PICTURE, Sighting(POSITION, True, True, ""))


def at(step: str) -> CalibrateState:
    state = START
    while state.step != step:
        state = reduce(state, Accept())
    return state


@pytest.mark.parametrize(
    ("look", "missing"),
    [
        (None, "there is no picture of the camera yet"),
        (NEVER, "no sheet found"),
        (HIDDEN, "lower left marker hidden"),
        (MOVING, "the sheet is moving: let it lie still"),
        (FOUND, ""),
    ],
)
@pytest.mark.parametrize("key", ["return", "enter"])
def test_enter_goes_on_or_says_what_is_missing(key: str, look: Look | None, missing: str) -> None:
    assert key_action(key, START, look) == Accept(missing)


def test_enter_leaves_the_light_once_the_white_is_measured() -> None:
    unmeasured = replace(at("light"), white=beginning(START.inks.now).white)
    action = key_action("return", unmeasured, FOUND)
    assert isinstance(action, Accept)
    assert "press W" in action.missing
    assert key_action("return", at("light"), FOUND) == Accept()


def test_enter_saves_in_the_end() -> None:
    assert key_action("return", at("save"), HIDDEN) == "save"


@pytest.mark.parametrize(
    ("key", "pixels"),
    [("left", (-1, 0)), ("down", (0, 1)), ("shift+right", (10, 0)), ("shift+up", (0, -10))],
)
def test_arrows_nudge_by_pixels_of_the_camera(key: str, pixels: tuple[int, int]) -> None:
    action = key_action(key, BY_HAND, FOUND)
    assert isinstance(action, Nudge)
    assert (action.by[0] * 500, action.by[1] * 400) == pytest.approx(pixels)


def test_tab_and_shift_tab() -> None:
    assert key_action("tab", BY_HAND, FOUND) == SelectCorner(1)
    assert key_action("shift+tab", BY_HAND, FOUND) == SelectCorner(-1)


def test_keys_for_corners_mean_nothing_while_the_sheet_is_found_by_itself() -> None:
    for key in ("tab", "left", "shift+up"):
        assert key_action(key, START, FOUND) is None


@pytest.mark.parametrize("look", [FOUND, HIDDEN])
def test_by_hand_begins_with_the_corners_as_they_were_found_last(look: Look) -> None:
    action = key_action("m", START, look)
    assert isinstance(action, TakeByHand)
    assert np.array(action.corners) == pytest.approx(np.array(CORNERS), abs=1e-4)


def test_by_hand_begins_somewhere_where_no_sheet_was_ever_found() -> None:
    for look in (NEVER, None):
        action = key_action("m", START, look)
        assert isinstance(action, TakeByHand)
        SheetPosition.of_corners([(500 * x, 400 * y) for x, y in action.corners])


def test_the_same_key_lets_it_be_found_again() -> None:
    assert key_action("m", BY_HAND, FOUND) == FindByItself()


def test_keys_of_the_steps() -> None:
    assert key_action("w", at("light"), FOUND) == "white"
    assert key_action("s", at("inks"), FOUND) == "swatches"
    assert key_action("l", at("inks"), FOUND) == "learn"
    assert key_action("4", at("inks"), FOUND) == ChooseInk(3)
    assert key_action("6", at("inks"), FOUND) is None
    assert key_action("w", at("inks"), FOUND) is None
    assert key_action("backspace", at("inks"), FOUND) == Back()
    assert key_action("ctrl+z", at("inks"), FOUND) == key_action("u", at("inks"), FOUND) == Undo()


@pytest.mark.parametrize(
    ("step", "key"),
    [*((step, "return") for step in STEPS), ("light", "w"), ("inks", "s"), ("inks", "l")],
)
def test_an_old_picture_is_neither_measured_nor_accepted(step: str, key: str) -> None:
    assert key_action(key, at(step), FOUND, lost=True) == Tell(LOST)


def test_what_takes_no_picture_goes_on_while_the_camera_is_lost() -> None:
    for step, key in (("light", "backspace"), ("inks", "u"), ("sheet", "m"), ("save", "ctrl+q")):
        assert key_action(key, at(step), FOUND, lost=True) == key_action(key, at(step), FOUND)


@pytest.mark.parametrize("step", STEPS)
def test_leaving_takes_a_chord_and_escape_does_nothing(step: str) -> None:
    assert key_action("escape", at(step), FOUND) is None
    assert key_action("q", at(step), FOUND) is None
    assert key_action("ctrl+q", at(step), FOUND) == key_action("close", at(step), FOUND) == Leave()


@pytest.mark.parametrize("step", STEPS)
def test_each_key_that_means_something_is_told_and_enter_first(step: str) -> None:
    labels = [label for label, _ in key_help(at(step))]
    assert labels[0] == "Enter"
    told = {name for key in KEYS if key.label in labels for name in key.names}
    assert told == {name for key in KEYS for name in key.names if key_action(name, at(step), FOUND)}


def test_no_two_keys_share_a_name() -> None:
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))

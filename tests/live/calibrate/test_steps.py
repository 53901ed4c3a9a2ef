from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.inks import Inks
from calibration.sheet import Corners
from live.calibrate.steps import (
    BRIGHTNESSES,
    OUTSIDE,
    STEPS,
    Accept,
    Back,
    BeginArea,
    CalibrateState,
    ChooseInk,
    Command,
    Dim,
    Drag,
    Drop,
    FindByItself,
    Grab,
    Leave,
    Measured,
    Nudge,
    Revert,
    Saved,
    SelectCorner,
    SetInks,
    TakeByHand,
    Tell,
    Undo,
    beginning,
    reduce,
)

SQUARE: Corners = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
SAVED: Corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))


def inks(value: int) -> Inks:
    return Inks(np.full((5, 3), value, np.uint8))


START = beginning(inks(1), SAVED, (200, 200, 190))
AUTOMATIC = beginning(inks(1))


def after(state: CalibrateState, *commands: Command) -> CalibrateState:
    for command in commands:
        state = reduce(state, command)
    return state


points = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
commands = st.one_of(
    st.sampled_from([Accept(), Accept("not yet"), Back(), Undo(), Revert(), Dim(), Drop(), FindByItself()]),
    st.builds(TakeByHand, st.just(SQUARE)),
    st.builds(SelectCorner, st.sampled_from([-1, 1])),
    st.builds(Nudge, points),
    st.builds(Grab, st.integers(0, 3), points),
    st.builds(Drag, points),
    st.builds(Measured, st.just((210, 205, 200))),
    st.builds(ChooseInk, st.integers(0, 4)),
    st.builds(BeginArea, points),
    st.builds(lambda v: SetInks(inks(v), "so"), st.integers(0, 255)),
    st.builds(Tell, st.just("that is missing")),
)


@given(st.lists(commands, max_size=30), st.sampled_from([START, AUTOMATIC]))
def test_undoing_everything_at_every_step_gives_what_was_saved(
    done: list[Command], start: CalibrateState
) -> None:
    state = after(start, *done)
    while state.step != "sheet":
        state = reduce(state, Back())
    for _ in STEPS:
        state = reduce(after(state, *[Undo()] * 40), Accept())
    assert state.corners.now == start.corners.now
    assert state.white.now == start.white.now
    assert state.inks.now is start.inks.now


@given(st.lists(commands, max_size=30), st.sampled_from([START, AUTOMATIC]))
def test_corners_stay_in_the_picture(done: list[Command], start: CalibrateState) -> None:
    corners = after(start, *done).corners.now
    assert corners is None or all(-OUTSIDE <= share <= 1 + OUTSIDE for point in corners for share in point)


@given(st.lists(commands, max_size=30), st.sampled_from(["corners", "white", "inks"]))
def test_no_step_changes_what_belongs_to_another(done: list[Command], value: str) -> None:
    step = {"corners": "sheet", "white": "light", "inks": "inks"}[value]
    state = START
    for command in done:
        # Measurements come in as commands when the step that asked for them is still there.
        if isinstance(command, Measured | SetInks):
            continue
        before, state = state, reduce(state, command)
        if before.step != step:
            assert getattr(state, value).now == getattr(before, value).now


def test_the_steps_in_their_order_and_back() -> None:
    state = START
    seen = [state.step]
    for _ in range(4):
        state = reduce(state, Accept())
        seen.append(state.step)
    assert seen == ["sheet", "light", "inks", "save", "save"]
    assert after(state, *[Back()] * 2).step == "light"
    assert after(state, *[Back()] * 9).step == "sheet"


def test_what_is_missing_keeps_the_step_and_is_told() -> None:
    state = reduce(START, Accept("lower left marker hidden"))
    assert (state.step, state.note) == ("sheet", "lower left marker hidden")
    assert reduce(state, Accept()).note == ""


def test_a_corner_is_dragged_from_where_it_was_gripped_and_undone_at_once() -> None:
    state = reduce(AUTOMATIC, TakeByHand(SQUARE))
    state = after(state, Grab(1, (0.82, 0.21)), Drag((0.9, 0.3)), Drag((0.7, 0.31)), Drop())
    assert state.corner == 1
    assert state.corners.now is not None
    assert state.corners.now[1] == pytest.approx((0.68, 0.3))
    assert state.corners.now[0] == SQUARE[0]
    state = reduce(state, Undo())
    assert state.corners.now == SQUARE
    assert reduce(state, Undo()).corners.now is None


def test_a_corner_that_is_touched_but_not_moved_leaves_nothing_to_undo() -> None:
    state = after(START, Grab(1, (0.9, 0.1)), Drop())
    assert state.corners.past == ()


@pytest.mark.parametrize("command", [Undo(), Accept(), Revert(), Dim(), SelectCorner(1)])
def test_what_interrupts_a_drag_ends_it(command: Command) -> None:
    state = after(START, Grab(0, (0.1, 0.1)), Drag((0.3, 0.3)), command, Drag((0.6, 0.6)))
    assert state.grip is None
    assert state.corners.now is not None
    assert state.corners.now[0] == ((0.1, 0.1) if command in (Undo(), Revert()) else (0.3, 0.3))


def test_tab_goes_round_and_nudges_move_the_selected_corner() -> None:
    state = after(START, SelectCorner(-1), Nudge((0.01, -0.02)))
    assert state.corner == 3
    assert state.corners.now is not None
    assert state.corners.now[3] == pytest.approx((0.11, 0.88))
    assert after(state, *[SelectCorner(1)] * 5).corner == 0


def test_reverting_goes_back_to_what_was_saved_and_can_be_undone() -> None:
    nudged = after(START, Nudge((0.1, 0.1)), Nudge((0.1, 0.1)))
    reverted = reduce(nudged, Revert())
    assert reverted.corners.now is SAVED
    assert reduce(reverted, Undo()).corners.now == nudged.corners.now
    assert reduce(reverted, Revert()).note == "this is as it was saved"


def test_corners_can_neither_be_nudged_nor_dragged_while_the_sheet_is_found_by_itself() -> None:
    state = after(AUTOMATIC, Nudge((0.1, 0.1)), Grab(0, (0.1, 0.1)), Drag((0.5, 0.5)), Drop())
    assert state == AUTOMATIC


def test_corners_stay_once_their_step_is_over() -> None:
    state = after(START, Accept(), Nudge((0.1, 0.1)), Grab(0, (0.1, 0.1)), Drag((0.5, 0.5)), Drop())
    assert state.corners == START.corners


def test_a_corner_of_a_sheet_that_is_partly_out_of_view_lies_outside_the_picture() -> None:
    state = after(START, Grab(1, SAVED[1]), Drag((1.1, -0.15)), Drop())
    assert state.corners.now is not None
    assert state.corners.now[1] == pytest.approx((1.1, -0.15))
    assert after(state, SelectCorner(-1), Nudge((-9.0, -9.0))).corners.now[0] == (-OUTSIDE, -OUTSIDE)  # type: ignore[index]


def test_an_area_is_dragged_at_the_inks_only() -> None:
    assert after(START, BeginArea((0.2, 0.2))).area is None
    state = after(START, Accept(), Accept(), BeginArea((0.5, 0.6)), Drag((0.2, 1.7)))
    assert state.area is not None
    assert state.area.box == (0.2, 0.6, 0.5, 1.0)
    assert state.area.is_meant
    assert reduce(state, Drop()).area is None
    slip = after(START, Accept(), Accept(), BeginArea((0.5, 0.6)), Drag((0.501, 0.6)))
    assert slip.area is not None
    assert not slip.area.is_meant


def test_dimming_goes_round() -> None:
    state = START
    seen = []
    for _ in BRIGHTNESSES:
        seen.append(state.brightness)
        state = reduce(state, Dim())
    assert tuple(seen) == BRIGHTNESSES
    assert state == START


def test_the_pass_ends_by_saving_or_by_leaving() -> None:
    assert reduce(START, Leave()) == replace(START, left=True)
    saved = reduce(START, Saved("saved to a file"))
    assert (saved.saved, saved.left, saved.note) == (True, False, "saved to a file")

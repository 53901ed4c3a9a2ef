from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.queue import REPEATS, CommandQueue
from live.mix import FADER_STEP, REGIONS, shares
from live.show import (
    Command,
    NextCity,
    Panic,
    SetCity,
    SetFreeze,
    SetRegion,
    SetShare,
    ShowState,
    opening,
    reduce,
)
from tests.live.test_show import CITIES, commands


def queued(*given: Command) -> list[Command]:
    queue = CommandQueue()
    for command in given:
        queue.put(command)
    return queue.drain()


def test_commands_come_out_once_and_in_their_order() -> None:
    queue = CommandQueue()
    for command in (NextCity(), SetCity(2), NextCity(), Panic()):
        queue.put(command)
    assert queue.drain() == [NextCity(), SetCity(2), NextCity(), Panic()]
    assert queue.drain() == []


def test_the_last_word_wins() -> None:
    assert queued(SetFreeze(True), SetCity(1), SetFreeze(False)) == [SetCity(1), SetFreeze(False)]


def test_what_is_set_outdoes_a_toggle_before_it_and_not_one_after_it() -> None:
    assert queued(SetFreeze(None), SetFreeze(True)) == [SetFreeze(True)]
    assert queued(SetFreeze(True), SetFreeze(None)) == [SetFreeze(True), SetFreeze(None)]


def test_presses_are_counted_up_to_a_limit() -> None:
    assert queued(*[NextCity()] * 3) == [NextCity()] * 3
    assert queued(*[NextCity()] * 10_000) == [NextCity()] * REPEATS


def test_each_fader_and_each_region_has_a_last_word() -> None:
    assert queued(SetShare(0, 0.1), SetShare(1, 0.2), SetShare(0, 0.3)) == [
        SetShare(1, 0.2),
        SetShare(0, 0.3),
    ]
    assert queued(SetRegion("left", 1), SetRegion("top", 1), SetRegion("left", 2)) == [
        SetRegion("top", 1),
        SetRegion("left", 2),
    ]
    flood = [SetShare(n % 3, n / 10_000) for n in range(10_000)]
    assert queued(*flood) == flood[-3:]


def _obeyed(commands: list[Command]) -> ShowState:
    """The state after these commands at one moment; with no fade time, so that the way leaves no trace."""
    state = opening(CITIES, fade_time=0.0)
    for command in commands:
        state = reduce(state, command, 1.0)
    return state


def _can_be_told(command: Command) -> bool:
    """Whether a client can cause it: the table of controls refuses a city that isn't there."""
    return not isinstance(command, SetCity) or 0 <= command.index < len(CITIES)


def _is_for_the_whole_sheet(command: Command) -> bool:
    return not isinstance(command, SetRegion | SetShare)


@given(st.lists(commands.filter(_can_be_told).filter(_is_for_the_whole_sheet), max_size=REPEATS))
def test_the_queue_leaves_out_nothing_that_can_be_told(given: list[Command]) -> None:
    """The state is the same whether every command is obeyed or only those that the queue keeps."""
    every, kept = _obeyed(given), _obeyed(queued(*given))
    assert kept.mix.target == every.mix.target
    assert (kept.city, kept.frozen, kept.blackout, kept.panic, kept.overlay, kept.running) == (
        every.city,
        every.frozen,
        every.blackout,
        every.panic,
        every.overlay,
        every.running,
    )
    assert (kept.fade_time, kept.fade_shape) == (every.fade_time, every.fade_shape)


_of_regions = st.builds(SetCity, st.integers(0, 2)) | st.builds(
    SetRegion, st.sampled_from(REGIONS), st.integers(0, 2)
)


@given(st.lists(_of_regions, max_size=REPEATS))
def test_the_queue_leaves_out_no_region(given: list[Command]) -> None:
    assert _obeyed(queued(*given)).mix.target == _obeyed(given).mix.target


@given(st.lists(commands.filter(_can_be_told), max_size=REPEATS), st.integers(0, 2), st.floats(0, 1))
def test_a_fader_that_was_moved_last_has_its_share(given: list[Command], index: int, share: float) -> None:
    state = _obeyed(queued(*given, SetShare(index, share)))
    assert shares(state.mix.target)[index] == pytest.approx(share, abs=FADER_STEP)


def test_no_press_is_lost_between_threads() -> None:
    queue = CommandQueue()
    heard: list[Command] = []
    done = threading.Event()

    def press() -> None:
        for _ in range(4):
            queue.put(NextCity())
        done.set()

    thread = threading.Thread(target=press)
    thread.start()
    while not done.is_set():
        heard += queue.drain()
    thread.join()
    heard += queue.drain()
    assert heard == [NextCity()] * 4

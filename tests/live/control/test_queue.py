from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from live.control.queue import REPEATS, CommandQueue
from live.show import Command, NextCity, Panic, SetCity, SetFreeze, opening, reduce
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


def _can_be_told(command: Command) -> bool:
    """Whether a client can cause it: the table of controls refuses a city that isn't there."""
    return not isinstance(command, SetCity) or 0 <= command.index < len(CITIES)


@given(st.lists(commands.filter(_can_be_told), max_size=REPEATS))
def test_the_queue_leaves_out_nothing_that_can_be_told(given: list[Command]) -> None:
    """At one moment (with no fade time, so that the way to a city leaves no trace) the state is the same
    whether every command is obeyed or only those that the queue keeps."""
    every = kept = opening(CITIES, fade_time=0.0)
    for command in given:
        every = reduce(every, command, 1.0)
    for command in queued(*given):
        kept = reduce(kept, command, 1.0)
    assert (kept.city, kept.frozen, kept.blackout, kept.panic, kept.overlay, kept.running) == (
        every.city,
        every.frozen,
        every.blackout,
        every.panic,
        every.overlay,
        every.running,
    )
    assert kept.fade_time == every.fade_time


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

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from live.flow import Newest


@given(st.lists(st.one_of(st.integers(), st.none()), max_size=30))
def test_a_slot_holds_the_newest_and_nothing_else(steps: list[int | None]) -> None:
    """A number is put, None takes: what is taken is the last that was put since, whatever came before."""
    slot: Newest[int] = Newest()
    waiting: int | None = None
    replaced = 0
    for step in steps:
        if step is None:
            assert slot.take() == waiting
            waiting = None
        else:
            replaced += waiting is not None
            slot.put(step)
            waiting = step
    assert slot.replaced == replaced
    assert slot.take() == waiting
    assert slot.take() is None


def test_a_slow_reader_never_finds_a_queue() -> None:
    slot: Newest[int] = Newest()
    for n in range(10_000):
        slot.put(n)
    assert slot.take() == 9_999
    assert slot.take() is None
    assert slot.replaced == 9_999


def test_a_waiting_reader_is_woken() -> None:
    slot: Newest[str] = Newest()
    taken: list[str | None] = []
    reader = threading.Thread(target=lambda: taken.append(slot.take(timeout=30)))
    reader.start()
    slot.put("here")
    reader.join(timeout=10)
    assert taken == ["here"]


def test_a_reader_is_woken_without_an_item_once() -> None:
    slot: Newest[str] = Newest()
    taken: list[str | None] = []
    reader = threading.Thread(target=lambda: taken.append(slot.take(timeout=None)))
    reader.start()
    slot.wake()
    reader.join(timeout=10)
    assert taken == [None]
    slot.wake()
    assert slot.take(timeout=None) is None, "also if it didn't wait yet"
    late = threading.Thread(target=lambda: taken.append(slot.take(timeout=None)))
    late.start()
    slot.put("here")
    late.join(timeout=10)
    assert taken == [None, "here"]


def test_waiting_ends_without_an_item() -> None:
    assert Newest[int]().take(timeout=0.01) is None

from __future__ import annotations

import numpy as np

from live.output.base import Output, PointerEvent
from live.output.compose import compose
from live.output.headless import HeadlessOutput


def picture(value: int) -> np.ndarray:
    return np.full((8, 8, 3), value, np.uint8)


def test_shows_what_was_composed_and_counts() -> None:
    output = HeadlessOutput((320, 200), "fill")
    assert output.last.shape == (200, 320, 3)
    assert not output.last.any()
    output.show(picture(50), ("hello",))
    assert np.array_equal(output.last, compose(picture(50), ("hello",), (320, 200), "fill"))
    assert output.shown == 1


def test_a_picture_kept_is_not_overwritten_by_the_next() -> None:
    output = HeadlessOutput((32, 32))
    output.show(picture(50), ())
    kept = output.last
    output.show(picture(60), ())
    assert (kept == 50).all()
    assert (output.last == 60).all()


def test_keys_are_told_once_and_in_order() -> None:
    output: Output = (headless := HeadlessOutput())
    assert output.keys() == []
    headless.press("b", "ctrl+q")
    headless.press("1")
    assert output.keys() == ["b", "ctrl+q", "1"]
    assert output.keys() == []


def test_pointer_events_come_with_the_keys_of_their_time_and_once() -> None:
    output: Output = (headless := HeadlessOutput())
    pressed, released = PointerEvent("pressed", (3, 4)), PointerEvent("released", (3, 5))
    headless.point(pressed, released)
    assert output.pointer() == []
    output.keys()
    assert output.pointer() == [pressed, released]
    assert output.pointer() == []


def test_says_what_it_is_and_closes_twice() -> None:
    output: Output = HeadlessOutput((1920, 1080))
    assert output.describe() == "headless 1920×1080"
    output.close()
    output.close()

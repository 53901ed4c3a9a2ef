"""What is computed from the notes of a show, and the notes themselves from stand-ins for its parts."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bench.senders import Change
from bench.watch import Answer, Made, answers, summed_up
from live.mix import of_city

MIXES = [of_city(n, 3) for n in range(3)]


def made(*pictures: tuple[float, int, float]) -> list[Made]:
    """Pictures as (begun, city, shown)."""
    return [Made(begun, MIXES[city], shown) for begun, city, shown in pictures]


def answered(changes: list[Change], pictures: list[Made]) -> list[tuple[int, int] | None]:
    """The answers as (ms, later)."""
    return [(round(a.ms), a.later) if a else None for a in answers(changes, pictures, MIXES)]


def test_a_change_that_the_picture_in_work_still_shows_is_no_picture_late() -> None:
    pictures = made((0, 0, 0.03), (0.1, 1, 0.13))
    assert answered([Change(0.11, 1)], pictures) == [(20, 0)]


def test_a_change_is_as_late_as_pictures_were_made_without_it() -> None:
    pictures = made((0, 0, 0.03), (0.1, 0, 0.13), (0.2, 0, 0.23), (0.3, 1, 0.33), (0.4, 1, 0.43))
    assert answered([Change(0.12, 1)], pictures) == [(210, 2)]


def test_after_a_picture_is_done_the_next_is_one_later() -> None:
    pictures = made((0, 0, 0.03), (0.1, 1, 0.13))
    assert answered([Change(0.05, 1)], pictures) == [(80, 1)]


def test_a_picture_that_was_never_shown_answers_nothing() -> None:
    pictures = made((0, 0, 0.03), (0.1, 1, math.inf), (0.2, 1, 0.23))
    assert answered([Change(0.05, 1)], pictures) == [(180, 2)]


def test_a_change_that_is_overtaken_was_never_seen() -> None:
    pictures = made((0, 0, 0.03), (0.4, 0, 0.43), (0.5, 1, 0.53))
    changes = [Change(0.1, 1), Change(0.2, 2), Change(0.3, 1)]
    assert answered(changes, pictures) == [None, None, (230, 2)]


def test_a_city_that_stands_already_is_no_answer() -> None:
    pictures = made((0, 1, 0.03), (0.1, 1, 0.13), (0.2, 1, 0.23))
    assert answered([Change(0.05, 1)], pictures) == [None]


@given(
    delays=st.lists(st.floats(0.001, 0.1), min_size=1, max_size=20),
    later=st.integers(0, 3),
)
def test_every_change_finds_its_own_picture(delays: list[float], later: int) -> None:
    """A show at ten pictures a second that obeys `later` pictures late, and a message every second."""
    changes = [Change(n + delay, (n + 1) % 3) for n, delay in enumerate(delays)]
    pictures = []
    for tenth in range(-10, 10 * len(delays) + 10):
        begun = tenth / 10
        obeyed = [change for change in changes if math.floor(change.sent * 10) + later <= tenth]
        pictures.append(Made(begun, MIXES[obeyed[-1].city if obeyed else 0], begun + 0.3))
    found = answers(changes, pictures, MIXES)
    assert [answer and answer.later for answer in found] == [later] * len(changes)


def test_answers_are_summed_up() -> None:
    found = [Answer(10.0, 0), Answer(20.0, 1), Answer(90.0, 2), None]
    assert summed_up(found) == {
        "messages": 4,
        "never_seen": 1,
        "ms": {"p50": 20.0, "p95": 90.0, "max": 90.0},
        "pictures_later": {"p50": 1, "p95": 2, "max": 2},
        "how_often": {"0": 1, "1": 1, "2": 1},
        "at_most_one_later": 0.5,  # what was never seen counts against it
    }


def test_no_share_is_rounded_up_to_all() -> None:
    assert summed_up([Answer(1.0, 0)] * 99_999 + [None])["at_most_one_later"] == 0.9999


def test_where_nothing_was_seen_there_are_no_figures() -> None:
    told = summed_up([None, None])
    assert told["ms"] is None
    assert told["never_seen"] == 2
    assert told["at_most_one_later"] == 0.0

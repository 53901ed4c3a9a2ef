"""What waits for a page stays small, and the newest of it is told."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from live.control.hub import Entry
from live.web.outbox import MOST_ENTRIES, MOST_ERRORS, MOST_REPLIES, MOST_STROKES, Outbox, encoded


def told(outbox: Outbox) -> list[Any]:
    return [json.loads(message) for message in outbox.take()]


def test_of_each_value_the_newest_is_told() -> None:
    outbox = Outbox()
    outbox.put_values({"/freeze": (0,), "/fade/point": (0.5, 0.5)})
    outbox.put_values({"/freeze": (1,)})
    assert told(outbox) == [{"values": {"/freeze": [1], "/fade/point": [0.5, 0.5]}}]
    assert outbox.take() == []


def test_of_each_picture_the_newest_is_told_with_its_number() -> None:
    outbox = Outbox()
    outbox.put_picture(2, b"old")
    outbox.put_picture(0, b"camera")
    outbox.put_picture(2, b"new")
    assert sorted(outbox.take(), key=repr) == [b"\x00camera", b"\x02new"]


def test_of_the_log_and_of_sentences_the_last_are_told() -> None:
    outbox = Outbox()
    for n in range(1, 1001):
        outbox.put_entries([Entry(n, 0.5 * n, "keys", "/freeze", "1")])
        outbox.put_error(f"error {n}")
    *errors, log = told(outbox)
    assert [error["error"] for error in errors] == [f"error {n}" for n in range(1001 - MOST_ERRORS, 1001)]
    assert [entry["number"] for entry in log["log"]] == list(range(1001 - MOST_ENTRIES, 1001))
    assert log["log"][-1] == {
        "number": 1000,
        "at": 500.0,
        "sender": "keys",
        "address": "/freeze",
        "text": "1",
    }


def test_replies_come_first_and_none_is_lost() -> None:
    outbox = Outbox()
    outbox.put_values({"/freeze": (1,)})
    for n in range(MOST_REPLIES):
        assert not outbox.is_full
        outbox.put_reply({"drawn": n})
    assert outbox.is_full
    assert told(outbox)[:-1] == [{"drawn": n} for n in range(MOST_REPLIES)]
    assert not outbox.is_full


@given(st.lists(st.integers(0, 300), max_size=8))
def test_strokes_that_are_too_many_give_way_to_the_word_to_fetch_all_of_them(bursts: list[int]) -> None:
    outbox, version, known = Outbox(), 0, 0
    for burst in bursts:
        for _ in range(burst):
            version += 1
            outbox.put_stroke(encoded({"stroke": {"version": version}}), version)
        messages = told(outbox)
        assert len(messages) <= MOST_STROKES
        for message in messages:
            # Either the next stroke, or all up to some version at once.
            if "stroke" in message:
                assert message["stroke"]["version"] == known + 1
                known += 1
            else:
                known = message["drawing"]["version"]
        assert known == version


@given(
    st.recursive(
        st.none() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_whatever_is_told_is_json_that_any_browser_reads(content: Any) -> None:
    text = encoded({"error": content})
    assert text.isascii()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)

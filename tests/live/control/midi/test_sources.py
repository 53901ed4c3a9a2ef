from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.midi.sources import Event, Source, event_of, parse


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ([0x90, 36, 100], Event(Source("note", 36, 1), 100)),
        ([0x9F, 36, 0], Event(Source("note", 36, 16), 0)),  # a note with velocity 0 is let go
        ([0x80, 36, 64], Event(Source("note", 36, 1), 0)),
        ([0xB0, 7, 127], Event(Source("cc", 7, 1), 127)),
        ([0xE2, 0, 0], Event(Source("bend", None, 3), 0)),
        ([0xE2, 127, 127], Event(Source("bend", None, 3), 16383)),
        ([0xC0, 0], Event(Source("program", 1, 1), 127)),
        ([0xC0, 127], Event(Source("program", 128, 1), 127)),
        ([0xD0, 5], None),  # pressure of a channel
        ([0xF8], None),
    ],
)
def test_a_message_names_its_source_as_controllers_show_it(data: list[int], event: Event | None) -> None:
    assert event_of(parse(data)) == event


@given(st.lists(st.integers(0, 255), max_size=12))
def test_any_bytes_are_an_event_or_nothing_or_refused(data: list[int]) -> None:
    try:
        event = event_of(parse(data))
    except ValueError:
        return
    if event is not None:
        assert 0 <= event.value <= event.source.top
        assert 1 <= (event.source.channel or 0) <= 16


@pytest.mark.parametrize(
    ("source", "other", "holds"),
    [
        (Source("cc", 7, 1), Source("cc", 7, 1), True),
        (Source("cc", 7), Source("cc", 7, 12), True),
        (Source("cc", 7, 1), Source("cc", 7, 2), False),
        (Source("cc", 7, 1), Source("note", 7, 1), False),
        (Source("program"), Source("program", 3, 1), True),
        (Source("program", 4), Source("program", 3, 1), False),
        (Source("cc14", 7, 1), Source("cc", 7, 1), True),
        (Source("cc14", 7, 1), Source("cc", 39, 1), True),
        (Source("cc14", 7, 1), Source("cc", 38, 1), False),
    ],
)
def test_a_source_is_known_again(source: Source, other: Source, holds: bool) -> None:
    assert source.holds(other) is holds


def test_words() -> None:
    assert Source("cc", 7, 1).words() == "CC 7 on channel 1"
    assert Source("bend", None, 16).words() == "pitch bend on channel 16"
    assert Source("note", 36).words() == "note 36"
    assert Source("program").words() == "any program"


def test_mido_counts_channels_from_0() -> None:
    assert mido.Message("control_change", channel=0).bytes()[0] == 0xB0

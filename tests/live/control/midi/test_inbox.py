from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from live.control.midi.inbox import KEPT, Inbox

_MESSAGES = st.one_of(
    st.tuples(st.integers(0x80, 0xBF), st.integers(0, 3), st.integers(0, 127)),
    st.tuples(st.integers(0xE0, 0xEF), st.integers(0, 127), st.integers(0, 127)),
    st.tuples(st.integers(0xC0, 0xDF), st.integers(0, 127)),
    st.tuples(st.sampled_from([0xF8, 0xFA, 0xFC])),
)


@given(st.lists(_MESSAGES, max_size=300))
def test_the_last_word_about_each_source_is_kept_in_its_order(messages: list[tuple[int, ...]]) -> None:
    inbox = Inbox()
    for message in messages:
        inbox.put(message)
    kept = inbox.drain()
    assert len(kept) + inbox.dropped == len(messages)
    last_words = list(dict.fromkeys(_source(m) for m in reversed(messages)))[::-1]
    assert list(dict.fromkeys(_source(m) for m in kept)) == last_words
    for source in last_words:
        of_it = [m for m in messages if _source(m) == source]
        assert [m for m in kept if _source(m) == source] == of_it[
            -len([m for m in kept if _source(m) == source]) :
        ]
    assert inbox.drain() == []


def _source(message: tuple[int, ...] | object) -> tuple[int, ...]:
    assert isinstance(message, tuple)
    status = message[0]
    if status >= 0xF0:
        return (status,)
    if status & 0xF0 in (0x80, 0x90):
        return 0x90 | status & 15, message[1]
    return (status, message[1]) if status & 0xF0 in (0xA0, 0xB0) else (status,)


def test_a_flood_does_not_grow_it() -> None:
    inbox = Inbox()
    for n in range(100_000):
        inbox.put((0xB0, n % 128, n // 128 % 128))
    kept = inbox.drain()
    assert len(kept) == 128 * KEPT
    assert kept[-1] == (0xB0, 99_999 % 128, 99_999 // 128 % 128)
    assert inbox.dropped == 100_000 - 128 * KEPT

"""Of many packets at once, those that count."""

from __future__ import annotations

import contextlib
import math

from hypothesis import given
from hypothesis import strategies as st

from live.clock import ManualClock
from live.control.controls import controls
from live.control.hub import Hub
from live.control.osc.packets import BUNDLE, PacketError, build, parse
from live.control.osc.thinning import Thinning
from live.cues import CueList
from live.show import ShowState, opening

CITIES = ("istanbul", "new york", "dubai")
TABLE = controls(CITIES, CueList())
THINNING = Thinning({c.address: c for c in TABLE})


def test_the_last_word_of_each_sender_about_each_control_counts_in_the_order_of_the_last_words() -> None:
    sent = [
        ("a", build("/fade/time", 1.0)),
        ("a", build("/mix/dubai", 0.1)),
        ("b", build("/fade/time", 2.0)),
        ("a", build("/fade/time", 3.0)),
        ("a", build("/fade/time", 3)),  # with other type tags
        ("a", build("/mix/dubai", 0.2)),
    ]
    assert THINNING.thinned(sent) == sent[2:]


def test_what_is_no_last_word_is_left_in_at_its_place() -> None:
    others = [
        build("/mix/dubai", "+", 0.1),
        build("/go", 1.0),
        build("/mix/dubai", "?"),
        build("/mix/dubay", 0.5),
        BUNDLE + bytes(8),
        b"",
        build("/mix/dubai"),
        build("/mix/dubai", math.nan),
        build("/mix/dubai", 0.8)[:-1],
        build("/city", 1),
        build("/city", 99),
        build("/fade/point", 0.2),
    ]
    faders = [build("/mix/dubai", n / 100) for n in range(len(others))]
    sent = [("a", packet) for pair in zip(others, faders, strict=True) for packet in pair]
    assert THINNING.thinned(sent) == [*(("a", packet) for packet in others), ("a", faders[-1])]
    assert THINNING.thinned([("a", packet) for packet in others * 2]) == [("a", p) for p in others * 2]


_messages = st.one_of(
    st.builds(build, st.just("/fade/time"), st.integers(0, 60) | st.floats(width=32)),
    st.builds(
        build, st.sampled_from(["/fade/time", "/fade/beats"]), st.sampled_from("+-"), st.integers(1, 3)
    ),
    st.builds(build, st.just("/mix/dubai"), st.floats(0, 1, width=32)),
    st.builds(build, st.sampled_from(["/freeze", "/blackout"]), st.integers(0, 1)),
    st.builds(build, st.sampled_from(["/freeze", "/city/next", "/city/prev"])),
    st.builds(build, st.sampled_from(["/city", "/region/left"]), st.integers(1, 5)),
    st.builds(build, st.just("/fade/point"), st.floats(0, 1, width=32), st.floats(0, 1, width=32)),
    st.builds(build, st.sampled_from(["/city/next", "/fade/point"]), st.integers(0, 1)),
    st.binary(max_size=20),
)


def _after(packets: list[tuple[str, bytes]]) -> ShowState:
    hub = Hub(TABLE, ManualClock())
    for sender, packet in packets:
        with contextlib.suppress(PacketError):
            hub.hear(sender, [message for _, message in parse(packet)])
    return hub.obey(opening(CITIES), 1.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), _messages), max_size=30))
def test_the_show_is_the_same_as_if_all_had_been_obeyed(sent: list[tuple[str, bytes]]) -> None:
    assert _after(THINNING.thinned(sent)) == _after(sent)


def test_a_prefix_stands_before_the_addresses() -> None:
    thinning = Thinning({c.address: c for c in TABLE}, "/a")
    sent = [("a", build(address, n)) for address in ("/a/opacity", "/b/opacity") for n in (0.1, 0.2)]
    assert thinning.thinned(sent) == sent[1:]

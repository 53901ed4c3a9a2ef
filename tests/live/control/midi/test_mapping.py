from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.kinds import Choice, Message, Number, Point, Switch, Trigger
from live.control.midi.mapping import Arguments, Binding, Hand, coalesced, heard, obey, share_of
from live.control.midi.sources import Event, Source

OPACITY = Number(0.0, 1.0, "of the light", 0.05)
SECONDS = Number(0.0, 60.0, "seconds", 0.5)
CITY = Choice("city", ("amsterdam", "new-york", "dubai", "las-vegas"))
NOTE, CC, BEND = Source("note", 36, 10), Source("cc", 7, 1), Source("bend", None, 1)
PROGRAM = Source("program")


def _all(
    binding: Binding, values: Sequence[int], kind: object, hand: Hand | None = None
) -> list[Arguments]:
    """What moves of a source to these values mean, without those that mean nothing."""
    said, hand = [], hand or Hand()
    for value in values:
        hand, arguments = obey(binding, hand, Event(binding.source, value), kind, "none", 0.0)
        if arguments is not None:
            said.append(arguments)
    return said


@pytest.mark.parametrize(
    ("source", "kind", "values", "said"),
    [
        # A pad: its velocity doesn't matter, and some never say that they were let go.
        (NOTE, Trigger(), [1, 0, 127, 0], [(), ()]),
        (NOTE, Trigger(), [100, 100], [(), ()]),
        (NOTE, Switch(), [1, 0, 127, 0], [("toggle",), ("toggle",)]),
        (NOTE, SECONDS, [90, 0], [(60.0,), (0.0,)]),
        (NOTE, CITY, [90, 0], [("+", 1)]),
        # A knob or a button that is one.
        (CC, OPACITY, [0, 127], [(0.0,), (1.0,)]),
        (CC, SECONDS, [127], [(60.0,)]),
        (CC, Trigger(), [127, 0, 64, 65, 63], [(), ()]),
        (CC, Switch(), [10, 63, 64, 127, 64, 63, 0], [(1,), (0,)]),
        (
            CC,
            CITY,
            [0, 31, 32, 63, 64, 95, 96, 127],
            [("amsterdam",), ("new-york",), ("dubai",), ("las-vegas",)],
        ),
        (BEND, OPACITY, [0, 16383], [(0.0,), (1.0,)]),
        (BEND, Switch(), [8191, 8192, 0], [(1,), (0,)]),
    ],
)
def test_what_a_source_means_to_a_control(
    source: Source, kind: object, values: list[int], said: list[Arguments]
) -> None:
    assert _all(Binding(source, "/x"), values, kind) == said


def test_a_program_is_the_city_of_its_number() -> None:
    said = []
    for number in (1, 4, 5, 128):
        event = Event(Source("program", number, 3), 127)
        said.append(obey(Binding(PROGRAM, "/city"), Hand(), event, CITY, "none", 0.0)[1])
    assert said == [("amsterdam",), ("las-vegas",), None, None]


def test_a_button_may_set_a_value() -> None:
    assert _all(Binding(NOTE, "/city", value="dubai"), [100, 0], CITY) == [("dubai",)]
    assert _all(Binding(CC, "/opacity", value=0.5), [127, 0], OPACITY) == [(0.5,)]


def test_how_a_button_presses_a_switch_may_be_chosen() -> None:
    assert _all(Binding(NOTE, "/freeze", press="hold"), [100, 0], Switch()) == [(1,), (0,)]
    assert _all(Binding(CC, "/freeze", press="toggle"), [127, 0, 127], Switch()) == [("toggle",)] * 2


def test_the_two_parts_of_a_14_bit_controller() -> None:
    binding, hand = Binding(Source("cc14", 7, 1), "/fade/time"), Hand()
    said = []
    for number, value in ((7, 64), (39, 0), (7, 127), (39, 127), (39, 126)):
        event = Event(Source("cc", number, 1), value)
        hand, arguments = obey(binding, hand, event, SECONDS, "none", 0.0)
        said.append(arguments)
    of = [64 << 7, 64 << 7, 127 << 7, 16383, 16382]
    assert said == [(pytest.approx(60 * whole / 16383),) for whole in of]


def test_encoders_take_steps() -> None:
    binding = Binding(CC, "/x", encoder="twos-complement")
    assert _all(binding, [1, 3, 127], SECONDS) == [("+", 0.5), ("+", 1.5), ("-", 0.5)]
    assert _all(binding, [1, 126], CITY) == [("+", 1), ("-", 2)]
    assert _all(binding, [1, 127], Switch()) == [(1,), (0,)]
    assert _all(binding, [1, 127], Trigger()) == [()]
    assert _all(binding, [0], SECONDS) == []


def test_takeover_is_the_shows_unless_the_binding_has_its_own() -> None:
    hand = heard(Hand(), 30.0, SECONDS, 0.0)
    event = Event(CC, 127)
    assert obey(Binding(CC, "/x"), hand, event, SECONDS, "pick-up", 0.0)[1] is None
    assert obey(Binding(CC, "/x", takeover="none"), hand, event, SECONDS, "pick-up", 0.0)[1] == (60.0,)


def test_a_knob_chooses_again_what_another_client_has_left() -> None:
    binding = Binding(CC, "/city")
    hand, _ = obey(binding, Hand(), Event(CC, 127), CITY, "none", 0.0)
    assert obey(binding, hand, Event(CC, 126), CITY, "none", 0.0)[1] is None
    hand = heard(hand, "dubai", CITY, 0.0)
    assert obey(binding, hand, Event(CC, 126), CITY, "none", 0.0)[1] == ("las-vegas",)


@pytest.mark.parametrize(
    ("value", "kind", "share"),
    [
        (30.0, SECONDS, 0.5),
        (90.0, SECONDS, 1.0),
        ("amsterdam", CITY, 0.0),
        ("las-vegas", CITY, 1.0),
        ("", CITY, None),
        (1, Switch(), 1.0),
        (0, Trigger(), 0.0),
        ("x", SECONDS, None),
    ],
)
def test_shares(value: object, kind: object, share: float | None) -> None:
    assert share_of(value, kind) == share


def test_of_one_moment_the_last_word_counts_but_every_press_and_step() -> None:
    kinds = {"/opacity": OPACITY, "/city": CITY, "/freeze": Switch(), "/go": Trigger()}
    messages = [
        Message("/opacity", (0.1,)),
        Message("/go"),
        Message("/opacity", ("+", 0.05)),
        Message("/freeze", ("toggle",)),
        Message("/opacity", (0.2,)),
        Message("/go"),
        Message("/freeze", ("toggle",)),
        Message("/city", ("dubai",)),
        Message("/city", ("amsterdam",)),
    ]
    assert coalesced(messages, kinds) == [*messages[1:7], messages[8]]


_KINDS = st.sampled_from([OPACITY, SECONDS, CITY, Switch(), Trigger(), Point()])
_BINDINGS = st.builds(
    Binding,
    st.sampled_from([NOTE, CC, BEND, Source("cc14", 7, 1), PROGRAM]),
    st.just("/x"),
    takeover=st.sampled_from([None, "none", "pick-up", "scale"]),
    press=st.sampled_from([None, "toggle", "hold"]),
)
_EVENTS = st.one_of(
    st.builds(Event, st.just(NOTE), st.integers(0, 127)),
    st.builds(Event, st.sampled_from([CC, Source("cc", 39, 1)]), st.integers(0, 127)),
    st.builds(Event, st.just(BEND), st.integers(0, 16383)),
    st.builds(Event, st.builds(Source, st.just("program"), st.integers(1, 128), st.just(1)), st.just(127)),
)


@given(_BINDINGS, _KINDS, st.lists(st.one_of(_EVENTS, st.floats(-1, 100), st.sampled_from(CITY.names))))
def test_whatever_is_moved_the_control_can_read_it_without_a_remark(
    binding: Binding,
    kind: Number | Choice | Switch | Trigger | Point,
    happened: list[Event | float | str],
) -> None:
    hand = Hand()
    for what in happened:
        if not isinstance(what, Event):
            hand = heard(hand, what, kind, 0.0)
        elif binding.source.holds(what.source):
            hand, arguments = obey(binding, hand, what, kind, "pick-up", 0.0)
            if arguments is not None and not isinstance(kind, Point):
                meant = kind.read(arguments)
                assert meant is not None
                assert meant.remark == ""

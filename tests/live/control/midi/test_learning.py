from __future__ import annotations

import pytest

from live.control.kinds import Choice, Number, Switch, Trigger
from live.control.midi.learning import (
    LEARN_SECONDS,
    LISTEN_SECONDS,
    Lesson,
    binding_of,
    shown,
    with_binding,
)
from live.control.midi.mapping import Binding, Taught
from live.control.midi.ports import PortName
from live.control.midi.sources import Event, Source

NUMBER = Number(0.0, 1.0, "of the light", 0.05)
CITY = Choice("city", ("amsterdam", "dubai"))


def _cc(number: int, value: int, channel: int = 1) -> Event:
    return Event(Source("cc", number, channel), value)


def _note(number: int, value: int) -> Event:
    return Event(Source("note", number, 10), value)


def _lesson(*events: Event, port: str = "pad") -> Lesson:
    lesson = Lesson("/x", 0.0)
    for event in events:
        lesson = shown(lesson, port, event, 1.0)
    return lesson


@pytest.mark.parametrize(
    ("events", "kind", "binding"),
    [
        ([_note(36, 100)], Trigger(), Binding(Source("note", 36, 10), "/x")),
        ([_note(36, 100)], CITY, Binding(Source("note", 36, 10), "/x", value="dubai")),
        ([_cc(7, 3), _cc(7, 4)], NUMBER, Binding(Source("cc", 7, 1), "/x")),
        ([_cc(7, 3), _cc(8, 4), _cc(7, 4)], NUMBER, Binding(Source("cc", 7, 1), "/x")),
        ([_cc(7, 3), _cc(39, 90), _cc(7, 4)], NUMBER, Binding(Source("cc14", 7, 1), "/x")),
        ([_cc(39, 90), _cc(7, 4)], NUMBER, Binding(Source("cc14", 7, 1), "/x")),
        ([_cc(7, 1)] * 3, NUMBER, Binding(Source("cc", 7, 1), "/x", encoder="twos-complement")),
        ([_cc(7, 65)] * 3, CITY, Binding(Source("cc", 7, 1), "/x", encoder="binary-offset")),
        ([_cc(7, 127), _cc(7, 0)], Switch(), Binding(Source("cc", 7, 1), "/x", press="toggle")),
        ([_cc(7, 127), _cc(7, 0)], CITY, Binding(Source("cc", 7, 1), "/x", value="dubai")),
        ([_cc(7, 127)], Switch(), Binding(Source("cc", 7, 1), "/x")),  # one that stays down
        ([Event(Source("bend", None, 2), 0)], NUMBER, Binding(Source("bend", None, 2), "/x")),
        (
            [Event(Source("program", 3, 2), 127)],
            Trigger(),
            Binding(Source("program", 3, 2), "/x"),
        ),
    ],
)
def test_what_was_meant(events: list[Event], kind: object, binding: Binding) -> None:
    assert binding_of(_lesson(*events), kind, "dubai") == binding


def test_a_choice_that_stands_nowhere_is_gone_through_by_a_button() -> None:
    assert binding_of(_lesson(_note(36, 100)), CITY, "").value is None


def test_what_is_let_go_was_not_meant() -> None:
    assert _lesson(_note(36, 0), _cc(20, 0), _note(37, 1)).events == (_note(37, 1),)


def test_another_controller_does_not_disturb() -> None:
    lesson = shown(_lesson(_cc(7, 3)), "other", _cc(39, 1), 1.0)
    assert lesson.events == (_cc(7, 3),)
    assert lesson.port == "pad"


def test_a_pad_is_known_at_once_and_a_knob_a_moment_later() -> None:
    assert _lesson(_note(36, 100)).learnt(1.0)
    assert not _lesson(_cc(7, 3)).learnt(1.0)
    assert _lesson(_cc(7, 3)).learnt(1.0 + LISTEN_SECONDS)
    assert not Lesson("/x", 0.0).learnt(100.0)


def test_a_lesson_without_a_move_ends() -> None:
    assert not Lesson("/x", 5.0).over(5.0)
    assert Lesson("/x", 5.0).over(5.0 + LEARN_SECONDS)
    assert not _lesson(_cc(7, 3)).over(1000.0)


def test_a_flood_during_a_lesson_does_not_grow_it() -> None:
    assert len(_lesson(*[_cc(7, n % 128) for n in range(1000)]).events) <= 64


_PORT = PortName("Pad:nano 20:0", "nano")


def _pad(note: int, address: str, value: str | None = None) -> Binding:
    return Binding(Source("note", note, 1), address, value=value)


def test_a_control_taught_anew_leaves_its_old_knob_on_this_controller_alone() -> None:
    taught = (Taught("nano", _pad(1, "/go")), Taught("apc", _pad(1, "/go")))
    new, besides = with_binding(taught, _PORT, _pad(2, "/go"))
    assert new == (taught[1], Taught("nano", _pad(2, "/go")))
    assert besides == ()


def test_each_value_has_a_button_of_its_own() -> None:
    taught = (Taught("nano", _pad(1, "/city", "dubai")), Taught("nano", _pad(2, "/city", "paris")))
    assert with_binding(taught, _PORT, _pad(3, "/city", "rome"))[0][:2] == taught
    assert with_binding(taught, _PORT, _pad(3, "/city", "paris"))[0][:-1] == taught[:1]
    # And a pad has one value of each control.
    assert with_binding(taught, _PORT, _pad(1, "/city", "rome"))[0][:-1] == taught[1:]


def test_two_controls_on_one_knob_are_both_kept_and_told() -> None:
    taught = (Taught("n", _pad(1, "/freeze")), Taught("nano", _pad(1, "/overlay")))
    new, besides = with_binding(taught, _PORT, _pad(1, "/blackout"))
    assert new == (*taught, Taught("nano", _pad(1, "/blackout")))
    assert besides == ("/freeze", "/overlay")

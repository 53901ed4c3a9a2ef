from __future__ import annotations

import pytest

from live.control.kinds import Choice, Number, Switch, Trigger, Value
from live.control.midi.feedback import REST_SECONDS, Screen, dark, goes_where_told, shown
from live.control.midi.mapping import Binding
from live.control.midi.sources import Source

NUMBER = Number(0.0, 60.0, "seconds", 0.5)
CITY = Choice("city", ("amsterdam", "new-york", "dubai"))
PAD, FADER, KNOB = Source("note", 36, 10), Source("bend", None, 2), Source("cc", 7, 1)


def _bytes(binding: Binding, kind: object, value: Value) -> list[list[int]]:
    return [message.bytes() for message in shown(binding, kind, value)]


@pytest.mark.parametrize(
    ("binding", "kind", "value", "sent"),
    [
        (Binding(PAD, "/x"), Switch(), 1, [[0x99, 36, 127]]),
        (Binding(PAD, "/x"), Switch(), 0, [[0x99, 36, 0]]),
        (Binding(PAD, "/x", light=5), Trigger(), 1, [[0x99, 36, 5]]),
        (Binding(PAD, "/x", value="dubai"), CITY, "dubai", [[0x99, 36, 127]]),
        (Binding(PAD, "/x", value="dubai"), CITY, "amsterdam", [[0x99, 36, 0]]),
        (Binding(FADER, "/x"), NUMBER, 0.0, [[0xE1, 0, 0]]),
        (Binding(FADER, "/x"), NUMBER, 60.0, [[0xE1, 127, 127]]),
        (Binding(KNOB, "/x"), NUMBER, 60.0, [[0xB0, 7, 127]]),
        (Binding(KNOB, "/x"), CITY, "new-york", [[0xB0, 7, 64]]),
        (Binding(KNOB, "/x"), Switch(), 1, [[0xB0, 7, 127]]),
        (Binding(KNOB, "/x", light=3), Switch(), 1, [[0xB0, 7, 3]]),
        (Binding(Source("cc14", 7, 1), "/x"), NUMBER, 30.0, [[0xB0, 7, 64], [0xB0, 39, 0]]),
        (Binding(Source("program", 3, 1), "/x"), Trigger(), 1, []),
        (Binding(KNOB, "/x"), CITY, "", []),
    ],
)
def test_what_a_source_is_told(binding: Binding, kind: object, value: Value, sent: list[list[int]]) -> None:
    assert _bytes(binding, kind, value) == sent


def test_lights_go_out_at_the_end() -> None:
    assert [m.bytes() for m in dark(Binding(PAD, "/x"))] == [[0x99, 36, 0]]
    assert dark(Binding(KNOB, "/x")) == ()


def test_motors() -> None:
    assert goes_where_told(Binding(FADER, "/x"), NUMBER)
    assert goes_where_told(Binding(KNOB, "/x", motor=True), NUMBER)
    assert not goes_where_told(Binding(KNOB, "/x"), NUMBER)
    assert not goes_where_told(Binding(FADER, "/x"), CITY)


class _Told:
    """A screen with one binding, and what it was told, in words."""

    def __init__(self, source: Source, kind: object = NUMBER) -> None:
        self.screen, self.binding, self.kind = Screen(), Binding(source, "/x"), kind

    def want(self, value: Value) -> None:
        self.screen.want(self.binding, shown(self.binding, self.kind, value))

    def touch(self, now: float) -> None:
        self.screen.touch(self.binding, self.kind, now)

    def due(self, now: float) -> list[int]:
        return [m.bytes()[-1] for _, messages in self.screen.due(now) for m in messages]


def test_nothing_is_said_twice() -> None:
    knob = _Told(KNOB)
    knob.want(60.0)
    assert knob.due(0.0) == [127]
    knob.want(60.0)
    assert knob.due(0.0) == []
    knob.want(0.0)
    knob.want(60.0)
    assert knob.due(0.0) == []


def test_a_fader_is_told_nothing_while_a_hand_moves_it() -> None:
    fader = _Told(FADER)
    for n in range(10):
        fader.touch(n * 0.1)
        fader.want(6.0 * n)
        assert fader.due(n * 0.1) == []
    rest = 0.9 + REST_SECONDS
    assert fader.due(rest - 0.01) == []
    assert fader.due(rest) == [115]  # and then once, where it was left: a motor lets go otherwise
    assert fader.due(rest + 10) == []


def test_a_pad_is_lit_anew_after_each_touch_and_at_once() -> None:
    pad = _Told(PAD, Switch())
    pad.want(1)
    assert pad.due(0.0) == [127]
    pad.touch(1.0)
    assert pad.due(1.0) == [127]
    pad.touch(1.1)
    pad.want(0)
    assert pad.due(1.1) == [0]

from __future__ import annotations

import logging

import pytest

from live.control.kinds import Message
from live.control.midi.inbox import KEPT
from live.control.midi.mapping import Binding, Taught
from live.control.midi.sources import Event, Source
from tests.live.control.midi.scripted import scripted

PAD, FADER = Source("note", 60, 1), Source("bend", None, 2)


def test_what_was_taught_goes_before_the_table_but_only_on_this_controller() -> None:
    taught = (
        Taught("nano", Binding(Source("note", 0, 1), "/freeze")),
        Taught("apc", Binding(Source("note", 3, 1), "/overlay")),
        Taught("nano", Binding(Source("note", 4, 1), "/mix/rome")),  # which this show doesn't have
    )
    controller, _ = scripted(*taught)
    addresses = {n: [b.address for b in controller.bound(Source("note", n, 1))] for n in (0, 3, 4, 99)}
    assert addresses == {0: ["/freeze"], 3: ["/freeze"], 4: ["/city/prev"], 99: []}
    # On another channel it was taught nothing.
    assert [b.address for b in controller.bound(Source("note", 0, 2))] == ["/blackout"]
    controller.teach(())
    assert [b.address for b in controller.bound(Source("note", 0, 1))] == ["/blackout"]


def test_the_same_knob_on_two_channels_is_two_knobs() -> None:
    controller, _ = scripted(takeover="pick-up")
    values = {"/opacity": (1.0,)}
    assert controller.obey(Event(Source("cc", 25, 1), 127), values, 0.0) == [Message("/opacity", (1.0,))]
    assert controller.obey(Event(Source("cc", 25, 2), 10), values, 0.0) == []
    assert controller.obey(Event(Source("cc", 25, 1), 126), values, 0.0) != []


def test_its_clock_is_timed_by_its_own_messages() -> None:
    controller, client = scripted()
    assert not controller.fetch()
    client.says = [([0xF8], 60 / 120 / 24)] * 30
    assert controller.fetch()
    assert controller.beats == pytest.approx(120.0)
    assert not controller.fetch()


def test_of_a_fader_only_the_last_message_is_kept_of_a_pad_and_an_encoder_more() -> None:
    encoder = Taught("nano", Binding(Source("cc", 70, 1), "/opacity", encoder="twos-complement"))
    controller, client = scripted(encoder)
    client.says = [([0xB0, 25, n % 128], 0.0) for n in range(1000)]
    client.says += [([0xB0, 70, 1], 0.0), ([0x90, 60, 1], 0.0), ([0x90, 60, 0], 0.0)] * 1000
    controller.fetch()
    kept = controller.inbox.drain()
    assert kept[0] == [0xB0, 25, 999 % 128]
    assert kept[1:] == [[0xB0, 70, 1]] * KEPT + [[0x90, 60, 1], [0x90, 60, 0]] * (KEPT // 2)


def test_a_flood_is_logged_once_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    controller, client = scripted()
    client.says = [([0xB0, 25, 1], 0.0)] * 1000
    with caplog.at_level(logging.INFO):
        controller.fetch()
        controller.close()
    assert caplog.messages == ["MIDI nano: 999 messages were overtaken by later ones"]


def test_lights_show_what_stands_and_go_out() -> None:
    controller, client = scripted(Taught("nano", Binding(PAD, "/freeze")))
    controller.hear({"/freeze": (1,), "/blackout": (1,)}, 0.0)
    controller.show({}, 0.0)
    controller.show({}, 0.0)
    assert client.told == [[0x90, 60, 127]]
    controller.close()
    assert client.told == [[0x90, 60, 127], [0x90, 60, 0]]
    assert client.deleted == 2


def test_what_is_taught_no_more_goes_dark() -> None:
    controller, client = scripted(Taught("nano", Binding(PAD, "/freeze")))
    controller.teach(())
    assert client.told == [[0x90, 60, 0]]


def test_a_controller_that_was_taught_nothing_is_told_nothing() -> None:
    # A pad is lit by playing its note, and it may be a piano.
    controller, client = scripted()
    controller.hear({"/freeze": (1,), "/blackout": (1,), "/opacity": (0.5,)}, 0.0)
    controller.show({}, 0.0)
    controller.close()
    assert client.told == []


def test_a_source_with_two_controls_shows_the_first() -> None:
    controller, client = scripted(
        Taught("nano", Binding(PAD, "/freeze")), Taught("nano", Binding(PAD, "/blackout"))
    )
    controller.hear({"/freeze": (0,), "/blackout": (1,)}, 0.0)
    controller.show({}, 0.0)
    assert client.told == [[0x90, 60, 0]]


def test_a_motor_stands_where_its_control_stands_and_is_not_to_be_picked_up() -> None:
    values = {"/opacity": (0.25,)}
    controller, client = scripted(Taught("nano", Binding(FADER, "/opacity")), takeover="pick-up")
    controller.hear(values, 0.0)
    controller.show(values, 0.0)
    assert client.told == [[0xE1, 0, 32]]
    (message,) = controller.obey(Event(FADER, 12000), values, 1.0)
    assert message.address == "/opacity"

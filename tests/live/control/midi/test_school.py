from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from live.control.hub import News
from live.control.kinds import Message
from live.control.midi.controller import Controller
from live.control.midi.learning import LEARN_SECONDS, LISTEN_SECONDS
from live.control.midi.mapping import Binding, Taught
from live.control.midi.school import FORGET, LEARN, NOTICE_SECONDS, School
from live.control.midi.sources import Event, Source
from live.control.midi.store import read_map, write_map
from tests.live.control.midi.scripted import CONTROLS, scripted

KNOB, PAD = Source("cc", 70, 1), Source("note", 60, 1)


class _Show:
    """What the school knows of the show: it asks, and hears when that is done, a turn later."""

    def __init__(self, file: Path | None = None) -> None:
        self.turn = 1
        self.asks = {LEARN: ("",), FORGET: ("",)}
        self.said: list[tuple[str, Message]] = []
        kinds = {address: control.kind for address, control in CONTROLS.items()}
        self.school = School(file, kinds, self._say)
        self.nano, _ = scripted(name="nano")
        self.apc, _ = scripted(name="apc")

    def _say(self, sender: str, messages: Sequence[Message]) -> int:
        self.said += [(sender, message) for message in messages]
        return self.turn

    def attend(self, now: float, *controllers: Controller) -> bool:
        news = News(self.turn, {}, dict(self.asks))
        return self.school.attend(news, controllers or (self.nano, self.apc), now)

    def next_turn(self) -> None:
        """The show has heard what was said."""
        self.turn += 1
        self.asks |= {message.address: ("",) for _, message in self.said}
        self.said.clear()


def test_a_lesson(tmp_path: Path) -> None:
    show = _Show(tmp_path / "midi.toml")
    assert not show.attend(0.0)
    assert not show.school.takes(show.nano, Event(KNOB, 3), 0.0)
    show.asks[LEARN] = ("/opacity",)
    assert not show.attend(1.0)
    assert show.school.takes(show.nano, Event(KNOB, 3), 1.0)
    assert show.school.takes(show.apc, Event(PAD, 3), 1.0), "what was touched by mistake isn't obeyed"
    assert not show.attend(1.0)
    assert show.attend(1.0 + LISTEN_SECONDS)
    assert show.school.taught == (Taught("nano", Binding(KNOB, "/opacity")),)
    assert show.school.learnt == "CC 70 on channel 1 of nano: /opacity"
    assert show.said == [("MIDI nano", Message(LEARN, ("",)))]
    # The show has not heard that yet, and no second lesson begins.
    assert not show.attend(2.0)
    assert not show.school.takes(show.nano, Event(KNOB, 4), 2.0)
    assert read_map(tmp_path / "midi.toml") == show.school.taught


def test_the_same_control_may_be_taught_again_at_once() -> None:
    show = _Show()
    for source in (PAD, Source("note", 61, 1)):
        show.asks[LEARN] = ("/freeze",)
        show.attend(0.0)
        assert show.school.takes(show.nano, Event(source, 1), 0.0)
        assert show.attend(0.0)
        show.next_turn()
    assert [one.binding.source.number for one in show.school.taught] == [61]


def test_another_control_may_be_asked_for_in_the_middle() -> None:
    show = _Show()
    show.asks[LEARN] = ("/opacity",)
    show.attend(0.0)
    show.school.takes(show.nano, Event(KNOB, 3), 0.0)
    show.asks[LEARN] = ("/settle",)
    show.attend(0.1)
    show.school.takes(show.nano, Event(KNOB, 4), 0.1)
    assert show.attend(0.1 + LISTEN_SECONDS)
    assert [one.binding.address for one in show.school.taught] == ["/settle"]


def test_a_lesson_can_be_ended() -> None:
    show = _Show()
    show.asks[LEARN] = ("/opacity",)
    show.attend(0.0)
    show.asks[LEARN] = ("",)
    show.attend(0.0)
    assert not show.school.takes(show.nano, Event(KNOB, 3), 0.0)


def test_a_lesson_to_which_nobody_comes_ends() -> None:
    show = _Show()
    show.asks[LEARN] = ("/opacity",)
    show.attend(0.0)
    show.attend(LEARN_SECONDS)
    assert show.said == [("MIDI", Message(LEARN, ("",)))]
    assert show.school.note(LEARN_SECONDS).startswith("no MIDI controller was moved")
    assert show.school.note(LEARN_SECONDS + NOTICE_SECONDS) == ""


def test_a_controller_that_is_pulled_out_during_its_lesson_ends_it() -> None:
    show = _Show()
    show.asks[LEARN] = ("/opacity",)
    show.attend(0.0)
    show.school.takes(show.nano, Event(KNOB, 3), 0.0)
    assert not show.attend(0.1, show.apc)
    assert show.said == [("MIDI", Message(LEARN, ("",)))]
    assert show.school.taught == ()


def test_forgetting_is_for_all_controllers(tmp_path: Path) -> None:
    file = tmp_path / "midi.toml"
    other = Taught("apc", Binding(PAD, "/freeze"))
    write_map(
        file, [Taught("nano", Binding(KNOB, "/opacity")), Taught("apc", Binding(KNOB, "/opacity")), other]
    )
    show = _Show(file)
    show.asks[FORGET] = ("/opacity",)
    assert show.attend(0.0)
    assert show.said == [("MIDI", Message(FORGET, ("",)))]
    assert not show.attend(0.0)
    assert read_map(file) == show.school.taught == (other,)


def test_what_cannot_be_kept_is_told_until_it_is(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "midi.toml"
    file.parent.write_text("in the way")
    show = _Show(file)
    show.asks[LEARN] = ("/freeze",)
    show.attend(0.0)
    show.school.takes(show.nano, Event(PAD, 1), 0.0)
    assert show.attend(0.0)
    assert "what was learnt can't be kept there" in show.school.note(1e9)
    file.parent.unlink()
    show.next_turn()
    show.asks[FORGET] = ("/freeze",)
    assert show.attend(0.0)
    assert show.school.note(1e9) == ""


def test_what_of_the_file_cannot_be_used_is_told_as_the_show_begins(tmp_path: Path) -> None:
    file = tmp_path / "midi.toml"
    write_map(
        file,
        [
            Taught("na", Binding(KNOB, "/mix/rome")),
            Taught("pedals", Binding(PAD, "/go")),
            Taught("pedals", Binding(PAD, "/back")),
        ],
    )
    show = _Show(file)
    assert not show.attend(0.0)
    assert show.school.note(0.0) == (
        "MIDI controller pedals, which was taught, isn't there; "
        f"{file} moves /mix/rome, which this show doesn't have"
    )
    assert show.school.note(NOTICE_SECONDS) == ""


@pytest.mark.parametrize("address", sorted(CONTROLS))
def test_every_control_can_be_taught_or_says_why_not(address: str) -> None:
    show = _Show()
    show.asks[LEARN] = (address,)
    show.attend(0.0)
    if show.school.takes(show.nano, Event(PAD, 1), 0.0):
        assert show.attend(0.0)
        assert show.school.taught[0].binding.address == address
    else:
        assert show.school.note(0.0) == f"{address} takes two numbers: teach {address}/x and {address}/y"

"""The MIDI side of a show, with controllers plugged into JACK."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from live.clock import MonotonicClock
from live.config import MidiSettings
from live.control.controls import controls
from live.control.hub import Hub
from live.control.kinds import Message, Value
from live.control.midi.desk import MidiDesk
from live.control.midi.mapping import Binding, Taught
from live.control.midi.sources import Source
from live.control.midi.store import read_map, write_map
from live.cues import Cue, CueList
from live.show import opening
from models.faults import UsageFault
from tests.live.control.midi.jack import JackServer, Pad, wait_for

CITIES = ("istanbul", "dubai", "paris")
CUES = CueList((Cue("1", "Opening"), Cue("2", "Dusk"), Cue("12.5", "Night")))


class Show:
    """A show without pictures, with MIDI: a hub, its state, and its turns."""

    def __init__(self, file: Path | None = None, **settings: object) -> None:
        self.clock = MonotonicClock()
        self.hub = Hub(controls(CITIES, CUES), self.clock)
        self.state = opening(CITIES, fade_time=0.0, cues=CUES, go_interval=0.0)
        chosen = MidiSettings(**{"api": "jack", "takeover": "none", **settings})  # type: ignore[arg-type]
        self.desk = MidiDesk(chosen, self.hub, self.clock, file)
        self.hub.attach(self.desk)
        self.turn()
        self.desk.start()

    def turn(self) -> None:
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, self.desk.status())

    def at(self, address: str) -> Value:
        """What a control is at, a turn later."""
        self.turn()
        return self.hub.values()[address][0]

    def wait(self, address: str, value: Value) -> None:
        """Let the show run until a control is at a value."""
        wait_for(lambda: self.at(address) == value)

    def wait_for_controllers(self, *names: str) -> None:
        self.wait("/status/midi", ", ".join(names))

    def wait_for_telling(self, pad: Pad, *wanted: list[int]) -> list[list[int]]:
        """Let the show run until a controller was told all of this; what it was told till then."""
        told: list[list[int]] = []

        def has_told() -> bool:
            self.turn()
            told.extend(pad.told())
            return all(one in told for one in wanted)

        wait_for(has_told)
        return told

    def learn(self, address: str, pad: Pad, *moves: tuple[int, ...]) -> None:
        """Teach a controller a control by these moves."""
        before = self.at("/status/midi/learnt")
        self.hub.hear("page", [Message("/midi/learn", (address,))])
        self.wait("/midi/learn", address)
        # So that the desk has seen it, too: it looks every few milliseconds.
        wait_for(lambda: self.desk._school._lesson is not None)
        for move in moves:
            pad.send(*move)
        wait_for(lambda: self.at("/status/midi/learnt") != before)
        self.wait("/midi/learn", "")


@pytest.fixture
def show(jack: JackServer, tmp_path: Path) -> Iterator[Show]:  # noqa: ARG001
    show = Show(tmp_path / "midi.toml")
    yield show
    show.desk.close()


@pytest.fixture
def pad(show: Show) -> Iterator[Pad]:
    with Pad("nano") as pad:
        show.wait_for_controllers("nano:out")
        yield pad


# Untaught


def test_a_controller_that_was_taught_nothing_moves_what_the_table_says(show: Show, pad: Pad) -> None:
    pad.send(0xC4, 1)  # program 2, on channel 5
    show.wait("/city", "dubai")
    pad.send(0xB0, 25, 127)
    show.wait("/opacity", 1.0)
    pad.send(0xB0, 25, 0)
    show.wait("/opacity", 0.0)
    pad.send(0x90, 0, 1)
    show.wait("/blackout", 1)
    pad.send(0x90, 0, 0)  # it is let go
    pad.send(0x90, 3, 90)
    show.wait("/freeze", 1)
    assert show.at("/blackout") == 1
    pad.send(0x80, 0, 64)
    pad.send(0x90, 0, 1)
    show.wait("/blackout", 0)
    assert {entry.sender for entry in show.hub.journal()} == {"MIDI nano:out"}


def test_show_control_starts_cues(show: Show, pad: Pad) -> None:
    pad.send(0xF0, 0x7F, 0x7F, 2, 1, 1, 0xF7)
    show.wait("/cue", "1")
    pad.send(0xF0, 0x7F, 0x7F, 2, 1, 1, *b"12.5", 0xF7)
    show.wait("/cue", "12.5")


def test_a_clock_sets_the_tempo(show: Show, pad: Pad) -> None:
    assert show.at("/tempo") == 120.0
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(60 / 180 / 24):
            pad.send(0xF8)

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        # How steady a thread of a busy machine is, is not the question here.
        wait_for(lambda: show.at("/tempo") != 120.0)
    finally:
        stop.set()
        ticking.join()


# Taught


def test_learning_by_moving_a_knob(show: Show, pad: Pad, tmp_path: Path) -> None:
    show.learn("/fade/time", pad, (0xB2, 70, 3), (0xB2, 70, 4))
    assert show.at("/fade/time") == 0.0, "what is learnt isn't obeyed"
    assert show.at("/status/midi/learnt") == "CC 70 on channel 3 of nano:out: /fade/time"
    pad.send(0xB2, 70, 127)
    show.wait("/fade/time", 60.0)
    kept = (Taught("nano:out", Binding(Source("cc", 70, 3), "/fade/time")),)
    assert read_map(tmp_path / "midi.toml") == kept


def test_what_was_learnt_is_known_to_the_next_show(show: Show, pad: Pad, tmp_path: Path) -> None:
    show.learn("/freeze", pad, (0x90, 60, 100))
    show.desk.close()
    again = Show(tmp_path / "midi.toml")
    again.wait_for_controllers("nano:out")
    pad.send(0x90, 60, 100)
    again.wait("/freeze", 1)
    again.desk.close()


def test_pads_for_cities_are_taught_by_going_there(show: Show, pad: Pad) -> None:
    for number, city in enumerate(CITIES):
        show.hub.hear("page", [Message("/city", (city,))])
        show.wait("/city", city)
        show.learn("/city", pad, (0x99, 40 + number, 100), (0x89, 40 + number, 0))
    pad.send(0x99, 40, 100)
    show.wait("/city", "istanbul")
    pad.send(0x99, 42, 100)
    show.wait("/city", "paris")


def test_forgetting_gives_the_knob_back(show: Show, pad: Pad, tmp_path: Path) -> None:
    show.learn("/opacity", pad, (0x90, 0, 100))
    # So that it is seen when the note has been obeyed: two notes at once would undo each other.
    show.hub.hear("page", [Message("/opacity", (0.5,))])
    show.wait("/opacity", 0.5)
    pad.send(0x90, 0, 100)
    show.wait("/opacity", 1.0)
    show.hub.hear("page", [Message("/midi/forget", ("/opacity",))])
    show.wait("/midi/forget", "/opacity")
    show.wait("/midi/forget", "")
    wait_for(lambda: read_map(tmp_path / "midi.toml") == ())
    pad.send(0x90, 0, 100)
    show.wait("/blackout", 1)


def test_two_controls_on_one_knob_are_told_and_both_moved(show: Show, pad: Pad) -> None:
    show.learn("/fade/time", pad, (0xB0, 70, 3))
    show.learn("/opacity", pad, (0xB0, 70, 3))
    wait_for(lambda: "CC 70 on channel 1 of nano:out moves /opacity and still /fade/time" in show.desk.note)
    pad.send(0xB0, 70, 127)
    show.wait("/fade/time", 60.0)
    show.wait("/opacity", 1.0)


def test_a_panic_is_no_lesson(jack: JackServer, tmp_path: Path) -> None:  # noqa: ARG001
    write_map(tmp_path / "midi.toml", [Taught("nano", Binding(Source("note", 99), "/panic"))])
    show = Show(tmp_path / "midi.toml")
    with Pad("nano") as pad:
        show.wait_for_controllers("nano:out")
        show.hub.hear("page", [Message("/midi/learn", ("/opacity",))])
        show.wait("/midi/learn", "/opacity")
        pad.send(0x90, 99, 1)
        show.wait("/panic", 1)
        assert show.at("/midi/learn") == "/opacity"
        show.desk.close()


def test_a_place_is_taught_by_its_two_numbers(show: Show) -> None:
    show.hub.hear("page", [Message("/midi/learn", ("/fade/point",))])
    wait_for(lambda: show.at("/midi/learn") == "" and "teach /fade/point/x" in show.desk.note)


def test_a_file_that_cannot_be_written_is_told(jack: JackServer, tmp_path: Path) -> None:  # noqa: ARG001
    folder = tmp_path / "no folder"
    folder.write_text("")
    show = Show(folder / "midi.toml")
    with Pad("nano") as pad:
        show.wait_for_controllers("nano:out")
        show.learn("/freeze", pad, (0x90, 60, 100))
        wait_for(lambda: "what was learnt can't be kept there" in show.desk.note)
        pad.send(0x90, 60, 100)
        show.wait("/freeze", 1)
        show.desk.close()


def test_a_file_that_cannot_be_meant_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "midi.toml").write_text("[[map]]\n")
    with pytest.raises(UsageFault, match=r"midi\.toml, line 1: this \[\[map\]\] has no port"):
        MidiDesk(
            MidiSettings(),
            Hub(controls(CITIES, CUES), MonotonicClock()),
            MonotonicClock(),
            tmp_path / "midi.toml",
        )


def test_a_control_of_another_show_is_told_and_kept(jack: JackServer, tmp_path: Path) -> None:  # noqa: ARG001
    taught = (Taught("nano", Binding(Source("cc", 3), "/mix/rome")),)
    write_map(tmp_path / "midi.toml", taught)
    show = Show(tmp_path / "midi.toml")
    with Pad("nano") as pad:
        show.wait_for_controllers("nano:out")
        assert "midi.toml moves /mix/rome, which this show doesn't have" in show.desk.note
        show.learn("/freeze", pad, (0x90, 60, 100))
        assert read_map(tmp_path / "midi.toml")[:1] == taught
        show.desk.close()


# Takeover and feedback


def test_a_fader_picks_up_where_the_control_stands(jack: JackServer) -> None:  # noqa: ARG001
    show = Show(takeover="pick-up")
    with Pad("nano") as pad:
        show.wait_for_controllers("nano:out")
        show.hub.hear("page", [Message("/opacity", (0.5,))])
        show.wait("/opacity", 0.5)
        pad.send(0xB0, 25, 10)
        pad.send(0xB0, 25, 20)
        pad.send(0x90, 3, 1)  # heard after the fader
        show.wait("/freeze", 1)
        assert show.at("/opacity") == 0.5
        pad.send(0xB0, 25, 90)
        show.wait("/opacity", round(90 / 127, 3))
        show.desk.close()


def test_lights_and_motors_follow_the_show(show: Show, pad: Pad) -> None:
    show.learn("/freeze", pad, (0x90, 60, 100), (0x80, 60, 0))
    show.learn("/opacity", pad, (0xE0, 0, 64))
    show.wait_for_telling(pad, [0x90, 60, 0], [0xE0, 127, 127])
    show.hub.hear("page", [Message("/freeze", (1,)), Message("/opacity", (0.0,))])
    show.wait_for_telling(pad, [0x90, 60, 127], [0xE0, 0, 0])
    show.desk.close()
    show.wait_for_telling(pad, [0x90, 60, 0])  # lights out


def test_a_fader_in_a_hand_is_not_told_what_it_says(show: Show, pad: Pad) -> None:
    show.learn("/opacity", pad, (0xE0, 0, 64))
    show.wait_for_telling(pad, [0xE0, 127, 127])
    for high in range(126, 0, -1):
        pad.send(0xE0, 0, high)
        show.turn()
        time.sleep(0.002)
    # Only where it was left: at 0.008, as the show says it.
    left = [0xE0, 3, 1]
    assert show.wait_for_telling(pad, left) == [left]


# What goes wrong


def test_a_controller_that_was_unplugged_is_heard_again(show: Show, pad: Pad) -> None:
    show.learn("/freeze", pad, (0x90, 60, 100))
    pad.unplug()
    show.wait_for_controllers()
    wait_for(lambda: "MIDI controller nano:out is gone" in show.desk.note)
    with Pad("nano") as again:
        show.wait_for_controllers("nano:out")
        wait_for(lambda: show.desk.note == "")
        again.send(0x90, 60, 100)
        show.wait("/freeze", 1)


def test_two_controllers_at_once(show: Show, pad: Pad) -> None:
    with Pad("apc") as apc:
        show.wait_for_controllers("nano:out", "apc:out")
        show.learn("/freeze", apc, (0x90, 60, 100))
        pad.send(0x90, 60, 100)  # which has not been taught that
        pad.send(0x90, 0, 100)
        show.wait("/blackout", 1)
        assert show.at("/freeze") == 0
        apc.send(0x90, 60, 100)
        show.wait("/freeze", 1)


def test_the_last_word_of_a_flood_is_heard(show: Show, pad: Pad) -> None:
    for n in range(20_000):
        pad.send(0xB0, 25, n % 127)
        pad.send(0xB0, 16 + n % 3, n % 127)
        if n % 200 == 0:
            show.turn()
    pad.send(0xB0, 25, 77)
    show.wait("/opacity", round(77 / 127, 3))
    assert show.desk.note == ""


def test_what_is_no_midi_is_borne_and_told_once(
    show: Show, pad: Pad, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(5)
    with caplog.at_level(logging.WARNING):
        for _ in range(3000):
            pad.send(*chance.choices(range(256), k=chance.randint(1, 3)))
        pad.send(0xF7)  # else the next is taken for the rest of a system exclusive message
        pad.send(0xC0, 2)
        show.wait("/city", "paris")
        show.desk.close()
    complaints = [message for message in caplog.messages if "what is no MIDI message" in message]
    assert len(complaints) == len(set(complaints)) > 0
    assert re.search(r"MIDI: \d+ messages could not be read", caplog.messages[-1])
    assert not [record for record in caplog.records if record.exc_info]


def test_without_a_midi_system_the_show_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    with caplog.at_level(logging.WARNING):
        show = Show()
        wait_for(lambda: "no MIDI controllers: there is no JACK server" in show.desk.note)
        show.turn()
        assert show.desk.describe() == "MIDI without a controller"
        show.desk.close()
    assert len(caplog.records) == 1


def test_midi_can_be_left_off() -> None:
    show = Show(api="none")
    assert show.desk.describe() == "MIDI off"
    assert show.desk.note == ""
    show.desk.close()


def test_closing_twice_leaves_nothing_behind(jack: JackServer) -> None:  # noqa: ARG001
    show = Show()
    assert [thread for thread in threading.enumerate() if thread.name == "midi"]
    show.desk.close()
    show.desk.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "midi"]

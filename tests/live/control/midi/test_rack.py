from __future__ import annotations

from collections.abc import Iterator

import pytest

from live.clock import ManualClock
from live.config import MidiSettings
from live.control.controls import controls
from live.control.midi.controller import Controller
from live.control.midi.ports import InputPort
from live.control.midi.rack import LOOK_SECONDS, Rack
from live.cues import CueList
from tests.live.control.midi.jack import JackServer, Pad, wait_for

_CONTROLS = {control.address: control for control in controls(("dubai",), CueList())}


def _made(port: InputPort) -> Controller:
    return Controller(port, _CONTROLS, "none", ())


class _Looks:
    """A rack that is looked at."""

    def __init__(self, *ports: str) -> None:
        self.rack = Rack(MidiSettings(api="jack", ports=ports), _made)
        self.clock = ManualClock()

    def names(self) -> list[str]:
        self.clock.sleep(LOOK_SECONDS)
        self.rack.look(self.clock.now())
        return [controller.port.name for controller in self.rack.controllers]


@pytest.fixture
def looks(jack: JackServer) -> Iterator[_Looks]:  # noqa: ARG001
    looks = _Looks()
    yield looks
    looks.rack.close()


def test_controllers_come_and_go_and_come_back(looks: _Looks) -> None:
    assert looks.names() == []
    assert looks.rack.note == ""
    with Pad("nano") as nano, Pad("apc"):
        wait_for(lambda: looks.names() == ["nano:out", "apc:out"])
        assert [c.told_at.name for c in looks.rack.controllers if c.told_at] == ["nano-01:in", "apc-01:in"]
        nano.unplug()
        wait_for(lambda: looks.names() == ["apc:out"])
        assert looks.rack.note == "MIDI controller nano:out is gone: plug it in, and it is heard again"
        with Pad("nano"):
            wait_for(lambda: looks.names() == ["apc:out", "nano:out"])
            assert looks.rack.note == ""


def test_only_those_that_are_wanted_are_heard(jack: JackServer) -> None:  # noqa: ARG001
    looks = _Looks("NANO", "apc mini")
    with Pad("nano 2"), Pad("launchpad"):
        wait_for(lambda: looks.names() == ["nano 2:out"])
    looks.rack.close()


def test_one_without_an_output_is_heard_all_the_same(looks: _Looks) -> None:
    with Pad("keys", output=False), Pad("nano"):
        wait_for(lambda: looks.names() == ["keys:out", "nano:out"])
        assert looks.rack.controllers[0].told_at is None


def test_a_system_that_ends_is_told_and_found_again() -> None:
    with pytest.MonkeyPatch.context() as patch, JackServer() as jack:
        patch.setenv("JACK_DEFAULT_SERVER", jack.name)
        looks = _Looks()
        nano = Pad("nano")
        wait_for(lambda: looks.names() == ["nano:out"])
        nano.unplug()
        jack.stop()
        assert looks.names() == []
        assert "there is no JACK server; start it, and they are heard" in looks.rack.note
        assert 'set [midi] api = "none" if there are to be none' in looks.rack.note
        jack.start()
        with Pad("nano"):
            wait_for(lambda: looks.names() == ["nano:out"])
            assert looks.rack.note == ""
            looks.rack.close()


def test_a_server_that_was_started_anew_between_two_looks_is_found() -> None:
    with pytest.MonkeyPatch.context() as patch, JackServer() as jack:
        patch.setenv("JACK_DEFAULT_SERVER", jack.name)
        looks = _Looks()
        nano = Pad("nano")
        wait_for(lambda: looks.names() == ["nano:out"])
        (before,) = looks.rack.controllers
        nano.unplug()
        jack.stop()
        jack.start()
        with Pad("nano"):
            wait_for(lambda: looks.names() == ["nano:out"])
            assert looks.rack.controllers[0] is not before
            looks.rack.close()

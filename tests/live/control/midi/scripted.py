"""A controller without a MIDI system: what it says is written down, and so is what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from live.control.controls import controls
from live.control.midi.controller import Controller
from live.control.midi.mapping import Taught
from live.control.midi.ports import InputPort, OutputPort, PortName
from live.control.midi.takeover import Takeover
from live.cues import CueList

CONTROLS = {control.address: control for control in controls(("istanbul", "dubai"), CueList())}


class ScriptedClient:
    """Both clients of rtmidi that a controller's two ports would be."""

    def __init__(self) -> None:
        self.says: list[tuple[list[int], float]] = []
        self.told: list[list[int]] = []
        self.deleted = 0

    def ignore_types(self, *, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert not sysex
        assert not timing
        assert active_sense

    def get_message(self) -> tuple[list[int], float] | None:
        return self.says.pop(0) if self.says else None

    def send_message(self, data: Sequence[int]) -> None:
        self.told.append(list(data))

    def delete(self) -> None:
        self.deleted += 1


def scripted(
    *taught: Taught, name: str = "nano", takeover: Takeover = "none"
) -> tuple[Controller, ScriptedClient]:
    """A controller of that name, with an output, and its script."""
    client, port = ScriptedClient(), PortName(f"{name} 20:0", name)
    controller = Controller(InputPort(client, port), CONTROLS, takeover, taught)
    controller.tell_at(OutputPort(client), port)
    return controller, client

"""The controllers that are plugged in now, of those that the show wants.

A controller is known by the name of its port. When that vanishes from the system's list it is given up, and
when it is back it is opened again: the list is looked at twice a second, because no MIDI system that
python-rtmidi speaks to says when a cable is pulled.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Final

from live.config import MidiSettings
from live.control.midi.controller import Controller
from live.control.midi.ports import InputPort, MidiSystem, PortName, partner
from models.faults import DeviceFault

GONE_SECONDS: Final = 120.0
"""How long the operator is told that a controller is gone; one that was taken away means to be."""

LOOK_SECONDS: Final = 0.5
"""Between two looks for controllers."""

_log = logging.getLogger(__name__)


class Rack:
    """Finds, opens and loses controllers. For one thread.

    made: a controller of an open port.
    """

    def __init__(self, settings: MidiSettings, made: Callable[[InputPort], Controller]) -> None:
        self.controllers: tuple[Controller, ...] = ()
        self._settings = settings
        self._made = made
        self._system: MidiSystem | None = None
        self._look_at = -math.inf
        self._now = -math.inf
        self._fault = ""
        self._refused: dict[PortName, str] = {}
        self._gone: dict[str, float] = {}

    @property
    def note(self) -> str:
        """What the operator should know of it; "" if all is well."""
        if self._fault and self._is_missed():
            return f'{self._fault}; set [midi] api = "none" if there are to be none'
        if self._refused:
            return next(iter(self._refused.values()))
        told = [name for name, since in self._gone.items() if self._now - since < GONE_SECONDS]
        if told:
            return f"MIDI controller {', '.join(told)} is gone: plug it in, and it is heard again"
        return ""

    def look(self, now: float) -> list[Controller]:
        """Look for controllers if it is time to, at a moment in seconds; those that are new."""
        self._now = now
        if now < self._look_at:
            return []
        self._look_at = now + LOOK_SECONDS
        try:
            system = self._running()
            inputs = [port for port in system.inputs() if self._is_wanted(port)]
            outputs = system.outputs()
        except DeviceFault as fault:
            if str(fault) != self._fault and self._is_missed():
                _log.warning("%s", fault)
            self._fault = str(fault)
            return []
        self._fault = ""
        for controller in self.controllers:
            if controller.port not in inputs:
                self.drop(controller)
        self._refused = {port: why for port, why in self._refused.items() if port in inputs}
        there = {controller.port for controller in self.controllers}
        new = [c for port in inputs if port not in there and (c := self._opened(system, port))]
        self.controllers = (*self.controllers, *new)
        paired = [c for c in self.controllers if self._is_paired_anew(system, c, outputs)]
        return list(dict.fromkeys((*new, *paired)))

    def drop(self, controller: Controller) -> None:
        """Give up a controller that isn't there any more, until it is found again."""
        self.controllers = tuple(other for other in self.controllers if other is not controller)
        self._gone[controller.port.name] = self._now
        _log.warning("MIDI %s is gone", controller.port.name)
        controller.close(gone=True)

    def close(self) -> None:
        """Close all ports, lights out."""
        for controller in self.controllers:
            controller.close()
        self.controllers = ()
        if self._system is not None:
            self._system.close()
            self._system = None

    def _is_missed(self) -> bool:
        """Whether there should be controllers: they were asked for, or there were some. A machine that has
        no MIDI at all is no fault of a show that doesn't need it."""
        return self._settings.api != "auto" or bool(self._settings.ports or self._gone)

    def _running(self) -> MidiSystem:
        """The MIDI system. Raises DeviceFault if there is none (now)."""
        if self._system is not None and not self._system.is_alive():
            for controller in self.controllers:
                self.drop(controller)
            self._system.close()
            self._system = None
        if self._system is None:
            self._system = MidiSystem(self._settings.api)
        return self._system

    def _is_wanted(self, port: PortName) -> bool:
        wanted = self._settings.ports
        return not wanted or any(port.begins(prefix) for prefix in wanted)

    def _opened(self, system: MidiSystem, port: PortName) -> Controller | None:
        try:
            heard_at = system.open_input(port)
        except DeviceFault as fault:
            if port not in self._refused:
                _log.warning("%s", fault)
            self._refused[port] = str(fault)
            return None
        self._refused.pop(port, None)
        self._gone.pop(port.name, None)
        _log.info("MIDI %s is heard", port.name)
        return self._made(heard_at)

    def _is_paired_anew(
        self, system: MidiSystem, controller: Controller, outputs: Sequence[PortName]
    ) -> bool:
        """Let a controller be told at the output that is its own; whether that is another than before."""
        taken = [other.told_at for other in self.controllers if other is not controller]
        output = partner(controller.port, [port for port in outputs if port not in taken])
        if output == controller.told_at:
            return False
        try:
            controller.tell_at(None if output is None else system.open_output(output), output)
        except DeviceFault:  # heard it still is, and tried again at the next look
            controller.tell_at(None, None)
        return controller.told_at is not None

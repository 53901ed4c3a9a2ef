"""Where controllers are taught: lessons as the show asks for them, and what is kept of them.

The show asks by the values of two of its controls, /midi/learn and /midi/forget: the address of a control,
or "" for nothing. When that is done, the school sets the value back to "".
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from live.control.hub import News
from live.control.kinds import Message, Point
from live.control.midi.controller import Controller, Values
from live.control.midi.learning import Lesson, binding_of, shown, with_binding
from live.control.midi.mapping import Taught
from live.control.midi.sources import Event
from live.control.midi.store import read_map, write_map
from models.faults import InputFault

NOTICE_SECONDS: Final = 20.0
"""How long the operator is told of something that passes."""

LEARN, FORGET, PANIC = "/midi/learn", "/midi/forget", "/panic"

_log = logging.getLogger(__name__)


class School:
    """What controllers are taught, and by whom they are taught more. For one thread, but for `note` and
    `learnt`.

    file: where that is kept; None: nowhere. kinds: of the controls, by address. say: sends messages to the
    hub in somebody's name; returns the turn of the show after which news tell of them.
    """

    def __init__(
        self,
        file: Path | None,
        kinds: Mapping[str, object],
        say: Callable[[str, Sequence[Message]], int],
    ) -> None:
        """Raises InputFault or UsageFault if the file can't be read or meant."""
        self.taught: tuple[Taught, ...] = () if file is None else read_map(file)
        self.learnt = ""
        """What was learnt last, in words."""
        self._file = file
        self._kinds = kinds
        self._say = say
        self._lesson: Lesson | None = None
        self._done = dict.fromkeys((LEARN, FORGET), -1)  # up to which turn what is asked for is done
        self._unkept = ""
        self._notice, self._notice_until = "", -math.inf
        self._opened = False

    def note(self, now: float) -> str:
        """What the operator should know of it; "" if all is well."""
        return self._unkept or (self._notice if now < self._notice_until else "")

    def attend(self, news: News, controllers: Sequence[Controller], now: float) -> bool:
        """Begin and end lessons as the show asks; whether controllers are taught otherwise now."""
        values = news.values
        if not self._opened:
            self._opened = True
            if remarks := self._looked_through(controllers):
                self._notify("; ".join(remarks), now)
        before = self.taught
        if address := self._asked(FORGET, news):
            self._keep(tuple(one for one in self.taught if one.binding.address != address))
            self._finish(FORGET, "MIDI")
        address = self._asked(LEARN, news)
        if not address:
            self._lesson = None
        elif self._lesson is None or self._lesson.address != address:
            self._lesson = Lesson(address, now)
        if self._lesson is not None:
            self._teach(self._lesson, values, controllers, now)
        return self.taught != before

    def takes(self, controller: Controller, event: Event, now: float) -> bool:
        """Whether a move is a lesson's, and hence not to be obeyed; what panics is never one."""
        if self._lesson is None or any(b.address == PANIC for b in controller.bound(event.source)):
            return False
        self._lesson = shown(self._lesson, controller.port.name, event, now)
        return True

    def _looked_through(self, controllers: Sequence[Controller]) -> list[str]:
        """What of the file can't be used in this show as it begins."""
        taught = self.taught
        ports = (one.port for one in taught if not any(c.port.begins(one.port) for c in controllers))
        unknown = (one.binding.address for one in taught if one.binding.address not in self._kinds)
        return [
            *(f"MIDI controller {port}, which was taught, isn't there" for port in dict.fromkeys(ports)),
            *(f"{self._file} moves {address}, which this show doesn't have" for address in [*unknown][:1]),
        ]

    def _asked(self, control: str, news: News) -> str:
        """The address that the show asks for; else ""."""
        # The show goes on asking until it has heard that it is done.
        return str(news.values.get(control, ("",))[0]) if news.turn > self._done[control] else ""

    def _finish(self, control: str, sender: str) -> None:
        self._done[control] = self._say(sender, [Message(control, ("",))])

    def _teach(self, lesson: Lesson, values: Values, controllers: Sequence[Controller], now: float) -> None:
        address = lesson.address
        teacher = next((c for c in controllers if c.port.name == lesson.port), None)
        if isinstance(self._kinds[address], Point):
            self._end(f"{address} takes two numbers: teach {address}/x and {address}/y", now)
        elif lesson.over(now) or (lesson.events and teacher is None):
            self._end(f"no MIDI controller was moved, so {address} has learnt nothing new", now)
        elif lesson.learnt(now) and teacher is not None:
            binding = binding_of(lesson, self._kinds[address], values.get(address, (None,))[0])
            taught, besides = with_binding(self.taught, teacher.port, binding)
            self._keep(taught)
            knob = f"{binding.source.words()} of {teacher.port.name}"
            value = f" {binding.value}" if binding.value is not None else ""
            self.learnt = f"{knob}: {address}{value}"
            _log.info("MIDI learnt %s", self.learnt)
            if besides:
                others = " and ".join(besides)
                self._notify(f"{knob} moves {address} and still {others}; /midi/forget ends that", now)
            self._lesson = None
            self._finish(LEARN, f"MIDI {teacher.port.name}")

    def _end(self, sentence: str, now: float) -> None:
        self._notify(sentence, now)
        self._lesson = None
        self._finish(LEARN, "MIDI")

    def _keep(self, taught: tuple[Taught, ...]) -> None:
        changed, self.taught = taught != self.taught, taught
        if self._file is None or not changed:
            return
        try:
            write_map(self._file, taught)
            self._unkept = ""
        except InputFault as fault:
            self._unkept = str(fault)
            _log.warning("%s", fault)

    def _notify(self, sentence: str, now: float) -> None:
        _log.warning("%s", sentence)
        self._notice, self._notice_until = sentence, now + NOTICE_SECONDS

"""MIDI controllers, as one client of the hub: a thread that hears them and shows on them what stands.

It fetches what has come 250 times a second, of a flood too, so that 10,000 messages a second don't take
the interpreter 10,000 times from the rest of the show.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from live.clock import Clock
from live.config import MidiSettings
from live.control.hub import Hub, News
from live.control.kinds import Message, Number, Value
from live.control.midi.controller import Controller, Values
from live.control.midi.mapping import coalesced
from live.control.midi.ports import InputPort
from live.control.midi.rack import Rack
from live.control.midi.school import School
from live.control.midi.showcontrol import show_control
from live.control.midi.sources import event_of, parse
from models.faults import DeviceFault

FETCH_SECONDS: Final = 0.004
"""Real seconds between two looks for messages: how late one may be heard."""

IDLE_SECONDS: Final = 0.1
"""The same while there is no controller."""

CONDUCTOR_SECONDS: Final = 2.0
"""After so long without a tick, another controller's clock is followed."""

_START_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 3.0
_MOST_SENTENCES: Final = 200
_TEMPO: Final = "/tempo"

_log = logging.getLogger(__name__)


class MidiDesk:
    """The MIDI side of the show.

    file: where it is kept what controllers are taught; None: nowhere.
    """

    def __init__(self, settings: MidiSettings, hub: Hub, clock: Clock, file: Path | None) -> None:
        """Raises InputFault or UsageFault if the file can't be read or meant."""
        self._settings = settings
        self._hub = hub
        self._clock = clock
        self._kinds = {address: control.kind for address, control in hub.controls.items()}
        self._school = School(file, self._kinds, self._say)
        self._rack = Rack(settings, self._made)
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        self._closing = threading.Event()
        self._looked = threading.Event()
        self._lock = threading.Lock()
        # Guarded by the lock:
        self._news = News(0, {}, {})
        self._changes: dict[str, tuple[Value, ...]] = {}  # that the controllers weren't told yet
        self._note = ""
        self._conductor: tuple[Controller | None, float] = (None, -math.inf)
        self._beats: float | None = None
        self._unread = 0
        self._logged: set[str] = set()

    # Any thread

    @property
    def note(self) -> str:
        return self._note

    def start(self) -> None:
        if self._settings.api == "none":
            return
        self._thread.start()
        # So that what is plugged in already is named on the operator's first line.
        self._looked.wait(_START_SECONDS)

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def describe(self) -> str:
        if self._settings.api == "none":
            return "MIDI off"
        return f"MIDI {self._names() or 'without a controller'}"

    def status(self) -> Mapping[str, Value]:
        return {"midi": self._names(), "midi/learnt": self._school.learnt}

    def tell(self, news: News) -> None:
        changes = {address: value for address, value in news.changes.items() if address in self._kinds}
        with self._lock:
            self._news = news
            self._changes.update(changes)

    def _names(self) -> str:
        return ", ".join(controller.port.name for controller in self._rack.controllers)

    # The thread

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._turn()
            except Exception as error:  # a bug must not take the controllers away for the rest of the show
                self._log_once(f"MIDI has stumbled, and goes on ({error!r})", exc_info=True)
                self._closing.wait(IDLE_SECONDS)
            self._looked.set()
            self._closing.wait(FETCH_SECONDS if self._rack.controllers else IDLE_SECONDS)
        if self._unread:
            _log.warning("MIDI: %d messages could not be read", self._unread)
        self._rack.close()

    def _turn(self) -> None:
        now = self._clock.now()
        with self._lock:
            news, changes, self._changes = self._news, self._changes, {}
        values = news.values
        for controller in self._rack.look(now):
            controller.hear(values, now)
        taught_anew = self._school.attend(news, self._rack.controllers, now)
        for controller in self._rack.controllers:
            controller.hear(changes, now)
            try:
                # First, so that no move goes by what has been forgotten.
                if taught_anew:
                    controller.teach(self._school.taught)
                    controller.hear(values, now)
                self._hear(controller, values, now)
                controller.show(values, now)
            except DeviceFault:
                self._rack.drop(controller)  # and find it again at the next look
        self._note = self._rack.note or self._school.note(now)

    def _say(self, sender: str, messages: Sequence[Message]) -> int:
        self._hub.hear(sender, messages)
        # Read afterwards: news of a later turn than this one are surely of after that.
        return self._hub.turn

    def _made(self, port: InputPort) -> Controller:
        return Controller(port, self._hub.controls, self._settings.takeover, self._school.taught)

    def _hear(self, controller: Controller, values: Values, now: float) -> None:
        messages = []
        if controller.fetch():
            messages += self._clocked(controller, now)
        for data in controller.inbox.drain():
            try:
                message = parse(data)
            except ValueError as error:
                self._unread += 1
                self._log_once(f"MIDI {controller.port.name} sends what is no MIDI message ({error})")
                continue
            event = event_of(message)
            if event is not None:
                if not self._school.takes(controller, event, now):
                    messages += controller.obey(event, values, now)
            elif message.type == "sysex" and (asked := show_control(message.data)) is not None:
                messages.append(asked)
        if messages:
            sender = f"MIDI {controller.port.name}"
            for sentence in self._hub.hear(sender, coalesced(messages, self._kinds)):
                self._log_once(f"{sender}: {sentence}")

    def _clocked(self, controller: Controller, now: float) -> list[Message]:
        """What the ticks of a controller's clock mean: the tempo, if it is new, and this clock followed."""
        conductor, ticked = self._conductor
        if conductor is not controller and now - ticked < CONDUCTOR_SECONDS:
            return []
        self._conductor = controller, now
        beats, kind = controller.beats, self._kinds.get(_TEMPO)
        if (
            beats in (None, self._beats)
            or not isinstance(kind, Number)
            or not kind.low <= beats <= kind.high
        ):
            return []
        self._beats = beats
        return [Message(_TEMPO, (beats,))]

    def _log_once(self, sentence: str, *, exc_info: bool = False) -> None:
        if sentence not in self._logged and len(self._logged) < _MOST_SENTENCES:
            self._logged.add(sentence)
            _log.warning("%s", sentence, exc_info=exc_info)

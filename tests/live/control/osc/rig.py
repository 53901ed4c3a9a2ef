"""A show without pictures for the tests of OSC: the real hub, and the real desk on real sockets."""

from __future__ import annotations

import struct
from collections.abc import Callable

from live.clock import ManualClock
from live.config import ControlSettings
from live.control.controls import controls
from live.control.hub import Hub
from live.control.kinds import Message, Value
from live.control.osc.packets import BUNDLE, build, parse
from live.control.osc.server import OscDesk
from live.cues import Cue, CueList
from live.show import ShowState, opening

CITIES = ("istanbul", "new york", "dubai")
CUES = CueList((Cue("1", "Opening"), Cue("2", "Night")))
ANY_PORT = ControlSettings(osc_port=0)
WALL = 1_800_000_000.0
"""The time of day at which the show begins, seconds since 1970."""


class Show:
    """A show without pictures: the hub, obeyed turn by turn, and its OSC desk."""

    def __init__(
        self, settings: ControlSettings = ANY_PORT, wall: Callable[[], float] | None = None
    ) -> None:
        """wall: the time of day, if it isn't that of the show's clock."""
        self.clock = ManualClock(100.0)
        self.hub = Hub(controls(CITIES, CUES), self.clock)
        self.desk = OscDesk(settings, self.hub, self.clock, wall or (lambda: WALL + self.clock.now()))
        self.hub.attach(self.desk)
        self.state = opening(CITIES, cues=CUES)
        self.status: dict[str, Value | tuple[Value, ...]] = {"cities": CITIES}
        self.turn()
        self.clock.sleep(1.0)
        self.desk.start()

    @property
    def port(self) -> int:
        return self.desk.port

    def turn(self, **status: Value) -> ShowState:
        """One turn of the main thread; the state after it."""
        self.status |= status
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, self.status)
        return self.state

    def at(self, address: str) -> tuple[Value, ...]:
        """What a control or a status is at, after what was sent."""
        self.turn()
        return self.hub.values()[address]


def bundle(*elements: bytes, at: float | None = None) -> bytes:
    """A bundle for a time, seconds since 1970; None for now."""
    timetag = 1 if at is None else int((at + 2_208_988_800) * 2**32)
    return BUNDLE + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def as_sent(address: str, values: tuple[Value, ...]) -> Message:
    """A message as it arrives: its numbers have 32 bits."""
    ((_, message),) = parse(build(address, *values))
    return message


def addresses(messages: list[Message]) -> list[str]:
    return [message.address for message in messages]

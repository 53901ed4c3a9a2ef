"""A real show, headless, kept running while other programs do something to it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from bench.digits import rounded_down
from bench.programs import Prepare, Program
from bench.watch import Watch
from live.clock import MonotonicClock
from live.config import load_settings
from live.control.kinds import Value
from live.control.osc.server import OscDesk
from live.opening import opened_show
from live.stage import Stage
from live.web.page import PageDesk
from models.faults import DeviceFault

WARM_UP: Final = 3.0
"""Seconds before any measuring: the sheet is found and every cache is warm."""
PATIENCE: Final = 60.0
"""Seconds in which a program must be ready, begin, or be done after its time."""
STRETCH: Final = 10.0
"""Seconds that a loud or a quiet stretch takes at most."""
METERED: Final = 600
"""Pictures of whose latencies the figures of a stretch are taken: always as much memory."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """Of one stretch: frames shown a second, the median milliseconds from grab to flip, and how many
    processors the show kept busy."""

    fps: float
    latency_ms: float = 0.0
    cores: float = 0.0


class Running:
    """A show that is running for as long as somebody asks it to."""

    def __init__(self, stage: Stage, turns: Generator[float, None, None]) -> None:
        self._stage = stage
        self._turns = turns
        self._clock = MonotonicClock()

    @property
    def cities(self) -> tuple[str, ...]:
        """Their names."""
        return self._stage.state.cities

    @property
    def osc_port(self) -> int:
        """Where it listens for OSC."""
        return self._desk(OscDesk).port

    @property
    def page_url(self) -> str:
        """Where its page is."""
        return self._desk(PageDesk).url

    def values(self) -> Mapping[str, tuple[Value, ...]]:
        """What every control and every status is at, by address."""
        return self._stage.parts.hub.values()

    def hears_midi_of(self, name: str) -> bool:
        """Whether it has opened a MIDI port whose name begins so."""
        opened, *_ = self.values().get("/status/midi", ("",))
        return any(port.strip().startswith(name) for port in str(opened).split(","))

    def run(self, seconds: float) -> None:
        """Let it run for so long."""
        self.run_until(lambda: False, seconds)

    def run_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let it run until a condition holds, for `seconds` at most; whether it holds."""
        end = self._clock.now() + seconds
        for now in self._turns:
            if condition():
                return True
            if now >= end:
                return False
        raise DeviceFault("the show has ended while it was measured")

    @contextmanager
    def program(self, prepare: Prepare, *arguments: object) -> Iterator[Program]:
        """A program that is ready to work on it, ended afterwards."""
        with closing(Program(prepare, *arguments)) as program:
            self._wait_for(program.is_ready, PATIENCE)
            yield program

    def let_work(self, programs: Sequence[Program], seconds: float) -> Rate:
        """Let programs work for so long; the rate from when all had begun until the time was over."""
        for program in programs:
            program.go(seconds)
        self._wait_for(lambda: all(program.has_begun() for program in programs), PATIENCE)
        rate = self.rate(seconds)
        self._wait_for(lambda: all(program.has_done() for program in programs), PATIENCE)
        return rate

    def rate(self, seconds: float) -> Rate:
        """Measure it for so long. Raises DeviceFault if it shows nothing."""
        self._stage.restart_meter(keep=METERED)
        begun, busy = self._clock.now(), time.process_time()
        self.run(seconds)
        measured = self._stage.measured()
        if not measured.frames:
            raise DeviceFault(f"the show has shown no frame for {seconds:g} s")
        took = self._clock.now() - begun
        return Rate(measured.frames / took, measured.latency_ms.p50, (time.process_time() - busy) / took)

    def compare(
        self, seconds: float, programs: Sequence[Program], after_each: Callable[[], None]
    ) -> dict[str, Any]:
        """What programs take from it that work for `seconds` in all, in stretches between quiet ones.

        after_each: called when they have done a stretch. Returns fps_ratio, the median of each loud stretch
        against the quiet ones on both sides, and the quiet and the loud ones themselves: fps of each, and
        the medians of latency_ms (from grab to flip) and of cores (processors that the show keeps busy).
        """
        count = max(2, round(seconds / STRETCH))
        quiet, loud = [self.rate(seconds / count)], []
        for _ in range(count):
            loud.append(self.let_work(programs, seconds / count))
            after_each()
            quiet.append(self.rate(seconds / count))
        return {
            "fps_ratio": float(rounded_down(fps_ratio(quiet, loud), 4)),
            "fps": {
                "quiet": [round(rate.fps, 2) for rate in quiet],
                "loud": [round(rate.fps, 2) for rate in loud],
            },
            "latency_ms": {
                "quiet": round(statistics.median(rate.latency_ms for rate in quiet), 1),
                "loud": round(statistics.median(rate.latency_ms for rate in loud), 1),
            },
            "cores": {
                "quiet": round(statistics.median(rate.cores for rate in quiet), 2),
                "loud": round(statistics.median(rate.cores for rate in loud), 2),
            },
        }

    def _desk(self, kind: type[T]) -> T:
        return next(desk for desk in self._stage.parts.desks if isinstance(desk, kind))

    def _wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        if not self.run_until(condition, seconds):
            raise DeviceFault(f"a program of the bench hasn't answered for {seconds:g} s")


def fps_ratio(quiet: Sequence[Rate], loud: Sequence[Rate]) -> float:
    """The rate of the loud stretches as a share of the quiet ones': the median of each against the mean of
    those beside it."""
    between = zip(quiet, loud, quiet[1:], strict=False)
    return statistics.median(2 * noisy.fps / (before.fps + after.fps) for before, noisy, after in between)


@contextmanager
def running_show(side: int, watch: Watch | None = None, midi: str = "") -> Iterator[Running]:
    """A show that is warm, with no fade. watch: through which its parts are looked on. midi: the beginning
    of the names of the ports of JACK that it hears; empty: it hears none."""
    # Whatever show file lies here: this show is for the bench's programs alone.
    settings = load_settings(
        None,
        {
            "camera.source": "simulated",
            "cities.fade": 0.0,
            "engine.side": side,
            "control.osc_host": "127.0.0.1",
            "control.osc_port": 0,
            "control.osc_prefix": "",
            "control.osc_targets": [],
            "control.allow": [],
            "control.oscquery_port": 0,
            "page.host": "127.0.0.1",
            "page.port": 0,
            "midi.api": "jack" if midi else "none",
            "midi.ports": [midi] if midi else [],
            "midi.file": "",
        },
    )
    clock = MonotonicClock()
    with opened_show(settings, clock, headless=True) as stage:
        if watch is not None:
            stage = Stage(watch.around(stage.parts), stage.state, clock)
        with closing(stage.turns()) as turns:
            show = Running(stage, turns)
            show.run(WARM_UP)
            yield show

"""The stage: the two loops of the show, the worker that makes pictures and the main thread that shows them.

    camera thread ─frame─▶ [newest] ─▶ worker: read the sheet, generate ─picture─▶ [newest] ─▶ main thread

The main thread always has a picture to show and always hears blackout and panic, whatever the camera, the
generator or a client does.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from live.camera.camera import Camera
from live.clock import Clock
from live.config import Inset
from live.control.hub import Desk, Hub
from live.control.keys import help_lines, key_message
from live.control.kinds import Value
from live.cues import in_words as cues_in_words
from live.cues import left
from live.flow import Frame, Look, Mirror, Newest, Picture, Reading, Wishes
from live.meter import Measured, Meter
from live.mix import Mix, in_words
from live.output.base import Output
from live.output.compose import dim
from live.show import Quit, ShowState, brightness, mix_at, reduce
from models.engines.base import Engine

_log = logging.getLogger(__name__)

TICK: Final = 1 / 60
"""Seconds that the main thread waits for a picture before it looks after keys, clients and fades again."""
SHORTEST_TURN: Final = TICK / 2
"""Seconds that a turn without a picture takes at least. A message wakes the main thread, so that the next
picture shows what it asks for; a flood must not keep it from sleeping."""
STATUS_EVERY: Final = 0.5
"""Seconds between two updates of the overlay and of `/status`."""
VIEW_HEIGHT: Final = 240
"""Pixels of the small view of the sheet that the operator has."""
METERED: Final = 300
"""Pictures over which the overlay's figures are taken: ten seconds at 30 fps."""


class Reader(Protocol):
    """What reads the sheet in a frame (`live.sketch.SheetReader`)."""

    def read(self, frame: Frame, wishes: Wishes) -> Reading:
        """Read one frame, as a performer wishes."""


class Tape(Protocol):
    """What records the pictures that are shown (`live.output.recorder.Recorder`)."""

    note: str

    def put(self, rgb: NDArray[np.uint8], at: float, inset: NDArray[np.uint8] | None) -> None:
        """Record a picture as it was shown at a time of the show's clock, with the view of the sheet."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The real parts that a stage is made of; whoever made them closes them."""

    camera: Camera
    reader: Reader
    engine: Engine
    output: Output
    hub: Hub
    desks: tuple[Desk, ...] = ()
    mirror: Mirror = field(default_factory=Mirror)
    tape: Tape | None = None


class Worker:
    """The thread that makes pictures: newest frame in, newest picture out.

    An exception in reading or generating costs that frame and is told to the operator; the next frame is
    tried as if nothing had been.
    """

    def __init__(self, parts: Parts, state: Callable[[], ShowState], clock: Clock) -> None:
        self.pictures: Newest[Picture] = Newest()
        self.reading: Reading | None = None
        self.fault = ""
        self._parts = parts
        self._state = state
        self._clock = clock
        self._ending = threading.Event()
        self._rendered: Mix | None = None
        self._view: NDArray[np.uint8] | None = None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        side = parts.engine.side
        self._empty = Reading(np.zeros((side, side), np.uint8), 0, clock.now(), None, False)

    def start(self) -> None:
        """Begin with the city on empty paper, so that there is a picture before there is a frame."""
        self.pictures.put(self._picture(self._empty))
        self._thread.start()

    def close(self) -> None:
        """End after the frame in work; a generator that hangs is left behind."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._ending.is_set():
            frame = self._parts.camera.frames.take(timeout=TICK)
            try:
                if frame is not None:
                    self.reading = self._parts.reader.read(frame, self._state().wishes)
                    self._view = view_of(frame, self.reading)
                elif self._mix() == self._rendered:
                    continue
                # Without a frame the camera is silent, but the city changes all the same.
                self.pictures.put(self._picture(self.reading or self._empty))
                self.fault = ""
            except Exception as error:  # a show never stops for what a frame or an engine does
                if not self.fault:
                    _log.exception("no new picture; the last one stands")
                self.fault = f"no new picture ({_reason(error)}); trying again with every frame"

    def _mix(self) -> Mix:
        return mix_at(self._state(), self._clock.now())

    def _picture(self, reading: Reading) -> Picture:
        begun = self._clock.now()
        mix = self._mix()
        self._rendered = None  # if it fails, it is tried again even where no other frame comes
        rgb = self._parts.engine.render(reading.labels, mix.weights)
        self._rendered = mix
        stages = {**reading.stages_ms, "generate": (self._clock.now() - begun) * 1000.0}
        return Picture(rgb, reading.seq, reading.grabbed, stages, self._view, reading.labels)


def _drift_of(reading: Reading | None) -> float:
    """The greatest of what has drifted, in hundredths of OKLab; 0 while nothing of it is known."""
    drift = None if reading is None else reading.drift
    known = [] if drift is None else [value for value in (drift.paper, *drift.inks) if value == value]
    return round(max(known, default=0.0), 1)


def _reason(error: Exception) -> str:
    """What was raised, on one line and not too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def view_of(frame: Frame, reading: Reading) -> NDArray[np.uint8]:
    """The frame in small, with the drawing area outlined in yellow, or in red where it is only remembered:
    uint8 (VIEW_HEIGHT, w, 3) RGB."""
    height, width = frame.bgr.shape[:2]
    scale = VIEW_HEIGHT / height
    size = (max(1, round(width * scale)), VIEW_HEIGHT)
    # Halved by averaging first, which is cheap: averaging down to any size takes seven times as long.
    half = (max(1, width // 2), max(1, height // 2))
    small = cv2.resize(cv2.resize(frame.bgr, half, interpolation=cv2.INTER_AREA), size)
    view = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
    if reading.corners is not None:
        outline = np.rint(reading.corners * scale).astype(np.int32)[None]
        colour = (255, 220, 0) if reading.found else (255, 0, 0)
        cv2.polylines(view, list(outline), True, colour, 1, cv2.LINE_AA)
    return view


class Stage:
    """Runs a show until it is quit. Made, run and closed on the main thread."""

    def __init__(
        self,
        parts: Parts,
        state: ShowState,
        clock: Clock,
        header: Sequence[str] = (),
        inset: Inset = "auto",
        code: Callable[[], NDArray[np.uint8] | None] = lambda: None,
    ) -> None:
        """header: lines about this show that stand in the operator's overlay and never change. inset: when
        a small view of the sheet is shown. code: makes the QR code beside the overlay, uint8 (n, n)."""
        self.state = state
        self.parts = parts
        self._clock = clock
        self._header = tuple(header)
        self._inset = inset
        self._worker = Worker(parts, lambda: self.state, clock)
        self._meter = Meter(METERED)
        self._picture: Picture | None = None
        self.lines: tuple[str, ...] = ()
        self._status: dict[str, Value | tuple[Value, ...]] = {}
        self._status_due = 0.0
        self._begun = clock.now()
        self._camera_live = True
        self._make_code = code
        self._code: NDArray[np.uint8] | None = None
        self._camera_state = "running"
        self._output_fault = ""
        self._stopped = False

    def run(self, seconds: float | None = None) -> None:
        """Show until the show is quit, or for `seconds`. Once for each stage."""
        end = math.inf if seconds is None else self._clock.now() + seconds
        with closing(self.turns()) as turns:
            for now in turns:
                if now >= end:
                    return

    def turns(self) -> Generator[float, None, None]:
        """The show, turn by turn of the main thread, for who wants to look on: the time after each turn.
        Ends when the show is quit; closing it ends the show. Once for each stage."""
        shown: tuple[object, ...] = ()
        newest: Picture | None = None  # also while the projector holds another
        self.parts.hub.wakes(self._worker.pictures.wake)
        self._worker.start()
        try:
            while self.state.running:
                begun = self._clock.now()
                self._hear()
                now = self._clock.now()
                if now >= self._status_due:
                    self._status_due = now + STATUS_EVERY
                    self._tell()
                picture = self._worker.pictures.take(timeout=TICK)
                rest = begun + SHORTEST_TURN - self._clock.now()
                if picture is None and rest > 0:
                    picture = self._worker.pictures.take(timeout=rest)
                newest = picture or newest
                if newest is not None and (self._picture is None or not self.state.frozen):
                    self._picture = newest
                elif picture is not None:
                    self._meter.withheld(picture)
                light = brightness(self.state, self._clock.now())
                lines = self._lines()
                code = self._code if self.state.overlay and lines else None
                looks = (id(self._picture), light, lines, self._has_inset(), code is None)
                if self._picture is not None and looks != shown:
                    try:
                        self._show(self._picture, light, lines, code, fresh=self._picture is picture)
                    except Exception as error:  # nor does it stop for what a display does
                        if not self._output_fault:
                            _log.exception("the output failed")
                        self._output_fault = f"the output failed ({_reason(error)}); trying again"
                    else:
                        self._output_fault, shown = "", looks
                yield self._clock.now()
        finally:
            self._worker.close()

    @property
    def greeting(self) -> str:
        """What a person is told when the show begins: what stands where."""
        p = self.parts
        camera = p.camera.status()
        lock = f"lock: {camera.lock}\n" if camera.lock else ""
        return (
            f"camera: {camera.sentence}\n{lock}engine: {p.engine.describe()}, side {p.engine.side}\n"
            f"output: {p.output.describe()}\ncities: {', '.join(self.state.cities)}\n"
            + "\n".join(desk.describe() for desk in p.desks)
        )

    def measured(self) -> Measured:
        """What was measured of the last pictures."""
        return self._meter.measured(self._clock.now())

    def restart_meter(self, keep: int) -> None:
        """Measure from now on, over the last `keep` pictures."""
        self._meter = Meter(keep, after=self.measured().last)

    @property
    def reading(self) -> Reading | None:
        """What was read last of the sheet; None before the first frame."""
        return self._worker.reading

    def now(self) -> float:
        """Seconds of the show's clock."""
        return self._clock.now()

    def stop(self) -> None:
        """End the show after the picture in work; may be called from a signal handler."""
        # A handler runs between any two steps of the main thread, which may be about to set the state.
        self._stopped = True

    def _hear(self) -> None:
        hub, before = self.parts.hub, self.state
        for key in self.parts.output.keys():  # noqa: SIM118 - of a keyboard
            if (message := key_message(key, hub.table)) is not None:
                hub.hear("keys", [message], clients=False)
        now = self._clock.now()
        self.state = hub.obey(self.state, now)
        if self._stopped:
            self.state = reduce(self.state, Quit(), now)
        if self.state.playback != before.playback:
            self._status_due = now  # the operator waits for it
        hub.publish(self.state, {**self._status, **self._moment(now)})

    def _moment(self, now: float) -> dict[str, Value]:
        """What is told as it changes: where the show is in its cues, and that it lives."""
        cues, playback = self.state.cues.cues, self.state.playback
        standing = None if playback.standing is None else cues[playback.standing]
        following = None if playback.next is None else cues[playback.next]
        return {
            "cue": standing.title if standing else "",
            "cue/note": standing.note if standing else "",
            "cue/next": following.title if following else "",
            "cue/next/note": following.note if following else "",
            "cue/left": round(left(playback, now), 1),
            "heartbeat": int(now - self._begun),
        }

    def _lines(self) -> tuple[str, ...]:
        """What the operator reads."""
        if self.state.panic:  # which is black all over
            return ()
        helping = help_lines(self.parts.hub.table) if self.state.help else []
        return (*helping, *(self.lines if self.state.overlay else ()))

    def _has_inset(self) -> bool:
        return self._sheet_is_public() or (self._inset == "auto" and self.state.overlay)

    def _sheet_is_public(self) -> bool:
        """Whether the audience is shown the sheet, too."""
        return self._inset == "always" or (self._inset == "auto" and not self._camera_live)

    def _show(
        self,
        picture: Picture,
        light: float,
        lines: tuple[str, ...],
        code: NDArray[np.uint8] | None,
        fresh: bool,
    ) -> None:
        begun = self._clock.now()
        rgb = dim(picture.rgb, light)
        view = None if picture.view is None or not self._has_inset() else dim(picture.view, light)
        self.parts.output.show(rgb, lines, view, code)
        now = self._clock.now()
        self.parts.mirror.look = Look(rgb, picture.labels, picture.view)
        if self.parts.tape is not None:
            self.parts.tape.put(rgb, now, view if self._sheet_is_public() else None)
        if fresh and picture.seq:
            self._meter.flipped(picture, (now - begun) * 1000.0, now)

    def _tell(self) -> None:
        measured = self.measured()
        camera = self.parts.camera.status()
        self._camera_live = camera.live
        if camera.state != self._camera_state:
            if self._camera_state == "running" or camera.state == "lost":
                _log.warning("camera: %s", camera.sentence)
            elif self._camera_state == "lost":
                _log.warning("camera: %s is back", camera.name)
            self._camera_state = camera.state
        reading = self._worker.reading
        latency = measured.latency_ms
        now = self._clock.now()
        mix = self.state.mix
        on_its_way = "" if mix.shape == "morph" or mix.has_arrived(now) else f" · {mix.shape}"
        mixed = in_words(mix.at(now), self.state.cities) + on_its_way
        holds = [name for name in ("panic", "blackout", "frozen") if getattr(self.state, name)]
        if (opacity := self.state.opacity.target) < 1.0:
            holds.append(f"opacity {opacity:.0%}")
        tape = self.parts.tape
        notes = [
            note
            for note in (
                self._output_fault,
                self._worker.fault,
                reading.note if reading else "",
                tape.note if tape else "",
                *(desk.note for desk in self.parts.desks),
            )
            if note
        ]
        self._code = self._make_code() if self.state.overlay else None
        self.lines = (
            f"{measured.fps:.1f} fps · {measured.dropped} dropped · grab to flip {latency.p50:.0f} ms, "
            f"95 % {latency.p95:.0f}, max {latency.max:.0f}",
            " · ".join(f"{name} {ms:.1f}" for name, ms in measured.stages_ms.items()) + " ms",
            f"city: {mixed}" + (f" · {' · '.join(holds).upper()}" if holds else ""),
            *cues_in_words(self.state.playback, self.state.cues, now),
            f"camera: {camera.sentence}",
            *([f"lock: {camera.lock}"] if camera.lock else []),
            f"paper: settles in {self.state.wishes.settle:g} s · drift {_drift_of(reading):g}",
            f"engine: {self.parts.engine.describe()}, side {self.parts.engine.side} · "
            f"{self.parts.output.describe()}",
            *self._header,
            *notes,
        )
        self._status = {
            "fps": round(measured.fps, 1),
            "latency": round(latency.p95, 1),
            "dropped": measured.dropped,
            "camera": camera.state,
            "engine": self.parts.engine.name,
            "city": mixed,
            "cities": self.state.cities,
            "note": notes[0] if notes else "",
            "drift": _drift_of(reading),
        }
        for desk in self.parts.desks:
            self._status |= desk.status()

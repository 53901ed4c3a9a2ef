"""The camera of a show: keeps the newest frame and opens its source anew, whatever happens to it.

`read` of a source may block for ever or bring the last picture for ever once a cable is pulled, by backend
and version (opencv#4468, #5221, #5746, #14044). So nothing here trusts a return value alone: each opening
has a thread of its own, and a supervisor that looks at the clock gives it up when it is silent too long.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from live.camera.base import UNLOCKED, Locked, Source
from live.clock import Clock
from live.flow import Frame, Newest
from models.faults import DeviceFault, Fault

_log = logging.getLogger(__name__)

FIRST_PICTURE: Final = 20.0
"""Seconds that a camera may take to its first picture before a show or a calibration begins without it."""

_LOOK: Final = 0.05
"""Real seconds between two looks at the clock: how late a time-out may be noticed."""

_RATE_SPAN: Final = 2.0
"""Seconds over which frames per second are measured."""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How the camera does.

    state: 'opening' until the first picture, then 'running' or 'lost'.
    sentence: for the operator: what the camera is, or what is wrong with it.
    fps: frames per second of the last two seconds; 0 while none come.
    delivered: frames since the start.
    reopened: how often the source was opened anew.
    size: width and height of the newest frame in pixels, or None before the first.
    live: whether it looks at a place; a file, a picture and the simulated sheet don't.
    name: by which the camera is known again, as its source gives it; "" before the first opening.
    lock: what became of its automatics, for the operator; "" where there is nothing to be locked.
    locked: the values at which they are locked, by name.
    """

    state: Literal["opening", "running", "lost"]
    sentence: str
    fps: float
    delivered: int
    reopened: int
    size: tuple[int, int] | None
    live: bool
    name: str = ""
    lock: str = ""
    locked: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Opening:
    """One opening of the source, from the call that opens it to its end; guarded by the camera's lock.

    deadline: seconds of the clock at which it is given up.
    name: of the source, as faults have it.
    changed: seconds of the clock at which it last brought another picture than before.
    recovered: whether it brought a new picture at all.
    error: what ended it.
    over: set when its thread is done with the source.
    """

    deadline: float
    name: str = "the camera"
    changed: float | None = None
    recovered: bool = False
    error: Exception | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Camera:
    """Grabs on threads of its own; `frames` holds the newest frame.

    open_source: opens the source, or raises a Fault that says why not; called anew for each opening.
    clock: what `Frame.grabbed`, time-outs and pauses are measured by.
    timeout: seconds without a picture, or without a change in the picture of a live source, after which the
        source is given up and opened anew.
    patience: seconds that an opening may take up to its first picture; some drivers need many.
    pauses: seconds before the first and, doubling, before every further attempt to open it anew.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        clock: Clock,
        timeout: float,
        patience: float = 15.0,
        pauses: tuple[float, float] = (0.5, 2.0),
    ) -> None:
        self.frames: Newest[Frame] = Newest()
        self._open_source = open_source
        self._clock = clock
        self._timeout = timeout
        self._patience = max(patience, timeout)
        self._pauses = pauses
        self._supervisor = threading.Thread(target=self._supervise, name="camera", daemon=True)
        self._closing = threading.Event()
        self._settled = threading.Event()  # the first opening has brought a picture or has failed
        self._lock = threading.Lock()
        # Guarded by the lock:
        self._opening: _Opening | None = None
        self._first_fault: Fault | None = None
        self._state: Literal["opening", "running", "lost"] = "opening"
        self._sentence = "opening the camera"
        self._openings = 0
        self._seq = 0
        self._live = True
        self._name = ""
        self._locked: Locked = UNLOCKED
        self._last: NDArray[np.uint8] | None = None  # the newest picture unlike the one before it
        self._times: deque[float] = deque(maxlen=256)

    def start(self, wait: float) -> None:
        """Start grabbing; returns with the first picture, or after `wait` real seconds without a verdict.

        Raises the source's Fault, or DeviceFault, if the first opening has failed by then; the camera is
        closed in that case. A failure at any later time shows in `status` only.
        """
        self._supervisor.start()
        self._settled.wait(wait)
        with self._lock:
            fault = self._first_fault
        if fault is not None:
            self.close()
            raise fault

    def status(self) -> CameraStatus:
        """How the camera does now."""
        with self._lock:
            now = self._clock.now()
            times = [time for time in self._times if time > now - _RATE_SPAN]
            span = times[-1] - times[0] if times else 0.0
            return CameraStatus(
                state=self._state,
                sentence=self._sentence,
                fps=(len(times) - 1) / span if span > 0 else 0.0,
                delivered=self._seq,
                reopened=max(0, self._openings - 1),
                size=None if self._last is None else (self._last.shape[1], self._last.shape[0]),
                live=self._live,
                name=self._name,
                lock=self._locked.sentence,
                locked=self._locked.values,
            )

    def close(self) -> None:
        """Stop; returns promptly even while a read hangs, whose thread is then left behind."""
        self._closing.set()
        with self._lock:
            opening, self._opening = self._opening, None
        if opening is not None:
            # A read that isn't hanging returns within a frame's time; then the device is free again.
            opening.over.wait(0.5)
        if self._supervisor.is_alive():
            self._supervisor.join(1.0)

    # The supervisor's thread

    def _supervise(self) -> None:
        first, longest = self._pauses
        pause = first
        while not self._closing.is_set():
            opening = self._run_one()
            if self._closing.is_set():
                return
            if opening.recovered:
                pause = first
            resume = self._clock.now() + pause
            while self._clock.now() < resume and not self._closing.wait(_LOOK):
                pass
            pause = min(2.0 * pause, longest)

    def _run_one(self) -> _Opening:
        """One opening, to its end or to its being given up."""
        opening = _Opening(deadline=self._clock.now() + self._patience)
        with self._lock:
            self._opening = opening
        threading.Thread(target=self._grab, args=(opening,), name="camera grab", daemon=True).start()
        while not opening.over.wait(_LOOK) and not self._closing.is_set():
            with self._lock:
                if self._clock.now() > opening.deadline:
                    silent = self._timeout if opening.changed is not None else self._patience
                    opening.error = DeviceFault(f"{opening.name} has given no picture for {silent:g} s")
                    break
        with self._lock:
            self._opening = None  # whatever its thread still brings is nobody's now
            if opening.error is not None:
                self._lose(opening.error, opening.name)
        return opening

    def _lose(self, error: Exception, name: str) -> None:
        if isinstance(error, Fault):
            fault: Fault = error
            _log.info("%s", fault)
        else:
            fault = DeviceFault(f"{name} failed: {type(error).__name__}: {error}")
            _log.info("%s", fault, exc_info=error)
        if not self._settled.is_set():
            self._first_fault = fault
        self._state, self._sentence = "lost", f"{fault}; opening it again"
        self._settled.set()

    # The thread of one opening

    def _grab(self, opening: _Opening) -> None:
        source: Source | None = None
        try:
            source = self._open_source()
            with self._lock:
                if self._opening is not opening:
                    return
                self._openings += 1
                self._name = opening.name = source.name
                self._live = source.live
            while True:
                bgr = source.read()
                grabbed = self._clock.now()
                if bgr is None:
                    raise DeviceFault(f"{opening.name} gives no more pictures")
                if not self._deliver(opening, bgr, grabbed, source):
                    return
        except Exception as error:
            with self._lock:
                opening.error = error
        finally:
            if source is not None:
                # By the thread that reads: under a running read, OpenCV and FFmpeg may crash.
                with contextlib.suppress(Exception):
                    source.close()
            opening.over.set()

    def _deliver(self, opening: _Opening, bgr: NDArray[np.uint8], grabbed: float, source: Source) -> bool:
        """Pass a picture on; False if this opening was given up. Raises DeviceFault if it is frozen."""
        with self._lock:
            if self._opening is not opening:
                return False
            opening.deadline = grabbed + self._timeout
            self._locked = source.locked
            if not source.live or self._last is None or not _equal(self._last, bgr):
                self._last = bgr
                opening.changed = grabbed
                opening.recovered = True
                self._state, self._sentence = "running", source.describe()
            elif opening.changed is None:
                opening.changed = grabbed
            elif grabbed - opening.changed > self._timeout:
                raise DeviceFault(f"{opening.name} is frozen: the same picture for {self._timeout:g} s")
            # Frozen pictures are passed on, too: a stream of a still image looks like this, and works.
            self._seq += 1
            self._times.append(grabbed)
            self.frames.put(Frame(bgr, self._seq, grabbed))
        self._settled.set()
        return True


def _equal(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether two pictures are the same to the byte; a few rows settle it for two that aren't."""
    if one.shape != other.shape:
        return False
    return np.array_equal(one[::32], other[::32]) and np.array_equal(one, other)

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.base import UNLOCKED, Locked
from live.camera.camera import Camera
from live.camera.sources import StreamSource
from live.clock import ManualClock, MonotonicClock
from live.flow import Frame
from models.faults import DeviceFault, InputFault
from tests.live.camera.servers import PERIOD, MjpegServer, RtspServer, Server, level_of

TIMEOUT = 0.4


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that happens on another thread."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it didn't happen"
        time.sleep(0.005)


def camera_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("camera")]


def next_frame(camera: Camera) -> Frame:
    frame = camera.frames.take(timeout=20.0)
    assert frame is not None
    return frame


def stream_camera(server: Server) -> Camera:
    return Camera(
        lambda: StreamSource(server.address, timeout=TIMEOUT),
        clock=MonotonicClock(),
        timeout=TIMEOUT,
        pauses=(0.1, 0.2),
    )


@pytest.fixture(params=[MjpegServer, RtspServer])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param() as camera:
        yield camera


# A network camera that misbehaves


def test_a_camera_that_is_cut_is_opened_again_when_it_is_back(server: Server) -> None:
    camera = stream_camera(server)
    camera.start(20.0)
    seqs = [next_frame(camera).seq for _ in range(5)]
    assert camera.status().state == "running"
    server.cut()
    until(lambda: camera.status().state == "lost")
    # For as long as it is away, the reason changes to why it can't be opened.
    until(lambda: "refused" in camera.status().sentence)
    lost = camera.status()
    assert (
        lost.sentence
        == f"the stream {server.address} can't be opened: connection refused; opening it again"
    )
    camera.frames.take()
    server.back()
    seqs.append(next_frame(camera).seq)
    until(lambda: camera.status().state == "running")
    seqs.append(next_frame(camera).seq)
    status = camera.status()
    camera.close()
    assert seqs == sorted(set(seqs))
    assert seqs[-2] == lost.delivered + 1, "frames count on across openings, without a gap"
    assert status.sentence == f"stream {server.address}"
    assert status.reopened == 1
    assert status.size == (160, 120)


def test_a_camera_that_falls_silent_is_opened_again(server: Server) -> None:
    camera = stream_camera(server)
    camera.start(20.0)
    next_frame(camera)
    server.mode = "silent"
    until(lambda: camera.status().state == "lost")
    until(lambda: server.connections > 1)
    server.mode = "moving"
    until(lambda: camera.status().state == "running")
    assert camera.status().reopened >= 1
    camera.close()


def test_a_frozen_camera_is_opened_again_until_its_picture_moves(server: Server) -> None:
    camera = stream_camera(server)
    camera.start(20.0)
    next_frame(camera)
    server.mode = "frozen"
    until(lambda: camera.status().state == "lost")
    assert "is frozen: the same picture for 0.4 s" in camera.status().sentence
    until(lambda: server.connections > 2)
    assert camera.status().state == "lost", "a frozen picture isn't taken for a recovery"
    camera.frames.take()
    next_frame(camera)
    server.mode = "moving"
    until(lambda: camera.status().state == "running")
    camera.close()


def test_only_the_newest_frame_is_kept() -> None:
    with MjpegServer() as server:
        camera = stream_camera(server)
        camera.start(20.0)
        first = next_frame(camera)
        until(lambda: camera.status().delivered >= first.seq + 10)
        delivered = camera.status().delivered
        newest = next_frame(camera)
        camera.close()
        assert newest.seq >= delivered
        assert camera.frames.replaced >= newest.seq - first.seq - 1 > 0
        # The server's levels go round in steps of ten: it is the picture that was sent then.
        assert (level_of(newest) - level_of(first)) % 100 == pytest.approx(
            10 * (newest.seq - first.seq) % 100, abs=3
        )


def test_a_connection_is_given_back_when_the_camera_closes() -> None:
    with MjpegServer() as server:
        camera = stream_camera(server)
        camera.start(20.0)
        next_frame(camera)
        camera.close()
        until(lambda: not camera_threads())
        seq = camera.status().delivered
        time.sleep(3 * PERIOD)
        assert camera.status().delivered == seq


# A source whose every step is in the test's hands


class Scripted:
    """A source that reads what the test puts in, and hangs while there is nothing."""

    live = True
    name = "scripted camera"
    locked = UNLOCKED

    def __init__(self) -> None:
        self.closed = 0
        self._next: list[NDArray[np.uint8] | Exception | None] = []
        self._ready = threading.Condition()

    def put(self, *items: int | NDArray[np.uint8] | Exception | None) -> None:
        """Pictures (a number is a grey one of that level), exceptions, or None for the end."""
        with self._ready:
            for item in items:
                self._next.append(
                    np.full((4, 6, 3), item, dtype=np.uint8) if isinstance(item, int) else item
                )
            self._ready.notify()

    def read(self) -> NDArray[np.uint8] | None:
        with self._ready:
            assert self._ready.wait_for(lambda: self._next, timeout=60)
            item = self._next.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed += 1

    def describe(self) -> str:
        return f"{self.name}, 6×4"


class Bench:
    """A camera on a clock that stands still, and its sources in the order of their opening.

    attempts: when each opening began. failures: what the next openings raise. gate: openings wait for it.
    """

    def __init__(self, *failures: Exception) -> None:
        self.clock = ManualClock(100.0)
        self.sources: list[Scripted] = []
        self.attempts: list[float] = []
        self.failures = list(failures)
        self.gate = threading.Event()
        self.gate.set()
        self._first: tuple[int | None, ...] = ()
        self.camera = Camera(self._open, clock=self.clock, timeout=2.0, patience=15.0, pauses=(0.5, 2.0))

    def _open(self) -> Scripted:
        self.attempts.append(self.clock.now())
        assert self.gate.wait(60)
        if self.failures:
            raise self.failures.pop(0)
        source = Scripted()
        if not self.sources:
            source.put(*self._first)
        self.sources.append(source)
        return source

    def start(self, *items: int | None, wait: float = 20.0) -> None:
        """Start the camera, whose first source has these to bring."""
        self._first = items
        self.camera.start(wait)

    def pass_time(self, true: Callable[[], object]) -> None:
        """Let the clock run until something has come true."""

        def ticked() -> object:
            self.clock.sleep(0.05)
            time.sleep(0.02)
            return true()

        until(ticked)

    def close(self) -> None:
        for source in self.sources:
            source.put(None)
        self.camera.close()
        until(lambda: not camera_threads())


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    # The clock of these tests is faster than real time, so whoever looks at it must look more often.
    monkeypatch.setattr("live.camera.camera._LOOK", 0.002)
    made = Bench()
    yield made
    made.close()


def test_a_read_that_hangs_is_left_behind_and_what_it_brings_late_is_ignored(bench: Bench) -> None:
    bench.start(10)
    assert next_frame(bench.camera).seq == 1
    bench.clock.sleep(1.9)
    time.sleep(0.1)
    assert bench.camera.status().state == "running"
    bench.pass_time(lambda: bench.camera.status().state == "lost")
    assert bench.clock.now() < 110.0, (
        "a source that has been running isn't given the patience of an opening"
    )
    sentence = bench.camera.status().sentence
    assert sentence == "scripted camera has given no picture for 2 s; opening it again"
    bench.pass_time(lambda: len(bench.sources) == 2)
    hung, fresh = bench.sources
    assert hung.closed == 0, "a source isn't closed under a running read"
    hung.put(20)
    until(lambda: hung.closed == 1)
    assert bench.camera.frames.take() is None
    fresh.put(30)
    frame = next_frame(bench.camera)
    assert (frame.seq, level_of(frame), frame.grabbed) == (2, 30, bench.clock.now())
    assert bench.camera.status().state == "running"


def test_a_source_that_opens_after_it_was_given_up_is_closed_unread(bench: Bench) -> None:
    bench.gate.clear()
    bench.start(10, wait=0.01)
    until(lambda: bench.attempts)
    bench.clock.sleep(15.1)
    until(lambda: bench.camera.status().state == "lost")
    assert "the camera has given no picture for 15 s" in bench.camera.status().sentence
    bench.gate.set()
    until(lambda: bench.sources)
    until(lambda: bench.sources[0].closed == 1)
    assert bench.camera.status().delivered == 0
    assert bench.camera.frames.take() is None


def test_a_source_may_take_its_time_to_open_but_not_for_ever(bench: Bench) -> None:
    bench.start(wait=0.01)
    until(lambda: bench.sources)
    bench.clock.sleep(14.9)
    time.sleep(0.1)
    assert bench.camera.status().state == "opening"
    bench.pass_time(lambda: bench.camera.status().state == "lost")
    assert "has given no picture for 15 s" in bench.camera.status().sentence


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (None, "scripted camera gives no more pictures"),
        (DeviceFault("the cable is out"), "the cable is out"),
        (ZeroDivisionError("oh"), "scripted camera failed: ZeroDivisionError: oh"),
    ],
)
def test_whatever_ends_a_source_it_is_closed_and_opened_again(
    bench: Bench, end: Exception | None, sentence: str
) -> None:
    bench.start(10)
    bench.sources[0].put(end)
    until(lambda: bench.camera.status().state == "lost")
    assert bench.camera.status().sentence == f"{sentence}; opening it again"
    assert bench.sources[0].closed == 1
    bench.pass_time(lambda: len(bench.sources) == 2)
    bench.sources[1].put(10, 11)
    until(lambda: bench.camera.status().state == "running")
    assert bench.camera.status().delivered == 3
    assert bench.camera.status().reopened == 1


def test_pauses_between_attempts_grow_up_to_the_longest_until_one_succeeds(bench: Bench) -> None:
    bench.start(10)
    bench.failures += [DeviceFault("gone")] * 5
    lost = bench.clock.now()
    bench.sources[0].put(None)
    bench.pass_time(lambda: len(bench.sources) == 2)
    gaps = np.diff([lost, *bench.attempts[1:]])
    assert (gaps >= [0.5, 1.0, 2.0, 2.0, 2.0, 2.0]).all()
    assert gaps[-1] < 4.0
    bench.sources[1].put(20)
    until(lambda: bench.camera.status().state == "running")
    lost = bench.clock.now()
    bench.sources[1].put(None)
    bench.pass_time(lambda: len(bench.sources) == 3)
    assert bench.attempts[-1] - lost < 2.0


def test_pictures_of_a_source_that_is_not_live_may_repeat(bench: Bench) -> None:
    bench.start(10)
    bench.sources[0].live = False
    for _ in range(8):
        bench.clock.sleep(0.5)
        bench.sources[0].put(10)
        assert next_frame(bench.camera)
    assert bench.camera.status().state == "running"
    assert len(bench.sources) == 1


def test_a_live_picture_that_changes_in_one_pixel_is_not_frozen(bench: Bench) -> None:
    bench.start(10)
    for i in range(12):
        bench.clock.sleep(0.5)
        bgr = np.full((4, 6, 3), 10, dtype=np.uint8)
        bgr[3, i % 6, 0] = 200
        bench.sources[0].put(bgr)
        until(lambda: bench.camera.status().delivered == 2 + i)  # noqa: B023 - it is called at once
    assert bench.camera.status().state == "running"
    assert len(bench.sources) == 1


def test_frames_per_second_are_those_of_the_clock_and_none_while_none_come(bench: Bench) -> None:
    bench.start(10)
    for i in range(50):
        next_frame(bench.camera)
        bench.clock.sleep(0.04)
        bench.sources[0].put(11 + i)
    next_frame(bench.camera)
    assert bench.camera.status().fps == pytest.approx(25.0)
    bench.pass_time(lambda: bench.camera.status().state == "lost")
    assert bench.camera.status().fps == 0.0


def test_closing_is_prompt_while_a_read_hangs(bench: Bench) -> None:
    bench.start(10)
    closer = threading.Thread(target=bench.camera.close)
    closer.start()
    closer.join(5.0)
    assert not closer.is_alive()
    bench.sources[0].put(20)
    until(lambda: bench.sources[0].closed == 1)
    assert next_frame(bench.camera).seq == 1
    assert bench.camera.frames.take() is None


# The first opening


@pytest.mark.parametrize(
    ("failure", "fault", "sentence"),
    [
        (InputFault("film.mp4 isn't there"), InputFault, "film.mp4 isn't there"),
        (ZeroDivisionError("oh"), DeviceFault, "the camera failed: ZeroDivisionError: oh"),
    ],
)
def test_a_first_opening_that_fails_stops_the_start(
    failure: Exception, fault: type[Exception], sentence: str
) -> None:
    bench = Bench(failure)
    with pytest.raises(fault) as raised:
        bench.camera.start(20.0)
    assert str(raised.value) == sentence
    assert len(bench.attempts) == 1
    until(lambda: not camera_threads())


def test_a_first_opening_that_brings_no_picture_stops_the_start(bench: Bench) -> None:
    with pytest.raises(DeviceFault, match="scripted camera gives no more pictures"):
        bench.start(None)


def test_what_a_camera_learns_of_itself_while_it_runs_is_told(bench: Bench) -> None:
    bench.start(10)
    assert bench.camera.status().lock == ""
    bench.sources[0].locked = Locked("exposure locked at 156", {"exposure": 156.0})
    bench.sources[0].put(20)
    until(lambda: bench.camera.status().delivered == 2)
    assert bench.camera.status().lock == "exposure locked at 156"
    assert bench.camera.status().locked == {"exposure": 156.0}


def test_a_camera_keeps_its_name_whatever_becomes_of_it(bench: Bench) -> None:
    assert bench.camera.status().name == ""
    bench.start(10)
    assert bench.camera.status().sentence == "scripted camera, 6×4"
    assert bench.camera.status().name == "scripted camera"
    bench.sources[0].put(None)
    until(lambda: bench.camera.status().state == "lost")
    assert bench.camera.status().name == "scripted camera"


def test_a_camera_may_change_its_size_in_mid_show(bench: Bench) -> None:
    bench.start(10)
    assert bench.camera.status().size == (6, 4)
    sizes = [(40, 60), (24, 32), (40, 60)]
    for count, shape in enumerate(sizes, start=2):
        bench.sources[0].put(np.full((*shape, 3), 10, dtype=np.uint8))
        until(lambda: bench.camera.status().delivered == count)  # noqa: B023 - it is called at once
        assert bench.camera.status().size == shape[::-1]
        assert next_frame(bench.camera).bgr.shape == (*shape, 3)
    assert bench.camera.status().state == "running"
    assert len(bench.sources) == 1

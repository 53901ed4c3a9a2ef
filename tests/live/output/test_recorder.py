from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.output.compose import compose
from live.output.recorder import Recorder
from models.faults import InputFault
from tests.live.conftest import soon

SIZE = (320, 180)


def pictures(count: int) -> list[NDArray[np.uint8]]:
    """A soft coloured field that wanders: uint8 (64, 64, 3) each."""
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    field = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    return [np.roll(field, 2 * n, axis=1) for n in range(count)]


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as film:
        return list(film.decode(video=0))


def record(recorder: Recorder, shown: list[NDArray[np.uint8]], times: list[float]) -> None:
    """Each picture once the one before is written, so that none is dropped."""
    for count, (rgb, at) in enumerate(zip(shown, times, strict=True), start=1):
        recorder.put(rgb, at)
        assert soon(lambda count=count: recorder.written == count)  # type: ignore[misc]


def test_the_film_shows_what_was_shown_when_it_was_shown(tmp_path: Path) -> None:
    shown, times = pictures(12), [100 + n / 30 + (0.4 if n > 5 else 0) + 0.003 * (n % 2) for n in range(12)]
    with closing(Recorder(tmp_path / "show.mp4", SIZE)) as recorder:
        record(recorder, shown, times)
    assert (recorder.written, recorder.dropped, recorder.note) == (12, 0, "")
    film = decoded(tmp_path / "show.mp4")
    assert len(film) == 12
    assert [frame.time for frame in film] == pytest.approx([at - 100 for at in times], abs=1e-4)
    for frame, rgb in zip(film, shown, strict=True):
        assert (frame.width, frame.height) == SIZE
        assert cv2.PSNR(frame.to_ndarray(format="rgb24"), compose(rgb, (), SIZE, "letterbox")) > 35


@pytest.mark.parametrize(
    "colour", [(200, 30, 20), (10, 160, 40), (20, 40, 210), (255, 255, 255), (0, 0, 0)]
)
def test_colours_are_true(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    with closing(Recorder(tmp_path / "show.mp4", SIZE, fit="fill")) as recorder:
        recorder.put(np.full((8, 8, 3), colour, np.uint8), 0.0)
    (frame,) = decoded(tmp_path / "show.mp4")
    assert frame.colorspace == 1, "BT.709, as players take it in this size"
    assert np.abs(frame.to_ndarray(format="rgb24") - np.array(colour, float)).max() <= 4


def test_pictures_that_come_too_fast_are_dropped_and_counted(tmp_path: Path) -> None:
    count = 2000
    with closing(Recorder(tmp_path / "show.mp4", SIZE)) as recorder:
        rgb = pictures(1)[0]
        for n in range(count):
            recorder.put(rgb, n / 1000)
    assert recorder.dropped > 0
    assert recorder.written + recorder.dropped == count
    film = decoded(tmp_path / "show.mp4")
    assert len(film) == recorder.written
    assert film[-1].time is not None
    assert film[-1].time <= count / 1000


def test_a_clock_that_stands_still(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "show.mp4", SIZE)) as recorder:
        record(recorder, pictures(4), [7.0, 7.0, 7.0, 6.5])
    assert recorder.note == ""
    assert len(decoded(tmp_path / "show.mp4")) == 4


def test_closes_twice_and_without_a_picture(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "show.mp4", SIZE)
    recorder.close()
    recorder.close()
    assert recorder.note == ""


@pytest.mark.parametrize("name", ["no/such/folder/show.mp4", "folder.mp4"])
def test_a_file_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputFault, match=r"can't record there \((No such file|Is a directory)") as raised:
        Recorder(tmp_path / name, SIZE)
    assert str(tmp_path) in str(raised.value)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full after `size` bytes of each file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills_up_ends_the_recording_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "show.mp4", SIZE)
    rng = np.random.default_rng(1)
    with files_no_larger_than(100_000):
        at = iter(range(10_000))

        def stopped() -> bool:
            recorder.put(rng.integers(0, 256, (180, 320, 3), np.uint8), next(at) / 30)
            return bool(recorder.note)

        assert soon(stopped, within=20)
    assert "show.mp4: the recording has stopped (File too large)" in recorder.note
    recorder.put(pictures(1)[0], 1e6)
    recorder.close()


def test_a_recording_that_is_cut_off_can_be_played(tmp_path: Path) -> None:
    """As after a power cut: the process is killed, and the file stays as it is."""
    script = f"""
import os, signal, time
from pathlib import Path
import numpy as np
from live.output.recorder import Recorder
recorder = Recorder(Path({str(tmp_path / "show.mp4")!r}), {SIZE})
for n in range(150):
    recorder.put(np.full((8, 8, 3), n, np.uint8), n / 30)
    while recorder.written <= n:
        time.sleep(0.001)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(decoded(tmp_path / "show.mp4")) >= 60


def test_only_films_of_one_kind_are_written(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"film\.avi: recordings are written as \.mp4"):
        Recorder(tmp_path / "film.avi")
    assert not (tmp_path / "film.avi").exists()


def test_the_view_of_the_sheet_is_recorded_where_the_audience_had_it(tmp_path: Path) -> None:
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8)
    recorder = Recorder(tmp_path / "film.mp4", (640, 360))
    recorder.put(black, 0.0, white)
    recorder.close()
    with av.open(tmp_path / "film.mp4") as film:
        frame = next(film.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[-60:, 10:120].mean() > 200
    assert frame[:200].max() < 40

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.base import UNLOCKED, Source
from live.camera.dialects import V4L2
from live.camera.lock import WATCH, Kept
from live.camera.sources import StillSource, StreamSource, UvcSource, VideoSource, device_names, public
from live.clock import Clock, ManualClock
from models.faults import DeviceFault, InputFault
from tests.live.camera.servers import MjpegServer, RtspServer, Server
from tests.live.camera.test_lock import SimulatedCamera

RATE = 20
COUNT = 12


def level(bgr: NDArray[np.uint8] | None) -> float:
    assert bgr is not None
    return float(bgr.mean())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures at 20 a second; the grey level of picture i is 20 + 18 i."""
    path = tmp_path_factory.mktemp("video") / "steps.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (64, 48))
    for i in range(COUNT):
        writer.write(np.full((48, 64, 3), 20 + 18 * i, dtype=np.uint8))
    writer.release()
    return path


def number(bgr: NDArray[np.uint8] | None) -> int:
    """Which picture of the video this is."""
    return round((level(bgr) - 20) / 18)


# Video files


def test_a_video_plays_at_its_own_pace_and_starts_again(video: Path) -> None:
    clock = ManualClock(5.0)
    source = VideoSource(video, clock=clock)
    played = []
    for _ in range(2 * COUNT + 2):
        shown = number(source.read())
        played.append((shown, clock.now()))
    source.close()
    assert [shown for shown, _ in played] == [*range(COUNT), *range(COUNT), 0, 1]
    assert [time for _, time in played] == pytest.approx([5.0 + i / RATE for i in range(2 * COUNT + 2)])


def test_a_reader_that_comes_late_gets_the_picture_that_is_due(video: Path) -> None:
    clock = ManualClock()
    source = VideoSource(video, clock=clock)
    assert number(source.read()) == 0
    clock.sleep(0.26)
    assert number(source.read()) == 5
    assert number(source.read()) == 6
    assert clock.now() == pytest.approx(0.3)
    clock.sleep(100.0)
    assert number(source.read()) == COUNT - 1
    assert [number(source.read()) for _ in range(3)] == [0, 1, 2]
    source.close()


def test_a_picture_that_stands_for_long_is_brought_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "slides.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 1.0, (64, 48))
    for grey in (50, 200):
        writer.write(np.full((48, 64, 3), grey, dtype=np.uint8))
    writer.release()
    clock = ManualClock()
    source = VideoSource(path, clock=clock)
    times = {50: [], 200: []}  # type: dict[int, list[float]]
    while clock.now() < 1.9:
        times[50 if level(source.read()) < 125 else 200].append(clock.now())
    source.close()
    assert max(times[50]) < 1.0 <= min(times[200])
    assert np.diff(times[50] + times[200]).max() <= 0.1 + 1e-9


@pytest.mark.parametrize("matrix", ["ITU709", "ITU601"])
def test_a_video_keeps_its_colours_whatever_matrix_it_was_coded_by(tmp_path: Path, matrix: str) -> None:
    path = tmp_path / "colours.mp4"
    red = (200, 40, 48)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        code = {"ITU709": 1, "ITU601": 6}[matrix]
        stream.codec_context.colorspace = code
        rgb = av.VideoFrame.from_ndarray(np.full((48, 64, 3), red, dtype=np.uint8), format="rgb24")
        picture = rgb.reformat(format="yuv420p", dst_colorspace=matrix)
        picture.colorspace = code
        file.mux(stream.encode(picture))
        file.mux(stream.encode())
    source = VideoSource(path, clock=ManualClock())
    bgr = source.read()
    source.close()
    assert bgr is not None
    assert bgr.mean(axis=(0, 1)) == pytest.approx(red[::-1], abs=6)


def test_a_video_that_was_cut_off_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    noise = np.random.default_rng(1)
    for _ in range(COUNT):
        writer.write(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    writer.release()
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    clock = ManualClock()
    source = VideoSource(cut, clock=clock)
    pictures = [source.read() for _ in range(2 * COUNT)]
    source.close()
    first = pictures[0]
    assert first is not None
    starts = [i for i, bgr in enumerate(pictures) if bgr is not None and np.array_equal(bgr, first)]
    assert len(starts) >= 2
    assert 3 <= starts[1] < COUNT


def test_a_picture_that_is_damaged_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "damaged.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    for i in range(COUNT):
        writer.write(np.full((48, 64, 3), 20 + 18 * i, dtype=np.uint8))
    writer.release()
    parts = path.read_bytes().split(b"\xff\xd8\xff")  # where a JPEG starts
    assert len(parts) == 1 + COUNT
    parts[6] = bytes(len(parts[6]) - 8) + parts[6][-8:]  # all but the header of the next
    path.write_bytes(b"\xff\xd8\xff".join(parts))
    source = VideoSource(path, clock=ManualClock())
    played = [number(source.read()) for _ in range(COUNT)]
    source.close()
    assert list(dict.fromkeys(played)) == [i for i in range(COUNT) if i != 5]


# Still images


def test_a_photo_is_the_same_array_at_every_beat(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    drawn = np.random.default_rng(2).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(path), drawn)
    clock = ManualClock()
    source = StillSource(path, fps=25, clock=clock)
    first = source.read()
    times = []
    for _ in range(4):
        assert source.read() is first
        times.append(clock.now())
    assert times == pytest.approx([0.04, 0.08, 0.12, 0.16])
    assert np.array_equal(first, drawn)
    assert not first.flags.writeable
    assert source.describe() == "picture sheet.png, 64×48"


def test_a_photo_whose_reader_was_away_does_not_hurry_after(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), dtype=np.uint8))
    clock = ManualClock()
    source = StillSource(path, fps=10, clock=clock)
    source.read()
    clock.sleep(5.0)
    source.read()
    source.read()
    assert clock.now() == pytest.approx(5.1)


# Streams


@pytest.fixture(params=[MjpegServer, RtspServer])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param() as camera:
        yield camera


def test_a_stream_brings_the_pictures_of_its_server_in_order(server: Server) -> None:
    source: Source = StreamSource(server.address, timeout=5.0)
    assert source.live
    levels = [level(source.read()) for _ in range(12)]
    source.close()
    # The server's levels go round in steps of ten.
    steps = [(after - before) % 100 for before, after in pairwise(levels)]
    assert steps == pytest.approx([10] * 11, abs=2)


def read_on(source: Source) -> None:
    """Read until it ends."""
    while source.read() is not None:
        pass


def test_a_silent_stream_raises_after_its_time_out(server: Server) -> None:
    source = StreamSource(server.address, timeout=0.3)
    source.read()
    server.mode = "silent"
    with pytest.raises(DeviceFault, match="no answer in time"):
        read_on(source)
    source.close()


def test_a_stream_that_is_cut_ends_or_raises(server: Server) -> None:
    source = StreamSource(server.address, timeout=5.0)
    source.read()
    thread = threading.Timer(0.1, server.cut)
    thread.start()
    with suppress(DeviceFault):
        read_on(source)
    thread.join()
    source.close()
    with pytest.raises(DeviceFault, match="can't be opened: connection refused"):
        StreamSource(server.address, timeout=5.0)


def test_an_address_is_shown_without_its_secrets() -> None:
    assert public("rtsp://admin:s3cret@10.0.0.7:554/live?token=abc") == "rtsp://10.0.0.7:554/live"
    with pytest.raises(DeviceFault) as raised:
        StreamSource("http://admin:s3cret@127.0.0.1:9/live?token=abc", timeout=1.0)
    assert str(raised.value) == "the stream http://127.0.0.1:9/live can't be opened: connection refused"


# USB cameras


def test_names_of_cameras_are_those_of_the_system(tmp_path: Path) -> None:
    for node, name in {
        "video10": "USB2.0 HD UVC WebCam\n",
        "video2": "Logitech BRIO\n",
        "radio0": "FM\n",
    }.items():
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(name)
    (tmp_path / "video3").mkdir()
    assert list(device_names(tmp_path).items()) == [(2, "Logitech BRIO"), (10, "USB2.0 HD UVC WebCam")]
    assert device_names(tmp_path / "none") == {}


def test_a_camera_that_is_not_there_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeviceFault, match="USB camera 63"):
        UvcSource(63, width=640, height=480, fps=30, clock=ManualClock())
    assert capfd.readouterr().err == ""


def test_a_real_camera_brings_pictures() -> None:
    if not device_names():
        pytest.skip("no camera is plugged in")
    source = UvcSource(next(iter(device_names())), width=640, height=480, fps=30, clock=ManualClock())
    for _ in range(3):
        bgr = source.read()
        assert bgr is not None
        assert bgr.dtype == np.uint8
        assert bgr.shape[2] == 3
    source.close()


class Plugged(SimulatedCamera):
    """The simulated camera in the place of OpenCV's capture, at 30 pictures a second of a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, NDArray[np.uint8]]:
        self._clock.sleep(1 / 30)
        return True, self.picture(self._clock.now())

    def release(self) -> None:
        pass


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[Plugged]:
    """The cameras that are opened one after another; none as yet."""
    left: list[Plugged] = []
    monkeypatch.setattr("live.camera.sources._check_node", lambda *_: None)
    monkeypatch.setattr("live.camera.sources._dialect", lambda: V4L2)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: left.pop(0))
    return left


def test_a_camera_is_locked_before_its_first_picture_and_again_as_before(plugged: list[Plugged]) -> None:
    clock, kept = ManualClock(), Kept()
    first, second = Plugged(clock), Plugged(clock)
    second.props[cv2.CAP_PROP_EXPOSURE] = 70  # it has forgotten everything on the way
    plugged += [first, second]

    source = UvcSource(0, width=64, height=48, fps=30, clock=clock, lock={"gain": 10}, kept=kept)
    assert clock.now() < 2.2
    assert "exposure locked at 156" in source.locked.sentence, "the first picture is one of a locked camera"
    assert kept == Kept(), "nothing is kept before it is verified"
    end = clock.now() + WATCH + 0.5
    while clock.now() < end:
        assert source.read() is not None
    assert kept.values == {"exposure": 156, "white_balance": 4600, "focus": 30, "gain": 10}
    assert source.locked.values == kept.values
    assert source.locked.sentence == (
        "exposure locked at 156, white balance locked at 4600 K, focus locked at 30, gain locked at 10"
    )
    assert source.describe() == "USB camera 0, 64×48"

    begin = clock.now()
    again = UvcSource(0, width=64, height=48, fps=30, clock=clock, lock={"gain": 10}, kept=kept)
    assert clock.now() - begin < 1.2, "what is known needs no settling"
    assert second.props[cv2.CAP_PROP_EXPOSURE] == 156
    assert again.locked.values["exposure"] == 156


def test_a_camera_is_left_alone_where_the_settings_say_so(plugged: list[Plugged]) -> None:
    clock = ManualClock()
    device = Plugged(clock)
    plugged.append(device)
    source = UvcSource(0, width=64, height=48, fps=30, clock=clock)
    assert source.read() is not None
    assert device.automatic(cv2.CAP_PROP_AUTO_EXPOSURE)
    assert source.locked == UNLOCKED


@pytest.mark.parametrize(("name", "called"), [("BRIO", "BRIO"), ("", "USB camera 0")])
def test_a_camera_is_called_by_its_name_alone(plugged: list[Plugged], name: str, called: str) -> None:
    clock = ManualClock()
    plugged.append(Plugged(clock))
    assert UvcSource(0, width=64, height=48, fps=30, clock=clock, name=name).name == called


# Files that aren't what they should be


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"gone\.png isn't there"):
        StillSource(tmp_path / "gone.png", fps=30, clock=ManualClock())

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import live.camera.open as opening
from live.camera.base import UNLOCKED
from live.camera.lock import Kept
from live.camera.open import open_source
from live.camera.simulated import SimulatedSource
from live.camera.sources import StillSource, StreamSource, VideoSource, device_names
from live.clock import Clock, ManualClock
from live.config import CameraSettings
from live.drawing import SIDE, Canvas, Stroke
from models.faults import DeviceFault, Fault, InputFault, UsageFault
from models.palette import WATER
from tests.live.camera.servers import MjpegServer

SMALL = CameraSettings(width=320, height=240)


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a photo, a video and what is neither, some under a wrong suffix."""
    cv2.imwrite(str(tmp_path / "photo.jpg"), noise(1))
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20, (64, 48))
    for seed in range(3):
        writer.write(noise(seed))
    writer.release()
    photo = (tmp_path / "photo.jpg").read_bytes()
    (tmp_path / "photo.mp4").write_bytes(photo)
    (tmp_path / "broken.jpg").write_bytes(photo[:200])
    (tmp_path / "notes.txt").write_text("Bring the markers.\n" * 50)
    (tmp_path / "letters.mp4").write_bytes(b"not a film " * 100)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"), [("photo.jpg", StillSource), ("photo.mp4", StillSource), ("film.avi", VideoSource)]
)
def test_a_file_is_what_it_holds_whatever_its_name_says(files: Path, name: str, kind: type) -> None:
    source = open_source(replace(SMALL, source=str(files / name)), ManualClock())()
    bgr = source.read()
    source.close()
    source.close()
    assert isinstance(source, kind)
    assert bgr is not None
    assert bgr.shape == (48, 64, 3)
    assert not source.live


def test_a_file_without_a_suffix_is_found_beside_us(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "photo.jpg").rename(files / "photo")
    monkeypatch.chdir(files)
    assert isinstance(open_source(replace(SMALL, source="photo"), ManualClock())(), StillSource)


def test_an_address_is_a_stream() -> None:
    with MjpegServer() as server:
        source = open_source(replace(SMALL, source=server.address), ManualClock())()
        assert source.read() is not None
        source.close()
    assert isinstance(source, StreamSource)


def test_the_simulated_sheet_has_the_size_that_is_asked_for() -> None:
    source = open_source(replace(SMALL, source="simulated"), ManualClock())()
    bgr = source.read()
    assert isinstance(source, SimulatedSource)
    assert bgr is not None
    assert bgr.shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("source", "fault", "sentence"),
    [
        ("{}/gone.mp4", InputFault, "gone.mp4 isn't there"),
        ("{}/broken.jpg", InputFault, "broken.jpg is broken: it can't be read as a picture"),
        ("{}/notes.txt", InputFault, "notes.txt holds no pictures"),
        ("{}/letters.mp4", InputFault, "letters.mp4 is neither a video nor a picture that can be read"),
        ("{}/empty.mp4", InputFault, "empty.mp4 is neither a video nor a picture that can be read"),
        ("{}/folder.mp4", InputFault, "folder.mp4 is no file"),
        ("{}/caf\udce9.jpg", InputFault, "isn't UTF-8"),
        ("63", DeviceFault, "USB camera 63"),
        ("simulatd", DeviceFault, 'did you mean "simulated"?'),
        ("USB2.0 HD UVC WebCam of Nobody", DeviceFault, "no camera of a name like"),
        ("ftp://somewhere/film.mp4", UsageFault, "ftp:// is none of http://, https:// and rtsp://"),
        ("http://127.0.0.1:9/camera", DeviceFault, "can't be opened: connection refused"),
        ("rtsp://127.0.0.1:9/camera", DeviceFault, "can't be opened: connection refused"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_sentence(
    files: Path, capfd: pytest.CaptureFixture[str], source: str, fault: type[Fault], sentence: str
) -> None:
    with pytest.raises(fault) as raised:
        open_source(replace(SMALL, source=source.format(files)), ManualClock())()
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == "", "nobody but us speaks to the user"


def test_a_drawing_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputFault, match="twon"):
        open_source(replace(SMALL, source="simulated", drawing="twon"), ManualClock())()


def test_auto_without_a_camera_is_the_simulated_sheet_and_says_so() -> None:
    if device_names():
        pytest.skip("a camera is plugged in")
    source = open_source(SMALL, ManualClock())()
    assert source.describe() == "simulated sheet, town, 320×240 (no USB camera found)"
    bgr = source.read()
    assert bgr is not None
    assert bgr.shape == (240, 320, 3)
    assert not source.live


class _Plugged:
    """Stands for the USB cameras of a machine: those of `working` open."""

    live = True
    working: frozenset[int] = frozenset()

    def __init__(
        self,
        number: int,
        *,
        width: int,
        height: int,
        fps: float,
        clock: Clock,
        name: str,
        lock: Mapping[str, float] | None,
        kept: Kept,
    ) -> None:
        assert (width, height, fps) == (320, 240, 30.0)
        self.lock, self.kept, self.clock = lock, kept, clock
        if number not in self.working:
            raise DeviceFault(f"USB camera {number} ({name}) opens, but gives no picture")
        self.number = number
        self.name = name
        self.locked = UNLOCKED

    def read(self) -> NDArray[np.uint8]:
        return noise(self.number)

    def close(self) -> None:
        pass

    def describe(self) -> str:
        return f"USB camera {self.number}"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """The names of the cameras that are plugged in, to be changed."""
    plugged = {0: "Built-in", 2: "Logitech BRIO", 3: "Logitech BRIO"}
    monkeypatch.setattr(opening, "device_names", lambda: plugged)
    monkeypatch.setattr(opening, "UvcSource", _Plugged)
    monkeypatch.setattr("sys.platform", "linux")
    return plugged


def test_a_camera_is_found_by_a_part_of_its_name(
    names: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it = open_source(replace(SMALL, source="brio"), ManualClock())
    monkeypatch.setattr(_Plugged, "working", {0, 3})
    assert open_it().describe() == "USB camera 3", "the first node of that name that brings pictures"
    monkeypatch.setattr(_Plugged, "working", set())
    with pytest.raises(DeviceFault, match=r"camera 2 .* no picture; USB camera 3 .* no picture"):
        open_it()
    names.clear()
    with pytest.raises(DeviceFault, match=r'a name like "brio" is connected \(connected: none\)'):
        open_it()


def test_a_name_that_nearly_fits_is_proposed(names: dict[int, str]) -> None:
    with pytest.raises(DeviceFault) as raised:
        open_source(replace(SMALL, source="Logitec BRIO"), ManualClock())()
    assert str(raised.value) == (
        'no camera of a name like "Logitec BRIO" is connected (connected: "Built-in", "Logitech BRIO"); '
        'did you mean "Logitech BRIO"?'
    )
    assert len(names) == 3


def test_auto_takes_the_first_camera_that_works_and_stays_with_it(
    names: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it = open_source(SMALL, ManualClock())
    monkeypatch.setattr(_Plugged, "working", {2})
    assert open_it().describe() == "USB camera 2"
    monkeypatch.setattr(_Plugged, "working", {0})
    with pytest.raises(DeviceFault):
        open_it()
    # It comes back under another number.
    names[5] = names.pop(2)
    monkeypatch.setattr(_Plugged, "working", {0, 5})
    assert open_it().describe() == "USB camera 5"


def test_auto_says_which_cameras_it_passed_over(names: dict[int, str]) -> None:
    del names[2], names[3]
    source = open_source(SMALL, ManualClock())()
    assert source.describe().endswith("(USB camera 0 (Built-in) opens, but gives no picture)")


@pytest.mark.parametrize("source", ["auto", "brio", "2"])
def test_a_camera_that_is_plugged_in_again_is_locked_at_the_same_values(
    names: dict[int, str], monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(_Plugged, "working", {2})
    settings = replace(SMALL, source=source, exposure=100.0, gain=0.0)
    open_it = open_source(settings, ManualClock())
    first, again = open_it(), open_it()
    assert isinstance(first, _Plugged)
    assert isinstance(again, _Plugged)
    assert first.lock == {"exposure": 100.0, "gain": 0.0}
    first.kept.values["focus"] = 30.0
    assert again.kept.values == {"focus": 30.0}
    other = open_source(replace(settings, lock=False), ManualClock())()
    assert isinstance(other, _Plugged)
    assert other.lock is None
    assert other.kept == Kept()
    assert len(names) == 3


@pytest.mark.parametrize("source", ["auto", "brio", "2"])
def test_a_camera_is_locked_as_it_was_when_it_was_calibrated_and_no_other_is(
    names: dict[int, str], monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(_Plugged, "working", {2})
    settings = replace(SMALL, source=source)
    locked = {"exposure": 156.0, "white_balance": 4600.0}
    opened = open_source(settings, ManualClock(), {"Logitech BRIO": locked})()
    other = open_source(settings, ManualClock(), {names[0]: locked})()
    assert isinstance(opened, _Plugged)
    assert isinstance(other, _Plugged)
    assert opened.kept.values == locked
    assert other.kept.values == {}


def test_the_page_is_a_camera_where_there_is_one() -> None:
    canvas, clock = Canvas(), ManualClock()
    source = open_source(CameraSettings(source="page", fps=25.0), clock, canvas=canvas)()
    canvas.draw("one", Stroke("a", WATER, 0.1, ((0.5, 0.5),)))
    bgr = source.read()
    assert bgr is not None
    assert bgr[SIDE // 2, SIDE // 2].tolist() == [255, 0, 0]
    source.read()
    assert clock.now() == pytest.approx(0.04)
    with pytest.raises(UsageFault, match=r'^camera\.source "page" is drawn in browsers while a show runs'):
        open_source(CameraSettings(source="page"), clock)

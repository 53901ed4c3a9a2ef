from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pygame
import pytest

from calibration.file import Calibration, read_calibration, write_calibration
from calibration.inks import Inks
from calibration.sheet import in_pixels
from live.calibrate.guide import Guide, calibrate, calibrate_by_itself
from live.calibrate.keys import LOST
from live.calibrate.screen import AMBER, page
from live.calibrate.steps import CalibrateState, Step, beginning
from live.camera.base import UNLOCKED, Locked
from live.camera.camera import Camera
from live.clock import MonotonicClock
from live.config import CameraSettings, InkSettings, OutputSettings, Settings, SheetSettings
from live.output.base import PointerEvent
from live.output.headless import HeadlessOutput
from live.output.window import ProjectorWindow
from live.sketch import inks_of
from models.faults import DeviceFault, Fault, InputFault
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, WATER
from tests.live.calibrate.sheets import AREAS, CORNERS, INKS, camera_picture
from tests.live.conftest import Screen, soon

SIZE = (1280, 720)
DEFAULT = inks_of(InkSettings())


class Scripted:
    """A camera whose picture is whatever stands in `bgr`; None is a cable that was pulled."""

    live = False
    name = "scripted camera"
    locked = UNLOCKED

    def __init__(self, bgr: np.ndarray | None) -> None:
        self.bgr = bgr

    def read(self) -> np.ndarray | None:
        threading.Event().wait(0.01)
        return self.bgr

    def close(self) -> None:
        pass

    def describe(self) -> str:
        return "scripted camera"


class Operator:
    """Somebody at a headless guide, who does one thing after another."""

    def __init__(self, bgr: np.ndarray, file: Path, state: CalibrateState | None = None) -> None:
        self.source = Scripted(bgr)
        self.camera = Camera(lambda: self.source, clock=MonotonicClock(), timeout=0.5, pauses=(0.05, 0.05))
        self.output = HeadlessOutput(SIZE)
        self.file = file
        self.camera.start(5.0)
        self.guide = Guide(self.camera, self.output, state or beginning(DEFAULT), file)
        self.guide.turn()

    @property
    def state(self) -> CalibrateState:
        return self.guide.state

    def is_at(self, step: Step) -> bool:
        return self.state.step == step

    def press(self, *keys: str) -> None:
        for key in keys:
            self.output.press(key)
            self.guide.turn()

    def drag(self, *shares: tuple[float, float]) -> None:
        """Press at the first place of the picture, go to the others and release."""
        rect = page(self.state.step, self.output.size, SIZE).picture
        at = [
            (rect.x + round(x * rect.width - 0.5), rect.y + round(y * rect.height - 0.5)) for x, y in shares
        ]
        self.output.point(PointerEvent("pressed", at[0]), *(PointerEvent("moved", place) for place in at))
        self.guide.turn()
        self.output.point(PointerEvent("released", at[-1]))
        self.guide.turn()

    def turns_until(self, condition: Callable[[], bool]) -> bool:
        def turned() -> bool:
            self.guide.turn()
            return condition()

        return soon(turned)


Sit = Callable[..., Operator]


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[Sit]:
    """Seats an operator at a new guide."""
    seated: list[Operator] = []

    def operator(bgr: np.ndarray | None = None, state: CalibrateState | None = None) -> Operator:
        picture = camera_picture() if bgr is None else bgr
        seated.append(Operator(picture, tmp_path / "calibration.toml", state))
        return seated[-1]

    yield operator
    for one in seated:
        one.camera.close()


def assert_close(inks: Inks, expected: Inks = INKS, within: int = 14) -> None:
    """The same inks but for how bright the paper is."""
    difference = np.abs(inks.levelled() - expected.levelled()) * 255
    assert difference.max() < within, dict(zip(CLASS_NAMES, difference.max(axis=1), strict=True))


def test_the_whole_pass_by_four_enters(sit: Sit) -> None:
    operator = sit()
    operator.press("return")
    assert operator.is_at("light")
    assert operator.state.white.now == pytest.approx(tuple(INKS.rgb[GROUND] * 0.9), abs=3)
    operator.press("return")
    assert operator.is_at("inks")
    assert_close(operator.state.inks.now)
    operator.press("return", "return")
    assert operator.state.saved
    assert str(operator.file) in operator.state.note
    assert not operator.state.left
    operator.press("space")
    assert operator.state.left
    assert operator.guide.run() == operator.state.note
    made = read_calibration(operator.file)
    assert made.corners is None
    assert (made.camera, made.size) == ("scripted camera", SIZE)
    assert made.white == operator.state.white.now
    assert np.array_equal(made.inks.rgb, operator.state.inks.now.rgb)


def test_the_calibration_before_is_kept(sit: Sit) -> None:
    for _ in range(2):
        operator = sit()
        operator.press(*["return"] * 4)
    assert "the one before is kept as calibration.previous.toml" in operator.state.note
    assert operator.file.with_name("calibration.previous.toml").exists()


def test_leaving_writes_nothing(sit: Sit) -> None:
    operator = sit()
    operator.press("return", "return", "escape", "ctrl+q")
    assert operator.guide.run() is None
    assert not operator.file.exists()


def test_corners_by_hand_where_no_marker_is_seen(sit: Sit) -> None:
    operator = sit(camera_picture(hidden=(0, 1, 2, 3), swatches=False))
    operator.press("m")
    for index, (x, y) in enumerate(CORNERS.tolist()):
        assert operator.state.corners.now is not None
        operator.drag(operator.state.corners.now[index], (0.5, 0.5), (x, y))
        assert operator.state.corner == index
    assert np.array(operator.state.corners.now) == pytest.approx(CORNERS, abs=1 / 400)
    before = operator.state.corners.now
    operator.press("shift+left", "down", "u", "u")
    assert operator.state.corners.now == before
    operator.press("return", "return", "return", "return")
    made = read_calibration(operator.file)
    assert made.corners is not None
    assert np.array(made.corners) == pytest.approx(CORNERS, abs=1 / 400)


def test_corners_that_make_no_sheet_are_not_accepted(sit: Sit) -> None:
    operator = sit()
    operator.press("m")
    assert operator.state.corners.now is not None
    one, _, three, _ = operator.state.corners.now
    operator.drag(one, (three[0] + 0.1, three[1] + 0.1))
    operator.press("return")
    assert operator.is_at("sheet")
    assert "these corners make no sheet" in operator.state.note
    operator.press("u", "return")
    assert operator.is_at("light")


def test_inks_by_pointing_at_areas(sit: Sit) -> None:
    operator = sit(camera_picture(swatches=False))
    operator.press("return", "return")
    assert operator.state.inks.now is DEFAULT, "there are no swatches"
    assert operator.state.note
    for label, (left, top, right, bottom) in AREAS.items():
        operator.press(str(label + 1))
        operator.drag((left + 0.02, top + 0.02), (right - 0.02, bottom - 0.02))
        assert operator.state.note == f"{CLASS_NAMES[label]} has the colour of that area"
    assert_close(operator.state.inks.now)
    operator.press("u")
    assert operator.state.inks.now.rgb[WATER].tolist() != INKS.rgb[WATER].tolist()
    operator.press("r")
    assert operator.state.inks.now is DEFAULT


def test_inks_may_change_places(sit: Sit) -> None:
    operator = sit(camera_picture(swatches=False), beginning(INKS))
    operator.press("return", "return")
    for label, shown in ((BUILDING, WATER), (WATER, GREEN), (GREEN, BUILDING)):
        left, top, right, bottom = AREAS[shown]
        operator.press(str(label + 1))
        operator.drag((left + 0.02, top + 0.02), (right - 0.02, bottom - 0.02))
        assert operator.state.note == f"{CLASS_NAMES[label]} has the colour of that area"
        if label == BUILDING:
            operator.press("return", "return")
            assert not operator.state.saved, "two inks are alike"
            assert "building" in operator.state.note
            operator.press("backspace")
    assert_close(operator.state.inks.now, Inks(INKS.rgb[[0, 1, BUILDING, WATER, GREEN]].copy()))
    operator.press("return", "return")
    assert operator.state.saved


def test_a_click_is_no_area(sit: Sit) -> None:
    operator = sit()
    operator.press("return", "return")
    before = operator.state.inks.now
    operator.drag((0.5, 0.15), (0.5, 0.15))
    assert operator.state.inks.now is before
    assert "drag over an area" in operator.state.note


def test_inks_learnt_from_a_drawing(sit: Sit) -> None:
    operator = sit(camera_picture(swatches=False))
    operator.press("return", "return", "l")
    assert operator.state.note == "the inks are learnt from the drawing"
    assert_close(operator.state.inks.now)


def test_what_is_read_shows_at_once_whether_the_inks_are_right(sit: Sit) -> None:
    operator = sit(camera_picture(swatches=False))
    operator.press("return", "return", "4")
    left, top, right, bottom = AREAS[WATER]
    operator.drag((left, top), (right, bottom))
    rect = page("inks", SIZE, SIZE).second
    view = rect.of(operator.output.last)
    middle = view[int(0.78 * rect.height), rect.width // 2]
    assert middle[0] > 100, "blue ink is built on now"
    assert middle[2] < 50
    assert operator.state.ink == BUILDING


def test_no_sheet_and_a_lost_camera_are_told_and_the_guide_goes_on(sit: Sit) -> None:
    operator = sit(np.zeros((720, 1280, 3), np.uint8))
    operator.press("return")
    assert operator.is_at("sheet")
    assert "the picture is black" in operator.state.note
    operator.source.bgr = camera_picture()

    def goes_on() -> bool:
        operator.press("return")
        return operator.is_at("light")

    assert soon(goes_on)
    operator.source.bgr = None
    assert operator.turns_until(lambda: operator.camera.status().state == "lost")
    operator.press("return")
    assert operator.is_at("light")
    assert operator.state.note == LOST
    operator.press("backspace")
    operator.source.bgr = camera_picture()
    assert operator.turns_until(lambda: operator.camera.status().state == "running")
    operator.press("return")
    assert operator.is_at("light")


def test_nothing_is_measured_or_saved_of_the_old_picture_of_a_lost_camera(sit: Sit) -> None:
    operator = sit()
    operator.press("return", "return")
    operator.source.bgr = None
    assert operator.turns_until(lambda: operator.camera.status().state == "lost")
    inks, white = operator.state.inks.now, operator.state.white.now

    def refused() -> bool:
        told = operator.state.note == LOST
        operator.press("2")  # a note of its own, which is none
        return told and operator.state.inks.now is inks and operator.state.white.now is white

    for key in ("s", "l", "return"):
        operator.press(key)
        assert refused(), key
    operator.drag((0.2, 0.12), (0.8, 0.18))
    assert refused()
    operator.guide.state = replace(operator.state, step="light")
    operator.press("w")
    assert refused()
    operator.guide.state = replace(operator.state, step="save")
    operator.press("return")
    assert operator.state.note == LOST
    assert not operator.file.exists()
    operator.source.bgr = camera_picture()
    assert operator.turns_until(lambda: operator.camera.status().state == "running")
    operator.press("return")
    assert operator.state.saved


def test_a_camera_that_changes_its_size_and_a_window_that_is_resized(sit: Sit) -> None:
    operator = sit()
    operator.press("m")
    before = operator.state.corners.now
    operator.source.bgr = camera_picture(size=(640, 480))
    assert operator.turns_until(lambda: operator.camera.status().size == (640, 480))
    operator.output.size = (500, 400)
    operator.guide.turn()
    assert operator.output.last.shape == (400, 500, 3)
    assert operator.state.corners.now == before
    operator.output.size = SIZE
    operator.press("return", "return", "return", "return")
    assert read_calibration(operator.file).size == (640, 480)


def test_a_file_that_cannot_be_written_is_told_and_can_be_left(sit: Sit, tmp_path: Path) -> None:
    operator = sit()
    operator.guide = Guide(
        operator.camera, operator.output, operator.state, tmp_path / "no folder" / "calibration.toml"
    )
    operator.guide.turn()
    operator.press(*["return"] * 4)
    assert not operator.state.saved
    assert "can't be written" in operator.state.note
    assert operator.is_at("save")
    operator.press("backspace")
    assert operator.is_at("inks")
    (tmp_path / "no folder").mkdir()
    operator.press("return", "return")
    assert operator.state.saved
    read_calibration(tmp_path / "no folder" / "calibration.toml")


# By itself


def settings_for(picture: np.ndarray, folder: Path, **tables: object) -> Settings:
    source = folder / "sheet.png"
    cv2.imwrite(str(source), picture)
    return Settings(camera=CameraSettings(source=str(source)), **tables)  # type: ignore[arg-type]


def test_calibrated_from_the_swatches_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "calibration.toml"
    settings = settings_for(camera_picture(slope=2.0), tmp_path)
    said = calibrate(settings, file, MonotonicClock(), by_itself=True)
    assert said is not None
    assert f"saved to {file}" in said
    assert "×2" in said
    assert_close(read_calibration(file).inks)


def test_a_calibration_is_of_a_camera_by_its_name_and_of_what_it_was_locked_at(tmp_path: Path) -> None:
    file, clock = tmp_path / "calibration.toml", MonotonicClock()
    source = Scripted(camera_picture())
    source.locked = Locked("exposure locked at 156", {"exposure": 156.0})
    camera = Camera(lambda: source, clock=clock, timeout=2.0)
    camera.start(5.0)
    calibrate_by_itself(camera, beginning(DEFAULT), file, clock)
    camera.close()
    made = read_calibration(file)
    assert made.camera == "scripted camera"
    assert made.locked == {"exposure": 156.0}


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((720, 1280, 3), np.uint8), "the picture is black"),
        (np.full((720, 1280, 3), (40, 60, 80), np.uint8), "sheet"),
        (camera_picture(swatches=False), "swatch"),
    ],
)
def test_what_is_missing_for_it_in_one_sentence(
    picture: np.ndarray, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.calibrate.guide.PATIENCE", 1.0)
    monkeypatch.setattr("live.calibrate.guide.LIE", 0.2)
    file = tmp_path / "calibration.toml"
    with pytest.raises(InputFault, match=said):
        calibrate(settings_for(picture, tmp_path), file, MonotonicClock(), by_itself=True)
    assert not file.exists()


def test_a_camera_that_is_lost_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.calibrate.guide.PATIENCE", 1.0)
    source = Scripted(np.zeros((720, 1280, 3), np.uint8))
    clock = MonotonicClock()
    with closing(Camera(lambda: source, clock=clock, timeout=0.2, pauses=(9.0, 9.0))) as camera:
        camera.start(5.0)
        source.bgr = None
        with pytest.raises(DeviceFault, match="scripted camera gives no more pictures"):
            calibrate_by_itself(camera, beginning(DEFAULT), tmp_path / "calibration.toml", clock)


def test_a_sheet_that_is_still_being_laid_down_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.calibrate.guide.PATIENCE", 1.5)
    file, clock = tmp_path / "calibration.toml", MonotonicClock()
    places = [camera_picture(corners=CORNERS + np.float32(shift)) for shift in (0.0, 0.03)]
    source = Scripted(places[0])
    pushing = threading.Event()

    def push() -> None:
        while not pushing.wait(0.3):
            source.bgr = places[0] if source.bgr is places[1] else places[1]

    hand = threading.Thread(target=push)
    with closing(Camera(lambda: source, clock=clock, timeout=0.5)) as camera:
        camera.start(5.0)
        hand.start()
        try:
            with pytest.raises(Fault):  # which one depends on the moment
                calibrate_by_itself(camera, beginning(DEFAULT), file, clock)
        finally:
            pushing.set()
            hand.join()
        assert not file.exists()
        monkeypatch.setattr("live.calibrate.guide.PATIENCE", 15.0)
        since = clock.now()
        calibrate_by_itself(camera, beginning(DEFAULT), file, clock)
        assert clock.now() - since > 1.0
    assert_close(read_calibration(file).inks)


def test_a_lock_is_waited_for_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.calibrate.guide.WATCH", 1.5)
    monkeypatch.setattr("live.calibrate.guide.LIE", 0.2)
    file, clock = tmp_path / "calibration.toml", MonotonicClock()
    began = clock.now()

    class Locking(Scripted):
        live = True
        locked = Locked("not locked yet: its automatics are settling")

        def read(self) -> np.ndarray | None:
            bgr = super().read()
            if clock.now() - began > 0.5:
                self.locked = Locked("white balance NOT LOCKED (its automatic stays on)")
            assert bgr is not None
            return np.asarray(bgr ^ np.uint8(int(clock.now() * 1e3) % 2), np.uint8)  # a sensor's noise

    source = Locking(camera_picture())
    with closing(Camera(lambda: source, clock=clock, timeout=0.5)) as camera:
        camera.start(5.0)
        said = calibrate_by_itself(camera, beginning(DEFAULT), file, clock)
    assert clock.now() - began > 2.0
    assert said.startswith("Camera: white balance NOT LOCKED (its automatic stays on).\n")
    assert "All five inks are told apart" in said


@pytest.mark.parametrize("by", ["settings", "calibration"])
def test_corners_by_hand_are_used_by_itself_too(tmp_path: Path, by: str) -> None:
    file = tmp_path / "calibration.toml"
    one, two, three, four = ((float(x), float(y)) for x, y in CORNERS)
    corners = one, two, three, four
    sheet = SheetSettings()
    if by == "settings":
        one, two, three, four = ((float(x), float(y)) for x, y in in_pixels(corners, SIZE))
        sheet = SheetSettings(corners=(one, two, three, four))
    else:
        write_calibration(file, Calibration(datetime.now(UTC), "BRIO", SIZE, corners, INKS, (9, 9, 9)))
    settings = settings_for(camera_picture(hidden=(0, 1, 2, 3)), tmp_path, sheet=sheet)
    calibrate(settings, file, MonotonicClock(), by_itself=True)
    made = read_calibration(file)
    assert made.corners is not None
    assert np.array(made.corners) == pytest.approx(CORNERS, abs=1e-5)
    assert_close(made.inks)


@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({}, "no camera is connected: plug one in, or give --camera simulated to try it out"),
        (
            {99: "BRIO", 98: "BRIO"},
            r"no camera can be opened \(connected: BRIO\): end the program",
        ),
    ],
)
def test_a_pass_is_not_led_in_front_of_the_simulated_sheet_unasked(
    names: dict[int, str], said: str, by_itself: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("live.camera.open", "live.calibrate.guide"):
        monkeypatch.setattr(f"{module}.device_names", lambda: names)
    with pytest.raises(DeviceFault, match=said):
        calibrate(Settings(), tmp_path / "calibration.toml", MonotonicClock(), by_itself=by_itself)
    assert list(tmp_path.iterdir()) == []


def test_no_camera_at_all(tmp_path: Path) -> None:
    settings = Settings(camera=CameraSettings(source=str(tmp_path / "nothing.png")))
    with pytest.raises(InputFault, match=r"nothing\.png"):
        calibrate(settings, tmp_path / "calibration.toml", MonotonicClock(), by_itself=True)


# In a real window


@pytest.mark.window
def test_the_whole_pass_by_keys_and_mouse_in_a_window(screen: Screen, sit: Sit) -> None:
    operator = sit(camera_picture(hidden=(1, 2), swatches=False))

    def press(key: str, until: Callable[[CalibrateState], bool]) -> None:
        screen.press(key)
        assert operator.turns_until(lambda: until(operator.state)), operator.state

    def drag(one: tuple[float, float], other: tuple[float, float]) -> None:
        rect = page(operator.state.step, SIZE, SIZE).picture
        places = [
            (str(rect.x + round(x * rect.width - 0.5)), str(rect.y + round(y * rect.height - 0.5)))
            for x, y in (one, other)
        ]
        screen.run("xdotool", "mousemove", *places[0], "mousedown", "1")
        assert operator.turns_until(lambda: bool(operator.state.grip or operator.state.area))
        screen.run("xdotool", "mousemove", *places[1], "mouseup", "1")
        assert operator.turns_until(lambda: not (operator.state.grip or operator.state.area))

    with closing(ProjectorWindow(OutputSettings(), pointer=True)) as window:
        operator.guide = Guide(operator.camera, window, operator.state, operator.file)
        operator.guide.turn()
        assert pygame.mouse.get_visible()
        press("m", lambda state: state.by_hand)
        press("Tab", lambda state: state.corner == 1)
        assert operator.state.corners.now is not None
        upper_right = operator.state.corners.now[1]
        drag(upper_right, (0.5, 0.5))
        assert operator.state.corners.now[1] == pytest.approx((0.5, 0.5), abs=0.002)
        press("u", lambda state: state.corners.now is not None and state.corners.now[1] == upper_right)
        press("shift+Right", lambda state: bool(state.corners.past[1:]))
        assert operator.state.corners.now is not None
        assert operator.state.corners.now[1][0] == pytest.approx(upper_right[0] + 10 / SIZE[0])
        press("ctrl+z", lambda state: state.corners.now is not None and state.corners.now[1] == upper_right)
        press("Return", lambda state: state.step == "light")
        press("w", lambda state: bool(state.white.past[1:]))
        press("Return", lambda state: state.step == "inks")
        for label, (left, top, right, bottom) in AREAS.items():
            press(str(label + 1), lambda state, label=label: state.ink == label)  # type: ignore[misc]
            drag((left + 0.02, top + 0.02), (right - 0.02, bottom - 0.02))
        assert_close(operator.state.inks.now)
        press("Return", lambda state: state.step == "save")
        press("Return", lambda state: state.saved)
        assert (screen.shot() == np.array(AMBER)).all(axis=2).any(), "what was saved where"
        press("space", lambda state: state.left)
    made = read_calibration(operator.file)
    assert made.corners is not None
    assert np.array(made.corners) == pytest.approx(CORNERS, abs=0.004)
    assert_close(made.inks)


@pytest.mark.window
@pytest.mark.usefixtures("screen")
def test_a_pass_begins_with_what_the_show_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[CalibrateState] = []

    def run(guide: Guide) -> None:
        begun.append(guide.state)

    monkeypatch.setattr(Guide, "run", run)
    file = tmp_path / "calibration.toml"
    corners = ((320.0, 72.0), (960.0, 72.0), (960.0, 648.0), (320.0, 648.0))
    settings = settings_for(camera_picture(), tmp_path, sheet=SheetSettings(corners=corners))

    calibrate(settings, file, MonotonicClock())
    assert begun[-1].inks.now.rgb.tolist() == DEFAULT.rgb.tolist()
    assert begun[-1].corners.now is not None
    assert np.array(begun[-1].corners.now[0]) == pytest.approx((320.5 / 1280, 72.5 / 720))

    made = Calibration(datetime.now(UTC), "BRIO", SIZE, None, INKS, (200, 199, 190))
    write_calibration(file, made)
    calibrate(settings, file, MonotonicClock())
    assert begun[-1].inks.now.rgb.tolist() == INKS.rgb.tolist()
    assert begun[-1].corners.now is None
    assert begun[-1].white.now == (200, 199, 190)

    file.write_text("version = 99")
    calibrate(settings, file, MonotonicClock())
    assert "beginning with the settings of the show" in begun[-1].note
    assert begun[-1].inks.now.rgb.tolist() == DEFAULT.rgb.tolist()

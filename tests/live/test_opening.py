"""A show starts with what was calibrated, and keeps what is calibrated while it runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.file import Calibration, previous_path, read_calibration, write_calibration
from calibration.inks import Inks
from live.camera.dialects import V4L2
from live.clock import MonotonicClock
from live.config import (
    CalibrationSettings,
    CameraSettings,
    ControlSettings,
    EngineSettings,
    MidiSettings,
    PageSettings,
    Settings,
    load_settings,
)
from live.control.kinds import Message
from live.opening import opened_show
from live.show import Command, TakeInks, TakeWhite, reduce
from live.sketch import inks_of
from live.stage import Stage
from models.faults import InputFault, UsageFault
from models.palette import BUILDING, GREEN, WATER, paint
from tests.live.camera.test_sources import Plugged
from tests.live.conftest import soon

SIZE = (640, 360)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        camera=CameraSettings(source="simulated", width=SIZE[0], height=SIZE[1]),
        engine=EngineSettings(side=64),
        control=ControlSettings(osc_port=0, oscquery_port=0),
        page=PageSettings(port=0),
        midi=MidiSettings(api="none"),
        calibration=CalibrationSettings(str(tmp_path / "calibration.toml")),
    )


def calibrated(settings: Settings, camera: str = "simulated sheet") -> Calibration:
    """A calibration with a building ink of its own, as it stands in the show's file."""
    rgb = inks_of(settings.inks).rgb.copy()
    rgb[BUILDING] = (208, 60, 120)
    made = Calibration(
        datetime(2026, 11, 25, 20, 0, tzinfo=UTC), camera, SIZE, None, Inks(rgb), (240, 238, 230)
    )
    write_calibration(Path(settings.calibration.file), made)
    return made


def run_until(stage: Stage, condition: Callable[[], bool], command: Command | None = None) -> None:
    """Let the show run until the condition holds; the command is given at its beginning."""
    for turn, now in enumerate(stage.turns()):
        if turn == 0 and command is not None:
            stage.state = reduce(stage.state, command, now)
        if condition() or turn > 600:
            break
    assert condition()


def test_a_show_plays_the_cues_of_its_file(settings: Settings, tmp_path: Path) -> None:
    show = tmp_path / "show.toml"
    show.write_text(
        """
        [[cue]]
        number = 1.10
        name = "Opening"
        city = "dubai"
        fade = 0
        set = { "/opacity" = 0.5, "/fade/time" = 3 }
        note = "wait for Ann"
        follow = 0
        [[cue]]
        number = "10A"
        set = { "/freeze" = true }
        """,
        encoding="utf-8",
    )
    cued = replace(settings, cues=load_settings(show).cues)
    with opened_show(cued, MonotonicClock(), headless=True) as stage:
        hub = stage.parts.hub

        def told(address: str) -> tuple[object, ...]:
            return hub.values().get(address, ())

        assert hub.hear("a test", [Message("/cue", (1.1,))]) == ()
        run_until(stage, lambda: told("/status/cue") == ("10A",))
        assert told("/city") == ("dubai",)
        assert told("/opacity") == (0.5,)
        assert told("/fade/time") == (3.0,)
        assert told("/freeze") == (1,)


def test_a_cue_that_sets_what_there_is_not_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    show = tmp_path / "show.toml"
    show.write_text("[[cue]]\nnumber = 1\nset = { '/opacty' = 1 }", encoding="utf-8")
    cued = replace(settings, cues=load_settings(show).cues)
    with pytest.raises(UsageFault) as caught, opened_show(cued, MonotonicClock(), headless=True):
        pass
    expected = f'{show}, line 3: cue 1: there is no control "/opacty"; did you mean "/opacity"?'
    assert str(caught.value) == expected


def header(stage: Stage) -> str:
    run_until(stage, lambda: bool(stage.lines))
    return "\n".join(stage.lines)


def test_a_show_without_a_calibration_says_nothing_of_it_where_the_sheet_is_simulated(
    settings: Settings,
) -> None:
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        assert "calibrated" not in header(stage)


def test_a_show_starts_with_what_was_calibrated_in_front_of_its_camera(settings: Settings) -> None:
    calibrated(settings)
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        assert "calibrated 2026-11-25 20:00" in header(stage)


def test_what_was_calibrated_in_front_of_a_camera_is_not_for_the_simulated_sheet(
    settings: Settings,
) -> None:
    calibrated(settings, "BRIO")
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        assert "in front of the BRIO, hence not for this one" in header(stage)


@pytest.mark.parametrize(("calibrated_for", "exposure"), [("BRIO", 80), ("C920", 156)])
def test_a_camera_is_locked_as_it_was_when_it_was_calibrated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, calibrated_for: str, exposure: float
) -> None:
    before = calibrated(settings, calibrated_for)
    locked = {"exposure": 80.0, "white_balance": 4600.0, "focus": 30.0, "gain": 64.0}
    write_calibration(Path(settings.calibration.file), replace(before, locked=locked))
    clock = MonotonicClock()
    monkeypatch.setattr("live.camera.open.device_names", lambda: {0: "BRIO"})
    monkeypatch.setattr("live.camera.sources._check_node", lambda *_: None)
    monkeypatch.setattr("live.camera.sources._dialect", lambda: V4L2)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: Plugged(clock))
    settings = replace(settings, camera=replace(settings.camera, source="0"))
    with opened_show(settings, clock, headless=True) as stage:
        lines, greeting = header(stage), stage.greeting
        status = stage.parts.camera.status()
    assert status.name == "BRIO"
    assert status.locked["exposure"] == exposure
    assert "camera: USB camera 0 (BRIO), 64×48\n" in lines
    for told in (lines, greeting):
        assert f"lock: exposure locked at {exposure}, white balance locked at 4600 K" in told


def test_a_broken_calibration_stops_the_start_by_name(settings: Settings) -> None:
    Path(settings.calibration.file).write_text("version = 1\nmade = yesterday\n")
    with (
        pytest.raises(InputFault, match=r"calibration\.file: .*calibration\.toml, line 2"),
        opened_show(settings, MonotonicClock(), headless=True),
    ):
        pass


def test_inks_that_are_taken_during_the_show_are_kept_and_so_are_those_before(settings: Settings) -> None:
    before = calibrated(settings)
    file = Path(settings.calibration.file)
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        run_until(stage, lambda: read_calibration(file).made != before.made, TakeInks())
        assert soon(lambda: stage.reading is not None and "from the swatches" in stage.reading.note)
    now = read_calibration(file)
    assert now.camera == "simulated sheet"
    assert now.size == SIZE
    # The simulated markers, not the ink that was calibrated before.
    assert np.abs(now.inks.rgb[BUILDING].astype(int) - (208, 44, 46)).max() < 40
    assert (read_calibration(previous_path(file)).inks.rgb == before.inks.rgb).all()


def test_a_white_alone_is_kept_in_a_calibration_and_makes_none(settings: Settings) -> None:
    file = Path(settings.calibration.file)
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        run_until(
            stage, lambda: stage.reading is not None and "for white" in stage.reading.note, TakeWhite()
        )
    assert not file.exists()
    before = calibrated(settings)
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        run_until(stage, lambda: read_calibration(file).made != before.made, TakeWhite())
    now = read_calibration(file)
    assert (now.inks.rgb == before.inks.rgb).all()
    assert now.white != before.white


def test_a_calibration_that_cannot_be_kept_is_told_and_the_show_goes_on(settings: Settings) -> None:
    nowhere = replace(settings, calibration=CalibrationSettings("/nowhere/calibration.toml"))
    with opened_show(nowhere, MonotonicClock(), headless=True) as stage:
        run_until(
            stage,
            lambda: stage.reading is not None and "can't be written" in stage.reading.note,
            TakeInks(),
        )
        assert stage.state.running


def test_a_show_that_is_drawn_in_browsers_goes_on_with_its_drawing(
    settings: Settings, tmp_path: Path
) -> None:
    before = calibrated(settings, "BRIO")
    labels = np.full((256, 256), WATER, np.uint8)
    labels[:128] = GREEN
    cv2.imwrite(str(tmp_path / "drawing.png"), np.ascontiguousarray(paint(labels)[..., ::-1]))
    page = replace(
        settings,
        camera=CameraSettings(source="page"),
        page=PageSettings(port=0, drawing=str(tmp_path / "drawing.png")),
    )
    with opened_show(page, MonotonicClock(), headless=True) as stage:
        turns = stage.turns()
        assert any(stage.reading is not None for _ in itertools.islice(turns, 600))
        assert stage.reading is not None
        np.testing.assert_array_equal(stage.reading.labels, labels[2::4, 2::4])
        stage.parts.hub.hear("keys", [Message("/sheet/clear")])
        assert any(not stage.reading.labels.any() for _ in itertools.islice(turns, 600))
        assert "calibrated" not in "\n".join(stage.lines), "a page needs none"
        assert "camera: page, drawn at its address with /draw" in stage.greeting
        turns.close()
    # Kept to the end; and a calibration for a camera is none of a page's business.
    assert (np.asarray(cv2.imread(str(tmp_path / "drawing.png"))) == 255).all()
    assert read_calibration(Path(settings.calibration.file)).made == before.made


def test_a_drawing_that_is_none_stops_the_start_by_name(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "drawing.png").write_text("no picture")
    page = replace(
        settings,
        camera=CameraSettings(source="page"),
        page=PageSettings(port=0, drawing=str(tmp_path / "drawing.png")),
    )
    with (
        pytest.raises(InputFault, match=r"page\.drawing: .*drawing\.png is no square picture"),
        opened_show(page, MonotonicClock(), headless=True),
    ):
        pass

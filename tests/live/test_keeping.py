"""What a show takes over of a calibration, and what it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from calibration.file import Calibration, previous_path, read_calibration, write_calibration
from calibration.inks import Inks
from calibration.sheet import in_pixels
from live.camera.camera import CameraStatus
from live.config import InkSettings
from live.keeping import Keeper, fitting
from live.sketch import inks_of
from models.faults import InputFault
from models.palette import WATER

SIZE = (640, 360)
INKS = inks_of(InkSettings())
BRIO = CameraStatus(
    "running", "USB camera 0 (BRIO), 640×360", 30.0, 9, 0, SIZE, True, "BRIO", "", {"exposure": 157.0}
)
MADE = Calibration(datetime(2026, 11, 25, 20, 0, tzinfo=UTC), "BRIO", SIZE, None, INKS, (240, 238, 230))


def other_inks(blue: int) -> Inks:
    rgb = INKS.rgb.copy()
    rgb[WATER] = (40, 80, blue)
    return Inks(rgb)


@pytest.mark.parametrize(
    ("made_for", "camera", "used", "remark"),
    [
        ("BRIO", BRIO, True, "calibrated 2026-11-25 20:00"),
        ("C920", BRIO, True, "in front of the C920: calibrate again"),
        ("simulated sheet", BRIO, False, "hence not for this one"),
        ("BRIO", replace(BRIO, name="simulated sheet", live=False), False, "hence not for this one"),
        ("C920", replace(BRIO, state="opening", name=""), True, "calibrated"),
    ],
)
def test_a_calibration_is_for_the_camera_that_it_was_made_for(
    made_for: str, camera: CameraStatus, used: bool, remark: str
) -> None:
    fits, said = fitting(replace(MADE, camera=made_for), camera)
    assert (fits is not None) == used
    assert remark in said


def test_a_real_camera_without_a_calibration_is_a_word_to_the_operator() -> None:
    assert "cities calibrate" in fitting(None, BRIO)[1]
    assert fitting(None, replace(BRIO, live=False)) == (None, "")


def test_what_is_taken_is_kept_with_the_cameras_locks_and_the_first_one_stays_beside_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "calibration.toml"
    write_calibration(file, MADE)
    keeper = Keeper(file, lambda: BRIO, MADE, "auto")
    for blue in (160, 170, 180):
        keeper.keep(other_inks(blue), (200, 199, 190), True)
    kept = read_calibration(file)
    assert kept.inks.rgb[WATER].tolist() == [40, 80, 180]
    assert (kept.white, kept.locked) == ((200, 199, 190), {"exposure": 157.0})
    assert read_calibration(previous_path(file)).made == MADE.made


def test_corners_of_the_show_file_go_along_with_the_first_inks(tmp_path: Path) -> None:
    corners = ((100.0, 50.0), (500.0, 60.0), (510.0, 300.0), (90.0, 310.0))
    file = tmp_path / "calibration.toml"
    Keeper(file, lambda: BRIO, None, corners).keep(INKS, (240, 240, 240), True)
    kept = read_calibration(file).corners
    assert kept is not None
    np.testing.assert_allclose(in_pixels(kept, SIZE), corners, atol=0.01)


def test_a_white_alone_makes_no_calibration(tmp_path: Path) -> None:
    file = tmp_path / "calibration.toml"
    Keeper(file, lambda: BRIO, None, "auto").keep(INKS, (240, 240, 240), False)
    assert not file.exists()


@pytest.mark.parametrize(("file", "camera"), [(None, BRIO), ("cal.toml", replace(BRIO, size=None))])
def test_what_cannot_be_kept_is_told(tmp_path: Path, file: str | None, camera: CameraStatus) -> None:
    keeper = Keeper(tmp_path / file if file else None, lambda: camera, None, "auto")
    with pytest.raises(InputFault):
        keeper.keep(INKS, (240, 240, 240), True)

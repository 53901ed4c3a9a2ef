"""Opening a show: from settings to a stage with all its parts, closed again in the reverse order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import cv2

from calibration.file import Calibration, find_calibration, write_calibration
from calibration.inks import Inks, Rgb
from live.camera.camera import FIRST_PICTURE, Camera, CameraStatus
from live.camera.open import open_source
from live.clock import Clock
from live.config import CalibrationSettings, Settings
from live.control.osc import OscServer
from live.finder import SheetFinder
from live.flow import Wishes
from live.output.headless import HeadlessOutput
from live.output.recorder import Recorder
from live.output.window import ProjectorWindow
from live.show import opening
from live.sketch import Keep, SheetReader, inks_of
from live.stage import Parts, Stage
from models.cityset import city_names, load_city_sets
from models.engines.joined import open_joined
from models.faults import Fault

SIMULATED = "simulated sheet"
"""What the simulated sheet calls itself."""


@contextmanager
def opened_show(
    settings: Settings, clock: Clock, *, headless: bool = False, record: Path | None = None
) -> Iterator[Stage]:
    """A stage that is ready to run. Raises the Fault of the first part that can't be had."""
    # Camera, worker and projector are the parallel parts; OpenCV's own threads would fight them.
    cv2.setNumThreads(1)
    with ExitStack() as closing:
        with _of_key("cities.set"):
            sets = load_city_sets(settings.cities.set)
            cities = city_names(sets)
        with _of_key("cities.city"):
            state = opening(
                cities,
                settings.cities.city,
                settings.cities.fade,
                settings.cities.shape,
                settings.output.overlay,
                Wishes(settings.inks.settle),
            )
        opened = open_joined(sets, settings.engine.side, settings.engine.name, settings.engine.threads)
        closing.callback(opened.engine.close)
        with _of_key("calibration.file"):
            calibration = _calibration(settings)
        control = OscServer(settings.control, cities, clock)
        closing.callback(control.close)
        output = HeadlessOutput(fit=settings.output.fit) if headless else ProjectorWindow(settings.output)
        closing.callback(output.close)
        before = {calibration.camera: calibration.locked} if calibration else {}
        opens = open_source(settings.camera, clock, before)
        camera = Camera(opens, clock=clock, timeout=settings.camera.timeout)
        closing.callback(camera.close)
        camera.start(FIRST_PICTURE)
        used, remark = _fitting(calibration, camera.status())
        if calibration is not None and used is None:
            # What belongs to another camera is not to be written over by this one.
            settings = replace(settings, calibration=CalibrationSettings(""))
        reader = _reader(settings, used, camera)
        # Last, since it writes over a recording that is there already.
        tape = Recorder(record, fps=settings.camera.fps, fit=settings.output.fit) if record else None
        if tape is not None:
            closing.callback(tape.close)
        control.start()
        parts = Parts(camera, reader, opened.engine, output, control, tape)
        header = (
            f"{control.describe()} · H hides this",
            *([remark] if remark else []),
            *([f"passed over: {'; '.join(opened.passed_over)}"] if opened.passed_over else []),
        )
        yield Stage(parts, state, clock, header, settings.output.inset)


def _calibration(settings: Settings) -> Calibration | None:
    """What was calibrated before, if anything."""
    file = settings.calibration.file
    return find_calibration(Path(file)) if file else None


def _fitting(calibration: Calibration | None, camera: CameraStatus) -> tuple[Calibration | None, str]:
    """The calibration if it is for this camera, and what the operator should know of it."""
    if calibration is None:
        remark = "not calibrated: the inks are those of the show file; `cities calibrate` takes yours"
        return None, remark if camera.live else ""
    made, before = f"calibrated {calibration.made:%Y-%m-%d %H:%M}", calibration.camera
    if camera.state == "opening" or before == camera.name:
        return calibration, made
    # The simulated sheet has its own inks, and a video its own sheet.
    if not camera.live or before == SIMULATED:
        return None, f"{made} in front of the {before}, hence not for this one: calibrate for it"
    return calibration, f"{made} in front of the {before}: calibrate again for this camera"


def _reader(settings: Settings, calibration: Calibration | None, camera: Camera) -> SheetReader:
    side, tolerance = settings.engine.side, settings.inks.tolerance
    if calibration is None:
        finder = SheetFinder(settings.sheet.corners)
        return SheetReader(
            side, finder, inks_of(settings.inks), tolerance, keep=_keeper(settings, camera, None)
        )
    keep = _keeper(settings, camera, calibration)
    finder = SheetFinder("auto" if calibration.corners is None else calibration.corners, unit="shares")
    return SheetReader(side, finder, calibration.inks, tolerance, calibration.white, keep)


def _keeper(settings: Settings, camera: Camera, calibration: Calibration | None) -> Keep:
    """What keeps the inks and the white that are taken during the show."""
    file = Path(settings.calibration.file) if settings.calibration.file else None
    kept = calibration

    def keep(inks: Inks, white: Rgb, inked: bool) -> None:
        nonlocal kept
        status = camera.status()
        # A white alone is no calibration: kept, it would hide the inks of the show file for ever.
        if file is None or status.size is None or not (inked or kept):
            return
        corners = kept.corners if kept else None
        made = datetime.now().astimezone()
        kept = Calibration(made, status.name, status.size, corners, inks, white, status.locked)
        write_calibration(file, kept)

    return keep


@contextmanager
def _of_key(key: str) -> Iterator[None]:
    """Name the setting in the sentence of a fault that comes of it."""
    try:
        yield
    except Fault as fault:
        raise type(fault)(f"{key}: {fault}") from None

"""Opening a show: from settings to a stage with all its parts, closed again in the reverse order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2

from calibration.file import Calibration, find_calibration
from live.camera.camera import FIRST_PICTURE, Camera
from live.camera.open import open_source
from live.clock import Clock
from live.config import Settings
from live.control.controls import controls
from live.control.hub import Hub
from live.control.osc import OscDesk
from live.finder import SheetFinder
from live.flow import Wishes
from live.keeping import Keeper, fitting
from live.output.headless import HeadlessOutput
from live.output.recorder import Recorder
from live.output.window import ProjectorWindow
from live.show import opening
from live.sketch import Keep, SheetReader, inks_of
from live.stage import Parts, Stage
from models.cityset import city_names, load_city_sets
from models.engines.joined import open_joined
from models.faults import Fault


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
            file = Path(settings.calibration.file) if settings.calibration.file else None
            calibration = None if file is None else find_calibration(file)
        hub = Hub(controls(cities, state.cues), clock)
        osc = OscDesk(settings.control, hub, clock)
        closing.callback(osc.close)
        desks = (osc,)
        for desk in desks:
            hub.attach(desk)
        output = HeadlessOutput(fit=settings.output.fit) if headless else ProjectorWindow(settings.output)
        closing.callback(output.close)
        before = {calibration.camera: calibration.locked} if calibration else {}
        opens = open_source(settings.camera, clock, before)
        camera = Camera(opens, clock=clock, timeout=settings.camera.timeout)
        closing.callback(camera.close)
        camera.start(FIRST_PICTURE)
        used, remark = fitting(calibration, camera.status())
        # What belongs to another camera is not written over by this one.
        foreign = calibration is not None and used is None
        keeper = Keeper(None if foreign else file, camera.status, used, settings.sheet.corners)
        reader = _reader(settings, used, keeper.keep)
        # Last, since it writes over a recording that is there already.
        tape = Recorder(record, fps=settings.camera.fps, fit=settings.output.fit) if record else None
        if tape is not None:
            closing.callback(tape.close)
        for desk in desks:
            desk.start()
        parts = Parts(camera, reader, opened.engine, output, hub, desks, tape=tape)
        header = (
            f"{' · '.join(desk.describe() for desk in desks)} · H hides this",
            *([remark] if remark else []),
            *([f"passed over: {'; '.join(opened.passed_over)}"] if opened.passed_over else []),
        )
        yield Stage(parts, state, clock, header, settings.output.inset)


def _reader(settings: Settings, calibration: Calibration | None, keep: Keep) -> SheetReader:
    side, tolerance = settings.engine.side, settings.inks.tolerance
    if calibration is None:
        finder = SheetFinder(settings.sheet.corners)
        return SheetReader(side, finder, inks_of(settings.inks), tolerance, keep=keep)
    finder = SheetFinder("auto" if calibration.corners is None else calibration.corners, unit="shares")
    return SheetReader(side, finder, calibration.inks, tolerance, calibration.white, keep)


@contextmanager
def _of_key(key: str) -> Iterator[None]:
    """Name the setting in the sentence of a fault that comes of it."""
    try:
        yield
    except Fault as fault:
        raise type(fault)(f"{key}: {fault}") from None

"""Opening a show: from settings to a stage with all its parts, closed again in the reverse order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2

from calibration.file import Calibration, find_calibration
from live.camera.camera import FIRST_PICTURE, Camera
from live.camera.open import open_source
from live.camera.page import PAGE, PageReader
from live.clock import Clock
from live.config import Settings
from live.control.controls import Table, controls, cue_check
from live.control.hub import Hub
from live.cues import CueList, read_cues
from live.desks import open_desks
from live.drawing import Canvas
from live.finder import SheetFinder
from live.flow import Mirror, Wishes
from live.keeping import Keeper, fitting
from live.output.headless import HeadlessOutput
from live.output.recorder import Recorder
from live.output.window import ProjectorWindow
from live.show import opening
from live.sketch import Keep, SheetReader, inks_of
from live.stage import Parts, Reader, Stage
from live.web.cities import city_cards
from live.web.page import Playbill
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
        cues, table = controls_of(settings, cities)
        with _of_key("cities.city"):
            state = opening(
                cities,
                settings.cities.city,
                settings.cities.fade,
                settings.cities.shape,
                settings.output.overlay,
                Wishes(settings.inks.settle),
                cues,
                settings.control.go_interval,
            )
        opened = open_joined(sets, settings.engine.side, settings.engine.name, settings.engine.threads)
        closing.callback(opened.engine.close)
        canvas = _canvas(settings)
        if canvas is not None:
            canvas.start()
            closing.callback(canvas.close)
        with _of_key("calibration.file"):
            file = Path(settings.calibration.file) if settings.calibration.file else None
            calibration = None if file is None else find_calibration(file)
        hub, mirror = Hub(table, clock), Mirror()
        playbill = Playbill("Invisible Cities", city_cards(sets, opened.engine), cues)
        desks, page = open_desks(settings, hub, clock, mirror, playbill, canvas, closing)
        output = HeadlessOutput(fit=settings.output.fit) if headless else ProjectorWindow(settings.output)
        closing.callback(output.close)
        before = {calibration.camera: calibration.locked} if calibration else {}
        opens = open_source(settings.camera, clock, before, canvas)
        camera = Camera(opens, clock=clock, timeout=settings.camera.timeout)
        closing.callback(camera.close)
        camera.start(FIRST_PICTURE)
        reader: Reader
        if canvas is not None:
            reader, remark = PageReader(settings.engine.side, canvas), ""
        else:
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
        parts = Parts(camera, reader, opened.engine, output, hub, desks, mirror, tape)
        header = (
            f"{' · '.join(desk.describe() for desk in desks)} · F1 keys, H hides this",
            *([remark] if remark else []),
            *([f"engines not used: {'; '.join(opened.passed_over)}"] if opened.passed_over else []),
        )
        yield Stage(parts, state, clock, header, settings.output.inset, page.qr)


def controls_of(settings: Settings, cities: tuple[str, ...]) -> tuple[CueList, Table]:
    """The cue list of a show with these cities, and the table of its controls.

    Raises UsageFault, with the place in the file, if a cue can't be meant."""
    cues = read_cues(settings.cues, cities, cue_check(cities))
    return cues, controls(cities, cues)


def _canvas(settings: Settings) -> Canvas | None:
    """What is drawn on in browsers, where the show looks at that."""
    if settings.camera.source != PAGE:
        return None
    with _of_key("page.drawing"):
        return Canvas(Path(settings.page.drawing) if settings.page.drawing else None)


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

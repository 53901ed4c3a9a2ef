"""Opening a show: from settings to a stage with all its parts, closed again in the reverse order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2

from live.camera.camera import Camera
from live.camera.open import open_source
from live.clock import Clock
from live.config import Settings
from live.control.osc import OscServer
from live.flow import Wishes
from live.output.headless import HeadlessOutput
from live.output.recorder import Recorder
from live.output.window import ProjectorWindow
from live.show import opening
from live.sketch import SheetReader
from live.stage import Parts, Stage
from models.cityset import city_names, load_city_sets
from models.engines.joined import open_joined
from models.faults import Fault

FIRST_PICTURE = 20.0
"""Seconds that a camera may take to its first picture before the show starts without it."""


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
        reader = SheetReader(settings.engine.side, settings.sheet, settings.inks)
        control = OscServer(settings.control, cities, clock)
        closing.callback(control.close)
        output = HeadlessOutput(fit=settings.output.fit) if headless else ProjectorWindow(settings.output)
        closing.callback(output.close)
        camera = Camera(open_source(settings.camera, clock), clock=clock, timeout=settings.camera.timeout)
        closing.callback(camera.close)
        camera.start(FIRST_PICTURE)
        # Last, since it writes over a recording that is there already.
        tape = Recorder(record, fps=settings.camera.fps, fit=settings.output.fit) if record else None
        if tape is not None:
            closing.callback(tape.close)
        control.start()
        parts = Parts(camera, reader, opened.engine, output, control, tape)
        header = (
            f"{control.describe()} · H hides this",
            *([f"passed over: {'; '.join(opened.passed_over)}"] if opened.passed_over else []),
        )
        yield Stage(parts, state, clock, header, settings.output.inset)


@contextmanager
def _of_key(key: str) -> Iterator[None]:
    """Name the setting in the sentence of a fault that comes of it."""
    try:
        yield
    except Fault as fault:
        raise type(fault)(f"{key}: {fault}") from None

"""What becomes of a drawing: the camera's picture, what is read of it, and the same map as every city."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from live.camera.simulated import SimulatedSheet
from live.config import InkSettings, load_settings
from live.finder import SheetFinder
from live.flow import Frame
from live.mix import of_city
from live.pictures import write_picture
from live.sketch import SheetReader, inks_of
from models.cityset import city_names, load_city_sets
from models.engines.joined import open_joined
from models.evaluation.drawings import drawings
from models.evaluation.sheet import contact_sheet
from models.palette import paint

MOMENTS: Final = (0.2, 0.5, 1.0)
"""Which of its frames are shown, as shares of the time that a drawing takes."""


def bench_contact(path: Path, side: int, drawing: str = "town", seed: int = 1) -> dict[str, Any]:
    """Write a picture with a row for each moment: camera | labels | each city of the configured set."""
    settings = load_settings(None)
    sets = load_city_sets(settings.cities.set)
    names = city_names(sets)
    sheet = SimulatedSheet(drawing, seed)
    # A little later, when it has settled.
    moments = [share * sheet.finished_after + 0.6 for share in MOMENTS]
    fps = 15.0
    reader = SheetReader(side, SheetFinder("auto"), inks_of(InkSettings()))
    rows: list[NDArray[np.uint8]] = []
    with closing(open_joined(sets, side, settings.engine.name).engine) as engine:
        for number in track(
            range(round((moments[-1] + 0.2) * fps)), drawing, console=Console(stderr=True), transient=True
        ):
            now = number / fps
            picture = sheet.render(now)
            reading = reader.read(Frame(picture, number + 1, now))
            if len(rows) == len(moments) or now < moments[len(rows)]:
                continue
            width = round(side * picture.shape[1] / picture.shape[0])
            camera = cv2.resize(picture, (width, side), interpolation=cv2.INTER_AREA)[:, :, ::-1]
            cities = [
                engine.render(reading.labels, of_city(n, len(names)).weights) for n in range(len(names))
            ]
            rows.append(np.hstack([camera.astype(np.uint8), paint(reading.labels), *cities]))
    write_picture(path, np.vstack(rows))
    return {"written": str(path), "drawing": drawing, "seed": seed, "cities": names}


def bench_drawings(path: Path, side: int) -> dict[str, Any]:
    """Write a picture with a row for each of the drawings that cities are judged by
    (`models.evaluation.drawings`): labels | each city of the configured set."""
    settings = load_settings(None)
    sets = load_city_sets(settings.cities.set)
    names = city_names(sets)
    rows: list[tuple[str, list[NDArray[np.uint8]]]] = []
    with closing(open_joined(sets, side, settings.engine.name).engine) as engine:
        for kind, labels in drawings(side).items():
            cities = [engine.render(labels, of_city(n, len(names)).weights) for n in range(len(names))]
            rows.append((kind, [paint(labels), *cities]))
    write_picture(path, contact_sheet(["drawing", *names], rows))
    return {"written": str(path), "drawings": [kind for kind, _ in rows], "cities": names}

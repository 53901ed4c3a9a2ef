"""`cities evaluate`: how good a city set is, in figures and on a contact sheet."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from models.cityset import CitySet, load_city_set, write_card
from models.evaluation.crops import load_crops
from models.evaluation.evaluate import CityFigures, Evaluation, evaluate
from models.evaluation.metrics import Consistency, Distance
from models.faults import InputFault, UsageFault
from models.training.sources import load_sources


def parser() -> argparse.ArgumentParser:
    """The options of `cities evaluate`."""
    p = argparse.ArgumentParser(
        prog="cities evaluate",
        description="Judge a city set by pairs of map and photograph that it wasn't trained on: how far "
        "its pictures are from photographs as a whole (kernel distance × 1000, 0 is best), whether a "
        "segmenter reads the map back from them (IoU, 1 is best), how different its cities are, and how "
        "still the far corner keeps while a stroke is drawn.",
    )
    p.add_argument("--set", default="small", metavar="SET", help="a shipped city set, or the folder of one")
    p.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a folder a city, with images/ and labels/",
    )
    p.add_argument(
        "--sources",
        type=Path,
        metavar="FILE",
        help="TOML file that says how much to magnify each city's pictures; else as the card has it",
    )
    p.add_argument(
        "--reference",
        type=Path,
        metavar="FOLDER",
        help="networks of `cities train --reference`, CITY.safetensors, to be judged beside it",
    )
    p.add_argument("--side", type=int, default=256, metavar="N", help="pixels of a crop's side (256)")
    p.add_argument("--contact", type=Path, metavar="FILE", help="write a contact sheet (.png or .jpg)")
    p.add_argument("--card", action="store_true", help="write the figures into the set's card")
    p.add_argument("--threads", type=int, default=1, metavar="N", help="CPU threads (1)")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities evaluate`; returns the exit code, raises Fault for what a person can mend."""
    args = parser().parse_args(argv)
    if args.side % 32 or not 128 <= args.side <= 1024:
        raise UsageFault(f"--side {args.side} must be a multiple of 32 from 128 to 1024")
    if args.reference and args.side % 256:
        raise UsageFault(f"--side {args.side}: the reference renders sides that are multiples of 256")
    if args.threads < 1:
        raise UsageFault(f"--threads {args.threads} must be 1 or more")
    if args.contact and args.contact.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageFault(f"--contact {args.contact} must end in .png or .jpg")
    if args.contact and not args.contact.parent.is_dir():
        raise UsageFault(f"--contact {args.contact}: there is no folder {args.contact.parent}; make it")
    city_set = load_city_set(args.set)
    if args.card and not os.access(city_set.folder, os.W_OK):
        raise InputFault(f"--card: {city_set.folder} can't be written to; copy the set elsewhere")
    zooms = _zooms(city_set, args.sources)
    cities = load_crops(city_set, args.data, zooms, args.side)
    with Console(stderr=True).status("reading") as status:
        evaluation = evaluate(
            city_set, cities, args.reference, args.side, args.threads, lambda word: status.update(word)
        )
    if args.contact:
        _write(args.contact, evaluation.sheet)
    figures = as_json(evaluation)
    if args.card:
        metrics = {**city_set.card.metrics, "evaluation": figures}
        write_card(dataclasses.replace(city_set.card, metrics=metrics), city_set.folder)
    if args.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        _print(evaluation)
    return 0


def _zooms(city_set: CitySet, sources: Path | None) -> dict[str, float]:
    """By how much the pictures of each city are to be magnified, as in its training."""
    if sources is not None:
        return {source.folder: source.zoom for source in load_sources(sources).cities}
    zooms = city_set.card.training.get("zoom")
    if not isinstance(zooms, dict):
        return {}
    return {name: float(zoom) for name, zoom in zooms.items() if isinstance(zoom, int | float) and zoom > 0}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """The figures as JSON has them, without the contact sheet."""
    figures: dict[str, Any] = _rounded(dataclasses.asdict(dataclasses.replace(evaluation, sheet=_NOTHING)))
    del figures["sheet"]
    return figures


_NOTHING: NDArray[np.uint8] = np.zeros((0, 0, 3), dtype=np.uint8)


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _write(path: Path, sheet: NDArray[np.uint8]) -> None:
    data = cv2.imencode(path.suffix, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputFault(f"--contact {path} can't be written ({error.strerror})") from None


_TITLES: Final = (
    *("distance\nours", "\nref.", "\nfloor"),
    *("IoU\nours", "\nref.", "\nreal"),
    *("acc.\nours", "\nref.", "\nreal"),
)


def _print(evaluation: Evaluation) -> None:
    console = Console()
    console = Console(width=max(console.width, 100))  # a table that is folded can't be read
    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for title in ("\ncity", "\ncrops", *_TITLES):
        table.add_column(title, justify="left" if title == "\ncity" else "right", no_wrap=True)
    for city, figures in evaluation.cities.items():
        table.add_row(city, str(figures.crops), *_cells(figures))
    console.print(f"{evaluation.set} at side {evaluation.side}, {evaluation.engine}")
    console.print(table)
    for name, figure in (("diversity", evaluation.diversity), ("stability", evaluation.stability)):
        for kind in ("ours", "reference"):
            if figure is not None and (one := getattr(figure, kind)) is not None:
                words = ", ".join(f"{k} {_rounded(v)}" for k, v in dataclasses.asdict(one).items())
                console.print(f"{name} {kind}: {words}")


def _cells(figures: CityFigures) -> list[str]:
    distance, read = figures.distance, figures.consistency
    return [
        *(_distance(one) for one in (distance.ours, distance.reference, distance.floor)),
        *(_share(one, "iou") for one in (read.ours, read.reference, read.real)),
        *(_share(one, "accuracy") for one in (read.ours, read.reference, read.real)),
    ]


def _distance(distance: Distance | None) -> str:
    return f"{distance.value:.0f}" if distance else "–"


def _share(read: Consistency | None, key: str) -> str:
    return f"{getattr(read, key):.3f}" if read else "–"

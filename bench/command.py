"""`cities bench`: what this machine makes of the show and of the generator, measured."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.contact import bench_contact, bench_drawings
from bench.generator import bench_generator
from bench.reading import bench_reading
from bench.show import bench_show
from live.camera.drawings import DRAWING_NAMES
from live.cli import positive
from live.config import load_settings
from models.engines import ENGINES


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities bench …`; returns the exit code."""
    p = argparse.ArgumentParser(prog="cities bench", description=__doc__)
    benches = p.add_subparsers(required=True, metavar="BENCH")
    show = benches.add_parser("show", help="the whole show, end to end, without a window")
    show.add_argument("--side", type=int, default=512, metavar="N", help="pixels of the side (512)")
    show.add_argument(
        "--seconds", type=positive, default=60.0, metavar="S", help="how long to measure (60)"
    )
    show.add_argument(
        "--camera",
        default="simulated",
        metavar="C",
        help="any camera; the simulated sheet if none is given",
    )
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(run=lambda a: bench_show(a.side, a.seconds, a.camera))
    generator = benches.add_parser("generator", help="one picture, by every engine of this machine in turn")
    generator.add_argument("--side", type=int, default=512, metavar="N", help="pixels of the side (512)")
    generator.add_argument(
        "--rounds", type=int, default=50, metavar="R", help="pictures by each engine (50)"
    )
    generator.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        action="append",
        help="all of this machine if none is given",
    )
    generator.add_argument(
        "--reference",
        action="store_true",
        help="also the classic pix2pix U-Net in PyTorch eager, in the same rounds (needs the train extra)",
    )
    generator.add_argument("--json", action="store_true", help="print one JSON object")
    generator.set_defaults(
        run=lambda a: bench_generator(
            _side(a.side), max(1, a.rounds), a.engine or tuple(ENGINES), reference=a.reference
        )
    )
    reading = benches.add_parser("reading", help="how well and how fast the simulated sheet is read")
    reading.add_argument(
        "--drawing", choices=DRAWING_NAMES, action="append", help="all of them if none is given"
    )
    reading.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="the chance of the drawings (1)"
    )
    reading.add_argument("--side", type=int, default=256, metavar="N", help="pixels of the side (256)")
    reading.add_argument("--fps", type=positive, default=30.0, metavar="F", help="frames a second (30)")
    reading.add_argument(
        "--seconds", type=positive, default=0.0, metavar="S", help="of each drawing; all if not given"
    )
    reading.add_argument("--json", action="store_true", help="print one JSON object")
    reading.set_defaults(
        run=lambda a: bench_reading(a.drawing or DRAWING_NAMES, a.seed, _side(a.side), a.fps, a.seconds)
    )
    contact = benches.add_parser(
        "contact", help="a picture of the simulated sheet, its labels and every city"
    )
    contact.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    contact.add_argument("--side", type=int, default=512, metavar="N", help="pixels of the side (512)")
    contact.add_argument("--json", action="store_true", help="print one JSON object")
    contact.add_argument(
        "--drawings", action="store_true", help="instead, drawings of many kinds and every city"
    )
    contact.set_defaults(
        run=lambda a: (bench_drawings if a.drawings else bench_contact)(a.output, _side(a.side))
    )
    args = p.parse_args(argv)
    run: Callable[[argparse.Namespace], Mapping[str, Any]] = args.run
    result = run(args)
    print(json.dumps(result, indent=None if args.json else 2, ensure_ascii=False))
    return 0


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number, 0 or more")
    return int(text)


def _side(side: int) -> int:
    """The side, if a show can have it."""
    return load_settings(None, {"engine.side": side}).engine.side

"""`cities bench`: what this machine makes of the show and of the generator, measured."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.conditions import MATRIX
from bench.contact import bench_contact, bench_drawings
from bench.control import PARTS, bench_control
from bench.digits import for_json
from bench.generator import bench_generator
from bench.reading import bench_reading, whole
from bench.show import bench_show
from bench.table import write_table
from live.camera.drawings import DRAWING_NAMES
from live.cli import positive
from live.config import load_settings
from models.engines import ENGINES
from models.faults import InputFault


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities bench …`; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
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
    reading = benches.add_parser(
        "reading", help="how well and how fast the simulated sheet is read, under many conditions"
    )
    which = reading.add_mutually_exclusive_group()
    which.add_argument(
        "--condition",
        choices=[case.name for case in MATRIX],
        action="append",
        metavar="NAME",
        help="only this condition of the matrix (may be given several times)",
    )
    which.add_argument(
        "--drawing",
        choices=DRAWING_NAMES,
        action="append",
        help="instead, this whole drawing under the usual conditions, from the empty sheet on",
    )
    reading.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="the chance of the drawings (1)"
    )
    reading.add_argument("--side", type=int, default=512, metavar="N", help="pixels of the side (512)")
    reading.add_argument("--fps", type=positive, default=30.0, metavar="F", help="frames a second (30)")
    reading.add_argument(
        "--seconds", type=positive, metavar="S", help="judged of each stretch; all of it if not given"
    )
    reading.add_argument(
        "--table", type=Path, metavar="FILE", help="write the figures as a Markdown table as well"
    )
    reading.add_argument("--json", action="store_true", help="print one JSON object")
    reading.set_defaults(run=lambda a: _reading(a, shlex.join(["cities", "bench", *words])))
    control = benches.add_parser(
        "control", help="how quickly and how steadily the show is steered, by real messages from elsewhere"
    )
    control.add_argument("--side", type=int, default=512, metavar="N", help="pixels of the side (512)")
    control.add_argument(
        "--seconds",
        type=positive,
        default=60.0,
        metavar="S",
        help="of each way in, of the flood and of each client of the page (60)",
    )
    control.add_argument(
        "--only", choices=PARTS, action="append", help="only this part (may be given several times)"
    )
    control.add_argument("--json", action="store_true", help="print one JSON object")
    control.set_defaults(run=lambda a: bench_control(_side(a.side), a.seconds, a.only or PARTS))
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
    args = p.parse_args(words)
    run: Callable[[argparse.Namespace], Mapping[str, Any]] = args.run
    result = run(args)
    print(json.dumps(result, indent=None if args.json else 2, ensure_ascii=False))
    return 0


def _reading(args: argparse.Namespace, command: str) -> Mapping[str, Any]:
    if args.table and not args.table.absolute().parent.is_dir():  # told now, not minutes later
        raise InputFault(f"{args.table} can't be written; give a file in a folder that exists")
    if args.drawing:
        cases = [whole(name, args.seed) for name in args.drawing]
    else:
        cases = [case for case in MATRIX if not args.condition or case.name in args.condition]
    if args.seconds:
        cases = [replace(case, seconds=args.seconds) for case in cases]
    result = bench_reading(cases, args.seed, _side(args.side), args.fps)
    if args.table:
        write_table(args.table, result, command)
    printed: Mapping[str, Any] = for_json(result)
    return printed


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number, 0 or more")
    return int(text)


def _side(side: int) -> int:
    """The side, if a show can have it."""
    return load_settings(None, {"engine.side": side}).engine.side

"""`cities bench`: what this machine makes of the show and of the generator, measured."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.generator import bench_generator
from bench.show import bench_show
from live.cli import seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities bench …`; returns the exit code."""
    p = argparse.ArgumentParser(prog="cities bench", description=__doc__)
    benches = p.add_subparsers(required=True, metavar="BENCH")
    show = benches.add_parser("show", help="the whole show, end to end, without a window")
    show.add_argument(
        "--side", type=int, default=256, metavar="N", help="pixels of the side (256)"
    )
    show.add_argument(
        "--seconds", type=seconds, default=60.0, metavar="S", help="how long to measure (60)"
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
    generator.add_argument(
        "--side", type=int, default=256, metavar="N", help="pixels of the side (256)"
    )
    generator.add_argument(
        "--rounds", type=int, default=50, metavar="R", help="pictures by each engine (50)"
    )
    generator.add_argument("--json", action="store_true", help="print one JSON object")
    generator.set_defaults(run=lambda a: bench_generator(a.side, max(1, a.rounds)))
    args = p.parse_args(argv)
    run: Callable[[argparse.Namespace], Mapping[str, Any]] = args.run
    result = run(args)
    print(json.dumps(result, indent=None if args.json else 2, ensure_ascii=False))
    return 0

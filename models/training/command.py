"""`cities train`: the training loop as a person runs it."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.generator import SIZES
from models.training.export import export_set, make_folder
from models.training.pairs import LARGEST_CROP, CityPairs, load_city
from models.training.patterns import quilt_patterns
from models.training.quantize import quantize_set
from models.training.reference import FOLDER, ReferenceTraining
from models.training.reference import SIDE as REFERENCE_SIDE
from models.training.segmenter import SegmenterTraining
from models.training.sources import SHIPPED_SOURCES, SetSources, load_sources
from models.training.train import Training, TrainingOptions


def parser() -> argparse.ArgumentParser:
    """The options of `cities train`."""
    defaults = TrainingOptions()
    p = argparse.ArgumentParser(
        prog="cities train",
        description="Train one network for all cities of a data folder and write the city set to OUT/set. "
        "A training that is started again with the same OUT goes on where its last checkpoint was.",
    )
    p.add_argument(
        "--data",
        type=Path,
        required=True,
        help="a folder a city, with images/ and labels/",
    )
    p.add_argument(
        "--out", type=Path, required=True, help="checkpoint, contact sheet and the finished set go here"
    )
    p.add_argument(
        "--sources", type=Path, default=SHIPPED_SOURCES, help="TOML file that names the cities and licences"
    )
    p.add_argument(
        "--minutes",
        type=float,
        default=defaults.minutes,
        help="how long to train, in minutes of one core; 0 only writes the set",
    )
    p.add_argument(
        "--size",
        type=_width,
        default=defaults.width,
        metavar="SIZE",
        dest="width",
        help="small for a CPU on stage (the default), large for a GPU, or any number of channels",
    )
    instead = p.add_mutually_exclusive_group()
    instead.add_argument(
        "--reference",
        action="store_true",
        help="train the classic pix2pix instead, a network a city, each for --minutes, into OUT/reference",
    )
    instead.add_argument(
        "--segmenter",
        action="store_true",
        help="train the segmenter of `cities evaluate` instead, for --minutes, into the file OUT",
    )
    p.add_argument(
        "--batch", type=int, default=defaults.batch, help="crops a step, half of them with patterns"
    )
    p.add_argument("--crop", type=int, default=defaults.crop, help="side of a crop, a multiple of 32")
    p.add_argument("--seed", type=int, default=defaults.seed)
    p.add_argument(
        "--threads", type=int, default=defaults.threads, help="CPU threads; 0 leaves it to torch"
    )
    return p


def _width(text: str) -> int:
    if text in SIZES:
        return SIZES[text]
    if not text.isdecimal() or int(text) % 2 or not 8 <= int(text) <= 512:
        raise argparse.ArgumentTypeError(
            f"{text} is neither {' nor '.join(SIZES)} nor an even number from 8 to 512"
        )
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities train`; returns the exit code, raises Fault for what a person can mend."""
    p = parser()
    args = p.parse_args(argv)
    if args.crop % 32 or not 64 <= args.crop <= LARGEST_CROP:
        p.error(f"--crop {args.crop} must be a multiple of 32 from 64 to {LARGEST_CROP}")
    if not 0 <= args.seed < 1 << 32:
        p.error(f"--seed {args.seed} must be from 0 to {(1 << 32) - 1}")
    if not 0 <= args.minutes < math.inf or args.batch < 2 or args.threads < 0:
        p.error("--minutes and --threads must not be negative, --batch at least 2")
    if args.segmenter and (args.out.suffix != ".onnx" or args.out.is_dir()):
        p.error(f"--out {args.out}: of a segmenter, it is the file to be written, and ends in .onnx")
    sources = load_sources(args.sources)
    options = replace(
        TrainingOptions(),
        minutes=args.minutes,
        width=args.width,
        batch=args.batch,
        crop=args.crop,
        seed=args.seed,
        threads=args.threads,
    )
    cv2.setNumThreads(1)  # torch has the cores
    smallest = REFERENCE_SIDE if args.reference or args.segmenter else args.crop
    cities = [
        load_city(args.data / s.folder, s.zoom, smallest=smallest, held_out=s.held_out)
        for s in sources.cities
    ]
    if args.segmenter:
        make_folder(args.out.parent, "--out")
        _train_segmenter(cities, sources, args.out, args.minutes, args.threads)
        return 0
    make_folder(args.out, "--out")
    if args.reference:
        _train_references(cities, args.out / FOLDER, args.minutes, args.threads)
        return 0
    patterns = np.stack([quilt_patterns(city.train) for city in cities])
    training = Training(cities, patterns, args.out, options)
    for city in cities:
        print(f"{city.city}: {len(city.train)} pairs to train on, {len(city.held_out)} held out")
    _train(training, args.minutes)
    card = export_set(
        training.averaged.eval(),
        patterns,
        sources,
        {
            "minutes": round(training.trained_minutes, 1),
            "steps": training.step,
            "batch": options.batch,
            "crop": options.crop,
            "cpu_cores": os.cpu_count(),
            "zoom": {source.folder: source.zoom for source in sources.cities},
            "trained_on": {c.city: [pair.name for pair in c.train] for c in cities},
            "held_out": {c.city: [pair.name for pair in c.held_out] for c in cities},
        },
        args.out / "set",
    )
    gate = quantize_set(args.out / "set", cities)
    print(f"in 8-bit integers: {gate.sentence}")
    print(f"{args.out / 'set'}: {card.parameters / 1e6:.1f} M parameters, {len(card.cities)} cities")
    print(f"See it: cities live --set {args.out / 'set'}")
    return 0


def _train_references(cities: Sequence[CityPairs], folder: Path, minutes: float, threads: int) -> None:
    if threads:
        torch.set_num_threads(threads)
    for city in cities:
        training = ReferenceTraining(city)
        with _progress() as progress:
            training.run(minutes, folder, _reporter(progress, minutes))
        print(
            f"{city.city}: {training.step} steps in {training.minutes:.1f} minutes of one core", flush=True
        )


def _train_segmenter(
    cities: Sequence[CityPairs], sources: SetSources, path: Path, minutes: float, threads: int
) -> None:
    if threads:
        torch.set_num_threads(threads)
    training = SegmenterTraining(cities)
    with _progress() as progress:
        training.run(minutes, _reporter(progress, minutes))
    training.save(path, sources)
    print(f"{path}: {training.step} steps in {training.minutes:.1f} minutes of one core")


def _train(training: Training, minutes: float) -> None:
    with _progress() as progress:
        training.run(_reporter(progress, minutes, training.trained_minutes))


def _progress() -> Progress:
    return Progress(
        TextColumn("step {task.fields[step]}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
    )


def _reporter(
    progress: Progress, minutes: float, begun: float = 0.0
) -> Callable[[int, float, dict[str, float]], None]:
    task = progress.add_task("training", total=minutes, step=0, losses="")

    def report(step: int, trained: float, losses: dict[str, float]) -> None:
        text = " ".join(f"{name} {value:.2f}" for name, value in losses.items())
        progress.update(task, completed=trained - begun, step=step, losses=text)

    return report

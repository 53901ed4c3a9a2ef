"""The command line: `cities live`, `cities sketch`, `cities render` and the others.

Exit codes: 0 all is well, 2 the command line or the configuration can't be meant, 3 a file is missing,
broken or not what was asked for, 4 something of this machine can't be had (camera, display, port, engine),
130 interrupted at other work than a running show.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import numpy as np

from calibration.inks import Inks
from calibration.layout import PAPERS
from live import __version__
from live.clock import MonotonicClock
from live.config import Settings, default_show_path, dump_settings, load_settings
from live.control.keys import key_help
from live.mix import Mix, mix_field, of_city
from live.pictures import map_share, read_map, read_picture, write_picture
from live.show import find_city
from models.cityset import SHIPPED, city_names, load_city_set, load_city_sets, shipped_sets
from models.faults import DeviceFault, Fault, InputFault, UsageFault
from models.palette import CLASS_NAMES, paint


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal has a · or any name of a file
    try:
        code = _run(arguments)
        sys.stdout.flush()  # here, where it is known what to do if nobody reads it
        return code
    except Fault as fault:
        print(f"cities: {fault}", file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `cities config | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("cities: there is no space left where this was to be written; make some", file=sys.stderr)
        return InputFault.exit_code


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in _WITH_TORCH:
        return _with_torch(*arguments)
    if arguments[:1] == ["bench"]:
        from bench.command import main as bench

        return bench(arguments[1:])
    args = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = args.run
    return run(args)


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="cities",
        description="A drawing under a camera becomes a city on the projector, live.",
        epilog="exit codes: 2 bad usage or configuration, 3 bad file, 4 no camera, display, port or "
        "engine, 130 interrupted",
    )
    p.add_argument("--version", action="version", version=f"cities {__version__}")
    commands = p.add_subparsers(required=True, metavar="COMMAND")

    live = commands.add_parser("live", help="run the show")
    _show_option(live)
    live.add_argument(
        "--camera", metavar="C", help="auto, simulated, page, a number, a name, a file or an address"
    )
    _set_option(live)
    live.add_argument("--city", metavar="NAME", help="the city at the start")
    live.add_argument(
        "--headless", action="store_true", help="no window: for tests, recordings and remote machines"
    )
    live.add_argument("--window", action="store_true", help="a window on the desktop, not fullscreen")
    live.add_argument("--seconds", type=positive, metavar="N", help="end after so many seconds")
    live.add_argument("--record", type=Path, metavar="FILE", help="record what is shown to an .mp4")
    ports = live.add_mutually_exclusive_group()
    ports.add_argument("--osc-port", type=int, metavar="P", help="UDP and TCP port for OSC")
    ports.add_argument(
        "--free-ports",
        action="store_true",
        help="any free ports, for a second show on this machine",
    )
    live.add_argument(
        "--network",
        action="store_true",
        help="let other machines open the page (with the token in its code) and steer by OSC",
    )
    live.set_defaults(run=_live)

    sheet = commands.add_parser("sheet", help="a PDF to print: the sheet to draw on, and a legend")
    sheet.add_argument("-o", "--output", type=Path, required=True, metavar="SHEET.pdf")
    sheet.add_argument(
        "--format", type=str.lower, choices=tuple(PAPERS), default="a4", help="of the paper (a4)"
    )
    sheet.set_defaults(run=_write_sheet)

    sketch = commands.add_parser(
        "sketch", help="read a photograph of a drawing as a map in the five flat colours"
    )
    sketch.add_argument("photo", type=Path)
    sketch.add_argument("-o", "--output", type=Path, required=True, metavar="LABELS.png")
    sketch.add_argument("--side", type=_side, default=512, metavar="N", help="pixels of the map (512)")
    _sheet_option(sketch)
    _ink_options(sketch)
    _show_option(sketch)
    sketch.set_defaults(run=_sketch)

    render = commands.add_parser("render", help="render a photograph of a drawing, or a map, as a city")
    render.add_argument("photo", type=Path)
    what = render.add_mutually_exclusive_group(required=True)
    what.add_argument("--city", metavar="NAME")
    what.add_argument(
        "--mix", metavar="NAME=SHARE,…", help="a place in between cities, such as dubai=0.5,las-vegas=0.5"
    )
    render.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png")
    render.add_argument("--labels", action="store_true", help="the input is a map in the five flat colours")
    render.add_argument("--side", type=_side, metavar="N", help="pixels of the picture's longer side")
    _set_option(render)
    _sheet_option(render)
    _ink_options(render)
    _show_option(render)
    render.set_defaults(run=_render)

    calibrate = commands.add_parser(
        "calibrate", help="set up sheet, light and inks in one guided pass in the projector's window"
    )
    _show_option(calibrate)
    calibrate.add_argument("--camera", metavar="C", help="as for live")
    calibrate.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of calibration.file")
    where = calibrate.add_mutually_exclusive_group()
    where.add_argument("--window", action="store_true", help="a window on the desktop, not fullscreen")
    where.add_argument(
        "--auto", action="store_true", help="no window: all by itself, from the swatches of a printed sheet"
    )
    calibrate.set_defaults(run=_calibrate)

    listing = commands.add_parser("list", help="the city sets and their cities")
    listing.add_argument("--json", action="store_true")
    _set_option(listing)
    listing.set_defaults(run=_list)

    table = commands.add_parser("controls", help="all controls: OSC addresses, keys, MIDI")
    _show_option(table)
    table.set_defaults(run=_controls)

    config = commands.add_parser("config", help="print the whole effective configuration as TOML")
    _show_option(config)
    config.set_defaults(run=_config)

    # These take their own options, and are only imported when they are asked for.
    commands.add_parser("train", help="train a city set (needs the train extra)", add_help=False)
    commands.add_parser(
        "import", help="bring a pix2pix of your own as a city set (needs the train extra)", add_help=False
    )
    commands.add_parser(
        "evaluate", help="judge a city set by photographs (needs the train extra)", add_help=False
    )
    commands.add_parser("bench", help="measure the show or the generator", add_help=False)
    return p


def _show_option(p: argparse.ArgumentParser) -> None:
    p.add_argument("--show", type=Path, metavar="F", help="the show's configuration (show.toml)")


def _set_option(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--set",
        action="append",
        metavar="SET",
        help="a shipped city set, or the folder of one; give it again for further sets beside it",
    )


def _sheet_option(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--sheet",
        type=_sheet,
        default="auto",
        metavar="S",
        help="auto, whole (the photograph is the sheet), or its corners x1,y1,…,x4,y4 in pixels, "
        "clockwise from the top left",
    )


def _ink_options(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--inks",
        type=Path,
        metavar="FILE",
        help="a .toml file whose table [inks] has the colours of the drawing, such as a calibration; "
        "without it they are learnt from the photograph",
    )
    p.add_argument(
        "--ink",
        type=_ink,
        action="append",
        default=[],
        metavar="CLASS=#rrggbb",
        help=f"the colour of one class ({', '.join(CLASS_NAMES)}) in the drawing; give it again for others",
    )


def positive(text: str) -> float:
    """An option that is a time or a rate."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _side(text: str) -> int:
    value = int(text)
    if not 32 <= value <= 2048:
        raise argparse.ArgumentTypeError(f"{text} is not a number of pixels from 32 to 2048")
    return value


def _ink(text: str) -> tuple[int, tuple[int, int, int]]:
    name, _, colour = text.partition("=")
    if name.strip() not in CLASS_NAMES or not re.fullmatch(r"#[0-9a-fA-F]{6}", colour.strip()):
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r} is not one of {', '.join(CLASS_NAMES)} with a colour, such as water=#3a7bd5"
        )
    red, green, blue = bytes.fromhex(colour.strip()[1:])
    return CLASS_NAMES.index(name.strip()), (red, green, blue)


def _sheet(text: str) -> Any:
    if text in ("auto", "whole"):
        return text
    numbers = re.split(r"[,;\s]+", text.strip())
    try:
        values = [float(n) for n in numbers]
    except ValueError:
        values = []
    if len(values) != 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not auto, whole or eight numbers x1,y1,…,x4,y4")
    return tuple(zip(values[::2], values[1::2], strict=True))


def _live(args: argparse.Namespace) -> int:
    overrides: dict[str, object] = {
        "camera.source": args.camera,
        "cities.set": args.set,
        "cities.city": args.city,
        "control.osc_port": 0 if args.free_ports else args.osc_port,
        "control.oscquery_port": 0 if args.free_ports else None,
        "page.port": 0 if args.free_ports else None,
        "control.osc_host": "0.0.0.0" if args.network else None,
        "page.host": "0.0.0.0" if args.network else None,
        "output.fullscreen": False if args.window else None,
    }
    settings = _settings(args.show, overrides)
    # A stop from outside is always heard: after modules have been imported (an exception that is raised
    # meanwhile may be lost in one of them); while devices are opened or closed it interrupts that; and a
    # show that runs ends as by the quit key.
    stops: list[object] = []
    with _on_stop(lambda number, _: stops.append(number)):
        from live.opening import opened_show
    if stops:
        raise KeyboardInterrupt
    with _on_stop(signal.default_int_handler), ExitStack() as closing:
        opening = opened_show(settings, MonotonicClock(), headless=args.headless, record=args.record)
        stage = closing.enter_context(opening)
        closing.enter_context(_on_stop(lambda *_: stage.stop()))
        print(
            stage.greeting,
            *([] if args.headless else key_help(stage.parts.hub.table)),
            *_way_in(stage.parts.desks),
            sep="\n",
            flush=True,
        )
        stage.run(args.seconds)
        measured = stage.measured()
    print(f"shown {measured.shown} pictures, {measured.dropped} dropped, {measured.fps:.1f} fps at the end")
    return 0


def _way_in(desks: Sequence[object]) -> list[str]:
    """For who started the show: the address by which other machines open the page, with its token."""
    from live.web.page import PageDesk

    return [f"from other machines: {d.url}" for d in desks if isinstance(d, PageDesk) and d.is_public]


@contextmanager
def _on_stop(handle: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Meanwhile, let Ctrl+C, SIGTERM and the closing of the terminal call this."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP"):  # Windows has none
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _calibrate(args: argparse.Namespace) -> int:
    from calibration.file import check_place
    from live.calibrate.guide import calibrate

    overrides = {"camera.source": args.camera, "output.fullscreen": False if args.window else None}
    settings = _settings(args.show, overrides)
    file = args.output or (Path(settings.calibration.file) if settings.calibration.file else None)
    if file is None:
        raise UsageFault("calibration.file is empty: give the file to calibrate into by -o FILE")
    try:
        check_place(file)  # now, and not after all the work
    except InputFault as fault:
        raise InputFault(f"{'-o' if args.output else 'calibration.file'}: {fault}") from None
    with _on_stop(signal.default_int_handler):
        said = calibrate(settings, file, MonotonicClock(), by_itself=args.auto)
    print(said or "left without saving")
    return 0


def _write_sheet(args: argparse.Namespace) -> int:
    from calibration.printed import write_sheet
    from live.camera.drawings import drawing

    write_sheet(args.output, args.format, drawing("town", seed=1))
    print(f"{args.output}: print it at 100 %, landscape, on white {args.format.capitalize()} paper")
    return 0


def _sketch(args: argparse.Namespace) -> int:
    _check_output(args)
    labels = _read_drawing(args, args.side)
    write_picture(args.output, paint(labels))
    return 0


def _render(args: argparse.Namespace) -> int:
    from live.render import render_map

    _check_output(args)
    settings = _settings(args.show, {"cities.set": args.set})
    sets = load_city_sets(settings.cities.set)
    names = city_names(sets)
    mix = (
        _mix_of(args.mix, names)
        if args.mix is not None
        else of_city(find_city(names, args.city), len(names))
    )
    if args.labels:
        labels = read_map(args.photo)
        if args.side:
            scale = args.side / max(labels.shape)
            size = (max(1, round(labels.shape[1] * scale)), max(1, round(labels.shape[0] * scale)))
            scaled = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
            labels = np.asarray(scaled, np.uint8)
    else:
        labels = _read_drawing(args, args.side or settings.engine.side)
    write_picture(args.output, render_map(sets, mix, labels, settings.engine.name))
    return 0


def _mix_of(text: str, cities: Sequence[str]) -> Mix:
    """The mix that an option means; the shares needn't be of 1."""
    weights = np.zeros(len(cities))
    for part in text.split(","):
        name, _, share = part.rpartition("=")
        if not re.fullmatch(r"\d{1,9}(\.\d*)?|\.\d+", share.strip()):
            example = ",".join(f"{city}=0.5" for city in cities[:2])
            raise UsageFault(
                f"--mix {text[:80]!r} is no list of cities with a share each, such as {example}"
            )
        weights[find_city(cities, name.strip())] += float(share)
    if not weights.sum() > 0.0:
        raise UsageFault(f"--mix {text[:80]!r} gives no city a share above 0")
    return Mix.of(mix_field(weights / weights.sum()))


def _check_output(args: argparse.Namespace) -> None:
    if args.output.exists() and args.photo.exists() and args.output.samefile(args.photo):
        raise UsageFault(f"-o {args.output} would write over the picture that is read; give another name")


def _read_drawing(args: argparse.Namespace, side: int) -> Any:
    from live.photo import read_photo

    inks, known = _inks_of(args)
    rgb = read_picture(args.photo)
    if args.sheet == "auto" and rgb.min() < rgb.max() and map_share(rgb) > 0.98:
        raise InputFault(
            f"{args.photo} is a map in flat colours, not a photograph; render it by --labels, or read it "
            "as a sheet by --sheet whole"
        )
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    reading = read_photo(bgr, side, args.sheet, inks, known, name=str(args.photo))
    if reading.note:
        print(f"cities: {reading.note}", file=sys.stderr)
    return reading.labels


def _inks_of(args: argparse.Namespace) -> tuple[Inks, set[int]]:
    """The inks to be expected, and the classes of those that were given for this very drawing."""
    known: set[int] = set()
    if args.inks is None:
        from live.sketch import inks_of

        inks = inks_of(_settings(args.show, {}).inks)
    else:
        from calibration.file import read_inks_file

        inks = read_inks_file(args.inks)
        known.update(range(len(CLASS_NAMES)))
    rgb = inks.rgb.copy()
    for index, colour in args.ink:
        rgb[index] = colour
        known.add(index)
    return Inks(rgb), known


def _list(args: argparse.Namespace) -> int:
    # Sets that are asked for are numbered as in a show that has them all; else each is on its own.
    sets = load_city_sets(args.set) if args.set else tuple(load_city_set(name) for name in shipped_sets())
    if not sets:
        raise InputFault(
            f"{SHIPPED} holds no city set; this copy of the program isn't whole, so get it again"
        )
    before = [len(city_names(sets[:n])) if args.set else 0 for n in range(len(sets))]
    numbered = [(s, count + 1) for s, count in zip(sets, before, strict=True)]
    if args.json:
        listing = [
            {
                "set": s.name,
                "title": s.card.title,
                "metres_per_pixel": s.card.metres_per_pixel,
                "parameters": s.card.parameters,
                "cities": [
                    {
                        "number": n,
                        "name": c.name,
                        "title": c.title,
                        "data": c.data,
                        "licence": c.licence,
                        "attribution": c.attribution,
                    }
                    for n, c in enumerate(s.card.cities, start=first)
                ],
            }
            for s, first in numbered
        ]
        print(json.dumps(listing, indent=2, ensure_ascii=False))
        return 0
    for s, first in numbered:
        print(f"{s.name}: {s.card.title} ({s.card.parameters / 1e6:.1f} M parameters)")
        for n, c in enumerate(s.card.cities, start=first):
            print(f"  {n}  {c.name:<14} {c.title} · {c.licence} · {c.attribution}")
    return 0


def _controls(args: argparse.Namespace) -> int:
    from live.control.listing import markdown
    from live.opening import controls_of

    settings = _settings(args.show, {})
    _, table = controls_of(settings, city_names(load_city_sets(settings.cities.set)))
    print(markdown(table), end="")
    return 0


def _config(args: argparse.Namespace) -> int:
    print(dump_settings(_settings(args.show, {}), Path.cwd()), end="")
    return 0


def _settings(show: Path | None, overrides: Mapping[str, object]) -> Settings:
    given = {key: value for key, value in overrides.items() if value is not None}
    return load_settings(show or default_show_path(), given)


_WITH_TORCH = {
    "train": "models.training.command",
    "import": "models.training.import_command",
    "evaluate": "models.evaluation.command",
}
"""The module of each command that the machine on stage can't run."""


def _with_torch(name: str, *arguments: str) -> int:
    # Not a plain import: the machine on stage has no torch, and `live` doesn't know of training.
    try:
        command = importlib.import_module(_WITH_TORCH[name])
    except ModuleNotFoundError as error:
        raise DeviceFault(
            f"`cities {name}` needs {error.name}, which isn't here; in the project's folder, run: "
            "pip install '.[train]'"
        ) from None
    code: int = command.main(arguments)
    return code

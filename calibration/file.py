"""The calibration file: what one guided pass found out of the sheet, its light and its inks.

It is TOML, so that a person can read it and change a colour by hand:

    version = 1
    made = 2026-11-25T14:40:57+01:00

    [camera]
    name = "BRIO"
    size = [1280, 720]

    [camera.locked]         # may be left out, and so may each of its keys
    exposure = 156          # and white_balance, focus, gain

    [sheet]
    corners = "auto"        # or four points in shares of the picture

    [light]
    white = "#e4dfd2"

    [inks]
    ground = "#f4f2ec"      # and road, green, building, water

A show depends on it, so it is written whole or not at all, the one before stays beside it, and
nothing is ever written over what is no calibration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from calibration.inks import Inks, Rgb, hex_of
from calibration.sheet import Corners, SheetPosition, in_pixels
from models.faults import InputFault, UsageFault, did_you_mean
from models.files import try_place, write_whole
from models.palette import CLASS_NAMES
from models.tomlfile import TomlFile, parse_toml, read_toml, shown, shown_key

VERSION = 1
"""Of the files that this program writes, and the newest that it reads."""

_KIND = "calibration file"
_KEYS: dict[str, Sequence[str]] = {
    "": ("version", "made", "camera", "sheet", "light", "inks"),
    "camera": ("name", "size", "locked"),
    "sheet": ("corners",),
    "light": ("white",),
    "inks": CLASS_NAMES,
}
"""The keys of each table; those of '' stand above all tables, or are tables."""
_LOCKED = ("exposure", "white_balance", "focus", "gain")
"""What a camera may be locked at."""

_HIGHEST = 1_000_000
"""In the units of a camera, which are its own."""

_DECIMALS = 6
"""Of a corner: less than a hundredth of a pixel in any camera's picture."""

_OURS = re.compile(
    rb"""^(\xef\xbb\xbf)?(\s*["']?(version|made)["']?\s*=|# Written by `cities calibrate`)""", re.MULTILINE
)
_TABLES = re.compile(rb"^\s*\[", re.MULTILINE)
"""What no other file has above its first table, and where that begins: by this a calibration is known also
after somebody broke it."""

_LARGEST = 100_000
"""Pixels along a side of a camera's picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What was found out in front of one camera.

    made: when, with its time zone, to the second.
    camera: the camera's name, as its source gives it.
    size: width and height of its picture in pixels.
    corners: of the drawing area, clockwise from the top left, each (x, y) in shares of the picture (0, 0
        is its upper left corner, 1, 1 its lower right); None where the sheet is found by itself.
    inks: the colour of each class on paper.
    white: of the bare paper as the camera saw it then, sRGB: against it, a drift of the light is measured.
    locked: the values at which the camera was locked, in its own units, of some of exposure, white_balance,
        focus and gain; at other values, the inks have other colours.
    """

    made: datetime
    camera: str
    size: tuple[int, int]
    corners: Corners | None
    inks: Inks
    white: Rgb
    locked: Mapping[str, float] = field(default_factory=dict)


# Reading


def find_calibration(path: Path) -> Calibration | None:
    """The calibration in a file, or None if there is no such file; InputFault as `read_calibration`."""
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        pass  # what is wrong with it, reading tells
    return read_calibration(path)


def read_calibration(path: Path) -> Calibration:
    """The calibration in a file; InputFault, in one sentence, if there is none or it isn't right."""
    return _calibration(read_toml(path, _KIND, broken=InputFault))


def read_inks_file(path: Path) -> Inks:
    """The inks in the table [inks] of a TOML file: of a calibration, of a show, or written by hand.

    Whatever else stands in the file is of no interest. Raises InputFault, in one sentence, if it can't be
    read, or some class has no colour, or one that can't be meant.
    """
    colours = _ink_colours(read_toml(path, "file of inks", broken=InputFault))
    # Of card on black card, say, so that the ground needn't be the brightest.
    return Inks(np.array([_rgb(colours[name]) for name in CLASS_NAMES], dtype=np.uint8))


def _calibration(file: TomlFile) -> Calibration:
    version = _value(file, "version")  # first of all: another version may have other keys
    if type(version) is not int or version != VERSION:
        raise InputFault(
            f"{file.where('version')}: the calibration is of version {shown(version)}, and this program "
            f"reads version {VERSION}; calibrate again by `cities calibrate`"
        )
    for table, known in _KEYS.items():
        for key in _table(file, table) if table else file.data:
            if key not in known:
                raise InputFault(_unknown(file, table, key))

    made = _value(file, "made")
    if not isinstance(made, datetime) or made.tzinfo is None:
        raise _wrong(file, "a date and time with its zone, as 2026-11-25T14:40:57+01:00", "made")
    camera = _value(file, "camera", "name")
    if not isinstance(camera, str):
        raise _wrong(file, "a string", "camera", "name")
    size = _value(file, "camera", "size")
    if not _is_pair(size, int) or not 1 <= min(size) <= max(size) <= _LARGEST:
        raise _wrong(file, "width and height in pixels, as [1280, 720]", "camera", "size")
    return Calibration(
        made=made,
        camera=camera,
        size=(size[0], size[1]),
        corners=_corners(file, size),
        inks=_inks(file),
        white=_rgb(_colour(file, "light", "white")),
        locked=_locked(file),
    )


def _locked(file: TomlFile) -> dict[str, float]:
    table = file.data["camera"].get("locked", {})
    if not isinstance(table, dict):
        raise _wrong(file, "a table, [camera.locked]", "camera", "locked")
    for key, value in table.items():
        if key not in _LOCKED:
            hint = did_you_mean(key[:40], _LOCKED) or f", which has {', '.join(_LOCKED)}"
            place = file.where("camera", "locked", key)
            raise InputFault(f"{place}: {shown_key(key)} is no key of [camera.locked]{hint}")
        if type(value) not in (int, float) or not abs(value) <= _HIGHEST:
            right = f"a number from -{_HIGHEST} to {_HIGHEST}"
            raise _wrong(file, right, "camera", "locked", key)
    return {key: float(value) for key, value in table.items()}


def _corners(file: TomlFile, size: Sequence[int]) -> Corners | None:
    points = _value(file, "sheet", "corners")
    if points == "auto":
        return None
    # Of a sheet that is partly out of view, a corner lies a little outside. NaN lies nowhere.
    if (
        not isinstance(points, list)
        or len(points) != 4
        or not all(_is_pair(point, int, float) for point in points)
        or not all(-1 <= share <= 2 for point in points for share in point)
    ):
        right = '"auto" or four points [x, y] in shares of the picture, 0 to 1, clockwise from the top left'
        raise _wrong(file, right, "sheet", "corners")
    one, two, three, four = ((float(x), float(y)) for x, y in points)
    corners = one, two, three, four
    try:
        SheetPosition.of_corners(in_pixels(corners, size))
    except UsageFault as fault:
        raise InputFault(f"{file.where('sheet', 'corners')}: {fault}") from None
    return corners


def _ink_colours(file: TomlFile) -> dict[str, str]:
    colours = {name: _colour(file, "inks", name) for name in CLASS_NAMES}
    for one, other in combinations(CLASS_NAMES, 2):
        if colours[one] == colours[other]:
            raise InputFault(
                f"{file.where('inks', other)}: inks.{one} and inks.{other} are both {colours[one]} "
                "and must differ"
            )
    return colours


def _inks(file: TomlFile) -> Inks:
    try:
        return Inks.from_hex(_ink_colours(file))
    except UsageFault as fault:
        raise InputFault(f"{file.where('inks')}: {fault}") from None


def _colour(file: TomlFile, table: str, name: str) -> str:
    value = _value(file, table, name)
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise _wrong(file, 'a colour as "#rrggbb"', table, name)
    return value.lower()


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _is_pair(value: object, *types: type) -> bool:
    # By exact type: to Python, true is a number too.
    return isinstance(value, list) and len(value) == 2 and all(type(n) in types for n in value)


def _table(file: TomlFile, name: str) -> dict[str, Any]:
    table = _value(file, name)
    if not isinstance(table, dict):
        raise InputFault(f"{file.where(name)}: {name} is {shown(table)} and must be a table, [{name}]")
    return table


def _value(file: TomlFile, *key: str) -> Any:
    """The value of a key, which must be there."""
    *tables, name = key
    within = tables[0] if tables else ""
    table = _table(file, within) if within else file.data
    if name in table:
        return table[name]
    # A word that was meant to be this one says more than that it is missing.
    for other in table:
        if other not in _KEYS[within] and did_you_mean(other[:40], [name]):
            raise InputFault(_unknown(file, within, other))
    if within:
        raise InputFault(
            f"{file.where(within)}: {within}.{name} is missing; [{within}] has {', '.join(_KEYS[within])}"
        )
    if name in _KEYS:
        raise InputFault(f"{file.path}: the table [{name}] is missing; it has {', '.join(_KEYS[name])}")
    raise InputFault(f"{file.path}: {name} is missing, which every {_KIND} has")


def _unknown(file: TomlFile, table: str, key: str) -> str:
    """What is wrong with a key that there isn't, and which one may have been meant."""
    known = _KEYS[table]
    place, home = (file.where(table, key), f"[{table}]") if table else (file.where(key), f"a {_KIND}")
    hint = did_you_mean(key[:40], known) or f", which has {', '.join(known)}"
    return f"{place}: {shown_key(key)} is no key of {home}{hint}"


def _wrong(file: TomlFile, right: str, *key: str) -> InputFault:
    value = file.data
    for part in key:
        value = value[part]
    return InputFault(f"{file.where(*key)}: {'.'.join(key)} is {shown(value)} and must be {right}")


# Writing


def previous_path(path: Path) -> Path:
    """Where the calibration is kept that stood at `path` before: calibration.previous.toml."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def check_place(path: Path) -> None:
    """Ask, before the work of calibrating, whether a calibration can be written to `path`.

    Leaves everything as it is. Raises InputFault, in one sentence, if it can't be written there, or
    something other than a calibration stands there.
    """
    with _writing(path):
        _standing(path)
        # Of all files that may have to be written beside it, the one with the longest name.
        try_place(previous_path(path))


def write_calibration(path: Path, calibration: Calibration) -> Path | None:
    """Write a calibration, whole or not at all, and keep the one that stood there.

    At every moment, also if the machine dies, the old calibration or the new one stands at `path`. Returns
    where the old one is kept, or None if there was none: one that can be read at `previous_path`, in the
    place of the one before it; one that was broken by hand as calibration.broken.toml, or -2 and so on, in
    the place of none. Raises InputFault if it can't be written, would replace what is no calibration, or
    couldn't be read again: two inks alike, corners in the wrong order.
    """
    text = dump_calibration(calibration)
    _calibration(parse_toml(text, path, _KIND, broken=InputFault))
    with _writing(path):
        standing, kept = _standing(path), None
        if standing is not None:
            kept = previous_path(path) if _is_whole(path) else _broken_path(path, standing)
            write_whole(kept, standing)
        write_whole(path, text.encode("utf-8", errors="replace"))
    return kept


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell in one sentence why it can't be done."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputFault(
            f"{path}: the calibration can't be written ({reason}); "
            "give a file in a folder that exists, may be written to and has room"
        ) from None


def _standing(path: Path) -> bytes | None:
    """The calibration that stands at `path`, whole or broken; None if nothing does."""
    if path.suffix.lower() != ".toml":
        raise InputFault(f"{path}: a calibration is written as .toml; give a name that ends like that")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if not _OURS.search(_TABLES.split(content, maxsplit=1)[0]):
        raise InputFault(f"{path} is no {_KIND}, and would be replaced; give another name")
    return content


def _broken_path(path: Path, content: bytes) -> Path:
    """Where to keep a calibration that was broken by hand, without replacing another one."""
    for number in count(1):
        name = f"{path.stem}.broken{f'-{number}' if number > 1 else ''}{path.suffix}"
        place = path.with_name(name)
        try:
            if place.read_bytes() == content:
                return place
        except FileNotFoundError:
            return place
    raise AssertionError("numbers have no end")


def dump_calibration(calibration: Calibration) -> str:
    """A calibration as the text of its file."""
    points = [[round(float(share), _DECIMALS) for share in point] for point in calibration.corners or ()]
    width, height = calibration.size
    lines = [
        "# Written by `cities calibrate`. Colours and corners may be changed by hand.",
        f"version = {VERSION}",
        f"made = {calibration.made.isoformat(timespec='seconds')}",
        "",
        "[camera]",
        f"name = {tomlkit.item(calibration.camera).as_string()}",
        "# Width and height of its picture in pixels.",
        f"size = [{width}, {height}]",
        "",
        *_locked_lines(calibration.locked),
        "# The corners of the drawing area in shares of the picture, clockwise from the top left; or",
        '# "auto", where the sheet is found by itself.',
        "[sheet]",
        f"corners = {points}" if points else 'corners = "auto"',
        "",
        "# The bare paper as the camera saw it.",
        "[light]",
        f'white = "{hex_of(calibration.white)}"',
        "",
        "# The colour that each class has on paper.",
        "[inks]",
        *(f'{name} = "{colour}"' for name, colour in calibration.inks.hex().items()),
    ]
    return "\n".join(lines) + "\n"


def _locked_lines(locked: Mapping[str, float]) -> list[str]:
    if not locked:
        return []
    return [
        "# What it was locked at, in its own units: there, the inks have these colours.",
        "[camera.locked]",
        *(f"{name} = {float(value)!r}" for name, value in locked.items()),
        "",
    ]


def _is_whole(path: Path) -> bool:
    try:
        read_calibration(path)
    except InputFault:
        return False
    return True

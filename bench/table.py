"""The figures of `cities bench reading` as a page of documentation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from bench import judge
from bench.digits import rounded_down, rounded_up
from bench.reading import LEAST_RIGHT, LEAST_RIGHT_ON_AVERAGE, MOST_GHOSTS, MOST_MS
from models.faults import InputFault
from models.files import write_whole
from models.palette import CLASS_NAMES

NOT_MEASURED: Final = "not measured"

PAGE: Final = """\
# How well the sheet is read

Written by `{command}`
(side {side}, {fps:g} frames a second, seed {seed}).

A simulated camera of 1280×720 pixels looks on while a simulated hand draws, so that the truth is known for
every pixel of every frame. Each condition (`bench/conditions.py`) changes the room, the camera, the inks or
the hand. Light is told as by a light meter: ×4 means that four times as much falls on the corner of the
drawing by the lamp as on the far one. The camera's white balance is fixed at 5000 K.

`cities` finds the sheet by itself. The plain method (`bench/plain.py`) is what tools of this kind do: a
fixed threshold tells paper from ink, and ink is the nearest of the calibrated colours in RGB. It reads the
same frames with the same inks, and is told where the sheet lies.

What lies on the paper is what must be shown, whatever moves over it. A pixel is judged (`bench/judge.py`)
if it lies at least {seam} pixels from a border between classes. What is new is judged once it was drawn
{grace:g} s before and has been free of the hand and its shadow for {uncovered:g} s; what was known before
must be right in every frame, also under the hand.

| goal | cities | plain method | reached |
|---|---|---|---|
{goals}

*worst* is the worst frame, *mean* is over all frames. *ghosts*: the share of the sheet, in the worst frame,
that shows a class where none was ever drawn. *appears after*: seconds from when a drawn pixel can be seen
until it is shown, for half of the pixels and for 95 % of them. *under the hand*: the same for what was
drawn where hand, pen or their shadow hid it, from the first frame in which they have gone, and the share of
it that is shown within {uncovered:g} s. What is still not shown at the end counts with what it has waited
until then. Seconds are exact to one frame ({frame:.3f} s); 0 is the very first frame. No figure is rounded
towards its goal.

| condition | right, worst | mean | ghosts | appears after | under the hand | plain: worst | mean | ghosts |
|---|---|---|---|---|---|---|---|---|
{rows}

Right by class, over all conditions with equal weight:

| | {names} |
|---|---|---|---|---|---|
{means}
"""


def write_table(path: Path, result: Mapping[str, Any], command: str) -> None:
    """Write the figures of a run as Markdown; raises InputFault if the file can't be written."""
    try:
        write_whole(path, reading_table(result, command).encode())
    except OSError as error:
        raise InputFault(
            f"{path} can't be written ({error.strerror}); give a file in a folder that exists"
        ) from None


def reading_table(result: Mapping[str, Any], command: str) -> str:
    """The same as text. result: what `bench.reading.bench_reading` returns; command: that asked for it."""
    conditions, overall = result["conditions"], result["overall"]
    frame = 1 / result["fps"]
    rows = [_row(name, both["ours"], both["plain"], frame) for name, both in conditions.items()]
    reached = overall["reached"]
    again, bared, slowest = (overall[key] for key in ("found_again_s", "uncovered_s", "uncovered_slowest"))
    under = f"what was drawn under the hand shown within {judge.UNCOVERED:g} s after it has gone"
    goals = [
        (
            f"right in every frame of every condition: at least {_percent(LEAST_RIGHT)}",
            _percent(overall["right"]),
            _percent(overall["plain_right"]),
            reached["right"],
        ),
        (
            f"right on average: at least {_percent(LEAST_RIGHT_ON_AVERAGE)}",
            _percent(overall["right_mean"]),
            _percent(overall["plain_right_mean"]),
            reached["right_mean"],
        ),
        (
            f"ghosts at any frame: at most {_percent(MOST_GHOSTS)} of the sheet",
            _ghosts(overall["ghosts"]),
            _ghosts(overall["plain_ghosts"]),
            reached["ghosts"],
        ),
        (
            f"a pushed sheet found again: within {judge.FOUND_AGAIN} s",
            NOT_MEASURED if again is None else _found_again(again, frame),
            "told where it is",
            reached["found_again_s"],
        ),
        (
            f"{under}: 95 % of it, over all conditions",
            NOT_MEASURED if bared is None else _uncovered(bared, " s") + " in time",
            "reads each frame by itself",
            reached["uncovered_s"],
        ),
        (
            f"{under}: 95 % of it, in every condition",
            NOT_MEASURED if slowest is None else f"p95 {_up(slowest['p95'])} s: {slowest['condition']}",
            "reads each frame by itself",
            reached["uncovered_slowest"],
        ),
        (
            f"a frame read on one core: p50 at most {MOST_MS:g} ms",
            f"p50 {_up(overall['ms']['p50'])} ms, p95 {_up(overall['ms']['p95'])} ms",
            "",
            reached["ms"],
        ),
        ("more right than the plain method in every condition", "", "", reached["plain_beaten"]),
    ]
    means = [
        _classes(who, [both[key] for both in conditions.values()])
        for who, key in (("cities", "ours"), ("plain method", "plain"))
    ]
    return PAGE.format(
        **{key: result[key] for key in ("side", "fps", "seed")},
        seam=judge.SEAM,
        grace=judge.GRACE,
        uncovered=judge.UNCOVERED,
        command=command,
        frame=frame,
        goals="\n".join(f"| {goal} | {ours} | {plain} | {_yes(ok)} |" for goal, ours, plain, ok in goals),
        rows="\n".join(rows),
        names=" | ".join(CLASS_NAMES),
        means="\n".join(means),
    )


def _row(name: str, ours: Mapping[str, Any], plain: Mapping[str, Any], frame: float) -> str:
    again = (
        f", found again: {_found_again(ours['found_again_s'], frame)}" if "found_again_s" in ours else ""
    )
    settle, bared = ours["settle_s"], ours["uncovered_s"]
    cells = [
        name + again,
        _percent(ours["right"]),
        _percent(ours["right_mean"]),
        _ghosts(ours["ghosts"]),
        "" if settle is None else f"{_up(settle['p50'])}, {_up(settle['p95'])}",
        "" if bared is None else _uncovered(bared),
        _percent(plain["right"]),
        _percent(plain["right_mean"]),
        _ghosts(plain["ghosts"]),
    ]
    return "| " + " | ".join(cells) + " |"


def _classes(name: str, figures: list[Mapping[str, Any]]) -> str:
    by_class = [
        [f["right_by_class"][label] for f in figures if f["right_by_class"][label] is not None]
        for label in CLASS_NAMES
    ]
    return f"| {name} | " + " | ".join(_percent(fmean(s)) if s else "" for s in by_class) + " |"


def _found_again(seconds: float, frame: float) -> str:
    """In words; seconds: infinite if it never was."""
    if math.isinf(seconds):
        return "never"
    return "within one frame" if seconds <= frame + 1e-6 else f"{_up(seconds)} s"


def _uncovered(figures: Mapping[str, float], unit: str = "") -> str:
    p50, p95 = (_up(figures[key]) + unit for key in ("p50", "p95"))
    return f"{p50}, {p95}; {_percent(figures['in_time'])}"


def _percent(share: float) -> str:
    """As people write it: 97 %, 99.53 %; 100 % only if it is all."""
    return _plain(100 * rounded_down(share, 4))


def _ghosts(share: float) -> str:
    """The same of what should be nothing: 0 % only if it is."""
    return _plain(100 * rounded_up(share, 5))


def _plain(percent: Decimal) -> str:
    return f"{percent:f}".rstrip("0").rstrip(".") + " %" if percent else "0 %"


def _up(value: float) -> str:
    """Seconds and milliseconds, rounded up but for what comes of adding up fractions."""
    return str(rounded_up(round(value, 6), 2))


def _yes(reached: bool | None) -> str:
    return NOT_MEASURED if reached is None else "yes" if reached else "no"

"""The figures of `cities bench reading` as a page of documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench import judge
from bench.reading import LEAST_RIGHT, LEAST_RIGHT_ON_AVERAGE, MOST_GHOSTS, MOST_MS
from models.faults import InputFault
from models.files import write_whole
from models.palette import CLASS_NAMES

PAGE: Final = """\
# How well the sheet is read

Written by `cities bench reading --table docs/reading.md`
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
until it is shown, for half of the pixels and for 95 % of them.

| condition | right, worst | mean | ghosts | appears after | plain: right, worst | mean | ghosts |
|---|---|---|---|---|---|---|---|
{rows}

Right by class, over all conditions with equal weight:

| | {names} |
|---|---|---|---|---|---|
{means}
"""


def write_table(path: Path, result: Mapping[str, Any]) -> None:
    """Write the figures of a run as Markdown; raises InputFault if the file can't be written."""
    try:
        write_whole(path, reading_table(result).encode())
    except OSError as error:
        raise InputFault(
            f"{path} can't be written ({error.strerror}); give a file in a folder that exists"
        ) from None


def reading_table(result: Mapping[str, Any]) -> str:
    """The same as text. result: what `bench.reading.bench_reading` returns."""
    conditions, overall = result["conditions"], result["overall"]
    rows = [_row(name, both["ours"], both["plain"]) for name, both in conditions.items()]
    reached = overall["reached"]
    again = overall["found_again_s"]
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
            _percent(overall["ghosts"], 3),
            _percent(overall["plain_ghosts"], 3),
            reached["ghosts"],
        ),
        (
            f"a pushed sheet found again: within {judge.FOUND_AGAIN} s",
            "not measured" if again is None else f"{again:.2f} s",
            "told where it is",
            reached["found_again_s"],
        ),
        (
            f"a frame read on one core: p50 at most {MOST_MS:g} ms",
            f"p50 {overall['ms']['p50']} ms, p95 {overall['ms']['p95']} ms",
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
        goals="\n".join(f"| {goal} | {ours} | {plain} | {_yes(ok)} |" for goal, ours, plain, ok in goals),
        rows="\n".join(rows),
        names=" | ".join(CLASS_NAMES),
        means="\n".join(means),
    )


def _row(name: str, ours: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    again = f", found again after {ours['found_again_s']:.2f} s" if "found_again_s" in ours else ""
    settle = ours["settle_s"]
    cells = [
        name + again,
        _percent(ours["right"]),
        _percent(ours["right_mean"]),
        _percent(ours["ghosts"], 3),
        f"{settle['p50']:.2f}, {settle['p95']:.2f}",
        _percent(plain["right"]),
        _percent(plain["right_mean"]),
        _percent(plain["ghosts"], 3),
    ]
    return "| " + " | ".join(cells) + " |"


def _classes(name: str, figures: list[Mapping[str, Any]]) -> str:
    means = [sum(f["right_by_class"][label] for f in figures) / len(figures) for label in CLASS_NAMES]
    return f"| {name} | " + " | ".join(_percent(mean) for mean in means) + " |"


def _percent(share: float, digits: int = 2) -> str:
    """As people write it: 97 %, 99.53 %; never rounded up to what it isn't."""
    scale = 10 ** (digits + 2)
    floored = (int(share * scale + 1e-6) if share > 0.5 else round(share * scale)) / scale
    return f"{100 * floored:.{digits}f}".rstrip("0").rstrip(".") + " %"


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"

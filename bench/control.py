"""How quickly and how steadily a show is steered: real messages over real sockets and a real virtual MIDI
port, from other processes, to the real show.

    latency  from a message to the first picture that shows it, in milliseconds and in pictures
    flood    what 10,000 messages a second, from four senders, take from the show
    page     what the remote page takes from the show, and whether two pages agree

What is compared is interleaved: a quiet stretch, a loud one, a quiet one and so on, so that what else the
machine does falls on both.
"""

from __future__ import annotations

import gc
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeAlias

from rich.console import Console

from bench.jack import jack_server
from bench.programs import MissingFault, Prepare
from bench.running import PATIENCE, STRETCH, Running, running_show
from bench.senders import midi_changes, osc_changes, osc_flood
from bench.visitors import chromium_previews, turning, websocket_previews
from bench.watch import Watch, answers, summed_up
from live.mix import FADE_SHAPES, of_city
from models.cityset import slug
from models.faults import DeviceFault

PARTS: Final = ("latency", "flood", "page")

MESSAGES: Final = 10_000
"""A second, of all the senders of the flood together."""
PORT: Final = "cities-bench"
"""Of MIDI, as it is seen in JACK."""
AFTERWARDS: Final = 1.0
"""Seconds in which what was sent last must stand, or be seen."""

Tell: TypeAlias = Callable[[str], None]


def bench_control(side: int, seconds: float, only: Sequence[str] = PARTS) -> dict[str, Any]:
    """Steer shows of this side, headless, and measure them.

    seconds: of each way in whose latency is measured, of the flood, and of each client of the page.
    only: which of `PARTS`.
    """
    parts = {"latency": _latency, "flood": _flood, "page": _page}
    with Console(stderr=True).status("") as status:
        result = {name: part(side, seconds, status.update) for name, part in parts.items() if name in only}
    return {**result, "side": side, "seconds": seconds}


# Latency


def _latency(side: int, seconds: float, tell: Tell) -> dict[str, Any]:
    result: dict[str, Any] = {}
    with ExitStack() as stack:
        try:
            stack.enter_context(jack_server())
        except DeviceFault as fault:
            result["midi"] = _without(fault)
        watch = Watch()
        show = stack.enter_context(running_show(side, watch, midi="" if "midi" in result else PORT))
        count = len(show.cities)
        ways: dict[str, tuple[Prepare, tuple[object, ...]]] = {
            "osc_udp": (osc_changes, (show.osc_port, count)),
            "osc_tcp": (osc_changes, (show.osc_port, count, True)),
            "midi": (midi_changes, (PORT, count)),
        }
        for way, (prepare, arguments) in ways.items():
            if way not in result:
                tell(f"latency of {way} for {seconds:g} s")
                try:
                    result[way] = _steered(show, watch, seconds, prepare, arguments)
                except DeviceFault as fault:
                    result[way] = _without(fault)
    return result


def _steered(
    show: Running, watch: Watch, seconds: float, prepare: Prepare, arguments: tuple[object, ...]
) -> dict[str, Any]:
    """How the show follows a program that changes the city."""
    with show.program(prepare, *arguments) as program:
        if prepare is midi_changes and not show.run_until(lambda: show.hears_midi_of(PORT), PATIENCE):
            raise DeviceFault(f"the show hasn't opened {PORT} within {PATIENCE:g} s")
        show.let_work([program], seconds)
        show.run(AFTERWARDS)
        mixes = [of_city(n, len(show.cities)) for n in range(len(show.cities))]
        return summed_up(answers(program.result, watch.made(), mixes))


def _without(fault: DeviceFault) -> dict[str, Any]:
    """Why there are no figures: for want of something, or since it doesn't work."""
    return {"skipped" if isinstance(fault, MissingFault) else "failed": str(fault)}


# Flood


def _flood(side: int, seconds: float, tell: Tell) -> dict[str, Any]:
    with running_show(side) as show, ExitStack() as stack:
        tell(f"{MESSAGES} messages a second for {seconds:g} s")
        parts = _addresses(show.cities)
        senders = [
            stack.enter_context(show.program(osc_flood, show.osc_port, MESSAGES / len(parts), values, last))
            for values, last in parts
        ]
        expected = {address: value for _, last in parts for address, value in last.items()}
        memory = [_memory_mb()]
        rates: list[float] = []
        lost: list[str] = []

        def look() -> None:
            show.run_until(lambda: not _missing(show, expected), AFTERWARDS)
            lost.extend(_missing(show, expected))
            memory.append(_memory_mb())
            rates.append(sum(messages / took for messages, took in (s.result for s in senders)))

        compared = show.compare(seconds, senders, look)
        return {
            **compared,
            "senders": len(senders),
            "messages_per_second": round(statistics.mean(rates)),
            "addresses": len(expected),
            "last_values_lost": lost,
            "datagrams_overflown": _overflown(show.osc_port),
            "memory_mb": memory,
        }


def _addresses(cities: Sequence[str]) -> list[tuple[dict[str, list[object]], dict[str, object]]]:
    """What each sender sends: the values of its addresses, and the last of each. No two senders share an
    address, for nobody could know whose value is the last.

    Not those that hold, dim or cover the picture: what they take from the show is meant.
    """
    eighths: list[object] = [n / 8 for n in range(1, 8)]  # among which is none of the last
    faders = [f"/mix/{slug(city)}" for city in cities]
    # The last of the faders that is moved has all, so that it is known where the others end.
    ends: dict[str, object] = {fader: float(fader == faders[-1]) for fader in faders}
    return [
        (dict.fromkeys(faders, eighths), ends),
        (
            {"/fade/time": eighths, "/fade/beats": [0, 1, 2, 4], "/tempo": [60, 90, 120]},
            {"/fade/time": 2.25, "/fade/beats": 3.0, "/tempo": 100.0},
        ),
        (
            {"/fade/shape": [*FADE_SHAPES], "/fade/point/x": eighths, "/fade/point/y": eighths},
            {"/fade/shape": "iris-in", "/fade/point/x": 0.3125, "/fade/point/y": 0.6875},
        ),
        ({"/settle": [0.125, 0.25]}, {"/settle": 0.1875}),
    ]


def _missing(show: Running, expected: Mapping[str, object]) -> list[str]:
    values = show.values()
    return [address for address, value in expected.items() if values.get(address) != (value,)]


def _overflown(port: int) -> int | None:
    """How many datagrams for a UDP port the system has thrown away since its program didn't take them in
    time; None where it doesn't say."""
    try:
        rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    columns = [row.split() for row in rows]
    return sum(int(row[-1]) for row in columns if int(row[1].rpartition(":")[2], 16) == port)


def _memory_mb() -> float | None:
    """What of this process lies in memory, in MB; None where the system doesn't say."""
    gc.collect()
    try:
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return round(resident * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


# The page


def _page(side: int, seconds: float, tell: Tell) -> dict[str, Any]:
    with running_show(side) as show:
        visits = {"websocket": websocket_previews, "chromium": chromium_previews}
        result = {name: _visited(show, seconds, name, visit, tell) for name, visit in visits.items()}
        tell("two pages turn controls")
        return {**result, "agreement": _agreement(show, min(seconds, STRETCH))}


def _visited(show: Running, seconds: float, name: str, visit: Prepare, tell: Tell) -> dict[str, Any]:
    """What a visitor had of the show, and what it took from it."""
    previews: list[dict[str, float]] = []
    try:
        with show.program(visit, show.page_url) as visitor:
            tell(f"previews for {name} for {seconds:g} s")
            compared = show.compare(seconds, [visitor], lambda: previews.append(visitor.result))
    except DeviceFault as fault:
        return _without(fault)
    rates = {kind: round(statistics.mean(p[kind] for p in previews), 1) for kind in previews[0]}
    return {"previews_per_second": rates, **compared}


def _agreement(show: Running, seconds: float) -> dict[str, Any]:
    """Whether two pages that turn the same controls at once end with what the show is at.

    Returns controls, how many were compared, and apart: those of which they don't think alike.
    """
    turns = {
        "/city": list(show.cities),
        "/fade/time": [n / 4 for n in range(9)],
        "/fade/shape": list(FADE_SHAPES),
        "/settle": [0.1, 0.2, 0.3],
        "/tempo": [60, 90, 120],
        f"/mix/{slug(show.cities[0])}": [0.0, 0.25, 0.5],
    }
    with ExitStack() as stack:
        pages = [stack.enter_context(show.program(turning, show.page_url, turns, seed)) for seed in (1, 2)]
        show.let_work(pages, seconds)
        told = [page.result for page in pages]
    values = {a: list(v) for a, v in show.values().items() if not a.startswith("/status/")}
    apart = [a for a, value in values.items() if any(page.get(a) != value for page in told)]
    return {"controls": len(values), "apart": apart}

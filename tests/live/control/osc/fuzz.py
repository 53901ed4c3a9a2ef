"""Feeds OSC's parsers what atheris thinks of, guided by what it reaches in them; for hours, not for CI.

    pip install atheris
    python -m tests.live.control.osc.fuzz -max_total_time=600 -max_len=600

Anything that is raised but the errors that are theirs, that loops, or that python-osc reads otherwise than
the quick way does, ends it with the bytes that did it.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["live.control.osc", "pythonosc"]):
    from live.control.osc import framing, packets, patterns


def read(data: bytes) -> None:
    """One input: a packet, a stream in either framing, and a pattern."""
    try:
        found = repr(packets.parse(data))
    except packets.PacketError:
        found = ""
    if found and not data.startswith(b"#"):
        assert found == repr([(packets.IMMEDIATELY, packets.read_any(data))])
    for stream in (framing.Slip(), framing.Sized()):
        with contextlib.suppress(framing.HopelessError, packets.PacketError):
            for at in range(0, len(data), 7):
                for frame in stream.feed(data[at : at + 7]):
                    stream.unwrap(frame)
    pattern, _, address = data.decode(errors="replace").partition("\n")
    with contextlib.suppress(patterns.PatternError):
        patterns.Pattern(pattern).matches(address)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()

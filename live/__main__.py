"""The program as it is started: `cities`, or `python -m live`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable


def run() -> None:
    """Run the command line, and end the process with its exit code."""
    try:
        main = _loaded()
        code = main()
    except KeyboardInterrupt:
        code = 130
    except SystemExit as wrong_usage:
        code = wrong_usage.code if isinstance(wrong_usage.code, int) else 1
    # At once: a camera or a generator that hangs may have left a thread behind within a library, and the
    # ordinary end of the interpreter would crash under it. Everything else is closed by now.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _loaded() -> Callable[[], int]:
    """The command line, with its libraries. A Ctrl+C while they are loaded, which takes a moment, counts
    when that is done: raised within one of them, it may be lost."""
    stops: list[int] = []
    ordinary = signal.getsignal(signal.SIGINT)
    if ordinary is signal.default_int_handler:  # unless it is ignored, as in a job in the background
        signal.signal(signal.SIGINT, lambda number, _: stops.append(number))
    try:
        from live.cli import main
    finally:
        signal.signal(signal.SIGINT, ordinary)
    if stops:
        raise KeyboardInterrupt
    return main


if __name__ == "__main__":
    run()

"""The program as it is started: `cities`, or `python -m live`."""

from __future__ import annotations

import contextlib
import os
import sys


def run() -> None:
    """Run the command line, and end the process with its exit code."""
    try:
        # Here, so that Ctrl+C is heard while the libraries are loaded, which takes a moment.
        from live.cli import main

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


if __name__ == "__main__":
    run()

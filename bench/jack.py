"""A JACK server of one's own with its dummy driver: MIDI between programs on a machine without any."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bench.programs import MissingFault
from models.faults import DeviceFault

PERIOD: Final = 128
"""Samples of 48,000 a second after which JACK hands on what was sent: 2.7 ms."""
PATIENCE: Final = 10.0
"""Seconds in which a server must be up."""

# It prints much when there is no server yet, and must not start one by itself.
_ASK: Final = "import rtmidi; rtmidi.MidiOut(rtmidi.API_UNIX_JACK).delete()"


@contextmanager
def jack_server() -> Iterator[None]:
    """For as long as this lasts, programs started here and libraries opened here have a JACK of their own.

    Raises MissingFault if something isn't installed, DeviceFault if the server can't be had.
    """
    if importlib.util.find_spec("rtmidi") is None:
        raise MissingFault("python-rtmidi is missing; pip install python-rtmidi")
    if shutil.which("jackd") is None:
        raise MissingFault("jackd is missing; apt-get install jackd2")
    name = f"cities-bench-{os.getpid()}"
    # In step with its clients: on a busy machine it would else go on without them, and lose what was sent.
    command = ["jackd", "--no-realtime", "--no-mlock", "--sync", "--name", name]
    dummy = ["-d", "dummy", "--rate", "48000", "--period", str(PERIOD)]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([*command, *dummy], stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        with _environment({"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}):
            _wait_for(server)
            yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    # Asked from a process of its own, since the library prints its complaints.
    while subprocess.run([sys.executable, "-c", _ASK], capture_output=True, check=False).returncode:
        if server.poll() is not None:
            raise DeviceFault(
                f"jackd ended at once with exit code {server.returncode}; "
                "are 8 of them running already, the most of one machine?"
            )
        if time.monotonic() > end:
            raise DeviceFault(
                f"jackd isn't up after {PATIENCE:g} s, or python-rtmidi was built without JACK"
            )


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

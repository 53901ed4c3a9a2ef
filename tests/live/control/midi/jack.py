"""JACK without a sound card, and a controller that is plugged into it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

from tests.support import require_program


def wait_for(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Return as soon as something holds; fail if it doesn't in that time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            pytest.fail("what was waited for hasn't come")
        time.sleep(0.005)


class JackServer:
    """A JACK server with the dummy driver, under a name of its own."""

    def __init__(self) -> None:
        self.name = f"cities-{uuid.uuid4().hex[:8]}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        jackd = require_program("jackd", apt="jackd2")
        wait = require_program("jack_wait", apt="jackd2")
        # Without real-time rights, and with few ports: their buffers are memory that all programs share.
        arguments = [jackd, "-n", self.name, "-r", "-p", "128", "-d", "dummy", "-r", "48000", "-p", "512"]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        waiting = subprocess.run(
            [wait, "-s", self.name, "-w", "-t", "20"], capture_output=True, check=False
        )
        if waiting.returncode != 0:
            self.stop()
            pytest.fail(f"jackd doesn't start: {waiting.stdout.decode()}{waiting.stderr.decode()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10.0)
            self._process = None

    def __enter__(self) -> JackServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Pad:
    """A controller: another program, which is a client of JACK (`pad.py`)."""

    def __init__(self, name: str, *, output: bool = True) -> None:
        arguments = [
            sys.executable,
            str(Path(__file__).with_name("pad.py")),
            name,
            *(["in"] if output else []),
        ]
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_for(lambda: "plugged in" in self._lines)
        self._lines.remove("plugged in")

    def send(self, *data: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{bytes(data).hex()}\n")
        self._process.stdin.flush()

    def told(self) -> list[list[int]]:
        """What it was told since the last time."""
        count = len(self._lines)
        told, self._lines[:count] = self._lines[:count], []
        return [list(bytes.fromhex(line)) for line in told]

    def unplug(self) -> None:
        if self._process.poll() is None:
            self._process.communicate()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.strip())

    def __enter__(self) -> Pad:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unplug()

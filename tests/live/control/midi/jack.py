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
        # In step with its clients (-S): else, on a busy machine, it goes on without them and loses some.
        arguments = [
            jackd,
            "-n",
            self.name,
            "-S",
            "-r",
            "-p",
            "128",
            "-d",
            "dummy",
            "-r",
            "48000",
            "-p",
            "512",
        ]
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
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr  # noqa: PT018
        self._pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._lines: list[str] = []
        self._complaints: list[str] = []
        self._readers = [
            threading.Thread(target=lines.extend, args=(map(str.strip, pipe),), daemon=True)
            for lines, pipe in zip((self._lines, self._complaints), self._pipes[1:], strict=True)
        ]
        for reader in self._readers:
            reader.start()
        try:
            wait_for(lambda: self._lines[:1] == ["plugged in"])
        except BaseException:
            self._process.kill()
            self.unplug()
            print(*self._complaints, sep="\n", file=sys.stderr)
            raise
        del self._lines[0]

    def send(self, *data: int) -> None:
        self._pipes[0].write(f"{bytes(data).hex()}\n")
        self._pipes[0].flush()

    def told(self) -> list[list[int]]:
        """What it was told since the last time."""
        count = len(self._lines)
        told, self._lines[:count] = self._lines[:count], []
        return [list(bytes.fromhex(line)) for line in told]

    def unplug(self) -> None:
        self._pipes[0].close()
        try:
            self._process.wait(15.0)
        finally:
            self._process.kill()  # if it is still there
            for reader in self._readers:
                reader.join()
            for pipe in self._pipes[1:]:
                pipe.close()

    def __enter__(self) -> Pad:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unplug()

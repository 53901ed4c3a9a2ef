"""Real X servers for the window's tests, and what stands on them, read back by `xwd`."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support import missing, require_program


@dataclass(frozen=True, slots=True)
class Screen:
    """A running X server."""

    display: str

    def run(self, *command: str) -> bytes:
        return subprocess.run(
            command,
            env={**os.environ, "DISPLAY": self.display},
            check=True,
            capture_output=True,
            timeout=20,
        ).stdout

    def press(self, *keys: str) -> None:
        """Keys by their X names, as a person would press them."""
        self.run("xdotool", "key", *keys)

    def shot(self) -> NDArray[np.uint8]:
        """All that stands on the screen: uint8 (H, W, 3) RGB."""
        dump = self.run("xwd", "-root", "-silent")
        header = struct.unpack(">25I", dump[:100])
        offset, depth, width, height = header[0], header[3], header[4], header[5]
        byte_order, pixel_bits, row, colours = header[7], header[11], header[12], header[19]
        assert (depth, byte_order) == (24, 0), "not BGR"
        channels = pixel_bits // 8
        rows = np.frombuffer(dump, np.uint8, row * height, offset + 12 * colours).reshape(height, row)
        return rows[:, : width * channels].reshape(height, width, channels)[..., 2::-1].copy()

    def shows(self, expected: NDArray[np.uint8], left: int = 0) -> bool:
        """Whether exactly these pixels stand at (`left`, 0) of the screen, now or soon."""

        def same() -> bool:
            return np.array_equal(
                self.shot()[: expected.shape[0], left : left + expected.shape[1]], expected
            )

        return soon(same)


def soon(condition: Callable[[], bool], within: float = 5.0) -> bool:
    """Whether a condition comes true: an X server and a window manager take their time."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


APT = {
    "Xvfb": "xvfb",
    "Xorg": "xserver-xorg-core xserver-xorg-video-dummy",
    "openbox": "openbox",
    "xclock": "x11-apps",
    "xdotool": "xdotool",
    "xprop": "x11-utils",
    "xrandr": "x11-xserver-utils",
    "xwd": "x11-apps",
}
"""The Debian package of each program."""


def need(*programs: str) -> None:
    """Skip the test, or in CI fail it, where one of these isn't installed."""
    for program in programs:
        require_program(program, apt=APT[program])


@contextmanager
def x_server(*command: str) -> Iterator[Screen]:
    """An X server on a display number of its own choice."""
    reading, writing = os.pipe()
    with running(command[0], "-displayfd", str(writing), *command[1:], pass_fds=[writing]):
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            missing(f"a working {command[0]}", f"apt-get install {APT[command[0]]}")
        yield Screen(f":{number}")


@contextmanager
def running(*command: str, pass_fds: Sequence[int] = ()) -> Iterator[None]:
    """A program that is ended in the end."""
    quiet = subprocess.DEVNULL
    program = subprocess.Popen(command, pass_fds=pass_fds, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        program.terminate()
        program.wait(timeout=10)


XVFB = ("Xvfb", "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset")


@pytest.fixture(scope="session")
def xvfb() -> Iterator[Screen]:
    need("Xvfb", "xwd", "xdotool")
    with x_server(*XVFB) as screen:
        yield screen


@pytest.fixture
def screen(xvfb: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A display of 1280×720, on which this process opens its windows."""
    _choose(xvfb, monkeypatch)
    return xvfb


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A display of 1280×720 with a window manager, and under its care a clock in the top left corner."""
    need("Xvfb", "xwd", "xdotool", "openbox", "xclock", "xprop")
    with ExitStack() as stack:
        screen = stack.enter_context(x_server(*XVFB))
        _choose(screen, monkeypatch)
        # The clock last: a window that is mapped while the manager is still starting may never come up.
        stack.enter_context(running("openbox", "--startup", "xclock -geometry 120x120+0+0"))
        assert soon(lambda: b"0x" in screen.run("xprop", "-root", "_NET_CLIENT_LIST"))
        yield screen


@pytest.fixture
def two_displays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Display 0 of 1024×768 and to its right display 1 of 800×600, as with a projector."""
    need("Xorg", "xrandr", "xwd")
    if os.geteuid() != 0 or "DISPLAY" in os.environ:
        pytest.skip("Xorg takes a configuration from root alone, and a desktop must not be disturbed")
    config = tmp_path / "xorg.conf"
    config.write_text(
        'Section "ServerFlags"\n Option "AutoAddDevices" "false"\nEndSection\n'
        'Section "Device"\n Identifier "card"\n Driver "dummy"\n VideoRam 65536\nEndSection\n'
        'Section "Screen"\n Identifier "screen"\n Device "card"\n DefaultDepth 24\nEndSection\n'
    )
    log = tmp_path / "xorg.log"
    quiet = ("-novtswitch", "-sharevts", "-noreset")
    with x_server("Xorg", "-config", str(config), "-logfile", str(log), *quiet) as screen:
        screen.run("xrandr", "--addmode", "DUMMY1", "800x600")
        screen.run("xrandr", "--output", "DUMMY1", "--mode", "800x600", "--right-of", "DUMMY0")
        screen.run("xrandr")  # lets the server notice its own second display
        _choose(screen, monkeypatch)
        yield screen


def _choose(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)

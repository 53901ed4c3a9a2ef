"""The queue between the threads that hear performers and the main thread, which obeys once a frame."""

from __future__ import annotations

import threading
from typing import Final

from live.show import Command, is_relative, subject

REPEATS: Final = 16
"""How many presses of one kind are kept for one frame; no finger makes more."""


class CommandQueue:
    """Commands that wait for the next frame. A flood neither grows it nor hides the last word.

    A command that says what shall be (`SetCity`) takes the place of those about the same that still wait;
    one that builds on what stands (`NextCity`) is added, up to `REPEATS` of its kind.
    """

    def __init__(self) -> None:
        self._waiting: list[Command] = []
        self._lock = threading.Lock()

    def put(self, command: Command) -> None:
        about = subject(command)
        with self._lock:
            if not is_relative(command):
                self._waiting = [other for other in self._waiting if subject(other) != about]
            elif sum(subject(other) == about for other in self._waiting) >= REPEATS:
                return
            self._waiting.append(command)

    def drain(self) -> list[Command]:
        """All that waits, in the order in which it came; the queue is empty afterwards."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting

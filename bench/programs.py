"""Other programs that do something to a show, each in a process of its own, so that they take nothing from
it but the machine's time.

A program prepares, waits for the word, and works for as many seconds as it is told, as often as it is told.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from multiprocessing.connection import Connection
from typing import Any, Final, TypeAlias

from models.faults import DeviceFault, Fault

Begun: TypeAlias = Callable[[], None]
Work: TypeAlias = Callable[[float, Begun], Any]
"""What a program does for so many seconds; it tells when it has begun, and returns what came of it."""
Prepare: TypeAlias = Callable[..., AbstractContextManager[Work]]
"""A function of a module that gives the work and afterwards clears up."""

PATIENCE: Final = 10.0
"""Seconds in which it must have cleared up."""


class MissingFault(DeviceFault):
    """Something that a part of the bench needs and that could be installed isn't there."""


class Program:
    """A program in a process of its own, as the bench holds it."""

    def __init__(self, prepare: Prepare, *arguments: object) -> None:
        """prepare: called with these arguments in the new process."""
        # Not forked: the show's threads and libraries are none of its business.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare, arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._said: list[tuple[str, Any]] = []

    def is_ready(self) -> bool:
        """Whether it has prepared itself. Raises the Fault, here and below, by which it has failed."""
        return self._has_said("ready")

    def go(self, seconds: float) -> None:
        """Let it work."""
        self._said.clear()
        self._pipe.send(seconds)

    def has_begun(self) -> bool:
        """Whether it is at work."""
        return self._has_said("begun")

    def has_done(self) -> bool:
        """Whether it has done its work."""
        return self._has_said("done")

    @property
    def result(self) -> Any:
        """What came of its work."""
        return next(what for word, what in self._said if word == "done")

    def close(self) -> None:
        """End it."""
        self._pipe.close()  # which ends it, unless it hangs
        self._process.join(timeout=PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _has_said(self, wanted: str) -> bool:
        while self._pipe.poll():
            try:
                word, what = self._pipe.recv()
            except EOFError:
                raise DeviceFault("a program of the bench has ended before its time") from None
            if word == "failed":
                raise what
            self._said.append((word, what))
        return any(word == wanted for word, _ in self._said)


def _serve(pipe: Connection, prepare: Prepare, arguments: Sequence[object]) -> None:
    """The life of a program, in its own process."""
    with ExitStack() as closing:
        try:
            work = closing.enter_context(prepare(*arguments))
            pipe.send(("ready", None))
            while True:
                seconds = pipe.recv()
                done = work(seconds, lambda: pipe.send(("begun", None)))
                pipe.send(("done", done))
        except (EOFError, BrokenPipeError, KeyboardInterrupt):
            return  # the bench has ended
        except Fault as fault:
            pipe.send(("failed", fault))
        except Exception as error:
            sentence = f"{prepare.__name__} has failed: {type(error).__name__}: {error}"
            pipe.send(("failed", DeviceFault(sentence)))

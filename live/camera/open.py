"""From the setting `camera.source` to something that opens it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import cv2

from live.camera.base import Source
from live.camera.dialects import LOCKABLE
from live.camera.lock import Kept
from live.camera.page import PAGE, PageSource
from live.camera.sources import StillSource, StreamSource, UvcSource, VideoSource, device_names, uvc_name
from live.clock import Clock
from live.config import CameraSettings
from live.drawing import Canvas
from models.faults import DeviceFault, InputFault, UsageFault

_SCHEMES: Final = ("http", "https", "rtsp")

_PROBED: Final = 4
"""How many camera numbers are tried where the system can't be asked which there are."""


def open_source(
    settings: CameraSettings,
    clock: Clock,
    locked: Mapping[str, Mapping[str, float]] | None = None,
    canvas: Canvas | None = None,
) -> Callable[[], Source]:
    """What opens the source that the settings name, as often as it is called.

    locked: the values at which cameras were locked before and are to be again, by the camera's name
        (`Source.name`) and the name of what is locked (`LOCKABLE`); the settings come first.
    canvas: what is drawn in browsers; None where nothing serves a page on which one could.

    The call raises InputFault or DeviceFault with a sentence if the source can't be opened; UsageFault is
    raised at once if there can be no such source.
    """
    source = settings.source
    cameras = _Cameras(settings, clock, locked or {})
    if source == "auto":
        return _Auto(settings, clock, cameras)
    if source == "simulated":
        return lambda: _simulated(settings, clock)
    if source == PAGE:
        if canvas is None:
            raise UsageFault(
                f'camera.source "{PAGE}" is drawn in browsers while a show runs, and is no camera otherwise'
            )
        return lambda: PageSource(canvas, settings.fps, clock)
    if source.isdecimal():
        return lambda: cameras.open(int(source))
    if "://" in source:
        scheme = source.partition("://")[0].lower()
        if scheme not in _SCHEMES:
            raise UsageFault(
                f'camera.source "{source}": {scheme}:// is none of http://, https:// and rtsp://'
            )
        return lambda: StreamSource(source, timeout=settings.timeout)
    path = Path(source).expanduser()
    if path.name != source or path.exists() or re.search(r"\.[A-Za-z]\w{1,4}$", source):
        return lambda: _file(path, settings, clock)
    return lambda: cameras.open_named(source)


def _simulated(settings: CameraSettings, clock: Clock) -> Source:
    # Here, not above: a show with a camera needs nothing of it.
    from live.camera.simulated import SimulatedSheet, SimulatedSource

    sheet = SimulatedSheet(settings.drawing, settings.seed, settings.width, settings.height)
    return SimulatedSource(sheet, settings.fps, clock)


def _file(path: Path, settings: CameraSettings, clock: Clock) -> Source:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        # OpenCV crashes on it.
        raise InputFault(f"{path}: this name isn't UTF-8, and so can't be opened; rename it") from None
    if path.exists() and not path.is_file():
        raise InputFault(
            f"{path} is no file; a source is a video, a picture, or the number or name of a camera"
        )
    if path.exists() and cv2.haveImageReader(str(path)):
        return StillSource(path, fps=settings.fps, clock=clock)
    return VideoSource(path, clock=clock)


class _Cameras:
    """Opens USB cameras, each locked at the values that it had when it was opened before: a show must not
    change its colours because a cable was pulled."""

    def __init__(
        self, settings: CameraSettings, clock: Clock, locked: Mapping[str, Mapping[str, float]]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._kept = {name: Kept(dict(values)) for name, values in locked.items()}

    def open(self, number: int, name: str = "") -> Source:
        """The camera of a number; its name where it isn't given is asked of the system."""
        settings = self._settings
        name = name or device_names().get(number, "")
        wanted = {what: getattr(settings, what) for what in LOCKABLE}
        return UvcSource(
            number,
            width=settings.width,
            height=settings.height,
            fps=settings.fps,
            clock=self._clock,
            name=name,
            lock={what: v for what, v in wanted.items() if v != "auto"} if settings.lock else None,
            kept=self._kept.setdefault(uvc_name(number, name), Kept()),
        )

    def open_named(self, wanted: str) -> Source:
        """The first camera whose name holds `wanted` and that brings pictures."""
        if not sys.platform.startswith("linux"):
            raise DeviceFault(
                f'camera.source "{wanted}" is no file, and cameras go by name on Linux only: '
                'use a number such as "0" for a camera'
            )
        names = device_names()
        fitting = {number: name for number, name in names.items() if wanted.lower() in name.lower()}
        if not fitting:
            raise DeviceFault(_no_such_name(wanted, names))
        faults = []
        for number, name in fitting.items():
            try:
                return self.open(number, name)
            except DeviceFault as fault:
                faults.append(str(fault))
        raise DeviceFault("; ".join(faults))


def _no_such_name(wanted: str, names: Mapping[int, str]) -> str:
    known = {name.lower(): name for name in ("auto", "simulated", PAGE, *names.values())}
    near = difflib.get_close_matches(wanted.lower(), known, n=1)
    meant = f'; did you mean "{known[near[0]]}"?' if near else ""
    there = ", ".join(f'"{name}"' for name in dict.fromkeys(names.values())) or "none"
    return f'no camera of a name like "{wanted}" is connected (connected: {there}){meant}'


class _Auto:
    """Opens the first USB camera that brings pictures, else the simulated sheet.

    Once it has chosen, it opens that one again and again: a show must not turn to a simulation because a
    cable was pulled.
    """

    def __init__(self, settings: CameraSettings, clock: Clock, cameras: _Cameras) -> None:
        self._settings = settings
        self._cameras = cameras
        self._clock = clock
        self._choice: Callable[[], Source] | None = None

    def __call__(self) -> Source:
        if self._choice is not None:
            return self._choice()
        on_linux = sys.platform.startswith("linux")
        candidates = device_names() if on_linux else dict.fromkeys(range(_PROBED), "")
        faults = []
        for number, name in candidates.items():
            try:
                source = self._cameras.open(number, name)
            except DeviceFault as fault:
                faults.append(str(fault))
                continue
            # By its name, since a camera that is plugged in again may get another number.
            self._choice = (
                partial(self._cameras.open_named, name) if name else partial(self._cameras.open, number)
            )
            return source
        why = "; ".join(faults) if on_linux and faults else "no USB camera found"
        self._choice = lambda: _Remarked(_simulated(self._settings, self._clock), why)
        return self._choice()


class _Remarked:
    """A source whose description says why it was chosen."""

    def __init__(self, source: Source, remark: str) -> None:
        self.live = source.live
        self.name = source.name
        self.locked = source.locked
        self.read = source.read
        self.close = source.close
        self._source = source
        self._remark = remark

    def describe(self) -> str:
        return f"{self._source.describe()} ({self._remark})"

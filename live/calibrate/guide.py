"""The guided pass at work: a camera, a window and a file around the pure parts.

key, pointer ─▶ command ─▶ reduce ─▶ state ─┐
camera ─frame─▶ look ───────────────────────┴─▶ draw ─▶ window
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.file import Calibration, find_calibration, write_calibration
from calibration.inking import inks_from_areas, inks_from_swatches, learn_inks, separability
from calibration.sheet import SheetPosition, in_shares
from live.calibrate.keys import LOST, Wish, key_action
from live.calibrate.look import Light, Look, Looker, lock_in_words
from live.calibrate.screen import Scene, draw, page
from live.calibrate.steps import (
    Accept,
    Area,
    BeginArea,
    CalibrateState,
    Command,
    Drag,
    Drop,
    Grab,
    Leave,
    Measured,
    Saved,
    SetInks,
    Tell,
    beginning,
    reduce,
)
from live.camera.base import Source
from live.camera.camera import FIRST_PICTURE, Camera, CameraStatus
from live.camera.lock import WATCH
from live.camera.open import open_source
from live.camera.sources import device_names
from live.clock import Clock
from live.config import Settings
from live.flow import Frame
from live.output.base import Output, PointerEvent
from live.output.window import ProjectorWindow
from live.sketch import inks_of
from models.faults import DeviceFault, Fault, InputFault
from models.palette import CLASS_NAMES

TICK: Final = 1 / 30
"""Seconds that the loop waits for a frame before it looks after keys again."""

PATIENCE: Final = 15.0
"""Seconds that a pass without a window looks for the sheet and its swatches."""

LIE: Final = 1.0
"""Seconds for which the sheet must lie still before a pass without a window believes what it sees."""


class Guide:
    """Leads an operator through the pass. Made and run on the main thread."""

    def __init__(
        self, camera: Camera, output: Output, state: CalibrateState, file: Path, tolerance: float = 1.0
    ) -> None:
        """tolerance: that of the show's inks."""
        self.state = state
        self._camera = camera
        self._output = output
        self._file = file
        self._looker = Looker(tolerance)
        self._frame: Frame | None = None
        self._look: Look | None = None
        self._status = camera.status()

    def run(self) -> str | None:
        """Lead to the end; returns what was saved where, or None if the pass was left without."""
        while not self.state.left:
            self.turn()
        return self.state.note if self.state.saved else None

    def turn(self) -> None:
        """One turn: a frame if there is one, what the operator did, and a picture of it all."""
        before = self.state
        self._status = self._camera.status()
        frame = self._camera.frames.take(timeout=TICK)
        self._frame = frame or self._frame
        for key in self._output.keys():  # noqa: SIM118 - of a keyboard
            self._press(key)
        for event in self._output.pointer():
            self._point(event)
        if frame is not None or self.state is not before:
            self._see()
        scene = Scene(self.state, self._look, self._status, self._file)
        self._output.show(draw(scene, self._output.size), ())

    def _see(self) -> None:
        if self._frame is not None:
            self._look = self._looker.look(self._frame, self.state)

    def _apply(self, command: Command) -> None:
        self.state = reduce(self.state, command)

    def _press(self, key: str) -> None:
        if self.state.saved:
            self._apply(Leave())
            return
        action = key_action(key, self.state, self._look, self._status.state == "lost")
        if isinstance(action, str):
            self._grant(action)
        elif action is not None:
            step = self.state.step
            self._apply(action)
            if isinstance(action, Accept) and self.state.step != step:
                self._see()
                self._begin_step()

    def _begin_step(self) -> None:
        """What a step finds out without being asked."""
        if self.state.step == "light":
            self._grant("white")
        elif self.state.step == "inks" and not self.state.inks.past:
            self._grant("swatches")

    def _grant(self, wish: Wish) -> None:
        """Do what takes a picture or a file; what can't be done is told."""
        try:
            self._apply(self._granted(wish))
        except Fault as fault:
            self._apply(Tell(str(fault)))

    def _granted(self, wish: Wish) -> Command:
        if wish == "save":
            return Saved(_save(self._file, self.state, self._status))
        look, position, levelled, light = _in_sight(self._look, self._status)
        match wish:
            case "white":
                return Measured(light.white)
            case "swatches":
                return SetInks(
                    inks_from_swatches(look.bgr, position), "the inks are read from the swatches"
                )
            case "learn":
                return SetInks(
                    learn_inks(levelled, self.state.inks.now), "the inks are learnt from the drawing"
                )

    def _point(self, event: PointerEvent) -> None:
        state, look = self.state, self._look
        if look is None:
            return
        where = page(state.step, self._output.size, look.size)
        at = where.share(event.at)
        if event.kind == "moved":
            self._apply(Drag(at))
        elif event.kind == "released":
            self._apply(Drop())
            if state.area is not None:
                self._show_ink(state.area)
        elif state.step == "sheet" and state.corners.now is not None:
            corner = where.nearest_corner(state.corners.now, event.at)
            if corner is not None:
                self._apply(Grab(corner, at))
        elif state.step == "inks" and where.is_on_picture(event.at):
            self._apply(BeginArea(at))

    def _show_ink(self, area: Area) -> None:
        """Take the colour of the class that is being pointed out from an area of the sheet."""
        name = CLASS_NAMES[self.state.ink]
        if not area.is_meant:
            self._apply(Tell(f"press and drag over an area of {name}: one point is too little to tell"))
            return
        try:
            _, _, levelled, _ = _in_sight(self._look, self._status)
            inks = inks_from_areas(levelled, {self.state.ink: area.box}, self.state.inks.now)
        except Fault as fault:
            self._apply(Tell(str(fault)))
        else:
            self._apply(SetInks(inks, f"{name} has the colour of that area"))


def calibrate(settings: Settings, file: Path, clock: Clock, *, by_itself: bool = False) -> str | None:
    """Calibrate in front of the camera of a show, and keep what was found out in a file.

    by_itself: without a window, by what is printed on the sheet. Returns what was saved where, or None if
    the operator left without saving. Raises the Fault of what can't be had or, by itself, of what is
    missing.
    """
    # Camera and window are the parallel parts; OpenCV's own threads would fight them.
    cv2.setNumThreads(1)
    with ExitStack() as parts:
        opens = open_source(settings.camera, clock)
        if settings.camera.source == "auto":
            opens = partial(_open_camera, opens)
        camera = Camera(opens, clock=clock, timeout=settings.camera.timeout)
        parts.callback(camera.close)
        camera.start(FIRST_PICTURE)
        state = _beginning(settings, file, camera.status())
        if by_itself:
            return calibrate_by_itself(camera, state, file, clock)
        output = ProjectorWindow(settings.output, "Calibrating · Invisible Cities", pointer=True)
        parts.callback(output.close)
        return Guide(camera, output, state, file, settings.inks.tolerance).run()


def calibrate_by_itself(camera: Camera, state: CalibrateState, file: Path, clock: Clock) -> str:
    """The whole pass without an operator: the inks by the swatches, and the sheet by itself, or by the
    corners that the show has by hand.

    What is seen counts once the sheet has lain still for a moment and the camera's lock has been verified.
    Returns what was found out and what was saved where. Raises InputFault for what is missing on the sheet,
    DeviceFault for a camera that is lost, once there was `PATIENCE` for it.
    """
    looker = Looker()
    state = replace(state, step="light")
    fault: Fault = DeviceFault("the camera gives no picture")
    lies: SheetPosition | None = None
    still = locking = began = clock.now()
    while clock.now() < began + PATIENCE:
        frame = camera.frames.take(timeout=TICK)
        status = camera.status()
        if status.state == "lost":
            fault, lies, locking = DeviceFault(status.sentence), None, clock.now()
            continue
        if frame is None:
            continue
        if status.lock.startswith("not locked yet"):
            locking = frame.grabbed
        try:
            look, position, _, light = _in_sight(looker.look(frame, state), status)
            if lies is None or position.homography is not lies.homography:
                still = frame.grabbed
            lies = position
            if frame.grabbed < still + LIE:
                raise InputFault("the sheet doesn't lie still: let it lie, and keep your hands off it")
            if status.lock and frame.grabbed < locking + WATCH:
                raise DeviceFault(f"the camera doesn't come to rest: {status.lock}")
            inks = inks_from_swatches(look.bgr, position)
        except Fault as missing:
            fault = missing
            continue
        found = reduce(reduce(state, Measured(light.white)), SetInks(inks, ""))
        lock, _ = lock_in_words(status)
        told = [*(text for text in (state.note, lock) if text), *light.in_words]
        told += separability(inks) or ("All five inks are told apart.",)
        return "\n".join((*told, _save(file, found, status)))
    raise fault


def _open_camera(opens: Callable[[], Source]) -> Source:
    """A camera, and not the simulated sheet that a show takes in its place: what is found out there is true
    of nothing else, and would replace what is true of the camera."""
    source = opens()
    if source.live:
        return source
    source.close()
    names = ", ".join(dict.fromkeys(device_names().values()))
    if names:
        raise DeviceFault(
            f"no camera can be opened (connected: {names}): end the program that holds it, or give "
            "--camera simulated to try it out"
        )
    raise DeviceFault("no camera is connected: plug one in, or give --camera simulated to try it out")


def _beginning(settings: Settings, file: Path, camera: CameraStatus) -> CalibrateState:
    """What the show has now: its calibration, else what its settings say."""
    note = ""
    try:
        kept = find_calibration(file)
    except InputFault as fault:
        note = f"{fault}; beginning with the settings of the show"
    else:
        if kept is not None:
            return beginning(kept.inks, kept.corners, kept.white)
    corners = None
    if settings.sheet.corners != "auto" and camera.size is not None:
        corners = in_shares(np.array(settings.sheet.corners, np.float32), camera.size)
    return replace(beginning(inks_of(settings.inks), corners), note=note)


def _save(file: Path, state: CalibrateState, camera: CameraStatus) -> str:
    """Write the calibration; returns the sentence about it."""
    white = state.white.now
    if white is None or camera.size is None:
        raise InputFault("the white of the paper isn't measured yet: go back to the light, and press W")
    now = datetime.now().astimezone()
    corners, inks = state.corners.now, state.inks.now
    made = Calibration(now, camera.name, camera.size, corners, inks, white, camera.locked)
    kept = write_calibration(file, made)
    before = f"; the one before is kept as {kept.name}" if kept is not None else ""
    return f"saved to {file}{before}"


def _in_sight(
    look: Look | None, camera: CameraStatus
) -> tuple[Look, SheetPosition, NDArray[np.uint8], Light]:
    """A look with all that was found in it.

    Raises InputFault where the sheet is out of sight, DeviceFault where the camera is lost.
    """
    if camera.state == "lost":
        raise DeviceFault(LOST)
    if look is None or look.position is None or look.levelled is None or look.light is None:
        note = look.sighting.note if look is not None else ""
        raise InputFault(note or "the sheet is out of sight, and this takes a picture of it")
    return look, look.position, look.levelled, look.light

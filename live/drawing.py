"""A sheet that is drawn on in browsers: strokes become labels.

The drawing is a list of acts, in the order in which they came, on top of what is baked in; its labels are
what one gets by doing them one after the other (`drawn`). A new act is done on the labels as they are; to
take one back, all that are left are done again, which takes a few hundredths of a second for all that are
kept.

A stroke arrives in parts while it is being drawn. Each part is a line of its own, which begins where the
part before it ended: a part that comes twice changes nothing, and one that is lost leaves a mere gap.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import InputFault
from models.files import write_whole
from models.palette import CLASS_NAMES, GROUND, PALETTE_RGB, classes_of_map

_log = logging.getLogger(__name__)

Labels = NDArray[np.uint8]

SIDE: Final = 1024
"""Pixels along the side of the drawing: the greatest side of an engine."""

WIDTHS: Final = (0.001, 0.25)
"""The thinnest and the thickest stroke, in shares of the sheet's side."""

REACH: Final = (-1.0, 2.0)
"""Between which coordinates of the sheet a stroke may run; what lies outside 0..1 isn't seen."""

PART_POINTS: Final = 1000
"""Points that one part of a stroke may have, at most."""

KEPT_ACTS: Final = 4000
KEPT_POINTS: Final = 40_000
"""Acts and points that are kept, so that they can be taken back: the strokes of some minutes. Where there
are more, the older half is baked in."""

NAME_LENGTH: Final = 64
"""Characters of the name of a stroke or a client, at most."""

SHOW: Final = ""
"""Who clears the sheet where it isn't a page: the show itself."""

SAVE_EVERY: Final = 5.0
"""Seconds between two looks whether there is something new to be saved."""

_SHIFT: Final = 4
"""Bits of a pixel's fraction to which points are drawn."""

_FLAT: Final = np.zeros((256, 1, 3), np.uint8)
_FLAT[: len(PALETTE_RGB), 0] = PALETTE_RGB[:, ::-1]


# The pure part: acts and what they make of labels


@dataclass(frozen=True, slots=True)
class Stroke:
    """A stroke, or a part of one.

    name: the same for all parts of a stroke, and for no other stroke of this client.
    label: the class that it draws, 0..4; 0, ground, is the rubber.
    width: in shares of the sheet's side.
    points: at least one, in sheet coordinates; a single one is a dot.
    """

    name: str
    label: int
    width: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What a client did: a stroke or a part of one; or None, clearing the whole sheet."""

    client: str
    stroke: Stroke | None

    @property
    def name(self) -> tuple[str, str] | None:
        """By which the parts of one stroke belong together; None of a clearing."""
        return None if self.stroke is None else (self.client, self.stroke.name)

    @property
    def size(self) -> int:
        """How many points it has."""
        return 0 if self.stroke is None else len(self.stroke.points)


def do(labels: Labels, act: Act) -> None:
    """Do one act on labels, uint8 (side, side), in place.

    The line is as OpenCV draws it: thick, with round caps and joints, without antialiasing, since there is
    nothing between two classes.
    """
    if act.stroke is None:
        labels[:] = GROUND
        return
    side, stroke = len(labels), act.stroke
    # The middle of the first pixel is 0 to OpenCV, and half a pixel on the sheet.
    places = (np.array(stroke.points) * side - 0.5) * (1 << _SHIFT)
    line = np.rint(places).astype(np.int32)
    if len(line) == 1:
        line = np.repeat(line, 2, axis=0)
    thickness = max(1, round(stroke.width * side))
    cv2.polylines(labels, [line], False, stroke.label, thickness, cv2.LINE_8, _SHIFT)


def drawn(base: Labels, acts: Iterable[Act]) -> Labels:
    """What acts make of labels, which stay as they are."""
    labels = base.copy()
    for act in acts:
        do(labels, act)
    return labels


def last_of(acts: Sequence[Act], client: str) -> int | None:
    """Which act a client may take back: its own last one, or a clearing by the show, as everybody may."""
    for index in range(len(acts) - 1, -1, -1):
        act = acts[index]
        if act.client == client or act == Act(SHOW, None):
            return index
    return None


def without(acts: Sequence[Act], last: int) -> list[Act]:
    """Acts without one of them and, where it is a stroke, without the other parts of it; there may be parts
    of others between them, since two fingers draw at once."""
    name = acts[last].name
    return [act for n, act in enumerate(acts) if n != last and (name is None or act.name != name)]


def bgr_of(labels: Labels) -> NDArray[np.uint8]:
    """Labels without unknown ones in the palette's flat colours: uint8 (side, side, 3) BGR.

    As `models.palette.paint`, but fast enough for every frame of a show.
    """
    return np.asarray(cv2.applyColorMap(labels, _FLAT), np.uint8)


def png_of(labels: Labels) -> bytes:
    """Labels as a map in the palette's flat colours, which `cities render --labels` takes: a PNG."""
    good, encoded = cv2.imencode(".png", bgr_of(labels), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert good
    return encoded.tobytes()


# Strokes as pages tell them


def read_stroke(told: object) -> Stroke:
    """A stroke as a page tells it: {"id", "class", "width", "points"}; what else there is, is passed over.

    Raises ValueError with what is wrong and what would be right.
    """
    if not isinstance(told, Mapping):
        raise ValueError("a stroke must be an object with id, class, width and points")
    name, label, width, points = (told.get(key) for key in ("id", "class", "width", "points"))
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH:
        raise ValueError(f"the id of a stroke must be a text of 1 to {NAME_LENGTH} characters")
    if type(label) is not int or not 0 <= label < len(CLASS_NAMES):
        classes = ", ".join(f"{index} {name}" for index, name in enumerate(CLASS_NAMES))
        raise ValueError(f"the class of a stroke must be one of {classes}")
    if not _is_number(width) or not WIDTHS[0] <= width <= WIDTHS[1]:
        raise ValueError(f"the width of a stroke must be a number from {WIDTHS[0]:g} to {WIDTHS[1]:g}")
    if not isinstance(points, list | tuple) or not 0 < len(points) <= PART_POINTS:
        raise ValueError(f"the points of a stroke must be a list of 1 to {PART_POINTS} pairs [x, y]")
    return Stroke(name, label, float(width), tuple(_read_point(point) for point in points))


def _read_point(told: object) -> tuple[float, float]:
    if isinstance(told, list | tuple) and len(told) == 2:
        x, y = told
        if _is_number(x) and _is_number(y) and all(REACH[0] <= v <= REACH[1] for v in (x, y)):
            return float(x), float(y)
    raise ValueError(
        f"a point of a stroke must be a pair [x, y] of numbers from {REACH[0]:g} to {REACH[1]:g}, "
        "in which the sheet reaches from 0 to 1"
    )


def _is_number(told: object) -> TypeGuard[float]:
    # By exact type: to Python, true is a number too.
    return type(told) is int or (type(told) is float and math.isfinite(told))


# The drawing of a show


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing as it was at a moment.

    version: counts its changes. labels: uint8 (SIDE, SIDE), classes 0..4, never written to.
    """

    version: int
    labels: Labels


class Canvas:
    """The drawing of a show, which pages draw on and a camera of its own kind looks at. For any thread.

    file: a PNG in which it is kept, and from which it comes back; None forgets it with the program.

    Raises InputFault if the file is there and is no square map.
    """

    def __init__(self, file: Path | None = None) -> None:
        base = np.zeros((SIDE, SIDE), np.uint8) if file is None else _read_drawing(file)
        self._lock = threading.Lock()
        # Guarded by the lock:
        self._base, self._labels = base, base.copy()
        self._acts: list[Act] = []
        self._points = 0
        self._torn: set[tuple[str, str] | None] = set()  # strokes of which some parts are baked in
        self._version = self._redrawn = 1
        self._drawing: Drawing | None = None
        # Guarded by the other lock, which is held for longer:
        self._painting = threading.Lock()
        self._png: tuple[int, bytes] | None = None
        # Of the thread that saves:
        self._file = file
        self._saved = self._version
        self._fault = ""
        self._closing = threading.Event()
        self._saver = threading.Thread(target=self._save_now_and_then, name="drawing", daemon=True)

    def draw(self, client: str, stroke: Stroke) -> int:
        """Draw a stroke, or the next part of one. Returns the drawing's version with it."""
        return self._do(Act(client, stroke))

    def clear(self, client: str = SHOW) -> None:
        """Make the whole sheet ground; this can be taken back."""
        self._do(Act(client, None))

    def undo(self, client: str) -> bool:
        """Take back what this client has done last; what others have done since stays. Returns whether
        there was anything, and it wasn't too long ago."""
        with self._lock:
            last = last_of(self._acts, client)
            if last is None or self._acts[last].name in self._torn:
                return False
            self._acts = without(self._acts, last)
            self._points = sum(act.size for act in self._acts)
            self._labels = drawn(self._base, self._acts)
            self._changed(redrawn=True)
            return True

    @property
    def redrawn(self) -> int:
        """The version of the last change that is more than a stroke on top: who has an older drawing must
        fetch it anew, whatever strokes were told since."""
        return self._redrawn

    def drawing(self) -> Drawing:
        """The drawing as it is now; the same object as long as it doesn't change."""
        with self._lock:
            if self._drawing is None:
                labels = self._labels.copy()
                labels.flags.writeable = False
                self._drawing = Drawing(self._version, labels)
            return self._drawing

    def png(self) -> tuple[int, bytes]:
        """The drawing's version and its picture, as of `png_of`; made once for each version, in a few
        hundredths of a second."""
        with self._painting:
            drawing = self.drawing()
            if self._png is None or self._png[0] != drawing.version:
                self._png = drawing.version, png_of(drawing.labels)
            return self._png

    def _do(self, act: Act) -> int:
        with self._lock:
            do(self._labels, act)
            self._acts.append(act)
            self._points += act.size
            if len(self._acts) > KEPT_ACTS or self._points > KEPT_POINTS:
                self._bake()
            self._changed(redrawn=act.stroke is None)
            return self._version

    def _bake(self) -> None:
        """Let go of the older half of the acts, which can't be taken back any more."""
        count = 0
        while len(self._acts) - count > KEPT_ACTS // 2 or self._points > KEPT_POINTS // 2:
            self._points -= self._acts[count].size
            count += 1
        baked, self._acts = self._acts[:count], self._acts[count:]
        self._base = drawn(self._base, baked)
        self._torn |= {act.name for act in baked}
        self._torn &= {act.name for act in self._acts if act.stroke is not None}

    def _changed(self, redrawn: bool) -> None:
        self._version += 1
        self._drawing = None
        if redrawn:
            self._redrawn = self._version

    # Its file

    def start(self) -> None:
        """Begin to save the drawing now and then, on a thread of its own."""
        if self._file is not None:
            self._saver.start()

    def close(self) -> None:
        """Save the drawing for the last time."""
        self._closing.set()
        if self._saver.is_alive():
            self._saver.join()

    @property
    def note(self) -> str:
        """Why the drawing can't be kept, for the operator; "" if it can."""
        return self._fault

    def _save_now_and_then(self) -> None:
        while not self._closing.wait(SAVE_EVERY):
            self._save()
        self._save()

    def _save(self) -> None:
        if self._file is None or self.drawing().version == self._saved:
            return
        version, png = self.png()
        try:
            write_whole(self._file, png)
        except OSError as error:
            if not self._fault:
                _log.warning("the drawing can't be kept in %s: %s", self._file, error)
            self._fault = f"the drawing can't be kept in {self._file}: {error.strerror or error}"
        else:
            self._saved, self._fault = version, ""


def _read_drawing(file: Path) -> Labels:
    try:
        encoded = np.frombuffer(file.read_bytes(), dtype=np.uint8)
    except FileNotFoundError:
        return np.zeros((SIDE, SIDE), np.uint8)
    except OSError as error:
        raise InputFault(f"{file}: the drawing can't be read: {error.strerror or error}") from None
    bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if len(encoded) else None
    if bgr is None or bgr.shape[0] != bgr.shape[1]:
        raise InputFault(
            f"{file} is no square picture and can't be the drawing; move it away to begin anew"
        )
    square = cv2.resize(bgr, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST_EXACT)
    return classes_of_map(np.asarray(square[..., ::-1], np.uint8))

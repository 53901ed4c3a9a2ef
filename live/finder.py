"""Finding the sheet in frame after frame, and following it when it moves.

By its printed markers where there are some, else by the outline of a white paper, which is then as a whole
the drawing area, or from corners that were given. A found sheet's homography stays the same object as long
as it lies still. Every frame is asked whether it still does (`calibration.anchors`); the picture is
searched only from time to time, or in every frame while the sheet moves. A sheet that has gone is looked
for in parts, one in some frames, since what is shown runs on the same thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.anchors import Anchors
from calibration.layout import A4, MARKER_IDS, MARKER_NAMES
from calibration.outline import find_outlines
from calibration.sheet import (
    LEAST_MARKERS,
    UNIT_SQUARE,
    Corners,
    Markers,
    SheetPosition,
    find_markers,
    find_some_markers,
    fit_sheet,
    glimpse_markers,
    hidden_markers,
    in_pixels,
    still,
)

LOOK_EVERY: Final = 0.1
"""Seconds between two looks while something of a sheet that lies still is hidden."""

CHECK_EVERY: Final = 1.0
"""… and while nothing is: the anchors would tell if it moved."""

PART_EVERY: Final = 0.15
"""Seconds between two parts of a search for markers in bad light or far away: three to five of them are the
whole search, which in one go would hold up the city's fades, …"""

PART_WHILE_SEEN: Final = 0.3
"""… and while a paper without markers is in sight, in the place of which there may be one that has some."""

OUTLINE_EVERY: Final = 0.35
"""Seconds between two looks for a paper without markers that has been gone for more than a moment."""

MOMENT: Final = 1.0
"""Seconds for which a sheet out of sight is taken to be on the move."""

PATIENCE: Final = 2.0
"""Seconds without any marker after which a sheet that had some may be one that has none."""

DARK: Final = 24
"""A picture whose brightest parts are darker, of 255, shows nothing."""

BLOWN: Final = 250
"""A value from which on a camera can't tell one brightness from another."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the sheet is, as far as a frame and those before it tell.

    position: the last good one; None if there never was one.
    found: the sheet is in sight, and `position` is good for this frame.
    moving: it, or the camera, is moving right now: as long as it is found, labels may be read on, but what
        is measured once and kept (the paper's white, the inks) must wait.
    note: one sentence for the operator if something is missing, else "".
    """

    position: SheetPosition | None
    found: bool
    moving: bool
    note: str = ""


class SheetFinder:
    """Finds the sheet in frame after frame. Used by one thread; times are those of the frames.

    corners: 'auto', or the four corners of the drawing area, clockwise from the top left, which are then
    used as they are. unit: of given corners: camera 'pixels', which hold for one size of the picture only,
    or 'shares' of its width and height, 0..1 from edge to edge, which go along with any size.

    Raises UsageFault for corners in pixels that make no sheet.
    """

    def __init__(
        self, corners: Literal["auto"] | Corners, unit: Literal["pixels", "shares"] = "pixels"
    ) -> None:
        self._given = None if corners == "auto" else corners
        self._unit = unit
        self._set = SheetPosition.of_corners(corners) if corners != "auto" and unit == "pixels" else None
        self._size: tuple[int, int] | None = None
        self.clear()

    @property
    def given(self) -> bool:
        """Whether the corners were given, and nothing is searched for."""
        return self._given is not None

    def clear(self) -> None:
        """Forget where the sheet was; given corners stay."""
        self._position = self._set
        self._found = self._moving = False
        self._anchors: Anchors | None = None
        self._face: NDArray[np.float32] | None = None
        self._looked = self._glimpsed = self._searched = self._outlined = -math.inf
        self._seen = self._marked = self._told = -math.inf
        self._turn = 0
        self._note = self._why = ""

    def look(self, bgr: NDArray[np.uint8], now: float) -> Sighting:
        """Where the sheet is in a frame, uint8 (H, W, 3), of the time `now`, in seconds."""
        size = bgr.shape[1], bgr.shape[0]
        if self._given is not None:
            return self._at_given(bgr, size)
        if self._size is not None and size != self._size:
            self._resize(self._size, size)
        self._size = size
        held = self._anchors.still(bgr, still(bgr)) if self._anchors is not None else ()
        if held and self._found and not self._moving:
            whole = self._anchors is not None and held == self._anchors.which and not self._hidden()
            if not _due(self._looked, CHECK_EVERY if whole else LOOK_EVERY, now):
                return Sighting(self._position, True, False, self._note)
        self._look(bgr, now, held)
        return Sighting(self._position, self._found, self._moving, self._note)

    def _look(self, bgr: NDArray[np.uint8], now: float, held: tuple[int, ...]) -> None:
        """Search this frame as far as it is due, and take in what it shows."""
        self._looked = now
        last = self._position
        trouble = _exposure(bgr)
        if trouble and not held:
            self._found = self._moving = False
            self._note = trouble
            return
        if held:
            self._seen = now
        position = self._search(bgr, now, held)
        if position is not None:
            self._take(bgr, position, held)
            self._seen = now
        elif held:
            # The anchors know the sheet where the search doesn't: under an arm, in bad light.
            if not self._found:
                self._note = ""
            self._found, self._moving = True, False
        else:
            self._found = False
            self._moving = last is not None and now - self._seen < MOMENT
            why = self._why if now - self._told < CHECK_EVERY else ""
            self._note = "" if self._moving else why or (NEVER if last is None else LOST)

    def _search(self, bgr: NDArray[np.uint8], now: float, held: tuple[int, ...]) -> SheetPosition | None:
        """Look where it is cheap, and thoroughly where and when it is due, in parts: what is out of sight
        must not hold up what is shown."""
        last = self._position
        if last is None and self._searched == -math.inf:
            # Nothing is shown yet that could be held up.
            self._searched = now
            position = self._of_markers(find_markers(bgr), bgr, now, held)
            return position if position is not None or self._marked == now else self._by_outline(bgr, now)
        away = not held and now - self._seen >= MOMENT
        if last is not None and last.fitted:
            if not away or _due(self._glimpsed, LOOK_EVERY, now):
                self._glimpsed = now
                position = self._by_markers(bgr, glimpse_markers(bgr))
                if position is not None:
                    self._marked = now
                    return position
            if held:
                self._marked = now
                self._note = hidden_markers(held)
        outline = None
        if self._outline_is_due(now, held):
            outline = self._by_outline(bgr, now)
            if away:
                return outline
        if not _due(self._searched, PART_EVERY if last is None or last.fitted else PART_WHILE_SEEN, now):
            return outline
        self._searched = now
        self._turn += 1
        position = self._of_markers(find_some_markers(bgr, self._turn), bgr, now, held)
        return position if position is not None else outline

    def _outline_is_due(self, now: float, held: tuple[int, ...]) -> bool:
        last = self._position
        if last is not None and not last.fitted:
            # Every frame of one that moves counts.
            soon = self._moving if held else now - self._seen < MOMENT
            return soon or (not held and _due(self._outlined, OUTLINE_EVERY, now))
        # A sheet that had markers a moment ago has them still.
        unmarked = not held and now - self._marked >= PATIENCE
        return unmarked and _due(self._outlined, OUTLINE_EVERY if last is None else CHECK_EVERY, now)

    def _of_markers(
        self, markers: Markers, bgr: NDArray[np.uint8], now: float, held: tuple[int, ...]
    ) -> SheetPosition | None:
        """The sheet that a thorough search found; if there are markers but too few, it is told why."""
        position = self._by_markers(bgr, markers)
        if markers:
            self._marked = now
        if markers and position is None and not held:
            self._tell(_lone_note(markers, bgr), now)
        return position

    def _tell(self, why: str, now: float) -> None:
        self._why, self._told = why, now

    def _by_markers(self, bgr: NDArray[np.uint8], markers: Markers) -> SheetPosition | None:
        last = self._position
        if last is not None and not last.fitted:
            last = None
        # What moves is fitted anew in every frame; what comes to rest, once more in its first still one.
        position = fit_sheet(markers, A4, last, 0.0 if self._moving else still(bgr))
        if position is not None:
            self._note = _marker_note(position, bgr, known=last is not None)
        return position

    def _by_outline(self, bgr: NDArray[np.uint8], now: float) -> SheetPosition | None:
        """The white paper nearest to where it was, or the largest, turned as it was."""
        self._outlined = now
        height, width = bgr.shape[:2]
        outlines = find_outlines(bgr, thorough=not self._moving)
        last = None if self._position is None or self._position.fitted else self._position.corners
        whole = [outline.corners for outline in outlines if not _beyond(outline.corners, width, height)]
        if not whole:
            if outlines:
                self._tell(_move_note(outlines[0].corners, width, height), now)
            return None
        if last is None:
            quad = whole[0]
        else:
            quad = min(whole, key=lambda each: float(np.linalg.norm((each - last).mean(axis=0))))
            quad = self._turned(bgr, quad, last, now)
        self._note = (TWO_BEFORE if last is not None else TWO_LARGER) if len(whole) > 1 else ""
        return SheetPosition.of_corners(quad)

    def _turned(
        self, bgr: NDArray[np.uint8], quad: NDArray[np.float32], last: NDArray[np.float32], now: float
    ) -> NDArray[np.float32]:
        """The corners of a paper in the order in which they turned with it."""
        ways = [np.roll(quad, turn, axis=0) for turn in range(4)]
        if self._face is not None and now - self._seen > LOOK_EVERY:
            # Out of sight it may have turned by any angle: what is drawn on it tells.
            alike = [_alike(self._face, _face(bgr, SheetPosition.of_corners(way))) for way in ways]
            first, second = sorted(alike, reverse=True)[:2]
            if first > 0.5 and first - second > 0.15:
                return ways[alike.index(first)]
        middle = quad.mean(axis=0) - last.mean(axis=0)
        off = [float(np.linalg.norm(way - middle - last)) for way in ways]
        return ways[off.index(min(off))]

    def _take(
        self,
        bgr: NDArray[np.uint8],
        position: SheetPosition,
        held: tuple[int, ...],
    ) -> None:
        """Believe a position that was found in this frame."""
        last = self._position
        same = last is not None and position.homography is last.homography
        shift = (
            0.0
            if last is None or same
            else float(np.linalg.norm(position.corners - last.corners, axis=1).max())
        )
        by_outline = not position.fitted and last is not None and not last.fitted
        if last is not None and by_outline and not self._moving and shift < 2 * still(bgr):
            position, same = last, True
        was_moving = self._moving
        self._moving = last is not None and not same and shift > 3 * still(bgr)
        self._found = True
        self._position = position
        if not position.fitted:
            if not self._moving:
                self._face = _face(bgr, position)
            spots = CORNER_SPOTS
        else:
            self._face = None
            spots = {i: MARKER_SPOTS[i] for i in position.seen}
        if not same or was_moving or self._anchors is None or set(held) != set(spots):
            self._anchors = Anchors.at(bgr, position.homography, spots)

    def _hidden(self) -> bool:
        position = self._position
        return position is not None and bool(position.fitted) and len(position.seen) < len(MARKER_IDS)

    def _at_given(self, bgr: NDArray[np.uint8], size: tuple[int, int]) -> Sighting:
        assert self._given is not None
        trouble = _exposure(bgr)
        if trouble:
            return Sighting(self._position, False, False, trouble)
        if self._size is None:
            self._size = size
        if self._unit == "shares":
            if self._position is None or size != self._size:
                self._position = SheetPosition.of_corners(in_pixels(self._given, size))
                self._size = size
            return Sighting(self._position, True, False)
        if size != self._size:
            (was_wide, was_high), (wide, high) = self._size, size
            return Sighting(
                self._position,
                False,
                False,
                f"the camera's picture is now {wide}×{high} pixels, but sheet.corners were set for "
                f'{was_wide}×{was_high}: set them anew, or sheet.corners = "auto"',
            )
        assert self._position is not None
        if self._position.share_within(*size) < 0.5:
            note = f"sheet.corners lie outside the camera's picture, which is {size[0]}×{size[1]} pixels"
            return Sighting(self._position, True, False, note)
        return Sighting(self._position, True, False)

    def _resize(self, was: tuple[int, int], size: tuple[int, int]) -> None:
        """The camera changed its picture: the sheet is most likely where it was, at the new scale."""
        self._anchors = None
        self._looked = self._glimpsed = self._searched = self._outlined = -math.inf
        if self._position is not None:
            x, y = size[0] / was[0], size[1] / was[1]
            scale = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
            last = self._position
            self._position = SheetPosition(scale @ last.homography, last.fitted, last.seen)


NEVER: Final = (
    "no sheet found: put the printed sheet with its four markers, or a white paper on a darker table, "
    "into the camera's view"
)
LOST: Final = "the sheet is out of sight; keeping what was read"
TWO_BEFORE: Final = "two sheets in view: take one away; the one that was there before is read"
TWO_LARGER: Final = "two sheets in view: take one away; the larger one is read"

MARKER_SPOTS: Final = dict(enumerate(A4.marker_corners_sheet()))
CORNER_SPOTS: Final = {
    i: np.asarray(corner + (UNIT_SQUARE - 0.5) * 0.12, dtype=np.float32)
    for i, corner in enumerate(UNIT_SQUARE)
}
"""Around each corner of a paper without markers."""


def _due(last: float, every: float, now: float) -> bool:
    """Whether something that was done at `last` is to be done again."""
    return now - last >= every - 1e-6


def _marker_note(position: SheetPosition, bgr: NDArray[np.uint8], known: bool) -> str:
    height, width = bgr.shape[:2]
    if position.twice:
        return TWO_BEFORE if known else TWO_LARGER
    outside = [i for i in MARKER_IDS if i not in position.seen]
    if outside:
        quads = cv2.perspectiveTransform(A4.marker_corners_sheet().reshape(1, -1, 2), position.homography)[
            0
        ]
        if any(_beyond(quads[4 * i : 4 * i + 4], width, height) for i in outside):
            return _move_note(quads, width, height)
    return position.missing


def _lone_note(markers: Markers, bgr: NDArray[np.uint8]) -> str:
    """What to do about a sheet of which fewer markers are seen than it takes."""
    height, width = bgr.shape[:2]
    number, quads = next(iter(markers.items()))
    # A marker alone tells roughly where the rest of its sheet lies.
    homography = cv2.getPerspectiveTransform(A4.marker_corners_sheet()[number], quads[0])
    sheet = cv2.perspectiveTransform(A4.marker_corners_sheet().reshape(1, -1, 2), homography)[0]
    if _beyond(sheet, width, height):
        return _move_note(sheet, width, height)
    return (
        f"only the {MARKER_NAMES[number]} marker is seen, and it takes {LEAST_MARKERS}: uncover the others"
    )


def _beyond(points: NDArray[np.float32], width: int, height: int) -> bool:
    """Whether some of the points lie at the picture's edge or beyond it."""
    return bool((points < 2).any() or (points > (width - 3, height - 3)).any())


def _move_note(points: NDArray[np.float32], width: int, height: int) -> str:
    """Which way to move a sheet that reaches beyond the picture."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    ways = {"to the right": 2 - left, "to the left": right - width + 3}
    ways |= {"down": 2 - top, "up": bottom - height + 3}
    pairs = ("to the right", "to the left"), ("down", "up")
    said = [max(pair, key=ways.__getitem__) for pair in pairs if max(ways[way] for way in pair) > 0]
    return f"only part of the sheet is in the camera's view: move it {' and '.join(said)} in the picture"


def _exposure(bgr: NDArray[np.uint8]) -> str:
    """What is wrong with a picture that shows nothing at all."""
    some = bgr[::16, ::16].max(axis=2)
    if np.percentile(some, 99) < DARK:
        return "the picture is black: is it the lens cap, the light or the exposure?"
    if np.mean(bgr[::16, ::16].min(axis=2) >= BLOWN) > 0.9:
        return "the picture is blown out: less light or a shorter exposure"
    return ""


def _face(bgr: NDArray[np.uint8], position: SheetPosition) -> NDArray[np.float32]:
    """What is drawn on a paper, in small, float32 (32, 32)."""
    small = position.rectify(bgr, 64)
    return np.asarray(
        cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA).mean(axis=2), dtype=np.float32
    )


def _alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """How well two small pictures of a paper go together, -1..1; 0 for blank ones."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / size if size > 5 * a.size else 0.0

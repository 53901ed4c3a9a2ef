"""Where the sheet lies in the camera's picture.

Sheet coordinates are 0..1 over the drawing area, origin top left. Pixel coordinates are OpenCV's: whole
numbers are the middles of pixels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.layout import A4, MARKER_IDS, MARKER_NAMES, SheetLayout
from models.faults import UsageFault

LEAST_MARKERS = 2
"""One marker is too small to tell where the far side of the sheet lies."""

LEAST_CORNER = 50.0
"""Square pixels that two neighbouring sides of a sheet must span (as vectors), at least."""

STILL = 1.0
"""Pixels by which a marker may seem to move while the sheet lies still, in a picture of 1280 pixels."""

MISFIT = 2.0
"""Pixels by which a marker's corners may be off the sheet that was fitted to all of them, on average, …"""

MISFIT_SHARE = 0.06
"""… or, if that is more, this share of its edge: paper is never quite flat."""

DIM = 120
"""Of 255: a picture whose bright parts are darker is brightened for the search."""

MOST_CHOICES = 256
"""Of one marker of each number: what four sheets in one picture come to."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetPosition:
    """Where the drawing area lies in a picture.

    homography: float64 (3, 3), from sheet coordinates to pixels.
    fitted: which of the four markers it was fitted to; none if its corners were given.
    seen: which of them the last picture showed; a hand may hide some while the sheet lies still.
    twice: which of the markers it showed more than once: there is a second sheet in view.
    """

    homography: NDArray[np.float64]
    fitted: tuple[int, ...] = ()
    seen: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()

    @classmethod
    def of_corners(cls, corners: Sequence[Sequence[float]] | NDArray[np.float32]) -> SheetPosition:
        """From the drawing area's corners in pixels, clockwise from the top left.

        Raises UsageFault unless the four make a convex quadrilateral, in that order.
        """
        quad = np.asarray(corners, dtype=np.float32)
        if quad.shape != (4, 2) or not np.isfinite(quad).all() or not _is_clockwise(quad):
            raise UsageFault(
                "the corners of the sheet must be four points clockwise from the top left, "
                f"that make a four-sided figure without a dent, not {np.round(quad, 1).tolist()}"
            )
        return cls(cv2.getPerspectiveTransform(UNIT_SQUARE, quad).astype(np.float64))

    @property
    def corners(self) -> NDArray[np.float32]:
        """The drawing area's corners in pixels, float32 (4, 2), clockwise from the top left."""
        return _project(self.homography, UNIT_SQUARE)

    def share_within(self, width: int, height: int) -> float:
        """How much of the drawing area lies within a picture of this size in pixels, 0..1."""
        # By samples: OpenCV 5's intersectConvexConvex is wrong where two edges touch.
        return float(self.within(width, height, 32).mean())

    def within(self, width: int, height: int, side: int, margin: int = 0) -> NDArray[np.bool_]:
        """Which cells of the drawing area, `side` along each side and `margin` more all around, lie within
        a picture of this size in pixels: bool (side + 2 margin, side + 2 margin)."""
        size = side + 2 * margin
        steps = (np.arange(size) - margin + 0.5) / side
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).astype(np.float32)
        x, y = _project(self.homography, grid).T
        return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height)).reshape(size, size)

    @property
    def missing(self) -> str:
        """What of the sheet is hidden, for the operator: 'lower left marker hidden', or ''."""
        return hidden_markers(self.seen) if self.fitted else ""

    def rectify(self, bgr: NDArray[np.uint8], side: int, margin: int = 0) -> NDArray[np.uint8]:
        """The drawing area as a square of `side` pixels, with `margin` more all around.

        bgr: uint8 (H, W, 3). Returns uint8 (side + 2 margin, side + 2 margin, 3).
        """
        # The middle of pixel i of the square is at (i - margin + 0.5) / side of the sheet.
        shift = (0.5 - margin) / side
        pixels = np.array([[1 / side, 0, shift], [0, 1 / side, shift], [0, 0, 1]])
        size = side + 2 * margin
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        square = cv2.warpPerspective(
            bgr, self.homography @ pixels, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return cast("NDArray[np.uint8]", square)


def hidden_markers(seen: Collection[int]) -> str:
    """Which markers are hidden if these are seen, for the operator: 'lower left marker hidden', or ''."""
    hidden = [name for i, name in enumerate(MARKER_NAMES) if i not in seen]
    return f"{' and '.join(hidden)} marker{'s' if len(hidden) > 1 else ''} hidden" if hidden else ""


class Rectifier:
    """Rectifies picture after picture as `SheetPosition.rectify` does, for the sheet as it lies: in two
    thirds of the time (1.2 instead of 2.0 ms for a side of 560), once it has lain still for a picture."""

    def __init__(self, side: int, margin: int = 0) -> None:
        self._side, self._margin = side, margin
        self._homography: NDArray[np.float64] | None = None
        self._maps: tuple[NDArray[np.int16], NDArray[np.uint16]] | None = None

    def rectify(self, bgr: NDArray[np.uint8], position: SheetPosition) -> NDArray[np.uint8]:
        """The drawing area and its margin in a picture, uint8 (H, W, 3)."""
        if position.homography is not self._homography:
            self._homography, self._maps = position.homography, None
            return position.rectify(bgr, self._side, self._margin)
        if self._maps is None:
            size = self._side + 2 * self._margin
            steps = (np.arange(size) - self._margin + 0.5) / self._side
            grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).astype(np.float32)
            x, y = _project(self._homography, grid).reshape(size, size, 2).transpose(2, 0, 1)
            whole, part = cv2.convertMaps(x, y, cv2.CV_16SC2)
            self._maps = np.asarray(whole, dtype=np.int16), np.asarray(part, dtype=np.uint16)
        square = cv2.remap(bgr, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(square, dtype=np.uint8)


Corners: TypeAlias = tuple[
    tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]
]
"""Of the drawing area, clockwise from the top left, each (x, y): in pixels of a picture, or in shares of
its width and height, where 0, 0 is its upper left corner and 1, 1 its lower right."""


def in_shares(corners: NDArray[np.float32], size: tuple[int, int]) -> Corners:
    """Corners in pixels, (4, 2), as shares of a picture of that size (width, height)."""
    one, two, three, four = ((float(x), float(y)) for x, y in (corners.astype(float) + 0.5) / size)
    return one, two, three, four


def in_pixels(corners: Corners, size: Sequence[int]) -> NDArray[np.float32]:
    """Corners in shares as pixels, float32 (4, 2), of a picture of that size (width, height)."""
    return (np.array(corners) * size - 0.5).astype(np.float32)


UNIT_SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)


Markers = dict[int, list[NDArray[np.float32]]]
"""By their numbers, the corners of the sheet's markers seen, each float32 (4, 2) in pixels, clockwise from
the marker's own top left. More than one of a number means more than one sheet."""


def find_sheet(bgr: NDArray[np.uint8], layout: SheetLayout = A4) -> SheetPosition | None:
    """Look for the sheet by its markers, thoroughly: some 5 ms for 1280×720.

    bgr: uint8 (H, W, 3). Returns None if fewer than two markers of one sheet are seen.
    """
    return fit_sheet(find_markers(bgr), layout)


def still(bgr: NDArray[np.uint8]) -> float:
    """Pixels of this picture by which the markers may seem to move while the sheet lies still."""
    return max(STILL, STILL / 1280 * float(max(bgr.shape)))


def glimpse_markers(bgr: NDArray[np.uint8]) -> Markers:
    """The sheet's markers in a picture, uint8 (H, W, 3), whose light and scale were good enough before:
    some 2 ms for 1280×720."""
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return _detect(grey, min(1.0, 640 / max(grey.shape)), _QUICK)


def find_markers(bgr: NDArray[np.uint8]) -> Markers:
    """The sheet's markers in a picture, uint8 (H, W, 3), at several scales of it and of the light, until
    all are found: 10 to 35 ms for 1280×720."""
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    best: Markers = {}
    for scale in _scales(max(grey.shape)):
        found = _detect(grey, scale, _THOROUGH)
        if len(found) > len(best):
            best = found
        if len(best) == len(MARKER_IDS):
            break
    return best


def find_some_markers(bgr: NDArray[np.uint8], turn: int) -> Markers:
    """What one part of the search of `find_markers` finds, for who can't wait for all of it: at most some
    15 ms for 1280×720, in which three parts are all; their turns repeat."""
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    parts = [
        (scale, detector)
        for scale in _scales(max(grey.shape))
        for detector in ((_THOROUGH,) if scale * max(grey.shape) <= 640 else _HALVES)
    ]
    return _detect(grey, *parts[turn % len(parts)])


def _scales(longest: int) -> list[float]:
    """By what a picture of so many pixels along its longer side is shrunk for the search."""
    # A large photograph is full of texture in which the search gets lost; markers stay plain when small.
    return list(dict.fromkeys(min(1.0, wanted / longest) for wanted in (1280, 640, 2560)))


def fit_sheet(
    markers: Markers, layout: SheetLayout = A4, last: SheetPosition | None = None, still: float = STILL
) -> SheetPosition | None:
    """The sheet that explains the markers seen, or None.

    Of several sheets it is the one nearest to `last`, or the largest. If no marker has moved from where
    `last` has it by more than `still` pixels, the homography is that of `last`.
    """
    if not markers:
        return None
    twice = tuple(i for i in sorted(markers) if len(markers[i]) > 1)
    if last is not None:
        near = {i: min(seen, key=lambda quad: _away(last, i, quad, layout)) for i, seen in markers.items()}
        here = tuple(i for i in sorted(near) if _away(last, i, near[i], layout) < still)
        # Most of them, since one may be a chance pattern; and a fit to more markers is the better one,
        # even of a sheet that lies still.
        if here and 2 * len(here) >= len(near) and len(near) <= max(len(last.fitted), 1):
            return SheetPosition(last.homography, last.fitted, here, twice)
    best: tuple[float, SheetPosition] | None = None
    for chosen in _choices(markers):
        position = _fit(chosen, layout)
        if position is None:
            continue
        size = float(cv2.contourArea(position.corners))
        # A sheet of which more markers are seen is more surely one; then the last one's place decides.
        off = 0.0 if last is None else float(np.linalg.norm((position.corners - last.corners).mean(axis=0)))
        rank = len(position.fitted) * 1e9 + (size if last is None else -off)
        if best is None or rank > best[0]:
            best = rank, SheetPosition(position.homography, position.fitted, position.seen, twice)
    return None if best is None else best[1]


def _away(last: SheetPosition, marker: int, quad: NDArray[np.float32], layout: SheetLayout) -> float:
    """How far a marker's corners are from where `last` has them, on average, in pixels."""
    expected = _project(last.homography, layout.marker_corners_sheet()[marker])
    return float(np.linalg.norm(quad - expected, axis=1).mean(dtype=np.float64))


def _choices(markers: Markers) -> Iterator[dict[int, NDArray[np.float32]]]:
    """Every way to take one marker of each number, up to a number that no table holds."""
    ids = sorted(markers)
    for quads in islice(product(*(markers[i] for i in ids)), MOST_CHOICES):
        yield dict(zip(ids, quads, strict=True))


def _detector(least: int, most: int, step: int) -> cv2.aruco.ArucoDetector:
    """With threshold windows from `least` to `most` pixels."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeMin, parameters.adaptiveThreshWinSizeMax = least, most
    parameters.adaptiveThreshWinSizeStep = step
    return cv2.aruco.ArucoDetector(_DICTIONARY, parameters)


_DICTIONARY = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
_THOROUGH = _detector(5, 53, 12)
_HALVES = _detector(5, 53, 24), _detector(17, 41, 24)
# One threshold window will do for a picture whose light and scale were good enough before.
_QUICK = _detector(21, 21, 10)


def _detect(grey: NDArray[np.uint8], scale: float, detector: cv2.aruco.ArucoDetector) -> Markers:
    """The sheet's own markers seen in `grey` shrunk by `scale`, their corners refined at full size."""
    small = (
        grey if scale == 1.0 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )
    # In a dim picture, what is left of the contrast is less than the detector asks of noise.
    bright = float(np.percentile(small[::8, ::8], 98))
    if bright < DIM:
        small = cv2.convertScaleAbs(small, alpha=DIM / max(bright, 8.0))
    corners, ids, _ = detector.detectMarkers(small)
    found: Markers = {}
    for quad, marker in zip(corners, [] if ids is None else ids.ravel(), strict=True):
        if int(marker) not in MARKER_IDS:
            continue
        rough = ((quad.reshape(4, 2) + 0.5) / scale - 0.5).astype(np.float32)
        fine = _refine(grey, rough)
        if fine is not None:
            found.setdefault(int(marker), []).append(fine)
    return found


def _refine(grey: NDArray[np.uint8], rough: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """A marker's corners to a fraction of a pixel; None where it is cut off by the picture's edge."""
    edge = float(np.linalg.norm(rough - np.roll(rough, 1, axis=0), axis=1).min())
    # The window must not reach the next corner of the pattern, a sixth of the edge away.
    half = int(np.clip(edge / 6 * 0.5, 2, 12))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.02)
    left, top = np.maximum(rough.min(axis=0).astype(int) - 2 * half, 0)
    right, bottom = rough.max(axis=0).astype(int) + 2 * half + 2
    crop = np.ascontiguousarray(grey[top:bottom, left:right])
    if min(crop.shape) < 2 * half + 6:
        return None
    offset = np.array([left, top], dtype=np.float32)
    fine = cv2.cornerSubPix(crop, (rough - offset).reshape(4, 1, 2), (half, half), (-1, -1), stop)
    return np.asarray(fine.reshape(4, 2) + offset, dtype=np.float32)


def _fit(found: dict[int, NDArray[np.float32]], layout: SheetLayout) -> SheetPosition | None:
    """The position that explains the markers, less those that don't fit the others; or None."""
    if len(found) < LEAST_MARKERS:
        return None
    ids = sorted(found)
    printed = layout.marker_corners_sheet()[ids].reshape(-1, 2)
    seen = np.concatenate([found[i] for i in ids])
    homography, _ = cv2.findHomography(printed, seen, 0)
    if homography is None or not np.isfinite(homography).all():
        return None
    off = (
        np.linalg.norm(_project(homography.astype(np.float64), printed) - seen, axis=1)
        .reshape(-1, 4)
        .mean(axis=1)
    )
    edge = np.linalg.norm(seen - np.roll(seen, 1, axis=0), axis=1).reshape(-1, 4).min(axis=1)
    if (off > np.maximum(MISFIT, MISFIT_SHARE * edge)).any():
        # One of them is a chance pattern, or lies on another sheet: the best fit without one of them.
        fewer = [_fit({i: found[i] for i in ids if i != without}, layout) for without in ids]
        fits = [position for position in fewer if position is not None]
        return max(fits, key=lambda position: len(position.fitted), default=None)
    position = SheetPosition(homography.astype(np.float64), tuple(ids), tuple(ids))
    return position if _is_clockwise(position.corners) else None


def _project(homography: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points, float32 (n, 2), through a homography."""
    return cast("NDArray[np.float32]", cv2.perspectiveTransform(points[None], homography)[0])


def _is_clockwise(quad: NDArray[np.float32]) -> bool:
    """Whether four points in pixels make a convex figure, clockwise as a person sees it (y runs down), with
    corners plain enough to tell their order."""
    edge = np.roll(quad, -1, axis=0) - quad
    after = np.roll(edge, -1, axis=0)
    return bool((edge[:, 0] * after[:, 1] - edge[:, 1] * after[:, 0] > LEAST_CORNER).all())

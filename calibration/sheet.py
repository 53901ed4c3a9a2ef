"""Where the sheet lies in the camera's picture.

Sheet coordinates are 0..1 over the drawing area, origin top left. Pixel coordinates are OpenCV's: whole
numbers are the middles of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

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
"""Pixels by which the markers may seem to move, on average, while the sheet lies still."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetPosition:
    """Where the drawing area lies in a picture.

    homography: float64 (3, 3), from sheet coordinates to pixels.
    fitted: which of the four markers it was fitted to; none if its corners were given.
    seen: which of them the last picture showed; a hand may hide some while the sheet lies still.
    """

    homography: NDArray[np.float64]
    fitted: tuple[int, ...] = ()
    seen: tuple[int, ...] = ()

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
        steps = (np.arange(32, dtype=np.float32) + 0.5) / 32
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).astype(np.float32)
        x, y = _project(self.homography, grid).T
        return float(np.mean((x >= 0) & (x < width) & (y >= 0) & (y < height)))

    @property
    def missing(self) -> str:
        """What of the sheet is hidden, for the operator: 'lower left marker hidden', or ''."""
        hidden = [name for i, name in enumerate(MARKER_NAMES) if i not in self.seen]
        if not self.fitted or not hidden:
            return ""
        return f"{' and '.join(hidden)} marker{'s' if len(hidden) > 1 else ''} hidden"

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


UNIT_SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)


def find_sheet(bgr: NDArray[np.uint8], layout: SheetLayout = A4) -> SheetPosition | None:
    """Look for the sheet by its markers, thoroughly: some 5 ms for 1280×720.

    bgr: uint8 (H, W, 3). Returns None if fewer than two markers are seen.
    """
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    # A large photograph is full of texture in which the search gets lost; markers stay plain when small.
    for longest in (1280, 2560):
        found = _detect(grey, min(1.0, longest / max(grey.shape)), _THOROUGH)
        if len(found) >= len(MARKER_IDS) or longest >= max(grey.shape):
            break
    return _fit(found, layout)


def follow_sheet(
    bgr: NDArray[np.uint8], last: SheetPosition, layout: SheetLayout = A4
) -> SheetPosition | None:
    """Look again for a sheet that was found before, cheaply: about 1 ms for 1280×720.

    Returns the last homography itself while the sheet lies still, so that the labels don't tremble with
    the noise in the markers' corners; None if fewer than two markers are seen.
    """
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    found = _detect(grey, min(1.0, 640 / max(grey.shape)), _QUICK)
    if len(found) < LEAST_MARKERS:
        return None
    ids = sorted(found)
    expected = _project(last.homography, layout.marker_corners_sheet()[ids].reshape(-1, 2))
    seen = np.concatenate([found[i] for i in ids])
    moved = float(np.median(np.linalg.norm(seen - expected, axis=1)))
    # A fit to more markers is the better one, even of a sheet that lies still.
    if moved < STILL and len(ids) <= len(last.fitted):
        return SheetPosition(last.homography, last.fitted, tuple(ids))
    return _fit(found, layout)


def find_outline(bgr: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The corners of a sheet without markers: a large bright four-sided shape on something darker.

    bgr: uint8 (H, W, 3). Returns float32 (4, 2) in pixels, clockwise from the top left, or None.
    """
    scale = min(1.0, 800 / max(bgr.shape[:2]))
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Ink and wood are coloured or dark in some channel; paper is bright in all of them.
    least = cv2.GaussianBlur(small.min(axis=2), (0, 0), 2)
    height, width = least.shape
    best: NDArray[np.float32] | None = None
    best_area = 0.12 * height * width
    _, by_histogram = cv2.threshold(least, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    # Inks may reach the edge of the paper: closing bridges them.
    closed = cv2.morphologyEx(by_histogram, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    for contour in cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        if area <= best_area:
            continue
        quad = _four_sided(hull)
        if quad is None or cv2.contourArea(quad) < 0.9 * area:
            continue
        # A shape that fills the picture is the background, not a sheet on it.
        at_edge = (quad[:, 0] < 3) | (quad[:, 0] > width - 4) | (quad[:, 1] < 3) | (quad[:, 1] > height - 4)
        if at_edge.sum() >= 3:
            continue
        best, best_area = quad, area
    return None if best is None else (best + 0.5) / scale - 0.5


_Found = dict[int, NDArray[np.float32]]


def _parameters(windows: tuple[int, int, int]) -> cv2.aruco.DetectorParameters:
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeMin, parameters.adaptiveThreshWinSizeMax = windows[:2]
    parameters.adaptiveThreshWinSizeStep = windows[2]
    return parameters


_DICTIONARY = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
# One threshold window will do for a picture whose light and scale were good enough before.
_THOROUGH = cv2.aruco.ArucoDetector(_DICTIONARY, _parameters((5, 53, 12)))
_QUICK = cv2.aruco.ArucoDetector(_DICTIONARY, _parameters((21, 21, 10)))


def _detect(grey: NDArray[np.uint8], scale: float, detector: cv2.aruco.ArucoDetector) -> _Found:
    """The sheet's own markers seen in `grey` shrunk by `scale`, their corners refined at full size."""
    small = (
        grey if scale == 1.0 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )
    corners, ids, _ = detector.detectMarkers(small)
    found: _Found = {}
    for quad, marker in zip(corners, [] if ids is None else ids.ravel(), strict=True):
        if int(marker) not in MARKER_IDS:
            continue
        rough = ((quad.reshape(4, 2) + 0.5) / scale - 0.5).astype(np.float32)
        edge = float(np.linalg.norm(rough - np.roll(rough, 1, axis=0), axis=1).min())
        # The window must not reach the next corner of the pattern, a sixth of the edge away.
        half = int(np.clip(edge / 6 * 0.5, 2, 12))
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.02)
        left, top = np.maximum(rough.min(axis=0).astype(int) - 2 * half, 0)
        right, bottom = rough.max(axis=0).astype(int) + 2 * half + 2
        crop = np.ascontiguousarray(grey[top:bottom, left:right])
        if min(crop.shape) < 2 * half + 6:
            continue
        offset = np.array([left, top], dtype=np.float32)
        fine = cv2.cornerSubPix(crop, (rough - offset).reshape(4, 1, 2), (half, half), (-1, -1), stop)
        found[int(marker)] = fine.reshape(4, 2).astype(np.float32) + offset
    return found


def _fit(found: _Found, layout: SheetLayout) -> SheetPosition | None:
    """The position that explains all corners of all markers seen, or None."""
    if len(found) < LEAST_MARKERS:
        return None
    ids = sorted(found)
    printed = layout.marker_corners_sheet()[ids].reshape(-1, 2)
    seen = np.concatenate([found[i] for i in ids])
    homography, _ = cv2.findHomography(printed, seen, cv2.RANSAC, 3.0)
    if homography is None or not np.isfinite(homography).all():
        return None
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


def _four_sided(hull: NDArray[Any]) -> NDArray[np.float32] | None:
    """The hull with all but its four main corners worn down, clockwise from the top left; None if it has
    no four."""
    length = cv2.arcLength(hull, True)
    for share in (0.01, 0.02, 0.03, 0.05, 0.08):
        rough = cv2.approxPolyDP(hull, share * length, True).reshape(-1, 2).astype(np.float32)
        if len(rough) == 4:
            quad = rough if _is_clockwise(rough) else rough[::-1]
            return np.roll(quad, -int(quad.sum(axis=1).argmin()), axis=0)
        if len(rough) < 4:
            break
    return None

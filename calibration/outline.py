"""A sheet without markers, by its outline."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def find_outline(bgr: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The largest of `find_outlines`, or None."""
    return next(iter(find_outlines(bgr)), None)


def find_outlines(bgr: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """The corners of sheets without markers: large bright four-sided shapes on something darker.

    bgr: uint8 (H, W, 3). Returns float32 (4, 2) each, in pixels, clockwise from the top left; the largest
    comes first.
    """
    scale = min(1.0, 800 / max(bgr.shape[:2]))
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Ink and wood are coloured or dark in some channel; paper is bright in all of them.
    least = cv2.GaussianBlur(small.min(axis=2), (0, 0), 2)
    height, width = least.shape
    found: list[tuple[float, NDArray[np.float32]]] = []
    _, by_histogram = cv2.threshold(least, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    # Inks may reach the edge of the paper: closing bridges them.
    closed = cv2.morphologyEx(by_histogram, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    for contour in cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        if area <= 0.12 * height * width:
            continue
        quad = _four_sided(hull)
        if quad is None or cv2.contourArea(quad) < 0.9 * area:
            continue
        # A shape that fills the picture is the background, not a sheet on it.
        at_edge = (quad[:, 0] < 3) | (quad[:, 0] > width - 4) | (quad[:, 1] < 3) | (quad[:, 1] > height - 4)
        if at_edge.sum() >= 3:
            continue
        found.append((area, (quad + 0.5) / scale - 0.5))
    return [quad for _, quad in sorted(found, key=lambda each: -each[0])]


def _is_clockwise(quad: NDArray[np.float32]) -> bool:
    """Whether four points in pixels make a convex figure, clockwise as a person sees it (y runs down), with
    corners plain enough to tell their order."""
    edge = np.roll(quad, -1, axis=0) - quad
    after = np.roll(edge, -1, axis=0)
    return bool((edge[:, 0] * after[:, 1] - edge[:, 1] * after[:, 0] > 50.0).all())


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

"""Whether the sheet still lies where it lay, asked of every frame.

Finding the sheet costs a millisecond and more; asking four spots of it whether they still look the same
costs a tenth. Each spot is compared with how it looked when the sheet was last found, up to the light on
it, and to first order in a shift of a pixel or so (the inverse compositional form of Lucas and Kanade's
method, after Baker and Matthews, 2004). A hand covers some of the spots; a sheet that moves takes all of
them along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

GRID: Final = 24
"""Samples of the picture along each side of a spot."""

UNLIKE: Final = 0.45
"""A spot looks different if more than this share of its contrast isn't explained by light and a shift."""

LEAST_CONTRAST: Final = 4.0
"""Standard deviation in grey levels of what can be recognised at all."""

Floats = NDArray[np.float32]
Places = tuple[NDArray[np.int16], NDArray[np.uint16]]
"""Spots of a picture as `cv2.remap` likes them best."""

_NO_MAP: Final = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Spots of the sheet as they looked when it was found.

    which: the number of each spot, as it was given. Spots beyond the picture's edge or without any
    contrast are no anchors.
    """

    which: tuple[int, ...]
    _places: Places
    _design: Floats  # (n, samples, 4): its look, one, and how it changes by a shift to the right and down
    _solve: Floats  # (n, 4, samples)
    _contrast: Floats  # (n,)

    @classmethod
    def at(
        cls, bgr: NDArray[np.uint8], homography: NDArray[np.float64], spots: dict[int, Floats]
    ) -> Anchors | None:
        """Remember spots of a picture, uint8 (H, W, 3).

        homography: from sheet coordinates to pixels. spots: by number, the corners of squares in sheet
        coordinates, float32 (4, 2), clockwise. None if none of them is any good.
        """
        height, width = bgr.shape[:2]
        steps = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
        unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
        square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, -1, 2)
        which, spots_at = [], []
        for number, quad in spots.items():
            on_sheet = cv2.perspectiveTransform(square, cv2.getPerspectiveTransform(unit, quad))
            place = cv2.perspectiveTransform(on_sheet, homography)[0].astype(np.float32)
            if (place.min(axis=0) >= 1).all() and (place.max(axis=0) <= (width - 2, height - 2)).all():
                which.append(number)
                spots_at.append(place)
        if not which:
            return None
        where = np.stack(spots_at).reshape(-1, GRID, 2)

        def seen(right: float, down: float) -> Floats:
            shift = np.array([right, down], dtype=np.float32)
            return _sample(bgr, _places(where + shift), len(which))

        look = seen(0, 0)
        contrast = look.std(axis=1)
        design = np.stack(
            [look, np.ones_like(look), (seen(-1, 0) - seen(1, 0)) / 2, (seen(0, -1) - seen(0, 1)) / 2],
            axis=2,
        )
        good = contrast >= LEAST_CONTRAST
        if not good.any():
            return None
        return cls(
            tuple(number for number, fine in zip(which, good, strict=True) if fine),
            _places(where.reshape(-1, GRID, GRID, 2)[good].reshape(-1, GRID, 2)),
            design[good],
            np.linalg.pinv(design[good]).astype(np.float32),
            contrast[good],
        )

    def still(self, bgr: NDArray[np.uint8], shift: float) -> tuple[int, ...]:
        """Which of the spots look as they did, and have moved by less than `shift` pixels.

        bgr: a picture of the same size.
        """
        seen = _sample(bgr, self._places, len(self.which))[..., None]
        parts = self._solve @ seen
        off = (seen - self._design @ parts)[..., 0].std(axis=1)
        gain, _, right, down = parts[..., 0].T
        alike = (off < UNLIKE * gain * self._contrast) & (gain > 0)
        near = np.hypot(right, down) < shift * gain
        return tuple(number for number, held in zip(self.which, alike & near, strict=True) if held)


def _places(where: Floats) -> Places:
    whole, part = cv2.convertMaps(where, _NO_MAP, cv2.CV_16SC2)
    return np.asarray(whole, dtype=np.int16), np.asarray(part, dtype=np.uint16)


def _sample(bgr: NDArray[np.uint8], places: Places, count: int) -> Floats:
    """The grey levels at places, float32 (count, samples)."""
    patches = cv2.cvtColor(cv2.remap(bgr, places[0], places[1], cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY)
    return np.asarray(patches.reshape(count, -1), dtype=np.float32)

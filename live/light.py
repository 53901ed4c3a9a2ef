"""Following the light from frame to frame: at once where all of it changes, slowly where it is inferred."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.light import GRID, Cells, estimate_paper, gain

EVERY = 0.2
"""Seconds between two estimates of the light."""

INERTIA = 1.0
"""Seconds in which a change of the light at some place is believed."""

HIDDEN_INERTIA = 3.0
"""The same where something covers the paper, so that the light there is only inferred."""

HIDDEN_AT_MOST = 0.8
"""Share of the sheet above which what covers it is taken for a change of the light."""

_SOME = slice(None, None, 4), slice(None, None, 4)
"""The cells of a small picture that are asked for a gain: one in sixteen tells it as well."""

Bgr = NDArray[np.uint8]


class LightWatch:
    """Knows the paper's values in every frame. Used by one thread; times are those of the frames."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget the light; the next frame alone tells it."""
        self._paper: Cells | None = None
        self._small: Bgr | None = None
        self._bare: NDArray[np.bool_] | None = None
        self._estimated = -np.inf

    def look(self, small: Bgr, trusted: NDArray[np.bool_], now: float, *, anew: bool = False) -> Cells:
        """The paper's values in this frame; `anew`: by this frame alone.

        small: uint8 (N, N, 3), the rectified sheet in small, N at least 4 × `GRID`. trusted: bool (N, N),
        where nothing lay over the sheet a frame ago.
        """
        if self._paper is None or self._small is None:
            self._paper, self._small, self._estimated = estimate_paper(small), small, now
            return self._paper
        if anew:
            self._paper, self._small = estimate_paper(small, _hidden(trusted)), small
            self._estimated = now
            return self._paper
        paper = self._paper
        if self._bare is not None:
            # A lamp that is switched or an exposure that breathes is no matter of seconds.
            factor = gain(small[_SOME], self._small[_SOME], self._bare[_SOME])
            paper = (paper * factor).clip(1, 255)
        if now - self._estimated >= EVERY:
            paper = self._followed(paper, small, trusted, now - self._estimated)
            self._paper, self._small, self._estimated = paper, small, now
        return paper

    def seen(self, bare: NDArray[np.bool_]) -> None:
        """Take note of where this frame showed bare paper: bool (N, N)."""
        self._bare = bare

    def _followed(self, paper: Cells, small: Bgr, trusted: NDArray[np.bool_], seconds: float) -> Cells:
        hidden = _hidden(trusted)
        inertia = np.where(hidden, HIDDEN_INERTIA, INERTIA)[..., None]
        share = 1 - np.exp(-seconds / inertia)
        return np.asarray(paper + (estimate_paper(small, hidden) - paper) * share, dtype=np.float32)


def _hidden(trusted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells over which something lies, bool (GRID, GRID)."""
    covered = (~trusted).astype(np.float32)
    hidden = cv2.resize(covered, (GRID, GRID), interpolation=cv2.INTER_AREA) > 1e-3
    # What seems to cover nearly everything is a lamp switched off, not a hand.
    return np.asarray(hidden if hidden.mean() <= HIDDEN_AT_MOST else np.zeros_like(hidden))

"""How OpenCV's backends speak of a camera's automatics: which property is what, and what turns it off.

'Manual' is 1 to V4L2 (where 0.25 is rounded to 0, automatic), 0 to DirectShow since 4.7 and 0.25 elsewhere
(opencv#9738, PR #22635, #23300); an exposure is a time to the one and a power of two to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

LOCKABLE: Final = ("exposure", "white_balance", "focus", "gain")
"""What of a camera may be locked, by the names that it has in settings and files."""


UNKNOWN: Final = (0, -1)
"""What backends say of a property that they don't know."""


class Device(Protocol):
    """What is locked: as `cv2.VideoCapture`."""

    def get(self, prop: int, /) -> float:
        """The value of a property, or what the backend says where it has none: 0 or -1."""

    def set(self, prop: int, value: float, /) -> bool:
        """Set a property; whether the backend says that it did."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """A property that a camera may set by itself.

    name: one of `LOCKABLE`. value: OpenCV's property of it. switch: that of its automatic, or None.
    manual: what may mean 'manual' to the switch, the likeliest first. on: what means 'automatic'. unit: of
    the value, for the operator.
    """

    name: str
    value: int
    switch: int | None
    manual: tuple[float, ...] = (0,)
    on: tuple[float, ...] = (1,)
    unit: str = ""

    @property
    def words(self) -> str:
        """Its name, for the operator."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a backend of OpenCV speaks of the automatics.

    logarithmic: whether exposures are powers of two of a second, and not times.
    """

    automatics: tuple[Automatic, ...]
    logarithmic: bool = False

    def scaled(self, exposure: float, factor: float) -> float:
        """The exposure that lets in `factor` times the light."""
        if self.logarithmic:
            return float(exposure + round(np.log2(factor)))
        return float(max(1, round(exposure * factor)))


_FOCUS: Final = Automatic("focus", cv2.CAP_PROP_FOCUS, cv2.CAP_PROP_AUTOFOCUS)
_GAIN: Final = Automatic("gain", cv2.CAP_PROP_GAIN, None)

V4L2: Final = Dialect(
    (
        # 0 automatic, 1 manual, 2 shutter priority, 3 aperture priority; a webcam has 1 and 3.
        Automatic("exposure", cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE, (1, 0.25), (3, 0.75)),
        Automatic("white_balance", cv2.CAP_PROP_WB_TEMPERATURE, cv2.CAP_PROP_AUTO_WB, unit=" K"),
        _FOCUS,
        _GAIN,
    )
)
"""Linux, in the driver's own units: exposure in 100 µs. Also tried where nothing else is known."""

DSHOW: Final = Dialect(
    (
        Automatic("exposure", cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE, (0, 0.25), (1, 0.75)),
        Automatic("white_balance", cv2.CAP_PROP_WHITE_BALANCE_BLUE_U, cv2.CAP_PROP_AUTO_WB, unit=" K"),
        _FOCUS,
        _GAIN,
    ),
    logarithmic=True,
)
"""Windows: exposure as the power of two of its seconds."""

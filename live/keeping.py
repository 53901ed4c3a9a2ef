"""What was calibrated: whether it is for this camera, and what of a running show is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import numpy as np

from calibration.file import Calibration, write_calibration
from calibration.inks import Inks, Rgb
from calibration.sheet import Corners, in_shares
from live.camera.camera import CameraStatus
from models.faults import InputFault

SIMULATED: Final = "simulated sheet"
"""What the simulated sheet calls itself."""


def fitting(calibration: Calibration | None, camera: CameraStatus) -> tuple[Calibration | None, str]:
    """The calibration if it is for this camera, and what the operator should know of it."""
    if calibration is None:
        remark = "not calibrated: the inks are those of the show file; `cities calibrate` takes yours"
        return None, remark if camera.live else ""
    made, before = f"calibrated {calibration.made:%Y-%m-%d %H:%M}", calibration.camera
    if camera.state == "opening" or before == camera.name:
        return calibration, made
    # The simulated sheet has its own inks, and a video its own sheet.
    if not camera.live or before == SIMULATED:
        return None, f"{made} in front of the {before}, hence not for this one: calibrate for it"
    return calibration, f"{made} in front of the {before}: calibrate again for this camera"


class Keeper:
    """Keeps the inks and the white that are taken during a show. `keep` is for one thread.

    file: where; None keeps nothing. camera: how it does now. calibration: with which the show began.
    corners: of the show file, in pixels; what was calibrated goes before.
    """

    def __init__(
        self,
        file: Path | None,
        camera: Callable[[], CameraStatus],
        calibration: Calibration | None,
        corners: Literal["auto"] | Corners,
    ) -> None:
        self._file = file
        self._camera = camera
        self._kept = calibration
        self._corners = corners
        self._rotated = False

    def keep(self, inks: Inks, white: Rgb, inked: bool) -> Path | None:
        """Write what is so now; inked: whether the inks are new, and not the white alone. Returns where it
        is kept, None for a white without a calibration. Raises InputFault with why it isn't kept."""
        camera = self._camera()
        # A white alone is no calibration: kept, it would hide the inks of the show file for ever.
        if not (inked or self._kept):
            return None
        if self._file is None:
            raise InputFault("no calibration file is of this camera; `cities calibrate` makes one")
        if camera.size is None:
            raise InputFault("the camera has no picture")
        corners = self._kept.corners if self._kept else None
        if self._kept is None and self._corners != "auto":
            corners = in_shares(np.array(self._corners, dtype=np.float32), camera.size)
        made = datetime.now().astimezone()
        calibration = Calibration(made, camera.name, camera.size, corners, inks, white, camera.locked)
        # The calibration with which the show began stays beside it, however often white is taken.
        write_calibration(self._file, calibration, keep_standing=not self._rotated)
        self._kept, self._rotated = calibration, True
        return self._file

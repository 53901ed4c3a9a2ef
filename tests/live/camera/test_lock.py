"""The lock, on simulated cameras that lie in each of the ways that real ones do."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.lock import DSHOW, SETTLE, V4L2, WATCH, Dialect, Lock

NAMES = ("exposure", "white balance", "focus", "gain")
SHARP = np.random.default_rng(1).integers(60, 200, (48, 64, 3)).astype(np.float64)


class SimulatedCamera:
    """A camera with automatics, as a V4L2 driver shows it; what it sees depends on how it is set.

    The picture is as bright as its exposure lets it be. `lamp` is how bright it is in the room. A subclass
    lies.
    """

    switches: dict[int, tuple[float, float]] = {  # noqa: RUF012 - manual and automatic of each
        cv2.CAP_PROP_AUTO_EXPOSURE: (1, 3),
        cv2.CAP_PROP_AUTO_WB: (0, 1),
        cv2.CAP_PROP_AUTOFOCUS: (0, 1),
    }
    temperature = cv2.CAP_PROP_WB_TEMPERATURE

    def __init__(self) -> None:
        self.lamp = 1.0
        self.props: dict[int, float] = {
            cv2.CAP_PROP_EXPOSURE: 156,
            self.temperature: 4600,
            cv2.CAP_PROP_FOCUS: 30,
            cv2.CAP_PROP_GAIN: 64,
        }
        self.props |= {switch: auto for switch, (_, auto) in self.switches.items()}

    def get(self, prop: int, /) -> float:
        return self.props.get(prop, -1)

    def set(self, prop: int, value: float, /) -> bool:
        if prop not in self.props:
            return False
        if prop in self.switches:
            value = round(value)
            if value not in self.switches[prop]:
                return False
        self.props[prop] = value
        return True

    def automatic(self, switch: int) -> bool:
        return self.props.get(switch) == self.switches[switch][1]

    def light(self, t: float) -> float:
        """What the sensor gathers of the room, 1 being what the automatic likes."""
        if self.automatic(cv2.CAP_PROP_AUTO_EXPOSURE):
            return (1 + 0.1 * math.sin(2 * t)) * (self.lamp > 0)
        return self.lamp * self.props.get(cv2.CAP_PROP_EXPOSURE, 156) / 156

    def warmth(self, t: float) -> float:
        return 1 + 0.1 * math.sin(2 * t) if self.automatic(cv2.CAP_PROP_AUTO_WB) else 1.0

    def picture(self, t: float) -> NDArray[np.uint8]:
        rng = np.random.default_rng(round(t * 1000))
        seen = SHARP * max(self.light(t), 0) ** (1 / 2.2) * np.array([1 / self.warmth(t), 1, 1])
        noisy = seen + rng.normal(0, 2, seen.shape)
        return np.asarray(noisy.clip(0, 255), dtype=np.uint8)


def run(
    camera: SimulatedCamera,
    dialect: Dialect = V4L2,
    wanted: dict[str, float] | None = None,
    meanwhile: Callable[[float], None] | None = None,
) -> tuple[Lock, float]:
    """A lock that is done, and when its pictures were first fit to be shown."""
    lock = Lock(camera, dialect, wanted or {})
    ready = math.nan
    t = 0.0
    while not lock.done:
        if meanwhile is not None:
            meanwhile(t)
        lock.look(camera.picture(t), t)
        if lock.ready and math.isnan(ready):
            ready = t
        t += 1 / 30
        assert t < 10, "it never comes to an end"
    return lock, ready


def test_an_honest_camera_is_locked_at_what_its_automatics_found() -> None:
    camera = SimulatedCamera()
    lock, ready = run(camera)
    assert lock.sentence == (
        "exposure locked at 156, white balance locked at 4600 K, focus locked at 30, gain locked at 64"
    )
    assert dict(lock.values) == dict(zip(NAMES, (156, 4600, 30, 64), strict=True))
    assert camera.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 1
    assert SETTLE < ready < 2.0, "the first picture of a show isn't kept back for longer"


def test_values_that_are_wanted_are_set_and_need_no_settling() -> None:
    camera = SimulatedCamera()
    lock, ready = run(camera, wanted=dict(zip(NAMES, (200.0, 5200.0, 12.0, 10.0), strict=True)))
    assert lock.values["exposure"] == camera.get(cv2.CAP_PROP_EXPOSURE) == 200
    assert lock.values["white balance"] == 5200
    assert ready < 1.2


def test_before_it_has_locked_it_says_so() -> None:
    lock = Lock(SimulatedCamera(), V4L2, {})
    assert lock.sentence == "not locked yet: its automatics are settling"
    assert not lock.ready
    assert not lock.verdicts


class WithoutFocus(SimulatedCamera):
    def __init__(self) -> None:
        super().__init__()
        del self.props[cv2.CAP_PROP_FOCUS], self.props[cv2.CAP_PROP_AUTOFOCUS]


class Bare(SimulatedCamera):
    """AVFoundation: nothing can be set, and everything is 0."""

    def get(self, _: int, /) -> float:
        return 0.0

    def set(self, _: int, __: float, /) -> bool:
        return False


class Deaf(SimulatedCamera):
    """Says yes to everything and does nothing of it; its automatic goes on."""

    said: dict[int, float]

    def __init__(self) -> None:
        super().__init__()
        self.said = {}

    def get(self, prop: int, /) -> float:
        return self.said.get(prop, super().get(prop))

    def set(self, prop: int, value: float, /) -> bool:
        self.said[prop] = value
        return True


class Forgetful(SimulatedCamera):
    """Says yes, and reads back what it had before."""

    def set(self, prop: int, _: float, /) -> bool:
        return prop in self.props


class Stubborn(SimulatedCamera):
    """Refuses the switch of its exposure."""

    def set(self, prop: int, value: float, /) -> bool:
        return prop != cv2.CAP_PROP_AUTO_EXPOSURE and super().set(prop, value)


class Breathing(SimulatedCamera):
    """Follows a step of exposure, and breathes all the same."""

    def light(self, t: float) -> float:
        return super().light(t) * (1 + 0.2 * math.sin(3 * t) * (t > 2.0))


class Tinting(SimulatedCamera):
    def warmth(self, t: float) -> float:
        return 1 + 0.1 * math.sin(2 * t)


class Quarters(SimulatedCamera):
    """0.25 and 0.75, as some builds of OpenCV had it."""

    def set(self, prop: int, value: float, /) -> bool:
        if prop == cv2.CAP_PROP_AUTO_EXPOSURE:
            if value not in (0.25, 0.75):
                return False
            self.props[prop] = value
            return True
        return super().set(prop, value)

    def automatic(self, switch: int) -> bool:
        if switch == cv2.CAP_PROP_AUTO_EXPOSURE:
            return self.props[switch] != 0.25
        return super().automatic(switch)


class Secretive(SimulatedCamera):
    """Doesn't tell the exposure of its automatic: what it reads back is an old one."""

    def __init__(self) -> None:
        super().__init__()
        self.props[cv2.CAP_PROP_EXPOSURE] = 40


class DirectShow(SimulatedCamera):
    """0 is manual and 1 automatic, and the exposure is a power of two."""

    switches = SimulatedCamera.switches | {cv2.CAP_PROP_AUTO_EXPOSURE: (0, 1)}
    temperature = cv2.CAP_PROP_WHITE_BALANCE_BLUE_U

    def __init__(self) -> None:
        super().__init__()
        self.props[cv2.CAP_PROP_EXPOSURE] = -6

    def light(self, t: float) -> float:
        if self.automatic(cv2.CAP_PROP_AUTO_EXPOSURE):
            return 1 + 0.1 * math.sin(2 * t)
        return float(2 ** (self.props[cv2.CAP_PROP_EXPOSURE] + 6))


class Shortest(SimulatedCamera):
    """Is at the shortest exposure that it has."""

    def set(self, prop: int, value: float, /) -> bool:
        return super().set(prop, max(value, 156) if prop == cv2.CAP_PROP_EXPOSURE else value)


@pytest.mark.parametrize(
    ("camera", "name", "verdict", "words"),
    [
        (WithoutFocus(), "focus", "not offered", "focus not offered"),
        (Deaf(), "exposure", "moving", "exposure NOT LOCKED (it says so, but the picture doesn't follow)"),
        (Deaf(), "white balance", "moving", "white balance NOT LOCKED"),
        (Forgetful(), "exposure", "refused", "exposure NOT LOCKED (its automatic stays on)"),
        (Stubborn(), "exposure", "refused", "exposure NOT LOCKED (its automatic stays on)"),
        (
            Breathing(),
            "exposure",
            "moving",
            "exposure NOT LOCKED (it says so, but the picture still moves)",
        ),
        (
            Tinting(),
            "white balance",
            "moving",
            "white balance NOT LOCKED (it says so, but the picture still",
        ),
        (Quarters(), "exposure", "locked", "exposure locked at 156"),
        (Shortest(), "exposure", "locked", "exposure locked at 156"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SimulatedCamera) else None,
)
def test_what_a_camera_says_is_held_against_its_picture(
    camera: SimulatedCamera, name: str, verdict: str, words: str
) -> None:
    lock, ready = run(camera)
    assert lock.verdicts[name] == verdict
    assert words in lock.sentence
    assert ready < 2.1
    assert (name in lock.values) == (verdict == "locked")


def test_a_camera_that_offers_nothing_is_told_of_in_one_clause() -> None:
    lock, _ = run(Bare())
    assert set(lock.verdicts.values()) == {"not offered"}
    assert lock.sentence == "not locked: it offers no locks, so keep the light steady"


def test_directshow_speaks_another_dialect() -> None:
    camera = DirectShow()
    lock, _ = run(camera, DSHOW)
    assert lock.sentence.startswith("exposure locked at -6, white balance locked at 4600 K")
    assert camera.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 0


def test_an_exposure_that_the_camera_kept_to_itself_is_found_on_the_picture() -> None:
    camera = Secretive()
    lock, _ = run(camera)
    assert lock.verdicts["exposure"] == "locked"
    assert lock.values["exposure"] == pytest.approx(156, rel=0.2), "as bright as the automatic had it"


def test_what_the_last_show_had_locked_is_let_go_before_it_is_locked_anew() -> None:
    camera = SimulatedCamera()
    camera.props |= {cv2.CAP_PROP_AUTO_EXPOSURE: 1, cv2.CAP_PROP_EXPOSURE: 20, cv2.CAP_PROP_AUTO_WB: 0}
    settling: list[bool] = []

    def meanwhile(t: float) -> None:
        if 0.1 < t < SETTLE:
            settling.append(all(camera.automatic(switch) for switch in camera.switches))

    lock, _ = run(camera, meanwhile=meanwhile)
    assert all(settling)
    assert len(settling) > 10
    assert lock.values["exposure"] == pytest.approx(156, rel=0.2), "not the dark picture of last night"


def test_an_exposure_that_was_asked_for_is_not_corrected() -> None:
    lock, _ = run(SimulatedCamera(), wanted={"exposure": 60.0})
    assert lock.values["exposure"] == 60


@pytest.mark.parametrize("lamp", [0.0, 50.0])
def test_a_picture_that_shows_nothing_proves_nothing(lamp: float) -> None:
    camera = SimulatedCamera()
    camera.lamp = lamp
    lock, _ = run(camera, wanted={"exposure": 156.0})
    assert lock.verdicts["exposure"] == "locked"
    assert "exposure locked at 156 (not verified: the picture is black or blown out)" in lock.sentence


def test_a_hand_in_the_picture_is_no_breath() -> None:
    camera = SimulatedCamera()
    plain = camera.picture

    def with_hand(t: float) -> NDArray[np.uint8]:
        bgr = plain(t)
        if t > 2:
            bgr[: 10 + round(8 * math.sin(5 * t)), :] = (90, 120, 180)
        return bgr

    camera.picture = with_hand  # type: ignore[method-assign]
    lock, _ = run(camera)
    assert set(lock.verdicts.values()) == {"locked"}


def test_a_value_that_wanders_off_later_is_told() -> None:
    camera = SimulatedCamera()

    def meanwhile(t: float) -> None:
        if t > 3:
            camera.props[cv2.CAP_PROP_FOCUS] = 120

    lock, _ = run(camera, meanwhile=meanwhile)
    assert lock.verdicts["focus"] == "moving"
    assert "focus NOT LOCKED (set to 30, it says 120 later)" in lock.sentence
    assert WATCH > 1

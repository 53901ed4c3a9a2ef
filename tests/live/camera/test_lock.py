"""The lock, on simulated cameras that lie in each of the ways that real ones do."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.dialects import DSHOW, LOCKABLE, V4L2, Dialect
from live.camera.lock import DELAY, SETTLE, WATCH, Kept, Lock

SHARP = np.random.default_rng(1).integers(60, 200, (48, 64, 3)).astype(np.float64)


class SimulatedCamera:
    """A camera with automatics, as a V4L2 driver shows it; what it sees depends on how it is set.

    The picture is as bright, as warm and as sharp as its values let it be; at those that it begins with, it
    is as its automatics would have it. `lamp` is how bright it is in the room. A subclass lies.
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
        if self.automatic(cv2.CAP_PROP_AUTO_WB):
            return 1 + 0.04 * math.sin(2 * t)
        return math.pow(self.props[self.temperature] / 4600, 0.6)

    def blur(self) -> float:
        if self.automatic(cv2.CAP_PROP_AUTOFOCUS):
            return 0.0
        return abs(self.props[cv2.CAP_PROP_FOCUS] - 30) / 20

    def picture(self, t: float) -> NDArray[np.uint8]:
        rng = np.random.default_rng(round(t * 1000))
        seen = SHARP * max(self.light(t), 0) ** (1 / 2.2) * self.warmth(t) ** np.array([-0.5, 0, 0.5])
        if (sigma := self.blur()) > 0.1:
            seen = cv2.GaussianBlur(seen, (0, 0), sigma)
        noisy = seen + rng.normal(0, 2, seen.shape)
        return np.asarray(noisy.clip(0, 255), dtype=np.uint8)


def run(
    camera: SimulatedCamera,
    dialect: Dialect = V4L2,
    wanted: dict[str, float] | None = None,
    meanwhile: Callable[[float], None] | None = None,
    kept: Kept | None = None,
) -> tuple[Lock, float]:
    """A lock that is done, and when its pictures were first fit to be shown."""
    lock = Lock(camera, dialect, wanted or {}, kept)
    ready = math.nan
    t = 0.0
    while not lock.done:
        if meanwhile is not None:
            meanwhile(t)
        lock.look(camera.picture(t), t)
        if lock.ready and math.isnan(ready):
            ready = t
        t += 1 / 30
        assert t < 15, "it never comes to an end"
    return lock, ready


def test_an_honest_camera_is_locked_at_what_its_automatics_found() -> None:
    camera = SimulatedCamera()
    lock, ready = run(camera)
    assert lock.sentence == (
        "exposure locked at 156, white balance locked at 4600 K, focus locked at 30, gain locked at 64"
    )
    assert dict(lock.values) == dict(zip(LOCKABLE, (156, 4600, 30, 64), strict=True))
    assert camera.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 1
    assert SETTLE < ready < 2.0, "the first picture of a show isn't kept back for longer"


def test_values_that_are_wanted_are_set_and_need_no_settling() -> None:
    camera = SimulatedCamera()
    lock, ready = run(camera, wanted=dict(zip(LOCKABLE, (200.0, 5200.0, 12.0, 10.0), strict=True)))
    assert lock.values["exposure"] == camera.get(cv2.CAP_PROP_EXPOSURE) == 200
    assert lock.values["white_balance"] == 5200
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

    def blur(self) -> float:
        return 0.0


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
        return 1 + 0.1 * math.sin(2 * t) * (t > 2.0)


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
        (WithoutFocus, "focus", "not offered", "focus not offered"),
        (Deaf, "exposure", "moving", "exposure NOT LOCKED (it says so, but the picture doesn't follow)"),
        (Deaf, "white_balance", "moving", "white balance NOT LOCKED (it says so, but the picture still"),
        (Forgetful, "exposure", "refused", "exposure NOT LOCKED (its automatic stays on)"),
        (Stubborn, "exposure", "refused", "exposure NOT LOCKED (its automatic stays on)"),
        (Tinting, "white_balance", "moving", "white balance NOT LOCKED (it says so, but the picture still"),
        (Quarters, "exposure", "locked", "exposure locked at 156"),
        (Shortest, "exposure", "locked", "exposure locked at 156"),
    ],
)
def test_what_a_camera_says_is_held_against_its_picture(
    camera: type[SimulatedCamera], name: str, verdict: str, words: str
) -> None:
    lock, ready = run(camera())
    assert lock.verdicts[name] == verdict
    assert words in lock.sentence
    assert ready < 2.4
    assert (name in lock.values) == (verdict == "locked")


def test_what_is_wrong_is_told_first() -> None:
    lock, _ = run(Tinting())
    assert lock.sentence.startswith("white balance NOT LOCKED (")
    assert lock.sentence.endswith("), exposure locked at 156, focus locked at 30, gain locked at 64")


def test_an_exposure_that_the_picture_has_followed_is_kept_though_the_picture_moves() -> None:
    lock, _ = run(Breathing())
    assert lock.verdicts["exposure"] == "moving"
    assert "exposure NOT LOCKED (the picture follows it, and moves all the same: is" in lock.sentence
    assert lock.values["exposure"] == 156


# White balance and focus of cameras that tell old values of their automatics


class Stale(SimulatedCamera):
    """Its automatics have found other values than those that it tells while they are on: it tells them once
    they are off."""

    def __init__(self) -> None:
        super().__init__()
        self.room = {self.temperature: 5600.0, cv2.CAP_PROP_FOCUS: 90.0}
        self.real = dict(self.room)

    def set(self, prop: int, value: float, /) -> bool:
        done = super().set(prop, value)
        for switch, controlled in (
            (cv2.CAP_PROP_AUTO_WB, self.temperature),
            (cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS),
        ):
            if prop == switch and self.automatic(switch):
                self.real[controlled] = self.room[controlled]
            elif prop == switch:
                self.switch_off(controlled)
            elif prop == controlled and not self.automatic(switch):
                self.real[prop] = self.props[prop]
        return done

    def switch_off(self, prop: int) -> None:
        self.props[prop] = self.real[prop]

    def warmth(self, _: float) -> float:
        return math.pow(self.real[self.temperature] / 5600, 0.6)

    def blur(self) -> float:
        return abs(self.real[cv2.CAP_PROP_FOCUS] - 90) / 20


class Hiding(Stale):
    """Never tells what its automatics have found, but stays there when they are off."""

    def switch_off(self, prop: int) -> None:
        pass


class FallingBack(Stale):
    """Goes back to the old values when its automatics are off."""

    def switch_off(self, prop: int) -> None:
        self.real[prop] = self.props[prop]


class Defaulting(Stale):
    """Tells what its automatics have found while they are on, and goes to a default when they are off."""

    def __init__(self) -> None:
        super().__init__()
        self.props |= self.room

    def switch_off(self, prop: int) -> None:
        self.props[prop] = self.real[prop] = {self.temperature: 4000, cv2.CAP_PROP_FOCUS: 0}[prop]


class Tinted(FallingBack):
    """Can't be told any temperature but its own."""

    def warmth(self, _: float) -> float:
        return 1.0 if self.automatic(cv2.CAP_PROP_AUTO_WB) else 0.8


@pytest.mark.parametrize("camera", [Stale, Defaulting])
def test_what_the_automatics_found_is_locked_and_not_what_was_told_before(
    camera: type[Stale],
) -> None:
    device = camera()
    lock, ready = run(device)
    assert device.real == device.room
    assert lock.values["white_balance"] == 5600
    assert lock.values["focus"] == 90
    assert ready < 3.0


@pytest.mark.parametrize("camera", [Hiding, FallingBack])
@pytest.mark.parametrize("temperature", [3200.0, 5600.0, 6200.0])
def test_a_white_balance_that_is_not_told_is_found_on_the_picture(
    camera: type[Stale], temperature: float
) -> None:
    device = camera()
    device.room[device.temperature] = temperature

    def warmth(_: float) -> float:
        return math.pow(device.real[device.temperature] / temperature, 0.6)

    device.warmth = warmth  # type: ignore[method-assign]
    lock, ready = run(device)
    assert lock.verdicts["white_balance"] == "locked"
    assert lock.values["white_balance"] == device.real[device.temperature]
    assert lock.values["white_balance"] == pytest.approx(temperature, rel=0.04)
    assert ready < 6.0


def test_colours_that_no_value_brings_back_are_told() -> None:
    lock, _ = run(Tinted())
    assert lock.verdicts["white_balance"] == "changed"
    assert "white balance CHANGED (no value brings back the colours that its" in lock.sentence
    assert "white_balance" not in lock.values


def test_colours_that_only_the_automatic_has_are_left_as_it_had_them() -> None:
    device = Hiding()
    device.real[device.temperature] = device.room[device.temperature] = 9000  # more than can be set
    lock, _ = run(device)
    assert device.real[device.temperature] == 9000
    assert not device.automatic(cv2.CAP_PROP_AUTO_WB)
    assert "white balance locked (as its automatic had it; the value that it te" in lock.sentence
    assert "white_balance" not in lock.values


def test_a_lens_whose_place_is_not_told_is_left_where_its_automatic_had_it() -> None:
    device = Hiding()
    lock, _ = run(device)
    assert device.real[cv2.CAP_PROP_FOCUS] == 90
    assert not device.automatic(cv2.CAP_PROP_AUTOFOCUS)
    assert "focus locked (as its automatic had it; the value that it tells is another)" in lock.sentence
    assert "focus" not in lock.values, "at the next opening, it would blur the picture"


def test_a_picture_that_is_blurred_by_the_lock_is_told() -> None:
    lock, _ = run(FallingBack())
    assert lock.verdicts["focus"] == "changed"
    assert "focus CHANGED (the picture was sharper under its automatic)" in lock.sentence
    assert "focus" not in lock.values


def test_white_balance_and_focus_that_were_asked_for_are_not_corrected() -> None:
    device = Stale()
    lock, _ = run(device, wanted={"white_balance": 3000.0, "focus": 10.0})
    assert lock.values["white_balance"] == device.real[device.temperature] == 3000
    assert lock.values["focus"] == device.real[cv2.CAP_PROP_FOCUS] == 10


# Others


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


# A camera that is opened again


def test_what_is_not_kept_settles_and_nothing_else_is_let_go() -> None:
    camera = SimulatedCamera()
    lit = camera.light
    # Its first pictures are dark, as after every opening.
    camera.light = lambda t: lit(t) * (t > 0.4)  # type: ignore[method-assign]
    camera.props[cv2.CAP_PROP_EXPOSURE] = 20
    camera.props[cv2.CAP_PROP_AUTO_EXPOSURE] = 1
    seen: set[tuple[bool, bool, bool]] = set()

    def meanwhile(t: float) -> None:
        if 0.1 < t < SETTLE:
            exposure, warmth, focus = (camera.automatic(switch) for switch in camera.switches)
            seen.add((exposure, warmth, focus))

    kept = Kept({"white_balance": 5000.0, "focus": 30.0, "gain": 10.0})
    lock, ready = run(camera, kept=kept, meanwhile=meanwhile)
    assert seen == {(True, False, False)}
    assert lock.values["exposure"] == pytest.approx(156, rel=0.2)
    assert lock.values["white_balance"] == camera.props[camera.temperature] == 5000
    assert lock.values["gain"] == 10
    assert ready > SETTLE


def test_what_is_known_not_to_be_offered_needs_no_settling() -> None:
    first, _ = run(WithoutFocus())
    kept = Kept()
    first.keep(kept)
    assert kept.not_offered == {"focus"}
    again, ready = run(WithoutFocus(), kept=kept)
    assert ready < SETTLE + DELAY
    assert again.sentence == first.sentence


# Light that changes meanwhile


@pytest.mark.parametrize("at", [0.9, 1.15, 1.3, 1.5, 2.0, 3.0, 4.4, 6.0])
def test_a_lamp_that_is_switched_on_is_no_breath(at: float) -> None:
    camera = SimulatedCamera()

    def meanwhile(t: float) -> None:
        camera.lamp = 1.0 if t < at else 1.6

    lock, _ = run(camera, meanwhile=meanwhile)
    assert set(lock.verdicts.values()) == {"locked"}
    assert lock.values["exposure"] == camera.props[cv2.CAP_PROP_EXPOSURE]


def test_a_light_that_never_rests_is_told_and_costs_no_value() -> None:
    camera = SimulatedCamera()

    def meanwhile(t: float) -> None:
        camera.lamp = 1.0 if t < 2 or round(t) % 2 else 1.6

    lock, _ = run(camera, meanwhile=meanwhile)
    assert lock.verdicts["exposure"] == "moving"
    assert lock.values["exposure"] == 156


def test_it_is_watched_for_as_long_as_a_breath_takes() -> None:
    camera = SimulatedCamera()
    lock = Lock(camera, V4L2, {})
    times = [index / 30 for index in range(300)]
    ready = done = math.nan
    for t in times:
        lock.look(camera.picture(t), t)
        ready = t if lock.ready and math.isnan(ready) else ready
        done = t if lock.done and math.isnan(done) else done
    assert done - ready == pytest.approx(WATCH, abs=0.1)

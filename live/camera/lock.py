"""The lock of a camera: exposure, white balance, focus and gain held still, and whether they really are.

A camera that adjusts itself changes every colour on the sheet whenever a hand comes into its view. OpenCV's
properties can hold it still, but not alike everywhere, and what they answer isn't always true: what is
'manual' is 1 to V4L2 (where 0.25 is rounded to 0, automatic), 0 to DirectShow since 4.7 and 0.25 elsewhere;
`set` may return True without effect, and `get` 0 or -1 for what it doesn't know (opencv#9738, #14494,
#17019, PR #22635, #23300). So nothing is believed before it was seen on the picture:

    settling ─▶ matching ─▶ provoking ─▶ restoring ─▶ watching ─▶ done

The automatics settle on the picture; then everything is locked and read back; if the picture jumped, the
exposure is corrected until it is as bright as before; a step of exposure must show in the picture, and go
away again; and then, while the show has begun, the picture must not breathe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Verdict: TypeAlias = Literal["locked", "not offered", "refused", "moving"]

SETTLE: Final = 0.8
"""Seconds that the automatics have from the first picture on; most need half a second."""

DELAY: Final = 0.3
"""Seconds until a change shows in the picture: frames are on their way, and sensors take two or three."""

WATCH: Final = 3.0
"""Seconds for which the locked picture is watched: a breathing exposure takes one or two."""

CORRECTIONS: Final = 2
"""How often the exposure is corrected after a jump; each takes `DELAY`, and the show waits."""

JUMP: Final = 1.12
"""Factor of brightness from which the picture is said to have jumped, or not to have come back."""

FOLLOWS: Final = 1.08
"""Factor by which the picture must at least follow a step of half the exposure; a tone curve leaves 1.3 of
it and more, an automatic that goes on in spite of all takes it back within `DELAY`."""

JUDGED: Final = (12.0, 245.0)
"""Between which values most of the picture must lie to judge it: black or blown out, it follows nothing."""

BREATH: Final = 1.06
"""Factor between the brightest and the darkest picture, or the warmest and the coolest, while watched, from
which the picture is moving; a lamp's flicker stays below."""

CELLS: Final = (16, 12)
"""Across and down: cells of the picture that are compared, of which a hand covers less than half."""

Means = NDArray[np.float32]


class Device(Protocol):
    """What is locked: as `cv2.VideoCapture`."""

    def get(self, prop: int, /) -> float:
        """The value of a property, or what the backend says where it has none: 0 or -1."""

    def set(self, prop: int, value: float, /) -> bool:
        """Set a property; whether the backend says that it did."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """A property that a camera may set by itself.

    value: OpenCV's property of it. switch: that of its automatic, or None. manual: what may mean 'manual'
    to the switch, the likeliest first. on: what means 'automatic'. unit: of the value, for the operator.
    """

    name: str
    value: int
    switch: int | None
    manual: tuple[float, ...] = (0,)
    on: tuple[float, ...] = (1,)
    unit: str = ""


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
        Automatic("white balance", cv2.CAP_PROP_WB_TEMPERATURE, cv2.CAP_PROP_AUTO_WB, unit=" K"),
        _FOCUS,
        _GAIN,
    )
)
"""Linux, in the driver's own units: exposure in 100 µs. Also tried where nothing else is known."""

DSHOW: Final = Dialect(
    (
        Automatic("exposure", cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE, (0, 0.25), (1, 0.75)),
        Automatic("white balance", cv2.CAP_PROP_WHITE_BALANCE_BLUE_U, cv2.CAP_PROP_AUTO_WB, unit=" K"),
        _FOCUS,
        _GAIN,
    ),
    logarithmic=True,
)
"""Windows: exposure as the power of two of its seconds."""


@dataclass(slots=True)
class _Held:
    """What became of one property."""

    verdict: Verdict
    value: float
    why: str = ""


@dataclass(slots=True)
class _Seen:
    """The pictures of one phase: since when, and the brightness and warmth of each against the first."""

    since: float
    first: Means | None = None
    light: list[float] = field(default_factory=list)
    warmth: list[float] = field(default_factory=list)


class Lock:
    """Locks one opened camera; is shown every picture that it brings. For one thread.

    device: the camera. dialect: of its backend. wanted: values by name ('exposure', 'white balance',
    'focus', 'gain') that are to be set; the others are found by letting the automatics settle, for which
    there is no need where `settle` is False: the camera was locked before, and what it offers is known.
    """

    def __init__(
        self, device: Device, dialect: Dialect, wanted: Mapping[str, float], *, settle: bool = True
    ) -> None:
        self._device = device
        self._dialect = dialect
        self._wanted = dict(wanted)
        self._settle = SETTLE if settle and set(wanted) < {a.name for a in dialect.automatics} else 0.0
        self._held: dict[str, _Held] = {}
        self._phase: Literal["settling", "matching", "provoking", "restoring", "watching", "done"] = (
            "settling"
        )
        self._seen: _Seen | None = None
        self._settled: Means | None = None  # the picture that the automatics settled on
        self._before: Means | None = None  # the locked picture, before it is provoked
        self._corrections = 0

    @property
    def ready(self) -> bool:
        """Whether it leaves the pictures alone from now on, so that they may be shown."""
        return self._phase in ("watching", "done")

    @property
    def done(self) -> bool:
        """Whether everything has been verified."""
        return self._phase == "done"

    @property
    def values(self) -> Mapping[str, float]:
        """What is locked, by name: to be wanted of the same camera when it is opened again."""
        return {name: held.value for name, held in self._held.items() if held.verdict == "locked"}

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """What became of each property, by name; empty until they are locked."""
        return {name: held.verdict for name, held in self._held.items()}

    @property
    def sentence(self) -> str:
        """For the operator."""
        if not self._held:
            return "not locked yet: its automatics are settling"
        if all(held.verdict == "not offered" for held in self._held.values()):
            return "not locked: it offers no locks, so keep the light steady"
        parts = []
        for automatic in self._dialect.automatics:
            held = self._held[automatic.name]
            if held.verdict == "locked":
                doubt = f" ({held.why})" if held.why else ""
                parts.append(f"{automatic.name} locked at {held.value:g}{automatic.unit}{doubt}")
            elif held.verdict == "not offered":
                parts.append(f"{automatic.name} not offered")
            else:
                parts.append(f"{automatic.name} NOT LOCKED ({held.why})")
        return ", ".join(parts)

    def look(self, bgr: NDArray[np.uint8], now: float) -> None:
        """Take in the camera's next picture, uint8 (H, W, 3), at a time in seconds."""
        if self._phase == "done":
            return
        means = np.asarray(cv2.resize(bgr, CELLS, interpolation=cv2.INTER_AREA), np.float32) + 1
        if self._seen is None:
            self._seen = _Seen(now)
            if self._settle:
                self._free()
        elapsed = now - self._seen.since
        if self._phase == "settling":
            if elapsed >= self._settle:
                self._settled = means
                self._hold_all()
                self._turn("matching", now)
        elif self._phase == "matching":
            if elapsed >= DELAY:
                self._match(means, now)
        elif self._phase == "provoking":
            if elapsed >= DELAY:
                self._judge_step(means, now)
        elif self._phase == "restoring":
            if elapsed >= DELAY:
                self._judge_return(means, now)
        else:
            self._watch(means, now, self._seen)

    def _turn(
        self, phase: Literal["matching", "provoking", "restoring", "watching", "done"], now: float
    ) -> None:
        self._phase, self._seen = phase, _Seen(now)

    # Holding

    def _free(self) -> None:
        """Let the automatics run: many a camera keeps what the last program, or show, has locked it at."""
        for automatic in self._dialect.automatics:
            if automatic.switch is not None and automatic.name not in self._wanted:
                for on in automatic.on:
                    if self._device.set(automatic.switch, on):
                        break

    def _hold_all(self) -> None:
        for automatic in self._dialect.automatics:
            self._held[automatic.name] = self._hold(automatic)

    def _hold(self, automatic: Automatic) -> _Held:
        """Lock one property at the value that is wanted, or else at that which it has, and read it back."""
        device = self._device
        found = device.get(automatic.value)
        switched = False
        if automatic.switch is not None:
            for manual in automatic.manual:
                switched = device.set(automatic.switch, manual)
                if switched and abs(device.get(automatic.switch) - manual) < 0.01:
                    break
        wanted = self._wanted.get(automatic.name, found)
        accepted = device.set(automatic.value, wanted)
        if not accepted and not switched and found in (0, -1):
            return _Held("not offered", found)
        value = device.get(automatic.value)
        if not accepted:
            return _Held("refused", value, "the camera refuses to be set")
        if automatic.switch is not None and any(
            abs(device.get(automatic.switch) - on) < 0.01 for on in automatic.on
        ):
            return _Held("refused", value, "its automatic stays on")
        if abs(value - wanted) > 1 + 0.02 * abs(wanted):
            return _Held("refused", value, f"set to {wanted:g}, it says {value:g}")
        return _Held("locked", value)

    # Verifying the exposure on the picture, before the show begins

    def _match(self, means: Means, now: float) -> None:
        """Give the locked picture the brightness that the automatics had found."""
        assert self._settled is not None
        exposure = self._held["exposure"]
        if exposure.verdict != "locked":
            self._turn("watching", now)
            return
        # Some cameras don't tell which exposure their automatic has, and fall back to an old one.
        factor = _gain(self._settled, means)
        jumped = max(factor, 1 / factor) > JUMP
        if "exposure" not in self._wanted and jumped and self._corrections < CORRECTIONS:
            self._corrections += 1
            # Values go about with the 2.2nd root of light, as in sRGB.
            corrected = self._dialect.scaled(exposure.value, 1 / factor**2.2)
            if corrected != exposure.value and self._device.set(cv2.CAP_PROP_EXPOSURE, corrected):
                exposure.value = self._device.get(cv2.CAP_PROP_EXPOSURE)
                self._turn("matching", now)
                return
        if not JUDGED[0] < float(np.median(means)) < JUDGED[1]:
            exposure.why = "not verified: the picture is black or blown out"
            self._turn("watching", now)
            return
        self._before = means
        step = self._dialect.scaled(exposure.value, 0.5)
        self._device.set(cv2.CAP_PROP_EXPOSURE, step)
        # A camera that is at its shortest exposure can't be provoked, which is no fault.
        possible = abs(self._device.get(cv2.CAP_PROP_EXPOSURE) - exposure.value) > 0.4
        self._turn("provoking" if possible else "watching", now)

    def _judge_step(self, means: Means, now: float) -> None:
        assert self._before is not None
        exposure = self._held["exposure"]
        if _gain(self._before, means) > 1 / FOLLOWS:
            exposure.verdict = "moving"
            exposure.why = "it says so, but the picture doesn't follow"
        self._device.set(cv2.CAP_PROP_EXPOSURE, exposure.value)
        self._turn("restoring", now)

    def _judge_return(self, means: Means, now: float) -> None:
        assert self._before is not None
        factor = _gain(self._before, means)
        exposure = self._held["exposure"]
        if exposure.verdict == "locked" and max(factor, 1 / factor) > JUMP:
            exposure.verdict, exposure.why = (
                "moving",
                "it says so, but the picture isn't as bright as before",
            )
        self._turn("watching", now)

    # Watching all of it, while the show has begun

    def _watch(self, means: Means, now: float, seen: _Seen) -> None:
        if seen.first is None:
            seen.first = means
        seen.light.append(_gain(seen.first, means))
        seen.warmth.append(
            _gain(seen.first[..., 2:], means[..., 2:]) / _gain(seen.first[..., :1], means[..., :1])
        )
        if now - seen.since < WATCH:
            return
        for name, factors in (("exposure", seen.light), ("white balance", seen.warmth)):
            # Without the extremes: a hand before the lens for a moment isn't a breath.
            low, high = np.quantile(factors, [0.1, 0.9])
            held = self._held[name]
            if held.verdict == "locked" and high / low > BREATH:
                held.verdict, held.why = "moving", "it says so, but the picture still moves"
        for automatic in self._dialect.automatics:
            held = self._held[automatic.name]
            value = self._device.get(automatic.value)
            if held.verdict == "locked" and abs(value - held.value) > 1 + 0.02 * abs(held.value):
                held.verdict, held.why = "moving", f"set to {held.value:g}, it says {value:g} later"
        self._turn("done", now)


def _gain(before: Means, after: Means) -> float:
    """By which factor one picture is brighter than another, in most of its cells."""
    return float(np.median(after.mean(axis=2) / before.mean(axis=2)))

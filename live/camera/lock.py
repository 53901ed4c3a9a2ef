"""The lock of a camera: exposure, white balance, focus and gain held still, and whether they really are.

A camera that adjusts itself changes every colour on the sheet whenever a hand comes into its view. OpenCV's
properties can hold it still, but not alike everywhere (`live.camera.dialects`), and what they answer isn't
always true: `set` may return True without effect, and `get` 0 or -1 for what it doesn't know (opencv#9738,
#14494, #17019). So nothing is believed before it was seen on the picture:

    settling ─▶ matching ─▶ provoking ─▶ restoring ─▶ watching ─▶ done

The automatics settle on the picture; then everything is locked and read back. If the picture jumped, since
what a camera tells of its automatics may be long out of date, it is made as bright, warm and sharp as it
was: the exposure is corrected, the temperature of the white balance searched for, and what can't be had in
this way is left to its automatic once more. A step of exposure must show in the picture, and go away again;
and then, while the show has begun, the picture must not breathe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from live.camera.dialects import UNKNOWN, Automatic, Device, Dialect
from live.camera.looks import Means, View, brightness, means_of, sharpness, warmth_of

Verdict: TypeAlias = Literal["locked", "not offered", "refused", "moving", "changed"]

SETTLE: Final = 0.8
"""Seconds that the automatics have from the first picture on; most need half a second."""

DELAY: Final = 0.3
"""Seconds until a change shows in the picture: frames are on their way, and sensors take two or three."""

WATCH: Final = 3.0
"""Seconds for which the locked picture is watched: a breathing exposure takes one or two."""

TRIES: Final = 2
"""How often it is provoked, or watched, before it is said to fail: a lamp that is switched on in the middle
spoils one time, and a camera that breathes all of them."""

CORRECTIONS: Final = 2
"""How often the exposure is corrected after a jump; each takes `DELAY`, and the show waits."""

JUMP: Final = 1.12
"""Factor of brightness from which the picture is said to have jumped, or not to have come back."""

WARMER: Final = 1.06
"""The same of its warmth, red against blue."""

SHARPER: Final = 1.5
"""The same of its sharpness, of which noise alone takes less."""

TEMPERATURES: Final = (2800.0, 6500.0)
"""Kelvins between which a white balance is searched for: what webcams offer."""

SEARCHED: Final = 6
"""Temperatures that are tried, each halving the range; 6 leave some 30 K in the middle of it."""

FOLLOWS: Final = 1.08
"""Factor by which the picture must at least follow a step of half the exposure; a tone curve leaves 1.3 of
it and more, an automatic that goes on in spite of all takes it back within `DELAY`."""

BREATH: Final = 1.06
"""Factor between the brightest and the darkest picture, or the warmest and the coolest, while watched, from
which the picture is moving; a lamp's flicker stays below."""


@dataclass(slots=True)
class Kept:
    """What is known of a camera's locks from one opening to the next.

    values: at which it is to be locked, by name. not_offered: the names of what it doesn't offer.
    """

    values: dict[str, float] = field(default_factory=dict)
    not_offered: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Held:
    """What became of one property.

    found: the value that it told under its automatic. told: whether `value` is known to be the one that it
    has. proved: whether the picture has followed it.
    """

    verdict: Verdict
    value: float
    why: str = ""
    found: float = 0.0
    told: bool = True
    proved: bool = False

    @property
    def lasts(self) -> bool:
        """Whether its value may be set again another time. One that was proved is the best there is even
        where the picture moves, which may be the light's doing."""
        return self.told and (self.verdict == "locked" or self.proved)


@dataclass(slots=True)
class _Seen:
    """The pictures of one phase: since when, and the brightness and warmth of each against the first."""

    since: float
    first: Means | None = None
    light: list[float] = field(default_factory=list)
    warmth: list[float] = field(default_factory=list)


class _Search:
    """Bisects the temperature at which the picture is as warm as it was, in its reciprocal, by which warmth
    goes evenly. The higher the temperature that a camera is told, the warmer it makes the picture."""

    def __init__(self) -> None:
        self._low, self._high = TEMPERATURES
        self._tried: list[tuple[float, float]] = []  # by how much it was off, as a logarithm; temperature
        self.over = False

    def after(self, temperature: float, warmth: float) -> float:
        """What to try next, having seen how much warmer than it was the picture is; at the end the best."""
        self._tried.append((abs(float(np.log(warmth))), temperature))
        if warmth > 1:
            self._high = min(self._high, temperature)
        else:
            self._low = max(self._low, temperature)
        self.over = len(self._tried) > SEARCHED or self._low >= self._high
        return min(self._tried)[1] if self.over else float(round(2 / (1 / self._low + 1 / self._high)))


_Phase: TypeAlias = Literal[
    "settling", "matching", "resettling", "provoking", "restoring", "watching", "done"
]


class Lock:
    """Locks one opened camera; is shown every picture that it brings. For one thread.

    device: the camera. dialect: of its backend. wanted: values by name (`LOCKABLE`) that are to be set.
    kept: what is known from before: values to be set where none are wanted, and what need not be tried.
    What is in neither is found by letting its automatic settle.
    """

    def __init__(
        self, device: Device, dialect: Dialect, wanted: Mapping[str, float], kept: Kept | None = None
    ) -> None:
        kept = kept or Kept()
        self._device = device
        self._dialect = dialect
        self._given = {**kept.values, **wanted}
        self._absent = kept.not_offered - self._given.keys()
        settles = {a.name for a in dialect.automatics} - self._given.keys() - self._absent
        self._settle = SETTLE if settles else 0.0
        self._held: dict[str, _Held] = {}
        self._phase: _Phase = "settling"
        self._seen: _Seen | None = None
        self._settled: View | None = None  # the picture that the automatics settled on
        self._before: Means | None = None  # the locked picture, before it is provoked
        self._corrections = 0
        self._search: _Search | None = None  # for the white balance, once its picture has jumped
        self._resettled: list[str] = []  # what was left to its automatic once more
        self._provoked = 0
        self._watched = 0

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
        """At what it is locked, by name: to be set when the same camera is opened again."""
        return {name: held.value for name, held in self._held.items() if held.lasts}

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
        wrong, right = [], []
        for automatic in self._dialect.automatics:
            held, name = self._held[automatic.name], automatic.words
            if held.verdict == "locked":
                value = f" at {held.value:g}{automatic.unit}" if held.told else ""
                right.append(f"{name} locked{value}" + (f" ({held.why})" if held.why else ""))
            elif held.verdict == "not offered":
                right.append(f"{name} not offered")
            else:
                problem = "CHANGED" if held.verdict == "changed" else "NOT LOCKED"
                wrong.append(f"{name} {problem} ({held.why})")
        return ", ".join(wrong + right)

    def keep(self, kept: Kept) -> None:
        """Add what was found out to what is known of the camera."""
        kept.values.update(self.values)
        kept.not_offered |= {name for name, held in self._held.items() if held.verdict == "not offered"}

    def look(self, bgr: NDArray[np.uint8], now: float) -> None:
        """Take in the camera's next picture, uint8 (H, W, 3), at a time in seconds."""
        if self._phase == "done":
            return
        if self._seen is None:
            self._seen = _Seen(now)
            self._begin()
        elapsed = now - self._seen.since
        if self._phase == "watching":
            self._watch(means_of(bgr), now, self._seen)
        elif self._phase == "settling":
            if elapsed >= self._settle:
                self._settled = View.of(bgr)
                self._hold_all()
                self._turn("matching", now)
        elif self._phase == "resettling":
            if elapsed >= SETTLE:
                self._hold_resettled()
                self._turn("matching", now)
        elif elapsed >= DELAY:
            if self._phase == "matching":
                self._match(View.of(bgr), now)
            elif self._phase == "provoking":
                self._judge_step(means_of(bgr), now)
            else:
                self._judge_return(means_of(bgr), now)

    def _turn(self, phase: _Phase, now: float) -> None:
        self._phase, self._seen = phase, _Seen(now)

    # Holding

    def _begin(self) -> None:
        """Set what is known, and let the automatics run of what isn't: many a camera keeps what the last
        program, or show, has locked it at."""
        for automatic in self._dialect.automatics:
            if automatic.name in self._given:
                self._hold(automatic)
            elif automatic.name not in self._absent:
                self._free(automatic)

    def _free(self, automatic: Automatic) -> None:
        if automatic.switch is not None:
            for on in automatic.on:
                if self._device.set(automatic.switch, on):
                    break

    def _hold_all(self) -> None:
        for automatic in self._dialect.automatics:
            known = automatic.name in self._absent
            self._held[automatic.name] = _Held("not offered", -1) if known else self._hold(automatic)

    def _switch_off(self, automatic: Automatic) -> bool:
        """Whether the camera says that the automatic is off."""
        if automatic.switch is None:
            return False
        accepted = False
        for manual in automatic.manual:
            accepted = self._device.set(automatic.switch, manual)
            if accepted and abs(self._device.get(automatic.switch) - manual) < 0.01:
                break
        return accepted

    def _stays_on(self, automatic: Automatic) -> bool:
        return automatic.switch is not None and any(
            abs(self._device.get(automatic.switch) - on) < 0.01 for on in automatic.on
        )

    def _hold(self, automatic: Automatic) -> _Held:
        """Lock one property at the value that is given, or else at that which it has, and read it back."""
        device = self._device
        found = device.get(automatic.value)
        switched = self._switch_off(automatic)
        # Many a camera tells what its automatic has found once that is off, and an old value before. It is
        # set even so: if it is an old one still, the picture shows it now, and not at the next opening.
        wanted = self._given.get(automatic.name, device.get(automatic.value))
        accepted = device.set(automatic.value, wanted)
        if not accepted and not switched and found in UNKNOWN:
            return _Held("not offered", found)
        value = device.get(automatic.value)
        if not accepted:
            return _Held("refused", value, "the camera refuses to be set")
        if self._stays_on(automatic):
            return _Held("refused", value, "its automatic stays on")
        if abs(value - wanted) > 1 + 0.02 * abs(wanted):
            return _Held("refused", value, f"set to {wanted:g}, it says {value:g}")
        return _Held("locked", value, found=found)

    def _is_found(self, name: str) -> bool:
        """Whether it is locked at what its automatic had, so that the picture must look as before."""
        return self._held[name].verdict == "locked" and name not in self._given

    # Giving the picture back what locking has changed of it, before the show begins

    def _match(self, view: View, now: float) -> None:
        """Give the locked picture the looks that the automatics had found, then provoke it."""
        assert self._settled is not None
        # Once it is provoked, nothing is changed any more of what it has beside its exposure.
        judged = view.shows and self._settled.shows and not self._provoked
        phase: _Phase | None = "matching" if self._correct_exposure(view.means) else None
        if phase is None and judged:
            phase = self._correct_warmth(view.means) or self._correct_focus(view)
        if phase is None:
            self._provoke(view, now)
        else:
            self._turn(phase, now)

    def _correct_exposure(self, means: Means) -> bool:
        """Whether the exposure was changed, for a picture that had jumped."""
        assert self._settled is not None
        factor = brightness(self._settled.means, means)
        jumped = max(factor, 1 / factor) > JUMP
        if not self._is_found("exposure") or not jumped or self._corrections == CORRECTIONS:
            return False
        if self._fall_back("exposure"):
            return True
        self._corrections += 1
        exposure = self._held["exposure"]
        # Values go about with the 2.2nd root of light, as in sRGB.
        corrected = self._dialect.scaled(exposure.value, 1 / factor**2.2)
        return corrected != exposure.value and self._set("exposure", corrected)

    def _correct_warmth(self, means: Means) -> _Phase | None:
        """What to do about a picture whose colours have jumped; None where nothing is to be done."""
        assert self._settled is not None
        warmth = warmth_of(self._settled.means, means)
        jumped = max(warmth, 1 / warmth) > WARMER
        if not self._is_found("white_balance"):
            return None
        if self._search is None:
            if not jumped:
                return None
            if self._fall_back("white_balance"):
                return "matching"
            self._search = _Search()
        if not self._search.over:
            self._set("white_balance", self._search.after(self._held["white_balance"].value, warmth))
            return "matching"
        if not jumped:
            return None
        return self._resettle("white_balance", "no value brings back the colours that its automatic had")

    def _correct_focus(self, view: View) -> _Phase | None:
        """What to do about a picture that was sharper before; None where nothing is to be done."""
        assert self._settled is not None
        if not self._is_found("focus") or sharpness(self._settled, view) > 1 / SHARPER:
            return None
        if self._fall_back("focus"):
            return "matching"
        return self._resettle("focus", "the picture was sharper under its automatic")

    def _resettle(self, name: str, why: str) -> _Phase | None:
        """Leave it to its automatic once more; if that was of no use before, tell what has changed."""
        if name in self._resettled:
            self._held[name].verdict, self._held[name].why = "changed", why
            return None
        self._resettled.append(name)
        self._free(self._automatic(name))
        return "resettling"

    def _hold_resettled(self) -> None:
        """Leave it where its automatic has brought it, at a value that the camera doesn't tell."""
        name = self._resettled[-1]
        automatic, held = self._automatic(name), self._held[name]
        self._switch_off(automatic)
        held.value, held.told = self._device.get(automatic.value), False
        held.why = "as its automatic had it; the value that it tells is another"

    def _fall_back(self, name: str) -> bool:
        """Whether what a property told under its automatic was set, for once, being another value: some
        cameras go to a default of theirs when the automatic is switched off."""
        held = self._held[name]
        found, held.found = held.found, held.value
        known = found not in UNKNOWN and abs(found - held.value) > 0.5
        return known and self._set(name, found)

    def _set(self, name: str, value: float) -> bool:
        """Change what is locked already."""
        prop = self._automatic(name).value
        accepted = self._device.set(prop, value)
        self._held[name].value = self._device.get(prop)
        return accepted

    def _automatic(self, name: str) -> Automatic:
        return next(automatic for automatic in self._dialect.automatics if automatic.name == name)

    # Verifying the exposure on the picture

    def _provoke(self, view: View, now: float) -> None:
        exposure = self._held["exposure"]
        if exposure.verdict != "locked":
            self._turn("watching", now)
            return
        if not view.shows:
            exposure.why = "not verified: the picture is black or blown out"
            self._turn("watching", now)
            return
        self._provoked += 1
        self._before = view.means
        step = self._dialect.scaled(exposure.value, 0.5)
        self._device.set(cv2.CAP_PROP_EXPOSURE, step)
        # A camera that is at its shortest exposure can't be provoked, which is no fault.
        possible = abs(self._device.get(cv2.CAP_PROP_EXPOSURE) - exposure.value) > 0.4
        self._turn("provoking" if possible else "watching", now)

    def _judge_step(self, means: Means, now: float) -> None:
        assert self._before is not None
        exposure = self._held["exposure"]
        self._device.set(cv2.CAP_PROP_EXPOSURE, exposure.value)
        follows = brightness(self._before, means) < 1 / FOLLOWS
        if not follows and self._provoked < TRIES:
            self._turn("matching", now)
            return
        if not follows:
            exposure.verdict, exposure.why = "moving", "it says so, but the picture doesn't follow"
        self._turn("restoring", now)

    def _judge_return(self, means: Means, now: float) -> None:
        assert self._before is not None
        factor = brightness(self._before, means)
        exposure = self._held["exposure"]
        returned = max(factor, 1 / factor) < JUMP
        if exposure.verdict == "locked" and not returned and self._provoked < TRIES:
            self._turn("matching", now)
            return
        if exposure.verdict == "locked" and not returned:
            exposure.verdict = "moving"
            exposure.why = "it says so, but the picture isn't as bright as before"
        exposure.proved = exposure.verdict == "locked"
        self._turn("watching", now)

    # Watching all of it, while the show has begun

    def _watch(self, means: Means, now: float, seen: _Seen) -> None:
        if seen.first is None:
            seen.first = means
        seen.light.append(brightness(seen.first, means))
        seen.warmth.append(warmth_of(seen.first, means))
        if now - seen.since < WATCH:
            return
        self._watched += 1
        moving = []
        for name, factors in (("exposure", seen.light), ("white_balance", seen.warmth)):
            # Without the extremes: a hand before the lens for a moment isn't a breath.
            low, high = np.quantile(factors, [0.1, 0.9])
            if self._held[name].verdict == "locked" and high / low > BREATH:
                moving.append(name)
        if moving and self._watched < TRIES:
            self._turn("watching", now)
            return
        for name in moving:
            held = self._held[name]
            held.verdict = "moving"
            held.why = (
                "the picture follows it, and moves all the same: is the light steady?"
                if held.proved
                else "it says so, but the picture still moves"
            )
        for automatic in self._dialect.automatics:
            held = self._held[automatic.name]
            value = self._device.get(automatic.value)
            if held.verdict == "locked" and abs(value - held.value) > 1 + 0.02 * abs(held.value):
                held.verdict, held.why = "moving", f"set to {held.value:g}, it says {value:g} later"
        self._turn("done", now)

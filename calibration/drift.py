"""The drift meter: whether the paper's white or an ink has moved since they were calibrated.

The light is judged on the camera's own picture: the paper as the camera sees it now, at every place of the
sheet, against the white of the calibration. The inks are judged on the levelled picture, where the light
is already evened out: what is read as an ink, well inside its strokes, against every colour that this ink
can make on paper (`calibration.inks.family`), so that a stroke drawn twice or a streaky one is no drift.

Distances are those of OKLab × 100; two colours side by side at a distance of 2 can just be told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL, Inks, Rgb, colour_name, family, linear_light, oklab
from models.palette import CLASS_NAMES, ROAD, UNKNOWN

Float = NDArray[np.float32]

SAMPLES: Final = 64
"""Pixels along each side of the sheet that are looked at for its white: the mean of 4,000 of them is steady
to a tenth of a grey level."""

CORE_SAMPLES: Final = 256
"""Pixels along each side that are looked at for inks: a stroke of 5 mm is six of them wide."""

CORE: Final = 5
"""Pixels, of `CORE_SAMPLES`, across the square around a pixel that must all be of its class: so far inside,
neither a lens's blur nor a camera's chroma subsampling mixes in what lies beside the stroke."""

LEAST_CORE: Final = 25
"""Pixels well inside its strokes that an ink must show, for its median to be that of the ink and not of one
streak."""

MOST_CORE: Final = 400
"""Of them, as many are enough."""

LIGHT_STEP: Final = 8.0
"""From which difference in lightness the light is said to be darker or brighter: about a quarter of the
light. Less is levelled without a trace, and falls on any table when somebody walks by a window."""

TINT_STEP: Final = 2.5
"""From which difference in colour the light is said to be warmer or cooler. Light of another colour isn't
merely a tint that can be levelled: inks answer it each in its own way."""

INK_STEP: Final = 2.5
"""From which distance to the nearest colour that it can make an ink is said to have moved: two thirds of
what the reader tolerates at full ink, so that it is told before the ink is lost."""

PALE_STEP: Final = 7.0
"""From which distance from its calibrated colour an ink is said to be paler, darker or greyer also where it
could make that colour: twice what streaks and second layers make of a fresh marker."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the light and the inks have moved since calibration.

    paper: distance of the paper's white from that of the calibration; nan if that isn't known.
    inks: of each class, distance of its ink from its calibrated colour, on levelled paper; nan where too
        little of it is in sight, and for `ground`, whose white is brought to its level by definition.
    sentence: for the operator, what has moved most and how; "" if all is well. What to do about it depends
        on `what` it is about.
    """

    paper: float
    inks: tuple[float, ...]
    sentence: str
    what: Literal["", "light", "inks"]


def measure_drift(
    raw: NDArray[np.uint8],
    levelled: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    inks: Inks,
    white: Rgb | None,
) -> Drift:
    """How far the light and the inks have moved since calibration.

    raw: uint8 (S, S, 3) BGR, the rectified sheet as the camera saw it. levelled: uint8 (S, S, 3) BGR, the
    same levelled (`calibration.light.level`). labels: uint8 (N, N), classes, or `UNKNOWN` where nothing is
    to be learnt, as under a hand; settled labels, rather than those of this picture alone, also tell of an
    ink that isn't read as an ink any more. inks: those of the calibration. white: of the bare paper as the
    camera saw it then (`paper_white`); None if that isn't known.
    """
    paper, of_paper = math.nan, ""
    if white is not None:
        then = np.array(white, dtype=np.float32) / np.float32(255)
        paper, of_paper = _judge_paper(then, _white(raw, levelled) / np.float32(255))
    distances, of_ink = _judge_inks(levelled, labels, inks)
    if of_paper:  # inks may move because of it
        return Drift(paper, distances, of_paper, "light")
    return Drift(paper, distances, of_ink, "inks" if of_ink else "")


def paper_white(raw: NDArray[np.uint8], levelled: NDArray[np.uint8]) -> Rgb:
    """The mean colour of the bare paper as the camera sees it: what a calibration keeps, sRGB.

    raw, levelled: uint8 (S, S, 3) BGR, as for `measure_drift`. Nothing that is drawn changes it, since it
    is the light that was evened out: what the paper would be like also where ink covers it.
    """
    red, green, blue = (int(value) for value in np.rint(_white(raw, levelled)).clip(0, 255))
    return red, green, blue


def _white(raw: NDArray[np.uint8], levelled: NDArray[np.uint8]) -> Float:
    """The same, unrounded: float32 (3,), RGB 0..255."""
    step = max(1, raw.shape[0] // SAMPLES)
    seen = raw[step // 2 :: step, step // 2 :: step].reshape(-1, 3).astype(np.float32)
    even = levelled[step // 2 :: step, step // 2 :: step].reshape(-1, 3).astype(np.float32)
    # Under dark ink the ratio is that of two small whole numbers, and says little.
    useful = even.min(axis=1) > PAPER_LEVEL / 4
    if not useful.any():
        return np.zeros(3, dtype=np.float32)
    return np.asarray((seen[useful] * PAPER_LEVEL / even[useful]).mean(axis=0)[::-1], dtype=np.float32)


# The light


def _judge_paper(then: Float, now: Float) -> tuple[float, str]:
    """Distance between two whites, float32 (3,), sRGB 0..1, and the sentence of it, or ""."""
    lightness, red, yellow = (100 * (oklab(now) - oklab(then))).tolist()
    tint = math.hypot(red, yellow)
    changes = []
    if abs(lightness) >= LIGHT_STEP:
        share = float(linear_light(now).mean() / max(linear_light(then).mean(), 1e-4))
        changes.append(_darker(share) if share < 1 else _brighter(share))
    if tint >= TINT_STEP:
        if abs(yellow) >= abs(red):
            changes.append("warmer" if yellow > 0 else "cooler")
        else:
            changes.append("pinker" if red > 0 else "greener")
    if not changes:
        return math.hypot(lightness, tint), ""
    return math.hypot(lightness, tint), f"the light has become {' and '.join(changes)} since calibration"


_PARTS: Final = {
    0.25: "a quarter",
    0.33: "a third",
    0.5: "half",
    0.67: "two thirds",
    0.75: "three quarters",
}


def _part(share: float) -> str:
    """A share of 0..1 in words."""
    return _PARTS[min(_PARTS, key=lambda part: abs(part - share))]


def _darker(share: float) -> str:
    return "very much darker" if share < 0.15 else f"darker by {_part(1 - share)}"


def _brighter(share: float) -> str:
    return f"{share:.0f} times as bright" if share > 1.8 else f"brighter by {_part(share - 1)}"


# The inks


def _judge_inks(
    levelled: NDArray[np.uint8], labels: NDArray[np.uint8], inks: Inks
) -> tuple[tuple[float, ...], str]:
    """The distance of each class from its calibrated colour, and the sentence of the worst, or ""."""
    step, label_step = (max(1, side.shape[0] // CORE_SAMPLES) for side in (levelled, labels))
    colours = levelled[::step, ::step]
    classes = labels[::label_step, ::label_step]
    if classes.shape != colours.shape[:2]:
        size = (colours.shape[1], colours.shape[0])
        classes = np.asarray(cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    square = np.ones((CORE, CORE), dtype=np.uint8)
    inner = cv2.erode(classes, square) == cv2.dilate(classes, square)
    cores = np.where(inner, classes, np.uint8(UNKNOWN))
    anchors = inks.levelled()
    distances, sentence, worst = [math.nan], "", 1.0
    for index in range(ROAD, len(CLASS_NAMES)):
        rows, columns = np.divmod(np.flatnonzero(cores == index), cores.shape[1])
        if len(rows) < LEAST_CORE:
            distances.append(math.nan)
            continue
        some = slice(None, None, -(-len(rows) // MOST_CORE))
        few = colours[rows[some], columns[some]]
        seen = oklab((np.median(few, axis=0)[::-1] / 255).astype(np.float32))
        made = _made(inks.rgb.tobytes(), index)
        nearest = made[np.argmin(np.linalg.norm(made - seen, axis=1))]
        anchor = oklab(anchors[index])
        off, along = 100 * float(np.linalg.norm(seen - nearest)), 100 * float(np.linalg.norm(seen - anchor))
        distances.append(along)
        badness = max(off / INK_STEP, along / PALE_STEP)
        if badness >= worst:
            worst = badness
            reads = _difference(seen, nearest if off >= INK_STEP else anchor)
            sentence = (
                f"the {colour_name(anchor)} marker ({CLASS_NAMES[index]}) reads {reads} than calibrated"
            )
    return tuple(distances), sentence


@lru_cache(maxsize=16)
def _made(rgb: bytes, index: int) -> Float:
    """Every colour that an ink can make, float32 (n, 3) OKLab: of the inks `rgb`, that of a class."""
    colours = Inks(np.frombuffer(rgb, dtype=np.uint8).reshape(-1, 3)).levelled()
    return oklab(family(colours[0], colours[index])[0])


def _difference(seen: Float, expected: Float) -> str:
    """What is most different about a colour, float32 (3,) OKLab: its lightness, its chroma or its hue."""
    lightness = float(seen[0] - expected[0])
    vividness = float(np.hypot(*seen[1:]) - np.hypot(*expected[1:]))
    # What is left of the distance in the plane of hues, once the chroma is equal.
    across = float(np.linalg.norm(seen[1:] - expected[1:]))
    hue = math.sqrt(max(across**2 - vividness**2, 0.0))
    if max(abs(vividness), hue) < abs(lightness):
        return "paler" if lightness > 0 else "darker"
    if abs(vividness) >= hue:
        return "more vivid" if vividness > 0 else "greyer"
    red, yellow = (float(value) for value in seen[1:] - expected[1:])
    if abs(yellow) >= abs(red):
        return "yellower" if yellow > 0 else "bluer"
    return "redder" if red > 0 else "greener"

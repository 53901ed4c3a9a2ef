"""Calibrating the inks: from the printed swatches, from areas that somebody points at, or from a drawing.

A person who is asked which green a scribble is names the green of the pen: not the mean with the paper that
shows between the strokes, nor the darker spots where they cross. So it is done here: of the pixels that are
no paper, those that are well covered count, and of these the median.

Inks are measured against the bare paper next to them, so that the light's slope and tint cancel out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import PAPER_LEVEL, Inks, colour_name, family, oklab
from calibration.layout import A4, SheetLayout
from calibration.learning import seen_colours
from calibration.light import SHADOW_DEPTH, SHADOW_TINT
from calibration.sheet import SheetPosition
from models.faults import InputFault
from models.palette import CLASS_NAMES, GROUND, ROAD

MARKERS: Final = ("white", "black", "green", "red", "blue")
"""What the marker of each class is called when nobody said otherwise."""

PATCH = 72
"""Pixels along a swatch box as it is looked at."""

RING = (0.07, 0.16)
"""Where, in sides of a swatch box outside of it, bare paper is looked for: beyond the printed line."""

INSET = 0.10
"""Share of the box's side that is left out along its edge, with the printed line."""

COVERED = 0.05
"""Distance in OKLab from the paper from which on a pixel holds ink."""

LEAST_COVERED = 0.04
"""Share of a swatch that ink must cover, at least."""

FULL, WELL_COVERED = 0.8, 0.9
"""Of the pixels with ink, ordered by how far they are from the paper, the one at this share is fully
covered (beyond it there are second layers), and so are those at this share of its distance."""

PALE = 0.08
"""Distance in OKLab from the paper below which an ink is too pale to be read."""

ALIKE, MOSTLY = 0.08, 0.7
"""Distance in OKLab from an ink's family within which most of a swatch's pixels must lie; this share."""

EVEN = 0.10
"""By how much, of its value, the paper around a swatch may vary."""

RING_TINT = 0.05
"""By how much the paper around one swatch may be tinted against that around the others, in OKLab."""

DARK = 30
"""Of 255, how bright paper must be for its colours to be measured."""

RING_DARK = 0.4
"""Share of the usual paper's brightness below which what is around a swatch is no paper."""

LIKELY_SHARE, LIKELY_FAR = 0.75, 0.8
"""What of its family an ink is bound to show: cover, and doublings of its layers or light."""

CLOSE, CLOSE_TO_PAPER = 0.075, 0.09
"""Distance in OKLab between what two inks show, and between an ink and the paper, that is too little for a
reader that allows each of them half of it."""

SHADOW_MARGIN = 0.07
"""By how much, as a logarithm, an ink must be darker than the deepest shadow."""

Floats = NDArray[np.float32]
Box = Sequence[float]
"""Left, top, right and bottom in sheet coordinates."""


def inks_from_swatches(bgr: NDArray[np.uint8], position: SheetPosition, layout: SheetLayout = A4) -> Inks:
    """The inks scribbled (or laid, as a piece of card) into the printed swatch boxes.

    bgr: uint8 (H, W, 3), a camera's picture as it is. Each ink is measured against the paper around its own
    box. Raises InputFault with the class of a swatch that is out of sight, hidden, too dark, blown out,
    empty, too pale or of several colours, or of two that are alike.
    """
    looks = [_look(bgr, position, box, label) for label, box in enumerate(layout.swatch_corners_sheet())]
    papers = np.stack([paper for _, paper in looks])
    usual = np.median(papers, axis=0)
    # In the light of one lamp paper has one tint, and about one brightness; a hand or a sleeve around a box
    # has neither.
    tints = oklab((papers / usual * (PAPER_LEVEL / 255)).clip(0, 1).astype(np.float32))[:, 1:]
    for label, tint in enumerate(tints):
        if np.abs(tint).max() > RING_TINT or papers[label].max() < RING_DARK * usual.max():
            raise InputFault(f"{_swatch(label)} is hidden: take away what lies over it")
        if papers[label].max() < DARK:
            raise InputFault(
                f"{_swatch(label)} is too dark to be measured: more light, or a longer exposure"
            )
    shown = np.full((len(CLASS_NAMES), 3), PAPER_LEVEL, dtype=np.float32)
    for label, (inside, paper) in enumerate(looks):
        levelled = (inside / paper * PAPER_LEVEL).clip(0, 255)
        if label == GROUND:
            if _covered(levelled).mean() > 0.5:
                raise InputFault(f"{_swatch(label)} must stay as white as the paper: leave that box empty")
            continue
        shown[label] = _ink_of(
            levelled, _swatch(label), f"scribble it with the {MARKERS[label]} marker", "empty or covered"
        )
    return _told_apart(_inks(shown, usual), "the swatches of")


def inks_from_areas(levelled: NDArray[np.uint8], areas: Mapping[int, Box], prior: Inks) -> Inks:
    """The inks in areas that somebody pointed at.

    levelled: uint8 (S, S, 3), the rectified sheet with its light levelled, BGR. areas: by class, rectangles
    in sheet coordinates; that of `GROUND` shows bare paper. Classes without one keep the colour that they
    have in `prior`. Raises InputFault with the class of an area that is outside the sheet, shows bare paper
    or several colours, and if two of them are alike.
    """
    shown = prior.levelled() * 255
    paper = np.full(3, PAPER_LEVEL, dtype=np.float32)
    if GROUND in areas:
        paper = np.maximum(np.median(_within(levelled, areas[GROUND], GROUND), axis=0), 1)
    for label, box in areas.items():
        if label != GROUND:
            seen = (_within(levelled, box, label) / paper * PAPER_LEVEL).clip(0, 255)
            shown[label] = _ink_of(
                seen, f"the area of '{CLASS_NAMES[label]}'", "point at an area of that ink"
            )
    inks = _inks(shown, prior.rgb[GROUND])
    alike = inks.too_close()
    # A class that isn't pointed at may have the colour that another has now, until its turn comes.
    return inks if alike is None or not set(alike) <= set(areas) else _told_apart(inks, "the areas of")


def learn_inks(levelled: NDArray[np.uint8], prior: Inks) -> Inks:
    """The inks of a first drawing, each taken for what a person would take it for.

    levelled: uint8 (S, S, 3), the rectified sheet with its light levelled, BGR. As from a photograph
    (`calibration.learning`), but for one colour of each class, of several the one that covers most; and a
    hand may lie on the sheet. Classes that aren't seen keep the prior's colour.
    """
    known = prior.levelled() * 255
    shown, area = known.copy(), np.zeros(len(CLASS_NAMES), dtype=np.intp)
    for colour in seen_colours(levelled, prior, hands=True):
        if colour.area > area[colour.label]:
            shown[colour.label], area[colour.label] = colour.rgb, colour.area
    # Two that came out alike were one: the smaller was no ink of its own.
    while True:
        inks = _inks(shown, prior.rgb[GROUND])
        alike = inks.too_close()
        if alike is None or not area[list(alike)].any():
            return inks if alike is None else prior
        loser = min((label for label in alike if area[label]), key=lambda label: int(area[label]))
        shown[loser], area[loser] = known[loser], 0


def separability(inks: Inks) -> tuple[str, ...]:
    """Which inks the reader may take for each other, and what to choose instead; () if all is well."""
    apart, seen = family_distances(inks), oklab(inks.levelled())
    names = [colour_name(lab) for lab in _as_named(inks)]
    told = []
    for one in range(ROAD, len(CLASS_NAMES)):
        if apart[GROUND, one] < CLOSE_TO_PAPER:
            told.append(f"{names[one]} '{CLASS_NAMES[one]}' is close to the paper: choose a stronger one")
        elif _is_shadowy(inks, one):
            told.append(f"{names[one]} '{CLASS_NAMES[one]}' looks like a shadow: choose a darker one")
        for other in range(one + 1, len(CLASS_NAMES)):
            if apart[one, other] < CLOSE:
                told.append(_advice(one, other, names, seen))
    return tuple(told)


def family_distances(inks: Inks) -> Floats:
    """How far apart the inks are as the reader meets them: float32 (5, 5), symmetric, OKLab.

    Not from calibrated colour to calibrated colour but from any to any that a pen of each makes: where it
    runs dry, in two layers, in a little more or less light.
    """
    colours = inks.levelled()
    paper = oklab(colours[GROUND])
    likely = [paper[None]]
    for ink in colours[ROAD:]:
        made, far = family(colours[GROUND], ink)
        members = oklab(made)
        way = np.linalg.norm(members - paper, axis=1) / np.linalg.norm(oklab(ink) - paper)
        likely.append(members[(way > LIKELY_SHARE) & (far < LIKELY_FAR)])
    apart = np.zeros((len(colours), len(colours)), dtype=np.float32)
    for one, mine in enumerate(likely):
        for other in range(one):
            between = np.linalg.norm(mine[:, None] - likely[other][None], axis=2).min()
            apart[one, other] = apart[other, one] = between
    return apart


def _is_shadowy(inks: Inks, label: int) -> bool:
    """Whether an ink is a grey that may be evened out as a shadow on the paper is."""
    values = inks.levelled() * (255 / PAPER_LEVEL)
    logs = np.log(np.maximum(values[label], 1e-3))
    return bool(np.ptp(logs) < SHADOW_TINT and -SHADOW_DEPTH - SHADOW_MARGIN < logs.min() < 0)


def _as_named(inks: Inks) -> Floats:
    """The colours as a person sees them, OKLab (5, 3): in white light, on paper that may have a colour."""
    bright = (inks.rgb.astype(np.float32) / max(int(inks.rgb[GROUND].max()), 1)).clip(0, 1)
    true = oklab(bright.astype(np.float32))
    # A slight tint of the paper is that of the lamp.
    return true if np.hypot(*true[GROUND, 1:]) > RING_TINT else oklab(inks.levelled())


def _advice(one: int, other: int, names: list[str], seen: Floats) -> str:
    """What to do about two inks that are close."""
    # The one that has more colour is the one of which there are lighter and darker kinds to choose from.
    chroma = np.linalg.norm(seen[:, 1:], axis=1)
    change, keep = (one, other) if chroma[one] > chroma[other] else (other, one)
    how = "lighter" if seen[change, 0] >= seen[keep, 0] else "darker"
    if names[one] == names[other]:
        change, keep = (one, other) if names[one] == MARKERS[other] else (other, one)
        classes = f"'{CLASS_NAMES[keep]}' and '{CLASS_NAMES[change]}'"
        return (
            f"{classes} are both {names[one]} and close: choose another colour for '{CLASS_NAMES[change]}'"
        )
    return f"{names[change]} and {names[keep]} are close: choose a {how} {names[change]}"


def _swatch(label: int) -> str:
    return f"the swatch of '{CLASS_NAMES[label]}'"


def _look(
    bgr: NDArray[np.uint8], position: SheetPosition, box: Floats, label: int
) -> tuple[Floats, Floats]:
    """The inside of a swatch box, float32 (n, n, 3), and the colour of the paper around it, (3,): RGB.

    box: float32 (4, 2), its corners in sheet coordinates.
    """
    margin = round(PATCH * RING[1])
    (left, top), side = box[0], float(box[1, 0] - box[0, 0])
    size, scale = PATCH + 2 * margin, side / PATCH
    shift = (0.5 - margin) * scale
    to_sheet = np.array([[scale, 0, left + shift], [0, scale, top + shift], [0, 0, 1]])
    matrix = position.homography @ to_sheet
    # Area sampling, as far as a linear look-up can have it.
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpPerspective(
        np.full(bgr.shape[:2], 255, dtype=np.uint8), matrix, (size, size), flags=flags, borderValue=0
    )
    if there.min() < 255:
        raise InputFault(f"{_swatch(label)} is not in the camera's picture: move the sheet or the camera")
    patch = cv2.warpPerspective(bgr, matrix, (size, size), flags=flags)
    rgb = np.asarray(patch, dtype=np.float32)[..., ::-1]
    line = margin - round(PATCH * RING[0])
    around = np.ones((size, size), dtype=np.bool_)
    around[line:-line, line:-line] = False
    ring = rgb[around]
    paper = np.asarray(np.median(ring, axis=0), dtype=np.float32)
    if paper.min() > 252:
        raise InputFault(f"the paper at {_swatch(label)} is blown out: less light, or a shorter exposure")
    even = (np.abs(ring / np.maximum(paper, 1) - 1) < EVEN).all(axis=1)
    if even.mean() < 0.5 and paper.max() >= DARK:
        raise InputFault(f"{_swatch(label)} is hidden: take away what lies over it")
    inset = margin + round(PATCH * INSET)
    return rgb[inset:-inset, inset:-inset], np.maximum(paper, 1)


def _lab(rgb: Floats) -> Floats:
    """OKLab of values 0..255."""
    return oklab((rgb / 255).astype(np.float32))


def _covered(levelled: Floats) -> NDArray[np.bool_]:
    """Which pixels hold ink. levelled: float32 (..., 3), RGB 0..255."""
    paper = _lab(np.full(3, PAPER_LEVEL, dtype=np.float32))
    return np.asarray(np.linalg.norm(_lab(levelled) - paper, axis=-1) > COVERED)


def _ink_of(levelled: Floats, where: str, remedy: str, bare: str = "empty") -> Floats:
    """The colour of the ink that covers a place, be it streakily or in part: float32 (3,), RGB 0..255.

    levelled: float32 (..., 3), RGB 0..255 on paper at `PAPER_LEVEL`. Raises InputFault that says where and
    what to do; of a place that shows nothing but paper, that it is `bare`.
    """
    colours = levelled.reshape(-1, 3).astype(np.float32)
    paper = np.full(3, PAPER_LEVEL, dtype=np.float32)
    seen = _lab(colours)
    away = np.linalg.norm(seen - _lab(paper), axis=1)
    covered = away > COVERED
    if covered.mean() < LEAST_COVERED:
        raise InputFault(f"{where} is {bare}: {remedy}")
    fullest = np.quantile(away[covered], FULL)
    ink = np.asarray(np.median(colours[away > WELL_COVERED * fullest], axis=0), dtype=np.float32)
    if np.linalg.norm(_lab(ink) - _lab(paper)) < PALE:
        raise InputFault(f"{where} is too pale to be told from the paper: use a stronger colour")
    members = oklab(family(paper / np.float32(255), ink / np.float32(255))[0])
    sample = seen[covered][:: max(1, int(covered.sum()) // 500)]
    off = np.linalg.norm(sample[:, None] - members[None], axis=2).min(axis=1)
    if (off < ALIKE).mean() < MOSTLY:
        raise InputFault(f"{where} shows more than one colour: take away what lies over it, and {remedy}")
    return ink


def _within(levelled: NDArray[np.uint8], box: Box, label: int) -> Floats:
    """The pixels of a rectangle in sheet coordinates, float32 (n, 3), RGB; at least 3 × 3 of them."""
    height, width = levelled.shape[:2]
    left, top, right, bottom = (
        float(np.clip(value, 0, 1)) * size
        for value, size in zip(box, (width, height, width, height), strict=True)
    )
    if not (left < right and top < bottom):
        raise InputFault(
            f"the area of '{CLASS_NAMES[label]}' must lie on the sheet: left, top, right and bottom from 0 "
            f"to 1, not {[round(float(value), 3) for value in box]}"
        )
    spans = []
    for low, high, size in ((left, right, width), (top, bottom, height)):
        first = min(max(int(low), 0), size - 3)
        spans.append(slice(first, max(int(np.ceil(high)), first + 3)))
    return levelled[spans[1], spans[0], ::-1].reshape(-1, 3).astype(np.float32)


def _inks(shown: Floats, paper: Floats | NDArray[np.uint8]) -> Inks:
    """Inks as a levelled picture shows them, float32 (5, 3), RGB 0..255, on paper of that colour."""
    rgb = shown / PAPER_LEVEL * paper.astype(np.float32)
    rgb[GROUND] = paper
    # What is brighter than the paper may be so by more than a byte holds; only ratios count.
    rgb *= min(1.0, 255 / float(rgb.max()))
    return Inks(np.rint(rgb).astype(np.uint8))


def _told_apart(inks: Inks, what: str) -> Inks:
    alike = inks.too_close()
    if alike is not None:
        one, other = (f"'{CLASS_NAMES[label]}'" for label in alike)
        raise InputFault(f"{what} {one} and {other} are too much alike: choose another colour for {other}")
    return inks

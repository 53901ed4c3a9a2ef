"""Calibrating the inks from what a person scribbles, points at or draws."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.inking import (
    family_distances,
    inks_from_areas,
    inks_from_swatches,
    learn_inks,
    separability,
)
from calibration.inks import PAPER_LEVEL, SKINS, Inks, oklab
from calibration.layout import A4
from calibration.light import estimate_paper, level
from calibration.sheet import SheetPosition
from models.faults import InputFault
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, WATER

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

DEFAULT = ("#f4f2ec", "#28282c", "#22904a", "#cc2a30", "#2258b4")
FELT = ("#f7f6f2", "#1c1c20", "#2fae4e", "#ee2f3c", "#1f7fd6")
DARK = ("#f4f2ec", "#202022", "#1d6b3c", "#a81f2a", "#1f3f8c")
CRAYON = ("#f3f0e8", "#4a4a4e", "#6cb36a", "#e0655f", "#6a93cf")
GOUACHE = ("#f2efe6", "#33302e", "#7f9a3a", "#e07a2e", "#2f8fa8")
KRAFT = ("#b48c5f", "#2c2a28", "#f0d040", "#d84030", "#3060b0")

PX_PER_MM = 4
SKIN = (200, 140, 115)


def inks(colours: tuple[str, ...]) -> Inks:
    return Inks.from_hex(dict(zip(CLASS_NAMES, colours, strict=True)))


def off(one: Inks, other: Inks) -> Floats:
    """How far the inks are apart, class by class, in OKLab on levelled paper."""
    return np.asarray(np.linalg.norm(oklab(one.levelled()) - oklab(other.levelled()), axis=1))


# ── Swatches ─────────────────────────────────────────────────────────────────────────────────────────


def scribbled(colours: Inks, how: str, seed: int = 0) -> Bytes:
    """The printed sheet from above with its swatches, RGB, 4 px per mm. how: 'full', 'streaky', 'half',
    'layers', or 'card' for a piece laid on the box."""
    rng = np.random.default_rng(seed)
    paper = colours.rgb[GROUND].astype(np.float32)
    shape = (round(A4.paper_height) * PX_PER_MM, round(A4.paper_width) * PX_PER_MM)
    sheet = np.full((*shape, 3), paper, dtype=np.float32)
    for label, corners in enumerate(A4.swatch_corners_mm()):
        (left, top), (right, bottom) = (np.rint(corners[i] * PX_PER_MM).astype(int) for i in (0, 2))
        cover = np.zeros(shape, dtype=np.float32)
        if label != GROUND:
            if how == "card":
                cv2.rectangle(cover, (left + 12, top + 18), (right - 24, bottom - 14), 1.0, cv2.FILLED)
            else:
                end = (top + bottom) // 2 if how == "half" else bottom - 4
                step = 12 if how in ("streaky", "layers") else 6
                for y in range(top + 4, end, step):
                    slant = int(rng.integers(-3, 4))
                    cv2.line(cover, (left + 4, y), (right - 4, y + slant), float(rng.uniform(0.85, 1)), 7)
        ink = colours.rgb[label].astype(np.float32)
        sheet += (ink - sheet) * cover[..., None]
        if how == "layers" and label != GROUND:
            second = np.zeros(shape, dtype=np.float32)
            cv2.line(second, (left + 20, top + 4), (left + 20, bottom - 4), 1.0, 14)
            sheet *= 1 + (ink / paper - 1) * (second * cover)[..., None]
        cv2.rectangle(sheet, (left, top), (right, bottom), (60, 60, 60), 2)
    return np.rint(sheet).clip(0, 255).astype(np.uint8)


def photographed(
    sheet: Bytes, slope: float = 0.3, tint: tuple[float, float, float] = (1, 0.95, 0.85), noise: float = 2.5
) -> tuple[Bytes, SheetPosition]:
    """A camera's picture of it, BGR 1280 × 720, aslant, in a lamp's light, and where the sheet lies."""
    width, height = A4.paper_width, A4.paper_height
    paper = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    seen = np.array([(190, 60), (1080, 40), (1150, 690), (130, 670)], dtype=np.float32)
    from_mm = cv2.getPerspectiveTransform(paper, seen)
    scale = np.diag([1 / PX_PER_MM, 1 / PX_PER_MM, 1])
    picture = cv2.warpPerspective(
        cv2.GaussianBlur(sheet, (0, 0), 2), from_mm @ scale, (1280, 720), borderValue=(90, 70, 50)
    ).astype(np.float32)
    light = 1 - slope * np.linspace(0, 1, 1280, dtype=np.float32)[None, :, None]
    picture = picture * light * np.array(tint, dtype=np.float32)
    picture += np.random.default_rng(1).normal(0, noise, picture.shape)
    side, left, top = A4.drawing_side, A4.drawing_left, A4.drawing_top
    homography = from_mm @ np.array([[side, 0, left], [0, side, top], [0, 0, 1.0]])
    return np.rint(picture).clip(0, 255).astype(np.uint8)[..., ::-1].copy(), SheetPosition(homography)


def covered_with(sheet: Bytes, label: int, colour: tuple[int, int, int], beyond_mm: float) -> Bytes:
    """The sheet with something laid over a swatch, and so much around it."""
    sheet = sheet.copy()
    corners = A4.swatch_corners_mm()[label]
    left, top = np.rint((corners[0] - beyond_mm) * PX_PER_MM).astype(int)
    right, bottom = np.rint((corners[2] + beyond_mm) * PX_PER_MM).astype(int)
    sheet[top:bottom, left:right] = colour
    return sheet


@pytest.mark.parametrize("how", ["full", "streaky", "half", "layers", "card"])
@pytest.mark.parametrize("colours", [DEFAULT, FELT, DARK, CRAYON, GOUACHE, KRAFT])
def test_swatches_give_the_ink_however_they_are_filled(how: str, colours: tuple[str, ...]) -> None:
    given = inks(colours)
    read = inks_from_swatches(*photographed(scribbled(given, how)))
    # A dry pen leaves some 8 % of paper within its strokes, and a camera blurs more of it in from the gaps.
    assert off(read, given).max() < (0.07 if how in ("streaky", "layers") else 0.05)


@pytest.mark.parametrize("slope", [0.0, 0.7])
@pytest.mark.parametrize("tint", [(1, 0.8, 0.55), (0.8, 0.9, 1)])
def test_the_light_cancels_out(slope: float, tint: tuple[float, float, float]) -> None:
    given = inks(DEFAULT)
    read = inks_from_swatches(*photographed(scribbled(given, "full"), slope, tint))
    assert off(read, given).max() < 0.045
    # The paper is kept as this camera saw it.
    assert read.rgb[GROUND, 2] / read.rgb[GROUND, 0] == pytest.approx(tint[2] / tint[0], abs=0.06)


@pytest.mark.parametrize("label", [ROAD, GREEN, BUILDING, WATER])
def test_an_empty_swatch_is_named_with_its_marker(label: int) -> None:
    sheet = scribbled(inks(DEFAULT), "full")
    empty = covered_with(sheet, label, (244, 242, 236), 0)
    marker = ("black", "green", "red", "blue")[label - 1]
    sentence = (
        f"the swatch of '{CLASS_NAMES[label]}' is empty or covered: scribble it with the {marker} marker"
    )
    with pytest.raises(InputFault, match=sentence):
        inks_from_swatches(*photographed(empty))


def test_a_pale_swatch_is_refused() -> None:
    sheet = covered_with(scribbled(inks(DEFAULT), "full"), WATER, (222, 226, 238), -2)
    with pytest.raises(InputFault, match="'water' is too pale"):
        inks_from_swatches(*photographed(sheet))


def test_the_white_box_must_stay_white() -> None:
    sheet = covered_with(scribbled(inks(DEFAULT), "full"), GROUND, (40, 40, 40), -2)
    with pytest.raises(InputFault, match="'ground' must stay as white"):
        inks_from_swatches(*photographed(sheet))


@pytest.mark.parametrize("label", [GROUND, GREEN])
@pytest.mark.parametrize(
    "colour", [SKIN, (24, 24, 26), (52, 50, 48)], ids=["hand", "sleeve", "grey sleeve"]
)
def test_what_lies_over_a_whole_swatch_is_told(label: int, colour: tuple[int, int, int]) -> None:
    sheet = covered_with(scribbled(inks(DEFAULT), "full"), label, colour, 8)
    with pytest.raises(InputFault, match=f"'{CLASS_NAMES[label]}' is hidden"):
        inks_from_swatches(*photographed(sheet))


def test_a_swatch_of_two_colours_is_refused() -> None:
    sheet = scribbled(inks(DEFAULT), "full")
    left, top = np.rint(A4.swatch_corners_mm()[GREEN, 0] * PX_PER_MM).astype(int)
    sheet[top : top + 104, left : left + 48] = (204, 42, 48)
    with pytest.raises(InputFault, match="'green' shows more than one colour"):
        inks_from_swatches(*photographed(sheet))


def test_two_swatches_of_one_marker_are_refused() -> None:
    same = inks(DEFAULT).rgb.copy()
    same[WATER] = same[GREEN]
    with pytest.raises(InputFault, match=r"'green' and 'water' are too much alike"):
        inks_from_swatches(*photographed(scribbled(Inks(same), "full")))


def test_a_swatch_beyond_the_picture_a_black_and_a_blown_out_one_are_refused() -> None:
    picture, position = photographed(scribbled(inks(DEFAULT), "full"))
    away = SheetPosition(np.array([[1, 0, 400], [0, 1, 0], [0, 0, 1.0]]) @ position.homography)
    with pytest.raises(InputFault, match="'building' is not in the camera's picture"):
        inks_from_swatches(picture, away)
    with pytest.raises(InputFault, match="'ground' is too dark"):
        inks_from_swatches(np.zeros_like(picture), position)
    with pytest.raises(InputFault, match="'ground' is blown out"):
        inks_from_swatches(np.full_like(picture, 255), position)


# ── Areas ────────────────────────────────────────────────────────────────────────────────────────────


def drawn(colours: Inks, noise: float = 2.5, side: int = 512) -> Bytes:
    """A levelled drawing, BGR: streets, a hatched park, houses and a lake."""
    shades = colours.levelled() * 255
    at = 4
    sheet = np.full((side * at, side * at, 3), shades[GROUND], dtype=np.float32)
    size = side * at

    def ink(label: int) -> tuple[float, ...]:
        return tuple(float(value) for value in shades[label])

    for y in range(int(0.55 * size), int(0.9 * size), 14 * at):
        cv2.line(sheet, (int(0.1 * size), y), (int(0.4 * size), y), ink(GREEN), 12 * at)
    cv2.circle(sheet, (int(0.7 * size), int(0.7 * size)), int(0.15 * size), ink(WATER), cv2.FILLED)
    for x in (0.1, 0.25, 0.7):
        low, high = (int(x * size), int(0.1 * size)), (int((x + 0.1) * size), int(0.3 * size))
        cv2.rectangle(sheet, low, high, ink(BUILDING), cv2.FILLED)
    cv2.line(sheet, (0, int(0.45 * size)), (size, int(0.4 * size)), ink(ROAD), 8 * at)
    small = cv2.resize(
        cv2.GaussianBlur(sheet, (0, 0), 0.8 * at), (side, side), interpolation=cv2.INTER_AREA
    )
    noisy = small + np.random.default_rng(3).normal(0, noise, small.shape)
    return np.asarray(np.rint(noisy).clip(0, 255).astype(np.uint8)[..., ::-1].copy())


AREAS = {
    ROAD: (0.45, 0.39, 0.55, 0.46),
    GREEN: (0.15, 0.6, 0.35, 0.8),
    BUILDING: (0.11, 0.12, 0.19, 0.28),
    WATER: (0.65, 0.65, 0.75, 0.75),
}


@pytest.mark.parametrize("colours", [DEFAULT, FELT, DARK, CRAYON, GOUACHE])
def test_areas_give_their_inks_although_paper_shows_in_them(colours: tuple[str, ...]) -> None:
    given = inks(colours)
    prior = inks(FELT if colours == DEFAULT else DEFAULT)
    read = inks_from_areas(drawn(given), {**AREAS, GROUND: (0.42, 0.05, 0.6, 0.3)}, prior)
    assert off(read, given)[1:].max() < 0.03
    np.testing.assert_array_equal(read.rgb[GROUND], prior.rgb[GROUND])


def test_classes_without_an_area_keep_their_ink() -> None:
    prior = inks(FELT)
    read = inks_from_areas(drawn(inks(DEFAULT)), {WATER: AREAS[WATER]}, prior)
    apart = off(read, prior)
    assert apart[[GROUND, ROAD, GREEN, BUILDING]].max() < 0.01
    assert off(read, inks(DEFAULT))[WATER] < 0.03


def test_the_area_of_the_ground_is_the_paper_of_all_others() -> None:
    given = inks(DEFAULT)
    tinted = np.rint(drawn(given) * np.array([0.85, 0.92, 1.0])).astype(np.uint8)
    read = inks_from_areas(tinted, {**AREAS, GROUND: (0.42, 0.05, 0.6, 0.3)}, inks(FELT))
    assert off(read, given)[1:].max() < 0.04


@pytest.mark.parametrize(
    ("area", "sentence"),
    [
        ((0.42, 0.05, 0.6, 0.3), "the area of 'water' is empty: point at an area of that ink"),
        ((0.3, 0.3, 0.2, 0.4), "the area of 'water' must lie on the sheet"),
        ((1.2, 0.3, 1.4, 0.4), "the area of 'water' must lie on the sheet"),
        ((0.1, 0.1, 0.4, 0.75), "the area of 'water' shows more than one colour"),
    ],
)
def test_an_area_that_shows_no_ink_is_refused(area: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(InputFault, match=sentence):
        inks_from_areas(drawn(inks(DEFAULT)), {WATER: area}, inks(DEFAULT))


@given(
    corner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    size=st.tuples(st.floats(1e-4, 1), st.floats(1e-4, 1)),
    label=st.sampled_from(range(5)),
)
@settings(max_examples=60)
def test_any_area_gives_inks_or_a_fault(
    corner: tuple[float, float], size: tuple[float, float], label: int
) -> None:
    box = (*corner, corner[0] + size[0], corner[1] + size[1])
    fault, read = "", inks(DEFAULT)
    try:
        read = inks_from_areas(PICTURE, {label: box}, inks(DEFAULT))
    except InputFault as told:
        fault = str(told)
    assert not fault or f"'{CLASS_NAMES[label]}'" in fault
    alike = read.too_close()
    assert alike is None or label in alike  # as a class may be that isn't pointed at yet


PICTURE = drawn(inks(DEFAULT))


# ── A first drawing ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("colours", [DEFAULT, FELT, DARK, CRAYON, GOUACHE])
@pytest.mark.parametrize("prior", [DEFAULT, FELT])
def test_inks_are_learnt_from_a_drawing(colours: tuple[str, ...], prior: tuple[str, ...]) -> None:
    given = inks(colours)
    assert off(learn_inks(drawn(given), inks(prior)), given)[1:].max() < 0.03


def test_what_is_not_in_the_drawing_keeps_its_ink() -> None:
    bare = np.full((512, 512, 3), PAPER_LEVEL, dtype=np.uint8)
    np.testing.assert_array_equal(learn_inks(bare, inks(CRAYON)).rgb, inks(CRAYON).rgb)
    bare[100:200, 100:200] = np.rint(inks(FELT).levelled()[WATER, ::-1] * 255)
    read = learn_inks(bare, inks(DEFAULT))
    assert off(read, inks(FELT))[WATER] < 0.01
    assert off(read, inks(DEFAULT))[[ROAD, GREEN, BUILDING]].max() < 0.01


@pytest.mark.parametrize(
    "colour",
    [(226, 176, 152), (200, 140, 115), (170, 115, 90), (120, 75, 55), (178, 178, 180), (196, 192, 186)],
    ids=["light skin", "tan skin", "brown skin", "dark skin", "pencil", "shadow"],
)
def test_skin_pencil_and_shadow_are_no_inks(colour: tuple[int, int, int]) -> None:
    sheet = np.full((512, 512, 3), PAPER_LEVEL, dtype=np.uint8)
    sheet[150:400, 100:300] = colour[::-1]
    np.testing.assert_array_equal(learn_inks(sheet, inks(DEFAULT)).rgb, inks(DEFAULT).rgb)


@pytest.mark.parametrize("skin", SKINS[:4])
@pytest.mark.parametrize("colours", [DEFAULT, FELT, DARK, CRAYON, GOUACHE])
def test_a_hand_on_the_drawing_does_not_change_its_inks(
    colours: tuple[str, ...], skin: tuple[int, int, int]
) -> None:
    """A hand over a quarter of it, whose far side is in the shade."""
    given, sheet = inks(colours), drawn(inks(colours))
    hand = cv2.line(np.zeros(sheet.shape[:2], dtype=np.uint8), (511, 511), (300, 300), 1, 110) > 0
    shaded = np.linspace(1, 0.6, len(sheet))[:, None, None] * np.array(skin[::-1]) * np.ones(sheet.shape)
    sheet[hand] = shaded.astype(np.uint8)[hand]
    assert off(learn_inks(sheet, inks(DEFAULT)), given)[1:].max() < 0.03


def test_of_two_greens_the_larger_one_counts() -> None:
    sheet = np.full((512, 512, 3), PAPER_LEVEL, dtype=np.uint8)
    small, large = (120, 190, 90), (30, 110, 60)
    sheet[50:100, 50:100], sheet[200:400, 200:400] = small[::-1], large[::-1]
    learnt = learn_inks(sheet, inks(DEFAULT)).levelled()[GREEN] * 255
    np.testing.assert_allclose(learnt, large, atol=3)


def test_an_unusual_ink_of_the_prior_is_what_the_prior_says() -> None:
    yellow_parks = inks(("#f4f2ec", "#28282c", "#f2d13a", "#cc2a30", "#2258b4"))
    learnt = learn_inks(drawn(yellow_parks), yellow_parks)
    assert off(learnt, yellow_parks).max() < 0.03


# ── Separability ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("colours", [DEFAULT, FELT, CRAYON, GOUACHE])
def test_nothing_is_said_of_inks_that_differ(colours: tuple[str, ...]) -> None:
    assert separability(inks(colours)) == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({WATER: "#1f3f8c", ROAD: "#202022"}, "blue and black are close: choose a lighter blue"),
        ({ROAD: "#787878"}, "grey 'road' looks like a shadow: choose a darker one"),
        ({ROAD: "#9a9894"}, "grey 'road' looks like a shadow: choose a darker one"),
        ({GREEN: "#f7f0b0"}, "yellow 'green' is close to the paper: choose a stronger one"),
        (
            {WATER: "#44aa66"},
            "'green' and 'water' are both green and close: choose another colour for 'water'",
        ),
    ],
)
def test_close_inks_are_told_with_what_to_choose_instead(changed: dict[int, str], sentence: str) -> None:
    colours = tuple(changed.get(label, colour) for label, colour in enumerate(DEFAULT))
    assert sentence in separability(inks(colours))


@pytest.mark.parametrize("road", ["#787878", "#5a5a5c"])
def test_what_is_told_to_look_like_a_shadow_is_levelled_like_one(road: str) -> None:
    """A large square of it on the sheet, which is then as light as the paper, or as dark as the ink."""
    colours = inks((DEFAULT[0], road, *DEFAULT[2:]))
    sheet = np.full((512, 512, 3), colours.rgb[GROUND, ::-1], dtype=np.uint8)
    sheet[150:350, 150:350] = colours.rgb[ROAD, ::-1]
    middle = level(sheet, estimate_paper(sheet))[230:270, 230:270].mean()
    told = any("looks like a shadow" in sentence for sentence in separability(colours))
    assert told == (middle > 0.8 * PAPER_LEVEL)


def test_distances_are_those_of_families() -> None:
    apart = family_distances(inks(DARK))
    np.testing.assert_array_equal(apart, apart.T)
    assert (np.diag(apart) == 0).all()
    seen = oklab(inks(DARK).levelled())
    anchors = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    assert (apart <= anchors + 1e-5).all()
    assert apart[ROAD, WATER] < 0.6 * anchors[ROAD, WATER]

"""Learning the colours of a drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.inks import Inks
from calibration.learning import PAPER, Colours, learn_colours
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, WATER

PRIOR = Inks.from_hex(
    {"ground": "#f4f2ec", "road": "#28282c", "green": "#22904a", "building": "#cc2a30", "water": "#2258b4"}
)


def picture(*colours: str) -> NDArray[np.uint8]:
    """A levelled picture with a broad stripe of each colour between stripes of paper, BGR."""
    stripes = np.full((3 * len(colours) + 2, 1, 3), PAPER, dtype=np.uint8)
    for row, colour in enumerate(colours):
        stripes[3 * row + 2] = list(bytes.fromhex(colour))
    return np.ascontiguousarray(np.repeat(np.repeat(stripes, 60, axis=0), 400, axis=1)[:, :, ::-1])


def classes_of(*colours: str) -> list[str]:
    """What each of the colours is learnt to be."""
    learnt = learn_colours(picture(*colours), PRIOR)
    names = []
    for colour in colours:
        rgb = np.frombuffer(bytes.fromhex(colour), dtype=np.uint8).astype(int)
        near = int(np.abs(learnt.rgb.astype(int) - rgb).sum(axis=1).argmin())
        names.append(CLASS_NAMES[learnt.classes[near]])
    return names


@pytest.mark.parametrize(
    ("colours", "classes"),
    [
        (("1c1c20", "168038", "ca2024", "1448ae"), ["road", "green", "building", "water"]),
        (("808084", "a0cc9c", "e0a49c", "a8c4e8"), ["road", "green", "building", "water"]),
        (("141315", "0c3e24", "7e1220", "121b59"), ["road", "green", "building", "water"]),
        (("ff8c30", "ca2024", "5dc2f2", "1448ae"), ["building", "building", "water", "water"]),
        (("86e14c", "f473a1"), ["green", "building"]),
        (("30c0b8", "168038", "ca2024"), ["water", "green", "building"]),
    ],
    ids=["markers", "pencils", "dark", "two of a kind", "highlighters", "turquoise beside green"],
)
def test_an_ink_is_known_by_its_hue(colours: tuple[str, ...], classes: list[str]) -> None:
    assert classes_of(*colours) == classes


def test_a_broad_shadow_is_no_road() -> None:
    lit = picture("1448ae")
    lit[:200, :250] = 165
    learnt = learn_colours(lit, PRIOR)
    usual = (PRIOR.levelled() * 255).astype(np.uint8)
    np.testing.assert_array_equal(learnt.rgb[learnt.classes == ROAD], usual[[ROAD]])


def test_a_class_that_is_not_drawn_keeps_the_usual_colour() -> None:
    learnt = learn_colours(picture("1448ae"), PRIOR)
    assert learnt.classes[0] == GROUND
    assert sorted(learnt.classes.tolist()) == [GROUND, ROAD, GREEN, BUILDING, WATER]
    usual = (PRIOR.levelled() * 255).astype(np.uint8)
    for label in (ROAD, GREEN, BUILDING):
        np.testing.assert_array_equal(learnt.rgb[learnt.classes == label], usual[[label]])


def test_the_inks_of_a_show_are_one_colour_for_each_class() -> None:
    colours = Colours.of(PRIOR)
    np.testing.assert_array_equal(colours.classes, np.arange(5))
    np.testing.assert_array_equal(colours.rgb, PRIOR.rgb)


@given(st.lists(st.binary(min_size=3, max_size=3), min_size=0, max_size=9))
def test_whatever_is_drawn_every_class_has_a_colour(colours: list[bytes]) -> None:
    learnt = learn_colours(picture(*(colour.hex() for colour in colours)), PRIOR)
    assert set(learnt.classes.tolist()) == set(range(len(CLASS_NAMES)))
    assert learnt.rgb.shape == (len(learnt.classes), 3)
    assert (learnt.classes == GROUND).sum() == 1

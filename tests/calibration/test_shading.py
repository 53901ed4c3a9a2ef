"""The light of a single photograph, and what its colours stand for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.inks import Inks, read_inks
from calibration.learning import Colours
from calibration.shading import level_to, photo_table, refine_shade, start_shade
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER

CARD = Colours.of(
    Inks(
        np.array(
            [(128, 128, 128), (40, 40, 42), (40, 130, 70), (200, 60, 40), (40, 90, 170)], dtype=np.uint8
        )
    )
)
PAPER = Colours.of(
    Inks(
        np.array(
            [(235, 235, 235), (28, 27, 32), (22, 128, 56), (202, 32, 36), (20, 72, 174)], dtype=np.uint8
        )
    )
)


def class_of(colours: Colours, rgb: tuple[int, int, int], thin: bool = False) -> int:
    pixel = np.array([[rgb[::-1]]], dtype=np.uint8)
    return int(read_inks(pixel, photo_table(colours, thin))[0, 0])


@pytest.mark.parametrize("colours", [CARD, PAPER], ids=["card on grey", "ink on paper"])
@pytest.mark.parametrize("light", [0.5, 0.75, 1.0])
def test_a_colour_in_the_shade_is_of_its_class(colours: Colours, light: float) -> None:
    for label in (GROUND, GREEN, BUILDING, WATER):
        dim = colours.rgb[label] * light ** (1 / 2.2)
        red, green, blue = (round(float(v)) for v in dim)
        assert class_of(colours, (red, green, blue)) == label


def test_black_is_a_road_and_a_shadow_is_not() -> None:
    assert class_of(PAPER, (30, 30, 32)) == ROAD
    assert class_of(PAPER, (140, 142, 146)) == GROUND
    assert class_of(PAPER, (140, 142, 146), thin=True) == ROAD


def scene(colours: Colours, light: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pieces on the ground in uneven light, BGR, and their classes."""
    labels = np.full((256, 256), GROUND, dtype=np.uint8)
    for number, (x, y) in enumerate([(20, 30), (150, 40), (40, 160), (160, 150), (90, 90)]):
        labels[y : y + 50, x : x + 60] = (ROAD, GREEN, BUILDING, WATER)[number % 4]
    values = colours.rgb[labels] * light[..., None] ** (1 / 2.2)
    return np.ascontiguousarray(values[:, :, ::-1].clip(0, 255).astype(np.uint8)), labels


@pytest.mark.parametrize("colours", [CARD, PAPER], ids=["card on grey", "ink on paper"])
@pytest.mark.parametrize("cast", [(1.0, 1.0, 1.0), (0.6, 0.85, 1.0)], ids=["white", "warm"])
def test_the_light_is_found_from_the_ground(colours: Colours, cast: tuple[float, float, float]) -> None:
    xs = np.linspace(0, 1, 256)
    light = np.broadcast_to(1 - 0.5 * xs, (256, 256)).copy()
    light[120:, 100:170] *= 0.5  # a hard shadow
    picture, labels = scene(colours, light)
    picture = (picture * np.array(cast)).astype(np.uint8)
    shade = start_shade(picture, colours)
    for _ in range(2):
        shade = refine_shade(picture, shade, colours, photo_table(colours))
    read = read_inks(level_to(picture, shade, colours.rgb[0]), photo_table(colours))
    window = np.ones((9, 9), dtype=np.uint8)
    inside = cv2.dilate(labels, window) == cv2.erode(labels, window)
    assert (read == labels)[inside].mean() > 0.99

"""The cities as the page shows them: each with a small picture of the same town."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from live.camera.simulated import SimulatedSheet
from live.mix import of_city
from live.web.page import CityCard
from live.web.previews import compressed
from models.cityset import CitySet
from models.engines.base import Engine

THUMBNAIL: Final = 256
"""Pixels along its side."""


def city_cards(sets: Sequence[CitySet], engine: Engine) -> tuple[CityCard, ...]:
    """The cities of all sets in the show's order, each with the town that the simulated sheet ends with, as
    the engine of the show paints it."""
    town = SimulatedSheet("town", 1)
    labels = town.truth(town.finished_after, engine.side).labels
    cities = [city for one in sets for city in one.card.cities]
    cards = []
    for index, city in enumerate(cities):
        rgb = engine.render(labels, of_city(index, len(cities)).weights)
        small = np.asarray(cv2.resize(rgb, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)
        cards.append(CityCard(city.name, city.title, compressed("city", small)))
    return tuple(cards)

"""The conditions under which the reading is judged: rooms, cameras, inks and people.

Each is the usual one with one thing changed, but for the last few, where several come together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from live.camera.simulated import Colour, Conditions
from models.palette import CLASS_NAMES

INKS: Final[Mapping[str, Mapping[str, Colour]]] = {
    "markers": {
        "paper": (247, 245, 239),
        "road": (36, 36, 42),
        "green": (40, 140, 70),
        "building": (208, 44, 46),
        "water": (34, 86, 172),
    },
    "bright felt tips": {
        "paper": (248, 248, 246),
        "road": (30, 30, 34),
        "green": (28, 172, 74),
        "building": (236, 40, 54),
        "water": (16, 122, 214),
    },
    "dark chisel markers": {
        "paper": (244, 241, 232),
        "road": (24, 24, 26),
        "green": (22, 92, 58),
        "building": (152, 26, 38),
        "water": (28, 52, 120),
    },
    "crayons": {
        "paper": (246, 243, 236),
        "road": (62, 60, 62),
        "green": (86, 158, 92),
        "building": (214, 84, 76),
        "water": (82, 124, 190),
    },
    "gouache": {
        "paper": (240, 238, 228),
        "road": (48, 44, 46),
        "green": (94, 138, 62),
        "building": (200, 78, 44),
        "water": (44, 112, 156),
    },
}
"""Five sets of inks, sRGB in neutral light."""

SKINS: Final[Mapping[str, Colour]] = {
    "very light": (242, 204, 186),
    "light": (226, 176, 152),
    "medium": (178, 124, 92),
    "dark": (112, 74, 56),
    "very dark": (66, 45, 37),
}
"""Five skins as a camera sees them in neutral light, sRGB."""

WHITE: Final = (238, 238, 236)
BLACK: Final = (26, 26, 30)
RED: Final = (178, 34, 44)
BLUE: Final = (38, 66, 140)
GREEN_CLOTH: Final = (36, 104, 62)


@dataclass(frozen=True, slots=True)
class Case:
    """One condition of the matrix.

    name: of the condition. conditions: what the room, camera, inks and person are like. drawing, start,
    seconds: which stretch of which drawing is judged; it starts at the last moment before `start` at which
    the hand is out of sight.
    """

    name: str
    conditions: Conditions = field(default_factory=Conditions)
    drawing: str = "town"
    start: float = 24.0
    seconds: float = 6.0

    def inks(self) -> dict[str, Colour]:
        """The calibrated colour of each class, sRGB by class name."""
        return {name: self.conditions.ink(label) for label, name in enumerate(CLASS_NAMES)}

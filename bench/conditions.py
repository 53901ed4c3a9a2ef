"""The conditions under which the reading is judged: rooms, cameras, inks and people.

Each is the usual one with one thing changed, but for the last few, where several come together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from live.camera.simulated import Colour, Conditions, Cover, Push

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
USUAL: Final = Conditions()
"""A room with a lamp, a good camera nearly above the sheet, markers, a light hand in a dark sleeve."""


@dataclass(frozen=True, slots=True)
class Case:
    """One condition of the matrix.

    name: of the condition. conditions: what the room, camera, inks and person are like. drawing: which.
    start: seconds at which the reading begins, at a moment when the hand is out of sight. seconds: that are
    judged, after the warm-up.
    """

    name: str
    conditions: Conditions = USUAL
    drawing: str = "town"
    start: float = 31.9
    seconds: float = 7.8


def _arm(name: str, **changed: Any) -> Case:
    """A stretch in which the arm lies across the drawing."""
    return Case(name, replace(USUAL, **changed), start=39.5, seconds=6.0)


def _usual(name: str, **changed: Any) -> Case:
    return Case(name, replace(USUAL, **changed))


def _inked(name: str, **changed: Any) -> Conditions:
    colours: dict[str, Any] = {**INKS[name]}
    return replace(USUAL, **colours, **changed)


_AWAY: Final = replace(USUAL, fills=0.64)
"""A camera farther away, so that there is room on the table."""

MATRIX: Final = (
    Case("usual"),
    Case("usual, harbour", drawing="harbour"),
    Case("usual, boulevards", drawing="boulevards", start=31.9),
    Case("usual, island", drawing="island", start=40.2),
    Case("usual, letters", drawing="letters", start=23.5),
    _usual("light ×1", light_slope=1.0, vignette=0.0),
    _usual("light ×2", light_slope=2.0),
    _usual("light ×3", light_slope=3.0),
    _usual("light ×4", light_slope=4.0),
    _usual("dim light, noisy", exposure=0.3, noise=5.0),
    _usual("2700 K", kelvin=2700.0),
    _usual("3500 K", kelvin=3500.0),
    _usual("6500 K", kelvin=6500.0),
    _usual("noise", noise=7.0),
    _usual("blur", blur=2.0),
    _usual("skew 30°", tilt=30.0),
    _usual("skew 45°", tilt=45.0, turn=12.0),
    _arm("very light skin, bare arm", skin=SKINS["very light"], sleeve=None),
    _arm("light skin, white cuff", skin=SKINS["light"], sleeve=(60, 62, 70), cuff=WHITE),
    _arm("medium skin, bare arm", skin=SKINS["medium"], sleeve=None),
    _arm("medium skin, red sleeve", skin=SKINS["medium"], sleeve=RED),
    _arm("dark skin, bare arm", skin=SKINS["dark"], sleeve=None),
    _arm("dark skin, white sleeve", skin=SKINS["dark"], sleeve=WHITE),
    _arm("very dark skin, bare arm", skin=SKINS["very dark"], sleeve=None),
    _arm("black sleeve", sleeve=BLACK),
    _arm("blue sleeve", sleeve=BLUE),
    _arm("green sleeve", skin=SKINS["very light"], sleeve=GREEN_CLOTH),
    _arm("striped sleeve", sleeve=BLUE, stripes=WHITE),
    _arm("strong shadow", shadow=1.7),
    Case(
        "very dark skin, black sleeve",
        replace(USUAL, skin=SKINS["very dark"], sleeve=BLACK),
    ),
    Case(
        "very light skin, red sleeve, empty sheet",
        replace(USUAL, skin=SKINS["very light"], sleeve=RED),
        drawing="island",
        start=1.0,
    ),
    Case(
        "dark skin, blue sleeve, empty sheet",
        replace(USUAL, skin=SKINS["dark"], sleeve=BLUE, stripes=WHITE),
        drawing="island",
        start=1.0,
    ),
    Case("bright felt tips", _inked("bright felt tips")),
    Case("dark chisel markers", _inked("dark chisel markers")),
    Case("crayons", _inked("crayons", dryness=2.5)),
    Case("gouache", _inked("gouache", dryness=0.4)),
    _usual("hatching with gaps", gaps=0.25, dryness=1.6),
    Case(
        "pushed by 20 cm",
        replace(_AWAY, pushes=(Push(5.0, -100.0, 0.0, -6.0), Push(35.5, 200.0, -5.0, 25.0))),
    ),
    Case("pushed slowly", replace(_AWAY, pushes=(Push(33.5, 60.0, 20.0, 15.0, 5.0),))),
    Case("covered with white paper", replace(USUAL, covers=(Cover(34.5, 0.06, 0.08, 0.55, 0.45),))),
    Case("a new sheet", start=60.0),
    Case(
        "an evening on stage",
        _inked(
            "bright felt tips",
            light_slope=3.0,
            kelvin=3000.0,
            exposure=0.6,
            noise=4.0,
            tilt=30.0,
            skin=SKINS["dark"],
            sleeve=BLACK,
            shadow=1.5,
        ),
    ),
    Case(
        "a workshop by the window",
        _inked(
            "crayons",
            light_slope=2.5,
            kelvin=6500.0,
            noise=3.0,
            blur=1.2,
            gaps=0.15,
            skin=SKINS["very light"],
            sleeve=RED,
            cuff=WHITE,
            shadow=1.4,
        ),
    ),
)

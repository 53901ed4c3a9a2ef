"""The keys of the guided pass: one table, by which keys are understood and the operator is told of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from calibration.sheet import Corners, in_shares
from live.calibrate.look import Look
from live.calibrate.steps import (
    STEPS,
    Accept,
    Back,
    CalibrateState,
    ChooseInk,
    Command,
    Dim,
    FindByItself,
    Leave,
    Nudge,
    Revert,
    SelectCorner,
    Step,
    TakeByHand,
    Tell,
    Undo,
)
from models.palette import CLASS_NAMES

Wish: TypeAlias = Literal["white", "swatches", "learn", "save"]
"""What takes more than the state: a measurement in the picture, or a file."""

LOST: Final = "the camera is lost; wait until it is back, or mend its cable"
"""Why nothing is measured or kept: what is on the screen is an old picture."""

COARSE: Final = 10
"""Camera pixels by which an arrow key with Shift moves a corner; without, it is one."""

_MIDDLE: Final[Corners] = ((0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8))
"""Corners to begin with by hand where no sheet was ever found."""

_ARROWS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True, slots=True)
class Key:
    """What a key does.

    names: as `Output.keys` gives them. label, what: for the operator. at: the steps at which it does it.
    only_by_hand: whether it needs corners that are given by hand. believing: whether it takes the picture
    on the screen for what the camera sees now.
    """

    names: tuple[str, ...]
    label: str
    what: Callable[[CalibrateState], str]
    does: Callable[[str, CalibrateState, Look | None], Command | Wish]
    at: tuple[Step, ...] = STEPS
    only_by_hand: bool = False
    believing: bool = False

    def serves(self, state: CalibrateState) -> bool:
        return state.step in self.at and (state.by_hand or not self.only_by_hand)


def missing(state: CalibrateState, look: Look | None) -> str:
    """What a step needs before the next one, in a sentence; '' if it has it."""
    if look is None:
        return "there is no picture of the camera yet"
    if look.position is None and state.step in ("sheet", "light"):
        return look.sighting.note or "the sheet is moving: let it lie still"
    if state.step == "light" and state.white.now is None:
        return "the white of the paper isn't measured yet: press W"
    return ""


def key_action(
    name: str, state: CalibrateState, look: Look | None, lost: bool = False
) -> Command | Wish | None:
    """What a key, by its name, means now; None for a key that means nothing.

    lost: whether the camera is lost, and `look` is of an old picture.
    """
    for key in KEYS:
        if name in key.names and key.serves(state):
            if lost and key.believing:
                return Tell(LOST)
            return key.does(name, state, look)
    return None


def key_help(state: CalibrateState) -> tuple[tuple[str, str], ...]:
    """The keys that mean something now, each with what it does; the one that leads on first."""
    return tuple((key.label, key.what(state)) for key in KEYS if key.serves(state))


def _accept(_: str, state: CalibrateState, look: Look | None) -> Command | Wish:
    return "save" if state.step == "save" else Accept(missing(state, look))


def _by_hand(_: str, state: CalibrateState, look: Look | None) -> Command:
    if state.by_hand:
        return FindByItself()
    if look is None or look.sighting.position is None:
        return TakeByHand(state.corners.saved or _MIDDLE)
    return TakeByHand(in_shares(look.sighting.position.corners, look.size))


def _nudge(name: str, _: CalibrateState, look: Look | None) -> Command:
    x, y = _ARROWS[name.removeprefix("shift+")]
    pixels = COARSE if name.startswith("shift+") else 1
    width, height = look.size if look is not None else (1280, 720)
    return Nudge((x * pixels / width, y * pixels / height))


def _says(text: str) -> Callable[[CalibrateState], str]:
    return lambda _: text


def _does(command: Command | Wish) -> Callable[[str, CalibrateState, Look | None], Command | Wish]:
    return lambda *_: command


_ACCEPTED: Final[dict[Step, str]] = {
    "sheet": "the outline is right",
    "light": "the light will do",
    "inks": "it reads right",
    "save": "save",
}

KEYS: Final = (
    Key(("return", "enter"), "Enter", lambda state: _ACCEPTED[state.step], _accept, believing=True),
    Key(
        ("m",),
        "M",
        lambda state: "find it by itself" if state.by_hand else "corners by hand",
        _by_hand,
        ("sheet",),
    ),
    Key(
        ("tab", "shift+tab"),
        "Tab",
        _says("next corner"),
        lambda name, *_: SelectCorner(-1 if name.startswith("shift+") else 1),
        ("sheet",),
        only_by_hand=True,
    ),
    Key(
        (*_ARROWS, *(f"shift+{name}" for name in _ARROWS)),
        "Arrows",
        _says(f"move it 1 pixel, with Shift {COARSE}"),
        _nudge,
        ("sheet",),
        only_by_hand=True,
    ),
    Key(("w",), "W", _says("measure the white again"), _does("white"), ("light",), believing=True),
    Key(("s",), "S", _says("read the swatches"), _does("swatches"), ("inks",), believing=True),
    Key(("l",), "L", _says("learn from a drawing"), _does("learn"), ("inks",), believing=True),
    Key(
        tuple(str(index + 1) for index in range(len(CLASS_NAMES))),
        f"1–{len(CLASS_NAMES)}",
        _says("choose a class, then drag over it"),
        lambda name, *_: ChooseInk(int(name) - 1),
        ("inks",),
    ),
    Key(("u", "ctrl+z"), "U", _says("undo"), _does(Undo()), ("sheet", "light", "inks")),
    Key(("r",), "R", _says("as it was saved"), _does(Revert()), ("sheet", "light", "inks")),
    Key(("d",), "D", _says("dim"), _does(Dim())),
    Key(("backspace",), "Backspace", _says("a step back"), _does(Back()), ("light", "inks", "save")),
    Key(("ctrl+q", "close"), "Ctrl+Q", _says("leave without saving"), _does(Leave())),
)
"""In the order in which they are told."""

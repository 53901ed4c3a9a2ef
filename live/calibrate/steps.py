"""The guided pass: its state, the commands that change it, and the one pure function that applies them.

Nothing here knows of cameras, windows or files. What takes a picture to find out (the inks of the swatches,
the white of the paper) is found out at the edge and comes in as a command; what an operator may want back
is kept with its history, one for each step, so that an undo never changes what isn't on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from calibration.inks import Inks, Rgb
from calibration.sheet import Corners

Point: TypeAlias = tuple[float, float]
"""Shares 0..1 of a picture's width and height, from its top left; so nothing depends on its size."""

Step: TypeAlias = Literal["sheet", "light", "inks", "save"]
STEPS: Final[tuple[Step, ...]] = ("sheet", "light", "inks", "save")

BRIGHTNESSES: Final = (0.6, 0.3, 1.0)
"""How bright pictures are shown, one after the other; the first doesn't blind in a dark room."""

LONGEST_HISTORY: Final = 200
"""Changes that can be undone."""

OUTSIDE: Final = 0.2
"""Share of the picture's side by which a corner may lie beyond its edge: a sheet that is partly out of view
is read as far as it is seen."""

SMALLEST_AREA: Final = 0.01
"""Side, as a share of the sheet, from which on a dragged rectangle is an area, not a slip of the mouse."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class History(Generic[T]):
    """A value that can be undone, and reverted to what was saved.

    now: the value. saved: what it was when the pass began. past: what it was before, the newest last.
    """

    now: T
    saved: T
    past: tuple[T, ...] = ()

    @classmethod
    def of(cls, saved: T) -> History[T]:
        return cls(saved, saved)

    def changed(self, value: T) -> History[T]:
        return replace(self, now=value, past=(*self.past, self.now)[-LONGEST_HISTORY:])

    def undone(self) -> History[T]:
        """As it was before the last change; the same if there was none."""
        if not self.past:
            return self
        return replace(self, now=self.past[-1], past=self.past[:-1])

    def reverted(self) -> History[T]:
        """As it was saved, which can be undone, too; the same if nothing differs."""
        return self if self.now is self.saved else self.changed(self.saved)


@dataclass(frozen=True, slots=True)
class Grip:
    """A corner that is being dragged.

    before: all corners before. offset: from the pointer to the corner, so that it doesn't jump.
    """

    before: Corners
    offset: Point


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle that is being dragged over the sheet, from its first corner to the pointer."""

    start: Point
    end: Point

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in sheet coordinates."""
        (ax, ay), (bx, by) = self.start, self.end
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    @property
    def is_meant(self) -> bool:
        left, top, right, bottom = self.box
        return right - left >= SMALLEST_AREA and bottom - top >= SMALLEST_AREA


@dataclass(frozen=True, slots=True)
class CalibrateState:
    """All that an operator can have changed.

    corners: those of the drawing area, given by hand; None where the sheet is found by itself.
    white: what the camera sees of the bare paper, in sRGB; None before it was measured.
    inks: the colour of each class.
    step: which one is on the screen.
    corner, grip: the selected corner by hand, and how it is dragged.
    ink, area: the class that is being pointed out, and the rectangle for it.
    brightness: how bright pictures are shown, 0..1.
    note: one sentence about what was done last, or why it couldn't be.
    saved, left: how the pass ended: written to its file, or left without.
    """

    corners: History[Corners | None]
    white: History[Rgb | None]
    inks: History[Inks]
    step: Step = "sheet"
    corner: int = 0
    grip: Grip | None = None
    ink: int = 0
    area: Area | None = None
    brightness: float = BRIGHTNESSES[0]
    note: str = ""
    saved: bool = False
    left: bool = False

    @property
    def by_hand(self) -> bool:
        return self.corners.now is not None


def beginning(inks: Inks, corners: Corners | None = None, white: Rgb | None = None) -> CalibrateState:
    """The state with which a pass begins: what the show has now."""
    return CalibrateState(History.of(corners), History.of(white), History.of(inks))


# Commands


@dataclass(frozen=True, slots=True)
class Accept:
    """Go on to the next step, unless something is missing, which is then told."""

    missing: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """Go back to the step before."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End without saving."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the last change of this step back."""


@dataclass(frozen=True, slots=True)
class Revert:
    """Take this step's value from what was saved."""


@dataclass(frozen=True, slots=True)
class Dim:
    """Show pictures at the next brightness."""


@dataclass(frozen=True, slots=True)
class TakeByHand:
    """Give the corners by hand, beginning with these."""

    corners: Corners


@dataclass(frozen=True, slots=True)
class FindByItself:
    """Let the sheet be found by itself again."""


@dataclass(frozen=True, slots=True)
class SelectCorner:
    """Select a corner by its distance from the selected one, round and round."""

    step: int


@dataclass(frozen=True, slots=True)
class Nudge:
    """Move the selected corner a little."""

    by: Point


@dataclass(frozen=True, slots=True)
class Grab:
    """Begin to drag a corner."""

    corner: int
    at: Point


@dataclass(frozen=True, slots=True)
class Drag:
    """The pointer has moved: over the camera's picture at the step `sheet`, else over the sheet."""

    to: Point


@dataclass(frozen=True, slots=True)
class Drop:
    """The pointer was released: the corner or the area that was dragged stands."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The white of the paper was measured."""

    white: Rgb


@dataclass(frozen=True, slots=True)
class ChooseInk:
    """Select the class that is pointed out next, by its index."""

    ink: int


@dataclass(frozen=True, slots=True)
class BeginArea:
    """Begin to drag a rectangle over the sheet."""

    at: Point


@dataclass(frozen=True, slots=True)
class SetInks:
    """The inks were found out; how, says the note."""

    inks: Inks
    note: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Something couldn't be done."""

    note: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The calibration was written; where, says the note."""

    note: str


Command: TypeAlias = (
    Accept
    | Back
    | Leave
    | Undo
    | Revert
    | Dim
    | TakeByHand
    | FindByItself
    | SelectCorner
    | Nudge
    | Grab
    | Drag
    | Drop
    | Measured
    | ChooseInk
    | BeginArea
    | SetInks
    | Tell
    | Saved
)


# The reducer


def reduce(state: CalibrateState, command: Command) -> CalibrateState:
    """The state after a command; a command that has no meaning at this step changes nothing."""
    if not isinstance(command, Drag):
        state = _dropped(state)  # also where the release was missed, or a key interrupts
    match command:
        case Accept(missing):
            return replace(state, note=missing) if missing else _at_step(state, +1)
        case Back():
            return _at_step(state, -1)
        case Leave():
            return replace(state, left=True)
        case Undo():
            return _with_history(state, "undone", "nothing to undo at this step")
        case Revert():
            return _with_history(state, "reverted", "this is as it was saved")
        case Dim():
            index = BRIGHTNESSES.index(state.brightness)
            return replace(state, brightness=BRIGHTNESSES[(index + 1) % len(BRIGHTNESSES)])
        case Measured(white):
            return replace(state, white=state.white.changed(white), note="")
        case ChooseInk(ink):
            return replace(state, ink=ink, note="")
        case SetInks(inks, note):
            return replace(state, inks=state.inks.changed(inks), note=note)
        case Tell(note):
            return replace(state, note=note)
        case Saved(note):
            return replace(state, saved=True, note=note)
        case BeginArea(at):
            return replace(state, area=Area(_within(at), _within(at))) if state.step == "inks" else state
        case Drag(to) if state.area is not None:
            return replace(state, area=replace(state.area, end=_within(to)))
        case _ if state.step == "sheet":
            return _reduce_corners(state, command)
    return state


def _reduce_corners(state: CalibrateState, command: Command) -> CalibrateState:
    corners = state.corners.now
    match command:
        case TakeByHand(given):
            return replace(state, corners=state.corners.changed(given), note="")
        case FindByItself() if corners is not None:
            return replace(state, corners=state.corners.changed(None), note="")
    if corners is None:
        return state
    match command:
        case SelectCorner(step):
            return replace(state, corner=(state.corner + step) % 4)
        case Nudge((x, y)):
            left, top = corners[state.corner]
            moved = _moved(corners, state.corner, (left + x, top + y))
            return replace(state, corners=state.corners.changed(moved), note="")
        case Grab(corner, (x, y)):
            offset = (corners[corner][0] - x, corners[corner][1] - y)
            return replace(state, corner=corner, grip=Grip(corners, offset), note="")
        case Drag((x, y)) if state.grip is not None:
            moved = _moved(corners, state.corner, (x + state.grip.offset[0], y + state.grip.offset[1]))
            return replace(state, corners=replace(state.corners, now=moved))
    return state


def _dropped(state: CalibrateState) -> CalibrateState:
    """With nothing being dragged; the whole drag of a corner is one change."""
    corners = state.corners
    if state.grip is not None and corners.now != state.grip.before:
        corners = replace(corners, now=state.grip.before).changed(corners.now)
    return replace(state, corners=corners, grip=None, area=None)


def _at_step(state: CalibrateState, by: int) -> CalibrateState:
    index = min(max(STEPS.index(state.step) + by, 0), len(STEPS) - 1)
    return replace(state, step=STEPS[index], note="")


def _with_history(
    state: CalibrateState, how: Literal["undone", "reverted"], nothing: str
) -> CalibrateState:
    """The value of this step taken back."""

    def back(history: History[T]) -> History[T]:
        return history.undone() if how == "undone" else history.reverted()

    state = replace(state, note="")
    match state.step:
        case "sheet":
            after = replace(state, corners=back(state.corners))
            same = after.corners is state.corners
        case "light":
            after = replace(state, white=back(state.white))
            same = after.white is state.white
        case "inks":
            after = replace(state, inks=back(state.inks))
            same = after.inks is state.inks
        case "save":
            return state
    return replace(state, note=nothing) if same else after


def _moved(corners: Corners, corner: int, to: Point) -> Corners:
    one, two, three, four = (_within(to, OUTSIDE) if i == corner else c for i, c in enumerate(corners))
    return one, two, three, four


def _within(point: Point, outside: float = 0.0) -> Point:
    """A point brought into the picture, or to a share of its side at most beyond its edge."""
    low, high = -outside, 1.0 + outside
    return min(max(point[0], low), high), min(max(point[1], low), high)

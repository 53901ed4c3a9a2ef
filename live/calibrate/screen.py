"""What the operator sees: the camera's picture or the sheet, in words what is the matter, and the next key.

For a dark room: black, amber and grey, and pictures no brighter than the operator wants them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.inks import Rgb, hex_of
from calibration.layout import MARKER_NAMES
from calibration.sheet import Corners, in_shares
from live.calibrate.canvas import Canvas, wrapped
from live.calibrate.keys import key_help
from live.calibrate.look import Look, lock_in_words
from live.calibrate.steps import STEPS, CalibrateState, Point, Step
from live.camera.camera import CameraStatus
from live.output.compose import SMALLEST_TEXT, Rect, line_height, place, text_cover
from models.palette import CLASS_NAMES, paint

AMBER: Final = (255, 170, 50)
TEXT: Final = (190, 185, 175)
GREY: Final = (120, 118, 112)
FAINT: Final = (60, 58, 54)
RED: Final = (255, 90, 60)
GREEN: Final = (110, 200, 110)

_PICTURE_SHARE: Final = 0.74
"""Of the width, for pictures; the rest is the column of words beside them."""

_MAGNIFIED: Final = 41
"""Camera pixels along the side of the magnifier."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is shown.

    look: of the newest frame, or None before the first. file: where the calibration will be kept.
    """

    state: CalibrateState
    look: Look | None
    camera: CameraStatus
    file: Path

    @property
    def brightness(self) -> float:
        """Of pictures; one that only stands, because the camera is lost, is darker."""
        return self.state.brightness * (1.0 if self.camera.state == "running" else 0.5)


@dataclass(frozen=True, slots=True)
class Page:
    """Where things stand on a window of some size.

    picture: what is pointed at. second: another beside it, where the step has two. column: for words.
    px: height of the letters.
    """

    picture: Rect
    second: Rect
    column: Rect
    px: int

    def share(self, at: tuple[int, int]) -> Point:
        """A place of the window as shares of the picture; beyond 0..1 outside of it."""
        # The middle of the first pixel of a picture of n is at 0.5 / n of it.
        x = (at[0] - self.picture.x + 0.5) / self.picture.width
        return x, (at[1] - self.picture.y + 0.5) / self.picture.height

    def is_on_picture(self, at: tuple[int, int]) -> bool:
        x, y = self.share(at)
        return 0 <= x <= 1 and 0 <= y <= 1

    def nearest_corner(self, corners: Corners, at: tuple[int, int]) -> int | None:
        """The corner that is meant by pointing there; None if none is near."""
        size = np.array([self.picture.width, self.picture.height])
        away = np.linalg.norm((np.array(corners) - self.share(at)) * size, axis=1)
        return int(away.argmin()) if away.min() < 2 * self.px else None


def page(step: Step, size: tuple[int, int], picture: tuple[int, int]) -> Page:
    """How a window of that size is divided; picture: width and height of the camera's picture."""
    width, height = size
    px = max(SMALLEST_TEXT, min(height // 28, width // 48))
    line, edge = line_height(px), px // 2
    # Above: the steps, two lines of what is the matter, and one of what was done.
    top, bottom = edge + 5 * line, height - 2 * line - 2 * edge
    room = Rect(edge, top, max(2, int(width * _PICTURE_SHARE) - 2 * edge), max(2, bottom - top))
    left = room.x + room.width + edge
    column = Rect(left, top, max(1, width - left - edge), room.height)
    if step == "sheet":
        _, target = place(picture, (room.width, room.height), "letterbox")
        whole = Rect(room.x + target.x, room.y + target.y, target.width, target.height)
        return Page(whole, whole, column, px)
    side = max(1, min(room.height - line, (room.width - edge) // 2))
    one = Rect(room.x, room.y + line, side, side)
    return Page(one, Rect(one.x + side + edge, one.y, side, side), column, px)


def draw(scene: Scene, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The whole window: uint8 (height, width, 3) RGB. size: (width, height) in pixels."""
    canvas = Canvas(size)
    state, look = scene.state, scene.look
    where = page(state.step, size, look.size if look is not None else (16, 9))
    if look is not None:
        _DRAWN[state.step](canvas, scene, look, where)
    _head(canvas, scene, where.px)  # over the pictures, where it has much to say
    _foot(canvas, state, where.px)
    return canvas.rgb


def _head(canvas: Canvas, scene: Scene, px: int) -> None:
    x = px // 2
    text, colour = status(scene)
    said = [(text, px, colour)]
    if scene.state.note:
        said.append((_sentence(scene.state.note), _small(px), AMBER))
    rest = Rect(x, x + line_height(px), canvas.width - px, canvas.height)
    rows = [len(wrapped(text, rest.width, size)) * line_height(size) + size // 2 for text, size, _ in said]
    canvas.plate(Rect(0, 0, canvas.width, rest.y + sum(rows)))
    for number, step in enumerate(STEPS, 1):
        now = step == scene.state.step
        x += canvas.write(f"{number} {step.upper()}", x, px // 2, px, AMBER if now else FAINT) + 2 * px
    for text, size, colour in said:
        rest = canvas.paragraph(text, rest, size, colour)


def status(scene: Scene) -> tuple[str, Rgb]:
    """What is the matter, in words, and in which colour they stand."""
    state, look, camera = scene.state, scene.look, scene.camera
    if camera.state == "lost":
        return f"{_sentence(camera.sentence)} The last picture stands.", RED
    if look is None:
        return "Waiting for the camera's first picture.", TEXT
    sighting = look.sighting
    if state.saved:
        return "Done.", GREEN
    if state.step == "save":
        return f"This is what Enter saves to {scene.file}", TEXT
    if look.position is None:
        return _sentence(sighting.note or "the sheet is moving: let it lie still"), RED
    if state.step == "light":
        return (
            "Take your hands off the sheet: this is how evenly it is lit, and how the camera takes it.",
            TEXT,
        )
    if state.step == "inks":
        return f"The inks. Drag over an area of {CLASS_NAMES[state.ink]} to show its colour.", TEXT
    if state.by_hand:
        name = MARKER_NAMES[state.corner]
        return (
            f"Corners by hand. Corner {state.corner + 1}, {name}: drag it with the mouse, or nudge it.",
            TEXT,
        )
    if sighting.note:
        return _sentence(f"sheet found; {sighting.note}"), AMBER
    if not look.position.fitted:
        return "A white paper without markers: the outline is the drawing area.", GREEN
    return "All four markers seen. The outline is the drawing area.", GREEN


def _foot(canvas: Canvas, state: CalibrateState, px: int) -> None:
    """The key that leads on, and the others."""
    line, x = line_height(px), px // 2
    top = canvas.height - 2 * line - px // 2
    if state.saved:
        canvas.write("Any key ends this", x, top, px, AMBER)
        return
    (label, what), *others = key_help(state)
    end = x + canvas.write(f"{label}: {what}", x, top, px, AMBER)
    small = _small(px)
    y = top + px // 6
    for label, what in others:
        width = text_cover(f"{label}: {what}", small).shape[1]
        if end + 2 * small + width > canvas.width - px // 2:
            end, y = x - 2 * small, y + line
        end += 2 * small + canvas.write(f"{label}: {what}", end + 2 * small, y, small, GREY)


# The steps


def _draw_sheet(canvas: Canvas, scene: Scene, look: Look, where: Page) -> None:
    state, camera = scene.state, scene.camera
    canvas.picture(look.bgr[:, :, ::-1], where.picture, scene.brightness)
    position = look.sighting.position
    corners = state.corners.now
    if corners is None and position is not None:
        corners = in_shares(position.corners, look.size)
    column = where.column
    if corners is not None:
        good = look.position is not None
        outline = AMBER if state.by_hand else GREEN if good else RED
        _corners(canvas, corners, where, outline, state.corner if state.by_hand else None)
        if state.by_hand:
            column = _magnifier(canvas, look, corners[state.corner], column, state)
    words = [f"{look.size[0]}×{look.size[1]} pixels, {camera.fps:.0f} pictures a second"]
    if camera.state == "running":
        words.insert(0, f"Camera: {camera.sentence}")
    canvas.paragraphs(words, column, _small(where.px), GREY)


def _corners(canvas: Canvas, corners: Corners, where: Page, colour: Rgb, selected: int | None) -> None:
    rect = where.picture
    at = np.array(corners) * (rect.width, rect.height) + (rect.x, rect.y)
    points = np.rint(at - 0.5).astype(np.int32)
    thick = max(1, where.px // 12)
    cv2.polylines(canvas.rgb, [points], True, colour, thick, cv2.LINE_AA)
    small = _small(where.px)
    middle = points.mean(axis=0)
    for index, (x, y) in enumerate(points.tolist()):
        radius = small if index == selected else small // 2
        cv2.circle(canvas.rgb, (x, y), radius, colour, thick, cv2.LINE_AA)
        text = (
            f"{index + 1} {MARKER_NAMES[index]}"
            if index == selected or selected is None
            else f"{index + 1}"
        )
        width = text_cover(text, small).shape[1]
        left = x + small if x < middle[0] else x - small - width
        top = y + small if y < middle[1] else y - small - line_height(small)
        canvas.plate(Rect(left - small // 4, top - small // 6, width + small // 2, line_height(small)))
        canvas.write(text, left, top, small, colour)


def _magnifier(canvas: Canvas, look: Look, corner: Point, column: Rect, state: CalibrateState) -> Rect:
    """The surroundings of a corner, at the top of the column; returns what is left of the column."""
    side = min(column.width, column.height * 2 // 3)
    rect = Rect(column.x, column.y, side, side)
    width, height = look.size
    scale = side / _MAGNIFIED
    left, top = corner[0] * width - _MAGNIFIED / 2, corner[1] * height - _MAGNIFIED / 2
    # From pixels of the camera to those of the magnifier, middles on middles.
    move = np.array([[scale, 0, (0.5 - left) * scale - 0.5], [0, scale, (0.5 - top) * scale - 0.5]])
    large = cv2.warpAffine(look.bgr, move, (side, side), flags=cv2.INTER_NEAREST)
    canvas.picture(np.asarray(large, np.uint8)[:, :, ::-1], rect, state.brightness)
    x, y, gap = rect.x + side // 2, rect.y + side // 2, max(2, side // 16)
    for one, other in (
        ((rect.x, y), (x - gap, y)),
        ((x + gap, y), (rect.x + side - 1, y)),
        ((x, rect.y), (x, y - gap)),
        ((x, y + gap), (x, rect.y + side - 1)),
    ):
        cv2.line(canvas.rgb, one, other, AMBER, 1)
    below = side + line_height(side // 16)
    return Rect(column.x, column.y + below, column.width, max(1, column.height - below))


def _draw_light(canvas: Canvas, scene: Scene, look: Look, where: Page) -> None:
    if look.levelled is None or look.light is None:
        return
    bright, px = scene.brightness, _small(where.px)
    _titled(canvas, "The sheet, its light evened out", look.levelled[:, :, ::-1], where.picture, bright, px)
    # Of the light itself, steps are seen better than a slope.
    steps = np.ceil(look.light.cells * 8) / 8
    amber = (steps[..., None] * np.array(AMBER)).astype(np.uint8)
    _titled(canvas, "The light on it", amber, where.second, bright, px, cv2.INTER_NEAREST)
    column = canvas.paragraphs(look.light.in_words, where.column, px, TEXT)
    white = scene.state.white.now
    if white is not None:
        patch = Rect(column.x, column.y, column.width, min(2 * where.px, column.height))
        canvas.patch(patch, white, scene.brightness)
        column = Rect(column.x, column.y + 2 * where.px + px // 2, column.width, column.height)
        column = canvas.paragraphs([f"The paper's white, {hex_of(white)}"], column, px, TEXT)
    lock, enough = lock_in_words(scene.camera)
    canvas.paragraphs([lock], column, px, GREY if enough else AMBER)


def _draw_inks(canvas: Canvas, scene: Scene, look: Look, where: Page) -> None:
    state, px = scene.state, _small(where.px)
    _sheet_and_labels(canvas, look, where, scene.brightness, px)
    if state.area is not None:
        left, top, right, bottom = state.area.box
        rect = where.picture
        one = (rect.x + round(left * rect.width), rect.y + round(top * rect.height))
        other = (rect.x + round(right * rect.width), rect.y + round(bottom * rect.height))
        cv2.rectangle(canvas.rgb, one, other, AMBER, max(1, px // 8))
    column = _patches(canvas, scene, look, where)
    if look.separable:
        canvas.paragraphs([_sentence(text) for text in look.separable], column, px, AMBER)
    else:
        canvas.paragraphs(["All five are told apart; below ×1 they would not be."], column, px, GREEN)


def _draw_save(canvas: Canvas, scene: Scene, look: Look, where: Page) -> None:
    px = _small(where.px)
    _sheet_and_labels(canvas, look, where, scene.brightness, px)
    column = _patches(canvas, scene, look, where)
    white = scene.state.white.now
    words = [
        "Sheet: corners by hand." if scene.state.by_hand else "Sheet: found by itself.",
        *([f"White: {hex_of(white)}."] if white is not None else []),
    ]
    canvas.paragraphs(words, column, px, TEXT)


_DRAWN: Final = {"sheet": _draw_sheet, "light": _draw_light, "inks": _draw_inks, "save": _draw_save}


def _sheet_and_labels(canvas: Canvas, look: Look, where: Page, brightness: float, px: int) -> None:
    if look.levelled is not None:
        _titled(canvas, "The sheet", look.levelled[:, :, ::-1], where.picture, brightness, px)
    if look.labels is not None:
        _titled(
            canvas,
            "What is read of it (magenta: nothing)",
            paint(look.labels),
            where.second,
            brightness,
            px,
        )


def _patches(canvas: Canvas, scene: Scene, look: Look, where: Page) -> Rect:
    """Each class with its number, its colour and its neighbour; returns what is left of the column."""
    state, column = scene.state, where.column
    small = _small(where.px)
    row = 2 * line_height(small) + small // 3
    for index, (name, colour) in enumerate(zip(CLASS_NAMES, state.inks.now.rgb.tolist(), strict=True)):
        y = column.y + index * row
        patch = Rect(column.x + 2, y + 2, column.width * 2 // 5, row - small // 2)
        canvas.patch(patch, colour, scene.brightness)
        chosen = index == state.ink and state.step == "inks"
        if chosen:
            one, other = (patch.x - 2, patch.y - 2), (patch.x + patch.width + 1, patch.y + patch.height + 1)
            cv2.rectangle(canvas.rgb, one, other, AMBER, 2)
        left = patch.x + patch.width + small
        canvas.write(f"{index + 1} {name}", left, y, small, AMBER if chosen else TEXT)
        if look.neighbours:
            near = look.neighbours[index]
            said = f"×{near.clear:.1f} from {CLASS_NAMES[near.label]}"
            canvas.write(said, left, y + line_height(small), small, GREY if near.clear >= 1 else AMBER)
    below = len(CLASS_NAMES) * row + small // 2
    return Rect(column.x, column.y + below, column.width, max(1, column.height - below))


# Small things


def _titled(
    canvas: Canvas,
    title: str,
    rgb: NDArray[np.uint8],
    rect: Rect,
    brightness: float,
    px: int,
    grown: int = cv2.INTER_LINEAR,
) -> None:
    canvas.write(title, rect.x, rect.y - line_height(px), px, GREY)
    canvas.picture(rgb, rect, brightness, grown)


def _small(px: int) -> int:
    return max(SMALLEST_TEXT, px * 3 // 4)


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    end = "" if text.endswith((".", "!", "?", "…")) else "."
    return text[:1].upper() + text[1:] + end

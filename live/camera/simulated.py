"""The simulated sheet: somebody draws a city with four markers, and a camera looks on from above.

It is the demo where there is no camera, and the measuring instrument of the reading: for every moment it
knows what a camera would show and what is true. Everything is a function of the seed and the time.

    conditions what the room, the camera, the inks and the person are like
    timeline   who is where when: the strokes cut into short marks, and the way of the pen
    paper      the sheet from above, in its own pixels: ink as it lies on the paper, and as classes
    scene      the camera's view of it: perspective, table, light, lens
    hand       laid over the view, with its shadow; and the new sheet that it brings when the old is full
    sensor     noise

Only what changes is painted: a mark's surroundings on the paper, its patch in the scene, the hand.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.layout import A4, MARKER_IDS, SheetLayout
from live.camera import drawings
from live.camera.base import UNLOCKED
from live.camera.drawings import Stroke
from live.camera.simulated_hand import ELBOW_MM, PX_PER_MM, TIP_MM, Sleeve, cloud, hand_sprites
from live.clock import Clock
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, WATER

Colour = tuple[int, int, int]
"""sRGB, red first."""
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

PAPER_PX_PER_MM: Final = 4
"""Resolution of the paper: finer than a 1080-line camera sees it."""
MARK: Final = 0.010
"""Length in sheet units of the pieces in which a stroke appears."""
LINE_SPEED: Final = 0.46
"""Sheet units per second of a pen that draws a line: about 9 cm/s."""
HATCH_SPEED: Final = 0.72
"""… and of one that hatches."""
HOLD: Final = 6.0
"""Seconds for which the finished drawing is left alone."""
SWAP: Final = 1.4
"""Seconds that it takes to lay a new sheet over it."""
CAMERA_KELVIN: Final = 5000.0
"""Colour temperature of the light in which the camera shows white as white."""
GAMMA: Final = 2.2
"""Exponent that leads from the camera's values to light."""
SHUTTER: Final = 1 / 60
"""Seconds for which the camera exposes a frame."""
SMEARS: Final = 10
"""Pictures of which a frame is blended while the sheet moves."""
GAP: Final = 0.008
"""White between the legs of a hatch, in sheet units, up to which they make one area: 1.5 mm."""
HIDDEN: Final = 0.06
"""A pixel is the hand's if it loses more of its light than this to the hand or its shadow."""

T = TypeVar("T", bound=np.generic)
AnyArray = NDArray[np.integer[Any] | np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Push:
    """Somebody moves the sheet over the table.

    at: seconds after the start. right, down: millimetres, as it lies in the layout. turn: degrees,
    clockwise as the camera sees it. seconds: that it takes, starting and stopping gently.
    """

    at: float
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    seconds: float = 0.4

    def share(self, t: float) -> float:
        """How much of it is done at a time, 0..1."""
        done = min(max((t - self.at) / max(self.seconds, 1e-6), 0.0), 1.0)
        return done * done * (3 - 2 * done)


@dataclass(frozen=True, slots=True)
class Cover:
    """A piece of white paper glued over what was drawn, `at` seconds after the sheet was laid.

    left, top, right, bottom: in sheet coordinates.
    """

    at: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the room, the camera, the inks and the person are like."""

    paper: Colour = (247, 245, 239)
    road: Colour = (36, 36, 42)
    green: Colour = (40, 140, 70)
    building: Colour = (208, 44, 46)
    water: Colour = (34, 86, 172)
    dryness: float = 1.0
    """How streaky the inks go on: 0 even, 1 a marker, 3 a crayon."""
    gaps: float = 0.0
    """Share of a hatch's width that stays white between its legs; what is so narrow (`GAP`) counts as
    drawn."""
    swatches: bool = True
    """Whether the sheet's swatch boxes are filled with the inks."""
    table: Colour = (104, 74, 52)
    hand: bool = True
    skin: Colour = (226, 176, 152)
    sleeve: Colour | None = (44, 50, 66)
    """None for a bare arm."""
    cuff: Colour | None = None
    """The sleeve's own colour if None."""
    stripes: Colour | None = None
    """Colour of every second band around the sleeve, if it is striped."""
    shadow: float = 1.0
    """Scales how much light the hand and arm take from the paper around them."""
    turn: float = -4.0
    """Degrees by which the sheet lies turned on the table."""
    tilt: float = 14.0
    """Degrees by which the camera looks aslant."""
    fills: float = 0.93
    """Share of the picture's width or height that the sheet takes in."""
    pushes: tuple[Push, ...] = ()
    covers: tuple[Cover, ...] = ()
    light_slope: float = 1.3
    """How many times more light falls on the drawing area's corner by the lamp than on the far one; light,
    as a light meter tells it, not the camera's values, which differ by about the root of that."""
    kelvin: float = 4700.0
    """Colour temperature of the light; the camera's white balance is fixed at `CAMERA_KELVIN`."""
    exposure: float = 1.0
    """Light that reaches the sensor; at 1 the brightest spot of the sheet is just not blown out."""
    vignette: float = 0.10
    """How much darker the picture's corners are than its centre, 0..1."""
    blur: float = 0.6
    """Standard deviation of the lens's blur in camera pixels."""
    noise: float = 2.2
    """Standard deviation of the sensor's noise in grey levels."""

    def place(self, t: float) -> tuple[float, float, float]:
        """How far the sheet has been moved by then: millimetres right and down, degrees clockwise."""
        done = [(push.share(t), push) for push in self.pushes]
        right, down, turn = (
            sum(share * getattr(push, way) for share, push in done) for way in ("right", "down", "turn")
        )
        return float(right), float(down), float(turn)

    def ink(self, label: int) -> Colour:
        """The colour of a class's ink; that of `ground` is the paper."""
        inks = {GROUND: self.paper, ROAD: self.road, GREEN: self.green}
        return (inks | {BUILDING: self.building, WATER: self.water})[label]

    def inks(self) -> Bytes:
        """The colours of all classes, sRGB, uint8 (5, 3)."""
        return np.array([self.ink(label) for label in range(len(CLASS_NAMES))], dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is really on the sheet at some moment, and what hides it from the camera.

    labels: uint8 (side, side), classes.
    drawn_at: float32 (side, side), the time at which each pixel got its present class, -inf if it never
        had another on this sheet.
    hand: bool (side, side), where the hand, the sleeve, the pen, their shadow or a new sheet that is just
        being laid lie over it.
    new_sheet: whether a new sheet is just being laid.
    """

    labels: Bytes
    drawn_at: Floats
    hand: NDArray[np.bool_]
    new_sheet: bool


class SimulatedSheet:
    """A drawing being made, over and over, each time on a new sheet.

    drawing: a name of `live.camera.drawings.DRAWING_NAMES`; raises InputFault for another.
    seed: of everything that chance decides; the same seed, size and conditions give the same frames.
    width, height: of the camera's picture.

    Any time may be asked for at any moment; going on is cheap, going back draws anew from the empty sheet.
    For one thread: it keeps the last state of paper and scene.
    """

    def __init__(
        self,
        drawing: str = "town",
        seed: int = 1,
        width: int = 1280,
        height: int = 720,
        conditions: Conditions | None = None,
        layout: SheetLayout = A4,
    ) -> None:
        self.drawing = drawing
        self.width, self.height = width, height
        self.conditions = conditions or Conditions()
        self._timeline = _Timeline(drawings.drawing(drawing, seed), self.conditions.covers)
        self._paper = _Paper(layout, self.conditions, seed)
        self._scene = _Scene(layout, self.conditions, seed, width, height, self._paper.bgr)
        self._noise = _Noise(self.conditions.noise, seed, width, height)
        self._hands = self._make_hands() if self.conditions.hand else {}
        self._sheets = 0
        self._marks_made = 0

    @property
    def corners(self) -> Floats:
        """Corners of the drawing area at the start, in camera pixels (0, 0 is the centre of the first),
        float32 (4, 2), clockwise from the top left."""
        return self.corners_at(0.0)

    def corners_at(self, t: float) -> Floats:
        """The same at any moment, for a sheet that is moved."""
        square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)
        from_sheet = self._scene.from_sheet_at(self.conditions.place(t))
        return _project(from_sheet, square).astype(np.float32)

    @property
    def finished_after(self) -> float:
        """Seconds from a new sheet to its last mark."""
        return self._timeline.finished

    @property
    def period(self) -> float:
        """Seconds from one new sheet to the next."""
        return self._timeline.period

    def render(self, t: float) -> Bytes:
        """What the camera sees `t` seconds after the start (before it: the first moment), uint8 (height,
        width, 3) BGR, a new array."""
        moment = self._go_to(t)
        picture = self._scene.still.copy()
        self._lay_over(picture, moment)
        way = np.linalg.norm(self.corners_at(t - SHUTTER) - self.corners_at(t), axis=1).max()
        if way > 1:  # what moves while the shutter is open is smeared
            self._smear(picture, t, moment)
        return self._noise.add(picture, t)

    def _smear(self, picture: Bytes, t: float, moment: float) -> None:
        """Blend the picture with what the sensor saw before on its way, in place."""
        whole = picture.astype(np.uint16)
        for step in range(1, SMEARS):
            self._scene.move(self.conditions.place(t - SHUTTER * step / SMEARS))
            self._scene.show(self._paper.bgr)
            before = self._scene.still.copy()
            self._lay_over(before, moment)
            whole += before
        picture[...] = whole // SMEARS
        self._scene.move(self.conditions.place(t))
        self._scene.show(self._paper.bgr)

    def truth(self, t: float, side: int = 512) -> Truth:
        """What is true at that moment; costs something only where it is asked for."""
        moment = self._go_to(t)
        light = np.full((self.height, self.width, 3), 255, dtype=np.uint8)
        self._lay_over(light, moment, light_only=True)
        pixel = np.array([[1 / side, 0, 0.5 / side], [0, 1 / side, 0.5 / side], [0, 0, 1]])
        seen = cv2.warpPerspective(
            np.ascontiguousarray(light[..., 0]),
            self._scene.from_sheet @ pixel,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        labels, drawn_at = self._paper.inside(side)
        drawn_at += np.float32(self._sheets * self.period)
        if self.conditions.gaps:
            _close(labels, drawn_at)
        laying = self._timeline.new_sheet(moment) is not None
        return Truth(labels, drawn_at, np.asarray(seen) < 255 * (1 - HIDDEN), laying)

    def pen(self, t: float) -> tuple[float, float] | None:
        """Where the tip of the pen is on the sheet while it draws, in sheet coordinates, else None."""
        return self._timeline.pen(max(t, 0.0) % self.period)

    def _go_to(self, t: float) -> float:
        """Bring paper and scene to the time `t`; returns the seconds since this sheet was laid."""
        sheets, moment = divmod(max(t, 0.0), self.period)
        due = int(np.searchsorted(self._timeline.mark_times, moment, side="right"))
        if int(sheets) != self._sheets or due < self._marks_made:
            self._paper.clear()
            self._scene.show(self._paper.bgr)
            self._sheets, self._marks_made = int(sheets), 0
        changed = [self._paper.make(mark) for mark in self._timeline.marks[self._marks_made : due]]
        self._marks_made = due
        moved = self._scene.move(self.conditions.place(t))
        if moved or len(changed) > 40:  # then patches are dearer than the whole picture at once
            self._scene.show(self._paper.bgr)
        else:
            for box in changed:
                self._scene.update(self._paper.bgr, box)
        return moment

    def _lay_over(self, picture: Bytes, moment: float, light_only: bool = False) -> None:
        """Lay over the picture what lies over the sheet; `light_only`: only what it takes of the light."""
        arriving = self._timeline.new_sheet(moment)
        if arriving is not None:
            self._scene.lay_sheet(picture, arriving, light_only)
        pose = self._timeline.pose(moment)
        if pose is not None and self._hands:
            self._scene.lay_hand(picture, self._hands[pose.ink], pose, light_only)

    def _make_hands(self) -> dict[int, Bytes]:
        """The hand with each of the markers."""
        c = self.conditions
        inks = (ROAD, GREEN, BUILDING, WATER)
        sprites = hand_sprites(
            c.skin[::-1],
            Sleeve(*(colour and colour[::-1] for colour in (c.sleeve, c.cuff, c.stripes))),
            [c.ink(ink)[::-1] for ink in inks],
            c.shadow,
        )
        return dict(zip(inks, sprites, strict=True))


class SimulatedSource:
    """The simulated sheet as a camera of so many frames per second of the clock; like a camera, it doesn't
    wait for who comes late."""

    live = False  # without sensor noise, and with no hand on it, it stands still
    name = "simulated sheet"
    locked = UNLOCKED

    def __init__(self, sheet: SimulatedSheet, fps: float, clock: Clock) -> None:
        self._sheet = sheet
        self._fps = fps
        self._clock = clock
        self._start = clock.now()
        self._next = 0
        self._closed = False

    def read(self) -> Bytes | None:
        if self._closed:
            return None
        now = self._clock.now() - self._start
        self._next = max(self._next, math.floor(now * self._fps))
        moment = self._next / self._fps
        self._clock.sleep(moment - now)
        self._next += 1
        return self._sheet.render(moment)

    def close(self) -> None:
        self._closed = True

    def describe(self) -> str:
        return f"simulated sheet, {self._sheet.drawing}, {self._sheet.width}×{self._sheet.height}"


# ── Timeline ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Mark:
    """A short piece of a stroke, in sheet units.

    way: from the stroke's beginning to `a`, along the stroke.
    hatches: whether it is one of a hatch, which may leave gaps.
    begins: whether a new pass starts here, whose ink lies over that of the pass before.
    time: at which the pen is at `b`, in seconds since the sheet was laid.
    """

    ink: int
    a: tuple[float, float]
    b: tuple[float, float]
    way: float
    width: float
    hatches: bool
    begins: bool
    time: float


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the hand is: the tip of its pen in sheet units, how high (0 on the paper, 1 well above it), and
    whose class the marker is that it holds."""

    x: float
    y: float
    lift: float
    ink: int


class _Timeline:
    """When what is drawn, and where the pen is meanwhile."""

    _AWAY: Final = (1.16, 1.36)
    """Where the hand rests, out of the camera's sight."""
    _GRIP: Final = (1.20, 0.72)
    """Where it holds a sheet that it lays down."""
    _STORE: Final = (3.15, 0.86)
    """Where the hand is with a new sheet that can't be seen yet."""

    def __init__(self, strokes: tuple[Stroke, ...], covers: tuple[Cover, ...] = ()) -> None:
        self._knots: list[tuple[float, float, float, float, int]] = []
        self.marks: list[_Mark | Cover] = []
        now, ink = 0.3, strokes[0].ink
        self._knot(0.0, self._GRIP, 0.0, ink)
        now = self._move(now, self._GRIP, self._AWAY, ink, 0.5) + 0.4
        at = self._AWAY
        for stroke in strokes:
            start = (float(stroke.points[0, 0]), float(stroke.points[0, 1]))
            if stroke.ink != ink:
                now = self._move(now, at, self._AWAY, ink, 0.45) + 0.45
                at, ink = self._AWAY, stroke.ink
            now = self._move(now, at, start, ink, 0.12 + 0.28 * math.dist(at, start))
            now = self._draw(now, stroke)
            at = (float(stroke.points[-1, 0]), float(stroke.points[-1, 1]))
        self.finished = now
        now = self._move(now, at, self._AWAY, ink, 0.5) + HOLD
        self._knot(now, self._AWAY, 1.0, ink)
        self._swap_begins = now
        self.period = self._move(now, self._STORE, self._GRIP, strokes[0].ink, SWAP)
        self.marks = sorted([*self.marks, *covers], key=_time_of)
        self.mark_times = np.array([_time_of(mark) for mark in self.marks])
        self._table = np.array([knot[:4] for knot in self._knots])
        self._inks = np.array([knot[4] for knot in self._knots])

    def new_sheet(self, moment: float) -> tuple[float, float] | None:
        """How far a new sheet is still from its place, in sheet units, while it is laid, else None."""
        if moment < self._swap_begins:
            return None
        x, y, _ = self._at(moment)
        return x - self._GRIP[0], y - self._GRIP[1]

    def pose(self, moment: float) -> _Pose | None:
        """The hand at a moment of the sheet, None while it is out of the way."""
        x, y, lift = self._at(moment)
        if math.dist((x, y), self._AWAY) < 1e-6:
            return None
        following = int(np.searchsorted(self._table[:, 0], moment, side="right"))
        return _Pose(x, y, lift, int(self._inks[min(following, len(self._inks) - 1)]))

    def pen(self, moment: float) -> tuple[float, float] | None:
        """Where the tip of the pen is while it is on the paper, else None."""
        x, y, lift = self._at(moment)
        return (x, y) if lift == 0 and 0 <= x <= 1 and 0 <= y <= 1 else None

    def _at(self, moment: float) -> tuple[float, float, float]:
        x, y, lift = (float(np.interp(moment, self._table[:, 0], self._table[:, i])) for i in (1, 2, 3))
        return x, y, lift

    def _knot(self, time: float, at: tuple[float, float], lift: float, ink: int) -> None:
        self._knots.append((time, *at, lift, ink))

    def _move(
        self, now: float, start: tuple[float, float], end: tuple[float, float], ink: int, seconds: float
    ) -> float:
        """The hand goes through the air, starting and stopping gently; returns when it has arrived."""
        rise = 0.35 * min(1.0, math.dist(start, end) / 0.6)
        low, high = (1.0 if spot == self._AWAY else 0.0 for spot in (start, end))
        for i in range(13):
            share = i / 12
            eased = share * share * (3 - 2 * share)
            spot = (start[0] + eased * (end[0] - start[0]), start[1] + eased * (end[1] - start[1]))
            lift = low + eased * (high - low) + rise * 4 * share * (1 - share)
            self._knot(now + share * seconds, spot, lift, ink)
        return now + seconds

    def _draw(self, now: float, stroke: Stroke) -> float:
        """The pen follows the stroke, slower around corners."""
        points = stroke.points
        steps = np.diff(points, axis=0)
        lengths = np.hypot(*steps.T)
        ahead = steps / np.maximum(lengths, 1e-9)[:, None]
        straight = np.concatenate([[1.0], (ahead[1:] * ahead[:-1]).sum(axis=1)])
        fastest = HATCH_SPEED if stroke.kind == "hatch" else LINE_SPEED
        speed = fastest * (0.6 + 0.4 * np.clip(straight, 0, 1))
        arrivals = now + np.concatenate([[0.0], np.cumsum(lengths / speed)])
        for time, point in zip(arrivals, points, strict=True):
            self._knot(float(time), (float(point[0]), float(point[1])), 0.0, stroke.ink)
        way = np.concatenate([[0.0], np.cumsum(lengths)])
        count = max(1, math.ceil(way[-1] / MARK))
        stops = np.linspace(0.0, way[-1], count + 1)
        xs, ys, times = (np.interp(stops, way, values) for values in (*points.T, arrivals))
        begun = 0
        for i in range(count):
            a, b = (float(xs[i]), float(ys[i])), (float(xs[i + 1]), float(ys[i + 1]))
            # Where a pen turns back, it lays new ink over what it has just drawn. It takes a few marks to
            # turn, along the edge of a hatch.
            back = max(i - 6, 0)
            before = float(xs[back + 1] - xs[back]), float(ys[back + 1] - ys[back])
            turned = (b[0] - a[0]) * before[0] + (b[1] - a[1]) * before[1] < -0.3 * MARK**2
            begins = i == 0 or (turned and i - begun >= 6)
            begun = i if begins else begun
            self.marks.append(
                _Mark(
                    stroke.ink,
                    a,
                    b,
                    float(stops[i]),
                    stroke.width,
                    stroke.kind == "hatch",
                    begins,
                    float(times[i + 1]),
                )
            )
        return float(arrivals[-1])


def _time_of(mark: _Mark | Cover) -> float:
    """When it appears, in seconds since the sheet was laid."""
    return mark.at if isinstance(mark, Cover) else mark.time


# ── Paper ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, picture: NDArray[T]) -> NDArray[T]:
        """That part of a picture, as a view."""
        return picture[self.top : self.bottom, self.left : self.right]

    def moved(self, dx: int, dy: int) -> _Box:
        return _Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, by: int) -> _Box:
        return _Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def within(self, frame: _Box) -> _Box:
        """What of it lies in another."""
        return _Box(
            max(self.left, frame.left),
            max(self.top, frame.top),
            min(self.right, frame.right),
            min(self.bottom, frame.bottom),
        )


class _Paper:
    """The sheet from above in its own pixels: what the ink looks like and which class it is.

    One pass of a pen is one coat: where its marks overlap, the wettest counts. The next pass, back over the
    same spot or of another stroke, lies on top and darkens it.
    """

    def __init__(self, layout: SheetLayout, conditions: Conditions, seed: int) -> None:
        scale = PAPER_PX_PER_MM
        self._side = round(layout.drawing_side * scale)
        self._left, self._top = round(layout.drawing_left * scale), round(layout.drawing_top * scale)
        shape = round(layout.paper_height * scale), round(layout.paper_width * scale)
        rng = np.random.default_rng([seed, 1])
        fibre = _blurred(rng.normal(size=shape), 1.1, 1.1)
        self._fibre = fibre / fibre.std()
        self._streaks = _streaks(rng, conditions.dryness)
        self._grain = 0.02 + 0.09 * max(conditions.dryness - 1.0, 0.0)
        self._gaps = conditions.gaps
        self._blank = self._print(layout, conditions, rng)
        self._tints = _tints(conditions)
        self.bgr = self._blank.copy()
        self._before = self._blank.copy()
        self._labels = np.zeros(shape, dtype=np.uint8)
        self._labels_before = self._labels.copy()
        self._drawn_at = np.full(shape, -np.inf, dtype=np.float32)
        self._wet = np.zeros(shape, dtype=np.float32)
        self._pass_boxes: list[_Box] = []
        self._pass_number = 0

    def clear(self) -> None:
        """A new sheet."""
        self.bgr[:] = self._blank
        self._before[:] = self._blank
        self._labels[:] = GROUND
        self._labels_before[:] = GROUND
        self._drawn_at[:] = -np.inf
        self._wet[:] = 0
        self._pass_boxes.clear()
        self._pass_number = 0

    def inside(self, side: int) -> tuple[Bytes, Floats]:
        """Classes and times of the drawing area at that side: the paper's pixel at each pixel's centre."""
        spots = ((np.arange(side) + 0.5) * self._side / side).astype(np.intp)
        grid = np.ix_(spots + self._top, spots + self._left)
        return self._labels[grid], self._drawn_at[grid]

    def make(self, mark: _Mark | Cover) -> _Box:
        """Lay one mark's ink, or a piece of paper; returns where the sheet changed."""
        return self._cover(mark) if isinstance(mark, Cover) else self._draw(mark)

    def _draw(self, mark: _Mark) -> _Box:
        if mark.begins:
            self._dry()
        ax, ay = mark.a[0] * self._side + self._left - 0.5, mark.a[1] * self._side + self._top - 0.5
        bx, by = mark.b[0] * self._side + self._left - 0.5, mark.b[1] * self._side + self._top - 0.5
        radius = mark.width * self._side / 2 * (1 - self._gaps * mark.hatches)
        reach = radius + 3.0
        height, width = self._labels.shape
        box = _Box(
            int(min(ax, bx) - reach),
            int(min(ay, by) - reach),
            int(max(ax, bx) + reach) + 2,
            int(max(ay, by) + reach) + 2,
        ).within(_Box(0, 0, width, height))
        xs = np.arange(box.left, box.right, dtype=np.float32)[None] - np.float32(ax)
        ys = np.arange(box.top, box.bottom, dtype=np.float32)[:, None] - np.float32(ay)
        dx, dy = bx - ax, by - ay
        length = math.hypot(dx, dy) or 1.0
        along = (xs * np.float32(dx / length)) + (ys * np.float32(dy / length))
        across = (xs * np.float32(-dy / length)) + (ys * np.float32(dx / length))
        beyond = along - np.clip(along, 0.0, np.float32(length))
        fibre = box.of(self._fibre)
        # Ink creeps along the fibres of the paper, so that no edge is quite smooth.
        inside = radius + 0.35 * fibre - np.sqrt(across * across + beyond * beyond)
        ink = np.clip(0.5 + inside / 1.8, 0.0, 1.0)
        rows = np.clip((across / np.float32(radius) * 31.5 + 32.0), 0, 63).astype(np.intp)
        start = 97 * self._pass_number + mark.way * self._side
        columns = (along + np.float32(start)).astype(np.intp) & 1023
        wet = ink * np.clip(self._streaks[rows, columns] - self._grain * fibre, 0.0, 1.0)

        ground = box.of(self._labels_before)
        free = (ground != ROAD) | (mark.ink == ROAD)  # nothing shows on black
        coat = box.of(self._wet)
        np.maximum(coat, wet * free, out=coat)
        before = box.of(self._before)
        tint = self._tints[mark.ink][ground]
        box.of(self.bgr)[...] = before + (tint - before) * coat[..., None] + 0.5
        new = (ink >= 0.5) & free & (box.of(self._labels) != mark.ink)
        box.of(self._labels)[new] = mark.ink
        box.of(self._drawn_at)[new] = mark.time
        self._pass_boxes.append(box)
        return box

    def _cover(self, cover: Cover) -> _Box:
        self._dry()
        left, right = (round(x * self._side) + self._left for x in (cover.left, cover.right))
        top, bottom = (round(y * self._side) + self._top for y in (cover.top, cover.bottom))
        height, width = self._labels.shape
        box = _Box(left, top, right, bottom).within(_Box(0, 0, width, height))
        rim = box.grown(1).within(_Box(0, 0, width, height))
        # The edge of the piece throws a hair of shadow.
        rim.of(self.bgr)[...] = rim.of(self.bgr) * 0.9
        box.of(self.bgr)[...] = box.of(self._blank)
        rim.of(self._before)[...] = rim.of(self.bgr)
        now = box.of(self._labels)
        box.of(self._drawn_at)[now != GROUND] = cover.at
        now[...] = GROUND
        box.of(self._labels_before)[...] = GROUND
        return rim

    def _dry(self) -> None:
        """The pass is over: what follows lies on top of it."""
        for box in self._pass_boxes:
            box.of(self._before)[...] = box.of(self.bgr)
            box.of(self._labels_before)[...] = box.of(self._labels)
            box.of(self._wet)[...] = 0
        self._pass_boxes.clear()
        self._pass_number += 1

    def _print(self, layout: SheetLayout, conditions: Conditions, rng: np.random.Generator) -> Bytes:
        """Blank paper with its four markers, its border and its swatch boxes."""
        tone = 1.0 + 0.004 * self._fibre
        paper = np.asarray(conditions.paper[::-1], dtype=np.float32) * tone[..., None]
        dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
        for number, corners in zip(MARKER_IDS, layout.marker_corners_mm(), strict=True):
            left, top = (round(float(v) * PAPER_PX_PER_MM) for v in corners[0])
            side = round(layout.marker_side * PAPER_PX_PER_MM)
            printed = cv2.aruco.generateImageMarker(dictionary, number, side)
            spot = paper[top : top + side, left : left + side]
            spot[printed == 0] = (34, 31, 32)
        # Lines are drawn two pixels wide, and the fainter for it.
        faint = 1 - (1 - layout.line_grey) * layout.line_width * PAPER_PX_PER_MM / 2
        lines = np.zeros(paper.shape[:2], dtype=np.uint8)
        for outline in (layout.border_corners_mm(), *layout.swatch_corners_mm()):
            spots = np.rint(outline * PAPER_PX_PER_MM).astype(np.int32)
            cv2.polylines(lines, [spots], isClosed=True, color=1, thickness=2)
        paper[lines > 0] *= faint
        for label, corners in enumerate(layout.swatch_corners_mm()):
            (left, top), (right, bottom) = (
                (round(float(v) * PAPER_PX_PER_MM) for v in corner) for corner in (corners[0], corners[2])
            )
            box = paper[top:bottom, left:right]
            if label != GROUND and conditions.swatches:
                box[...] = _scribbled(box, conditions.ink(label)[::-1], conditions.dryness, rng)
        return np.asarray(np.clip(paper, 0, 255), dtype=np.uint8)


def _close(labels: Bytes, drawn_at: Floats) -> None:
    """Give the narrow white gaps of hatched areas to their class, in place, as a person sees them."""
    side = len(labels)
    window = np.ones((2 * round(GAP * side / 2) + 1,) * 2, dtype=np.uint8)
    latest = np.asarray(cv2.dilate(drawn_at, window))
    for label in (GREEN, BUILDING, WATER):
        closed = cv2.morphologyEx((labels == label).astype(np.uint8), cv2.MORPH_CLOSE, window)
        gap = (np.asarray(closed) > 0) & (labels == GROUND)
        labels[gap] = label
        drawn_at[gap] = latest[gap]


def _scribbled(paper: Floats, ink: Colour, dryness: float, rng: np.random.Generator) -> Floats:
    """A box of paper filled with an ink, back and forth aslant, not quite to its edges, float32."""
    height, width = paper.shape[:2]
    step, margin = 4.4 * PAPER_PX_PER_MM, 2.5 * PAPER_PX_PER_MM
    rows = np.arange(margin, height - margin, step / 2)
    xs = np.where(np.arange(len(rows)) % 2, width - margin, margin) + rng.normal(0, 2.0, len(rows))
    trace = np.stack([xs, rows], axis=1).round().astype(np.int32)
    cover = np.zeros((height, width), dtype=np.float32)
    cv2.polylines(cover, [trace], isClosed=False, color=1.0, thickness=round(step), lineType=cv2.LINE_8)
    streaks = cv2.resize(_streaks(rng, dryness), (width, height), interpolation=cv2.INTER_AREA)
    share = (_blurred(cover, 1.0, 1.0) * streaks)[..., None]
    return np.asarray(paper + (np.asarray(ink, dtype=np.float32) - paper) * share, dtype=np.float32)


def _streaks(rng: np.random.Generator, dryness: float) -> Floats:
    """How much ink a marker leaves across its tip (64 rows) and along its way (1024 columns), float32."""
    fine = _blurred(rng.normal(size=(64, 1024)), 60, 1.2)
    fine /= fine.std()
    broad = _blurred(rng.normal(size=(64, 1024)), 25, 8)
    broad /= broad.std()
    rim = np.abs(np.linspace(-1, 1, 64, dtype=np.float32))[:, None] ** 6
    dry = np.clip(fine - 1.5, 0.0, 1.5)
    ink = 0.93 - dryness * (0.025 * fine + 0.025 * broad + 0.16 * dry) + 0.05 * rim
    return np.asarray(np.clip(ink, max(0.55 - 0.15 * max(dryness - 1.0, 0.0), 0.2), 1.0), dtype=np.float32)


def _tints(conditions: Conditions) -> Floats:
    """The colour that ink (first index) makes of what it lies on (second index), float32 (5, 5, 3), BGR."""
    inks = np.array([conditions.ink(label)[::-1] for label in range(5)], dtype=np.float32)
    tints = np.repeat(inks[:, None], 5, axis=1)
    for label in range(1, 5):
        tints[label, 1:] *= 0.94  # over another coat
        tints[label, label] = inks[label] * 0.86
    return tints


# ── Scene ────────────────────────────────────────────────────────────────────────────────────────────


class _Scene:
    """The camera's view of table and paper, kept up to date patch by patch."""

    _GRID: Final = 16

    def __init__(
        self,
        layout: SheetLayout,
        conditions: Conditions,
        seed: int,
        width: int,
        height: int,
        blank: Bytes,
    ) -> None:
        self._whole = _Box(0, 0, width, height)
        self._blur = conditions.blur
        self._layout = layout
        self._mm = _view(layout, conditions, width, height)
        self._paper_shape = blank.shape[:2]
        self._light = _light(layout, conditions, self._mm, width, height)
        self._wood = _wood(conditions.table[::-1], seed, width, height)
        self._place = (math.nan,) * 3
        self.move((0.0, 0.0, 0.0))
        self._lit = self._table.copy()
        self.still = self._table.copy()
        self.show(blank)
        self._blank_paper = blank.copy()
        self._blank, self._blank_at = self.still.copy(), self._place

    def from_sheet_at(self, place: tuple[float, float, float]) -> NDArray[np.float64]:
        """The homography from sheet coordinates to camera pixels for a sheet moved so far (see
        `Conditions.place`), float64 (3, 3)."""
        side, left, top = self._layout.drawing_side, self._layout.drawing_left, self._layout.drawing_top
        sheet = np.array([[side, 0, left], [0, side, top], [0, 0, 1.0]])
        return np.asarray(self._from_mm(place) @ sheet, dtype=np.float64)

    def move(self, place: tuple[float, float, float]) -> bool:
        """Lay the sheet elsewhere (see `Conditions.place`); returns whether it lay somewhere else. If so,
        the picture must be painted anew."""
        if place == self._place:
            return False
        self._place = place
        self.from_sheet = self.from_sheet_at(place)
        px = 1 / PAPER_PX_PER_MM
        self._from_paper = self._from_mm(place) @ np.array(
            [[px, 0, 0.5 * px], [0, px, 0.5 * px], [0, 0, 1.0]]
        )
        xs, ys = _spots(_inverse(self._from_paper), self._whole.right, self._whole.bottom)
        # In whole numbers, so that a patch comes out the same whichever way it is cut.
        whole, part = cv2.convertMaps(xs, ys, cv2.CV_16SC2)
        self._maps = np.asarray(whole, dtype=np.int16), np.asarray(part, dtype=np.uint16)
        self._cover = self._seen(np.full(self._paper_shape, 255, dtype=np.uint8), self._whole)
        self._edge = _edge(self._cover)
        self._table = _times(_times(self._wood, self._edge), self._light)
        return True

    def _from_mm(self, place: tuple[float, float, float]) -> NDArray[np.float64]:
        """From millimetres of a sheet moved so far to camera pixels."""
        right, down, turn = place
        x, y, angle = self._layout.paper_width / 2, self._layout.paper_height / 2, math.radians(turn)
        cos, sin = math.cos(angle), math.sin(angle)
        there = np.array(
            [
                [cos, -sin, x + right - cos * x + sin * y],
                [sin, cos, y + down - sin * x - cos * y],
                [0, 0, 1],
            ]
        )
        return np.asarray(self._mm @ there, dtype=np.float64)

    def show(self, paper: Bytes) -> None:
        """Paint the whole picture anew."""
        self._paint(paper, self._whole)

    def update(self, paper: Bytes, box: _Box) -> None:
        """Paint what shows a box of the paper."""
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
        seen = _project(self._from_paper, corners)
        first, last = np.floor(seen.min(axis=0)) - 1, np.ceil(seen.max(axis=0)) + 2
        grid = self._GRID
        near, far = first // grid * grid, -(-last // grid) * grid
        self._paint(paper, _Box(int(near[0]), int(near[1]), int(far[0]), int(far[1])).within(self._whole))

    def _paint(self, paper: Bytes, box: _Box) -> None:
        lit = _times(self._seen(paper, box), box.of(self._light))
        cover = box.of(self._cover)
        if cover.min() < 255:
            share = cover[..., None].astype(np.uint16)
            lit = ((lit * share + box.of(self._table) * (255 - share) + 127) // 255).astype(np.uint8)
        box.of(self._lit)[...] = lit
        # What is sharp here blurs so far around, and is blurred by what lies as far around that.
        reach = math.ceil(4 * self._blur) + 1
        soft, around = box.grown(reach).within(self._whole), box.grown(2 * reach).within(self._whole)
        patch = around.of(self._lit)
        if self._blur > 0:
            patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), self._blur), dtype=np.uint8)
        soft.of(self.still)[...] = soft.moved(-around.left, -around.top).of(patch)

    def _seen(self, paper: Bytes, box: _Box) -> Bytes:
        spots, parts = self._maps
        seen = cv2.remap(paper, box.of(spots), box.of(parts), cv2.INTER_LINEAR)
        return np.asarray(seen, dtype=np.uint8)

    def lay_sheet(self, picture: Bytes, away: tuple[float, float], light_only: bool) -> None:
        """Lay a new sheet over the picture, so many sheet units away from its place; `light_only`: only
        the light that it takes."""
        centre = np.array([(0.5, 0.5), (0.5 + away[0], 0.5 + away[1])])
        here, there = _project(self.from_sheet, centre)
        dx, dy = (round(float(v)) for v in there - here)
        target = self._whole.moved(dx, dy).within(self._whole)
        if target.left >= target.right or target.top >= target.bottom:
            return
        source = target.moved(-dx, -dy)
        under = target.of(picture)
        _times(under, source.of(self._edge), out=under)
        sheet = np.zeros_like(self.still) if light_only else self._new_sheet()
        cv2.copyTo(source.of(sheet), (source.of(self._cover) > 230).astype(np.uint8), under)

    def _new_sheet(self) -> Bytes:
        """The picture with an empty sheet in this one's place."""
        if self._blank_at != self._place:
            kept = self._lit.copy(), self.still.copy()
            self.show(self._blank_paper)
            self._blank, self._blank_at = self.still, self._place
            self._lit, self.still = kept
        return self._blank

    def lay_hand(self, picture: Bytes, sprite: Bytes, pose: _Pose, light_only: bool) -> None:
        """Lay the hand over the picture; `light_only`: only the light that it takes."""
        tip = np.array([pose.x, pose.y])
        # The elbow follows almost half of the way, so that the forearm swings.
        elbow = np.array([1.10, 1.95]) + (tip - 0.5) * (0.42, 0.50)
        step = np.array([0.001, 0.0])
        at, to, beside = _project(self.from_sheet, np.stack([tip, elbow, tip + step]))
        px_per_mm = float(np.hypot(*(beside - at))) / (0.001 * self._layout.drawing_side)
        # A lifted hand is nearer to the camera.
        scale = px_per_mm / PX_PER_MM * (1.0 + 0.07 * min(pose.lift, 1.0))
        turn = math.atan2(*(to - at)[::-1]) - math.atan2(ELBOW_MM[1], ELBOW_MM[0])
        cos, sin = scale * math.cos(turn), scale * math.sin(turn)
        x0, y0 = TIP_MM[0] * PX_PER_MM, TIP_MM[1] * PX_PER_MM
        matrix = np.array(
            [[cos, -sin, at[0] - cos * x0 + sin * y0], [sin, cos, at[1] - sin * x0 - cos * y0]]
        )
        for box in _bands(matrix, sprite.shape[1], sprite.shape[0], self._whole):
            shift = matrix - np.array([[0, 0, box.left], [0, 0, box.top]])
            size = box.right - box.left, box.bottom - box.top
            piece = cv2.warpAffine(sprite, shift, size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 255))
            through = cv2.cvtColor(cv2.extractChannel(piece, 3), cv2.COLOR_GRAY2BGR)
            under = box.of(picture)
            _times(under, through, out=under)
            if not light_only:
                colour = _times(cv2.cvtColor(piece, cv2.COLOR_BGRA2BGR), box.of(self._light))
                cv2.add(under, colour, dst=under)


def _view(layout: SheetLayout, conditions: Conditions, width: int, height: int) -> NDArray[np.float64]:
    """From millimetres of the paper to camera pixels: a pinhole over a turned sheet and a little table."""
    turn, tilt, roll = (math.radians(v) for v in (conditions.turn, conditions.tilt, 0.3 * conditions.tilt))
    distance = 3.0 * layout.paper_width
    spin = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    lean = np.array(
        [
            [math.cos(roll), 0, 0],
            [0, math.cos(tilt), 0],
            [math.sin(roll) / distance, -math.sin(tilt) / distance, 1],
        ]
    )
    centre = np.array([[1, 0, -layout.paper_width / 2], [0, 1, -layout.paper_height / 2], [0, 0, 1.0]])
    seen = lean @ spin @ centre
    paper = np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]) * (layout.paper_width, layout.paper_height)
    corners = _project(seen, paper)
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = float(min(width / (high - low)[0], height / (high - low)[1])) * conditions.fills
    x, y = np.array([width, height]) / 2 - scale * (low + high) / 2
    framed = np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]]) @ seen
    return np.asarray(framed / framed[2, 2])


def _light(
    layout: SheetLayout, conditions: Conditions, from_mm: NDArray[np.float64], width: int, height: int
) -> Bytes:
    """How much of each colour's light falls where and reaches the sensor, uint8 (H, W, 3), 255 = all; as
    shares of the camera's values, which are about the root of the light."""
    # How far from the lamp at the upper left, 0 and 1 at the drawing area's nearest and farthest corner.
    x, y = _spots(_inverse(from_mm), width, height)
    side = layout.drawing_side
    far = (0.8 * (x - layout.drawing_left) + 0.6 * (y - layout.drawing_top)) / (1.4 * side)
    # The paper's own corner nearest to the lamp is the brightest that must not blow out.
    nearest = (-0.8 * layout.drawing_left - 0.6 * layout.drawing_top) / (1.4 * side)
    fall = np.float32(max(conditions.light_slope, 1e-3)) ** -(np.clip(far, nearest, 2.0) - nearest)
    xs = np.linspace(-1, 1, width)[None] * (width / math.hypot(width, height))
    ys = np.linspace(-1, 1, height)[:, None] * (height / math.hypot(width, height))
    seen = (conditions.exposure * fall) ** (1 / GAMMA) * (1.0 - conditions.vignette * (xs**2 + ys**2))
    tint = (_white(conditions.kelvin) / _white(CAMERA_KELVIN)).clip(1e-4) ** (1 / GAMMA)
    tone = (tint / tint.max())[::-1]
    return np.asarray(np.round(255 * seen[..., None] * tone), dtype=np.uint8)


def _white(kelvin: float) -> NDArray[np.float64]:
    """The colour of a black body's light, linear sRGB, float64 (3,), red first.

    Chromaticity by the cubic approximation of B. Kim et al., "Design of Advanced Color Temperature Control
    System for HDTV Applications", J. Korean Physical Society 41 (2002).
    """
    t = 1e3 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    return np.asarray(to_srgb @ xyz)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _spots(matrix: NDArray[np.float64], width: int, height: int) -> tuple[Floats, Floats]:
    """Where a homography brings each pixel of a picture: x and y, float32 (height, width) each."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    x, y = np.arange(width, dtype=np.float64)[None], np.arange(height, dtype=np.float64)[:, None]
    depth = 1.0 / (g * x + h * y + i)
    return ((a * x + b * y + c) * depth).astype(np.float32), ((d * x + e * y + f) * depth).astype(
        np.float32
    )


def _edge(cover: Bytes) -> Bytes:
    """What light the edge of a sheet leaves to what it lies on, uint8 (H, W, 3)."""
    move = np.array([[1, 0, 3], [0, 1, 4]], dtype=np.float32)
    drop = cv2.GaussianBlur(cv2.warpAffine(cover, move, cover.shape[::-1]), (0, 0), 3.0)
    left = np.round(255 - 0.55 * np.asarray(drop, dtype=np.float32)).astype(np.uint8)
    return np.repeat(left[..., None], 3, axis=2)


def _wood(colour: Colour, seed: int, width: int, height: int) -> Bytes:
    """Planks seen from above, uint8 (H, W, 3)."""
    rng = np.random.default_rng([seed, 2])
    plank = max(height // 4, 8)
    tone = np.empty((height, width), dtype=np.float32)
    across = np.linspace(0, 9, plank, dtype=np.float32)[:, None]
    for top in range(0, height, plank):
        grain, rings = (
            cloud((rows, columns), (plank, width), rng) for rows, columns in ((plank // 3, 10), (4, 5))
        )
        wood = 1.0 + 0.05 * grain + 0.06 * np.sin(14.0 * rings + across) + rng.normal(0.0, 0.05)
        wood[:2] *= 0.55
        tone[top : top + plank] = wood[: height - top]
    tone = _blurred(tone, 0.8, 0.8)
    return np.clip(tone[..., None] * np.asarray(colour, dtype=np.float32), 0, 255).astype(np.uint8)


def _blurred(values: NDArray[np.floating], sigma_x: float, sigma_y: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y), dtype=np.float32)


def _times(picture: AnyArray, light: AnyArray, out: Bytes | None = None) -> Bytes:
    """A picture in the light (255 = all of it), uint8."""
    return np.asarray(cv2.multiply(picture, light, dst=out, scale=1 / 255), dtype=np.uint8)


def _bands(
    matrix: NDArray[np.float64], sprite_width: int, sprite_height: int, frame: _Box
) -> Iterator[_Box]:
    """The part of a frame that a turned sprite covers, in bands: its empty corners shall cost nothing."""
    sprite = np.array([(0, 0), (sprite_width, 0), (sprite_width, sprite_height), (0, sprite_height)])
    quad = sprite @ matrix[:, :2].T + matrix[:, 2]
    ends = np.stack([quad, np.roll(quad, -1, axis=0)], axis=1)
    first, last = max(math.floor(quad[:, 1].min()), 0), min(math.ceil(quad[:, 1].max()) + 1, frame.bottom)
    for top in range(first, last, 48):
        bottom = min(top + 48, last)
        reached = []
        for (ax, ay), (bx, by) in ends:
            low, high = (max(min(ay, by), top), min(max(ay, by), bottom))
            if low > high:
                continue
            if abs(by - ay) < 1e-9:
                reached += [ax, bx]
            else:
                reached += [ax + (bx - ax) * (y - ay) / (by - ay) for y in (low, high)]
        if reached:
            left, right = max(math.floor(min(reached)), 0), min(math.ceil(max(reached)) + 1, frame.right)
            if left < right:
                yield _Box(left, top, right, bottom)


def _project(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) through a homography."""
    seen = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(seen[:, :2] / seen[:, 2:])


# ── Sensor ───────────────────────────────────────────────────────────────────────────────────────────


class _Noise:
    """Sensor noise out of a stock that is made once and looked at from another spot for every frame."""

    _ROOM: Final = 64

    def __init__(self, strength: float, seed: int, width: int, height: int) -> None:
        self._seed = seed
        self._size = width, height
        self._stock: tuple[Bytes, Bytes] | None = None
        if strength > 0:
            rng = np.random.default_rng([seed, 3])
            shape = (height + self._ROOM, width + self._ROOM, 3)
            noise = np.round(strength * rng.standard_normal(shape, dtype=np.float32))
            self._stock = np.maximum(noise, 0).astype(np.uint8), np.maximum(-noise, 0).astype(np.uint8)

    def add(self, picture: Bytes, t: float) -> Bytes:
        """The picture with the noise of that moment, in place."""
        if self._stock is None:
            return picture
        spot = zlib.crc32(f"{self._seed} {t:.4f}".encode())
        x, y = spot % self._ROOM, spot // self._ROOM % self._ROOM
        width, height = self._size
        more, less = (part[y : y + height, x : x + width] for part in self._stock)
        cv2.add(picture, more, dst=picture)
        cv2.subtract(picture, less, dst=picture)
        return picture

"""Finding the sheet in frame after frame: still, pushed, turned, covered, gone, doubled, unmarked."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import live.finder
from calibration.layout import A4, MARKER_IDS
from calibration.sheet import UNIT_SQUARE
from live.finder import SheetFinder, Sighting
from models.faults import UsageFault

PX_PER_MM = 4
WIDTH, HEIGHT, FPS = 1280, 720, 30
MM = np.array([A4.paper_width, A4.paper_height])
Picture = NDArray[np.uint8]

RNG = np.random.default_rng(3)
WOOD = cv2.GaussianBlur(RNG.normal(0, 60, (HEIGHT, WIDTH)), (0, 0), sigmaX=30, sigmaY=1)
TABLE = np.clip(WOOD[..., None] + (52, 74, 104), 0, 255).astype(np.uint8)
NOISE = [np.round(RNG.normal(0, 2.5, (HEIGHT, WIDTH, 3))).astype(np.int16) for _ in range(4)]


def printed_sheet(hidden: tuple[int, ...] = ()) -> Picture:
    """The blank printed sheet from above with all markers but the hidden ones, BGR."""
    sheet = plain(drawn=False)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    side = round(A4.marker_side * PX_PER_MM)
    for number, corners in zip(MARKER_IDS, A4.marker_corners_mm(), strict=True):
        left, top = np.round(corners[0] * PX_PER_MM).astype(int)
        if number not in hidden:
            marker = cv2.aruco.generateImageMarker(dictionary, number, side)
            sheet[top : top + side, left : left + side] = np.where(marker, 238, 35)[..., None]
    return sheet


def plain(drawn: bool = True) -> Picture:
    """A paper without markers, drawn on so that it has an up and a down."""
    size = round(A4.paper_height * PX_PER_MM), round(A4.paper_width * PX_PER_MM), 3
    paper = np.full(size, 238, dtype=np.uint8)
    if drawn:
        cv2.circle(paper, (300, 250), 160, (172, 86, 34), -1)
        cv2.line(paper, (0, 700), (1187, 500), (40, 36, 36), 22)
        cv2.rectangle(paper, (600, 150), (1000, 420), (40, 36, 36), 16)
    return paper


def lying(
    x: float = 0.0, y: float = 0.0, turn: float = 0.0, tilt: float = 12, scale: float = 2.2
) -> NDArray[np.float64]:
    """From millimetres of the paper to pixels: its middle so many millimetres from the picture's."""
    a, t = math.radians(turn), math.radians(tilt)
    centre = np.array([[1, 0, -MM[0] / 2], [0, 1, -MM[1] / 2], [0, 0, 1]])
    spin = np.array([[math.cos(a), -math.sin(a), x], [math.sin(a), math.cos(a), y], [0, 0, 1]])
    lean = np.array([[1, 0, 0], [0, math.cos(t), 0], [0, math.sin(t) / 900, 1]])
    place = np.array([[scale, 0, WIDTH / 2], [0, scale, HEIGHT / 2], [0, 0, 1]])
    return np.asarray(place @ lean @ spin @ centre)


def frame(*sheets: tuple[Picture, NDArray[np.float64]], number: int = 0) -> Picture:
    """A camera's picture of papers on a table, a little soft and noisy."""
    seen = TABLE.copy()
    for paper, from_mm in sheets:
        px = 1 / PX_PER_MM
        from_px = from_mm @ np.array([[px, 0, px / 2], [0, px, px / 2], [0, 0, 1]])
        size = (WIDTH, HEIGHT)
        cv2.warpPerspective(paper, from_px, size, dst=seen, borderMode=cv2.BORDER_TRANSPARENT)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.8)
    return np.asarray(np.clip(seen + NOISE[number % len(NOISE)], 0, 255), dtype=np.uint8)


def truth(from_mm: NDArray[np.float64], markers: bool) -> NDArray[np.float32]:
    """The corners of the drawing area in pixels."""
    area = UNIT_SQUARE * A4.drawing_side + (A4.drawing_left, A4.drawing_top)
    corners = (area if markers else UNIT_SQUARE * MM).astype(np.float64)
    return np.asarray(cv2.perspectiveTransform(corners[None], from_mm)[0], dtype=np.float32)


def off(sighting: Sighting, from_mm: NDArray[np.float64], markers: bool) -> float:
    """How far the worst corner is off, in pixels."""
    assert sighting.position is not None
    return float(np.linalg.norm(sighting.position.corners - truth(from_mm, markers), axis=1).max())


PAPERS = pytest.mark.parametrize("markers", [True, False], ids=["markers", "outline"])


def paper(markers: bool) -> Picture:
    return printed_sheet() if markers else plain()


@PAPERS
def test_a_still_sheet_keeps_its_homography(markers: bool) -> None:
    finder, place = SheetFinder("auto"), lying(turn=5)
    seen = [finder.look(frame((paper(markers), place), number=i), i / FPS) for i in range(45)]
    assert all(s.found and not s.moving and not s.note for s in seen)
    assert off(seen[-1], place, markers) < 1.5
    assert len({id(s.position.homography) for s in seen if s.position}) == 1


@PAPERS
@pytest.mark.parametrize("push", [(60, 0, 0), (0, 40, 35), (-70, 20, 90), (30, -20, -180)])
def test_a_pushed_and_turned_sheet_is_followed(markers: bool, push: tuple[float, float, float]) -> None:
    finder, drawn = SheetFinder("auto"), paper(markers)
    scale, still, moving = 1.6, 10, 12

    def place(i: int) -> NDArray[np.float64]:
        share = min(max((i - still) / moving, 0.0), 1.0)
        share = share * share * (3 - 2 * share)
        return lying(push[0] * share, push[1] * share, push[2] * share, scale=scale)

    for i in range(still + moving + 15):
        sighting = finder.look(frame((drawn, place(i)), number=i), i / FPS)
        believed = sighting.found and not sighting.moving
        if believed:
            # What is read must lie where it was drawn: the city doesn't smear.
            assert off(sighting, place(i), markers) < 4, i
        if still + 2 <= i < still + moving - 2:
            assert sighting.moving, i
    assert believed
    assert off(sighting, place(i), markers) < 1.5


@PAPERS
def test_a_sheet_that_jumps_is_found_again_within_half_a_second(markers: bool) -> None:
    finder, drawn = SheetFinder("auto"), paper(markers)
    for i in range(5):
        finder.look(frame((drawn, lying(-50, scale=1.6)), number=i), i / FPS)
    there = lying(50, 10, 160, scale=1.6)
    seen = [finder.look(frame((drawn, there), number=i), i / FPS) for i in range(5, 20)]
    assert seen[0].moving
    assert seen[-1].found
    assert not seen[-1].moving
    assert off(seen[-1], there, markers) < 1.5


@PAPERS
def test_an_arm_over_the_sheet_does_not_unsettle_it(markers: bool) -> None:
    finder, drawn, place = SheetFinder("auto"), paper(markers), lying(turn=-3)
    first = finder.look(frame((drawn, place)), 0.0)
    assert first.position is not None
    corner = truth(place, False)[2]
    for i in range(1, 60):
        seen = frame((drawn, place), number=i)
        tip = corner - (60, 40) + 40 * np.array([math.sin(i / 5), math.cos(i / 7)])
        cv2.line(seen, (1279, 719), tuple(map(int, tip)), (130, 160, 215), 110)
        sighting = finder.look(seen, i / FPS)
        assert sighting.found
        assert not sighting.moving
        assert sighting.position is not None
        assert sighting.position.homography is first.position.homography
    if markers:
        assert sighting.note == "lower right marker hidden"


def test_a_fit_to_more_markers_replaces_one_to_fewer() -> None:
    finder, place = SheetFinder("auto"), lying(turn=4)
    first = finder.look(frame((printed_sheet(hidden=(2, 3)), place)), 0.0)
    assert first.position is not None
    assert first.position.fitted == (0, 1)
    for i in range(1, 15):
        sighting = finder.look(frame((printed_sheet(), place), number=i), i / FPS)
    assert sighting.position is not None
    assert sighting.position.fitted == MARKER_IDS
    assert off(sighting, place, True) < 1.5


@PAPERS
def test_looking_for_a_sheet_that_has_gone_does_not_hold_up_the_show(
    markers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is out of sight, most frames get no search at all, and none the whole one."""
    finder = SheetFinder("auto")
    finder.look(frame((paper(markers), lying())), 0.0)
    searches: list[tuple[int, str]] = []

    def counted(name: str) -> None:
        search = getattr(live.finder, name)

        def and_count(*given: object, **named: object) -> object:
            searches.append((i, name))
            return search(*given, **named)

        monkeypatch.setattr(live.finder, name, and_count)

    for name in ("find_markers", "find_some_markers", "find_outlines"):
        counted(name)
    for i in range(1, 6 * FPS):
        finder.look(frame(number=i), i / FPS)
    late = [at for at, _ in searches if at > 1.2 * FPS]
    assert not any(name == "find_markers" for _, name in searches)
    assert len(late) == len(set(late)) < 4.8 * FPS * 0.35
    assert {name for at, name in searches if at > 3 * FPS} == {"find_some_markers", "find_outlines"}


def test_one_marker_in_its_place_is_enough_to_go_on() -> None:
    finder, place = SheetFinder("auto"), lying()
    finder.look(frame((printed_sheet(), place)), 0.0)
    rest = printed_sheet(hidden=(1, 2, 3))
    for i in range(1, 40):
        sighting = finder.look(frame((rest, place), number=i), i / FPS)
        assert sighting.found
    assert sighting.note == "upper right and lower right and lower left markers hidden"


@PAPERS
def test_a_sheet_taken_away_is_kept_in_mind_and_found_when_it_comes_back(markers: bool) -> None:
    finder, drawn, place = SheetFinder("auto"), paper(markers), lying(turn=4)
    first = finder.look(frame((drawn, place)), 0.0)
    gone = [finder.look(frame(number=i), i / FPS) for i in range(1, 60)]
    assert not any(s.found for s in gone)
    assert not gone[-1].moving
    assert gone[-1].note == "the sheet is out of sight; keeping what was read"
    assert gone[-1].position is not None
    assert first.position is not None
    assert gone[-1].position.homography is first.position.homography
    back = [finder.look(frame((drawn, place), number=i), i / FPS) for i in range(60, 76)]
    assert back[-1].found
    assert off(back[-1], place, markers) < 1.5


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.full((HEIGHT, WIDTH, 3), 3, np.uint8), "the picture is black"),
        (np.full((HEIGHT, WIDTH, 3), 255, np.uint8), "the picture is blown out"),
        (frame(), "no sheet found"),
    ],
    ids=["black", "blown", "table"],
)
def test_a_picture_without_a_sheet_says_what_to_do(picture: Picture, words: str) -> None:
    fresh = SheetFinder("auto").look(picture, 0.0)
    assert (fresh.position, fresh.found) == (None, False)
    assert words in fresh.note
    finder = SheetFinder("auto")
    first = finder.look(frame((printed_sheet(), lying())), 0.0)
    assert first.position is not None
    for i in range(1, 40):
        then = finder.look(picture, i / FPS)
    assert not then.found
    assert then.position is not None
    assert then.position.homography is first.position.homography
    assert words in then.note or "out of sight" in then.note


@PAPERS
def test_after_a_dark_moment_the_sheet_is_there_at_once(markers: bool) -> None:
    finder, drawn = SheetFinder("auto"), paper(markers)
    first = finder.look(frame((drawn, lying())), 0.0)
    for i in range(1, 40):
        dark = finder.look(np.zeros((HEIGHT, WIDTH, 3), np.uint8), i / FPS)
        assert not dark.found
        assert "black" in dark.note
    again = finder.look(frame((drawn, lying()), number=1), 40 / FPS)
    assert (again.found, again.moving, again.note) == (True, False, "")
    assert again.position is not None
    assert first.position is not None
    assert again.position.homography is first.position.homography


@pytest.mark.parametrize(
    ("x", "y", "words"), [(-170, 0, "to the right"), (170, 0, "to the left"), (0, 130, "up")]
)
def test_half_a_sheet_says_which_way_to_move_it(x: float, y: float, words: str) -> None:
    sighting = SheetFinder("auto").look(frame((printed_sheet(), lying(x, y))), 0.0)
    assert f"move it {words}" in sighting.note


def test_of_two_sheets_the_one_that_was_there_is_read() -> None:
    finder, sheet = SheetFinder("auto"), printed_sheet()
    here, other = lying(-150, scale=1.4), lying(160, scale=1.5)
    finder.look(frame((sheet, here)), 0.0)
    for i in range(1, 45):
        sighting = finder.look(frame((sheet, here), (sheet, other), number=i), i / FPS)
        assert sighting.found
        assert off(sighting, here, True) < 1.5
    assert sighting.note == "two sheets in view: take one away; the one that was there before is read"
    fresh = SheetFinder("auto").look(frame((sheet, here), (sheet, other)), 0.0)
    assert off(fresh, other, True) < 2
    assert fresh.note == "two sheets in view: take one away; the larger one is read"


def test_of_two_papers_the_one_that_was_there_is_read() -> None:
    finder = SheetFinder("auto")
    here, other = lying(-150, scale=1.4), lying(160, scale=1.5)
    finder.look(frame((plain(), here)), 0.0)
    for i in range(1, 45):
        sighting = finder.look(frame((plain(), here), (plain(False), other), number=i), i / FPS)
        assert sighting.found
        assert off(sighting, here, False) < 1.5


@PAPERS
def test_a_camera_that_changes_its_size_goes_on(markers: bool) -> None:
    finder, place = SheetFinder("auto"), lying(turn=3)
    picture = frame((paper(markers), place))
    finder.look(picture, 0.0)
    small = np.asarray(cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    sighting = finder.look(small, 0.033)
    assert sighting.found
    assert sighting.position is not None
    expected = (truth(place, markers) + 0.5) / 2 - 0.5
    assert np.abs(sighting.position.corners - expected).max() < 1.5


SHARES = ((0.2, 0.1), (0.8, 0.1), (0.9, 0.9), (0.1, 0.9))
PIXELS = ((256.0, 72.0), (1024.0, 72.0), (1152.0, 648.0), (128.0, 648.0))


def test_shares_go_along_with_the_camera() -> None:
    finder = SheetFinder(SHARES, unit="shares")
    for width, height in ((1280, 720), (640, 480), (1280, 720)):
        sighting = finder.look(np.full((height, width, 3), 120, np.uint8), 0.0)
        assert sighting.found
        assert sighting.position is not None
        expected = np.array(SHARES) * (width, height) - 0.5
        np.testing.assert_allclose(sighting.position.corners, expected, atol=0.01)


def test_pixels_say_so_when_the_camera_changes() -> None:
    finder = SheetFinder(PIXELS)
    first = finder.look(np.full((720, 1280, 3), 120, np.uint8), 0.0)
    assert (first.found, first.note) == (True, "")
    then = finder.look(np.full((480, 640, 3), 120, np.uint8), 0.1)
    assert not then.found
    assert "640×480" in then.note
    assert "1280×720" in then.note
    assert finder.look(np.full((720, 1280, 3), 120, np.uint8), 0.2).found


@pytest.mark.parametrize(("value", "note"), [(0, "black"), (255, "blown out")])
def test_given_corners_know_a_picture_that_shows_nothing(value: int, note: str) -> None:
    finder = SheetFinder(PIXELS)
    assert finder.look(np.full((720, 1280, 3), 120, np.uint8), 0.0).found
    nothing = finder.look(np.full((720, 1280, 3), value, np.uint8), 0.1)
    assert not nothing.found
    assert note in nothing.note
    assert nothing.position is not None


def test_pixels_that_make_no_sheet_are_refused() -> None:
    with pytest.raises(UsageFault, match="clockwise"):
        SheetFinder(PIXELS[::-1])


def test_clearing_forgets_what_was_found() -> None:
    finder = SheetFinder("auto")
    assert finder.look(frame((printed_sheet(), lying())), 0.0).found
    finder.clear()
    assert finder.look(frame(), 0.1).position is None


@settings(max_examples=10, deadline=None)
@given(turns=st.lists(st.floats(-40, 40), min_size=1, max_size=4))
def test_a_paper_keeps_its_top_left_however_it_is_turned(turns: list[float]) -> None:
    finder, drawn, angle, now = SheetFinder("auto"), plain(), 0.0, 0.0
    finder.look(frame((drawn, lying(scale=1.6))), now)
    for turn in turns:
        for _ in range(3):
            angle += turn / 3
            now += 1 / FPS
            sighting = finder.look(frame((drawn, lying(turn=angle, scale=1.6))), now)
    for _ in range(5):
        now += 1 / FPS
        sighting = finder.look(frame((drawn, lying(turn=angle, scale=1.6))), now)
    assert sighting.found
    assert off(sighting, lying(turn=angle, scale=1.6), False) < 2

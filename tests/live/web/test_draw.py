"""The page that is the sheet, in a real browser on a real server: what is drawn there is what is read."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from live.camera.page import PageReader, PageSource
from live.clock import MonotonicClock
from live.config import (
    CameraSettings,
    ControlSettings,
    EngineSettings,
    MidiSettings,
    PageSettings,
    Settings,
)
from live.drawing import SIDE, Canvas, Stroke, bgr_of
from live.flow import Frame, Look
from live.opening import opened_show
from live.web.page import PageDesk
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER
from tests.live.conftest import soon
from tests.live.web.browser import DESKTOP, PHONE, TABLET, Browser, browsing
from tests.live.web.show import SmallShow

Point = tuple[float, float]
SKY = np.full((64, 64, 3), (40, 90, 160), np.uint8)
"""What the projector shows in these tests."""


class Show(SmallShow):
    """A show of a canvas and its page, which takes its turns by itself."""

    def __init__(self, folder: Path, canvas: Canvas | None, port: int = 0) -> None:
        super().__init__(folder, canvas=canvas, port=port)
        self.canvas = canvas
        self.mirror.look = Look(SKY)
        self._ending = threading.Event()
        self._turning = threading.Thread(target=self._turn)

    def __enter__(self) -> Show:
        self._turning.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._turning.join()
        super().__exit__(kind, error, trace)

    def _turn(self) -> None:
        for beat in itertools.count():
            self.turn({"heartbeat": beat})
            if self._ending.wait(0.02):
                return

    @property
    def port(self) -> int:
        return self.desk.port

    def labels(self) -> NDArray[np.uint8]:
        """The sheet as the show reads it now, with the page as its camera."""
        assert self.canvas is not None
        source, reader = PageSource(self.canvas, 30.0, self.clock), PageReader(SIDE, self.canvas)
        return reader.read(Frame(source.read(), 1, 0.0)).labels

    def at(self, x: float, y: float) -> int:
        """The class that is read at a place of the sheet."""
        return int(self.labels()[int(y * SIDE), int(x * SIDE)])


class Tab(Browser):
    """A browser with the page that is the sheet, and hands that draw."""

    def visit(self, port: int, size: tuple[int, int] = TABLET) -> Tab:
        """Open the page of the show on that port."""
        self._tell("Emulation.setTouchEmulationEnabled", enabled=True)
        self.open(f"http://127.0.0.1:{port}/draw", size)
        assert soon(lambda: not self.is_lost, 15)
        return self

    def leave(self) -> None:
        """Close the page, which had nothing to complain of but a show that was away."""
        self.driver.get("about:blank")
        logged = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        faults = [entry["message"] for entry in logged if entry["level"] == "SEVERE"]
        assert [fault for fault in faults if "net::ERR_CONNECTION" not in fault] == []

    def _tell(self, command: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(command, arguments)

    @property
    def is_lost(self) -> bool:
        return bool(self.js("return document.body.classList.contains('lost')"))

    @property
    def sign(self) -> str:
        return self.text("#sign")

    def brush(self, label: int) -> None:
        self.click(f'#brushes [data-class="{label}"]')

    def size(self, number: int) -> None:
        self.click(f"#sizes button:nth-child({number})")

    def on_screen(self, points: Sequence[Point]) -> list[Point]:
        box = self.js(
            "const box = document.getElementById('drawing').getBoundingClientRect();"
            "return [box.left, box.top, box.width]"
        )
        return [(box[0] + x * box[2], box[1] + y * box[2]) for x, y in points]

    def mouse(self, *points: Point, **more: Any) -> None:
        """Draw a line with the mouse or, as `more` says, with a pen."""
        path = walked(self.on_screen(points))
        kinds = ["mousePressed", *["mouseMoved"] * (len(path) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*path, path[-1]], strict=True):
            self._tell(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                buttons=int(kind != "mouseReleased"),
                **more,
            )

    def fingers(self, *lines: Sequence[Point]) -> None:
        """Draw several lines at once, a finger each."""
        paths = [walked(self.on_screen(line)) for line in lines]
        for kind, step in [("touchStart", 0), *[("touchMove", n) for n in range(1, len(paths[0]))]]:
            touches = [{"x": path[step][0], "y": path[step][1], "id": n} for n, path in enumerate(paths)]
            self._tell("Input.dispatchTouchEvent", type=kind, touchPoints=touches)
        self._tell("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def colour(self, x: float, y: float, canvas: str = "drawing") -> list[int]:
        """What the page shows at a place of the sheet: RGB."""
        script = """const canvas = document.getElementById(arguments[0]);
            const at = [arguments[1] * canvas.width, arguments[2] * canvas.height].map(Math.floor);
            return [...canvas.getContext("2d").getImageData(at[0], at[1], 1, 1).data].slice(0, 3)"""
        return list(self.js(script, canvas, x, y))

    def shows(self, labels: NDArray[np.uint8]) -> bool:
        """Whether the page shows exactly these labels."""
        script = """const canvas = document.getElementById("drawing");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let text = "";
            for (let i = 0; i < data.length; i += 4)
              text += String.fromCharCode(48 + (data[i] & 1) + (data[i + 1] & 2) + (data[i + 2] & 4));
            return text"""
        bits = np.frombuffer(self.js(script).encode(), np.uint8).reshape(labels.shape)
        bgr = bgr_of(labels)
        return np.array_equal(bits, 48 + (bgr[..., 2] & 1) + (bgr[..., 1] & 2) + (bgr[..., 0] & 4))


def walked(points: Sequence[Point], steps: int = 6) -> list[Point]:
    """Points on the way from each to the next, as a hand goes."""
    path = [points[0]]
    for a, b in itertools.pairwise(points):
        path += [
            (a[0] + (b[0] - a[0]) * n / steps, a[1] + (b[1] - a[1]) * n / steps)
            for n in range(1, steps + 1)
        ]
    return path


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    with Show(tmp_path, Canvas()) as show:
        yield show


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Tab]]:
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp("browser") for _ in range(2)]
        yield [Tab(stack.enter_context(browsing(folder)).driver) for folder in folders]


@pytest.fixture
def tabs(browsers: list[Tab]) -> Iterator[Callable[..., Tab]]:
    """Opens the page in a browser, and once more in another; as `Tab.visit`."""
    free = iter(browsers)
    used = []

    def opened(*arguments: Any) -> Tab:
        used.append(next(free))
        return used[-1].visit(*arguments)

    yield opened
    for tab in used:
        tab.leave()


ACROSS = ((0.1, 0.5), (0.9, 0.5))
DOWN = ((0.5, 0.1), (0.5, 0.9))
RGB = {GROUND: [255] * 3, ROAD: [0] * 3, GREEN: [0, 255, 0], BUILDING: [255, 0, 0], WATER: [0, 0, 255]}


def test_what_a_mouse_draws_is_read_with_the_brush_and_the_size_that_were_chosen(
    show: Show, tabs: Callable[..., Tab]
) -> None:
    tab = tabs(show.port)
    for label, y in ((ROAD, 0.1), (GREEN, 0.3), (BUILDING, 0.5), (WATER, 0.7)):
        tab.brush(label)
        tab.size(4)
        tab.mouse((0.1, y), (0.9, y))
        assert soon(lambda label=label, y=y: show.at(0.89, y) == label)  # type: ignore[misc]
        assert [show.at(x, y) for x in (0.11, 0.3, 0.5, 0.7)] == [label] * 4
        assert [show.at(0.5, y + d) for d in (-0.045, 0.045)] == [label] * 2, "a tenth of the sheet"
        assert [show.at(0.5, y + d) for d in (-0.056, 0.056)] == [GROUND] * 2
        assert tab.colour(0.5, y) == RGB[label]
    tab.brush(GROUND)
    tab.mouse(*DOWN)
    assert soon(lambda: [show.at(0.5, y) for y in (0.1, 0.3, 0.5, 0.7)] == [GROUND] * 4)
    assert show.at(0.3, 0.3) == GREEN
    # When it is quiet, the page shows the sheet as it is read, to the pixel.
    assert soon(lambda: tab.shows(show.labels()), 10)


def test_a_show_without_a_camera_is_drawn_in_a_browser(tabs: Callable[..., Tab], tmp_path: Path) -> None:
    file = tmp_path / "drawing.png"
    settings = Settings(
        camera=CameraSettings(source="page"),
        engine=EngineSettings(side=64),
        control=ControlSettings(osc_port=0, oscquery_port=0),
        page=PageSettings(port=0, drawing=str(file)),
        midi=MidiSettings(api="none"),
    )
    with (
        opened_show(settings, MonotonicClock(), headless=True) as stage,
        ThreadPoolExecutor(1) as visitor,
    ):
        desk = next(desk for desk in stage.parts.desks if isinstance(desk, PageDesk))

        def draw() -> list[list[int]]:
            """What the page shows of the city before and after its middle became water."""
            tab = tabs(desk.port)
            tab.click('#views [data-view="beside"]')
            assert soon(lambda: tab.colour(0.5, 0.5, "city") != RGB[ROAD], 15), "no picture yet"
            seen = [tab.colour(0.5, 0.5, "city")]
            tab.brush(WATER)
            tab.size(4)
            for y in (0.45, 0.5, 0.55):
                tab.mouse((0.3, y), (0.7, y))
            assert soon(lambda: stage.reading is not None and stage.reading.labels[32, 44] == WATER)
            assert soon(lambda: np.ptp([*seen, tab.colour(0.5, 0.5, "city")], axis=0).max() > 20)
            return [*seen, tab.colour(0.5, 0.5, "city")]

        drawn = visitor.submit(draw)
        for _ in stage.turns():
            if drawn.done():
                break
        assert np.ptp(drawn.result(), axis=0).max() > 20
    assert Canvas(file).drawing().labels[SIDE // 2, SIDE // 2] == WATER, "kept for the next show"


def test_keys_choose_brushes_and_take_back(show: Show, tabs: Callable[..., Tab]) -> None:
    tab = tabs(show.port)
    tab.press("4")
    tab.mouse(*ACROSS)
    tab.press("3", "]")
    tab.mouse(*DOWN)
    assert soon(lambda: show.at(0.5, 0.88) == BUILDING)
    assert show.at(0.52, 0.3) == BUILDING, "thicker"
    assert show.at(0.3, 0.52) == GROUND
    ActionChains(tab.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    assert soon(lambda: show.at(0.5, 0.88) == GROUND)
    assert show.at(0.3, 0.5) == WATER


def test_fingers_draw_at_once_on_a_phone(show: Show, tabs: Callable[..., Tab]) -> None:
    tab = tabs(show.port, PHONE)
    tab.brush(WATER)
    tab.fingers([(0.1, 0.2), (0.9, 0.2)], [(0.1, 0.8), (0.9, 0.8)])
    assert soon(lambda: show.at(0.89, 0.2) == show.at(0.89, 0.8) == WATER)
    assert all(show.at(x, y) == WATER for x in (0.11, 0.5) for y in (0.2, 0.8))
    assert not show.labels()[SIDE * 3 // 10 : SIDE * 7 // 10].any(), "not one line from finger to finger"
    tab.click("#undo")
    assert soon(lambda: show.at(0.5, 0.8) == GROUND)
    assert show.at(0.5, 0.2) == WATER


def test_a_pen_draws_as_hard_as_it_presses_if_that_is_wished(show: Show, tabs: Callable[..., Tab]) -> None:
    tab = tabs(show.port)
    pen = {"pointerType": "pen"}
    tab.size(4)
    tab.mouse((0.1, 0.2), (0.9, 0.2), force=1.0, **pen)
    assert soon(lambda: show.at(0.89, 0.2) == ROAD)
    tab.click("#pressure")
    tab.mouse((0.1, 0.5), (0.9, 0.5), force=0.1, **pen)
    tab.mouse((0.1, 0.8), (0.9, 0.8), force=1.0, **pen)
    assert soon(lambda: show.at(0.89, 0.8) == ROAD)
    plain, light, hard = (
        np.count_nonzero(show.labels()[:, SIDE // 2][y : y + 300]) for y in (60, 362, 664)
    )
    assert light < 0.65 * plain
    assert hard > 1.35 * plain


def test_two_visitors_draw_on_one_sheet_and_each_takes_back_his_own(
    show: Show, tabs: Callable[..., Tab]
) -> None:
    one, other = tabs(show.port), tabs(show.port, PHONE)
    one.brush(WATER)
    one.mouse(*ACROSS)
    assert soon(lambda: other.colour(0.3, 0.5) == RGB[WATER])
    other.brush(GREEN)
    other.mouse(*DOWN)
    assert soon(lambda: one.colour(0.5, 0.3) == RGB[GREEN])
    one.click("#undo")
    assert soon(lambda: one.colour(0.3, 0.5) == other.colour(0.3, 0.5) == RGB[GROUND])
    assert show.at(0.5, 0.3) == GREEN
    assert soon(lambda: one.shows(show.labels()) and other.shows(show.labels()), 10)
    one.click("#undo")
    assert soon(lambda: one.sign == "there is nothing left that you can take back")
    assert show.at(0.5, 0.3) == GREEN


def test_pages_that_draw_over_each_other_agree_in_the_end(show: Show, tabs: Callable[..., Tab]) -> None:
    both = tabs(show.port), tabs(show.port, PHONE)

    def scribble(number: int) -> None:
        tab, chance = both[number], np.random.default_rng(number)
        for _ in range(15):
            if chance.random() < 0.3:
                tab.click("#undo")
                continue
            tab.brush(int(chance.integers(0, 5)))
            tab.size(int(chance.integers(1, 5)))
            tab.mouse(*[(float(x), float(y)) for x, y in chance.random((3, 2))])

    with ThreadPoolExecutor(2) as hands:
        list(hands.map(scribble, range(2)))
    assert soon(lambda: all(tab.shows(show.labels()) for tab in both), 15)
    assert show.labels().any()


def test_clear_wants_a_second_press_and_can_be_taken_back(show: Show, tabs: Callable[..., Tab]) -> None:
    tab = tabs(show.port)
    tab.mouse(*ACROSS)
    assert soon(lambda: show.at(0.88, 0.5) == ROAD)
    tab.click("#clear")
    assert show.at(0.5, 0.5) == ROAD
    assert tab.text("#clear") == "Clear all?"
    tab.click("#clear")
    assert soon(lambda: not show.labels().any())
    assert soon(lambda: tab.colour(0.5, 0.5) == RGB[GROUND])
    tab.click("#undo")
    assert soon(lambda: show.at(0.5, 0.5) == ROAD)
    assert soon(lambda: tab.colour(0.5, 0.5) == RGB[ROAD])


def test_what_the_show_forgets_the_page_forgets(show: Show, tabs: Callable[..., Tab]) -> None:
    tab = tabs(show.port)
    tab.mouse(*ACROSS)
    assert soon(lambda: show.at(0.88, 0.5) == ROAD)
    assert show.canvas is not None
    show.canvas.clear()
    assert soon(lambda: tab.colour(0.5, 0.5) == RGB[GROUND])


def test_save_keeps_the_map(show: Show, tabs: Callable[..., Tab], tmp_path: Path) -> None:
    tab = tabs(show.port)
    tab.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    tab.brush(BUILDING)
    tab.mouse(*ACROSS)
    assert soon(lambda: show.at(0.88, 0.5) == BUILDING)
    tab.click("#save")
    assert soon((tmp_path / "drawing.png").is_file)
    saved = cv2.imread(str(tmp_path / "drawing.png"))
    np.testing.assert_array_equal(saved, bgr_of(show.labels()))


def test_a_page_comes_back_with_the_show_and_brings_what_was_drawn_meanwhile(
    tabs: Callable[..., Tab], tmp_path: Path
) -> None:
    with Show(tmp_path, Canvas()) as show:
        port = show.port
        tab = tabs(port)
        tab.mouse(*ACROSS)
        assert soon(lambda: show.at(0.88, 0.5) == ROAD)
    assert soon(lambda: tab.is_lost)
    assert tab.sign.startswith("Not connected")
    tab.brush(WATER)
    tab.mouse(*DOWN)
    # Another show has a drawing of its own, which counts; and what no show was told, it is told now.
    canvas = Canvas()
    canvas.draw("other", Stroke("line", GREEN, 0.05, ((0.1, 0.9), (0.9, 0.9))))
    with Show(tmp_path, canvas, port) as again:
        assert soon(lambda: not tab.is_lost, 15)
        assert soon(lambda: again.at(0.5, 0.85) == WATER)
        assert again.at(0.3, 0.9) == GREEN
        assert again.at(0.3, 0.5) == GROUND
        # Open: right after it has come back the page's own picture may not be that of the show yet.
        tab.click("#undo")
        assert soon(lambda: again.at(0.5, 0.85) == GROUND)


def test_the_city_shows_beside_or_behind_the_map_when_it_is_wanted(
    show: Show, tabs: Callable[..., Tab]
) -> None:
    assert tabs(show.port, DESKTOP).all("#city"), "where there is room, from the start"
    tab = tabs(show.port, PHONE)
    assert not tab.all("#city")
    for view in ("beside", "behind"):
        tab.click(f'#views [data-view="{view}"]')
        assert tab.all("#city")
        assert soon(lambda: np.abs(np.subtract(tab.colour(0.5, 0.5, "city"), SKY[0, 0])).max() < 8)
    drawing, behind = (tab.one(name).rect for name in ("#drawing", "#city"))
    assert drawing == behind
    tab.mouse(*ACROSS)
    assert soon(lambda: show.at(0.88, 0.5) == ROAD)


def test_a_page_of_a_show_that_looks_at_a_camera_says_so(tabs: Callable[..., Tab], tmp_path: Path) -> None:
    with Show(tmp_path, None) as show:
        tab = tabs(show.port)
        assert "This show looks at a camera" in tab.text("#elsewhere")


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE, PHONE[::-1], TABLET[::-1], (1366, 768)])
def test_all_tools_are_on_the_screen_and_large_enough_for_a_finger(
    show: Show, tabs: Callable[..., Tab], size: tuple[int, int]
) -> None:
    tab = tabs(show.port, size)
    for view in ("map", "beside", "behind"):
        tab.click(f'#views [data-view="{view}"]')
        for element in tab.all("#tools button, #tools a, #sheet canvas"):
            box = element.rect
            assert min(box["width"], box["height"]) >= 36
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= size[0] + 0.5
            assert box["y"] + box["height"] <= size[1] + 0.5

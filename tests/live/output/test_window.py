from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pygame
import pytest

from live.config import OutputSettings
from live.output.base import Output, PointerEvent
from live.output.headless import HeadlessOutput
from live.output.window import ProjectorWindow
from models.faults import DeviceFault
from tests.live.conftest import Screen, soon

pytestmark = pytest.mark.window

RED, GREEN, BLUE, WHITE = (200, 30, 20), (10, 160, 40), (20, 40, 210), (255, 255, 255)
LINES = ("29.9 fps · 0 dropped", "camera  USB camera 0, 1280×720 – found")


def quarters(side: int = 64) -> np.ndarray:
    """Red, green over blue, white: uint8 (side, side, 3)."""
    small = np.array([[RED, GREEN], [BLUE, WHITE]], np.uint8)
    return small.repeat(side // 2, 0).repeat(side // 2, 1)


@contextmanager
def window(**settings: object) -> Iterator[Output]:
    with closing(ProjectorWindow(OutputSettings(**settings))) as output:  # type: ignore[arg-type]
        yield output


def keys_until(output: Output, last: str) -> list[str]:
    """All keys up to `last`, which must come."""
    seen: list[str] = []

    def there() -> bool:
        seen.extend(output.keys())
        return last in seen

    assert soon(there), f"{last} not among {seen}"
    return seen


def test_fullscreen_letterboxed(screen: Screen) -> None:
    with window() as output:
        output.show(quarters(), ())
        headless = HeadlessOutput((1280, 720), "letterbox")
        headless.show(quarters(), ())
        assert screen.shows(headless.last)
        shot = screen.shot()
        assert not shot[:, :280].any()
        assert not shot[:, 1000:].any()
        corners = [tuple(shot[y, x]) for y in (5, 715) for x in (285, 995)]
        assert corners == [RED, GREEN, BLUE, WHITE]
        assert output.describe() == "display 0, 1280×720"


def test_fullscreen_filled(screen: Screen) -> None:
    with window(fit="fill") as output:
        output.show(quarters(), ())
        headless = HeadlessOutput((1280, 720), "fill")
        headless.show(quarters(), ())
        assert screen.shows(headless.last)
        corners = [tuple(screen.shot()[y, x]) for y in (0, 719) for x in (0, 1279)]
        assert corners == [RED, GREEN, BLUE, WHITE]


def test_overlay_comes_and_goes(screen: Screen) -> None:
    plain, lettered = HeadlessOutput(), HeadlessOutput()
    plain.show(quarters(), ())
    lettered.show(quarters(), LINES)
    assert not np.array_equal(plain.last, lettered.last)
    with window() as output:
        for headless, lines in ((plain, ()), (lettered, LINES), (plain, ())):
            output.show(quarters(), lines)
            assert screen.shows(headless.last)


def test_keys_arrive_by_name_and_once(screen: Screen) -> None:
    pressed = [
        "h",
        "B",
        "1",
        "KP_End",
        "shift+1",
        "space",
        "ctrl+q",
        "Right",
        "shift+Right",
        "Escape",
        "F11",
    ]
    names = ["h", "b", "1", "1", "1", "space", "ctrl+q", "right", "shift+right", "escape", "f11", "tab"]
    modifiers = {"ctrl+left ctrl", "left shift", "right shift", "numlock"}
    with window() as output:
        output.show(quarters(), ())
        screen.press(*pressed, "Tab")
        seen = keys_until(output, "tab")
        assert [name for name in seen if name not in modifiers] == names
        assert set(output.keys()) <= modifiers


def keys_of_holding(screen: Screen, output: Output, key: str) -> list[str]:
    """What is heard of a key that is held for half a second or longer."""
    seen: list[str] = []

    def repeats() -> bool:
        seen.extend(output.keys())
        return len(seen) > 2

    screen.run("xdotool", "keydown", key)
    soon(repeats, within=0.7)
    screen.run("xdotool", "keyup", key)
    screen.press("End")
    return seen + keys_until(output, "end")[:-1]


def test_only_keys_that_move_something_repeat(screen: Screen) -> None:
    with closing(ProjectorWindow(OutputSettings(), pointer=True)) as output:
        output.show(quarters(), ())
        assert keys_of_holding(screen, output, "b") == ["b"]
        assert keys_of_holding(screen, output, "b") == ["b"]
        assert len(keys_of_holding(screen, output, "Left")) > 2


def test_no_key_of_a_show_repeats(screen: Screen) -> None:
    with window() as output:
        output.show(quarters(), ())
        assert keys_of_holding(screen, output, "Left") == ["left"]


def test_the_pointer_is_reported_where_it_is(screen: Screen) -> None:
    with closing(ProjectorWindow(OutputSettings(), pointer=True)) as output:
        assert pygame.mouse.get_visible()
        assert output.size == (1280, 720)
        output.show(quarters(), ())
        screen.run("xdotool", "mousemove", "300", "200", "mousedown", "1", "mousemove", "310", "220")
        screen.run("xdotool", "mouseup", "1", "click", "3")
        seen: list[PointerEvent] = []

        def released() -> bool:
            output.keys()
            seen.extend(output.pointer())
            return seen[-1:] == [PointerEvent("released", (310, 220))]

        assert soon(released)
        done = [event for event in seen if event.kind != "moved" or event.at == (310, 220)]
        assert done[0] == PointerEvent("pressed", (300, 200))
        assert {event.kind for event in done[1:-1]} == {"moved"}
        assert not output.pointer()


def test_keys_of_the_desktop_are_left_to_it(screen: Screen) -> None:
    with window() as output:
        output.show(quarters(), ())
        screen.press("alt+b", "super+f", "h")
        assert not {"b", "f"} & set(keys_until(output, "h"))


@pytest.mark.usefixtures("screen")
def test_no_cursor_and_no_screen_saver() -> None:
    with window() as output:
        output.show(quarters(), ())
        assert not pygame.mouse.get_visible()
        assert not pygame.display.get_allow_screensaver()


def test_window_is_resized_and_asked_to_close(desktop: Screen) -> None:
    with window(fullscreen=False) as output:
        output.show(quarters(), ())
        assert output.describe() == "window on display 0, 1024×576"
        window_id = str(pygame.display.get_wm_info()["window"])
        desktop.run("xdotool", "windowsize", window_id, "500", "400")

        def resized() -> bool:
            output.keys()
            return output.describe().endswith("500×400")

        assert soon(resized)
        output.show(quarters(), ())
        headless = HeadlessOutput((500, 400))
        headless.show(quarters(), ())

        def shown() -> bool:
            shot = desktop.shot()
            found = np.argwhere((shot == RED).all(axis=2))
            if not len(found):
                return False
            top, left = found.min(axis=0) - [0, 50]
            return np.array_equal(shot[top : top + 400, left : left + 500], headless.last)

        assert soon(shown)

        def closing_asked() -> bool:
            desktop.press("alt+F4")  # closes what has the focus, which may still be the clock
            return output.keys()[-1:] == ["close"]

        assert soon(closing_asked)


def test_losing_the_focus_changes_nothing(desktop: Screen) -> None:
    headless = HeadlessOutput()
    with window() as output:
        output.show(quarters(), ())
        headless.show(quarters(), ())
        assert desktop.shows(headless.last)
        desktop.run("xdotool", "search", "--class", "xclock", "windowfocus")
        assert soon(lambda: output.keys() == [] and not pygame.key.get_focused())
        output.show(quarters()[::-1], ())
        headless.show(quarters()[::-1], ())
        assert desktop.shows(headless.last[:, 200:], left=200)


def test_the_chosen_display(two_displays: Screen) -> None:
    headless = HeadlessOutput((800, 600))
    headless.show(quarters(), LINES)
    with window(display=1) as output:
        output.show(quarters(), LINES)
        assert two_displays.shows(headless.last, left=1024)
        assert not two_displays.shot()[:, :1024].any()
        assert output.describe() == "display 1, 800×600"
    with pytest.raises(DeviceFault, match=r"no display 2: .* 0 \(1024×768\) and 1 \(800×600\)"):
        ProjectorWindow(OutputSettings(display=2))


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize("display", [1, 7, -1])
def test_a_display_that_is_not_there(display: int) -> None:
    with pytest.raises(DeviceFault, match=rf"no display {display}: output.display can be 0 \(1280×720\)"):
        ProjectorWindow(OutputSettings(display=display))
    with window() as output:
        assert output.describe() == "display 0, 1280×720"


@pytest.mark.parametrize("display", [None, ":64999"])
def test_no_display_server(display: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DeviceFault, match=r"no display server .* --headless"):
        ProjectorWindow(OutputSettings())


def test_closes_twice(screen: Screen) -> None:
    output = ProjectorWindow(OutputSettings())
    output.show(quarters(), ())
    output.close()
    output.close()
    assert soon(lambda: not screen.shot().any())


def test_pygame_prints_no_banner() -> None:
    environment = {name: value for name, value in os.environ.items() if "PYGAME" not in name}
    done = subprocess.run(
        [sys.executable, "-c", "import live.output.window"],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert done.stdout == b""

"""A real browser for tests: Chromium without a screen, and what it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.remote.webelement import WebElement

from tests.live.conftest import soon
from tests.support import require_program

PHONE, TABLET, DESKTOP = (390, 844), (1024, 768), (1440, 900)

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """A browser with a page of the show in it; elements are named by CSS selectors."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str, size: tuple[int, int] = DESKTOP) -> None:
        """Open a page as it looks in a window of that size."""
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(url)

    def js(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that can be seen."""
        return [each for each in self.driver.find_elements("css selector", selector) if each.is_displayed()]

    def one(self, selector: str) -> WebElement:
        """The first that can be seen, scrolled into sight."""
        assert soon(lambda: bool(self.all(selector)), 10.0), f"no {selector} to be seen"
        element = self.all(selector)[0]
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        return element

    def click(self, selector: str) -> None:
        """Click with the mouse, as a person would."""
        self.one(selector).click()

    def text(self, selector: str) -> str:
        """What can be read there; "" if nothing can be seen."""
        return " ".join(each.text for each in self.all(selector))

    def reads(self, selector: str, text: str, within: float = 10.0) -> bool:
        """Whether a text can be read there, now or soon."""
        return soon(lambda: text in self.text(selector), within)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the first such element, in pixels of the window."""
        box = self.js("return document.querySelector(arguments[0]).getBoundingClientRect()", selector)
        return box["left"], box["top"], box["right"], box["bottom"]

    def complaints(self) -> list[str]:
        """Errors that the browser has written down since it was asked last."""
        entries: list[dict[str, str]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def press(self, *keys: str) -> None:
        """Keys, pressed wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def drag(self, element: WebElement, start: float, end: float, kind: str = "mouse") -> None:
        """Drag along an element, from and to a share of its width, with a "mouse" or a "touch"."""
        width = element.size["width"]
        hand = PointerInput(kind, kind)  # type: ignore[no-untyped-call]
        actions = ActionBuilder(self.driver, mouse=hand)
        pointer: Any = actions.pointer_action  # selenium's has no types
        x = [round((share - 0.5) * width) for share in (start, (start + end) / 2, end)]
        pointer.move_to(element, x[0], 0).pointer_down()
        pointer.move_to(element, x[1], 0).move_to(element, x[2], 0).pointer_up()
        actions.perform()


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser of its own. folder: where it keeps its files; empty."""
    chromium = require_program("chromium", apt="chromium")
    driver_program = require_program("chromedriver", apt="chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*_OPTIONS, f"--user-data-dir={folder}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_program))
    driver.set_script_timeout(20)
    try:
        yield Browser(driver)
    finally:
        driver.quit()

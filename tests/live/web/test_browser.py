"""The page in a real browser, on a real show: a simulated sheet, a real engine, a real port."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from live.clock import MonotonicClock
from live.config import (
    CameraSettings,
    ControlSettings,
    EngineSettings,
    MidiSettings,
    PageSettings,
    Settings,
)
from live.control.controls import Control, controls
from live.control.hub import Hub
from live.control.kinds import Choice, Message, Number, Point, Switch, Trigger, Value
from live.cues import Cue, CueList
from live.flow import Mirror
from live.mix import of_city
from live.opening import opened_show
from live.show import SetSettle, ShowState, opening
from live.stage import Stage
from live.web.page import CityCard, PageDesk, Playbill
from live.web.thread import WebThread
from tests.live.conftest import soon
from tests.live.web.browser import DESKTOP, PHONE, TABLET, Browser, browsing

CUES = CueList(
    (
        Cue("1", "Opening", of_city(0, 4), note="doors are closed"),
        Cue("2", "Night drive", of_city(1, 4), note="after bar 12"),
        Cue("2.10", "", of_city(2, 4)),
    )
)
OTHER = Control(
    "laser power",
    "/laser/power",
    "laser",
    Number(0.0, 5.0, "watts", 0.5),
    "of a group that the page has never heard of",
    lambda watts, _: SetSettle(watts),
    lambda state: (state.wishes.settle,),
)


BEGINNING: Mapping[str, object] = {
    "/freeze": 0,
    "/blackout": 0,
    "/opacity": 1.0,
    "/overlay": 0,
    "/midi/learn": "",
    "/city": 1,
}


@dataclass
class Show:
    """A show that runs, and its page."""

    stage: Stage
    thread: WebThread
    playbill: Playbill
    page: PageDesk

    @property
    def hub(self) -> Hub:
        return self.stage.parts.hub

    def value(self, address: str) -> Value:
        """The first that a control is at."""
        return self.hub.values().get(address, ("",))[0]

    def tell(self, address: str, *arguments: object) -> None:
        """As another client would."""
        assert self.hub.hear("OSC 10.0.0.5:9", [Message(address, arguments)]) == ()

    def asked(self, address: str) -> int:
        """How many entries of the log a page has made with a control."""
        return sum(e.address == address and e.sender.startswith("page") for e in self.hub.journal())

    def has_changed(self, address: str, before: tuple[Value, ...] | None, entries: int) -> bool:
        """Whether a control stands elsewhere than before; of what only happens, whether it has."""
        if before is not None and address != "/panic":
            return self.hub.values().get(address) != before
        return self.asked(address) > entries

    def open_page(self, port: int) -> None:
        self.page = PageDesk(
            PageSettings(port=port), self.hub, self.thread, self.stage.parts.mirror, self.playbill
        )
        self.hub.attach(self.page)
        self.page.start()


@pytest.fixture(scope="module")
def show() -> Iterator[Show]:
    settings = Settings(
        camera=CameraSettings(source="simulated", width=320, height=180, fps=10),
        engine=EngineSettings(side=64),
        control=ControlSettings(osc_port=0, oscquery_port=0),
        midi=MidiSettings(api="none"),
        page=PageSettings(port=0),
    )
    clock = MonotonicClock()
    with ExitStack() as closing:
        opened = closing.enter_context(opened_show(settings, clock, headless=True))
        cities = opened.state.cities
        hub = Hub((*controls(cities, CUES), OTHER), clock)
        parts = replace(opened.parts, hub=hub, desks=(), mirror=Mirror())
        stage = Stage(parts, opening(cities, fade_time=0.2, cues=CUES), clock)
        thread = WebThread()
        closing.callback(thread.close)
        thumbnail = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
        cards = tuple(CityCard(city, city.replace("-", " ").title(), thumbnail) for city in cities)
        playbill = Playbill("The judge's <b>show</b>", cards, CUES)
        page = PageDesk(PageSettings(port=0), hub, thread, parts.mirror, playbill)
        hub.attach(page)
        page.start()
        running = threading.Thread(target=stage.run)
        running.start()
        closing.callback(running.join)
        closing.callback(stage.stop)
        yield Show(stage, thread, playbill, page)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(show: Show, chromium: Browser) -> Iterator[Browser]:
    """The page, connected to a show with nothing held; what it complained of is an error of the test."""
    for address in ("/panic/release", "/cue/stop"):
        show.tell(address)
    for address, value in BEGINNING.items():
        show.tell(address, value)
    show.tell("/cue/standby", "1")
    chromium.complaints()
    chromium.open(show.page.url)
    connected(chromium)
    yield chromium
    lost = ("WebSocket connection", "ERR_CONN")  # which is what a test of that is about
    assert [each for each in chromium.complaints() if not any(word in each for word in lost)] == []


def connected(page: Browser) -> None:
    assert soon(lambda: page.js("return !document.body.classList.contains('lost')"), 20.0)


def of(address: str) -> str:
    return f'[data-address="{address}"]'


# Every control


def operate(page: Browser, control: Control[Any], state: ShowState) -> None:
    """Do with a control on the page what a person does, so that it goes elsewhere than it stands."""
    place = of(control.address)
    match control.kind:
        case Trigger() if control.group == "sheet":
            page.click(f"{place} button")
            page.click(f"{place} button.armed")
        case Trigger() | Switch():
            # A cue's GO is a button itself, not the frame of one.
            page.click(f"button{place}, {place} button")
        case Number(low=low, high=high):
            assert control.told is not None
            at = (float(control.told(state)[0]) - low) / (high - low)
            page.drag(page.one(f"{place} [role=slider]"), 0.4, 0.75 if at < 0.5 else 0.3)
        case Point():
            page.drag(page.one(f"{place} .pad"), 0.5, 0.2)
        case Choice(names=names) if page.all(f"{place} select"):
            assert control.told is not None
            other = next(n for n in names if n != control.told(state)[0])
            Select(page.one(f"{place} select")).select_by_value(other)
        case Choice(names=names) if page.all(f"{place} input"):
            page.one(f"{place} input").send_keys(names[-1], Keys.ENTER)
        case Choice():
            page.click(f"{place} button[aria-pressed=false]")
        case _:
            raise AssertionError(f"no person knows what to do with {control.kind}")


TEACHING = ("/midi/learn", "/midi/forget")


def test_every_control_is_on_the_page_and_does_what_it_says(show: Show, page: Browser) -> None:
    for address, control in show.hub.controls.items():
        if address in TEACHING:
            continue
        before, entries = show.hub.values().get(address), show.asked(address)
        operate(page, control, show.stage.state)
        changed = partial(show.has_changed, address, before, entries)
        assert soon(changed, 15.0), f"{address} did nothing: {page.text('#errors')}"
        if address == "/panic/release":
            assert soon(lambda: show.value("/panic") == 0)
    assert page.text("#errors") == ""


def test_all_addresses_can_be_read_on_request(show: Show, page: Browser) -> None:
    assert page.all(".address") == []
    page.click("#addresses")
    shown = {each.text for each in page.all(".address code")}
    assert set(show.hub.controls) - {"/midi/forget"} <= shown
    page.click("#addresses")
    assert page.all(".address") == []


def test_a_control_of_an_unknown_group_stands_by_itself(page: Browser) -> None:
    assert page.text("#group-laser h2").lower() == "laser"
    assert page.all(f"#group-laser {of('/laser/power')}")


# What the page tells


def test_the_page_follows_what_others_change(show: Show, page: Browser) -> None:
    show.tell("/city", 2)
    assert soon(lambda: bool(page.all(".city[data-city=las-vegas][aria-pressed=true]")))
    assert "standing" in page.text(".city[data-city=las-vegas]")
    show.tell("/mix/dubai", 0.25)
    assert page.reads(f"{of('/mix/dubai')} .figure", "25 %")
    assert page.reads(".city[data-city=dubai] .share", "25 %")
    show.tell("/fade/time", 4.5)
    assert page.reads(f"{of('/fade/time')} .figure", "4.5 s")
    show.tell("/fade/time", 0.2)
    assert page.reads("#journal", "OSC 10.0.0.5:9")
    assert page.reads("#journal", "/fade/time 4.5")


def test_cities_have_their_pictures(page: Browser) -> None:
    loaded = "return [...document.querySelectorAll('.city img')].map((each) => each.naturalWidth)"
    assert soon(lambda: page.js(loaded) == [64, 64, 64, 64])


def test_names_are_text_and_never_markup(page: Browser) -> None:
    assert page.text("#title") == "The judge's <b>show</b>"
    assert page.driver.title == "The judge's <b>show</b>"


@pytest.mark.parametrize(
    ("address", "word", "button"),
    [
        ("/panic", "PANIC", "PANIC ON"),
        ("/blackout", "BLACKOUT", "BLACKOUT ON"),
        ("/freeze", "FROZEN", "FROZEN"),
    ],
)
def test_what_is_held_is_unmistakable(
    show: Show, page: Browser, address: str, word: str, button: str
) -> None:
    assert page.text("#state") == ""
    page.click(f"{of(address)} button")
    assert page.reads("#state", word)
    assert page.reads(f"#dock {of(address)}", button)
    assert page.text("#over") == word, "a black picture says why it is black"
    page.click(f"{of('/panic/release' if address == '/panic' else address)} button")
    assert soon(lambda: page.text("#state") == "")
    assert show.value(address) == 0


def test_a_sign_that_comes_or_goes_moves_nothing_under_a_finger(show: Show, page: Browser) -> None:
    places = ".city[data-city=dubai]", of("/mix/dubai"), of("/fade/time"), "li[data-cue='1']"
    before = [page.box(place) for place in places]
    for address, value in {"/freeze": 1, "/blackout": 1, "/opacity": 0.5, "/cue": "2"}.items():
        show.tell(address, value)
    show.tell("/panic")
    assert page.reads("#state", "PANIC")
    assert page.reads("li.standing", "Night drive")
    assert [page.box(place) for place in places] == before


def test_the_figures_of_the_show_are_shown(show: Show, page: Browser) -> None:
    assert page.reads("[data-status='/status/engine']", str(show.value("/status/engine")))
    assert page.reads("[data-status='/status/camera']", "running")
    assert page.reads("#headline", "fps")


def test_pictures_are_alive(page: Browser) -> None:
    for name in ("city", "labels", "camera"):
        assert page.one(f"figure[data-picture={name}].live"), f"no picture of the {name}"
    assert page.reads("figure[data-picture=city] .rate", "fps"), "it asks for more than one"
    spread = """
        const canvas = document.querySelector(arguments[0] + ' canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(data).size;
    """
    assert page.js(spread, "figure[data-picture=city]") > 20


def test_no_picture_is_asked_for_that_nobody_sees(page: Browser) -> None:
    page.js(SPY)
    page.js("document.getElementById('pictures').style.display = 'none'")
    quiet = "return performance.now() - (wanted.at(-1) ?? 0) > 1000"
    assert soon(lambda: bool(page.js(quiet)), 15.0)


def test_what_the_show_does_not_understand_is_told(page: Browser) -> None:
    field = page.one(f"{of('/cue')} input")
    field.send_keys("no such cue", Keys.ENTER)
    assert page.reads("#errors", "takes a cue")


def test_nothing_comes_from_elsewhere(show: Show, page: Browser) -> None:
    loaded = page.js("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert len(loaded) > 10
    assert [url for url in loaded if not url.startswith(show.page.url)] == []


# Hands

SPY = """
    window.sent = []; window.wanted = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
      const message = JSON.parse(data);
      if (message.set) sent.push(message.set); else wanted.push(performance.now());
      return send.call(this, data);
    };
"""


def pointer(page: Browser, address: str, event: str, *shares: float, kind: str = "touch") -> None:
    """Pointer events on a fader, all in one task of the browser's."""
    page.js(
        """
        const [selector, type, shares, kind] = arguments;
        const track = document.querySelector(selector + ' [role=slider]');
        const { left, top, width, height } = track.getBoundingClientRect();
        track.setPointerCapture = () => {};
        for (const share of shares) track.dispatchEvent(new PointerEvent(type, {
          pointerId: 7, pointerType: kind, button: 0, bubbles: true, cancelable: true,
          clientX: left + share * width, clientY: top + height / 2 }));
        """,
        of(address),
        event,
        shares,
        kind,
    )


def test_a_fader_sends_at_a_measured_pace_and_its_end_for_certain(show: Show, page: Browser) -> None:
    page.js(SPY)
    pointer(page, "/opacity", "pointerdown", 0.5, kind="mouse")
    pointer(page, "/opacity", "pointermove", *(0.5 + n / 1000 for n in range(300)), kind="mouse")
    pointer(page, "/opacity", "pointerup", 0.799, kind="mouse")
    assert soon(lambda: show.value("/opacity") == 0.799)
    sent = page.js("return sent")
    assert len(sent) <= 3, "300 moves in one moment are not 300 messages"
    assert sent[-1] == ["/opacity", 0.799]


def test_a_fader_that_is_held_is_not_moved_by_others(show: Show, page: Browser) -> None:
    show.tell("/opacity", 0.2)
    assert page.reads(f"{of('/opacity')} .figure", "20 %")
    pointer(page, "/opacity", "pointerdown", 0.5)
    pointer(page, "/opacity", "pointermove", 0.7)
    assert soon(lambda: show.value("/opacity") == 0.4), "a finger takes it along from where it stands"
    show.tell("/opacity", 0.9)
    show.tell("/freeze", 1)
    assert page.reads("#state", "FROZEN"), "it was told of what came after"
    assert page.text(f"{of('/opacity')} .figure") == "40 %"
    pointer(page, "/opacity", "pointerup", 0.7)
    assert page.reads(f"{of('/opacity')} .figure", "90 %"), "let go, it shows how the show stands"
    assert show.value("/opacity") == 0.9


def test_a_touch_alone_moves_no_fader(show: Show, page: Browser) -> None:
    show.tell("/opacity", 0.6)
    assert page.reads(f"{of('/opacity')} .figure", "60 %")
    page.js(SPY)
    page.drag(page.one(f"{of('/opacity')} [role=slider]"), 0.1, 0.1, "touch")
    page.drag(page.one(f"{of('/opacity')} [role=slider]"), 0.5, 0.7, "touch")
    page.driver.save_screenshot("/tmp/pagefake/touch.png")
    assert soon(lambda: abs(float(show.value("/opacity")) - 0.8) < 0.02)
    assert all(value > 0.55 for _, value in page.js("return sent"))


def test_a_number_can_be_typed(show: Show, page: Browser) -> None:
    page.click(f"{of('/opacity')} button.figure")
    page.press(Keys.DELETE, "33", Keys.ENTER)
    assert soon(lambda: show.value("/opacity") == 0.33)
    page.click(f"{of('/opacity')} button.figure")
    page.press("7", Keys.ESCAPE)
    assert page.reads(f"{of('/opacity')} .figure", "33 %")
    assert show.value("/panic") == 0, "Escape ends the typing and is no panic"


# Keys


def test_the_keys_of_the_show_work_here(show: Show, page: Browser) -> None:
    page.press(Keys.SPACE)
    assert soon(lambda: show.value("/cue") == "1")
    page.press("f")
    assert soon(lambda: show.value("/freeze") == 1)
    page.press("3")
    assert soon(lambda: show.value("/city") == "long-beach")
    page.press(Keys.ESCAPE)
    assert soon(lambda: show.value("/panic") == 1)
    page.press(Keys.BACKSPACE)
    assert soon(lambda: show.value("/panic") == 0)


def test_space_is_go_and_presses_no_button_that_has_the_focus(show: Show, page: Browser) -> None:
    page.js("document.querySelector(arguments[0]).focus()", f"{of('/overlay')} button")
    page.js(SPY)
    page.press(Keys.SPACE)
    assert soon(lambda: show.value("/cue") == "1")
    assert page.js("return sent") == [["/go"]]
    page.press(Keys.ENTER)
    assert soon(lambda: show.value("/overlay") == 1), "Enter is no key of the show"


def test_a_key_that_is_held_is_one_press(page: Browser) -> None:
    page.js(SPY)
    page.js(
        """for (const repeat of [false, true, true, true]) document.body.dispatchEvent(
             new KeyboardEvent('keydown', { key: ' ', repeat, bubbles: true, cancelable: true }))"""
    )
    assert page.js("return sent") == [["/go"]]


def test_who_types_presses_no_keys_of_the_show(page: Browser) -> None:
    page.js(SPY)
    page.one(f"{of('/cue/standby')} input").send_keys("f b 1")
    assert page.js("return sent") == []


def test_the_keys_are_back_when_the_typing_is_left(show: Show, page: Browser) -> None:
    field = f"{of('/cue')} input"
    page.one(field).send_keys("no")
    page.click(f"{of('/freeze')} button")
    page.press("b")
    assert soon(lambda: show.value("/blackout") == 1)
    page.one(field).send_keys("no", Keys.ESCAPE)
    assert show.value("/panic") == 0
    page.press(Keys.ESCAPE)
    assert soon(lambda: show.value("/panic") == 1)


# Cues


def test_the_cue_list_shows_what_stands_and_what_is_next(show: Show, page: Browser) -> None:
    assert page.reads("li.next", "Opening")
    assert page.reads(f"{of('/go')}", "1 Opening")
    assert page.reads(".note.next", "doors are closed")
    page.click(f"{of('/go')} button")
    assert page.reads("li.standing", "Opening")
    assert page.reads("li.next", "Night drive")
    assert page.reads(".note.standing", "doors are closed")
    assert page.reads(".note.next", "after bar 12")
    page.click("li[data-cue='2.10'] .pick")
    assert page.reads(f"{of('/go')}", "2.10")
    assert show.value("/cue") == "1", "a touch on a cue begins nothing"
    page.one(f"{of('/cue')} input").send_keys("2.10", Keys.ENTER)
    assert page.reads("li.standing", "2.10")
    assert page.reads(f"{of('/go')}", "end of the list")
    page.click(f"{of('/back')} button")
    assert page.reads("li.standing", "Night drive")


# MIDI learn


def test_learning_touches_a_control_and_does_nothing_else(show: Show, page: Browser) -> None:
    page.click("#learn")
    assert page.reads("#learning", "touch a control")
    page.click(f"{of('/freeze')} button")
    assert soon(lambda: show.value("/midi/learn") == "/freeze")
    assert page.reads("#learning", "now move a knob or press a pad for freeze")
    pointer(page, "/opacity", "pointerdown", 0.5, kind="mouse")
    show.tell("/midi/learn", "")  # as when a knob was moved
    assert page.reads("#learning", "touch a control")
    assert show.value("/freeze") == 0
    page.press(Keys.ESCAPE)
    assert soon(lambda: show.value("/panic") == 1), "a panic is heard in any case"
    page.press(Keys.BACKSPACE)
    page.click("#learning button:last-child")
    assert soon(lambda: page.text("#learning") == "")
    page.click(f"{of('/freeze')} button")
    assert soon(lambda: show.value("/freeze") == 1)


def test_what_a_controller_moves_can_be_forgotten(show: Show, page: Browser) -> None:
    page.click("#learn")
    page.click("#learning button:first-of-type")
    assert page.reads("#learning", "forgotten")
    page.click(f"{of('/blackout')} button")
    assert soon(lambda: show.value("/midi/forget") == "/blackout")
    assert show.value("/blackout") == 0


# The connection


def test_a_lost_connection_is_plain_and_comes_back_by_itself(show: Show, page: Browser) -> None:
    port = show.page.port
    show.page.close()
    assert page.reads("#lost", "No connection to the show")
    assert page.js("return document.getElementById('dock').inert && document.getElementById('board').inert")
    page.press("f")  # is dropped, not kept for later
    show.tell("/city", 4)
    show.open_page(port)
    connected(page)
    assert page.all("#lost") == []
    assert soon(lambda: bool(page.all(".city[data-city=palm-springs][aria-pressed=true]")))
    page.press("b")
    assert soon(lambda: show.value("/blackout") == 1)
    assert show.value("/freeze") == 0
    assert len(page.all(f"#dock {of('/go')}")) == 1, "nothing stands there twice"


def test_a_show_that_falls_silent_counts_as_lost(show: Show, page: Browser) -> None:
    """A websocket stays open for minutes when the network is gone, and nothing comes through it."""
    speaking = threading.Event()
    show.thread.soon(lambda: speaking.wait(60))
    assert page.reads("#lost", "No connection", 20.0)
    speaking.set()
    connected(page)


def says_frozen(page: Browser, frozen: bool) -> bool:
    return ("FROZEN" in page.text("#state")) == frozen


def test_two_pages_stay_in_agreement(show: Show, page: Browser, tmp_path: Path) -> None:
    with browsing(tmp_path / "second") as second:
        second.open(show.page.url, TABLET)
        connected(second)
        second.drag(second.one(f"{of('/mix/long-beach')} [role=slider]"), 0.1, 0.5)
        assert soon(lambda: 0.4 < float(show.value("/mix/long-beach")) < 0.6)
        for hand, frozen in ((page, True), (second, False), (page, True), (second, False)):
            hand.click(f"{of('/freeze')} button")
            for each in (page, second):
                assert soon(partial(says_frozen, each, frozen))
        figures = f"{of('/mix/long-beach')} .figure, {of('/mix/dubai')} .figure"
        assert soon(lambda: page.text(figures) == second.text(figures) != "")


# Sizes

SEEN = "((s) => [...document.querySelectorAll(s)].filter((each) => each.getClientRects().length))"
LOW = "(each) => each.offsetHeight < 36"


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP, (768, 1024), (360, 640), (844, 390)])
def test_on_every_screen_what_matters_is_at_hand(show: Show, page: Browser, size: tuple[int, int]) -> None:
    page.open(show.page.url, size)
    connected(page)
    assert page.js("return document.documentElement.scrollWidth") <= size[0], "nothing is cut off"
    for address in ("/go", "/back", "/panic", "/panic/release", "/blackout", "/freeze"):
        left, top, right, bottom = page.box(f"#dock {of(address)} button")
        assert min(left, top) >= 0, f"{address} begins outside the screen"
        assert (right <= size[0], bottom <= size[1]) == (True, True), f"{address} ends outside the screen"
        assert min(right - left, bottom - top) >= 44, f"{address} is too small for a thumb"
    shown = set()
    tabs = page.all("#tabs button")
    for turn in [tab.click for tab in tabs] or [lambda: None]:
        turn()
        shown |= set(page.js(f"return {SEEN}('[data-address]').map((each) => each.dataset.address)"))
        low = page.js(f"return {SEEN}('button, select, input').filter({LOW}).map((each) => each.outerHTML)")
        assert low == [], "too low for a finger"
        assert page.js("return document.documentElement.scrollWidth") <= size[0]
    assert set(show.hub.controls) - set(TEACHING) <= shown

"""A real controller taught through the page: a real browser, a real port of JACK, and both desks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from live.clock import MonotonicClock
from live.config import MidiSettings
from live.control.midi.desk import MidiDesk
from live.control.midi.mapping import Binding, Taught
from live.control.midi.sources import Source
from live.control.midi.store import read_map
from tests.live.control.midi.jack import JackServer, Pad, wait_for
from tests.live.web.browser import browsing
from tests.live.web.show import SmallShow


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallShow]:
    """A show with a page and MIDI, which makes its turns by itself."""
    with ExitStack() as closing:
        jack = closing.enter_context(JackServer())
        monkeypatch.setenv("JACK_DEFAULT_SERVER", jack.name)
        show = closing.enter_context(SmallShow(tmp_path))
        settings = MidiSettings(api="jack", takeover="none")
        midi = MidiDesk(settings, show.hub, MonotonicClock(), tmp_path / "midi.toml")
        closing.callback(midi.close)
        show.hub.attach(midi)
        midi.start()
        ended = threading.Event()

        def turns() -> None:
            while not ended.wait(0.01):
                show.turn(midi.status())

        turning = threading.Thread(target=turns)
        turning.start()
        closing.callback(turning.join)
        closing.callback(ended.set)
        yield show


def test_a_controller_is_taught_and_forgotten_by_touching_the_page(show: SmallShow, tmp_path: Path) -> None:
    with Pad("nano") as pad, browsing(tmp_path / "browser") as page:
        wait_for(lambda: show.hub.values()["/status/midi"] == ("nano:out",))
        page.open(f"http://127.0.0.1:{show.desk.port}/")
        page.click("#learn")
        page.click('[data-address="/opacity"] .track')
        assert page.reads("#learning", "now move a knob")
        for value in (10, 11, 12, 13):
            pad.send(0xB0, 70, value)
            time.sleep(0.02)  # as a hand does
        assert page.reads("#learning", "learnt CC 70 on channel 1 of nano:out: /opacity")
        assert show.hub.values()["/opacity"] == (1.0,), "what is learnt isn't obeyed"
        page.click("#learning button:last-child")
        pad.send(0xB0, 70, 0)
        assert page.reads('[data-address="/opacity"] .figure', "0 %")
        kept = (Taught("nano:out", Binding(Source("cc", 70, 1), "/opacity")),)
        assert read_map(tmp_path / "midi.toml") == kept

        page.click("#learn")
        page.click("#learning button:first-of-type")
        page.click('[data-address="/opacity"] .track')
        wait_for(lambda: read_map(tmp_path / "midi.toml") == ())

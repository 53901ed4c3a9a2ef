"""The desks of a show: every way in which clients steer it, opened together."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from live.clock import Clock
from live.config import Settings
from live.control.hub import Desk, Hub
from live.control.midi.desk import MidiDesk
from live.control.osc.server import OscDesk
from live.control.oscquery import OscQueryDesk
from live.drawing import Canvas
from live.flow import Mirror
from live.web.page import PageDesk, Playbill
from live.web.thread import WebThread


def open_desks(
    settings: Settings,
    hub: Hub,
    clock: Clock,
    mirror: Mirror,
    playbill: Playbill,
    canvas: Canvas | None,
    closing: ExitStack,
) -> tuple[tuple[Desk, ...], PageDesk]:
    """All desks, their ports taken and attached to the hub, and the page's among them; none is started.

    playbill, canvas: what the page is told of the show, and what is drawn on it. closing: closes them.
    Raises DeviceFault if a port can't be had.
    """
    thread = WebThread()
    closing.callback(thread.close)
    osc = OscDesk(settings.control, hub, clock)
    closing.callback(osc.close)
    query = OscQueryDesk(settings.control, hub, thread, osc)
    closing.callback(query.close)
    page = PageDesk(settings.page, hub, thread, mirror, playbill, canvas)
    closing.callback(page.close)
    midi = MidiDesk(settings.midi, hub, clock, Path(settings.midi.file) if settings.midi.file else None)
    closing.callback(midi.close)
    desks: tuple[Desk, ...] = (osc, query, page, midi)
    for desk in desks:
        hub.attach(desk)
    return desks, page

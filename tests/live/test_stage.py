"""The two loops of the show, through real parts: a simulated sheet, a real engine, a real UDP socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.camera.simulated import SimulatedSheet
from live.clock import MonotonicClock
from live.config import (
    CameraSettings,
    ControlSettings,
    EngineSettings,
    Inset,
    MidiSettings,
    PageSettings,
    Settings,
)
from live.control.kinds import Message
from live.control.osc.server import OscDesk
from live.flow import Frame, Reading
from live.opening import opened_show
from live.output.headless import HeadlessOutput
from live.stage import VIEW_HEIGHT, Stage, Worker, view_of
from models.engines.base import Engine
from models.faults import DeviceFault, InputFault, UsageFault
from tests.live.conftest import soon
from tests.live.control.client import OscClient

SIDE = 64


@dataclass
class ScriptedOutput(HeadlessOutput):
    """A headless output during which things happen: each step runs when its condition holds, in order."""

    steps: list[tuple[Callable[[ScriptedOutput], bool], Callable[[ScriptedOutput], object]]] = field(
        default_factory=list
    )
    looks: int = 0
    fault: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__((160, 90))

    def keys(self) -> list[str]:
        self.looks += 1
        if self.steps and self.steps[0][0](self):
            self.steps.pop(0)[1](self)
        return super().keys()

    def show(
        self,
        rgb: NDArray[np.uint8],
        overlay: Sequence[str],
        inset: NDArray[np.uint8] | None = None,
        code: NDArray[np.uint8] | None = None,
    ) -> None:
        if self.fault is not None:
            raise self.fault
        super().show(rgb, overlay, inset, code)

    def then(
        self, condition: Callable[[ScriptedOutput], bool], act: Callable[[ScriptedOutput], object]
    ) -> ScriptedOutput:
        self.steps.append((condition, act))
        return self


class BrokenEngine:
    """A real engine that raises or hangs while it is told to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.side = engine.name, engine.side
        self.fault: Exception | None = None
        self.going = threading.Event()
        self.going.set()

    def render(self, labels: NDArray[np.uint8], mix: NDArray[np.float32]) -> NDArray[np.uint8]:
        self.going.wait(timeout=30)
        if self.fault is not None:
            raise self.fault
        return self._engine.render(labels, mix)

    def describe(self) -> str:
        return self._engine.describe()

    def close(self) -> None:
        self.going.set()
        self._engine.close()


def port_of(stage: Stage) -> int:
    """Where a show listens for OSC."""
    return next(desk.port for desk in stage.parts.desks if isinstance(desk, OscDesk))


@pytest.fixture
def settings() -> Settings:
    return Settings(
        camera=CameraSettings(source="simulated", width=640, height=360, timeout=0.3),
        engine=EngineSettings(side=SIDE),
        control=ControlSettings(osc_port=0, oscquery_port=0),
        page=PageSettings(port=0),
        midi=MidiSettings(api="none"),
    )


@dataclass
class Show:
    stage: Stage
    output: ScriptedOutput
    engine: BrokenEngine

    def run(self, seconds: float = 20.0) -> None:
        """Until the script quits; the seconds only end a test that has failed."""
        self.stage.run(seconds)
        assert not self.output.steps, f"{len(self.output.steps)} steps of the script never came"


@pytest.fixture
def show(settings: Settings) -> Iterator[Show]:
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        output, engine = ScriptedOutput(), BrokenEngine(stage.parts.engine)
        parts = replace(stage.parts, output=output, engine=engine)
        yield Show(Stage(parts, stage.state, MonotonicClock(), ("OSC 127.0.0.1",)), output, engine)
        engine.close()


def pressing(*keys: str) -> Callable[[ScriptedOutput], None]:
    return lambda output: output.press(*keys)


def pictures(count: int) -> Callable[[ScriptedOutput], bool]:
    return lambda output: output.shown >= count


def test_a_drawing_becomes_a_city(show: Show) -> None:
    def drawn(_: ScriptedOutput) -> bool:
        return show.stage.reading is not None and bool((show.stage.reading.labels > 0).mean() > 0.005)

    show.output.then(drawn, pressing("ctrl+q"))
    show.run()
    reading = show.stage.reading
    assert reading is not None
    truth = SimulatedSheet("town", 1, 640, 360).truth(12.0, SIDE).labels
    drawn_on = reading.labels > 0
    near = cv2.dilate((truth > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 1
    assert (near | ~drawn_on).all(), "something was read where nothing was ever drawn"
    assert reading.found
    assert show.output.last[:, 35:125].std() > 2.0
    measured = show.stage.measured()
    assert measured.shown > 3
    assert list(measured.stages_ms)[-2:] == ["generate", "output"]
    assert measured.latency_ms.p50 > 0


def test_there_is_a_picture_before_there_is_a_frame(show: Show) -> None:
    show.stage.parts.camera.close()
    show.stage.parts.camera.frames.take()
    show.output.then(pictures(1), pressing("ctrl+q"))
    show.run()
    assert show.output.last.max() > 0


def test_clients_steer_the_show_and_are_told(show: Show) -> None:
    with OscClient(port_of(show.stage)) as client:
        show.output.then(pictures(3), lambda _: client.send("/fade/time", 0.0))
        show.output.then(lambda _: show.stage.state.fade_time == 0.0, lambda _: client.send("/city", 3))
        show.output.then(lambda _: show.stage.state.city == 2, lambda _: client.send("/city/next"))
        show.output.then(lambda _: show.stage.state.city == 3, lambda _: client.send("/state"))
        show.output.then(
            lambda _: any(m.address == "/state/end" for m in [client.hear()]), pressing("ctrl+q")
        )
        show.run()
    assert show.stage.state.cities[show.stage.state.city] == "palm-springs"


def test_a_message_is_obeyed_at_once_even_where_no_picture_comes(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.stage.TICK", 60.0)
    stage, hub, begun = show.stage, show.stage.parts.hub, time.monotonic()
    cities = stage.state.cities

    def steer() -> None:
        show.engine.going.clear()
        for city in (cities[1], cities[0], cities[2]):
            hub.hear("tablet", [Message("/city", (city,))])
            while hub.values()["/city"] != (city,):
                time.sleep(0.01)
        hub.hear("tablet", [Message("/city/next")])  # which ends the turn of the one before

    with closing(stage.turns()) as turns:
        next(turns)
        threading.Thread(target=steer, daemon=True).start()
        for _ in turns:
            if stage.state.city == 2:
                break
        show.engine.going.set()
    assert time.monotonic() - begun < 60.0


def test_a_change_of_city_changes_the_picture_even_without_a_camera(show: Show) -> None:
    seen: list[NDArray[np.uint8]] = []

    def lose_camera(output: ScriptedOutput) -> None:
        show.stage.parts.camera.close()
        seen.append(output.last.copy())
        output.press("2")

    show.output.then(pictures(5), lose_camera)
    show.output.then(
        lambda _: show.stage.state.city == 1 and show.stage.state.mix.has_arrived(show.stage.now()),
        lambda _: None,
    )
    show.output.then(
        lambda output: bool(np.abs(output.last.astype(int) - seen[0]).mean() > 3.0), pressing("ctrl+q")
    )
    show.run()


def test_a_region_changes_its_part_of_the_picture_even_without_a_camera(show: Show) -> None:
    seen: list[NDArray[np.uint8]] = []

    def lose_camera(output: ScriptedOutput) -> None:
        show.stage.parts.camera.close()
        seen.append(output.last.copy())
        client.send("/fade/shape", "wipe-left")
        client.send("/region/right", "las-vegas")

    def changed(output: ScriptedOutput) -> NDArray[np.float64]:
        """By how much each column of the picture differs from before."""
        before, now = (picture[:, 35:125].astype(float) for picture in (seen[0], output.last))
        return np.asarray(np.abs(now - before).mean(axis=(0, 2)))

    def has_wiped(_: ScriptedOutput) -> bool:
        mix = show.stage.state.mix
        told.update(line for line in show.stage.lines if line.startswith("city: "))
        return mix.shape == "wipe-left" and mix.has_arrived(show.stage.now())

    told: set[str] = set()
    with OscClient(port_of(show.stage)) as client:
        show.output.then(pictures(5), lose_camera)
        show.output.then(has_wiped, lambda _: None)
        show.output.then(lambda output: changed(output)[-20:].min() > 3.0, pressing("ctrl+q"))
        show.run()
    assert changed(show.output)[:20].max() < 3.0
    assert any("las-vegas" in line and line.endswith("% · wipe-left") for line in told)


def test_a_hanging_generator_stops_neither_blackout_nor_panic(show: Show) -> None:
    dark: list[bool] = []
    show.output.then(pictures(5), lambda _: show.engine.going.clear())
    show.output.then(lambda o: o.looks > 20, pressing("b"))
    show.output.then(lambda o: not o.last.any(), lambda _: dark.append(True))
    show.output.then(lambda _: True, pressing("b"))
    show.output.then(lambda o: o.last.max() > 40, pressing("escape"))
    show.output.then(lambda o: not o.last.any(), lambda _: dark.append(True))
    show.output.then(lambda _: True, lambda _: show.engine.going.set())
    show.output.then(lambda _: True, pressing("ctrl+q"))
    show.run()
    assert dark == [True, True]


def test_a_generator_that_raises_is_told_to_the_operator_and_comes_back(show: Show) -> None:
    def heal(output: ScriptedOutput) -> None:
        show.engine.fault = None
        output.then(pictures(output.shown + 5), pressing("ctrl+q"))

    def fail(_: ScriptedOutput) -> None:
        show.engine.fault = RuntimeError("out of memory\nat address 0")

    show.output.then(pictures(3), fail)
    show.output.then(lambda _: "out of memory" in " ".join(show.stage.lines), heal)
    show.run()
    assert show.output.last.max() > 0
    assert all("\n" not in line for line in show.stage.lines)


def test_what_is_wrong_is_told_until_it_is_right_again(show: Show) -> None:
    """Between two frames, too: the worker looks around more often than a frame comes."""
    worker = Worker(show.stage.parts, lambda: show.stage.state, MonotonicClock())
    worker.start()
    try:
        show.engine.fault = RuntimeError("out of memory")
        assert soon(lambda: bool(worker.fault))
        for _ in range(30):
            assert "RuntimeError: out of memory" in worker.fault
            time.sleep(0.01)
        show.engine.fault = None
        assert soon(lambda: not worker.fault)
    finally:
        worker.close()


def test_an_output_that_raises_is_told_to_the_operator_and_comes_back(show: Show) -> None:
    def fail(output: ScriptedOutput) -> None:
        output.fault = RuntimeError("no such display")

    def heal(output: ScriptedOutput) -> None:
        output.fault = None
        output.then(pictures(output.shown + 3), pressing("ctrl+q"))

    show.output.then(pictures(3), fail)
    show.output.then(lambda _: "no such display" in " ".join(show.stage.lines), heal)
    show.run()
    assert show.output.last.max() > 0


def test_what_changed_during_a_freeze_is_seen_after_it_even_without_a_camera(show: Show) -> None:
    held: list[NDArray[np.uint8]] = []
    arrived: list[int] = []

    def hold(output: ScriptedOutput) -> None:
        held.append(output.last.copy())
        output.press("3")

    show.stage.parts.camera.close()
    show.output.then(pictures(1), pressing("f"))
    show.output.then(lambda _: show.stage.state.frozen, hold)
    show.output.then(
        lambda _: show.stage.state.city == 2 and show.stage.state.mix.has_arrived(show.stage.now()),
        lambda o: arrived.append(o.looks),
    )
    show.output.then(lambda o: o.looks > arrived[0] + 20, pressing("f"))
    show.output.then(lambda o: bool((o.last != held[0]).any()), pressing("ctrl+q"))
    show.run()


def test_a_city_can_be_chosen_before_there_is_a_frame(show: Show) -> None:
    seen: list[NDArray[np.uint8]] = []

    def choose(output: ScriptedOutput) -> None:
        seen.append(output.last.copy())
        output.press("2")

    show.stage.parts.camera.close()
    show.stage.parts.camera.frames.take()
    show.output.then(pictures(1), choose)
    show.output.then(lambda o: o.shown > 5 and bool((o.last != seen[0]).any()), pressing("ctrl+q"))
    show.run()


def test_freeze_holds_the_picture_while_the_show_goes_on(show: Show) -> None:
    held: list[NDArray[np.uint8]] = []

    def hold(output: ScriptedOutput) -> None:
        held.append(output.last.copy())
        output.press("3")

    show.output.then(pictures(5), pressing("f"))
    show.output.then(lambda _: show.stage.state.frozen, hold)
    show.output.then(
        lambda _: show.stage.state.city == 2 and show.stage.state.mix.has_arrived(show.stage.now()),
        lambda output: held.append(output.last.copy()),
    )
    show.output.then(lambda _: True, pressing("f"))
    show.output.then(lambda o: bool((o.last != held[0]).any()), pressing("ctrl+q"))
    show.run()
    assert (held[0] == held[1]).all()


def test_the_overlay_is_shown_to_the_operator(show: Show) -> None:
    show.output.then(pictures(3), pressing("h"))
    show.output.then(lambda _: show.stage.state.overlay, pressing("ctrl+q"))
    show.run()
    text = "\n".join(show.stage.lines)
    for word in ("fps", "grab to flip", "dubai 100%", "simulated sheet", "side 64", "OSC 127.0.0.1"):
        assert word in text


@pytest.mark.parametrize(("inset", "seen"), [("auto", True), ("always", True), ("never", False)])
def test_a_sheet_out_of_sight_is_shown_in_small(settings: Settings, inset: Inset, seen: bool) -> None:
    settings = replace(settings, output=replace(settings.output, inset=inset))
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        stage.run(1.5)
        output = stage.parts.output
        assert isinstance(output, HeadlessOutput)
        corner = output.last[-150:, :270]
    assert bool(corner.any()) == seen


def test_a_show_ends_when_it_is_stopped_from_outside(show: Show) -> None:
    show.output.then(pictures(2), lambda _: show.stage.stop())
    show.run()
    assert not show.stage.state.running


def test_what_was_opened_is_closed_again(settings: Settings, tmp_path: Path) -> None:
    before = {t.name for t in threading.enumerate()}
    with opened_show(settings, MonotonicClock(), headless=True, record=tmp_path / "show.mp4") as stage:
        stage.run(0.7)
    assert {t.name for t in threading.enumerate()} == before
    film = cv2.VideoCapture(str(tmp_path / "show.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) > 2


@pytest.mark.parametrize(
    ("change", "fault", "sentence"),
    [
        (lambda s: replace(s, cities=replace(s.cities, set="venice")), InputFault, "no city set 'venice'"),
        (lambda s: replace(s, cities=replace(s.cities, city="venice")), UsageFault, "venice"),
        (lambda s: replace(s, camera=replace(s.camera, source="no.mp4")), InputFault, r"no\.mp4"),
    ],
)
def test_a_show_that_can_not_be_opened_says_why_and_leaves_nothing(
    settings: Settings, change: Callable[[Settings], Settings], fault: type[Exception], sentence: str
) -> None:
    before = {t.name for t in threading.enumerate()}
    with ExitStack() as stack, pytest.raises(fault, match=sentence) as caught:
        stack.enter_context(opened_show(change(settings), MonotonicClock(), headless=True))
    assert "\n" not in str(caught.value)
    assert {t.name for t in threading.enumerate()} == before


def test_a_port_in_use_is_told(settings: Settings) -> None:
    with opened_show(settings, MonotonicClock(), headless=True) as stage:
        taken = replace(settings, control=ControlSettings(osc_port=port_of(stage), oscquery_port=0))
        with ExitStack() as stack, pytest.raises(DeviceFault, match="already in use"):
            stack.enter_context(opened_show(taken, MonotonicClock(), headless=True))


@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (97, 31), (2, 2), (1, 1)])
def test_the_view_is_of_one_height_whatever_the_size_of_the_camera_picture(size: tuple[int, int]) -> None:
    width, height = size
    corners = np.array([(-4000, -9), (1279, 2), (1279, 719), (3, 719)], dtype=np.float32)  # of a larger one
    frame = Frame(np.full((height, width, 3), 90, dtype=np.uint8), 7, 1.0)
    reading = Reading(np.zeros((16, 16), np.uint8), 6, 0.9, corners, False)
    view = view_of(frame, reading)
    assert view.shape == (VIEW_HEIGHT, max(1, round(width * VIEW_HEIGHT / height)), 3)

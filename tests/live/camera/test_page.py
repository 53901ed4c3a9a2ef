"""The page as a camera: frames of what was drawn, and what is read in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.camera.page import PageReader, PageSource, labels_of
from live.clock import ManualClock
from live.drawing import SIDE, Canvas, Stroke, bgr_of
from live.flow import NO_WISHES, Frame
from models.palette import GREEN, GROUND, WATER, paint

POND = Stroke("pond", WATER, 0.2, ((0.5, 0.5),))


@pytest.mark.parametrize("side", [SIDE, 512, 64])
def test_what_is_drawn_is_read_exactly(side: int) -> None:
    canvas, clock = Canvas(), ManualClock()
    source, reader = PageSource(canvas, 30.0, clock), PageReader(side, canvas)
    canvas.draw("one", POND)
    canvas.draw("one", Stroke("park", GREEN, 0.1, ((0.1, 0.1), (0.9, 0.1))))
    reading = reader.read(Frame(source.read(), 7, 1.5))
    step = SIDE // side
    np.testing.assert_array_equal(
        reading.labels, canvas.drawing().labels[step // 2 :: step, step // 2 :: step]
    )
    assert (reading.seq, reading.grabbed, reading.found, reading.note) == (7, 1.5, True, "")
    assert reading.corners is not None
    assert reading.corners.tolist() == [[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(4, 64).map(lambda cells: 16 * cells))
def test_flat_colours_are_the_classes_that_they_were_painted_from(seed: int, side: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 5, (64, 64)).astype(np.uint8)
    read = labels_of(bgr_of(cells), side)
    middles = (np.arange(side) + 0.5) * 64 / side
    inside = np.flatnonzero(np.abs(middles - np.rint(middles)) > 1e-6)  # of a cell, not on its edge
    places = middles[inside].astype(int)
    np.testing.assert_array_equal(read[np.ix_(inside, inside)], cells[np.ix_(places, places)])


def test_a_frame_has_the_flat_colours_of_the_palette_and_stays_until_something_is_drawn() -> None:
    canvas, clock = Canvas(), ManualClock(3.0)
    source = PageSource(canvas, 20.0, clock)
    empty = source.read()
    assert source.read() is empty
    assert source.read() is empty
    assert clock.now() == pytest.approx(3.1)
    canvas.draw("one", POND)
    bgr = source.read()
    np.testing.assert_array_equal(bgr[..., ::-1], paint(canvas.drawing().labels))
    assert (empty == 255).all()
    source.close()
    assert not source.live
    assert source.name == "page"
    assert source.describe() == "page, drawn at its address with /draw, 1024×1024"


def test_a_performer_forgets_the_sheet_once_for_every_wish_and_a_page_brings_it_back() -> None:
    canvas, clock = Canvas(), ManualClock()
    source, reader = PageSource(canvas, 30.0, clock), PageReader(64, canvas)
    canvas.draw("one", POND)
    wishes = replace(NO_WISHES, cleared=2.0)
    told = reader.read(Frame(source.read(), 1, 2.0), wishes)
    assert told.note == "the drawing is cleared; undo on a page brings it back"
    cleared = reader.read(Frame(source.read(), 2, 2.1), wishes)
    assert (cleared.labels == GROUND).all()
    assert canvas.undo("anybody")
    again = reader.read(Frame(source.read(), 3, 20.0), wishes)
    assert again.labels[32, 32] == WATER
    assert again.note == ""


@pytest.mark.parametrize("wished", ["whitened", "inked"])
def test_a_page_has_no_light_to_be_taken(wished: str) -> None:
    canvas = Canvas()
    canvas.draw("one", POND)
    source, reader = PageSource(canvas, 30.0, ManualClock()), PageReader(64, canvas)
    reading = reader.read(Frame(source.read(), 1, 5.0), replace(NO_WISHES, **{wished: 5.0}))
    assert "neither white nor inks" in reading.note
    assert reading.labels[32, 32] == WATER

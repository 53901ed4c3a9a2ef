"""Strokes and what becomes of them on the sheet."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import live.drawing
from live.drawing import (
    PART_POINTS,
    REACH,
    SHOW,
    SIDE,
    WIDTHS,
    Act,
    Canvas,
    Stroke,
    bgr_of,
    do,
    drawn,
    last_of,
    read_stroke,
    without,
)
from models.faults import InputFault
from models.palette import BUILDING, GREEN, GROUND, ROAD, WATER, classes_of_map, paint
from tests.live.conftest import soon

EMPTY = np.zeros((128, 128), np.uint8)

points = st.tuples(*[st.floats(*REACH)] * 2)
strokes = st.builds(
    Stroke,
    st.sampled_from("abc"),
    st.integers(0, 4),
    st.floats(*WIDTHS),
    st.lists(points, min_size=1, max_size=6).map(tuple),
)
acts = st.builds(Act, st.sampled_from([SHOW, "one", "two"]), st.none() | strokes)


def line(label: int, *points: tuple[float, float], name: str = "a", width: float = 0.05) -> Stroke:
    return Stroke(name, label, width, points)


def told(**changes: Any) -> dict[str, Any]:
    """A good stroke as a page tells it, with changes."""
    return {"id": "a", "class": 1, "width": 0.01, "points": [[0.1, 0.2], [0.5, 1]], "done": True, **changes}


def distances(stroke: Stroke, side: int) -> NDArray[np.float64]:
    """How far the middle of each pixel is from the line through the stroke's points, in pixels."""
    grid = (np.stack(np.meshgrid(*[np.arange(side)] * 2), axis=-1) + 0.5).astype(np.float64)
    ends = np.array(stroke.points) * side
    least = np.full((side, side), np.inf)
    for a, b in zip(ends, ends[1:] if len(ends) > 1 else ends, strict=False):
        along = np.clip((grid - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-9), 0, 1)
        least = np.minimum(least, np.linalg.norm(grid - (a + along[..., None] * (b - a)), axis=-1))
    return least


# Strokes on labels


@given(strokes)
def test_a_stroke_covers_what_is_within_half_its_width_of_its_line_and_nothing_else(stroke: Stroke) -> None:
    labels = np.full_like(EMPTY, 9)
    do(labels, Act("one", stroke))
    far, half = distances(stroke, len(labels)), max(1, round(stroke.width * len(labels))) / 2
    assert (labels[far < half - 1.5] == stroke.label).all()
    assert (labels[far > half + 1.5] == 9).all()
    assert set(np.unique(labels)) <= {9, stroke.label}


@given(strokes, st.data())
def test_a_stroke_in_parts_is_the_stroke(stroke: Stroke, data: st.DataObject) -> None:
    """Each part begins where the last one ended, and may come twice."""
    cut = data.draw(st.integers(0, len(stroke.points) - 1))
    parts = [stroke.points[: cut + 1], stroke.points[cut:]]
    whole, in_parts = EMPTY.copy(), EMPTY.copy()
    do(whole, Act("one", stroke))
    for part in (*parts, parts[1]):
        do(in_parts, Act("one", Stroke(stroke.name, stroke.label, stroke.width, part)))
    np.testing.assert_array_equal(whole, in_parts)


def test_a_single_point_is_a_round_dot() -> None:
    labels = EMPTY.copy()
    do(labels, Act("one", line(WATER, (0.5, 0.5), width=0.25)))
    assert np.count_nonzero(labels) == pytest.approx(math.pi * 16**2, rel=0.05)
    np.testing.assert_array_equal(labels, labels.T)


def test_the_rubber_makes_ground_and_clearing_makes_ground_of_everything() -> None:
    across = Act("one", line(ROAD, (0, 0.5), (1, 0.5)))
    rubbed = drawn(EMPTY, [across, Act("one", line(GROUND, (0.5, 0), (0.5, 1)))])
    assert rubbed[64, 10] == ROAD
    assert rubbed[64, 64] == GROUND
    assert not drawn(EMPTY, [across, Act("two", None)]).any()


@given(st.lists(acts, max_size=12), st.sampled_from(["one", "two"]))
def test_who_takes_back_loses_its_last_stroke_and_nobody_elses(before: list[Act], client: str) -> None:
    last = last_of(before, client)
    if last is None:
        assert all(act.client not in (client, SHOW) or act.stroke for act in before)
        assert all(act.client != client for act in before)
        return
    after = without(before, last)
    lost = [act for index, act in enumerate(before) if index not in _kept(before, after)]
    assert before[last] in lost
    assert len(after) + len(lost) == len(before)
    assert {act.client for act in lost} <= {client, SHOW}
    assert len({act.name for act in lost}) == 1


def _kept(before: list[Act], after: list[Act]) -> set[int]:
    """At which places of a list the acts stand that are still in another, by identity."""
    left = {id(act) for act in after}
    return {index for index, act in enumerate(before) if id(act) in left}


def test_the_flat_colours_are_the_palettes() -> None:
    labels = np.arange(5, dtype=np.uint8).repeat(5).reshape(5, 5)
    np.testing.assert_array_equal(bgr_of(labels)[..., ::-1], paint(labels))


# Strokes as they are told


def test_a_stroke_is_read_as_it_is_told() -> None:
    assert read_stroke(told()) == Stroke("a", 1, 0.01, ((0.1, 0.2), (0.5, 1.0)))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (None, "a stroke must be an object with id, class, width and points"),
        (told(id=""), "the id of a stroke must be a text of 1 to 64 characters"),
        (told(id=3), "the id of a stroke must be"),
        (told(id="x" * 65), "the id of a stroke must be"),
        (told(**{"class": 5}), "must be one of 0 ground, 1 road, 2 green, 3 building, 4 water"),
        (told(**{"class": True}), "the class of a stroke must be"),
        (told(**{"class": 1.0}), "the class of a stroke must be"),
        (told(width=0), r"the width of a stroke must be a number from 0\.001 to 0\.25"),
        (told(width=math.nan), "the width of a stroke must be"),
        (told(width="1"), "the width of a stroke must be"),
        (told(points=[]), "the points of a stroke must be a list of 1 to 1000 pairs"),
        (told(points=[[0, 0]] * (PART_POINTS + 1)), "the points of a stroke must be"),
        (told(points={"0": [0, 0]}), "the points of a stroke must be"),
        (told(points=[[0, 0], [0, 0, 0]]), r"a point of a stroke must be a pair \[x, y\] of numbers"),
        (told(points=[[0, math.inf]]), "a point of a stroke must be"),
        (told(points=[[0, 2.01]]), "from -1 to 2, in which the sheet reaches from 0 to 1"),
        (told(points=["ab"]), "a point of a stroke must be"),
    ],
)
def test_a_stroke_that_cannot_be_meant_is_refused_in_words(wrong: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_stroke(wrong)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    anything
    | st.fixed_dictionaries(
        {"id": anything | st.just("a"), "class": anything | st.integers(0, 4)},
        optional={
            "width": anything | st.floats(0.01, 0.1),
            "points": anything | st.lists(anything | points, max_size=3),
        },
    )
)
def test_whatever_is_told_is_a_stroke_that_can_be_drawn_or_is_refused(it: object) -> None:
    try:
        stroke = read_stroke(it)
    except ValueError:
        return
    labels = np.full_like(EMPTY, 9)
    do(labels, Act("one", stroke))
    assert set(np.unique(labels)) <= {9, stroke.label}


# The canvas


def test_a_canvas_shows_what_was_drawn_and_counts_its_changes() -> None:
    canvas = Canvas()
    empty = canvas.drawing()
    assert canvas.drawing() is empty
    version = canvas.draw("one", line(GREEN, (0.2, 0.5), (0.8, 0.5)))
    after = canvas.drawing()
    assert after.version == version == empty.version + 1
    assert after.labels.shape == (SIDE, SIDE)
    assert after.labels[SIDE // 2, SIDE // 2] == GREEN
    assert not empty.labels.any()
    assert not after.labels.flags.writeable
    assert canvas.redrawn == empty.version, "a stroke on top needs no fetching"


def test_what_is_taken_back_uncovers_what_was_there() -> None:
    canvas = Canvas()
    canvas.draw("one", line(GREEN, (0, 0.5), (1, 0.5)))
    before = canvas.drawing().labels
    canvas.draw("two", line(WATER, (0.5, 0), (0.5, 0.5), name="b"))
    canvas.draw("two", line(WATER, (0.5, 0.5), (0.5, 1), name="b"))
    version = canvas.drawing().version
    assert canvas.undo("two")
    np.testing.assert_array_equal(canvas.drawing().labels, before)
    assert canvas.redrawn == canvas.drawing().version == version + 1
    assert not canvas.undo("two")
    assert canvas.undo("one")
    assert not canvas.drawing().labels.any()


def test_strokes_of_others_stay_when_one_is_taken_back() -> None:
    canvas = Canvas()
    canvas.draw("one", line(GREEN, (0, 0.5), (1, 0.5)))
    canvas.draw("two", line(WATER, (0.5, 0), (0.5, 1)))
    assert canvas.undo("one")
    labels = canvas.drawing().labels
    assert labels[SIDE // 2, SIDE // 2] == WATER
    assert labels[SIDE // 2, 10] == GROUND


def test_two_strokes_of_one_client_at_once_are_two() -> None:
    canvas = Canvas()
    for part in range(4):
        for name, y in (("left", 0.2), ("right", 0.8)):
            canvas.draw("one", line(WATER, (part / 4, y), ((part + 1) / 4, y), name=name))
    assert canvas.undo("one")
    labels = canvas.drawing().labels
    assert (labels[SIDE // 5] == WATER).all()
    assert not labels[SIDE // 2 :].any()


@pytest.mark.parametrize(("clears", "undoes"), [("one", "one"), (SHOW, "one")])
def test_a_clearing_can_be_taken_back(clears: str, undoes: str) -> None:
    canvas = Canvas()
    canvas.draw("two", line(BUILDING, (0.5, 0.5)))
    before = canvas.drawing().labels
    canvas.clear(clears)
    assert not canvas.drawing().labels.any()
    assert canvas.redrawn == canvas.drawing().version
    assert canvas.undo(undoes)
    np.testing.assert_array_equal(canvas.drawing().labels, before)


def test_nobody_takes_back_what_another_page_cleared() -> None:
    canvas = Canvas()
    canvas.clear("one")
    assert not canvas.undo("two")


@settings(max_examples=20)
@given(st.lists(acts, min_size=20, max_size=60))
def test_a_canvas_forgets_what_is_old_but_shows_all_of_it(history: list[Act]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live.drawing, "SIDE", 64)
        patch.setattr(live.drawing, "KEPT_ACTS", 10)
        patch.setattr(live.drawing, "KEPT_POINTS", 30)
        canvas = Canvas()
        for act in history:
            if act.stroke is None:
                canvas.clear(act.client)
            else:
                canvas.draw(act.client, act.stroke)
            assert len(canvas._acts) <= 10
            assert sum(kept.size for kept in canvas._acts) <= 30
        expected = drawn(np.zeros((64, 64), np.uint8), history)
        np.testing.assert_array_equal(canvas.drawing().labels, expected)
        undone = 0
        while canvas.undo("one") or canvas.undo("two"):
            undone += 1
        assert undone <= 10


def test_half_a_stroke_is_never_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.drawing, "KEPT_ACTS", 4)
    canvas = Canvas()
    for part in range(6):
        canvas.draw("one", line(ROAD, (part / 8, 0.5), ((part + 1) / 8, 0.5)))
    before = canvas.drawing()
    assert not canvas.undo("one")
    assert canvas.drawing() is before
    canvas.draw("one", line(WATER, (0.5, 0.9), name="b"))
    assert canvas.undo("one")
    np.testing.assert_array_equal(canvas.drawing().labels, before.labels)


def test_many_clients_may_draw_at_once() -> None:
    canvas = Canvas()

    def scribble(client: str, y: float) -> None:
        for part in range(100):
            canvas.draw(client, line(ROAD, (part / 100, y), ((part + 1) / 100, y), width=0.01))
            canvas.drawing()

    threads = [threading.Thread(target=scribble, args=(str(i), (i + 0.5) / 8)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drawing = canvas.drawing()
    assert drawing.version == 801
    assert all((drawing.labels[round((i + 0.5) / 8 * SIDE)] == ROAD).all() for i in range(8))


# Its file


def test_a_drawing_comes_back_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "drawing.png"
    canvas = Canvas(file)
    canvas.start()
    for label in range(1, 5):
        canvas.draw("one", line(label, (label / 5, 0.1), (label / 5, 0.9), name=str(label)))
    canvas.close()
    assert canvas.note == ""
    again = Canvas(file)
    np.testing.assert_array_equal(again.drawing().labels, canvas.drawing().labels)
    assert [path.name for path in tmp_path.iterdir()] == ["drawing.png"]
    rgb = np.asarray(cv2.imread(str(file)), np.uint8)[..., ::-1]
    np.testing.assert_array_equal(classes_of_map(rgb), canvas.drawing().labels)


def test_a_drawing_is_saved_while_it_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.drawing, "SAVE_EVERY", 0.02)
    file = tmp_path / "drawing.png"
    canvas = Canvas(file)
    canvas.start()
    canvas.draw("one", line(ROAD, (0.5, 0.5)))
    assert soon(file.is_file)
    canvas.close()


def test_an_empty_drawing_that_nobody_touched_leaves_no_file(tmp_path: Path) -> None:
    canvas = Canvas(tmp_path / "drawing.png")
    canvas.start()
    canvas.close()
    assert not list(tmp_path.iterdir())


def test_a_drawing_that_cannot_be_kept_is_told_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.drawing, "SAVE_EVERY", 0.02)
    folder = tmp_path / "gone"
    canvas = Canvas(folder / "drawing.png")
    canvas.start()
    canvas.draw("one", line(ROAD, (0.5, 0.5)))
    assert soon(lambda: "drawing.png: No such file" in canvas.note)
    assert canvas.note.startswith("the drawing can't be kept in ")
    folder.mkdir()
    assert soon(lambda: canvas.note == "")
    assert (folder / "drawing.png").is_file()
    canvas.close()


def test_a_map_of_another_size_can_be_the_drawing(tmp_path: Path) -> None:
    file = tmp_path / "drawing.png"
    labels = np.random.default_rng(3).integers(0, 5, (256, 256)).astype(np.uint8)
    cv2.imwrite(str(file), bgr_of(labels))
    np.testing.assert_array_equal(Canvas(file).drawing().labels, labels.repeat(4, 0).repeat(4, 1))


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_file_that_is_no_drawing_stops_the_start_in_words(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "drawing.png"
    if content is None:
        cv2.imwrite(str(file), np.zeros((10, 20, 3), np.uint8))
    else:
        file.write_bytes(content)
    with pytest.raises(InputFault, match=r"drawing\.png is no square picture and can't be the drawing"):
        Canvas(file)


def test_a_folder_in_the_drawings_place_stops_the_start_in_words(tmp_path: Path) -> None:
    (tmp_path / "drawing.png").mkdir()
    with pytest.raises(InputFault, match=r"drawing\.png: the drawing can't be read: Is a directory"):
        Canvas(tmp_path / "drawing.png")

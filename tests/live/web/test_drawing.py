"""What pages say of the drawing, and what they are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.drawing import SIDE, Canvas
from live.web.drawing import VERSION_HEADER, Answer, handle, picture, redrawn
from models.palette import ROAD, classes_of_map
from tests.live.test_drawing import anything


def stroke(**changes: Any) -> dict[str, Any]:
    told = {"id": "s1", "class": ROAD, "width": 0.02, "points": [[0.25, 0.5], [0.75, 0.5]], "done": False}
    return {"stroke": {**told, **changes}}


def test_a_stroke_is_drawn_acknowledged_and_told_to_the_others() -> None:
    canvas = Canvas()
    answer = handle(canvas, "page 1", stroke(secret="not passed on"))
    version = canvas.drawing().version
    assert answer is not None
    assert answer.reply == {"drawn": version}
    assert json.loads(json.dumps(answer.others)) == {
        "stroke": {
            "id": "s1",
            "class": ROAD,
            "width": 0.02,
            "points": [[0.25, 0.5], [0.75, 0.5]],
            "version": version,
        }
    }
    assert canvas.drawing().labels[SIDE // 2, SIDE // 2] == ROAD
    assert redrawn(canvas, told=canvas.redrawn) is None


def test_undo_is_of_the_asking_page_and_all_must_fetch_anew() -> None:
    canvas = Canvas()
    told = canvas.redrawn
    handle(canvas, "page 1", stroke())
    assert handle(canvas, "page 2", {"undo": True}) == Answer(
        {"error": "there is nothing left that you can take back"}
    )
    assert redrawn(canvas, told) is None
    assert handle(canvas, "page 1", {"undo": True}) == Answer()
    assert redrawn(canvas, told) == {"drawing": {"version": canvas.drawing().version}}
    assert not canvas.drawing().labels.any()


def test_clear_can_be_taken_back_by_a_page_that_lost_its_connection() -> None:
    canvas = Canvas()
    handle(canvas, "page 1", stroke())
    assert handle(canvas, "page 1", {"clear": True, "by": "tablet"}) == Answer()
    assert not canvas.drawing().labels.any()
    assert handle(canvas, "page 2", {"undo": True, "by": "tablet"}) == Answer()
    assert canvas.drawing().labels.any()


def test_a_stroke_that_cannot_be_meant_is_refused_and_acknowledged() -> None:
    canvas = Canvas()
    answer = handle(canvas, "page 1", stroke(width=3))
    assert answer == Answer(
        {"error": "the width of a stroke must be a number from 0.001 to 0.25", "drawn": 0}
    )
    assert not canvas.drawing().labels.any()


def test_what_is_not_of_the_drawing_is_for_others() -> None:
    assert handle(Canvas(), "page 1", {"set": ["/city", "dubai"]}) is None
    assert handle(None, "page 1", {"set": ["/city", "dubai"]}) is None


@pytest.mark.parametrize("message", [stroke(), {"undo": True}, {"clear": True}])
def test_a_show_with_a_camera_is_not_drawn_on(message: Mapping[str, object]) -> None:
    answer = handle(None, "page 1", message)
    assert answer is not None
    assert answer.reply == {
        "error": 'this show looks at a camera; with camera.source = "page" it would be drawn here',
        "drawn": 0,
    }


@given(st.dictionaries(st.sampled_from(["stroke", "undo", "clear", "by", "set"]), anything))
def test_whatever_a_page_says_is_answered(message: dict[str, Any]) -> None:
    answer = handle(Canvas(), "page 1", message)
    assert (answer is not None) == bool({"stroke", "undo", "clear"} & set(message))
    if answer is not None and answer.others is None and "stroke" in message:
        assert answer.reply is not None
        assert "must be" in str(answer.reply["error"])


def test_the_picture_is_the_drawing_with_its_version() -> None:
    canvas = Canvas()
    handle(canvas, "page 1", stroke())
    png, headers = picture(canvas)
    assert headers[VERSION_HEADER] == str(canvas.drawing().version)
    assert headers["Content-Type"] == "image/png"
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert bgr is not None
    rgb = np.asarray(bgr[..., ::-1], np.uint8)
    np.testing.assert_array_equal(classes_of_map(rgb), canvas.drawing().labels)

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from live.calibrate.canvas import Canvas, wrapped
from live.output.compose import Rect, line_height, text_cover

WHITE = (255, 255, 255)
LONG = "Put all four printed markers into the camera's view, and take away what lies over them"


@settings(max_examples=30, deadline=None)
@given(st.integers(-300, 300), st.integers(-60, 160), st.text(max_size=40))
def test_text_is_cut_off_at_the_edges_and_never_elsewhere(x: int, y: int, text: str) -> None:
    large, small = Canvas((900, 400)), Canvas((200, 100))
    width = large.write(text, 300 + x, 100 + y, 20, WHITE)
    assert small.write(text, x, y, 20, WHITE) == width
    assert np.array_equal(small.rgb, large.rgb[100:200, 300:500])


def test_a_paragraph_stays_within_its_width_and_leaves_the_rest() -> None:
    canvas = Canvas((600, 400))
    rest = canvas.paragraph(LONG, Rect(100, 50, 300, 300), 20, WHITE)
    rows, columns = np.nonzero(canvas.rgb.any(axis=2))
    assert columns.min() >= 100
    assert columns.max() < 400
    assert rows.max() > 50 + 2 * line_height(20), "three lines at least"
    assert rows.max() < rest.y
    assert (rest.x, rest.width, rest.y + rest.height) == (100, 300, 350)


@settings(max_examples=30, deadline=None)
@given(st.text("abc /", max_size=60), st.integers(1, 300))
def test_lines_are_no_wider_than_told_and_lose_no_letter(text: str, width: int) -> None:
    lines = wrapped(text, width, 20)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    for line in lines:
        assert text_cover(line, 20).shape[1] <= width or len(line) == 1


def test_a_picture_is_as_bright_as_it_is_told() -> None:
    canvas = Canvas((60, 40))
    canvas.picture(np.full((10, 10, 3), 200, np.uint8), Rect(10, 10, 20, 20), 0.5)
    assert (canvas.rgb[10:30, 10:30] == 100).all()
    canvas.patch(Rect(10, 10, 20, 20), (100, 50, 20), 0.5)
    assert (canvas.rgb[10:30, 10:30] == (50, 25, 10)).all()
    canvas.rgb[10:30, 10:30] = 0
    assert not canvas.rgb.any()


def test_what_lies_beyond_the_window_is_left_out() -> None:
    canvas = Canvas((60, 40))
    canvas.picture(np.full((10, 10, 3), 200, np.uint8), Rect(50, 30, 20, 20), 1.0)
    assert (canvas.rgb[30:, 50:] == 200).all()
    canvas.plate(Rect(-30, -30, 20, 20))
    canvas.plate(Rect(55, 35, 20, 20))
    assert (canvas.rgb[35:, 55:] == 40).all()
    assert (canvas.rgb[30:35, 50:] == 200).all()

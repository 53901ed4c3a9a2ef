from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from live.output.compose import Fit, Rect, compose, dim, place

sizes = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
small_sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
fits = st.sampled_from(["letterbox", "fill"])
LINES = ("29.9 fps · 0 dropped", "camera  USB camera 0, 1280×720 – found", "engine  openvino, side 256")


def flat(value: int, size: tuple[int, int] = (16, 16)) -> NDArray[np.uint8]:
    return np.full((size[1], size[0], 3), value, np.uint8)


def assert_in_the_middle(inner: Rect, outer: tuple[int, int]) -> None:
    """Within, touching two opposite sides, and evenly far from the others but for an odd pixel."""
    right, bottom = outer[0] - inner.x - inner.width, outer[1] - inner.y - inner.height
    assert 0 <= right - inner.x <= 1
    assert 0 <= bottom - inner.y <= 1
    assert inner.x == right == 0 or inner.y == bottom == 0


@given(sizes, sizes)
def test_letterbox_shows_the_whole_picture_in_its_shape(
    picture: tuple[int, int], canvas: tuple[int, int]
) -> None:
    source, target = place(picture, canvas, "letterbox")
    assert source == Rect(0, 0, *picture)
    assert_in_the_middle(target, canvas)
    scale = min(canvas[0] / picture[0], canvas[1] / picture[1])
    assert abs(target.width - max(1, picture[0] * scale)) <= 0.5
    assert abs(target.height - max(1, picture[1] * scale)) <= 0.5


@given(sizes, sizes)
def test_fill_covers_the_whole_canvas_with_the_middle(
    picture: tuple[int, int], canvas: tuple[int, int]
) -> None:
    source, target = place(picture, canvas, "fill")
    assert target == Rect(0, 0, *canvas)
    assert_in_the_middle(source, picture)
    scale = max(canvas[0] / picture[0], canvas[1] / picture[1])
    assert abs(source.width - max(1, canvas[0] / scale)) <= 0.5
    assert abs(source.height - max(1, canvas[1] / scale)) <= 0.5


@given(small_sizes, small_sizes, st.integers(1, 255))
def test_letterbox_is_black_around_the_picture(
    picture: tuple[int, int], size: tuple[int, int], value: int
) -> None:
    canvas = compose(flat(value, picture), (), size, "letterbox")
    assert canvas.shape == (size[1], size[0], 3)
    assert canvas.dtype == np.uint8
    _, target = place(picture, size, "letterbox")
    assert (target.of(canvas) == value).all()
    assert np.count_nonzero(canvas) == 3 * target.width * target.height


@given(small_sizes, small_sizes, st.integers(0, 255))
def test_fill_leaves_nothing_black(picture: tuple[int, int], size: tuple[int, int], value: int) -> None:
    assert (compose(flat(value, picture), (), size, "fill") == value).all()


def test_the_way_up_and_the_order_of_colours() -> None:
    colours = np.array([[[250, 10, 20], [30, 240, 40]], [[50, 60, 230], [200, 210, 220]]], np.uint8)
    canvas = compose(colours.repeat(40, 0).repeat(40, 1), (), (200, 100), "letterbox")
    assert canvas[3, 53].tolist() == [250, 10, 20]
    assert canvas[3, 147].tolist() == [30, 240, 40]
    assert canvas[97, 53].tolist() == [50, 60, 230]
    assert canvas[97, 147].tolist() == [200, 210, 220]


def test_an_enlarged_picture_shows_no_pixel_blocks() -> None:
    """A hard edge becomes a slope over several pixels: no step of more than a third of it, each way."""
    edge = flat(40)
    edge[8:, 8:] = 200
    canvas = compose(edge, (), (160, 160), "letterbox").astype(int)
    for axis in (0, 1):
        steps = np.abs(np.diff(canvas, axis=axis))
        assert 0 < steps.max() < 160 / 3


def test_a_picture_made_smaller_keeps_fine_detail_as_grey() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (compose(stripes, (), (64, 64), "letterbox") == 100).all()


def test_the_picture_is_not_written_to() -> None:
    picture = flat(90)
    picture.flags.writeable = False
    for size in ((16, 16), (64, 48)):
        compose(picture, LINES, size, "letterbox")
    assert (picture == 90).all()


@given(st.floats(0, 1))
def test_dim(brightness: float) -> None:
    ramp = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.abs(dim(ramp, brightness) - ramp * brightness).max() <= 0.5


def test_full_brightness_costs_nothing_and_none_is_black() -> None:
    picture = flat(77)
    assert dim(picture, 1.0) is picture
    assert not dim(picture, 0.0).any()
    assert (picture == 77).all()


def luminance(grey: int) -> float:
    """WCAG 2.2, relative luminance, of a grey."""
    share = grey / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 360)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_overlay_is_readable_on_any_picture(size: tuple[int, int], value: int) -> None:
    """Contrast by WCAG 2.2 of at least 7:1 (level AAA), in letters of a fortieth of the height or more."""
    before = compose(flat(value), (), size, "fill")
    canvas = compose(flat(value), LINES, size, "fill")
    rows, columns = np.nonzero((canvas != before).any(axis=2))
    panel = canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    paper, ink = int(np.median(panel)), int(panel.max())
    assert (luminance(ink) + 0.05) / (luminance(paper) + 0.05) >= 7
    assert (panel > (ink + paper) / 2).mean() > 0.05, "hardly any text"
    assert panel.shape[0] > len(LINES) * size[1] / 40
    assert rows.max() < size[1] / 4
    assert columns.max() < size[0] * 2 / 3


def test_overlay_tells_different_texts_apart() -> None:
    texts = [
        "1280×720",
        "1280x720",
        "1280–720",
        "1280·720",
        "1280 720",
        "Zürich",
        "Zurich",
        "Łódź",
        "Αθήνα",
    ]
    looks = {compose(flat(120), (text,), (640, 360), "fill").tobytes() for text in texts}
    assert len(looks) == len(texts)


def test_overlay_goes_when_there_are_no_lines() -> None:
    with_lines = compose(flat(120), LINES, (640, 360), "fill")
    without = compose(flat(120), [], (640, 360), "fill")
    assert (without == 120).all()
    assert not np.array_equal(with_lines, without)


def test_a_long_line_is_made_to_fit() -> None:
    """The end of the line stands on the panel: letters smaller, not cut off."""
    line = "camera  " + 90 * "m"
    one, other = (compose(flat(255), (line + end,), (800, 450), "fill") for end in ("i", "W"))
    assert not np.array_equal(one, other)


@given(st.lists(st.text(max_size=200), max_size=30), small_sizes, fits)
def test_overlay_takes_any_text_on_any_size(lines: list[str], size: tuple[int, int], fit: Fit) -> None:
    canvas = compose(flat(200), lines, size, fit)
    assert canvas.shape == (size[1], size[0], 3)


@given(st.text())
def test_overlay_stays_within_its_corner(text: str) -> None:
    canvas = compose(flat(200), (text,), (1280, 720), "fill")
    assert (canvas[100:] == 200).all()
    assert (canvas[:, :4] == 200).all()
    assert (canvas[:, -4:] == 200).all()


def test_the_view_of_the_sheet_stands_in_the_lower_left_and_nowhere_else() -> None:
    plain = compose(flat(90), (), (640, 360), "letterbox")
    with_view = compose(flat(90), (), (640, 360), "letterbox", flat(200, (320, 180)))
    changed = (plain != with_view).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert columns.max() < 640 * 7 / 32, "it leaves a square picture alone"
    assert rows.min() > 180
    assert (with_view[changed] == 200).all()
    assert abs((columns.max() - columns.min()) / (rows.max() - rows.min()) - 320 / 180) < 0.1


@given(small_sizes, small_sizes)
def test_any_view_goes_onto_any_output(view: tuple[int, int], size: tuple[int, int]) -> None:
    assert compose(flat(0), (), size, "fill", flat(200, view)).shape == (size[1], size[0], 3)


CODE = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]], np.uint8)


def test_a_code_stands_in_the_lower_right_with_white_around_it() -> None:
    plain = compose(flat(90), (), (640, 360), "letterbox")
    canvas = compose(flat(90), (), (640, 360), "letterbox", code=CODE)
    rows, columns = np.nonzero((canvas != plain).any(axis=2) | (canvas == 255).all(axis=2))
    box = canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert box.shape[0] == box.shape[1] <= 360 // 3
    assert rows.min() > 180
    assert columns.min() > 320
    modules = box[:: box.shape[0] // 11, :: box.shape[0] // 11, 0][:11, :11]
    np.testing.assert_array_equal(modules[4:7, 4:7], np.where(CODE, 0, 255))
    assert (np.delete(modules, range(4, 7), 0) == 255).all()


def test_a_code_for_which_there_is_no_room_is_left_out() -> None:
    large = np.zeros((60, 60), np.uint8)
    with_code = compose(flat(90), (), (160, 90), "fill", code=large)
    np.testing.assert_array_equal(with_code, compose(flat(90), (), (160, 90), "fill"))

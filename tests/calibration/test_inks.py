"""The inks: every ink is itself, its tints are nothing else, and what is no ink is unknown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.inks import (
    Inks,
    classify,
    coded_colours,
    colour_name,
    ink_table,
    linear_light,
    oklab,
    read_inks,
    srgb_of,
)
from models.faults import UsageFault
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD, UNKNOWN, WATER

MARKERS = {
    "ground": "#f4f2ec",
    "road": "#28282c",
    "green": "#22904a",
    "building": "#cc2a30",
    "water": "#2258b4",
}
INKS = Inks.from_hex(MARKERS)
TABLE = ink_table(INKS)
INK_CLASSES = [ROAD, GREEN, BUILDING, WATER]


def read(colour: NDArray[np.float32]) -> int:
    """The class of one colour, sRGB 0..1, through the table."""
    pixel = np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)[::-1]
    return int(read_inks(pixel[None, None], TABLE)[0, 0])


@given(st.binary(min_size=3, max_size=3))
def test_a_16_bit_colour_stands_for_what_is_coded_by_it(rgb: bytes) -> None:
    pixel = np.array(list(rgb), dtype=np.uint8)
    code = int(cv2.cvtColor(pixel[None, None, ::-1].copy(), cv2.COLOR_BGR2BGR565).view(np.uint16).item())
    assert np.abs(coded_colours()[code] * 255 - pixel).max() <= 4.01


def test_every_ink_reads_as_itself() -> None:
    assert [read(colour) for colour in INKS.levelled()] == list(range(len(CLASS_NAMES)))


@given(ink=st.sampled_from(INK_CLASSES), share=st.floats(0, 1), by_light=st.booleans())
def test_on_the_way_from_paper_to_ink_there_is_no_other_ink(ink: int, share: float, by_light: bool) -> None:
    paper, full = INKS.levelled()[GROUND], INKS.levelled()[ink]
    if by_light:
        mixed = srgb_of(linear_light(paper) * (1 - share) + linear_light(full) * share)
    else:
        mixed = (paper * (1 - share) + full * share).astype(np.float32)
    expected = {GROUND, ink, UNKNOWN}
    assert read(mixed) in expected
    if share > 0.75:
        assert read(mixed) == ink
    if share < 0.1:
        assert read(mixed) == GROUND


@given(ink=st.sampled_from([GREEN, BUILDING, WATER]), layers=st.floats(0.8, 2.0))
def test_several_layers_of_an_ink_are_not_black(ink: int, layers: float) -> None:
    paper, full = linear_light(INKS.levelled()[GROUND]), linear_light(INKS.levelled()[ink])
    assert read(srgb_of((paper * (full / paper) ** layers).astype(np.float32))) == ink


@given(
    ink=st.sampled_from([GROUND, *INK_CLASSES]),
    noise=st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5)),
)
def test_the_noise_of_a_sensor_changes_no_class(ink: int, noise: tuple[int, int, int]) -> None:
    assert read((INKS.levelled()[ink] + np.array(noise) / 255).astype(np.float32)) == ink


@pytest.mark.parametrize(
    "colour",
    [
        (200, 140, 115),
        (170, 115, 90),
        (120, 75, 55),
        (90, 58, 42),
        (235, 150, 40),
        (130, 50, 150),
        (200, 190, 60),
    ],
    ids=["light skin", "tan skin", "brown skin", "dark skin", "orange", "purple", "olive"],
)
def test_what_is_no_ink_is_unknown(colour: tuple[int, int, int]) -> None:
    assert read((np.array(colour) / 255).astype(np.float32)) == UNKNOWN


def test_a_greater_tolerance_leaves_less_unknown() -> None:
    unknown = [int((ink_table(INKS, tolerance) == UNKNOWN).sum()) for tolerance in (0.5, 1.0, 2.0, 6.0)]
    assert unknown == sorted(unknown, reverse=True)
    assert unknown[0] > 2 * unknown[-1]


def test_the_table_holds_what_the_exact_rule_says() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (4000, 3), dtype=np.uint8)
    exact = classify((rgb / 255).astype(np.float32), INKS)
    table = read_inks(rgb[None, :, ::-1].copy(), TABLE)[0]
    # They differ by the rounding to 16 bits, at borders between classes alone.
    assert (exact == table).mean() > 0.97
    assert TABLE.shape == (1, 65536)
    assert set(np.unique(TABLE)) == {GROUND, *INK_CLASSES, UNKNOWN}


def test_only_the_ratio_of_ink_to_paper_counts() -> None:
    dim = {name: f"#{int(c[1:3], 16) // 2:02x}{int(c[3:5], 16) // 2:02x}{int(c[5:], 16) // 2:02x}"
           for name, c in MARKERS.items()}  # fmt: skip
    np.testing.assert_allclose(Inks.from_hex(dim).levelled(), INKS.levelled(), atol=0.02)


def test_oklab_is_ottossons() -> None:
    # Without stray light his table gives white (1, 0, 0); with it, greys stay free of colour.
    greys = np.repeat(np.linspace(0, 1, 9, dtype=np.float32)[:, None], 3, axis=1)
    lab = oklab(greys)
    assert np.abs(lab[:, 1:]).max() < 1e-3
    assert (np.diff(lab[:, 0]) > 0).all()
    assert lab[-1, 0] == pytest.approx(1.0, abs=1e-3)


@given(st.floats(0, 1))
def test_srgb_and_linear_light_undo_each_other(value: float) -> None:
    there = linear_light(np.array([value], dtype=np.float32))
    assert float(srgb_of(there)[0]) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("bad", ["", "red", "#12345", "#gg0000", "22904a"])
def test_an_ink_that_is_no_colour_is_refused_by_name(bad: str) -> None:
    with pytest.raises(UsageFault, match="'green'"):
        Inks.from_hex({**MARKERS, "green": bad})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"water": "#f0f0ff"}, r"paper 'ground' \(#f4f2ec\) and 'water' \(#f0f0ff\).*alike.*for 'water'"),
        ({"water": "#28904a"}, r"inks 'green' \(#22904a\) and 'water' \(#28904a\).*alike.*for 'water'"),
    ],
)
def test_inks_that_are_too_much_alike_are_refused(changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageFault, match=sentence):
        Inks.from_hex({**MARKERS, **changed})


@given(st.binary(min_size=15, max_size=15))
def test_inks_go_to_hex_and_back(values: bytes) -> None:
    inks = Inks(np.frombuffer(values, dtype=np.uint8).reshape(5, 3))
    if inks.too_close() is None:
        np.testing.assert_array_equal(Inks.from_hex(inks.hex()).rgb, inks.rgb)
    else:
        with pytest.raises(UsageFault, match="alike"):
            Inks.from_hex(inks.hex())


def test_a_picture_is_read_pixel_by_pixel() -> None:
    colours = np.rint(INKS.levelled()[:, ::-1] * 255).astype(np.uint8)
    truth = np.random.default_rng(2).integers(0, 5, (40, 60)).astype(np.uint8)
    np.testing.assert_array_equal(read_inks(colours[truth], TABLE), truth)


# ── Five sets of inks, and others ────────────────────────────────────────────────────────────────────

SETS = {
    "default": ("#f4f2ec", "#28282c", "#22904a", "#cc2a30", "#2258b4"),
    "bright felt tips": ("#f7f6f2", "#1c1c20", "#2fae4e", "#ee2f3c", "#1f7fd6"),
    "dark chisel markers": ("#f4f2ec", "#202022", "#1d6b3c", "#a81f2a", "#1f3f8c"),
    "crayons": ("#f3f0e8", "#4a4a4e", "#6cb36a", "#e0655f", "#6a93cf"),
    "gouache": ("#f2efe6", "#33302e", "#7f9a3a", "#e07a2e", "#2f8fa8"),
}
OPAQUE_SETS = {
    "card on white": ("#f2f2f0", "#3a3a3c", "#f2d13a", "#e8822a", "#b98a5e"),
    "blocks on white": ("#eeeeec", "#a9a9a8", "#f0d040", "#e07830", "#8a5a36"),
    "card on kraft paper": ("#b48c5f", "#2c2a28", "#f0d040", "#d84030", "#3060b0"),
    "chalk on grey paper": ("#8c8c8c", "#2a2a2a", "#50a050", "#d8403c", "#3464b8"),
}
SKIN = ((226, 176, 152), (200, 140, 115), (170, 115, 90), (120, 75, 55), (90, 58, 42))
NOISE = 2.5
SAMPLES = 1500


def inks_of(colours: tuple[str, ...]) -> Inks:
    return Inks.from_hex(dict(zip(CLASS_NAMES, colours, strict=True)))


def shares(colours: NDArray[np.floating], table: NDArray[np.uint8], ink: int) -> tuple[float, float]:
    """How many of the colours, sRGB 0..1 (n, 3), a noisy sensor shows as the ink, and as another class than
    it and the ground."""
    noisy = colours * 255 + np.random.default_rng(7).normal(0, NOISE, colours.shape)
    pixels = np.rint(noisy).clip(0, 255).astype(np.uint8)
    read = read_inks(pixels[None, :, ::-1].copy(), table)[0]
    return float((read == ink).mean()), float((~np.isin(read, [ink, UNKNOWN, GROUND])).mean())


@pytest.mark.parametrize("name", [*SETS, *OPAQUE_SETS])
def test_each_ink_of_each_set_is_itself_in_every_light_and_cover(name: str) -> None:
    inks = inks_of((SETS | OPAQUE_SETS)[name])
    table, colours = ink_table(inks), inks.levelled()
    rng = np.random.default_rng(4)
    lamp = rng.uniform(0.92, 1.08, (SAMPLES, 1)).astype(np.float32)
    assert shares(srgb_of(linear_light(colours[GROUND]) * lamp), table, GROUND)[0] > 0.995
    for ink in INK_CLASSES:
        full = srgb_of(linear_light(colours[ink]) * lamp)
        right, wrong = shares(full, table, ink)
        assert right > 0.98, (ink, "light", right)
        assert wrong < 0.005, (ink, "light", wrong)
        cover = rng.uniform(0.6, 1, (SAMPLES, 1)).astype(np.float32)
        tints = full * cover + srgb_of(linear_light(colours[GROUND]) * lamp) * (1 - cover)
        right, wrong = shares(tints, table, ink)
        assert right > 0.92, (ink, "tints", right)
        assert wrong < 0.025, (ink, "tints", wrong)


@pytest.mark.parametrize("name", SETS)
def test_one_and_two_layers_of_each_marker_are_that_marker(name: str) -> None:
    inks = inks_of(SETS[name])
    table, light = ink_table(inks), linear_light(inks.levelled())
    layers = np.random.default_rng(5).uniform(1, 2, (SAMPLES, 1)).astype(np.float32)
    for ink in INK_CLASSES:
        laid = srgb_of(light[GROUND] * (light[ink] / light[GROUND]) ** layers)
        right, wrong = shares(laid, table, ink)
        assert right > 0.97, (ink, right)
        assert wrong < 0.005, (ink, wrong)


@pytest.mark.parametrize("name", OPAQUE_SETS)
def test_the_sides_of_a_block_are_the_block(name: str) -> None:
    inks = inks_of(OPAQUE_SETS[name])
    table, light = ink_table(inks), linear_light(inks.levelled())
    shade = np.random.default_rng(6).uniform(0.75, 1.1, (SAMPLES, 1)).astype(np.float32)
    for ink in INK_CLASSES:
        right, wrong = shares(srgb_of(light[ink] * shade), table, ink)
        assert right > 0.95, (ink, right)
        assert wrong < 0.01, (ink, wrong)


@pytest.mark.parametrize("name", ["default", "bright felt tips", "dark chisel markers", "crayons"])
def test_skin_is_unknown_where_no_ink_is_like_it(name: str) -> None:
    # The tints of an orange are skin's, and of gouache nothing of the kind can be asked.
    table = ink_table(inks_of(SETS[name]))
    lamp = np.random.default_rng(8).uniform(0.9, 1.05, (SAMPLES, 1))
    unknown = [shares(np.array(skin) / 266 * lamp, table, UNKNOWN)[0] for skin in SKIN]
    assert min(unknown) > 0.8
    assert np.mean(unknown) > 0.95


def test_white_on_a_darker_paper_is_refused_rather_than_read_as_gloss() -> None:
    # Levelling brings that paper to nearly white, so that white is beyond what a picture holds.
    with pytest.raises(UsageFault, match=r"'ground' .* and 'water' .* too much alike"):
        inks_of(("#b48c5f", "#2c2a28", "#3f8f50", "#d84030", "#f6f6f2"))


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#28282c", "black"), ("#22904a", "green"), ("#cc2a30", "red"), ("#2258b4", "blue"),
        ("#f2d13a", "yellow"), ("#e8822a", "orange"), ("#8a5a36", "brown"), ("#a9a9a8", "grey"),
        ("#803296", "violet"), ("#f0a0a8", "pink"), ("#2f8fa8", "turquoise"), ("#f4f2ec", "white"),
        ("#ffff00", "yellow"), ("#c08040", "brown"), ("#ffb0b0", "pink"), ("#f078b4", "pink"),
        ("#28aaaa", "turquoise"), ("#808080", "grey"), ("#f08c1e", "orange"), ("#808000", "green"),
    ],
)  # fmt: skip
def test_colours_have_the_names_that_people_give_them(colour: str, name: str) -> None:
    values = np.array(list(bytes.fromhex(colour[1:])), dtype=np.float32) / np.float32(255)
    assert colour_name(oklab(values)) == name

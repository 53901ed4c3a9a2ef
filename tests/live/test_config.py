from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live import config
from live.config import (
    CalibrationSettings,
    CueSettings,
    MidiSettings,
    PageSettings,
    Settings,
    default_show_path,
    dump_settings,
    load_settings,
)
from live.mix import FADE_SHAPES, REGIONS
from models.faults import Fault, InputFault, UsageFault

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def show(tmp_path: Path) -> Path:
    return tmp_path / "show.toml"


def loaded(show: Path, text: str, **overrides: object) -> Settings:
    show.write_text(text, encoding="utf-8")
    return load_settings(show, {key.replace("__", "."): value for key, value in overrides.items()})


def fault_of(show: Path, text: str, **overrides: object) -> str:
    with pytest.raises(UsageFault) as caught:
        loaded(show, text, **overrides)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence.removeprefix(f"{show}")


# What is in the repository


def test_the_show_file_that_comes_along_holds_the_defaults() -> None:
    assert (ROOT / "show.toml").read_text(encoding="utf-8") == dump_settings(Settings()), (
        "show.toml is written by the program: put dump_settings(Settings()) there"
    )


def defaults_in(folder: Path) -> Settings:
    """The default settings of a show file there, beside which what the program keeps is looked for."""
    return dataclasses.replace(
        Settings(),
        calibration=CalibrationSettings(str(folder / "calibration.toml")),
        midi=MidiSettings(file=str(folder / "midi.toml")),
        page=PageSettings(drawing=str(folder / "drawing.png")),
    )


def test_every_default_is_one_that_a_show_file_may_hold() -> None:
    assert load_settings(ROOT / "show.toml") == defaults_in(ROOT)


def test_the_working_folder_goes_before_the_show_that_came_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_show_path() == ROOT / "show.toml"
    (tmp_path / "show.toml").write_text("[cities]\nfade = 7", encoding="utf-8")
    assert load_settings().cities.fade == 7.0


# What a show file may say


def test_keys_that_are_left_out_have_their_defaults(show: Path) -> None:
    assert loaded(show, "") == defaults_in(show.parent)
    camera = dataclasses.replace(Settings().camera, fps=25.0)
    expected = dataclasses.replace(defaults_in(show.parent), camera=camera)
    assert loaded(show, "[camera]\nfps = 25") == expected


def test_a_camera_may_be_a_bare_number(show: Path) -> None:
    assert loaded(show, "camera.source = 2").camera.source == "2"


def test_corners_are_read_as_pairs_of_numbers(show: Path) -> None:
    text = "[sheet]\ncorners = [[10, 20], [500.5, 25], [510, 400], [5, 390]]"
    assert loaded(show, text).sheet.corners == ((10.0, 20.0), (500.5, 25.0), (510.0, 400.0), (5.0, 390.0))


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(show: Path) -> None:
    show.write_bytes(b"\xef\xbb\xbf[camera]\r\nfps = 25\r\n")
    assert load_settings(show).camera.fps == 25.0


@pytest.mark.parametrize("source", ["auto", "simulated", "0", "USB2.0 HD Webcam", "rtsp://host/live.mp4"])
def test_what_is_no_path_is_left_as_it_is(show: Path, source: str) -> None:
    assert loaded(show, f'[camera]\nsource = "{source}"').camera.source == source


def test_paths_are_relative_to_the_show_file_or_on_the_command_line_to_the_working_folder(
    show: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = '[camera]\nsource = "walk.mp4"\n[cities]\nset = "./mine"'
    assert loaded(show, text).camera.source == str(tmp_path / "walk.mp4")
    assert loaded(show, text).cities.set == str(tmp_path / "mine")
    given_here = loaded(show, text, camera__source="walk.mp4", cities__set="../mine")
    assert given_here.camera.source == str(tmp_path / "elsewhere" / "walk.mp4")
    assert os.path.normpath(str(given_here.cities.set)) == str(tmp_path / "mine")


@pytest.mark.parametrize(
    ("text", "file"), [("", "calibration.toml"), ("file = 'left.toml'", "left.toml"), ("file = ''", "")]
)
def test_the_calibration_lies_beside_the_show_file(
    show: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, file: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    expected = str(tmp_path / file) if file else ""
    assert loaded(show, f"[calibration]\n{text}").calibration.file == expected


def test_an_installed_program_keeps_no_calibration_in_its_own_folder(
    show: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show.write_text("", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(config, "_INSTALLED_SHOW", show)
    assert load_settings() == defaults_in(tmp_path / "elsewhere")


def test_one_city_set_or_several(show: Path, tmp_path: Path) -> None:
    assert loaded(show, '[cities]\nset = ["small"]').cities.set == "small"
    assert loaded(show, '[cities]\nset = ["small", "./mine"]').cities.set == (
        "small",
        str(tmp_path / "mine"),
    )
    assert loaded(show, "", cities__set=["small", "large"]).cities.set == ("small", "large")


def test_the_command_line_goes_before_the_file_unless_it_says_nothing(show: Path) -> None:
    text = "[control]\nosc_port = 1\n[camera]\nsource = 1"
    settings = loaded(show, text, control__osc_port=0, camera__source=None)
    assert settings.control.osc_port == 0
    assert settings.camera.source == "1"


CUES = """
[[cue]]
number = 1.10
name = "Opening"
note = "wait for Ann"
city = "dubai"
follow = 3

[[cue]]
number = "10A"
mix = { dubai = 0.5, "las-vegas" = 0.5 }
wait = 1
set = { "/opacity" = 0.5, "/blackout" = false, "/fade/point" = [0.2, 0.3], "/fade/shape" = "morph" }
[cue.region]
left = "paris"

[camera]
fps = 25

[[cue]]
number = 3
"""


def test_cues_are_read_in_the_order_written(show: Path) -> None:
    assert loaded(show, CUES).cues == (
        CueSettings("1.10", "Opening", "wait for Ann", city="dubai", follow=3.0),
        CueSettings(
            "10A",
            mix=(("dubai", 0.5), ("las-vegas", 0.5)),
            region=(("left", "paris"),),
            wait=1.0,
            set=(
                ("/opacity", (0.5,)),
                ("/blackout", (False,)),
                ("/fade/point", (0.2, 0.3)),
                ("/fade/shape", ("morph",)),
            ),
        ),
        CueSettings("3"),
    )


def test_a_cue_knows_where_it_was_written(show: Path) -> None:
    first, second, third = loaded(show, CUES).cues
    assert first.where() == f"{show}, line 2"
    assert second.where("set", "/blackout") == f"{show}, line 13"
    assert second.where("region", "left") == f"{show}, line 15"
    assert third.where("number") == f"{show}, line 21"


def test_cues_are_printed_in_the_order_written(show: Path) -> None:
    written = dump_settings(loaded(show, CUES))
    assert (
        written[written.index("\n[[cue]]") :]
        == """
[[cue]]
number = 1.10
name = "Opening"
note = "wait for Ann"
city = "dubai"
follow = 3.0

[[cue]]
number = "10A"
mix = {dubai = 0.5, las-vegas = 0.5}
region = {left = "paris"}
wait = 1.0
set = {"/opacity" = 0.5, "/blackout" = false, "/fade/point" = [0.2, 0.3], "/fade/shape" = "morph"}

[[cue]]
number = 3
"""
    )
    assert loaded(show, written) == loaded(show, CUES)


def test_the_example_of_a_cue_is_one(show: Path) -> None:
    text = dump_settings(Settings())
    example = text[text.index("# [[cue]]") :].replace("# ", "")
    assert loaded(show, text + example).cues == (config._EXAMPLE,)


@pytest.mark.parametrize(
    ("number", "text"),
    [("1", "1"), ('"1"', "1"), ("1.50", "1.50"), ("0x10", "16"), ('"2.b_1-c"', "2.b_1-c")],
)
def test_the_number_of_a_cue_stays_as_it_is_written(show: Path, number: str, text: str) -> None:
    assert loaded(show, f"cue = [{{ number = {number} }}]").cues[0].number == text


# What stops the start, in one sentence


A_NUMBER = (
    'a number as 1 or 1.5, or a string that begins with a digit and goes on with letters, digits, ".", "-" '
    'and "_", as "10A"'
)
A_MIX = "cue.mix is a table and must be a table of cities and their shares, from 0 to 1 and together 1"
A_SET = (
    "cue.set is a table and must be a table of addresses and values: numbers, strings, true, false or lists"
)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("cue = 3", 1, "cue is 3 and must be tables, each [[cue]]"),
        ("[cue]\nnumber = 1", 1, "cue is a table and must be tables, each [[cue]]"),
        ("[[cues]]\nnumber = 1", 1, "cues is not a setting; did you mean [[cue]]?"),
        ("[[cue]]\nname = 'x'", 1, "this cue has no number, and must have one, as number = 1"),
        ("[[cue]]\nnumber = -1", 2, f"cue.number is -1 and must be {A_NUMBER}"),
        ("[[cue]]\nnumber = +1.5", 2, f'cue.number is "+1.5" and must be {A_NUMBER}'),
        ("[[cue]]\nnumber = inf", 2, f'cue.number is "inf" and must be {A_NUMBER}'),
        ("[[cue]]\nnumber = true", 2, f"cue.number is true and must be {A_NUMBER}"),
        ("[[cue]]\nnumber = 'A 1'", 2, f'cue.number is "A 1" and must be {A_NUMBER}'),
        ("[[cue]]\nnumber = '1/2'", 2, f'cue.number is "1/2" and must be {A_NUMBER}'),
        (
            "[[cue]]\nnumber = 1\n[[cue]]\nnumber = 2\nfade = -1",
            5,
            "cue.fade is -1 and must be a number from",
        ),
        ("[[cue]]\nnumber = 1\nfollow = '5'", 3, 'cue.follow is "5" and must be a number from 0 to 3600'),
        ("[[cue]]\nnumber = 1\nshape = 'iris'", 3, 'cue.shape is "iris" and must be "morph", "wipe-left",'),
        (
            "[[cue]]\nnumber = 1\nnote = 'a\\nb'\nnote2 = 1",
            4,
            "cue.note2 is not a setting; did you mean cue.note?",
        ),
        ('[[cue]]\nnumber = 1\nnote = "a\\nb"', 3, 'cue.note is "a\\nb" and must be a string on one line'),
        (
            "[[cue]]\nnumber = 1\nzzz = 1",
            3,
            "cue.zzz is not a setting; [[cue]] has number, name, note, city",
        ),
        ("[[cue]]\nnumber = 1\nmix = {a = 0.5, b = 0.4}", 3, f"{A_MIX} (these add up to 0.9)"),
        ("[[cue]]\nnumber = 1\nmix = {a = 1.5, b = -0.5}", 3, A_MIX),
        ("[[cue]]\nnumber = 1\nmix = {}", 3, A_MIX),
        (
            "[[cue]]\nnumber = 1\ncity = 'a'\nregion = {lefft = 'b'}",
            4,
            "cue.region is a table and must be a table with cities for left, right, top, bottom or centre "
            "(lefft is no region; did you mean left?)",
        ),
        (
            "[[cue]]\nnumber = 1\nset = {opacity = 1}",
            3,
            f'{A_SET} of them (opacity is no address; they begin with /, as "/opacity")',
        ),
        ("[[cue]]\nnumber = 1\nset = {'/x' = nan}", 3, f'{A_SET} of them ("/x" is nan)'),
        ("[[cue]]\nnumber = 1\nset = {'/x' = [[1]]}", 3, f'{A_SET} of them ("/x" is an array)'),
        (
            "[[cue]]\nnumber = 1\ncity = 'a'\nmix = {b = 1}",
            4,
            "cue 1 has a city and a mix, and can have one of them",
        ),
        (
            "[[cue]]\nnumber = 1\nregion = {left = 'b'}",
            3,
            "cue 1 has a region alone, and must say with city or mix what the rest of the sheet shows",
        ),
    ],
)
def test_a_cue_that_cannot_be_meant(show: Path, text: str, line: int, sentence: str) -> None:
    assert fault_of(show, text).startswith(f", line {line}: {sentence}")


@pytest.mark.parametrize(("one", "other"), [("1", '"1"'), ("1.5", '"1.5"'), ('"10A"', '"10a"')])
def test_two_cues_of_one_number(show: Path, one: str, other: str) -> None:
    text = f"[[cue]]\nnumber = {one}\n[[cue]]\nnumber = {other}"
    sentence = f", line 4: cue.number is {other.strip(chr(34))}, as at {show}, line 2, and must differ"
    assert fault_of(show, text) == sentence


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[camera]\nfps = 500", 2, "camera.fps is 500 and must be a number from 1 to 240"),
        ("[camera]\n\nfps = true", 3, "camera.fps is true and must be a number from 1 to 240"),
        ("camera.fps = nan", 1, "camera.fps is nan and must be a number from 1 to 240"),
        ("cities.fade = inf", 1, "cities.fade is inf and must be a number from 0 to 60"),
        ('[camera]\nfps = "30"', 2, 'camera.fps is "30" and must be a number from 1 to 240'),
        ("[camera.fps]", 1, "camera.fps is a table and must be a number from 1 to 240"),
        ("camera.seed = 1.0", 1, "camera.seed is 1.0 and must be a whole number from 0 to 999999"),
        (
            "camera.width = 0x" + "f" * 9999,
            1,
            "camera.width is a huge number and must be a whole number from",
        ),
        ("[engine]\nside = 250", 2, "engine.side is 250 and must be a multiple of 16 from 64 to 1024"),
        ("output.overlay = 1", 1, "output.overlay is 1 and must be true or false"),
        ('output.fit = "fil"', 1, 'output.fit is "fil" and must be "letterbox" or "fill"'),
        (
            "calibration.file = 'cal'",
            1,
            'calibration.file is "cal" and must be the name of a .toml file or',
        ),
        ('[inks]\nroad = "black"', 2, 'inks.road is "black" and must be a colour as "#rrggbb"'),
        ('cities.set = ""', 1, 'cities.set is "" and must be a string that isn\'t empty'),
        (
            "camera.source = -1",
            1,
            "camera.source is -1 and must be a string that isn't empty or the number of a",
        ),
        ("camera = 3", 1, "camera is 3 and must be a table, [camera]"),
        (
            "[camera]\n[x]",
            2,
            "x is not a setting; a show has [camera], [sheet], [inks], [calibration], [cities], [engine], ",
        ),
        ("[camra]\nfps = 1", 1, "camra is not a setting; did you mean [camera]?"),
        ("[camera]\nwidht = 1", 2, "camera.widht is not a setting; did you mean camera.width?"),
        ("[camera]\nside = 256", 2, "camera.side is not a setting; did you mean engine.side?"),
        ("fps = 30", 1, "fps is not a setting; did you mean camera.fps?"),
        ("[sheet]\nxyzzy = 1", 2, "sheet.xyzzy is not a setting; [sheet] has corners"),
        ('"a\\nb" = 1', 1, '"a\\nb" is not a setting; a show has [camera], '),
        (
            "[camera]\nlock = false\nexposure = 100",
            3,
            "camera.exposure is 100, at which nothing is locked while camera.lock is false; make "
            'camera.lock true or camera.exposure "auto"',
        ),
        ("[camera]\ngain = 1\nlock = false", 2, "camera.gain is 1, at which nothing is locked while"),
        ('[inks]\nroad = "#F4F2EC"', 2, "inks.ground and inks.road are both #f4f2ec and must differ"),
        ('[inks]\nground = "#28282c"', 2, "inks.ground and inks.road are both #28282c and must differ"),
    ],
)
def test_a_value_that_cannot_be_meant(show: Path, text: str, line: int, sentence: str) -> None:
    assert fault_of(show, text).startswith(f", line {line}: {sentence}")


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        ("[]", "this list is empty"),
        ('["small", ""]', '"" in it is no such string'),
        ('["small", 3]', "3 in it is no such string"),
        ('[["small"]]', "an array in it is no such string"),
    ],
)
def test_lists_that_name_no_sets(show: Path, sets: str, reason: str) -> None:
    right = "a string that isn't empty or a list of them"
    sentence = f"cities.set is an array and must be {right} ({reason})"
    assert fault_of(show, f"[cities]\nset = {sets}") == f", line 2: {sentence}"


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        ('"none"', ""),
        ("[[0, 0], [1, 0], [1, 1]]", ""),
        ("[[0, 0], [1, 0], [1, nan], [0, 1]]", ""),
        ("[[0, 0], [1, 0], [1, 1, 1], [0, 1]]", " (a corner is a pair of numbers)"),
        ("[[0, 0], [0, 1], [1, 1], [1, 0]]", " (these run anticlockwise)"),
        ("[[0, 0], [1, 1], [1, 0], [0, 1]]", " (these enclose no convex area)"),
        ("[[0, 0], [9, 0], [2, 2], [0, 9]]", " (these enclose no convex area)"),
        ("[[0, 0], [1, 0], [2, 0], [0, 1]]", " (these enclose no convex area)"),
    ],
)
def test_corners_that_are_no_sheet(show: Path, corners: str, reason: str) -> None:
    what = '"none"' if corners == '"none"' else "an array"
    right = 'sheet.corners is {} and must be "auto" or [[x, y], [x, y], [x, y], [x, y]]{}'
    assert fault_of(show, f"[sheet]\ncorners = {corners}") == ", line 2: " + right.format(what, reason)


def test_the_line_is_the_first_of_a_value_and_no_look_alike(show: Path) -> None:
    text = """cities.city = '''
[camera]
fps = 500
'''

[camera]
# fps = 500
width = 640
fps = [
    500,
]
"""
    assert fault_of(show, text).startswith(", line 9: camera.fps ")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (
            "[camera]\nsource = simulated",
            ", line 2: source = simulated isn't TOML (Invalid value); a line is",
        ),
        (
            "[camera]\nfps = 1\nfps = 2\n",
            ", line 3: fps = 2 isn't TOML (Cannot overwrite a value); a line is",
        ),
        ("[camera", ", line 1: [camera isn't TOML ("),
        ("x = " + "1" * 5000, ": a number has too many digits"),
        ("x = " + "[" * 5000, ": brackets are nested too deeply"),
    ],
)
def test_what_is_not_toml(show: Path, text: str, start: str) -> None:
    assert fault_of(show, text).startswith(start)


def test_a_fault_on_the_command_line_names_no_file(show: Path) -> None:
    assert fault_of(show, "", control__osc_port=70000) == (
        "command line: control.osc_port is 70000 and must be a whole number from 0 to 65535"
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"nowhere\.toml: there is no such show file"):
        load_settings(tmp_path / "nowhere.toml")
    with pytest.raises(InputFault, match="the show file can't be read"):
        load_settings(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(UsageFault, match=r"photo\.jpg: this is no text in UTF-8"):
        load_settings(tmp_path / "photo.jpg")


# Properties

TABLES = list(config._KEYS)
KEYS = sorted({key for keys in config._KEYS.values() for key in keys})
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 300)
    | st.floats()
    | st.text()
    | st.from_regex("#[0-9a-f]{6}", fullmatch=True)
    | st.datetimes()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TABLE = st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES, max_size=4)
SHOWS = st.dictionaries(
    st.sampled_from(TABLES) | st.text(),
    VALUES | TABLE | st.lists(TABLE, max_size=3),
    max_size=4,
)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def settings_or_fault(show: Path) -> Settings | None:
    try:
        return load_settings(show)
    except Fault as fault:
        sentence = str(fault)
    assert "\n" not in sentence
    return None


@in_one_folder
@given(SHOWS)
def test_any_toml_gives_settings_or_one_sentence(show: Path, data: dict[str, Any]) -> None:
    show.write_text(tomlkit.dumps(data), encoding="utf-8", newline="")
    settings_or_fault(show)


@in_one_folder
@given(st.binary())
def test_any_bytes_give_settings_or_one_sentence(show: Path, data: bytes) -> None:
    show.write_bytes(data)
    settings_or_fault(show)


KEPT = {"calibration": ("file", "a.toml"), "midi": ("file", "b.toml"), "page": ("drawing", "c.png")}
"""By table, the key that names what the program keeps, and a file that it may name."""


@st.composite
def valid_settings(draw: st.DrawFn) -> Settings:
    """Settings with any value that their kinds allow; its paths are absolute."""
    floats = st.floats(0, 1e4) | st.sampled_from([0.1, 1.0, 5.0, 60.0, 240.0, 3600.0])
    corners = st.tuples(*(st.tuples(floats, floats) for _ in range(4)))
    colours = st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True)
    values: st.SearchStrategy[object] = (
        floats | st.integers(0, 70_000) | st.booleans() | st.text(min_size=1) | corners | colours
    )
    values |= st.lists(st.text(min_size=1), min_size=1, max_size=3)
    values |= st.sampled_from(["auto", "openvino", "onnxruntime", "letterbox", "fill", 64, 512, 1024])
    tables = {}
    for table in config._TABLES:
        changed = {}
        for name, key in config._KEYS[table].items():
            value = draw(values)
            try:
                changed[name] = key.kind.read(value)
            except ValueError:
                continue
            names = changed[name] if isinstance(changed[name], tuple) else (changed[name],)
            if key.kind.path and any(Path(str(n)).name != n for n in names):
                del changed[name]
        if table in KEPT:
            name, file = KEPT[table]
            changed[name] = draw(st.sampled_from(["", str(ROOT / file)]))
        tables[table] = dataclasses.replace(getattr(Settings(), table), **changed)
    return Settings(**tables, cues=tuple(draw(cue_lists)))


_line = st.text().map(lambda text: re.sub(r"[\x00-\x1f\x7f]", "", text))
_seconds = st.floats(0, 3600)
_argument = (
    st.text()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
)
cues = st.builds(
    CueSettings,
    number=st.from_regex(r"[0-9][0-9A-Za-z]{0,3}([._-][0-9A-Za-z]{1,3})?", fullmatch=True),
    name=_line,
    note=_line,
    city=st.just("") | st.text(min_size=1),
    fade=st.none() | _seconds,
    shape=st.none() | st.sampled_from(FADE_SHAPES),
    wait=_seconds,
    follow=st.none() | _seconds,
    set=st.dictionaries(
        st.text().map("/{}".format),
        st.lists(_argument, max_size=3).map(tuple),
        max_size=3,
    ).map(lambda messages: tuple(messages.items())),
)
mixed = st.builds(
    lambda cue, names: dataclasses.replace(cue, city="", mix=tuple((n, 1.0 / len(names)) for n in names)),
    cues,
    st.lists(st.text(), min_size=1, max_size=3, unique=True),
)
divided = st.builds(
    lambda cue, parts: dataclasses.replace(cue, region=tuple(parts.items())),
    mixed,
    st.dictionaries(st.sampled_from(REGIONS), st.text(min_size=1)),
)
cue_lists = st.lists(cues | mixed | divided, max_size=3, unique_by=lambda cue: cue.number.casefold())


def test_what_is_written_for_a_folder_can_move_with_it(show: Path, tmp_path: Path) -> None:
    text = f"""[camera]
source = "./films/walk.mp4"
[calibration]
file = "{tmp_path.as_posix()}/calibration.toml"
[cities]
set = ["small", "./mine", "../theirs"]
"""
    written = dump_settings(loaded(show, text), tmp_path)
    for path in ("films/walk.mp4", "calibration.toml", "./mine", "../theirs"):
        assert f'"{path}"' in written
    assert loaded(show, written) == loaded(show, text)


@in_one_folder
@given(valid_settings(), st.booleans())
def test_what_is_written_is_read_back(show: Path, before: Settings, short: bool) -> None:
    text = dump_settings(before, show.parent if short else None)
    show.write_text(text, encoding="utf-8", newline="")
    inks = [ink.lower() for ink in dataclasses.astuple(before.inks)[:5]]
    camera = before.camera
    given = {camera.exposure, camera.white_balance, camera.focus, camera.gain} != {"auto"}
    if len(set(inks)) < 5 or (given and not camera.lock):
        assert settings_or_fault(show) is None
    else:
        assert load_settings(show) == before

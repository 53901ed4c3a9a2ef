from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calibration.file import (
    Calibration,
    check_place,
    dump_calibration,
    find_calibration,
    previous_path,
    read_calibration,
    read_inks_file,
    write_calibration,
)
from calibration.inks import Inks
from models.faults import InputFault, UsageFault
from models.palette import CLASS_NAMES

ROOT = Path(__file__).resolve().parents[2]
INKS = Inks.from_hex(
    {"ground": "#f4f2ec", "road": "#28282c", "green": "#22904a", "building": "#cc2a30", "water": "#2258b4"}
)
MADE = datetime(2026, 11, 25, 14, 40, 57, tzinfo=timezone(timedelta(hours=1)))
CORNERS = ((0.1, 0.1), (0.9, 0.12), (0.88, 0.9), (0.11, 0.87))
EXAMPLE = Calibration(MADE, "BRIO", (1280, 720), CORNERS, INKS, (228, 223, 210))


def changed(**values: Any) -> Calibration:
    fields = {name: getattr(EXAMPLE, name) for name in Calibration.__slots__}
    return Calibration(**fields | values)


def same(one: Calibration, other: Calibration) -> bool:
    near = (one.corners is None) == (other.corners is None)
    if one.corners is not None and other.corners is not None:
        near = np.allclose(one.corners, other.corners, rtol=0, atol=1e-6)
    exact = ("made", "camera", "size", "white", "locked")
    return (
        near
        and np.array_equal(one.inks.rgb, other.inks.rgb)
        and all(getattr(one, name) == getattr(other, name) for name in exact)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.toml"


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


# Round trip


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    byte = st.integers(0, 255)
    rgb = np.array(
        draw(st.lists(st.tuples(byte, byte, byte), min_size=5, max_size=5, unique=True)), np.uint8
    )
    hexes = ("#{:02x}{:02x}{:02x}".format(*row) for row in rgb.tolist())
    try:
        inks = Inks.from_hex(dict(zip(CLASS_NAMES, hexes, strict=True)))
    except UsageFault:
        assume(False)
    near, far = st.floats(-0.2, 0.3), st.floats(0.7, 1.2)
    corner = [(near, near), (far, near), (far, far), (near, far)]
    minutes = draw(st.integers(-23 * 60, 23 * 60))
    return Calibration(
        made=draw(st.datetimes(datetime(1990, 1, 1))).replace(
            microsecond=0, tzinfo=timezone(timedelta(minutes=minutes))
        ),
        camera=draw(st.text()),
        size=draw(st.tuples(st.integers(64, 8000), st.integers(64, 8000))),
        corners=draw(st.none() | st.tuples(*(st.tuples(x, y) for x, y in corner))),
        inks=inks,
        white=draw(st.tuples(byte, byte, byte)),
        locked=draw(
            st.dictionaries(
                st.sampled_from(["exposure", "white_balance", "focus", "gain"]), st.floats(-1e6, 1e6)
            )
        ),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
@given(calibrations())
def test_what_is_written_is_read_back(path: Path, before: Calibration) -> None:
    write_calibration(path, before)
    assert same(read_calibration(path), before)
    assert np.array_equal(read_inks_file(path).rgb, before.inks.rgb)


def test_a_name_that_no_text_can_hold_is_written_all_the_same(path: Path) -> None:
    write_calibration(path, changed(camera="cam \udcff\n"))
    assert read_calibration(path).camera == "cam ?\n"


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + dump_calibration(EXAMPLE).replace("\n", "\r\n").encode())
    assert same(read_calibration(path), EXAMPLE)


# Writing


def test_the_one_before_is_kept(path: Path) -> None:
    first, second, third = (changed(camera=name) for name in ("first", "second", "third"))
    assert write_calibration(path, first) is None
    assert (
        write_calibration(path, second)
        == previous_path(path)
        == path.with_name("calibration.previous.toml")
    )
    assert same(read_calibration(previous_path(path)), first)
    write_calibration(path, third)
    assert same(read_calibration(previous_path(path)), second)
    assert same(read_calibration(path), third)
    assert files_in(path.parent) == ["calibration.previous.toml", "calibration.toml"]


def broken(hint: str) -> str:
    """A calibration that was broken by hand."""
    return dump_calibration(EXAMPLE).replace("[inks]", f"[inks\n# {hint}")


def test_what_was_broken_by_hand_is_kept_and_pushes_nothing_out(path: Path) -> None:
    path.write_text(broken("first"), encoding="utf-8")
    assert write_calibration(path, EXAMPLE) == path.with_name("calibration.broken.toml")
    write_calibration(path, changed(camera="second"))
    path.write_text(broken("second"), encoding="utf-8")
    assert write_calibration(path, changed(camera="third")) == path.with_name("calibration.broken-2.toml")
    path.write_text(broken("second"), encoding="utf-8")
    assert write_calibration(path, changed(camera="fourth")) == path.with_name("calibration.broken-2.toml")
    assert same(read_calibration(previous_path(path)), EXAMPLE)
    assert read_calibration(path).camera == "fourth"
    for name, hint in (("broken", "first"), ("broken-2", "second")):
        kept = path.with_name(f"calibration.{name}.toml").read_text(encoding="utf-8")
        assert kept == broken(hint)
    assert len(files_in(path.parent)) == 4


@pytest.mark.parametrize("lost", ["version = 1\n", "made = 2026-11-25T14:40:57+01:00\n", "# Written"])
def test_a_calibration_is_known_whatever_was_done_to_it(path: Path, lost: str) -> None:
    path.write_text("\ufeff" + dump_calibration(EXAMPLE).replace(lost, "#[x"), encoding="utf-8")
    check_place(path)
    write_calibration(path, EXAMPLE)
    assert same(read_calibration(path), EXAMPLE)


@pytest.mark.parametrize(
    "content",
    [
        (ROOT / "show.toml").read_bytes(),
        (ROOT / "pyproject.toml").read_bytes(),
        b"\xff\xd8\xff\xe0",
        b"notes of mine\n",
        b"",
    ],
)
def test_what_is_no_calibration_is_not_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for write in (check_place, lambda place: write_calibration(place, EXAMPLE)):
        with pytest.raises(InputFault, match=r"calibration\.toml is no calibration file, .*another name"):
            write(path)
    assert path.read_bytes() == content
    assert files_in(path.parent) == ["calibration.toml"]


def test_another_kind_of_file_is_not_written(tmp_path: Path) -> None:
    for write in (check_place, lambda place: write_calibration(place, EXAMPLE)):
        with pytest.raises(
            InputFault, match=r"sheet\.png: a calibration is written as \.toml; give a name"
        ):
            write(tmp_path / "sheet.png")
    assert files_in(tmp_path) == []


def test_asking_first_changes_nothing(path: Path) -> None:
    check_place(path)
    assert files_in(path.parent) == []
    write_calibration(path, EXAMPLE)
    check_place(path)
    assert same(read_calibration(path), EXAMPLE)
    assert files_in(path.parent) == ["calibration.toml"]


@pytest.mark.parametrize("fails_at", [1, 2])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_loses_neither_the_calibration_nor_the_one_before(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fails_at: int
) -> None:
    write_calibration(path, changed(camera="first"))
    write_calibration(path, changed(camera="second"))
    calls = 0
    genuine = getattr(os, step)

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return genuine(*args, **kwargs)

    monkeypatch.setattr(os, step, failing)
    with pytest.raises(
        InputFault, match=r"calibration\.toml: the calibration can't be written \(No space left"
    ):
        write_calibration(path, changed(camera="third"))
    assert calls == fails_at
    assert read_calibration(path).camera == "second"
    assert read_calibration(previous_path(path)).camera == ("first" if fails_at == 1 else "second")
    assert files_in(path.parent) == ["calibration.previous.toml", "calibration.toml"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("nowhere/calibration.toml", "No such file or directory"),
        ("file/calibration.toml", "Not a directory"),
        ("folder.toml", "Is a directory"),
        ("x" * 300 + ".toml", "File name too long"),
        ("x" * 240 + ".toml", "File name too long"),  # with '.previous' and '.partial' it is
        ("a\0b.toml", "embedded null byte"),
    ],
)
def test_a_place_that_takes_no_calibration(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputFault, match=rf"the calibration can't be written \({reason}\); give a file in"):
        check_place(tmp_path / place)
    assert files_in(tmp_path) == ["file", "folder.toml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="to root, every folder is writable")
def test_a_folder_that_may_only_be_read(path: Path) -> None:
    write_calibration(path, EXAMPLE)
    path.parent.chmod(0o555)
    try:
        for write in (check_place, lambda place: write_calibration(place, EXAMPLE)):
            with pytest.raises(InputFault, match=r"can't be written \(Permission denied\)"):
                write(path)
    finally:
        path.parent.chmod(0o755)


def test_what_could_not_be_read_again_is_not_written(path: Path) -> None:
    write_calibration(path, EXAMPLE)
    alike = Inks(
        np.array([[250, 250, 250], [9, 9, 9], [9, 9, 9], [200, 0, 0], [0, 0, 200]], dtype=np.uint8)
    )
    with pytest.raises(InputFault, match=r"inks\.road and inks\.green are both #090909 and must differ"):
        write_calibration(path, changed(inks=alike))
    with pytest.raises(InputFault, match="corners of the sheet must be four points clockwise"):
        write_calibration(path, changed(corners=CORNERS[::-1]))
    assert same(read_calibration(path), EXAMPLE)
    assert files_in(path.parent) == ["calibration.toml"]


# What is wrong, in one sentence


def fault_of(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputFault) as caught:
        read_calibration(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence.removeprefix(str(path))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "version = 1",
            "version = 2",
            ", line 2: the calibration is of version 2, and this program reads ver",
        ),
        ("version = 1", "version = true", ", line 2: the calibration is of version true, and this program"),
        ("version = 1", "", ": version is missing, which every calibration file has"),
        (
            "version = 1",
            "versoin = 1",
            ", line 2: versoin is no key of a calibration file; did you mean versio",
        ),
        ("made = 2026-11-25T14:40:57+01:00", "", ": made is missing, which every calibration file has"),
        (
            "57+01:00",
            "57",
            ", line 3: made is 2026-11-25 14:40:57 and must be a date and time with its zone, ",
        ),
        (
            "T14:40:57+01:00",
            "",
            ", line 3: made is 2026-11-25 and must be a date and time with its zone, as 2",
        ),
        ("[camera]", "[camra]", ", line 5: camra is no key of a calibration file; did you mean camera?"),
        (
            "[camera]",
            "[xyzzy]",
            ", line 5: xyzzy is no key of a calibration file, which has version, made, ",
        ),
        (
            '[camera]\nname = "BRIO"',
            "[camera]",
            ", line 5: camera.name is missing; [camera] has name, size",
        ),
        ('"BRIO"', "3", ", line 6: camera.name is 3 and must be a string"),
        (
            "[1280, 720]",
            "[1280]",
            ", line 8: camera.size is an array and must be width and height in pixels",
        ),
        ("[1280, 720]", "[1280, 7.2]", ", line 8: camera.size is an array and must be width and height in"),
        (
            "[1280, 720]",
            "[1280, 0]",
            ", line 8: camera.size is an array and must be width and height in pix",
        ),
        (
            "[1280, 720]",
            f"[1280, {'9' * 400}]",
            ", line 8: camera.size is an array and must be width and h",
        ),
        (
            "[[0.1, 0.1]",
            "[[nan, 0.1]",
            ', line 13: sheet.corners is an array and must be "auto" or four poin',
        ),
        (
            "[[0.1, 0.1]",
            "[[3.0, 0.1]",
            ', line 13: sheet.corners is an array and must be "auto" or four poin',
        ),
        (
            "[[0.1, 0.1]",
            "[[true, 0]",
            ', line 13: sheet.corners is an array and must be "auto" or four poin',
        ),
        (
            "[[0.1, 0.1], ",
            "[",
            ', line 13: sheet.corners is an array and must be "auto" or four points [x, y',
        ),
        (
            "[[0.1, 0.1]",
            "[[0.8, 0.8]",
            ", line 13: the corners of the sheet must be four points clockwise fr",
        ),
        ('"#e4dfd2"', '"grey"', ', line 17: light.white is "grey" and must be a colour as "#rrggbb"'),
        ('"#22904a"', "nan", ', line 23: inks.green is nan and must be a colour as "#rrggbb"'),
        ("water =", "wather =", ", line 25: wather is no key of [inks]; did you mean water?"),
        (
            'water = "#2258b4"',
            "",
            ", line 20: inks.water is missing; [inks] has ground, road, green, building",
        ),
        ('"#2258b4"', '"#28282C"', ", line 25: inks.road and inks.water are both #28282c and must differ"),
        (
            '"#f4f2ec"',
            '"#333333"',
            ", line 20: inks 'green' (#22904a) and 'water' (#2258b4) are too much alike to be told apart",
        ),
        ('name = "BRIO"', "name = BRIO", ", line 6: name = BRIO isn't TOML (Invalid value); a line is"),
        ("[light]", "[inks]", ", line 20: [inks] isn't TOML (Cannot declare ('inks',) twice); a line is"),
    ],
)
def test_what_cannot_be_meant(path: Path, old: str, new: str, sentence: str) -> None:
    text = dump_calibration(EXAMPLE)
    assert text.count(old) == 1
    assert fault_of(path, text.replace(old, new)).startswith(sentence)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("exposure =", "exposre =", "exposre is no key of [camera.locked]; did you mean exposure?"),
        (
            "gain =",
            "iso =",
            "iso is no key of [camera.locked], which has exposure, white_balance, focus, gain",
        ),
        (
            "156.0",
            '"auto"',
            'camera.locked.exposure is "auto" and must be a number from -1000000 to 1000000',
        ),
        ("156.0", "true", "camera.locked.exposure is true and must be a number"),
        ("156.0", "nan", "camera.locked.exposure is nan and must be a number"),
        ("156.0", "1e7", "camera.locked.exposure is 10000000.0 and must be a number"),
        ("156.0", "9" * 400, "camera.locked.exposure is a huge number and must be a number"),
    ],
)
def test_locked_values_that_cannot_be_meant(path: Path, old: str, new: str, sentence: str) -> None:
    text = dump_calibration(changed(locked={"exposure": 156.0, "gain": 10.0}))
    assert text.count(old) == 1
    line = next(i for i, line in enumerate(text.split("\n"), 1) if old in line)
    assert fault_of(path, text.replace(old, new)).startswith(f", line {line}: {sentence}")


def test_locked_values_may_be_left_out_but_must_be_a_table(path: Path) -> None:
    text = dump_calibration(EXAMPLE)
    assert "locked" not in text
    assert fault_of(path, text.replace('name = "BRIO"', 'name = "BRIO"\nlocked = 3')) == (
        ", line 7: camera.locked is 3 and must be a table, [camera.locked]"
    )


def test_a_calibration_that_may_be_missing(path: Path) -> None:
    assert find_calibration(path) is None
    write_calibration(path, EXAMPLE)
    found = find_calibration(path)
    assert found is not None
    assert same(found, EXAMPLE)
    for name in ("x" * 300, "calibration.toml/x"):
        with pytest.raises(InputFault, match="the calibration file can't be read"):
            find_calibration(path.parent / name)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for read, kind in ((read_calibration, "calibration file"), (read_inks_file, "file of inks")):
        with pytest.raises(InputFault, match=rf"nowhere\.toml: there is no such {kind}"):
            read(tmp_path / "nowhere.toml")
        with pytest.raises(InputFault, match=f"the {kind} can't be read"):
            read(tmp_path)
        (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
        with pytest.raises(InputFault, match=rf"photo\.jpg: this is no text in UTF-8, and so no {kind}"):
            read(tmp_path / "photo.jpg")


# Files with inks alone


def test_inks_of_a_show_a_calibration_or_five_lines_by_hand(path: Path) -> None:
    assert np.array_equal(read_inks_file(ROOT / "show.toml").rgb, INKS.rgb)
    path.write_text(dump_calibration(EXAMPLE), encoding="utf-8")
    assert np.array_equal(read_inks_file(path).rgb, INKS.rgb)
    path.write_text(
        'inks.ground = "#FFFFFF"\ninks.road = "#8a5a2b"\ninks.green = "#00a050"\n'
        'inks.building = "#ee2255"\ninks.water = "#30b0e0"\n',
        encoding="utf-8",
    )
    assert read_inks_file(path).rgb[[0, 4]].tolist() == [[255, 255, 255], [0x30, 0xB0, 0xE0]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ": the table [inks] is missing; it has ground, road, green, building, water"),
        ("[ink]\n", ", line 1: ink is no key of"),
        ("inks = 3", ", line 1: inks is 3 and must be a table, [inks]"),
        ('[inks]\nground = "#ffffff"', ", line 1: inks.road is missing; [inks] has ground, road, green, b"),
        ('[inks]\nground = "#ffffff"\nraod = 1', ", line 3: raod is no key of [inks]; did you mean road?"),
        ('[inks]\nground = "white"', ', line 2: inks.ground is "white" and must be a colour as "#rrggbb"'),
    ],
)
def test_inks_that_cannot_be_meant(path: Path, text: str, sentence: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputFault) as caught:
        read_inks_file(path)
    assert str(caught.value).startswith(f"{path}{sentence}")


# Any file

SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 3)
    | st.floats()
    | st.text()
    | st.from_regex("#[0-9a-f]{6}", fullmatch=True)
    | st.datetimes(timezones=st.none() | st.just(UTC))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=8)
NAMES = (
    "version",
    "made",
    "camera",
    "sheet",
    "light",
    "inks",
    "name",
    "size",
    "corners",
    "white",
    *CLASS_NAMES,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(),
    VALUES | st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES, max_size=5),
    max_size=6,
).map(lambda data: {"version": 1} | data)


def read_or_fault(path: Path) -> None:
    for read in (read_calibration, read_inks_file):
        try:
            read(path)
            continue
        except InputFault as fault:
            sentence = str(fault)
        assert "\n" not in sentence


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS)
def test_any_toml_gives_a_calibration_or_one_sentence(path: Path, data: dict[str, Any]) -> None:
    path.write_text(tomlkit.dumps(data), encoding="utf-8", newline="")
    read_or_fault(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_any_bytes_give_a_calibration_or_one_sentence(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    read_or_fault(path)

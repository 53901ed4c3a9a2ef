from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.faults import InputFault, UsageFault
from models.tomlfile import parse_toml, read_toml, shown, shown_key

PATH = Path("f.toml")
TEXT = '''# a comment with table.key = 1
"odd key" = 1
[table]
lines = """
[other]
key = 3
"""
key = [
    2,
]
[other]
key.below = 4
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("odd key",), 2),
        (("table",), 3),
        (("table", "lines"), 4),
        (("table", "key"), 8),
        (("other",), 11),
        (("other", "key", "below"), 12),
    ],
)
def test_a_key_is_found_where_it_is_set(key: tuple[str, ...], line: int) -> None:
    assert parse_toml(TEXT, PATH, "file").where(*key) == f"f.toml, line {line}"


def test_a_key_that_is_nowhere_has_no_line() -> None:
    assert parse_toml(TEXT, PATH, "file").where("table", "nowhere") == "f.toml"
    assert parse_toml(TEXT, PATH, "file").where("key") == "f.toml"


ARRAY = """above = 1
[[cue]]
number = 1
[other]
[[cue]]
note = '''
[[cue]]
number = 7
'''
number = 2
[cue.set]
key = 3
[[cue.set.below]]
[[cue]]
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("cue",), 2),
        (("cue", 0), 2),
        (("cue", 0, "number"), 3),
        (("cue", 1), 5),
        (("cue", 1, "number"), 10),
        (("cue", 1, "set", "key"), 12),
        (("cue", 2), 14),
    ],
)
def test_a_key_is_found_in_an_array_of_tables(key: tuple[str | int, ...], line: int) -> None:
    assert parse_toml(ARRAY, PATH, "file").where(*key) == f"f.toml, line {line}"
    inline = parse_toml("a = 1\ncue = [{number = 1}, {number = 2, set = {key = 3}},\n{}]", PATH, "file")
    assert inline.where(*key) == "f.toml, line 2"


def test_what_is_in_no_table_of_an_array_has_no_line() -> None:
    file = parse_toml(ARRAY, PATH, "file")
    for key in (
        ("cue", 0, "set"),
        ("cue", 1, "x"),
        ("cue", 2, "number"),
        ("cue", 3),
        ("other", 0),
        ("x", 0),
    ):
        assert file.where(*key) == "f.toml"


VALUES = st.integers(-9, 9) | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=3)
NAMES = st.text(max_size=6)


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3), max_size=4))
def test_every_key_that_is_set_has_the_line_that_begins_with_it(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    file = parse_toml(text, PATH, "file")
    for name, value in data.items():
        keys = [(name,), *((name, below) for below in value)] if isinstance(value, dict) else [(name,)]
        for key in keys:
            line = int(file.where(*key).removeprefix("f.toml, line "))
            written = tomlkit.dumps({key[-1]: 0}).split(" = ")[0]
            assert text.split("\n")[line - 1].lstrip("[").startswith(written)


def test_the_kind_of_file_and_of_fault_are_the_readers(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"nowhere\.toml: there is no such list"):
        read_toml(tmp_path / "nowhere.toml", "list")
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(UsageFault, match=r"a\.toml: this is no text in UTF-8, and so no list"):
        read_toml(tmp_path / "a.toml", "list")
    with pytest.raises(InputFault, match="no text in UTF-8"):
        read_toml(tmp_path / "a.toml", "list", broken=InputFault)
    (tmp_path / "a.toml").write_text("[a", encoding="utf-8")
    with pytest.raises(InputFault, match=r"a\.toml, line 1: \[a isn't TOML"):
        read_toml(tmp_path / "a.toml", "list", broken=InputFault)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_any_bytes_are_toml_or_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(data)
    try:
        read_toml(path, "file")
        return
    except UsageFault as fault:
        sentence = str(fault)
    assert "\n" not in sentence


def test_values_and_keys_are_shown_on_one_short_line() -> None:
    assert shown("a\nb") == '"a\\nb"'
    assert shown("x" * 99) == f'"{"x" * 60}…"'
    values: list[Any] = [True, 1 << 9999, [1], {}, 1.5]
    assert [shown(value) for value in values] == [
        "true", "a huge number", "an array", "a table", "1.5",
    ]  # fmt: skip
    assert shown_key("a-b_3") == "a-b_3"
    assert shown_key("a b") == '"a b"'

from __future__ import annotations

import pytest

from live.control.controls import controls
from live.control.keys import help_lines, key_help, key_message
from live.control.kinds import Message
from live.cues import Cue, CueList

TABLE = controls(("istanbul", "dubai", "paris"), CueList((Cue("1"),)))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("1", Message("/city", (1,))),
        ("3", Message("/city", (3,))),
        ("right", Message("/city/next")),
        ("left", Message("/city/prev")),
        ("shift+left", Message("/city/prev")),
        ("space", Message("/go")),
        ("pagedown", Message("/go")),
        ("pageup", Message("/back")),
        ("down", Message("/cue/next")),
        ("f", Message("/freeze")),
        ("b", Message("/blackout")),
        ("h", Message("/overlay")),
        ("f1", Message("/help")),
        ("escape", Message("/panic")),
        ("backspace", Message("/panic/release")),
        ("ctrl+q", Message("/quit")),
        ("close", Message("/quit")),
    ],
)
def test_a_key_is_its_message(key: str, message: Message) -> None:
    assert key_message(key, TABLE) == message


@pytest.mark.parametrize("key", ["4", "0", "q", "x", "ctrl+f", "", "F"])
def test_other_keys_do_nothing(key: str) -> None:
    assert key_message(key, TABLE) is None


def test_digits_reach_the_ninth_city_and_no_further() -> None:
    many = controls(tuple(f"city {n}" for n in range(12)), CueList())
    assert key_message("9", many) == Message("/city", (9,))
    assert key_message("10", many) is None


def test_the_help_tells_of_every_key() -> None:
    assert key_help(TABLE) == [
        "1–3 = city",
        "Right = next city",
        "Left = previous city",
        "Space, Page Down = GO",
        "Page Up = back",
        "S = stop cues",
        "Down = standby on",
        "Up = standby back",
        "F = freeze",
        "B = blackout",
        "Esc = panic",
        "Backspace = release panic",
        "Delete = clear sheet",
        "W = white",
        "C = inks",
        "H = overlay",
        "F1 = help",
        "Ctrl+Q = quit",
    ]


def test_the_help_goes_by_groups() -> None:
    lines = help_lines(TABLE)
    assert lines[0] == "Cities: 1–3 = city · Right = next city · Left = previous city"
    assert [line.partition(":")[0] for line in lines] == ["Cities", "Cues", "Light", "Sheet", "Desk"]

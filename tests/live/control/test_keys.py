from __future__ import annotations

import pytest

from live.control.keys import key_command, key_help
from live.show import (
    Command,
    NextCity,
    Panic,
    PreviousCity,
    Quit,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFreeze,
    SetOverlay,
    opening,
)

STATE = opening(("istanbul", "dubai", "paris"))


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("1", SetCity(0)),
        ("3", SetCity(2)),
        ("right", NextCity()),
        ("left", PreviousCity()),
        ("shift+left", PreviousCity()),
        ("f", SetFreeze(None)),
        ("b", SetBlackout(None)),
        ("h", SetOverlay(None)),
        ("escape", Panic()),
        ("backspace", ReleasePanic()),
        ("ctrl+q", Quit()),
        ("close", Quit()),
    ],
)
def test_a_key_is_its_command(key: str, command: Command) -> None:
    assert key_command(key, STATE) == command


@pytest.mark.parametrize("key", ["4", "0", "q", "x", "space", "ctrl+f", "", "F"])
def test_other_keys_do_nothing(key: str) -> None:
    assert key_command(key, STATE) is None


def test_digits_reach_the_ninth_city_and_no_further() -> None:
    many = opening(tuple(f"city {n}" for n in range(12)))
    assert key_command("9", many) == SetCity(8)
    assert key_command("10", many) is None


def test_the_help_tells_of_every_key() -> None:
    assert key_help(STATE) == [
        "1–3 city",
        "Right next city",
        "Left previous city",
        "F freeze",
        "B blackout",
        "Escape panic",
        "Backspace release panic",
        "H overlay",
        "Delete clear sheet",
        "W white",
        "C inks",
        "Ctrl+Q quit",
    ]

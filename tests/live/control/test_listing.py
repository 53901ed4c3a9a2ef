from __future__ import annotations

from pathlib import Path

import pytest

from live.control.controls import controls
from live.control.kinds import Choice, Number, Point, Switch, Trigger
from live.control.listing import markdown, midi_names, takes
from live.cues import Cue, CueList
from models.cityset import city_names, load_city_sets

DOCS = Path(__file__).parents[3] / "docs"
TABLE = {c.address: c for c in controls(("dubai", "paris"), CueList((Cue("1", "Opening"),)))}


def test_the_document_is_the_table_of_a_show_with_one_cue() -> None:
    """`cities controls --show F > docs/controls.md` makes it anew, F being the example of show.toml."""
    table = controls(city_names(load_city_sets("small")), CueList((Cue("1", "Opening"),)))
    assert (DOCS / "controls.md").read_text(encoding="utf-8") == markdown(table)


def test_every_control_is_listed_once() -> None:
    text = markdown(tuple(TABLE.values()))
    for control in TABLE.values():
        assert text.count(f"| {control.meaning} |") == 1
        assert (f"`{control.address}`" in text) == control.clients


def test_a_cue_may_have_any_name() -> None:
    text = markdown(controls(("dubai",), CueList((Cue("1", "Dusk | dawn"),))))
    assert r"| begin cue 1, Dusk \| dawn |" in text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/city", "dubai, paris, or 1 … 2"),
        ("/cue", "1"),
        ("/fade/time", "0 … 60 seconds"),
        ("/fade/point", "x and y, 0 … 1"),
        ("/freeze", "on or off; nothing for the other way round"),
        ("/midi/learn", "a control's address"),
        ("/go", ""),
    ],
)
def test_what_a_control_takes_in_words(address: str, words: str) -> None:
    assert takes(TABLE[address]) == words


def test_every_kind_is_told() -> None:
    assert {type(c.kind) for c in TABLE.values()} == {Choice, Number, Point, Switch, Trigger}


def test_where_a_control_stands_on_an_untaught_controller() -> None:
    assert midi_names(TABLE["/city"]) == "Program Change"
    assert midi_names(TABLE["/freeze"]) == "note 3, CC 26"
    assert midi_names(TABLE["/settle"]) == ""

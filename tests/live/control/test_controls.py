from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.controls import GROUPS, Control, controls, cue_check
from live.cues import Cue, CueList
from live.mix import FADE_SHAPES, REGIONS
from live.show import (
    LONGEST_FADE,
    Command,
    Go,
    GoTo,
    Learn,
    MoveStandBy,
    Panic,
    SetCity,
    SetFadePoint,
    SetFadeShape,
    SetFadeTime,
    SetFreeze,
    SetOpacity,
    SetRegion,
    SetShare,
    ShowState,
    StandBy,
    opening,
    reduce,
)

CITIES = ("istanbul", "new york", "São Paulo", "1984")
CUES = CueList((Cue("1", "Opening"), Cue("1.5"), Cue("10A", "Night")))
TABLE = {control.address: control for control in controls(CITIES, CUES)}
STATE = opening(CITIES, cues=CUES)


def command(address: str, *arguments: object, state: ShowState = STATE) -> Command | None:
    """What a message means to a show in this state."""
    meant = TABLE[address].read(arguments)
    return None if meant is None else TABLE[address].asked(meant.value, state)


_anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
)


@given(st.sampled_from(sorted(TABLE)), st.lists(_anything | st.sampled_from(("+", "-")), max_size=3))
def test_whatever_comes_is_a_command_that_can_be_obeyed_or_a_sentence(
    address: str, arguments: list[object]
) -> None:
    sentence = ""
    meant = None
    try:
        meant = command(address, *arguments)
    except ValueError as error:
        sentence = str(error)
    assert sentence == "" or sentence.startswith(f"{address} takes ")
    after = reduce(STATE, meant, 1.0) if meant else STATE
    assert 0 <= after.city < len(CITIES)
    assert 0.0 <= after.fade_time <= LONGEST_FADE
    assert after.playback.next in (None, 0, 1, 2)


def test_a_sentence_quotes_no_novel() -> None:
    with pytest.raises(ValueError, match="…") as caught:
        command("/city", "x" * 10_000)
    assert len(str(caught.value)) < 200


def test_commands_of_the_table() -> None:
    assert command("/city", "new york") == SetCity(1)
    assert command("/city", "+", 2) == SetCity(2)
    assert command("/city/next") == SetCity(1)
    assert command("/city/prev") == SetCity(3)
    assert command("/fade/time", 90.0) == SetFadeTime(60.0)
    assert command("/fade/time", "+") == SetFadeTime(2.5)
    assert command("/fade/shape", "IRIS out") == SetFadeShape("iris-out")
    assert command("/fade/point", 0.25, 0.75) == SetFadePoint(0.25, 0.75)
    assert command("/fade/point/y", 0.75) == SetFadePoint(None, 0.75)
    assert command("/mix/sao-paulo", 1.5) == SetShare(2, 1.0)
    assert command("/region/top", 4) == SetRegion("top", 3)
    assert command("/freeze") == SetFreeze(True)
    assert command("/opacity", "-", 0.25) == SetOpacity(0.75)
    assert command("/panic") == Panic()
    assert command("/panic", 0.0) is None


def test_cues_are_called_by_number_or_name() -> None:
    assert command("/go") == Go()
    assert command("/cue", 1.5) == command("/cue", "1.5") == command("/cue/1.5/go") == GoTo(1)
    assert command("/cue", "night") == command("/cue", "10a") == command("/cue/10A/go") == GoTo(2)
    assert command("/cue/standby", "Opening") == StandBy(0)
    assert command("/cue/next") == MoveStandBy(1)
    with pytest.raises(ValueError, match=r"/cue takes a cue \(1, 1.5, 10A\), not 2$"):
        command("/cue", 2)


def sentence_of(address: str, *arguments: object) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        cue_check(CITIES)(address, arguments)
    return str(caught.value)


def test_a_file_can_set_a_control_to_any_value_that_it_has() -> None:
    for address, arguments in [
        ("/opacity", (0.5,)),
        ("/blackout", (False,)),
        ("/fade/shape", ("iris-out",)),
        ("/fade/point", (0.2, 0.3)),
        ("/sheet/clear", (1,)),
    ]:
        cue_check(CITIES)(address, arguments)


def test_a_file_is_told_what_a_client_is_forgiven() -> None:
    assert sentence_of("/opacty", 1) == 'there is no control "/opacty"; did you mean "/opacity"?'
    assert sentence_of("/opacity", "dark").startswith("/opacity takes a number from 0 to 1")
    assert "2 was taken for 1" in sentence_of("/opacity", 2)
    assert "ignored" in sentence_of("/opacity", 0.5, 0.7)
    assert "release" in sentence_of("/sheet/clear", 0)
    for arguments in [("toggle",), ()]:
        assert "not changed from where it stands" in sentence_of("/blackout", *arguments)
    assert "not changed from where it stands" in sentence_of("/opacity", "+", 0.1)
    assert sentence_of("/quit", 1).startswith('there is no control "/quit"'), "which no client has"


def test_without_cues_there_is_a_go_that_does_nothing_and_no_cue_to_be_called() -> None:
    table = {control.address: control for control in controls(CITIES, CueList())}
    assert "/go" in table
    assert "/cue" not in table
    state = opening(CITIES)
    assert reduce(state, Go(), 1.0) == state


def test_a_control_is_taught_by_its_address() -> None:
    assert command("/midi/learn", "/mix/istanbul") == Learn("/mix/istanbul")
    assert command("/midi/learn", "") == Learn("")
    with pytest.raises(ValueError, match="takes a control's address"):
        command("/midi/learn", "/quit")


def test_every_city_has_a_fader_and_every_region_and_shape_an_address() -> None:
    faders = [address for address in TABLE if address.startswith("/mix/")]
    assert faders == ["/mix/istanbul", "/mix/new-york", "/mix/sao-paulo", "/mix/1984"]
    regions = [address for address in TABLE if address.startswith("/region/")]
    assert regions == [f"/region/{region}" for region in REGIONS]
    for shape in FADE_SHAPES:
        assert command("/fade/shape", shape) == SetFadeShape(shape)


def test_names_addresses_keys_and_midi_defaults_stand_once() -> None:
    table = controls(CITIES, CUES)
    for each in (
        [c.name for c in table],
        [c.address for c in table],
        [k for c in table for k in c.keys],
        [m for c in table for m in c.midi],
    ):
        assert len(each) == len(set(each))
    assert {c.group for c in table} == set(GROUPS)


def test_what_makes_a_show_dark_or_forgets_is_reached_by_no_pattern() -> None:
    loose = {control.address for control in TABLE.values() if not control.exact}
    dangerous = {
        "/panic",
        "/blackout",
        "/opacity",
        "/go",
        "/back",
        "/cue",
        "/sheet/clear",
        "/calibrate/inks",
    }
    assert not dangerous & loose
    assert {"/city", "/mix/istanbul", "/freeze", "/fade/time"} <= loose


@pytest.mark.parametrize("control", TABLE.values(), ids=TABLE.keys())
def test_every_key_and_every_value_of_a_control_is_one_that_it_takes(control: Control[Any]) -> None:
    for arguments in control.keys.values():
        assert control.read(arguments) is not None
    if control.told is not None and control.told(STATE) != ("",):
        # A client that sends back what it was told changes nothing, but where a cue is called again.
        meant = control.read(control.told(STATE))
        assert meant is None or reduce(STATE, control.asked(meant.value, STATE), 1.0) == STATE

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.controls import Choice, Control, Kind, Number, Switch, Trigger, controls
from live.mix import FADE_SHAPES, REGIONS
from live.show import (
    LONGEST_FADE,
    Panic,
    SetCity,
    SetFadeShape,
    SetFadeTime,
    SetRegion,
    SetShare,
    opening,
    reduce,
)

CITIES = ("istanbul", "new york", "São Paulo", "1984")
TABLE = {control.address: control for control in controls(CITIES)}
KINDS: list[Kind[object]] = [Trigger(), Switch(), Number(0, 60, "seconds"), Choice("city", CITIES)]

HOSTILE = [math.nan, math.inf, -math.inf, "nan", "inf", "1e999", "bang!", b"1", [1], (1, 2, 3, 4), 1.5j]


@pytest.mark.parametrize("argument", [None, True, 1, 1.0, 0.5, 127, "1", "on", "True"])
def test_a_press_triggers(argument: object) -> None:
    assert Trigger().read([argument]) is True


def test_a_message_without_arguments_triggers() -> None:
    assert Trigger().read([]) is True


@pytest.mark.parametrize("argument", [False, 0, 0.0, -1, "0", "off", "false"])
def test_a_release_does_not(argument: object) -> None:
    assert Trigger().read([argument]) is False
    assert TABLE["/panic"].read([argument]) is None


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        (0.5, True),
        (0.49, False),
        ("on", True),
        (" OFF ", False),
        ("true", True),
        ("False", False),
        ("1.0", True),
        ("toggle", None),
    ],
)
def test_a_switch_takes_what_clients_send(argument: object, value: bool | None) -> None:
    assert Switch().read([argument]) is value


def test_a_switch_without_arguments_or_with_an_impulse_goes_the_other_way() -> None:
    assert Switch().read([]) is None
    assert Switch().read([None]) is None


@pytest.mark.parametrize(
    ("argument", "value"), [(2, 2.0), (2.5, 2.5), ("2.5", 2.5), (-1, 0.0), (1e30, 60.0), (2**63, 60.0)]
)
def test_a_number_is_kept_in_its_range(argument: object, value: float) -> None:
    assert Number(0, 60, "seconds").read([argument]) == value


@pytest.mark.parametrize(
    ("argument", "index"),
    [
        ("Istanbul", 0),
        ("new-york", 1),
        ("NEW YORK", 1),
        ("sao paulo", 2),
        (1, 0),
        (4, 3),
        (2.0, 1),
        ("2", 1),
        ("2.0", 1),
        ("1984", 3),
    ],
)
def test_a_choice_is_a_name_or_a_number(argument: object, index: int) -> None:
    assert Choice("city", CITIES).read([argument]) == index


@pytest.mark.parametrize("argument", [0, 5, -1, 1.5, "atlantis", "", "-", True, None, 1984])
def test_no_such_choice(argument: object) -> None:
    with pytest.raises(
        ValueError, match=r"takes a city \(istanbul, new york, .*\) or its number \(1 to 4\)"
    ):
        Choice("city", CITIES).read([argument])


@pytest.mark.parametrize("argument", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_means_nothing_is_refused(kind: Kind[object], argument: object) -> None:
    with pytest.raises(ValueError, match="takes "):
        kind.read([argument])


def test_a_number_and_a_choice_need_an_argument() -> None:
    with pytest.raises(ValueError, match=r"takes a number from 0 to 60 seconds$"):
        Number(0, 60, "seconds").read([])
    with pytest.raises(ValueError, match=r"takes a city .* \(1 to 4\)$"):
        Choice("city", CITIES).read([])


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_after_the_first_are_ignored(kind: Kind[object]) -> None:
    assert kind.read([1, "and", math.nan]) == kind.read([1])


_anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
)


@given(st.sampled_from(sorted(TABLE)), st.lists(_anything, max_size=2))
def test_whatever_comes_is_a_command_that_can_be_obeyed_or_a_sentence(
    address: str, arguments: list[object]
) -> None:
    state = opening(CITIES)
    sentence = ""
    command = None
    try:
        command = TABLE[address].read(arguments)
    except ValueError as error:
        sentence = str(error)
    assert sentence == "" or sentence.startswith(f"{address} takes ")
    after = reduce(state, command, 1.0) if command else state
    assert 0 <= after.city < len(CITIES)
    assert 0.0 <= after.fade_time <= LONGEST_FADE


def test_a_sentence_quotes_no_novel() -> None:
    with pytest.raises(ValueError, match="…") as caught:
        TABLE["/city"].read(["x" * 10_000])
    assert len(str(caught.value)) < 200


def test_commands_of_the_table() -> None:
    assert TABLE["/city"].read(["new york"]) == SetCity(1)
    assert TABLE["/fade/time"].read([90.0]) == SetFadeTime(60.0)
    assert TABLE["/fade/shape"].read(["IRIS out"]) == SetFadeShape("iris-out")
    assert TABLE["/mix/sao-paulo"].read([1.5]) == SetShare(2, 1.0)
    assert TABLE["/region/top"].read([4]) == SetRegion("top", 3)
    assert TABLE["/panic"].read([]) == Panic()


def test_every_city_has_a_fader_and_every_region_and_shape_an_address() -> None:
    faders = [address for address in TABLE if address.startswith("/mix/")]
    assert faders == ["/mix/istanbul", "/mix/new-york", "/mix/sao-paulo", "/mix/1984"]
    regions = [address for address in TABLE if address.startswith("/region/")]
    assert regions == [f"/region/{region}" for region in REGIONS]
    for shape in FADE_SHAPES:
        assert TABLE["/fade/shape"].read([shape]) == SetFadeShape(shape)


def test_names_addresses_and_keys_stand_once() -> None:
    table = controls(CITIES)
    for each in (
        [c.name for c in table],
        [c.address for c in table],
        [k for c in table for k in c.keys],
    ):
        assert len(each) == len(set(each))


@pytest.mark.parametrize("control", TABLE.values(), ids=TABLE.keys())
def test_every_key_and_every_value_of_a_control_is_one_that_it_takes(control: Control[object]) -> None:
    state = opening(CITIES)
    for arguments in control.keys.values():
        assert control.read(arguments) is not None
    if control.value is not None:
        # A client that sends back what it was told changes nothing.
        command = control.read([control.value(state)])
        assert command is None or reduce(state, command, 1.0) == state

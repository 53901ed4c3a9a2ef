from __future__ import annotations

import math
from typing import Any

import pytest

from live.control.kinds import Choice, Kind, Meant, Number, Point, Step, Switch, Trigger

CITIES = ("istanbul", "new york", "São Paulo", "1984")
SECONDS = Number(0, 60, "seconds", 0.5)
KINDS: list[Kind[Any]] = [Trigger(), Switch(), SECONDS, Choice("city", CITIES), Point()]

HOSTILE = [math.nan, math.inf, -math.inf, "nan", "inf", "1e999", "bang!", b"1", [1], ("a", 2), 1.5j]


@pytest.mark.parametrize("argument", [None, True, 1, 1.0, 0.5, 127, "1", "on", "True"])
def test_a_press_triggers(argument: object) -> None:
    assert Trigger().read([argument]) == Meant(True)


def test_a_message_without_arguments_triggers() -> None:
    assert Trigger().read([]) == Meant(True)


@pytest.mark.parametrize("argument", [False, 0, 0.0, -1, "0", "off", "false"])
def test_a_release_does_not(argument: object) -> None:
    assert Trigger().read([argument]) is None


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
    ],
)
def test_a_switch_takes_what_clients_send(argument: object, value: bool) -> None:
    assert Switch().read([argument]) == Meant(value)


@pytest.mark.parametrize("arguments", [[], [None], ["toggle"], [" Toggle "]])
def test_a_switch_without_arguments_or_with_an_impulse_goes_the_other_way(arguments: list[object]) -> None:
    meant = Switch().read(arguments)
    assert isinstance(meant.value, Step)
    assert Switch().stepped((1,), meant.value) is False
    assert Switch().stepped((0,), meant.value) is True


@pytest.mark.parametrize(("argument", "value"), [(2, 2.0), (2.5, 2.5), ("2.5", 2.5), (60, 60.0)])
def test_a_number_is_what_it_is_or_spells(argument: object, value: float) -> None:
    assert SECONDS.read([argument]) == Meant(value)


@pytest.mark.parametrize(("argument", "value"), [(-1, 0.0), (1e30, 60.0), (2**63, 60.0), ("-0.5", 0.0)])
def test_a_number_is_kept_in_its_range_and_that_is_said(argument: object, value: float) -> None:
    meant = SECONDS.read([argument])
    assert meant.value == value
    assert meant.remark.startswith("goes from 0 to 60 seconds: ")
    assert meant.remark.endswith(f"was taken for {value:g}")


@pytest.mark.parametrize(
    ("arguments", "standing", "value"),
    [
        (["+"], 2.0, 2.5),
        (["-"], 2.0, 1.5),
        (["+", 3], 2.0, 5.0),
        (["-", "0.25"], 2.0, 1.75),
        (["-", 9], 2.0, 0.0),
        (["+", 100.0], 2.0, 60.0),
    ],
)
def test_a_number_has_steps(arguments: list[object], standing: float, value: float) -> None:
    meant = SECONDS.read(arguments)
    assert isinstance(meant.value, Step)
    assert SECONDS.stepped((standing,), meant.value) == value


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
    assert Choice("city", CITIES).read([argument]) == Meant(index)


@pytest.mark.parametrize(
    ("arguments", "standing", "index"),
    [
        (["+"], "istanbul", 1),
        (["-"], "istanbul", 3),
        (["+", 2], "1984", 1),
        (["-", "1"], "1984", 2),
        (["+"], "", 0),
        (["+", 2], "", 1),
        (["-"], "", 3),
    ],
)
def test_a_choice_has_steps_that_go_round(arguments: list[object], standing: str, index: int) -> None:
    cities = Choice("city", CITIES)
    meant = cities.read(arguments)
    assert isinstance(meant.value, Step)
    assert cities.stepped((standing,), meant.value) == index


@pytest.mark.parametrize("argument", [0, 5, -1, 1.5, "atlantis", "", "=", True, None, 1984])
def test_no_such_choice(argument: object) -> None:
    with pytest.raises(
        ValueError, match=r"takes a city \(istanbul, new york, .*\) or its number \(1 to 4\)"
    ):
        Choice("city", CITIES).read([argument])


def test_a_choice_may_be_found_in_its_own_way() -> None:
    cues = Choice("cue", ("1", "2.5"), {1: 0, 2.5: 1}.get)  # type: ignore[arg-type]
    assert cues.read([2.5]) == Meant(1)
    with pytest.raises(ValueError, match=r"takes a cue \(1, 2.5\), not 2$"):
        cues.read([2])
    with pytest.raises(ValueError, match=r"not '\+'$"):  # what isn't numbered through has no steps
        cues.read(["+"])


def test_a_long_list_of_names_is_not_told_but_what_was_meant() -> None:
    many = Choice("address", tuple(f"/mix/{n}" for n in range(20)), lambda _: None)
    with pytest.raises(ValueError, match=r"^takes a address, not '/mix/1x'; did you mean /mix/1\d?\?$"):
        many.read(["/mix/1x"])


def test_a_number_is_quoted_as_it_was_sent() -> None:
    cues = Choice("cue", ("1",), lambda _: None)
    with pytest.raises(ValueError, match=r"not 1\.1$"):
        cues.read([1.100000023841858])


@pytest.mark.parametrize("arguments", [[0.25, 1], ["0.25", 1.0], [[0.25, 1]], [(0.25, 1.0)]])
def test_a_point_is_two_numbers(arguments: list[object]) -> None:
    assert Point().read(arguments) == Meant((0.25, 1.0))


def test_a_point_is_kept_on_the_sheet() -> None:
    meant = Point().read([-0.5, 2])
    assert meant == Meant((0.0, 1.0), "goes from 0 to 1 both ways: -0.5 2 was taken for 0 1")


@pytest.mark.parametrize("arguments", [[], [0.5], [0.5, "x"], [None, None], [[0.5]], [math.nan, 0]])
def test_less_than_two_numbers_are_no_point(arguments: list[object]) -> None:
    with pytest.raises(ValueError, match="takes two numbers from 0 to 1, x and y"):
        Point().read(arguments)


@pytest.mark.parametrize("argument", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_means_nothing_is_refused(kind: Kind[Any], argument: object) -> None:
    with pytest.raises(ValueError, match="takes "):
        kind.read([argument])


@pytest.mark.parametrize("amount", HOSTILE)
@pytest.mark.parametrize("kind", [SECONDS, Choice("city", CITIES)])
def test_a_step_by_nothing_that_is_a_number_is_refused(kind: Kind[Any], amount: object) -> None:
    with pytest.raises(ValueError, match="takes "):
        kind.read(["+", amount])


def test_a_number_and_a_choice_need_an_argument() -> None:
    with pytest.raises(ValueError, match=r"takes a number from 0 to 60 seconds$"):
        SECONDS.read([])
    with pytest.raises(ValueError, match=r"takes a city .* \(1 to 4\)$"):
        Choice("city", CITIES).read([])


@pytest.mark.parametrize("kind", KINDS[:4])
def test_arguments_that_are_too_many_are_ignored_and_that_is_said(kind: Kind[Any]) -> None:
    one, more = kind.read([1]), kind.read([1, "and", math.nan])
    assert one is not None
    assert more is not None
    assert more.value == one.value
    assert more.remark == "takes one argument, the others are ignored"

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.show import (
    BLACKOUT_SECONDS,
    LONGEST_FADE,
    Command,
    NextCity,
    Panic,
    PreviousCity,
    Quit,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFadeTime,
    SetFreeze,
    SetOverlay,
    ShowState,
    brightness,
    find_city,
    is_relative,
    mix_field,
    mix_weights,
    opening,
    reduce,
    slug,
)
from models.faults import UsageFault

CITIES = ("Istanbul", "New York", "São Paulo")

_on = st.none() | st.booleans()
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetCity, st.integers(-2, len(CITIES) + 1)),
    st.just(NextCity()),
    st.just(PreviousCity()),
    st.builds(SetFadeTime, st.just(0.0) | st.floats(0.01, LONGEST_FADE)),
    st.builds(SetFreeze, _on),
    st.builds(SetBlackout, _on),
    st.just(Panic()),
    st.just(ReleasePanic()),
    st.builds(SetOverlay, _on),
    st.just(Quit()),
)
steps = st.lists(st.tuples(st.floats(0, 3), commands), max_size=12)
"""Seconds until a command, and the command."""


def played(
    steps: list[tuple[float, Command]], state: ShowState | None = None, now: float = 0.0
) -> tuple[ShowState, float]:
    """The state after these steps, which begin at `now`, and the moment of the last."""
    state = state or opening(CITIES)
    for wait, command in steps:
        now += wait
        state = reduce(state, command, now)
    return state, now


def test_a_show_opens_with_its_first_city_or_the_one_that_is_named() -> None:
    assert mix_weights(opening(CITIES), 0.0) == (1.0, 0.0, 0.0)
    assert mix_weights(opening(CITIES, "new-york"), 0.0) == (0.0, 1.0, 0.0)
    assert brightness(opening(CITIES), 0.0) == 1.0


def test_a_city_is_found_however_it_is_written() -> None:
    assert [find_city(CITIES, name) for name in ("ISTANBUL", "new_york", "sao paulo")] == [0, 1, 2]
    assert [find_city(CITIES, number) for number in ("1", "3")] == [0, 2]
    assert slug("  São  Paulo ") == "sao-paulo"


@pytest.mark.parametrize("name", ["atlantis", "", "0", "4", "1.5"])
def test_an_unknown_city_is_named_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UsageFault, match=f'"{name}".*Istanbul, New York, São Paulo'):
        find_city(CITIES, name)


def test_a_change_of_city_is_a_cross_fade() -> None:
    state = reduce(opening(CITIES, fade_time=2.0), SetCity(2), 10.0)
    assert mix_weights(state, 10.0) == (1.0, 0.0, 0.0)
    assert mix_weights(state, 11.0) == pytest.approx((0.5, 0.0, 0.5))
    assert mix_weights(state, 12.0) == (0.0, 0.0, 1.0)


def test_without_a_fade_time_the_city_is_there_at_once() -> None:
    state, now = played([(0.0, SetFadeTime(0.0)), (1.0, NextCity())])
    assert mix_weights(state, now) == (0.0, 1.0, 0.0)


def test_next_and_previous_go_round() -> None:
    state = opening(CITIES)
    assert reduce(state, PreviousCity(), 0.0).city == 2
    assert reduce(reduce(state, PreviousCity(), 0.0), NextCity(), 0.0).city == 0


@pytest.mark.parametrize("index", [0, -1, 3])
def test_the_city_that_stands_and_those_that_are_not_change_nothing(index: int) -> None:
    assert reduce(opening(CITIES), SetCity(index), 1.0) == opening(CITIES)


def test_a_fade_time_is_for_the_next_fade() -> None:
    state, now = played([(0.0, SetFadeTime(4.0)), (0.0, NextCity()), (2.0, SetFadeTime(0.0))])
    assert mix_weights(state, now) == pytest.approx((0.5, 0.5, 0.0))


@given(steps, st.floats(0, 100))
def test_weights_are_never_negative_and_always_together_one(
    steps: list[tuple[float, Command]], later: float
) -> None:
    state, now = played(steps)
    weights = mix_weights(state, now + later)
    assert min(weights) >= 0.0
    assert sum(weights) == pytest.approx(1.0, abs=1e-9)
    assert 0.0 <= brightness(state, now + later) <= 1.0


@given(steps, commands)
def test_no_command_makes_the_picture_jump(steps: list[tuple[float, Command]], command: Command) -> None:
    state, now = played(steps)
    after = reduce(state, command, now)
    if state.fade_time > 0.0:
        assert mix_weights(after, now) == pytest.approx(mix_weights(state, now))
    if not isinstance(command, Panic):
        assert brightness(after, now) == pytest.approx(brightness(state, now))


@given(steps, st.floats(0, 5), st.floats(0, 0.1))
def test_between_commands_the_mix_moves_no_faster_than_its_fade(
    steps: list[tuple[float, Command]], later: float, while_: float
) -> None:
    state, now = played([(0.0, SetFadeTime(2.0)), *steps, (0.0, SetFadeTime(2.0)), (9.0, NextCity())])
    before = mix_weights(state, now + later)
    after = mix_weights(state, now + later + while_)
    steepest = 1.5 / 2.0  # of a smoothstep over two seconds
    assert np.abs(np.subtract(after, before)).max() <= steepest * while_ + 1e-9


@given(steps)
def test_a_fade_ends_with_its_city_alone(steps: list[tuple[float, Command]]) -> None:
    state, now = played(steps)
    weights = mix_weights(state, now + LONGEST_FADE)
    assert weights == tuple(float(i == state.city) for i in range(len(CITIES)))


def test_the_mix_of_the_sheet_is_the_same_all_over() -> None:
    field = mix_field((0.25, 0.75, 0.0))
    assert field.shape == (3, 16, 16)
    assert field.dtype == np.float32
    assert (field[1] == 0.75).all()
    assert (field.sum(axis=0) == 1.0).all()


def test_a_blackout_goes_softly_and_comes_back_softly() -> None:
    state = reduce(opening(CITIES), SetBlackout(True), 5.0)
    assert brightness(state, 5.0) == 1.0
    assert brightness(state, 5.0 + BLACKOUT_SECONDS / 2) == pytest.approx(0.5)
    assert brightness(state, 5.0 + BLACKOUT_SECONDS) == 0.0
    back = reduce(state, SetBlackout(False), 5.0 + BLACKOUT_SECONDS / 2)
    assert brightness(back, 5.0 + BLACKOUT_SECONDS / 2) == pytest.approx(0.5)
    assert brightness(back, 9.0) == 1.0


def test_a_second_blackout_does_not_start_anew() -> None:
    state = reduce(opening(CITIES), SetBlackout(True), 5.0)
    assert reduce(state, SetBlackout(True), 5.2) == state


@given(steps, st.floats(0, 3))
def test_panic_is_black_at_once_and_a_second_changes_nothing(
    steps: list[tuple[float, Command]], later: float
) -> None:
    state, now = played(steps)
    dark = reduce(state, Panic(), now)
    assert brightness(dark, now) == 0.0
    assert reduce(dark, Panic(), now + later) == dark


@given(steps, steps, st.floats(0, 3))
def test_nothing_but_its_release_ends_a_panic(
    before: list[tuple[float, Command]], after: list[tuple[float, Command]], later: float
) -> None:
    state, now = played([*before, (0.0, Panic())])
    after = [(wait, command) for wait, command in after if command != ReleasePanic()]
    state, now = played(after, state, now)
    assert state.panic
    assert brightness(state, now + later) == 0.0


def test_a_released_panic_gives_the_light_back_unless_there_is_a_blackout() -> None:
    state, now = played([(1.0, Panic()), (1.0, ReleasePanic())])
    assert brightness(state, now) == 0.0
    assert brightness(state, now + BLACKOUT_SECONDS) == 1.0
    state, now = played([(1.0, SetBlackout(True)), (1.0, Panic()), (1.0, ReleasePanic())])
    assert brightness(state, now + BLACKOUT_SECONDS) == 0.0


@pytest.mark.parametrize(
    ("command", "name"), [(SetFreeze, "frozen"), (SetBlackout, "blackout"), (SetOverlay, "overlay")]
)
def test_a_switch_goes_where_it_is_told_or_the_other_way(command: type[SetFreeze], name: str) -> None:
    state = opening(CITIES)
    on = reduce(state, command(True), 0.0)
    assert getattr(on, name)
    assert reduce(on, command(True), 0.0) == on
    assert getattr(reduce(state, command(None), 0.0), name)
    assert not getattr(reduce(on, command(None), 0.0), name)
    assert not getattr(reduce(on, command(False), 0.0), name)


def test_freeze_leaves_light_and_mix_alone() -> None:
    state = opening(CITIES)
    assert reduce(state, SetFreeze(True), 1.0) == replace(state, frozen=True)


def test_quit_ends_the_show() -> None:
    assert not reduce(opening(CITIES), Quit(), 0.0).running


@given(steps, commands, st.floats(0, 3))
def test_only_a_relative_command_differs_when_it_comes_twice(
    steps: list[tuple[float, Command]], command: Command, later: float
) -> None:
    state, now = played(steps)
    once = reduce(state, command, now)
    twice = reduce(once, command, now + later)
    if is_relative(command):
        assert twice != once
    else:
        assert twice == once

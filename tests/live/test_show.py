from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.cues import Cue, CueList
from live.flow import Wishes
from live.mix import FADE_SHAPES, FADER_STEP, REGIONS, FadeShape, city_of, of_city, shares, with_region
from live.show import (
    BLACKOUT_SECONDS,
    FASTEST,
    LONGEST_FADE,
    MOST_BEATS,
    SLOWEST,
    Back,
    ClearSheet,
    Command,
    Enter,
    Forget,
    Go,
    GoTo,
    Learn,
    MoveStandBy,
    Panic,
    Quit,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFadeBeats,
    SetFadePoint,
    SetFadeShape,
    SetFadeTime,
    SetFreeze,
    SetHelp,
    SetOpacity,
    SetOverlay,
    SetRegion,
    SetSettle,
    SetShare,
    SetTempo,
    ShowState,
    StandBy,
    StopCues,
    TakeInks,
    TakeWhite,
    Tick,
    brightness,
    fade_seconds,
    find_city,
    mix_at,
    opening,
    reduce,
)
from models.cityset import slug
from models.faults import UsageFault

CITIES = ("Istanbul", "New York", "São Paulo")

CUES = CueList(
    (
        Cue("1", mix=of_city(1, 3), fade=2.0),
        Cue("2", mix=of_city(2, 3), fade=4.0, wait=1.0, shape="wipe-left"),
        Cue("3", set=(("/freeze", (1,)),), follow=0.5),
        Cue("4", mix=with_region(of_city(0, 3), "left", 2)),
    )
)

_on = st.booleans()
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetCity, st.integers(-2, len(CITIES) + 1)),
    st.builds(SetRegion, st.sampled_from(REGIONS), st.integers(0, len(CITIES) - 1)),
    st.builds(SetShare, st.integers(0, len(CITIES) - 1), st.floats(0, 1)),
    st.builds(SetFadeTime, st.just(0.0) | st.floats(0.01, LONGEST_FADE)),
    st.builds(SetFadeShape, st.sampled_from(FADE_SHAPES)),
    st.builds(SetFadePoint, st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
    st.builds(SetFadeBeats, st.just(0.0) | st.floats(0.01, MOST_BEATS)),
    st.builds(SetTempo, st.floats(SLOWEST, FASTEST)),
    st.builds(SetOpacity, st.floats(0, 1), st.just(0.0) | st.floats(0.01, LONGEST_FADE)),
    st.builds(SetFreeze, _on),
    st.builds(SetBlackout, _on),
    st.just(Panic()),
    st.just(ReleasePanic()),
    st.builds(SetOverlay, _on),
    st.just(Quit()),
)
of_cues: st.SearchStrategy[Command] = st.one_of(
    st.just(Go()),
    st.just(Back()),
    st.builds(GoTo, st.integers(-1, 5)),
    st.builds(StandBy, st.integers(-1, 5)),
    st.builds(MoveStandBy, st.integers(-2, 2)),
    st.just(StopCues()),
    st.just(Tick()),
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
        while state.begun:
            state = reduce(state, Enter(), now)
    return state, now


def shares_at(state: ShowState, now: float) -> tuple[float, ...]:
    """How much of the sheet each city has at a moment."""
    return shares(mix_at(state, now))


def test_a_show_opens_with_its_first_city_or_the_one_that_is_named() -> None:
    assert mix_at(opening(CITIES), 0.0) == of_city(0, 3)
    assert mix_at(opening(CITIES, "new-york"), 0.0) == of_city(1, 3)
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
    assert mix_at(state, 10.0) == of_city(0, 3)
    assert (mix_at(state, 11.0).weights == 0.5)[[0, 2]].all(), "everywhere at once"
    assert mix_at(state, 12.0) == of_city(2, 3)


@pytest.mark.parametrize("shape", FADE_SHAPES)
def test_a_change_of_city_has_the_shape_that_was_chosen(shape: FadeShape) -> None:
    state, now = played([(0.0, SetFadeShape(shape)), (1.0, SetCity(1))])
    assert mix_at(state, now) == of_city(0, 3)
    between = mix_at(state, now + 1.0).weights[1]
    assert (between.std() > 0.3) == (shape != "morph")
    assert 0.2 < between.mean() < 0.8
    assert mix_at(state, now + 2.0) == of_city(1, 3)


def test_without_a_fade_time_the_city_is_there_at_once() -> None:
    state, now = played([(0.0, SetFadeTime(0.0)), (1.0, SetCity(1))])
    assert mix_at(state, now) == of_city(1, 3)


@pytest.mark.parametrize("index", [0, -1, 3])
def test_the_city_that_stands_and_those_that_are_not_change_nothing(index: int) -> None:
    assert reduce(opening(CITIES), SetCity(index), 1.0) == opening(CITIES)


def test_a_fade_time_is_for_the_next_fade() -> None:
    state, now = played([(0.0, SetFadeTime(4.0)), (0.0, SetCity(1)), (2.0, SetFadeTime(0.0))])
    assert shares_at(state, now) == pytest.approx((0.5, 0.5, 0.0))


def test_a_fade_shape_is_for_the_next_fade() -> None:
    state, now = played([(0.0, SetCity(1)), (1.0, SetFadeShape("iris-in"))])
    assert (mix_at(state, now).weights[1] == 0.5).all()
    assert reduce(state, SetCity(2), now).mix.shape == "iris-in"


def test_a_region_fades_to_its_city_and_the_rest_stays() -> None:
    state, now = played([(0.0, SetRegion("left", 1))])
    between = mix_at(state, now + 1.0).weights
    assert (between[1, :, :8] == 0.5).all()
    assert (between[0, :, 8:] == 1.0).all()
    assert mix_at(state, now + 2.0) == with_region(of_city(0, 3), "left", 1)


def test_regions_add_up_also_while_they_fade() -> None:
    state, now = played([(0.0, SetRegion("left", 1)), (0.5, SetRegion("right", 2))])
    assert shares_at(state, now + 2.0) == (0.0, 0.5, 0.5)
    assert city_of(state.mix.target, "left") == 1


def test_a_city_takes_the_whole_sheet_from_regions_and_faders() -> None:
    state, now = played([(0.0, SetRegion("left", 1)), (3.0, SetShare(2, 0.3)), (1.0, SetCity(0))])
    assert shares_at(state, now)[1:] != (0.0, 0.0)
    assert mix_at(state, now + 2.0) == of_city(0, 3)


def test_a_fader_acts_at_once_on_what_stands() -> None:
    state, now = played([(0.0, SetCity(1)), (1.0, SetShare(2, 0.4))])
    assert shares_at(state, now) == pytest.approx((0.3, 0.3, 0.4))
    assert mix_at(state, now + 9.0) == mix_at(state, now)
    assert state.mix.has_arrived(now)


def test_a_client_that_tells_back_what_it_was_told_ends_no_fade() -> None:
    state, now = played([(0.0, SetCity(1)), (1.0, SetShare(1, 1.0)), (0.0, SetShare(0, 0.0))])
    assert shares_at(state, now) == pytest.approx((0.5, 0.5, 0.0))
    assert mix_at(state, now + 1.0) == of_city(1, 3)


def test_the_city_of_a_mix_is_the_greatest() -> None:
    state, _ = played([(0.0, SetShare(1, 0.5))])
    assert state.city == 0, "of two alike the one that was"
    state, _ = played([(0.0, SetShare(1, 0.6))])
    assert state.city == 1
    assert reduce(state, SetCity(2), 1.0).city == 2
    state, _ = played([(0.0, SetRegion("left", 2)), (0.0, SetRegion("top", 2))])
    assert state.city == 2


def test_a_show_of_one_city_takes_every_command_about_the_mix() -> None:
    state = opening(("dubai",))
    for command in (SetShare(0, 0.2), SetRegion("top", 0), SetCity(0)):
        assert reduce(state, command, 1.0) == state


@given(steps, st.floats(0, 100))
def test_weights_are_never_negative_and_always_together_one(
    steps: list[tuple[float, Command]], later: float
) -> None:
    state, now = played(steps)
    weights = mix_at(state, now + later).weights
    assert weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=0, atol=1e-6)
    assert shares(state.mix.target)[state.city] >= max(shares(state.mix.target)) - FADER_STEP
    assert 0.0 <= brightness(state, now + later) <= 1.0


@given(steps, commands)
def test_no_command_makes_the_picture_jump(steps: list[tuple[float, Command]], command: Command) -> None:
    state, now = played(steps)
    after = reduce(state, command, now)
    if state.fade_time > 0.0 and not isinstance(command, SetShare):
        assert mix_at(after, now) == mix_at(state, now)
    if not isinstance(command, Panic | SetOpacity):  # a fader is its own fade
        assert brightness(after, now) == pytest.approx(brightness(state, now))


@given(steps, st.floats(0, 5), st.floats(0, 0.1))
def test_between_commands_the_mix_moves_no_faster_than_its_fade(
    steps: list[tuple[float, Command]], later: float, while_: float
) -> None:
    state, now = played(
        [
            (0.0, SetFadeTime(2.0)),
            *steps,
            (0.0, SetFadeTime(2.0)),
            (0.0, SetFadeBeats(0.0)),
            (9.0, SetCity(1)),
        ]
    )
    before = mix_at(state, now + later).weights
    after = mix_at(state, now + later + while_).weights
    # How far an edge goes, in its own widths: an iris from a corner goes along the diagonal.
    across = 15 / 2 * (math.sqrt(2) if state.mix.shape.startswith("iris") else 1.0)
    edges = 1.0 if state.mix.shape == "morph" else across + 1
    steepest = 1.5 / 2.0 * edges  # of a smoothstep in two seconds
    assert np.abs(after - before).max() <= steepest * while_ + 1e-6


@given(steps, st.integers(0, len(CITIES) - 1))
def test_a_city_that_is_called_has_the_sheet_in_the_end(
    steps: list[tuple[float, Command]], index: int
) -> None:
    state, now = played([*steps, (0.0, SetCity(index))])
    assert mix_at(state, now + LONGEST_FADE) == of_city(index, len(CITIES))
    assert state.city == index


@given(steps, st.integers(0, len(CITIES) - 1), st.floats(0, 1))
def test_a_fader_has_its_share_whatever_was_before(
    steps: list[tuple[float, Command]], index: int, share: float
) -> None:
    state, now = played([*steps, (0.0, SetShare(index, share))])
    assert shares_at(state, now + LONGEST_FADE)[index] == pytest.approx(share, abs=FADER_STEP)


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
    ("command", "name"),
    [(SetFreeze, "frozen"), (SetBlackout, "blackout"), (SetOverlay, "overlay"), (SetHelp, "help")],
)
def test_a_switch_goes_where_it_is_told(command: type[SetFreeze], name: str) -> None:
    state = opening(CITIES)
    on = reduce(state, command(True), 0.0)
    assert getattr(on, name)
    assert reduce(on, command(True), 0.0) == on
    assert not getattr(reduce(on, command(False), 0.0), name)


def test_freeze_leaves_light_and_mix_alone() -> None:
    state = opening(CITIES)
    assert reduce(state, SetFreeze(True), 1.0) == replace(state, frozen=True)


@pytest.mark.parametrize(
    ("command", "name"), [(ClearSheet(), "cleared"), (TakeWhite(), "whitened"), (TakeInks(), "inked")]
)
def test_a_wish_is_told_by_its_time_and_is_one_however_often_it_comes_at_once(
    command: Command, name: str
) -> None:
    state = opening(CITIES)
    assert getattr(state.wishes, name) == -math.inf
    once = reduce(state, command, 3.0)
    assert once == replace(state, wishes=replace(state.wishes, **{name: 3.0}))
    assert reduce(once, command, 3.0) == once
    assert reduce(once, command, 4.0) != once


def test_the_settling_time_is_a_wish_as_well() -> None:
    state = opening(CITIES, wishes=Wishes(settle=0.3))
    assert state.wishes.settle == 0.3
    assert reduce(state, SetSettle(1.0), 2.0).wishes == Wishes(settle=1.0)


def test_quit_ends_the_show() -> None:
    assert not reduce(opening(CITIES), Quit(), 0.0).running


@given(steps, commands, st.floats(0, 3))
def test_no_command_differs_when_it_comes_twice(
    steps: list[tuple[float, Command]], command: Command, later: float
) -> None:
    state, now = played(steps)
    once = reduce(state, command, now)
    assert reduce(once, command, now + later) == once


# Fades by beats, from a point, and the light


def test_a_fade_may_last_beats_of_the_tempo() -> None:
    state, _ = played([(0.0, SetTempo(90.0)), (0.0, SetFadeBeats(3.0))])
    assert fade_seconds(state) == 2.0
    assert fade_seconds(reduce(state, SetFadeBeats(0.0), 0.0)) == state.fade_time
    slow, _ = played([(0.0, SetTempo(SLOWEST)), (0.0, SetFadeBeats(MOST_BEATS))])
    assert fade_seconds(slow) == LONGEST_FADE


def test_an_iris_opens_where_it_was_told_to() -> None:
    state, now = played(
        [
            (0.0, SetFadeShape("iris-out")),
            (0.0, SetFadePoint(x=0.0)),
            (0.0, SetFadePoint(y=1.0)),
            (0.0, SetCity(1)),
        ]
    )
    begun = mix_at(state, now + 0.6).weights[1]
    assert begun[-1, 0] == 1.0
    assert begun[0, -1] == begun[8, 8] == 0.0
    moved = reduce(state, SetFadePoint(0.5, 0.5), now)
    assert mix_at(moved, now + 0.6) == mix_at(state, now + 0.6), "one that is on its way keeps its place"


def test_an_opacity_that_is_told_back_does_not_end_its_fade() -> None:
    state, now = played([(0.0, SetOpacity(0.3, 4.0))])
    for told_back in (0.3, float(np.float32(0.3)), round(0.3, 3)):
        state = reduce(state, SetOpacity(told_back), now + 1.0)
    assert brightness(state, now + 2.0) == pytest.approx(0.65)
    assert brightness(reduce(state, SetOpacity(0.35), now + 1.0), now + 1.0) == 0.35
    for end in (0.0, 1.0):
        state = reduce(reduce(state, SetOpacity(abs(end - 1e-4)), now), SetOpacity(end), now)
        assert brightness(state, now) == end, "to the last bit"


def test_opacity_is_the_most_that_there_is_of_light() -> None:
    state, now = played([(0.0, SetOpacity(0.5)), (1.0, SetBlackout(True))])
    assert brightness(state, now) == 0.5
    assert brightness(state, now + BLACKOUT_SECONDS) == 0.0
    state = reduce(state, SetBlackout(False), now + 1.0)
    assert brightness(state, now + 9.0) == 0.5
    faded = reduce(state, SetOpacity(1.0, 2.0), now + 9.0)
    assert brightness(faded, now + 10.0) == 0.75


# Cues


def opened(**changes: Any) -> ShowState:
    return replace(opening(CITIES, cues=CUES, go_interval=0.3), **changes)


def test_a_go_takes_over_from_where_the_mix_stands() -> None:
    state, now = played([(1.0, Go()), (1.0, GoTo(3))], opened())
    assert shares_at(state, now) == pytest.approx((0.5, 0.5, 0.0))
    assert mix_at(state, now + state.fade_time) == with_region(of_city(0, 3), "left", 2)
    assert state.playback.standing == 3


def test_a_cue_has_its_own_time_and_shape_or_those_of_the_show() -> None:
    state, now = played([(1.0, Go()), (0.0, StandBy(1)), (1.0, Go()), (1.0, Tick())], opened())
    assert (state.mix.shape, state.mix.way.seconds) == ("wipe-left", 4.0)
    state, _ = played([(0.0, SetFadeShape("iris-in")), (0.0, GoTo(3))], state, now)
    assert (state.mix.shape, state.mix.way.seconds) == ("iris-in", state.fade_time)


def test_a_cue_that_waits_begins_by_itself_and_one_that_follows_too() -> None:
    state, now = played([(0.0, GoTo(1)), (0.9, Tick())], opened())
    assert state.playback.standing is None
    state, now = played([(0.2, Tick())], state, now)
    assert (state.playback.standing, state.city) == (1, 2)
    state, now = played([(0.0, GoTo(2)), (0.4, Tick())], state, now)
    assert state.playback.standing == 2
    state, now = played([(0.2, Tick())], state, now)
    assert state.playback.standing == 3


def test_cues_that_have_begun_enter_one_after_the_other() -> None:
    state = reduce(reduce(opened(), GoTo(0), 1.0), GoTo(3), 1.0)
    assert state.begun == (0, 3)
    assert state.mix == opened().mix
    state = reduce(state, Enter(), 1.0)
    assert (state.begun, state.mix.target) == ((3,), of_city(1, 3))
    state = reduce(state, Enter(), 1.0)
    assert state.mix.target == with_region(of_city(0, 3), "left", 2)
    assert reduce(state, Enter(), 2.0) == state


def test_a_cue_without_a_city_leaves_the_mix_alone() -> None:
    state, _ = played([(0.0, SetCity(1)), (1.0, GoTo(2))], opened())
    assert state.mix == reduce(opened(), SetCity(1), 0.0).mix


def test_panic_stops_what_waits() -> None:
    state, now = played([(0.0, GoTo(1)), (0.5, Panic()), (0.1, ReleasePanic()), (9.0, Tick())], opened())
    assert state.playback.standing is None
    assert state.playback.next == 1
    assert now > 9.0


@given(st.lists(st.tuples(st.floats(0, 3), commands | of_cues), max_size=12))
def test_whatever_is_done_the_state_is_one_that_can_be_shown(steps: list[tuple[float, Command]]) -> None:
    state, now = played(steps, opened())
    weights = mix_at(state, now).weights
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=0, atol=1e-6)
    assert 0.0 <= brightness(state, now) <= 1.0
    assert state.cues == CUES


def test_what_is_taught_and_forgotten_is_told_by_its_address() -> None:
    state, _ = played([(0.0, Learn("/opacity")), (0.0, Forget("/mix/istanbul"))])
    assert (state.learning, state.forgetting) == ("/opacity", "/mix/istanbul")

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from live.fade import Fade
from live.mix import (
    FADE_SHAPES,
    FADER_STEP,
    REGIONS,
    FadeShape,
    Mix,
    Transition,
    alone,
    city_of,
    covered,
    greatest,
    has_share,
    in_words,
    mix_field,
    of_city,
    shares,
    standing,
    with_region,
    with_share,
    with_shares,
)
from models.inputs import MIX_GRID

COUNT = 3
cities = st.integers(0, COUNT - 1)
ways = st.floats(0, 1)
fade_shapes = st.sampled_from(FADE_SHAPES)


def _random(seed: int) -> Mix:
    weights = np.random.default_rng(seed).random((COUNT, MIX_GRID, MIX_GRID)) ** 4
    return Mix.of(weights / weights.sum(axis=0))


mixes = st.one_of(
    st.builds(of_city, cities, st.just(COUNT)),
    st.builds(with_region, st.builds(of_city, cities, st.just(COUNT)), st.sampled_from(REGIONS), cities),
    st.builds(_random, st.integers(0, 1000)),
)


def is_whole(mix: Mix) -> bool:
    """Whether its weights are none below 0, and at each place together 1."""
    weights = mix.weights
    assert weights.dtype == np.float32
    assert weights.shape == (mix.cities, MIX_GRID, MIX_GRID)
    return bool((weights >= 0).all() and np.allclose(weights.sum(axis=0), 1.0, rtol=0, atol=1e-6))


def test_a_field_may_be_the_same_all_over_the_sheet() -> None:
    field = mix_field((0.25, 0.75, 0.0))
    assert field.shape == (3, 16, 16)
    assert field.dtype == np.float32
    assert (field[1] == 0.75).all()
    assert (field.sum(axis=0) == 1.0).all()


def test_mixes_compare_and_hash_by_what_they_are() -> None:
    assert of_city(1, 3) == Mix.of(mix_field(alone(1, 3)))
    assert len({of_city(1, 3), Mix.of(mix_field(alone(1, 3))), of_city(2, 3)}) == 2
    of_city(1, 3).weights[:] = 0.0
    assert (of_city(1, 3).weights[1] == 1.0).all(), "who gets the weights can't change the mix"


# Shares


@given(mixes, cities, ways)
def test_a_fader_gets_what_it_says_and_the_others_keep_their_proportions(
    mix: Mix, city: int, share: float
) -> None:
    after = with_share(mix, city, share)
    assert is_whole(after)
    assert shares(after)[city] == pytest.approx(share, abs=FADER_STEP)
    others, before = (np.delete(shares(m), city) for m in (after, mix))
    if before.sum() > 1e-3:
        np.testing.assert_allclose(others * before.sum(), before * others.sum(), atol=1e-5)
    else:
        np.testing.assert_allclose(others, others[0], atol=2e-3)


@given(mixes, cities, st.sampled_from([0.0, 1.0]))
def test_a_fader_at_its_end_leaves_nothing_over(mix: Mix, city: int, share: float) -> None:
    assert (with_share(mix, city, share).weights[city] == share).all()


@given(mixes, cities, ways)
def test_a_share_that_is_there_changes_nothing(mix: Mix, city: int, share: float) -> None:
    once = with_share(mix, city, share)
    assert with_share(once, city, share) == once


def test_where_nothing_else_is_the_others_share_alike() -> None:
    assert shares(with_share(of_city(0, 3), 0, 0.4)) == pytest.approx((0.4, 0.3, 0.3))
    assert with_share(of_city(0, 1), 0, 0.4) == of_city(0, 1)


def test_regions_stay_in_sight_under_a_fader() -> None:
    halves = with_region(of_city(0, 3), "left", 1)
    less = with_share(halves, 1, 0.25)
    assert less.weights[:, 0, 0] == pytest.approx((0.5, 0.5, 0.0))
    assert less.weights[:, 0, -1] == pytest.approx((1.0, 0.0, 0.0))
    more = with_share(halves, 1, 0.75)
    assert more.weights[:, 0, 0] == pytest.approx((0.0, 1.0, 0.0))
    assert more.weights[:, 0, -1] == pytest.approx((0.5, 0.5, 0.0))


def test_what_is_told_of_a_share_is_that_share() -> None:
    third = with_share(of_city(0, 3), 0, 1 / 3)
    assert has_share(third, 0, 0.333)
    assert not has_share(third, 0, 0.34)
    nearly = with_share(third, 0, 0.9995)
    assert has_share(nearly, 0, 0.999)
    assert not has_share(nearly, 0, 1.0), "its end is a place of its own"


def test_the_greatest_city_is_the_standing_one_of_several() -> None:
    halves = with_region(of_city(0, 3), "top", 2)
    assert [greatest(halves, n) for n in range(3)] == [0, 0, 2]
    assert greatest(with_share(halves, 2, 0.51), 0) == 2


# Regions


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_its_citys_and_the_rest_stays(region: str) -> None:
    before = _random(1)
    after = with_region(before, region, 2)
    taken = (after.weights == mix_field(alone(2, 3))).all(axis=0)
    assert is_whole(after)
    assert (after.weights == before.weights)[:, ~taken].all()
    assert city_of(after, region) == 2
    assert city_of(before, region) is None
    assert 0.2 < taken.mean() <= 0.5
    middle = np.argwhere(taken).mean(axis=0) / (MIX_GRID - 1)
    expected = {
        "left": (0.5, 0.23), "right": (0.5, 0.77), "top": (0.23, 0.5), "bottom": (0.77, 0.5),
        "centre": (0.5, 0.5),
    }  # fmt: skip
    assert middle == pytest.approx(expected[region], abs=0.01)


@pytest.mark.parametrize(("one", "other"), [("left", "right"), ("top", "bottom")])
def test_two_halves_are_the_whole(one: str, other: str) -> None:
    halves = with_region(with_region(of_city(2, 3), one, 0), other, 1)
    assert shares(halves) == (0.5, 0.5, 0.0)
    assert (city_of(halves, one), city_of(halves, other)) == (0, 1)
    assert city_of(halves, "centre") is None
    assert with_region(halves, other, 0) == of_city(0, 3)


# Transitions


@given(fade_shapes, ways, ways)
def test_what_is_covered_stays_covered(shape: FadeShape, one: float, other: float) -> None:
    less, more = covered(shape, min(one, other)), covered(shape, max(one, other))
    assert (less >= 0).all()
    assert (more <= 1).all()
    assert (more >= less).all()
    assert (covered(shape, 0.0) == 0).all()
    assert (covered(shape, 1.0) == 1).all()


def _left(field: NDArray[np.float64]) -> float:
    return float(field[:, : MIX_GRID // 2].mean() - field[:, MIX_GRID // 2 :].mean())


def _top(field: NDArray[np.float64]) -> float:
    return _left(field.T)


def _middle(field: NDArray[np.float64]) -> float:
    return float(field[4:12, 4:12].mean() - field.mean())


@pytest.mark.parametrize(
    ("shape", "measure", "sign"),
    [
        ("wipe-left", _left, -1),
        ("wipe-right", _left, 1),
        ("wipe-up", _top, -1),
        ("wipe-down", _top, 1),
        ("iris-in", _middle, -1),
        ("iris-out", _middle, 1),
    ],
)
def test_an_edge_goes_where_its_name_says(shape: FadeShape, measure: object, sign: int) -> None:
    assert callable(measure)
    assert measure(covered(shape, 0.5)) * sign > 0.3
    edge = covered(shape, 0.5)
    soft = (edge > 0) & (edge < 1)
    assert 1 <= soft.sum(axis=0).max() <= MIX_GRID
    if shape.startswith("wipe"):
        along = edge if _top(edge) else edge.T
        assert set(((along > 0) & (along < 1)).sum(axis=0).tolist()) <= {1, 2}, "an edge of two cells"


def test_a_morph_is_everywhere_at_once() -> None:
    assert (covered("morph", 0.3) == 0.3).all()


transitions = st.builds(
    lambda origin, target, shape: Transition(origin, target, shape, Fade(0.0, 1.0, 5.0, 2.0)),
    mixes,
    mixes,
    fade_shapes,
)


@given(transitions, st.floats(4, 8))
def test_a_mix_on_its_way_is_a_mix(transition: Transition, now: float) -> None:
    assert is_whole(transition.at(now))
    assert transition.at(5.0) == transition.at(1.0) == transition.origin
    assert transition.at(7.0) == transition.at(99.0) == transition.target
    assert transition.has_arrived(7.0)
    assert not transition.has_arrived(6.9)


@given(transitions, st.floats(4, 8), st.floats(0, 0.1))
def test_a_mix_never_turns_back_nor_jumps(transition: Transition, now: float, while_: float) -> None:
    before, after = transition.at(now).weights, transition.at(now + while_).weights
    towards = np.sign(transition.target.weights - transition.origin.weights)
    assert ((after - before) * towards >= -1e-6).all()
    # Eased (1.5) over two seconds, an edge of two cells that goes over 15 of them and its own width.
    steepest = 1.5 / 2.0 * (15 / 2 + 1)
    assert np.abs(after - before).max() <= steepest * while_ + 1e-6


@given(transitions, mixes, fade_shapes, st.floats(4, 8))
def test_an_interrupted_transition_goes_on_from_what_stands(
    first: Transition, target: Mix, shape: FadeShape, now: float
) -> None:
    stands = first.at(now)
    second = Transition(stands, target, shape, Fade(0.0, 1.0, now, 2.0))
    assert second.at(now) == stands
    assert is_whole(second.at(now + 0.7))
    assert second.at(now + 2.0) == target


def test_a_mix_that_stands_stays() -> None:
    mix = _random(3)
    assert standing(mix).at(0.0) == standing(mix).at(1e9) == mix
    assert standing(mix).has_arrived(0.0)


def test_a_mix_in_words_names_who_can_be_seen() -> None:
    halves = with_region(of_city(0, 3), "left", 1)
    assert in_words(halves, ("dubai", "paris", "rome")) == "dubai 50% + paris 50%"
    assert in_words(of_city(2, 3), ("dubai", "paris", "rome")) == "rome 100%"


@pytest.mark.parametrize("point", [(0.0, 0.0), (0.9, 0.3)])
def test_an_iris_opens_around_its_point_and_closes_around_it(point: tuple[float, float]) -> None:
    column, row = (min(int(at * MIX_GRID), MIX_GRID - 1) for at in point)
    opening, closing = covered("iris-out", 0.3, point), covered("iris-in", 0.7, point)
    assert opening[row, column] == 1.0
    assert opening.min() == 0.0
    assert closing[row, column] == 0.0
    assert closing.max() == 1.0
    for shape in ("iris-out", "iris-in"):
        assert (covered(shape, 0.0, point) == 0).all()
        assert (covered(shape, 1.0, point) == 1).all()


_wanted = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=4, unique_by=lambda w: w[0]
)


@given(_wanted, st.sampled_from(REGIONS))
def test_faders_that_are_moved_together_have_what_there_is_room_for(
    wanted: list[tuple[int, float]], region: str
) -> None:
    mix = with_shares(with_region(of_city(0, 4), region, 1), wanted)
    assert mix.weights.min() >= 0.0
    np.testing.assert_allclose(mix.weights.sum(axis=0), 1.0, atol=1e-6)
    last, share = wanted[-1]
    assert shares(mix)[last] == pytest.approx(share, abs=FADER_STEP)


@given(st.permutations(range(4)), st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any))
def test_shares_that_are_together_one_are_taken_as_they_are(order: list[int], parts: list[int]) -> None:
    wish = [part / sum(parts) for part in parts]
    mix = with_shares(of_city(0, 4), [(city, wish[city]) for city in order])
    assert shares(mix) == pytest.approx(wish, abs=FADER_STEP)


def test_faders_that_want_too_much_keep_their_proportion_and_the_last_its_share() -> None:
    mix = with_shares(of_city(3, 4), [(0, 0.4), (1, 0.8), (2, 0.4)])
    assert shares(mix) == pytest.approx((0.2, 0.4, 0.4, 0.0), abs=FADER_STEP)

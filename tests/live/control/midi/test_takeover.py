from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.midi.takeover import ECHO_SECONDS, NEAR, TAKEOVERS, Fader, Takeover, moved, told

SHARES = st.floats(0.0, 1.0)


def _moves(fader: Fader, positions: list[float], takeover: Takeover) -> tuple[Fader, list[float | None]]:
    targets = []
    for position in positions:
        fader, target = moved(fader, position, takeover, 0.0)
        targets.append(target)
    return fader, targets


def test_none_jumps() -> None:
    _, targets = _moves(Fader(standing=0.9), [0.1, 0.2], "none")
    assert targets == [0.1, 0.2]


@pytest.mark.parametrize("takeover", TAKEOVERS)
def test_a_control_that_stands_nowhere_is_taken_at_once(takeover: Takeover) -> None:
    assert _moves(Fader(), [0.3], takeover)[1] == [0.3]


def test_pick_up_waits_until_the_fader_passes_by() -> None:
    fader, targets = _moves(Fader(standing=0.5), [0.1, 0.3, 0.45, 0.55, 0.8], "pick-up")
    assert targets == [None, None, None, 0.55, 0.8]
    assert fader.standing == 0.8


def test_pick_up_is_lost_when_another_client_moves_the_control() -> None:
    fader, _ = _moves(Fader(), [0.5], "pick-up")
    fader = told(fader, 0.9, 5.0)
    fader, targets = _moves(fader, [0.52, 0.6], "pick-up")
    assert targets == [None, None]
    assert _moves(fader, [0.95], "pick-up")[1] == [0.95]


def test_the_echo_of_its_own_moves_takes_nothing_out_of_the_hand() -> None:
    fader, _ = _moves(Fader(), [0.2, 0.3, 0.4], "pick-up")
    # The show tells the first one, rounded, when the fader is already at the third.
    fader = told(fader, 0.2004, 0.1)
    fader, targets = _moves(fader, [0.45], "pick-up")
    assert targets == [0.45]
    # It leaves out what was overtaken by then.
    fader = told(fader, 0.45, 0.2)
    assert fader.said == ()
    assert fader.standing == 0.45


def test_what_was_said_long_ago_is_no_echo() -> None:
    fader, _ = _moves(Fader(), [0.2, 0.6], "pick-up")
    fader = told(fader, 0.2, 2 * ECHO_SECONDS)
    assert fader.standing == 0.2


def test_scale_shares_out_the_way_that_is_left() -> None:
    fader = Fader(position=0.5, standing=0.8)
    assert moved(fader, 0.75, "scale", 0.0)[1] == pytest.approx(0.9)
    assert moved(fader, 0.25, "scale", 0.0)[1] == pytest.approx(0.4)
    assert moved(fader, 0.5, "scale", 0.0)[1] is None


@given(SHARES, SHARES, st.lists(SHARES, max_size=20), st.sampled_from(TAKEOVERS))
def test_a_target_lies_in_the_range_and_ends_meet(
    start: float, standing: float, positions: list[float], takeover: Takeover
) -> None:
    fader = Fader(position=start, standing=standing)
    for position in positions:
        fader, target = moved(fader, position, takeover, 0.0)
        assert target is None or -1e-9 <= target <= 1.0 + 1e-9
        assert fader.position == position
    # Whatever was before, both ends of the fader are ends of the control, once it was at both.
    fader, _ = moved(fader, 0.0, takeover, 0.0)
    fader, _ = moved(fader, 1.0, takeover, 0.0)
    assert fader.standing == pytest.approx(1.0)
    fader, _ = moved(fader, 0.0, takeover, 0.0)
    assert fader.standing == pytest.approx(0.0)


@given(SHARES, SHARES, st.lists(SHARES, min_size=1, max_size=20))
def test_pick_up_never_jumps_over_what_the_hand_did(
    start: float, standing: float, positions: list[float]
) -> None:
    fader = Fader(position=start, standing=standing)
    for position in positions:
        before = fader
        fader, target = moved(fader, position, "pick-up", 0.0)
        if target is not None:
            low, high = sorted((before.position or 0.0, position))
            assert low - NEAR <= (before.standing or 0.0) <= high + NEAR


@given(st.lists(SHARES, max_size=300))
def test_what_it_remembers_does_not_grow(positions: list[float]) -> None:
    fader, _ = _moves(Fader(), positions, "none")
    assert len(fader.said) <= 128

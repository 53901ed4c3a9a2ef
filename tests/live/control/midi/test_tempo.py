from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.midi.tempo import Tempo, ticked


def _said(moments: list[float]) -> tuple[Tempo, list[float]]:
    tempo, said = Tempo(), []
    for moment in moments:
        tempo, beats = ticked(tempo, moment)
        if beats is not None:
            said.append(beats)
    return tempo, said


def _clock(beats_per_minute: float, ticks: int, start: float = 0.0) -> list[float]:
    return [start + n * 60 / beats_per_minute / 24 for n in range(ticks)]


@pytest.mark.parametrize("beats_per_minute", [60.0, 120.0, 174.5])
def test_a_steady_clock_is_told_once(beats_per_minute: float) -> None:
    assert _said(_clock(beats_per_minute, 500))[1] == [pytest.approx(beats_per_minute)]


def test_nothing_is_told_before_the_first_beat() -> None:
    assert _said(_clock(120, 24))[1] == []


def test_ticks_in_the_steps_of_a_sound_card_are_steady_enough() -> None:
    period = 512 / 48000
    chance = random.Random(1)
    moments = [round(at / period + chance.uniform(-0.5, 0.5)) * period for at in _clock(120, 2000)]
    said = _said(moments)[1]
    assert all(abs(beats - 120) < 4 for beats in said)
    assert abs(said[-1] - 120) < 1.5


def test_a_new_tempo_is_told_and_a_pause_is_none() -> None:
    first = _clock(120, 200)
    second = _clock(90, 200, start=first[-1] + 30)
    assert _said(first + second)[1] == [120.0, 90.0]


@given(st.lists(st.floats(-1e6, 1e6), max_size=200))
def test_any_moments_are_borne(moments: list[float]) -> None:
    tempo, said = _said(moments)
    assert len(tempo.ticks) <= 97
    assert all(beats > 0 for beats in said)

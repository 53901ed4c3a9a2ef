from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.midi.encoders import ENCODERS, Encoder, recognised, steps


@pytest.mark.parametrize(
    ("encoder", "right", "left"),
    [
        ("twos-complement", [1, 2, 63], [127, 126, 65]),
        ("binary-offset", [65, 66, 127], [63, 62, 1]),
        ("signed-bit", [1, 2, 63], [65, 66, 127]),
    ],
)
def test_steps(encoder: Encoder, right: list[int], left: list[int]) -> None:
    assert [steps(encoder, value) for value in right] == [1, 2, 63]
    assert [steps(encoder, value) for value in left] == [-1, -2, -63]


@pytest.mark.parametrize(
    ("values", "encoder"),
    [
        ([1, 1, 1], "twos-complement"),
        ([1, 2, 2, 127], "twos-complement"),
        ([65, 65, 66], "binary-offset"),
        ([1, 1, 65], "signed-bit"),
        ([64, 65, 66, 67], None),  # a knob in its middle
        ([1, 2, 3], None),  # a knob at its end
        ([1], None),
        ([127, 0], None),  # a button
        ([60, 60], None),
        ([], None),
    ],
)
def test_an_encoder_is_recognised_by_what_it_says(values: list[int], encoder: Encoder | None) -> None:
    assert recognised(values) == encoder


@given(st.lists(st.integers(0, 127)))
def test_what_is_recognised_turns(values: list[int]) -> None:
    encoder = recognised(values)
    assert encoder is None or (encoder in ENCODERS and all(steps(encoder, value) for value in values))

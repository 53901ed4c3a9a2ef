from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cityset import SHIPPED, shipped_sets
from models.onnxfile import flaw_of_onnx

SMALL = (SHIPPED / "small" / "model.onnx").read_bytes()


@pytest.mark.parametrize("name", shipped_sets())
def test_every_shipped_network_is_whole(name: str) -> None:
    for path in (SHIPPED / name).glob("*.onnx"):
        assert flaw_of_onnx(path.read_bytes()) == ""


@given(st.integers(0, len(SMALL) - 1024))
def test_wherever_a_network_is_cut_off_it_shows(length: int) -> None:
    assert flaw_of_onnx(SMALL[:length])


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    assert isinstance(flaw_of_onnx(content), str)

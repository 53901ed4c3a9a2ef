from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.kinds import Message
from live.control.midi.showcontrol import show_control

_CUE = [ord(c) for c in "12.5"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([0x7F, 0x7F, 2, 0x01, 0x01], Message("/go")),
        ([0x7F, 0x10, 2, 0x7F, 0x01], Message("/go")),  # any device, all formats
        ([0x7F, 0x7F, 2, 0x01, 0x01, *_CUE], Message("/cue", ("12.5",))),
        ([0x7F, 0x7F, 2, 0x30, 0x01, *_CUE, 0, ord("1"), 0, ord("2")], Message("/cue", ("12.5",))),
        ([0x7F, 0x7F, 2, 0x40, 0x02], Message("/cue/stop")),
        ([0x7F, 0x7F, 2, 0x01, 0x05, *_CUE], Message("/cue/standby", ("12.5",))),
        ([0x7F, 0x7F, 2, 0x01, 0x05], None),
        ([0x7F, 0x7F, 2, 0x10, 0x01], None),  # sound
        ([0x7F, 0x7F, 2, 0x61, 0x01], None),  # fireworks
        ([0x7F, 0x7F, 1, 0x01, 0x01], None),  # time code
        ([0x7E, 0x7F, 2, 0x01, 0x01], None),
        ([0x7F, 0x7F, 2, 0x01, 0x0A], None),
    ],
)
def test_show_control(data: list[int], message: Message | None) -> None:
    assert show_control(data) == message


@given(st.lists(st.integers(0, 127), max_size=40))
def test_any_system_exclusive_is_borne(data: list[int]) -> None:
    message = show_control(data)
    assert message is None or message.address in ("/go", "/cue", "/cue/stop", "/cue/standby")

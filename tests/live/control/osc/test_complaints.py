"""What clients do wrong, in the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.osc.complaints import LONGEST, MOST_REASONS, Complaints, printable


def test_each_kind_is_logged_once_and_then_at_every_power_of_ten(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    for _ in range(1234):
        complaints.add("packet", "OSC 10.0.0.5:1", "a packet isn't OSC")
    complaints.add("address", "OSC 10.0.0.6:2", "there is no /citi here")
    assert [record.getMessage() for record in caplog.records] == [
        "OSC 10.0.0.5:1: a packet isn't OSC (said once)",
        "OSC 10.0.0.5:1: a packet isn't OSC (100 times by now)",
        "OSC 10.0.0.5:1: a packet isn't OSC (1000 times by now)",
        "OSC 10.0.0.6:2: there is no /citi here (said once)",
    ]


def test_however_many_kinds_there_are_the_log_stays_short(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    for n in range(5 * MOST_REASONS):
        complaints.add(f"/{n}", "OSC 10.0.0.5:1", f"/{n} takes something else")
    assert len(caplog.records) <= MOST_REASONS + 2


@given(st.text())
def test_a_sentence_that_quotes_a_client_is_one_short_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) == min(len(text), LONGEST)

from __future__ import annotations

from models.faults import did_you_mean

CITIES = ("dubai", "las-vegas")


def test_what_is_written_alike_is_offered_and_nothing_else() -> None:
    assert did_you_mean("dubay", CITIES) == "; did you mean dubai?"
    assert did_you_mean("las vegas", CITIES, quote="'") == "; did you mean 'las-vegas'?"
    assert did_you_mean("venice", CITIES) == ""
    assert did_you_mean("dubay", CITIES, cutoff=0.9) == ""
    assert did_you_mean("dubai", ()) == ""

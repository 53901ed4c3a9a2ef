from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.config import CueSettings, load_settings
from live.control.controls import controls, cue_check
from live.cues import (
    NOT_BY_CUES,
    Cue,
    CueList,
    Playback,
    Played,
    back,
    go,
    in_words,
    jump,
    left,
    opening,
    read_cues,
    standby,
    step,
    stop,
    tick,
)
from live.mix import of_city, shares, with_region
from models.cityset import city_names, load_city_sets
from models.faults import UsageFault

INTERVAL = 0.3


def cue_list(*cues: Cue) -> CueList:
    return CueList(cues)


def plain(count: int) -> CueList:
    """Cues 1, 2, … that neither wait nor follow."""
    return CueList(tuple(Cue(str(n + 1)) for n in range(count)))


def at(standing: int | None, next: int | None, due: tuple[float, int] | None = None) -> Playback:
    return Playback(standing, next, due=due)


def where(playback: Playback) -> tuple[int | None, int | None, tuple[float, int] | None]:
    """All of a playback but the time of the last GO."""
    return playback.standing, playback.next, playback.due


# Finding a cue


NUMBERED = cue_list(
    Cue("1", "Opening"), Cue("1.1", "São Paulo"), Cue("3", "Opening"), Cue("10A", "3"), Cue("1.10", "★")
)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (1, 0),
        (1.0, 0),
        ("1", 0),
        (" 1.0 ", 0),
        (1.1, 1),
        (float(np.float32(1.1)), 1),  # as OSC sends it
        ("1.1", 1),
        ("1.10", 4),
        ("10a", 3),
        ("opening", 0),  # the first of several
        ("sao paulo", 1),
        ("3", 2),  # a number goes before a name
    ],
)
def test_a_cue_is_found_by_number_or_name(wanted: object, index: int) -> None:
    assert NUMBERED.find(wanted) == index


@pytest.mark.parametrize(
    "wanted",
    [2, 1.11, -1, "", "★", "nobody", True, None, b"1", (1,), math.nan, math.inf, "inf", 1e300, 10**400],
)
def test_what_is_no_cue_is_not_found(wanted: object) -> None:
    assert NUMBERED.find(wanted) is None


def test_a_number_without_its_zeros_is_found_where_nothing_else_has_it() -> None:
    cues = cue_list(Cue("1.10"), Cue("2.0"), Cue("2"), Cue("03"), Cue("20"))
    assert [cues.find(n) for n in (1.1, "1.1", "1.10", 2, "2.0", 3, 20, 1)] == [0, 0, 0, 2, 1, 3, 4, None]


@given(st.floats() | st.integers() | st.text() | st.none() | st.binary())
def test_looking_for_anything_finds_a_cue_or_none(wanted: object) -> None:
    index = NUMBERED.find(wanted)
    assert index is None or 0 <= index < len(NUMBERED)


@given(st.integers(0, 9999), st.integers(0, 99))
def test_a_number_is_found_as_any_client_sends_it(whole: int, hundredths: int) -> None:
    text = f"{whole}.{hundredths:02}".rstrip("0").rstrip(".")
    cues = cue_list(Cue("before"), Cue(text))
    assert cues.find(text) == 1
    assert cues.find(float(text)) == 1
    assert cues.find(float(np.float32(text))) == 1


# Reading a list


CITIES = ("dubai", "las-vegas", "São Paulo")
CONTROLS = ("/opacity", "/fade/point", "/sheet/clear")


def check(address: str, arguments: tuple[object, ...]) -> None:
    """A desk with few controls, whose numbers go from 0 to 1."""
    if address not in CONTROLS:
        raise ValueError(f"there is no {address}")
    if any(not isinstance(one, int | float) or not 0 <= one <= 1 for one in arguments):
        raise ValueError(f"{address} takes a number from 0 to 1")


def read(folder: Path, text: str) -> CueList:
    """The cue list of a show file with this text."""
    show = folder / "show.toml"
    show.write_text(text, encoding="utf-8")
    return read_cues(load_settings(show).cues, CITIES, check)


def test_a_cue_list_is_read_as_it_is_written(tmp_path: Path) -> None:
    cues = read(
        tmp_path,
        """
        [[cue]]
        number = 2
        name = "Opening"
        city = "Dubai"
        fade = 3
        shape = "iris-out"
        note = "wait for Ann"
        set = { "/fade/point" = [0.2, 0.3], "/opacity" = 1, "/sheet/clear" = 1 }
        [[cue]]
        number = 1.10
        wait = 1
        follow = 0
        """,
    )
    assert cues.cues == (
        Cue(
            "2",
            "Opening",
            of_city(0, 3),
            3.0,
            "iris-out",
            "wait for Ann",
            set=(("/fade/point", (0.2, 0.3)), ("/opacity", (1,)), ("/sheet/clear", (1,))),
        ),
        Cue("1.10", wait=1.0, follow=0.0),
    )


def test_a_show_without_cues_has_an_empty_list(tmp_path: Path) -> None:
    assert read(tmp_path, "") == CueList()


def test_cities_share_the_sheet_as_they_are_written(tmp_path: Path) -> None:
    [cue] = read(tmp_path, "cue = [{ number = 1, mix = { sao-paulo = 0.33, dubai = 0.66 } }]").cues
    assert cue.mix is not None
    assert shares(cue.mix) == pytest.approx((2 / 3, 0.0, 1 / 3))
    assert np.allclose(cue.mix.weights.sum(axis=0), 1.0, atol=1e-6)


def test_regions_lie_over_the_city_the_later_over_the_earlier(tmp_path: Path) -> None:
    [cue] = read(
        tmp_path,
        "cue = [{ number = 1, city = 'dubai', region = { left = 'las-vegas', top = 'sao paulo' } }]",
    ).cues
    left_then_top = with_region(with_region(of_city(0, 3), "left", 1), "top", 2)
    assert cue.mix == left_then_top


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            "city = 'dubay'",
            'cue 1 names the city "dubay", which isn\'t in this show; it has dubai, las-vegas, São Paulo; '
            "did you mean dubai?",
        ),
        ("mix = { dubai = 0.5, paris = 0.5 }", 'cue 1 names the city "paris", which isn\'t in this show'),
        ("mix = { dubai = 0.5, DUBAI = 0.5 }", "cue 1 names dubai twice"),
        (
            "city = 'dubai'\nregion.left = 'paris'",
            'cue 1 names the city "paris", which isn\'t in this show',
        ),
        ("set = { '/opacitty' = 1 }", "cue 1: there is no /opacitty"),
        ("set = { '/opacity' = 2 }", "cue 1: /opacity takes a number from 0 to 1"),
        (
            "set = { '/city' = 'dubai' }",
            'cue 1: "/city" is what the cue\'s own keys city, mix and region are for',
        ),
        (
            "set = { '/go' = 1 }",
            'cue 1: "/go" would start or stop cues from within one; that is what the keys wait and '
            "follow are for",
        ),
        (
            "set = { '/panic' = 1 }",
            'cue 1: "/panic" must be left to somebody who sees what it does, and no cue can do it',
        ),
    ],
)
def test_what_is_not_in_the_show_stops_the_start(tmp_path: Path, keys: str, sentence: str) -> None:
    with pytest.raises(UsageFault) as caught:
        read(tmp_path, f"[[cue]]\nnumber = 1\n{keys}")
    line = 3 + keys.count("\n")
    assert str(caught.value).startswith(f"{tmp_path / 'show.toml'}, line {line}: {sentence}")


@pytest.mark.parametrize("address", [f"/{first}/below" for first in NOT_BY_CUES])
def test_no_cue_sets_what_would_make_it_do_more_than_it_says(address: str) -> None:
    with pytest.raises(UsageFault):
        read_cues([CueSettings("1", set=((address, (1,)),))], CITIES, lambda *_: None)


# What a technician reads


GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "cues.md").read_text(encoding="utf-8")


def guides_list(folder: Path) -> tuple[CueList, tuple[str, ...]]:
    """The cue list that the guide shows, and the cities of the show that it is for."""
    show = folder / "show.toml"
    show.write_text(GUIDE.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    settings = load_settings(show)
    cities = city_names(load_city_sets(settings.cities.set))
    return read_cues(settings.cues, cities, cue_check(cities)), cities


def test_the_list_in_the_guide_plays_in_the_show_that_comes_along(tmp_path: Path) -> None:
    cues, _ = guides_list(tmp_path)
    assert [cue.title for cue in cues.cues] == [
        "1 House lights",
        "1.5 Opening",
        "2 Two cities",
        "2A Everything",
        "3 From the harbour",
        "4 End",
    ]
    assert cues.find("two-cities") == cues.find(2) == 2
    harbour = cues.cues[4]
    assert (harbour.shape, harbour.set) == ("iris-out", (("/fade/point", (0.2, 0.7)),))


def test_the_guide_names_every_key_of_a_cue_and_only_controls_that_there_are(tmp_path: Path) -> None:
    keys = {field.name for field in dataclasses.fields(CueSettings)} - {"where"}
    assert keys == set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    cues, cities = guides_list(tmp_path)
    table = {control.address for control in controls(cities, cues)}
    groups = {f"/{address.split('/')[1]}" for address in table}
    named = {a for a in re.findall(r"`(/[\w./-]+)", GUIDE) if not a.startswith("/status/")}
    assert {"/go", "/cue/2A/go", "/fade/point"} <= named
    assert named <= table | groups, "addresses of the guide that aren't in the table"
    assert {f"/{name}" for name in NOT_BY_CUES} - {"/quit"} <= named, (
        "what no cue sets, without what no client can"
    )


# GO


def test_go_starts_one_cue_after_the_other_and_ends_with_the_list() -> None:
    cues = plain(3)
    playback, order = opening(cues), list[int]()
    for n in range(5):
        playback, started = go(playback, cues, now=float(n), interval=INTERVAL)
        order += started
    assert order == [0, 1, 2]
    assert where(playback) == (2, None, None)


def test_an_empty_list_has_nothing_to_start() -> None:
    cues = CueList()
    assert go(opening(cues), cues, 1.0) == (opening(cues), ())
    assert back(opening(cues), cues, 1.0) == (opening(cues), ())
    assert jump(opening(cues), cues, 0, 1.0) == (opening(cues), ())
    assert tick(opening(cues), cues, 1.0) == (opening(cues), ())
    assert step(opening(cues), cues, 1) == standby(opening(cues), cues, 0) == opening(cues)


def test_the_bounce_of_a_go_is_ignored_and_does_not_put_off_the_next() -> None:
    cues = plain(3)
    playback, _ = go(opening(cues), cues, 10.0, INTERVAL)
    for now in (10.0, 10.1, 10.29):
        assert go(playback, cues, now, INTERVAL) == (playback, ())
    assert go(playback, cues, 10.31, INTERVAL)[1] == (1,)
    assert go(playback, cues, 10.0, 0.0)[1] == (1,)


def test_a_cue_starts_at_the_end_of_its_wait() -> None:
    cues = cue_list(Cue("1", wait=2.0), Cue("2"))
    playback, started = go(opening(cues), cues, 10.0, INTERVAL)
    assert started == ()
    assert where(playback) == (None, 0, (12.0, 0))
    assert tick(playback, cues, 11.99) == (playback, ())
    playback, started = tick(playback, cues, 12.0)
    assert started == (0,)
    assert where(playback) == (0, 1, None)


def test_a_second_go_ends_the_wait_but_its_bounce_does_not() -> None:
    cues = cue_list(Cue("1", wait=2.0), Cue("2", wait=2.0))
    waiting, _ = go(opening(cues), cues, 10.0, INTERVAL)
    assert go(waiting, cues, 10.1, INTERVAL) == (waiting, ())
    playback, started = go(waiting, cues, 10.5, INTERVAL)
    assert started == (0,)
    assert where(playback) == (0, 1, None)


def test_go_does_not_wait_for_a_cue_that_follows() -> None:
    cues = cue_list(Cue("1", follow=5.0), Cue("2", wait=1.0), Cue("3"))
    playback, _ = go(opening(cues), cues, 10.0, INTERVAL)
    assert where(playback) == (0, 1, (16.0, 1))
    playback, started = go(playback, cues, 12.0, INTERVAL)
    assert started == (1,)
    assert where(playback) == (1, 2, None)


def test_a_go_right_after_a_cue_has_started_by_itself_was_meant_for_that_one() -> None:
    cues = cue_list(Cue("1", follow=5.0), Cue("2"), Cue("3"))
    playback, _ = go(opening(cues), cues, 10.0, INTERVAL)
    playback, _ = tick(playback, cues, 15.0)
    assert go(playback, cues, 15.2, INTERVAL) == (playback, ())
    assert go(playback, cues, 15.4, INTERVAL)[1] == (2,)


# Following


def test_cues_follow_in_time_however_late_the_turns_come() -> None:
    cues = cue_list(Cue("1", follow=1.0), Cue("2", follow=1.0), Cue("3", follow=1.0), Cue("4"))
    playback, _ = go(opening(cues), cues, 10.0)
    playback, started = tick(playback, cues, 11.4)
    assert (started, playback.due) == ((1,), (12.0, 2))
    playback, started = tick(playback, cues, 13.0)
    assert started == (2, 3)
    assert where(playback) == (3, None, None)


def test_a_chain_without_time_starts_each_cue_once_in_one_turn() -> None:
    cues = CueList(tuple(Cue(str(n), follow=0.0) for n in range(4)))
    playback, first = go(opening(cues), cues, 10.0)
    playback, rest = tick(playback, cues, 10.0)
    assert first + rest == (0, 1, 2, 3)
    assert where(playback) == (3, None, None)
    assert tick(playback, cues, 99.0) == (playback, ())


# Back


def test_back_starts_the_cue_before_at_once_and_stays_there() -> None:
    cues = cue_list(Cue("1", wait=3.0, follow=0.0), Cue("2"), Cue("3"))
    playback, started = back(at(1, 2), cues, 10.0)
    assert started == (0,)
    assert where(playback) == (0, 1, None)
    assert go(playback, cues, 10.0)[1] == (1,)


def test_back_first_takes_away_what_is_on_its_way() -> None:
    cues = cue_list(Cue("1"), Cue("2", wait=3.0), Cue("3"))
    waiting, _ = go(at(0, 1), cues, 10.0)
    playback, started = back(waiting, cues, 11.0)
    assert started == ()
    assert where(playback) == (0, 1, None)


def test_back_from_the_end_and_at_the_beginning() -> None:
    cues = plain(3)
    assert back(at(2, None), cues, 10.0) == (at(1, 2), (1,))
    assert back(at(0, 1), cues, 10.0) == (at(0, 1), ())
    assert back(at(None, 0), cues, 10.0) == (at(None, 0), ())


# Going to a cue, and standby


def test_a_jump_starts_any_cue_and_goes_on_from_there() -> None:
    cues = plain(5)
    playback, started = jump(at(0, 1), cues, 3, 10.0)
    assert started == (3,)
    assert where(playback) == (3, 4, None)
    assert jump(playback, cues, 4, 10.0) == (at(4, None), (4,))
    assert jump(playback, cues, 3, 10.0)[1] == (3,), "the standing cue starts anew"


def test_a_jump_takes_the_place_of_what_was_on_its_way() -> None:
    cues = cue_list(Cue("1", follow=1.0), Cue("2"), Cue("3"), Cue("4", wait=2.0, follow=0.0), Cue("5"))
    following, _ = go(opening(cues), cues, 10.0)
    assert jump(following, cues, 2, 10.5)[0].due is None
    waiting, started = jump(following, cues, 3, 10.5)
    assert started == ()
    assert where(waiting) == (0, 3, (12.5, 3))
    assert tick(waiting, cues, 11.0) == (waiting, ()), "cue 2 doesn't follow any more"
    assert tick(waiting, cues, 12.5)[1] == (3, 4)


def test_a_jump_is_no_bounce_of_a_go() -> None:
    cues = plain(3)
    playback, _ = go(opening(cues), cues, 10.0, INTERVAL)
    playback, started = jump(playback, cues, 1, 10.1)
    assert started == (1,)
    assert go(playback, cues, 10.31, INTERVAL)[1] == (2,)


def test_what_is_put_on_standby_starts_with_go_and_with_nothing_else() -> None:
    cues = cue_list(Cue("1", follow=1.0), Cue("2"), Cue("3"))
    following, _ = go(opening(cues), cues, 10.0)
    playback = standby(following, cues, 2)
    assert where(playback) == (0, 2, None)
    assert go(playback, cues, 11.0)[1] == (2,)


def test_a_standby_that_is_told_back_stops_nothing() -> None:
    cues = cue_list(Cue("1", follow=1.0), Cue("2"), Cue("3"))
    following, _ = go(opening(cues), cues, 10.0)
    assert standby(following, cues, 1) == following


def test_standby_steps_through_the_list_and_ends_at_its_ends() -> None:
    cues = plain(3)
    assert [step(at(0, n), cues, 1).next for n in (0, 1, 2, None)] == [1, 2, 2, 2]
    assert [step(at(0, n), cues, -1).next for n in (0, 1, 2, None)] == [0, 0, 1, 2]


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_without_a_cue_is_ignored(index: int) -> None:
    cues = plain(3)
    assert jump(at(0, 1), cues, index, 10.0) == (at(0, 1), ())
    assert standby(at(0, 1), cues, index) == at(0, 1)


# Stop


def test_what_is_stopped_waits_for_go_and_then_waits_anew() -> None:
    cues = cue_list(Cue("1", wait=2.0), Cue("2"))
    waiting, _ = go(opening(cues), cues, 10.0)
    stopped = stop(waiting)
    assert where(stopped) == (None, 0, None)
    assert tick(stopped, cues, 99.0) == (stopped, ())
    assert go(stopped, cues, 20.0)[0].due == (22.0, 0)


# What the operator is told


def test_the_operator_is_told_where_the_show_is() -> None:
    cues = cue_list(Cue("1", "Opening", follow=5.0, note="slowly"), Cue("10A", note="on the thunder"))
    playback = opening(cues)
    assert in_words(playback, cues, 9.0) == ("before the first cue", "next 1 Opening – slowly")
    playback, _ = go(playback, cues, 10.0)
    assert in_words(playback, cues, 12.9) == (
        "cue 1 Opening – slowly",
        "next 10A in 2.1 s – on the thunder",
    )
    assert left(playback, 12.5) == 2.5
    assert left(playback, 99.0) == 0.0
    assert in_words(stop(playback), cues, 12.9)[1] == "next 10A – on the thunder"
    playback, _ = tick(playback, cues, 15.0)
    assert in_words(playback, cues, 15.0) == (
        "cue 10A – on the thunder",
        "no next cue: that was the last",
    )
    assert left(playback, 15.0) == 0.0
    assert in_words(opening(CueList()), CueList(), 0.0) == ()


# Whatever is pressed


_seconds = st.sampled_from([0.0, 0.0, 0.1, 0.5, 2.0])
_cues = st.lists(st.tuples(_seconds, st.none() | _seconds), max_size=6).map(
    lambda times: CueList(tuple(Cue(str(n), wait=w, follow=f) for n, (w, f) in enumerate(times)))
)
Operation = Callable[[Playback, CueList, float], Played]
_operations: st.SearchStrategy[Operation] = st.one_of(
    st.just(lambda p, c, now: go(p, c, now, INTERVAL)),
    st.just(back),
    st.just(tick),
    st.integers(-1, 7).map(lambda n: lambda p, c, now: jump(p, c, n, now)),
    st.integers(-1, 7).map(lambda n: lambda p, c, _: (standby(p, c, n), ())),
    st.integers(-2, 2).map(lambda n: lambda p, c, _: (step(p, c, n), ())),
    st.just(lambda p, *_: (stop(p), ())),
)


@given(_cues, st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 1.0]), _operations), max_size=30))
def test_whatever_is_pressed_the_show_is_somewhere_in_its_list(
    cues: CueList, pressed: list[tuple[float, Operation]]
) -> None:
    written = cues.cues
    playback, now = opening(cues), 0.0
    for seconds, operation in pressed:
        now += seconds
        before = playback
        playback, started = operation(before, cues, now)
        assert playback.standing is None or 0 <= playback.standing < len(cues)
        assert playback.next is None or 0 <= playback.next < len(cues)
        assert playback.due is None or playback.due[1] == playback.next, "only the next cue is on its way"
        assert playback.next is not None or playback.standing in (None, len(cues) - 1)
        assert len(set(started)) == len(started), "each at most once"
        assert playback.standing == (started[-1] if started else before.standing)
        assert started or playback.gone == before.gone or playback.due is not None
    assert cues.cues == written
    # With nobody at the desk it comes to rest.
    playback, _ = tick(playback, cues, now + 1000.0)
    assert playback.due is None
    assert tick(playback, cues, now + 2000.0) == (playback, ())


@given(_cues)
def test_with_patience_go_plays_every_cue_once_in_the_order_written(cues: CueList) -> None:
    playback, now, order = opening(cues), 0.0, list[int]()
    for _ in range(2 * len(cues) + 1):
        now += 1.0
        playback, started = tick(playback, cues, now)
        order += started
        now += 1.0
        playback, started = go(playback, cues, now, INTERVAL)
        order += started
    assert order == list(range(len(cues)))

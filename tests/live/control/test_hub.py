from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.clock import ManualClock
from live.control import hub as hub_module
from live.control.controls import Control, controls
from live.control.hub import LOG_LENGTH, MOST_WAITING, REPEATS, Hub, News
from live.control.kinds import Message, Trigger, Value
from live.cues import Cue, CueList
from live.mix import FADER_STEP, REGIONS, of_city, shares
from live.show import Command, ShowState, brightness, opening, reduce

CITIES = ("istanbul", "dubai", "paris")
CUES = CueList(
    (
        Cue("1", "Opening", of_city(1, 3), fade=2.0, set=(("/fade/time", (7.0,)), ("/freeze", (1,)))),
        Cue("2", "Dusk", fade=4.0, set=(("/opacity", (0.5,)),), follow=3.0),
        Cue("3", "Night", of_city(2, 3), fade=0.0),
    )
)


class Desk:
    """A show without pictures: a hub, its state and its turns."""

    def __init__(self, cues: CueList = CUES, fade_time: float = 0.0) -> None:
        self.clock = ManualClock()
        self.hub = Hub(controls(CITIES, cues), self.clock, lambda: 1000.0 + self.clock.now())
        self.state = opening(CITIES, fade_time=fade_time, cues=cues, go_interval=0.3)
        self.news: list[News] = []
        self.hub.attach(self)

    def tell(self, news: News) -> None:
        self.news.append(news)

    def send(self, address: str, *arguments: object, sender: str = "tablet") -> tuple[str, ...]:
        return self.hub.hear(sender, [Message(address, arguments)])

    def turn(self, seconds: float = 0.1, **status: Value) -> dict[str, tuple[Value, ...]]:
        """Let that much time pass, then obey and publish; returns what is told of it."""
        self.clock.sleep(seconds)
        self.state = self.hub.obey(self.state, self.clock.now())
        self.hub.publish(self.state, status)
        return dict(self.news[-1].changes)


def test_what_is_sent_is_obeyed_in_the_next_turn_and_told() -> None:
    desk = Desk()
    assert desk.turn()["/city"] == ("istanbul",), "at first, everything is told"
    assert desk.send("/city", "dubai") == ()
    assert desk.state.city == 0
    assert desk.turn() == {"/city": ("dubai",), "/mix/istanbul": (0.0,), "/mix/dubai": (1.0,)} | {
        f"/region/{region}": ("dubai",) for region in REGIONS
    }
    assert desk.turn() == {}
    assert desk.hub.values()["/city"] == ("dubai",)


def test_who_obeys_is_woken_by_the_first_message_of_a_turn() -> None:
    desk = Desk()
    woken = []
    desk.hub.wakes(lambda: woken.append(desk.hub.turn))
    desk.send("/nowhere")
    desk.send("/go", 0)
    desk.hub.hear("tablet", [Message("/freeze", (1,))], due=10.0)
    assert woken == [], "there is nothing to obey now"
    for _ in range(3):
        desk.send("/city", "dubai")
        desk.send("/city/next")
        desk.turn()
    assert woken == [0, 1, 2]


def test_the_last_word_about_each_control_counts_and_every_press_up_to_a_limit() -> None:
    desk = Desk()
    for n in range(10_000):
        desk.send("/mix/dubai", n / 10_000)
        desk.send("/fade/time", 1.0)
        desk.send("/city/next")
    desk.turn()
    assert desk.state.city == 2, "the one after the fader's, since next was pressed last"
    desk.send("/city/next")
    desk.send("/mix/dubai", 0.25)
    desk.turn()
    assert shares(desk.state.mix.target)[1] == pytest.approx(0.25, abs=FADER_STEP)


def test_of_too_many_presses_the_last_are_kept() -> None:
    """A button that chatters must not hide what is pressed after it."""
    desk = Desk()
    for _ in range(2 * REPEATS):
        desk.send("/panic")
    desk.send("/panic/release")
    desk.send("/panic")
    desk.turn()
    assert desk.state.panic
    for _ in range(2 * REPEATS):
        desk.send("/fade/time", "+", 1.0)
    desk.send("/fade/time", 2.0)
    desk.turn()
    assert desk.state.fade_time == 2.0


def test_a_step_counts_from_where_the_control_stands_when_it_is_obeyed() -> None:
    desk = Desk()
    for arguments in (("+", 1.0), (2.0,), ("+", 0.5), ("+", 0.5), ("-", 0.25)):
        desk.send("/fade/time", *arguments)
    desk.turn()
    assert desk.state.fade_time == 2.75


def test_two_toggles_in_one_turn_are_none() -> None:
    desk = Desk()
    desk.send("/freeze")
    desk.send("/freeze")
    desk.turn()
    assert not desk.state.frozen
    desk.send("/freeze", 1)
    desk.send("/freeze", "toggle")
    desk.turn()
    assert not desk.state.frozen


messages = st.one_of(
    st.builds(lambda n: Message("/city", (n,)), st.integers(1, 3)),
    st.builds(lambda a: Message(a), st.sampled_from(["/city/next", "/city/prev", "/freeze", "/overlay"])),
    st.builds(lambda a, on: Message(a, (on,)), st.sampled_from(["/freeze", "/blackout"]), st.booleans()),
    st.builds(
        lambda sign, s: Message("/fade/time", (*sign, s)),
        st.sampled_from([(), ("+",), ("-",)]),
        st.integers(0, 9),
    ),
    st.sampled_from([Message("/panic"), Message("/panic/release"), Message("/region/left", (2,))]),
)


@given(st.lists(messages.filter(lambda m: m.address != "/region/left"), max_size=REPEATS))
def test_one_turn_with_all_is_as_good_as_a_turn_for_each(sent: list[Message]) -> None:
    """Nothing is left out that could be told."""
    together, each = Desk(CueList()), Desk(CueList())
    for message in sent:
        together.send(message.address, *message.arguments)
        each.send(message.address, *message.arguments)
        each.turn(0.0)
    together.turn(0.0)
    for name in ("city", "frozen", "blackout", "panic", "overlay", "fade_time"):
        assert getattr(together.state, name) == getattr(each.state, name)
    assert together.state.mix.target == each.state.mix.target


@given(st.lists(messages, max_size=REPEATS), st.sampled_from(["istanbul", "dubai"]), st.floats(0, 1))
def test_a_fader_that_was_moved_last_has_its_share(sent: list[Message], city: str, share: float) -> None:
    desk = Desk(CueList())
    desk.hub.hear("tablet", [*sent, Message(f"/mix/{city}", (share,))])
    desk.turn()
    index = CITIES.index(city)
    assert shares(desk.state.mix.target)[index] == pytest.approx(share, abs=FADER_STEP)


def test_what_can_not_be_meant_is_answered_and_the_rest_is_obeyed() -> None:
    desk = Desk()
    sentences = desk.hub.hear(
        "tablet", [Message("/citty", (1,)), Message("/city", ("atlantis",)), Message("/fade/time", (3.0,))]
    )
    assert sentences == (
        "there is no /citty here; did you mean /city?",
        "/city takes a city (istanbul, dubai, paris) or its number (1 to 3), not 'atlantis'",
    )
    desk.turn()
    assert desk.state.fade_time == 3.0


def test_what_was_made_of_a_number_out_of_range_is_said_once_to_each() -> None:
    desk = Desk()
    said = "/settle goes from 0 to 5 seconds: 99 was taken for 5"
    assert desk.send("/settle", 99) == (said,)
    assert desk.send("/settle", 99) == ()
    assert desk.send("/settle", 99, sender="phone") == (said,)
    desk.turn()
    assert desk.state.wishes.settle == 5.0


def test_only_who_sits_at_the_machine_ends_the_show() -> None:
    desk = Desk()
    assert desk.send("/quit")[0].startswith("there is no /quit here")
    assert "/quit" not in desk.hub.controls
    assert desk.hub.hear("keys", [Message("/quit")], clients=False) == ()
    desk.turn()
    assert not desk.state.running


def test_each_control_is_told_at_most_thirty_times_a_second_and_the_last_value_in_any_case() -> None:
    desk = Desk()
    desk.turn()
    told = []
    for n in range(100):
        desk.send("/opacity", n / 100)
        told += [v for a, v in desk.turn(0.005).items() if a == "/opacity"]
    assert 10 <= len(told) <= 16
    told += [v for a, v in desk.turn(0.05).items() if a == "/opacity"]
    assert told[-1] == (0.99,)


def test_a_status_is_told_at_most_ten_times_a_second() -> None:
    desk = Desk()
    told = [desk.turn(0.02, fps=float(n)).get("/status/fps") for n in range(50)]
    assert 8 <= sum(value is not None for value in told) <= 11


def test_a_question_is_answered_by_the_news_of_a_later_turn() -> None:
    desk = Desk()
    desk.turn()
    desk.send("/fade/time", 9.0)
    asked = desk.hub.turn
    desk.turn()
    answer = next(news for news in desk.news if news.turn > asked)
    assert answer.values["/fade/time"] == (9.0,)


def test_a_bundle_for_later_waits_for_its_moment_and_is_obeyed_whole() -> None:
    desk = Desk()
    bundle = [Message("/city", (2,)), Message("/fade/time", (5.0,))]
    desk.hub.hear("sequencer", bundle, due=1.0)
    desk.turn(0.9)
    assert (desk.state.city, desk.state.fade_time) == (0, 0.0)
    desk.turn(0.2)
    assert (desk.state.city, desk.state.fade_time) == (1, 5.0)


def test_bundles_for_later_come_in_the_order_of_their_moments() -> None:
    desk = Desk()
    for due in (0.3, 0.1, 0.2):
        desk.hub.hear("sequencer", [Message("/fade/time", (due,))], due=due)
    desk.turn(1.0)
    assert desk.state.fade_time == 0.3


def test_what_waits_does_not_grow_without_end() -> None:
    desk = Desk()
    for _ in range(MOST_WAITING + 10):
        desk.hub.hear("sequencer", [Message("/fade/time", (5.0,))], due=9.0)
    desk.turn()
    assert desk.state.fade_time == 5.0, "what is too much is for now"


def test_of_what_is_due_in_one_turn_the_last_word_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sequencer that sends everything a moment ahead is no harder to obey than one that doesn't."""
    obeyed: list[object] = []

    def watched(state: ShowState, command: object, now: float) -> ShowState:
        obeyed.append(command)
        return reduce(state, command, now)  # type: ignore[arg-type]

    monkeypatch.setattr(hub_module, "reduce", watched)
    desk = Desk()
    for n in range(1000):
        desk.hub.hear("sequencer", [Message("/mix/dubai", (n / 1000,))], due=0.05)
        desk.hub.hear("sequencer", [Message("/fade/time", ("+", 0.5))], due=0.05)
    desk.turn()
    assert len(obeyed) < 50
    assert shares(desk.state.mix.target)[1] == pytest.approx(0.999, abs=FADER_STEP)
    assert desk.state.fade_time == REPEATS * 0.5


def test_the_room_for_what_waits_comes_back() -> None:
    desk = Desk()
    for _ in range(3):
        due = desk.clock.now() + 0.05
        desk.hub.hear("sequencer", [Message("/fade/time", (5.0,))] * MOST_WAITING, due=due)
        desk.turn()
        desk.hub.hear("sequencer", [Message("/fade/time", (9.0,))] * MOST_WAITING, due=99.0)
        desk.turn()
        assert desk.state.fade_time == 5.0, "the other waits"
        desk.send("/panic")
        desk.turn()


def test_panic_forgets_what_waits() -> None:
    desk = Desk()
    desk.hub.hear("sequencer", [Message("/blackout", (1,))], due=1.0)
    desk.send("/panic")
    desk.turn(0.1)
    desk.turn(2.0)
    assert desk.state.panic
    assert not desk.state.blackout


def test_a_cue_sets_the_city_and_whatever_else_it_names() -> None:
    desk = Desk()
    desk.send("/go")
    told = desk.turn()
    assert told["/cue"] == ("1",)
    assert told["/cue/standby"] == ("2",)
    assert told["/fade/time"] == (7.0,)
    assert told["/freeze"] == (1,)
    assert desk.state.mix.target == of_city(1, 3)
    assert not desk.state.mix.has_arrived(desk.clock.now() + 1.9)
    assert desk.state.mix.has_arrived(desk.clock.now() + 2.1)


def test_a_cue_fades_what_can_be_faded_in_its_own_time_and_the_next_follows() -> None:
    desk = Desk()
    desk.send("/cue", "dusk")
    desk.turn()
    begun = desk.clock.now()
    assert brightness(desk.state, begun + 2.0) == pytest.approx(0.75)
    assert brightness(desk.state, begun + 4.0) == 0.5
    desk.turn(2.0)
    assert desk.state.playback.standing == 1
    desk.turn(1.1)
    assert desk.state.playback.standing == 2
    assert desk.state.city == 2


def test_what_a_cue_sets_is_set_before_it_sets_out() -> None:
    aim = (("/fade/point", (0.0, 1.0)), ("/fade/time", (8.0,)), ("/opacity", (0.0,)))
    desk = Desk(CueList((Cue("1", mix=of_city(1, 3), shape="iris-out", set=aim),)))
    desk.send("/go")
    desk.turn()
    assert desk.state.mix.point == (0.0, 1.0)
    assert desk.state.mix.way.seconds == desk.state.opacity.seconds == 8.0


def test_a_second_go_is_a_bounce() -> None:
    desk = Desk()
    desk.send("/go")
    desk.send("/go")
    desk.turn()
    desk.send("/go")
    desk.turn(0.1)
    assert desk.state.playback.standing == 0
    desk.send("/go")
    desk.turn(0.3)
    assert desk.state.playback.standing == 1


def test_the_log_says_who_changed_what() -> None:
    desk = Desk()
    desk.send("/city", "dubai", sender="OSC 10.0.0.5:9")
    desk.send("/city", "dubai", sender="page 10.0.0.7")
    desk.send("/go", sender="MIDI pads")
    desk.turn()
    assert [(e.sender, e.address, e.text) for e in desk.hub.journal()] == [
        ("page 10.0.0.7", "/city", "dubai"),
        ("MIDI pads", "/go", ""),
        ("cue 1", "/cue", "begins"),
        ("cue 1", "/fade/time", "7"),
        ("cue 1", "/freeze", "1"),
    ]
    assert [e.number for e in desk.hub.journal()] == [1, 2, 3, 4, 5]
    assert desk.hub.journal()[0].at == 1000.1


def test_a_fader_that_is_moved_is_one_line_a_second() -> None:
    desk = Desk()
    for n in range(20):
        desk.send("/opacity", n / 20)
        desk.turn(0.1)
    desk.turn(1.0)
    texts = [e.text for e in desk.hub.journal()]
    assert 2 <= len(texts) <= 4
    assert texts[-1] == "0.95"


def test_the_log_has_an_end() -> None:
    desk = Desk()
    for n in range(3 * LOG_LENGTH):
        desk.send("/overlay", n % 2, sender=f"script {n}")
        desk.turn()
    assert len(desk.hub.journal()) == LOG_LENGTH
    assert desk.hub.journal()[-1].number > LOG_LENGTH


def test_an_outlet_that_fails_is_logged_once_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def tell(self, news: News) -> None:
            raise RuntimeError(f"no {news.turn}")

    desk = Desk()
    hub = Hub(controls(CITIES, CueList()), desk.clock)
    hub.attach(Broken())
    hub.attach(desk)
    for _ in range(3):
        hub.publish(desk.state, {})
    assert len(desk.news) == 3
    assert len(caplog.records) == 1


def test_a_control_with_a_bug_costs_what_was_asked_of_it(caplog: pytest.LogCaptureFixture) -> None:
    def bug(*_: object) -> Command:
        raise ZeroDivisionError

    desk = Desk()
    broken = Control("bug", "/bug", "desk", Trigger(), "fails", bug)
    desk.hub = Hub((*controls(CITIES, CUES), broken), desk.clock)
    desk.hub.attach(desk)
    for _ in range(2):
        desk.send("/bug")
        desk.send("/panic")
        desk.turn()
    assert desk.state.panic
    assert [record.getMessage() for record in caplog.records] == ["/bug couldn't be obeyed (said once)"]


@pytest.mark.parametrize("senders", [4])
def test_no_press_is_lost_between_threads(senders: int) -> None:
    desk = Desk()
    heard: list[ShowState] = []

    def press(messages: Sequence[Any]) -> None:
        for message in messages:
            desk.hub.hear("thread", [message])

    threads = [
        threading.Thread(target=press, args=([Message("/fade/time", ("+", 0.5))] * 3,))
        for _ in range(senders)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        desk.turn(0.0)
        heard.append(desk.state)
    for thread in threads:
        thread.join()
    desk.turn(0.0)
    assert desk.state.fade_time == senders * 3 * 0.5


def test_a_mix_that_is_sent_in_one_turn_is_the_mix_that_was_sent() -> None:
    desk = Desk()
    bundle = [Message(f"/mix/{c}", (s,)) for c, s in zip(CITIES, (0.1, 0.6, 0.3), strict=True)]
    desk.hub.hear("console", bundle)
    desk.turn()
    assert shares(desk.state.mix.target) == pytest.approx((0.1, 0.6, 0.3), abs=FADER_STEP)
    desk.send("/mix/istanbul", 0.4)
    desk.turn()
    assert shares(desk.state.mix.target) == pytest.approx((0.4, 0.4, 0.2), abs=FADER_STEP)


def test_an_address_in_other_letters_is_the_one_that_was_meant() -> None:
    desk = Desk(CueList((Cue("2"), Cue("2A"))))
    assert desk.send("/cue/2a/go")[0].endswith("did you mean /cue/2A/go?")

"""The hub: where what any client sends becomes commands, and from where all clients are told of changes.

Whatever steers the show (OSC, OSCQuery, MIDI, keys, the page) brings messages here from a thread of its
own, and is told what has changed on the main thread, once a turn. None of them knows the show's state, or
each other.

Of what is for one turn, the last word about each control counts; what builds on where a control stands (a
step, a press) counts each time. So a flood neither grows anything nor hides what was meant.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from live.clock import Clock
from live.control.controls import Control, Table
from live.control.kinds import Message, Step, Trigger, Value
from live.show import Command, Enter, Panic, ShowState, Tick, cue_seconds, reduce
from models.faults import did_you_mean

_log = logging.getLogger(__name__)

REPEATS: Final = 16
"""How many presses and steps of one control are kept for one turn, the last; no finger makes more."""
MOST_WAITING: Final = 4096
"""Messages that may wait for a later moment."""
CONTROL_SECONDS: Final = 1 / 30
STATUS_SECONDS: Final = 1 / 10
"""The least time between two times that clients are told of one control, and of one status."""
LOG_SECONDS: Final = 1.0
"""The least time between two entries of one sender about one control."""
LOG_LENGTH: Final = 200
STATUS: Final = "/status/"
"""What only the show itself can change stands below this."""
_HINT_SECONDS: Final = 0.05
_MOST_REMARKS: Final = 1000


@dataclass(frozen=True, slots=True)
class News:
    """What an outlet is told, once a turn.

    turn: the number of the turn. A question that was asked in turn n is answered by the news of a later
        one: then all that was sent before it has been obeyed.
    changes: what clients are to be told now: of each control at most 30 times a second, of each status 10
        times, the newest.
    values: of every control that has one, and of every status.
    """

    turn: int
    changes: Mapping[str, tuple[Value, ...]]
    values: Mapping[str, tuple[Value, ...]]


class Outlet(Protocol):
    """What is told of changes."""

    def tell(self, news: News) -> None:
        """Called on the main thread, once a turn, also without changes; must neither block nor raise."""


class Desk(Outlet, Protocol):
    """One way in which clients steer the show, as who opens a show sees it."""

    @property
    def note(self) -> str:
        """For the operator, what is wrong with it and what can be done; "" if all is well."""

    def start(self) -> None:
        """Begin to hear clients."""

    def close(self) -> None:
        """Hear no more; may be called twice."""

    def describe(self) -> str:
        """What it is, for the operator: 'OSC 127.0.0.1:9000'."""

    def status(self) -> Mapping[str, Value]:
        """By name, what it has to tell as /status/<name>."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who changed what. number: counts from 1. at: seconds since the epoch. text: what it became, or ""."""

    number: int
    at: float
    sender: str
    address: str
    text: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of a control."""

    control: Control[Any]
    value: Any
    sender: str

    @property
    def repeats(self) -> bool:
        """Whether asking twice isn't the same as asking once."""
        return isinstance(self.value, Step) or isinstance(self.control.kind, Trigger)


class _Queue:
    """What waits for the next turn, in the order of the last word about each thing."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], _Asked] = {}
        self._repeats: dict[str, int] = {}

    def put(self, asked: _Asked) -> None:
        address = asked.control.address
        if not asked.repeats:
            # The last word: what was asked of it before is of no account, nor are steps from there.
            for n in range(self._repeats.pop(address, 0) + 1):
                self._waiting.pop((address, n), None)
            self._waiting[address, 0] = asked
        else:
            count = self._repeats[address] = self._repeats.get(address, 0) + 1
            self._waiting[address, count] = asked
            if count > REPEATS:
                del self._waiting[address, count - REPEATS]

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def drain(self) -> list[_Asked]:
        waiting = list(self._waiting.values())
        self._waiting.clear()
        self._repeats.clear()
        return waiting


@dataclass(order=True, slots=True)
class _Bundle:
    """Messages that wait for their moment together."""

    due: float
    number: int
    asked: Sequence[_Asked] = field(compare=False)


class _Schedule:
    """What waits for a moment of its own."""

    def __init__(self) -> None:
        self._bundles: list[_Bundle] = []
        self._numbers = itertools.count()
        self._waiting = 0

    def put(self, asked: Sequence[_Asked], due: float) -> bool:
        """Let these wait for their moment; False, and they don't, if too many would."""
        if self._waiting + len(asked) > MOST_WAITING:
            return False
        self._waiting += len(asked)
        heapq.heappush(self._bundles, _Bundle(due, next(self._numbers), asked))
        return True

    def take(self, now: float) -> list[_Asked]:
        """What is due by now, in the order of its moments."""
        due: list[_Asked] = []
        while self._bundles and self._bundles[0].due <= now:
            due += heapq.heappop(self._bundles).asked
        self._waiting -= len(due)
        return due

    def clear(self) -> None:
        self._bundles.clear()
        self._waiting = 0


class Hub:
    """Hears all clients and tells all. `hear`, `values` and `journal` are for any thread, `obey` and
    `publish` for the main thread, once a turn."""

    def __init__(self, table: Table, clock: Clock, wall: Callable[[], float] = time.time) -> None:
        self.controls: Mapping[str, Control[Any]] = MappingProxyType(
            {c.address: c for c in table if c.clients}
        )
        """Those that clients may use, by address, in the table's order."""
        self.table = table
        self.turn = 0
        self._all = {c.address: c for c in table}
        self._clock = clock
        self._wall = wall
        self._outlets: tuple[Outlet, ...] = ()
        self._wake: Callable[[], None] | None = None
        self._failed: set[str] = set()
        self._values: Mapping[str, tuple[Value, ...]] = MappingProxyType({})
        self._told: dict[str, tuple[tuple[Value, ...], float]] = {}  # what was last told, and when
        # Guarded by the lock:
        self._lock = threading.Lock()
        self._queue = _Queue()
        self._later = _Schedule()
        self._remarked: set[str] = set()
        self._hinted = -math.inf
        # The log, written by the main thread alone:
        self._entries: tuple[Entry, ...] = ()
        self._entered: dict[tuple[str, str], float] = {}  # when each sender last was, with each control
        self._pending: dict[tuple[str, str], str] = {}

    def attach(self, outlet: Outlet) -> None:
        """Tell this one, too; it is told of everything with the next turn."""
        self._outlets = (*self._outlets, outlet)
        self._told.clear()

    def wakes(self, wake: Callable[[], None]) -> None:
        """Have this called, on any thread, when the first message comes that the next turn is to obey."""
        self._wake = wake

    # Any thread

    def hear(
        self, sender: str, messages: Sequence[Message], due: float | None = None, *, clients: bool = True
    ) -> tuple[str, ...]:
        """Take messages that are to be obeyed in one turn, the next one or, with `due`, that of a moment of
        the show's clock.

        sender: who it is, for the log. clients: False for who sits at the machine and may do everything.

        Returns sentences for the sender: what couldn't be meant, and what was made of something that he may
        not expect (once).
        """
        controls = self.controls if clients else self._all
        sentences = []
        asked = []
        for message in messages:
            control = controls.get(message.address)
            if control is None:
                sentences.append(self._unknown(message.address))
                continue
            try:
                meant = control.read(message.arguments)
            except ValueError as error:
                sentences.append(str(error))
                continue
            if meant is None:
                continue
            if meant.remark and self._is_new(f"{sender} {meant.remark}"):
                sentences.append(meant.remark)
            asked.append(_Asked(control, meant.value, sender))
        if asked:
            with self._lock:
                was_quiet = not self._queue
                if due is None or not self._later.put(asked, due):
                    for one in asked:
                        self._queue.put(one)
                is_first = was_quiet and bool(self._queue)
            if is_first and self._wake is not None:
                self._wake()
        return tuple(sentences)

    def values(self) -> Mapping[str, tuple[Value, ...]]:
        """What everything is at, as of the last turn; a mapping that never changes."""
        return self._values

    def journal(self) -> tuple[Entry, ...]:
        """Who changed what, the newest last."""
        return self._entries

    def _unknown(self, address: str) -> str:
        # Looking for what is written alike takes long: not for each message of a flood.
        now = self._clock.now()
        with self._lock:
            hinting = now - self._hinted >= _HINT_SECONDS
            if hinting:
                self._hinted = now
        hint = ""
        if hinting:
            alike = [known for known in self.controls if known.casefold() == address.casefold()]
            hint = did_you_mean(address[:40], alike or self.controls, cutoff=0.7)
        return f"there is no {address[:40]} here{hint}"

    def _is_new(self, remark: str) -> bool:
        with self._lock:
            if remark in self._remarked:
                return False
            if len(self._remarked) >= _MOST_REMARKS:
                self._remarked.clear()
            self._remarked.add(remark)
            return True

    # The main thread

    def obey(self, state: ShowState, now: float) -> ShowState:
        """The state after all that was heard, and after what is due by now."""
        with self._lock:
            # A question of this turn on is answered in the next: what came before it may be queued behind
            # this very line.
            self.turn += 1
            due = _Queue()
            for asked in self._later.take(now):
                due.put(asked)
            waiting = self._queue.drain()
        for asked in (*due.drain(), *waiting):
            try:
                state = self._obeyed(state, asked, now)
            except Exception:  # a bug in one control is no reason to end a show
                self._log_once(f"{asked.control.address} couldn't be obeyed")
        return self._with_cues(reduce(state, Tick(), now), now)

    def publish(self, state: ShowState, status: Mapping[str, Value | tuple[Value, ...]]) -> None:
        """Tell the outlets what has changed. status: by name, what is told as /status/<name>."""
        now = self._clock.now()
        values = {a: control.told(state) for a, control in self.controls.items() if control.told}
        values |= {STATUS + name: v if isinstance(v, tuple) else (v,) for name, v in status.items()}
        self._values = MappingProxyType(values)
        changes = {}
        for address, value in values.items():
            told, told_at = self._told.get(address, ((), -math.inf))
            least = STATUS_SECONDS if address.startswith(STATUS) else CONTROL_SECONDS
            if told != value and now - told_at >= least:
                self._told[address] = value, now
                changes[address] = value
        self._write_log(now)
        news = News(self.turn, changes, self._values)
        for outlet in self._outlets:
            try:
                outlet.tell(news)
            except Exception:  # a bug of one of them is no matter of the show's
                self._log_once(f"{type(outlet).__name__} couldn't be told")

    def _log_once(self, failure: str) -> None:
        """Log the bug that is being handled, the first time that it makes something fail."""
        if failure not in self._failed:
            self._failed.add(failure)
            _log.exception("%s (said once)", failure)

    def _obeyed(self, state: ShowState, asked: _Asked, now: float) -> ShowState:
        control = asked.control
        command = control.asked(asked.value, state)
        if isinstance(command, Panic):
            with self._lock:
                self._later.clear()
        return self._with_cues(self._reduced(state, command, control, asked.sender, now), now)

    def _reduced(
        self, state: ShowState, command: Command, control: Control[Any], sender: str, now: float
    ) -> ShowState:
        before = control.told(state) if control.told else None
        state = reduce(state, command, now)
        after = control.told(state) if control.told else None
        if after is None or after != before:
            text = " ".join(f"{v:g}" if isinstance(v, int | float) else v for v in after or ())
            self._pending[sender, control.address] = text
        return state

    def _with_cues(self, state: ShowState, now: float) -> ShowState:
        """The state after what the cues that have begun set (never a cue), each before its mix sets out."""
        while state.begun:
            cue = state.cues.cues[state.begun[0]]
            self._pending[f"cue {cue.number}", "/cue"] = "begins"
            for address, arguments in cue.set:
                control = self._all[address]
                meant = control.read(arguments)
                if meant is None:
                    continue
                if control.faded is None or isinstance(meant.value, Step):
                    command = control.asked(meant.value, state)
                else:
                    command = control.faded(meant.value, cue_seconds(state, cue))
                state = self._reduced(state, command, control, f"cue {cue.number}", now)
            state = reduce(state, Enter(), now)
        return state

    def _write_log(self, now: float) -> None:
        for key, text in list(self._pending.items()):
            if now - self._entered.get(key, -math.inf) < LOG_SECONDS:
                continue
            del self._pending[key]
            self._entered.pop(key, None)
            self._entered[key] = now
            number = self._entries[-1].number + 1 if self._entries else 1
            entry = Entry(number, self._wall(), *key, text)
            self._entries = (*self._entries, entry)[-LOG_LENGTH:]
        while len(self._entered) > LOG_LENGTH:
            del self._entered[next(iter(self._entered))]

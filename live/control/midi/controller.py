"""One controller: its ports, what moves what on it, and what is known of its knobs. For one thread."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from live.control.controls import Control
from live.control.kinds import Message, Value
from live.control.midi.feedback import Screen, dark, goes_where_told, shown
from live.control.midi.inbox import KEPT, Inbox
from live.control.midi.mapping import Binding, Hand, Taught, follows_hand, heard, obey
from live.control.midi.ports import InputPort, OutputPort, PortName
from live.control.midi.sources import Event, Source, event_of, parse
from live.control.midi.takeover import Takeover
from live.control.midi.tempo import Tempo, ticked
from models.faults import DeviceFault

_CLOCK_TICK: Final = 0xF8

_log = logging.getLogger(__name__)

Values: TypeAlias = Mapping[str, tuple[Value, ...]]


class Controller:
    """What is plugged in at one input, and the output that belongs to it, if there is one.

    controls: of the show, by address. takeover: the show's. taught: what any controllers were taught.
    """

    def __init__(
        self,
        heard_at: InputPort,
        controls: Mapping[str, Control[Any]],
        takeover: Takeover,
        taught: Sequence[Taught],
    ) -> None:
        self.port = heard_at.port
        self.told_at: PortName | None = None
        self.inbox = Inbox(self._kept)
        self._input = heard_at
        self._output: OutputPort | None = None
        self._controls = controls
        self._takeover = takeover
        self._untaught = tuple(
            Binding(Source(default.kind, default.number), control.address)
            for control in controls.values()
            for default in control.midi
        )
        self._taught: tuple[Binding, ...] = ()
        self._showing: tuple[Binding, ...] = ()
        self._screen = Screen()
        self._bound: dict[Source, tuple[Binding, ...]] = {}
        self._hands: dict[tuple[Binding, int | None], Hand] = {}
        self._tempo = Tempo()
        self._at = 0.0  # seconds of the controller's own messages
        self.teach(taught)

    def teach(self, taught: Sequence[Taught]) -> None:
        """Let it have been taught this, and nothing else."""
        before = self._showing
        self._taught = tuple(
            one.binding
            for one in taught
            if self.port.begins(one.port) and one.binding.address in self._controls
        )
        # A source on which two controls stand shows the first.
        self._showing = tuple({binding.source: binding for binding in reversed(self._taught)}.values())
        self._bound.clear()
        self._screen = Screen()
        self._send(message for binding in before for message in dark(binding))

    def bound(self, source: Source) -> tuple[Binding, ...]:
        """What a source moves: what it was taught, else what the table of controls says of all."""
        if source not in self._bound:
            taught = tuple(b for b in self._taught if b.source.holds(source))
            self._bound[source] = taught or tuple(b for b in self._untaught if b.source.holds(source))
        return self._bound[source]

    # What it says

    def fetch(self) -> bool:
        """Take what has come since the last time into the inbox; whether its clock has ticked."""
        ticking = False
        for data, seconds in self._input.fetch():
            self._at += seconds
            if data[0] == _CLOCK_TICK:
                ticking = True
                self._tempo, _ = ticked(self._tempo, self._at)
            else:
                self.inbox.put(data)
        return ticking

    def _kept(self, data: Sequence[int]) -> int:
        """Of how many messages about the same source as this one each counts between two looks."""
        try:
            event = event_of(parse(data))
        except ValueError:
            return 1
        if event is None or event.source.kind in ("note", "program"):
            return KEPT
        faders = (follows_hand(b, self._controls[b.address].kind) for b in self.bound(event.source))
        return 1 if all(faders) else KEPT

    @property
    def beats(self) -> float | None:
        """The tempo of its clock in beats a minute; None before the first beat."""
        return self._tempo.told

    def obey(self, event: Event, values: Values, now: float) -> list[Message]:
        """What a move of one of its sources means. values: what the controls stand at."""
        messages = []
        for binding in self.bound(event.source):
            kind = self._controls[binding.address].kind
            hand = self._hand(binding, event.source.channel, values, now)
            hand, arguments = obey(binding, hand, event, kind, self._takeover, now)
            self._hands[binding, event.source.channel] = hand
            if binding in self._showing:
                self._screen.touch(binding, kind, now)
            if arguments is not None:
                messages.append(Message(binding.address, arguments))
        return messages

    # What it is told

    def hear(self, changes: Values, now: float) -> None:
        """Take in where controls stand now."""
        for (binding, channel), hand in self._hands.items():
            if binding.address in changes:
                kind = self._controls[binding.address].kind
                self._hands[binding, channel] = heard(hand, changes[binding.address][0], kind, now)
        for binding in self._showing:
            if binding.address in changes:
                kind = self._controls[binding.address].kind
                self._screen.want(binding, shown(binding, kind, changes[binding.address][0]))

    def show(self, values: Values, now: float) -> None:
        """Send what may be sent. Raises DeviceFault if the system doesn't take it."""
        if self._output is None:
            return
        for binding, messages in self._screen.due(now):
            self._send(messages)
            if goes_where_told(binding, self._controls[binding.address].kind):
                hand = self._hand(binding, binding.source.channel, values, now)
                fader = replace(hand.fader, position=hand.fader.standing)
                self._hands[binding, binding.source.channel] = replace(hand, fader=fader)

    def tell_at(self, output: OutputPort | None, port: PortName | None) -> None:
        """Tell it at this port from now on, or nowhere."""
        if self._output is not None:
            self._output.close()
        self._output, self.told_at = output, port
        self._screen = Screen()

    def close(self, *, gone: bool = False) -> None:
        """Close its ports. gone: whether it isn't there any more, and has no lights to be put out."""
        if self.inbox.dropped:
            _log.info(
                "MIDI %s: %d messages were overtaken by later ones", self.port.name, self.inbox.dropped
            )
        with contextlib.suppress(DeviceFault):
            self._send(() if gone else (m for binding in self._showing for m in dark(binding)))
        self._input.close()
        self.tell_at(None, None)

    def _send(self, messages: Iterable[Any]) -> None:
        for message in messages:
            if self._output is not None:
                self._output.send(message.bytes())

    def _hand(self, binding: Binding, channel: int | None, values: Values, now: float) -> Hand:
        hand = self._hands.get((binding, channel))
        if hand is None:
            standing = values.get(binding.address, (None,))[0]
            hand = heard(Hand(), standing, self._controls[binding.address].kind, now)
        return hand

"""From a knob, pad or fader to a control: what a move of a source means to the control that it is bound to.

All of it is a function of what was moved, what is known of it from before (a `Hand`) and the control's
kind. Notes are pressed and let go, their velocity doesn't matter; a control change is pressed from 64 on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, get_args

from live.control.kinds import Choice, Message, Number, Switch, Trigger, Value
from live.control.midi.encoders import Encoder, steps
from live.control.midi.sources import Event, Source
from live.control.midi.takeover import Fader, Takeover, moved, told

Press: TypeAlias = Literal["toggle", "hold"]
PRESSES: Final[tuple[Press, ...]] = get_args(Press)

Arguments: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """A source that moves a control.

    address: of the control.
    value: what a button sets the control to; None for what such a control does with a button (see
        `pressed`).
    takeover: None for the show's.
    encoder: the code of an endless encoder; None for a source that says where it stands.
    press: whether a switch changes when the button is pressed, or is on as long as it is held; None: a note
        or a program toggles, a control change holds (so that a fader can be a switch, too).
    motor: whether the fader goes where it is told to; one by pitch bend always does.
    light: the velocity, or control change, that lights the button; by it many controllers choose a colour.
    """

    source: Source
    address: str
    value: Value | None = None
    takeover: Takeover | None = None
    encoder: Encoder | None = None
    press: Press | None = None
    motor: bool = False
    light: int = 127


@dataclass(frozen=True, slots=True)
class Taught:
    """A binding on the controllers whose names begin so."""

    port: str
    binding: Binding


@dataclass(frozen=True, slots=True)
class Hand:
    """What is known of a source from its earlier moves.

    down: whether it is pressed. coarse: the coarse part of a 14-bit control change. place: of a choice, the
    one that was last said, from 0.
    """

    down: bool = False
    coarse: int = 0
    place: int | None = None
    fader: Fader = field(default_factory=Fader)


def obey(
    binding: Binding, hand: Hand, event: Event, kind: object, takeover: Takeover, now: float
) -> tuple[Hand, Arguments | None]:
    """What a move of its source means to the control of a binding; None if it means nothing.

    kind: of the control. takeover: the show's. now: seconds of any one clock.
    """
    if binding.encoder is not None:
        return hand, _turned(steps(binding.encoder, event.value), kind)
    if binding.source.kind in ("cc", "cc14", "bend") and binding.value is None:
        hand, value = _whole(binding, hand, event)
        share = value / binding.source.top
        if isinstance(kind, Number):
            fader, target = moved(hand.fader, share, binding.takeover or takeover, now)
            hand = replace(hand, fader=fader)
            return hand, None if target is None else (kind.low + target * (kind.high - kind.low),)
        if isinstance(kind, Choice):
            place = min(int(share * len(kind.names)), len(kind.names) - 1)
            return replace(hand, place=place), None if place == hand.place else (kind.names[place],)
    return _pushed(binding, hand, event, kind)


def follows_hand(binding: Binding, kind: object) -> bool:
    """Whether a binding is one of a fader or a knob that says where it stands, so that only that counts."""
    if binding.source.kind in ("note", "program") or binding.encoder is not None:
        return False
    return binding.value is None and isinstance(kind, Number | Choice)


def heard(hand: Hand, value: object, kind: object, now: float) -> Hand:
    """The hand after the show has told what the control of its source stands at."""
    share = share_of(value, kind)
    if isinstance(kind, Choice):
        # Where another client has gone elsewhere, the same place of the knob is news again.
        return hand if share is None else replace(hand, place=place_of(value, kind))
    return hand if share is None else replace(hand, fader=told(hand.fader, share, now))


def share_of(value: object, kind: object) -> float | None:
    """Where a value stands in its control's range, 0..1; None if it stands nowhere there."""
    if isinstance(kind, Choice):
        place = place_of(value, kind)
        return None if place is None else place / max(len(kind.names) - 1, 1)
    if not isinstance(value, int | float):
        return None
    if isinstance(kind, Number) and kind.high > kind.low:
        return min(max((value - kind.low) / (kind.high - kind.low), 0.0), 1.0)
    return float(value >= 0.5)


def place_of(value: object, kind: Choice) -> int | None:
    """The index of what a choice stands at; None if it is none of its names."""
    return kind.names.index(value) if isinstance(value, str) and value in kind.names else None


def coalesced(messages: Sequence[Message], kinds: Mapping[str, object]) -> list[Message]:
    """Messages of one moment, without those that later ones make pointless: of several values for a number
    or a choice the last one counts; encoders' steps and presses each count."""
    last: dict[str, int] = {}
    for index, message in enumerate(messages):
        if _sets(message, kinds):
            last[message.address] = index
    return [m for i, m in enumerate(messages) if not _sets(m, kinds) or last[m.address] == i]


def _sets(message: Message, kinds: Mapping[str, object]) -> bool:
    """Whether a message says what shall be, whatever was before."""
    kind = kinds.get(message.address)
    return isinstance(kind, Number | Choice) and message.arguments[:1] not in (("+",), ("-",), ())


def _whole(binding: Binding, hand: Hand, event: Event) -> tuple[Hand, int]:
    """The value of a source; of a 14-bit control change it comes in two parts, the coarse one first."""
    if binding.source.kind != "cc14":
        return hand, event.value
    if event.source.number == binding.source.number:
        # As the standard has it, the fine part is 0 until it comes.
        return replace(hand, coarse=event.value), event.value << 7
    return hand, hand.coarse << 7 | event.value


def _turned(by: int, kind: object) -> Arguments | None:
    if by == 0:
        return None
    sign = "+" if by > 0 else "-"
    match kind:
        case Number():
            return sign, abs(by) * kind.step
        case Choice():
            return sign, abs(by)
        case Switch():
            return (int(by > 0),)
        case Trigger():
            return () if by > 0 else None
    return None


def _pushed(binding: Binding, hand: Hand, event: Event, kind: object) -> tuple[Hand, Arguments | None]:
    half = (event.source.top + 1) // 2
    down = event.value >= (1 if event.source.kind in ("note", "program") else half)
    # A pad that never says that it was let go is pressed by every note; a fader passes the middle once.
    pressed = down and (event.source.kind in ("note", "program") or not hand.down)
    let_go = hand.down and not down
    hand = replace(hand, down=down)
    if pressed:
        return hand, _pressed(binding, event, kind)
    return hand, _let_go(binding, kind) if let_go else None


def _pressed(binding: Binding, event: Event, kind: object) -> Arguments | None:
    if binding.value is not None:
        return (binding.value,)
    match kind:
        case Switch():
            return (1,) if _press(binding) == "hold" else ("toggle",)
        case Number():
            return (kind.high,)
        case Choice():
            if binding.source.kind != "program" or binding.source.number is not None:
                return "+", 1
            # Program n is choice n; a program that isn't there is nobody's.
            number = event.source.number or 0
            return (kind.names[number - 1],) if 1 <= number <= len(kind.names) else None
    return ()


def _let_go(binding: Binding, kind: object) -> Arguments | None:
    if binding.value is not None:
        return None
    match kind:
        case Switch():
            return (0,) if _press(binding) == "hold" else None
        case Number():
            return (kind.low,)
    return None


def _press(binding: Binding) -> Press:
    return binding.press or ("hold" if binding.source.kind in ("cc", "cc14", "bend") else "toggle")

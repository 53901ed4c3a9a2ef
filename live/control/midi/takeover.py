"""Takeover: what a fader does whose control stands elsewhere, because another client has moved it.

The three ways, and their names, are those of Ableton Live: the control jumps to the fader ("none"), waits
until the fader passes by where it stands ("pick-up"), or goes along with it, so that both meet at the end
of the way at the latest ("scale").

All values here are shares of the control's range, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

Takeover: TypeAlias = Literal["none", "pick-up", "scale"]
TAKEOVERS: Final[tuple[Takeover, ...]] = get_args(Takeover)

NEAR: Final = 1.01 / 127
"""Nearer than this, fader and control stand at the same place: one step of a 7-bit fader."""

ECHO: Final = 0.0015
"""How far a value may have been rounded by the show when it is told back."""

ECHO_SECONDS: Final = 1.0
"""After so long, what was said is not told back any more."""

_MOST_SAID: Final = 128


@dataclass(frozen=True, slots=True)
class Fader:
    """A fader, and what it knows of its control.

    position: where the hand has left it; None before its first move.
    standing: where the control stands: as this fader has said or another client since; None if unknown.
    said: what it has said and was not yet told back, each with the moment in seconds.
    """

    position: float | None = None
    standing: float | None = None
    said: tuple[tuple[float, float], ...] = ()


def told(fader: Fader, value: float, now: float) -> Fader:
    """The fader after the show has told where the control stands, at a moment in seconds.

    The show tells back what the fader itself has said, a little later: that is no other client's doing, and
    must not take the control out of the hand that moves it.
    """
    said = tuple((what, at) for what, at in fader.said if at > now - ECHO_SECONDS)
    for index, (what, _) in enumerate(said):
        if abs(what - value) <= ECHO:
            return replace(fader, said=said[index + 1 :])
    return replace(fader, standing=value, said=())


def moved(fader: Fader, position: float, takeover: Takeover, now: float) -> tuple[Fader, float | None]:
    """The fader after a hand has moved it, and what the control is to be set to; None: it stays."""
    target = _target(fader, position, takeover)
    if target is None:
        return replace(fader, position=position), None
    said = (*fader.said, (target, now))[-_MOST_SAID:]
    return Fader(position, target, said), target


def _target(fader: Fader, position: float, takeover: Takeover) -> float | None:
    before, standing = fader.position, fader.standing
    if takeover == "none" or standing is None or abs(position - standing) <= NEAR:
        return position
    if before is None:
        return None  # that it stands elsewhere is all that is known of it
    if abs(before - standing) <= NEAR:
        return position
    if takeover == "pick-up":
        return position if min(before, position) <= standing <= max(before, position) else None
    # What is left of the way is shared out over what is left of the fader's.
    if position > before:
        return standing + (position - before) * (1.0 - standing) / (1.0 - before)
    if position < before:
        return standing - (before - position) * standing / before
    return None

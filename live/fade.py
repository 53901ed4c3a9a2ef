"""A number on its way: what every change in the show that isn't a jump is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fade:
    """A number on its way from `origin` to `target`, eased at both ends.

    start, seconds: of the show's clock; with 0 seconds the target stands at once.
    """

    origin: float
    target: float
    start: float = 0.0
    seconds: float = 0.0

    def at(self, now: float) -> float:
        """The number at a moment: the origin before the fade, exactly the target after it."""
        if self.seconds <= 0.0 or not now < self.start + self.seconds:
            return self.target
        way = min(max((now - self.start) / self.seconds, 0.0), 1.0)
        eased = way * way * (3.0 - 2.0 * way)  # smoothstep: sets out and arrives without a jerk
        return self.origin * (1.0 - eased) + self.target * eased

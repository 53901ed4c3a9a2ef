"""What clients do wrong, in the log: each kind of it once, and then how often."""

from __future__ import annotations

import logging
import math
from typing import Final

MOST_REASONS: Final = 100
"""Kinds of complaint that are told apart."""

LONGEST: Final = 300
"""Characters of a sentence; it may quote the client."""

_log = logging.getLogger(__name__)


class Complaints:
    """Writes a complaint into the log when it first comes, and when it has come 100, 1000, … times."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, reason: str, sender: str, sentence: str) -> None:
        """reason: what is counted together. sentence: what is wrong, fit to be shown (`printable`)."""
        if reason not in self._counts and len(self._counts) >= MOST_REASONS:
            reason = "others"
        count = self._counts[reason] = self._counts.get(reason, 0) + 1
        if count == 1:
            _log.warning("%s: %s (said once)", sender, sentence)
        elif count >= 100 and math.log10(count).is_integer():
            _log.warning("%s: %s (%d times by now)", sender, sentence, count)


def printable(sentence: str) -> str:
    """A sentence that quotes a client, not too long and without what would disturb a log or a screen."""
    return "".join(c if c.isprintable() else "·" for c in sentence[:LONGEST])

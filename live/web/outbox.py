"""What one page has still to be told.

However slowly a page reads, this does not grow: of each value and each picture the newest waits, of the log
and of sentences the last few, and strokes of other pages that are too many give way to the word that the
drawing must be fetched anew.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from live.control.hub import Entry
from live.control.kinds import Value

MOST_ENTRIES: Final = 100
"""Entries of the log; also what a page is told of it at its beginning."""
MOST_ERRORS: Final = 10
MOST_STROKES: Final = 256
MOST_REPLIES: Final = 64


class Outbox:
    """Filled by whoever has news, emptied by `take`; both on the loop."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Value, ...]] = {}
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._errors: deque[str] = deque(maxlen=MOST_ERRORS)
        self._strokes: list[str] = []
        self._drawn = 0
        self._replies: list[Mapping[str, Any]] = []
        self._pictures: dict[int, bytes] = {}

    def put_values(self, values: Mapping[str, tuple[Value, ...]]) -> None:
        """What controls and status are at now."""
        self._values |= values

    def put_entries(self, entries: Sequence[Entry]) -> None:
        """New entries of the log, the newest last."""
        self._entries.extend(entries)

    def put_error(self, sentence: str) -> None:
        """What was wrong with something that the page said."""
        self._errors.append(sentence)

    def put_picture(self, which: int, encoded: bytes) -> None:
        """A picture that the page asked for."""
        self._pictures[which] = encoded

    def put_reply(self, message: Mapping[str, Any]) -> None:
        """The answer to something that the page said. None is lost: while it `is_full`, the page must not
        be heard."""
        self._replies.append(message)

    @property
    def is_full(self) -> bool:
        """Whether too many replies wait."""
        return len(self._replies) >= MOST_REPLIES

    def put_stroke(self, text: str, version: int) -> None:
        """A stroke of another page, or the word that the drawing must be fetched anew, as JSON.
        version: of the drawing after it."""
        self._drawn = max(self._drawn, version)
        self._strokes.append(text)
        if len(self._strokes) > MOST_STROKES:
            self._strokes = [encoded({"drawing": {"version": self._drawn}})]

    def take(self) -> list[str | bytes]:
        """All that waits, as the texts and the binary messages of the page's protocol."""
        messages: list[str | bytes] = [encoded(reply) for reply in self._replies]
        messages += [encoded({"error": sentence}) for sentence in self._errors]
        if self._values:
            messages.append(encoded({"values": self._values}))
        if self._entries:
            messages.append(encoded({"log": [_of_entry(entry) for entry in self._entries]}))
        messages += self._strokes
        messages += [bytes([which]) + picture for which, picture in self._pictures.items()]
        for waiting in (self._replies, self._errors, self._values, self._entries, self._strokes):
            waiting.clear()
        self._pictures.clear()
        return messages


def encoded(message: Mapping[str, Any]) -> str:
    """A message as JSON, in ASCII, since what it quotes may hold what UTF-8 can't. JSON has no NaN and no
    infinity; they are told as null."""
    try:
        return json.dumps(message, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(message), separators=(",", ":"))


def _finite(content: Any) -> Any:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content


def _of_entry(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "sender": entry.sender,
        "address": entry.address,
        "text": entry.text,
    }

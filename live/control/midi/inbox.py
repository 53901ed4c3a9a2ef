"""What came in from the ports since the last look.

A flood can't grow it: of each source only the newest few messages are kept. That is enough, since all but
the last of a fader are pointless and no hand turns an encoder or hits a pad that quickly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

KEPT: Final = 16
"""Messages of one source."""


class Inbox:
    """The messages of one port, for one thread."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, ...], deque[Sequence[int]]] = {}
        self.dropped = 0
        """Messages that weren't kept, since the start."""

    def put(self, data: Sequence[int]) -> None:
        """Keep a message, of which at least the status byte must be there."""
        about = _about(data)
        # Taken out and put back, so that what came last of all stands last.
        same = self._waiting.pop(about, None)
        if same is None:
            same = deque(maxlen=KEPT)
        self.dropped += len(same) == same.maxlen
        same.append(data)
        self._waiting[about] = same

    def drain(self) -> list[Sequence[int]]:
        """All that waits, source by source in the order of their last messages; it is empty afterwards."""
        waiting, self._waiting = self._waiting, {}
        return [data for same in waiting.values() for data in same]


def _about(data: Sequence[int]) -> tuple[int, ...]:
    """What a message is about, by its bytes: of two about the same, the later one counts."""
    status = data[0]
    if status >= 0xF0:
        return (status,)
    channel = status & 0x0F
    match status & 0xF0:
        case 0x80 | 0x90:  # a note is let go by either of them
            return 0x90, channel, *data[1:2]
        case 0xA0 | 0xB0:
            return status & 0xF0, channel, *data[1:2]
    return status & 0xF0, channel

"""What came in from the ports since the last look.

A flood can't grow it: of each source only the newest few messages are kept. Of a fader that is the last,
the others being pointless by then; of a pad or an encoder more than a hand makes between two looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

KEPT: Final = 16
"""Messages of one source, if each of them counts."""


class Inbox:
    """The messages of one port, for one thread.

    kept: how many of the same source as a message are to be kept.
    """

    def __init__(self, kept: Callable[[Sequence[int]], int] = lambda _: KEPT) -> None:
        self._kept = kept
        self._waiting: dict[tuple[int, ...], deque[Sequence[int]]] = {}
        self.dropped = 0
        """Messages that weren't kept, since the start."""

    def put(self, data: Sequence[int]) -> None:
        """Keep a message, of which at least the status byte must be there."""
        about = _about(data)
        # Taken out and put back, so that what came last of all stands last.
        same = self._waiting.pop(about, None)
        if same is None:
            same = deque(maxlen=self._kept(data))
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

"""What goes wrong in a way that a person can mend.

The text of a fault is one sentence for that person: which file, line, key or device, what is wrong and
what would be right. The command line prints it and exits with the fault's `exit_code`, without a
traceback; everything else that is raised is a bug.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Fault(Exception):
    """Base of all faults; not raised itself."""

    exit_code = 1


class UsageFault(Fault):
    """A command line or a configuration that can't be meant: unknown key, wrong type, out of range."""

    exit_code = 2


class InputFault(Fault):
    """A file that is missing, broken or not what was asked for: a photo, a map, a city set, weights."""

    exit_code = 3


class DeviceFault(Fault):
    """Something of this machine that can't be had: a camera, a display, a port, an engine."""

    exit_code = 4


def did_you_mean(wanted: str, known: Iterable[str], *, quote: str = "", cutoff: float = 0.6) -> str:
    """The end of a fault's sentence: '; did you mean dubai?', or '' if nothing known is written alike.

    quote: stands on both sides of the name. cutoff: how much alike, 0..1 (`difflib.get_close_matches`).
    """
    near = difflib.get_close_matches(wanted, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {quote}{near[0]}{quote}?" if near else ""

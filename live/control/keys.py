"""Keys: from the name of a key to a command, and what the operator is told of them."""

from __future__ import annotations

from live.control.controls import controls
from live.show import Command, ShowState


def key_command(key: str, state: ShowState) -> Command | None:
    """The command of a key, by its name as `Output.keys` gives it; None for a key without one."""
    for control in controls(state.cities):
        if key in control.keys:
            return control.read(control.keys[key])
    return None


def key_help(state: ShowState) -> list[str]:
    """What each key does, a line for each control that has one: 'F freeze: hold the picture …'."""
    lines = []
    for control in controls(state.cities):
        names = [key.capitalize() for key in control.keys if key != "close"]  # the window's own button
        if names:
            keys = names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"
            lines.append(f"{keys}  {control.name}: {control.meaning}")
    return lines

"""Keys: from the name of a key to a command, and what the operator is told of them."""

from __future__ import annotations

from live.control.controls import controls
from live.show import Command, ShowState


def key_command(key: str, state: ShowState) -> Command | None:
    """The command of a key, by its name as `Output.keys` gives it; None for a key without one."""
    name = key.removeprefix("shift+")  # which makes no difference here
    for control in controls(state.cities):
        if name in control.keys:
            return control.read(control.keys[name])
    return None


def key_help(state: ShowState) -> list[str]:
    """What the keys are for, one text for each control that has some: '1–4 city', 'F freeze'."""
    texts = []
    for control in controls(state.cities):
        names = [key.title() for key in control.keys if key != "close"]  # the window's own button
        if names:
            span = names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"
            texts.append(f"{span} {control.name}")
    return texts

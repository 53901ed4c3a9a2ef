"""Keys: from the name of a key to a message, and what the operator is told of them."""

from __future__ import annotations

from typing import Any, Final

from live.control.controls import GROUPS, Control, Table
from live.control.kinds import Message


def key_message(key: str, table: Table) -> Message | None:
    """What a key stands for, by its name as `Output.keys` gives it; None for a key without a control."""
    name = key.removeprefix("shift+")  # which makes no difference here
    for control in table:
        if name in control.keys:
            return Message(control.address, control.keys[name])
    return None


def key_help(table: Table) -> list[str]:
    """What the keys are for, one text for each control that has some: '1–4 = city', 'F = freeze'."""
    return [f"{names} = {control.name}" for control in table if (names := key_names(control))]


def key_names(control: Control[Any]) -> str:
    """The keys of a control: '1–4', 'Space, Page Down', or "" if it has none; the window's own button is
    no key."""
    names = [_NAMES.get(key, key.title()) for key in control.keys if key != "close"]
    if len(names) > 2:
        return f"{names[0]}–{names[-1]}"
    return ", ".join(names)


_NAMES: Final = {"escape": "Esc", "pageup": "Page Up", "pagedown": "Page Down"}


def help_lines(table: Table) -> list[str]:
    """The operator's help: a line for each group of controls that have keys."""
    lines = []
    for group, title in GROUPS.items():
        texts = key_help(tuple(control for control in table if control.group == group))
        if texts:
            lines.append(f"{title}: {' · '.join(texts)}")
    return lines

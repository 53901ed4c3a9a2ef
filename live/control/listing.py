"""The table of controls in words: what `cities controls` prints, and docs/controls.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from live.control.controls import GROUPS, Control, Table
from live.control.keys import key_names
from live.control.kinds import Choice, MidiDefault, Number, Point, Switch

HEAD = """# Controls

Everything that can be changed during a show, by whatever stands on the desk. `cities controls` prints this
list for a show of your own, with its cities and cues; docs/controls.md has that of the small city set and
of a single cue, number 1.

Every control is an OSC address, an OSCQuery node and a widget of the page; those with a key answer to the
keyboard in the projector's window and on the page; those with a MIDI message answer to it on any channel
until a controller is taught something else. [desk.md](desk.md) says how each of these is set up.

A button's release (0, 0.0, false) means nothing to what only happens. A number takes `+` and `-`, with an
amount or without, for a step from where it stands, and so does a choice; `?` asks for the value. Addresses
that are marked ! are reached by no OSC pattern.
"""

_BAR: Final = r"\|"


def markdown(table: Table) -> str:
    """The controls as Markdown, a table for each group."""
    return "\n".join([HEAD.rstrip(), *_lines(table)]) + "\n"


def _lines(table: Table) -> Iterator[str]:
    for group, title in GROUPS.items():
        rows = [control for control in table if control.group == group]
        yield from ("", f"## {title}", "", "| address | takes | key | MIDI | what it does |")
        yield "|---|---|---|---|---|"
        for control in rows:
            mark = " !" if control.exact and control.clients else ""
            address = f"`{control.address}`{mark}" if control.clients else ""
            cells = (address, takes(control), key_names(control), midi_names(control), control.meaning)
            # The name of a cue may hold what ends a cell.
            yield f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"


def takes(control: Control[Any]) -> str:
    """What a control takes, in words: '0 … 60 seconds', 'on or off'."""
    match control.kind:
        case Number(low, high, unit):
            return f"{low:g} … {high:g} {unit}"
        case Choice(noun, names, find):
            named = [name for name in names if name]
            if len(named) > 12:
                return f"a {noun}"
            return f"{', '.join(named)}{'' if find else f', or 1 … {len(named)}'}"
        case Point():
            return "x and y, 0 … 1"
        case Switch():
            return "on or off; nothing for the other way round"
    return ""


def midi_names(control: Control[Any]) -> str:
    """Its MIDI messages: 'note 3, CC 26'."""
    return ", ".join(_midi_name(default) for default in control.midi)


def _midi_name(default: MidiDefault) -> str:
    name = {"note": "note", "cc": "CC", "program": "Program Change"}[default.kind]
    return name if default.number is None else f"{name} {default.number}"

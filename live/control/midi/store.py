"""midi.toml: what controllers were taught, by the names of their ports.

The show writes the file whenever a control is learnt or forgotten; a person may edit it meanwhile, too, for
what can't be learnt by moving a knob. What a show doesn't know (a city of another set) stays in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tomlkit

from live.control.midi.encoders import ENCODERS
from live.control.midi.mapping import PRESSES, Binding, Taught
from live.control.midi.sources import COARSE, SOURCE_KINDS, Source
from live.control.midi.takeover import TAKEOVERS
from models.faults import InputFault, UsageFault, did_you_mean
from models.files import write_whole
from models.tomlfile import TomlFile, read_toml, shown, shown_key

_KIND: Final = "MIDI map"

_ABOUT: Final = """\
What MIDI controllers move which control. The show writes this file when it learns or forgets one
(/midi/learn, /midi/forget); edit it while no show runs.

port: the name of the controller's port, or how it begins. control: the address of what it moves.
The knob is one of: cc (0 to 127), cc14 (0 to 31, with a fine part), note (0 to 127), program (1 to 128),
bend (true); with its channel (1 to 16), or on any.
And if need be:
value: what a button sets the control to.        press: "toggle" or "hold", what a button does to a switch.
takeover: "none", "pick-up" or "scale".          motor: true for a fader that goes where it is told to.
encoder: "twos-complement", "binary-offset" or "signed-bit", of an endless one.
light: 0 to 127, by which a button is lit; often that is its colour.
"""


def read_map(path: Path) -> tuple[Taught, ...]:
    """What a file says that controllers were taught; nothing if there is no such file.

    Raises InputFault if it can't be read, UsageFault if anything in it can't be meant.
    """
    if not path.exists():
        return ()
    file = read_toml(path, _KIND)
    if unknown := set(file.data) - {"map"}:
        key = sorted(unknown)[0]
        raise UsageFault(f"{file.where(key)}: there is no {shown_key(key)} in a {_KIND}, only [[map]]")
    tables = file.data.get("map", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageFault(f"{file.where('map')}: map must be written as [[map]], one for each knob")
    taught = []
    for index, table in enumerate(tables):
        try:
            taught.append(_taught(table))
        except ValueError as error:
            raise UsageFault(f"{_where(file, index)}: this [[map]] {error}") from None
    return tuple(taught)


def write_map(path: Path, taught: Sequence[Taught]) -> None:
    """Keep what controllers were taught, in place of what stood there. Raises InputFault if it can't be
    written."""
    document = tomlkit.document()
    for line in _ABOUT.splitlines():
        document.add(tomlkit.comment(line) if line else tomlkit.nl())
    tables = tomlkit.aot()
    for one in taught:
        table = tomlkit.table()
        for key, value in _entries(one).items():
            table.add(key, value)
        tables.append(table)
    if taught:
        document.add(tomlkit.nl())
        document.add("map", tables)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, tomlkit.dumps(document).encode())
    except OSError as error:
        raise InputFault(f"{path}: what was learnt can't be kept there ({error.strerror})") from None


# A table, key by key


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        # By exact type, here and below: to Python, true is a number too.
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def _one_of(names: Sequence[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in names or not isinstance(value, str):
            raise ValueError(f"must be one of {', '.join(shown(name) for name in names)}")
        return value

    return read


def _switch(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


def _true(value: Any) -> None:
    if value is not True:
        raise ValueError("must be true, or not there")


def _text(value: Any) -> str:
    if type(value) is not str or not value:
        raise ValueError("must be a string that isn't empty")
    return value


def _address(value: Any) -> str:
    if type(value) is not str or not value.startswith("/"):
        raise ValueError('must be the address of a control, as "/opacity"')
    return value


def _value(value: Any) -> float | str:
    if type(value) not in (int, float, str) or (type(value) is float and not abs(value) < float("inf")):
        raise ValueError("must be a number or a string")
    return value if isinstance(value, str | int) else float(value)


_SOURCES: Final[Mapping[str, Callable[[Any], int | None]]] = {
    "note": _whole(0, 127),
    "cc": _whole(0, 127),
    "cc14": _whole(0, COARSE - 1),
    "bend": _true,
    "program": _whole(1, 128),
}
_OPTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "value": _value,
    "takeover": _one_of(TAKEOVERS),
    "encoder": _one_of(ENCODERS),
    "press": _one_of(PRESSES),
    "motor": _switch,
    "light": _whole(0, 127),
}
_KEYS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "port": _text,
    "control": _address,
    **_SOURCES,
    "channel": _whole(1, 16),
    **_OPTIONS,
}


def _taught(table: Mapping[str, Any]) -> Taught:
    """The binding of a table. Raises ValueError with what is wrong with it, to stand behind its name."""
    read = {}
    for key, value in table.items():
        if key not in _KEYS:
            raise ValueError(f"has a key {shown_key(key)}, which means nothing{did_you_mean(key, _KEYS)}")
        try:
            read[key] = _KEYS[key](value)
        except ValueError as error:
            raise ValueError(f"has {key} = {shown(value)}, which {error}") from None
    for key in ("port", "control"):
        if key not in read:
            raise ValueError(f"has no {key}")
    kinds = [kind for kind in SOURCE_KINDS if kind in read]
    if len(kinds) != 1:
        raise ValueError(f"must name one knob, by one of the keys {', '.join(_SOURCES)}")
    if "encoder" in read and kinds != ["cc"]:
        raise ValueError("has an encoder that isn't a cc")
    source = Source(kinds[0], read[kinds[0]], read.get("channel"))
    options = {key: read[key] for key in _OPTIONS if key in read}
    return Taught(read["port"], Binding(source, read["control"], **options))


def _entries(taught: Taught) -> dict[str, Any]:
    """The table of a binding."""
    binding, source = taught.binding, taught.binding.source
    entries: dict[str, Any] = {"port": taught.port, "control": binding.address}
    entries[source.kind] = True if source.kind == "bend" else source.number
    if source.channel is not None:
        entries["channel"] = source.channel
    plain = Binding(source, binding.address)
    for key in _OPTIONS:
        if (value := getattr(binding, key)) != getattr(plain, key):
            entries[key] = value
    return entries


def _where(file: TomlFile, index: int) -> str:
    """The place of the nth [[map]], from 0."""
    lines = file.text.split("\n")
    for end in range(1, len(lines) + 1):
        try:
            found = tomllib.loads("\n".join(lines[:end]))
        except (ValueError, RecursionError):
            continue  # a statement that goes on in the next line
        if len(found.get("map", [])) > index:
            return f"{file.path}, line {end}"
    return str(file.path)

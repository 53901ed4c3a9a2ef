"""TOML files that people write or edit by hand, and what is wrong in them: one sentence, with the line."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.faults import Fault, InputFault, UsageFault


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML file. data: what `tomllib` makes of its text."""

    path: Path
    text: str
    data: dict[str, Any]

    def where(self, *key: str | int) -> str:
        """The place at which a key is set, for the text of a fault: 'show.toml, line 3'; the file alone for
        a key that is nowhere.

        An int as the second part is a place, from 0, in the array of tables that the first one names."""
        lines = self.text.split("\n")
        # What is known of TOML is left to its parser: statement by statement, it sees the text since the
        # last header of a table, until it finds the key in it.
        table = statement = 0
        before = 0  # how many tables of the array stand above that header
        for end in range(1, len(lines) + 1):
            try:
                found: Any = tomllib.loads("\n".join(lines[table:end]))
            except (ValueError, RecursionError):
                continue  # a statement that goes on in the next line
            array = found.get(key[0])
            for part in key:
                if isinstance(part, int):
                    found = _table_of(found, part, before)
                else:
                    found = found.get(part) if isinstance(found, dict) else None
            if found is not None:
                return f"{self.path}, line {statement + 1}"
            statement = end
            if lines[end : end + 1] and lines[end].lstrip().startswith("["):
                table = end
                before += len(array) if isinstance(array, list) else 0
        return str(self.path)


def _table_of(found: Any, index: int, before: int) -> Any:
    """The table at that place of an array, of which this much was found behind so many other tables."""
    if isinstance(found, dict):  # the header of a table within the array's last one
        return found if index == before - 1 else None
    if isinstance(found, list) and 0 <= index - before < len(found):
        return found[index - before]
    return None


def read_toml(path: Path, kind: str, broken: type[Fault] = UsageFault) -> TomlFile:
    """A TOML file from disk.

    kind: what the file should be, as 'show file', for the text of a fault. Raises InputFault if the file
    can't be read, `broken` if it holds no TOML.
    """
    try:
        # Some editors of Windows put a byte order mark first, which TOML doesn't know.
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise InputFault(f"{path}: there is no such {kind}") from None
    except UnicodeDecodeError:
        raise broken(f"{path}: this is no text in UTF-8, and so no {kind}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputFault(f"{path}: the {kind} can't be read ({reason})") from None
    return parse_toml(text, path, kind, broken)


def parse_toml(text: str, path: Path, kind: str, broken: type[Fault] = UsageFault) -> TomlFile:
    """A TOML file whose text is known; as `read_toml` otherwise."""
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        what, line = str(error), text.count("\n") + 1
        if found := re.search(r" \(at (line (\d+), column \d+|end of document)\)$", what):
            what, line = what[: found.start()], int(found[2] or line)
        written = shortened(text.split("\n")[line - 1].strip()) or "the end of the file"
        raise broken(
            f"{path}, line {line}: {written} isn't TOML ({what}); "
            'a line is [table] or key = value, with text in "quotes" and nothing twice'
        ) from None
    except ValueError:
        raise broken(f"{path}: a number has too many digits for a {kind}") from None
    except RecursionError:
        raise broken(f"{path}: brackets are nested too deeply for a {kind}") from None


def shown(value: Any) -> str:
    """A value of a TOML file as it stands there, on one line and not too long."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, str):
        return json.dumps(shortened(value), ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 1 << 64:
        return "a huge number"  # which may have too many digits to be written
    return str(value)


def shown_key(key: str) -> str:
    """A key as it stands in a TOML file, likewise."""
    return key if re.fullmatch(r"[\w-]{1,40}", key) else shown(key)


def shortened(text: str) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= 60 else f"{text[:60]}…"

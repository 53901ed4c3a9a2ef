"""Which cities a set holds, where each is learnt from, and on which terms: a small TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from models.cityset import CITY_NAME_RULE, is_city_name
from models.faults import InputFault

SHIPPED_SOURCES: Final = Path(__file__).parent / "shipped.toml"


@dataclass(frozen=True, slots=True)
class CitySource:
    """One city: a folder of pairs below the data folder, and what its card will say.

    zoom: magnification that brings its pictures to the set's ground resolution. held_out: the pairs, or
    groups of pairs, that are kept from training; every tenth if none is named.
    """

    folder: str
    title: str
    zoom: float
    data: str
    licence: str
    attribution: str
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetSources:
    """What a set is made from. metres_per_pixel: its ground resolution."""

    title: str
    metres_per_pixel: float
    cities: tuple[CitySource, ...]


def load_sources(path: Path = SHIPPED_SOURCES) -> SetSources:
    """Read such a file (`shipped.toml` beside this module is one); InputFault if it isn't right."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFault(
            f"{path} can't be read ({error.strerror}); give a file like {SHIPPED_SOURCES}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputFault(f"{path} is not TOML: {error}") from None
    cities = raw.get("city")
    if not isinstance(cities, list) or not cities:
        raise InputFault(f"{path} names no [[city]]; at least one is needed")
    return SetSources(
        title=_text(path, raw, "title"),
        metres_per_pixel=_number(path, raw, "metres_per_pixel"),
        cities=tuple(_source(path, city) for city in cities),
    )


def _source(path: Path, raw: object) -> CitySource:
    if not isinstance(raw, dict):
        raise InputFault(f"{path}: city must be tables, [[city]], not {raw!r}")
    known = [f.name for f in fields(CitySource)]
    if unknown := sorted(raw.keys() - set(known)):
        raise InputFault(
            f"{path}: a [[city]] has an unknown key {unknown[0]!r}; known are {', '.join(known)}"
        )
    texts = {name: _text(path, raw, name) for name in known if name not in ("zoom", "held_out")}
    if not is_city_name(texts["folder"]):
        raise InputFault(
            f"{path}: folder {texts['folder']!r} can't be the name of its city; {CITY_NAME_RULE}"
        )
    held_out = raw.get("held_out", [])
    if not isinstance(held_out, list) or not all(isinstance(name, str) for name in held_out):
        raise InputFault(f"{path}: held_out must be a list of names of pairs, not {held_out!r}")
    return CitySource(zoom=_number(path, raw, "zoom"), held_out=tuple(held_out), **texts)


def _text(path: Path, raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise InputFault(f"{path}: {key} must be a text that isn't empty, not {value!r}")
    return value


def _number(path: Path, raw: dict[str, Any], key: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 100.0:
        raise InputFault(f"{path}: {key} must be a number between 0 and 100, not {value!r}")
    return float(value)

"""A city set: one network, the cities that it holds, and the card that says where they come from.

A set is a folder with `card.json` and the network as ONNX. Nothing is unpickled: the network is data that
the engines parse, and its checksum must be the card's.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from models.faults import InputFault, did_you_mean
from models.inputs import NOISE_CHANNELS
from models.palette import CLASS_NAMES

SHIPPED: Final = Path(__file__).parent / "cities"
"""The folder of the sets that come with the program."""
CARD: Final = "card.json"
NETWORK: Final = "model.onnx"
CARD_VERSION: Final = 1

T = TypeVar("T", bound="CityCard | SetCard")


@dataclass(frozen=True, slots=True)
class CityCard:
    """A city: its name (see `is_city_name`), its title, and where it was learnt and on which terms."""

    name: str
    title: str
    data: str
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True)
class SetCard:
    """The card of a set, as it stands in `card.json`.

    metres_per_pixel: ground resolution that the network was trained at. width, parameters: the size of the
    network. training: how it was trained, in words and figures. sha256: of the network's file.
    """

    version: int
    title: str
    classes: tuple[str, ...]
    noise_channels: int
    metres_per_pixel: float
    width: int
    parameters: int
    training: Mapping[str, Any]
    cities: tuple[CityCard, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class CitySet:
    """A set that was read and found whole."""

    name: str
    network: Path
    card: SetCard
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(city.name for city in self.card.cities))


CITY_NAME_RULE: Final = "a name is words in lower case, joined by hyphens"


def is_city_name(text: str) -> bool:
    """Whether a city can be called this in an address: see CITY_NAME_RULE."""
    return text == text.lower() and re.fullmatch(r"[^\W_]+(-[^\W_]+)*", text) is not None


def shipped_sets() -> tuple[str, ...]:
    """Names of the sets that come with the program."""
    return tuple(sorted(card.parent.name for card in SHIPPED.glob(f"*/{CARD}")))


def load_city_set(name: str | Path) -> CitySet:
    """Read a set by the name of a shipped one or by its folder, and check that it is whole.

    Raises InputFault in one sentence if it is missing, damaged or not of this program's kind.
    """
    folder = SHIPPED / name if name in shipped_sets() else Path(name)
    path = folder / CARD
    card = _read_card(path, name)
    network = folder / NETWORK
    try:
        content = network.read_bytes()
    except OSError as error:
        raise InputFault(
            f"{network} can't be read ({error.strerror}); the set is not whole, so copy its folder again"
        ) from None
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputFault(
            f"{network} is not the network that {CARD} describes (another checksum); copy the set again"
        )
    return CitySet(name=folder.name, network=network, card=card)


def _read_card(path: Path, name: str | Path) -> SetCard:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(shipped_sets()) or "none"
        hint = did_you_mean(str(name)[:40], shipped_sets())
        raise InputFault(
            f"there is no city set {_short(name)!r}{hint}: {_short(path)}: {error.strerror}; "
            f"give a folder or a shipped set ({known})"
        ) from None
    except RecursionError:
        raise InputFault(
            f"{path} is not a card but nested without end; copy the set's folder again"
        ) from None
    except ValueError as error:  # JSON's and UTF-8's own, and a number of too many digits
        raise InputFault(f"{path} is not JSON: {error}; copy the set's folder again") from None
    if not isinstance(raw, dict):
        raise InputFault(f"{path} holds no card; copy the set's folder again")
    if raw.get("version") != CARD_VERSION:
        raise InputFault(
            f"{path}: version is {raw.get('version')!r}, but this program reads version {CARD_VERSION}"
        )
    cities = tuple(
        _build(CityCard, path, f"cities[{n}]", c)
        for n, c in enumerate(_list(path, "cities", raw.get("cities")))
    )
    raw |= {"cities": cities, "classes": tuple(_list(path, "classes", raw.get("classes")))}
    card = _build(SetCard, path, "card", raw)
    if card.classes != CLASS_NAMES:
        raise InputFault(
            f"{path}: classes are {', '.join(map(str, card.classes))}, not {', '.join(CLASS_NAMES)}"
        )
    if card.noise_channels != NOISE_CHANNELS:
        raise InputFault(
            f"{path}: noise_channels is {card.noise_channels}, but this program makes {NOISE_CHANNELS}"
        )
    if not 0.0 < card.metres_per_pixel < math.inf:
        raise InputFault(f"{path}: metres_per_pixel is {card.metres_per_pixel}, and must be above 0")
    if not cities:
        raise InputFault(f"{path}: cities is empty; a set holds at least one city")
    names = [city.name for city in cities]
    for n, city in enumerate(names):
        if not is_city_name(city):
            raise InputFault(f"{path}: cities[{n}] is named {city!r}; {CITY_NAME_RULE}")
        if city in names[:n]:
            raise InputFault(f"{path}: two cities are named {city}; names must differ")
    return card


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "Mapping[str, Any]": dict,
    "tuple[str, ...]": tuple,
    "tuple[CityCard, ...]": tuple,
}


def _build(kind: type[T], path: Path, where: str, raw: object) -> T:
    """A card dataclass from JSON; every field must be there, of its type, and no other."""
    if not isinstance(raw, dict):
        raise InputFault(f"{path}: {where} must be an object")
    fields = {f.name: str(f.type) for f in dataclasses.fields(kind)}
    if unknown := sorted(raw.keys() - fields.keys()):
        raise InputFault(
            f"{path}: {where} has an unknown key {unknown[0]!r}; known are {', '.join(fields)}"
        )
    for name, type_name in fields.items():
        if name not in raw:
            raise InputFault(f"{path}: {where} lacks {name!r}")
        if not isinstance(raw[name], _TYPES[type_name]) or isinstance(raw[name], bool):
            raise InputFault(f"{path}: {where}: {name!r} must be of type {type_name}, not {raw[name]!r}")
    return kind(**raw)


def _list(path: Path, key: str, raw: object) -> list[Any]:
    if not isinstance(raw, list):
        raise InputFault(f"{path}: {key!r} must be a list")
    return raw


def _short(text: str | Path) -> str:
    return f"…{str(text)[-80:]}" if len(str(text)) > 80 else str(text)


def write_card(card: SetCard, folder: Path) -> None:
    """Write `card.json` into the set's folder."""
    text = json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")

"""A city set: one network, the cities that it holds, and the card that says where they come from.

A set is a folder with `card.json` and the network as ONNX, perhaps in further precisions. Nothing is
unpickled: networks are data that the engines parse, and each file's checksum must be the card's.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from models.faults import InputFault, did_you_mean
from models.inputs import CELL, NOISE_CHANNELS
from models.onnxfile import flaw_of_onnx
from models.palette import CLASS_NAMES

SHIPPED: Final = Path(__file__).parent / "cities"
"""The folder of the sets that come with the program."""
CARD: Final = "card.json"
NETWORK: Final = "model.onnx"
NETWORK_HALF: Final = "model-half.onnx"
"""The network in half precision with the same inputs and picture, for a GPU."""
NETWORK_INT8: Final = "model-int8.onnx"
"""The quantized network, for a CPU; `cpu_network` says when it is used."""
CARD_VERSION: Final = 2
MIN_SIDE: Final = 32
MAX_SIDE: Final = 2048

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

    side: the only side that the network can render, 0 where it is any multiple of 16. metres_per_pixel:
    ground resolution that it was trained at. width, parameters: its size. training: how it was trained, in
    words and figures. metrics: what was measured of it. files: the SHA-256 of each file of the set.
    """

    version: int
    title: str
    classes: tuple[str, ...]
    noise_channels: int
    side: int
    metres_per_pixel: float
    width: int
    parameters: int
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    cities: tuple[CityCard, ...]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CitySet:
    """A set that was read and found whole."""

    name: str
    folder: Path
    card: SetCard
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(city.name for city in self.card.cities))

    @property
    def network(self) -> Path:
        """The network that every set has."""
        return self.folder / NETWORK

    @property
    def cpu_network(self) -> Path:
        """The network for an engine on the CPU: the quantized one, where it passed its gate of quality."""
        gate = self.card.metrics.get("int8")
        passed = isinstance(gate, dict) and gate.get("passed") is True
        return (self.file(NETWORK_INT8) if passed else None) or self.network

    def file(self, name: str) -> Path | None:
        """A file of the set by its name, or None if its card lists no such file."""
        return self.folder / name if name in self.card.files else None


CITY_NAME_RULE: Final = "a name is words in lower case, joined by hyphens"


def slug(name: str) -> str:
    """A name as it stands in an address: lower case, without accents, words joined by hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", plain.casefold()).strip("-")


def find_name(names: Sequence[str], wanted: str) -> int | None:
    """The index of the name that reads like `wanted`, however it is written: 'Sao Paulo' is 'são-paulo'."""
    slugs = [slug(name) for name in names]
    sought = slug(wanted)
    return slugs.index(sought) if sought in slugs else None


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
    for file, wanted in card.files.items():
        _check_file(folder / file, wanted)
    return CitySet(name=folder.name, folder=folder, card=card)


def load_city_sets(names: str | Sequence[str]) -> tuple[CitySet, ...]:
    """Read one set, or several that are to share a show; see `load_city_set`.

    Raises InputFault if two of them have a city of the same name.
    """
    sets = tuple(load_city_set(name) for name in ([names] if isinstance(names, str) else names))
    owner: dict[str, CitySet] = {}
    for city_set in sets:
        for n, name in enumerate(city_set.names):
            if slug(name) in owner:
                first, second = _short(owner[slug(name)].folder), _short(city_set.folder)
                raise InputFault(
                    f"{first} and {second} both hold a city named {name}; rename it in one of them "
                    f"(cities[{n}].name of {CARD}), or leave one out"
                )
            owner[slug(name)] = city_set
    return sets


def city_names(sets: Iterable[CitySet]) -> tuple[str, ...]:
    """The names of the cities of sets that share a show, in the order of their numbers."""
    return tuple(name for city_set in sets for name in city_set.names)


def checksum(path: Path) -> str:
    """The SHA-256 of a file, as a card has it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_file(path: Path, wanted: str) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputFault(
            f"{path} can't be read ({error.strerror}); the set is not whole, so copy its folder again"
        ) from None
    if hashlib.sha256(content).hexdigest() != wanted:
        raise InputFault(
            f"{path} is not the file that {CARD} describes (another checksum); copy the set again"
        )
    # The engines would say it too, but OpenVINO writes lines of its own about it first.
    if path.suffix == ".onnx" and (flaw := flaw_of_onnx(content)):
        raise InputFault(f"{path} is not a whole ONNX network: {flaw}; export or copy the set again")


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
    if card.noise_channels not in (0, NOISE_CHANNELS):
        raise InputFault(
            f"{path}: noise_channels is {card.noise_channels}, but this program makes {NOISE_CHANNELS} or 0"
        )
    if card.side and (card.side % CELL or not MIN_SIDE <= card.side <= MAX_SIDE):
        raise InputFault(
            f"{path}: side is {card.side}, and must be 0 (any) or a multiple of {CELL} "
            f"from {MIN_SIDE} to {MAX_SIDE}"
        )
    _check_listing(path, card.files)
    if not 0.0 < card.metres_per_pixel < math.inf:
        raise InputFault(f"{path}: metres_per_pixel is {card.metres_per_pixel}, and must be above 0")
    if not cities:
        raise InputFault(f"{path}: cities is empty; a set holds at least one city")
    names = [city.name for city in cities]
    for n, city in enumerate(names):
        if not is_city_name(city):
            raise InputFault(f"{path}: cities[{n}] is named {city!r}; {CITY_NAME_RULE}")
        if slug(city) in map(slug, names[:n]):
            raise InputFault(f"{path}: two cities are named {city}; names must differ")
    return card


def _check_listing(path: Path, files: Mapping[str, str]) -> None:
    """Refuse a list of files that lacks the network, leads out of the folder or has no checksums."""
    if NETWORK not in files:
        raise InputFault(f"{path}: files lacks {NETWORK!r}, the network of the set")
    for name, checksum in files.items():
        if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
            raise InputFault(f"{path}: files names {_short(name)!r}, which is not a plain name of a file")
        if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
            raise InputFault(f"{path}: files: the checksum of {name} must be a SHA-256 of 64 digits")


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "Mapping[str, Any]": dict,
    "Mapping[str, str]": dict,
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
    """Write `card.json` into the set's folder, replacing one that is there whole or not at all."""
    text = json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False)
    partial = folder / f"{CARD}.partial"
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(folder / CARD)

"""The settings of a show: show.toml, read into frozen typed dataclasses.

Every key stands here once, with its type, its default, what it may hold (a `Kind`) and what it means:
the reader, its messages and the comments in a show file are all made of that.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import ipaddress
import itertools
import math
import os.path
import re
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import tomlkit

from calibration.sheet import Corners
from live.camera.dialects import LOCKABLE
from live.camera.drawings import DRAWING_NAMES
from live.mix import REGIONS, FadeShape
from models.faults import UsageFault
from models.palette import CLASS_NAMES
from models.tomlfile import TomlFile, read_toml, shown, shown_key

EngineName: TypeAlias = Literal["auto", "tensorrt", "tensorrt-rtx", "openvino", "onnxruntime"]
Fit: TypeAlias = Literal["letterbox", "fill"]
Inset: TypeAlias = Literal["auto", "always", "never"]
MidiApi: TypeAlias = Literal["auto", "alsa", "jack", "coremidi", "windows", "none"]
Takeover: TypeAlias = Literal["none", "pick-up", "scale"]


# What a key may hold


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key may hold.

    right: what a value must be, to stand behind "must be".
    read: the setting for a value from a TOML file; raises ValueError, with a reason where `right` may not
        be enough to see what is wrong.
    path: whether it may name a file or folder, which is then looked for beside the show file.
    """

    right: str
    read: Callable[[Any], Any]
    path: bool = False


def _number(low: float, high: float) -> Kind:
    def read(value: Any) -> float:
        # By exact type, here and below: to Python, true is a number too. NaN lies in no range.
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return Kind(f"a number from {low:g} to {high:g}", read)


def _whole(low: int, high: int, step: int = 1) -> Kind:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high or value % step:
            raise ValueError
        return value

    noun = "a whole number" if step == 1 else f"a multiple of {step}"
    return Kind(f"{noun} from {low} to {high}", read)


def _choice(*names: str) -> Kind:
    def read(value: Any) -> str:
        if type(value) is not str:
            raise ValueError
        if value not in names:
            near = difflib.get_close_matches(value, names, n=1)
            raise ValueError(f'did you mean "{near[0]}"?' if near else "")
        return value

    *most, last = (f'"{name}"' for name in names)
    return Kind(f"{', '.join(most)} or {last}", read)


def _text(right: str, pattern: str, path: bool = False) -> Kind:
    def read(value: Any) -> str:
        if type(value) is not str or not re.fullmatch(pattern, value, re.DOTALL):
            raise ValueError
        return value

    return Kind(right, read, path)


def _read_switch(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _read_source(value: Any) -> str:
    if type(value) is int and 0 <= value < 100:
        return str(value)
    return str(_NAME.read(value))


def _read_automatic(value: Any) -> Literal["auto"] | float:
    return "auto" if value == "auto" else float(_UNITS.read(value))


def _read_sets(value: Any) -> str | tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return str(_NAME.read(value))
    if not value:
        raise ValueError("this list is empty")
    for name in value:
        if not isinstance(name, str) or not name:
            raise ValueError(f"{shown(name)} in it is no such string")
    return tuple(value) if len(value) > 1 else str(value[0])


def _list(noun: str, read: Callable[[Any], str]) -> Kind:
    """A list of strings, each of which `read` takes or raises ValueError with what is wrong with it."""

    def read_all(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError
        return tuple(read(one) for one in value)

    return Kind(f"a list of {noun}", read_all)


def _read_target(value: Any) -> str:
    match = re.fullmatch(r"(\[[^\]]+\]|[^:\s]+):(\d{1,5})", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[2]) <= 65535:
        raise ValueError(f'{shown(value)} is no "host:port"')
    return str(value)


def _read_network(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError(f"{shown(value)} is neither an address nor a network") from None


def _read_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{shown(value)} in it is no such string")
    return value


def _read_corners(value: Any) -> Literal["auto"] | Corners:
    if value == "auto":
        return "auto"
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise ValueError
    points = []
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("a corner is a pair of numbers")
        points.append((_COORDINATE.read(pair[0]), _COORDINATE.read(pair[1])))
    # With y downwards, a positive cross product of one side and the next is a turn to the right.
    turns = []
    for i in range(4):
        (ax, ay), (bx, by), (cx, cy) = points[i], points[(i + 1) % 4], points[(i + 2) % 4]
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    if all(turn < 0 for turn in turns):
        raise ValueError("these run anticlockwise")
    if not all(turn > 0 for turn in turns):
        raise ValueError("these enclose no convex area")
    return points[0], points[1], points[2], points[3]


def _read_cue_number(value: Any) -> str:
    text = str(value) if type(value) is int and 0 <= value < 10**9 else value
    if (
        type(text) is not str
        or len(text) > 20
        or not re.fullmatch(r"[0-9][0-9A-Za-z]*([._-][0-9A-Za-z]+)*", text)
    ):
        raise ValueError
    return text


def _read_mix(value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    shares = tuple((name, float(_SHARE.read(share))) for name, share in value.items())
    total = sum(share for _, share in shares)
    if abs(total - 1.0) > 0.02:  # thirds are written as 0.33
        raise ValueError(f"these add up to {total:g}")
    return shares


def _read_regions(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise ValueError
    for region, city in value.items():
        if region not in REGIONS:
            near = difflib.get_close_matches(region, REGIONS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(REGIONS)}"
            raise ValueError(f"{shown_key(region)} is no region; {hint}")
        _NAME.read(city)
    return tuple(value.items())


def _read_messages(value: Any) -> tuple[tuple[str, tuple[object, ...]], ...]:
    if not isinstance(value, dict):
        raise ValueError
    messages = []
    for address, given in value.items():
        if not address.startswith("/"):
            raise ValueError(f'{shown_key(address)} is no address; they begin with /, as "/opacity"')
        arguments = tuple(given) if isinstance(given, list) else (given,)
        for one in arguments:
            if type(one) not in (str, bool, int, float) or (type(one) is float and not math.isfinite(one)):
                raise ValueError(f"{shown(address)} is {shown(given)}")
            if type(one) is int and abs(one) >= 1 << 63:
                raise ValueError(f"{shown(address)} is a huge number")
        messages.append((address, arguments))
    return tuple(messages)


_COORDINATE = _number(-100_000, 100_000)
_UNITS = _number(-100_000, 100_000)
_AUTOMATIC = Kind('"auto" or a number', _read_automatic)
_NAME = _text("a string that isn't empty", ".+")
_SWITCH = Kind("true or false", _read_switch)
_COLOUR = _text('a colour as "#rrggbb"', "#[0-9a-fA-F]{6}")
_SOURCE = Kind("a string that isn't empty or the number of a camera", _read_source, path=True)
_SETS = Kind("a string that isn't empty or a list of them", _read_sets, path=True)
_TOML_FILE = _text("the name of a .toml file or empty", r"|.+\.toml", path=True)
_PORT = _whole(0, 65535)
_LINE = _text("a string on one line", r"[^\x00-\x1f\x7f]*")
_SECONDS = _number(0, 3600)
_SHARE = _number(0, 1)
_CUE_NUMBER = Kind(
    'a number as 1 or 1.5, or a string that begins with a digit and goes on with letters, digits, ".", "-" '
    'and "_", as "10A"',
    _read_cue_number,
)
_MIX = Kind("a table of cities and their shares, from 0 to 1 and together 1", _read_mix)
_REGIONS = Kind(f"a table with cities for {', '.join(REGIONS[:-1])} or {REGIONS[-1]}", _read_regions)
_MESSAGES = Kind(
    "a table of addresses and values: numbers, strings, true, false or lists of them", _read_messages
)
_CORNERS = Kind('"auto" or [[x, y], [x, y], [x, y], [x, y]]', _read_corners)


# The settings: each key with its type, its kind, its meaning and its default


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    source: Annotated[
        str,
        _SOURCE,
        '"auto", the first camera that works, else the simulated sheet; "simulated"; "page", what is drawn '
        "in browsers at the page's address with /draw; the number or name of a camera; a video or picture "
        "file; or an address, http:// or rtsp://",
    ] = "auto"
    width: Annotated[int, _whole(16, 7680), "Pixels asked of the camera"] = 1280
    height: Annotated[int, _whole(16, 7680), "Pixels asked of the camera"] = 720
    fps: Annotated[float, _number(1, 240), "Frames per second asked of the camera"] = 30.0
    timeout: Annotated[
        float, _number(0.1, 3600), "Seconds without a new picture after which the camera is opened anew"
    ] = 2.0
    lock: Annotated[
        bool,
        _SWITCH,
        "Whether the automatics of a USB camera are held still, which change all colours on the sheet when "
        "a hand comes into view; what became of each stands in the operator's figures",
    ] = True
    exposure: Annotated[
        Literal["auto"] | float,
        _AUTOMATIC,
        "Locked at this, in the camera's own units, on Linux 100 µs; auto: at what it had when it was "
        "calibrated, else at what it finds in its first second. Where lamps or a projector make bands, a "
        "multiple of their period helps: 100 or 200 (10 or 20 ms) under mains of 50 Hz, 83 or 167 under "
        "60 Hz",
    ] = "auto"
    white_balance: Annotated[
        Literal["auto"] | float, _AUTOMATIC, "The same of its white balance, mostly in kelvins"
    ] = "auto"
    focus: Annotated[Literal["auto"] | float, _AUTOMATIC, "The same of its focus"] = "auto"
    gain: Annotated[Literal["auto"] | float, _AUTOMATIC, "The same of its gain"] = "auto"
    drawing: Annotated[str, _choice(*DRAWING_NAMES), "What is drawn on the simulated sheet"] = "town"
    seed: Annotated[
        int, _whole(0, 999_999), "The chance of the simulated sheet: the same seed, the same frames"
    ] = 1


@dataclass(frozen=True, slots=True)
class SheetSettings:
    """Where the sheet lies in the camera's picture. What `cities calibrate` has kept goes before."""

    corners: Annotated[
        Literal["auto"] | Corners,
        _CORNERS,
        '"auto", by the printed markers or the outline of a white paper on a darker table; or the corners '
        "of the drawing area in camera pixels, clockwise from the top left",
    ] = "auto"


@dataclass(frozen=True, slots=True)
class InkSettings:
    """The colour that each class has on paper, in sRGB. What `cities calibrate` has kept goes before."""

    ground: Annotated[str, _COLOUR, "Bare paper"] = "#f4f2ec"
    road: Annotated[str, _COLOUR, "The black marker"] = "#28282c"
    green: Annotated[str, _COLOUR, "The green marker"] = "#22904a"
    building: Annotated[str, _COLOUR, "The red marker"] = "#cc2a30"
    water: Annotated[str, _COLOUR, "The blue marker"] = "#2258b4"
    tolerance: Annotated[
        float, _number(0.1, 5), "Scales how far from every ink a colour may lie before it is unknown"
    ] = 1.0
    settle: Annotated[
        float, _number(0, 5), "Seconds for which a pixel must be read alike before it changes on the sheet"
    ] = 0.15


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """What `cities calibrate` found out: the sheet's place, its light and its inks."""

    file: Annotated[
        str,
        _TOML_FILE,
        "Where it is kept and looked for, beside this file unless a path says otherwise; empty for none",
    ] = "calibration.toml"


@dataclass(frozen=True, slots=True)
class CitySettings:
    """The cities, and the change from one to another."""

    set: Annotated[
        str | tuple[str, ...],
        _SETS,
        'A city set that came with the program, or the path of a folder such as "./mine"; or several, '
        "whose cities then stand side by side",
    ] = "small"
    city: Annotated[
        str, _text("a string", ".*"), "The city at the start by name, or empty for the first of the set"
    ] = ""
    fade: Annotated[float, _number(0, 60), "Seconds that a change of city takes"] = 2.0
    shape: Annotated[
        FadeShape,
        _choice(*get_args(FadeShape)),
        "Where a change of city comes first; wipe-left begins on the right, iris-out in the centre",
    ] = "morph"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What runs the generator."""

    name: Annotated[
        EngineName,
        _choice(*get_args(EngineName)),
        '"auto" is the fastest that works on this machine; TensorRT needs an NVIDIA GPU',
    ] = "auto"
    side: Annotated[
        int, _whole(64, 1024, step=16), "Pixels along the side of the labels and of the picture"
    ] = 512
    threads: Annotated[
        int, _whole(0, 64), "Threads of the generator; 0 is one less than the cores, at least one"
    ] = 0


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The projector."""

    display: Annotated[int, _whole(0, 15), "The number of the display, counted from 0"] = 0
    fullscreen: Annotated[bool, _SWITCH, "Whether it fills the display, else it is a window"] = True
    fit: Annotated[
        Fit,
        _choice(*get_args(Fit)),
        "The whole picture with black bars, or a full display with the rest cut off",
    ] = "letterbox"
    overlay: Annotated[bool, _SWITCH, "Whether the operator's figures (key H) show from the start"] = False
    inset: Annotated[
        Inset,
        _choice(*get_args(Inset)),
        "A small view of the sheet in the lower left corner; auto: with the operator's figures, and where "
        "no real camera looks at a sheet",
    ] = "auto"


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """How the show is steered."""

    osc_host: Annotated[
        str,
        _NAME,
        'The address that listens for OSC and OSCQuery; "0.0.0.0" is every network of this machine',
    ] = "127.0.0.1"
    osc_port: Annotated[int, _PORT, "The UDP and TCP port that listens for OSC; 0 is any free one"] = 9000
    osc_prefix: Annotated[
        str,
        _text('empty or an address such as "/cities"', r"|(/[^\s#*,/?\[\]{}]+)+"),
        "What stands before every OSC address of this machine, so that several can share a network",
    ] = ""
    osc_targets: Annotated[
        tuple[str, ...],
        _list('"host:port"', _read_target),
        "Who is told of every change by OSC without asking",
    ] = ()
    allow: Annotated[
        tuple[str, ...],
        _list('addresses or networks such as "192.168.1.0/24"', _read_network),
        "Who is heard by OSC and OSCQuery; empty is anybody",
    ] = ()
    oscquery_port: Annotated[
        int, _PORT, "The TCP port at which other programs find all controls (OSCQuery); 0 is any free one"
    ] = 9002
    go_interval: Annotated[
        float, _number(0, 10), "Seconds after a GO in which another one is taken for a bounce of the button"
    ] = 0.3


@dataclass(frozen=True, slots=True)
class MidiSettings:
    """MIDI controllers."""

    api: Annotated[
        MidiApi, _choice(*get_args(MidiApi)), '"auto" is the system\'s own MIDI; "none" hears no controller'
    ] = "auto"
    ports: Annotated[
        tuple[str, ...],
        _list("names", _read_name),
        "The controllers that are heard, by the beginnings of their names; empty for all",
    ] = ()
    file: Annotated[
        str, _TOML_FILE, "Where it is kept what the controllers were taught; empty for nowhere"
    ] = "midi.toml"
    takeover: Annotated[
        Takeover,
        _choice(*get_args(Takeover)),
        "What a fader does that doesn't stand where its control stands: none, it jumps there; pick-up, "
        "nothing until it has passed that place; scale, it closes the gap on its way",
    ] = "pick-up"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """The page: a web remote for a tablet or a phone."""

    host: Annotated[
        str,
        _NAME,
        'The address at which it is served; "0.0.0.0" is every network of this machine, and then the page '
        "asks for a token, which the operator's figures show",
    ] = "127.0.0.1"
    port: Annotated[int, _PORT, "Its TCP port; 0 is any free one"] = 8800
    token: Annotated[
        str,
        _text("empty or at least 8 letters and digits", r"|[A-Za-z0-9_-]{8,}"),
        "Who knows it may use the page from another machine; empty is one that the program makes and keeps",
    ] = ""
    drawing: Annotated[
        str,
        _text("the name of a .png file or empty", r"|.+\.png", path=True),
        'Where what is drawn in browsers is kept if camera.source is "page"; empty for nowhere',
    ] = "drawing.png"


def _nowhere(*_: str) -> str:
    return "show"


@dataclass(frozen=True, slots=True)
class CueSettings:
    """A cue as it is written: its cities and controls are names that nobody has looked up.

    where: the place of a key of it in the show file, without a key that of the whole cue, for the text of a
        fault.
    """

    number: Annotated[str, _CUE_NUMBER, "What it is called by, and told apart from the others"]
    name: Annotated[str, _LINE, "By which it may be called too"] = ""
    note: Annotated[str, _LINE, "What the operator reads while it is the next one and while it stands"] = ""
    city: Annotated[str, _NAME, "The city that gets the whole sheet"] = ""
    mix: Annotated[tuple[tuple[str, float], ...], _MIX, "Or several that share it everywhere"] = ()
    region: Annotated[
        tuple[tuple[str, str], ...],
        _REGIONS,
        "Parts of the sheet that other cities get, the later over the earlier",
    ] = ()
    fade: Annotated[float | None, _SECONDS, "Seconds that it takes; left out, as the show is set"] = None
    shape: Annotated[
        FadeShape | None,
        _choice(*get_args(FadeShape)),
        "Where it comes first; left out, as the show is set",
    ] = None
    wait: Annotated[float, _SECONDS, "Seconds from GO until it starts"] = 0.0
    follow: Annotated[
        float | None,
        _SECONDS,
        "Seconds from its start until the next cue goes by itself; left out, never",
    ] = None
    set: Annotated[
        tuple[tuple[str, tuple[object, ...]], ...],
        _MESSAGES,
        "Other controls by their addresses, set in this order when it starts",
    ] = ()
    where: Callable[..., str] = field(default=_nowhere, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a show; each field is a table of show.toml, but the cues, each of which is one.

    cues: in the order written.
    """

    camera: CameraSettings = field(default_factory=CameraSettings)
    sheet: SheetSettings = field(default_factory=SheetSettings)
    inks: InkSettings = field(default_factory=InkSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    cities: CitySettings = field(default_factory=CitySettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    midi: MidiSettings = field(default_factory=MidiSettings)
    page: PageSettings = field(default_factory=PageSettings)
    cues: tuple[CueSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class _Key:
    kind: Kind
    meaning: str


_TABLES: dict[str, type[Any]] = {n: hint for n, hint in get_type_hints(Settings).items() if n != "cues"}
_CUE = "cue"
"""The array of tables that holds the cues."""
_KEYS: dict[str, dict[str, _Key]] = {
    table: {
        name: _Key(*hint.__metadata__)
        for name, hint in get_type_hints(settings, include_extras=True).items()
        if hasattr(hint, "__metadata__")
    }
    for table, settings in {**_TABLES, _CUE: CueSettings}.items()
}


# Reading


_INSTALLED_SHOW = Path(__file__).resolve().with_name("show.toml")
_CHECKED_OUT_SHOW = _INSTALLED_SHOW.parent.with_name("show.toml")
"""Where the show file that comes with the program is in a wheel, and in a checkout."""


def default_show_path() -> Path:
    """The show file of the working folder, else the one that came with the program."""
    for path in (Path("show.toml"), _INSTALLED_SHOW):
        if path.is_file():
            return path
    return _CHECKED_OUT_SHOW


def _folder_of(path: Path) -> Path:
    """What paths in a show file are relative to: its folder, but never that of the program itself."""
    return Path.cwd() if path in (_INSTALLED_SHOW, _CHECKED_OUT_SHOW) else path.absolute().parent


def _at_home(folder: Path) -> Settings:
    """The default settings of a show file in this folder."""
    defaults = Settings()
    return dataclasses.replace(
        defaults,
        calibration=CalibrationSettings(str(_located(defaults.calibration.file, folder))),
        midi=MidiSettings(file=str(_located(defaults.midi.file, folder))),
        page=PageSettings(drawing=str(_located(defaults.page.drawing, folder))),
    )


def load_settings(path: Path | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of a show file.

    path: the show file; None: `default_show_path()`.
    overrides: what the command line sets, by key ('camera.source'); None leaves a key as the file has it.
        Paths among them are relative to the working folder, paths in the file to the file.

    Raises InputFault if the file can't be read, UsageFault if it isn't TOML, has an unknown key or a value
    that can't be meant.
    """
    path = path or default_show_path()
    file = read_toml(path, "show file")
    folder = _folder_of(path)
    tables = {table: values for table, values in file.data.items() if table != _CUE}
    settings = _changed(_at_home(folder), tables, lambda key: file.where(*key), folder)
    settings = dataclasses.replace(settings, cues=_cues(file))
    given: dict[str, Any] = {}
    for key, value in (overrides or {}).items():
        if value is not None:
            table, _, name = key.partition(".")
            given.setdefault(table, {})[name] = value
    return _changed(settings, given, lambda _: "command line", Path.cwd())


def _changed(
    settings: Settings, data: Mapping[str, Any], where: Callable[[tuple[str, ...]], str], folder: Path
) -> Settings:
    """`settings` with the values of `data`, tables of keys; paths among them are relative to `folder`.

    where: the place at which a key was written, for the text of a fault.
    """
    tables = {}
    for table, values in data.items():
        if table not in _KEYS:
            raise UsageFault(f"{where((table,))}: {_unknown(table)}")
        if not isinstance(values, dict):
            raise UsageFault(
                f"{where((table,))}: {table} is {shown(values)} and must be a table, [{table}]"
            )
        changes = {}
        for name, value in values.items():
            read = _read(table, name, value, functools.partial(where, (table, name)))
            changes[name] = _located(read, folder) if _KEYS[table][name].kind.path else read
        tables[table] = dataclasses.replace(getattr(settings, table), **changes)
    settings = dataclasses.replace(settings, **tables)
    if "camera" in data and not settings.camera.lock:
        for name in LOCKABLE:
            value = getattr(settings.camera, name)
            if value != "auto":
                place = where(("camera", name if name in data["camera"] else "lock"))
                raise UsageFault(
                    f"{place}: camera.{name} is {value:g}, at which nothing is locked while camera.lock is "
                    f'false; make camera.lock true or camera.{name} "auto"'
                )
    if "inks" in data:
        for one, other in itertools.combinations(CLASS_NAMES, 2):
            colour = getattr(settings.inks, one)
            if colour.lower() == getattr(settings.inks, other).lower():
                place = where(("inks", other if other in data["inks"] else one))
                raise UsageFault(f"{place}: inks.{one} and inks.{other} are both {colour} and must differ")
    return settings


def _read(table: str, name: str, value: Any, where: Callable[[], str]) -> Any:
    """The setting for the value of a key. where: the place at which it was written."""
    if name not in _KEYS[table]:
        raise UsageFault(f"{where()}: {_unknown(table, name)}")
    kind = _KEYS[table][name].kind
    try:
        return kind.read(value)
    except ValueError as error:
        reason = f" ({error})" if str(error) else ""
        problem = f"{table}.{name} is {shown(value)} and must be {kind.right}{reason}"
        raise UsageFault(f"{where()}: {problem}") from None


def _cues(file: TomlFile) -> tuple[CueSettings, ...]:
    """The cues of a show file, in the order written."""
    written = file.data.get(_CUE, [])
    if not isinstance(written, list) or not all(isinstance(values, dict) for values in written):
        raise UsageFault(f"{file.where(_CUE)}: cue is {shown(written)} and must be tables, each [[cue]]")
    # 1.10 is another cue than 1.1, so numbers are taken as they are written.
    texts = tomllib.loads(file.text, parse_float=str).get(_CUE, [])
    cues: list[CueSettings] = []
    for index, values in enumerate(written):
        where = functools.partial(file.where, _CUE, index)
        if "number" not in values:
            raise UsageFault(f"{where()}: this cue has no number, and must have one, as number = 1")
        as_written = {**values, "number": texts[index]["number"]}
        cue = CueSettings(
            **{
                name: _read(_CUE, name, v, functools.partial(where, name)) for name, v in as_written.items()
            },
            where=where,
        )
        for other in cues:
            if other.number.casefold() == cue.number.casefold():
                place = other.where("number")
                raise UsageFault(
                    f"{where('number')}: cue.number is {cue.number}, as at {place}, and must differ"
                )
        if cue.city and cue.mix:
            raise UsageFault(
                f"{where('mix')}: cue {cue.number} has a city and a mix, and can have one of them"
            )
        if cue.region and not (cue.city or cue.mix):
            raise UsageFault(
                f"{where('region')}: cue {cue.number} has a region alone, and must say with city or mix "
                "what the rest of the sheet shows"
            )
        cues.append(cue)
    return tuple(cues)


def _located(value: str | tuple[str, ...], folder: Path) -> str | tuple[str, ...]:
    """`value` as a path under `folder`, if it looks like one: by a separator or a file's suffix."""
    if isinstance(value, tuple):
        return tuple(str(_located(one, folder)) for one in value)
    if "://" in value or not (Path(value).name != value or re.search(r"\.[A-Za-z]\w{1,4}$", value)):
        return value
    return str(folder / os.path.expanduser(value))  # noqa: PTH111 - which raises where there is no such home


def _unknown(table: str, name: str = "") -> str:
    """What is wrong with a table or key that there isn't, and which one may have been meant."""
    keys = {f"{t}.{k}": k for t, names in _KEYS.items() for k in names}
    word = shown_key(table) + (f".{shown_key(name)}" if name else "")
    if not name:
        near = [_header(t) for t in difflib.get_close_matches(word, _KEYS, 1)]
        near += [full for full, key in keys.items() if key == table]
    else:
        near = [full for full, key in keys.items() if key == name]
        near += difflib.get_close_matches(word, keys, 1)
    if near:
        return f"{word} is not a setting; did you mean {near[0]}?"
    if name:
        return f"{word} is not a setting; {_header(table)} has {', '.join(_KEYS[table])}"
    return f"{word} is not a setting; a show has {', '.join(map(_header, _KEYS))}"


def _header(table: str) -> str:
    return f"[[{table}]]" if table == _CUE else f"[{table}]"


# Writing


def dump_settings(settings: Settings, folder: Path | None = None) -> str:
    """The whole configuration as the text of a show file, each key with its comment.

    folder: where the file will stand; paths below it are written relative to it, so that the folder can be
    moved. `load_settings` makes the same settings of the text there; without a folder, where all paths are
    absolute.
    """
    lines = ["# A show of Invisible Cities. A key that is left out has the value that it has here."]
    for table, settings_of_table in _TABLES.items():
        lines += ["", f"# {settings_of_table.__doc__}", f"[{table}]"]
        for name, key in _KEYS[table].items():
            value = getattr(getattr(settings, table), name)
            if key.kind.path and folder is not None:
                value = _from(folder, value)
            lines += _comment(f"{key.meaning} ({key.kind.right}).")
            lines.append(f"{name} = {tomlkit.item(value).as_string()}")
    lines += ["", *_comment(_CUE_LIST)]
    for name, key in _KEYS[_CUE].items():
        lines += _comment(f"{name}: {key.meaning} ({key.kind.right}).", indent="  ")
    if not settings.cues:
        lines += ["#", *(f"# {line}" for line in _cue_lines(_EXAMPLE))]
    for cue in settings.cues:
        lines += ["", *_cue_lines(cue)]
    return "\n".join(lines) + "\n"


_CUE_LIST: Final = (
    "The cues, each a table [[cue]], in the order in which GO plays them; docs/cues.md tells how. All keys "
    "but the number may be left out, and then leave things as they are:"
)
_EXAMPLE: Final = CueSettings("1", "Opening", "When the lights go down", city="dubai", fade=5.0)


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="# ", subsequent_indent=f"# {indent}")


def _cue_lines(cue: CueSettings) -> list[str]:
    """A cue as the lines of a show file, without the keys that say nothing."""
    lines = ["[[cue]]"]
    for key in dataclasses.fields(cue):
        value = getattr(cue, key.name)
        if key.name == "number":
            plain = re.fullmatch(r"(0|[1-9]\d*)(\.\d+)?", value)
            lines.append(f"number = {value if plain else tomlkit.item(value).as_string()}")
        elif key.name in _KEYS[_CUE] and value != key.default:
            lines.append(f"{key.name} = {_as_toml(value)}")
    return lines


def _as_toml(value: Any) -> str:
    """The value of a cue's key; a tuple is a table."""
    if isinstance(value, tuple):
        table = tomlkit.inline_table()
        for name, one in value:
            arguments = one if isinstance(one, tuple) else (one,)
            table.append(name, arguments[0] if len(arguments) == 1 else list(arguments))
        value = table
    return str(tomlkit.item(value).as_string())


def _from(folder: Path, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """What `_located` makes `value` of, as short as that may be."""
    if isinstance(value, tuple):
        return tuple(str(_from(folder, one)) for one in value)
    if "://" in value or not Path(value).is_relative_to(folder):
        return value
    short = Path(value).relative_to(folder).as_posix()
    return short if _located(short, folder) == value else f"./{short}"

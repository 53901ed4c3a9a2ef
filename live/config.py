"""The settings of a show: show.toml, read into frozen typed dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    source: str = "auto"
    """auto | simulated | a number | a device name | a file | an address (http://, rtsp://)"""
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    timeout: float = 2.0
    """Seconds without a new picture after which the camera is opened anew."""
    drawing: str = "town"
    """What is drawn on the simulated sheet."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SheetSettings:
    corners: Literal["auto"] | Corners = "auto"
    """auto (four printed markers), or the drawing area's corners in camera pixels, clockwise from the top left"""


@dataclass(frozen=True, slots=True)
class InkSettings:
    """Inks as sRGB colours under this camera, '#rrggbb'."""

    ground: str = "#f4f2ec"
    road: str = "#28282c"
    green: str = "#22904a"
    building: str = "#cc2a30"
    water: str = "#2258b4"
    tolerance: float = 1.0
    """Scales how far from every ink a colour may lie before it is unknown."""
    settle: float = 0.2
    """Seconds for which a pixel must be read alike before it changes on the sheet."""


@dataclass(frozen=True, slots=True)
class CitySettings:
    set: str = "small"
    """Name of a shipped city set, or the path of a folder."""
    city: str = ""
    """The city at the start, by name; empty: the first of the set."""
    fade: float = 2.0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    name: Literal["auto", "openvino", "onnxruntime"] = "auto"
    side: int = 256
    threads: int = 0
    """0: one less than the cores, at least one."""


@dataclass(frozen=True, slots=True)
class OutputSettings:
    display: int = 0
    fullscreen: bool = True
    fit: Literal["letterbox", "fill"] = "letterbox"
    overlay: bool = False


@dataclass(frozen=True, slots=True)
class ControlSettings:
    osc_host: str = "127.0.0.1"
    osc_port: int = 9000


@dataclass(frozen=True, slots=True)
class Settings:
    camera: CameraSettings = field(default_factory=CameraSettings)
    sheet: SheetSettings = field(default_factory=SheetSettings)
    inks: InkSettings = field(default_factory=InkSettings)
    cities: CitySettings = field(default_factory=CitySettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    control: ControlSettings = field(default_factory=ControlSettings)

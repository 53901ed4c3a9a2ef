"""Sources that are devices, files or streams: OpenCV for devices and stills, FFmpeg (PyAV) for the rest.

PyAV rather than OpenCV's own FFmpeg: it takes options and time-outs for each stream, tells why an opening
failed, knows the time of every picture of a file, and prints nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from live.camera.base import UNLOCKED, Locked
from live.camera.dialects import DSHOW, V4L2, Dialect
from live.camera.lock import Kept, Lock
from live.clock import Clock
from models.faults import DeviceFault, InputFault

_HOLD: Final = 0.08
"""Seconds after which a file brings its last picture again if the next one isn't due, so that slides which
stand for long aren't taken for a stall; and that it may spend on dropping pictures that come too late."""

_OPEN_PATIENCE: Final = 10.0
"""Seconds within which a server must have answered and sent what it takes to know the stream."""

_LOCK_PATIENCE: Final = 6.0
"""Seconds for which the first picture may be kept back, at the most, while a camera is being locked; it
takes 1.7 as a rule, and more where what it says of itself is wrong and must be searched for."""

_DEVICES: Final = Path("/sys/class/video4linux")


# ── USB cameras ──────────────────────────────────────────────────────────────────────────────────────────


class UvcSource:
    """A camera that the system knows by number.

    number: as OpenCV counts (on Linux, that of /dev/video*).
    width, height, fps: asked for; what the camera makes of it shows in `describe`.
    clock: by which the lock waits.
    name: what the device calls itself, or "" if the system doesn't tell.
    lock: values at which its automatics are to be locked (`live.camera.lock.Lock`), by name; those without
        a value are locked at what they find by themselves. None: it is left as it is.
    kept: where the locked values are kept once they are verified, and from where they are taken first: the
        next opening of the same camera then shows the same colours. None: they are forgotten.

    Raises DeviceFault if there is no such camera, it can't be opened or it brings no picture.
    """

    live = True

    def __init__(
        self,
        number: int,
        *,
        width: int,
        height: int,
        fps: float,
        clock: Clock,
        name: str = "",
        lock: Mapping[str, float] | None = None,
        kept: Kept | None = None,
    ) -> None:
        self.name = uvc_name(number, name)
        self._what = f"USB camera {number}" + (f" ({name})" if name else "")
        self._clock = clock
        if sys.platform.startswith("linux"):
            _check_node(number, self._what)
        # Whoever starts the show shall read our sentence alone.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._capture = cv2.VideoCapture(number, _backend())
        if not self._capture.isOpened():
            raise DeviceFault(f"{self._what} can't be opened: it isn't there, or another program holds it")
        # The code first: most cameras offer 720p at 30 fps as MJPEG only, and refuse the size otherwise.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        # Many a device opens that brings nothing: a camera's second node, an idle virtual camera.
        self._first = self._grab()
        if self._first is None:
            self.close()
            raise DeviceFault(f"{self._what} opens, but gives no picture")
        self._size = f"{self._first.shape[1]}×{self._first.shape[0]}"
        self._kept = Kept() if kept is None else kept
        self._lock = None if lock is None else Lock(self._capture, _dialect(), lock, self._kept)
        # A picture from which the automatics are still settling would be read in the wrong colours.
        end = clock.now() + _LOCK_PATIENCE
        while self._first is not None and self._lock and not self._lock.ready and clock.now() < end:
            self._lock.look(self._first, clock.now())
            self._first = self._grab()
        if self._first is None:
            self.close()
            raise DeviceFault(f"{self._what} gives no more pictures")

    def read(self) -> NDArray[np.uint8] | None:
        first, self._first = self._first, None
        bgr = self._grab() if first is None else first
        if bgr is not None:
            self._size = f"{bgr.shape[1]}×{bgr.shape[0]}"
            if self._lock is not None and not self._lock.done:
                self._lock.look(bgr, self._clock.now())
                if self._lock.done:
                    self._lock.keep(self._kept)
        return bgr

    def _grab(self) -> NDArray[np.uint8] | None:
        good, bgr = self._capture.read()
        return np.asarray(bgr, dtype=np.uint8) if good else None

    def close(self) -> None:
        self._capture.release()

    @property
    def locked(self) -> Locked:
        return UNLOCKED if self._lock is None else Locked(self._lock.sentence, self._lock.values)

    def describe(self) -> str:
        return f"{self._what}, {self._size}"


def uvc_name(number: int, name: str) -> str:
    """What a camera is called that calls itself so, or "" where that isn't known."""
    return name or f"USB camera {number}"


def _dialect() -> Dialect:
    """How the backend of this system speaks of a camera's automatics."""
    return DSHOW if _backend() == cv2.CAP_DSHOW else V4L2


def _backend() -> int:
    """The one backend of this system: with CAP_ANY, OpenCV would go through all of them for each number."""
    if sys.platform == "darwin":
        return cv2.CAP_AVFOUNDATION
    if sys.platform == "win32":
        return cv2.CAP_DSHOW
    return cv2.CAP_V4L2


def _check_node(number: int, what: str) -> None:
    node = Path(f"/dev/video{number}")
    if not node.exists():
        names = device_names()
        there = ", ".join(f"{n} ({name})" for n, name in names.items())
        raise DeviceFault(
            f"{what} isn't there; " + (f"connected: {there}" if there else "none is connected")
        )
    if not os.access(node, os.R_OK | os.W_OK):
        raise DeviceFault(f"{what} may not be opened by this user; being in the group 'video' helps")


def device_names(root: Path = _DEVICES) -> dict[int, str]:
    """The video devices that Linux knows, by number, with the names that they give themselves.

    A camera may have several nodes of one name, of which one brings pictures. Empty on other systems.
    """
    names = {}
    for node in root.glob("video*"):
        number = node.name.removeprefix("video")
        if number.isdecimal():
            try:
                names[int(number)] = (node / "name").read_text(errors="replace").strip()
            except OSError:  # unplugged just now
                continue
    return dict(sorted(names.items()))


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────


class StillSource:
    """A photo, brought again and again, always the same array.

    Raises InputFault if the file isn't there or isn't a photo.
    """

    live = False
    locked = UNLOCKED

    def __init__(self, path: Path, *, fps: float, clock: Clock) -> None:
        try:
            encoded = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        except OSError as error:
            raise _unreadable(path, error) from error
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if len(encoded) else None
        if bgr is None:
            raise InputFault(f"{path} is broken: it can't be read as a picture")
        self._bgr = np.asarray(bgr, dtype=np.uint8)
        self._bgr.flags.writeable = False
        self.name = f"picture {path.name}"
        self._period = 1.0 / fps
        self._clock = clock
        self._due = clock.now()

    def read(self) -> NDArray[np.uint8]:
        now = self._clock.now()
        self._clock.sleep(self._due - now)
        self._due = max(self._due, now) + self._period
        return self._bgr

    def close(self) -> None:
        """Nothing is held open."""

    def describe(self) -> str:
        return f"{self.name}, {self._bgr.shape[1]}×{self._bgr.shape[0]}"


class VideoSource:
    """A video file, played at its own pace, again and again.

    A picture is brought when the clock says that it is due; those that come too late are dropped.
    Raises InputFault if the file isn't there, isn't a video or holds no picture.
    """

    live = False
    locked = UNLOCKED

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.name = f"video {path.name}"
        self._path = path
        self._clock = clock
        self._container: Any = None
        self._length = 0.0  # seconds, once it was played to its end
        self._pictures = self._open()
        self._next = next(self._pictures, None)
        if self._next is None:
            self.close()
            raise InputFault(f"{path} holds no picture that can be read")
        self._size = f"{self._next[1].width}×{self._next[1].height}"
        self._shown: NDArray[np.uint8] | None = None
        self._start = clock.now()

    def _open(self) -> Iterator[tuple[float, Any]]:
        """The file's pictures from the first, each with its seconds since the first."""
        try:
            self._container = av.open(str(self._path))
        except OSError as error:
            raise _unreadable(self._path, error) from error
        except av.error.FFmpegError as error:
            raise InputFault(f"{self._path} is neither a video nor a picture that can be read") from error
        # To FFmpeg, a text is a film of a terminal.
        if not self._container.streams.video or self._container.format.name == "tty":
            self.close()
            raise InputFault(f"{self._path} holds no pictures")
        return self._decode()

    def _decode(self) -> Iterator[tuple[float, Any]]:
        stream = self._container.streams.video[0]
        period = float(1 / (stream.average_rate or 25))
        first = None
        time = -period
        try:
            for picture in _pictures(self._container):
                if picture.time is None:  # a bare stream without a clock
                    time += period
                else:
                    first = picture.time if first is None else first
                    time = picture.time - first
                yield time, picture
        except av.error.FFmpegError:
            pass  # a file that was cut off is played as far as it goes
        self._length = time + period

    def read(self) -> NDArray[np.uint8] | None:
        entered = self._clock.now()
        while True:
            if self._next is None:
                # The end: from the beginning, at the time at which the next picture would have come; if the
                # file can't be played as fast as it should, then now.
                self.close()
                self._start = max(self._start + self._length, entered)
                self._pictures = self._open()
                self._next = next(self._pictures, None)
                if self._next is None:
                    return None
            time, picture = self._next
            wait = self._start + time - self._clock.now()
            if wait > _HOLD and self._shown is not None:
                self._clock.sleep(_HOLD)
                return self._shown
            self._clock.sleep(wait)
            self._next = next(self._pictures, None)
            now = self._clock.now()
            late = self._next is not None and self._start + self._next[0] <= now
            if not late or now - entered > _HOLD:
                self._shown = _bgr(picture)
                return self._shown

    def close(self) -> None:
        if self._container is not None:
            self._container.close()

    def describe(self) -> str:
        return f"{self.name}, {self._size}"


def _unreadable(path: Path, error: OSError) -> InputFault:
    if isinstance(error, FileNotFoundError):
        return InputFault(
            f"{path} isn't there; a camera's source is a file, a number, a name or an address"
        )
    return InputFault(f"{path} can't be read: {(error.strerror or str(error)).lower()}")


# ── Streams ──────────────────────────────────────────────────────────────────────────────────────────────


class StreamSource:
    """A stream from the network, shown as it comes: MJPEG over HTTP, or RTSP.

    address: http://, https:// or rtsp://, with user and password if the server wants them.
    timeout: seconds of silence after which `read` raises.

    Raises DeviceFault if nobody answers or what comes isn't video.
    """

    live = True
    locked = UNLOCKED

    def __init__(self, address: str, *, timeout: float) -> None:
        self.name = f"stream {public(address)}"
        # As little as possible between the camera and us: nothing is kept back, and the kind of the stream
        # is told from its very beginning.
        options = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "0", "fpsprobesize": "0"}
        if address.startswith("rtsp"):
            # Over UDP a lost packet leaves a smear on the sheet; and many networks let TCP alone through.
            options["rtsp_transport"] = "tcp"
        try:
            self._container = av.open(address, options=options, timeout=(_OPEN_PATIENCE, timeout))
        except (av.error.FFmpegError, OSError) as error:
            raise DeviceFault(f"the {self.name} can't be opened: {_reason(error)}") from error
        if not self._container.streams.video:
            self.close()
            raise DeviceFault(f"the {self.name} holds no pictures")
        self._pictures = _pictures(self._container)

    def read(self) -> NDArray[np.uint8] | None:
        try:
            picture = next(self._pictures, None)
        except (av.error.FFmpegError, OSError) as error:
            raise DeviceFault(f"the {self.name} has failed: {_reason(error)}") from error
        return None if picture is None else _bgr(picture)

    def close(self) -> None:
        self._container.close()

    def describe(self) -> str:
        return self.name


def public(address: str) -> str:
    """An address without the secrets that cameras like to have in it: user, password and query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.ExitError):  # what FFmpeg says when its time is up
        return "no answer in time"
    # Not str(error), which holds the whole address.
    return (getattr(error, "strerror", None) or type(error).__name__).lower()


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────


def _pictures(container: Any) -> Iterator[av.VideoFrame]:
    """The pictures of what was opened; packets that can't be decoded are passed over.

    There is one whenever a network lost something, and there are many where a stream is joined between two
    of its key frames; neither is a reason to open it anew.
    """
    for packet in container.demux(video=0):
        with contextlib.suppress(av.error.InvalidDataError):
            yield from packet.decode()


def _bgr(picture: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)

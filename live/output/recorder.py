"""A recording of what the audience sees, as an H.264 mp4."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from live.flow import Newest
from live.output.compose import Fit, compose
from models.faults import InputFault

_TICKS = 90_000
_X264 = {"preset": "veryfast", "tune": "zerolatency", "crf": "20"}
# In fragments until it is closed, each packet at once: what a power cut leaves can be played, and a full
# disk is noticed. (Without empty_moov, FFmpeg 8 crashes when such a file is closed empty.)
_MP4 = {"movflags": "hybrid_fragmented+frag_keyframe+empty_moov", "flush_packets": "1"}
_BT709 = 1


class Recorder:
    """Writes pictures as they come, each at its own time, without ever holding up the show.

    A thread composes, encodes and writes; what comes while it is busy replaces what waits. The operator's
    overlay is not in the recording.
    """

    def __init__(
        self, path: Path, size: tuple[int, int] = (1280, 720), fps: float = 30.0, fit: Fit = "letterbox"
    ) -> None:
        """size: (width, height) in pixels, both even; fps: how many pictures a second to expect.

        Raises InputFault if the file can't be written.
        """
        if path.suffix.lower() != ".mp4":
            raise InputFault(f"{path}: recordings are written as .mp4, so give a name that ends like that")
        self._path = path
        self._size = size
        self._fit: Fit = fit
        self._waiting: Newest[tuple[NDArray[np.uint8], float, NDArray[np.uint8] | None]] = Newest()
        self._ending = threading.Event()
        self._first: float | None = None
        self._last_tick = -1
        self.written = 0
        self.note = ""
        """One sentence for the operator once the recording has stopped by itself, else empty."""
        try:
            self._file = av.open(path, "w", format="mp4", options=_MP4)
            self._stream = self._add_stream(round(fps))
            self._file.start_encoding()
        except OSError as error:
            raise InputFault(f"{path}: can't record there ({error.strerror}).") from error
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def _add_stream(self, fps: int) -> av.VideoStream:
        stream = self._file.add_stream("libx264", rate=fps, options=_X264)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.time_base = Fraction(1, _TICKS)
        codec.gop_size = 2 * fps
        codec.thread_count = 1
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = ColorRange.MPEG
        return stream

    def put(self, rgb: NDArray[np.uint8], at: float, inset: NDArray[np.uint8] | None = None) -> None:
        """Record a picture (uint8 (H, W, 3) RGB, any size, not written to again), shown at `at`, with the
        view of the sheet that the audience had."""
        self._waiting.put((rgb, at, inset))

    @property
    def dropped(self) -> int:
        """How many pictures came while the encoder was busy and were replaced by the next."""
        return self._waiting.replaced

    def close(self) -> None:
        """Write what waits and end the file; may be called twice."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._file:
                while not self._ending.is_set():
                    self._write(self._waiting.take(timeout=0.1))
                self._write(self._waiting.take())
                self._file.mux(self._stream.encode())
        except OSError as error:
            self.note = f"{self._path}: the recording has stopped ({error.strerror}); the show goes on."

    def _write(self, item: tuple[NDArray[np.uint8], float, NDArray[np.uint8] | None] | None) -> None:
        if item is None:
            return
        rgb, at, inset = item
        if self._first is None:
            self._first = at
        frame = av.VideoFrame.from_ndarray(compose(rgb, (), self._size, self._fit, inset), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        # A clock may stand still between two pictures; a film's can't.
        self._last_tick = max(self._last_tick + 1, round((at - self._first) * _TICKS))
        frame.pts = self._last_tick
        frame.time_base = Fraction(1, _TICKS)
        self._file.mux(self._stream.encode(frame))
        self.written += 1

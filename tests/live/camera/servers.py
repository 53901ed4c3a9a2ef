"""Network cameras on loopback, which can be made to misbehave."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal

import av
import cv2
import numpy as np

from live.flow import Frame

PERIOD = 0.02
"""Seconds between two pictures of a server."""


def jpeg(level: int, width: int = 160, height: int = 120) -> bytes:
    """A grey picture of that level, as JPEG."""
    good, encoded = cv2.imencode(".jpg", np.full((height, width, 3), level, dtype=np.uint8))
    assert good
    return encoded.tobytes()


def level_of(frame: Frame) -> int:
    """The grey level of a frame of `jpeg`."""
    return round(float(frame.bgr.mean()))


class Server:
    """Listens on a port of loopback that stays the same; its handler knows it as `server.camera`.

    mode: whether its pictures change, repeat or don't come at all.
    connections: how many came so far.
    """

    scheme = ""
    handler: type[socketserver.BaseRequestHandler]

    def __init__(self) -> None:
        self.mode: Literal["moving", "frozen", "silent"] = "moving"
        self.connections = 0
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.back()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._port}/camera"

    def back(self) -> None:
        """Serve (again)."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self.handler)
        self._server.daemon_threads = True
        self._server.camera = self  # type: ignore[attr-defined]
        self._port = self._server.server_port
        self.on = threading.Event()
        self.on.set()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def cut(self) -> None:
        """Stop serving, and drop who is served."""
        if self._server is not None:
            self.on.clear()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def levels(self) -> Iterator[int]:
        """A grey level for each picture, when it is due; ends with the service."""
        count = 0
        while self.on.is_set():
            if self.mode != "silent":
                yield 60 + 10 * (count % 10)
                count += self.mode == "moving"
            time.sleep(PERIOD)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()


class _MjpegHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        camera: Server = self.server.camera  # type: ignore[attr-defined]
        camera.connections += 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with suppress(OSError):
            for level in camera.levels():
                data = jpeg(level)
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")

    def log_message(self, *_: Any) -> None:
        pass


class MjpegServer(Server):
    """A network camera that sends MJPEG over HTTP."""

    scheme = "http"
    handler = _MjpegHandler


class _RtspHandler(socketserver.StreamRequestHandler):
    """As much of RTSP (RFC 2326) as one client needs that wants its RTP through the same connection."""

    SDP: Final = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
        "a=control:video\r\n"
    )

    CODING: Final = {"preset": "ultrafast", "tune": "zerolatency", "g": "10"}

    def handle(self) -> None:
        camera: Server = self.server.camera  # type: ignore[attr-defined]
        camera.connections += 1
        with suppress(OSError):
            while request := self._request():
                method, sequence = request
                head, body = f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n", ""
                if method == "DESCRIBE":
                    body = self.SDP
                    head += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif method == "SETUP":
                    head += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
                self.wfile.write(f"{head}\r\n{body}".encode())
                if method == "PLAY":
                    self._play(camera)
                    return

    def _request(self) -> tuple[str, str] | None:
        """Method and sequence number of the next request; None when the client has gone."""
        first = self.rfile.readline().decode()
        sequence = ""
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            if name.lower() == "cseq":
                sequence = value.strip()
        return (first.split()[0], sequence) if first.strip() else None

    def _play(self, camera: Server) -> None:
        # FFmpeg makes RTP packets of H.264 and sends them to this socket; from here they go into the
        # connection, each behind a '$', its channel and its length. As with many a camera, nothing but the
        # stream itself tells the size, and it is joined in the midst of a group of pictures.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
            packets.bind(("127.0.0.1", 0))
            packets.setblocking(False)
            target = f"rtp://127.0.0.1:{packets.getsockname()[1]}"
            with av.open(target, "w", format="rtp") as sender:
                stream = sender.add_stream("libx264", rate=round(1 / PERIOD), options=self.CODING)
                stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
                for count, level in enumerate(camera.levels()):
                    grey = np.full((120, 160, 3), level, dtype=np.uint8)
                    sender.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
                    time.sleep(0.001)  # for the packets to arrive
                    with suppress(BlockingIOError):
                        while True:
                            packet = packets.recv(65536)
                            if count >= 5:
                                self.wfile.write(b"$\0" + len(packet).to_bytes(2, "big") + packet)


class RtspServer(Server):
    """A network camera that sends H.264 by RTP over its RTSP connection."""

    scheme = "rtsp"
    handler = _RtspHandler

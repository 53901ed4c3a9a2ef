"""The whole show, end to end: camera, reading, generator and output, without a window."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import Any, Final

from rich.console import Console

from live.clock import MonotonicClock
from live.config import load_settings
from live.opening import opened_show

WARM_UP: Final = 3.0
"""Seconds before the measuring begins: the sheet is found and every cache is warm."""


def bench_show(side: int, seconds: float, camera: str) -> dict[str, Any]:
    """Run the show headless for `seconds` and measure it.

    Returns fps (camera frames shown a second), camera_fps (frames that the camera delivered a second),
    dropped (frames delivered that were never shown), latency_ms (p50, p95, max from grab to flip),
    stages_ms (median of each), and what was measured.
    """
    ports = {"control.osc_port": 0, "control.oscquery_port": 0, "page.port": 0}
    settings = load_settings(None, {"camera.source": camera, "engine.side": side, **ports})
    clock = MonotonicClock()
    with opened_show(settings, clock, headless=True) as stage, Console(stderr=True).status("") as status:
        status.update("warming up")
        camera_status = stage.parts.camera.status
        begun, delivered, measuring = clock.now(), 0, False
        with closing(stage.turns()) as turns:
            for now in turns:
                if not measuring and now - begun >= WARM_UP:
                    status.update(f"measuring for {seconds:g} s")
                    begun, delivered, measuring = now, camera_status().delivered, True
                    stage.restart_meter(keep=round(seconds * 240))
                elif measuring and now - begun >= seconds:
                    break
            elapsed, last = clock.now() - begun, camera_status().delivered
        measured = stage.measured()
        # What the camera delivered last may still be on its way: one frame in the slot, one in work.
        never = measured.dropped + max(0, last - measured.last - 2)
        return {
            "fps": round(measured.frames / elapsed, 2),
            "camera_fps": round((last - delivered) / elapsed, 2),
            "dropped": never,
            "latency_ms": {k: round(v, 1) for k, v in dataclasses.asdict(measured.latency_ms).items()},
            "stages_ms": {name: round(ms, 2) for name, ms in measured.stages_ms.items()},
            "side": side,
            "seconds": round(elapsed, 1),
            "camera": camera_status().sentence,
            "engine": stage.parts.engine.describe(),
            "output": stage.parts.output.describe(),
        }

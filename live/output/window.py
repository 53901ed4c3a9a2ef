"""The projector's window, by pygame."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pygame
from numpy.typing import NDArray

from live.config import OutputSettings
from live.output.compose import compose
from models.faults import DeviceFault

_WINDOWED = (1280, 720)

_SDL_HINTS = {
    # The operator clicks into another window: the projector must not be minimised (libsdl-org/SDL#939).
    "SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS": "0",
    # Shared memory instead of a texture: 0.3 ms per 1080p flip instead of 15 without a GPU. "1" with
    # SDL_RENDER_VSYNC=1 is for a bare X server that tears.
    "SDL_FRAMEBUFFER_ACCELERATION": "0",
    # A desktop's compositor keeps such a window free of tearing; SDL would ask it to stand aside.
    "SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR": "0",
}

_NO_DISPLAY_SERVER = ("offscreen", "dummy")
"""What SDL silently falls back to."""

_DIGIT_KEYS = {
    **{getattr(pygame, f"KSCAN_{digit}"): str(digit) for digit in range(10)},
    **{getattr(pygame, f"KSCAN_KP{digit}"): str(digit) for digit in range(10)},
}
"""Digits go by the key's place, so that they need no Shift on a French keyboard and work on the keypad."""


class ProjectorWindow:
    """A borderless fullscreen window on one display, or a resizable one on it; no cursor, no screen saver.

    One at a time; used by the main thread alone.

    `keys` also answers the desktop (resizing, closing), so it is called as often as `show`.
    """

    def __init__(self, settings: OutputSettings, title: str = "Invisible Cities") -> None:
        """Raises DeviceFault without a display server, or without the display that was chosen."""
        for hint, value in _SDL_HINTS.items():
            os.environ.setdefault(hint, value)
        self._settings = settings
        try:
            self._open(title)
        except BaseException:
            pygame.display.quit()
            raise

    def _open(self, title: str) -> None:
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
        except pygame.error:
            driver = "offscreen"
        if driver in _NO_DISPLAY_SERVER:
            raise DeviceFault(
                "There is no display server for the projector's window: start it on a desktop, or with"
                " --headless."
            )
        sizes = pygame.display.get_desktop_sizes()
        display = self._settings.display
        if not 0 <= display < len(sizes):
            known = " and ".join(f"{n} ({_size(size)})" for n, size in enumerate(sizes))
            raise DeviceFault(f"There is no display {display}: output.display can be {known}.")
        pygame.display.set_caption(title)
        pygame.display.set_allow_screensaver(False)
        try:
            if self._settings.fullscreen:
                flags = pygame.FULLSCREEN | pygame.NOFRAME
                pygame.display.set_mode(sizes[display], flags, display=display)
            else:
                width, height = sizes[display]
                room = (min(_WINDOWED[0], width * 4 // 5), min(_WINDOWED[1], height * 4 // 5))
                pygame.display.set_mode(room, pygame.RESIZABLE, display=display)
        except pygame.error as error:
            raise DeviceFault(
                f"Display {display} can't be opened ({error}): try another output.display."
            ) from error
        pygame.mouse.set_visible(False)

    def show(
        self, rgb: NDArray[np.uint8], overlay: Sequence[str], inset: NDArray[np.uint8] | None = None
    ) -> None:
        screen = self._screen()
        canvas = compose(rgb, overlay, screen.get_size(), self._settings.fit, inset)
        screen.blit(pygame.image.frombuffer(canvas.data, screen.get_size(), "RGB"), (0, 0))
        pygame.display.flip()

    def keys(self) -> list[str]:
        return [name for event in pygame.event.get() if (name := _key_name(event))]

    def close(self) -> None:
        pygame.display.quit()

    def describe(self) -> str:
        place = f"display {self._settings.display}"
        if not self._settings.fullscreen:
            place = f"window on {place}"
        return f"{place}, {_size(self._screen().get_size())}"

    def _screen(self) -> pygame.Surface:
        """Asked for anew each time: resizing the window replaces it."""
        screen = pygame.display.get_surface()
        assert screen is not None, "the window is closed"
        return screen


def _key_name(event: pygame.event.Event) -> str | None:
    if event.type == pygame.QUIT:
        return "close"
    # Alt and the system key belong to the desktop: Alt+B is not B.
    if event.type != pygame.KEYDOWN or event.mod & (pygame.KMOD_LALT | pygame.KMOD_META):
        return None
    name = _DIGIT_KEYS.get(event.scancode) or pygame.key.name(event.key)
    return f"ctrl+{name}" if event.mod & pygame.KMOD_CTRL else name


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"

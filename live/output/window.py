"""The projector's window, by pygame."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pygame
from numpy.typing import NDArray

from live.config import OutputSettings
from live.output.base import PointerEvent
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

_MOVING_KEYS = ("up", "down", "left", "right", "tab")
"""Keys with which Shift is told, and which repeat while they are held, where a pointer is used."""

_REPEAT = (300, 40)
"""Milliseconds for which a key is held until it repeats, and between two repetitions."""


class ProjectorWindow:
    """A borderless fullscreen window on one display, or a resizable one on it; no screen saver.

    One at a time; used by the main thread alone.

    `keys` also answers the desktop (resizing, closing), so it is called as often as `show`.
    """

    def __init__(
        self, settings: OutputSettings, title: str = "Invisible Cities", *, pointer: bool = False
    ) -> None:
        """pointer: whether the operator points and moves things here: then the cursor is seen, and the
        arrow keys repeat while they are held. An audience sees no cursor.

        Raises DeviceFault without a display server, or without the display that was chosen."""
        for hint, value in _SDL_HINTS.items():
            os.environ.setdefault(hint, value)
        self._settings = settings
        self._pointed: list[PointerEvent] = []
        self._held: set[int] = set()
        try:
            self._open(title)
            pygame.mouse.set_visible(pointer)
            pygame.key.set_repeat(*(_REPEAT if pointer else (0, 0)))
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
                "There is no display server for the projector's window: start it on a desktop, or without"
                " a window (`cities live --headless`, `cities calibrate --auto`)."
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

    @property
    def size(self) -> tuple[int, int]:
        return self._screen().get_size()

    def show(
        self,
        rgb: NDArray[np.uint8],
        overlay: Sequence[str],
        inset: NDArray[np.uint8] | None = None,
        code: NDArray[np.uint8] | None = None,
    ) -> None:
        screen = self._screen()
        canvas = compose(rgb, overlay, screen.get_size(), self._settings.fit, inset, code)
        screen.blit(pygame.image.frombuffer(canvas.data, screen.get_size(), "RGB"), (0, 0))
        pygame.display.flip()

    def keys(self) -> list[str]:
        names = []
        self._pointed = []
        for event in pygame.event.get():
            if event.type == pygame.KEYUP:
                self._held.discard(event.scancode)
            elif (name := _key_name(event)) and not self._only_repeats(event, name):
                names.append(name)
            elif done := _pointer_event(event):
                self._pointed.append(done)
        return names

    def pointer(self) -> list[PointerEvent]:
        pointed, self._pointed = self._pointed, []
        return pointed

    def _only_repeats(self, event: pygame.event.Event, name: str) -> bool:
        """Whether this is a key that is being held, and must do once what it does."""
        if event.type != pygame.KEYDOWN or name.removeprefix("shift+") in _MOVING_KEYS:
            return False
        held = event.scancode in self._held
        self._held.add(event.scancode)
        return held

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
    if event.mod & pygame.KMOD_CTRL:
        return f"ctrl+{name}"
    return f"shift+{name}" if event.mod & pygame.KMOD_SHIFT and name in _MOVING_KEYS else name


def _pointer_event(event: pygame.event.Event) -> PointerEvent | None:
    if event.type == pygame.MOUSEMOTION:
        return PointerEvent("moved", event.pos)
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == pygame.BUTTON_LEFT:
        return PointerEvent("pressed", event.pos)
    if event.type == pygame.MOUSEBUTTONUP and event.button == pygame.BUTTON_LEFT:
        return PointerEvent("released", event.pos)
    return None


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"

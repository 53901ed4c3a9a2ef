"""A JACK server of the tests' own, without a sound card: a real MIDI system on any machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.control.midi.jack import JackServer


@pytest.fixture(scope="module")
def jack() -> Iterator[JackServer]:
    with pytest.MonkeyPatch.context() as patch, JackServer() as server:
        patch.setenv("JACK_DEFAULT_SERVER", server.name)
        yield server

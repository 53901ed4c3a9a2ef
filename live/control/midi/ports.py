"""The machine's MIDI system: its ports, by names that are the same tomorrow, and messages in bytes.

Ports are python-rtmidi's, without mido between: mido opens a new client of the system for each look at the
names, and nobody is told when a cable is pulled (mido#607, python-rtmidi#98), so that one must look often.

Messages are fetched, not delivered: a callback would run on the system's own thread, in JACK's real-time
thread even, and make it wait for the interpreter at each message of a flood.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from live.config import MidiApi
from models.faults import DeviceFault

CLIENT: Final = "Invisible Cities"
"""Our name in the system."""

_QUEUE: Final = 16384
"""Messages that the system keeps until they are fetched: a second and a half of 10,000 a second."""

_FOREIGN: Final = ("Midi Through",)
"""Ports that are no controllers: what is sent there comes back."""

_DIRECTIONS: Final = frozenset(("in", "out", "input", "output", "capture", "playback"))

_ALSA_SEQUENCER: Final = Path("/dev/snd/seq")
_JACK_FOLDER: Final = Path("/dev/shm")

_APIS: Final = {
    "alsa": "API_LINUX_ALSA",
    "jack": "API_UNIX_JACK",
    "coremidi": "API_MACOSX_CORE",
    "windows": "API_WINDOWS_MM",
}


@dataclass(frozen=True, slots=True)
class PortName:
    """A port. raw: as the system lists it now. name: as it lists it tomorrow, too."""

    raw: str
    name: str

    def begins(self, prefix: str) -> bool:
        """Whether its name begins so, or what follows its client's; upper case doesn't matter."""
        name, wanted = self.name.casefold(), prefix.casefold()
        return name.startswith(wanted) or name.partition(":")[2].startswith(wanted)


class MidiSystem:
    """A MIDI system that can be asked for its ports. For one thread."""

    def __init__(self, wanted: MidiApi) -> None:
        """Raises DeviceFault, with what to do, if there is none."""
        self._api = _found(wanted)
        self._server = self._running_server()
        self._inputs, self._outputs = self._clients()

    def inputs(self) -> tuple[PortName, ...]:
        """The ports that can be heard."""
        return _named(_listed(self._inputs))

    def outputs(self) -> tuple[PortName, ...]:
        """The ports that can be told something."""
        return _named(_listed(self._outputs))

    def is_alive(self) -> bool:
        """Whether the system still runs that was found; only JACK is a program that can end.

        Its clients don't notice, and go on listing what it has left in memory.
        """
        return self._server == self._running_server()

    def open_input(self, port: PortName) -> InputPort:
        """Raises DeviceFault if that port can't be had."""
        return InputPort(self._opened(port, lambda rtmidi: rtmidi.MidiIn(self._api, CLIENT, _QUEUE)), port)

    def open_output(self, port: PortName) -> OutputPort:
        """Raises DeviceFault if that port can't be had."""
        return OutputPort(self._opened(port, lambda rtmidi: rtmidi.MidiOut(self._api, CLIENT)))

    def close(self) -> None:
        self._inputs.delete()
        self._outputs.delete()

    def _clients(self) -> tuple[Any, Any]:
        rtmidi = _rtmidi()
        try:
            return rtmidi.MidiIn(self._api, CLIENT), rtmidi.MidiOut(self._api, CLIENT)
        except rtmidi.RtMidiError as error:
            raise DeviceFault(f"no MIDI controllers: the system refuses ({error})") from None

    def _running_server(self) -> tuple[int, ...]:
        """What tells one run of a JACK server from the next; of other systems there is only one."""
        if self._api != _rtmidi().API_UNIX_JACK:
            return ()
        with contextlib.suppress(OSError):  # it ends just now
            return tuple(path.stat().st_ino for path in _jack_sockets())
        return ()

    def _opened(self, port: PortName, made: Callable[[Any], Any]) -> Any:
        rtmidi = _rtmidi()
        client = None
        try:
            client = made(rtmidi)
            client.open_port(client.get_ports().index(port.raw), _ours(port))
        except (rtmidi.RtMidiError, ValueError) as error:  # the latter if it is gone by now
            if client is not None:
                client.delete()
            raise DeviceFault(
                f"the MIDI port {port.name} can't be opened: unplug and plug it, or end the program that "
                f"holds it ({error})"
            ) from None
        return client


class InputPort:
    """A port that is heard.

    Through JACK, RtMidi takes what follows an unfinished system exclusive message for the rest of it: who
    sends such a thing isn't heard until he ends it (0xF7) or is plugged in anew. Others are.
    """

    def __init__(self, client: Any, port: PortName) -> None:
        self.port = port
        self._client = client
        client.ignore_types(sysex=False, timing=False, active_sense=True)

    def fetch(self, most: int = _QUEUE) -> Iterator[tuple[Sequence[int], float]]:
        """The messages since the last time, each with the seconds since the one before."""
        for _ in range(most):
            got = self._client.get_message()
            if got is None:
                return
            data, seconds = got
            if data:
                yield data, seconds

    def close(self) -> None:
        self._client.delete()


class OutputPort:
    """A port that is told something."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, data: Sequence[int]) -> None:
        """Raises DeviceFault if the system doesn't take it."""
        try:
            self._client.send_message(data)
        except _rtmidi().RtMidiError as error:
            raise DeviceFault(str(error)) from None

    def close(self) -> None:
        self._client.delete()


def partner(port: PortName, outputs: Sequence[PortName]) -> PortName | None:
    """The output of the controller that has this input; None if it has none."""
    for output in outputs:
        if output.name == port.name:
            return output
    # JACK and Windows name the two after the direction.
    core = _core(port.name)
    return next((output for output in outputs if _core(output.name) == core), None)


def stable(raw: str) -> str:
    """The name of a port without what the system counts anew each time.

    ALSA puts the numbers of client and port behind it, which change with the order of plugging in, and says
    the client's name twice; Windows puts an index behind it; JACK's bridge puts ALSA's number into it.
    """
    name = re.sub(r" \d+:\d+$", "", raw)
    name = re.sub(r" \[\d+\]", "", name)
    if sys.platform == "win32":
        name = re.sub(r" \d+$", "", name)
    client, _, port = name.partition(":")
    return port if port.startswith(client) else name


def _listed(client: Any) -> list[str]:
    try:
        raws: list[str] = client.get_ports()
    except _rtmidi().RtMidiError as error:
        raise DeviceFault(f"no MIDI controllers: the system doesn't list them ({error})") from None
    return raws


def _ours(port: PortName) -> str:
    """The name of our own end of a port; a colon has a meaning to JACK."""
    return port.name.replace(":", " ")


def _named(raws: Sequence[str]) -> tuple[PortName, ...]:
    """Ports by their stable names; of two alike the second is 'name #2'."""
    counts: Counter[str] = Counter()
    ports = []
    for raw in raws:
        if raw.startswith((CLIENT, *_FOREIGN)):
            continue
        name = stable(raw)
        counts[name] += 1
        ports.append(PortName(raw, name if counts[name] == 1 else f"{name} #{counts[name]}"))
    return tuple(ports)


def _core(name: str) -> list[str]:
    """What the names of a controller's input and output have in common."""
    # A program may have a client of JACK for each, of which the second is counted.
    name = re.sub(r"-\d\d:", ":", name.casefold()).replace("midiin", "midi").replace("midiout", "midi")
    words = re.findall(r"[^\W_]+", name)
    return [word for word in words if word not in _DIRECTIONS]


def _found(wanted: MidiApi) -> int:
    """The number of an API of python-rtmidi. Raises DeviceFault if this machine has none."""
    rtmidi = _rtmidi()
    if wanted == "auto":
        wanted = _automatic()
    api: int = getattr(rtmidi, _APIS[wanted])
    built = rtmidi.get_compiled_api()
    if api not in built:
        names = ", ".join(name for name, attribute in _APIS.items() if getattr(rtmidi, attribute) in built)
        raise DeviceFault(f"no MIDI controllers: there is no {wanted} on this system, only {names}")
    if wanted == "jack" and not _jack_runs():
        raise DeviceFault("no MIDI controllers: there is no JACK server; start it, and they are heard")
    return api


def _automatic() -> MidiApi:
    if sys.platform == "darwin":
        return "coremidi"
    if sys.platform == "win32":
        return "windows"
    # Looked for before it is asked, because its library complains on the terminal at each attempt.
    if _ALSA_SEQUENCER.exists():
        return "alsa"
    if _jack_runs():
        return "jack"
    raise DeviceFault(
        f"no MIDI controllers: neither ALSA's sequencer ({_ALSA_SEQUENCER}; modprobe snd-seq) nor a JACK "
        "server is there"
    )


def _jack_runs() -> bool:
    """Whether a JACK server may be asked: where that can be known, only one that answers.

    An attempt without one leaves JACK's library counting its clients wrongly, and the end of a later client
    then ends the process (seen with JACK 1.9.21).
    """
    return sys.platform != "linux" or any(_answers(path) for path in _jack_sockets())


def _jack_sockets() -> list[Path]:
    """Where a JACK server listens, by the names that JACK 2 gives; one that was killed leaves its own."""
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    return sorted(path for path in _JACK_FOLDER.glob(f"jack_{server}_*") if path.is_socket())


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _rtmidi() -> Any:
    try:
        import rtmidi
    except ImportError:
        raise DeviceFault("no MIDI controllers: pip install python-rtmidi") from None
    return rtmidi

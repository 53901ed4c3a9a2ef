from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.midi import ports
from live.control.midi.ports import MidiSystem, PortName, partner, stable
from models.faults import DeviceFault
from tests.live.control.midi.jack import JackServer, Pad, wait_for

# Names


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "nanoKONTROL2 MIDI 1"),
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0", "nanoKONTROL2 MIDI 1"),  # plugged in anew
        ("APC mini mk2:APC mini mk2 Contr 32:1", "APC mini mk2 Contr"),
        ("a2j:nanoKONTROL2 [20] (capture): MIDI 1", "a2j:nanoKONTROL2 (capture): MIDI 1"),
        ("system:midi_capture_1", "system:midi_capture_1"),
        ("X-TOUCH MINI", "X-TOUCH MINI"),
        ("", ""),
        (":", ""),
    ],
)
def test_a_name_is_the_same_tomorrow(raw: str, name: str) -> None:
    assert stable(raw) == name


def test_windows_counts_its_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert stable("X-TOUCH MINI 0") == "X-TOUCH MINI"
    assert stable("MIDIIN2 (APC mini mk2) 3") == "MIDIIN2 (APC mini mk2)"


@given(st.text())
def test_any_name_has_a_stable_one(raw: str) -> None:
    assert stable(stable(raw)) is not None
    assert PortName(raw, stable(raw)).begins("")


@pytest.mark.parametrize(
    ("prefix", "begins"),
    [("pad", True), ("Pad:nanoK", True), ("NANOKONTROL", True), ("KONTROL", False), ("", True)],
)
def test_a_port_is_known_by_the_beginning_of_its_name(prefix: str, begins: bool) -> None:
    assert PortName("x", "Pad:nanoKONTROL2 MIDI 1").begins(prefix) is begins


@pytest.mark.parametrize(
    ("port", "outputs", "found"),
    [
        ("nano MIDI 1", ["nano MIDI 2", "nano MIDI 1"], "nano MIDI 1"),
        ("nano #2", ["nano", "nano #2"], "nano #2"),
        (
            "system:midi_capture_2",
            ["system:midi_playback_1", "system:midi_playback_2"],
            "system:midi_playback_2",
        ),
        ("Pad:out", ["Other:in", "Pad-01:in"], "Pad-01:in"),
        ("MIDIIN2 (APC)", ["MIDIOUT2 (APC)"], "MIDIOUT2 (APC)"),
        ("nano", ["other"], None),
        ("nano", [], None),
    ],
)
def test_an_input_has_an_output_that_belongs_to_it(
    port: str, outputs: list[str], found: str | None
) -> None:
    got = partner(PortName(port, port), [PortName(name, name) for name in outputs])
    assert (got.name if got else None) == found


# The system


def test_no_system_is_told_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ports, "_ALSA_SEQUENCER", tmp_path / "seq")
    monkeypatch.setattr(ports, "_JACK_FOLDER", tmp_path)
    with pytest.raises(
        DeviceFault, match=r"neither ALSA's sequencer .*modprobe snd-seq.* nor a JACK server"
    ):
        MidiSystem("auto")


@pytest.mark.skipif(sys.platform != "linux", reason="JACK's sockets are looked for on Linux alone")
def test_what_a_killed_jack_has_left_is_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "_JACK_FOLDER", tmp_path)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "killed")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(tmp_path / "jack_killed_1000_0"))
    with pytest.raises(DeviceFault, match="there is no JACK server; start it, and they are heard"):
        MidiSystem("jack")


def test_another_systems_api_is_told() -> None:
    other = "coremidi" if sys.platform != "darwin" else "windows"
    with pytest.raises(DeviceFault, match=f"there is no {other} on this system, only "):
        MidiSystem(other)  # type: ignore[arg-type]


def test_without_python_rtmidi_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(DeviceFault, match="pip install python-rtmidi"):
        MidiSystem("auto")


def test_a_controller_is_listed_heard_and_told(jack: JackServer) -> None:  # noqa: ARG001
    with Pad("nano") as pad:
        system = MidiSystem("jack")
        wait_for(lambda: len(system.inputs()) == 1)
        (port,) = system.inputs()
        assert port.name == "nano:out"
        assert port.begins("nano")
        output = partner(port, system.outputs())
        assert output is not None
        heard_at, told_at = system.open_input(port), system.open_output(output)
        # Our own ends are no controllers.
        assert system.inputs() == (port,)
        assert system.outputs() == (output,)

        heard: list[list[int]] = []

        def has_heard(count: int) -> bool:
            heard.extend(list(data) for data, _ in heard_at.fetch())
            return len(heard) >= count

        pad.send(0xB0, 7, 5)
        pad.send(0xF8)
        pad.send(0xF0, 0x7F, 0x7F, 2, 1, 1, 0xF7)
        wait_for(lambda: has_heard(3))
        assert heard == [[0xB0, 7, 5], [0xF8], [0xF0, 0x7F, 0x7F, 2, 1, 1, 0xF7]]

        told_at.send([0x90, 1, 2])
        wait_for(lambda: pad.told() == [[0x90, 1, 2]])
        for open_port in (heard_at, told_at, system):
            open_port.close()


def test_a_port_that_is_gone_cannot_be_opened(jack: JackServer) -> None:  # noqa: ARG001
    system = MidiSystem("jack")
    with pytest.raises(DeviceFault, match="the MIDI port nano:out can't be opened"):
        system.open_input(PortName("nano:out", "nano:out"))
    system.close()

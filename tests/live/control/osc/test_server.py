"""The sockets of OSC and the clients who don't behave."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pythonosc.osc_tcp_server import MODE_1_0, MODE_1_1
from pythonosc.tcp_client import SimpleTCPClient

from live.control.kinds import Message
from live.control.osc import peers
from live.control.osc.connection import PATIENCE, SILENCE
from live.control.osc.framing import MOST
from live.control.osc.reception import Reception
from live.control.osc.server import MOST_BROKEN
from models.faults import DeviceFault
from tests.live.control.client import OscClient, TcpClient
from tests.live.control.osc.rig import Show
from tests.support import require_program

# Who is allowed


def test_who_is_not_allowed_is_not_heard_and_logged_once(
    open_show: Callable[..., Show], caplog: pytest.LogCaptureFixture
) -> None:
    show = open_show(allow=("127.0.0.2", "10.0.0.0/8"))
    with (
        OscClient(show.port) as stranger,
        TcpClient(show.port) as caller,
        OscClient(show.port, host="127.0.0.2") as friend,
    ):
        for _ in range(3):
            stranger.send("/freeze", 1)
        assert caller.hear_to_the_end() == []
        assert friend.settle() == []
    assert show.at("/freeze") == (0,)
    assert show.desk.refused == 4
    assert [record.getMessage() for record in caplog.records] == [
        "OSC 127.0.0.1: is not in control.allow and isn't heard (said once)"
    ]


@pytest.mark.parametrize(
    ("host", "allow", "note"),
    [
        ("127.0.0.1", (), ""),
        ("0.0.0.0", ("127.0.0.1/32",), ""),
        (
            "0.0.0.0",
            (),
            "anybody on this network may steer the show by OSC; control.allow can name who may",
        ),
    ],
)
def test_an_open_door_is_told_to_the_operator(
    open_show: Callable[..., Show], host: str, allow: tuple[str, ...], note: str
) -> None:
    assert open_show(osc_host=host, allow=allow).desk.note == note


# TCP clients who don't behave


def test_a_stream_that_is_not_osc_is_hung_up_on(
    show: Show, tcp: TcpClient, caplog: pytest.LogCaptureFixture
) -> None:
    tcp.send_bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert tcp.hear_to_the_end() == []
    assert [record.getMessage() for record in caplog.records] == [
        f"OSC 127.0.0.1:{tcp.port}: a stream that isn't OSC, neither SLIP nor packets behind their size; "
        "the connection is closed (said once)"
    ]
    assert show.desk.refused == 1


def test_a_broken_frame_is_told_and_costs_nothing_else(show: Show, tcp: TcpClient) -> None:
    tcp.settle()
    tcp.send_bytes(b"\xc0/freeze\xdb\0\xc0")
    tcp.send("/blackout", 1)
    assert tcp.settle() == [Message("/error", ("a packet isn't OSC: a SLIP frame with a broken escape",))]
    assert show.at("/blackout") == (1,)


def test_a_stream_of_garbage_is_told_once_and_hung_up_on(show: Show, tcp: TcpClient) -> None:
    tcp.send_bytes(b"\xc0" + b"garbage\xc0" * MOST_BROKEN)
    assert tcp.hear_to_the_end() == [
        Message("/error", ("a packet isn't OSC: neither a message nor a bundle",))
    ]
    assert show.desk.refused == MOST_BROKEN + 1


def test_an_oversized_frame_is_told_and_hung_up_on(show: Show, tcp: TcpClient) -> None:
    tcp.settle()
    tcp.send_bytes(b"\xc0")
    for _ in range(5):
        tcp.send_bytes(b"x" * (MOST // 2))
    (error,) = tcp.hear_to_the_end()
    assert error.address == "/error"
    assert "a SLIP frame without an end" in str(error.arguments[0])
    assert show.desk.refused == 1


@pytest.mark.parametrize(
    ("begun", "seconds", "why"),
    [
        (b"\xc0/half", PATIENCE, f"a TCP client left a frame without its end for {PATIENCE:g} s"),
        (b"\0\0", PATIENCE, f"a TCP client left a frame without its end for {PATIENCE:g} s"),
        (b"", SILENCE, f"a TCP client said nothing for {SILENCE:g} s"),
    ],
)
def test_a_half_open_client_is_hung_up_on_in_time(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture, begun: bytes, seconds: float, why: str
) -> None:
    with TcpClient(show.port) as patient, TcpClient(show.port) as half:
        half.send_bytes(begun)
        patient.settle()
        udp.settle()
        show.clock.sleep(seconds)
        assert half.hear_to_the_end() == []
        assert [record.getMessage() for record in caplog.records] == [
            f"OSC 127.0.0.1:{half.port}: {why}; the connection is closed (said once)"
        ]
        patient.settle()


def _stuff(show: Show, udp: OscClient, seconds: float) -> list[str]:
    """Tell more than a client who doesn't read has room for; the names of the camera that were told."""
    names = []
    for n in range(round(seconds / 0.1)):
        names.append(f"{n} " + "x" * 30_000)
        show.clock.sleep(0.1)
        show.clock.sleep(1e-9)  # so that the tenth of a second is over
        show.turn(camera=names[-1], fps=float(n))
        udp.settle()
    return names


def test_a_client_that_does_not_read_hears_the_newest_when_it_does(show: Show, udp: OscClient) -> None:
    with TcpClient(show.port, room=4096) as lazy:
        lazy.settle()
        names = _stuff(show, udp, PATIENCE - 5)
        heard = lazy.settle()
        told = [m.arguments[0] for m in heard if m.address == "/status/camera"]
        assert len(told) < len(names)
        assert [told[0], told[-1]] == [names[0], names[-1]]
        assert Message("/status/fps", (float(len(names) - 1),)) in heard


def test_a_client_that_never_reads_is_hung_up_on(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture
) -> None:
    with TcpClient(show.port, room=4096) as lazy:
        lazy.settle()
        _stuff(show, udp, PATIENCE - 5)
        show.clock.sleep(PATIENCE)
        until = time.monotonic() + 10
        while not caplog.records and time.monotonic() < until:
            udp.settle()
        assert lazy.hear_to_the_end()
        assert [record.getMessage() for record in caplog.records] == [
            f"OSC 127.0.0.1:{lazy.port}: a TCP client read nothing for {PATIENCE:g} s; the connection is "
            "closed (said once)"
        ]


def test_a_crowd_of_connections_does_not_push_out_the_tablet(show: Show) -> None:
    with TcpClient(show.port, host="127.0.0.2") as tablet, ExitStack() as stack:
        tablet.settle()
        crowd = [stack.enter_context(TcpClient(show.port)) for _ in range(peers.MOST + 5)]
        for client in crowd[:6]:
            assert client.hear_to_the_end() == []
        for client in (tablet, *crowd[6:]):
            assert client.settle() == []


# The port


def test_it_tells_its_port(show: Show) -> None:
    assert show.port > 0
    assert show.desk.describe() == f"OSC 127.0.0.1:{show.port}"


def test_a_port_in_use_is_one_sentence(show: Show, open_show: Callable[..., Show]) -> None:
    with pytest.raises(
        DeviceFault, match=f"^UDP port {show.port} on 127.0.0.1 is already in use.*--free-ports"
    ):
        open_show(osc_port=show.port)


def test_a_port_whose_other_half_is_in_use_is_one_sentence(open_show: Callable[..., Show]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeviceFault, match=f"^TCP port {port} on 127.0.0.1 is already in use"):
            open_show(osc_port=port)
    assert open_show(osc_port=port).port == port


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "x" * 100, "a..b"])
def test_a_host_that_is_not_ours_is_one_sentence(open_show: Callable[..., Show], host: str) -> None:
    with pytest.raises(DeviceFault, match=f'^control.osc_host "{host}" is no address of this machine'):
        open_show(osc_host=host)


def test_closing_gives_the_port_back_and_ends_the_thread(
    show: Show, tcp: TcpClient, open_show: Callable[..., Show]
) -> None:
    tcp.settle()
    show.desk.close()
    show.desk.close()
    assert tcp.hear_to_the_end() == []
    show.turn(fps=1.0)  # a show that ends may still tell
    assert not [thread for thread in threading.enumerate() if thread.name == "osc"]
    assert open_show(osc_port=show.port).port == show.port


def test_a_bug_does_not_stop_the_listening(
    show: Show, udp: OscClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hear(*_: object) -> tuple[str, ...]:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(show.hub, "hear", hear)
        for _ in range(3):
            udp.send("/freeze")
        udp.settle()
    assert [record.getMessage() for record in caplog.records] == [
        "a message couldn't be handled (said once)"
    ]
    udp.send("/freeze", 1)
    udp.settle()
    assert show.at("/freeze") == (1,)


def test_bugs_one_after_the_other_do_not_make_it_deaf(
    show: Show, udp: OscClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = 0

    def pass_on(*_: object) -> None:
        nonlocal failed
        failed += 1
        raise RuntimeError("a bug")

    udp.settle()
    monkeypatch.setattr(Reception, "pass_on", pass_on)
    deadline = time.monotonic() + 60.0
    for n in range(1, 20):
        show.clock.sleep(1.0)
        show.turn(fps=float(n))
        while failed < n:
            assert time.monotonic() < deadline, "it naps ever longer"
            time.sleep(0.001)


# Foreign clients


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_oscsend_steers(show: Show, udp: OscClient, transport: str) -> None:
    oscsend = require_program("oscsend", apt="liblo-tools")
    for arguments in (
        ["/city", "s", "Dubai"],
        ["/fade/time", "f", "1.5"],
        ["/fade/shape", "s", "wipe-up"],
        ["/opacity", "d", "0.5"],
        ["/{freeze,blackout}", "h", "1"],
        ["/panic", "I"],
    ):
        url = f"osc.{transport}://127.0.0.1:{show.port}/"
        subprocess.run([oscsend, url, *arguments], check=True, timeout=10)
    wanted = {
        "/city": ("dubai",),
        "/freeze": (1,),
        "/fade/time": (1.5,),
        "/fade/shape": ("wipe-up",),
        "/opacity": (0.5,),
        "/panic": (1,),
        "/blackout": (0,),
    }
    until = time.monotonic() + 10
    while time.monotonic() < until and not wanted.items() <= show.hub.values().items():
        udp.settle()
        show.turn()
    assert {address: show.hub.values()[address] for address in wanted} == wanted


def test_oscdump_hears_what_a_subscriber_is_told(show: Show, udp: OscClient) -> None:
    oscdump = require_program("oscdump", apt="liblo-tools")
    with OscClient(show.port) as placeholder:
        port = placeholder.port
    dump = subprocess.Popen([oscdump, "-L", str(port)], stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(20.0, dump.kill)
    watchdog.start()
    try:
        assert dump.stdout is not None
        _wait_for_listener(port)
        udp.send("/subscribe", port)
        udp.settle()
        show.turn()
        dumped: list[str] = []
        while not dumped or "/state/end" not in dumped[-1]:
            dumped.append(dump.stdout.readline().split(maxsplit=1)[1].strip())
        assert '/city s "istanbul"' in dumped
        assert "/fade/time f 2.000000" in dumped
        assert dumped[-1] == f"/state/end i {len(dumped) - 1}"
        show.hub.hear("keys", [Message("/city", ("dubai",))])
        show.turn()
        assert dump.stdout.readline().split()[-3:] == ["/city", "s", '"dubai"']
    finally:
        watchdog.cancel()
        dump.kill()
        dump.communicate()


@pytest.mark.parametrize("mode", [MODE_1_0, MODE_1_1])
def test_python_oscs_tcp_client_steers_and_hears(show: Show, mode: str) -> None:
    client: Any = SimpleTCPClient  # it isn't typed throughout
    with client("127.0.0.1", show.port, mode=mode) as stream:
        stream.send_message("/city", "dubai")
        stream.send_message("/ping", [])
        assert next(stream.get_messages(10)).address == "/pong"
        assert show.at("/city") == ("dubai",)


def _wait_for_listener(port: int) -> None:
    """Return when somebody listens on a UDP port: a connected socket then hears of no refusal."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", port))
            try:
                probe.send(b"#")
                time.sleep(0.02)
                probe.send(b"#")
            except ConnectionRefusedError:
                continue
            return
    pytest.fail(f"nobody listens on port {port}")

"""Packets in a TCP stream."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc import slip

from live.control.osc.framing import MOST, Framing, HopelessError, Sized, Slip, framing_of
from live.control.osc.packets import PacketError, build

PACKET = build("/city", "dubai")


def chunks(stream: bytes, sizes: list[int]) -> list[bytes]:
    """A stream cut into pieces of these sizes, and its rest."""
    pieces = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


@given(
    st.sampled_from([Slip, Sized]),
    st.lists(st.binary(min_size=1, max_size=60)),
    st.lists(st.integers(0, 30)),
)
def test_what_is_framed_is_found_however_the_stream_is_cut(
    kind: type[Framing], packets: list[bytes], sizes: list[int]
) -> None:
    stream = b"".join(kind().wrap(packet) for packet in packets)
    framing = kind()
    frames = [frame for piece in chunks(stream, sizes) for frame in framing.feed(piece)]
    assert [framing.unwrap(frame) for frame in frames] == packets
    assert not framing.is_inside


@pytest.mark.parametrize("ends", [b"", slip.END, slip.END * 3])
def test_an_end_before_a_frame_may_be_missing_or_said_often(ends: bytes) -> None:
    assert Slip().feed(ends + PACKET + slip.END + ends) == [PACKET]


def test_a_broken_escape_costs_its_frame() -> None:
    framing = Slip()
    broken, whole = framing.feed(b"/a\xdb\x00" + slip.END + PACKET + slip.END)
    with pytest.raises(PacketError, match="broken escape"):
        framing.unwrap(broken)
    assert framing.unwrap(whole) == PACKET


def test_a_frame_without_an_end_is_hopeless_at_last() -> None:
    framing = Slip()
    assert framing.feed(b"/" * (2 * MOST)) == []
    assert framing.is_inside
    with pytest.raises(HopelessError, match="without an end after 131071 bytes"):
        framing.feed(b"/")


@pytest.mark.parametrize("size", [0, MOST + 1, 0x00FF_FFFF])
def test_a_size_that_cannot_be_is_hopeless(size: int) -> None:
    framing = Sized()
    framing.feed(struct.pack(">I", len(PACKET)) + PACKET)
    with pytest.raises(HopelessError, match=f"a packet of {size} bytes"):
        framing.feed(struct.pack(">I", size))


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (slip.END + PACKET + slip.END, Slip),
        (PACKET + slip.END, Slip),
        (b"#bundle\0" + slip.END, Slip),
        (struct.pack(">I", 20) + PACKET, Sized),
    ],
)
def test_the_first_byte_tells_the_framing(stream: bytes, kind: type[Framing]) -> None:
    assert isinstance(framing_of(stream), kind)


@pytest.mark.parametrize("stream", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"hello"])
def test_what_begins_otherwise_is_no_osc(stream: bytes) -> None:
    with pytest.raises(HopelessError, match="isn't OSC"):
        framing_of(stream)


@given(st.sampled_from([Slip, Sized]), st.lists(st.binary(max_size=100)))
def test_any_bytes_are_frames_or_an_error(kind: type[Framing], pieces: list[bytes]) -> None:
    framing = kind()
    try:
        for piece in pieces:
            for frame in framing.feed(piece):
                assert 0 < len(framing.unwrap(frame)) <= MOST
    except (PacketError, HopelessError):
        pass

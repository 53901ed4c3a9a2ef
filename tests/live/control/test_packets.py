from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from live.control.packets import BUNDLE, Message, PacketError, build, parse

NOW = bytes(7) + b"\x01"


def bundle(*elements: bytes, timetag: bytes = NOW) -> bytes:
    return BUNDLE + timetag + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def test_a_message() -> None:
    assert parse(build("/city", "São Paulo")) == [Message("/city", ("São Paulo",))]
    assert parse(build("/fade/time", 2.5)) == [Message("/fade/time", (2.5,))]
    assert parse(build("/city", 2)) == [Message("/city", (2,))]
    assert parse(build("/state/end")) == [Message("/state/end", ())]


def test_what_osc_cannot_hold_is_replaced() -> None:
    assert parse(build("/status/camera", "a\0b\udcff")) == [Message("/status/camera", ("a?b?",))]


@given(st.text(), st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False))
def test_what_is_built_is_parsed(text: str, whole: int, number: float) -> None:
    sent = text.replace("\0", "?")
    assert parse(build("/a/b", text, whole, number)) == [Message("/a/b", (sent, whole, number))]


def test_all_types_of_argument() -> None:
    builder = OscMessageBuilder("/a")
    for value, tag in [(True, "T"), (False, "F"), (None, "N"), (1 << 40, "h"), (0.1, "d"), (b"xyz", "b")]:
        builder.add_arg(value, tag)
    assert parse(builder.build().dgram) == [Message("/a", (True, False, None, 1 << 40, 0.1, b"xyz"))]


def test_an_address_alone_is_a_message() -> None:
    assert parse(b"/panic\x00\x00") == [Message("/panic", ())]


def test_an_impulse_is_an_argument_without_a_value() -> None:
    assert parse(b"/panic\x00\x00,I\x00\x00") == [Message("/panic", (None,))]


@pytest.mark.parametrize("tag", ["S", "c", "!", "ü"])
def test_a_type_that_is_unknown_is_refused_not_read_as_garbage(tag: str) -> None:
    """python-osc would skip the tag but not its bytes: 'wide' would become the number behind it."""
    tags = f",{tag}f".encode().ljust(4, b"\0") + (b"\0" * 4 if len(tag.encode()) > 1 else b"")
    with pytest.raises(PacketError, match="unknown type"):
        parse(b"/fade/time\0\0" + tags + b"wide" + struct.pack(">f", 2.0))


def test_bundles_give_their_messages_in_order_whatever_their_time() -> None:
    soon, later = OscBundleBuilder(IMMEDIATELY), OscBundleBuilder(int(time.time()) + 3600)
    for address in ("/c", "/d"):
        later.add_content(OscMessageBuilder(address).build())
    for content in (
        OscMessageBuilder("/a").build(),
        later.build(),
        OscMessageBuilder("/b").build(),
    ):
        soon.add_content(content)
    assert [m.address for m in parse(soon.build().dgram)] == ["/a", "/c", "/d", "/b"]


def test_an_empty_bundle_says_nothing() -> None:
    assert parse(bundle()) == []


def test_bundles_may_be_nested_deeply() -> None:
    datagram = build("/a")
    for _ in range(2000):
        datagram = bundle(datagram)
    assert parse(datagram) == [Message("/a", ())]


@pytest.mark.parametrize("size", [-4, -20, 0, 5, 1 << 30, -(1 << 31)])
def test_an_element_of_a_size_that_cannot_be_is_refused(size: int) -> None:
    """A size of -4 makes python-osc 1.10.2 read the same four bytes for ever."""
    with pytest.raises(PacketError, match=f"an element of {size} bytes"):
        parse(BUNDLE + NOW + struct.pack(">i", size) + b"/a\0\0")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"\x00/a",
        b"/a",
        b"/a\0\0i",
        b"/a\0\0,i\0\0",
        b"/\xff\xfe\0",
        b"/a\0\0,[\0\0",
        b"#bundle",
        b"#bundle\0",
        b"#bundle\0\0\0",
        BUNDLE + NOW + b"\0\0",
        bundle(b"hello"),
        bundle(build("/a"), b"hello"),
    ],
)
def test_what_is_not_osc_is_refused_whole(datagram: bytes) -> None:
    with pytest.raises(PacketError):
        parse(datagram)


@given(st.data())
def test_any_bytes_are_messages_or_an_error(data: st.DataObject) -> None:
    """Bytes at random, and such as begin like OSC or are cut out of it, so that they get further."""
    noise = st.binary(max_size=40)
    messages = st.sampled_from([build("/city", 2), build("/city", "dubai"), build("/fade/time", 1.5)])
    cut = st.builds(lambda m, n, tail: m[:n] + tail, messages, st.integers(0, 24), noise)
    element = messages | cut | noise
    raw = st.builds(
        lambda sizes, body: BUNDLE + NOW + b"".join(struct.pack(">i", s) + body for s in sizes),
        st.lists(st.integers(-64, 64), max_size=5),
        element,
    )
    datagram = data.draw(element | raw | st.lists(element | raw, max_size=4).map(lambda es: bundle(*es)))
    try:
        found = parse(datagram)
    except PacketError:
        return
    assert all(message.address.startswith("/") for message in found)

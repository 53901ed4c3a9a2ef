from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc import osc_bundle_builder
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from live.control.kinds import Message
from live.control.osc.packets import BUNDLE, IMMEDIATELY, PacketError, Timed, build, parse, unix_time

NOW = bytes(7) + b"\x01"


def bundle(*elements: bytes, timetag: bytes = NOW) -> bytes:
    return BUNDLE + timetag + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def now(address: str, *arguments: object) -> list[Timed]:
    """One message for now."""
    return [(IMMEDIATELY, Message(address, arguments))]


def test_a_message() -> None:
    assert parse(build("/city", "São Paulo")) == now("/city", "São Paulo")
    assert parse(build("/fade/time", 2.5)) == now("/fade/time", 2.5)
    assert parse(build("/city", 2)) == now("/city", 2)
    assert parse(build("/state/end")) == now("/state/end")


def test_what_osc_cannot_hold_is_replaced() -> None:
    assert parse(build("/status/camera", "a\0b\udcff")) == now("/status/camera", "a?b?")


@given(st.text(), st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False))
def test_what_is_built_is_parsed(text: str, whole: int, number: float) -> None:
    sent = text.replace("\0", "?")
    assert parse(build("/a/b", text, whole, number)) == now("/a/b", sent, whole, number)


def test_all_types_of_argument() -> None:
    builder = OscMessageBuilder("/a")
    for value, tag in [(True, "T"), (False, "F"), (None, "N"), (1 << 40, "h"), (0.1, "d"), (b"xyz", "b")]:
        builder.add_arg(value, tag)
    assert parse(builder.build().dgram) == now("/a", True, False, None, 1 << 40, 0.1, b"xyz")


def test_an_address_alone_is_a_message() -> None:
    assert parse(b"/panic\x00\x00") == now("/panic")


def test_an_impulse_is_an_argument_without_a_value() -> None:
    assert parse(b"/panic\x00\x00,I\x00\x00") == now("/panic", None)


@pytest.mark.parametrize("tag", ["S", "c", "!", "ü"])
def test_a_type_that_is_unknown_is_refused_not_read_as_garbage(tag: str) -> None:
    """python-osc would skip the tag but not its bytes: 'wide' would become the number behind it."""
    tags = f",{tag}f".encode().ljust(4, b"\0") + (b"\0" * 4 if len(tag.encode()) > 1 else b"")
    with pytest.raises(PacketError, match="unknown type"):
        parse(b"/fade/time\0\0" + tags + b"wide" + struct.pack(">f", 2.0))


@pytest.mark.parametrize(("tags", "layout"), [("f", ">f"), ("iihd", ">iiqd"), ("ff", ">ff")])
@given(st.data())
def test_numbers_alone_are_read_as_python_osc_reads_them(
    tags: str, layout: str, data: st.DataObject
) -> None:
    size = struct.calcsize(layout)
    behind = data.draw(st.binary(min_size=size, max_size=size + 8))
    packet = build("/mix/dubai")[:-4] + f",{tags}".encode().ljust(4 + len(tags) // 3 * 4, b"\0") + behind
    ((_, message),) = parse(packet)
    assert list(map(repr, message.arguments)) == list(map(repr, OscMessage(packet).params))


def test_numbers_that_are_missing_are_refused() -> None:
    packet = build("/mix/dubai", 1, 2)
    for cut in range(1, 9):
        with pytest.raises(PacketError):
            parse(packet[:-cut])


def test_the_same_beginning_means_the_same_again() -> None:
    for number in (0.25, 0.5):
        assert parse(build("/mix/dubai", number)) == now("/mix/dubai", number)
        assert parse(build("/mix/dubai", 1)) == now("/mix/dubai", 1)
        assert parse(build("/mix/dubai", "half")) == now("/mix/dubai", "half")


def test_bundles_give_their_messages_in_order_each_with_its_time() -> None:
    soon = OscBundleBuilder(osc_bundle_builder.IMMEDIATELY)
    later = OscBundleBuilder(1_900_000_000)
    for address in ("/c", "/d"):
        later.add_content(OscMessageBuilder(address).build())
    for content in (
        OscMessageBuilder("/a").build(),
        later.build(),
        OscMessageBuilder("/b").build(),
    ):
        soon.add_content(content)
    found = parse(soon.build().dgram)
    assert [m.address for _, m in found] == ["/a", "/c", "/d", "/b"]
    times = [timetag for timetag, _ in found]
    assert times[0] == times[3] == IMMEDIATELY
    assert unix_time(times[1]) == unix_time(times[2]) == 1_900_000_000


def test_a_bundle_is_not_for_a_time_before_the_one_that_holds_it() -> None:
    early, late = (1 << 63).to_bytes(8), ((1 << 63) + 5).to_bytes(8)
    held = bundle(build("/a"), timetag=early)
    assert parse(bundle(held, timetag=late)) == [((1 << 63) + 5, Message("/a"))]
    assert parse(bundle(held, timetag=bytes(8))) == [(1 << 63, Message("/a"))]
    assert parse(bundle(build("/a"), timetag=bytes(8))) == now("/a")


@given(st.floats(0, 4e9))
def test_time_tags_are_of_either_era(seconds: float) -> None:
    """NTP's first era ends in 2036."""
    timetag = int((seconds + 2_208_988_800) * 2**32) % 2**64
    assert unix_time(timetag) == pytest.approx(seconds, abs=1e-6)


def test_an_empty_bundle_says_nothing() -> None:
    assert parse(bundle()) == []


def test_bundles_may_be_nested_deeply() -> None:
    datagram = build("/a")
    for _ in range(2000):
        datagram = bundle(datagram)
    assert parse(datagram) == now("/a")


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
    assert all(timetag and message.address.startswith("/") for timetag, message in found)

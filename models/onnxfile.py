"""Whether a file can be a whole ONNX network, found without a library and without reading its insides."""

from __future__ import annotations

from typing import Final

_IR_VERSION: Final = 1
_GRAPH: Final = 7
"""Numbers of two fields that every ModelProto has."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""


def flaw_of_onnx(content: bytes) -> str:
    """What keeps the content of a file from being a whole ONNX network, or '' if nothing is seen.

    Walks the outermost fields only: an ONNX file has one field with the whole graph in it, so that a file
    which was cut off anywhere shows, and a file of another kind too.
    """
    found: dict[int, int] = {}
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        field, wire = key >> 3, key & 7
        if at < 0 or not field or wire not in (_VARINT, _FIXED64, _BYTES, _FIXED32):
            return "it is a file of another kind"
        found[field] = wire
        if wire == _VARINT:
            _, at = _varint(content, at)
        elif wire == _BYTES:
            length, at = _varint(content, at)
            at = at + length if at >= 0 else at
        else:
            at += 8 if wire == _FIXED64 else 4
        if at < 0 or at > len(content):
            known = found.get(_IR_VERSION) == _VARINT
            return "it is cut off before its end" if known else "it is a file of another kind"
    if found.get(_IR_VERSION) != _VARINT or found.get(_GRAPH) != _BYTES:
        return "there is no graph in it" if content else "it is empty"
    return ""


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """The whole number that begins at `at`, and where it ends; -1 there if it doesn't end."""
    value = 0
    for n, byte in enumerate(content[at : at + 10]):
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value, at + n + 1
    return 0, -1

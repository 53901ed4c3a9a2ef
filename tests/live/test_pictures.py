from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from live.pictures import read_map, read_picture, write_picture
from models.faults import InputFault
from models.palette import BUILDING, GROUND, PALETTE_RGB, paint


def test_a_map_comes_back_from_disk(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 5, (40, 60), dtype=np.uint8)
    write_picture(tmp_path / "map.png", paint(labels))
    assert (read_map(tmp_path / "map.png") == labels).all()


def test_a_map_survives_jpeg(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 5, (8, 8), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    write_picture(tmp_path / "map.jpg", paint(labels))
    assert (read_map(tmp_path / "map.jpg") == labels).mean() > 0.97


def test_a_palette_png_is_a_map_too(tmp_path: Path) -> None:
    """As the data sets have them: the pixels are the classes, the palette has their colours."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 5, 1, 8, 3, 0, 0, 0)
    row = zlib.compress(bytes([0, *range(5)]))
    parts = [(b"IHDR", header), (b"PLTE", PALETTE_RGB.tobytes()), (b"IDAT", row), (b"IEND", b"")]
    path = tmp_path / "map.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    assert read_map(path).tolist() == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_is_transparent_is_paper(tmp_path: Path, depth: type[np.unsignedinteger[Any]]) -> None:
    bgra = np.zeros((8, 8, 4), depth)  # all transparent, and black underneath
    bgra[2:4] = np.array([0, 0, 1, 1]) * np.iinfo(depth).max
    cv2.imwrite(str(tmp_path / "map.png"), bgra)
    labels = read_map(tmp_path / "map.png")
    assert (labels[2:4] == BUILDING).all()
    assert (labels == BUILDING).sum() == 16
    assert (labels == GROUND).sum() == 48


def test_a_map_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 5, (15, 11), dtype=np.uint8).repeat(100, 0).repeat(100, 1)
    write_picture(tmp_path / "map.png", paint(labels))
    assert (read_map(tmp_path / "map.png") == labels).all()


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", None])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputFault, match=r"photo\.jpg"):
        read_picture(path)


def test_a_photograph_is_no_map(tmp_path: Path) -> None:
    photo = np.random.default_rng(1).integers(60, 200, (64, 64, 3), dtype=np.uint8)
    write_picture(tmp_path / "photo.png", photo)
    with pytest.raises(InputFault, match="not a map in the five flat colours"):
        read_map(tmp_path / "photo.png")


@pytest.mark.parametrize("name", ["out.gif", "out", "missing/out.png", "out.d/taken.png"])
def test_where_a_picture_can_not_be_written_it_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "out.d" / "taken.png").mkdir(parents=True)
    with pytest.raises(InputFault, match="out"):
        write_picture(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    assert not list(tmp_path.rglob("*.partial"))

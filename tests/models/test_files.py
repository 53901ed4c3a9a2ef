from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from models.files import try_place, write_whole


def test_a_file_is_written_in_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"for everybody")
    write_whole(path, b"secret", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_what_was_there_stays_where_the_new_one_cannot_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"one")

    def failing(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(step, failing)
    with pytest.raises(OSError, match="no space left"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_is_tried_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    try_place(path)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"one")
    try_place(path)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", [".", "nowhere/note.txt", "x" * 250])
def test_a_place_where_no_file_can_be_put(tmp_path: Path, name: str) -> None:
    for put in (try_place, lambda path: write_whole(path, b"one")):
        with pytest.raises(OSError, match=r"directory|too long"):
            put(tmp_path / name)
    assert list(tmp_path.iterdir()) == []

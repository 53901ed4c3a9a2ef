from __future__ import annotations

from pathlib import Path

import pytest

from models.files import write_whole


def test_a_file_is_written_in_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


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

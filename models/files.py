"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Put a file there, or in the place of another, at one stroke; it is on the disk before that.

    mode: who may read and write it, less what the user's umask takes away; 0o600 keeps a secret.
    Raises OSError if that can't be done, and then leaves what was there as it was.
    """
    partial = _partial(path)
    try:
        with open(partial, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def try_place(path: Path) -> None:
    """Find out whether `write_whole` can put a file there, as far as that can be known before; what stands
    there stays as it is. Raises OSError if it can't."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    partial = _partial(path)
    try:
        partial.touch()
    finally:
        with suppress(OSError):
            partial.unlink()


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")

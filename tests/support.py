"""What tests share: asking for the things that are not Python's to install."""

from __future__ import annotations

import importlib
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest


def in_ci() -> bool:
    """Whether this run must be complete, so that nothing which could be installed may be skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def missing(what: str, remedy: str) -> NoReturn:
    """Skip this test for want of something that could be installed; where a run must be complete, fail it.

    A test that needs what can't be installed (a GPU, a camera) skips by `pytest.skip` instead.
    """
    if in_ci():
        pytest.fail(f"{what} is missing, and nothing may be skipped in CI: {remedy}", pytrace=False)
    pytest.skip(f"{what} is missing: {remedy}", allow_module_level=True)


def require_program(name: str, *, apt: str) -> str:
    """The path of a program, which Debian's package `apt` holds."""
    path = shutil.which(name)
    if path is None:
        missing(name, f"apt-get install {apt}")
    return path


def require_module(name: str, *, extra: str) -> ModuleType:
    """A module that the extra `extra` of this project installs; also at the top of a test module."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != name.split(".")[0]:
            raise  # the module is here, and something that it needs is not
        missing(name, f"pip install 'invisible-cities[{extra}]'")

"""run.py as its own process, in a folder of its own; what it would install stands in as small scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


class Checkout:
    """A folder with run.py whose virtual environment notes what it is asked to do, and does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scripts = folder / ".venv" / "bin"
        self.notes = folder / "notes"
        shutil.copy(ROOT / "run.py", folder)
        (folder / "pyproject.toml").write_text("one")

    def pretend(self, program: str, exit_code: str = "0") -> None:
        """Put a program into .venv; in `exit_code`, `$*` are its arguments."""
        self.scripts.mkdir(parents=True, exist_ok=True)
        path = self.scripts / program
        path.write_text(f'#!/bin/sh\necho {program} "$*" >> {self.notes}\nexit {exit_code}\n')
        path.chmod(0o755)

    def run(self, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
        code = f"import runpy, sys\n{before}\ndel sys.argv[0]\n"
        code += "runpy.run_path(sys.argv[0], run_name='__main__')"
        return subprocess.run(
            [sys.executable, "-c", code, str(self.folder / "run.py"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder.parent,
        )

    def done(self) -> list[str]:
        """What was asked of .venv since the last call."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Checkout(folder)


def installed(checkout: Checkout, extras: str = "") -> str:
    return f"python -m pip install --disable-pip-version-check --editable {checkout.folder}{extras}"


def test_it_installs_once_and_again_when_the_project_changes(checkout: Checkout) -> None:
    checkout.pretend("python")
    checkout.pretend("cities")
    checkout.run()
    assert checkout.done() == [installed(checkout), "cities live"]
    checkout.run()
    assert checkout.done() == ["cities live"]
    (checkout.folder / "pyproject.toml").write_text("two")
    checkout.run("list")
    assert checkout.done() == [installed(checkout), "cities list"]


def test_arguments_and_exit_code_are_those_of_cities(checkout: Checkout) -> None:
    checkout.pretend("python")
    checkout.pretend("cities", "7")
    run = checkout.run("live", "--camera", "0")
    assert run.returncode == 7
    assert checkout.done()[-1] == "cities live --camera 0"
    checkout.run("--headless", "--seconds", "3")
    assert checkout.done() == ["cities live --headless --seconds 3"]
    checkout.run("--version")
    assert checkout.done() == ["cities --version"]


def test_the_tests_add_what_they_need_and_it_stays(checkout: Checkout) -> None:
    checkout.pretend("python")
    checkout.pretend("cities")
    checkout.run()
    checkout.done()
    assert checkout.run("test", "-k", "sheet").returncode == 0
    assert checkout.done() == [
        installed(checkout, "[dev,train]"),
        "python -m ruff check",
        "python -m ruff format --check",
        "python -m mypy",
        "python -m pytest -k sheet",
    ]
    checkout.run()
    assert checkout.done() == ["cities live"]


def test_every_check_runs_and_the_first_failure_counts(checkout: Checkout) -> None:
    checkout.pretend("python", '$(case "$*" in *" mypy") echo 5;; *" pytest") echo 6;; *) echo 0;; esac)')
    run = checkout.run("test")
    assert run.returncode == 5
    assert run.stderr.endswith("Failed: mypy, pytest.\n")
    assert checkout.done()[-1] == "python -m pytest"


def test_an_installation_that_failed_is_tried_again(checkout: Checkout) -> None:
    checkout.pretend("python", "1")
    checkout.pretend("cities")
    run = checkout.run()
    assert run.returncode == 1
    assert run.stderr.endswith("The installation failed; pip gave the reason above.\n")
    assert checkout.done() == [installed(checkout)]
    checkout.pretend("python")
    checkout.run()
    assert checkout.done() == [installed(checkout), "cities live"]


def test_an_old_python_is_told_so(checkout: Checkout) -> None:
    run = checkout.run(before="sys.version_info = (3, 9, 2)")
    assert run.returncode == 1
    assert run.stderr.startswith("Invisible Cities needs Python 3.11 or newer, and this is Python 3.9.2 (")
    assert not checkout.scripts.exists()


def test_a_python_without_venv_is_told_what_to_install(checkout: Checkout) -> None:
    run = checkout.run(before="sys.modules['ensurepip'] = None")
    assert run.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"`apt-get install python{version}-venv`" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not checkout.scripts.exists()

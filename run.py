"""Sets up and runs the show, or the tests, on a machine that has only Python 3.11 or newer.

    python3 run.py                 the show: the same as `cities live`
    python3 run.py --headless      … and with its options
    python3 run.py list --json     any other command of `cities`
    python3 run.py test            the tests, with ruff and mypy; what follows `test` goes to pytest

The first run makes the virtual environment .venv beside this file and installs the program into it; later
ones start at once, and install again only when pyproject.toml has changed or `test` needs more.
"""

from __future__ import annotations  # so that an old Python comes as far as being told that it is too old

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "installed.json"
TEST_EXTRAS = ("dev", "train")
CHECKS = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])


def main(arguments: Sequence[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is for whatever Python somebody has
        found = ".".join(str(part) for part in sys.version_info[:3])
        return told(
            f"Invisible Cities needs Python 3.11 or newer, and this is Python {found} ({sys.executable})."
        )
    testing = list(arguments[:1]) == ["test"]
    if fault := make_environment() or install(TEST_EXTRAS if testing else ()):
        return told(fault)
    if testing:
        return test(arguments[1:])
    if not arguments or (
        arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")
    ):
        arguments = ["live", *arguments]  # the show is what a newcomer wants
    return become([str(SCRIPTS / "cities"), *arguments])


def told(fault: str) -> int:
    print(fault, file=sys.stderr)
    return 1


def make_environment() -> str:
    """Make .venv if it isn't there or its Python is gone; returns what is wrong, or ''."""
    if venv_python().exists():
        return ""
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            "This Python can't make virtual environments; "
            f"on Debian and Ubuntu, `apt-get install python{version}-venv` adds what it lacks."
        )
    say(f"Making the virtual environment {VENV}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    return (
        ""
        if made.returncode == 0
        else f"The virtual environment {VENV} couldn't be made; the reason is above."
    )


def install(extras: Sequence[str]) -> str:
    """Install the program and `extras` into .venv unless they are there; returns what is wrong, or ''."""
    # A virtual environment that was moved still points to its old place, so the place counts too.
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        stamp = {"project": "", "extras": []}
    every = sorted({*stamp["extras"], *extras})
    if stamp == {"project": wanted, "extras": every}:
        return ""
    say(
        "Installing Invisible Cities"
        + (f" for {', '.join(every)}" if every else "")
        + "; this can take minutes."
    )
    target = f"{ROOT}[{','.join(every)}]" if every else str(ROOT)
    pip = subprocess.Popen(
        [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--editable", target],
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert pip.stdout is not None
    for line in pip.stdout:
        if line.strip().startswith(("Downloading", "Using cached", "Installing collected")):
            say(f"  {line.strip()[:100]}")
    if pip.wait():
        return "The installation failed; pip gave the reason above."
    STAMP.write_text(json.dumps({"project": wanted, "extras": every}))
    return ""


def test(arguments: Sequence[str]) -> int:
    """Every check, even after one has failed; returns the exit code of the first that failed, or 0."""
    failed = {}
    for check in (*CHECKS, ["pytest", *arguments]):
        say(f"\n== {' '.join(check)}")
        if code := subprocess.run([str(venv_python()), "-m", *check], cwd=ROOT, check=False).returncode:
            failed[check[0]] = code
    say(f"\nFailed: {', '.join(failed)}." if failed else "\nAll passed.")
    return next(iter(failed.values()), 0)


def become(command: list[str]) -> int:
    """Run a command in place of this program, so that signals and exit codes are its own."""
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode  # Windows can't replace a process


def venv_python() -> Path:
    return SCRIPTS / ("python.exe" if os.name == "nt" else "python")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

"""The check of names against a library is itself no use unless it finds what is wrong."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from tests.models.engines.api import signature, uses


class Builder:
    def plan(self) -> None:
        """plan(self: lib.Builder, network: lib.Network, level: int = 3) -> lib.Plan"""

    def describe(self) -> None:
        """describe(*args, **kwargs)"""


class Plan:
    size = 0


def library() -> ModuleType:
    module = ModuleType("lib")
    module.Builder, module.Plan = Builder, Plan  # type: ignore[attr-defined]
    return module


def wrong(tmp_path: Path, *lines: str) -> set[str]:
    path = tmp_path / "code.py"
    path.write_text("\n".join(lines))
    return uses([path], library(), ("lib",), {"self.held": "Plan"}).wrong


def test_what_is_there_is_right(tmp_path: Path) -> None:
    lines = ["b = lib.Builder(1)", "p = b.plan(n, level=4)", "p.size", "self.held.size", "b.describe(1, 2)"]
    assert wrong(tmp_path, *lines) == set()
    assert wrong(tmp_path, "other.Builder().anything", "x = thing()", "x.size") == set()


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    assert wrong(tmp_path, "lib.Bilder") == {"Bilder"}
    assert wrong(tmp_path, "b = lib.Builder(1)", "b.make()") == {"Builder.make"}
    assert wrong(tmp_path, "b = lib.Builder(1)", "b.plan(n).weight") == {"Plan.weight"}
    assert wrong(tmp_path, "b = lib.Builder()", "for p in [1]: pass", "p = b.plan(n)", "p.x") == {"Plan.x"}
    assert wrong(tmp_path, "self.held.weight") == {"Plan.weight"}
    assert wrong(tmp_path, "class Mine(lib.Plan):", "    def weigh(self): pass") == {"Plan.weigh"}


def test_arguments_that_it_does_not_take_are_found(tmp_path: Path) -> None:
    (found,) = wrong(tmp_path, "b = lib.Builder()", "b.plan(n, 3, 4)")
    assert found == "b.plan(n, 3, 4) takes network, level"
    (found,) = wrong(tmp_path, "b = lib.Builder()", "b.plan(n, depth=3)")
    assert found == "b.plan(n, depth=3) takes network, level"


def test_signatures_are_read_in_both_notations() -> None:
    assert signature(Builder.plan) == ["self", "network", "level"]
    assert signature(Builder.describe) is None

    def copy() -> None:
        """copy(dst, src, size_t count, kind: dict[str, int], unsigned int flags=0)

        More."""

    assert signature(copy) == ["dst", "src", "count", "kind", "flags"]

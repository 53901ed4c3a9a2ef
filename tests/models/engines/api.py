"""Checks a source file against a library that can be imported but not run.

Every name that the file takes from the library must be in it: attributes of the module, and attributes of
the objects that it makes, as far as they can be followed by the signatures in the library's own docstrings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


class Uses(ast.NodeVisitor):
    """What a file uses of a library.

    library: the module. roots: what the file calls it ('trt', 'self._trt'). known: the class of what can't
    be followed, by its name in the file. After `visit`, `used` holds every use ('Builder.create_network')
    and `wrong` those that the library lacks or that take other arguments.
    """

    def __init__(self, library: ModuleType, roots: tuple[str, ...], known: Mapping[str, str]) -> None:
        self.used: set[str] = set()
        self.wrong: set[str] = set()
        self._library = library
        self._roots = roots
        self._types: dict[str, Any] = {
            name: getattr(library, kind) for name, kind in known.items() if hasattr(library, kind)
        }

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        value = node.value.body if isinstance(node.value, ast.IfExp) else node.value
        kind = self._made_by(value)
        if isinstance(value, ast.ListComp):
            kind = self._made_by(value.elt)
        for target in node.targets:
            if kind is not None:
                self._types[ast.unparse(target)] = kind

    def visit_For(self, node: ast.For) -> None:
        if (kind := self._types.get(ast.unparse(node.iter))) is not None:
            self._types[ast.unparse(node.target)] = kind
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            if (kind := self._value(base)) is not None:
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                        self._use(kind, part.name)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        if self._owner(node) is not None:
            self._use(self._owner(node), node.attr)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        function = self._value(node.func)
        if (
            function is None
            or isinstance(function, type)
            or any(isinstance(argument, ast.Starred) for argument in node.args)
        ):
            return
        parameters = signature(function)
        if parameters is None:
            return
        names = [name for name in parameters if name != "self"]
        if self._is_bare(node.func) or "self" not in parameters:
            names = parameters
        if len(node.args) + len(node.keywords) > len(names) or not {
            keyword.arg for keyword in node.keywords
        } <= set(names):
            self.wrong.add(f"{ast.unparse(node)} takes {', '.join(names)}")

    def _is_bare(self, function: ast.expr) -> bool:
        """Whether it is a method taken from its class, so that it is given `self`."""
        return isinstance(function, ast.Attribute) and isinstance(self._value(function.value), type)

    def _use(self, owner: Any, name: str) -> None:
        use = name if owner is self._library else f"{owner.__name__}.{name}"
        self.used.add(use)
        if not hasattr(owner, name):
            self.wrong.add(use)

    def _owner(self, node: ast.Attribute) -> Any:
        """What the attribute is taken of: the library, one of its classes, or None."""
        if ast.unparse(node.value) in self._roots:
            return self._library
        value = self._value(node.value)
        if isinstance(value, type):
            return value
        return self._types.get(ast.unparse(node.value)) or self._made_by(node.value)

    def _value(self, node: ast.expr) -> Any:
        """What an expression is in the library: a class or a function; None if it isn't of it."""
        if not isinstance(node, ast.Attribute):
            return None
        owner = self._owner(node)
        return None if owner is None else getattr(owner, node.attr, None)

    def _made_by(self, node: ast.expr) -> Any:
        """The class of what a call returns."""
        if not isinstance(node, ast.Call):
            return None
        function = self._value(node.func)
        if function is None or isinstance(function, type):
            return function
        found = re.search(r"-> ([\w.:]+)", function.__doc__ or "")
        kind = getattr(self._library, re.split(r"[.:]+", found[1])[-1], None) if found else None
        return kind if isinstance(kind, type) else None


def signature(function: Any) -> list[str] | None:
    """Names of the parameters by the first line of a docstring; None if it doesn't say."""
    lines = (getattr(function, "__doc__", None) or "").strip().splitlines()
    found = re.match(r"\w+\((.*)\)", lines[0]) if lines else None
    if not found or "*args" in found[1]:
        return None
    parts, depth = [""], 0
    for sign in found[1]:
        depth += (sign in "[(<") - (sign in "])>")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    # 'flags: int = 0' is Python's way, 'size_t count' is C's.
    return [part.split("=")[0].split(":")[0].split()[-1] for part in parts if part.strip()]


def uses(paths: list[Path], library: ModuleType, roots: tuple[str, ...], known: Mapping[str, str]) -> Uses:
    """What files use of a library, see `Uses`."""
    found = Uses(library, roots, known)
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for _ in range(2):  # what is assigned to self in one method is used in those above, too
            found.visit(tree)
    return found

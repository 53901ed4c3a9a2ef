from __future__ import annotations

import sys

import pytest

from tests.support import require_module, require_program


def test_what_is_there_is_handed_over() -> None:
    assert require_module("json", extra="dev") is sys.modules["json"]
    assert require_program("git", apt="git").endswith(("git", "git.exe"))


def test_what_is_missing_is_skipped_at_home_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(
        pytest.skip.Exception, match="no-such-tool is missing: apt-get install no-such-package"
    ):
        require_program("no-such-tool", apt="no-such-package")
    with pytest.raises(pytest.skip.Exception, match=r"pip install 'invisible-cities\[train\]'"):
        require_module("no_such_module", extra="train")


def test_what_is_missing_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(
        pytest.fail.Exception, match="nothing may be skipped in CI: apt-get install no-such-package"
    ):
        require_program("no-such-tool", apt="no-such-package")

"""The lock of packages, from uv.lock or from what an installation carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config import package_lock
from kernel.config.errors import KernelError
from kernel.config.package_lock import (
    find_package_lock,
    parse_packages_lock,
    parse_uv_lock,
    render_packages_lock,
)

UV_LOCK = b"""
version = 1
[[package]]
name = "autocapture"
version = "0.1.0"
dependencies = [{ name = "a" }, { name = "web", extra = ["tls"] }]
[package.optional-dependencies]
more = [{ name = "c" }, { name = "a" }]
[package.dev-dependencies]
dev = [{ name = "tool" }]
[[package]]
name = "a"
version = "1.0"
dependencies = [{ name = "b", marker = "python_version < '3.12'" }]
[[package]]
name = "b"
version = "2.0"
[[package]]
name = "b"
version = "2.1"
[[package]]
name = "c"
version = "3.0"
[[package]]
name = "tool"
version = "4.0"
[[package]]
name = "web"
version = "5.0"
[package.optional-dependencies]
tls = [{ name = "keys" }]
[[package]]
name = "keys"
version = "6.0"
"""


def test_base_and_extras_hold_what_they_need_through_others_and_no_tools() -> None:
    lock = parse_uv_lock(UV_LOCK)
    assert lock.base == ("a", "b", "keys", "web")
    assert lock.extras == {"more": ("c",)}
    assert lock.versions["b"] == ("2.0", "2.1")
    assert "tool" not in lock.versions


def test_what_an_installation_carries_says_the_same() -> None:
    lock = parse_uv_lock(UV_LOCK)
    text = render_packages_lock(lock)
    assert parse_packages_lock(text.encode()) == lock
    assert render_packages_lock(parse_packages_lock(text.encode())) == text


def test_a_checkout_is_judged_by_uv_lock_and_an_installation_by_what_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setattr(package_lock, "locks_dir", lambda: folder)
    (folder / "packages.lock.json").write_text(render_packages_lock(parse_uv_lock(UV_LOCK)))
    assert find_package_lock()[1] == "packages.lock.json"
    (tmp_path / "uv.lock").write_bytes(UV_LOCK.replace(b"5.0", b"5.1"))
    lock, name = find_package_lock()
    assert (name, lock.versions["web"]) == ("uv.lock", ("5.1",))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "\xff"])
def test_a_lock_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(package_lock, "locks_dir", lambda: tmp_path)
    (tmp_path / "packages.lock.json").write_text(text, encoding="latin-1")
    with pytest.raises(KernelError) as caught:
        find_package_lock()
    assert caught.value.code == "packages-lock-unreadable"

"""What is installed is compared with what was locked, not only with what would be accepted."""

from __future__ import annotations

import importlib.metadata

from packaging.version import Version

from kernel.config.package_lock import PackageLock, find_package_lock
from kernel.observe.check_install import check_packages, check_python


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def lock_of_this_environment() -> PackageLock:
    """The lock with the versions that are installed here, wherever the tests run."""
    lock, _ = find_package_lock()
    versions = {name: (installed(name) or found[0],) for name, found in lock.versions.items()}
    return PackageLock(versions, lock.base, lock.extras)


def test_versions_as_locked_are_well() -> None:
    check = check_packages(lock_of_this_environment())
    assert check.state == "ok", check.saw


def test_another_version_than_the_locked_one_is_a_warning_that_names_both() -> None:
    lock = lock_of_this_environment()
    found = lock.versions["click"][0]
    newer = f"{Version(found).major}.9999"
    check = check_packages(lock, lambda name: newer if name == "click" else installed(name))
    assert check.state == "warn"
    assert f"click {newer} (locked: {found})" in check.saw
    assert "uv sync --locked" in check.remedy


def test_a_package_that_only_others_need_is_compared_too() -> None:
    lock = lock_of_this_environment()
    check = check_packages(lock, lambda n: "0.0.1" if n == "pydantic-core" else installed(n))
    assert (check.state, "pydantic-core 0.0.1" in check.saw) == ("warn", True)


def test_a_version_that_is_not_accepted_or_missing_is_a_failure() -> None:
    lock = lock_of_this_environment()
    check = check_packages(lock, lambda n: "1.0" if n == "click" else installed(n))
    assert (check.state, check.saw) == ("fail", "click 1.0 does not fit >=8.1")
    check = check_packages(lock, lambda n: None if n == "msgspec" else installed(n))
    assert (check.state, check.saw) == ("fail", "msgspec is missing")


def test_an_extra_in_use_is_compared_and_one_that_is_not_there_is_not_asked_for() -> None:
    lock = lock_of_this_environment()
    there = {"jeepney": "0.0.1", "python-xlib": "0.33"}
    base = {name: installed(name) for name in lock.base}
    check = check_packages(lock, lambda name: base.get(name) or there.get(name))
    assert check.details["extras"] == ["desktop"]
    assert "jeepney 0.0.1 does not fit" in check.saw
    check = check_packages(lock, base.get)
    assert (check.details["extras"], check.state) == ([], "ok")


def test_python_has_a_lower_and_an_upper_bound() -> None:
    assert check_python().state == "ok"
    assert check_python((3, 10, 9)).state == "fail"
    assert check_python((3, 11, 0)).state == check_python((3, 14, 2)).state == "ok"
    newer = check_python((3, 15, 0))
    assert (newer.state, "3.14" in newer.remedy) == ("fail", True)

"""The versions of other people's packages that this release was locked and tested with.

In a checkout that is ``uv.lock``; an installation carries what matters of it as
``packages.lock.json`` beside the other locks. Covers: reading both, which packages the base and
each extra bring in. Does not cover: what is installed (`kernel.observe.check_install`).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.config.errors import ExitCode, KernelError
from kernel.config.locks import locks_dir

PACKAGES_LOCK_NAME = "packages.lock.json"
UV_LOCK_NAME = "uv.lock"
ROOT_NAME = "autocapture"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class PackageLock:
    """Names are normalized (PEP 503), versions as the lock spells them.

    A package has more than one version where the lock holds one for each Python or platform.
    """

    versions: Mapping[str, tuple[str, ...]]
    base: tuple[str, ...]
    """What the base installation needs, directly or through others."""
    extras: Mapping[str, tuple[str, ...]]
    """The same for each extra, without what the base brings in."""


def find_package_lock() -> tuple[PackageLock, str]:
    """The lock of this installation and its file's name: uv.lock in a checkout.

    Raises `KernelError`: ``locks-missing``, ``packages-lock-unreadable``.
    """
    folder = locks_dir()
    in_checkout = folder.parent / UV_LOCK_NAME
    path = in_checkout if in_checkout.is_file() else folder / PACKAGES_LOCK_NAME
    try:
        data = path.read_bytes()
        lock = parse_uv_lock(data) if path == in_checkout else parse_packages_lock(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KernelError(
            "packages-lock-unreadable",
            f"{path}: {type(error).__name__}: {error}",
            hint="reinstall; in a checkout run: python tools/update_package_lock.py",
            exit_code=ExitCode.USAGE,
        ) from error
    return lock, path.name


def parse_uv_lock(data: bytes) -> PackageLock:
    """What matters of a ``uv.lock``; raises ValueError, KeyError or TypeError when it is none."""
    packages: list[dict[str, Any]] = tomllib.loads(data.decode())["package"]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)
    (root,) = by_name[ROOT_NAME]
    base = _closure(root["dependencies"], by_name)
    extras = {
        extra: _closure(wanted, by_name) - base
        for extra, wanted in root["optional-dependencies"].items()
    }
    names = sorted(base.union(*extras.values()))
    return PackageLock(
        versions={name: tuple(sorted({p["version"] for p in by_name[name]})) for name in names},
        base=tuple(sorted(base)),
        extras={extra: tuple(sorted(names)) for extra, names in sorted(extras.items())},
    )


def parse_packages_lock(data: bytes) -> PackageLock:
    """What `render_packages_lock` wrote; raises ValueError, KeyError or TypeError if it is not."""
    document = json.loads(data)
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']} is not {FORMAT}")
    return PackageLock(
        versions={str(name): tuple(found) for name, found in document["versions"].items()},
        base=tuple(document["base"]),
        extras={str(extra): tuple(names) for extra, names in document["extras"].items()},
    )


def render_packages_lock(lock: PackageLock) -> str:
    """The text of ``packages.lock.json``; equal locks give equal text."""
    document = {
        "format": FORMAT,
        "versions": dict(lock.versions),
        "base": lock.base,
        "extras": dict(lock.extras),
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _closure(
    wanted: Iterable[Mapping[str, Any]], by_name: Mapping[str, list[dict[str, Any]]]
) -> set[str]:
    """Names of what is wanted and of all it needs, whatever the platform."""
    found: set[tuple[str, str]] = set()
    left = list(wanted)
    while left:
        dependency = left.pop()
        for extra in ("", *dependency.get("extra", ())):
            key = (dependency["name"], extra)
            if key in found:
                continue
            found.add(key)
            for package in by_name[dependency["name"]]:
                more = package.get("optional-dependencies", {}).get(extra, [])
                left += package.get("dependencies", []) if not extra else more
    return {name for name, _ in found}

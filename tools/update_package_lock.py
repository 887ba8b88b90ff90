"""Write or check ``locks/packages.lock.json``: run it after a change in ``uv.lock``.

An installed wheel has no ``uv.lock``; ``kernel doctor`` compares what is installed with this.
Exit 0: both agree (or it was written). Exit 1: they do not (``--check``). Works from any directory.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# This checkout's code, whatever is installed in the environment.
sys.path.insert(0, str(ROOT))

from kernel.config.package_lock import (  # noqa: E402
    PACKAGES_LOCK_NAME,
    UV_LOCK_NAME,
    parse_uv_lock,
    render_packages_lock,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("--uv-lock", type=Path, default=ROOT / UV_LOCK_NAME)
    parser.add_argument("--lock", type=Path, default=ROOT / "locks" / PACKAGES_LOCK_NAME)
    options = parser.parse_args(arguments)
    lock = parse_uv_lock(options.uv_lock.read_bytes())
    text = render_packages_lock(lock)
    path: Path = options.lock
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        print(f"{path.name} agrees with {options.uv_lock.name} ({len(lock.versions)} packages)")
        return 0
    if options.check:
        print(f"{path} does not agree with {options.uv_lock.name}")
        print("Run: python tools/update_package_lock.py")
        return 1
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {path.name}: {len(lock.versions)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where the locks are, and whether the code is what they pin.

In a checkout the locks stand in ``locks/`` beside the packages; a wheel carries them as
``kernel/_locks``. Covers: finding and reading the packaged locks, the check at boot. Does not
cover: plugins that a person approved (`kernel.config.approvals`).
"""

from __future__ import annotations

from pathlib import Path

from contracts.bounded import ContractError
from contracts.lock import (
    Lock,
    code_matches,
    compare_code,
    contracts_lock_digest,
    describe_code,
    parse_lock,
)
from kernel.config.errors import ExitCode, KernelError

CONTRACTS_LOCK_NAME = "contracts.lock.json"
PLUGINS_LOCK_NAME = "plugins.lock.json"
DIFF_LINES_MAX = 40


def locks_dir() -> Path:
    """The folder with the packaged locks.

    Raises `KernelError` (``locks-missing``) when this installation has none.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_locks", package.parent / "locks"):
        if (candidate / CONTRACTS_LOCK_NAME).is_file():
            return candidate
    raise KernelError(
        "locks-missing",
        f"no {CONTRACTS_LOCK_NAME} beside {package}",
        hint="reinstall; in a checkout run: python tools/update_contract_lock.py",
        exit_code=ExitCode.USAGE,
    )


def read_contracts_lock(folder: Path | None = None) -> Lock:
    """The packaged contract lock; raises `KernelError` (``contracts-lock-unreadable``)."""
    path = (folder or locks_dir()) / CONTRACTS_LOCK_NAME
    try:
        return parse_lock(path.read_bytes())
    except (OSError, ContractError) as error:
        raise KernelError(
            "contracts-lock-unreadable",
            f"{path}: {error}",
            hint="reinstall; in a checkout run: python tools/update_contract_lock.py",
            exit_code=ExitCode.USAGE,
        ) from error


def require_contracts_lock(folder: Path | None = None) -> str:
    """The fingerprint of the contracts, once code and lock agree on it; called at every boot.

    Raises `KernelError` (``contracts-lock-mismatch``, with the differences) when they do not:
    a kernel that writes records which its lock does not pin must not start.
    """
    lock = read_contracts_lock(folder)
    if code_matches(lock):
        return contracts_lock_digest()
    lines = [str(change) for change in compare_code(lock, describe_code())]
    if not lines:
        lines = ["the lock's fingerprint is not the digest of its contents: it was edited by hand"]
    shown = lines[:DIFF_LINES_MAX]
    if len(lines) > len(shown):
        shown.append(f"... and {len(lines) - len(shown)} more")
    raise KernelError(
        "contracts-lock-mismatch",
        "the code's contracts are not those of the lock:\n  " + "\n  ".join(shown),
        hint="reinstall; in a checkout run: python tools/update_contract_lock.py",
        exit_code=ExitCode.USAGE,
    )

"""The run dir: sockets and host records of the kernel that serves one data dir.

Short on purpose: an ipc path may have at most 107 bytes (sun_path of unix(7) less its NUL),
and libzmq finds that out late. Covers: where it is, that it is ours, the length check. Does
not cover: what the records say (`kernel.supervision.records`).
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.canonical import digest_bytes
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir

SOCKET_PATH_BYTES_MAX = 107
LONGEST_NAME = "h999999-ffffffff/s"
NAME_PREFIX = "autocapture-"
_OWNER_ONLY = 0o700
_PASSABLE = 0o711
"""As root, hosts run as another user and must reach the one socket dir that is theirs."""


@dataclass(frozen=True, slots=True)
class RunDir:
    """Names below one run dir."""

    root: Path

    @property
    def control_socket(self) -> Path:
        """Where the running kernel listens for the `kernel` command."""
        return self.root / "control"

    @property
    def kernel_record(self) -> Path:
        """Who the running kernel is."""
        return self.root / "kernel.json"

    @property
    def hosts_dir(self) -> Path:
        """One record per host."""
        return self.root / "hosts"

    def socket_dir(self, host_id: str) -> Path:
        """The directory that holds nothing but one host's socket."""
        return self.root / host_id

    def make(self) -> None:
        """Make the run dir, or check that the one that is there is ours.

        Raises `KernelError` ``run-dir-unsafe`` when somebody else owns it.
        """
        mode = _PASSABLE if os.getuid() == 0 else _OWNER_ONLY
        for path, wanted in ((self.root, mode), (self.hosts_dir, _OWNER_ONLY)):
            path.mkdir(mode=wanted, parents=True, exist_ok=True)
            _require_ours(path)
            path.chmod(wanted)

    def require_ours(self) -> None:
        """Raise `KernelError` ``run-dir-unsafe`` when the run dir that is there is not ours."""
        _require_ours(self.root)

    def is_ours(self) -> bool:
        """Whether it is there and ours: records of somebody else could name any process of ours."""
        try:
            self.require_ours()
        except (KernelError, OSError):
            return False
        return True


def _require_ours(path: Path) -> None:
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise KernelError(
            "run-dir-unsafe",
            f"{path} is not a directory of this user",
            hint="set XDG_RUNTIME_DIR to a directory that only you can write to",
        )


def bases() -> Iterator[Path]:
    """Where run dirs may be, the best first; the first that is short enough is taken."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        yield Path(runtime)
    if os.getuid() == 0 and Path("/run").is_dir() and os.access("/run", os.W_OK):
        yield Path("/run")
    yield Path(tempfile.gettempdir()) / f"{NAME_PREFIX}{os.getuid()}"
    yield Path("/tmp") / f"{NAME_PREFIX}{os.getuid()}"  # noqa: S108 - `RunDir.make` checks the owner


def _all_bases() -> tuple[Path, ...]:
    """Where run dirs can be, whatever the environment of the kernel that made them was."""
    usual = (Path("/run/user") / str(os.getuid()), Path("/run"))
    return tuple(dict.fromkeys((*bases(), *usual)))


def _name_of(data_dir: DataDir) -> str:
    return NAME_PREFIX + digest_bytes(os.fsencode(os.path.realpath(data_dir.root)))[:8]


def candidates(data_dir: DataDir) -> list[RunDir]:
    """Every place where a kernel of this data dir may have had its run dir, if there is one."""
    found = (base / _name_of(data_dir) for base in _all_bases())
    return [RunDir(path) for path in found if path.is_dir()]


def run_dir_of(data_dir: DataDir) -> RunDir:
    """The run dir that belongs to a data dir; the same for every process of this user.

    Raises `KernelError` ``socket-path-too-long`` when no base is short enough.
    """
    name = _name_of(data_dir)
    tried: list[Path] = []
    for base in bases():
        root = base / name
        if len(os.fsencode(root / LONGEST_NAME)) <= SOCKET_PATH_BYTES_MAX:
            return RunDir(root)
        tried.append(root)
    raise KernelError(
        "socket-path-too-long",
        f"no run dir is short enough for sockets (limit {SOCKET_PATH_BYTES_MAX} bytes): "
        + ", ".join(map(str, tried)),
        hint="set XDG_RUNTIME_DIR or TMPDIR to a shorter path",
    )


def all_run_dirs() -> list[RunDir]:
    """Every run dir of this user that exists (for `kernel doctor --reap --all-runs`)."""
    found: list[RunDir] = []
    for base in _all_bases():
        if base.is_dir():
            found += [
                RunDir(path)
                for path in sorted(base.glob(f"{NAME_PREFIX}*"))
                if path.is_dir() and (path / "hosts").is_dir()
            ]
    return found

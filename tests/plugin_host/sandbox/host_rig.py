"""Starts real hosts through `starter`, as the kernel of root and as the kernel of a user."""

# Orders are JSON: anything.
# ruff: noqa: ANN401

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

STARTER = Path(__file__).parent / "starter.py"
NOBODY = 65534
NO_USER_NAMESPACES = (
    "unshare",
    "--user",
    "--map-current-user",
    "--keep-caps",
    "sh",
    "-c",
    "echo 0 > /proc/sys/user/max_user_namespaces &&"
    ' exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"',
    "sh",
)
"""As an administrator refuses them: this limit counts inside the namespace it is set in."""
STARTER_S_MAX = 110
BASES: list[Path] = []
"""Every directory made; a killed starter cannot clean up after itself."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a host did."""

    status: int
    output: str
    errors: str
    seconds: float
    secret_intact: bool
    answer: Any = field(default=None)


def python_for(who: str) -> str:
    """An interpreter that ``who`` may run; skips the test when this machine has none."""
    if who == "root":
        if os.geteuid() != 0:
            pytest.skip("needs root: the kernel of this test runs as root")
        return sys.executable
    if os.geteuid() != 0:
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if Path(candidate).exists() and reachable(candidate):
            return candidate
    pytest.skip(f"uid {NOBODY} may run no {version} here")


def reachable(path: str) -> bool:
    """Whether every directory on the way may be passed by anybody."""
    try:
        real = os.path.realpath(path)
        return all(Path(up).stat().st_mode & 0o001 for up in Path(real).parents)
    except OSError:
        return False


def start(
    who: str,
    target: str,
    *,
    pass_fds: tuple[int, ...] = (),
    wrapped_in: tuple[str, ...] = (),
    **told: Any,
) -> Any:
    """The starter as a running process; it is given its orders already."""
    python = python_for(who)
    drop = who == "user" and os.geteuid() == 0
    ids: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if drop else {}
    # On disk, not on a tmpfs; passable, as a data dir's parents usually are.
    base = Path(tempfile.mkdtemp(prefix="autocapture-test-", dir="/var/tmp"))
    base.chmod(0o755)
    BASES.append(base)
    if drop:
        os.chown(base, NOBODY, NOBODY)
    order = {
        "target": target,
        "base": str(base),
        "site_dirs": [sysconfig.get_path("purelib")],
        "keep_fds": list(pass_fds),
        **told,
    }
    # Politeness is for a person's machine; here it would starve a test beside a busy suite.
    order["policy"] = {"nice": 0, **told.get("policy", {})}
    process = subprocess.Popen(
        [*wrapped_in, python, "-B", str(STARTER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        cwd="/",
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
        **ids,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode())
    process.stdin.close()
    process.stdin = None
    return process


def run(who: str, target: str, **told: Any) -> Outcome:
    """Runs a host to its end; ``answer`` is the last line of its output, decoded."""
    process = start(who, target, **told)
    try:
        output, errors = process.communicate(timeout=STARTER_S_MAX)
    finally:
        process.kill()
    assert process.returncode == 0, errors.decode()
    facts = json.loads(output)
    lines = facts["output"].strip().splitlines()
    answer = json.loads(lines[-1]) if lines else None
    return Outcome(**facts, answer=answer)


def needs_program(name: str) -> str:
    """Where ``name`` is; skips the test when it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found

"""The `kernel` command as a user without rights, also where the tests run as root.

Root stays the owner of its files: in a user namespace of its own it is shown as another uid and
has no rights but those of an owner. Nothing below has to be made reachable.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

UID = "1000"
AS_USER = ("unshare", "--user", f"--map-user={UID}", f"--map-group={UID}", "--")
ASK = "import os; print(os.getuid())"


def as_plain_user() -> tuple[str, ...]:
    """What to put before a command; skips the test where root cannot be shown as somebody else."""
    if os.geteuid() != 0:
        return ()
    try:
        shown = subprocess.run(
            [*AS_USER, sys.executable, "-I", "-c", ASK], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("unshare(1) is not installed: a kernel of root has no thread hosts")
    if shown.stdout.strip() != UID:
        pytest.skip(f"no user namespace here ({shown.stderr.strip()}): root has no thread hosts")
    return AS_USER

"""Runs code in a fresh interpreter: what a wall does to a process must not be done to the suite."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def run_fresh(code: str, **popen: Any) -> Any:  # noqa: ANN401 - JSON and Popen's own keywords
    """What ``code`` leaves in its variable ``answer``."""
    program = (
        f"import sys, json\nsys.path.insert(0, {str(ROOT)!r})\n{code}\nprint(json.dumps(answer))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        check=False,
        timeout=60,
        **popen,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)

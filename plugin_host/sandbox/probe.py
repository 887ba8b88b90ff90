"""A host with no plugin: puts up the walls, prints what holds, ends.

Covers: the launch target by which ``kernel doctor`` sees the sandbox of a real host process.
Prints one JSON line on stdout: level and layers.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

TARGET: Final = "plugin_host.sandbox.probe:serve"


def serve(
    _document: dict[str, Any],
    *,
    sandbox_level: str,
    sandbox: list[dict[str, str]],
    lifeline_fd: int | None,
) -> int:
    """Prints the report; the exit status is 0 whatever the level."""
    del lifeline_fd
    line = {"level": sandbox_level, "layers": sandbox}
    print(json.dumps(line), flush=True)  # noqa: T201 - this is the answer
    return 0


if __name__ == "__main__":
    sys.exit("start it through plugin_host/bootstrap.py")

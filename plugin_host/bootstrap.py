"""The program of a host process: ``python -I -S .../plugin_host/bootstrap.py --launch-fd N``.

Covers: reading the launch document, putting up the sandbox, only then opening the way to
libraries and calling the host's loop. Does not cover: the loop (`plugin_host.main`), the walls
(`plugin_host.sandbox`). Standard library only until the sandbox stands.

The launch document is JSON: ``policy`` (`contracts.launch.SandboxPolicy`), ``sys_path`` (plain
import paths), ``site_dirs`` (site-packages, with their .pth files), ``prefix`` (the virtual
environment), ``environment`` (variables to set), ``lifeline_fd``, ``target`` (``module:function``)
and ``host``, which the target gets together with the level, the layers and the lifeline.
"""

from __future__ import annotations

import sys

# -I and -S leave the standard library alone; our own parts lie beside this file.
_ROOT = __file__.rpartition("/plugin_host/")[0]
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

import importlib  # noqa: E402 - the path comes first
import json  # noqa: E402
import os  # noqa: E402
import site  # noqa: E402
from dataclasses import asdict  # noqa: E402
from typing import Any, Final, NoReturn  # noqa: E402

from contracts.launch import SandboxPolicy  # noqa: E402
from plugin_host.sandbox import apply, lifeline, process  # noqa: E402
from plugin_host.sandbox.report import SandboxReport  # noqa: E402

DEFAULT_TARGET: Final = "plugin_host.main:serve"
EXIT_BAD_LAUNCH: Final = 75
"""The launch document is missing or not understood."""
EXIT_KERNEL_GONE: Final = lifeline.EXIT_KERNEL_GONE
EXIT_SANDBOX: Final = 77
"""The sandbox is weaker than the policy demands, or the host would run as root."""

LAUNCH_BYTES_MAX: Final = 1 << 20
USAGE: Final = ("--launch-fd", "N")
STREAMS: Final = (0, 1, 2)


def main(arguments: list[str]) -> int:
    """Runs the host and gives its exit status; writes one JSON line to stderr when it refuses."""
    try:
        launch = read_launch(arguments)
        policy = SandboxPolicy.from_dict(launch["policy"])
        lifeline_fd = int(launch["lifeline_fd"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _refuse("bad-launch", str(error), EXIT_BAD_LAUNCH)
    process.close_other_fds((*STREAMS, lifeline_fd, *policy.keep_fds))
    os.environ.update(launch.get("environment", {}))
    # The parent-death signal is already asked for by the launch chain; what happened before
    # that shows here.
    if lifeline.is_cut(lifeline_fd):
        return EXIT_KERNEL_GONE
    report = apply.apply(policy)
    if report.refused:
        return _refuse("sandbox-level", report.refused, EXIT_SANDBOX, report)
    # Asked again: the signal that apply set does not tell of a kernel that ended before.
    if lifeline.is_cut(lifeline_fd):
        return EXIT_KERNEL_GONE
    lifeline.watch(lifeline_fd)
    open_libraries(launch)
    return call_target(launch, report)


def read_launch(arguments: list[str]) -> dict[str, Any]:
    """The launch document from the descriptor named by ``--launch-fd``; closes it.

    Raises ValueError when there is none or it is not a JSON object, OSError when it is closed.
    """
    if len(arguments) != len(USAGE) or arguments[0] != USAGE[0]:
        msg = f"usage: bootstrap.py {' '.join(USAGE)}"
        raise ValueError(msg)
    with os.fdopen(int(arguments[1]), "rb") as stream:
        raw = stream.read(LAUNCH_BYTES_MAX + 1)
    if len(raw) > LAUNCH_BYTES_MAX:
        msg = f"launch document is longer than {LAUNCH_BYTES_MAX} bytes"
        raise ValueError(msg)
    launch = json.loads(raw)
    if not isinstance(launch, dict):
        msg = "launch document is not an object"
        raise ValueError(msg)  # noqa: TRY004 - wrong data, not a wrong call
    return launch


def open_libraries(launch: dict[str, Any]) -> None:
    """Makes the virtual environment importable; its .pth files run inside the sandbox."""
    prefix = launch.get("prefix")
    if prefix:
        sys.prefix = sys.exec_prefix = prefix
    for path in launch.get("sys_path", ()):
        if path not in sys.path:
            sys.path.append(path)
    for path in launch.get("site_dirs", ()):
        site.addsitedir(path)


def call_target(launch: dict[str, Any], report: SandboxReport) -> int:
    """Imports and calls the target; its integer is the exit status, None means 0."""
    module_name, _, function_name = launch.get("target", DEFAULT_TARGET).partition(":")
    function = getattr(importlib.import_module(module_name), function_name)
    status = function(
        launch.get("host", {}),
        sandbox_level=report.level,
        sandbox=[asdict(layer) for layer in report.layers],
        lifeline_fd=int(launch["lifeline_fd"]),
    )
    return 0 if status is None else int(status)


def _refuse(code: str, reason: str, status: int, report: SandboxReport | None = None) -> int:
    # Short, so that the kernel keeps all of it; kernel doctor has the whole report.
    weak = [
        f"{layer.name} {layer.state}"
        for layer in (report.layers if report else ())
        if layer.state != "enforced"
    ]
    line = {"fault": code, "reason": reason, "layers": weak}
    print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - the kernel reads it
    return status


def _run() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _run()

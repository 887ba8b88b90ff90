"""The guard that the four generic import names are really ours.

`kernel`, `plugin_host`, `plugins` and `contracts` are names that other distributions may use too
(docs/adr/0001). A foreign package of the same name can overwrite our files, take them away when it
is uninstalled, or stand before ours on the import path; each of these would be found out late
and strangely. Covers: the check at start. Does not cover: hosts, which prove the same with the
fingerprint of their contracts in the handshake.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kernel.config.errors import ExitCode, KernelError

DISTRIBUTION = "autocapture"
ROOTS = ("kernel", "plugin_host", "plugins", "contracts")


def check_origin() -> None:
    """Return when every root comes from where this program was installed.

    Reads one metadata file and four short ones; imports nothing. Raises `KernelError` with code
    `foreign-package` that names the first root which is missing, shadowed or overwritten.
    """
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        # Run from a plain copy of the tree: the four must at least lie side by side.
        home, recorded = Path(__file__).resolve().parent.parent, {}
    else:
        home, recorded = _home(distribution), _recorded_hashes(distribution)
    for root in ROOTS:
        expected = home / root / "__init__.py"
        _check_place(root, expected)
        _check_content(root, expected, recorded.get(f"{root}/__init__.py"))


def _check_place(root: str, expected: Path) -> None:
    spec = find_spec(root)
    if spec is None or spec.origin is None:
        raise _foreign(root, f"{expected} is gone, perhaps uninstalled with another package")
    if Path(spec.origin).resolve() != expected.resolve():
        raise _foreign(root, f"it comes from {spec.origin} instead of {expected}")


def _check_content(root: str, path: Path, recorded: str | None) -> None:
    if recorded is not None and _record_hash(path.read_bytes()) != recorded:
        raise _foreign(root, f"{path} is not the file that was installed")


def _foreign(root: str, why: str) -> KernelError:
    return KernelError(
        "foreign-package",
        f"the package '{root}' is not ours: {why}",
        hint="install Autocapture into an environment of its own: uv tool install --force .",
        exit_code=ExitCode.USAGE,
    )


def _home(distribution: metadata.Distribution) -> Path:
    """The folder that holds the roots: the source tree of an editable install, or site-packages."""
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    if direct.get("dir_info", {}).get("editable"):
        return Path(unquote(urlsplit(direct["url"]).path))
    return Path(str(distribution.locate_file("")))


def _recorded_hashes(distribution: metadata.Distribution) -> dict[str, str]:
    """Path to hash, as the installer wrote them; an editable install records no root."""
    files = distribution.files or []
    return {file.as_posix(): file.hash.value for file in files if file.hash is not None}


def _record_hash(content: bytes) -> str:
    """Sha256 as RECORD spells it: urlsafe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()

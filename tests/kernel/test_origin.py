"""The guard of the generic names, against real trees that Python really imports from."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import origin

REPOSITORY = Path(origin.__file__).parents[1]
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
from kernel.origin import check_origin
from kernel.config.errors import KernelError
try:
    check_origin()
except KernelError as error:
    print(error.code, error.message)
else:
    print("ours")
"""


def start(*import_path: Path, cwd: Path | None = None) -> str:
    """What a fresh interpreter that sees only these folders says."""
    # -S leaves out the .pth of an editable install; -I the current folder.
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, *map(str, import_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def record_line(site: Path, path: Path) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
    return f"{path.relative_to(site)},sha256={digest.rstrip(b'=').decode()},{path.stat().st_size}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site-packages as an installer leaves it: four roots and a RECORD of their hashes."""
    site = tmp_path / "site-packages"
    for root in ("plugin_host", "plugins", "contracts"):
        (site / root).mkdir(parents=True)
        (site / root / "__init__.py").write_text(f'"""Our {root}."""\n')
    (site / "kernel" / "config").mkdir(parents=True)
    for name in ("__init__.py", "origin.py", "config/__init__.py", "config/errors.py"):
        shutil.copyfile(REPOSITORY / "kernel" / name, site / "kernel" / name)
    info = site / f"{origin.DISTRIBUTION}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {origin.DISTRIBUTION}\nVersion: 0.1.0\n")
    lines = [record_line(site, path) for path in sorted(site.rglob("*.py"))]
    (info / "RECORD").write_text("\n".join(lines) + "\n")
    return site


def write_editable(site: Path, tree: Path) -> None:
    """Turn the install into an editable one of ``tree``."""
    info = site / f"{origin.DISTRIBUTION}-0.1.0.dist-info"
    for root in origin.ROOTS:
        shutil.move(site / root, tree / root)
    (info / "RECORD").write_text("")
    direct = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))


def test_this_very_environment_is_ours() -> None:
    origin.check_origin()


def test_an_installed_wheel_is_ours(site: Path) -> None:
    assert start(site) == "ours"


def test_an_editable_install_is_ours(site: Path, tmp_path: Path) -> None:
    tree = tmp_path / "a tree with spaces"
    tree.mkdir()
    write_editable(site, tree)
    assert start(site, tree) == "ours"


def test_a_root_overwritten_by_another_package_is_named(site: Path) -> None:
    (site / "contracts" / "__init__.py").write_text("from pycontracts import *\n")
    answer = start(site)
    assert answer.startswith("foreign-package")
    assert "'contracts'" in answer
    assert "not the file that was installed" in answer


def test_a_root_taken_away_with_another_package_is_named(site: Path) -> None:
    (site / "contracts" / "__init__.py").unlink()
    answer = start(site)
    assert answer.startswith("foreign-package")
    assert "is gone" in answer


def test_a_package_of_the_same_name_before_ours_is_named(site: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    (hostile / "plugins").mkdir(parents=True)
    (hostile / "plugins" / "__init__.py").write_text("")
    answer = start(hostile, site)
    assert answer.startswith("foreign-package")
    assert str(hostile) in answer


def test_a_hostile_current_folder_is_not_looked_at(site: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    (hostile / "plugins").mkdir(parents=True)
    (hostile / "plugins" / "__init__.py").write_text("raise SystemExit('ran hostile code')")
    assert start(site, cwd=hostile) == "ours"


def test_a_plain_copy_of_the_tree_is_ours_when_the_four_lie_together(
    site: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for root in origin.ROOTS:
        shutil.move(site / root, bare / root)
    assert start(bare) == "ours"

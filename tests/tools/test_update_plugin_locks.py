"""The plugin lock is checked by the suite, and is the same file wherever it is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from contracts.plugin_lock import parse_plugins_lock
from tests.architecture.tree import REPOSITORY
from tests.kernel.config.plugin_folders import write_plugin

TOOL = REPOSITORY / "tools" / "update_plugin_locks.py"
PLUGINS = REPOSITORY / "plugins"


def run(
    *arguments: str | Path, cwd: Path = REPOSITORY, seed: str = "0", locale: str = "C.UTF-8"
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale}
    return subprocess.run(
        [sys.executable, TOOL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
    )


def test_the_lock_agrees_with_the_built_in_plugins() -> None:
    finished = run("--check")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_lock_is_the_same_bytes_from_anywhere_and_in_any_file_order(tmp_path: Path) -> None:
    copy = tmp_path / "plugins"
    for source in sorted(PLUGINS.rglob("*"), reverse=True):
        if source.is_file() and "__pycache__" not in source.parts:
            target = copy / source.relative_to(PLUGINS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    run("--lock", here)
    run("--lock", there, "--plugins", copy, cwd=tmp_path, seed="7", locale="tr_TR.UTF-8")
    assert here.read_bytes() == there.read_bytes()


def test_one_changed_byte_is_drift_and_the_file_is_named(tmp_path: Path) -> None:
    folder, lock = tmp_path / "plugins", tmp_path / "lock.json"
    write_plugin(folder / "sample")
    assert run("--lock", lock, "--plugins", folder).returncode == 0
    assert run("--check", "--lock", lock, "--plugins", folder).returncode == 0
    path = folder / "sample" / "plugin.py"
    path.write_bytes(path.read_bytes() + b"\n")
    before = lock.read_bytes()
    finished = run("--check", "--lock", lock, "--plugins", folder)
    assert finished.returncode == 1
    assert "sample: changed plugin.py" in finished.stdout
    assert lock.read_bytes() == before


def test_the_lock_holds_files_permissions_and_dependencies(tmp_path: Path) -> None:
    folder, lock = tmp_path / "plugins", tmp_path / "lock.json"
    more = '[permissions]\nprograms = ["tesseract"]\n[dependencies]\npillow = ">=10"\n'
    write_plugin(folder / "sample", more=more)
    run("--lock", lock, "--plugins", folder)
    locked = parse_plugins_lock(lock.read_bytes()).plugins["sample"]
    assert locked.permissions.programs == ("tesseract",)
    assert locked.dependencies == {"pillow": ">=10"}
    assert sorted(locked.files) == ["__init__.py", "plugin.py", "plugin.toml"]


def test_a_plugin_that_cannot_be_locked_is_named_by_file_and_key(tmp_path: Path) -> None:
    folder, lock = tmp_path / "plugins", tmp_path / "lock.json"
    write_plugin(folder / "sample", "other")
    finished = run("--lock", lock, "--plugins", folder)
    assert finished.returncode == 1
    assert "plugin.toml: id: other, but the folder is sample" in finished.stderr
    assert not lock.exists()


def test_making_a_lock_runs_no_plugin_code(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path / "plugins" / "sample")
    run("--lock", tmp_path / "lock.json", "--plugins", tmp_path / "plugins")
    assert not (folder / "IMPORTED").exists()

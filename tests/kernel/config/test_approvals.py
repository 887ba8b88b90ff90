"""Which plugins may run is a person's decision, kept with its history."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contracts.plugin_lock import PluginsLock, lock_plugin, render_plugin_lock
from kernel.config.approvals import (
    PluginLocks,
    approve_plugin,
    choose_rollback,
    copy_folder,
    judge_plugin,
    read_plugin_locks,
    rollback_plugin,
    write_atomically,
)
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.plugins import FoundPlugin
from tests.kernel.config.plugin_folders import found, place, write_plugin


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def judge(plugin: FoundPlugin, data_dir: DataDir, packaged: PluginsLock | None = None) -> list[str]:
    locks = read_plugin_locks(data_dir)
    locks = PluginLocks(packaged or PluginsLock(), locks.approvals)
    return [code for code, _ in judge_plugin(plugin, locks, data_dir).verdict.refusals]


def as_builtin(plugin: FoundPlugin) -> FoundPlugin:
    return FoundPlugin(place(plugin.place.folder, "builtin"), plugin.facts)


def test_a_plugin_may_run_once_it_is_approved_and_not_before(
    tmp_path: Path, data_dir: DataDir
) -> None:
    plugin = found(write_plugin(tmp_path / "sample"))
    assert judge(plugin, data_dir) == ["unlocked"]
    approve_plugin(plugin, data_dir, now_us=1)
    assert judge(plugin, data_dir) == []


def test_one_changed_byte_takes_the_permission_away(tmp_path: Path, data_dir: DataDir) -> None:
    folder = write_plugin(tmp_path / "sample")
    approve_plugin(found(folder), data_dir, now_us=1)
    (folder / "plugin.py").write_text((folder / "plugin.py").read_text() + "\n")
    assert judge(found(folder), data_dir) == ["changed"]
    standing = judge_plugin(found(folder), read_plugin_locks(data_dir), data_dir)
    with pytest.raises(KernelError) as caught:
        standing.require()
    assert caught.value.code == "plugin-refused"
    assert "changed plugin.py" in caught.value.message
    assert "kernel plugins diff sample" in str(caught.value.hint)
    assert "kernel plugins approve sample" in str(caught.value.hint)


def test_the_packaged_lock_speaks_for_built_in_plugins_alone(
    tmp_path: Path, data_dir: DataDir
) -> None:
    plugin = found(write_plugin(tmp_path / "sample"))
    packaged = PluginsLock(plugins={"sample": lock_plugin(plugin.facts)})
    assert judge(as_builtin(plugin), data_dir, packaged) == []
    assert judge(plugin, data_dir, packaged) == ["unlocked"]


def test_an_update_of_the_installation_counts_beside_an_older_approval(
    tmp_path: Path, data_dir: DataDir
) -> None:
    folder = write_plugin(tmp_path / "sample")
    approve_plugin(found(folder), data_dir, now_us=1)
    write_plugin(folder, version="1.1.0")
    updated = as_builtin(found(folder))
    packaged = PluginsLock(plugins={"sample": lock_plugin(updated.facts)})
    assert judge(updated, data_dir, packaged) == []
    assert judge(updated, data_dir) == ["changed"]


def test_an_approval_grants_what_was_asked_for_then_and_no_more(
    tmp_path: Path, data_dir: DataDir
) -> None:
    folder = write_plugin(tmp_path / "sample")
    approve_plugin(found(folder), data_dir, now_us=1)
    write_plugin(folder, more='[permissions]\nnetwork = "loopback"\n')
    assert judge(found(folder), data_dir) == ["changed", "exceeds-grant"]


def test_a_rollback_lets_the_earlier_state_run_from_its_copy(
    tmp_path: Path, data_dir: DataDir
) -> None:
    folder = write_plugin(tmp_path / "sample", code="STATE = 1\n")
    first = approve_plugin(found(folder), data_dir, now_us=1)
    write_plugin(folder, version="2.0.0", code="STATE = 2\n")
    approve_plugin(found(folder), data_dir, now_us=2)
    assert choose_rollback("sample", data_dir) == first
    rollback_plugin("sample", first, data_dir, now_us=3)

    standing = judge_plugin(found(folder), read_plugin_locks(data_dir), data_dir)
    plugin = standing.require()
    assert plugin.manifest.version == "1.0.0"
    assert plugin.place.origin == "kept"
    assert plugin.place.package == "sample"
    assert "STATE = 1" in (plugin.place.folder / "plugin.py").read_text()

    approve_plugin(found(folder), data_dir, now_us=4)
    standing = judge_plugin(found(folder), read_plugin_locks(data_dir), data_dir)
    assert standing.require().place.folder == folder
    history = read_plugin_locks(data_dir).approvals.plugins["sample"].history
    assert [(entry.act, entry.locked.version, entry.at_us) for entry in history] == [
        ("approve", "1.0.0", 1),
        ("approve", "2.0.0", 2),
        ("rollback", "1.0.0", 3),
        ("approve", "2.0.0", 4),
    ]


def test_a_damaged_copy_does_not_run(tmp_path: Path, data_dir: DataDir) -> None:
    folder = write_plugin(tmp_path / "sample")
    first = approve_plugin(found(folder), data_dir, now_us=1)
    write_plugin(folder, version="2.0.0")
    approve_plugin(found(folder), data_dir, now_us=2)
    rollback_plugin("sample", first, data_dir, now_us=3)
    copy = copy_folder(data_dir, "sample", first)
    (copy / "plugin.py").write_text("evil = True\n")
    assert judge(found(folder), data_dir) == ["changed"]
    (copy / "plugin.toml").write_text("")
    assert judge(found(folder), data_dir) == ["changed"]


def test_a_state_is_named_by_the_beginning_of_its_digest(tmp_path: Path, data_dir: DataDir) -> None:
    folder = write_plugin(tmp_path / "sample")
    states = []
    for number in (1, 2, 3):
        write_plugin(folder, version=f"{number}.0.0")
        states.append(approve_plugin(found(folder), data_dir, now_us=number))
    assert choose_rollback("sample", data_dir).version == "2.0.0"
    assert choose_rollback("sample", data_dir, digest=states[0].digest[:8]).version == "1.0.0"
    with pytest.raises(KernelError, match="begins with ffff"):
        choose_rollback("sample", data_dir, digest="ffff")


def test_without_an_earlier_state_there_is_no_rollback(tmp_path: Path, data_dir: DataDir) -> None:
    with pytest.raises(KernelError, match="never approved"):
        choose_rollback("sample", data_dir)
    approve_plugin(found(write_plugin(tmp_path / "sample")), data_dir, now_us=1)
    with pytest.raises(KernelError, match="no-rollback"):
        choose_rollback("sample", data_dir)


def test_approving_twice_is_one_decision(tmp_path: Path, data_dir: DataDir) -> None:
    plugin = found(write_plugin(tmp_path / "sample"))
    for _ in range(2):
        approve_plugin(plugin, data_dir, now_us=1)
    assert len(read_plugin_locks(data_dir).approvals.plugins["sample"].history) == 1


def test_a_plugin_that_changes_while_it_is_approved_is_not_approved(
    tmp_path: Path, data_dir: DataDir
) -> None:
    folder = write_plugin(tmp_path / "sample")
    seen = found(folder)
    (folder / "plugin.py").write_text("swapped = True\n")
    with pytest.raises(KernelError, match="plugin-changed"):
        approve_plugin(seen, data_dir, now_us=1)
    assert read_plugin_locks(data_dir).approvals.plugins == {}
    assert [path.name for path in data_dir.plugin_copies_dir.rglob("*") if path.is_file()] == []


def test_the_digest_of_the_locks_moves_with_every_decision(
    tmp_path: Path, data_dir: DataDir
) -> None:
    folder = write_plugin(tmp_path / "sample")
    digests = [read_plugin_locks(data_dir).digest]
    first = approve_plugin(found(folder), data_dir, now_us=1)
    digests.append(read_plugin_locks(data_dir).digest)
    write_plugin(folder, version="2.0.0")
    approve_plugin(found(folder), data_dir, now_us=2)
    digests.append(read_plugin_locks(data_dir).digest)
    assert len(set(digests)) == 3
    rollback_plugin("sample", first, data_dir, now_us=3)
    assert read_plugin_locks(data_dir).digest == digests[1]


@pytest.mark.parametrize("data", [b"", b"{", b'{"format": 2}', b'{"plugins": 1}'])
def test_damaged_approvals_are_an_error_and_not_an_empty_list(
    data_dir: DataDir, data: bytes
) -> None:
    data_dir.root.mkdir()
    data_dir.plugin_approvals.write_bytes(data)
    with pytest.raises(KernelError, match="plugins-lock-unreadable"):
        read_plugin_locks(data_dir)


def test_a_packaged_lock_that_is_missing_is_an_error(tmp_path: Path, data_dir: DataDir) -> None:
    with pytest.raises(KernelError, match="plugins-lock-unreadable"):
        read_plugin_locks(data_dir, tmp_path)
    (tmp_path / "plugins.lock.json").write_bytes(render_plugin_lock(PluginsLock()))
    assert read_plugin_locks(data_dir, tmp_path).packaged.plugins == {}


def test_a_small_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_atomically(path, b"one")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"one"
    assert [child.name for child in path.parent.iterdir()] == ["file.json"]


def test_files_of_an_approved_plugin_are_pinned_one_by_one(
    tmp_path: Path, data_dir: DataDir
) -> None:
    locked = approve_plugin(found(write_plugin(tmp_path / "sample")), data_dir, now_us=1)
    assert sorted(locked.files) == ["__init__.py", "plugin.py", "plugin.toml"]
    assert msgspec.json.decode(data_dir.plugin_approvals.read_bytes())["plugins"]["sample"]

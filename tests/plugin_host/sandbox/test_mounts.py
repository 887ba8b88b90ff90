"""What the own file tree shows, as a pure choice."""

from __future__ import annotations

from pathlib import Path

from contracts.launch import ProgramGrant, SandboxPolicy
from plugin_host.sandbox import apply, landlock, mounts


def test_a_path_below_another_with_equal_flags_is_not_mounted_twice(tmp_path: Path) -> None:
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    binds = [
        mounts.Bind(str(tmp_path / "lib" / "deep"), mounts.READ_ONLY),
        mounts.Bind(str(tmp_path / "lib"), mounts.READ_ONLY),
        mounts.Bind(str(tmp_path / "absent"), mounts.READ_ONLY),
    ]

    assert [item.path for item in mounts._outermost(binds)] == [str(tmp_path / "lib")]


def test_a_writable_path_below_a_read_only_one_is_mounted_over_it(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    binds = [
        mounts.Bind(str(tmp_path / "scratch"), mounts.SCRATCH),
        mounts.Bind(str(tmp_path), mounts.READ_ONLY),
    ]

    assert [item.path for item in mounts._outermost(binds)] == [
        str(tmp_path),
        str(tmp_path / "scratch"),
    ]


def test_links_on_the_way_to_a_path_are_made_again(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "name").symlink_to("real")
    binds = [mounts.Bind(str(tmp_path / "name"), mounts.READ_ONLY)]

    assert mounts._links_to(binds) == [(str(tmp_path / "name"), "real")]
    assert [item.path for item in mounts._outermost(binds)] == [str(tmp_path / "real")]


def test_only_scratch_is_writable_and_only_granted_programs_execute() -> None:
    policy = SandboxPolicy(
        scratch_dir="/scratch",
        ipc_dir="/ipc",
        kernel_pid=1,
        programs=(ProgramGrant("/usr/bin/tesseract", ("/usr/share/tessdata",)),),
    )

    writable = {item.path for item in apply.binds(policy) if not item.flags & mounts.MS_RDONLY}
    assert writable == {"/scratch", *mounts.DEVICES}
    rules = {rule.path: rule.rights for rule in apply.path_rules(policy)}
    executable = {path for path, rights in rules.items() if rights & landlock.EXECUTE}
    assert executable == {"/usr/bin/tesseract", *apply.DYNAMIC_LOADERS}
    assert not rules["/scratch"] & landlock.EXECUTE
    assert "/ipc" not in rules


def test_rights_a_kernel_does_not_know_are_not_asked_for() -> None:
    assert landlock.rights_known(1) & landlock.REFER == 0
    assert landlock.rights_known(2) & landlock.TRUNCATE == 0
    assert landlock.rights_known(3) & landlock.TRUNCATE
    assert landlock.rights_known(4) & landlock.IOCTL_DEV == 0
    assert landlock.rights_known(9) & landlock.IOCTL_DEV

"""WSL's facts, from trees that look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.observe.check import Check
from kernel.observe.check_wsl import check_wsl, version_of

WSL2 = "5.15.167.4-microsoft-standard-WSL2"
MOUNTS = (
    "/dev/sdc / ext4 rw 0 0\n"
    "C:\\134 /mnt/c 9p rw,aname=drvfs 0 0\n"
    "D:\\134 /mnt/my\\040drive 9p rw 0 0\n"
    "none /usr/lib/wsl/drivers overlay rw 0 0\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root", release=WSL2, memory_kib=8 << 20)


def make_root(root: Path, *, release: str, memory_kib: int) -> Path:
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(f"{release}\n")
    (root / "proc/meminfo").write_text(f"MemTotal: {memory_kib} kB\nSwapTotal: 2097152 kB\n")
    (root / "proc/mounts").write_text(MOUNTS)
    return root


def look(root: Path, data_dir: Path | str = "/home/ada/data") -> Check:
    check = check_wsl(DataDir(Path(data_dir)), root=root)
    assert check is not None
    return check


def test_version_memory_limit_and_windows_drives_are_told(root: Path) -> None:
    check = look(root)
    assert check.state == "ok"
    assert check.saw.startswith(f"WSL 2 (kernel {WSL2}), memory limit 8.0 GiB")
    assert "2.0 GiB of swap" in check.saw
    assert "Windows drives: /mnt/c, /mnt/my drive" in check.saw
    assert check.details["memory_limit_bytes"] == 8 << 30


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[wsl2]\nmemory=6GB\nSwap=0\nprocessors = 4\n", "memory=6GB, swap=0, processors=4"),
        ("\ufeff[wsl2]\nmemory=6GB\n", "memory=6GB"),
        ("[experimental]\nsparseVhd=true\n", "sets no limit"),
    ],
)
def test_what_the_person_set_in_windows_is_shown(root: Path, text: str, told: str) -> None:
    (root / "mnt/c/Users/Ada L").mkdir(parents=True)
    (root / "mnt/c/Users/Ada L/.wslconfig").write_text(text, encoding="utf-8")
    assert f"/mnt/c/Users/Ada L/.wslconfig: {told}" in look(root).saw


def test_a_file_that_windows_would_not_read_is_left_out(root: Path) -> None:
    (root / "mnt/c/Users/ada").mkdir(parents=True)
    (root / "mnt/c/Users/ada/.wslconfig").write_bytes(b"\xff\xfe\x00no section")
    assert look(root).details["wslconfig"] == {}


def test_a_data_dir_on_a_windows_drive_is_a_warning(root: Path) -> None:
    check = look(root, "/mnt/my drive/data")
    assert check.state == "warn"
    assert "lies on a Windows drive" in check.saw
    assert "KERNEL_DATA_DIR" in check.remedy


def test_wsl_1_and_little_memory_are_warnings_with_a_step(tmp_path: Path) -> None:
    root = make_root(tmp_path / "one", release="4.4.0-19041-Microsoft", memory_kib=2 << 20)
    check = look(root)
    assert check.state == "warn"
    assert check.saw.startswith("WSL 1")
    assert "wsl --set-version" in check.remedy
    assert ".wslconfig" in check.remedy


def test_a_kernel_of_ones_own_is_wsl_2() -> None:
    assert version_of("6.6.36.3-custom") == 2
    assert version_of("4.4.0-19041-Microsoft") == 1


def test_elsewhere_there_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERNEL_PLATFORM", "linux")
    assert check_wsl(DataDir(Path("/nowhere"))) is None

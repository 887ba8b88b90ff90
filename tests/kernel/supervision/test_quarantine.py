"""The list of quarantined plugins outlives the kernel and never takes it down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.supervision.quarantine import CAUSES_MAX, JsonQuarantine


def quarantine(path: Path, **digests: str) -> JsonQuarantine:
    return JsonQuarantine(path / "quarantine.json", now_us=lambda: 42, digests=digests)


def test_what_one_kernel_quarantined_the_next_one_holds(tmp_path: Path) -> None:
    quarantine(tmp_path).add("ocr", ("killed by signal 11", "killed by signal 9"))
    later = quarantine(tmp_path)
    assert later.contains("ocr")
    assert not later.contains("other")
    assert later.entries()["ocr"].causes == ("killed by signal 11", "killed by signal 9")
    assert later.entries()["ocr"].since_us == 42


def test_a_command_lifts_it_under_a_running_kernel(tmp_path: Path) -> None:
    running = quarantine(tmp_path)
    running.add("ocr", ("crash",))
    assert quarantine(tmp_path).lift("ocr")
    assert not running.contains("ocr")
    assert not quarantine(tmp_path).lift("ocr")


def test_other_settings_get_another_chance_and_take_it_off_the_list(tmp_path: Path) -> None:
    def under(**settings: str) -> JsonQuarantine:
        path = tmp_path / "quarantine.json"
        return JsonQuarantine(path, now_us=lambda: 42, settings=settings)

    under(ocr="a" * 64).add("ocr", ("language-missing: xxx",))
    assert under(ocr="a" * 64).contains("ocr")
    assert under().contains("ocr"), "a command does not know the settings"
    assert under(ocr="a" * 64).lift_outdated() == ()
    later = under(ocr="b" * 64)
    assert not later.contains("ocr")
    assert later.lift_outdated() == ("ocr",)
    assert not under(ocr="a" * 64).contains("ocr")
    (tmp_path / "quarantine.json").write_text("no list")
    assert under(ocr="b" * 64).lift_outdated() == ()


def test_new_files_get_another_chance_and_the_old_ones_do_not(tmp_path: Path) -> None:
    quarantine(tmp_path, ocr="a" * 64).add("ocr", ("crash",))
    assert quarantine(tmp_path, ocr="a" * 64).contains("ocr")
    assert quarantine(tmp_path).contains("ocr")
    assert not quarantine(tmp_path, ocr="b" * 64).contains("ocr")


def test_the_newest_causes_are_kept_and_no_more(tmp_path: Path) -> None:
    held = quarantine(tmp_path)
    held.add("ocr", tuple(f"crash {number}" for number in range(50)))
    assert len(held.entries()["ocr"].causes) == CAUSES_MAX
    assert held.entries()["ocr"].causes[-1] == "crash 49"


@pytest.mark.parametrize("data", [b"", b"{", b'{"plugins": {"ocr": {}}}', b"\xff", b"[]"])
def test_a_list_that_cannot_be_read_holds_every_plugin(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "quarantine.json").write_bytes(data)
    held = quarantine(tmp_path)
    assert held.contains("anything")
    held.add("ocr", ("crash",))
    assert (tmp_path / "quarantine.json").read_bytes() == data
    with pytest.raises(KernelError, match="quarantine-unreadable"):
        held.entries()


def test_a_pipe_in_place_of_the_list_holds_every_plugin_and_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "quarantine.json")
    held = quarantine(tmp_path)
    assert held.contains("anything")
    assert "no regular file" in held.last_cause("anything")


def test_a_disk_that_refuses_keeps_the_plugin_quarantined_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    held = JsonQuarantine(blocked / "quarantine.json", now_us=lambda: 1)
    held.add("ocr", ("crash",))
    assert held.contains("ocr")
    blocked.unlink()
    held.add("other", ("crash",))
    assert set(held.entries()) == {"ocr", "other"}

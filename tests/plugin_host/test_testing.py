"""The author's harness runs a plugin in a real host and tells what went wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal

import pytest

from contracts.bounded import ContractError
from contracts.text import TextPage
from plugin_host.testing import PluginFailed, find_package, open_plugin, run_stage
from tests.architecture.tree import REPOSITORY

ECHO = REPOSITORY / "tests" / "hostile_plugins" / "echo"
Hosting = Literal["thread", "process"]
BOTH = pytest.mark.parametrize("hosting", ["thread", "process"])


@BOTH
def test_one_call_gives_the_record(hosting: Hosting) -> None:
    page = run_stage(ECHO, "text", b"hello", hosting=hosting)
    assert isinstance(page, TextPage)
    assert [line.text for line in page.lines] == ["hello"]


@BOTH
def test_one_host_does_several_tasks_and_tells_what_they_cost(hosting: Hosting) -> None:
    with open_plugin(ECHO, hosting=hosting) as plugin:
        results = [plugin.run("text", data) for data in (b"one", b"two")]
        assert [result.record.lines[0].text for result in results] == ["one", "two"]  # type: ignore[attr-defined]
        assert all(result.memory_peak_bytes > 1 << 20 for result in results)
        # Reports are told at a bounded rate: of forty at least one, and none that was not made.
        told = plugin.run("text", b"!progress:40").progress
        assert (told_of_forty := [done for done, total in told if total == 40])
        assert told_of_forty == sorted(told_of_forty)


@BOTH
def test_what_the_plugin_raises_comes_back_with_its_traceback(hosting: Hosting) -> None:
    with pytest.raises(PluginFailed) as caught:
        run_stage(ECHO, "text", b"!raise:boom", hosting=hosting)
    assert caught.value.code == "plugin-raised"
    assert "boom" in caught.value.message
    assert "plugin.py" in caught.value.traceback


@BOTH
def test_a_setup_that_fails_is_told_at_once(hosting: Hosting) -> None:
    with pytest.raises(PluginFailed, match="told to fail in setup"):
        run_stage(ECHO, "text", b"x", config={"setup": "raise"}, hosting=hosting)


def test_a_stage_that_is_not_declared_is_named_beside_those_that_are() -> None:
    with pytest.raises(PluginFailed, match="declares no stage embed, but: text"):
        run_stage(ECHO, "embed", b"x")


def test_a_record_of_another_kind_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "echo_of_another_kind"
    shutil.copytree(ECHO, copy, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = (copy / "plugin.toml").read_text().replace("text_page", "vlm_observation")
    (copy / "plugin.toml").write_text(manifest)
    with pytest.raises(PluginFailed, match="gives vlm_observation, not text_page"):
        run_stage(copy, "text", b"x")


def test_a_process_that_dies_is_no_hang() -> None:
    with pytest.raises(PluginFailed, match="no-answer"):
        run_stage(ECHO, "text", b"!exit:3", hosting="process", timeout_s=3.0)


def test_a_bad_manifest_is_told_by_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "plugin.toml").write_text("manifest_version = 1\n")
    with pytest.raises(ContractError, match=r"plugin\.toml: id: "):
        run_stage(tmp_path, "text", b"x")


def test_the_package_is_as_deep_as_its_parents_are() -> None:
    assert find_package(ECHO) == "tests.hostile_plugins.echo"
    assert find_package(REPOSITORY / "plugins") == "plugins"


def test_a_failing_test_leaves_no_host_behind() -> None:
    import threading

    with pytest.raises(ZeroDivisionError), open_plugin(ECHO):
        raise ZeroDivisionError
    assert "host" not in {thread.name for thread in threading.enumerate()}
    assert sys.meta_path

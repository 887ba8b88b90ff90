"""`kernel replay` through the real command, with and without a kernel that runs."""

from __future__ import annotations

from pathlib import Path

import apsw

from tests.functional.rig import Rig, make_rig


def other_settings(rig: Rig, languages: str) -> None:
    """The echo plugin has no settings of its own; another version is another maker."""
    manifest = rig.root / "site" / "echo" / "plugin.toml"
    text = manifest.read_text().replace('version = "1.0.0"', f'version = "{languages}"')
    folder = rig.root / "site" / "echo"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    folder.unlink()
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest.write_text(text)
    rig.run("plugins", "approve", "echo", "--yes")


def makers(rig: Rig) -> set[str]:
    """Versions that made the pages which queries see."""
    database = apsw.Connection(str(rig.data_dir / "derived.db"))
    rows = database.execute("SELECT r.key FROM pages JOIN results r USING(result_id)").fetchall()
    database.close()
    keys = [bytes(row[0]) for row in rows]  # type: ignore[arg-type]
    return {version for version in ("1.0.0", "2.0.0") for key in keys if version.encode() in key}


def test_old_captures_are_done_again_when_asked_for_and_not_before(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(*(rig.write(f"{n}.png", f"frame number {n}", shade=n) for n in range(5)))
    rig.json("process", "--until-drained")
    assert rig.json("replay", "--stage", "text", "--dry-run") == {
        "stage": "text",
        "plugin": "echo 1.0.0",
        "due": 0,
        "kept": 5,
    }
    other_settings(rig, "2.0.0")
    assert rig.json("process", "--until-drained")["processed"] == 0
    assert makers(rig) == {"1.0.0"}
    assert rig.json("replay", "--stage", "text", "--dry-run")["due"] == 5
    done = rig.json("replay", "--stage", "text")
    assert (done["results"], done["plugin"]) == (5, "echo 2.0.0")
    assert makers(rig) == {"2.0.0"}
    answer = rig.json("query", "frame number 3")
    assert answer["state"] == "ok"
    assert rig.json("verify")["ok"]


def test_the_running_kernel_does_the_replay(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(*(rig.write(f"{n}.png", f"frame number {n}", shade=n) for n in range(3)))
    rig.json("process", "--until-drained")
    other_settings(rig, "2.0.0")
    with rig.kernel():
        assert rig.json("replay", "--stage", "text")["results"] == 3
    assert makers(rig) == {"2.0.0"}


def test_a_stage_without_a_plugin_is_refused(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(rig.write("a.png", "text"))
    rig.json("process", "--until-drained")
    rig.settings('[pipeline]\ntext_plugin = "echo"\nstate_plugin = "none"\n')
    done = rig.run("replay", "--stage", "state", "--json", expect=None)
    assert done.returncode != 0
    assert "stage-missing" in done.stdout + done.stderr

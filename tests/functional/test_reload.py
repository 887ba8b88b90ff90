"""A plugin that is approved anew under the running kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.functional.rig import PLUGINS_DIR, Rig, make_rig, wait_until
from tests.functional.test_spine import results
from tests.kernel.supervision.cap_sampler import sampling

SETTINGS = """
[hosts]
max_hosts = 1
[restart]
backoff_base_s = 0.02
backoff_max_s = 0.05
"""


def with_files_of_its_own(rig: Rig) -> Path:
    """The plugin as a copy that may be edited, approved."""
    place = rig.root / "site" / "echo"
    place.unlink()
    shutil.copytree(PLUGINS_DIR / "echo", place, ignore=shutil.ignore_patterns("__pycache__"))
    for parent in (rig.root, *rig.root.parents[:2]):
        parent.chmod(0o755)
    rig.run("plugins", "approve", "echo", "--yes")
    return place / "plugin.py"


def test_approved_anew_while_a_host_works_the_cap_holds_and_the_next_start_uses_the_new_files(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path, profile=SETTINGS)
    code = with_files_of_its_own(rig)
    rig.ingest(rig.write("slow.png", "!sleep:2"), rig.write("next.png", "next", shade=1))
    with rig.kernel("--profile", "idle") as kernel, sampling(1, root_pid=kernel.pid):
        wait_until(
            lambda: [h for h in rig.json("status", expect=None)["kernel"]["hosts"] if h["task_id"]]
        )
        code.write_text(f"{code.read_text()}\n# edited while a host of it works\n")
        rig.run("plugins", "approve", "echo", "--yes")
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == 2, 60.0)
        rig.ingest(rig.write("late.png", "late", shade=2))
        kernel.terminate()
        assert kernel.wait(timeout=30) == 0
    done = rig.json("process", "--until-drained")
    assert (done["failed"], done["unfinished"]) == (0, 0)
    assert results(rig) == 3

"""Text, screen states and deltas through the real command, each in hosts of its plugin."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import apsw
import pytest
from PIL import Image

from contracts import canonical
from contracts.change import Delta
from contracts.screen import ScreenState
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.supervision.quarantine import JsonQuarantine
from tests.functional.rig import Rig, install, make_rig
from tests.functional.test_budgets_held import ledger
from tests.functional.test_supervision_told import findings

FIXTURES = Path(__file__).parents[1] / "fixtures"
BEGIN_S = 1_700_000_000
"""2023-11-14 22:13:20 UTC."""
HEADER_BYTES = 33
"""Of a PNG up to the end of its first chunk."""
ONE_HOST = """
[pipeline]
text_plugin = "echo"
state_plugin = "watcher"
delta_plugin = "watcher"
[hosts]
max_hosts = 1
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """The echo plugin reads, the watcher (not approved yet) makes states and deltas."""
    made = make_rig(tmp_path)
    install(made.root / "site", "watcher")
    made.settings(ONE_HOST)
    return made


def take_in(rig: Rig, *texts: str) -> list[str]:
    """Frames of one stream, a second apart; their event ids in order of capture."""
    paths = [rig.write(f"{n}.png", text, shade=n) for n, text in enumerate(texts)]
    for n, path in enumerate(paths):
        os.utime(path, (1_700_000_000 + n, 1_700_000_000 + n))
    return [str(line["event_id"]) for line in rig.ingest(*paths)]


def records_of(rig: Rig, events: list[str]) -> tuple[list[bytes], list[bytes]]:
    """The stored states and deltas."""
    with DerivedStore.open_read_only(DataDir(rig.data_dir)) as store:
        states = [store.record_of("state", event) for event in events]
        deltas = [store.record_of("delta", event) for event in events]
    assert None not in states
    assert None not in deltas
    return [s for s in states if s is not None], [d for d in deltas if d is not None]


def assert_chained(rig: Rig, events: list[str]) -> list[Delta]:
    """Each state goes on from the one before, and each delta leads from it to the next."""
    states, deltas = records_of(rig, events)
    before: list[str | None] = [None, *events[:-1]]
    found = [canonical.decode(data, ScreenState) for data in states]
    assert [state.event_id for state in found] == events
    assert [state.before_event for state in found] == before
    changes = [canonical.decode(data, Delta) for data in deltas]
    digests = [canonical.digest_bytes(data) for data in states]
    assert [delta.after_state for delta in changes] == digests
    assert [delta.before_state for delta in changes] == [None, *digests[:-1]]
    assert [delta.before_event for delta in changes] == before
    return changes


def finished(rig: Rig) -> dict[str, list[int]]:
    """When each result was committed, by stage."""
    database = apsw.Connection(str(rig.data_dir / "derived.db"))
    times: dict[str, list[int]] = {}
    for stage, at_us in database.execute("SELECT stage, finished_at_us FROM results"):
        times.setdefault(str(stage), []).append(int(str(at_us)))
    database.close()
    return times


def hosts_started(rig: Rig) -> list[str]:
    """The plugin of every host that became ready, in order."""
    return [entry["detail"]["plugin"] for entry in ledger(rig, "host-ready")]


def test_one_host_at_a_time_reads_all_text_then_makes_all_states_and_deltas(rig: Rig) -> None:
    rig.run("plugins", "approve", "watcher", "--yes")
    events = take_in(rig, "one", "two", "two", "three", "four")
    done = rig.json("process", "--until-drained")
    assert done["done_by"] == {"text": 5, "state": 5, "delta": 5}
    assert (done["processed"], done["failed"], done["unfinished"]) == (5, 0, 0)
    changes = assert_chained(rig, events)
    assert [len(delta.changes) for delta in changes] == [1, 2, 0, 2, 2]
    assert [c.after_text for c in changes[0].changes] == ["one"]
    assert hosts_started(rig) == ["echo", "watcher"], "a model is loaded once, not for each frame"
    times = finished(rig)
    assert max(times["text"]) <= min(times["state"]), "text is worth most and comes first"
    assert rig.json("process", "--until-drained")["done_by"] == {"text": 0, "state": 0, "delta": 0}


def test_a_person_is_told_frames_and_what_was_made_of_them(rig: Rig) -> None:
    rig.run("plugins", "approve", "watcher", "--yes")
    take_in(rig, "one", "two", "three")
    assert (
        "3 frames read (state 3, delta 3), 0 failed" in rig.run("process", "--until-drained").stdout
    )
    told = rig.run("status").stdout
    assert "read      3 of 3 events" in told
    assert "backlog   0 frames to read" in told
    assert "stages    state 3 of 3, delta 3 of 3" in told
    status = rig.json("status")
    assert status["coverage"] == {"events": 3, "processed": 3}
    assert status["stages"] == {"state": 3, "delta": 3}
    stages = rig.json("stats")["stages"]
    assert {stage["stage"]: stage["runs"] for stage in stages} == {
        "text": 3,
        "state": 3,
        "delta": 3,
    }
    answer = rig.json("query", "three")
    assert (answer["coverage"]["events"], answer["coverage"]["processed"]) == (3, 3)
    with rig.kernel("--profile", "idle"):
        live = rig.json("status")["kernel"]
        assert live["stages"]["state"] == {"plugin": "watcher 1.0.0", "done": 0}
        assert live["left_out"] == {}


def test_without_leave_for_its_plugin_a_stage_is_left_out_and_made_up_for_later(rig: Rig) -> None:
    events = take_in(rig, "one", "two")
    assert rig.json("process", "--until-drained")["done_by"] == {"text": 2}
    with rig.kernel():
        status = rig.json("status", expect=1)
        assert status["verdict"] == "degraded"
        assert "the stage state is left out: " in status["reason"]
        assert "watcher" in status["kernel"]["left_out"]["state"]
        check = findings(rig)["plugin watcher"]
        assert check["state"] == "warn"
        assert "left out: state, delta" in check["saw"]
    rig.run("plugins", "approve", "watcher", "--yes")
    done = rig.json("process", "--until-drained")
    assert done["done_by"] == {"text": 0, "state": 2, "delta": 2}
    assert_chained(rig, events)


def test_a_quarantined_state_plugin_keeps_no_text_from_being_read(rig: Rig) -> None:
    rig.run("plugins", "approve", "watcher", "--yes")
    listed = JsonQuarantine(DataDir(rig.data_dir).plugin_quarantine, now_us=lambda: 1)
    listed.add("watcher", ("it crashed",))
    events = take_in(rig, "one", "two", "three")
    done = rig.json("process", "--until-drained", expect=1)
    assert (done["processed"], done["failed"]) == (3, 0)
    assert done["unfinished"] > 0
    assert "watcher" in done["stuck"]
    rig.run("plugins", "quarantine", "--lift", "watcher")
    done = rig.json("process", "--until-drained")
    assert done["done_by"] == {"text": 0, "state": 3, "delta": 3}
    assert_chained(rig, events)


def with_page(path: Path, picture: Image.Image, page: dict[str, Any], at_s: int) -> Path:
    """A PNG whose comment holds its text as it was read before (the plugin `recorded`)."""
    buffer = io.BytesIO()
    picture.save(buffer, "png", compress_level=1)
    plain, body = buffer.getvalue(), b"Comment\x00" + json.dumps(page).encode() + b"\x00END"
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"tEXt" + body))
    path.write_bytes(plain[:HEADER_BYTES] + chunk + plain[HEADER_BYTES:])
    os.utime(path, (at_s, at_s))
    return path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A terminal, the same without its last pod, later a spreadsheet; states by `screen_state`."""
    made = make_rig(tmp_path_factory.mktemp("a desk"), plugin="recorded")
    made.settings('[pipeline]\ntext_plugin = "recorded"\n[hosts]\nmax_hosts = 1\n')
    made.environment["TZ"] = "UTC"
    shots, texts = FIXTURES / "pages", FIXTURES / "pages_text"
    page = json.loads((texts / "05_terminal.json").read_text())
    sheet = json.loads((texts / "03_sheet.json").read_text())
    (last,) = [line for line in page["lines"] if line["text"].startswith("redis-master-0")]
    with (
        Image.open(shots / "05_terminal.png") as terminal,
        Image.open(shots / "03_sheet.png") as cells,
    ):
        files = [with_page(made.root / "1.png", terminal, page, BEGIN_S)]
        y0, y1 = last["box"][1], last["box"][3]
        page["lines"] = [
            line for line in page["lines"] if not y0 <= sum(line["box"][1::2]) / 2 <= y1
        ]
        nothing = terminal.crop((800, y0 - 2, 1_540, y1 + 2))
        terminal.paste(nothing, (last["box"][0] - 2, y0 - 2))
        files.append(with_page(made.root / "2.png", terminal, page, BEGIN_S + 2))
        files.append(with_page(made.root / "3.png", cells, sheet, BEGIN_S + 3_600))
    made.ingest(*files)
    done = made.json("process", "--until-drained")
    assert done["done_by"] == {"text": 3, "state": 3, "delta": 3}
    return made


def test_real_frames_have_tables_and_a_delta_that_says_what_went(desk: Rig) -> None:
    place = DataDir(desk.data_dir)
    with EvidenceStore.open_read_only(place) as evidence:
        events = [event.event_id for event in evidence.events_after(0, limit_rows=10)]
    states, deltas = records_of(desk, events)
    found = [canonical.decode(data, ScreenState) for data in states]
    assert {"window", "table", "cell", "line"} <= {element.role for element in found[0].elements}
    assert [state.before_event for state in found] == [None, events[0], None], "an hour is a gap"
    delta = canonical.decode(deltas[1], Delta)
    went = [c.before_text for c in delta.changes if c.change == "vanished" and c.before_text]
    assert "redis-master-0" in went
    assert "redis-master-0" not in {element.text for element in found[1].elements}
    assert hosts_started(desk) == ["recorded", "screen_state"]


def without_states(desk: Rig, root: Path) -> Rig:
    """The same data dir as it was before states were made."""
    shutil.copytree(desk.data_dir, root / "data")
    with apsw.Connection(str(root / "data" / "derived.db")) as database:
        database.execute("DELETE FROM latest")
    return Rig(root, {**desk.environment, "KERNEL_DATA_DIR": str(root / "data")})


def said(answer: dict[str, Any]) -> list[str]:
    return [c["text"][c["text_start"] : c["text_end"]] for c in answer["claims"][0]["citations"]]


def test_how_many_counts_the_rows_of_a_stored_table(desk: Rig, tmp_path: Path) -> None:
    pods, products = "How many pods were on the screen?", "How many products were on the screen?"
    answer = desk.json("query", pods)
    assert answer["claims"][0]["amount"] == 3, "on the newest frame that shows them"
    assert "kubectl get pods" in answer["claims"][0]["text"], "the caption of the stored table"
    assert said(answer)[-1].startswith("billing-worker-")
    assert desk.json("query", products)["claims"][0]["amount"] == 29
    assert "Gearbox GX-7 Pro" in said(desk.json("query", products))
    plain = without_states(desk, tmp_path)
    (claim,) = plain.json("query", pods)["claims"]
    assert claim["amount"] == 3, "the layout of the lines tells rows, too"
    assert "under “NAME”" in claim["text"], "but no caption"


def test_a_cell_is_looked_up_in_a_table_and_what_changed_is_what_the_delta_says(desk: Rig) -> None:
    answer = desk.json("query", "What is the Q1 total of the Gearbox GX-7 Pro?")
    assert answer["claims"][0]["text"].endswith("Q1 total: 211,598.23")
    changed = desk.json("query", "What disappeared on 2023-11-14 between 22:13 and 22:14?")
    told = [
        claim["text"].partition("vanished: ")[2].strip("\u201c\u201d")
        for claim in changed["claims"]
    ]
    assert "redis-master-0" in told
    assert set(told) <= {"redis-master-0", "1/1", "Running", "0", "41d"}

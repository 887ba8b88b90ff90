"""A frame's whole life through the real command: durable, processed once, cited."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from tests.functional.rig import Rig, host_pids, kill_9, make_rig, wait_until


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


def test_frame_goes_in_and_a_cited_answer_comes_out(rig: Rig) -> None:
    (line,) = rig.ingest(rig.write("a.png", "The invoice INV-4711 costs 12.50 EUR."))
    assert line["status"] == "stored"
    done = rig.json("process", "--until-drained")
    assert (done["processed"], done["failed"], done["unfinished"]) == (1, 0, 0)
    answer = rig.json("query", "What does invoice INV-4711 cost?")
    assert answer["state"] == "ok"
    citation = answer["claims"][0]["citations"][0]
    assert citation["event_id"] == line["event_id"]
    assert citation["blob"] == line["blob"]
    span = citation["text"][citation["text_start"] : citation["text_end"]]
    assert "12.50" in span
    assert answer["coverage"] == {
        "kind": "coverage",
        "schema_version": 1,
        "events": 1,
        "processed": 1,
    }


def test_question_without_evidence_exits_3(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "The invoice INV-4711 costs 12.50 EUR."))
    rig.json("process", "--until-drained")
    answer = rig.json("query", "What does invoice INV-4712 cost?", expect=3)
    assert answer["state"] == "no_evidence"
    assert answer["claims"] == []


def test_same_bytes_in_two_files_are_two_events_and_one_blob_and_are_read_once(rig: Rig) -> None:
    (first,) = rig.ingest(rig.write("a.png", "once"))
    (second,) = rig.ingest(rig.write("b.png", "once"))
    assert (first["status"], second["status"]) == ("stored", "duplicate-pixels")
    assert first["event_id"] != second["event_id"]
    assert first["blob"] == second["blob"]
    assert rig.json("process", "--until-drained")["processed"] == 1
    assert rig.json("status")["coverage"] == {"events": 2, "processed": 2}


def test_same_file_again_is_the_same_event_with_a_kernel_and_without(rig: Rig) -> None:
    path = rig.write("a.png", "again")
    (first,) = rig.ingest(path)
    (second,) = rig.ingest(path)
    with rig.kernel():
        (third,) = rig.ingest(path)
    assert [line["status"] for line in (first, second, third)] == [
        "stored",
        "already-stored",
        "already-stored",
    ]
    assert first["event_id"] == second["event_id"] == third["event_id"]
    assert rig.json("status")["coverage"]["events"] == 1


def test_ingest_goes_through_a_running_kernel(rig: Rig) -> None:
    with rig.kernel() as kernel:
        (line,) = rig.ingest(rig.write("a.png", "through the kernel"))
        assert line["status"] == "stored"
        assert rig.json("process", "--until-drained")["processed"] == 1
        assert rig.json("status")["verdict"] == "recording"
        kernel.send_signal(signal.SIGTERM)
        assert kernel.wait(timeout=5) == 0
    assert rig.json("query", "through the kernel")["state"] == "ok"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_kernel_within_five_seconds_and_no_host_is_left(
    rig: Rig, number: signal.Signals
) -> None:
    rig.ingest(rig.write("a.png", "!sleep:60"))
    with rig.kernel("--profile", "idle") as kernel:
        wait_until(lambda: host_pids(rig))
        started_s = time.monotonic()
        kernel.send_signal(number)
        assert kernel.wait(timeout=10) == 0
        assert time.monotonic() - started_s < 5.0
        assert host_pids(rig) == []


def test_event_acknowledged_before_kill_9_is_there_afterwards_and_gets_processed(rig: Rig) -> None:
    with rig.kernel() as kernel:
        (line,) = rig.ingest(rig.write("a.png", "survives the kill"))
        kill_9(kernel.pid)
        kernel.wait(timeout=5)
    assert rig.json("verify")["ok"]
    assert rig.json("process", "--until-drained")["processed"] == 1
    answer = rig.json("query", "survives the kill")
    assert answer["claims"][0]["citations"][0]["event_id"] == line["event_id"]


def test_task_of_a_host_killed_in_the_middle_is_done_by_the_next_host_once(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "!sleep:1.5"))
    with rig.kernel("--profile", "idle"):
        (pid,) = wait_until(lambda: busy_host_pids(rig))
        kill_9(pid)
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == 1)
    assert results(rig) == 1
    assert "host-crashed" in acts(rig)
    assert "task-lost" in acts(rig)


def test_hosts_of_a_killed_kernel_die_with_it_and_the_next_boot_takes_up_the_work(
    rig: Rig,
) -> None:
    rig.ingest(rig.write("a.png", "!sleep:1"))
    with rig.kernel("--profile", "idle") as kernel:
        pids = wait_until(lambda: busy_host_pids(rig))
        kill_9(kernel.pid)
        kernel.wait(timeout=5)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 2.0)
    assert rig.json("doctor", "--reap")["left_pids"] == []
    assert rig.json("process", "--until-drained")["processed"] == 1
    assert results(rig) == 1


def test_second_kernel_on_the_same_data_dir_is_refused(rig: Rig) -> None:
    with rig.kernel():
        done = rig.run("run", "--once", expect=4)
        assert "data-dir-busy" in done.stderr


def test_file_dropped_into_the_inbox_becomes_evidence(rig: Rig) -> None:
    with rig.kernel():
        inbox = rig.data_dir / "inbox"
        rig.write("dropped.png", "from the inbox").rename(inbox / "dropped.png")
        wait_until(lambda: rig.json("status", expect=None)["evidence"]["events"] == 1)


def test_kernel_that_cannot_process_says_so_and_goes_on_capturing(rig: Rig) -> None:
    rig.settings('[pipeline]\ntext_plugin = "nobody_wrote_this"\n')
    with rig.kernel():
        (line,) = rig.ingest(rig.write("a.png", "still captured"))
        assert line["status"] == "stored"
        status = rig.json("status", expect=1)
        assert status["verdict"] == "degraded"
        assert "nobody_wrote_this" in status["reason"]


def test_two_that_process_at_once_share_the_work_and_both_end_well(rig: Rig) -> None:
    rig.ingest(*(rig.write(f"{n}.png", f"!sleep:0.{n}", shade=n) for n in range(1, 7)))
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(rig.json, "process", "--until-drained") for _ in range(2)]
        done = [each.result(60) for each in both]
    assert all((d["failed"], d["unfinished"]) == (0, 0) for d in done)
    assert results(rig) == 6


@pytest.mark.parametrize("command", [("ingest", "{file}"), ("run", "--once")])
def test_data_dir_that_cannot_be_made_is_an_error_and_no_traceback(
    rig: Rig, command: tuple[str, ...]
) -> None:
    file = rig.write("a.png", "text")
    words = [word.format(file=file) for word in command]
    done = rig.run(*words, "--data-dir", "/proc/nowhere/data", expect=1)
    assert "data-dir-unusable" in done.stderr
    assert "Traceback" not in done.stderr


def busy_host_pids(rig: Rig) -> list[int]:
    """Pids of hosts that work on a task, as status tells them."""
    document = rig.json("status", expect=None)
    hosts = (document["kernel"] or {}).get("hosts", [])
    return [host["pid"] for host in hosts if host["state"] == "busy"]


def results(rig: Rig) -> int:
    """How many results the derived store holds."""
    connection = apsw.Connection(str(rig.data_dir / "derived.db"), flags=apsw.SQLITE_OPEN_READONLY)
    return int(connection.execute("SELECT count(*) FROM results").get)


def acts(rig: Rig) -> set[str]:
    """The acts in the ledger."""
    bundle = rig.root / "bundle.zip"
    rig.run("doctor", "--bundle", str(bundle), expect=None)
    import zipfile

    with zipfile.ZipFile(bundle) as archive:
        return {entry["act"] for entry in json.loads(archive.read("ledger.json"))}

"""What the pictures are made of: slots of hosts, idle spells, faults, the table."""

from __future__ import annotations

from pathlib import Path

from kernel.soak.charts import idle_spells, make_charts, make_scene, make_table
from kernel.soak.runfiles import read_run
from tests.kernel.soak.runfolder import at_us, good_run


def test_hosts_share_as_many_lines_as_ran_at_a_time(tmp_path: Path) -> None:
    """A dozen hosts in an hour, never more than two together: two lines, not twelve."""
    run = read_run(good_run().write(tmp_path))
    assert len({host.host_id for sample in run.samples for host in sample.hosts}) > 10
    names = [series.name for series in make_charts(run)[0].series]
    assert names == ["whole tree", "kernel", "host 1", "host 2"]


def test_a_host_keeps_its_line_when_the_other_one_ends(tmp_path: Path) -> None:
    run = good_run()
    for number, sample in enumerate(run.samples[:4]):
        pair = [{"host_id": "a", "pss_bytes": 1_000_000}, {"host_id": "b", "pss_bytes": 2_000_000}]
        sample["hosts"] = pair if number < 2 else pair[1:]
    run.samples = run.samples[:4]
    series = make_charts(read_run(run.write(tmp_path)))[0].series
    assert [y for _, y in series[2].points] == [1.0, 1.0]
    assert [y for _, y in series[3].points] == [2.0, 2.0, 2.0, 2.0]


def test_idle_spells_come_from_the_script_and_else_from_the_samples(tmp_path: Path) -> None:
    told = idle_spells(read_run(good_run().write(tmp_path / "told")))
    assert told[0] == (at_us(300), at_us(600))
    assert len(told) == 6
    run = good_run()
    run.events = [event for event in run.events if event["kind"] != "phase"]
    seen = idle_spells(read_run(run.write(tmp_path / "seen")))
    assert seen == [*told[:-1], (at_us(3_300), at_us(3_600))]


def test_the_scene_holds_faults_by_number_and_gaps(tmp_path: Path) -> None:
    run = good_run()
    gap = {"at_us": at_us(900), "kind": "gap", "from_us": at_us(800), "to_us": at_us(900)}
    run.events.append({**gap, "explained_by": "reboot"})
    scene = make_scene(read_run(run.write(tmp_path)))
    assert [(mark.number, mark.name, mark.at_s) for mark in scene.marks] == [
        (1, "host_killed", 720.0),
        (2, "kernel_killed", 1_440.0),
        (3, "disk_full", 2_160.0),
    ]
    assert scene.gaps == ((800.0, 900.0),)
    assert scene.length_s == 3_601.0


def test_tasks_that_were_given_up_are_drawn_only_where_there_are_any(tmp_path: Path) -> None:
    run = good_run()
    backlog = make_charts(read_run(run.write(tmp_path / "none")))[3]
    assert [series.name for series in backlog.series] == ["waiting", "leased"]
    run.samples[9]["backlog"]["quarantined"] = 1
    backlog = make_charts(read_run(run.write(tmp_path / "one")))[3]
    assert [series.name for series in backlog.series] == ["waiting", "leased", "quarantined"]


def test_the_table_holds_the_highest_value_of_each_stretch(tmp_path: Path) -> None:
    run = good_run()
    run.samples[0]["descriptors"] = 4_321
    read = read_run(run.write(tmp_path))
    head, rows = make_table(make_charts(read), make_scene(read))
    assert len(rows) == 24
    column = head.index("Processes, threads, descriptors: descriptors (of each)")
    assert rows[0][column] == "4,321"
    assert rows[1][column] == "60"

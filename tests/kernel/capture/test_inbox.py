import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.inboxfate import InboxOutcome, InboxRules
from tests.kernel.capture.inbox_rig import DAY, NOW_US, InboxRig, make_png, names


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[InboxRig]:
    rig = InboxRig(tmp_path)
    yield rig
    rig.store.close()


def bomb_png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(60_000 * 60_000 // 8 // 64))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def block_done(rig: InboxRig) -> None:
    (rig.folder / "done").mkdir()
    (rig.folder / "done" / DAY).write_bytes(b"in the way")


def unblock_done(rig: InboxRig) -> None:
    (rig.folder / "done" / DAY).rename(rig.folder / "done" / "elsewhere")


# Taking


def test_image_with_sidecar_is_taken_at_once_with_what_it_says(rig: InboxRig) -> None:
    data = make_png()
    path = rig.drop("a.png", data)
    said = {
        "captured_at": "2027-01-15T09:00:00",
        "monitor": 1,
        "app": "mail",
        "window_title": "Inbox",
        "cursor": {"x": 3, "y": 4},
        "monotonic_ns": 77,
        "source": "winshot",
    }
    rig.drop_json("a.json", said)
    report = rig.poll()
    assert report.count(InboxOutcome.TAKEN) == 1
    (event,) = rig.events()
    assert (event.captured_at_us, event.tz_name) == (NOW_US, "Europe/Berlin")
    assert (event.source, event.source_path) == ("winshot", str(path))
    assert (event.monitor, event.app, event.window_title) == (1, "mail", "Inbox")
    assert event.cursor is not None
    assert (event.cursor.x, event.cursor.y, event.monotonic_ns) == (3, 4, 77)
    assert rig.store.read_blob(event.blob) == data
    assert rig.in_folder() == []
    assert rig.done() == ["a.json", "a.png"]
    assert (rig.folder / "done" / DAY / "a.png").read_bytes() == data
    assert rig.acts() == []


def test_image_without_sidecar_is_taken_when_it_settled_with_its_files_time(rig: InboxRig) -> None:
    rig.drop("a.png", make_png(), age_s=5)
    assert rig.poll().waiting == 1
    assert rig.events() == []
    rig.clock.step(2)
    assert rig.poll().count(InboxOutcome.TAKEN) == 1
    (event,) = rig.events()
    assert event.captured_at_us == NOW_US - 5_000_000
    assert event.source == "inbox"
    assert rig.done() == ["a.png"]


def test_many_files_are_taken_in_order_within_the_limits_of_a_poll(tmp_path: Path) -> None:
    rules = InboxRules(settle_s=0, files_per_poll_max=10)
    rig = InboxRig(tmp_path, rules)
    for number in range(25):
        rig.drop(f"{number:02}.png", make_png(number), age_s=100 - number)
    reports = [rig.poll() for _ in range(3)]
    assert [report.count(InboxOutcome.TAKEN) for report in reports] == [10, 10, 5]
    assert [report.more for report in reports] == [True, True, False]
    assert [Path(e.source_path or "").name for e in rig.events()] == rig.done()
    rig.store.close()


def test_bytes_read_in_a_poll_are_bounded(tmp_path: Path) -> None:
    size = len(make_png())
    rig = InboxRig(tmp_path, InboxRules(settle_s=0, bytes_per_poll_max=2 * size))
    for number in range(5):
        rig.drop(f"{number}.png", make_png(7))
    assert [rig.poll().count(InboxOutcome.TAKEN) for _ in range(3)] == [2, 2, 1]
    rig.store.close()


def test_files_that_wait_do_not_keep_the_others_from_their_turn(tmp_path: Path) -> None:
    rig = InboxRig(tmp_path, InboxRules(settle_s=0, patience_s=1000, files_per_poll_max=3))
    for number in range(4):
        rig.drop(f"a{number}.png", make_png()[:-5])
    rig.drop("z.png", make_png())
    polls = [rig.poll() for _ in range(3)]
    assert sum(poll.count(InboxOutcome.TAKEN) for poll in polls) == 1
    assert not any(poll.more for poll in polls[:1])
    rig.store.close()


def test_same_pixels_in_two_files_are_two_events(rig: InboxRig) -> None:
    rig.drop("a.png", make_png())
    rig.drop("b.png", make_png())
    assert rig.settle().count(InboxOutcome.TAKEN) == 2
    assert rig.store.stats().blobs == 1


# Half-written


def test_file_that_grows_is_left_alone_until_it_is_whole(rig: InboxRig) -> None:
    data = make_png(3, width=400)
    for end in range(10, len(data), 10):
        rig.drop("a.png", data[:end])
        assert rig.settle(5).happenings == []
    rig.drop("a.png", data)
    assert rig.settle().count(InboxOutcome.TAKEN) == 1
    assert rig.acts() == []


def test_image_whose_sidecar_came_first_waits_for_the_rest(rig: InboxRig) -> None:
    data = make_png()
    rig.drop("a.png", data[:-4])
    rig.drop_json("a.json", {"app": "mail"})
    assert rig.settle(5).happenings == []
    rig.drop("a.png", data)
    assert rig.poll().count(InboxOutcome.TAKEN) == 1
    assert rig.events()[0].app == "mail"


def test_sidecar_that_is_half_written_is_waited_for(rig: InboxRig) -> None:
    rig.drop("a.png", make_png())
    rig.drop("a.json", b'{"app": "ma')
    assert rig.settle(5).happenings == []
    rig.drop_json("a.json", {"app": "mail"})
    assert rig.poll().count(InboxOutcome.TAKEN) == 1
    assert rig.events()[0].app == "mail"


# Refusing


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (make_png()[:-5], "truncated"),
        (make_png()[:40] + b"!" + make_png()[41:], "corrupt"),
        (b"just some text", "not-an-image"),
        (bytes(4000), "not-an-image"),
    ],
)
def test_incomplete_file_is_quarantined_when_patience_ends(
    rig: InboxRig, data: bytes, code: str
) -> None:
    rig.drop("a.png", data)
    rig.drop_json("a.json", {"app": "mail"})
    assert rig.settle(9.9).happenings == []
    rig.clock.step(0.1)
    (happening,) = rig.poll().happenings
    assert (happening.outcome, happening.code) == (InboxOutcome.REFUSED, code)
    assert rig.acts() == [("inbox-refused", "a.png", code)]
    assert rig.quarantined() == ["a.json", "a.png", "a.png.reason.json"]
    folder = rig.data_dir.quarantine_dir / "inbox" / DAY
    assert (folder / "a.png").read_bytes() == data
    reason = json.loads((folder / "a.png.reason.json").read_bytes())
    assert reason["code"] == code
    assert reason["path"] == str(rig.folder / "a.png")
    assert rig.events() == []
    assert rig.in_folder() == []


@pytest.mark.parametrize("code", ["too-many-bytes", "too-many-pixels"])
def test_what_is_too_large_is_quarantined_at_once(tmp_path: Path, code: str) -> None:
    data = bomb_png()
    limits = ImageLimits(bytes_max=len(data) - (code == "too-many-bytes"))
    rig = InboxRig(tmp_path, InboxRules(settle_s=0, limits=limits))
    rig.drop("a.png", data)
    (happening,) = rig.poll().happenings
    assert happening.code == code
    assert rig.quarantined() == ["a.png", "a.png.reason.json"]
    assert rig.acts() == [("inbox-refused", "a.png", code)]
    rig.store.close()


def test_refused_names_that_come_again_are_all_kept(rig: InboxRig) -> None:
    for _ in range(3):
        rig.drop("a.png", b"")
        rig.settle(10)
        rig.clock.step(1)
    kept = [name for name in rig.quarantined() if not name.endswith(".reason.json")]
    assert len(kept) == 3
    assert len(rig.quarantined()) == 6
    assert rig.acts() == [("inbox-refused", "a.png", "empty")] * 3


# Sidecars


@pytest.mark.parametrize(
    "sidecar", [b'{"monitor": 99}', b'{"app": "cut off', b"", b"[]", b'{"captured_at": "soon"}']
)
def test_whole_image_with_a_malformed_sidecar_is_taken_without_it(
    rig: InboxRig, sidecar: bytes
) -> None:
    rig.drop("a.png", make_png(), age_s=7)
    rig.drop("a.json", sidecar)
    report = rig.settle(10)
    assert report.count(InboxOutcome.TAKEN) == 1
    assert report.count(InboxOutcome.SIDECAR_MALFORMED) == 1
    (event,) = rig.events()
    assert (event.captured_at_us, event.app) == (NOW_US - 7_000_000, None)
    assert rig.done() == ["a.png"]
    assert rig.quarantined() == ["a.json", "a.json.reason.json"]
    assert rig.acts() == [("inbox-sidecar-malformed", "a.json", "")]


def test_sidecar_without_image_is_quarantined_when_patience_ends(rig: InboxRig) -> None:
    rig.drop_json("a.json", {"app": "mail"})
    assert rig.settle(9).happenings == []
    rig.clock.step(1)
    assert rig.poll().count(InboxOutcome.SIDECAR_ORPHANED) == 1
    assert rig.quarantined() == ["a.json", "a.json.reason.json"]
    assert rig.acts() == [("inbox-sidecar-orphaned", "a.json", "")]


def test_sidecar_that_fits_two_images_is_used_for_neither(rig: InboxRig) -> None:
    rig.drop("a.png", make_png(1))
    rig.drop("a.bmp.png", make_png(2))
    rig.drop("a.jpg", make_png(3))
    rig.drop_json("a.json", {"app": "mail"})
    report = rig.settle(10)
    assert report.count(InboxOutcome.TAKEN) == 3
    assert report.count(InboxOutcome.SIDECAR_AMBIGUOUS) == 1
    assert [event.app for event in rig.events()] == [None] * 3
    assert rig.quarantined() == ["a.json", "a.json.reason.json"]


# Names


def test_name_that_lies_in_done_already_gets_a_mark_and_both_are_kept(rig: InboxRig) -> None:
    rig.drop("a.png", make_png(1))
    rig.settle()
    rig.drop("a.png", make_png(2))
    rig.drop_json("a.json", {})
    rig.clock.step(1)
    report = rig.poll()
    assert report.count(InboxOutcome.TAKEN) == 1
    assert report.count(InboxOutcome.NAME_EXISTED) == 1
    assert rig.acts() == [("inbox-name-existed", "a.png", "")]
    mark = rig.clock.now_us
    assert rig.done() == [f"a.{mark}.json", f"a.{mark}.png", "a.png"]
    assert len(rig.events()) == 2


def test_temporary_name_is_left_until_it_is_finished_or_abandoned(rig: InboxRig) -> None:
    path = rig.drop("a.png.tmp", make_png(1))
    rig.drop("b.part", make_png(2))
    assert rig.settle(3000).happenings == []
    path.rename(rig.folder / "a.png")
    assert rig.settle(2).count(InboxOutcome.TAKEN) == 1
    rig.clock.step(600)
    assert rig.poll().count(InboxOutcome.TEMPORARY_ABANDONED) == 1
    assert rig.quarantined() == ["b.part", "b.part.reason.json"]
    assert rig.acts() == [("inbox-temporary-abandoned", "b.part", "")]


def test_a_name_with_a_dot_in_front_is_a_temporary_one(rig: InboxRig) -> None:
    path = rig.drop(".a.png", make_png(1))
    rig.drop(".b.png", make_png(2))
    rig.drop_json(".b.json", {})
    assert rig.settle(3000).happenings == []
    path.rename(rig.folder / "a.png")
    assert rig.settle(2).count(InboxOutcome.TAKEN) == 1
    rig.clock.step(600)
    assert rig.poll().count(InboxOutcome.TEMPORARY_ABANDONED) == 2
    assert rig.in_folder() == []
    assert ".b.png" in rig.quarantined()
    assert {act for act, _, _ in rig.acts()} == {"inbox-temporary-abandoned"}


def test_folders_links_and_pipes_are_left_and_said_once(rig: InboxRig, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(make_png())
    (rig.folder / "link.png").symlink_to(secret)
    (rig.folder / "2026").mkdir()
    os.mkfifo(rig.folder / "pipe.png")
    rig.drop(".hidden.png", make_png())
    report = rig.settle(20)
    assert [h.name for h in report.happenings] == ["2026", "link.png", "pipe.png"]
    assert {h.outcome for h in report.happenings} == {InboxOutcome.LEFT_IN_PLACE}
    assert rig.settle(20).happenings == []
    assert len(rig.acts()) == 3
    assert rig.events() == []


def test_name_that_is_not_utf_8_is_taken(rig: InboxRig) -> None:
    path = Path(os.fsdecode(bytes(rig.folder) + b"/caf\xe9.png"))
    path.write_bytes(make_png())
    os.utime(path, (NOW_US / 1e6, NOW_US / 1e6))
    assert rig.settle().count(InboxOutcome.TAKEN) == 1
    assert rig.done() == [path.name]


def test_longest_names_can_be_kept_and_explained(rig: InboxRig) -> None:
    name = "n" * 251 + ".png"
    rig.drop(name, b"")
    assert rig.settle(10).count(InboxOutcome.REFUSED) == 1
    kept, reason = rig.quarantined()
    assert kept.endswith(".png")
    assert reason == kept + ".reason.json"


# Clocks


@pytest.mark.parametrize(
    ("captured_at", "outcome"),
    [
        ("2027-01-15T08:01:00Z", None),
        ("2027-01-15T09:00:00Z", InboxOutcome.CLOCK_AHEAD),
        ("2027-01-16T07:59:00Z", InboxOutcome.CLOCK_AHEAD),
    ],
)
def test_clock_that_is_ahead_is_taken_and_ledgered(
    rig: InboxRig, captured_at: str, outcome: InboxOutcome | None
) -> None:
    rig.drop("a.png", make_png())
    rig.drop_json("a.json", {"captured_at": captured_at})
    report = rig.poll()
    assert report.count(InboxOutcome.TAKEN) == 1
    assert [act for act, _, _ in rig.acts()] == ([f"inbox-{outcome}"] if outcome else [])


def test_clock_a_day_ahead_is_quarantined(rig: InboxRig) -> None:
    rig.drop("a.png", make_png())
    rig.drop_json("a.json", {"captured_at": "2027-01-16T08:01:00Z"})
    (happening,) = rig.poll().happenings
    assert (happening.outcome, happening.code) == (InboxOutcome.REFUSED, "future-clock")
    assert rig.quarantined() == ["a.json", "a.png", "a.png.reason.json"]


def test_clock_that_jumps_back_is_taken_and_ledgered(rig: InboxRig) -> None:
    for name, time, monitor in (
        ("a", "08:00:10", 0),
        ("b", "07:00:00", 1),
        ("c", "07:59:00", 0),
        ("d", "07:59:01", 0),
    ):
        rig.drop(f"{name}.png", make_png())
        rig.drop_json(f"{name}.json", {"captured_at": f"2027-01-15T{time}Z", "monitor": monitor})
    report = rig.poll()
    assert report.count(InboxOutcome.TAKEN) == 4
    assert rig.acts() == [("inbox-clock-backward", "c.png", "")]


# Faults of the store and the file system


def test_store_that_takes_nothing_leaves_the_files_and_is_asked_again_later(rig: InboxRig) -> None:
    rig.drop("a.png", make_png())
    rig.drop_json("a.json", {})
    rig.sink.takes = False
    report = rig.poll()
    assert report.count(InboxOutcome.DEFERRED) == 1
    assert report.problem is not None
    assert rig.in_folder() == ["a.json", "a.png"]
    rig.sink.takes = True
    assert rig.poll().problem is not None
    rig.clock.step(5)
    assert rig.poll().count(InboxOutcome.TAKEN) == 1


def test_nothing_is_quarantined_that_cannot_be_ledgered(rig: InboxRig) -> None:
    rig.drop("a.png", b"")
    rig.sink.records = False
    assert rig.settle(10).count(InboxOutcome.DEFERRED) == 1
    assert rig.in_folder() == ["a.png"]
    rig.sink.records = True
    rig.clock.step(5)
    assert rig.poll().count(InboxOutcome.REFUSED) == 1


def test_file_stays_when_the_store_does_not_give_back_what_it_took(rig: InboxRig) -> None:
    rig.drop("a.png", make_png())
    rig.sink.reads_back = False
    assert rig.settle().count(InboxOutcome.READ_BACK_FAILED) == 1
    assert rig.in_folder() == ["a.png"]
    assert rig.settle(60).happenings == []
    rig.sink.reads_back = True
    rig.clock.step(60)
    rig.poll()
    assert rig.in_folder() == []
    assert len(rig.events()) == 1
    assert rig.acts() == [("inbox-read-back-failed", "a.png", "")]


def test_file_that_cannot_be_moved_is_stored_once_and_moved_later(rig: InboxRig) -> None:
    block_done(rig)
    rig.drop("a.png", make_png())
    report = rig.settle()
    assert report.count(InboxOutcome.MOVE_FAILED) == 1
    for _ in range(3):
        rig.clock.step(5)
        rig.poll()
    assert "a.png" in rig.in_folder()
    assert len(rig.events()) == 1
    unblock_done(rig)
    rig.clock.step(5)
    rig.poll()
    assert rig.done() == ["a.png"]
    assert len(rig.events()) == 1
    acts = [act for act, name, _ in rig.acts() if name == "a.png"]
    assert acts == ["inbox-move-failed"]


def test_crash_between_commit_and_move_gives_no_second_event(rig: InboxRig) -> None:
    block_done(rig)
    rig.drop("a.png", make_png())
    rig.drop_json("a.json", {"captured_at": "2027-01-15T07:00:00Z", "app": "mail"})
    rig.drop("b.png", make_png())
    rig.settle()
    assert len(rig.events()) == 2
    unblock_done(rig)
    rig.start()
    report = rig.settle()
    assert report.count(InboxOutcome.ALREADY_STORED) == 2
    assert report.count(InboxOutcome.TAKEN) == 0
    assert len(rig.events()) == 2
    assert rig.done() == ["a.json", "a.png", "b.png"]


def test_inbox_that_is_not_there_is_a_problem_and_no_error(rig: InboxRig) -> None:
    rig.folder.rmdir()
    assert rig.poll().problem is not None
    rig.folder.mkdir()
    assert rig.poll().problem is None


def test_quarantine_on_another_file_system_stays_in_the_inbox(tmp_path: Path) -> None:
    other = Path("/dev/shm")  # noqa: S108 - a file system of its own, on every Linux
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to write to")
    rig = InboxRig(tmp_path)
    rig.data_dir.quarantine_dir.symlink_to(other)
    rig.drop("a.png", b"")
    rig.settle(10)
    refused = names(rig.folder / "refused" / DAY)
    assert refused == ["a.png", "a.png.reason.json"]
    (other / "inbox" / DAY).rmdir()
    rig.store.close()

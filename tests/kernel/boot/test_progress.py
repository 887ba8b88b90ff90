"""Progress in words: frames first."""

from __future__ import annotations

from kernel.boot.progress import describe_done, describe_progress


def test_frames_are_counted_once_whatever_later_stages_made_of_them() -> None:
    assert describe_done({"text": 1, "state": 0, "delta": 0}) == "1 frame read"
    assert describe_done({"text": 3, "state": 3, "delta": 2}) == "3 frames read (state 3, delta 2)"
    assert describe_done({}) == "0 frames read"


def test_what_is_left_is_frames_then_that_later_stages_work() -> None:
    done = {"text": 2, "state": 1}
    assert describe_progress(done, unread=1, unfinished=2) == "2 frames read (state 1), 1 to go"
    assert describe_progress(done, unread=0, unfinished=1).endswith(", later stages at work")
    assert describe_progress(done, unread=0, unfinished=0).endswith(", 0 to go")

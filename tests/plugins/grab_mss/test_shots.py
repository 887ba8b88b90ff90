import datetime as dt
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("mss", reason="the extra `grab` is not installed")

from plugins.grab_mss.shots import (
    ACTIVE_INTERVAL_S,
    REPEAT_AFTER_S,
    STILL_AFTER_S,
    STILL_INTERVAL_S,
    Seen,
    Shot,
    judge,
    next_interval_s,
    write_shot,
)


def shot(pixels: bytes = b"\0" * 16) -> Shot:
    return Shot(0, 2, 2, pixels)


@given(st.lists(st.tuples(st.sampled_from([b"a" * 16, b"b" * 16]), st.floats(0, 200))))
def test_every_change_is_written_and_a_still_screen_now_and_then(
    looks: list[tuple[bytes, float]],
) -> None:
    seen: Seen | None = None
    now_s = written_s = 0.0
    before: bytes | None = None
    for pixels, step_s in looks:
        now_s += step_s
        seen, worth = judge(seen, shot(pixels), now_s)
        assert worth == (pixels != before or now_s - written_s >= REPEAT_AFTER_S)
        written_s = now_s if worth else written_s
        before = pixels


def test_one_changed_bit_and_another_size_are_changes() -> None:
    seen, _ = judge(None, shot(), 0)
    assert judge(seen, shot(b"\0" * 15 + b"\1"), 1)[1]
    assert judge(seen, Shot(0, 4, 1, b"\0" * 16), 1)[1]
    assert not judge(seen, shot(), 1)[1]


def test_still_screens_are_looked_at_less_often() -> None:
    still = Seen(shot(), changed_s=0, written_s=0)
    busy = Seen(shot(), changed_s=STILL_AFTER_S, written_s=0)
    assert next_interval_s([], 0) == ACTIVE_INTERVAL_S
    assert next_interval_s([still], STILL_AFTER_S - 1) == ACTIVE_INTERVAL_S
    assert next_interval_s([still], STILL_AFTER_S) == STILL_INTERVAL_S
    assert next_interval_s([still, busy], STILL_AFTER_S) == ACTIVE_INTERVAL_S


def test_picture_and_sidecar_are_put_in_place(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 5, 1, 10, 0, 0, 5, dt.timezone(dt.timedelta(hours=2)))
    rgb = bytes(range(12))
    path = write_shot(tmp_path, shot(), rgb, moment, 77)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "20260501T080000.000005Z-m0.json",
        "20260501T080000.000005Z-m0.png",
    ]
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.tobytes() == rgb
    assert json.loads(path.with_suffix(".json").read_text()) == {
        "captured_at": "2026-05-01T10:00:00.000005+02:00",
        "monitor": 0,
        "monotonic_ns": 77,
        "source": "grab_mss",
    }

"""Records in little room: what comes back is what went in, byte for byte."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.pagecodec import (
    Codec,
    pack_alone,
    pack_difference,
    unpack_alone,
    unpack_difference,
)
from tests.kernel.store.test_chains import event_of
from tests.kernel.store.test_chains import page_of as lines_page
from tests.kernel.store.test_derived import TIMING, key_of, page_of

bytes_st = st.lists(
    st.one_of(st.binary(max_size=12), st.just(b"\xa4kind\xa9text_line")), max_size=12
).map(b"".join)


@given(bytes_st, bytes_st)
def test_any_record_comes_back_from_its_difference_to_any_base(record: bytes, base: bytes) -> None:
    assert unpack_difference(pack_difference(record, base), base) == record


@given(bytes_st)
def test_any_record_comes_back_alone(record: bytes) -> None:
    assert unpack_alone(*pack_alone(record)) == record


def test_a_page_like_the_one_before_takes_a_fraction_of_its_room() -> None:
    texts = [f"line {number} of a page with words of its own" for number in range(80)]
    base = canonical.encode(page_of(*texts))
    record = canonical.encode(page_of(*texts[:40], "one line was typed", *texts[41:]))
    difference = pack_difference(record, base)
    assert len(difference) < 0.06 * len(pack_alone(record)[1])
    assert len(pack_alone(record)[1]) < 0.2 * len(record)


def test_pages_are_read_back_whatever_they_stand_on(tmp_path: Path) -> None:
    pages = [
        lines_page(tuple((f"line {n}", n) for n in range(at, at + 30)), salt=str(at))
        for at in range(40)
    ]
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        for seq, page in enumerate(pages, 1):
            store.commit_page(key_of(page), page, TIMING, [event_of(seq, seq, page)])
        codecs = dict(store._db.execute("SELECT codec, count(*) FROM results GROUP BY codec"))
        assert codecs[int(Codec.DIFFERENCE)] > 30
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        for page in reversed(pages):
            assert store.page_of(page.blob) == (key_of(page), page)


def test_damaged_bytes_are_told(tmp_path: Path) -> None:
    page = page_of(*(f"line {number} with words" for number in range(20)))
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        store.commit_page(key_of(page), page, TIMING)
        store._db.execute("UPDATE results SET record = zeroblob(50)")
        with pytest.raises(KernelError) as caught:
            store.page_of(page.blob)
    assert caught.value.code == "derived-damaged"

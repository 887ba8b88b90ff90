"""The page of criteria says what the table does; every limit has a reason."""

from __future__ import annotations

import re

import pytest

from kernel.soak.thresholds import (
    RECOVERY_OTHER_S,
    RECOVERY_S,
    THRESHOLDS,
    recovery_limit_s,
    threshold,
)
from tests.architecture.tree import REPOSITORY

PAGE = (REPOSITORY / "docs" / "soak-verdict.md").read_text(encoding="utf-8")
WORDS = {"at_most": "at most", "at_least": "at least", "equal": "exactly"}


def test_the_page_explains_every_criterion_with_its_limit_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    rows.pop("recovery_NAME")
    assert list(rows) == [row.name for row in THRESHOLDS]
    for row in THRESHOLDS:
        said = rows[row.name].strip()
        assert said.startswith(WORDS[row.comparison])
        if row.limit is not None:
            assert said == f"{WORDS[row.comparison]} {row.limit:g} {row.unit}"


def test_the_page_tells_every_recovery_limit() -> None:
    said = PAGE.split("Recovery:")[1].split("\n\n")[0]
    for name, limit_s in RECOVERY_S.items():
        # The names before the first figure that follows them share it.
        figure = re.search(r"(\d+)\s+s\b", said.split(f"`{name}`")[1])
        assert figure is not None
        assert float(figure[1]) == limit_s
    assert f"any other {RECOVERY_OTHER_S:.0f} s" in said


def test_every_row_is_whole() -> None:
    for row in THRESHOLDS:
        assert re.fullmatch(r"[a-z_]+", row.name)
        assert row.title
        assert row.unit
        assert row.why.endswith(".")
    assert len({row.name for row in THRESHOLDS}) == len(THRESHOLDS)


def test_an_unknown_name_is_no_threshold_and_an_unknown_fault_has_one() -> None:
    with pytest.raises(KeyError):
        threshold("nothing")
    assert recovery_limit_s("meteor") == RECOVERY_OTHER_S
    assert recovery_limit_s("host_hung") == 120

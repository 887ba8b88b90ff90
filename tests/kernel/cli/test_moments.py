"""Points in time as people type them."""

from __future__ import annotations

import click
import pytest

from kernel.cli.moments import to_us


def converted(value: str | None) -> int | None:
    option = click.Option(["--since"])
    return to_us(click.Context(click.Command("any")), option, value)


def test_an_offset_counts_and_nothing_stays_nothing() -> None:
    assert converted("1970-01-01T01:00:00.000005+01:00") == 5
    assert converted("1970-01-02T00:00:00Z") == 86_400_000_000
    assert converted(None) is None


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_time_is_a_bad_parameter(value: str) -> None:
    with pytest.raises(click.BadParameter, match="ISO 8601"):
        converted(value)

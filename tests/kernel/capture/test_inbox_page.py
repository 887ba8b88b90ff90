"""docs/inbox.md lists every outcome, every code and every field there is, and no other."""

import re

import msgspec

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.inboxfate import InboxOutcome, InboxRules
from kernel.capture.inboxlisting import TEMPORARY_SUFFIXES
from kernel.capture.refusal import RefusalCode
from kernel.capture.sidecar import SIDECAR_BYTES_MAX, SidecarFields, parse_sidecar
from tests.architecture.tree import REPOSITORY
from tests.kernel.capture.inbox_rig import BERLIN

PAGE = (REPOSITORY / "docs" / "inbox.md").read_text(encoding="utf-8")


def first_column(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def test_every_outcome_has_its_row() -> None:
    assert first_column("Every outcome") == [outcome.value for outcome in InboxOutcome]


def test_every_refusal_code_has_its_row() -> None:
    assert sorted(first_column("Refusal codes")) == sorted(code.value for code in RefusalCode)


def test_every_field_of_the_sidecar_has_its_row() -> None:
    fields = [field.name for field in msgspec.structs.fields(SidecarFields)]
    assert first_column("The sidecar") == fields


def test_example_sidecar_is_one() -> None:
    example = PAGE.split("```json\n")[1].split("```")[0]
    parsed = parse_sidecar(example.encode(), BERLIN)
    assert getattr(parsed, "source", None) == "winshot"


def test_numbers_on_the_page_are_those_of_the_code() -> None:
    rules, limits = InboxRules(), ImageLimits()
    words = " ".join(PAGE.split())
    assert f"has not changed for {rules.settle_s:.0f} s and is whole" in words
    assert f"until it has not changed for {rules.patience_s:.0f} s" in words
    assert f"tried again after {rules.retry_s:.0f} s" in words
    assert rules.temporary_patience_s == 3600
    assert "has not changed for an hour" in words
    assert rules.clock_rules.ahead_s == 120
    assert rules.clock_rules.future_s == 86_400
    assert "more than 2 minutes, at most a day, ahead" in words
    assert f"more than {rules.clock_rules.backward_s:.0f} s before" in words
    assert f"{limits.bytes_max >> 20} MiB" in words
    assert f"{limits.pixels_max // 1_000_000} million pixels" in words
    assert f"{limits.side_px_max:_} pixels a side".replace("_", " ") in words
    assert f"at most {SIDECAR_BYTES_MAX >> 10} KiB" in words
    for suffix in TEMPORARY_SUFFIXES:
        assert f"{suffix}`" in words

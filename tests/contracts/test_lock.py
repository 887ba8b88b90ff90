"""The lock agrees with the code, says what changed, and is the same file everywhere."""

from __future__ import annotations

import pytest

from contracts.bounded import ContractError
from contracts.compat import Verdict
from contracts.lock import (
    Break,
    Lock,
    blocking,
    code_matches,
    compare_code,
    contracts_lock_digest,
    describe_code,
    diff_locks,
    empty_lock,
    find_contract,
    next_lock,
    parse_lock,
    render_lock,
)
from contracts.registry import REGISTRY, Registry
from contracts.text import Word
from tests.architecture.tree import REPOSITORY
from tests.contracts.toys import UPCAST_1, UPCAST_ALL, NoteV1, NoteV2, NoteV3, Short, Small, make

PATH = REPOSITORY / "locks" / "contracts.lock.json"
DATE = "2026-01-31"


def lock_of(*contracts: type, release: str | None = None, before: Lock | None = None) -> Lock:
    return next_lock(before or empty_lock(), Registry.build(contracts), release=release)


def changed(lock: Lock, *contracts: type) -> list[str]:
    return [change.rule for change in compare_code(lock, describe_code(Registry.build(contracts)))]


def test_the_lock_agrees_with_the_code() -> None:
    lock = parse_lock(PATH.read_bytes())
    assert compare_code(lock, describe_code()) == []
    assert code_matches(lock)
    assert lock.fingerprint == contracts_lock_digest()
    assert render_lock(next_lock(lock)) == PATH.read_text(encoding="utf-8")


def test_a_lock_read_back_is_the_lock_that_was_written() -> None:
    lock = next_lock(empty_lock())
    assert parse_lock(render_lock(lock).encode()) == lock
    assert compare_code(parse_lock(render_lock(lock).encode()), describe_code()) == []


@pytest.mark.parametrize(
    ("changed_contract", "rule"),
    [
        (make("toy", [("number", Small)], rename={"number": "figure"}), "field-renamed"),
        (make("toy", [("number", Small, 3)]), "default-added"),
        (make("toy", [("number", Short)]), "field-retyped"),
        (make("toy", [("number", Small)], forbid_unknown_fields=False), "unknown-fields-allowed"),
        (make("toy", [("number", Small)], omit_defaults=True), "omit-defaults-changed"),
        (make("toy", [("number", Small)], array_like=True), "array-like-changed"),
        (make("toy", [("number", Small)], tag_field="sort"), "tag-field-changed"),
    ],
)
def test_every_change_moves_the_fingerprint_and_is_named(changed_contract: type, rule: str) -> None:
    lock = lock_of(make("toy", [("number", Small)]))
    assert rule in changed(lock, changed_contract)
    assert lock_of(changed_contract).fingerprint != lock.fingerprint


def test_a_better_docstring_is_no_change() -> None:
    class Words(Word, frozen=True, kw_only=True, tag="word"):
        """Said in other words."""

    assert lock_of(Words).fingerprint == lock_of(Word).fingerprint


def test_a_lock_edited_by_hand_does_not_match_the_code() -> None:
    lock = next_lock(empty_lock())
    text = render_lock(lock).replace('"fingerprint": "', '"fingerprint": "0')
    assert not code_matches(parse_lock(text.encode()))
    tampered = render_lock(lock).replace('"le": 65535', '"le": 65534')
    assert not code_matches(parse_lock(tampered.encode()))


def test_a_draft_may_change_and_a_released_contract_may_not() -> None:
    after = make("toy", [("number", Short)])
    for release, stops in ((None, 0), ("1.0.0", 1)):
        lock = lock_of(make("toy", [("number", Small)]), release=release)
        changes = compare_code(lock, describe_code(Registry.build([after])))
        assert len(blocking(lock, changes)) == stops


def test_a_compatible_change_of_a_released_contract_passes() -> None:
    lock = lock_of(make("toy", [("number", Small)]), release="1.0.0")
    wider = make("toy", [("number", Small), ("more", Small, 0)])
    changes = compare_code(lock, describe_code(Registry.build([wider])))
    assert [change.verdict for change in changes] == [Verdict.COMPATIBLE]
    assert blocking(lock, changes) == []


def test_the_mark_of_a_release_stays() -> None:
    lock = lock_of(NoteV1, release="1.0.0")
    registry = Registry.build([NoteV1, NoteV2], UPCAST_1)
    later = next_lock(lock, registry)
    assert {ref: entry.released for ref, entry in later.contracts.items()} == {
        "note@1": "1.0.0",
        "note@2": None,
    }
    assert next_lock(later, registry, release="1.1.0").contracts["note@2"].released == "1.1.0"


def test_the_name_of_a_field_that_a_release_lost_is_reserved_for_ever() -> None:
    lock = lock_of(NoteV1, release="1.0.0")
    lock = next_lock(lock, Registry.build([NoteV1, NoteV2], UPCAST_1), release="1.1.0")
    assert lock.reserved.fields == {"note": ["taken_s"]}
    lock = next_lock(lock, Registry.build([NoteV1, NoteV2, NoteV3], UPCAST_ALL), release="1.2.0")
    assert lock.reserved.fields == {"note": ["taken_s", "words"]}
    again = make("note", [("taken_s", Short)], version=4)
    code = Registry.build(
        [NoteV1, NoteV2, NoteV3, again], {**UPCAST_ALL, ("note", 3): lambda old: old}
    )
    found = compare_code(lock, describe_code(code))
    assert [(change.rule, change.path) for change in found if change.verdict] == [
        ("field-name-reused", "taken_s")
    ]


def test_the_tag_of_a_kind_that_is_gone_is_reserved_for_ever() -> None:
    lock = lock_of(NoteV1, make("toy", []), release="1.0.0")
    assert changed(lock, make("toy", [])) == ["version-removed"]
    lock = lock_of(make("toy", []), before=lock)
    assert lock.reserved.kinds == ["note"]
    assert changed(lock, make("toy", []), make("note", [("other", Small)])) == ["tag-reused"]


def test_a_recorded_break_stays_in_the_lock() -> None:
    reason = Break(
        ref="note@1", path="words", rule="field-removed", detail="", reason="why", date=DATE
    )
    lock = next_lock(empty_lock(), Registry.build([NoteV1]), breaks=[reason])
    assert next_lock(lock, Registry.build([NoteV1])).breaks == [reason]
    assert parse_lock(render_lock(lock).encode()).breaks == [reason]


def test_an_unbounded_field_does_not_get_into_the_lock() -> None:
    with pytest.raises(ContractError, match=r"toy@1\.text: text without max_length"):
        lock_of(make("toy", [("text", str)]))


def test_the_diff_shows_the_field_on_one_line() -> None:
    old = render_lock(lock_of(make("toy", [("number", Small)])))
    new = render_lock(lock_of(make("toy", [("number", Short)])))
    lines = diff_locks(old, new)
    assert any(line.startswith("-") and '"ge": 0' in line for line in lines)
    assert any(line.startswith("+") and '"max_length": 20' in line for line in lines)
    assert diff_locks(old, old) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (b"{}", "invalid"),
        (b'{"format": 2, "fingerprint": "", "contracts": {}}', "unknown-version"),
        (b'{"format": 1, "fingerprint": "", "contracts": {}, "more": 1}', "invalid"),
        (b"\xff", "malformed"),
        (b"[" * 100_000, "malformed"),
    ],
)
def test_a_damaged_lock_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_lock(data)
    assert caught.value.code in {code, "invalid"}


def test_a_contract_is_found_by_kind_and_by_version() -> None:
    assert find_contract("word") is find_contract("word@1") is Word
    for ref in ("nope", "word@9", "word@x", "word@", "@1"):
        if ref != "word@":
            with pytest.raises(ContractError):
                find_contract(ref)
    assert find_contract("word", REGISTRY) is Word

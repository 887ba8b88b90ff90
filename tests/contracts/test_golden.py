"""Examples and the golden corpus: bytes that somebody may have stored."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contracts import canonical
from contracts.bounded import ContractError
from contracts.corpus import CorpusEntry, check_entry, grow_corpus, parse_corpus, render_corpus
from contracts.golden import FULL, LEAST, example, golden_bytes
from contracts.lock import empty_lock, next_lock
from contracts.registry import REGISTRY, Contract, Registry
from contracts.schema import describe_all, ref_of
from contracts.text import Word
from tests.contracts.strategies import shapes
from tests.contracts.toys import UPCAST_ALL, NoteV1, NoteV2, NoteV3, Short, Small, make

CORPUS = sorted((Path(__file__).parent / "golden").glob("*.json"))
ALL = [pytest.param(contract, id=ref_of(contract)) for contract in REGISTRY.structs.values()]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_stored_version_is_read_as_it_was_meant(path: Path) -> None:
    entries = parse_corpus(path.read_text(encoding="utf-8"))
    assert entries
    for entry in entries:
        assert check_entry(path.stem, entry, REGISTRY) is None


def test_the_corpus_covers_every_contract() -> None:
    assert {path.stem for path in CORPUS} == {ref_of(s) for s in REGISTRY.structs.values()}


@pytest.mark.parametrize("contract", ALL)
def test_the_full_example_sets_every_field_and_the_least_only_what_it_must(
    contract: Contract,
) -> None:
    full = example(shapes(), contract, FULL)
    least = example(shapes(), contract, LEAST)
    shape = shapes()[ref_of(contract)]
    for field in shape["fields"]:
        if "default" in field:
            default = getattr(msgspec.convert(_required(shape, full), contract), field["name"])
            assert getattr(least, field["name"]) == default
    assert canonical.encode(full).hex() == golden_bytes(shapes(), contract)[FULL]


def _required(shape: dict[str, object], full: msgspec.Struct) -> dict[str, object]:
    plain = msgspec.to_builtins(full)
    fields = shape["fields"]
    assert isinstance(fields, list)
    names = {field["encoded"] for field in fields if "default" not in field}
    return {name: value for name, value in plain.items() if name in names or name == "kind"}


def test_numbers_in_the_full_example_differ_so_that_a_swap_shows() -> None:
    word = example(shapes(), Word, FULL)
    assert isinstance(word, Word)
    assert len({*word.box, word.confidence_permille, word.start, word.end}) == 7


def test_a_pattern_without_example_is_refused() -> None:
    import typing

    contract = make("toy", [("code", typing.Annotated[str, msgspec.Meta(pattern="^a+$")])])
    with pytest.raises(ValueError, match="a pattern needs examples"):
        golden_bytes(describe_all([contract]), contract)


NOTES_1 = Registry.build([NoteV1])
NOTES_3 = Registry.build([NoteV1, NoteV2, NoteV3], UPCAST_ALL)


def test_the_corpus_keeps_released_bytes_and_gains_those_of_new_versions() -> None:
    first = next_lock(empty_lock(), NOTES_1, release="1.0.0")
    corpus = grow_corpus(first, NOTES_1, {})
    files = {ref: render_corpus(entries) for ref, entries in corpus.items()}
    grown = grow_corpus(next_lock(first, NOTES_3), NOTES_3, files)
    assert sorted(grown) == ["note@1", "note@2", "note@3"]
    assert grown["note@1"] == corpus["note@1"]


def test_bytes_of_a_draft_are_replaced_when_the_draft_changes() -> None:
    before = Registry.build([make("toy", [("number", Small)])])
    after = Registry.build([make("toy", [("number", Short)])])
    lock = next_lock(empty_lock(), before)
    files = {"toy@1": render_corpus(grow_corpus(lock, before, {})["toy@1"])}
    grown = grow_corpus(next_lock(lock, after), after, files)
    assert all(isinstance(entry.value["number"], str) for entry in grown["toy@1"])


def test_the_corpus_refuses_to_grow_over_released_bytes_that_are_lost() -> None:
    before = Registry.build([make("toy", [("number", Small)])])
    after = Registry.build([make("toy", [("figure", Small)])])
    lock = next_lock(empty_lock(), before, release="1.0.0")
    files = {"toy@1": render_corpus(grow_corpus(lock, before, {})["toy@1"])}
    with pytest.raises(ContractError, match="toy@1"):
        grow_corpus(next_lock(lock, after), after, files)


def test_a_value_that_comes_back_as_a_default_is_noticed() -> None:
    # rename= on an optional field: the old name is unknown, and without forbid_unknown_fields
    # the value silently becomes the default.
    before = make("toy", [("number", Small, 0)], forbid_unknown_fields=False)
    after = make(
        "toy", [("number", Small, 0)], rename={"number": "figure"}, forbid_unknown_fields=False
    )
    written = canonical.encode(before(number=7))
    assert canonical.decode(written, after).number == 0  # type: ignore[attr-defined]
    entry = CorpusEntry(bytes=written.hex(), value={"number": 7})
    problem = check_entry("toy@1", entry, Registry.build([after]))
    assert problem == "toy@1: .number is not what was written"

"""Choosing among batches that a crash, a failed commit or lost packs left behind."""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
from hypothesis import given

from contracts.identity import event_id
from kernel.store.batch import GENESIS, Batch, seal_batch
from kernel.store.draft import draft_event
from kernel.store.rebuild import choose_all
from kernel.store.recovery import FoundBatch, choose_chain
from tests.kernel.store.captures import draft


def batch_after(previous: str, first_seq: int, count: int, at_us: int = 0) -> FoundBatch:
    events = []
    for seq in range(first_seq, first_seq + count):
        event = draft_event(draft(b"x"), seq, at_us, "ab" * 32)
        events.append(msgspec.structs.replace(event, event_id=event_id(event)))
    batch = Batch(
        previous=previous, first_seq=first_seq, committed_at_us=at_us, events=tuple(events)
    )
    return FoundBatch(batch, seal_batch(batch)[1])


def chain_of(counts: list[int], at_us: int = 0) -> list[FoundBatch]:
    chain: list[FoundBatch] = []
    previous, seq = GENESIS, 1
    for count in counts:
        chain.append(batch_after(previous, seq, count, at_us))
        previous, seq = chain[-1].head.hex(), seq + count
    return chain


COUNTS = st.lists(st.integers(1, 3), min_size=1, max_size=6)


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_chain_is_found_in_any_order_of_the_packs(counts: list[int], chance: object) -> None:
    chain = chain_of(counts)
    mixed = list(chain)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert choose_chain(mixed, 0, GENESIS) == chain


@given(COUNTS, st.integers(0, 5))
def test_only_what_follows_the_head_is_adopted(counts: list[int], known: int) -> None:
    chain = chain_of(counts)
    known = min(known, len(chain))
    last_seq = sum(counts[:known])
    head = chain[known - 1].head.hex() if known else GENESIS
    assert choose_chain(chain, last_seq, head) == chain[known:]


def test_of_two_tries_the_one_that_was_built_on_wins_else_the_later() -> None:
    failed, held = batch_after(GENESIS, 1, 2, at_us=1), batch_after(GENESIS, 1, 2, at_us=2)
    later = batch_after(failed.head.hex(), 3, 1)
    assert choose_chain([failed, held], 0, GENESIS) == [held]
    assert choose_chain([failed, held, later], 0, GENESIS) == [failed, later]


def test_a_batch_whose_events_are_not_their_ids_is_not_adopted() -> None:
    good = batch_after(GENESIS, 1, 2)
    forged = msgspec.structs.replace(good.batch.events[0], app="forged")
    batch = msgspec.structs.replace(good.batch, events=(forged, good.batch.events[1]))
    assert choose_chain([FoundBatch(batch, seal_batch(batch)[1])], 0, GENESIS) == []


@given(st.lists(st.integers(1, 3), min_size=3, max_size=6), st.data())
def test_a_rebuild_goes_on_behind_a_lost_batch_and_names_the_gap(
    counts: list[int], data: st.DataObject
) -> None:
    chain = chain_of(counts)
    lost = data.draw(st.integers(0, len(chain) - 2))
    rest = chain[:lost] + chain[lost + 1 :]
    first = sum(counts[:lost]) + 1
    assert choose_all(rest + rest) == (rest, [(first, first + counts[lost] - 1)])

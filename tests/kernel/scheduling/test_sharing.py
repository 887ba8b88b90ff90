"""Packing has a bounded share of the time while reading wants it all, and never none for good."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.sharing import ShareFacts, SharePolicy, ShareState, next_turn

POLICY = SharePolicy()
BOTH = ShareFacts(reads=True, packs=True)
STEP_S = 10.0
"""The work clock takes no larger one."""

steps = st.floats(0.0, STEP_S)
states = st.builds(
    ShareState, st.sampled_from(["reading", "packing"]), st.floats(-POLICY.over_s, POLICY.turn_s)
)
policies = st.builds(SharePolicy, st.floats(0.01, 0.5), st.floats(1.0, 60.0), st.floats(0.0, 200.0))
all_facts = st.builds(
    ShareFacts, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans()
)


@given(policies, st.lists(st.tuples(steps, st.booleans()), max_size=400))
def test_while_both_want_to_work_packing_keeps_to_its_share(
    policy: SharePolicy, ticks: list[tuple[float, bool]]
) -> None:
    state, whole_s, packed_s = ShareState(), 0.0, 0.0
    for elapsed_s, in_hand in ticks:
        whole_s += elapsed_s
        packed_s += elapsed_s if state.turn == "packing" else 0.0
        state = next_turn(state, replace(BOTH, in_hand=in_hand), elapsed_s, policy)
        most_s = policy.packing_share * whole_s + policy.turn_s + policy.over_s + STEP_S
        assert packed_s <= most_s + 1e-6


@given(state=states, in_hand=st.booleans())
def test_however_long_the_backlog_packing_has_its_turn_in_the_end(
    state: ShareState, *, in_hand: bool
) -> None:
    turns = set()
    debt_s = POLICY.turn_s + POLICY.over_s + STEP_S
    for _ in range(int(debt_s / POLICY.packing_share) + 1):
        state = next_turn(state, replace(BOTH, in_hand=in_hand), 1.0, POLICY)
        turns.add(state.turn)
    assert turns == {"packing", "reading"}


def test_a_turn_is_long_and_ends_between_two_groups() -> None:
    state, seconds = ShareState("packing", POLICY.turn_s), 0
    while state.turn == "packing":
        state = next_turn(state, replace(BOTH, in_hand=seconds < 40), 1.0, POLICY)
        seconds += 1
    assert seconds == 41
    assert state.saved_s < 0, "what was used beyond the turn is owed"


@given(states, all_facts, steps, policies)
def test_who_else_wants_nothing_has_no_part_in_it(
    state: ShareState, facts: ShareFacts, elapsed_s: float, policy: SharePolicy
) -> None:
    turn = next_turn(state, facts, elapsed_s, policy).turn
    if facts.packing_only:
        assert turn == "packing"
    elif not facts.packs:
        assert turn == "reading"
    elif not facts.reads:
        assert turn == "packing"
    elif facts.awaited:
        assert turn == "reading"


@given(states, all_facts, steps, policies)
def test_what_is_saved_up_is_never_more_than_a_turn(
    state: ShareState, facts: ShareFacts, elapsed_s: float, policy: SharePolicy
) -> None:
    state = replace(state, saved_s=min(state.saved_s, policy.turn_s))
    assert next_turn(state, facts, elapsed_s, policy).saved_s <= policy.turn_s

from hypothesis import given
from hypothesis import strategies as st

from kernel.capture.imageformats.facts import ImageFacts, ImageLimits
from kernel.capture.inboxfate import (
    Fingerprint,
    InboxOutcome,
    InboxRules,
    Refuse,
    Step,
    Take,
    Wait,
    Watch,
    is_final,
    judge_pair,
    next_step,
    observe,
)
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.sidecar import Sidecar, SidecarFault

RULES = InboxRules(settle_s=2, patience_s=10, limits=ImageLimits(bytes_max=100))
FACTS = ImageFacts("image/png", 8, 8)

times = st.floats(0, 1e6)
fingerprints = st.builds(Fingerprint, st.integers(0, 100), st.integers(0, 3))
refusals = st.builds(Refusal, st.sampled_from(RefusalCode), st.just("why"))
faults = st.builds(SidecarFault, st.just("why"), st.booleans())
sidecars = st.none() | st.just(Sidecar(app="mail")) | faults


@given(st.lists(st.tuples(fingerprints, st.floats(0, 100)), min_size=1))
def test_watch_knows_since_when_a_file_is_as_it_is(looks: list[tuple[Fingerprint, float]]) -> None:
    watch: Watch | None = None
    now_s = 0.0
    changed_s = 0.0
    seen: Fingerprint | None = None
    for fingerprint, step_s in looks:
        now_s += step_s
        if fingerprint != seen:
            seen, changed_s = fingerprint, now_s
        watch = observe(watch, fingerprint, now_s)
    assert watch == Watch(looks[-1][0], changed_s)


@given(fingerprints, times, st.floats(0, 1.99))
def test_image_without_sidecar_is_not_read_before_it_settled(
    fingerprint: Fingerprint, changed_s: float, quiet_s: float
) -> None:
    image = Watch(fingerprint, changed_s)
    now_s = changed_s + quiet_s
    assert next_step(image, None, incomplete=False, now_s=now_s, rules=RULES) is Step.WAIT
    sidecar = Watch(Fingerprint(1, 1), now_s)
    assert next_step(image, sidecar, incomplete=False, now_s=now_s, rules=RULES) is Step.READ


@given(
    fingerprint=fingerprints,
    changed_s=times,
    incomplete=st.booleans(),
    quiet_s=st.floats(10.01, 1e5),
)
def test_everything_is_read_once_patience_is_over(
    *, fingerprint: Fingerprint, changed_s: float, incomplete: bool, quiet_s: float
) -> None:
    image = Watch(fingerprint, changed_s)
    step = next_step(image, None, incomplete=incomplete, now_s=changed_s + quiet_s, rules=RULES)
    assert step is Step.READ


@given(now_s=times, incomplete=st.booleans())
def test_file_beyond_the_limit_is_refused_at_any_time(*, now_s: float, incomplete: bool) -> None:
    image = Watch(Fingerprint(101, 1), now_s)
    step = next_step(image, None, incomplete=incomplete, now_s=now_s, rules=RULES)
    assert step is Step.REFUSE_SIZE


@given(times, st.floats(0, 9.99))
def test_pair_is_not_final_while_either_file_changes(image_s: float, quiet_s: float) -> None:
    image = Watch(Fingerprint(1, 1), image_s)
    sidecar = Watch(Fingerprint(1, 1), image_s + 1000)
    assert is_final(image, None, image_s + 1000, RULES)
    assert not is_final(image, sidecar, image_s + 1000 + quiet_s, RULES)


@given(sidecar=sidecars, shared=st.booleans(), final=st.booleans())
def test_whole_image_is_never_refused(
    *, sidecar: Sidecar | SidecarFault | None, shared: bool, final: bool
) -> None:
    judgement = judge_pair(FACTS, sidecar, shared=shared, final=final)
    assert not isinstance(judgement, Refuse)
    if final:
        assert isinstance(judgement, Take)


@given(refusal=refusals, sidecar=sidecars, shared=st.booleans(), final=st.booleans())
def test_incomplete_image_is_never_taken_and_waits_until_it_is_final(
    *, refusal: Refusal, sidecar: Sidecar | SidecarFault | None, shared: bool, final: bool
) -> None:
    judgement = judge_pair(refusal, sidecar, shared=shared, final=final)
    at_once = {RefusalCode.TOO_MANY_BYTES, RefusalCode.TOO_MANY_PIXELS}
    if final or refusal.code in at_once:
        assert judgement == Refuse(refusal)
    else:
        assert judgement == Wait()


@given(fault=faults, final=st.booleans())
def test_broken_sidecar_never_lends_its_words(*, fault: SidecarFault, final: bool) -> None:
    judgement = judge_pair(FACTS, fault, shared=False, final=final)
    if fault.may_grow and not final:
        assert judgement == Wait()
    else:
        assert judgement == Take(Sidecar(), (InboxOutcome.SIDECAR_MALFORMED, "why"))


def test_sidecar_of_several_images_is_used_for_none() -> None:
    judgement = judge_pair(FACTS, Sidecar(app="mail"), shared=True, final=True)
    assert isinstance(judgement, Take)
    assert judgement.sidecar == Sidecar()
    assert judgement.fault is not None
    assert judgement.fault[0] is InboxOutcome.SIDECAR_AMBIGUOUS

"""Adjectives of office English, and others that a screen may say for them.

Covers: data, and looking it up: one way only ("previous" may be "last", what is last need not be
previous). Does not cover: verbs (`kernel.query.thesaurus`). No word stands here for its contrary.
Pure.
"""

from __future__ import annotations

import functools
from typing import Final

from kernel.store.folding import fold

_ADJECTIVES: Final = """
absent: away missing out
active: running enabled live
additional: extra more further
allowed: permitted may can
alternate: alternative other
alternative: alternate other
annual: yearly
approximate: approx about estimated
authorised: allowed permitted may can
authorized: allowed permitted may can
automated: automatic auto
automatic: auto
available: free
average: mean avg
away: absent out
best: top
biggest: largest highest
blank: empty
broken: faulty defective damaged
busy: occupied
cheap: low
cheapest: lowest min
closed: shut
coming: next upcoming
complete: full
compulsory: mandatory required
confidential: secret private
correct: right valid
critical: urgent
current: present active
daily: day
damaged: broken
dead: deceased
dearest: highest
deceased: dead
defective: broken faulty
entire: total whole
estimated: expected est approx
expected: estimated
external: outside
extra: additional
failed: unsuccessful
faulty: broken defective
favorite: preferred
favourite: preferred
final: last
following: next
forbidden: prohibited
former: previous
free: available
full: complete
further: additional
global: worldwide
good: valid
greatest: largest highest maximum
gross: total
highest: max maximum peak top
hourly: hour
idle: inactive
ill: sick
important: high priority critical
inactive: idle disabled
incorrect: wrong invalid
indoor: inside
initial: first
inside: indoor
interim: temporary provisional
internal: inhouse
international: global
invalid: incorrect wrong
largest: biggest highest
latest: newest last
left: remaining
lost: missing
lower: min minimum
lowest: min minimum
main: primary
major: severe
mandatory: required compulsory
manual: hand
married: spouse
maximal: max maximum
mean: average avg
minimal: min minimum
minor: low
missing: absent lost
monthly: month
newest: latest
next: upcoming following
normal: standard regular usual
offline: down
online: up
open: unresolved
optional: voluntary
outdoor: outside
outside: external outdoor
overall: total
part-time: parttime
partial: partly
peak: max maximum highest
permanent: unlimited
permitted: allowed may can
personal: private
preferred: favourite favorite
present: current
previous: last prior
primary: main
principal: main primary
prior: previous last
private: personal confidential
provisional: temporary interim
public: open
quarterly: quarter
recent: last latest newest
regular: normal standard
remaining: left
resolved: fixed closed
running: active
secret: confidential private
serious: critical severe major
severe: critical high serious
shut: closed
sick: ill
smallest: minimum min lowest
spare: backup standby
standard: default
standby: backup secondary
successful: passed ok success
taken: used occupied
temporary: provisional interim
top: highest best first
typical: average normal
unresolved: open
unsuccessful: failed
upcoming: next
upper: max maximum
urgent: critical high
usual: default standard normal regular
vacant: free empty
voluntary: optional
weekly: week
whole: total entire
worst: lowest
wrong: incorrect invalid
yearly: annual
"""
"""Each line: a word of a question, and words that a screen may say for it."""


@functools.cache
def _adjectives() -> dict[str, frozenset[str]]:
    lines = (line.partition(":") for line in _ADJECTIVES.strip().splitlines())
    return {asked: frozenset(map(fold, said.split())) for asked, _, said in lines}


def adjectives_for(word: str) -> frozenset[str]:
    """Folded words that a screen may say for an adjective of a question; may be empty."""
    return _adjectives().get(word.casefold(), frozenset())

"""Verbs and adjectives of office English, and others that a screen may say for them.

Covers: data, and looking it up: one way only (who asks whom to ring may read "call"), a verb in all
its forms. Does not cover: words that name the same thing both ways, nouns of deeds
(`kernel.query.synonyms`), several words (`kernel.query.sayings`). No word stands here for its
contrary or for the other side of a deed: nothing sent is received, nothing ordered delivered.
Pure.
"""

from __future__ import annotations

import functools
from typing import Final

from kernel.query.inflections import forms_of
from kernel.store.folding import fold

_VERBS: Final = """
accept: approve confirm
acknowledge: confirm ack
add: append attach include insert
adjust: change tune modify correct
alert: notify warn page
amend: change edit correct modify
analyse: investigate examine
appoint: name elect
arrange: organise organize book schedule
arrive: land dock receive
assess: evaluate review rate
attach: add append
attend: join
authorise: approve
authorize: approve
bill: charge invoice
block: prevent
break: crash
bring: deliver take carry
build: compile construct create
call: phone ring dial
carry: transport
cause: trigger
chair: lead moderate host
change: adjust amend
charge: bill invoice
chase: remind
check: verify review validate
climb: rise increase grow
collect: fetch pick gather
compile: build
complain: report raise
concern: affect
confirm: acknowledge
contact: call email phone reach
continue: resume
correct: fix amend
crash: die panic abort
create: make generate add open
decide: agree
demand: ask require request want
depart: leave sail
detect: find discover spot
dial: call phone ring
discover: find notice detect spot
dismiss: fire sack
display: show
draft: write
edit: change update modify amend
email: mail send
examine: review inspect
exceed: pass top
extend: prolong renew
fetch: collect pick
find: spot discover detect notice
forward: send pass relay
generate: create produce make
handle: process manage
hand: give pass
happen: occur
head: lead manage
host: organise organize run lead
inform: notify tell
introduce: start launch
investigate: examine analyse
join: attend
jump: rise increase climb
lapse: expire end
launch: start release publish introduce
lead: head manage chair
link: connect
lock: block
log: record
mail: send email
make: create produce build
manage: run lead
measure: record read
merge: combine
move: relocate shift transfer
name: call appoint
notice: spot find discover detect
notify: alert inform tell
occur: happen
operate: run
order: request purchase buy
organise: arrange plan host
organize: arrange plan host
oversee: supervise manage lead
pause: suspend
phone: call ring dial
plan: schedule
position: place
post: publish
prepare: draft make
produce: make generate create
prolong: extend renew
propose: suggest recommend
put: move place store
receive: get arrive
recommend: suggest advise propose
record: log measure
recover: restore
relocate: move
renew: extend prolong
request: order ask apply
restore: recover
resume: continue restart
ring: call phone dial
run: execute operate
sail: leave depart
take: collect
draw: collect
save: store keep
schedule: plan book
settle: pay
shift: move
show: display
solve: fix resolve
shut: close
spot: notice find detect
state: say report
suggest: propose recommend
supervise: oversee manage lead
suspend: pause block
transfer: move
transport: carry
trigger: cause start
validate: verify check confirm
verify: check validate
warn: alert notify
write: author draft
"""
_ADJECTIVES: Final = """
allowed: permitted may can
permitted: allowed may can
authorised: allowed permitted may can
authorized: allowed permitted may can
annual: yearly
biggest: largest
blank: empty
broken: faulty defective damaged
busy: occupied
compulsory: mandatory required
damaged: broken
defective: broken faulty
entire: total whole
faulty: broken defective
final: last
good: valid
forbidden: prohibited
former: previous
highest: max maximum peak top
initial: first
largest: biggest
latest: newest last
lowest: min minimum
main: primary
mandatory: required compulsory
newest: latest
overall: total
prior: previous last
previous: last prior
primary: main
principal: main primary
spare: backup standby
taken: used occupied
standard: default
standby: backup secondary
upcoming: next
upper: max maximum
lower: min minimum
usual: default standard normal
vacant: free empty
whole: total entire
yearly: annual
"""
"""Each line: a word of a question, and words that a screen may say for it."""


@functools.cache
def _verbs() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _VERBS.strip().splitlines():
        asked, _, said = line.partition(":")
        meant = {fold(form) for verb in said.split() for form in forms_of(verb)}
        for form in forms_of(asked):
            table.setdefault(form, set()).update(meant)
    return {word: frozenset(said) for word, said in table.items()}


@functools.cache
def _adjectives() -> dict[str, frozenset[str]]:
    lines = (line.partition(":") for line in _ADJECTIVES.strip().splitlines())
    return {asked: frozenset(map(fold, said.split())) for asked, _, said in lines}


def verbs_for(word: str) -> frozenset[str]:
    """Folded verbs in all their forms that a screen may say for a verb in any; may be empty.

    For words that are verbs where they stand: a call is no phone, though who calls may phone.
    """
    return _verbs().get(word.casefold(), frozenset())


def asked_verbs() -> frozenset[str]:
    """The verbs with others, in their base form: people ask with them."""
    return frozenset(line.partition(":")[0] for line in _VERBS.strip().splitlines())


def adjectives_for(word: str) -> frozenset[str]:
    """Folded words that a screen may say for an adjective of a question; may be empty."""
    return _adjectives().get(word.casefold(), frozenset())

"""Verbs of office English, and others that a screen may say for them.

Covers: data, and looking it up: one way only (who asks whom to ring may read "call"), a verb in all
its forms. Does not cover: words that name the same thing both ways, nouns of deeds
(`kernel.query.synonyms`), adjectives (`kernel.query.adjectives`), several words
(`kernel.query.sayings`). No word stands here for its contrary or for the other side of a deed:
nothing sent is received, nothing ordered delivered. Pure.
"""

from __future__ import annotations

import functools
from typing import Final

from kernel.query.inflections import forms_of
from kernel.store.folding import fold

_VERBS: Final = """
accept: approve confirm agree
acknowledge: confirm ack
add: append attach include insert
adjust: change tune modify correct
agree: accept approve
alert: notify warn page
amend: change edit correct modify
analyse: investigate examine
answer: reply respond
anticipate: expect
apologise: sorry
apologize: sorry
appoint: name elect
archive: store
arrange: organise organize book schedule
arrive: land dock receive deliver
ask: request
assess: evaluate review rate
attach: add append mount
attend: join
audit: inspect review check
authorise: approve sign
authorize: approve sign
award: win
backup: save copy
berth: dock moor
bill: charge invoice
block: prevent lock
board: embark
borrow: loan
break: crash fail
bring: deliver take carry
build: compile construct create
burn: use consume
calculate: compute
call: phone ring dial
cap: limit
carry: transport perform
cause: trigger
chair: lead moderate host
change: adjust amend
charge: bill invoice
chase: remind
check: verify review validate
classify: categorise categorize class rate
clean: wash wipe
clear: remove delete empty
climb: rise increase grow go
collect: fetch pick gather
combine: merge join
compile: build
complain: report raise
comprise: include
compute: calculate
concern: affect
conduct: perform run lead hold
confirm: acknowledge
consist: contain include
consume: use burn
contact: call email phone reach
contain: include hold
continue: resume
convert: change turn
copy: backup
correct: fix amend
cost: charge
count: total number
cover: include insure
crash: die panic abort
create: make generate add open
cure: heal
damage: break
decide: agree
decline: fall drop decrease
deliver: arrive bring
demand: ask require request want
depart: leave sail
deploy: release install ship roll
detect: find discover spot sense
dial: call phone ring
disable: lock
discover: find notice detect spot
dismiss: fire sack terminate
display: show
divide: split
dock: berth moor
download: get fetch
draft: write
drain: empty
draw: collect
drink: consume
drive: go
drop: sink
earn: make pay
eat: consume
edit: change update modify amend
elect: vote
email: mail send
empty: drain clear
encrypt: protect
enter: type input
estimate: forecast project expect
examine: review inspect
exceed: pass top over above
exchange: swap replace
exclude: except
expect: forecast plan
expire: lapse end
extend: prolong renew
fail: break crash
fetch: collect pick
file: submit
finance: fund
find: spot discover detect notice
flag: mark
follow: track
forecast: expect estimate predict
forward: send pass relay
freeze: hang stall
fund: finance pay
generate: create produce make
grade: mark rate
grant: give allow approve
hand: give pass
handle: process manage
hang: freeze stall
happen: occur
head: lead manage
hide: mask conceal
hire: join
hit: reach strike
hold: keep store host
host: organise organize run lead
house: hold store host
ignore: skip
include: contain cover comprise
inform: notify tell
insert: enter add
install: deploy setup
instruct: teach
insure: cover
introduce: start launch
invest: spend
investigate: examine analyse
invite: ask
join: attend start
jump: rise increase climb
lack: miss
land: touch
lapse: expire end
last: take run
launch: start release publish introduce
lead: head manage chair
lend: loan
limit: cap restrict
link: connect
loan: lend borrow
lock: block
log: record
look: search
lose: miss
mail: send email
maintain: service
make: create produce build
manage: run lead
mark: grade flag
mask: hide
measure: record read
mend: repair fix
merge: combine
miss: lack
monitor: watch observe track
moor: dock berth
mount: attach install
move: relocate shift transfer
name: call appoint
nominate: propose name
notice: spot find discover detect
notify: alert inform tell
object: oppose
observe: watch monitor see
occupy: use take
occur: happen
omit: skip
operate: run perform
oppose: object
order: request purchase buy
organise: arrange plan host
organize: arrange plan host
oversee: supervise manage lead
owe: due
pause: suspend
peak: max
perform: do run execute
phone: call ring dial
pick: collect fetch
plan: schedule
position: place
post: publish
practice: train
practise: train
predict: forecast expect
prepare: draft make
prescribe: order give
print: output
produce: make generate create
prohibit: block
prolong: extend renew
promise: commit
promote: raise
propose: suggest recommend
protect: secure guard
purchase: order
put: move place store
rank: place
rate: score
reach: contact call arrive
receive: get arrive
recommend: suggest advise propose
record: log measure
recover: restore
refresh: update
refuse: reject decline
reject: refuse
release: deploy ship
relocate: move
renew: extend prolong
rent: hire
repair: mend fix
replace: change
reply: answer respond
request: order ask apply
reserve: hold
reset: restart
resign: leave quit
respond: answer reply
restore: recover
restrict: limit
resume: continue restart
retire: leave
revoke: withdraw cancel
ring: call phone dial
roll: deploy
run: execute operate
sail: leave depart
save: store keep
scan: read
schedule: plan book
score: rate
search: look find
secure: protect
seek: search want
separate: split
service: maintain inspect
settle: pay
shift: move
show: display
shut: close
sign: approve
sink: drop
skip: omit
slow: delay
solve: fix resolve
span: last cover
spend: pay
split: separate divide
sponsor: fund pay
spot: notice find detect
stall: hang freeze
state: say report
stock: store keep hold
study: learn
submit: send hand file
suggest: propose recommend
supervise: oversee manage lead
suspend: pause block stop hold
swap: exchange replace change
switch: change turn move
sync: update synchronise synchronize replicate
synchronise: sync update
synchronize: sync update
take: collect last
teach: instruct lecture
thank: thanks
throttle: limit
track: monitor follow
train: teach coach
transfer: move
translate: convert
transport: carry
travel: go
treat: handle
trigger: cause start
turn: change
type: enter
update: refresh renew
upload: send post
use: consume employ
validate: verify check confirm
verify: check validate
vote: elect
warn: alert notify alarm
wash: clean
watch: monitor observe
win: award
withdraw: revoke
write: author draft
"""
"""Each line: a verb of a question, and verbs that a screen may say for it."""


@functools.cache
def _verbs() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _VERBS.strip().splitlines():
        asked, _, said = line.partition(":")
        meant = {fold(form) for verb in said.split() for form in forms_of(verb)}
        for form in forms_of(asked):
            table.setdefault(form, set()).update(meant)
    return {word: frozenset(said) for word, said in table.items()}


def verbs_for(word: str) -> frozenset[str]:
    """Folded verbs in all their forms that a screen may say for a verb in any; may be empty.

    For words that are verbs where they stand: a call is no phone, though who calls may phone.
    """
    return _verbs().get(word.casefold(), frozenset())


def asked_verbs() -> frozenset[str]:
    """The verbs with others, in their base form: people ask with them."""
    return frozenset(line.partition(":")[0] for line in _VERBS.strip().splitlines())

"""Words by which people ask for what a screen says in another word.

Covers: data, and looking it up: nouns, verbs and adjectives of office and computing life that name
the same thing, in all their inflected forms; words of which one implies the other, but not the
other way round ("phone" may be a mobile phone, a mobile phone is no direct line). Does not cover:
written abbreviations (`kernel.query.words`), initials (`kernel.query.initials`). Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from kernel.query.adjectives import adjectives_for
from kernel.query.inflections import forms_of, past_forms_of
from kernel.query.samenouns import MAY_BE, SAME_NOUNS
from kernel.store.folding import fold

_SAME_VERBS = """
delete remove erase
buy purchase
begin start commence
finish complete conclude
cancel annul
approve authorise authorize
reject decline refuse deny
fix repair resolve solve
send dispatch ship
receive get
reserve book
lease rent
postpone defer reschedule delay
stop halt
restart reboot
modify edit change alter
edit update
update upgrade
allow permit
forbid prohibit ban
need require
choose select pick
grow increase rise
fall drop decrease
reduce lower cut
verify confirm
replace swap
keep retain store
refund reimburse
measure weigh
own possess
hire employ recruit
quit resign
enable activate
disable deactivate
inspect check
examine check
assign allocate
publish release
abort terminate
terminate end
kill terminate
"""
"""Each line: verbs that name one deed."""

_DERIVED = """
expire expiry expiration
renew renewal
approve approval
deliver delivery
resolve resolution
cancel cancellation cancelation
reply response answer
respond response
own ownership
create creation creator
valid validity
arrive arrival
depart departure
fly flight
assign assignment assignee
invite invitation
register registration
subscribe subscription subscriber
describe description
decide decision
configure configuration
install installation
allocate allocation
reserve reservation
book booking
confirm confirmation
consume consumption
maintain maintenance
remove removal
retain retention
compress compression
encrypt encryption
complete completion
submit submission
execute execution
terminate termination
inspect inspection
connect connection
publish publication
attend attendance
employ employment
ship shipment shipping
sell sale sales
lose loss
grow growth
weigh weight
warranty guarantee warranties
complain complaint complaints
fail failure
close closure closing
open opening
rent rental
withdraw withdrawal
propose proposal
store storage
migrate migration
escalate escalation
replicate replication
evict eviction
reject rejection
evaluate evaluation
translate translation
disconnect disconnection
authenticate authentication
validate validation
collect collection
notify notification
adjust adjustment
measure measurement
replace replacement
recover recovery
promote promotion
reduce reduction
upgrade upgrade
elect election
appoint appointment
"""
"""Each line: a verb, and nouns of its deed."""


@functools.cache
def _table() -> dict[str, frozenset[str]]:
    """What may be said for a word, by its spelling in small letters."""
    table: dict[str, set[str]] = {}

    def add(asked: Iterable[str], said: Iterable[str]) -> None:
        spelled = {fold(word) for word in said}
        for word in asked:
            table.setdefault(word, set()).update(spelled)

    for line in _lines(SAME_NOUNS):
        words = {form for word in line for form in (word, *_plural(word))}
        add(words, words)
    derived = {verb: nouns for verb, *nouns in _lines(_DERIVED)}
    for line in _lines(_SAME_VERBS):
        verbs = {form for word in line for form in forms_of(word)}
        # What is kept is stored, and so may stand beside "Storage".
        add(verbs, verbs | {noun for word in line for noun in derived.get(word, ())})
    for verb, *nouns in _lines(_DERIVED):
        named = {form for noun in nouns for form in (noun, *_plural(noun))}
        add(forms_of(verb), {*forms_of(verb), *named})
        # "Resolve" is a button; "resolved" and "resolves" may tell the resolution.
        add(named, {*named, *(form for form in forms_of(verb) if _tells_a_deed(form, verb))})
    for asked, *said in _lines(MAY_BE.replace(":", " ")):
        add((asked, *_plural(asked)), (form for word in said for form in (word, *_plural(word))))
    return {word: frozenset(said) for word, said in table.items()}


def _tells_a_deed(form: str, verb: str) -> bool:
    return form != verb and not form.endswith("ing")


def _lines(text: str) -> Iterator[list[str]]:
    yield from (line.split() for line in text.splitlines() if line)


def _plural(noun: str) -> tuple[str, ...]:
    if noun.endswith("s") or not noun.isalpha():
        return ()
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return (noun[:-1] + "ies",)
    return (noun + ("es" if noun.endswith(("x", "ch", "sh")) else "s"),)


def meanings_of(word: str) -> frozenset[str]:
    """Folded words that a screen may say for a plain word of a question; may be empty.

    The forms of an irregular verb are among them ("kept" for "keep").
    """
    own = forms_of(word) if past_forms_of(word) else frozenset[str]()
    same = _table().get(word.casefold(), frozenset())
    return same | adjectives_for(word) | frozenset(map(fold, own))

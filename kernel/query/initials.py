"""Terms and their initials: "NPS" is the net promoter score, a process id a PID.

Covers: initials that everybody knows, with what they stand for; initials that a question uses for
words on the screen, and words of a question of which the screen has the initials. Does not cover:
finding them in a line (`kernel.query.words`). Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Final

from kernel.query.words import stem_of
from kernel.store.folding import fold

_KNOWN: Final = """
nps net promoter score
sla service level agreement
slo service level objective
kpi key performance indicator
roi return on investment
rto recovery time objective
rpo recovery point objective
mrr monthly recurring revenue
arr annual recurring revenue
clv customer lifetime value
ltv lifetime value
cac customer acquisition cost
ctr click through rate
cvr conversion rate
aov average order value
arpu average revenue per user
dau daily active users
wau weekly active users
mau monthly active users
csat customer satisfaction
eta estimated time of arrival
eta expected arrival
eta estimated arrival
eta expected delivery
etd estimated time of departure
dob date of birth
dob birth date
pto paid time off
vat value added tax
ceo chief executive officer
cfo chief financial officer
cto chief technology officer
coo chief operating officer
ciso chief information security officer
hr human resources
pr pull request
mr merge request
pid process id
pid process identifier
ppid parent process id
gc garbage collection
gc garbage collector
ttl time to live
os operating system
db database
vm virtual machine
po purchase order
qa quality assurance
rma return merchandise authorization
sku stock keeping unit
moq minimum order quantity
poc proof of concept
poc point of contact
mttr mean time to repair
mttr mean time to recovery
mttr mean time to resolve
mtbf mean time between failures
wip work in progress
fps frames per second
rps requests per second
qps queries per second
tps transactions per second
rpm revolutions per minute
mrn movement reference number
awb air waybill
bol bill of lading
iban international bank account number
bic bank identifier code
ssn social security number
isp internet service provider
cogs cost of goods sold
ytd year to date
mtd month to date
yoy year over year
fte full time equivalent
rfp request for proposal
rfq request for quotation
nda non disclosure agreement
sow statement of work
mfa multi factor authentication
otp one time password
sso single sign on
fqdn fully qualified domain name
dns domain name server
mtu maximum transmission unit
ssid network name
hdd hard disk
ssd solid state drive
pin personal identification number
psu power supply
ups uninterruptible power supply
lts long term support
eol end of life
apr annual percentage rate
bmi body mass index
"""
INITIALS_MIN: Final = 3
"""Fewer letters are the initials of anything, unless everybody knows what they stand for."""
_INITIALS_MAX: Final = 6
_WORDS_MAX: Final = 5
UNSAID: Final = frozenset("of the and for to per on in".split())
"""Words that initials may leave out."""


@functools.cache
def _known() -> tuple[tuple[str, tuple[str, ...]], ...]:
    lines = (line.split() for line in _KNOWN.splitlines() if line)
    return tuple((line[0], tuple(line[1:])) for line in lines)


def phrases_of(word: str) -> tuple[tuple[str, ...], ...]:
    """What known initials stand for, each as its words; none for any other word."""
    folded = word.casefold()
    return tuple(phrase for short, phrase in _known() if short == folded)


def is_initials(word: str) -> bool:
    """Whether a word of a question may be the initials of words on the screen."""
    return word.isupper() and word.isalpha() and INITIALS_MIN <= len(word) <= _INITIALS_MAX


def known_initials(words: Sequence[str]) -> dict[int, frozenset[str]]:
    """Known initials, folded, of neighbouring words, by the place of each of the words."""
    found: dict[int, frozenset[str]] = {}
    stems = [stem_of(word) for word in words]
    for short, phrase in _known():
        wanted = [stem_of(word) for word in phrase]
        for at in range(len(stems) - len(wanted) + 1):
            if stems[at : at + len(wanted)] == wanted:
                for place in range(at, at + len(wanted)):
                    found[place] = found.get(place, frozenset()) | {fold(short)}
    return found


def made_initials(words: Sequence[str]) -> dict[int, frozenset[str]]:
    """The folded initials of runs of words, by the place of each of the words in such a run.

    An empty word ends a run; little words count or are left out.
    """
    found: dict[int, frozenset[str]] = {}
    for places in _runs(words):
        letters = fold("".join(words[place][0] for place in places))
        for place in places:
            found[place] = found.get(place, frozenset()) | {letters}
    return found


def _runs(words: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Runs of words long enough for initials of their own."""
    for at in range(len(words)):
        for size in range(INITIALS_MIN, _WORDS_MAX + 1):
            places = tuple(range(at, at + size))
            if places[-1] >= len(words) or not all(words[p].isalpha() for p in places):
                break
            if {words[places[0]], words[places[-1]]} & UNSAID:
                continue
            yield places
            said = tuple(place for place in places if words[place] not in UNSAID)
            if INITIALS_MIN <= len(said) < size:
                yield said

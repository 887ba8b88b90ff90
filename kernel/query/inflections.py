"""Forms of English verbs: keep and kept, write, wrote and written, send, sends and sending.

Covers: a table of irregular verbs, the regular endings. Does not cover: other words of the same
meaning (`kernel.query.synonyms`), stems (`kernel.query.words`). Pure.
"""

from __future__ import annotations

import functools

_IRREGULAR = """
become became
begin began begun
bind bound
blow blew blown
break broke broken
bring brought
build built
burn burnt
buy bought
catch caught
choose chose chosen
come came
deal dealt
do did done
dig dug
draw drew drawn
drive drove driven
drink drank drunk
eat ate eaten
fall fell fallen
feed fed
feel felt
fight fought
find found
fly flew flown
forbid forbade forbidden
forget forgot forgotten
freeze froze frozen
get got gotten
give gave given
go went gone
grow grew grown
hang hung
hear heard
hide hid hidden
hold held
keep kept
know knew known
lay laid
lead led
learn learnt
leave left
lend lent
lose lost
make made
mean meant
meet met
overtake overtook overtaken
override overrode overridden
pay paid
ride rode ridden
ring rang rung
rise rose risen
run ran
say said
see saw seen
seek sought
sell sold
send sent
shake shook shaken
show shown
shrink shrank shrunk
sing sang sung
sink sank sunk
sit sat
sleep slept
speak spoke spoken
spend spent
spin spun
split splitting
stand stood
steal stole stolen
stick stuck
strike struck
swear swore sworn
take took taken
teach taught
tear torn
tell told
think thought
throw threw thrown
undergo underwent undergone
understand understood
undo undid undone
wake woke woken
wear wore worn
win won
withdraw withdrew withdrawn
withhold withheld
write wrote written
"""
_VOWELS = "aeiou"
_DOUBLED = frozenset(
    "stop plan drop ship cut run set put get hit log tag ban rob refer prefer occur submit permit"
    " admit transfer cancel swap quit pin skip begin".split()
)


@functools.cache
def _irregular() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in _IRREGULAR.splitlines():
        forms = tuple(line.split())
        for form in forms:
            table[form] = forms
    return table


def is_irregular_form(word: str) -> bool:
    """Whether it is a past form of an irregular verb: "kept", "written"; not "keep"."""
    forms = _irregular().get(word.casefold(), ())
    return word.casefold() in forms[1:]


def all_past_forms() -> frozenset[str]:
    """The past forms of all irregular verbs of the table."""
    return frozenset(form for forms in _irregular().values() for form in forms[1:])


@functools.lru_cache(maxsize=4096)
def past_forms_of(word: str) -> frozenset[str]:
    """The past forms of the irregular verb of which the word is a form; else none."""
    return frozenset(_irregular().get(_base(word.casefold()), ())[1:])


@functools.lru_cache(maxsize=4096)
def forms_of(word: str) -> frozenset[str]:
    """The word with the forms of the verb that it may be.

    Of a base form ("keep", "ship") all of them; of an inflected form of an irregular verb ("kept",
    "sends") those of its verb; of any other word that alone.
    """
    folded = word.casefold()
    base = _base(folded)
    known = _irregular().get(base)
    if known is None and base != folded:
        return frozenset({folded})
    base = known[0] if known else base
    return frozenset({folded, *_regular(base, past=known is None), *(known or ())})


def _base(word: str) -> str:
    """The base form where the word is one of an irregular verb; else the word itself."""
    table = _irregular()
    if word in table:
        return table[word][0]
    for ending, put in (("s", ""), ("es", ""), ("ing", ""), ("ing", "e")):
        bare = word.removesuffix(ending) + put
        if word.endswith(ending) and bare in table and table[bare][0] == bare:
            return bare
    if word.endswith("ing") and word[-5:-4] == word[-4:-3] and word[:-4] in table:
        return word[:-4]
    return word


def _regular(base: str, *, past: bool) -> tuple[str, ...]:
    if not base.isalpha():
        return (base,)
    ends_y = base.endswith("y") and base[-2:-1] not in _VOWELS
    third = base[:-1] + "ies" if ends_y else base + _third_ending(base)
    stem = base[:-1] if base.endswith("e") and not base.endswith("ee") else base
    stem = stem + stem[-1] if base in _DOUBLED else stem
    made = [base, third, stem + "ing"]
    if past:
        made.append(base[:-1] + "ied" if ends_y else stem + "ed")
        if base == "cancel":
            made += ["canceled", "canceling"]
    return tuple(made)


def _third_ending(base: str) -> str:
    return "es" if base.endswith(("s", "x", "ch", "sh", "o")) else "s"

"""Words of English questions, by what they tell about the place of an answer.

Covers: data only. Does not cover: everyday abbreviations on screens (`kernel.query.words`).
"""

from __future__ import annotations

ACRONYMS = frozenset("ip id url uri pin pid ok am pm http https sql cpu tcp udp json xml".split())
"""Written in capitals, yet as general as any noun: the value may go without them."""

STOP_WORDS = frozenset(
    "a an the of for in on at to from by with without about into over under as is are was were be"
    " been being am do does did has have had having will would can could shall should may"
    " might must and or but not no if then than that this these those there here it its he she"
    " they them his her their my our your i you we me us who whom whose when where why which what"
    " how much many long old big far often exactly currently now still just please tell show give"
    " find get got say says said name called any some all each every other also so too very"
    " right only new current s t one after before until since during per".split()
)
"""Never looked for."""

WEAK_VERBS = frozenset(
    "wrote write writes written mention mentions mentioned post posted report reported reports"
    " reply replied told talk talked sent send sends comment commented happen happened happens"
    " take takes took need needs use uses used using go goes leave leaves come comes make makes"
    " made work works contain contains hold holds see seen look looks read reads appear appears"
    " shown display displayed listed belong belongs derive derives gives gave doing set sets want"
    " wants selected linked worth".split()
)
"""Found they help, missing they cost next to nothing; asked for only as nouns ("the use of")."""

MESSAGES = frozenset("mail email message chat note post comment".split())
"""What a thing may be without being called so."""
PLACE_NOUNS = frozenset("location address place room site venue office seat".split())
ENDING_VERBS = frozenset("end ends finish finishes expire expires close closes stop stops".split())
PLACED_THINGS = frozenset("file files folder directory path".split())
"""Of these a path tells where they are, without calling them so."""
COMMUNICATING = frozenset(
    "wrote write writes written mention mentions mentioned post posted report reported reports"
    " reply replied told sent send sends comment commented asked ask email emailed mail mailed say"
    " says said message messaged suggest suggests suggested propose proposes proposed recommend"
    " recommended announce announced request requested invite invited".split()
)
"""Who or when is told by the line over a message, though the word does not stand there."""

WEAK_ADJECTIVES = frozenset(
    "default initial exact actual given following value large high tall heavy fast"
    " expensive away".split()
)
"""As weak, and never asked for."""

CONTAINERS = frozenset(
    "cell row column line page field section table window screen entry item list form view ticket"
    " issue card task story question appointment event".split()
)
"""Weak unless they are asked for."""

COPULAS = frozenset("is are was were".split())
AUXILIARIES = frozenset(
    "is are was were do does did has have had will would can could should must may might".split()
)
ARTICLES = frozenset("the a an my our your this that".split())
PHRASE_ENDS = frozenset(
    "of for in on at to from by with that which who when where after before during since until"
    " under over about per".split()
)
"""Words that end the noun phrase of what is asked for."""

VAGUE_NOUNS = frozenset(
    "number value name title state status type kind level amount count rate subject text".split()
)
"""The last noun of what is asked; a label may leave it out ("phone number", "Phone")."""

CODE_NOUNS = frozenset("code pin id key serial".split())
"""As vague where the value has the look of one: "Keypad: 7194C" is the code of the keypad."""

EVENT_NOUNS = frozenset("appointment event entry".split())
"""What stands in a calendar without being called so."""

TITLE_NOUNS = frozenset("title name subject text".split())

ANCHORS = frozenset(
    "the a an of for in on at to from by with about per between into over under my our your"
    " his her their".split()
)
SPANS = frozenset("long old often".split())
"""After "how": the answer is a length of time."""
DEGREES = frozenset(
    "many much long old big large far often high tall heavy fast expensive wide deep full late hot"
    " warm cold loud thick strong".split()
)
"""After "how": the answer is a number."""

CALENDAR = frozenset(
    "january february march april may june july august september october november december monday"
    " tuesday wednesday thursday friday saturday sunday yesterday today tomorrow".split()
)
"""Capitalised, yet no names."""

PARTICIPLES = frozenset(
    "set known written sent due selected paid sold made built bought held run".split()
)
"""Besides those in -ed."""
ROW_NOUNS = frozenset(
    "payment parcel package shipment customer client booking reservation entry setting option task"
    " order message process node transaction transfer purchase person employee colleague user"
    " contact product article record deal".split()
)
"""What a row or card of a list is, without saying so."""
CLASS_NOUNS = frozenset(
    "job ticket case issue bug incident request invoice bill quote offer quotation contract policy"
    " project account file document report service device host server machine container batch"
    " build release patient student member supplier vendor flight train bus room license licence"
    " license claim asset part sku item delivery container note card run worker".split()
)
"""What a thing is that goes by an identifier, which is said without it."""

PARTICLES = frozenset("up off out down over back in on after away".split())
PARTICLE_VERBS = frozenset(
    "set shut put cut sent sold run held built go goes log logs sign signs check checks turn turns"
    " back backs break breaks roll rolls shuts sets look looks hand hands call calls throw thrown"
    " threw give given gave pay pick picks drop drops push take taken took switch sort".split()
)
"""Besides those in -ed and -ing: verbs that a particle makes another verb of ("shut down")."""
MEASURED = frozenset("space room money".split())
"""After "how much": what is measured goes without saying."""
SPAN_ENDS = {
    "from start": frozenset("start starts begin begins from".split()),
    "until till to end": frozenset("end ends until till finish finishes".split()),
}
"""Heads of columns for the words with which the ends of a span are asked for."""
LIGHT_DEEDS = frozenset("made make makes did does do gave".split())
"""Verbs of deeds that a noun tells: who made a commit stands beside "Commit" as "by ..."."""
HAPPENED = frozenset("made taken held done run performed".split())
"""Of what was: when a drill was held is when it was."""
HEAD_NOUNS = frozenset(
    "centre center list limit plan code type class format category zone policy".split()
)
"""After a noun these tell what is asked for: a price list is no price."""

TIME_NOUNS = frozenset("time date day deadline month year weekday".split())
NUMBER_NOUNS = frozenset(
    "amount price cost total sum balance fee rate percentage share count quantity size".split()
)
PERSON_NOUNS = frozenset("person author owner assignee caller sender manager".split())

MEASURED_BY = {
    "heavy": "weight weighs weigh mass",
    "tall": "height",
    "high": "height level",
    "wide": "width",
    "deep": "depth",
    "far": "distance",
    "fast": "speed rate",
    "expensive": "price cost costs fee fare",
    "full": "level use usage fill filled occupancy utilisation utilization",
    "late": "delay delayed",
    "hot": "temperature temp",
    "warm": "temperature temp",
    "cold": "temperature temp",
    "loud": "volume noise",
    "thick": "thickness",
    "strong": "strength",
}
"""After "how", before a verb: nouns by which a screen says what is measured."""

COSTING = frozenset("cost costs spend spent charge charged owe owes".split())
"""Verbs that ask for an amount of money."""

IMPLIED_NOUNS = {
    **{adjective: tuple(nouns.split()) for adjective, nouns in MEASURED_BY.items()},
    "long": ("duration", "length", "runtime", "elapsed", "took"),
    "often": ("frequency", "interval"),
    "much": ("price", "amount", "total"),
    "many": ("quantity", "count", "units", "pcs"),
    "old": ("age",),
    "large": ("size",),
    "big": ("size",),
}
"""After "how": columns that hold the answer without being named."""

"""Which words of a question are ordinary English, so that a screen need not hold them.

Covers: a vocabulary of everyday words with which people ask, their inflected forms. Does not
cover: what the words tell about the answer (`kernel.query.vocabulary`). Pure. A word that is not
here is taken for a name or a term of art and must be on the screen.
"""

from __future__ import annotations

import functools

from kernel.query import vocabulary
from kernel.query.thesaurus import asked_verbs
from kernel.query.words import stem_of, synonyms_of

_VERBS = """
abort accept access act activate add adjust affect agree aim allow announce annoy answer apply
approve archive arrange arrive ask assign attach attend authorise authorize backup ban be become
begin belong bill block book boot borrow break bring browse build buy call cancel carry cause
change charge chase check choose clamp clash clean clear click clone close collect come comment
commit compare compile complain complete conclude confirm confuse connect consume contact
contain continue contribute control convert cook copy correct cost count crash create cut deal
decide declare decline decrypt default define delay delete deliver deny depart depend deploy
derive describe design detect die differ disable discuss display divide do download drink drive
drop earn eat edit email enable encounter encrypt end enter escalate escape estimate evict
exceed execute exist exit expect expire explain export extend fail fall feel fetch fill filter
find finish fire fit fix flag fly follow force forget forward found free generate give go grant
grow handle handover hang happen have head hear help hide hire hold host identify imply import
improve include increase indicate inform insert inspect install interview invite invoice involve
issue join keep kick kill know land last launch lead learn leave lend let lift limit link list
listen live load locate lock log look lose lower maintain make manage mark match matter mean
measure meet mention merge miss modify monitor mount move mute name need note notice notify
occur offer onboard open operate order organise organize owe own park pass pause pay perform permit
pick pin place plan play point post postpone prefer prepare present press prevent print process
produce promise propose protect prove provide publish pull purchase push put quote raise ran
rate reach read realise rebase reboot receive recommend reconnect record recover redirect reduce
refer refuse register reinstall reject relate release remain remember remind remove rename renew
rent repair repeat replace reply report represent request require reschedule reserve reset
resize resolve respond restart restore result resume retry return revert review ring rise roll
rotate run save scan schedule score search see sell send separate serve set settle share ship show
shut sign sit skip snooze solve sort speak specify spend split stand star start state stay stop
store submit subscribe suggest support suppose switch sync tag take talk target tell terminate
test think throttle throw time track trade train transfer travel treat trigger try tune turn type
unlock unpin update upgrade upload upset use verify view visit wait walk want warn watch wear
weigh win wish withdraw work worry write
"""
_IRREGULAR = """
asleep ate became been began begun bought broke broken brought built came chose chosen done
drawn drew driven drove fallen fell felt flew flown forgot forgotten found gave given gone
gotten grew grown heard held kept knew known laid led left lent lost made meant met paid ran
rang risen rose said sang sat saw seen sent shown shut sold sought spent spoke spoken stole
stolen stood stuck sung taken taught thought threw thrown told took torn understood went
withdrawn withdrew woke woken won wore worn written wrote
"""
_NOUNS = """
account action activity adapter address administrator advice afternoon agenda agent alert amount
answer anybody anyone anything app application appointment area argument article assignment
attachment attempt attendee attribute audience author average balance bank base beginning bill
birthday bit body book boss bottom box branch brand browser budget buffer bug building business
button buyer calendar call caller capacity caption card case category cause cell center
certificate change channel chapter character chart chat check choice city class client clock
cluster code colleague color colour column command comment commit company compiler component
computer concern condition confirmation contact container content contents contract copy cost
counter country couple course cover coworker currency customer daily data database date day
deadline decision default definition degree delay department dependency description designer
desk destination detail details developer device difference digit digits direction directory
discount discussion disk distance document domain door draft driver duration editor employee end
endpoint engine engineer entry environment error evening event everybody everyone everything example
exception expense explanation expression extension fact factor failure feature fee field figure
file filter flag flight folder folk folks footer form format formula frequency friend front
function gate goal group guest guide hacker half handler head header heading headline height
help helper hint holder host hour house idea identifier image incident income info information
input installer instance instruction interval invoice issue item job key keyword kilometer kind
label language laptop latency lawyer layer layout length lesson letter level library limit line
link list liter litre load location log lot machine mail maintainer maintenance majority man
manager margin marker mate matter maximum meal meaning measure meeting member memory menu
message meter method middle minimum minute mistake mode model moment money month monthly morning
name network news nickname night nobody node noon note nothing notification number object offer
office operation operator option order ordering origin outcome output overview owner package
page pair panel paper paragraph parameter parent part participant party password path payment
people percent percentage performance period permission person phase phone photo phrase picture
piece place plan planner platform player point pointer policy port position possibility price
printer priority problem process product program programme progress project property proposal
provider purchase purpose quality quantity quarter query question queue quota range rank rate
ratio reader reading reason receipt receiver recipe recipient record reference region relation
release reminder replacement reply report repository request requirement resolution resource
response rest result return revenue reviewer risk role room route router row rule runtime salary
sale sample scanner schedule scheduler scope score screen script season seat second section
sector security seller sender sentence sequence series server service session setting shape
share sheet ship shop side sign site situation size slot software solution somebody someone
something song sort source space speaker speed spelling spot staff stage start state statement
station statistic status step stock stop storage store story street string structure stuff
subject subscription subtotal success sum summary super supplier support symptom system tab
table tag target task teacher team teammate telephone temperature term test tester text theme
thing thread threshold ticket time timeout timer title today tool top topic total track tracker
transaction trigger trip trouble type unit update uploader usage user username value variable
vendor version video view visitor volume warning way website week weekend weekly weight width
window woman word workaround worker workflow world worth wrapper writer year yearly zone
"""
_OTHERS = """
able about above according across active actual additional afterwards again against ago alive
alone along already altogether always among annual another apart approximate around asleep
automatic available average aware away back bad basic because beneath beside best better between
beyond bigger biggest blue both brief busy cheap cheaper cheapest clean clear close closer cold
common complete concerned contained correct current deep deeper different difficult direct done
double down due each earlier earliest early easier easy eight either else empty enough entire
equal even ever everywhere exact expected expensive extra fast faster fastest few fewer fewest
final fine first five following former forth forward four free frequent fresh full further
general good great greater green half hard harder heavier heavy here hidden high higher highest
hot however huge immediate important inside instead internal invalid involved joint kindly large
larger largest last late later latest least left less likely little local lone long longer
longest loud louder low lower lowest main major many maximal maybe mean minimal minor missing
more most much multiple near nearer nearest necessary neither never new newer newest next nice
nine none nor normal o'clock off ok okay old older oldest once one only onto open opposite
original other others otherwise out outdated outside overall own past pending perhaps planned
please possible present previous primary prior private proper public quick quieter ready real
recent red regular related remaining required responsible rest right same scheduled second
secondary selected seven several short shorter shortest similar simple single six slow slower
slowest small smaller smallest soon sooner special specific still strong stronger subsequent
such sudden sure tall ten there third thirty three together too top total true twelve twice two
typical unable unread up upcoming upper urgent usual valid various very via visible weak weaker
well whatever whenever wherever whether while whole wide wider worse worst wrong yes yet young
"""
_TAILS = ("ly", "ing", "ed", "al", "ment", "ness", "ion")
_TAILED_CHARS_MIN = 4


@functools.cache
def _words() -> frozenset[str]:
    groups = (
        vocabulary.STOP_WORDS,
        vocabulary.WEAK_VERBS,
        vocabulary.WEAK_ADJECTIVES,
        vocabulary.CONTAINERS,
        vocabulary.AUXILIARIES,
        vocabulary.PHRASE_ENDS,
        vocabulary.VAGUE_NOUNS,
        vocabulary.DEGREES,
        vocabulary.CALENDAR,
        vocabulary.TIME_NOUNS,
        vocabulary.NUMBER_NOUNS,
        vocabulary.PERSON_NOUNS,
        vocabulary.ACRONYMS,
        vocabulary.ROW_NOUNS,
        vocabulary.CLASS_NOUNS,
    )
    listed = " ".join((_VERBS, _IRREGULAR, _NOUNS, _OTHERS)).split()
    return frozenset(listed).union(asked_verbs(), *groups)


@functools.cache
def _stems() -> frozenset[str]:
    return frozenset(stem_of(word) for word in _words())


@functools.cache
def _verbs() -> frozenset[str]:
    return frozenset(_VERBS.split()) | asked_verbs()


def is_verb(word: str) -> bool:
    """Whether it is the base form of a verb with which people ask: "keep", not "kept"."""
    return word.casefold() in _verbs()


def is_ordinary(word: str) -> bool:
    """Whether people ask with this word without its being on the screen.

    True for listed words, their inflected forms ("deployed", "slowly") and words that have an
    everyday abbreviation. A word in -er must be listed itself: "parker" is no form of "park".
    """
    folded = word.casefold()
    if folded in _words() or synonyms_of(folded):
        return True
    if folded.endswith(("er", "ers")):
        return folded.removesuffix("s") in _words()
    if stem_of(folded) in _stems():
        return True
    bases = (folded.removesuffix(tail) for tail in _TAILS if folded.endswith(tail))
    return any(
        len(base) >= _TAILED_CHARS_MIN and {stem_of(base), stem_of(base + "e")} & _stems()
        for base in bases
    )

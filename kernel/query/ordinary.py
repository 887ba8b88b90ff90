"""Which words of a question are ordinary English, so that a screen need not hold them.

Covers: a vocabulary of everyday words with which people ask, their inflected forms. Does not
cover: what the words tell about the answer (`kernel.query.vocabulary`). Pure. A word that is not
here is taken for a name or a term of art and must be on the screen.
"""

from __future__ import annotations

import functools

from kernel.query import vocabulary
from kernel.query.words import stem_of, synonyms_of

_VERBS = """
abort accept access act activate add adjust affect agree aim allow announce answer apply approve
arrange arrive ask assign attach attend authorise authorize backup ban be become begin belong
bill block book boot borrow break bring browse build buy call cancel carry cause change charge
check choose clamp clean clear click clone close collect come comment commit compare complete
confirm connect consume contact contain continue contribute control convert copy correct cost
count crash create cut deal decide declare decline default define delay delete deliver deny
depart depend deploy derive describe design detect die differ disable discuss display divide do
download drive drop earn edit email enable encounter end enter escalate estimate evict exceed
execute exist exit expect expire explain export extend fail fall feel fetch fill filter find
finish fire fit fix fly follow force forget forward found free generate give go grant grow
handle hang happen have head hear help hire hold host identify imply import improve include
increase indicate inform insert inspect install invite involve issue join keep kick kill know
land last launch lead learn leave lend let lift limit link list listen live load locate lock log
look lose lower maintain make manage mark match matter mean measure meet mention merge miss
modify monitor mount move name need note notice notify occur offer open operate order organise
organize own park pass pause pay perform permit pick place plan play point post prefer prepare
present press prevent print process produce promise propose protect prove provide publish pull
purchase push put quote raise ran rate reach read realise rebase reboot receive recommend record
recover redirect reduce refer refuse register reject relate release remain remember remind
remove rename rent repair repeat replace reply report represent request require reserve reset
resolve respond restart restore result resume retry return revert review rise roll run save
schedule score search see sell send separate serve set settle share ship show shut sign sit skip
solve sort speak specify spend split stand start state stay stop store submit subscribe suggest
support suppose switch sync take talk target tell terminate test think throw time track trade
train transfer travel treat trigger try turn type unlock update upgrade upload use verify view
visit wait walk want warn watch wear weigh win wish withdraw work worry write
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
account action activity address administrator advice afternoon agenda agent alert amount answer
anybody anyone anything app application appointment area argument article assignment attachment
attempt attendee attribute audience author average balance bank base beginning bill body book
bottom box brand browser budget bug building business button calendar call caller capacity
caption card case category cause cell change channel chapter character chart chat check choice
city class client code colleague color colour column command comment commit company component
computer concern condition contact content contract copy cost country couple course currency
customer daily data database date day deadline decision default definition degree delay
department description desk destination detail device difference direction directory discount
discussion distance document domain door draft duration employee end endpoint engine entry
environment error evening event everybody everyone everything example exception expense
explanation expression extension fact factor failure feature fee field figure file flag flight
folder form format formula frequency friend front function goal group guest guide half head
heading headline height help host hour house idea identifier image incident income information
input instance instruction interval invoice issue item job key keyword kind label language
laptop latency layout length lesson letter level library limit line link list load location log
lot machine mail maintainer maintenance majority man manager margin maximum meal meaning measure
meeting member memory menu message method middle minimum minute mistake mode model moment money
month monthly morning name network news night nobody node noon note nothing notification number
object office operation operator option order ordering origin outcome output overview owner
package page pair panel paragraph parameter parent part participant party password path payment
people percent percentage performance period permission person phase phone photo phrase picture
piece place plan platform player point policy port position possibility price priority problem
process product program programme progress project property proposal provider purpose quality
quantity quarter query question queue quota range rank rate ratio reader reading reason receiver
recipient record reference region relation release reminder replacement reply report repository
request requirement resolution resource response rest result return revenue reviewer risk role
room route row rule runtime salary sale sample schedule scope score screen script season seat
second section sector security seller sender sentence sequence series server service session
setting shape share sheet ship shop side sign site situation size slot software solution
somebody someone something sort source space speaker speed spelling spot staff stage start state
statement station statistic status step stock stop storage store story street string structure
subject subtotal success sum summary supplier support symptom system tab table tag target task
team teammate telephone temperature term test text theme thing thread threshold ticket time
timeout title today tool top topic total track transaction trip trouble type unit update usage
user username value variable vendor version video view visitor volume warning way website week
weekend weekly weight width window woman word workaround worker workflow world worth year yearly
zone
"""
_OTHERS = """
able about above according across active actual additional afterwards again against ago alive
alone along already altogether always among annual another apart approximate around asleep
automatic available average aware away back bad basic because beneath beside best better between
beyond both brief busy cheap clean clear close cold common complete concerned contained correct
current deep different difficult direct done double down due each earlier earliest early easy
eight either else empty enough entire equal even ever everywhere exact expected expensive extra
fast few fewer fewest final fine first five following former forth forward four free frequent
fresh full further general good great half hard heavy here hidden high higher highest hot huge
immediate important inside instead internal invalid involved joint kindly large larger largest
last late later latest least left less likely little local lone long longer longest loud low
lower lowest main major many maximal maybe mean minimal minor missing more most much multiple
near nearest necessary never new newer newest next nice nine none normal off ok okay old older
oldest once one only onto open opposite original other others otherwise out outside overall own
past pending perhaps planned please possible present previous primary prior private proper
public quick ready real recent regular related remaining required responsible rest right same
scheduled second secondary selected seven several short shorter shortest similar simple single
six slow small smaller smallest soon special specific still strong subsequent such sudden sure
tall ten there third thirty three together too top total true twelve twice two typical unable up
upcoming upper urgent usual valid various very via visible weak well whatever whenever wherever
whether whole wide worse worst wrong yes yet young
"""
_TAILS = ("ly", "ing", "ed", "er", "or", "al", "ment", "ness", "ion")
_TAILED_CHARS_MIN = 4


@functools.cache
def _stems() -> frozenset[str]:
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
    )
    listed = " ".join((_VERBS, _IRREGULAR, _NOUNS, _OTHERS)).split()
    return frozenset(stem_of(word) for word in (*listed, *(w for group in groups for w in group)))


def is_ordinary(word: str) -> bool:
    """Whether people ask with this word without its being on the screen.

    True for listed words, their inflected forms ("deployed", "slowly") and words that have an
    everyday abbreviation.
    """
    folded = word.casefold()
    if stem_of(folded) in _stems() or synonyms_of(folded):
        return True
    bases = (folded.removesuffix(tail) for tail in _TAILS if folded.endswith(tail))
    return any(
        len(base) >= _TAILED_CHARS_MIN
        and (stem_of(base) in _stems() or stem_of(base + "e") in _stems())
        for base in bases
    )

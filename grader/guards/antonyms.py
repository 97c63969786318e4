"""Antonyms: a closed list for technical and everyday prose, and prefixes and endings that negate a word.

Nothing here looks at context: `polarity` decides whether two words have the same place in the same claim.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from grader.text import stem

# Each line: every word on the left is an opposite of every word on the right. Listed by hand.
_OPPOSITES = """
increase grow rise raise enlarge expand amplify gain boost | decrease shrink fall drop reduce lower diminish decline
more most greater | less fewer least
high higher highest | low lower lowest
large larger largest big bigger biggest huge | small smaller smallest little tiny
fast faster fastest quick quicker rapid quickly rapidly | slow slower slowest slowly
strong stronger strongest | weak weaker weakest
long longer longest | short shorter shortest brief
deep deeper deepest | shallow shallower
wide wider widest broad broader | narrow narrower
thick thicker | thin thinner
heavy heavier | light lighter
hot hotter hottest warm warmer | cold colder cool cooler
hard harder hardest difficult | easy easier easiest simple
simple simpler simplest | complex complicated
hard harder | soft softer
early earlier earliest | late later latest
old older oldest ancient | new newer newest young younger recent
near nearer close closer | far farther further distant
good better best beneficial helpful | bad worse worst poor poorer harmful evil
right correct true valid accurate | wrong incorrect false invalid inaccurate
rich richer | poor poorer
cheap cheaper inexpensive | expensive dear
safe safer | dangerous unsafe risky
clean cleaner | dirty noisy
full | empty
open | closed shut
same identical equal equivalent similar alike | different distinct opposite unequal
positive | negative
maximum maximal maximize | minimum minimal minimize
before prior previous precede | after afterwards following subsequent follow
above over exceed | below under
inside within internal inner | outside external outer
include contain comprise | exclude omit lack
with | without
add addition | subtract remove delete subtraction removal
multiply multiplication | divide division
encrypt encryption encode encoder | decrypt decryption decode decoder
compress compression | decompress decompression expand
push enqueue insert insertion | pop dequeue delete deletion remove
upload | download
send transmit output emit | receive input absorb
input | output
read | write
start begin open launch | stop end finish close terminate
first initial | last final
top upper | bottom lower
left | right
front forward ahead | back backward rear behind
up upward upwards | down downward downwards
ascending ascend | descending descend
allow enable permit let cause | prevent avoid forbid prohibit block disable deny disallow ban
help support encourage promote facilitate aid | hinder oppose discourage hamper impede harm hurt
accept approve | reject refuse decline deny
create build make construct produce form | destroy demolish break eliminate
keep retain preserve maintain store save reuse | discard lose drop abandon change
remember memorize recall | forget
learn | forget
win succeed success | lose fail failure
pass | fail
improve better enhance strengthen | worsen degrade deteriorate weaken impair
accelerate hasten speed | slow delay decelerate
attract attraction | repel repulsion
connect join attach link unite merge combine | disconnect separate detach split divide
converge convergence | diverge divergence
appear arise emerge | disappear vanish
explode | vanish
overfit overfitting | underfit underfitting
overestimate | underestimate
underflow | overflow
bias | variance
encoder | decoder
generator generative | discriminator discriminative
precision | recall
train training | test testing inference
supervised | unsupervised
static fixed constant | dynamic variable changing adaptive
discrete | continuous
local | global
global | local
linear | nonlinear
convex | concave nonconvex
dense | sparse
deterministic | stochastic random nondeterministic
random | fixed ordered systematic deterministic
parallel simultaneous concurrent simultaneously concurrently | sequential serial sequentially serially
synchronous | asynchronous
directed | undirected
symmetric symmetrical | asymmetric asymmetrical
explicit | implicit
direct directly | indirect indirectly inverse inversely
proportional | inversely
public | private
shared common | private separate own
general generic | specific particular
abstract | concrete
absolute | relative
active | passive inactive idle
permanent permanently | temporary temporarily
mutable | immutable
volatile | persistent nonvolatile
primary main major | secondary minor
single one sole | multiple many several
single alone | double both together
many much lots | few little
all every each everything everyone | none no nothing
always | never
often frequently usually commonly | rarely seldom
everywhere | nowhere
present presence available | absent absence missing unavailable
visible | invisible hidden
known | unknown
possible able can | impossible unable cannot
necessary essential required needed important crucial | unnecessary optional needless unimportant
sufficient enough | insufficient
useful | useless
legal lawful | illegal
normal usual common typical | abnormal unusual rare atypical
rare rarer uncommon | frequent common
natural | artificial synthetic
male | female
man | woman
alive living live | dead
birth born | death dead die
day | night
north northern | south southern
east eastern | west western
urban | rural
ally friend friendly | enemy hostile
love like enjoy | hate dislike
guilty | innocent
sharp | blunt flat
rough | smooth
wet | dry
solid | liquid gas
liquid | gas
heat warm | cool chill
freeze | melt boil
evaporate | condense
expand | contract
oxidize oxidation | reduction
acid acidic | base basic alkaline
conductor conduct | insulator insulate
charged charge | uncharged neutral discharge
complete closed | incomplete open partial
on | off
in into | out
agree | disagree
obey comply | violate disobey
buy | sell
lend | borrow
teach | learn
ask question | answer
save | waste spend
damp dampen suppress | amplify strengthen
pull | push
favour favor prefer reward | penalize punish avoid
cause | effect result
profit gain | loss
import | export
increase | stagnate
quiet silent | loud
calm | nervous
happy glad | sad unhappy
beautiful pretty | ugly
clever smart intelligent wise | stupid dumb foolish
polite | rude
brave | cowardly
healthy well | sick ill
careful | careless
awake | asleep
fresh | stale
tight | loose
vertical vertically | horizontal horizontally
odd | even
major | minor
upstream | downstream
parent ancestor | child descendant
server | client
sender source | receiver destination
master | slave
row | column
numerator | denominator
acceleration | deceleration
best | worst
stable steady | unstable
reversible | irreversible
sharper | flatter
larger | smaller
"""


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    """For each word and stem its listed opposites."""
    table: dict[str, set[str]] = {}
    for line in _OPPOSITES.strip().splitlines():
        left, right = (side.split() for side in line.split("|"))
        for one in left:
            for other in right:
                for first in {one, stem(one)}:
                    for second in {other, stem(other)}:
                        table.setdefault(first, set()).add(second)
                        table.setdefault(second, set()).add(first)
    return {word: frozenset(others - {word}) for word, others in table.items()}


# Prefixes that negate a word, and endings of which the second negates the first.
_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis", "de", "mis", "anti", "ab", "mal", "counter")
_ENDINGS = (("ful", "less"), ("full", "less"))
# The prefix "a" negates few words: "asleep" is no opposite of "sleep".
_AFTER_A = ("symmetr", "synchron", "typical", "period", "social", "moral", "cycl", "politic", "biotic")
# Shorter remainders are accidents: "in" + "put", "de" + "fine".
_SHORTEST_BASE = 4
_NONE: frozenset[str] = frozenset()


def are_opposites(first: str, second: str) -> bool:
    """Whether two lower-case words are opposites: listed, or one is the other with a negating prefix or ending."""
    one, other = _look_up(first), _look_up(second)
    if first == second or one.stem == other.stem:
        return False
    return not one.listed.isdisjoint(other.forms) or _negates(one, other) or _negates(other, one)


class AntonymIndex(NamedTuple):
    """The words of a text with their stems (`forms`), their listed opposites, and what they negate by affixes."""

    forms: frozenset[str]
    listed: frozenset[str]
    negated: frozenset[str]


def antonym_index(words: Iterable[str]) -> AntonymIndex:
    """Index the words of a text for `may_oppose` and `may_any_oppose`."""
    read = [_look_up(word) for word in words]
    return AntonymIndex(
        _NONE.union(*(word.forms for word in read)),
        _NONE.union(*(word.listed for word in read)),
        _NONE.union(*(negated for word in read for negated in (word.negated, word.stem_negated))),
    )


def may_oppose(word: str, others: AntonymIndex) -> bool:
    """A fast filter: false when a lower-case word is an opposite of none of the others."""
    own = _look_up(word)
    return not (
        own.listed.isdisjoint(others.forms)
        and own.negated.isdisjoint(others.forms)
        and own.stem_negated.isdisjoint(others.forms)
        and own.forms.isdisjoint(others.negated)
    )


def may_any_oppose(words: AntonymIndex, others: AntonymIndex) -> bool:
    """Whether `may_oppose` holds for any of some words."""
    return not (
        words.listed.isdisjoint(others.forms)
        and words.negated.isdisjoint(others.forms)
        and words.forms.isdisjoint(others.negated)
    )


class _Word(NamedTuple):
    """A word and its stem (`forms`), their listed opposites, and what each negates by prefix or ending."""

    text: str
    stem: str
    forms: frozenset[str]
    listed: frozenset[str]
    negated: frozenset[str]
    stem_negated: frozenset[str]


@lru_cache(maxsize=2048)
def _look_up(word: str) -> _Word:
    own, table = stem(word), _table()
    listed = table.get(word, _NONE) | table.get(own, _NONE)
    return _Word(word, own, frozenset((word, own)), listed, _negated_by(word), _negated_by(own))


def _negates(one: _Word, other: _Word) -> bool:
    """Whether a prefix or an ending of one word negates the other; words with words, stems with stems."""
    return other.text in one.negated or other.stem in one.stem_negated


def _negated_by(word: str) -> frozenset[str]:
    """The words that a word negates by its prefix or its ending."""
    bare = word.replace("-", "")
    found = {bare.removeprefix(prefix) for prefix in _PREFIXES if bare.startswith(prefix)}
    if bare.startswith("a") and bare[1:].startswith(_AFTER_A):
        found.add(bare[1:])
    found |= {word.removesuffix(no) + yes for yes, no in _ENDINGS if word.endswith(no)}
    return frozenset(base for base in found if len(base) >= _SHORTEST_BASE)

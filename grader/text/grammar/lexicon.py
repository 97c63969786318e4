"""Closed word lists of English technical prose, verb forms and a stemmer.

Nothing here looks at context: `tagging` decides what a word is in its sentence.
"""

import re
from functools import lru_cache
from typing import Literal

from grader.text.normalisation import STOP_WORDS, words

Form = Literal["base", "s", "past", "ing"]


def word_set(text: str) -> frozenset[str]:
    """The words of a list written with spaces."""
    return frozenset(text.split())


# Words without content, in addition to the stop words. The list is short on purpose.
FUNCTION_WORDS = STOP_WORDS | word_set(
    """
    e.g i.e etc eg ie s t via per vs also another cannot can't doesn't don't every generally hence however
    instead isn't aren't won't least less mainly many moreover furthermore often shall since theirs therefore
    thus though although typically unless us usually whereas within without
    """
)

DETERMINERS = word_set(
    """
    a an the this these those each every some any all both no either neither its their his her our your my
    another many few several most more fewer less much such one two three four five six seven eight nine ten
    whose enough
    """
)
# Determiners that can be the whole subject: "This reduces overfitting".
STANDALONE_DETERMINERS = word_set("this these those each all both some many most few either neither one")
PRONOUNS = word_set("it they we you he she i them him us me there itself themselves something others who which")
OBJECT_PRONOUNS = word_set("it them")
PREPOSITIONS = word_set(
    """
    of in on at by for from with without within into onto to over under between among through during before
    after against across along around about above below behind beyond towards toward via per upon throughout
    inside outside near like unlike despite except besides concerning regarding including using given due as
    than
    """
)
SUBORDINATORS = word_set(
    """
    that which who whose whom where when while whereas because since if unless until although though whether
    how why what once whereby wherein whenever wherever as than
    """
)
# Subordinators only where a subject and a verb follow, otherwise prepositions.
WEAK_SUBORDINATORS = word_set("as than since until before after")
CONJUNCTIONS = word_set("and or but nor yet and/or")
MODALS = word_set("can could may might must shall should will would cannot can't won't")
BE_FORMS = word_set("is are was were am isn't aren't wasn't weren't")
AUXILIARIES = BE_FORMS | word_set("has have had do does did don't doesn't didn't hasn't haven't")
SINGULAR_AUXILIARIES = word_set("'s is was has does isn't wasn't doesn't hasn't")
PLURAL_AUXILIARIES = word_set("'re 've are were have do aren't weren't don't haven't")
CONTRACTIONS = word_set("it's that's there's what's let's he's she's who's here's")
CLITICS = word_set("'s 're 've 'm 'll 'd")
DO_FORMS = word_set("do does did don't doesn't didn't")
NEGATION_WORDS = word_set("not never n't no")
# Words that cannot continue a noun phrase.
CLOSED_CLASSES = (
    PREPOSITIONS | CONJUNCTIONS | DETERMINERS | SUBORDINATORS | MODALS | AUXILIARIES | PRONOUNS | frozenset(["", "to"])
)

# Adverbs without -ly, and particles.
ADVERBS = NEGATION_WORDS | word_set(
    """
    also then thus hence therefore often always sometimes rarely seldom usually still already just even only
    again now first finally too very well fast much instead together apart away up down out off back once
    twice both either else ever yet soon later here almost quite rather faster slower better worse further
    otherwise thereby afterwards sooner alone alike
    """
)
PARTICLES = word_set("up down out off away back apart together")
NOT_ADVERBS = word_set("apply supply rely multiply reply imply comply family anomaly assembly only early")

ADJECTIVES = word_set(
    """
    common typical main popular usual possible important key major minor basic simple general different
    various several many other new old large small big high low good bad long short deep early late hard easy
    fast slow cheap expensive first second third last next same single whole full true false hidden random
    linear future local global sparse dense strong weak useful necessary available free clear fixed raw dead
    weighted
    """
)
_ADJECTIVE_ENDING = re.compile(
    r".{2,}(?:able|ible|ful|less|ous|ical|ional|ular)$|.+-.*(?:ed|based|aware|level|range|wise)$"
)

# Verbs whose base form and -s form are rarely anything else in technical prose; -ize includes -ise.
_VERBS = """
    absorb accelerate accept accompany accomplish accumulate achieve acknowledge acquire act activate adapt
    add adjust adopt affect agree align allocate allow alter amplify analyse analyze announce appear append
    apply arise arrange arrive ask assemble assess assign assist associate assume attach attain attend attract
    augment automate avoid await backpropagate become begin behave believe belong bind breathe bring build
    calculate calibrate cancel capture carry choose circulate cite clarify classify coarsen collect combine
    come commit communicate compare compensate compete compile compose compress comprise compute concatenate
    concentrate conclude condense conduct configure confirm confuse connect consider consist constitute
    constrain construct consume contain continue contradict contribute converge convert convey convolve
    cooperate correlate correspond corrupt create criticize dampen decay decide declare decode decompose
    decouple decrypt deduce define degrade delete deliver demonstrate denoise denormalize denote depend deploy
    deposit deprive dequeue derive descend describe deserialize deserve destabilize destroy detach detect
    deteriorate determine develop deviate diagnose die differ differentiate digest diminish disable disagree
    disappear discard discourage discover discretize discriminate dissolve distil distill distinguish distort
    distribute diverge divide dominate down-weight drag draw earn eliminate embed embody emerge emit emphasize
    employ enable encapsulate encode encounter encourage encrypt enforce enhance enlarge enqueue enrich ensure
    enter erase erode establish estimate evaluate evaporate evict evolve examine exceed excel exclude execute
    exhibit exist expand expect explain explode explore expose extend extract fail favor favour fetch
    fine-tune flatten fluctuate follow fool forget formulate freeze gather generalize generate get give go
    govern grow halve handle happen help hide hinder hurt identify ignore illustrate imitate implement imply
    improve include incorporate indicate induce infer inform inhale inherit inhibit initialize inject insert
    inspect inspire install instruct insulate integrate intend interact interfere interpolate interpret
    intersect introduce invalidate invert investigate invoke involve isolate iterate justify keep kill know
    learn leave let listen locate lose magnetize maintain make manage manipulate maximize meet memorize
    mention migrate mimic minimize misclassify mislead mitigate modify mount multiply name navigate need
    neglect normalize obey observe obtain occupy occur omit operate optimize organize originate oscillate
    outlive outperform outweigh overcome overestimate overfit override oversample overwrite oxidize
    parallelize parameterize parse participate penalize perform persist perturb populate possess postpone
    pre-train precede predict preempt prefer prepare prepend preprocess preserve pretrain prevent prioritize
    produce prohibit promote propagate propose protect prove provide prune publish punish put quantify
    quantize raise re-weight react realize rearrange reassemble receive recognize recommend recompute
    reconstruct recover reduce refer refine reflect refract refuse regress regularize regulate reinforce
    reject relate relax rely remain remember remove rename render reorder repel replace replicate represent
    reproduce require resample rescale resemble resend reside resist resize resolve respond restore restrict
    retain retrain retransmit retrieve reuse reveal reweight sacrifice satisfy saturate save say see seek seem
    select send serve settle shorten show shrink signify simplify simulate sit solve sparsify spawn specialize
    specify spend stabilize standardize stay steer strengthen subtract succeed suffer suffice suggest
    summarize suppress surround survive swallow synchronize synthesize tackle take tame teach tell tend
    terminate think threaten throttle throw tolerate train transform translate transmit traverse truncate try
    underestimate underfit undergo underlie undersample understand understate undo unify unroll up-weight
    upload upsample use utilize validate vanish vary verify violate visualize wait want warn weaken weigh
    widen win worsen wrap yield
"""
# Verbs whose base form or -s form is as often a noun: "updates", "the weights", "a model".
_NOUN_VERBS = """
    access address advance aggregate aim answer attempt average back balance ban base batch benefit bias block
    boil boost bound branch break broadcast buffer burn cache call cap cast cause center centre challenge
    change channel charge check claim clip clone close cluster code collapse combat command comment compromise
    concern contact contract contrast control copy cost count counter couple cover crash crawl cross cut cycle
    damage date deal debate debug decline decrease default delay demand design detail dispatch display dot
    download drain drift drive drop dump ease echo edit effect end err escape exchange excite excuse exercise
    exit experience exploit export face fall fan feature feed feel field fight figure file fill filter find
    finish fit fix flag flip float flood flow focus force fork form format forward frame function fuse gain
    gate grade grant group guarantee guard guess guide halt hang harm hash heat hold host impact import
    increase increment index influence input interest interface interrupt issue join judge jump label lack
    lapse last launch layer lead leak leverage lie lift light limit link list live load lock log look loop map
    mark mask master match matter mean measure melt merge mine mirror miss mix model monitor move multiplex
    network note notice object offer orbit order outline output overflow overlap pack pad page pair pass pause
    pay peak permit pick pin ping pipeline place plan plateau play plot point poll pool pop position power
    practice present press price print probe process profile program progress project prompt pull pulse
    purchase purge push query question queue quote range rank rate reach read reason rebound recall record
    refund regard register regret release repair repeat reply report request rescue research reserve reset
    respect rest restart result resume return reverse review reward rise roll root rotate round route row run
    sample scale scan schedule scope score screen search seed segment sense sequence set shape share shift
    ship shock shuffle side sign signal sink skip sleep slice slide sort sound source space spark speak speed
    spike spill split spread stack stage stall stand start step stick stop store stream stress stretch stride
    structure struggle study subject sum supply support surface suspect swap switch tag target task tax test
    thread threshold tie tile time token touch trace track trade transfer transition transport trap travel
    treat trigger trust tune turn twist type update value vector view visit voice vote walk warm waste watch
    wave weight wish wonder work worry write zero
"""
# Verbs whose base form is as often an adjective; their -s form is a verb.
_ADJECTIVE_VERBS = """
    alternate approximate clean clear complete cool correct damp direct double dry duplicate empty equal
    express free lower narrow open own parallel prime separate slow smooth tense thin
"""
# Base form, past, and participle where it differs.
_IRREGULAR = """
    arise arose arisen; become became become; begin began begun; bind bound; break broke broken; bring
    brought; build built; burn burnt; cast cast; choose chose chosen; come came come; cost cost; cut cut; deal
    dealt; draw drew drawn; drive drove driven; fall fell fallen; feed fed; feel felt; find found; fit fit;
    forget forgot forgotten; freeze froze frozen; get got gotten; give gave given; go went gone; grow grew
    grown; hang hung; hide hid hidden; hold held; hurt hurt; keep kept; know knew known; lead led; learn
    learnt; leave left; let let; lie lay lain; lose lost; make made; mean meant; meet met; mislead misled;
    overcome overcame overcome; override overrode overridden; overwrite overwrote overwritten; pay paid; prove
    proved proven; put put; read read; rise rose risen; run ran run; say said; see saw seen; seek sought; send
    sent; set set; show showed shown; shrink shrank shrunk; sink sank sunk; sit sat; sleep slept; slide slid;
    speak spoke spoken; spend spent; split split; spread spread; stand stood; stick stuck; take took taken;
    teach taught; tell told; think thought; throw threw thrown; undergo underwent undergone; underlie underlay
    underlain; understand understood; undo undid undone; win won; write wrote written
"""
# Verbs that double their last letter: "drop", "dropping".
_DOUBLING = word_set(
    """
    ban begin chat clip commit control cut drag drop emit equip fit flip forget get hit infer let map occur
    omit overfit pad permit pin plan plot pop prefer put rebut refer regret reset retransmit run scan set ship
    skip slip split spin stop submit swap tag transfer transmit trap trim underfit unzip wrap sit win log
    debug embed
    """
)


def third_person(verb: str) -> str:
    """The -s form of a base form: "copies", "passes", "runs"."""
    if verb in ("do", "go", "undergo", "undo", "echo", "zero"):
        return verb + "es"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + ("es" if re.search(r"(?:s|x|z|ch|sh)$", verb) else "s")


def _doubled(verb: str) -> str:
    """The stem before -ing and -ed: "stopp", "learn"."""
    return verb + verb[-1] if verb in _DOUBLING else verb


def _gerund(verb: str) -> str:
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def _regular_past(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    return _doubled(verb) + "ed"


def _forms() -> dict[str, dict[Form, str]]:
    """For each word the verb forms that it can be, each with the base form."""
    table: dict[str, dict[Form, str]] = {}
    irregular = {entry.split()[0]: entry.split()[1:] for entry in _IRREGULAR.split(";")}
    british = re.sub(r"ize\b", "ise", _VERBS)
    for verb in f"{_VERBS} {british} {_NOUN_VERBS} {_ADJECTIVE_VERBS}".split():
        table.setdefault(verb, {})["base"] = verb
        table.setdefault(third_person(verb), {})["s"] = verb
        table.setdefault(_gerund(verb), {})["ing"] = verb
        for past in [*irregular.get(verb, []), _regular_past(verb)]:
            table.setdefault(past, {})["past"] = verb
    return table


_FORMS = _forms()
# "causes" and "increases" can be nouns but are far more often verbs.
_AMBIGUOUS = frozenset(
    [form for verb in _NOUN_VERBS.split() for form in (verb, third_person(verb))] + _ADJECTIVE_VERBS.split()
) - word_set("increases decreases causes")
# Verbs by their ending that are not in the lists: "binarize", "gamifies"; but not "downsize".
_VERB_ENDING = re.compile(r"(?P<base>.{3,}(?<!s)(?:ize|ify))(?P<s>s)?$|(?P<stem>.{3,}if)ies$")


def verb_forms(word: str) -> dict[Form, str]:
    """Which verb forms a lower-case word can be, each with its base form; empty for other words."""
    if word in _FORMS:
        return _FORMS[word]
    match = _VERB_ENDING.match(word)
    if match is None:
        return {}
    if match["stem"]:
        return {"s": match["stem"] + "y"}
    return {"s": match["base"]} if match["s"] else {"base": match["base"]}


def is_ambiguous(word: str) -> bool:
    """Whether a verb form is as often a noun or an adjective."""
    return word in _AMBIGUOUS


_SINGULAR_S = word_set(
    """
    bias gas canvas alias atlas physics mathematics statistics keras robotics thesis lens series chaos kudos
    """
)
_PLURALS = word_set(
    """
    bacteria children criteria data maxima media men minima mitochondria people phenomena spectra they vertices we
    women
    """
)


def is_plural(noun: str) -> bool:
    """Whether a lower-case noun looks like a plural."""
    if noun in _PLURALS:
        return True
    return noun.endswith("s") and len(noun) > 2 and not re.search(r"(?:ss|us|is)$", noun) and noun not in _SINGULAR_S


def is_adverb(word: str) -> bool:
    """Whether a lower-case word is an adverb or a particle."""
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4 and word not in NOT_ADVERBS)


def is_adjective(word: str) -> bool:
    """Whether a lower-case word is surely an adjective (most adjectives are not recognised)."""
    return word in ADJECTIVES or bool(_ADJECTIVE_ENDING.match(word))


_ENDINGS = (
    ("ization", "ize"), ("isation", "ize"), ("ised", "ize"), ("ises", "ize"), ("ise", "ize"),
    ("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ing", ""), ("ed", ""), ("ly", ""),
)  # fmt: skip


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A rough stem: the same for "gradients" and "gradient", and for "trained" and "training"."""
    word = re.sub(r"['\u2019]s$", "", word.lower())
    if word in _FORMS:
        base = min(_FORMS[word].values(), key=len)
        return base[:-3] + "ize" if base.endswith("ise") and len(base) > 6 else base
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word[: -len(ending)] + replacement
    return word[:-1] if is_plural(word) and word not in _PLURALS else word


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry content, in order, repeats kept."""
    plain = [word.lower().replace("\u2019", "'") for word in words(text)]
    return [stem(word) for word in plain if word not in FUNCTION_WORDS and (len(word) > 1 or not word.isalpha())]

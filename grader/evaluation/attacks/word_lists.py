"""Closed word lists for the attacks: opposites, numbers, quantifiers, synonyms.

Which word may be changed where is decided in `sentence_edits`.
"""

from grader.text import third_person, word_set

# --- opposites ------------------------------------------------------------------------------------------

# Regular verbs, base forms; "a > b" goes one way only.
_VERB_OPPOSITES = """
    increase decrease; raise > lower; reduce > increase; encrypt decrypt; encode decode; maximize minimize;
    maximise minimise; compress decompress; accelerate > delay; strengthen weaken; improve > worsen; allow
    forbid; prevent > cause; enable disable; include exclude; add remove; accept reject; converge diverge; avoid
    > cause; cause > prevent; protect > endanger; succeed fail; load unload; attract repel; expand > contract;
    connect disconnect; favour > penalize; favor > penalize; reward > penalize; activate deactivate; enlarge >
    shorten; lengthen shorten; simplify > complicate; help > hinder; amplify > attenuate; alleviate > worsen;
    stabilize destabilize; limit > extend; reuse > discard; preserve > destroy; retain > discard; store >
    discard; save > waste; agree disagree; lock unlock; inhale exhale; heat > chill; absorb > emit; push pull;
    import export; create > destroy; damp > amplify
"""
# Every form of irregular and doubling verbs, and words that do not inflect.
_WORD_OPPOSITES = """
    grow shrink; grows shrinks; growing shrinking; grew shrank; shrank grew; rise fall; rises falls; rising falling;
    rose fell; freeze unfreeze; freezes unfreezes; frozen unfrozen; freezing unfreezing; gain lose; gains loses;
    gaining losing; hurts > helps; hurt > help; keeps > discards; keep > discard; makes worse > makes better;
    overfit underfit; overfits underfits; overfitting underfitting; oversampling undersampling; oversample
    undersample; shrinks grows; drops > rises; speeds up > slows down; speed up > slow down; speeding up > slowing
    down; blows up > dies off; goes down > goes up; go up go down; forget > remember; forgets > remembers;
    more less; most least; fewer > more; higher lower; high low; highest lowest; large small; larger smaller; largest
    smallest; big > small; bigger > smaller; biggest > smallest; huge tiny; gigantic > tiny; faster slower; fast
    slow; fastest slowest; quickly slowly; quick > slow; quicker > slower; early late; earlier later; before after;
    above below; maximum minimum; max min; maximal minimal; positive negative; strong weak; stronger weaker; deep
    shallow; deeper shallower; wide narrow; wider narrower; easy hard; easier harder; simple
    complex; cheap expensive; cheaper > more expensive; good bad; better worse; best worst; the same > a different;
    similar > different; local global; labelled unlabelled; labeled unlabeled; known unknown; dense sparse; linear
    nonlinear; stable unstable; dependent independent; possible impossible; necessary unnecessary; sufficient
    insufficient; efficient inefficient; balanced imbalanced; correct incorrect; useful useless; rare frequent; rarer
    > more frequent; long short; longer shorter; dearer cheaper; smooth > noisy; compact > bulky; supervised
    unsupervised; forward backward; reliable unreliable; visible invisible; safe unsafe; ascending
    descending; synchronous asynchronous; hot cold; hotter colder; warm cool; warmer cooler; heavy light; heavier
    lighter; thick thin; thicker thinner; inside outside; upward downward; upwards downwards; internal
    external; directly indirectly; direct indirect; mutable immutable; private public; static dynamic; without >
    with; always > never; never > always; constant > variable; mostly > rarely; misleading > reliable; skinny > fat;
    huge > tiny; dirt cheap > very expensive; nonlinear linear; disabled > enabled; enabled disabled
"""
# Phrases in which a word of the lists means something else.
_IDIOMS = """
    more or less; at least; at most; as long as; no longer; in short; once more; no more; any more; long as; the
    more; not only; short for; as soon; most of all; all the more; as well; deep learning; deep nets; deep
    network; deep networks; best practice; before that; more than one; so far; as far; good at; even if; even
    though; even when; even more; even after; early stopping; long run; adding up; add up; adds up; double
    descent; mean squared; mean square; r squared; good results fast; not twice; calculated twice
"""
IDIOMS = tuple(phrase.strip() for phrase in " ".join(_IDIOMS.split()).split(";"))


def _table(text: str) -> dict[str, str]:
    """The entries "a > b" of a list."""
    return {one: other for one, other, _ in _pairs(text)}


def _forms(verb: str) -> tuple[str, str, str, str]:
    """Base, -s, -ing and -ed form of a regular verb that doubles no letter."""
    stem = verb[:-1] if verb.endswith("e") else verb
    past = verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else stem + "ed"
    return verb, third_person(verb), stem + "ing", past


def _pairs(text: str) -> list[tuple[str, str, bool]]:
    """The entries "a b" (both ways) and "a > b" (one way) of a list."""
    entries = []
    for entry in " ".join(text.split()).split(";"):
        one, arrow, other = entry.strip().partition(" > ")
        if not arrow:
            one, other = entry.split() if len(entry.split()) == 2 else _halves(entry)
        entries.append((one.strip(), other.strip(), not arrow))
    return entries


def _halves(entry: str) -> tuple[str, str]:
    parts = entry.split()
    return " ".join(parts[: len(parts) // 2]), " ".join(parts[len(parts) // 2 :])


def _opposites() -> dict[str, str]:
    table: dict[str, str] = {}
    for one, other, both in _pairs(_WORD_OPPOSITES):
        table.setdefault(one, other)
        if both:
            table.setdefault(other, one)
    for one, other, both in _pairs(_VERB_OPPOSITES):
        for form, turned in zip(_forms(one), _forms(other), strict=True):
            table.setdefault(form, turned)
            if both:
                table.setdefault(turned, form)
    return table


# A word or phrase in lower case -> its opposite, which reverses the sentence.
OPPOSITES = _opposites()
# Comparatives carry the claim of their sentence, whatever words the rubric uses for it.
COMPARATIVES = frozenset(
    """
    more less fewer higher lower larger smaller bigger faster slower quicker earlier later stronger weaker deeper
    shallower wider narrower easier harder cheaper better worse longer shorter before after above below maximum minimum
    most least
    """.split()
)

# --- numbers --------------------------------------------------------------------------------------------

# Number words -> another number, and the digits they stand for.
NUMBER_WORDS = _table(
    """
    zero > one; two > five; three > eight; four > nine; five > twelve; six > two; seven > three; eight > twenty;
    nine > four; ten > three; eleven > five; twelve > six; twenty > sixty; hundred > million; thousand >
    billion; million > hundred; half > a tenth; twice > ten times; double > ten times
    """
)
NUMBER_VALUES = _table(
    """
    zero > 0; one > 1; two > 2; three > 3; four > 4; five > 5; six > 6; seven > 7; eight > 8; nine > 9; ten >
    10; eleven > 11; twelve > 12; twenty > 20; hundred > 100; thousand > 1000; million > 1000000; half > 0.5;
    twice > 2; double > 2; both > 2
    """
)
# How something grows: word -> another growth; and the order that each names.
GROWTH_WORDS = _table(
    """
    quadratically > linearly; quadratic > linear; exponentially > linearly; exponential > linear; logarithmic >
    linear; logarithmically > linearly; squared > cubed; square > cube; linearly > exponentially; cubic > linear
    """
)
GROWTH_CLASSES = _table(
    """
    quadratically > n^2; quadratic > n^2; squared > n^2; square > n^2; exponentially > 2^n; exponential > 2^n;
    logarithmic > log; logarithmically > log; linearly > n; cubic > n^3
    """
)
ORDERS = {
    "1": "n",
    "n": "n^2",
    "n^2": "n",
    "n²": "n",
    "n2": "n",
    "n log n": "n^2",
    "log n": "n",
    "n^3": "n",
    "2^n": "n",
}
UNITS = _table(
    """
    ms > s; s > ms; µs > s; us > s; ns > s; seconds > hours; minutes > days; hours > seconds; days > minutes;
    milliseconds > seconds; kb > GB; mb > TB; gb > KB; tb > MB; bits > bytes; bytes > bits; bit > byte; byte >
    bit; km > m; cm > km; mm > m; kg > g; g > kg; hz > MHz; khz > GHz; mhz > Hz; ghz > Hz; v > kV; mv > V; ma >
    A; volts > millivolts
    """
)

# --- quantifiers ----------------------------------------------------------------------------------------

# A word that claims all or must -> one that claims less; words of one class are interchangeable.
WEAKER = _table(
    """
    all > some; every > some; each > some; always > sometimes; must > may; never > rarely; cannot > may not;
    can't > may not; everything > something; everywhere > in places; entirely > partly; exactly > roughly;
    completely > partly; fully > partly; whole > partial; entire > partial; needs to > may; has to > may; have
    to > may; requires > may use; guarantees > may give
    """
)
QUANTIFIER_CLASSES = _table(
    """
    all > all; every > all; each > all; any > all; everything > all; everywhere > all; whole > whole; entire >
    whole; entirely > whole; completely > whole; fully > whole; full > whole; always > always; must > must;
    needs to > must; has to > must; have to > must; requires > must; required > must; never > never; cannot >
    never; can't > never; no > never; exactly > sure; guarantees > sure
    """
)

# Pairs of terms that sentences often contrast.
_CONTRASTS = """
    encoder decoder; precision recall; bias variance; training inference; input output; inputs outputs; student
    teacher; source target; client server; parent child; classification regression; sender receiver; query key;
    queries keys; validation test; overfitting underfitting; cause effect; parameter hyperparameter; mean
    median; anode cathode; prey predator; stack queue; process thread; processes threads
"""
CONTRASTS = tuple((one, other) for one, other in (entry.split() for entry in _CONTRASTS.split(";")))
# Swapping the two sides of these verbs does not change the meaning.
SYMMETRIC_VERBS = word_set("combine differ compare equal connect balance separate merge correlate match mix trade be")

# --- spelling and wording -------------------------------------------------------------------------------

SYNONYMS = _table(
    """
    because > since; also > additionally; needs > requires; need > require; use > employ; uses > employs; big >
    large; huge > enormous; many > numerous; start > begin; starts > begins; keep > retain; usually > normally;
    often > frequently; tiny > very small; fast > quick; choose > select; picks > selects; get > obtain; gets >
    obtains; help > assist; helps > assists; about > roughly; so > therefore; whole > entire; way > manner;
    error > mistake; common > widespread; main > principal; try > attempt; tries > attempts; happen > occur;
    happens > occurs; shows > demonstrates; show > demonstrate; almost > nearly; just > merely; enough >
    sufficient; allow > permit; allows > permits; goal > aim
    """
)
CONTRACTIONS = _table(
    """
    do not > don't; does not > doesn't; is not > isn't; are not > aren't; cannot > can't; it is > it's; they are
    > they're; that is > that's; you are > you're; will not > won't; did not > didn't; has not > hasn't; we are
    > we're; should not > shouldn't
    """
)
SPELLINGS = _table(
    """
    labelled > labeled; behaviour > behavior; favours > favors; favour > favor; centre > center; colour > color;
    modelling > modeling; neighbour > neighbor; analyse > analyze; towards > toward; regularization >
    regularisation; normalization > normalisation; initialization > initialisation; generalize > generalise;
    optimizer > optimiser; quantization > quantisation; quantize > quantise; normalizes > normalises; maximizes
    > maximises; minimizes > minimises; specialize > specialise; memorize > memorise; recognize > recognise
    """
)
ADVERBS = ("clearly", "really", "certainly", "naturally", "definitely", "truly", "actually", "obviously")

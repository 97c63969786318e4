"""Sentences -> small edits that turn the meaning round, and small edits that leave it as it is. Rules, no model."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from grader.text.grammar import lexicon
from grader.text.grammar.sentence import parse
from grader.text.grammar.tagging import Token


class Edit(NamedTuple):
    """An edited sentence and the family of the edit."""

    family: str
    text: str


Edits = list[Edit]
Rewrite = Callable[[str, np.random.Generator], Edits]

# Words that cannot both be true of one thing, lemma by lemma; verbs are inflected below.
VERB_OPPOSITES = """
    increase decrease, increase reduce, raise lower, raise reduce, grow shrink, add remove, add subtract, start
    stop, begin end, open close, maximize minimize, encrypt decrypt, encode decode, accept reject, allow
    prevent, enable disable, include exclude, improve worsen, improve harm, improve degrade, strengthen weaken,
    expand contract, expand compress, push pull, load unload, connect disconnect, attract repel, absorb emit,
    rise fall, gain lose, win lose, succeed fail, pass fail, remember forget, keep discard, keep remove,
    preserve destroy, create destroy, build destroy, show hide, reveal hide, speed slow, accelerate slow,
    amplify attenuate, amplify dampen, encourage discourage, penalize reward, save waste, send receive, buy
    sell, lock unlock, insert delete, merge split, join separate, combine separate, support oppose, confirm
    deny, agree disagree, enter leave, arrive leave, help hurt, heat cool, freeze thaw, melt freeze, evaporate
    condense, fill empty, lengthen shorten, widen narrow, deepen flatten, simplify complicate, converge diverge,
    ascend descend, underfit overfit, require forbid, require preclude, permit forbid, cause prevent, activate
    deactivate, multiply divide, store discard, update freeze, like dislike, love hate, appear disappear,
    continue stop, sink float, inhale exhale, import export, attack defend, ignore consider, focus scatter,
    stabilize destabilize, compress decompress, wrap unwrap, use avoid, follow precede, share withhold, trust
    distrust, approve reject, promote demote, survive die, attach detach, inflate deflate, exceed undershoot,
    advance retreat, borrow lend, teach unlearn, learn forget, unite divide, protect endanger
"""
OPPOSITES = """
    high low, higher lower, highest lowest, large small, larger smaller, largest smallest, big small, bigger
    smaller, biggest smallest, more less, more fewer, most least, fast slow, faster slower, quickly slowly,
    early late, earlier later, before after, above below, over under, up down, upward downward, upwards
    downwards, inside outside, first last, left right, top bottom, front back, forward backward, maximum
    minimum, maximal minimal, positive negative, strong weak, stronger weaker, hard easy, harder easier, hard
    soft, difficult easy, good bad, better worse, best worst, long short, longer shorter, wide narrow, wider
    narrower, deep shallow, deeper shallower, rich poor, cheap expensive, cheaper costlier, new old, newer
    older, young old, hot cold, hotter colder, warm cool, warmer cooler, wet dry, light heavy, lighter heavier,
    bright dark, brighter darker, full empty, open closed, true false, correct incorrect, right wrong, possible
    impossible, stable unstable, supervised unsupervised, linear nonlinear, dense sparse, global local, public
    private, internal external, input output, inputs outputs, dependent independent, sufficient insufficient,
    necessary unnecessary, similar different, same different, equal unequal, balanced imbalanced, complete
    incomplete, known unknown, labeled unlabeled, fixed variable, static dynamic, constant variable, simple
    complex, safe unsafe, safe dangerous, common rare, frequent infrequent, often rarely, often seldom, usually
    rarely, always never, frequently rarely, sometimes never, everywhere nowhere, everything nothing, everyone
    nobody, present absent, presence absence, success failure, advantage disadvantage, benefit drawback,
    strength weakness, increase decrease, increases decreases, growth decline, gain loss, rise fall, beginning
    end, start end, theory practice, reliable unreliable, efficient inefficient, effective ineffective, accurate
    inaccurate, consistent inconsistent, significant insignificant, important unimportant, likely unlikely,
    useful useless, helpful harmful, healthy unhealthy, clean dirty, near far, nearby distant, north south, east
    west, northern southern, eastern western, male female, man woman, men women, winter summer, day night,
    victory defeat, with without, for against, toward away-from, towards away-from, thick thin, thicker thinner,
    rough smooth, tight loose, sharp blunt, loud quiet, active passive, visible invisible, direct indirect,
    explicit implicit, finite infinite, permanent temporary, mandatory optional, ancient modern, synchronous
    asynchronous, symmetric asymmetric, reversible irreversible, mutable immutable, connected disconnected,
    related unrelated, biased unbiased, overfitting underfitting, encoder decoder, upper lower, horizontal
    vertical, parallel serial, attractive repulsive, acid base, conductor insulator, solid liquid, natural
    artificial, native foreign, legal illegal, famous unknown, popular unpopular, friend enemy, alive dead,
    gradually suddenly, exactly roughly, slightly greatly, entirely partly, many few, much little, all none,
    both neither, majority minority, at-least at-most, at-most at-least, more-than less-than, increasing
    decreasing, rising falling, growing shrinking, too-much too-little
"""
# Words that may stand for each other; neither direction turns a statement round.
SYNONYMS = """
    large big, small little, fast quick, quickly rapidly, fast rapid, use employ, uses employs, used employed,
    use utilize, show demonstrate, shows demonstrates, reduce lower, reduces lowers, reduce decrease, reduces
    decreases, reduced lowered, increase raise, increases raises, increase grow, begin start, begins starts,
    began started, end finish, ends finishes, help assist, helps assists, need require, needs requires, needed
    required, important essential, important crucial, many numerous, method approach, methods approaches, method
    technique, methods techniques, model system, answer response, error mistake, errors mistakes, example
    instance, examples samples, hard difficult, easy simple, choose select, chooses selects, chosen selected,
    get obtain, gets obtains, keep retain, keeps retains, make create, makes creates, made created, build
    construct, built constructed, prevent stop, prevents stops, avoid prevent, avoids prevents, compute
    calculate, computes calculates, computed calculated, find discover, finds discovers, found discovered, give
    provide, gives provides, given provided, tell inform, think believe, thinks believes, thought believed,
    often frequently, usually generally, usually typically, also additionally, about around, about
    approximately, because since, but however, however but, so therefore, thus therefore, only just, entire
    whole, whole complete, good great, bad poor, correct right, wrong incorrect, kind type, kinds types, sort
    kind, amount quantity, speed rate, size dimension, part portion, parts pieces, area region, city town, house
    home, job position, work job, author writer, film movie, movie film, song track, company firm, firm
    business, team squad, located situated, near close-to, died passed-away, born given-birth, famous
    well-known, various different, several various, several multiple, different distinct, allow let, allows
    lets, allows enables, allow enable, cause lead-to, causes leads-to, caused led-to, contain include, contains
    includes, contained included, connect link, connects links, connected linked, attached connected, remove
    delete, removes deletes, removed deleted, send transmit, sends transmits, receive get, receives gets, change
    alter, changes alters, changed altered, modify change, move shift, moves shifts, measure gauge, combine
    merge, combines merges, combined merged, separate divide, separates splits, store save, stores saves, stored
    saved, update adjust, updates adjusts, weight parameter, weights parameters, unit neuron, units neurons,
    network net, data information, function mapping, value number, values numbers, goal aim, purpose goal, task
    job, problem issue, problems issues, benefit advantage, risk danger, rule principle, maximum highest,
    minimum lowest, maximize increase, very extremely, very really, really very, nearly almost, almost nearly,
    each every, every each, all every, must has-to, can is-able-to, cannot is-unable-to, cannot can-not, never
    at-no-time, without lacking, without with-no, not-possible impossible, impossible not-possible, same
    identical, similar alike, equal identical, before prior-to, after following, during throughout, until till,
    through via, via through, between among, produce generate, produces generates, produced generated, look-for
    search-for, learn acquire, train fit, trained fitted, predict forecast, predicts forecasts, evaluate assess,
    compare contrast, opened launched, launched started, established founded, founded established, received got,
    won gained, moved relocated, served worked, played performed, wrote authored, said stated, announced stated,
    died perished, killed slain, children kids, doctor physician, car automobile, street road, children
    youngsters, money funds, teacher instructor
"""
QUANTIFIERS = """
    all some, all no, every some, each some, every no, always sometimes, always never, never always, never
    sometimes, must may, must cannot, must might, most few, most some, many few, both neither, none all, no
    some, no every, some no, can cannot, will might, should shouldn't, entirely partly, completely partly,
    certainly possibly, exactly roughly, guarantees suggests, ensures hinders, necessary optional, everyone
    someone, everything something, few many, several no, usually never, often never, at-least at-most, any no
"""
_NUMBER_WORDS = "one two three four five six seven eight nine ten eleven twelve twenty thirty hundred thousand".split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_UNITS = """
    ms s, seconds minutes, seconds milliseconds, minutes hours, hours days, days weeks, weeks months, months
    years, years decades, years months, mm cm, cm km, meters kilometers, miles feet, feet inches, kb mb, mb gb,
    bits bytes, bytes bits, kilobytes megabytes, megabytes gigabytes, volts amps, watts volts, grams kilograms,
    celsius fahrenheit, percent times, million billion, million thousand, century decade, dozen hundred, hz khz,
    dollars cents, linear quadratic, linear exponential, quadratic linear, logarithmic linear, logarithmic
    quadratic, constant linear, half twice, twice half, double half, doubles halves, doubled halved, squared
    cubed, single several
"""
_BIG_O = ["O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)", "O(n^3)", "O(2^n)"]


def _pairs(text: str) -> list[tuple[str, str]]:
    return [
        (first.replace("-", " ") if first != "well-known" else first, second.replace("-", " "))
        for first, second in (entry.split() for entry in " ".join(text.split()).split(","))
    ]


def _both_ways(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for first, second in pairs:
        for a, b in ((first, second), (second, first)):
            if b not in table.setdefault(a, []):
                table[a].append(b)
    return table


def inflected(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    forms = []
    for first, second in pairs:
        forms += list(zip(_verb(first), _verb(second), strict=True))
    return forms


# Verbs with their past and gerund where these are not the lemma with "d" or "ed" and "ing".
_IRREGULAR_VERBS = """
    lose lost losing, win won winning, rise rose rising, fall fell falling, grow grew growing, keep kept
    keeping, forget forgot forgetting, show showed showing, hide hid hiding, build built building, send sent
    sending, buy bought buying, sell sold selling, freeze froze freezing, leave left leaving, split split
    splitting, shrink shrank shrinking, sink sank sinking, hurt hurt hurting, begin began beginning, overfit
    overfitted overfitting, underfit underfitted underfitting, forbid forbade forbidding, lend lent lending,
    withhold withheld withholding, teach taught teaching, unlearn unlearned unlearning, preclude precluded
    precluding, permit permitted permitting, emit emitted emitting, stop stopped stopping, repel repelled
    repelling, wrap wrapped wrapping, unwrap unwrapped unwrapping, die died dying, undershoot undershot
    undershooting, compel compelled compelling
"""
_IRREGULAR = {lemma: (past, gerund) for lemma, past, gerund in map(str.split, _IRREGULAR_VERBS.split(","))}


def _verb(lemma: str) -> tuple[str, ...]:
    """Base, third person, past and gerund."""
    third = lexicon.third_person(lemma)
    if lemma in _IRREGULAR:
        return (lemma, third, *_IRREGULAR[lemma])
    if lemma.endswith("e"):
        return (lemma, third, lemma + "d", lemma[:-1] + "ing")
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        return (lemma, third, lemma[:-1] + "ied", lemma + "ing")
    return (lemma, third, lemma + "ed", lemma + "ing")


OPPOSITE_OF = _both_ways(inflected(_pairs(VERB_OPPOSITES)) + _pairs(OPPOSITES))
_DESCRIBING = _both_ways(_pairs(OPPOSITES))
SYNONYM_OF = _both_ways(_pairs(SYNONYMS))
_QUANTIFIER_OF: dict[str, list[str]] = {}
for _first, _second in _pairs(QUANTIFIERS):
    _QUANTIFIER_OF.setdefault(_first, []).append(_second)
_UNIT_OF = _both_ways(_pairs(_UNITS))


def _swap(text: str, start: int, end: int, new: str) -> str:
    """Put a word in the place of another, with its capital."""
    if text[start].isupper() and not text[start:end].isupper():
        new = new[:1].upper() + new[1:]
    return text[:start] + new + text[end:]


def _replaced(family: str, text: str, table: dict[str, list[str]]) -> Edits:
    """Every edit that a table of words or of two words allows."""
    found = []
    for match in re.finditer(r"[A-Za-z]+(?:n't)?", text):
        for word_end in (match.end(), _next_word_end(text, match.end())):
            for new in table.get(text[match.start() : word_end].lower(), []) if word_end else []:
                found.append(Edit(family, _swap(text, match.start(), word_end, new)))
    return found


def _next_word_end(text: str, start: int) -> int:
    following = re.compile(r" [A-Za-z]+").match(text, start)
    return following.end() if following else 0


# --- edits that turn the meaning round -----------------------------------------------------------------------


def negations(text: str) -> Edits:
    """With a negation put in at the main verb, or one that is there taken away."""
    tokens = parse(text)
    removed = _without_negation(text)
    if removed:
        return [Edit("negation", new) for new in removed]
    verb = next((token for token in tokens if token.tag in ("MD", "AUX", "VS", "VP", "VD")), None)
    if verb is None:
        return []
    before, after = text[: verb.start], text[verb.end :]
    word = verb.text
    if verb.tag in ("MD", "AUX") and not word.startswith(("'", "’")):
        options = [f"{word} not", f"{word} never", f"{word} no longer", f"{word} hardly ever"]
        if word.lower() in ("is", "are", "was", "were", "has", "had", "does", "do", "did", "could", "would", "should"):
            options.append(word + "n't")
        options += ["cannot", "can't"] if word.lower() == "can" else ["won't"] * (word.lower() == "will")
    elif verb.tag in ("VS", "VP", "VD"):
        base = {"VS": verb.base("s"), "VP": word, "VD": verb.base("past")}[verb.tag]
        if base is None:
            return []
        do = {"VS": "does", "VP": "do", "VD": "did"}[verb.tag]
        fails = {"VS": "fails to", "VP": "fail to", "VD": "failed to"}[verb.tag]
        options = [f"{do} not {base}", f"{do}n't {base}", f"never {word}", f"no longer {word}", f"{fails} {base}"]
    else:
        return []
    return [Edit("negation", before + option + after) for option in options]


_NEGATION = re.compile(
    r"(?P<cannot>\bcannot\b|\bcan't\b)|(?P<do>\b(?P<form>does|do|did)(?: not|n't) (?P<base>[a-z]+)\b)"
    r"|(?P<not>(?: not| never| no longer|n't)\b)|(?P<no>\b(?:without|nothing|none|nobody)\b)",
    re.IGNORECASE,
)


def _without_negation(text: str) -> list[str]:
    options = []
    for match in _NEGATION.finditer(text):
        kind, start, end = match.lastgroup or "", match.start(), match.end()
        if match["cannot"]:
            new = "can"
        elif match["do"]:
            base = match["base"].lower()
            forms = {"does": lexicon.third_person(base), "do": base, "did": "did " + base}
            new = forms[match["form"].lower()]
        elif match["not"]:
            new = ""
        else:
            new = {"without": "with", "nothing": "everything", "none": "all", "nobody": "everybody"}[
                match["no"].lower()
            ]
        options.append(_swap(text, start, end, new) if kind and new else text[:start] + new + text[end:])
    return options


def denials(text: str) -> Edits:
    """The whole statement denied."""
    inner = _lowered(text).rstrip(".")
    frames = [
        "It is not true that {}.", "It is false that {}.", "It is wrong to say that {}.", "It is not the case that {}.",
        "I do not think that {}.", "I doubt that {}.", "It is a myth that {}.",
        "Contrary to what people say, it is not true that {}.",
        "No, {} is wrong.", "The opposite of this is true: {}.",
    ]  # fmt: skip
    return [Edit("denial", frame.format(inner)) for frame in frames]


def opposites(text: str, table: dict[str, list[str]] = OPPOSITE_OF) -> Edits:
    """With one word turned into its opposite."""
    return _replaced("opposite", text, table)


def quantifiers(text: str) -> Edits:
    """With a quantifier, a modal verb or a hedge changed."""
    return _replaced("quantifier", text, _QUANTIFIER_OF)


def numbers(text: str, rng: np.random.Generator) -> Edits:
    """With a number, a unit or a growth rate changed."""
    found = []
    for match in re.finditer(r"\d+(?:[.,]\d+)*", text):
        found += [
            Edit("number", text[: match.start()] + new + text[match.end() :])
            for new in _other_numbers(match.group(), rng)
        ]
    for match in re.finditer(r"O\((?:[^()]|\([^()]*\))*\)", text):
        others = [rate for rate in _BIG_O if rate != match.group()]
        found.append(Edit("number", text[: match.start()] + str(rng.choice(others)) + text[match.end() :]))
    for names in (_NUMBER_WORDS, _ORDINALS):
        for match in re.finditer(rf"\b(?:{'|'.join(names)})\b", text, re.IGNORECASE):
            others = [name for name in names if name != match.group().lower()]
            new = str(rng.choice(others))
            found.append(Edit("number", _swap(text, match.start(), match.end(), new)))
    return found + _replaced("number", text, _UNIT_OF)


def _other_numbers(number: str, rng: np.random.Generator) -> list[str]:
    digits = re.sub(r"\D", "", number)
    if not digits or len(digits) > 12:
        return []
    value = int(digits)
    if "." in number or "," in number:
        return [number[:-1] + str((int(number[-1]) + int(rng.integers(1, 9))) % 10), str(rng.integers(1, 9)) + number]
    if len(digits) == 4 and 1000 <= value <= 2100:  # a year
        return [str(value + int(rng.integers(1, 60))), str(value - int(rng.integers(1, 90)))]
    return [str(value * 10), str(value + int(rng.integers(1, 9))), str(max(0, value // 2 - (value < 2)))]


def roles(text: str) -> Edits:
    """With two noun phrases exchanged: subject and object, or both sides of "than" and "from ... to"."""
    tokens = [token for token in parse(text) if not token.aside]
    found = []
    phrases = _noun_phrases(tokens)
    for (a_first, a_last), (b_first, b_last) in pairwise(phrases):
        between = tokens[a_last + 1 : b_first]
        if not between or any(token.tag in ("CC", "PUNCT", "SUB") and token.lower != "than" for token in between):
            continue
        verb = any(token.tag in ("VS", "VP", "VD", "VB") for token in between)
        than = any(
            token.lower in ("than", "before", "after", "into", "causes", "from", "by", "above", "below")
            for token in between
        )
        if not verb and not than:
            continue
        a, b = (text[tokens[i].start : tokens[j].end] for i, j in ((a_first, a_last), (b_first, b_last)))
        if a.lower() in b.lower() or b.lower() in a.lower():
            continue
        middle = text[tokens[a_last].end : tokens[b_first].start]
        new = text[: tokens[a_first].start] + _matched(b, a) + middle + _matched(a, b) + text[tokens[b_last].end :]
        found.append(Edit("role", new))
    return found


def _matched(new: str, old: str) -> str:
    """`new` with its first letter as large as that of `old`, unless it is a name."""
    if new[1:2].isupper() or new[:1].isdigit():
        return new
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _noun_phrases(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """First and last token of each stretch of determiner, adjectives and nouns."""
    found: list[tuple[int, int]] = []
    start = None
    for at, token in enumerate([*tokens, Token(".", 0, 0, False, "PUNCT")]):
        if token.tag in ("DET", "ADJ", "N", "VG"):
            start = at if start is None or (token.tag == "DET" and start != at) else start
        elif start is not None:
            if tokens[at - 1].tag in ("N", "VG"):
                found.append((start, at - 1))
            start = None
    return found


# --- edits that leave the meaning as it is -------------------------------------------------------------------


def synonyms(text: str) -> Edits:
    """With one word in the place of another that says the same."""
    return _replaced("synonym", text, SYNONYM_OF)


def _lowered(text: str) -> str:
    """Without the capital of a sentence's first word, unless the word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first.lower() in lexicon.FUNCTION_WORDS or first[1:].islower() else text


_BEFORE = """
I think that {}|As far as I know, {}|In short, {}|I am not sure, but {}|If I am not wrong, {}|There is no doubt that {}|
Well, {}|It is well known that {}|Basically, {}|The main point is that {}|In my experience, {}|
No matter what you do, {}|
Nobody can deny that {}|It doesn't matter how, but {}|So {}|Remember that {}|To be honest, {}|In other words, {}|
I never forget that {}|The answer is that {}|It is not a coincidence that {}|Because {}|Without going into detail, {}|
It is true that {}|Yes, {}|This means that {}|For example, {}|First of all, {}|We know that {}|And {}|I believe {}|
You can't deny that {}|It is not surprising that {}|Not only in theory but also in practice, {}|Don't forget that {}|{}
"""
_AFTER = """
{}|{}|{}|{}|{}, as everyone knows|{}, I think|{}, which is important|{}, not the other way round|{}, without exception|
{}, if I remember correctly|{}, no matter what|{}, and that is why people use it|{}, at least in most cases|{}, right?|
{}, for example|{}, although this is not always easy to see|{}, which other methods do not do|{} etc|{}, no doubt
"""
BEFORE = [frame.strip() for frame in _BEFORE.split("|")]
AFTER = [frame.strip() for frame in _AFTER.split("|")]


def framed(text: str, rng: np.random.Generator) -> str:
    """Within a frame that a speaker puts around a claim; some have a "not" that is none of the claim's."""
    inner = text.rstrip(".")
    before = str(rng.choice(BEFORE))
    inner = before.format(inner if before == "{}" else _lowered(inner))
    return str(rng.choice(AFTER)).format(inner) + "." * int(rng.integers(2))


def typo(text: str, rng: np.random.Generator) -> str:
    """With two neighbouring letters exchanged, one dropped or one doubled, in one or two longer words."""
    for _ in range(int(rng.integers(1, 3))):
        long = [match for match in re.finditer(r"[A-Za-z]{5,}", text) if match.group().lower() not in OPPOSITE_OF]
        if not long:
            return text
        match = long[int(rng.integers(len(long)))]
        at = match.start() + int(rng.integers(1, len(match.group()) - 2))
        kinds = (text[at + 1] + text[at], text[at], text[at] + text[at] + text[at + 1])
        text = text[:at] + kinds[int(rng.integers(3))] + text[at + 2 :]
    return text


_CONTRACTIONS = [
    ("is not", "isn't"), ("are not", "aren't"), ("was not", "wasn't"), ("were not", "weren't"), ("do not", "don't"),
    ("does not", "doesn't"), ("did not", "didn't"), ("cannot", "can't"), ("can not", "cannot"), ("will not", "won't"),
    ("has not", "hasn't"), ("have not", "haven't"), ("it is", "it's"), ("that is", "that's"), ("they are", "they're"),
    ("would not", "wouldn't"), ("should not", "shouldn't"), ("could not", "couldn't"), ("I am", "I'm"),
    ("there is", "there's"),
]  # fmt: skip


def contracted(text: str) -> Edits:
    """With a contraction written out, or the other way round."""
    found = []
    for long, short in _CONTRACTIONS:
        for old, new in ((long, short), (short, long)):
            match = re.search(rf"\b{old}\b", text, re.IGNORECASE)
            if match:
                found.append(Edit("contraction", _swap(text, match.start(), match.end(), new)))
    return found


def shortened(text: str) -> Edits:
    """Without a modifier: an adverb, an adjective before a noun, or a phrase at the end."""
    tokens = parse(text)
    found = []
    for token, following in pairwise(tokens):
        manner = token.tag == "ADV" and token.lower.endswith("ly") and token.lower not in OPPOSITE_OF
        describes = token.tag == "ADJ" and following.tag == "N" and token.lower not in OPPOSITE_OF | _QUANTIFIER_OF
        if (manner or describes) and token.start:
            found.append(Edit("deletion", text[: token.start] + text[following.start :]))
    tail = re.search(r"(?:,| (?:in|during|at|of|for|such as|because|by)) [^,;]{5,60}$", text)
    if tail and tail.start() > len(text) * 0.5 and "not" not in tail.group():
        found.append(Edit("deletion", text[: tail.start()] + "."))
    return found


_PART_END = re.compile(
    r",? (?:because|which|so|while|whereas|although|but|when|if|such as|and|unless|since|for|without) |, |; "
)


def parts(text: str) -> Edits:
    """The first part of a longer sentence, or the last where it stands for itself."""
    found = []
    for match in _PART_END.finditer(text):
        first, rest = text[: match.start()], text[match.end() :]
        if len(first.split()) >= 4:
            found.append(Edit("part", first + "."))
        verbs = {"MD", "AUX", "VS", "VP", "VD"}
        if len(rest.split()) >= 4 and verbs & {token.tag for token in parse(rest)} and "such" not in match.group():
            found.append(Edit("part", rest[:1].upper() + rest[1:]))
    return found


_JOINTS = [", and ", "; ", " and ", ", while ", ", but ", ", whereas ", ", so ", ", ", " - ", " because "]


def joined(text: str, other: str, rng: np.random.Generator) -> str:
    """Two sentences in one, in either order."""
    first, second = (text, other) if rng.random() < 0.6 else (other, text)
    return first.rstrip(". ") + str(rng.choice(_JOINTS)) + _lowered(second)


def reordered(text: str) -> Edits:
    """With an adjunct moved from the front to the end, or the other way round."""
    front = re.fullmatch(
        r"((?:In|During|After|At|On|For|With|When|If|By|From|Before|Because) [^,.]{3,60}), ([^.;]+)\.?", text
    )
    if front:
        rest = front[2][:1].upper() + front[2][1:]
        return [Edit("reordering", f"{rest} {_lowered(front[1])}.")]
    end = re.fullmatch(r"([^,.;]{15,}?) ((?:during|when|because|if|after|before|at|on|in) [^,.;]{5,50})\.?", text)
    if end and " " in end[1].strip():
        return [Edit("reordering", f"{end[2][:1].upper()}{end[2][1:]}, {_lowered(end[1])}.")]
    return []


def passives(text: str) -> Edits:
    """An active sentence with a plain subject and object in the passive: "A reduces B" -> "B is reduced by A"."""
    tokens = [token for token in parse(text) if not token.aside]
    verbs = [at for at, token in enumerate(tokens) if token.tag in ("VS", "VP")]
    phrases = _noun_phrases(tokens)
    if len(verbs) != 1 or len(phrases) < 2 or any(token.tag in ("MD", "AUX", "SUB") for token in tokens):
        return []
    (a, b), (c, d) = phrases[:2]
    verb = tokens[verbs[0]]
    base = verb.base("s") if verb.tag == "VS" else verb.text.lower()
    if a != 0 or b + 1 != verbs[0] or c != verbs[0] + 1 or base is None:
        return []
    past = next((word for word in _participles(base) if "past" in lexicon.verb_forms(word)), None)
    if past is None:
        return []
    subject, object_ = (text[tokens[i].start : tokens[j].end] for i, j in ((a, b), (c, d)))
    be = "are" if lexicon.is_plural(tokens[d].lower) else "is"
    return [
        Edit("passive", f"{object_[:1].upper()}{object_[1:]} {be} {past} by {_lowered(subject)}{text[tokens[d].end :]}")
    ]


def _participles(base: str) -> tuple[str, ...]:
    return (base + "d", base + "ed", base[:-1] + "ied", base + base[-1:] + "ed")


def negated_opposites(text: str) -> Edits:
    """An opposite that is denied in turn: "is stable" -> "is not unstable"."""
    found = []
    for match in re.finditer(r"\b(is|are|was|were) ([a-z]+)", text):
        for other in _DESCRIBING.get(match[2], []):
            if match[2] not in (
                "more",
                "less",
                "most",
                "least",
                "before",
                "after",
                "over",
                "under",
                "with",
                "for",
                "both",
                "all",
            ):
                new = f"{match[1]} not {other}"
                found.append(Edit("double negation", text[: match.start()] + new + text[match.end() :]))
    return found


TURNING: dict[str, Rewrite] = {
    "negation": lambda text, rng: negations(text),
    "denial": lambda text, rng: denials(text),
    "opposite": lambda text, rng: opposites(text),
    "number": numbers,
    "quantifier": lambda text, rng: quantifiers(text),
    "role": lambda text, rng: roles(text),
}
KEEPING: dict[str, Rewrite] = {
    "synonym": lambda text, rng: synonyms(text),
    "frame": lambda text, rng: [Edit("frame", framed(text, rng))],
    "typo": lambda text, rng: [Edit("typo", typo(text, rng))],
    "contraction": lambda text, rng: contracted(text),
    "deletion": lambda text, rng: shortened(text),
    "reordering": lambda text, rng: reordered(text),
    "passive": lambda text, rng: passives(text),
    "double negation": lambda text, rng: negated_opposites(text),
}

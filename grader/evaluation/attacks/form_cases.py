"""Cases that say nothing, too much or the same in another way: C01 to C09 and C18 to C32.

Pure and seeded: a case depends on its item and its generator alone.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from grader.evaluation.attacks import attack_texts, surface_edits, word_lists
from grader.evaluation.attacks.cases import (
    EXACT,
    LOOSE,
    TOLERANCE,
    AttackCase,
    AttackTarget,
    Check,
    at_most,
    at_most_share,
    falls_by,
    never_falls,
    same,
    warned,
    worth,
)
from grader.grading import fraction
from grader.schema import Grade, Rubric
from grader.text import FUNCTION_WORDS, content_words, segments, words

# Flags that say that a text is no answer.
_EMPTY = frozenset({"gibberish", "word_salad", "no_answer", "keyword_list", "language"})
_MISTRUSTED = frozenset({"question_echo", "no_answer"})
# As long as a candidate could paste; the window of an encoder is some 250 words.
_VERY_LONG = 100_000

Cases = Iterable[AttackCase]


def _pick(texts: tuple[str, ...], rng: np.random.Generator, count: int) -> list[str]:
    return [texts[index] for index in rng.permutation(len(texts))[:count]]


# --- no content -----------------------------------------------------------------------------------------


def worthless(known: tuple[str, ...], count: int, item: AttackTarget, rng: np.random.Generator) -> Cases:
    """C01, C02, C04: `count` of some texts that are worth nothing."""
    return [AttackCase(text, item.good, at_most(0.0)) for text in _pick(known, rng, count)]


def gibberish(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C03: random letters and random words, as many as the good answer has."""
    must = at_most(TOLERANCE, warned=_EMPTY)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    lengths = [len(word) for word in words(item.good)]
    yield AttackCase(
        " ".join("".join(rng.choice(letters, size=n)) for n in lengths), item.good, must, change="random letters"
    )
    yield AttackCase(
        " ".join(rng.choice(np.array(attack_texts.EVERYDAY), size=len(lengths))), item.good, must, change="random words"
    )


def echo(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C05: the question instead of an answer."""
    question = item.rubric.question.strip()
    bare = question.rstrip("?. ")
    plain = bare[:1].lower() + bare[1:]
    for text in (question, f"This is about {plain}.", f"The question asks {plain}. {question}"):
        half = at_most_share(0.5, of=item.grade)
        yield AttackCase(text, item.good, half, at_most(TOLERANCE, warned=_MISTRUSTED), change="question")


def echo_before(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C06: the question before the answer."""
    yield AttackCase(f"{item.rubric.question}\n{item.good}", item.good, same(TOLERANCE), change="question first")


def keywords(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C07: the words and the phrases of the reference, shuffled, with commas between them."""
    reference = item.reference
    single = list(dict.fromkeys(content_words(reference)))
    must, strictly = at_most_share(0.5, of=item.grade), warned("keyword_list", "word_salad")
    for parts, change in ((single, "words"), (_phrases(reference), "phrases")):
        mixed = [parts[index] for index in rng.permutation(len(parts))]
        yield AttackCase(", ".join(mixed), item.good, must, strictly, change=change)


def _phrases(text: str) -> list[str]:
    """Runs of content words: roughly the noun phrases and verbs."""
    found: list[str] = []
    for span in segments(text):
        run: list[str] = []
        for word in [*words(text[span.start : span.end]), "the"]:
            if word.lower() not in FUNCTION_WORDS:
                run.append(word.lower())
            elif run:
                found.append(" ".join(run))
                run = []
    return list(dict.fromkeys(found))


def word_salad(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C08: the words of each sentence in another order."""
    salad = surface_edits.word_salad(item.good, rng)
    yield AttackCase(salad, item.good, at_most_share(0.5, of=item.grade), falls_by(0.3), change="words shuffled")


def off_topic(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C18: good answers to other questions, and a paragraph about something else."""
    for text in [*_pick(item.others, rng, 2), attack_texts.ENCYCLOPAEDIA]:
        yield AttackCase(text, item.good, at_most(0.1))


# --- more or less text ----------------------------------------------------------------------------------


def shuffled(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C09: the sentences in another order."""
    yield AttackCase(surface_edits.shuffled(item.good, rng), item.good, same(TOLERANCE))


def padded(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C19: 300 words about nothing, after the answer and between its sentences."""
    filler = surface_edits.padding(300, rng)
    yield AttackCase(
        f"{item.good}\n{' '.join(filler)}", item.good, same(LOOSE), same(TOLERANCE), change="300 words after it"
    )
    mixed = surface_edits.interleaved(item.good, filler)
    yield AttackCase(mixed, item.good, same(LOOSE), same(TOLERANCE), change="300 words between its sentences")


def repeated(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C20: the answer several times; one sentence several times against once."""
    for count in (2, 5):
        text = "\n".join([item.good] * count)
        yield AttackCase(text, item.good, same(LOOSE), same(TOLERANCE), change=f"{count} times")
    one = max(surface_edits.sentences(item.good), key=len, default=item.good)
    yield AttackCase(" ".join([one] * 8), one, same(LOOSE), same(TOLERANCE), change="one sentence 8 times")


def growing(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C21: the first sentences, then some more of them; for the reference, what its points are worth as well."""
    for text in (item.good, item.reference):
        spans = segments(text)
        cuts = sorted({max(1, round(len(spans) * share)) for share in (0.25, 0.5, 0.75, 1)})
        for fewer, more in pairwise(cuts):
            end = spans[more - 1].end
            strict = _worth_so_far(item.rubric, end) if text is item.reference else None
            change = f"{fewer} -> {more} of {len(spans)} sentences"
            yield AttackCase(text[:end], text[: spans[fewer - 1].end], never_falls(TOLERANCE), strict, change=change)


def _worth_so_far(rubric: Rubric, end: int) -> Check | None:
    """The points that the reference has made up to `end`; `None` where a point has no source."""
    if any(point.source_span is None for point in rubric.points):
        return None
    made = {p.id: float(p.source_span is not None and p.source_span[1] <= end + 1) for p in rubric.points}
    share = fraction(rubric, made)
    return None if share is None else worth(share, tolerance=TOLERANCE)


def adverbs(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C22: a weak answer with adverbs."""
    yield AttackCase(surface_edits.with_adverbs(item.weak, rng), item.weak, same(TOLERANCE))


def prefixes(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C23: a weak answer with a generic beginning."""
    for prefix in _pick(attack_texts.PREFIXES, rng, 2):
        yield AttackCase(f"{prefix} {item.weak}", item.weak, same(TOLERANCE), change=prefix)


def minimal_edits(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C24: keywords of the points, put into a weak answer one after another."""
    known = set(content_words(f"{item.rubric.question} {item.weak}"))
    per_point = [[word for word in content_words(point.text) if word not in known] for point in item.rubric.points]
    ranked = list(dict.fromkeys(max(found, key=len) for found in per_point if found))
    mixed = [ranked[index] for index in rng.permutation(len(ranked))]
    for count in (3, 6, 10):
        if count <= len(mixed):
            text = f"{item.weak.rstrip('. ')}, e.g. {' '.join(mixed[:count])}."
            must = at_most_share(0.5, of=item.grade, unless_warned=True)
            yield AttackCase(text, item.weak, must, change=f"{count} keywords added")


# --- other words, letters, layouts ----------------------------------------------------------------------


def reworded(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C25: typos, lower case, capitals, synonyms, contractions, British and American spelling."""
    expanded = {short: long for long, short in word_lists.CONTRACTIONS.items()}
    british = {**word_lists.SPELLINGS, **{other: word for word, other in word_lists.SPELLINGS.items()}}
    changes = {
        "typos": surface_edits.with_typos(item.good, rng),
        "lower case": item.good.lower(),
        "capitals": item.good.upper(),
        "synonyms": surface_edits.replaced(item.good, word_lists.SYNONYMS),
        "contractions": surface_edits.replaced(item.good, {**word_lists.CONTRACTIONS, **expanded}),
        "spelling": surface_edits.replaced(item.good, british),
    }
    for change, text in changes.items():
        if text != item.good:
            yield AttackCase(text, item.good, same(LOOSE), same(TOLERANCE), change=change)


def foreign(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C26: sentences in other languages."""
    for text in _pick(attack_texts.FOREIGN, rng, 2):
        yield AttackCase(text, item.good, _ungraded_or_flagged)


def _ungraded_or_flagged(before: Grade, after: Grade) -> str | None:
    """An English grader says that it cannot read the language: ungraded, or with the flag `language`."""
    unread = after.ungraded_reason is not None or "language" in after.flags
    return None if unread else "graded without the flag 'language'"


def relaid(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C27: other layouts of the same sentences."""
    for change, text in (
        ("bullets", surface_edits.as_bullets(item.good)),
        ("table", surface_edits.as_table(item.good)),
        ("code fence", surface_edits.as_code(item.good)),
        ("LaTeX", surface_edits.as_latex(item.good)),
    ):
        yield AttackCase(text, item.good, same(LOOSE), same(TOLERANCE), change=change)


def very_long(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C28: the answer within 100,000 characters about nothing."""
    filler = " ".join(surface_edits.padding(_VERY_LONG // 5, rng))[:_VERY_LONG]
    middle = filler.index(". ", len(filler) // 2) + 2
    for change, text in (
        ("at the start", f"{item.good}\n{filler}"),
        ("in the middle", f"{filler[:middle]}\n{item.good}\n{filler[middle:]}"),
        ("at the end", f"{filler}\n{item.good}"),
    ):
        yield AttackCase(text, item.good, same(LOOSE), same(TOLERANCE), change=change)


def look_alikes(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C29: Cyrillic letters that look like Latin ones."""
    table = attack_texts.LOOK_ALIKES
    for change, base, text in (
        ("all letters", item.good, item.good.translate(table)),
        ("every third letter", item.good, surface_edits.every_nth(item.good, table, 3)),
        ("weak answer", item.weak, item.weak.translate(table)),
    ):
        yield AttackCase(text, base, same(EXACT), change=change)


def hidden(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C30: invisible characters in a good answer, an invisible reference in a weak one."""
    good, weak, reference = item.good, item.weak, item.reference
    for change, base, text in (
        ("zero-width spaces", good, surface_edits.with_inserts(good, surface_edits.ZERO_WIDTH, every=5)),
        ("soft hyphens", good, surface_edits.with_inserts(good, "\u00ad", every=4)),
        ("bidirectional controls", good, surface_edits.with_overrides(good)),
        ("byte order mark and NUL", good, "\ufeff" + surface_edits.with_inserts(good, "\0", every=40)),
        ("combining marks", good, surface_edits.with_marks(good)),
        ("reference in tag characters", weak, weak + surface_edits.in_tags(reference)),
    ):
        yield AttackCase(text, base, same(EXACT), change=change)


def styled(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C31: fullwidth and mathematical bold letters."""
    yield AttackCase(item.good.translate(attack_texts.FULLWIDTH), item.good, same(EXACT), change="fullwidth")
    yield AttackCase(item.good.translate(attack_texts.MATH_BOLD), item.good, same(EXACT), change="mathematical bold")


def copied(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C32: the reference itself."""
    reference = item.reference
    yield AttackCase(reference, reference, warned("verbatim_copy", at_least=0.95))

"""Points of a rubric as parts of English sentences: which can be said, within what, turned around, and their terms."""

import re
from collections.abc import Iterator

import numpy as np

from grader.evaluation.attacks import fact_edits, role_swap, sentence_edits
from grader.schema import Rubric, RubricPoint
from grader.text import Clause, Token, clauses, content_stems, is_plural_subject, tag, tokenize, verb_base

# A list of terms says all that such a point says ("The methods include dropout").
_LISTING = frozenset({"include", "comprise", "contain", "cover", "list", "name"})
_OPENS_CLAUSE = ("DET", "PREP", "SUB", "ADV")
# Longer points are awkward within a frame.
_MOST_WORDS = 30
# A second claim, which may stay true where the first is turned around.
_SECOND_CLAIM = re.compile(r", (?:and|but|so|or|because|since|which|where|while|whereas|if|when)\b")
# Points of a single claim that are enough for an attack.
_ENOUGH = 3


def sayable_points(rubric: Rubric) -> list[RubricPoint]:
    """Points that are one claim of their own with subject and verb, so that "I doubt that" may stand before them.

    Members of a group and points about a mistake are left out, and those that a list of terms states. Points with a
    second claim are left out, too, where there are enough others.
    """
    points = [p for p in rubric.points if p.group is None and p.weight > 0 and _claim(p.text) is not None]
    single = [point for point in points if not _SECOND_CLAIM.search(point.text)]
    return single if len(single) >= _ENOUGH else points


def _claim(text: str) -> Clause | None:
    """The first clause of a text that is one sentence of moderate length and opens with that clause."""
    if len(text.split()) > _MOST_WORDS or re.search(r"[.!?:;]\s|\?$", text):
        return None
    first = next(iter(clauses(text)), None)
    if first is None or first.verb is None or not first.subject or first.span.start > 0:
        return None
    return None if verb_base(first.words[first.verb]) in _LISTING else first


def sentence(claim: str) -> str:
    """The claim as a sentence."""
    plain = claim.strip().rstrip(".")
    return f"{plain[:1].upper()}{plain[1:]}."


def within(claim: str, rubric: Rubric) -> str:
    """The claim as it stands within a sentence: without a full stop, its first word small unless it is a name."""
    plain = claim.strip().rstrip(".")
    word = next(iter(tokenize(plain)), None)
    if word is None or any(letter.isupper() for letter in word.text[1:]) or (len(word.text) == 1 and word.text != "A"):
        return plain
    small = word.text[:1].lower() + word.text[1:]
    known = " ".join([rubric.question, rubric.reference_answer, *(point.text for point in rubric.points)])
    is_common = tag([word])[0].tag in _OPENS_CLAUSE or re.search(rf"\b{re.escape(small)}\b", known)
    return small + plain[len(word.text) :] if is_common else plain


def terms(point: RubricPoint, rubric: Rubric) -> list[str]:
    """The noun phrases of a point, without their articles."""
    found: list[str] = []
    run: list[Token] = []
    for token in [*tag(tokenize(within(point.text, rubric))), None]:
        if token is not None and token.tag in ("ADJ", "N", "VG") and not token.aside:
            run.append(token)
        else:
            found += [" ".join(part.text for part in run)] if any(part.tag == "N" for part in run) else []
            run = []
    return list(dict.fromkeys(found))


def enumerated(parts: list[str]) -> str:
    """The parts as one list: "A, B and C"."""
    return parts[0] if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def turned(point: RubricPoint, rng: np.random.Generator) -> str | None:
    """The point with another number, exchanged roles or the opposite, else denied; `None` where no rule fits."""
    text = point.text
    kinds = [
        [edit for edit in sentence_edits.numbers(text) if fact_edits.same_quantity(point, edit)],
        role_swap.role_swaps(text),
        [edit for edit in sentence_edits.opposites(text) if edit.surely],
    ]
    chosen = next((kinds[index] for index in rng.permutation(len(kinds)) if kinds[index]), None)
    return chosen[0].text if chosen else sentence_edits.denial(text)


def exchanged_halves(points: list[RubricPoint]) -> Iterator[tuple[RubricPoint, RubricPoint, str, str]]:
    """Pairs of points whose predicates may be exchanged, with the two wrong claims.

    The subjects agree in number, so that the claims are English, and share no word with each other or with what is
    then said of them.
    """
    halves = [(point, *half) for point in points if (half := _halves(point.text)) is not None]
    for at, (one, subject, predicate, plural) in enumerate(halves):
        for other, its_subject, its_predicate, its_plural in halves[at + 1 :]:
            shared = (subject, its_subject), (subject, its_predicate), (its_subject, predicate)
            if plural == its_plural and not any(_alike(*pair) for pair in shared):
                yield one, other, f"{subject} {its_predicate}", f"{its_subject} {predicate}"


def _halves(text: str) -> tuple[str, str, bool] | None:
    """Subject, predicate and whether the subject is plural, of a text that is one clause; `None` for another."""
    found = clauses(text)
    if len(found) != 1 or found[0].verb is None or found[0].adjunct_length:
        return None
    verb, subject = found[0].words[found[0].verb], found[0].subject
    if not subject or subject[0].start != 0:
        return None
    plain = text.rstrip(".")
    return plain[: verb.start].rstrip(), plain[verb.start :], is_plural_subject(subject)


def _alike(one: str, other: str) -> bool:
    """Whether two parts share a word, so that a predicate may be true of both subjects, or of itself."""
    return bool(set(content_stems(one)) & set(content_stems(other)))

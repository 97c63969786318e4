"""Where a text states a point, and the text with just that fact changed: the base of C10 to C15.

A change counts only where the changed clause clearly states the point; otherwise no text is built.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from grader.evaluation.attacks.sentence_edits import SentenceEdit
from grader.evaluation.attacks.word_lists import GROWTH_CLASSES, NUMBER_VALUES, OPPOSITES, QUANTIFIER_CLASSES
from grader.schema import Evidence, Grade, Rubric, RubricPoint
from grader.text import Span, content_stems, segments, stem

EditRule = Callable[[str], list[SentenceEdit]]
# Whether a change of this clause is about the point.
Concerns = Callable[[RubricPoint, SentenceEdit], bool]
# A clause states a point when it has at least this share of the point's content words, and at least two of them.
_STATED = 0.34


class ChangedFact(NamedTuple):
    """A text in which one fact was changed, so that it no longer states a point.

    Attributes:
        text: the changed text.
        point_id: the point that it no longer states.
        free: other points that the changed sentence may have stated.
        change: what was changed into what.
    """

    text: str
    point_id: str
    free: frozenset[str]
    change: str


class _Place(NamedTuple):
    """A sentence that may state a point.

    `free` are the other points that the grader shows in it, `neighbours` the texts of other points derived from it.
    """

    point: RubricPoint
    sentence: Span
    free: frozenset[str]
    neighbours: tuple[str, ...] = ()


def in_answer(text: str, grade: Grade, rubric: Rubric) -> Iterator[_Place]:
    """The sentences that the grader shows as evidence of each credited point; groups and mistakes are left out."""
    spans = segments(text)
    shown = {point.point_id: point.evidence for point in grade.points if point.evidence is not None and point.credit}
    for point in rubric.points:
        if point.id in shown and point.group is None and point.weight > 0:
            for span in spans:
                if _overlap(span, _ends(shown[point.id])):
                    beside = {name for name, other in shown.items() if _overlap(span, _ends(other))}
                    yield _Place(point, span, frozenset(beside - {point.id}))


def _ends(evidence: Evidence) -> tuple[int, int]:
    return evidence.start, evidence.end


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def in_reference(rubric: Rubric) -> Iterator[_Place]:
    """The sentences of the reference answer from which each point was derived; no other point may lose its credit."""
    for span in segments(rubric.reference_answer):
        made = [point for point in rubric.points if point.source_span is not None and _overlap(span, point.source_span)]
        for point in made:
            if point.group is None and point.weight > 0:
                yield _Place(point, span, frozenset(), tuple(other.text for other in made if other is not point))


def changed(
    text: str,
    places: Iterable[_Place],
    rule: EditRule,
    concerns: Concerns,
    rng: np.random.Generator,
    *,
    limit: int,
    within_source_span: bool = False,
) -> list[ChangedFact]:
    """Up to `limit` texts with one fact changed, each for another point and by another change.

    Args:
        text: in which the places are.
        places: sentences and the points that they may state.
        rule: the edits that a sentence allows.
        concerns: whether a change is about a point.
        rng: chooses where there are more than `limit`.
        limit: how many texts at most.
        within_source_span: whether the change must lie within the point's source span and leave its neighbours alone.

    """
    found: list[tuple[float, _Place, SentenceEdit]] = []
    for place in places:
        sentence = text[place.sentence.start : place.sentence.end]
        for edit in rule(sentence):
            if within_source_span and not _is_own(place, edit):
                continue
            share = _share(place.point, sentence, edit, whole_clause=within_source_span)
            if share >= _STATED and concerns(place.point, edit):
                found.append((share, place, edit))
    chosen: dict[str, tuple[_Place, SentenceEdit]] = {}
    taken: set[tuple[int, int, str]] = set()
    for _, place, edit in sorted(found, key=lambda item: -item[0]):
        key = (place.sentence.start + edit.span.start, place.sentence.start + edit.span.end, edit.new)
        if place.point.id not in chosen and key not in taken:
            chosen[place.point.id] = place, edit
            taken.add(key)
    kept = list(chosen.values())
    if len(kept) > limit:
        kept = [kept[index] for index in sorted(rng.choice(len(kept), size=limit, replace=False))]
    return [_applied(text, place, edit) for place, edit in kept]


def _applied(text: str, place: _Place, edit: SentenceEdit) -> ChangedFact:
    start, end = place.sentence
    change = f"{edit.old} -> {edit.new}" if len(edit.old) < 60 else f"{edit.new[:57]}..."
    return ChangedFact(text[:start] + edit.text + text[end:], place.point.id, place.free, change)


def _is_own(place: _Place, edit: SentenceEdit) -> bool:
    """Whether the change is within the point's source span and touches no other point from the same sentence."""
    source = place.point.source_span
    if source is None:
        return False
    start, end = place.sentence.start + edit.span.start, place.sentence.start + edit.span.end
    touches = edit.shared or any(edit.old.lower() in text.lower() for text in place.neighbours)
    return source[0] <= start and end <= source[1] and not (place.neighbours and touches)


# Where a claim may end: signs, and words that join clauses.
_BREAKS = re.compile(
    r"[,;:()\u2013\u2014=]|\b(?:and|but|so|because|since|which|while|whereas|though|although|if|when)\b"
)


def _share(point: RubricPoint, sentence: str, edit: SentenceEdit, *, whole_clause: bool) -> float:
    """Share of the point's content words around the change; 0 if fewer than two, or none from the change on."""
    start, end = edit.clause
    if not whole_clause:
        start = max([match.end() for match in _BREAKS.finditer(sentence, 0, edit.span.start)], default=0)
        end = next((match.start() for match in _BREAKS.finditer(sentence, edit.span.end)), len(sentence))
    wanted = set(content_stems(point.text))
    both = len(wanted & set(content_stems(sentence[start:end])))
    claimed = wanted & set(content_stems(sentence[edit.span.start : end]))
    return both / len(wanted) if claimed and both >= min(2, len(wanted)) else 0.0


# --- whether a change concerns a point ------------------------------------------------------------------


def any_claim(point: RubricPoint, edit: SentenceEdit) -> bool:
    """Every change of the clause that makes the point."""
    return True


def same_direction(point: RubricPoint, edit: SentenceEdit) -> bool:
    """Whether the point has the changed word, too, or the clause claims it."""
    point_stems = {stem(word) for word in re.findall(r"[\w-]+", point.text.lower())}
    word = edit.old.lower()
    named = {stem(part) for part in word.split()} <= point_stems
    turned = OPPOSITES.get(word, "")
    return (edit.surely or named) and stem(turned) not in point_stems


def same_quantity(point: RubricPoint, edit: SentenceEdit) -> bool:
    """Whether the point states the changed number, order of growth or unit, in figures or words."""
    return quantity(edit.old) in {quantity(word) for word in re.findall(r"O\([^)]*\)|[\w.^]*\w", point.text)}


def quantity(word: str) -> str:
    """A number word as digits, a word of growth as its order, anything else as it is."""
    plain = word.lower().strip().removeprefix("o(").removesuffix(")")
    return NUMBER_VALUES.get(plain, GROWTH_CLASSES.get(plain, plain.replace("\u00b2", "^2")))


def same_quantifier(point: RubricPoint, edit: SentenceEdit) -> bool:
    """Whether the point claims all, always or must, as the changed word does."""
    wanted = QUANTIFIER_CLASSES.get(edit.old.lower())
    text = f" {' '.join(re.findall(r'[a-z]+', point.text.lower()))} "
    return wanted is not None and any(
        f" {word} " in text for word, name in QUANTIFIER_CLASSES.items() if name == wanted
    )

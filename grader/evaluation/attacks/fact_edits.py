"""Where a point is made in a text, and the text with just that fact changed: the ground of C10 to C15.

A change counts only where the changed clause is clearly the one that makes the point; else nothing is built.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from grader.evaluation.attacks.flips import Flip
from grader.evaluation.attacks.word_lists import GROWTH_CLASSES, NUMBER_VALUES, OPPOSITES, QUANTIFIER_CLASSES
from grader.schema import Evidence, Grade, Rubric, RubricPoint
from grader.text import Span, content_stems, segments, stem

Edit = Callable[[str], list[Flip]]
# Whether a change of this clause is about the point.
About = Callable[[RubricPoint, Flip], bool]
# A point is made by a clause that says at least this share of its content words, and at least two of them.
_MADE = 0.34


class ChangedFact(NamedTuple):
    """A text in which one point was made untrue.

    Attributes:
        text: the changed text.
        point_id: the point that it no longer makes.
        free: further points that the changed sentence may have made.
        change: what was changed into what.
    """

    text: str
    point_id: str
    free: frozenset[str]
    change: str


class _Place(NamedTuple):
    """A sentence that may make a point, the points that show in it beside, and what neighbours from it say."""

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
    """The sentences of the reference answer from which each point came; each has its own words, so none is free."""
    for span in segments(rubric.reference_answer):
        made = [point for point in rubric.points if point.source_span is not None and _overlap(span, point.source_span)]
        for point in made:
            if point.group is None and point.weight > 0:
                yield _Place(point, span, frozenset(), tuple(other.text for other in made if other is not point))


def changed(
    text: str,
    places: Iterable[_Place],
    edit: Edit,
    about: About,
    rng: np.random.Generator,
    *,
    limit: int,
    own_words: bool = False,
) -> list[ChangedFact]:
    """Up to `limit` texts with one fact changed, each for another point and by another change.

    Args:
        text: in which the places are.
        places: sentences and the points that they may make.
        edit: what can be changed in a sentence.
        about: whether a change is about a point.
        rng: chooses where there are more than `limit`.
        limit: how many texts at most.
        own_words: whether the change must lie within the point's source span and leave its neighbours alone.

    """
    found: list[tuple[float, _Place, Flip]] = []
    for place in places:
        sentence = text[place.sentence.start : place.sentence.end]
        for flip in edit(sentence):
            if own_words and not _is_own(place, flip):
                continue
            share = _share(place.point, sentence, flip, whole_clause=own_words)
            if share >= _MADE and about(place.point, flip):
                found.append((share, place, flip))
    chosen: dict[str, tuple[_Place, Flip]] = {}
    taken: set[tuple[int, int, str]] = set()
    for _, place, flip in sorted(found, key=lambda item: -item[0]):
        key = (place.sentence.start + flip.span.start, place.sentence.start + flip.span.end, flip.new)
        if place.point.id not in chosen and key not in taken:
            chosen[place.point.id] = place, flip
            taken.add(key)
    kept = list(chosen.values())
    if len(kept) > limit:
        kept = [kept[index] for index in sorted(rng.choice(len(kept), size=limit, replace=False))]
    return [_applied(text, place, flip) for place, flip in kept]


def _applied(text: str, place: _Place, flip: Flip) -> ChangedFact:
    start, end = place.sentence
    change = f"{flip.old} -> {flip.new}" if len(flip.old) < 60 else f"{flip.new[:57]}..."
    return ChangedFact(text[:start] + flip.text + text[end:], place.point.id, place.free, change)


def _is_own(place: _Place, flip: Flip) -> bool:
    """Whether the change lies in the point's own words, and no neighbour from the same sentence hangs on them."""
    source = place.point.source_span
    if source is None:
        return False
    start, end = place.sentence.start + flip.span.start, place.sentence.start + flip.span.end
    hangs = flip.shared or any(flip.old.lower() in text.lower() for text in place.neighbours)
    return source[0] <= start and end <= source[1] and not (place.neighbours and hangs)


# Where a claim may end: signs, and words that join clauses.
_BREAKS = re.compile(
    r"[,;:()\u2013\u2014=]|\b(?:and|but|so|because|since|which|while|whereas|though|although|if|when)\b"
)


def _share(point: RubricPoint, sentence: str, flip: Flip, *, whole_clause: bool) -> float:
    """Share of the point's content words that stand around the change; 0 when fewer than two, or none from it on."""
    start, end = flip.clause
    if not whole_clause:
        start = max([match.end() for match in _BREAKS.finditer(sentence, 0, flip.span.start)], default=0)
        end = next((match.start() for match in _BREAKS.finditer(sentence, flip.span.end)), len(sentence))
    wanted = set(content_stems(point.text))
    both = len(wanted & set(content_stems(sentence[start:end])))
    claimed = wanted & set(content_stems(sentence[flip.span.start : end]))
    return both / len(wanted) if claimed and both >= min(2, len(wanted)) else 0.0


# --- what a change is about -----------------------------------------------------------------------------


def any_claim(point: RubricPoint, flip: Flip) -> bool:
    """Every change of the clause that makes the point."""
    return True


def same_direction(point: RubricPoint, flip: Flip) -> bool:
    """The point says the changed word, too, or the word is what its clause claims."""
    said = {stem(word) for word in re.findall(r"[\w-]+", point.text.lower())}
    word = flip.old.lower()
    named = {stem(part) for part in word.split()} <= said
    turned = OPPOSITES.get(word, "")
    return (flip.surely or named) and stem(turned) not in said


def same_quantity(point: RubricPoint, flip: Flip) -> bool:
    """The point states the changed number, order of growth or unit, in figures or words."""
    return quantity(flip.old) in {quantity(word) for word in re.findall(r"O\([^)]*\)|[\w.^]*\w", point.text)}


def quantity(word: str) -> str:
    """A number word as digits, a word of growth as its order, anything else as it is."""
    plain = word.lower().strip().removeprefix("o(").removesuffix(")")
    return NUMBER_VALUES.get(plain, GROWTH_CLASSES.get(plain, plain.replace("\u00b2", "^2")))


def same_quantifier(point: RubricPoint, flip: Flip) -> bool:
    """The point claims all, always or must, as the changed word does."""
    wanted = QUANTIFIER_CLASSES.get(flip.old.lower())
    text = f" {' '.join(re.findall(r'[a-z]+', point.text.lower()))} "
    return wanted is not None and any(
        f" {word} " in text for word, name in QUANTIFIER_CLASSES.items() if name == wanted
    )

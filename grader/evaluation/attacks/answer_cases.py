"""Whole answers that are wrong, half wrong or better than others: C36 to C38, C48 and C49.

Written ones come from rows with a level; the others are made of the rubric's points by rule. Pure and seeded.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from grader.evaluation.attacks import point_texts
from grader.evaluation.attacks.cases import (
    AttackCase,
    AttackTarget,
    Check,
    at_most,
    earn_at_least,
    earn_at_most,
    scores_higher,
)
from grader.schema import Grade, RubricPoint
from grader.text import content_stems

# The most that a misconception may score: it may state one right point.
_WRONG = 0.2
# A text is in the reference's words when it has at least so much of its content words from there.
BORROWED = 0.5
# What points earn when they are stated, at least, and when they are not, at most.
_STATED, _LITTLE = 0.7, 0.2
_MOST_PAIRS = 3
# A wrong answer made of fewer points is too short to be one.
_FEWEST = 2


def own_words(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C36: written misconceptions that share few words with the reference answer."""
    for text in item.misconceptions:
        if borrowed(text, item.reference) < BORROWED:
            yield AttackCase(text, item.good, at_most(_WRONG), change="written misconception")


def points_words(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C37: written misconceptions in the reference's words, and every point turned around by rule."""
    for text in item.misconceptions:
        if borrowed(text, item.reference) >= BORROWED:
            yield AttackCase(text, item.good, at_most(_WRONG), change="written misconception")
    wrong = _turned(item, rng)
    if len(wrong) >= _FEWEST:
        must = earn_at_most(_LITTLE, [point.id for point, _ in wrong])
        yield AttackCase(_joined(wrong), item.good, must, change=f"{len(wrong)} points turned around")


def exchanged(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C38: what is said of two things, exchanged within one sentence."""
    pairs = list(point_texts.exchanged_halves(point_texts.sayable_points(item.rubric)))
    for index in rng.permutation(len(pairs))[:_MOST_PAIRS]:
        one, other, first, second = pairs[index]
        joint = ("while", "and")[int(rng.integers(2))]
        text = point_texts.sentence(f"{first}, {joint} {point_texts.within(second, item.rubric)}")
        must = earn_at_most(_LITTLE, [one.id, other.id])
        yield AttackCase(text, item.good, must, change=f"{one.id}, {other.id}: predicates exchanged")


def half_wrong(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C48: half of the points as they are and the other half turned around; then the other way round."""
    wrong = _turned(item, rng)
    texts = {point.id: point.text for point, _ in wrong}
    for turned_at in (0, 1):
        mixed = [(point, other if at % 2 == turned_at else texts[point.id]) for at, (point, other) in enumerate(wrong)]
        false = [point.id for at, (point, _) in enumerate(wrong) if at % 2 == turned_at]
        true = [point.id for at, (point, _) in enumerate(wrong) if at % 2 != turned_at]
        if true and false:
            must = _both(earn_at_least(_STATED, true), earn_at_most(_LITTLE, false))
            yield AttackCase(_joined(mixed), item.good, must, change=f"turned around: {', '.join(false)}")


def better(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C49: a good answer beats a partial one, and both beat a wrong one.

    What no row offers is made by rule: every second point, and the points turned around.
    """
    points = point_texts.sayable_points(item.rubric)
    half = " ".join(point_texts.sentence(point.text) for point in points[::2])
    partial = item.partials or ((half,) if len(points) > 1 else ())
    turned = _turned(item, rng)
    wrong = (*item.misconceptions, *([_joined(turned)] if len(turned) >= _FEWEST else []))
    for (name, higher), (its_name, lower) in (
        (("good", (item.good,)), ("partial", partial)),
        (("good", (item.good,)), ("wrong", wrong)),
        (("partial", partial), ("wrong", wrong)),
    ):
        for text, base in product(higher, lower):
            yield AttackCase(text, base, scores_higher(), change=f"{name} against {its_name}")


def _both(one: Check, other: Check) -> Check:
    def check(before: Grade, after: Grade) -> str | None:
        return one(before, after) or other(before, after)

    return check


def _turned(item: AttackTarget, rng: np.random.Generator) -> list[tuple[RubricPoint, str]]:
    """The points that can be turned around, with what then stands in their place."""
    points = point_texts.sayable_points(item.rubric)
    return [(point, text) for point in points if (text := point_texts.turned(point, rng)) is not None]


def _joined(claims: list[tuple[RubricPoint, str]]) -> str:
    return " ".join(point_texts.sentence(text) for _, text in claims)


def borrowed(text: str, reference: str) -> float:
    """Share of a text's different content words that the reference has, too."""
    own = set(content_stems(text))
    return len(own & set(content_stems(reference))) / len(own) if own else 0.0

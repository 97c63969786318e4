"""Cases that hold the words of points and assert none of them: C39 to C47.

Each answer frames several points, so that it is not graded down for being short. Pure and seeded.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from grader.evaluation.attacks import attack_texts, point_texts, sentence_edits, surface_edits
from grader.evaluation.attacks.cases import LOOSE, AttackCase, AttackTarget, Check, earn_at_most, never_rises
from grader.schema import RubricPoint

# Answers from one rubric, and the points framed in each.
_ANSWERS, _FRAMED = 2, 3
# Terms in one list: of so many points, so many of each.
_LISTED, _OF_EACH = 4, 3
# What framed points may earn on average.
_LITTLE = 0.2


def _groups(item: AttackTarget, rng: np.random.Generator, size: int) -> Iterator[list[RubricPoint]]:
    """Up to `_ANSWERS` groups of points, each point once while they last."""
    points = point_texts.sayable_points(item.rubric)
    mixed = [points[index] for index in rng.permutation(len(points))]
    for start in range(0, min(len(mixed), _ANSWERS * size), size):
        yield mixed[start : start + size]


def _must(points: Iterable[RubricPoint], *, or_warned: bool = False) -> Check:
    return earn_at_most(_LITTLE, [point.id for point in points], or_warned=or_warned)


def _names(points: Iterable[RubricPoint]) -> str:
    return ", ".join(point.id for point in points)


def framed(frames: tuple[str, ...], item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C40 to C42, C44, C46: each point in a sentence that does not assert it."""
    for points in _groups(item, rng, _FRAMED):
        chosen = rng.permutation(len(frames))
        said = [
            frames[chosen[at % len(frames)]].format(
                P=point_texts.sentence(point.text).rstrip("."), p=point_texts.within(point.text, item.rubric)
            )
            for at, point in enumerate(points)
        ]
        yield AttackCase(" ".join(said), item.good, _must(points), change=_names(points))


def both_ways(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C43: each point and its denial, as two possibilities."""
    for points in _groups(item, rng, _FRAMED):
        said, denied = [], []
        for point in points:
            denial = sentence_edits.denial(point.text)
            if denial is not None:
                frame = attack_texts.BOTH_WAYS[int(rng.integers(len(attack_texts.BOTH_WAYS)))]
                one, other = (point_texts.within(text, item.rubric) for text in (point.text, denial))
                said.append(frame.format(p=one, q=other))
                denied.append(point)
        if denied:
            yield AttackCase(" ".join(said), item.good, _must(denied), change=_names(denied))


def listed(frames: tuple[str, ...], item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C39, C45: the terms of the points, listed within a clause."""
    for points, text in _lists(frames, item, rng):
        yield AttackCase(text, item.good, _must(points), change=_names(points))


def listed_after(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C39: lists within a clause, by themselves and after half an answer."""
    yield from listed(attack_texts.LISTS, item, rng)
    spans = surface_edits.sentences(item.good)
    halves = item.partials or (" ".join(spans[: max(1, len(spans) // 2)]),)
    for points, text in _lists(attack_texts.LISTS, item, rng):
        for half in halves[:1]:
            change = f"after half an answer: {_names(points)}"
            yield AttackCase(f"{half.rstrip()} {text}", half, never_rises(LOOSE), change=change)


def _lists(
    frames: tuple[str, ...], item: AttackTarget, rng: np.random.Generator
) -> Iterator[tuple[list[RubricPoint], str]]:
    for points in _groups(item, rng, _LISTED):
        found = [term for point in points for term in point_texts.terms(point, item.rubric)[:_OF_EACH]]
        parts = list(dict.fromkeys(found))
        if len(parts) > 1:
            frame = frames[int(rng.integers(len(frames)))]
            yield points, frame.format(list=point_texts.enumerated(parts))


def denied_far_away(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C47: some points, then sentences about nothing, then a denial of all of it; or the denial first."""
    for at, points in enumerate(_groups(item, rng, _FRAMED)):
        claims = " ".join(point_texts.sentence(point.text) for point in points)
        filler = " ".join(surface_edits.padding(30, rng))
        before, after = attack_texts.FAR_DENIALS[int(rng.integers(len(attack_texts.FAR_DENIALS)))]
        text = f"{claims} {filler} {after}" if at % 2 == 0 else f"{before} {filler} {claims}"
        yield AttackCase(text, claims, _must(points, or_warned=True), change=_names(points))

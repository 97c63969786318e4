"""Cases in which an answer says something untrue: one fact changed, or a claim and its opposite (C10 to C17)."""

from collections.abc import Iterator

import numpy as np

from grader.evaluation.attacks import fact_edits, role_swap, sentence_edits, surface_edits
from grader.evaluation.attacks.cases import AttackCase, AttackTarget, at_most_partial, loses, warned

# At most this many cases of one attack from one text, so that no long answer outweighs the others.
_LIMIT = 4


def _facts(
    rule: fact_edits.EditRule, concerns: fact_edits.Concerns, item: AttackTarget, rng: np.random.Generator
) -> Iterator[tuple[str, fact_edits.ChangedFact]]:
    """One fact changed, in the good answer and in the reference answer, with the text in which it was made."""
    reference = item.rubric.reference_answer
    places = fact_edits.in_answer(item.good, item.grade, item.rubric)
    for fact in fact_edits.changed(item.good, places, rule, concerns, rng, limit=_LIMIT):
        yield item.good, fact
    if reference != item.good:
        places = fact_edits.in_reference(item.rubric)
        for fact in fact_edits.changed(reference, places, rule, concerns, rng, limit=_LIMIT, within_source_span=True):
            yield reference, fact


def changed(
    rule: fact_edits.EditRule, concerns: fact_edits.Concerns, item: AttackTarget, rng: np.random.Generator
) -> Iterator[AttackCase]:
    """C10 to C12: exactly the point whose sentence was changed must be lost."""
    for text, fact in _facts(rule, concerns, item, rng):
        yield AttackCase(
            fact.text, text, loses(fact.point_id, free=fact.free), change=f"{fact.point_id}: {fact.change}"
        )


def swapped(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C13: two parts of the sentence that makes a point exchanged."""
    for text, fact in _facts(role_swap.role_swaps, fact_edits.any_claim, item, rng):
        must = loses(fact.point_id, or_warned=True, others=False)
        yield AttackCase(fact.text, text, must, change=f"{fact.point_id}: {fact.change}")


def weakened(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C14: "all" or "must" weakened where the point claims it."""
    for text, fact in _facts(sentence_edits.weakenings, fact_edits.same_quantifier, item, rng):
        yield AttackCase(fact.text, text, at_most_partial(fact.point_id), change=f"{fact.point_id}: {fact.change}")


def flipped_reference(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C15: one flipped fact of each kind in the reference answer, each at another point."""
    used: set[str] = set()
    for rule, concerns in (
        (sentence_edits.numbers, fact_edits.same_quantity),
        (role_swap.role_swaps, fact_edits.any_claim),
        (sentence_edits.opposites, fact_edits.same_direction),
        (sentence_edits.negations, fact_edits.any_claim),
    ):
        places = [place for place in fact_edits.in_reference(item.rubric) if place.point.id not in used]
        text = item.reference
        for fact in fact_edits.changed(text, places, rule, concerns, rng, limit=1, within_source_span=True):
            used.add(fact.point_id)
            yield AttackCase(fact.text, text, loses(fact.point_id), change=f"{fact.point_id}: {fact.change}")


def contradicted(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C16: the denial of a point put after the answer."""
    covered = {point.point_id for point in item.grade.points if point.status == "covered"}
    denials = [
        (point.id, denial)
        for point in item.rubric.points
        if point.id in covered and point.group is None and (denial := sentence_edits.denial(point.text)) is not None
    ]
    for index in rng.permutation(len(denials))[:2]:
        name, denial = denials[index]
        text = f"{item.good} Actually the opposite is true: {denial[:1].lower()}{denial[1:].rstrip('.')}."
        yield AttackCase(text, item.good, loses(name, or_warned=True, others=False), change=f"{name} denied at the end")


def shotgun(item: AttackTarget, rng: np.random.Generator) -> Iterator[AttackCase]:
    """C17: each claim of the reference, followed by its denial."""
    claims = []
    for sentence in surface_edits.sentences(item.reference):
        claim = sentence.rstrip(".;")
        denial = sentence_edits.denial(claim)
        claims += [f"{claim}."] if denial is None else [f"{claim}.", f"{denial.rstrip('.;')}."]
    yield AttackCase(" ".join(claims), item.reference, warned(), change="each claim and its denial")
